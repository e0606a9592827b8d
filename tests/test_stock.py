"""The projection: published intervals, exact cases, and what nonsense is told."""

from datetime import date

import numpy as np
import pytest

from datawall.laws import stock

# Every assumption at one value, so that what follows can be worked out by hand.
FIXED = {
    "pages": 1e11,
    "bytes_a_page": 8000,
    "bytes_a_token": 4,
    "page_growth": 1.05,
    "length_growth": 1.03,
    "quality": 0.5,
    "repetition": 4,
    "largest_set": 1e13,
    "demand_growth": 2.5,
}


def fixed(**changed):
    return stock.project(futures=3, **FIXED | changed)


def test_fixed_assumptions_give_what_they_must():
    found = fixed()
    assert found.raw_2024 == pytest.approx(2e14)
    assert found.stock_2024 == pytest.approx(4e14)
    years = 2024 + np.log(40) / np.log(2.5 / (1.05 * 1.03))
    assert found.crossing == pytest.approx(years)
    assert found.stock([2024, 2026])[0] == pytest.approx([4e14, 4e14 * (1.05 * 1.03) ** 2])
    assert found.demand([2024, 2026])[0] == pytest.approx([1e13, 6.25e13])
    assert found.stock(years)[0] == pytest.approx(found.demand(years)[0])


def test_ten_times_the_stock_buys_ln_10_over_the_difference_of_the_growth_rates():
    bought = fixed(pages=1e12).crossing - fixed().crossing
    assert bought == pytest.approx(np.log(10) / (np.log(2.5) - np.log(1.05 * 1.03)))
    assert fixed(repetition=40).crossing == pytest.approx(fixed(pages=1e12).crossing)


def test_overtraining_raises_demand_by_its_square_root():
    assert fixed(overtraining=100).demand_2024 == pytest.approx(10 * fixed().demand_2024)
    lost = fixed().crossing - fixed(overtraining=100).crossing
    assert lost == pytest.approx(fixed(pages=1e12).crossing - fixed().crossing)


def test_a_closed_share_costs_its_logarithm():
    lost = fixed().crossing - fixed(open_share=0.7).crossing
    assert lost == pytest.approx(-np.log(0.7) / np.log(2.5 / (1.05 * 1.03)))


def test_demand_that_grows_no_faster_never_meets_the_stock():
    assert np.isinf(fixed(demand_growth=1.0).crossing).all()
    assert (fixed(demand_growth=1.0, largest_set=1e15).crossing == 2024).all()
    assert (fixed(demand_growth=1.05 * 1.03).crossed(2100) == 0).all()
    assert np.isinf(fixed(demand_growth=1.0).year().value)


def test_the_distributions_have_the_published_quantiles():
    found = stock.project()
    raw = np.quantile(found.raw_2024, [0.025, 0.5, 0.975]) / 1e12
    assert raw == pytest.approx([130, 510, 2100], rel=0.02)  # section 2.2.1
    # Epoch's words for the effective stock are "on the order of 300" and 100 to 1000.
    effective = np.quantile(found.stock_2024, [0.05, 0.5, 0.95]) / 1e12
    assert effective == pytest.approx([100, 300, 1000], rel=0.3)
    growth = np.quantile(found.stock_growth, [0.025, 0.975])
    assert growth == pytest.approx([1.03, 1.13], abs=0.01)
    largest = np.quantile(found.demand_2024, [0.05, 0.95]) / 1e12
    assert largest == pytest.approx([3, 13], rel=0.02)
    assert np.quantile(np.log10(found.demand_growth), [0.025, 0.975]) == pytest.approx(
        [0.27, 0.48], abs=0.005
    )
    assert np.quantile(found.raw_2024 / found.stock_2024, 0.5) == pytest.approx(
        1 / (np.sqrt(0.04) * np.sqrt(10)), rel=0.01
    )
    median, low, high = found.year()
    assert 2028 <= median < 2030 and 2026 <= low < 2028.5 and 2030 < high < 2033


@pytest.mark.parametrize("name", stock.ASSUMPTIONS)
def test_each_interval_holds_the_share_of_draws_that_it_says(name):
    published = stock.ASSUMPTIONS[name]
    rng = np.random.default_rng(0)
    draws = stock._draw(name, (published.low, published.high), 100_000, rng)
    inside = ((published.low <= draws) & (draws <= published.high)).mean()
    assert inside == pytest.approx(
        1 if published.low == published.high else published.level, abs=3e-3
    )
    assert np.median(draws) == pytest.approx(published.middle, rel=0.01)


def test_every_assumption_is_documented_and_every_one_moves_something():
    base = stock.project(futures=500)
    for name, published in stock.ASSUMPTIONS.items():
        assert f"{name}: {published.meaning}" in stock.project.__doc__
        changed = stock.project(futures=500, **{name: published.middle * 0.8})
        assert not np.array_equal(changed.crossing, base.crossing), name


def test_a_seed_repeats_and_a_changed_assumption_changes_nothing_else():
    assert np.array_equal(stock.project(1000).crossing, stock.project(1000).crossing)
    assert not np.array_equal(stock.project(1000).crossing, stock.project(1000, seed=1).crossing)
    changed = stock.project(1000, largest_set=1e13)
    assert np.array_equal(changed.stock_2024, stock.project(1000).stock_2024)


def test_the_bootstrapped_growth_can_be_an_assumption():
    dates = np.arange(2010, 2020.0)
    draws = stock.growth(dates, 10 ** (0.3 * (dates - 2010)), draws=200, seed=0)
    assert draws == pytest.approx(10**0.3)
    assert fixed(demand_growth=draws).demand_growth == pytest.approx(10**0.3)
    assert stock.growth(dates, 0.8 * dates, 100, seed=0) == pytest.approx(
        stock.growth(dates, dates, 100, seed=0)
    )
    with pytest.raises(ValueError, match="give five sets or more"):
        stock.growth([2020, 2021], [1, 2], 100, seed=0)
    with pytest.raises(ValueError, match="must be positive"):
        stock.growth(dates, dates - 2015, 100, seed=0)


@pytest.mark.parametrize(
    "given, message",
    [
        ({"demand_growth": -0.2}, r"demand_growth is .* above 0.5; it is a factor"),
        ({"page_growth": 0.08}, r"page_growth is .* 1.08 is 8 % a year"),
        ({"pages": (1e12, 75e9)}, r"pages is .* the wrong way round, low comes first"),
        ({"temperature": 1}, r"no assumption 'temperature'; there are: pages, bytes_a_page"),
        ({"quality": 1.2}, r"quality is .* give share above 0 and at most 1"),
        ({"open_share": 0}, r"open_share is .* above 0"),
        ({"bytes_a_token": (2, 7)}, r"bytes_a_token is .* at most 5.9"),
        ({"pages": "many"}, r"pages is 'many': give a number, a pair"),
        ({"pages": None}, r"pages is None: give a number, a pair"),
        ({"pages": True}, r"pages is True: give a number, a pair"),
        ({"repetition": [2, 3, 5]}, r"repetition is .* 100 or more draws"),
        ({"repetition": float("nan")}, r"repetition is .* above 0"),
        ({"largest_set": float("inf")}, r"largest_set is .* above 0"),
        ({"futures": 0}, r"futures is 0: give a whole number"),
        ({"futures": 2.5}, r"futures is 2.5: give a whole number"),
    ],
)
def test_nonsense_is_refused_by_name(given, message):
    with pytest.raises(ValueError, match=message):
        stock.project(**given)


def test_the_published_table_gives_the_published_growth(facts):
    rows = facts("llm_training_set_sizes")
    dates = [date.fromisoformat(row["date"]) for row in rows]
    years = [d.year + (d.timetuple().tm_yday - 1) / 365.25 for d in dates]
    sizes = np.array([float(row["size_raw"]) for row in rows])
    draws = stock.growth(years, sizes, draws=1000, seed=0)
    assert np.median(np.log10(draws)) == pytest.approx(0.38, abs=0.02)  # section 2.4
    assert np.quantile(np.log10(draws), [0.025, 0.975]) == pytest.approx([0.27, 0.48], abs=0.02)
    # The published code's factor of 4/5 leaves the growth, and so the year, where it was.
    assert stock.growth(years, 0.8 * sizes, 1000, seed=0) == pytest.approx(draws)
    by_regression = stock.project(demand_growth=draws).year()
    assert by_regression == pytest.approx(stock.project().year(), abs=0.3)
