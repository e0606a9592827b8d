"""A recursion in one dimension under names: simulation, theory and words that are copied."""

import numpy as np
import pytest
import xarray as xr

from datawall.collapse import drift, expectations
from datawall.collapse.loop import chains
from datawall.collapse.policies import Accumulate, Own
from datawall.generators.closed_forms import Gaussian

NORMAL = Gaussian().fit([-1.0, 1.0], seed=0)  # mean 0, variance 1


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


@pytest.mark.parametrize("ddof", [0, 1])
def test_simulation_and_theory_agree_under_the_same_names(ddof):
    runs = drift.simulated(Gaussian(ddof), Own(), NORMAL, 25, 12, 4_000, seed=1)
    theory = drift.expected(25, 12, ddof)
    gap = (runs.mean("chain") - theory) / (runs.std("chain", ddof=1) / np.sqrt(4_000))
    assert set(gap) == {"variance", "square_mean", "log_variance", "distance"}
    assert float(abs(gap.to_dataarray()).max()) < 4.5


def test_a_chain_without_spread_has_no_logarithm_and_no_warning(recwarn):
    found = drift.simulated(Gaussian(), Own(), NORMAL, 2, 400, 20, seed=0)
    assert (found.log_variance.sel(generation=400) == -np.inf).all()
    assert not recwarn.list


def test_moments_of_a_policy_are_named():
    found = drift.by_generation(expectations.accumulated(10, 7))
    assert list(found.generation) == list(range(1, 8))
    runs = drift.simulated(Gaussian(), Accumulate(), NORMAL, 10, 7, 4_000, seed=3)
    error = runs.std("chain", ddof=1) / np.sqrt(4_000)
    for name in ("variance", "square_mean"):
        assert (abs(runs[name].mean("chain") - found[name]) < 4.5 * error[name]).all()


@pytest.mark.parametrize("ddof", [0, 1])
def test_so_many_chains_lie_between_the_bounds_and_half_above_the_median(ddof):
    runs = drift.simulated(Gaussian(ddof), Own(), NORMAL, 50, 30, 4_000, seed=4)
    middle, low, high = (x.sel(generation=30) for x in drift.typical(50, 30, ddof, 0.8))
    last = runs.variance.sel(generation=30)
    assert float((last > middle).mean()) == pytest.approx(0.5, abs=0.03)
    assert float((last < low).mean()) == pytest.approx(0.1, abs=0.02)
    assert float((last > high).mean()) == pytest.approx(0.1, abs=0.02)


def test_results_are_stacked_along_a_named_dimension():
    parts = {"unbiased": drift.expected(9, 4, 1), "likelihood": drift.expected(9, 4, 0)}
    found = drift.stacked(estimator=parts)
    assert list(found.estimator) == ["unbiased", "likelihood"]
    for name, part in parts.items():
        assert found.sel(estimator=name, drop=True).equals(part)
    arrays = drift.stacked(of={name: part.variance for name, part in parts.items()})
    assert float(arrays.sel(of="unbiased", generation=3)) == pytest.approx(1)


def test_words_are_counted_by_how_often_they_occurred():
    counts = [1, 3, 1, 2, 1]  # five words in a text of eight
    chances = [np.array(counts) / 8, [0, 0.5, 0.25, 0.25, 0], [0, 1, 0, 0, 0]]
    found = drift.forgotten(counts, chances)
    assert found.words.to_series().to_dict() == {1: 3, 2: 1, 3: 1}
    assert found.left.sel(count=1).values.tolist() == [3, 1, 0]
    assert found.left.sel(count=3).values.tolist() == [1, 1, 1]
    assert found.differ.values.tolist() == [1 - 16 / 64, 1 - 3 / 8, 0]


def test_a_half_life_is_interpolated_and_keeps_the_other_dimensions():
    shares = [[1, 0.8, 0.4], [1, 0.5, 0.1], [1, 0.9, 0.8]]
    left = xr.DataArray(shares, {"count": [1, 2, 3], "copy": [0, 10, 20]})
    assert drift.half_life(left).to_series().to_dict() == {1: 17.5, 2: 10, 3: 20}


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: drift.typical(10, 5, share=1.0), "between 0 and 1"),
        (lambda: drift.stacked(), "one dimension, not 0"),
        (lambda: drift.stacked(a={}, b={}), "one dimension, not 2"),
        (lambda: drift.forgotten([1, 2], np.ones((3, 4))), r"counts \(2,\) and chances \(3, 4\)"),
        (lambda: drift.expected(1, 5), "two or more"),
    ],
)
def test_what_makes_no_sense_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
