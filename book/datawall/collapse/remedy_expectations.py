"""What theory expects of each remedy against collapse, to hold a simulation to.

The expectations are of a normal distribution fitted by maximum likelihood, with the truth N(0, 1),
as in `expectations`, and of least squares. Outside the domain of its formula each raises
ValueError. Chapter: avoiding-collapse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from datawall import validate
from datawall.collapse.expectations import Moments

# A normal -----------------------------------------------------------------------------------------


def weighted(real: int, drawn: int, weight: float, generations: int) -> Moments:
    """Moments if `real` new points together weigh `weight` and `drawn` own samples the rest.

    E mu'^2 = w^2/real + (1-w)^2 (E mu^2 + E s^2/drawn). The mean square stays 1, so E s^2 = 1 - E
    mu^2. The first generation is fitted to real + drawn real points. `real` 0 or `weight` at the
    share of real points gives what `expectations.moments` does.
    """
    validate.whole("real", real, least=0)
    validate.whole("drawn", drawn, least=0)
    validate.whole("generations", generations)
    validate.share("weight", weight)
    if (weight and not real) or (weight < 1 and not drawn):
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
    if not validate.number("ratio", ratio) >= 0:
        raise ValueError(f"ratio is {ratio}: give real points over synthetic ones")
    return (np.sqrt(ratio**2 + 4 * ratio) - ratio) / 2


def stationary(real: int, drawn: int, weight: ArrayLike) -> np.ndarray:
    """E mu^2 in the end, if `real` new points weigh `weight` and the variance is known to be 1.

    v = w^2/real + (1-w)^2 (v + 1/drawn), solved for v; what `golden` makes least.
    """
    validate.whole("real", real)
    validate.whole("drawn", drawn)
    w = validate.numbers("weights", weight, above=0, most=1)
    return (w**2 / real + (1 - w) ** 2 / drawn) / (1 - (1 - w) ** 2)


def subsampled(n: int, generations: int) -> Moments:
    """Moments if all is kept, and n of all are drawn without replacement to train on.

    With M and Q the pool's mean and mean square, N = n t its size and V = Q - M^2: E mu^2 = M^2 + g
    V and E s^2 = (1 - g) V, g = (N-n)/(n (N-1)). The n new samples then move M and Q.
    """
    _check(n, generations)
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
    _check(n, generations)
    own, gaps = 1 - validate.share("share", share), np.zeros(generations)
    for t in range(1, generations):
        v = gaps[t - 1]
        gaps[t] = share * own / (n - 1) + own**2 * v + own * (1 - v) / n
    square = 1 / n + gaps * (n - 1) / n
    return Moments(square, 1 - square)


def growing(sizes: Sequence[int]) -> Moments:
    """Moments if generation t is fitted to sizes[t] samples of the last: E s^2 = prod (1 - 1/n_t).

    With n_t = n t^2 that is what accumulation leaves, generation by generation.
    """
    variance = np.cumprod(1 - 1 / validate.numbers("sizes", sizes, least=1))
    return Moments(1 - variance, variance)


def exchanged(n: int, members: int, generations: int, shared: bool = False) -> Moments:
    """Moments of one of several models, each fitted to n points, an equal part from each model.

    The mean of their means, A = E (mean of mu)^2, moves as that of one model of members x n points
    would: A' = A + E s^2/(members n), and E mu'^2 = A + E s^2/n. shared: whether all began with
    the same real points; A is then 1/n at first, and not 1/(members n).
    """
    _check(n, generations)
    validate.whole("members", members)
    validate.flag("shared", shared)
    square, common = np.empty(generations), 1 / (n if shared else n * members)
    square[0] = 1 / n
    for t in range(1, generations):
        own = 1 - square[t - 1]
        square[t] = common + own / n
        common += own / (n * members)
    return Moments(square, 1 - square)


def distilled(n: int, generations: int) -> Moments:
    """Moments if each generation is fitted to n samples of the first model: two copies, no more."""
    _check(n, generations)
    later = np.arange(generations) > 0
    return Moments(1 / n + later * (n - 1) / n**2, np.where(later, (1 - 1 / n) ** 2, 1 - 1 / n))


def rescaled(n: int, generations: int, factor: float) -> Moments:
    """Moments if what a model draws has `factor` times its variance, the mean being unchanged.

    A temperature is such a factor, and so is a symmetric filter (`typical`, `surprising`).
    """
    _check(n, generations)
    validate.nonnegative("factor", factor)
    t = np.arange(generations)
    variance = factor**t * (1 - 1 / n) ** (t + 1)
    square = 1 / n + np.cumsum(np.r_[0, factor * variance[:-1] / n])
    return Moments(square, variance)


def typical(reach: float) -> float:
    """The variance of a standard normal's points within `reach` of its mean."""
    validate.positive("reach", reach)
    return float(1 - 2 * reach * norm.pdf(reach) / (2 * norm.cdf(reach) - 1))


def surprising(reach: float) -> float:
    """The variance of a standard normal's points beyond `reach` of its mean."""
    validate.nonnegative("reach", reach)
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
    _check_regression(features, rows, rounds)
    i = np.arange(1, rounds + 1)
    first = features / (rows - features - 1)
    fresh = np.cumsum(features / (i * (i * rows - features - 1)))
    return Rounds(first * i, first * np.cumsum(1 / i**2), fresh)


def regressions(
    features: int, rows: int, rounds: int, fresh: bool, keep: bool, count: int, *, seed: int
) -> np.ndarray:
    """`count` simulations of what `least_squares` expects, (rounds, count).

    fresh: new inputs in each round. keep: train on all rounds so far, and not on the last alone.
    """
    _check_regression(features, rows, rounds)
    validate.whole("count", count)
    validate.flag("fresh", fresh)
    validate.flag("keep", keep)
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
    validate.whole("features", features)
    validate.share("share", share)
    shift = validate.numbers("shift", shift)
    n = validate.numbers("rows", rows, above=features + 1)
    mixed = share * (1 - share) * (features + 1) / n
    return features / (n - features - 1) + shift**2 * (share**2 + mixed)


# Verifiers ----------------------------------------------------------------------------------------


def verifier_threshold(right: float, wrong: float) -> float:
    """Share of wrong labels above which a verifier doesn't help: 1/(1 + wrong/right).

    right, wrong: the chances that it keeps a right and a wrong label. There, half of what it keeps
    is wrong [Feng et al. 2024, arXiv:2406.07515].
    """
    validate.share("right", right)
    validate.share("wrong", wrong)
    if right == 0:
        raise ValueError(f"chances {right} and {wrong}: give chances, the first above 0")
    return 1 / (1 + wrong / right)


def _check(n: int, generations: int) -> None:
    validate.whole("n", n, least=2)
    validate.whole("generations", generations)


def _check_regression(features: int, rows: int, rounds: int) -> None:
    validate.whole("features", features)
    validate.whole("rounds", rounds)
    if validate.whole("rows", rows) < features + 2:
        raise ValueError(f"{rows} rows and {features} features: give at least {features + 2} rows")
