"""The modes of a mixture that learns from itself, on a line."""

import numpy as np
import pytest

from datawall.collapse import modes
from datawall.collapse.loop import Generation, run
from datawall.collapse.policies import Own
from datawall.generators.closed_forms import Mixture

RNG = np.random.default_rng(0)
POINTS = RNG.normal(6 * (RNG.random(80) < 0.25), 1.0)[:, None]


def test_variance_within_and_between_is_that_of_the_data():
    steps = list(run(Mixture(2), Own(), POINTS, 4, seed=0))
    found = modes.of_mixtures(steps, 4, middle=3)
    assert list(found.generation) == [1, 2, 3, 4]
    total = found.within + found.between
    assert total.values == pytest.approx([step.data.var() for step in steps], rel=1e-3)
    first = found.sel(generation=1)
    assert float(first.upper) == pytest.approx((POINTS > 3).mean(), abs=0.02)
    assert float(first.within) == pytest.approx(1, abs=0.3)
    weight = float(first.upper)
    assert float(first.between) == pytest.approx(36 * weight * (1 - weight), rel=0.15)


def test_a_chain_that_has_ended_leaves_zeros():
    steps = [*run(Mixture(2), Own(), POINTS, 2, seed=0), Generation(3, None, None, "ended")]
    found = modes.of_mixtures(steps, 5, middle=3)
    assert (found.sel(generation=slice(1, 2)).within > 0).all()
    assert (found.sel(generation=slice(3, 5)).to_dataarray() == 0).all()
