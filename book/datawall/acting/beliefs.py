"""What an adviser believes of a guest: a normal distribution, learnt from others, exact to update.

Guest g's rating of film i is m_i + w_i'u_g + noise, with u_g standard normal. The film's mean m_i
and its weights w_i come from the ratings of static guests (probabilistic PCA with missing values
[Tipping and Bishop 1999], the guest's own level being the first weight, the same for all films).
What a new guest says updates the distribution of u by Bayes' rule, without approximation.
Chapter: asking-and-acting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from datawall import validate


@dataclass(frozen=True)
class Belief:
    """Of any guest before an answer: mean (films,), weights (films, d), noise and doubt variances.

    noise: variance of a rating around what the guest's taste predicts. doubt (films,): variance of
    the film's mean itself, which is large where few static guests rated it.
    """

    mean: np.ndarray
    weights: np.ndarray
    noise: float
    doubt: np.ndarray

    def __post_init__(self):
        films = len(validate.numbers("mean", self.mean))
        shape = np.shape(self.weights)
        if np.ndim(self.mean) != 1 or len(shape) != 2 or shape[0] != films:
            raise ValueError(
                f"mean of shape {np.shape(self.mean)} and weights of shape {shape}: give (films,) "
                "and (films, d)"
            )
        validate.numbers("weights", self.weights)
        validate.positive("noise", self.noise)
        if np.shape(validate.numbers("doubt", self.doubt, least=0)) != (films,):
            raise ValueError(f"doubt of shape {np.shape(self.doubt)}: give one a film, ({films},)")


class Taste(NamedTuple):
    """The distribution of several guests' u: mean (guests, d) and covariance (guests, d, d)."""

    mean: np.ndarray
    cov: np.ndarray


def unknown(belief: Belief, guests: int) -> Taste:
    """So many guests of whom nothing is known yet."""
    d = belief.weights.shape[1]
    n = validate.whole("guests", guests)
    return Taste(np.zeros((n, d)), np.tile(np.eye(d), (n, 1, 1)))


def heard(belief: Belief, taste: Taste, films: ArrayLike, stars: ArrayLike) -> Taste:
    """The tastes after each guest has rated one film: films (guests,) by number, stars (guests,).

    A guest whose rating is NaN has said nothing. The equations stand in the chapter. Raises
    ValueError for a film that isn't there or another number of answers than of guests.
    """
    films = np.asarray(validate.ids(films, len(belief.mean), name="films"))
    stars = np.asarray(stars, float)
    if not films.shape == stars.shape == (len(taste.mean),):
        raise ValueError(
            f"{len(taste.mean)} guests, films of shape {films.shape} and stars of shape "
            f"{stars.shape}: give one film and one rating a guest"
        )
    w = belief.weights[films]  # (guests, d)
    toward = np.einsum("gij,gj->gi", taste.cov, w)
    spread = np.einsum("gi,gi->g", w, toward) + belief.noise + belief.doubt[films]
    surprise = stars - belief.mean[films] - np.einsum("gi,gi->g", w, taste.mean)
    said = np.isfinite(stars)
    surprise = np.where(said, surprise, 0.0)
    pull = np.where(said, 1 / spread, 0.0)
    mean = taste.mean + toward * (surprise * pull)[:, None]
    cov = taste.cov - toward[:, :, None] * toward[:, None, :] * pull[:, None, None]
    return Taste(mean, cov)


def told(belief: Belief, stars: ArrayLike) -> Taste:
    """The tastes after all ratings (guests, films) at once; NaN where a guest said nothing."""
    stars = _stars(stars, len(belief.mean))
    precision, pull = _evidence(belief, stars)
    cov = np.linalg.inv(precision)
    return Taste(np.einsum("gij,gj->gi", cov, pull), cov)


def predicted(belief: Belief, taste: Taste) -> np.ndarray:
    """Expected stars (guests, films)."""
    return belief.mean + taste.mean @ belief.weights.T


def taste_variance(belief: Belief, taste: Taste) -> np.ndarray:
    """Variance (guests, films) of what is expected of a film, as far as it comes from the taste."""
    return _squares(belief.weights, taste.cov)


def rating_variance(belief: Belief, taste: Taste) -> np.ndarray:
    """Variance (guests, films) of the rating itself: taste, the film's own mean, and noise."""
    return taste_variance(belief, taste) + belief.doubt + belief.noise


def information(belief: Belief, taste: Taste) -> np.ndarray:
    """Nats (guests, films) that a rating would tell of the guest's taste [Lindley 1956]."""
    signal = taste_variance(belief, taste)
    return 0.5 * np.log1p(signal / (belief.noise + belief.doubt))


def usefulness(belief: Belief, taste: Taste, targets: ArrayLike) -> np.ndarray:
    """By how much a rating of each film (guests, films) would lower the variance of the targets'.

    targets: booleans (guests, films). What falls is the sum of the expected stars' variances
    (A-optimality).
    """
    films = len(belief.mean)
    targets = validate.mask("targets", targets, (len(taste.mean), films))
    sought = np.tensordot(targets.astype(float), _outer(belief.weights), 1)
    fall = _squares(belief.weights, taste.cov @ sought @ taste.cov)
    return fall / rating_variance(belief, taste)


class Calibration(NamedTuple):
    """Of ratings that were predicted: mean squared z, share within the middle 90 %, and RMSE.

    A calibrated belief has a mean squared z of 1 and a share of about 0.9.
    """

    squared_z: float
    inside: float
    rmse: float


def calibration(
    belief: Belief, taste: Taste, stars: ArrayLike, among: ArrayLike | None = None
) -> Calibration:
    """How ratings (guests, films), NaN where there is none, lie in their predictions.

    among: booleans (guests, films), to look at some ratings alone. Raises ValueError where there
    is no rating.
    """
    stars = _stars(stars, len(belief.mean), len(taste.mean))
    seen = np.isfinite(stars)
    if among is not None:
        seen &= validate.mask("among", among, stars.shape)
    if not seen.any():
        raise ValueError("there are no ratings to compare with: give some that aren't NaN")
    errors = (stars - predicted(belief, taste))[seen]
    z = errors / np.sqrt(rating_variance(belief, taste)[seen])
    inside = np.abs(z) < 1.6448536269514722
    return Calibration(
        float(np.mean(z**2)), float(np.mean(inside)), float(np.sqrt(np.mean(errors**2)))
    )


# Learning the belief from static guests -----------------------------------------------------------


def learnt(
    stars: ArrayLike,
    *,
    rank: int = 2,
    ridge: float = 30.0,
    shrink: float = 5.0,
    sure: bool = False,
    sweeps: int = 60,
    seed: int,
) -> Belief:
    """A belief from the ratings (guests, films) of static guests, NaN where there is none.

    Expectation-maximisation: given the belief the guests' tastes are normal, and given those the
    films' means and weights are a Bayesian regression. rank: weights a film beside the guest's
    level. ridge, shrink: so many ratings' worth of evidence pull a film's weights towards zero, and
    its mean towards the mean of all. sure: whether means and weights are then taken for known, with
    no doubt, as a plain fit does; otherwise what the regression leaves open is the film's doubt,
    and part of the noise that it finds. sweeps: of EM. seed: of the weights at the start.
    """
    stars = _stars(stars)
    validate.whole("rank", rank, least=0)
    validate.positive("ridge", ridge)
    validate.positive("shrink", shrink)
    validate.flag("sure", sure)
    validate.whole("sweeps", sweeps)
    seen = np.isfinite(stars)
    counts, ones = seen.sum(0), seen.astype(float)
    filled = np.where(seen, stars, 0.0)
    middle = filled.sum() / seen.sum()
    mean = (filled.sum(0) + shrink * middle) / (counts + shrink)
    loads = 0.1 * np.random.default_rng(seed).standard_normal((stars.shape[1], rank))
    variance = float(np.mean((stars - mean)[seen] ** 2))
    level, noise, doubt = 0.4 * variance**0.5, 0.7 * variance, np.zeros(stars.shape[1])
    pulls = np.diag([shrink, *[ridge] * rank])
    for _ in range(sweeps):
        taste = told(Belief(mean, _weights(level, loads), noise, doubt), stars)
        u, own = taste.mean, taste.mean[:, 0]
        second = taste.cov + u[:, :, None] * u[:, None, :]  # E[u u'] of each guest
        # Each film's mean and weights by regression on (1, u_1, ...), given the tastes.
        inputs = np.concatenate([np.ones((len(u), 1)), u[:, 1:]], 1)
        squares = second.copy()
        squares[:, 0, :] = squares[:, :, 0] = inputs
        left = np.tensordot(ones.T, squares, 1) + pulls
        with_own = np.concatenate([own[:, None], second[:, 0, 1:]], 1)  # E[u_0 (1, u_1, ...)]
        right = filled.T @ inputs - level * (ones.T @ with_own)
        right[:, 0] += shrink * middle
        inverse = np.linalg.inv(left)
        solved = np.einsum("fij,fj->fi", inverse, right)
        mean, loads = solved[:, 0], solved[:, 1:]
        # How far guests differ in level, given the films.
        rest = np.where(seen, stars - mean, 0.0)
        across = float((loads * (ones.T @ second[:, 0, 1:])).sum())
        level = (float(rest.sum(1) @ own) - across) / float(seen.sum(1) @ second[:, 0, 0])
        # What is left, with the part that the uncertain tastes and films take up.
        w = _weights(level, loads)
        left_over = np.where(seen, rest - u @ w.T, 0.0)
        open_tastes = float((_outer(w) * np.tensordot(ones.T, taste.cov, 1)).sum())
        used = 0.0 if sure else float(np.trace(np.eye(rank + 1) - inverse @ pulls, 0, 1, 2).sum())
        noise = (float((left_over**2).sum()) + open_tastes + noise * used) / seen.sum()
        noise = float(np.clip(noise, 1e-3, variance))
        if not sure:
            doubt = noise * np.trace(inverse, 0, 1, 2)
    return Belief(mean, _weights(level, loads), noise, doubt)


def of_genres(
    genres: ArrayLike, *, middle: float, level: float, liking: float, noise: float
) -> Belief:
    """A belief without other guests' ratings: all films alike, but for the guest and the genres.

    genres: 0 and 1 (films, genres). middle: stars expected of any film. level, liking: standard
    deviations of the guest's own level and of what the mean of a film's genres adds. noise: the
    variance of a rating. Raises ValueError for a number of them that isn't above 0.
    """
    genres = validate.numbers("genres", genres, least=0, most=1)
    if genres.ndim != 2:
        raise ValueError(f"genres of shape {genres.shape}: give (films, genres)")
    for name, value in (("level", level), ("liking", liking)):
        validate.nonnegative(name, value)
    share = genres / np.sqrt(np.maximum(genres.sum(1, keepdims=True), 1))
    films = len(genres)
    weights = np.concatenate([np.full((films, 1), level), liking * share], 1)
    return Belief(np.full(films, float(middle)), weights, noise, np.zeros(films))


def _outer(w: np.ndarray) -> np.ndarray:
    return w[:, :, None] * w[:, None, :]  # (films, d, d)


def _squares(w: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """w_i' M_g w_i of each film and guest, (guests, films)."""
    return ((w @ matrices) * w).sum(2)


def _weights(level: float, loads: np.ndarray) -> np.ndarray:
    return np.concatenate([np.full((len(loads), 1), level), loads], 1)


def _evidence(belief: Belief, stars: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What ratings add up to: precisions (guests, d, d) and pulls (guests, d) of the tastes."""
    seen = np.isfinite(stars)
    each = seen / (belief.noise + belief.doubt)
    w = belief.weights
    precision = np.tensordot(each, _outer(w), 1) + np.eye(w.shape[1])
    return precision, (each * np.where(seen, stars - belief.mean, 0.0)) @ w


def _stars(stars: ArrayLike, films: int | None = None, guests: int | None = None) -> np.ndarray:
    try:
        found = np.asarray(stars, float)
    except (TypeError, ValueError):
        raise ValueError("the stars aren't numbers: give (guests, films)") from None
    wrong = found.ndim != 2 or films not in (None, found.shape[1])
    if wrong or guests not in (None, found.shape[0]):
        wanted = f"({guests or 'guests'}, {films or 'films'})"
        raise ValueError(f"stars of shape {found.shape}: give {wanted}")
    if np.isinf(found).any() or not np.isfinite(found).any():
        raise ValueError("the stars hold infinity, or no number at all: give ratings, and NaN")
    return found
