"""The laws of repeated text, fitted to the runs of a study; what a reading is worth.

Runs are a Dataset (run,) with params, tokens, epochs, unique_tokens, loss, width and seed: see
`runs`. Chapter: repeated-epochs.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from datawall.evidence import intervals
from datawall.laws import scaling

COLUMNS = ("params", "tokens", "unique_tokens")


def runs(table: xr.Dataset) -> xr.Dataset:
    """Runs (run,) of a part of the study: its grid, one run after another.

    table: params and loss over width, tokens, epochs and seed, in nats.
    """
    found = table.stack(run=["width", "tokens", "epochs", "seed"]).reset_index("run")
    return found.assign(unique_tokens=found.tokens / found.epochs)


def fresh_law(runs: xr.Dataset) -> scaling.Chinchilla:
    """The law of fresh tokens, fitted to the runs of one epoch: both debts with one exponent."""
    once = runs.isel(run=runs.epochs == 1)
    return scaling.fit_overtraining(once.params, once.tokens, once.loss).law.chinchilla


def fitted(
    form: type[scaling.DataConstrained] | type[scaling.Overfitting],
    runs: xr.Dataset,
    base: scaling.Chinchilla | None = None,
    **fixed: float,
) -> scaling.Fit:
    """What repetition adds, fitted to the runs of more than one epoch: see `fit_repetition`.

    base: the law of fresh tokens, by default that of the runs of one epoch. fixed: constants that
    stay as given. Raises what the fits in `scaling` raise.
    """
    base = base or fresh_law(runs)
    again = runs.isel(run=runs.epochs > 1)
    return scaling.fit_repetition(form, base, *(again[k] for k in COLUMNS), again.loss, **fixed)


def errors(law: scaling.DataConstrained | scaling.Overfitting, runs: xr.Dataset) -> np.ndarray:
    """By how many percent the law's loss lies above each run's, (run,)."""
    return 100 * (law.loss(*(runs[k].values for k in COLUMNS)) / runs.loss.values - 1)


def strengths(
    runs: xr.Dataset, like: scaling.Overfitting, n: int, *, seed: int
) -> tuple[float, list[float]]:
    """The penalty's P with the exponents of `like`: of the runs, and of `n` samples of them.

    The law of fresh tokens is that of all runs of one epoch, in each sample the same.
    """
    base, fixed = fresh_law(runs), {"delta": like.delta, "kappa": like.kappa}
    fits = [
        fitted(scaling.Overfitting, part, base, **fixed)
        for part in (runs, *resampled(runs, n, seed=seed))
    ]
    value, *draws = [fit.law.P for fit in fits]
    return value, draws


def resampled(runs: xr.Dataset, n: int, *, seed: int) -> list[xr.Dataset]:
    """`n` bootstrap samples of the runs; those of one width and one seed are drawn together."""
    _, groups = np.unique([runs.width, runs.seed], axis=1, return_inverse=True)
    return [runs.isel(run=rows) for rows in intervals.resamples(n, seed=seed, groups=groups)]


def fresh_needed(again: xr.DataArray, fresh: xr.DataArray) -> xr.DataArray:
    """Fresh tokens that give the losses `again`, read off a curve of fresh text, (..., tokens).

    again, fresh: losses over `tokens`, and whatever else they share; those of `fresh` fall.
    Between its points the loss is linear in the log of the tokens; beyond its ends it ends.
    """

    def read_off(again, fresh):
        return np.exp(np.interp(-again, -fresh, np.log(tokens)))

    tokens = fresh.tokens.values
    along = dict(input_core_dims=[["tokens"], ["tokens"]], output_core_dims=[["tokens"]])
    return xr.apply_ufunc(read_off, again, fresh, vectorize=True, **along)
