"""Generators made of others: one for each class, several by turns, and what they cost.

Chapters: generators, collapse-in-generators, avoiding-collapse.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from datawall import validate
from datawall.evidence.seeds import independent
from datawall.generators.protocol import Degenerate, Fitted, Generator
from datawall.rows import Rows, join, length, take


@dataclass(frozen=True)
class PerClass:
    """Any generator for labelled data (points, labels): one fit of it for each class.

    Data are a pair: points (n, ...) and labels (n,). A class's share of the samples is its share of
    the data, to the nearest whole point. Each class gets the generator's whole budget of steps.
    """

    generator: Generator

    def fit(self, data: tuple[ArrayLike, ArrayLike], *, seed: int) -> FittedPerClass:
        points, labels = _labelled(data)
        classes, counts = np.unique(labels, return_counts=True)
        parts = []
        for label, own in zip(classes, independent(seed, len(classes)), strict=True):
            try:
                parts.append(self.generator.fit(points[labels == label], seed=own))
            except Degenerate as error:
                raise type(error)(f"class {label}: {error}") from error
            except Exception as error:
                error.add_note(f"in the fit of class {label}")
                raise
        return FittedPerClass(classes, counts / counts.sum(), tuple(parts))


@dataclass(frozen=True)
class FittedPerClass:
    """classes (c,), their shares (c,), and a fitted generator for each."""

    classes: np.ndarray
    shares: np.ndarray
    parts: tuple[Fitted, ...]

    def sample(self, n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
        validate.whole("n", n)
        counts = np.floor(n * self.shares + 1e-9).astype(int)
        last = np.argsort(counts - n * self.shares, kind="stable")[: n - counts.sum()]
        counts[last] += 1
        seeds = independent(seed, len(self.parts) + 1)
        drawn = zip(self.parts, counts, seeds[:-1], strict=True)
        points = np.concatenate([part.sample(int(c), seed=s) for part, c, s in drawn if c])
        order = np.random.default_rng(seeds[-1]).permutation(n)
        return points[order], np.repeat(self.classes, counts)[order]


def tempered(fitted: Fitted, temperature: float) -> Fitted:
    """The same fit with another temperature, without fitting again; classes each get it."""
    if isinstance(fitted, FittedPerClass):
        return replace(fitted, parts=tuple(tempered(part, temperature) for part in fitted.parts))
    return replace(fitted, knobs=replace(fitted.knobs, temperature=temperature))


@dataclass(frozen=True)
class Committee:
    """Several generators, each of which makes an equal part of the samples.

    apart: whether each is fitted to rows of its own, every k-th of the data, or all to all rows.
    """

    members: tuple[Generator, ...]
    apart: bool = False

    def __post_init__(self):
        if not self.members:
            raise ValueError("a committee without members: give one or more generators")
        validate.flag("apart", self.apart)

    def fit(self, data: Rows, *, seed: int) -> FittedCommittee:
        k = len(self.members)
        parts = [
            take(data, np.arange(i, length(data), k)) if self.apart else data for i in range(k)
        ]
        asked = zip(self.members, parts, independent(seed, k), strict=True)
        return FittedCommittee(tuple(member.fit(part, seed=own) for member, part, own in asked))


@dataclass(frozen=True)
class FittedCommittee:
    """Fitted generators that sample by turns."""

    members: tuple[Fitted, ...]

    def sample(self, n: int, *, seed: int) -> Rows:
        validate.whole("n", n)
        counts = np.diff(np.rint(np.linspace(0, n, len(self.members) + 1)).astype(int))
        asked = zip(self.members, counts, independent(seed, len(self.members)), strict=True)
        return join([member.sample(int(count), seed=own) for member, count, own in asked if count])


@dataclass(frozen=True)
class Metered(PerClass):
    """`PerClass` with equally many samples of each class, so that no class drifts out by chance.

    It counts in `meter` what it costs: models, points trained on, points drawn.
    """

    meter: Counter = field(default_factory=Counter, compare=False)

    def fit(self, data: tuple[ArrayLike, ArrayLike], *, seed: int) -> FittedMetered:
        fitted = super().fit(data, seed=seed)
        self.meter.update(models=1, trained=len(data[1]))
        shares = np.full(len(fitted.classes), 1 / len(fitted.classes))
        return FittedMetered(fitted.classes, shares, fitted.parts, self.meter)


@dataclass(frozen=True)
class FittedMetered(FittedPerClass):
    """A fitted `Metered`."""

    meter: Counter = field(default_factory=Counter, compare=False)

    def sample(self, n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
        drawn = super().sample(n, seed=seed)
        self.meter.update(drawn=n)
        return drawn


def _labelled(data: tuple[ArrayLike, ArrayLike]) -> tuple[np.ndarray, np.ndarray]:
    """Points and labels, or ValueError for what is no such pair; Degenerate if there are none."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise ValueError("labelled data are a pair: give (points, labels)")
    points, labels = map(np.asarray, data)
    if points.ndim and not len(points) and not labels.size:
        raise Degenerate("0 points with 0 labels: give at least one point")
    return points, validate.labels("labels", labels, len(points) if points.ndim else 1)
