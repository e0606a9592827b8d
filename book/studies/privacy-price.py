"""What privacy costs, by how many rows there are and by what the model read before.

A model reads so many `rows` of plays for eight passes within `epsilon` ("none" for no noise), from
scratch or after 8,000 rows of public text, the docstrings of three packages, read four times
(`start`). `unread` is its loss, in nats a letter, on other rows of the same plays. `rate` is tried
on seed 100 alone, on rows kept for that, and `choice` is the loss there; the other seeds take the
best. Chapter: private-data.
"""

from functools import cache

import torch

from datawall.evidence import study
from datawall.evidence.seeds import independent
from datawall.privacy import accounting, letters, private, readers, trials
from datawall.privacy.private import Knobs
from datawall.text import corpus

PASSES, PUBLIC = 8, 8_000
CLIP = 0.5
STEPS = 64  # with noise: so the batch grows with the rows
PLAIN_BATCH = 32
BEST = {
    ("scratch", "none", 500): 0.003,
    ("scratch", "none", 1500): 0.003,
    ("scratch", "none", 4500): 0.003,
    ("scratch", "8", 500): 0.01,
    ("scratch", "8", 1500): 0.01,
    ("scratch", "8", 4500): 0.01,
    ("public", "none", 500): 0.003,
    ("public", "none", 1500): 0.003,
    ("public", "none", 4500): 0.003,
    ("public", "8", 500): 0.003,
    ("public", "8", 1500): 0.003,
    ("public", "8", 4500): 0.01,
}


@cache
def public(seed):
    """A model that has read docstrings."""
    vocabulary, _ = readers.plays()
    text = corpus.docstrings(("numpy", "scipy", "sklearn")).text
    rows = corpus.windows(vocabulary.encode(text), readers.LENGTH, PUBLIC, seed=seed)
    fresh = letters.drawn(letters.Shape(len(vocabulary)), seed=seed)
    (found,) = private.readings(fresh, rows, [4], Knobs(64, 0.003), seed=seed)
    return found


def losses_of_a_model(start, epsilon, rows, rate, seed):
    torch.set_num_threads(1)
    weights, order = independent([seed, 2], 2)
    found = readers.gathered(1, rows, seed=seed)
    read = found.own[0]
    if start == "public":
        fresh = public(seed)
    else:
        fresh = letters.drawn(letters.Shape(len(found.vocabulary)), seed=weights)
    how = Knobs(PLAIN_BATCH, rate)
    if epsilon != "none":
        batch = PASSES * rows / STEPS
        noise = accounting.noise_for(float(epsilon), trials.delta(rows), batch / rows, STEPS)
        how = Knobs(batch, rate, CLIP, noise)
    (model,) = private.readings(fresh, read, [PASSES], how, seed=order)
    return {"unread": trials.loss(model, found.unread), "choice": trials.loss(model, found.choice)}


def _keep(start, epsilon, rows, rate, seed):
    if rate == (0.01 if epsilon == "none" else 0.001):
        return False
    return seed == 100 or rate == BEST.get((start, epsilon, rows))


GRID = {
    "start": ("scratch", "public"),
    "epsilon": ("none", "8"),
    "rows": (500, 1500, 4500),
    "rate": (0.001, 0.003, 0.01),
    "seed": (100, 0, 1, 2, 3, 4),
}
STUDY = study.Study(
    grid=GRID,
    function=losses_of_a_model,
    results=("unread", "choice"),
    tolerance=0.03,
    keep=_keep,
)
