"""Intervals over seeds and over bootstrap draws (chapter: scaling-laws)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import joblib
import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


class Interval(NamedTuple):
    """A value between two bounds; arrays of one shape for a band."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


def resamples(n: int, seed: int, groups: ArrayLike) -> Iterator[np.ndarray]:
    """`n` bootstrap samples of rows, as arrays of row numbers: whole groups with replacement.

    groups: a label a row. Rows with one label (budgets read from one training run, say) aren't
    independent, so they are drawn together.
    """
    groups = np.asarray(groups)
    members = [np.flatnonzero(groups == label) for label in np.unique(groups)]
    rng = np.random.default_rng(seed)
    for _ in range(n):
        drawn = rng.integers(len(members), size=len(members))
        yield np.concatenate([members[i] for i in drawn])


def replicate(function: Callable, settings: Sequence[Sequence], seeds: Sequence[int]) -> np.ndarray:
    """Run `function(*setting, seed)` for every setting and seed, on all cores of the machine.

    The function returns a number or a sequence of numbers. Returns an array (settings, seeds) or
    (settings, seeds, numbers). Raises ValueError when there is nothing to run.
    """
    tasks = [joblib.delayed(function)(*setting, seed) for setting in settings for seed in seeds]
    if not tasks:
        raise ValueError(f"{len(settings)} settings and {len(seeds)} seeds: nothing to run")
    found = np.asarray(joblib.Parallel(joblib.cpu_count())(tasks), float)
    return found.reshape(len(settings), len(seeds), *found.shape[1:])


def over_seeds(values: ArrayLike, level: float = 0.95, axis: int = 0) -> Interval:
    """Mean over seeds and its Student t interval; `axis` counts the seeds.

    Raises ValueError for fewer than three seeds: two give an interval that says nothing.
    """
    values = np.asarray(values, float)
    seeds = values.shape[axis]
    if seeds < 3:
        raise ValueError(f"{seeds} seeds give no interval: run three or more")
    mean = values.mean(axis)
    half = stats.t.ppf((1 + level) / 2, seeds - 1) * values.std(axis, ddof=1) / np.sqrt(seeds)
    return Interval(mean, mean - half, mean + half)


def over_draws(value: ArrayLike, draws: ArrayLike, level: float = 0.95, axis: int = 0) -> Interval:
    """A fitted value and the percentile interval of its bootstrap draws; `axis` counts the draws.

    Raises ValueError for fewer than 100 draws: the tails would be single draws.
    """
    draws = np.asarray(draws, float)
    if draws.shape[axis] < 100:
        raise ValueError(f"{draws.shape[axis]} draws are too few for an interval: make 100 or more")
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=axis)
    return Interval(np.asarray(value, float), low, high)
