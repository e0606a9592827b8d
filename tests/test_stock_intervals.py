"""The projection's dates and levels as intervals with names."""

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest

from datawall.laws import stock


@pytest.fixture(scope="module")
def futures():
    return stock.project(futures=2000, seed=0)


def test_a_fan_holds_the_quantiles_of_stock_and_demand(futures):
    fan = futures.fan([2024, 2030], level=0.5)
    assert fan.value.dims == ("kind", "year")
    for kind, draws in {"stock": futures.stock(2030), "demand": futures.demand(2030)}.items():
        found = [float(x) for x in fan.sel(kind=kind, year=2030)]
        assert found == pytest.approx([np.quantile(draws, q) for q in (0.5, 0.25, 0.75)])


def test_years_of_cases_are_those_of_each_projection(futures):
    soon = stock.project(futures=2000, seed=0, overtraining=100)
    found = stock.years({1: futures, 100: soon}, level=0.5)
    for case, projection in {1: futures, 100: soon}.items():
        assert [float(x) for x in found.sel(case=case)] == list(projection.year(0.5))
    assert (found.low < found.value).all() and (found.value < found.high).all()


def test_a_year_that_never_comes_is_infinite():
    never = stock.project(futures=100, seed=0, demand_growth=1.0, largest_set=1.0)
    assert np.isinf(stock.years({"never": never}).value).all()


def test_the_central_interval_of_draws():
    found = stock.central(np.arange(101.0), level=0.9)
    assert [float(x) for x in found] == pytest.approx([50, 5, 95])
    with pytest.raises(ValueError, match="make 100 or more"):
        stock.central(np.arange(5))


def test_training_sets_are_those_of_the_published_table():
    sets = stock.training_sets()
    assert len(sets) == 80
    assert sets.tokens["GPT-3 175B (davinci)"] == pytest.approx(2.99e11, rel=1e-3)
    # 28 May, after 148 days of a leap year
    assert sets.date["GPT-3 175B (davinci)"] == pytest.approx(2020 + 148 / 366, abs=2e-3)
    assert sets.date.between(2010, 2024).all() and 50 < sets.flops.notna().sum() < 80


def test_later_sets_are_later_and_in_tokens():
    later, sets = stock.later_sets(), stock.training_sets()
    assert later.date.min() > sets.date.max() and (np.diff(later.date) > 0).all()
    assert later.tokens["Qwen3"] == 36e12 == later.tokens.max()


def test_demand_that_follows_compute_is_its_root_at_twenty_tokens_a_parameter():
    found = stock.compute_optimal((6e24, 2.4e25), (4.0, 9.0))
    assert found["largest_set"] == pytest.approx((np.sqrt(2e25), np.sqrt(8e25)))
    assert found["demand_growth"] == pytest.approx((2, 3))


def test_the_compute_branch_starts_higher_and_grows_more_slowly():
    history, compute = stock.project(2000, seed=0), stock.by_compute(seed=0)
    assert np.median(compute.demand_2024) > np.median(history.demand_2024)
    assert np.median(compute.demand_growth) < np.median(history.demand_growth)
    assert np.array_equal(compute.stock_2024, stock.project(seed=0).stock_2024)
    again = stock.by_compute(seed=0, overtraining=100)
    assert again.demand_2024 == pytest.approx(10 * compute.demand_2024)


@pytest.mark.parametrize("name", stock.ASSUMPTIONS)
def test_an_interval_of_another_level_has_the_same_middle(name):
    assumed = stock.ASSUMPTIONS[name]
    assert assumed.interval(assumed.level) == pytest.approx((assumed.low, assumed.high))
    low, high = assumed.interval(0.5)
    assert assumed.low <= low <= assumed.middle <= high <= assumed.high
    wide = assumed.interval(0.95)
    assert wide[0] <= low and high <= wide[1]


def test_medians_are_those_of_the_draws(futures):
    middle = stock.medians()
    assert set(middle) == set(stock.ASSUMPTIONS)
    assert np.median(futures.demand_growth) == pytest.approx(middle["demand_growth"], rel=0.02)


def test_swings_are_the_medians_at_either_end():
    found = stock.swings(500, seed=0, open_share=(0.5, 1))
    assert list(found.index) != list(stock.ASSUMPTIONS) and len(found) == len(stock.ASSUMPTIONS)
    assert ((found.high - found.low).abs().diff().dropna() >= 0).all()
    closed = stock.project(500, seed=0, open_share=0.5)
    assert found.low["open_share"] == np.median(closed.crossing)
    assert found.low["demand_growth"] > found.high["demand_growth"]


PUBLISHED = {name: start for name, (*_, start) in stock.KNOBS.items()}


def test_nothing_moved_gives_the_projection_itself(futures):
    assert stock.moved(futures.logs(), **PUBLISHED) == pytest.approx(futures.crossing)


def test_what_a_reader_moves_moves_the_date_as_the_assumption_does(futures):
    found = stock.moved(futures.logs(), **PUBLISHED | {"f": 0.3, "k": 4, "n": 2 * 6.24})
    levels = tuple(2 * x for x in (3e12, 13e12))
    changed = stock.project(2000, seed=0, open_share=0.7, overtraining=4, largest_set=levels)
    assert found == pytest.approx(changed.crossing)
    assert np.isinf(stock.moved(futures.logs(), **PUBLISHED | {"d": 0.01})).all()


@pytest.mark.parametrize(
    "changed",
    [{}, {"s": 1.1, "d": 3.0, "q": 0.1}, {"n": 12.0}, {"r": 1, "k": 20, "f": 0.4}, {"d": 1.3}],
)
def test_the_browsers_expression_says_the_same(futures, changed):
    knobs = PUBLISHED | changed
    source = stock.moved_in_vega({name: repr(value) for name, value in knobs.items()})
    condition, date = re.fullmatch(r"(.*) \? (.*) : MAX_VALUE", source).groups()
    for row in futures.logs().head(50).itertuples():
        names = {"datum": SimpleNamespace(b=row.b, s=row.s, d=row.d), "log": math.log}
        (expected,) = stock.moved(futures.logs().loc[[row.Index]], **knobs)
        assert eval(condition, names) == np.isfinite(expected)
        if np.isfinite(expected):
            assert eval(date, names) == pytest.approx(expected)
