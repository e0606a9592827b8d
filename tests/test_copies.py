"""Chains of language models as a page shows them."""

import numpy as np
import pytest
import xarray as xr

from datawall.collapse import copies, loop, policies
from datawall.evidence.intervals import over_seeds
from datawall.generators import grading
from datawall.generators.language import LanguageModel
from datawall.lm import train
from datawall.text import corpus


def test_examined_names_what_each_generation_reads_and_writes():
    plays = grading.unseen_plays(16, 32)
    real = corpus.windows(plays.text, 15, 64, seed=0)
    recipe = train.Recipe(warmup=2)  # as short as a training can be
    model = LanguageModel(len(plays.letters), 2**11, width=16, layers=1, recipe=recipe)
    turns = list(loop.run(model, policies.Own(), real, 2, seed=0))
    found = copies.examined(turns, plays, 40, seed=3)
    assert dict(found.sizes) == {"generation": 2, "row": 40, "line": 2, "exam_row": 32}
    last = turns[1].fitted
    rows = last.sample(40, seed=3)
    assert found.loss.sel(generation=1) == pytest.approx(last.nats(plays.rows).mean())
    assert np.allclose(found.nats.sel(generation=1), turns[0].fitted.nats(rows))
    assert found.written.sel(generation=1)[0].item() == plays.letters.decode(rows[0])
    ended = [turns[0], loop.Generation(2, None, None, "no rows are left")]
    with pytest.raises(ValueError, match="generation 1: no rows are left"):
        copies.examined(ended, plays, 40, seed=3)


def test_lines_to_read_have_no_marks_of_markdown():
    assert copies.to_read("\nA *king*,\n  [and_so] on!\n") == "A king, / andso on!"


def runs():
    """Two policies, of which one wasn't run at one of two temperatures, over three seeds."""
    values = np.arange(24.0).reshape(2, 2, 2, 3)
    values[1, 1] = np.nan
    names = {"policy": ["b", "a"], "temperature": [1.0, 0.8], "generation": [0, 9]}
    return xr.DataArray(values, names | {"seed": range(3)})


def test_points_have_short_names_and_three_digits():
    found = over_seeds(xr.Dataset({"loss": 1 + runs() / 7000}).sel(policy=["b"]))
    first, *rest = copies.points(found)
    assert len(rest) == 3
    assert first == {
        "m": "loss", "p": "b", "T": "1.0", "g": 0, "value": 1.0, "low": 1.0, "high": 1.0
    }  # fmt: skip
