"""Intervals against theory: their coverage is what they say."""

import numpy as np
import pytest
from scipy import stats

from datawall.evidence import intervals


def test_interval_over_seeds_is_students():
    values = np.random.default_rng(0).normal(size=(5, 3))
    got = intervals.over_seeds(values)
    for i in range(3):
        want = stats.ttest_1samp(values[:, i], 0).confidence_interval(0.95)
        assert (got.low[i], got.high[i]) == pytest.approx((want.low, want.high))
        assert got.value[i] == pytest.approx(values[:, i].mean())


def test_interval_over_seeds_covers():
    data = np.random.default_rng(1).normal(loc=3, size=(5, 4_000))
    got = intervals.over_seeds(data, level=0.9)
    share = np.mean((got.low <= 3) & (got.high >= 3))
    assert share == pytest.approx(0.9, abs=4 * (0.09 / 4_000) ** 0.5)


def test_interval_over_draws_is_the_quantiles():
    draws = np.arange(1_001)
    got = intervals.over_draws(500, draws, level=0.9)
    assert got == pytest.approx((500, 50, 950))


def test_resamples_draw_whole_groups_evenly():
    groups = np.repeat([7, 8, 9], [1, 2, 3])
    drawn = list(intervals.resamples(3_000, seed=0, groups=groups))
    counts = np.array([np.bincount(rows, minlength=6) for rows in drawn])
    assert (counts[:, 1] == counts[:, 2]).all()
    assert (counts[:, 3] == counts[:, 5]).all()
    assert (counts[:, [0, 1, 3]].sum(1) == 3).all()
    assert counts[:, 0].mean() == pytest.approx(1, abs=4 * (2 / 3 / 3_000) ** 0.5)


def test_too_little_is_refused():
    with pytest.raises(ValueError, match="2 seeds give no interval"):
        intervals.over_seeds([1.0, 2.0])
    with pytest.raises(ValueError, match="99 draws are too few"):
        intervals.over_draws(1.0, np.zeros(99))


def of_setting(width, depth, seed):
    return 100 * width + 10 * depth + seed


def pair(seed):
    return seed, -seed


def test_replicates_stand_at_their_setting_and_seed():
    found = intervals.replicate(of_setting, [(1, 2), (3, 4), (5, 6)], range(4))
    assert found.tolist() == [
        [120 + s for s in range(4)],
        [340 + s for s in range(4)],
        [560 + s for s in range(4)],
    ]
    assert intervals.replicate(pair, [()], [7, 8]).tolist() == [[[7, -7], [8, -8]]]


def test_replicates_of_nothing_are_told():
    with pytest.raises(ValueError, match="0 settings and 3 seeds: nothing to run"):
        intervals.replicate(pair, [], range(3))
