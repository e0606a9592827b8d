"""What the next generation trains on: policies for `loop.run` and `loop.chains`. They nest:

    Own()                                        replace: the last model's samples alone
    Accumulate()                                 all data so far, and new samples
    Mix((Archive(), Own()), (0.1, 0.9))          a tenth are the same original rows every time
    Mix((Fresh(source), Own()), (0.1, 0.9))      a tenth are new rows of a source
    Subsample(Accumulate())                      all is kept, and a part of it trained on
    Filter(keep, Own(temperature=0.8))           cooler samples that pass a test

`expectations` and `remedy_expectations` say what theory expects of each. Chapters:
collapse-in-one-dimension, collapse-in-generators, collapse-in-language-models, avoiding-collapse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from sklearn.linear_model import LogisticRegression

from datawall import validate
from datawall.collapse.loop import Collapsed, Next, Past, Policy
from datawall.evidence.seeds import independent
from datawall.generators.combined import tempered
from datawall.generators.protocol import Degenerate, Fitted
from datawall.rows import Rows, join, length, take


@dataclass(frozen=True)
class Own:
    """Samples of the last model alone: replacement, the policy that published collapses use.

    temperature: that of sampling, instead of the generator's own (`generators.tempered`).
    """

    temperature: float | None = None

    def __post_init__(self):
        if self.temperature is not None:
            validate.temperature(self.temperature)

    def __call__(self, past: Past, size: int, *, seed: int) -> Next:
        model = past.fitted
        if self.temperature is not None:
            try:
                model = tempered(model, self.temperature)
            except (AttributeError, TypeError):
                kind = type(model).__name__
                raise ValueError(f"{kind} has no temperature: leave it out of Own()") from None
        try:
            rows = model.sample(size, seed=seed)
        except Degenerate as error:
            raise Collapsed(f"the model can't be sampled: {error}") from error
        return Next(rows, rows)


@dataclass(frozen=True)
class Archive:
    """Original rows, drawn once: every generation gets the same."""

    def __call__(self, past: Past, size: int, *, seed: int) -> Next:
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

    def __call__(self, past: Past, size: int, *, seed: int) -> Next:
        rows = past.draw(self.source, size, seed=seed)
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
        if not (min(self.shares) >= 0 and abs(sum(self.shares) - 1) <= 1e-9):
            raise ValueError(f"shares {self.shares}: give shares that add up to 1, none below 0")

    def __call__(self, past: Past, size: int, *, seed: int) -> Next:
        edges = np.rint(np.cumsum([0, *self.shares]) * size).astype(int)
        asked = zip(self.parts, np.diff(edges), independent(seed, len(self.parts)), strict=True)
        rows = join([part(past, int(count), seed=own).train for part, count, own in asked if count])
        return Next(rows, rows)


@dataclass(frozen=True)
class Accumulate:
    """All that was kept so far, first of all the original rows, and a policy's rows added."""

    policy: Policy = field(default_factory=Own)

    def __call__(self, past: Past, size: int, *, seed: int) -> Next:
        rows = join([past.kept, self.policy(past, size, seed=seed).train])
        return Next(rows, rows)


@dataclass(frozen=True)
class Subsample:
    """Train on `size` rows drawn from a policy's without replacement; keep what it keeps."""

    policy: Policy

    def __call__(self, past: Past, size: int, *, seed: int) -> Next:
        own, inner = independent(seed, 2)
        found = self.policy(past, size, seed=inner)
        shape = length(found.train), past.columns or 1  # each chain's own draw
        order = np.sort(np.random.default_rng(own).random(shape).argsort(0)[:size], 0)
        if past.columns:
            return Next(np.take_along_axis(found.train, order, 0), found.keep)
        return Next(take(found.train, order[:, 0]), found.keep)


@dataclass(frozen=True)
class Filter:
    """Only those of a policy's rows that pass a test; as many are drawn as it takes.

    keep: a function of rows and the past that gives booleans (n,), or (n, chains) for `chains`.
    batch: so many times `size` rows are drawn and judged at a time. tries: so many batches are
    drawn at most; the chain ends if too few rows have passed, and of chains side by side those of
    which too few have.

    Raises ValueError when `keep` gives anything but one boolean for each row.
    """

    keep: Callable[[Rows, Past], ArrayLike]
    policy: Policy = field(default_factory=Own)
    tries: int = 50
    batch: int = 1

    def __post_init__(self):
        validate.whole("tries", self.tries)
        validate.whole("batch", self.batch)

    def __call__(self, past: Past, size: int, *, seed: int) -> Next:
        rows, passed, count = [], [], 0
        ended = past.ended if past.columns else np.array(False)
        for own in independent(seed, self.tries):
            rows.append(self.policy(past, size * self.batch, seed=own).train)
            shape = (length(rows[-1]), *[past.columns] * bool(past.columns))
            given = self.keep(rows[-1], past)
            passed.append(validate.mask("what the filter gave for these rows", given, shape))
            count = count + passed[-1].sum(0)  # of each chain
            if ((count >= size) | ended).all():
                break
        if (short := (count < size) & ~ended).all():
            raise Collapsed(
                f"the filter passed {np.min(count)} of {size * self.batch * self.tries} rows, and "
                f"{size} are needed"
            )
        if past.columns:
            past.ended[short] = True
        found = _first(join(rows), np.concatenate(passed), size)
        return Next(found, found)


@dataclass(frozen=True)
class Grow:
    """Own samples, ever more of them: `size` t^power for generation t."""

    power: float = 2.0

    def __post_init__(self):
        validate.nonnegative("power", self.power)

    def __call__(self, past: Past, size: int, *, seed: int) -> Next:
        return Own()(past, round(size * (past.generation + 1) ** self.power), seed=seed)


@dataclass(frozen=True)
class First:
    """Samples of the first model for every generation: the one that has seen real data.

    The model is what is kept, in place of rows.
    """

    def __call__(self, past: Past, size: int, *, seed: int) -> Next:
        model = past.fitted if past.generation == 1 else past.kept
        return Next(model.sample(size, seed=seed), model)


@dataclass(frozen=True)
class Redraw:
    """Original rows, drawn anew for each generation, without replacement: all of them are kept."""

    def __call__(self, past: Past, size: int, *, seed: int) -> Next:
        count, rng = length(past.original), np.random.default_rng(seed)
        if size > count:
            raise ValueError(f"{size} of {count} original rows are asked for: lower the share")
        if past.columns:
            order = rng.random((count, past.columns)).argsort(0)[:size]
            rows = np.take_along_axis(past.original, order, 0)
        else:
            rows = take(past.original, rng.permutation(count)[:size])
        return Next(rows, rows)


@dataclass(frozen=True)
class Deck:
    """New real rows, none of them twice: each generation takes the next ones of `rows`.

    Raises ValueError when fewer are left than are asked for.
    """

    rows: Rows

    def __call__(self, past: Past, size: int, *, seed: int) -> Next:
        first = (past.generation - 1) * size
        if first + size > length(self.rows):
            raise ValueError(
                f"generation {past.generation} asks for real rows up to {first + size}, and there "
                f"are {length(self.rows)}: lower the share or the number of generations"
            )
        rows = take(self.rows, np.arange(first, first + size))
        return Next(rows, rows)


@dataclass(frozen=True)
class Weighted:
    """A share of a policy's rows, the rest own samples, where the former weigh `weight` of all.

    Weights are copies: the rows are repeated, and a part of them once more, until they make up the
    weight. `golden` says which weight is best for the mean.
    """

    policy: Policy
    share: float
    weight: float

    def __post_init__(self):
        if not (0 < self.share < 1 and self.share <= self.weight < 1):
            raise ValueError(
                f"share {self.share} and weight {self.weight}: give a share between 0 and 1, and a "
                "weight from the share to below 1"
            )

    def __call__(self, past: Past, size: int, *, seed: int) -> Next:
        one, other = independent(seed, 2)
        count = round(self.share * size)
        if not 0 < count < size:
            raise ValueError(
                f"a share of {self.share} of {size} rows is {count} of them: give more rows, or a "
                "share that leaves at least one to either side"
            )
        rows = self.policy(past, count, seed=one).train
        own = Own()(past, size - count, seed=other).train
        copies = round((size - count) * self.weight / (1 - self.weight))
        found = join([take(rows, np.arange(copies) % count), own])
        return Next(found, found)


@dataclass(frozen=True)
class Exchange:
    """For `loop.chains`: groups of so many chains, each trained on all members' samples.

    Every member draws its share anew for every other, so no two train on the same points.
    """

    members: int

    def __post_init__(self):
        validate.whole("members", self.members)

    def __call__(self, past: Past, size: int, *, seed: int) -> Next:
        k = self.members
        if not past.columns or past.columns % k or size % k:
            raise ValueError(
                f"{past.columns} chains of {size} points don't divide by {k}: give multiples of it"
            )
        drawn = past.fitted.sample(size, seed=seed).reshape(k, size // k, past.columns // k, k)
        parts = [np.roll(part, shift, axis=-1) for shift, part in enumerate(drawn)]
        rows = np.stack(parts).reshape(size, past.columns)
        return Next(rows, rows)


# Filters ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Within:
    """For `loop.chains`: keeps points within `reach` standard deviations of the last mean.

    beyond: keeps the others instead. `typical` and `surprising` say what variance is left.
    """

    reach: float
    beyond: bool = False

    def __post_init__(self):
        validate.positive("reach", self.reach)
        validate.flag("beyond", self.beyond)

    def __call__(self, rows: np.ndarray, past: Past) -> np.ndarray:
        if not past.columns:
            raise ValueError("Within is for `loop.chains`: write a test of rows for `loop.run`")
        with np.errstate(invalid="ignore", divide="ignore"):  # of chains that have ended
            gaps = np.abs(rows - past.fitted.mean) / np.sqrt(past.fitted.variance)
        return (gaps < self.reach) != self.beyond


def surprise(rows: tuple[np.ndarray, np.ndarray], past: Past) -> np.ndarray:
    """How unlike its class each of the last model's samples is: its rank, from 0 to below 1, (n,).

    By the Mahalanobis distance from the class's mean, for `PerClass` of Gaussians. A `Filter` by
    `surprise(rows, past) < 0.5` keeps the more typical half.
    """
    points, labels = rows
    if not all(hasattr(part, "covariance") for part in getattr(past.fitted, "parts", [None])):
        raise ValueError(
            f"surprise is for `PerClass` of Gaussians, and this is {type(past.fitted).__name__}"
        )
    ranks = np.zeros(len(labels))
    for label, part in zip(past.fitted.classes, past.fitted.parts, strict=True):
        own = labels == label
        gaps = points[own] - part.mean
        squares = np.einsum("ij,jk,ik->i", gaps, np.linalg.pinv(part.covariance), gaps)
        ranks[own] = squares.argsort().argsort() / max(own.sum(), 1)
    return ranks


@dataclass(frozen=True)
class Adversary:
    """Keeps a sample with the chance that a discriminator of real and generated points gives it.

    Logistic regressions on coordinates and their squares, one for each class, are trained on the
    originals and on what is to be judged. A loss of variance within classes hardly shows in all
    points together, so a discriminator that isn't told the class misses most of it. With p its
    chance of being real, a sample is kept with p/(1-p) over the 0.95 quantile of that, which turns
    the samples' distribution into that of real data if the discriminator is the best there is
    [Azadi et al. 2019, arXiv:1810.06758].

    sees_class: False for one regression on all points. `meter` counts models, one a discriminator.
    Every class of what is judged must be among the originals.
    """

    meter: Counter = field(default_factory=Counter, compare=False)
    sees_class: bool = True

    def __post_init__(self):
        validate.flag("sees_class", self.sees_class)

    def __call__(self, rows: tuple[np.ndarray, np.ndarray], past: Past) -> np.ndarray:
        (points, kinds), (real, truth) = rows, past.original
        odds = np.empty(len(points))
        for kind in np.unique(kinds) if self.sees_class else [None]:
            own, theirs = (np.equal(y, kind) | (kind is None) for y in (kinds, truth))
            odds[own] = _odds_of_being_real(points[own], real[theirs])
        self.meter.update(models=1)
        rng = np.random.default_rng([past.seed, past.generation])
        return rng.random(len(odds)) < odds / np.quantile(odds, 0.95)


def _odds_of_being_real(points: np.ndarray, real: np.ndarray) -> np.ndarray:
    """What a discriminator, trained on both, gives each of the points, (n,)."""
    both = np.concatenate([points, real])
    features = np.concatenate([both, both**2], 1)
    judge = LogisticRegression(C=0.1, class_weight="balanced", solver="newton-cholesky")
    judge.fit(features, np.repeat([0, 1], [len(points), len(real)]))
    return np.exp(judge.decision_function(features[: len(points)]))


def _first(rows: Rows, passed: np.ndarray, size: int) -> Rows:
    """The first `size` rows that passed, of each column if each has its own."""
    if passed.ndim == 1:
        return take(rows, np.flatnonzero(passed)[:size])
    order = np.argsort(~passed, axis=0, kind="stable")[:size]
    return np.take_along_axis(rows, order, 0)
