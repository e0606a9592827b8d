"""The competition barrier: its law by hand, and fits to excesses that follow it."""

import math

import numpy as np
import pytest
import xarray as xr

from datawall.modalities import barrier

PARAMS = np.array([1e3, 1e4, 1e5, 1e6])
LAW = barrier.Barrier(small=0.1, alpha=0.5, synergy=0.02, smallest=1e3)


def test_the_excess_by_hand():
    assert LAW.excess(1e3) == pytest.approx(0.08)
    assert LAW.excess(1e5) == pytest.approx(0.1 / 10 - 0.02)
    assert LAW.excess(PARAMS).shape == (4,)


def test_the_barrier_is_where_the_excess_is_nothing():
    assert LAW.params == pytest.approx(1e3 * 25)  # 0.1 / sqrt(25) is 0.02
    assert LAW.excess(LAW.params) == pytest.approx(0, abs=1e-12)
    assert barrier.Barrier(0.1, 0.5, 0.0, 1e3).params == math.inf
    assert barrier.Barrier(0.1, 0.5, 0.001, 1e3).params == pytest.approx(1e7)
    assert barrier.Barrier(0.0, 0.5, 0.1, 1e3).params == 0
    assert barrier.Barrier(1.0, 0.02, 1e-9, 1e3).params == math.inf


def test_a_fit_finds_what_made_the_excesses():
    found = barrier.fit(PARAMS, LAW.excess(PARAMS))
    assert found.alpha == pytest.approx(0.5, rel=0.03)
    assert found.synergy == pytest.approx(0.02, rel=0.1)
    assert found.small == pytest.approx(0.1, rel=0.03)
    assert found.params == pytest.approx(LAW.params, rel=0.25)
    shuffled = barrier.fit(PARAMS[::-1], LAW.excess(PARAMS)[::-1])
    assert shuffled.synergy == pytest.approx(found.synergy)
    assert (shuffled.alpha, shuffled.smallest) == (found.alpha, 1e3)


def test_neither_part_of_a_fit_is_negative():
    rising = barrier.fit(PARAMS, [0.01, 0.02, 0.03, 0.04])
    assert rising.synergy >= 0 and rising.small >= 0
    gain = barrier.fit(PARAMS, [-0.1, -0.1, -0.1, -0.1])
    assert gain.small == pytest.approx(0, abs=1e-6) and gain.synergy == pytest.approx(0.1)
    assert gain.params == 0


def test_seeds_are_drawn_with_all_their_sizes():
    shifts = xr.DataArray([-0.004, -0.002, 0.0, 0.002, 0.004], {"seed": range(5)})
    values = xr.DataArray(LAW.excess(PARAMS), {"params": PARAMS}) + shifts
    found = barrier.refits(values, draws=100, seed=0)
    assert found.sizes == {"draw": 100} and set(found) == {"synergy", "alpha", "barrier"}
    # A shift of all sizes alike moves the synergy alone.
    assert found.alpha.values == pytest.approx(0.5, rel=0.05)
    assert 0.0008 < float(found.synergy.std()) < 0.0018  # of a mean of five
    assert 0.014 < float(found.synergy.min()) < float(found.synergy.max()) < 0.026
    again = barrier.refits(values.transpose("seed", "params"), draws=100, seed=0)
    assert found.identical(again)
    assert not found.identical(barrier.refits(values, draws=100, seed=1))


@pytest.mark.parametrize(
    ("params", "excess"),
    [
        (PARAMS[:3], [1, 2, 3]),
        (PARAMS, [1, 2, 3]),
        ([1e3, 1e3, 1e4, 1e5], [1, 2, 3, 4]),
        ([0, 1e3, 1e4, 1e5], [1, 2, 3, 4]),
        (PARAMS, [1, 2, 3, math.nan]),
    ],
)
def test_what_is_refused(params, excess):
    with pytest.raises(ValueError, match=r"give|leave"):
        barrier.fit(params, excess)
