"""The composite law, against its parts by hand and runs that follow it."""

import numpy as np
import pytest

from datawall.planning import composite
from datawall.planning.composite import Composite

LAW = Composite(E=1.8, B=0.6, beta=0.4, R_D=5.0, P=0.01, delta=1.2, unit=1000)


def test_the_parts_by_hand():
    worth = 2 * 500 * (1 + 5 * (1 - np.exp(-3 / 5)))
    assert LAW.effective(500, 3, 2) == pytest.approx(worth)
    assert LAW.effective(500, 0) == pytest.approx(500)  # read once
    assert LAW.effective(500, 1e9) == pytest.approx(500 * 6)  # worn out
    assert LAW.learnt_by_heart(3) == pytest.approx(0.01 * 3**1.2)
    expected = 1.8 + 0.6 / (worth / 1000) ** 0.4 + 0.01 * 3**1.2
    assert LAW.loss(500, 3, 2) == pytest.approx(expected)
    assert LAW.loss([500, 1000], 0).shape == (2,)


def test_a_factor_is_what_the_text_would_have_to_grow_by():
    for factor in (0.5, 1.0, 7.0):
        loss = LAW.loss(500, 3, factor)
        assert LAW.factor(float(loss), 500, 3) == pytest.approx(factor)
        assert LAW.loss(500 * factor, 3) == pytest.approx(loss)
    with pytest.raises(ValueError, match="below the law's floor at 3 repetitions"):
        LAW.factor(1.8, 500, 3)


def test_averaging():
    assert composite.averaging(2.6, 2.45, 4) == pytest.approx(0.2)
    assert composite.averaging(2.6, 2.5, 2) == pytest.approx(0.2)
    with pytest.raises(ValueError, match="members is 1"):
        composite.averaging(2.6, 2.5, 1)


def grid():
    unique = np.array([250, 500, 1000, 2000, 4000, 8000, 16000, 1000, 1000, 1000, 1000])
    repeats = np.array([1, 1, 1, 1, 1, 1, 1, 3, 7, 15, 31])
    return unique, repeats


def test_a_fit_finds_the_law_of_its_runs():
    found = composite.fit(*grid(), LAW.loss(*grid()))
    assert found.unit == 1000
    held_out = [300, 3000, 30_000], [2, 5, 20]
    assert found.loss(*held_out) == pytest.approx(LAW.loss(*held_out), abs=0.01)
    assert found.beta == pytest.approx(0.4, rel=0.1)
    assert pytest.approx(1.8, abs=0.05) == found.E


def test_a_fit_foretells_runs_with_noise():
    noise = np.random.default_rng(0).normal(0, 0.005, 11)
    found = composite.fit(*grid(), LAW.loss(*grid()) + noise)
    assert found.loss(1500, 5) == pytest.approx(float(LAW.loss(1500, 5)), abs=0.03)


@pytest.mark.parametrize(
    ("unique", "repeats", "said"),
    [
        ([1] * 6, [1] * 6, "6 runs can't fix six constants"),
        ([1] * 8, list(range(1, 9)), "fewer than three values of unique"),
        (list(range(1, 9)), [1, 2] * 4, "fewer than three values of repeats"),
        ([0, *range(1, 8)], list(range(1, 9)), "unique must be positive"),
    ],
)
def test_runs_that_fix_no_law(unique, repeats, said):
    with pytest.raises(ValueError, match=said):
        composite.fit(unique, repeats, np.linspace(3, 2, len(unique)))


def test_other_faults():
    with pytest.raises(ValueError, match="unique holds 0"):
        LAW.loss(0, 1)
    with pytest.raises(ValueError, match="repeats hold -1"):
        LAW.loss(1, -1)
    with pytest.raises(ValueError, match="factor holds 0"):
        LAW.loss(1, 1, 0)
