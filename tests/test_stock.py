"""The projection: published intervals, exact cases, and what nonsense is told."""

import numpy as np
import pytest

from datawall.laws import published, stock

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
    return stock.project(futures=3, seed=0, **FIXED | changed)


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
    found = stock.project(seed=0)
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
    base = stock.project(futures=500, seed=0)
    for name, assumed in stock.ASSUMPTIONS.items():
        assert f"{name}: {assumed.meaning}" in stock.project.__doc__
        changed = stock.project(futures=500, seed=0, **{name: assumed.middle * 0.8})
        assert not np.array_equal(changed.crossing, base.crossing), name


def test_a_seed_repeats_and_a_changed_assumption_changes_nothing_else():
    assert np.array_equal(
        stock.project(1000, seed=0).crossing, stock.project(1000, seed=0).crossing
    )
    assert not np.array_equal(
        stock.project(1000, seed=0).crossing, stock.project(1000, seed=1).crossing
    )
    changed = stock.project(1000, seed=0, largest_set=1e13)
    assert np.array_equal(changed.stock_2024, stock.project(1000, seed=0).stock_2024)


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
    with pytest.raises(ValueError, match="sizes must be positive"):
        stock.growth(dates, dates - 2015, 100, seed=0)
    with pytest.raises(ValueError, match="dates must be positive"):
        stock.growth(dates * np.nan, dates, 100, seed=0)
    with pytest.raises(ValueError, match="10 dates, 9 sizes: give as many of each"):
        stock.growth(dates, dates[1:], 100, seed=0)
    with pytest.raises(ValueError, match="all sets are of one date"):
        stock.growth(np.full(5, 2020.0), dates[:5], 100, seed=0)
    with pytest.raises(ValueError, match="draws is 0"):
        stock.growth(dates, dates, 0, seed=0)


def test_the_growth_is_the_slope_of_a_line_through_resampled_sets():
    rng = np.random.default_rng(0)
    dates = np.sort(rng.uniform(2010, 2024, 30))
    noise = rng.normal(size=30)
    draws = np.log(stock.growth(dates, np.exp(0.9 * dates - 1800 + noise), 2000, seed=0))
    fitted, error = np.polyfit(dates - 2017, 0.9 * dates + noise, 1, cov=True)
    assert draws.mean() == pytest.approx(fitted[0], abs=0.005)
    assert draws.std() == pytest.approx(error[0, 0] ** 0.5, rel=0.25)


def test_shares_above_one_are_drawn_again_and_the_others_stay():
    wide = stock.project(20_000, seed=0, quality=(0.6, 0.95), repetition=1)
    share = wide.stock_2024 / wide.raw_2024
    assert share.max() <= 1 and (share > 0.95).mean() == pytest.approx(0.025, abs=0.01)
    narrow = stock.project(20_000, seed=0, quality=(0.6, 0.95))
    assert np.array_equal(narrow.demand_2024, wide.demand_2024)
    rng, again = np.random.default_rng(3), np.random.default_rng(3)
    cut = stock._draw("quality", (0.6, 0.95), 20_000, rng)
    whole = stock._lognormal(0.6, 0.95, 0.95, 20_000, again)
    assert (whole > 1).any() and cut.max() <= 1
    assert np.array_equal(cut[whole <= 1], whole[whole <= 1])


def test_a_token_is_never_less_than_a_byte():
    found = stock.project(50_000, seed=0, bytes_a_page=1e4, pages=1e9)
    assert found.raw_2024.max() == pytest.approx(1e13)
    assert (found.raw_2024 == found.raw_2024.max()).sum() > 20


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
        ({"futures": True}, r"futures is True: give a whole number"),
        ({"quality": [0.5] * 99 + [1.1]}, r"quality is .* at most 1"),
        ({"open_share": [0.5] * 99 + [float("nan")]}, r"open_share is .* at most 1"),
    ],
)
def test_nonsense_is_refused_by_name(given, message):
    with pytest.raises(ValueError, match=message):
        stock.project(**{"seed": 0} | given)


def test_the_published_table_gives_the_published_growth():
    sets = published.table("llm_training_set_sizes")
    years = (sets.date.dt.year + (sets.date.dt.day_of_year - 1) / 365.25).to_numpy()
    sizes = sets["size"].to_numpy()
    draws = stock.growth(years, sizes, draws=1000, seed=0)
    assert np.median(np.log10(draws)) == pytest.approx(0.38, abs=0.02)  # section 2.4
    assert np.quantile(np.log10(draws), [0.025, 0.975]) == pytest.approx([0.27, 0.48], abs=0.02)
    # The published code's factor of 4/5 leaves the growth, and so the year, where it was.
    assert stock.growth(years, 0.8 * sizes, 1000, seed=0) == pytest.approx(draws)
    by_regression = stock.project(seed=0, demand_growth=draws).year()
    assert tuple(by_regression) == pytest.approx(tuple(stock.project(seed=0).year()), abs=0.3)
