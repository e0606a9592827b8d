"""A recursion in one dimension under names: simulation and theory, words that are copied."""

import math

import numpy as np
import pytest
import xarray as xr

from datawall.collapse import drift, expectations
from datawall.collapse.loop import chains, run
from datawall.collapse.policies import Accumulate, Archive, Fresh, Mix, Own, Subsample
from datawall.generators.closed_forms import Gaussian
from datawall.page import curves, plots

NORMAL = Gaussian().fit([-1.0, 1.0], seed=0)  # mean 0, variance 1
BOTH = {"likelihood": Gaussian(ddof=0), "unbiased": Gaussian(ddof=1)}


def test_quantities_are_those_of_the_chains():
    arguments = Gaussian(), Own(), NORMAL, 8, 5, 30
    found, plain = drift.simulated(*arguments, seed=2), chains(*arguments, seed=2)
    assert found.sizes == {"generation": 5, "chain": 30}
    assert list(found.generation) == [1, 2, 3, 4, 5]
    last = found.sel(generation=5)
    assert np.array_equal(last.variance, plain.variance[-1])
    assert np.array_equal(last.square_mean, plain.mean[-1] ** 2)
    assert np.allclose(np.exp(last.log_variance), plain.variance[-1])
    apart = (np.sqrt(last.variance) - 1) ** 2
    assert np.allclose(last.distance - last.square_mean, apart)


def test_estimators_and_policies_by_name_are_dimensions_and_start_alike():
    policies = {"replace": Own(), "accumulate": Accumulate()}
    found = drift.simulated(BOTH, policies, NORMAL, 8, 3, 20, seed=2)
    assert found.sizes == {"estimator": 2, "policy": 2, "generation": 3, "chain": 20}
    alone = drift.simulated(Gaussian(ddof=1), Accumulate(), NORMAL, 8, 3, 20, seed=2)
    assert found.sel(estimator="unbiased", policy="accumulate", drop=True).equals(alone)
    first = found.square_mean.sel(generation=1)
    assert (first == first.isel(estimator=0, policy=0)).all()


def test_simulation_and_theory_agree_under_the_same_names():
    runs = drift.simulated(BOTH, Own(), NORMAL, 25, 12, 4_000, seed=1)
    theory = drift.expected(BOTH, Own(), 25, 12)
    found = drift.gaps(runs, theory)
    assert set(found["quantity"].values) == {"variance", "square_mean", "log_variance", "distance"}
    assert found.sizes == {"quantity": 4, "estimator": 2, "generation": 12}
    assert float(found.max()) < 4.5
    off = drift.gaps(runs, theory + 1)
    error = runs.variance.std("chain", ddof=1) / np.sqrt(4_000)
    assert np.allclose((off - 1 / error).sel(quantity="variance"), 0, atol=4.5)


def test_the_table_has_theory_before_simulation_and_the_largest_gap():
    runs = drift.simulated(BOTH, Own(), NORMAL, 25, 12, 100, seed=1)
    theory = drift.expected(BOTH, Own(), 25, 12)
    row = drift.beside(theory, runs, [5, 12]).loc[("variance", "likelihood")]
    pair = theory.variance, runs.variance.mean("chain")
    pair = [float(x.sel(estimator="likelihood", generation=5)) for x in pair]
    assert row[5] == f"{pair[0]:.3f}/{pair[1]:.3f}"
    largest = drift.gaps(runs, theory).sel(quantity="variance", estimator="likelihood").max()
    assert row["largest gap"] == f"{float(largest):.1f}"


def test_a_chain_without_spread_has_no_logarithm_and_no_warning(recwarn):
    found = drift.simulated(Gaussian(), Own(), NORMAL, 2, 400, 20, seed=0)
    assert (found.log_variance.sel(generation=400) == -np.inf).all()
    assert not recwarn.list


def test_theory_of_policies_goes_by_the_same_names():
    policies = {
        "replace": Own(),
        "accumulate": Accumulate(),
        "fresh": Mix((Fresh(NORMAL), Own()), (0.2, 0.8)),
        "archive": Mix((Archive(), Fresh(NORMAL), Own()), (0.2, 0.3, 0.5)),
    }
    theory = drift.expected(BOTH, policies, 10, 7)
    assert theory.sizes == {"estimator": 2, "policy": 4, "generation": 7}
    runs = drift.simulated(BOTH, policies, NORMAL, 10, 7, 4_000, seed=3)
    found = drift.gaps(runs[["variance", "square_mean"]], theory)
    assert float(found.max()) < 4.5
    assert set(theory) == {"variance", "square_mean"}


@pytest.mark.parametrize("estimator", BOTH.values())
def test_so_many_chains_lie_between_the_bounds_and_half_above_the_median(estimator):
    runs = drift.simulated(estimator, Own(), NORMAL, 50, 30, 4_000, seed=4)
    middle, low, high = (x.sel(generation=30) for x in drift.typical(estimator, 50, 30, 0.8))
    last = runs.variance.sel(generation=30)
    assert float((last > middle).mean()) == pytest.approx(0.5, abs=0.03)
    assert float((last < low).mean()) == pytest.approx(0.1, abs=0.02)
    assert float((last > high).mean()) == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("n, fresh, t", [(50, 0.1, 1), (50, 0.1, 40), (100, 0.5, 7)])
def test_the_browser_is_told_what_theory_expects(n, fresh, t):
    words = {"pow": pow, "sin": math.sin, "sqrt": math.sqrt, "PI": math.pi, "t": t}
    found = {
        name: eval(text, words) for name, text in drift.in_vega(str(n), str(fresh), "t").items()
    }
    mixed = expectations.moments(n, t, fresh=fresh).variance[-1]
    assert found["replace"] == pytest.approx(expectations.moments(n, t).variance[-1])
    assert found["with fresh data"] == pytest.approx(mixed)
    assert found["accumulate, in the end"] == pytest.approx(expectations.accumulated_limit(n))


def test_curves_run_over_their_span_and_keep_the_order_of_their_names():
    params, now = plots.knobs({"g": ("generations ", 10, 500, 10, 100)})
    titles = {"series": "way", "x": "t", "y": "share", "domain": (0, 2)}
    lines = {"up": "datum.x", "down": "-datum.x"}
    spec = curves.curves(lines, params, ("1", now["g"]), **titles).to_dict()
    steps, axes = spec["transform"], spec["encoding"]
    assert steps[0] == {"calculate": f"1 + datum.i * ({now['g']} - 1) / 100", "as": "x"}
    assert steps[-1] == {"fold": ["up", "down"], "as": ["way", "value"]}
    assert axes["color"]["scale"]["domain"] == ["up", "down"]
    assert axes["y"]["scale"]["domain"] == [0, 2]
    assert (axes["x"]["title"], axes["y"]["title"]) == ("t", "share")
    assert spec["params"][0]["name"] == now["g"]


def test_variety_is_that_of_two_draws_and_ends_in_none():
    assert drift.variety([[0.5, 0.5], [0, 1]], 4).tolist() == [0.5, 0, 0, 0]
    assert drift.variety([[0.5, 0.5], [0, 1]], 1).tolist() == [0.5]
    law = drift.expected_variety([0, 0, 1, 2], 3)
    assert law.values == pytest.approx([0.625, 0.625 * 0.75, 0.625 * 0.75**2])
    assert list(law["copy"]) == [0, 1, 2]


def test_words_are_of_letters_and_apostrophes():
    assert drift.words_of("To be, or not; 'tis ROYAL-seeming 2") == [
        *("to", "be", "or", "not", "'tis", "royal", "seeming")
    ]


def test_words_are_counted_by_how_often_they_occurred():
    text = [0, 1, 1, 1, 2, 3, 3, 4]  # five words: three occur once
    chances = [np.bincount(text) / 8, [0, 0.5, 0.25, 0.25, 0], [0, 1, 0, 0, 0]]
    found = drift.forgotten(text, chances)
    assert found.words.to_series().to_dict() == {1: 3, 2: 1, 3: 1}
    assert found.left.sel(count=1).values.tolist() == [3, 1, 0]
    assert found.left.sel(count=3).values.tolist() == [1, 1, 1]
    assert found.differ.values.tolist() == [1 - 16 / 64, 1 - 3 / 8, 0]


def test_bands_pool_words_and_the_law_weighs_them():
    left = xr.DataArray(
        [[[3.0, 2, 1], [1, 2, 0]], [[5, 0, 2], [2, 0, 1]]],
        {"seed": [0, 1], "copy": [0, 1], "count": [1, 2, 3]},
    )
    texts = xr.Dataset({"left": left, "words": left.sel(copy=0, drop=True)})
    found = drift.in_bands(texts, {"once": 1, "more": 2})
    assert found.left.sel(occurred="once", copy=1).values.tolist() == [1 / 3, 2 / 5]
    assert found.left.sel(occurred="more", copy=1).values.tolist() == [2 / 3, 1 / 2]
    law = expectations.word_survival([1, 2, 3], 1)
    assert float(found.expected.sel(occurred="once", copy=1)) == pytest.approx(law[0])
    more = (2 * law[1] + 3 * law[2]) / 5
    assert float(found.expected.sel(occurred="more", copy=1)) == pytest.approx(more)


def test_a_half_life_is_interpolated_and_keeps_the_other_dimensions():
    shares = [[1, 0.8, 0.4], [1, 0.5, 0.1], [1, 0.9, 0.8]]
    left = xr.DataArray(shares, {"count": [1, 2, 3], "copy": [0, 10, 20]})
    assert drift.half_life(left).to_series().to_dict() == {1: 17.5, 2: 10, 3: 20}


def test_the_power_of_a_power_law_is_found_for_each_seed():
    at = xr.DataArray([1.0, 2, 8], {"count": [1, 2, 8]})
    values = xr.DataArray([3 * at**1.5, 0.1 * at], {"seed": [0, 1], "count": at["count"]})
    assert drift.power(values, "count").values == pytest.approx([1.5, 1])


def test_quantiles_fitted_to_themselves_stay_what_they_are():
    truth = drift.quantiles(2_000)
    assert (truth.mean(), truth.std()) == pytest.approx((0, 1))
    *_, last = run(drift.Quantiles(), Own(), 3 + 2 * truth, 5, seed=0)
    assert (last.fitted.mean, last.fitted.log_sd) == pytest.approx((3, np.log(2)))
    again = last.fitted.sample(4_000, seed=0)
    assert np.allclose(again[:2_000], again[2_000:])


def test_distances_are_of_mean_and_spread_and_exact_fits_keep_them():
    truth = drift.quantiles(2_000)
    steps = list(run(drift.Quantiles(start=(2.0, 0.0), steps=5), Own(), truth, 4, seed=0))
    found = drift.distances(steps, truth)
    fits = [step.fitted for step in steps]
    known = [fit.mean**2 + (np.exp(fit.log_sd) - 1) ** 2 for fit in fits]
    assert found.values == pytest.approx(known)
    assert list(found.generation) == [1, 2, 3, 4]
    humps = np.concatenate([truth - 2, truth + 2])
    flat = drift.distances(run(drift.Quantiles(), Own(), humps, 4, seed=0), humps)
    assert flat.values == pytest.approx([float(flat[0])] * 4)
    assert flat[0] > 0.1


def test_training_that_is_resumed_stays_where_it_stopped():
    truth = drift.quantiles(400)
    knobs = drift.Quantiles(start=(2.0, 0.0), steps=20, points=400)
    gaps = drift.distances(drift.resumed(knobs, truth, 4), truth)
    assert gaps.sel(generation=1) > 0.1
    assert gaps.values == pytest.approx(gaps.values[0], rel=1e-9)
    assert [step.number for step in drift.resumed(knobs, truth, 3)] == [1, 2, 3]
    with pytest.raises(ValueError, match="no start to resume"):
        next(drift.resumed(drift.Quantiles(), truth, 3))


def test_a_descent_that_stops_early_keeps_a_part_of_its_way_and_a_long_one_does_not():
    truth = drift.quantiles(2_000)
    hurried = drift.Quantiles(start=(2.0, 0.0), steps=10).fit(truth, seed=0)
    patient = drift.Quantiles(start=(2.0, 0.0), steps=2_000).fit(truth, seed=0)
    assert 0.1 < hurried.mean < 2
    assert (patient.mean, patient.log_sd) == pytest.approx((0, 0), abs=1e-6)
    once = drift.Quantiles(start=(2.0, 0.0), steps=1, rate=0.1).fit(truth, seed=0)
    assert (once.mean, once.log_sd) == pytest.approx((1.8, 0.4))


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: drift.typical(Gaussian(), 10, 5, share=1.0), "share is 1.0"),
        (lambda: drift.forgotten([0, 1], np.ones((3, 4))), r"2 ids below 2.* of shape \(3, 4\)"),
        (lambda: drift.forgotten([0, 2], np.ones((3, 3))), "2 ids below 3"),
        (lambda: drift.expected(Gaussian(), Own(), 1, 5), "n is 1"),
        (lambda: drift.quantiles(1), "n is 1"),
        (lambda: drift.expected(Gaussian(), Subsample(Own()), 9, 5), "no theory here of Subs"),
    ],
)
def test_what_makes_no_sense_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
