"""What is done against collapse: policies for the loop, and what theory expects of each.

The expectations are of a normal distribution fitted by maximum likelihood, with the truth N(0, 1),
as in `drift`, and of least squares. Policies go into `recursion.run` and `recursion.chains`.
Chapter: avoiding-collapse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from datawall_before.drift import Moments
from datawall_before.generators import Fitted, FittedPerClass, Generator, PerClass
from datawall_before.recursion import Next, Own, Past, Policy, Rows, join, length, seeds, take

# Policies -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grow:
    """Own samples, ever more of them: `size` t^power for generation t."""

    power: float = 2.0

    def __call__(self, past: Past, size: int, seed: int) -> Next:
        return Own()(past, round(size * (past.generation + 1) ** self.power), seed)


@dataclass(frozen=True)
class First:
    """Samples of the first model for every generation: the one that has seen real data.

    The model is what is kept, in place of rows.
    """

    def __call__(self, past: Past, size: int, seed: int) -> Next:
        model = past.fitted if past.generation == 1 else past.kept
        return Next(model.sample(size, seed), model)


@dataclass(frozen=True)
class Redraw:
    """Original rows, drawn anew for each generation, without replacement: all of them are kept."""

    def __call__(self, past: Past, size: int, seed: int) -> Next:
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

    def __call__(self, past: Past, size: int, seed: int) -> Next:
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

    def __call__(self, past: Past, size: int, seed: int) -> Next:
        one, other = seeds(seed, 2)
        count = round(self.share * size)
        rows = self.policy(past, count, one).train
        own = Own()(past, size - count, other).train
        copies = round((size - count) * self.weight / (1 - self.weight))
        found = join([take(rows, np.arange(copies) % count), own])
        return Next(found, found)


@dataclass(frozen=True)
class Exchange:
    """For `recursion.chains`: groups of so many chains, each trained on all members' samples.

    Every member draws its share anew for every other, so no two train on the same points.
    """

    members: int

    def __call__(self, past: Past, size: int, seed: int) -> Next:
        k = self.members
        if not past.columns or past.columns % k or size % k:
            raise ValueError(
                f"{past.columns} chains of {size} points don't divide by {k}: give multiples of it"
            )
        drawn = past.fitted.sample(size, seed).reshape(k, size // k, past.columns // k, k)
        parts = [np.roll(part, shift, axis=-1) for shift, part in enumerate(drawn)]
        rows = np.stack(parts).reshape(size, past.columns)
        return Next(rows, rows)


# Filters ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Within:
    """For `recursion.chains`: keeps points within `reach` standard deviations of the last mean.

    beyond: keeps the others instead. `typical` and `surprising` say what variance is left.
    """

    reach: float
    beyond: bool = False

    def __call__(self, rows: np.ndarray, past: Past) -> np.ndarray:
        gaps = np.abs(rows - past.fitted.mean) / np.sqrt(past.fitted.variance)
        return (gaps < self.reach) != self.beyond


def surprise(rows: tuple[np.ndarray, np.ndarray], past: Past) -> np.ndarray:
    """How unlike its class each of the last model's samples is: its rank, from 0 to below 1, (n,).

    By the Mahalanobis distance from the class's mean, for `PerClass` of Gaussians. A `Filter` by
    `surprise(rows, past) < 0.5` keeps the more typical half.
    """
    points, labels = rows
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

    A logistic regression on coordinates and their squares is trained on the originals and on what
    is to be judged; with p its chance of being real, a sample is kept with p/(1-p) over the 0.95
    quantile of that, which turns the samples' distribution into that of real data if the
    discriminator is the best there is [Azadi et al. 2019, arXiv:1810.06758]. `meter` counts models.
    """

    meter: Counter = field(default_factory=Counter, compare=False)

    def __call__(self, rows: tuple[np.ndarray, np.ndarray], past: Past) -> np.ndarray:
        points, real = rows[0], past.original[0]
        both = np.concatenate([points, real])
        features = np.concatenate([both, both**2], 1)
        judge = LogisticRegression(C=0.1, class_weight="balanced", max_iter=300)
        judge.fit(features, np.repeat([0, 1], [len(points), len(real)]))
        self.meter.update(models=1)
        odds = np.exp(judge.decision_function(features[: len(points)]))
        rng = np.random.default_rng([past.seed, past.generation])
        return rng.random(len(odds)) < odds / np.quantile(odds, 0.95)


# Generators ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Committee:
    """Several generators, each of which makes an equal part of the samples.

    apart: whether each is fitted to rows of its own, every k-th of the data, or all to all rows.
    """

    members: tuple[Generator, ...]
    apart: bool = False

    def fit(self, data: Rows, seed: int) -> FittedCommittee:
        k = len(self.members)
        parts = [
            take(data, np.arange(i, length(data), k)) if self.apart else data for i in range(k)
        ]
        asked = zip(self.members, parts, seeds(seed, k), strict=True)
        return FittedCommittee(tuple(member.fit(part, own) for member, part, own in asked))


@dataclass(frozen=True)
class FittedCommittee:
    """Fitted generators that sample by turns."""

    members: tuple[Fitted, ...]

    def sample(self, n: int, seed: int) -> Rows:
        counts = np.diff(np.rint(np.linspace(0, n, len(self.members) + 1)).astype(int))
        asked = zip(self.members, counts, seeds(seed, len(self.members)), strict=True)
        return join([member.sample(int(count), own) for member, count, own in asked if count])


@dataclass(frozen=True)
class Metered(PerClass):
    """`PerClass` with equally many samples of each class, so that no class drifts out by chance.

    It counts in `meter` what it costs: models, points trained on, points drawn.
    """

    meter: Counter = field(default_factory=Counter, compare=False)

    def fit(self, data: tuple[ArrayLike, ArrayLike], seed: int) -> FittedMetered:
        fitted = super().fit(data, seed)
        self.meter.update(models=1, trained=len(data[1]))
        shares = np.full(len(fitted.classes), 1 / len(fitted.classes))
        return FittedMetered(fitted.classes, shares, fitted.parts, self.meter)


@dataclass(frozen=True)
class FittedMetered(FittedPerClass):
    """A fitted `Metered`."""

    meter: Counter = field(default_factory=Counter, compare=False)

    def sample(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        self.meter.update(drawn=n)
        return super().sample(n, seed)


# What to expect of a normal -----------------------------------------------------------------------


def weighted(real: int, drawn: int, weight: float, generations: int) -> Moments:
    """Moments if `real` new points together weigh `weight` and `drawn` own samples the rest.

    E mu'^2 = w^2/real + (1-w)^2 (E mu^2 + E s^2/drawn). The mean square stays 1, so E s^2 = 1 - E
    mu^2. The first generation is fitted to real + drawn real points. `real` 0 or `weight` at the
    share of real points gives what `drift.moments` does.
    """
    if not 0 <= weight <= 1 or (weight and not real) or (weight < 1 and not drawn):
        raise ValueError(f"weight {weight} of {real} real and {drawn} drawn points: no such mean")
    fixed = weight**2 / real if real else 0.0
    own = (1 - weight) ** 2
    square = np.empty(generations)
    square[0] = 1 / (real + drawn)
    for t in range(1, generations):
        before = square[t - 1]
        square[t] = fixed + (own * (before + (1 - before) / drawn) if own else 0.0)
    return Moments(square, 1 - square)


def golden(ratio: float) -> float:
    """The weight of real data that is best for a mean, with `ratio` real points a synthetic one.

    v = w^2/n + (1-w)^2 (v + 1/m) is least, with k = n/m, at w = (sqrt(k^2 + 4k) - k)/2, and then v
    = w/n. The golden ratio, 0.618, for k = 1 [He, Xu and Cheng 2025, arXiv:2502.18049].
    """
    if not ratio >= 0:
        raise ValueError(f"ratio is {ratio}: give real points over synthetic ones")
    return (np.sqrt(ratio**2 + 4 * ratio) - ratio) / 2


def stationary(real: int, drawn: int, weight: ArrayLike) -> np.ndarray:
    """E mu^2 in the end, if `real` new points weigh `weight` and the variance is known to be 1.

    v = w^2/real + (1-w)^2 (v + 1/drawn), solved for v; what `golden` makes least.
    """
    w = np.asarray(weight, float)
    return (w**2 / real + (1 - w) ** 2 / drawn) / (1 - (1 - w) ** 2)


def subsampled(n: int, generations: int) -> Moments:
    """Moments if all is kept, and n of all are drawn without replacement to train on.

    With M and Q the pool's mean and mean square, N = n t its size and V = Q - M^2: E mu^2 = M^2 + g
    V and E s^2 = (1 - g) V, g = (N-n)/(n (N-1)). The n new samples then move M and Q.
    """
    pool, mean_square = 1 / n, 1.0  # E M^2 and E Q
    square, variance = np.empty(generations), np.empty(generations)
    for t in range(1, generations + 1):
        rows = n * t
        gap = (rows - n) / (n * (rows - 1)) * (mean_square - pool)
        square[t - 1], variance[t - 1] = pool + gap, mean_square - pool - gap
        u, v = variance[t - 1], square[t - 1]
        mean_square = (t * mean_square + v + u) / (t + 1)
        pool = (t * (t + 2) * pool + v + u / n) / (t + 1) ** 2
    return Moments(square, variance)


def redrawn(n: int, share: float, generations: int) -> Moments:
    """Moments if a share of the n points is drawn anew from the n original ones each time.

    With A and V the originals' mean and variance and v = E (mu - A)^2 / V: v = 0 at first, and v' =
    (f/n) (1-f) n/(n-1) + b^2 v + b (1 - v)/n with b = 1 - f, as f n draws of n without replacement
    have the mean's variance (1-f)/(f (n-1)) V. Then E mu^2 = 1/n + v (n-1)/n, E s^2 = 1 - E mu^2.
    """
    own, gaps = 1 - share, np.zeros(generations)
    for t in range(1, generations):
        v = gaps[t - 1]
        gaps[t] = share * own / (n - 1) + own**2 * v + own * (1 - v) / n
    square = 1 / n + gaps * (n - 1) / n
    return Moments(square, 1 - square)


def growing(sizes: Sequence[int]) -> Moments:
    """Moments if generation t is fitted to sizes[t] samples of the last: E s^2 = prod (1 - 1/n_t).

    With n_t = n t^2 that is what accumulation leaves, generation by generation.
    """
    variance = np.cumprod(1 - 1 / np.asarray(sizes, float))
    return Moments(1 - variance, variance)


def exchanged(n: int, members: int, generations: int, shared: bool = False) -> Moments:
    """Moments of one of several models, each fitted to n points, an equal part from each model.

    The mean of their means, A = E (mean of mu)^2, moves as that of one model of members x n points
    would: A' = A + E s^2/(members n), and E mu'^2 = A + E s^2/n. shared: whether all began with
    the same real points; A is then 1/n at first, and not 1/(members n).
    """
    square, common = np.empty(generations), 1 / (n if shared else n * members)
    square[0] = 1 / n
    for t in range(1, generations):
        own = 1 - square[t - 1]
        square[t] = common + own / n
        common += own / (n * members)
    return Moments(square, 1 - square)


def distilled(n: int, generations: int) -> Moments:
    """Moments if each generation is fitted to n samples of the first model: two copies, no more."""
    later = np.arange(generations) > 0
    return Moments(1 / n + later * (n - 1) / n**2, np.where(later, (1 - 1 / n) ** 2, 1 - 1 / n))


def rescaled(n: int, generations: int, factor: float) -> Moments:
    """Moments if what a model draws has `factor` times its variance, the mean being unchanged.

    A temperature is such a factor, and so is a symmetric filter (`typical`, `surprising`).
    """
    t = np.arange(generations)
    variance = factor**t * (1 - 1 / n) ** (t + 1)
    square = 1 / n + np.cumsum(np.r_[0, factor * variance[:-1] / n])
    return Moments(square, variance)


def typical(reach: float) -> float:
    """The variance of a standard normal's points within `reach` of its mean."""
    return float(1 - 2 * reach * norm.pdf(reach) / (2 * norm.cdf(reach) - 1))


def surprising(reach: float) -> float:
    """The variance of a standard normal's points beyond `reach` of its mean."""
    return float(1 + reach * norm.pdf(reach) / norm.sf(reach))


# Least squares ------------------------------------------------------------------------------------


class Rounds(NamedTuple):
    """Expected squared error of the coefficients after 1 to `rounds` rounds, each (rounds,)."""

    replace: np.ndarray
    same_design: np.ndarray
    fresh_design: np.ndarray


def least_squares(features: int, rows: int, rounds: int) -> Rounds:
    """Regression on labels of the last regression, with standard normal features and unit noise.

    E tr (X'X)^-1 = d/(T-d-1) for T rows of d features, so each round of replacing adds that. If
    rounds accumulate, each label weighs 1/i in round i. With the same X in each round that gives d
    /(T-d-1) sum 1/i^2, whose limit is pi^2/6 times the first error [Gerstgrasser et al. 2024,
    arXiv:2404.01413, theorem 2]. With a new X in each, the sum of d/(i (iT-d-1)), which is less.
    """
    if rows < features + 2:
        raise ValueError(f"{rows} rows and {features} features: give at least {features + 2} rows")
    i = np.arange(1, rounds + 1)
    first = features / (rows - features - 1)
    fresh = np.cumsum(features / (i * (i * rows - features - 1)))
    return Rounds(first * i, first * np.cumsum(1 / i**2), fresh)


def regressions(
    features: int, rows: int, rounds: int, fresh: bool, keep: bool, count: int, seed: int
) -> np.ndarray:
    """`count` simulations of what `least_squares` expects, (rounds, count).

    fresh: new inputs in each round. keep: train on all rounds so far, and not on the last alone.
    """
    rng, errors = np.random.default_rng(seed), np.empty((rounds, count))
    inputs, fit = rng.standard_normal((count, rows, features)), np.zeros((count, features))
    squares = products = 0.0
    for i in range(rounds):
        if fresh and i:
            inputs = rng.standard_normal(inputs.shape)
        labels = np.einsum("crd,cd->cr", inputs, fit) + rng.standard_normal((count, rows))
        squares = keep * squares + np.einsum("crd,cre->cde", inputs, inputs)
        products = keep * products + np.einsum("crd,cr->cd", inputs, labels)
        fit = np.linalg.solve(squares, products[..., None])[..., 0]
        errors[i] = np.square(fit).sum(-1)
    return errors


def shifted(features: int, rows: ArrayLike, share: float, shift: float = 1.0) -> np.ndarray:
    """Squared error of regression if a share of labels comes from coefficients `shift` away.

    d/(n-d-1) + p^2 c^2 + p (1-p) c^2 (d+1)/n, to first order in d/n, for unit noise [after Dohmatob
    et al. 2025, arXiv:2410.04840, whose limit is p^2 c^2].
    """
    n = np.asarray(rows, float)
    mixed = share * (1 - share) * (features + 1) / n
    return features / (n - features - 1) + shift**2 * (share**2 + mixed)


# Verifiers ----------------------------------------------------------------------------------------


def threshold(right: float, wrong: float) -> float:
    """Share of wrong labels above which a verifier doesn't help: 1/(1 + wrong/right).

    right, wrong: the chances that it keeps a right and a wrong label. There, half of what it keeps
    is wrong [Feng et al. 2024, arXiv:2406.07515].
    """
    if not (0 <= wrong <= 1 and 0 < right <= 1):
        raise ValueError(f"chances {right} and {wrong}: give chances, the first above 0")
    return 1 / (1 + wrong / right)
