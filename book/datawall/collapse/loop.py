"""Models that train on models: one loop, any generator, any policy.

`run` fits a generator, lets a policy say what the next generation trains on, and fits again. A
policy is a small frozen object, called with the past, a number of rows and a seed; `policies` has
them. Rows are numpy arrays or torch tensors (n, ...), or a pair of points and labels. Chapters:
collapse-in-one-dimension, collapse-in-generators, collapse-in-language-models, avoiding-collapse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from datawall import validate
from datawall.evidence.seeds import independent
from datawall.generators.closed_forms import Gaussian
from datawall.generators.protocol import Degenerate, Fitted, Generator
from datawall.rows import Rows, length


class Generation(NamedTuple):
    """One turn of the loop: what was trained on, and what came of it.

    number: from 1, which trains on real data. fitted: None in the last record of a chain that has
    ended, and `ended` then says why; data are None too if the policy found nothing to train on.
    """

    number: int
    data: Rows
    fitted: Fitted | None
    ended: str = ""


@dataclass(frozen=True)
class Past:
    """What a policy may look at.

    original: the real rows. kept: what the policy asked to keep. fitted: the last model. seed: the
    chain's own, the same in each generation. columns: of chains side by side, see `chains`. ended:
    which of those have come to an end, (columns,); a policy that finds no rows for some of them
    marks these there, and gives rows of any kind for them.
    """

    original: Rows
    kept: Rows
    fitted: Fitted
    generation: int
    seed: int
    columns: int = 0
    ended: np.ndarray | None = None

    def draw(self, source: Fitted, size: int, *, seed: int) -> Rows:
        """`size` rows of a source of real data; of chains side by side, so many for each."""
        if not self.columns:
            return source.sample(size, seed=seed)
        return np.reshape(source.sample(size * self.columns, seed=seed), (size, self.columns))


class Next(NamedTuple):
    """What the next generation trains on, and what is kept for the ones after it."""

    train: Rows
    keep: Rows


class Policy(Protocol):
    """Says what the next generation trains on."""

    def __call__(self, past: Past, size: int, *, seed: int) -> Next:
        """`size` rows or, of what accumulates, `size` new ones."""


class Collapsed(Degenerate):
    """There is nothing left that a next generation could train on."""


def run(
    generator: Generator, policy: Policy, data: Rows, generations: int, *, seed: int
) -> Iterator[Generation]:
    """Yield each generation: its number, what it was trained on and the fitted model.

    data: real rows, on which the first generation trains; each later one gets as many rows, or as
    many new ones. The chain ends early, with a last record that has no model and says why, when
    there is nothing left to learn from: all rows are the same, one class is left of several, a row
    isn't finite, or the generator says by `Degenerate` that it can't be fitted or sampled. Any
    other error is a fault in the experiment, and is raised.

    Raises ValueError when the real data can't be fitted, and for fewer than one generation.
    """
    validate.whole("generations", generations)
    if fault := _fault(data, data):
        raise ValueError(f"the real data can't be learned from: {fault}")
    yield from _loop(generator, policy, data, generations, seed)


def _loop(generator, policy, data, generations, seed, ended=None) -> Iterator[Generation]:
    """The loop. ended: for chains side by side, which of them have ended, (columns,); kept here."""
    columns = 0 if ended is None else len(ended)
    size, train, kept = length(data), data, data
    for number in range(1, generations + 1):
        to_fit, to_choose = independent([seed, number], 2)
        if fault := _fault_of_columns(train, ended) if columns else _fault(train, data):
            yield Generation(number, train, None, fault)
            return
        try:
            fitted = generator.fit(train, seed=to_fit)
        except Degenerate as error:
            if number == 1:
                raise  # the caller's data, not a collapse
            yield Generation(number, train, None, str(error))
            return
        yield Generation(number, train, fitted)
        if number == generations:
            return
        try:
            past = Past(data, kept, fitted, number, seed, columns, ended)
            train, kept = policy(past, size, seed=to_choose)
        except Degenerate as error:
            yield Generation(number + 1, None, None, str(error))
            return


class Chains(NamedTuple):
    """Many one-dimensional chains: mean and variance of each fit, (generations, count).

    ended: the generation in which a chain had no spread left, or nothing to train on, (count,), 0
    if it never came to that. From then on its mean is repeated and its variance 0, whatever becomes
    of the chains beside it.
    """

    mean: np.ndarray
    variance: np.ndarray
    ended: np.ndarray


def chains(
    generator: Gaussian,
    policy: Policy,
    source: Fitted,
    size: int,
    generations: int,
    count: int,
    *,
    seed: int,
) -> Chains:
    """`count` independent chains of a Gaussian in one dimension, as `run` makes one, side by side.

    The same loop and policies: a row is a point of each chain. source: where each chain's `size`
    real points come from.

    Raises ValueError for less than two points, a chain or a generation, for shrinkage, and for a
    source or a policy whose rows aren't numbers, one a chain.
    """
    validate.whole("count", count)
    validate.whole("generations", generations)
    validate.whole("size", size, least=2)
    if not isinstance(generator, Gaussian):
        raise ValueError(f"chains of {type(generator).__name__}: give a Gaussian, or use `run`")
    if generator.shrink:
        raise ValueError("in one dimension there is nothing to shrink towards: leave it out")
    start = validate.numbers("rows of the source", source.sample(size * count, seed=seed))
    if start.size != size * count:
        raise ValueError(f"the source gives rows of shape {start.shape[1:]}: give one of numbers")
    start = start.reshape(size, count)
    if (start == start[0]).all():
        raise ValueError(
            "the real data can't be learned from: the points of each chain are the same"
        )
    mean, variance = np.full((2, generations, count), np.nan)
    last, ended = 0, np.zeros(count, bool)
    for step in _loop(_Columns(generator), policy, start, generations, seed, ended):
        if step.fitted is None:
            break
        mean[last], variance[last] = step.fitted.mean, step.fitted.variance
        mean[last, ended], variance[last, ended] = mean[last - 1, ended], 0.0
        ended |= variance[last] == 0
        last += 1
    mean[last:], variance[last:] = mean[last - 1], 0.0
    flat = variance == 0
    return Chains(mean, variance, np.where(flat.any(0), flat.argmax(0) + 1, 0))


@dataclass(frozen=True)
class _Columns:
    """A Gaussian for each column of (n, count)."""

    knobs: Gaussian

    def fit(self, data: np.ndarray, *, seed: int) -> _FittedColumns:
        mean = data.mean(0)
        with np.errstate(invalid="ignore"):  # of chains that have ended in infinity
            gaps = data - mean
        variance = np.einsum("ij,ij->j", gaps, gaps) / (len(data) - self.knobs.ddof)
        near = np.flatnonzero(
            variance < 1e-20 * mean**2
        )  # equal points, but for the mean's rounding?
        variance[near[(data[:, near] == data[0, near]).all(0)]] = 0.0
        return _FittedColumns(self.knobs, mean, variance)


@dataclass(frozen=True)
class _FittedColumns:
    knobs: Gaussian
    mean: np.ndarray
    variance: np.ndarray

    def sample(self, n: int, *, seed: int) -> np.ndarray:
        points = np.random.default_rng(seed).standard_normal((n, len(self.mean)))
        points *= np.sqrt(self.variance * self.knobs.temperature)
        points += self.mean
        return points


def _fault_of_columns(rows: np.ndarray, ended: np.ndarray) -> str:
    """Why no chain can go on, or "" if one can; those that aren't finite are marked as ended."""
    if rows.ndim != 2 or rows.shape[1] != len(ended):
        raise ValueError(
            f"the policy gave rows of shape {rows.shape} for {len(ended)} chains: give one column "
            "a chain, (rows, chains)"
        )
    if not len(rows):
        return "there are no rows"
    ended |= ~np.isfinite(rows.sum(0))
    if ended.all():
        return "all chains have ended"
    living = rows[:, ~ended] if ended.any() else rows
    if (living[0] == living[-1]).all() and (living == living[0]).all():
        return f"all {len(rows)} rows of each chain are the same"
    return ""


def _fault(rows: Rows, original: Rows) -> str:
    """Why nothing can be learned from rows, or "" if something can."""
    if not length(rows):
        return "there are no rows"
    if isinstance(rows, tuple):
        points, labels = rows
        classes = np.unique(np.asarray(labels))
        if len(classes) == 1 and len(np.unique(np.asarray(original[1]))) > 1:
            return f"one class is left, {classes[0]}"
        return _fault(points, original[0])
    values = np.asarray(rows)
    if np.issubdtype(values.dtype, np.number) and not np.isfinite(values.sum()):
        bad = (~np.isfinite(values.reshape(len(values), -1))).any(1).sum()
        return f"{bad} of {len(values)} rows hold NaN or infinity"
    if (values[0] == values[-1]).all() and (values == values[0]).all():
        return f"all {len(values)} rows are the same"
    return ""
