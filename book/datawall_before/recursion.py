"""Models that train on models: one loop, any generator, any policy.

`run` fits a generator, lets a policy say what the next generation trains on, and fits again. A
policy is a small frozen object, called with the past, a number of rows and a seed; policies nest:

    Own()                                        replace: the last model's samples alone
    Accumulate()                                 all data so far, and new samples
    Mix((Archive(), Own()), (0.1, 0.9))          a tenth are the same original rows every time
    Mix((Fresh(source), Own()), (0.1, 0.9))      a tenth are new rows of a source
    Subsample(Accumulate())                      all is kept, and a part of it trained on
    Filter(keep, Own(temperature=0.8))           cooler samples that pass a test

Rows are numpy arrays or torch tensors (n, ...), or a pair of points and labels. Chapters:
collapse-in-one-dimension, collapse-in-generators, collapse-in-language-models, avoiding-collapse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike

from datawall_before.generators import Fitted, Gaussian, Generator, tempered

Rows = Any  # an array or a tensor (n, ...), or a pair of points and labels


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
    chain's own, the same in each generation. columns: of chains side by side, see `chains`.
    """

    original: Rows
    kept: Rows
    fitted: Fitted
    generation: int
    seed: int
    columns: int = 0

    def draw(self, source: Fitted, size: int, seed: int) -> Rows:
        """`size` rows of a source of real data; of chains side by side, so many for each."""
        if not self.columns:
            return source.sample(size, seed)
        return np.reshape(source.sample(size * self.columns, seed), (size, self.columns))


class Next(NamedTuple):
    """What the next generation trains on, and what is kept for the ones after it."""

    train: Rows
    keep: Rows


class Policy(Protocol):
    """Says what the next generation trains on."""

    def __call__(self, past: Past, size: int, seed: int) -> Next:
        """`size` rows or, of what accumulates, `size` new ones."""


class Collapsed(ValueError):
    """There is nothing left that a next generation could train on."""


# Policies -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Own:
    """Samples of the last model alone: replacement, the policy that published collapses use.

    temperature: that of sampling, instead of the generator's own (`generators.tempered`).
    """

    temperature: float | None = None

    def __call__(self, past: Past, size: int, seed: int) -> Next:
        model = past.fitted
        if self.temperature is not None:
            try:
                model = tempered(model, self.temperature)
            except (AttributeError, TypeError):
                kind = type(model).__name__
                raise ValueError(f"{kind} has no temperature: leave it out of Own()") from None
        try:
            rows = model.sample(size, seed)
        except (ValueError, FloatingPointError) as error:
            raise Collapsed(f"the model can't be sampled: {error}") from error
        return Next(rows, rows)


@dataclass(frozen=True)
class Archive:
    """Original rows, drawn once: every generation gets the same."""

    def __call__(self, past: Past, size: int, seed: int) -> Next:
        if size > length(past.original):
            raise ValueError(
                f"{size} original rows are asked for, and there are {length(past.original)}: "
                "lower the archive's share"
            )
        order = np.random.default_rng(past.seed).permutation(length(past.original))
        rows = take(past.original, order[:size])
        return Next(rows, rows)


@dataclass(frozen=True)
class Fresh:
    """New rows of a source: anything with `sample(n, seed)`, the real world or another model."""

    source: Fitted

    def __call__(self, past: Past, size: int, seed: int) -> Next:
        rows = past.draw(self.source, size, seed)
        return Next(rows, rows)


@dataclass(frozen=True)
class Mix:
    """Several policies' rows together, each its share of the whole, to the nearest row."""

    parts: tuple[Policy, ...]
    shares: tuple[float, ...]

    def __post_init__(self):
        if len(self.parts) != len(self.shares) or not self.parts:
            raise ValueError(
                f"{len(self.parts)} parts and {len(self.shares)} shares: give one share a part"
            )
        if min(self.shares) < 0 or abs(sum(self.shares) - 1) > 1e-9:
            raise ValueError(f"shares {self.shares}: give shares that add up to 1, none below 0")

    def __call__(self, past: Past, size: int, seed: int) -> Next:
        edges = np.rint(np.cumsum([0, *self.shares]) * size).astype(int)
        asked = zip(self.parts, np.diff(edges), seeds(seed, len(self.parts)), strict=True)
        rows = join([part(past, int(count), own).train for part, count, own in asked if count])
        return Next(rows, rows)


@dataclass(frozen=True)
class Accumulate:
    """All that was kept so far, first of all the original rows, and a policy's rows added."""

    policy: Policy = field(default_factory=Own)

    def __call__(self, past: Past, size: int, seed: int) -> Next:
        rows = join([past.kept, self.policy(past, size, seed).train])
        return Next(rows, rows)


@dataclass(frozen=True)
class Subsample:
    """Train on `size` rows drawn from a policy's without replacement; keep what it keeps."""

    policy: Policy

    def __call__(self, past: Past, size: int, seed: int) -> Next:
        own, inner = seeds(seed, 2)
        found = self.policy(past, size, inner)
        shape = length(found.train), past.columns or 1  # each chain's own draw
        order = np.sort(np.random.default_rng(own).random(shape).argsort(0)[:size], 0)
        if past.columns:
            return Next(np.take_along_axis(found.train, order, 0), found.keep)
        return Next(take(found.train, order[:, 0]), found.keep)


@dataclass(frozen=True)
class Filter:
    """Only those of a policy's rows that pass a test; as many are drawn as it takes.

    keep: a function of rows and the past that gives booleans (n,), or (n, chains) for `chains`.
    tries: so many times `size` rows are drawn at most; the chain ends if too few have passed.
    """

    keep: Callable[[Rows, Past], ArrayLike]
    policy: Policy = field(default_factory=Own)
    tries: int = 50

    def __call__(self, past: Past, size: int, seed: int) -> Next:
        rows, passed = [], []
        for own in seeds(seed, self.tries):
            rows.append(self.policy(past, size, own).train)
            passed.append(np.asarray(self.keep(rows[-1], past), bool))
            enough = np.sum([part.sum(0) for part in passed], 0)  # of each chain
            if enough.min() >= size:
                found = _first(join(rows), np.concatenate(passed), size)
                return Next(found, found)
        raise Collapsed(
            f"the filter passed {enough.min()} of {size * self.tries} rows, and {size} are needed"
        )


# The loop -----------------------------------------------------------------------------------------


def run(
    generator: Generator, policy: Policy, data: Rows, generations: int, seed: int
) -> Iterator[Generation]:
    """Yield each generation: its number, what it was trained on and the fitted model.

    data: real rows, on which the first generation trains; each later one gets as many rows, or as
    many new ones. The chain ends early, with a last record that has no model and says why, when
    there is nothing left to learn from: all rows are the same, one class is left of several, a row
    isn't finite, or the generator can't be fitted or sampled.

    Raises ValueError when the real data can't be fitted, and for fewer than one generation.
    """
    if generations < 1:
        raise ValueError(f"{generations} generations: give one or more")
    yield from _loop(generator, policy, data, generations, seed)


def _loop(generator, policy, data, generations, seed, columns=0) -> Iterator[Generation]:
    if fault := _fault(data, data):
        raise ValueError(f"the real data can't be learned from: {fault}")
    size, train, kept = length(data), data, data
    for number in range(1, generations + 1):
        to_fit, to_choose = seeds([seed, number], 2)
        if fault := _fault(train, data):
            yield Generation(number, train, None, fault)
            return
        try:
            fitted = generator.fit(train, to_fit)
        except (ValueError, FloatingPointError) as error:
            if number == 1:
                raise  # the caller's data, not a collapse
            yield Generation(number, train, None, str(error))
            return
        yield Generation(number, train, fitted)
        if number == generations:
            return
        try:
            past = Past(data, kept, fitted, number, seed, columns)
            train, kept = policy(past, size, to_choose)
        except Collapsed as error:
            yield Generation(number + 1, None, None, str(error))
            return


class Chains(NamedTuple):
    """Many one-dimensional chains: mean and variance of each fit, (generations, count).

    ended: the generation in which a chain had no spread left, (count,), 0 if it never came to
    that. Its mean and variance are repeated from then on.
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
    seed: int,
) -> Chains:
    """`count` independent chains of a Gaussian in one dimension, as `run` makes one, side by side.

    The same loop and policies: a row is a point of each chain. source: where each chain's `size`
    real points come from.

    Raises ValueError for less than two points, a chain or a generation, and for shrinkage.
    """
    if min(count, generations) < 1 or size < 2:
        raise ValueError(
            f"{count} chains of {generations} generations of {size} points: give at least one "
            "chain, one generation and two points"
        )
    if generator.shrink:
        raise ValueError("in one dimension there is nothing to shrink towards: leave it out")
    start = np.reshape(source.sample(size * count, seed), (size, count))
    mean, variance = np.full((2, generations, count), np.nan)
    last = 0
    for step in _loop(_Columns(generator), policy, start, generations, seed, count):
        if step.fitted is None:
            break
        mean[last], variance[last] = step.fitted.mean, step.fitted.variance
        last += 1
    mean[last:], variance[last:] = mean[last - 1], 0.0
    flat = variance == 0
    return Chains(mean, variance, np.where(flat.any(0), flat.argmax(0) + 1, 0))


@dataclass(frozen=True)
class _Columns:
    """A Gaussian for each column of (n, count)."""

    knobs: Gaussian

    def fit(self, data: np.ndarray, seed: int) -> _FittedColumns:
        mean = data.mean(0)
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

    def sample(self, n: int, seed: int) -> np.ndarray:
        points = np.random.default_rng(seed).standard_normal((n, len(self.mean)))
        points *= np.sqrt(self.variance * self.knobs.temperature)
        points += self.mean
        return points


# Rows of any kind ---------------------------------------------------------------------------------


def length(rows: Rows) -> int:
    """How many rows there are."""
    return len(rows[0] if isinstance(rows, tuple) else rows)


def take(rows: Rows, index: ArrayLike) -> Rows:
    """The rows of these numbers, of the same kind."""
    if isinstance(rows, tuple):
        return tuple(take(part, index) for part in rows)
    return rows[torch.as_tensor(index)] if torch.is_tensor(rows) else np.asarray(rows)[index]


def join(parts: Sequence[Rows]) -> Rows:
    """Rows of one kind, one after the other."""
    if isinstance(parts[0], tuple):
        return tuple(join(columns) for columns in zip(*parts, strict=True))
    return torch.cat(list(parts)) if torch.is_tensor(parts[0]) else np.concatenate(parts)


def seeds(seed: int | Sequence[int], count: int) -> list[int]:
    """Independent seeds made from one."""
    return [int(s) for s in np.random.SeedSequence(seed).generate_state(count) >> 1]


def _first(rows: Rows, passed: np.ndarray, size: int) -> Rows:
    """The first `size` rows that passed, of each column if each has its own."""
    if passed.ndim == 1:
        return take(rows, np.flatnonzero(passed)[:size])
    order = np.argsort(~passed, axis=0, kind="stable")[:size]
    return np.take_along_axis(rows, order, 0)


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
