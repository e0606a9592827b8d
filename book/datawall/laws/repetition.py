"""The laws of repeated text, fitted to runs of a study and to published ones; a reading's worth.

Runs are a Dataset (run,) with params, tokens, epochs, unique_tokens, loss, width and seed: see
`runs`. Chapter: repeated-epochs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from datawall.evidence import intervals
from datawall.laws import published, scaling

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


def profile(runs: xr.Dataset, base: scaling.Chinchilla, held: Sequence[float]) -> xr.DataArray:
    """The misfit of worn-out tokens with R_D held at each of these values, R_N fitted: (R_D,).

    base: the law of fresh tokens. The misfit is the summed Huber loss of `scaling.fit_repetition`,
    which raises what it raises.
    """
    columns = *(runs[k] for k in COLUMNS), runs.loss
    fits = [scaling.fit_repetition(scaling.DataConstrained, base, *columns, R_D=r) for r in held]
    return xr.DataArray([fit.objective for fit in fits], {"R_D": list(held)}, "R_D")


def strength(runs: xr.Dataset, like: scaling.Overfitting, base: scaling.Chinchilla) -> float:
    """The penalty's P with the exponents of `like` and the law of fresh tokens `base`."""
    return fitted(scaling.Overfitting, runs, base, delta=like.delta, kappa=like.kappa).law.P


def published_runs() -> xr.Dataset:
    """The runs (run,) that Muennighoff et al. 2023 fit, with params, tokens, epochs and loss."""
    found = published.table("datablations_runs")
    return xr.Dataset.from_dataframe(found[found.in_fit == 1].set_index("run"))


def published_excess() -> pd.DataFrame:
    """What repetition costs in the published runs, by params, tokens and epochs, a row a run.

    excess: the loss above that of the run of one epoch of as many params and tokens, in percent.
    Only sizes with six or more such runs, outliers that the authors leave out of their fit
    (in_fit is 0) among them.
    """
    found = published.table("datablations_runs")
    alike = ["params", "tokens"]
    once = found[found.epochs <= 1].groupby(alike).loss.min().rename("fresh")
    again = found[found.epochs > 1].join(once, on=alike, how="inner")
    again = again[again.groupby(alike).loss.transform("size") >= 6]
    again = again.assign(excess=100 * (again.loss / again.fresh - 1))
    return again.sort_values([*alike, "epochs"])[[*alike, "epochs", "excess", "in_fit"]]


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
