"""Remedies on trial: each simulation beside its theory, under the same names."""

import numpy as np
import pytest
import xarray as xr

from datawall.collapse import loop, remedy_expectations, trials
from datawall.collapse.expectations import moments
from datawall.collapse.policies import Own
from datawall.evidence.intervals import over_seeds
from datawall.generators.closed_forms import Gaussian

WIDEST = 4.5  # standard errors: one comparison in a hundred thousand lies outside


def agree(simulated, expected, dim="repeat"):
    error = simulated.std(dim, ddof=1) / np.sqrt(simulated.sizes[dim])
    return bool((np.abs(simulated.mean(dim) - expected) < WIDEST * error).all())


def test_bench_pairs_each_policy_with_its_expectation():
    for i, (policy, exact) in enumerate(trials.bench(60, 6).values()):
        found = loop.chains(Gaussian(), policy, trials.WORLD, 60, 6, 600, seed=i)
        assert trials.beside(exact, found, together=3).gap.max() < WIDEST
    with pytest.raises(ValueError, match="multiple of 60"):
        trials.bench(50, 6)


def test_beside_has_theory_and_simulation_under_one_name():
    exact = moments(20, 5)
    found = loop.chains(Gaussian(), Own(), trials.WORLD, 20, 5, 300, seed=1)
    held = trials.beside(exact, found)
    assert dict(held.sizes) == {"moment": 2, "generation": 5}
    last = held.sel(moment="variance left", generation=5)
    assert last.theory == exact.variance[-1]
    assert last.simulated == pytest.approx(found.variance[-1].mean())
    assert last["median"] == np.median(found.variance[-1])
    error = found.variance[-1].std(ddof=1) / np.sqrt(300)
    assert last.gap == pytest.approx(abs(last.simulated - last.theory) / error)
    with pytest.raises(ValueError, match="300 chains in groups of 7"):
        trials.beside(exact, found, together=7)


def test_weighted_mean_and_its_best_weight():
    weights = [0.3, 0.6, 1.0]
    runs = [trials.weighted_mean(5, 15, weights, 60, 4_000, seed=seed) for seed in range(6)]
    runs = xr.concat(runs, "seed")
    assert agree(runs.simulated, runs.theory.isel(seed=0), "seed")
    best = over_seeds([trials.best_weight(10, 10, seed=seed) for seed in range(6)])
    assert best.low < remedy_expectations.golden(1) < best.high


def test_least_squares_are_over_the_first_round():
    runs = trials.least_squares(4, 12, 6, 3_000, seed=2)
    assert (runs.theory.sel(round=1) == 1).all()
    assert agree(runs.simulated, runs.theory)
    last = runs.theory.sel(round=6)
    assert last.sel(way="replace") == pytest.approx(6)
    accumulated = [last.sel(way=f"accumulate, {kind} inputs") for kind in ("new", "same")]
    assert accumulated[0] < accumulated[1] < np.pi**2 / 6


def test_shifted_labels_set_a_floor():
    labels = [1_000, 10_000]
    found = trials.shifted(5, labels, 10, 1.0, 400, seed=10)
    assert agree(found.simulated, found.theory)
    alone = trials.shifted(5, labels[1:], 10, 1.0, 400, seed=10)  # draws of their own
    assert (alone.simulated == found.simulated.sel(labels=labels[1:])).all()
    honest = trials.shifted(5, labels, 10, np.sqrt(5 / np.array(labels)), 400, seed=10)
    assert (honest.simulated.mean("repeat") < found.simulated.mean("repeat")).all()


def test_shelves_have_no_row_in_common():
    parts = trials.shelves(seed=0)
    sizes = {name: len(parts[name][1]) for name in ("originals", "later", "judges", "test")}
    assert sizes == {"originals": 300, "later": 600, "judges": 297, "test": 600}
    rows = np.concatenate([parts[name][0] for name in sizes])
    assert rows.shape == (1797, 16)
    assert len(np.unique(rows.round(9), axis=0)) == 1797
    assert (parts["judges"][1] != 8).sum() == trials.NEEDS.loc["verifier, knows no 8"].iloc[0]
    assert set(trials.NEEDS.index) > {*trials.filters(**parts)} - {
        "typical half",
        "surprising half",
    }


def test_filters_choose_among_samples():
    parts = trials.shelves(seed=0)
    samples = parts["model"].fit(parts["originals"], seed=0)
    policies = trials.filters(**parts)
    past = loop.Past(parts["originals"], parts["originals"], samples, 1, 0)
    rows = policies["verifier, knows no 8"](past, 200, seed=1).train
    assert len(rows[1]) == 200 and 8 not in rows[1]
    halves = [policies[f"{name} half"].keep(rows, past) for name in ("typical", "surprising")]
    assert (halves[0] != halves[1]).all()


def test_committees_have_real_data_of_equal_size():
    parts = trials.shelves(seed=0)
    sizes = {name: len(data[1]) for name, (_, data) in trials.committees(**parts).items()}
    assert sizes == {
        "three models, own data": 900,
        "three models, same data": 900,
        "one model, thrice the points": 900,
        "three kinds of model": 300,
    }


def test_score_of_real_data_is_high():
    parts = trials.shelves(seed=0)
    found = trials.score(parts["originals"], parts["test"])
    assert 0 < found["misread"] < 10 and 80 < found["recall"] < 100


def test_verifier_turns_at_its_threshold():
    read = trials.verified(trials.Verifier(right=1, wrong=1), seed=0)["read"]
    assert read.sel(wrong=0.3, method="nearest") > 0.85
    assert read.sel(wrong=0.7, method="nearest") < 0.15


def test_pictures_show_the_first_of_each_digit():
    parts = trials.shelves(seed=0)
    points, labels = parts["test"]
    shown = trials.pictures(parts["test"], parts["pixels"], each=3)
    assert shown.shape == (30, 64)
    assert shown.min() > -0.5 and shown.max() < 1.5  # sixteen components of the pixels are kept
    assert np.allclose(shown[12:15], parts["pixels"](points[labels == 4][:3]))
    few = points[labels != 8], labels[labels != 8]
    assert not trials.pictures(few, parts["pixels"])[16:18].any()
