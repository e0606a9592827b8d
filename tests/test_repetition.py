import numpy as np
import pytest
import xarray as xr

from datawall.evidence import intervals
from datawall.laws import repetition, scaling

BASE = scaling.Chinchilla(E=1.2, A=20.0, B=60.0, alpha=0.3, beta=0.3)
PENALTY = scaling.Overfitting(BASE, P=0.02, delta=1.1, kappa=0.4)


@pytest.fixture
def runs():
    sizes = {
        "width": [16, 32, 64],
        "tokens": [2**16, 2**17],
        "epochs": [1, 2, 4, 8],
        "seed": [0, 1],
    }
    grid = xr.Dataset(coords=sizes)
    params = 12 * grid.width**2
    loss = PENALTY.loss(
        *(x.values for x in xr.broadcast(params, grid.tokens, grid.tokens / grid.epochs))
    )
    dims = ("width", "tokens", "epochs")
    table = xr.Dataset({"loss": (dims, loss), "params": ("width", params.values)}, sizes)
    return repetition.runs(table.broadcast_like(grid.seed).transpose(*dims, "seed"))


def test_runs_know_how_many_tokens_are_unique(runs):
    assert runs.sizes == {"run": 48}
    np.testing.assert_allclose(runs.unique_tokens * runs.epochs, runs.tokens)


def test_a_known_law_is_fitted_and_makes_no_errors(runs):
    law = repetition.fitted(scaling.Overfitting, runs, BASE).law
    assert abs(law.P / PENALTY.P - 1) < 0.05
    assert np.abs(repetition.errors(law, runs)).max() < 0.1
    assert np.abs(repetition.errors(PENALTY, runs)).max() < 1e-9


def test_the_law_of_fresh_tokens_comes_from_one_epoch_alone(runs):
    once = runs.isel(run=runs.epochs == 1)
    assert repetition.fresh_law(runs) == repetition.fresh_law(once)
    given = repetition.fitted(scaling.Overfitting, runs, repetition.fresh_law(runs)).law
    assert repetition.fitted(scaling.Overfitting, runs).law == given


def test_a_size_and_seed_is_drawn_as_one(runs):
    first, again = (repetition.resampled(runs, 2, seed=3) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.loss, other.loss)
        assert one.sizes == runs.sizes
        pairs = np.stack([one.width, one.seed])
        _, counts = np.unique(pairs, axis=1, return_counts=True)
        assert (counts % 8 == 0).all()
    groups = runs.width.values * 10 + runs.seed.values
    (rows, *_) = intervals.resamples(2, seed=3, groups=groups)
    np.testing.assert_array_equal(first[0].loss, runs.loss[rows])


def test_fresh_tokens_are_read_off_in_the_log():
    tokens = {"tokens": [10, 100, 1000]}
    fresh = xr.DataArray([[3.0, 2.0, 1.0], [4.0, 3.0, 2.0]], {"seed": [0, 1]} | tokens)
    again = xr.DataArray([[3.0, 2.5, 9.0], [4.0, 2.0, 1.0]], {"seed": [0, 1]} | tokens)
    needed = repetition.fresh_needed(again, fresh)
    assert needed.dims == ("seed", "tokens")
    np.testing.assert_allclose(needed, [[10, 10**1.5, 10], [10, 1000, 1000]])


def test_the_penalty_is_as_strong_as_it_was_made(runs):
    base = repetition.fresh_law(runs)
    samples = [runs, *repetition.resampled(runs, 3, seed=0)]
    found = [repetition.strength(sample, PENALTY, base) for sample in samples]
    np.testing.assert_allclose(found, PENALTY.P, rtol=0.05)


def test_a_profile_is_lowest_at_the_law_that_made_the_runs(runs):
    law = scaling.DataConstrained(BASE, R_D=10.0, R_N=5.0)
    made = runs.assign(loss=("run", law.loss(*(runs[k].values for k in repetition.COLUMNS))))
    found = repetition.profile(made, BASE, [3.0, 10.0, 30.0])
    assert found.idxmin("R_D") == 10 and found.sel(R_D=10) < 0.01 * found.min("R_D").item() + 1e-6


def test_published_runs_are_those_of_the_authors_fit():
    runs = repetition.published_runs()
    assert runs.sizes == {"run": 182} and {*repetition.COLUMNS, "loss", "epochs"} <= set(runs)
    base, held = scaling.MUENNIGHOFF_2023.base, [5.0, 15.387756]
    found = repetition.profile(runs, base, held)
    np.testing.assert_allclose(found.sel(R_D=15.387756), 0.015826, rtol=1e-3)  # as published


def test_what_repetition_costs_in_the_published_runs():
    found = repetition.published_excess()
    assert found.groupby("params").size().tolist() == [7, 7, 7]
    assert found[found.epochs.between(3.9, 4.1)].excess.round(2).tolist() == [0.59, 0.60, 0.62]
    many = found[found.epochs > 40]
    assert many.excess.between(32.9, 34.1).all() and (many.in_fit == 0).all()
