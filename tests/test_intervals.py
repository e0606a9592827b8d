"""Intervals against theory: their coverage is what they say; and what can be done with them."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from datawall.evidence import intervals
from datawall.evidence.intervals import Interval, over_draws, over_seeds

NAN = float("nan")


def named(values, *dims, **coords):
    return xr.DataArray(np.asarray(values, float), coords, dims)


def ends(interval):
    return tuple(np.asarray(x).tolist() for x in interval)


def test_interval_over_seeds_is_students():
    values = named(np.random.default_rng(0).normal(size=(5, 3)), "seed", "way", way=list("abc"))
    got = over_seeds(values)
    assert got.value.dims == got.low.dims == got.high.dims == ("way",)
    for way in "abc":
        want = stats.ttest_1samp(values.sel(way=way), 0).confidence_interval(0.95)
        found = got.sel(way=way)
        assert (float(found.low), float(found.high)) == pytest.approx((want.low, want.high))
        assert float(found.value) == pytest.approx(float(values.sel(way=way).mean()))


def test_interval_over_seeds_covers():
    data = np.random.default_rng(1).normal(loc=3, size=(5, 4_000))
    got = over_seeds(named(data, "seed", "try"), level=0.9)
    share = float(((got.low <= 3) & (got.high >= 3)).mean())
    assert share == pytest.approx(0.9, abs=4 * (0.09 / 4_000) ** 0.5)


def test_seeds_may_stand_in_any_dimension_and_be_plain_or_whole_numbers():
    want = stats.ttest_1samp([1, 2, 4], 0).confidence_interval(0.95)
    for values in ([1, 2, 4], named([1, 2, 4], "seed"), xr.DataArray([1, 2, 4], dims="seed")):
        assert ends(over_seeds(values))[1:] == pytest.approx((want.low, want.high))
    values = named([[1, 2, 4], [2, 4, 8]], "way", "seed")
    assert ends(over_seeds(values)) == ends(over_seeds(values.T))
    renamed = values.rename(seed="draw")
    assert ends(over_seeds(renamed, dim="draw")) == ends(over_seeds(values))
    assert float(over_seeds(xr.DataArray([True, False, True, True], dims="seed")).value) == 0.75


def test_a_dataset_counts_its_variables_as_results():
    runs = xr.Dataset({"auc": ("seed", [1.0, 2, 4]), "recall": ("seed", [2.0, 4, 8])})
    got = over_seeds(runs)
    assert got.value.dims == ("result",)
    assert ends(got.sel(result="recall")) == ends(over_seeds([2, 4, 8]))


def test_what_was_not_run_stays_nan_and_a_missing_seed_is_left_out():
    values = named([[1, 2, 4, NAN], [NAN] * 4, [1, 2, 4, 8]], "way", "seed", way=list("abc"))
    got = over_seeds(values)
    assert ends(got.sel(way="a")) == pytest.approx(ends(over_seeds([1, 2, 4])))
    assert np.isnan(ends(got.sel(way="b"))).all()
    assert ends(got.sel(way="c")) == pytest.approx(ends(over_seeds([1, 2, 4, 8])))


@pytest.mark.parametrize(
    "values, message",
    [
        ([1.0, 2.0], "2 seeds give no interval: run three or more"),
        ([1.0], "1 seeds give no interval"),
        ([], "0 seeds give no interval"),
        ([NAN] * 5, "0 seeds give no interval"),
        ([1, 2, NAN, NAN], "2 seeds give no interval"),
        (named([[1, 2, 3], [1, 2, NAN]], "way", "seed"), "2 seeds give no interval"),
        (np.ones((3, 4)), r"values of shape \(3, 4\) have no names: give a DataArray"),
        (named(np.ones(5), "draw"), "there is no dimension 'seed': there are draw"),
    ],
)
def test_too_few_seeds_and_values_without_names_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        over_seeds(values)


def test_interval_over_draws_is_the_quantiles():
    want = pytest.approx((500, 50, 950))
    assert ends(over_draws(500, np.arange(1_001), level=0.9)) == want
    draws = named(np.outer(np.arange(1_001), [1, 2]), "draw", "way", way=["a", "b"])
    got = over_draws(named([5, 6], "way", way=["a", "b"]), draws, level=0.9)
    assert ends(got.sel(way="b")) == pytest.approx((6, 100, 1900)) and got.low.dims == ("way",)
    assert ends(over_draws([5, 6], draws.values, level=0.9)) == ends(got)
    assert ends(over_draws([5, 6], draws.T, level=0.9)) == ends(got)
    other = over_draws(500, named(np.arange(1_001), "law"), dim="law", level=0.9)
    assert ends(other) == want


def test_draws_that_failed_are_refused_unless_none_was_made():
    with pytest.raises(ValueError, match="99 draws are too few"):
        over_draws(1.0, np.zeros(99))
    draws = named(np.zeros((200, 2)), "draw", "way")
    draws[:3, 1] = NAN
    with pytest.raises(ValueError, match=r"3 of 200 draws are NaN: .* see why they failed"):
        over_draws([0, 0], draws)
    draws[:, 1] = NAN
    got = over_draws([0, NAN], draws)
    assert ends(got)[1][0] == 0 and np.isnan([float(x[1]) for x in got]).all()


@pytest.mark.parametrize("level", [0, 1, 95, NAN])
def test_a_level_is_a_probability(level):
    with pytest.raises(ValueError, match=f"level is {level}: give a probability"):
        over_seeds([1, 2, 3], level=level)
    with pytest.raises(ValueError, match=f"level is {level}: give a probability"):
        over_draws(0, np.ones(200), level=level)


PLAIN = Interval(named(2), named(1), named(4))
LABELLED = Interval(*(named([x, 10 * x], "way", way=["a", "b"]) for x in (2, 1, 4)))


def test_arithmetic_moves_all_three_and_keeps_low_below_high():
    assert ends(100 * PLAIN) == ends(PLAIN * 100) == (200, 100, 400)
    assert ends(-PLAIN) == ends(PLAIN * -1) == (-2, -4, -1)
    assert ends(PLAIN / 2) == (1, 0.5, 2) and ends(PLAIN / -2) == (-1, -2, -0.5)
    assert ends(PLAIN + 1) == ends(1 + PLAIN) == (3, 2, 5)
    assert ends(PLAIN - 1) == (1, 0, 3) and ends(1 - PLAIN) == (-1, -3, 0)
    assert ends(np.float64(3) * PLAIN) == (6, 3, 12)
    scaled = LABELLED * named([1, -1], "way", way=["a", "b"])
    assert ends(scaled) == ([2, -20], [1, -40], [4, -10])
    assert ends(np.array([1, -1]) * LABELLED) == ends(scaled)
    value, low, high = PLAIN
    assert (float(value), float(low), float(high)) == (2, 1, 4)


def test_two_intervals_are_neither_added_nor_multiplied():
    for together in (
        lambda: PLAIN + PLAIN,
        lambda: PLAIN - PLAIN,
        lambda: PLAIN * PLAIN,
        lambda: PLAIN / PLAIN,
    ):
        with pytest.raises(TypeError, match="take the difference seed by seed"):
            together()


def test_through_a_function_that_falls_low_stays_low():
    assert ends(PLAIN.through(lambda x: 1 / x)) == (0.5, 0.25, 1)
    assert ends(PLAIN.through(np.log2)) == (1, 0, 2)


def test_a_part_is_taken_by_its_label():
    assert ends(LABELLED.sel(way="b")) == (20, 10, 40)
    with pytest.raises(KeyError):
        LABELLED.sel(way="c")


@pytest.mark.parametrize(
    "three, form, text",
    [
        ((2.046, 1.6, 2.561), ".2f", "2.05 [1.60, 2.56]"),
        ((2.046, 1.6, 2.561), "", "2.05 [1.60, 2.56]"),
        ((-20.46, -25.61, 1.0), "", "-20.5 [-25.6, 1.0]"),
        ((1234.5, 1000.2, 2000.4), "", "1234 [1000, 2000]"),
        ((0.0123, 0.0101, 0.0151), "", "0.0123 [0.0101, 0.0151]"),
        ((12345.6, 1000, 20000), ",.0f", "12,346 [1,000, 20,000]"),
        ((3, 3, 3), "", "3.00"),
        ((0, 0, 0), "", "0"),
        ((NAN, NAN, NAN), ".2f", "not run"),
        ((2031, 2029, np.inf), ".0f", "2031 [2029, inf]"),
    ],
)
def test_an_interval_as_text(three, form, text):
    assert Interval(*map(named, three)).text(form) == text
    assert Interval(*three).text(form) == text  # of plain numbers, too
    if not form:
        assert str(Interval(*three)) == text


def test_many_intervals_as_texts_and_as_a_table():
    texts = LABELLED.text(".0f")
    assert texts.sel(way="b").item() == "20 [10, 40]" and texts.dims == ("way",)
    table = LABELLED.to_pandas()
    assert list(table.columns) == ["value", "low", "high"] and table.loc["b"].tolist() == [
        20,
        10,
        40,
    ]
    two = over_seeds(named(np.ones((2, 3, 4)), "way", "size", "seed")).to_pandas()
    assert two.shape == (6, 3) and two.index.names == ["way", "size"]
    for one in (LABELLED.sel(way="a"), Interval(2.0, 1.0, 4.0)):
        assert one.to_pandas().to_dict("records") == [{"value": 2, "low": 1, "high": 4}]


def test_resamples_draw_whole_groups_evenly():
    groups = np.repeat([7, 8, 9], [1, 2, 3])
    drawn = list(intervals.resamples(3_000, seed=0, groups=groups))
    counts = np.array([np.bincount(rows, minlength=6) for rows in drawn])
    assert len(drawn) == 3_000
    assert (counts[:, 1] == counts[:, 2]).all()
    assert (counts[:, 3] == counts[:, 5]).all()
    assert (counts[:, [0, 1, 3]].sum(1) == 3).all()
    assert counts[:, 0].mean() == pytest.approx(1, abs=4 * (2 / 3 / 3_000) ** 0.5)
    assert counts[:, 0].var() == pytest.approx(2 / 3, abs=0.07)  # with replacement
    again = list(intervals.resamples(20, seed=0, groups=groups))
    assert all(np.array_equal(a, b) for a, b in zip(again, drawn, strict=False))
    other = list(intervals.resamples(20, seed=1, groups=groups))
    assert not all(np.array_equal(a, b) for a, b in zip(again, other, strict=True))
