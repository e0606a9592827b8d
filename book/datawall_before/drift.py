"""What to expect of a recursion in one dimension: exact expectations, to hold a simulation to.

A generation t = 1, 2, ... is fitted to n points; the first to real ones, from N(0, 1) or from known
chances. With ddof = 0 the variance is fitted by maximum likelihood, with ddof = 1 without bias. The
derivations are three lines each and stand with the functions. Chapters: collapse-in-one-dimension,
collapse-in-generators.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gamma, gammaln, polygamma, psi

# A Gaussian fitted to its own samples -------------------------------------------------------------


class Moments(NamedTuple):
    """Expectations over chains: of the squared mean and of the variance, for each generation."""

    square_mean: np.ndarray
    variance: np.ndarray


def moments(
    n: int, generations: int, ddof: int = 0, fresh: float = 0.0, archive: float = 0.0
) -> Moments:
    """E[mu_t^2] and E[s_t^2] for t = 1 to `generations`, exactly, each (generations,).

    Of the n points of a generation a share `fresh` is real and new, a share `archive` is the same
    real points every time, and the rest, b, is drawn from the last fit. A mean of draws adds noise
    to what they were drawn from, so with A the archive's mean, m = archive n and c = E[mu A]:
    E mu'^2 = fresh/n + archive^2/m + 2 archive b c + b^2 E mu^2 + b E s^2/n, c' = archive/m + b c.
    The mean square q' = fresh + archive + b (E mu^2 + E s^2), and E s'^2 = (q' - E mu'^2) n/(n -
    ddof). With neither real share: E s_t^2 = ((n-1)/n)^t for ddof 0, and 1 for ddof 1, where E
    mu_t^2 = t/n.

    Raises ValueError for fewer than two points, and for shares that don't fit n or exceed 1.
    """
    _check(n, generations, ddof)
    kept = _whole(archive, n, "archive")
    _whole(fresh, n, "fresh")
    own = 1 - fresh - archive
    if own < -1e-12:
        raise ValueError(f"shares {fresh} and {archive} exceed 1: lower one of them")
    square, variance = np.empty(generations), np.empty(generations)
    square[0], variance[0], shared = 1 / n, (n - 1) / (n - ddof), 1 / n
    for t in range(1, generations):
        u, v = variance[t - 1], square[t - 1]
        fixed = archive**2 / kept + 2 * archive * own * shared if kept else 0.0
        square[t] = fresh / n + fixed + own**2 * v + own * u / n
        variance[t] = (fresh + archive + own * (v + u) - square[t]) * n / (n - ddof)
        shared = archive / kept + own * shared if kept else 0.0
    return Moments(square, variance)


def accumulated(n: int, generations: int, ddof: int = 0) -> Moments:
    """As `moments`, where each generation is fitted to all data so far and n new draws.

    The mean moves by noise/(t+1): E mu'^2 = E mu^2 + E s^2/(n (t+1)^2). The mean square of the pool
    doesn't change under ddof 0, so E s_t^2 = prod_{k<=t} (1 - 1/(n k^2)), whose limit is
    `accumulated_limit`.
    """
    _check(n, generations, ddof)
    square, variance = np.empty(generations), np.empty(generations)
    square[0], variance[0], mean_square = 1 / n, (n - 1) / (n - ddof), 1.0
    for t in range(1, generations):
        u, v, pool = variance[t - 1], square[t - 1], n * (t + 1)
        square[t] = v + u / (n * (t + 1) ** 2)
        mean_square = (t * mean_square + v + u) / (t + 1)
        variance[t] = (mean_square - square[t]) * pool / (pool - ddof)
    return Moments(square, variance)


def accumulated_limit(n: int) -> float:
    """sin(x)/x at x = pi/sqrt(n), Euler's product: what accumulation leaves of the variance."""
    return float(np.sinc(1 / np.sqrt(n)))


def fresh_limit(n: int, share: float) -> float:
    """Stationary E[s^2] under ddof 0 if a share of each generation is real and new.

    v = E mu^2 solves v = (b^2 - b/n) v + 1/n with b = 1 - share, and E s^2 = 1 - v.
    """
    b = 1 - share
    return 1 - (1 / n) / (1 - b**2 + b / n)


def archive_limit(n: int, share: float) -> float:
    """Stationary E[s^2] under ddof 0 if a share of each generation is the same real points.

    (m-1)/m - w with m = share n, b = 1 - share and w = (b/n) (m-1)/m / (1 - b^2 + b/n).
    """
    m, b = _whole(share, n, "archive"), 1 - share
    if not m:
        return 0.0
    return (m - 1) / m * (1 - (b / n) / (1 - b**2 + b / n))


def spread(n: int, t: ArrayLike, ddof: int = 0) -> np.ndarray:
    """E[s_t], the expected standard deviation: a constant below 1 to the power t.

    E s = c4(n) sigma without bias, c4(n) = sqrt(2/(n-1)) Gamma(n/2)/Gamma((n-1)/2), since (n-1)
    s^2/sigma^2 is chi-squared with n-1 degrees of freedom, and the generations' factors are
    independent.
    """
    _check(n, 1, ddof)
    c4 = np.sqrt(2 / (n - 1)) * np.exp(gammaln(n / 2) - gammaln((n - 1) / 2))
    return (c4 * np.sqrt((n - 1) / (n - ddof))) ** np.asarray(t, float)


def distance(n: int, t: ArrayLike, ddof: int = 0) -> np.ndarray:
    """E[W_2^2] between generation t and N(0, 1): E mu^2 + E s^2 - 2 E s + 1.

    With ddof 1 it grows without end, as t/n + 2 (1 - E s); with ddof 0 it is 2 (1 - E s), at most
    2, since E mu^2 + E s^2 = 1.
    """
    t = np.asarray(t, float)
    second = 1.0 if ddof == 0 else 1 + t / n
    return second + 1 - 2 * spread(n, t, ddof)


class LogVariance(NamedTuple):
    """Mean and standard deviation over chains of the logarithm of the variance."""

    mean: np.ndarray
    sd: np.ndarray


def log_variance(n: int, t: ArrayLike, ddof: int = 0) -> LogVariance:
    """Of log s_t^2, in nats: a sum of t independent logs of chi-squared variables.

    Each has the mean psi((n-1)/2) + log(2/(n - ddof)) and the variance psi'((n-1)/2). The median of
    s_t^2 is about exp of the mean, the nearer the more generations are summed.
    """
    _check(n, 1, ddof)
    t = np.asarray(t, float)
    step = psi((n - 1) / 2) + np.log(2 / (n - ddof))
    return LogVariance(t * step, np.sqrt(t * polygamma(1, (n - 1) / 2)))


# Frequencies counted in their own samples ---------------------------------------------------------


def heterozygosity(chances: ArrayLike, n: int, t: ArrayLike) -> np.ndarray:
    """E[1 - sum p_t^2], the chance that two tokens differ: it loses one part in n a generation.

    Two of n draws are the same draw with the chance 1/n, and otherwise are two tokens of the
    generation before (the model of Wright and Fisher in genetics).
    """
    start = 1 - np.square(np.asarray(chances, float)).sum()
    return start * (1 - 1 / n) ** np.asarray(t, float)


def kinds_left(chances: ArrayLike, n: int) -> float:
    """Expected number of kinds among n draws: sum of 1 - (1-p)^n."""
    p = np.asarray(chances, float)
    return float(-np.expm1(n * np.log1p(-p[p < 1])).sum() + (p == 1).sum())


def survival(generations: int) -> np.ndarray:
    """Chance that one token has descendants after t = 0 to `generations` more generations.

    A token leaves about Poisson(1) copies, so with s_0 = 1, s_{t+1} = 1 - exp(-s_t), near 2/t for
    large t [Galton and Watson's branching process]. Exact as n grows, for words that are a small
    part of the text.
    """
    found = [1.0]
    for _ in range(generations):
        found.append(-np.expm1(-found[-1]))
    return np.array(found)


def word_survival(count: ArrayLike, generations: int) -> np.ndarray:
    """Chance that a word that occurs `count` times is left after so many more generations.

    1 - (1 - s_t)^count, as it is lost when the lines of all its tokens are; the shape of `count`.
    """
    return 1 - (1 - survival(generations)[-1]) ** np.asarray(count, float)


def mode_weight(weight: float, n: int, t: ArrayLike) -> np.ndarray:
    """Variance over chains of a mode's weight in generation t: w (1-w) (1 - (1-1/n)^t).

    The weight of a mode that stays apart from the others is the share of n draws that fell into it,
    a frequency like a word's, so w_t (1 - w_t) loses one part in n a generation and the mean stays.
    The first generation is fitted to real points, so t = 1 gives w (1-w)/n, and the line w (1-w)
    t/n through it holds while t is small beside n. Chapter: collapse-in-generators.

    Raises ValueError for a weight outside 0 to 1.
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"weight is {weight}: give a share between 0 and 1")
    return -weight * (1 - weight) * np.expm1(np.asarray(t, float) * np.log1p(-1 / n))


# Zipf's tail --------------------------------------------------------------------------------------


def zipf(kinds: int, b: float) -> np.ndarray:
    """Chances in proportion to rank^-b, (kinds,)."""
    weights = np.arange(1, kinds + 1, dtype=float) ** -b
    return weights / weights.sum()


def missing_mass(b: float, draws: float, scale: float) -> float:
    """Chance that the next token is of a kind not seen in `draws`, for p_i = scale i^-b, b > 1.

    sum p e^(-p T) is, as an integral over i, scale^(1/b)/b Gamma(1-1/b) T^-(1-1/b). For endless
    kinds and many draws; scale = 1/zeta(b). After g generations of copying divide by
    `survival(g-1)[-1]`^(1-1/b): a kind is there with the chance 1 - e^(-p T s).
    """
    c = 1 - 1 / b
    return float(scale ** (1 / b) / b * gamma(c) * draws**-c)


def tail_mass(b: float, rank: int, scale: float) -> float:
    """Chance of all kinds beyond a rank: scale (rank + 1/2)^-(b-1)/(b-1), as an integral."""
    return scale * (rank + 0.5) ** (1 - b) / (b - 1)


def tail_growth(b: float, generation: int) -> float:
    """Missing mass of a generation of copying over that of the first, s_{g-1}^-(1-1/b)."""
    return float(survival(generation - 1)[-1] ** (1 / b - 1))


def _check(n: int, generations: int, ddof: int) -> None:
    if n < 2:
        raise ValueError(f"{n} points have no spread: give two or more")
    if generations < 1:
        raise ValueError(f"{generations} generations: give one or more")
    if ddof not in (0, 1):
        raise ValueError(f"ddof is {ddof}: give 0 (likelihood) or 1 (unbiased)")


def _whole(share: float, n: int, name: str) -> int:
    if not 0 <= share <= 1:
        raise ValueError(f"{name} is {share}: give a share between 0 and 1")
    points = round(share * n)
    if abs(points - share * n) > 1e-9 * n:
        raise ValueError(f"{name} {share} of {n} points is no whole number of points")
    return points
