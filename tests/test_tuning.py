"""A model trained further learns the other text, forgets, and leaves the first as it was."""

import pytest
import torch

from datawall.lm import train
from datawall.lm.model import Config
from datawall.lm.tuning import further
from datawall.text import corpus

CONFIG = Config(8, 8, layers=1, hidden=16, context=8)
FIRST, OTHER = torch.arange(4000) % 3, 3 + torch.arange(4000) % 5


def loss(model, text):
    return train.loss(model, corpus.windows(text, 8, 50, seed=0))["loss"]


@pytest.fixture(scope="module")
def model():
    recipe = train.Recipe(batch=4, warmup=2)
    return train.fit(train.Job(CONFIG, [3200], seed=0, recipe=recipe), FIRST)


def test_it_learns_the_other_text_and_forgets_the_first(model):
    before = loss(model, FIRST), loss(model, OTHER)
    tuned = further(model, OTHER, steps=40, rate=0.02, seed=0)
    assert loss(tuned, FIRST) > before[0] and loss(tuned, OTHER) < before[1]
    assert (loss(model, FIRST), loss(model, OTHER)) == before
    again = further(model, OTHER, steps=40, rate=0.02, seed=0)
    assert loss(again, FIRST) == loss(tuned, FIRST)


def test_a_text_that_is_too_short_is_refused(model):
    with pytest.raises(ValueError, match="give more text"):
        further(model, OTHER[:100], steps=40, rate=0.02, seed=0)
