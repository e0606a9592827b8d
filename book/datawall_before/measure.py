"""How good generated data are: fidelity, coverage, copies, variety, usefulness, perplexity.

No one number says it all: a generator that repeats its training data has perfect precision,
recall and coverage, and makes nothing new; samples can look right and teach nothing. Points are
arrays (n, ...), flattened; distances are Euclidean. Chapters: generators, collapse-in-generators,
collapse-in-language-models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist, pdist
from sklearn.base import ClassifierMixin, clone
from sklearn.metrics import pairwise_distances_chunked
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import NearestNeighbors
from sklearn.svm import SVC

from datawall_before.uncertainty import Interval, over_draws

DRAWS = 1_000  # of the bootstrap


def perplexity(nats: ArrayLike) -> float:
    """exp of the mean cross-entropy, in nats a token, of texts of equal length: see `nats`."""
    return math.exp(_finite(nats, "cross-entropies").mean())


# Fidelity and coverage ----------------------------------------------------------------------------


class Support(NamedTuple):
    """How two sets of points overlap: see `support`."""

    precision: float
    recall: float
    density: float
    coverage: float


def support(real: ArrayLike, fake: ArrayLike, k: int = 5) -> Support:
    """How much of the one distribution's support lies in the other's, by k nearest neighbours.

    precision: share of fake points inside the ball of any real one, which reaches to its k-th
    neighbour among the real. recall: the same with the parts exchanged [Kynkaanniemi et al. 2019,
    arXiv:1904.06991]. density: how many real balls a fake point lies in, over k, which may exceed
    1. coverage: share of real balls with a fake point inside [Naeem et al. 2020, arXiv:2002.09797].

    Two sets from one distribution have a density of 1 on average, a coverage of `full_coverage`,
    and a precision and recall below 1, the lower the more dimensions: measure what other real
    points reach, and compare with that. Points that copy the real ones reach 1 in all but density.

    Raises ValueError for k neighbours that a set doesn't have, and for points of unlike shape.
    """
    found = _overlap(real, fake, k)
    return Support(
        float((found.balls > 0).mean()),
        float(found.recalled.mean()),
        float(found.balls.mean() / k),
        float(found.covered.mean()),
    )


class Reached(NamedTuple):
    """Which real points the fake ones reach: see `reached`."""

    recalled: np.ndarray
    covered: np.ndarray


def reached(real: ArrayLike, fake: ArrayLike, k: int = 5) -> Reached:
    """What `support` averages to recall and coverage, for each real point: booleans (n,).

    To ask which part of the real data is lost, by class or by `oddness`. The two differ in whose
    neighbourhood counts: a point is recalled if it lies in a fake one's, covered if a fake point
    lies in its own. The chance to be covered by points of its own distribution is `full_coverage`
    for every real point alike, the odd ones too, since it is a matter of ranks; the chance to be
    recalled is lower for odd points. Chapter: collapse-in-generators.
    """
    found = _overlap(real, fake, k)
    return Reached(found.recalled, found.covered)


def oddness(points: ArrayLike, others: ArrayLike, k: int = 5) -> np.ndarray:
    """Distance of each point to its k-th neighbour among `others`, (n,): large where few are.

    others: real points that are used for nothing else, or the same points would set what is odd and
    be measured by it. Raises ValueError for k neighbours that `others` don't have. Chapter:
    collapse-in-generators.
    """
    points, others = _pair(points, others)
    if not 1 <= k <= len(others):
        raise ValueError(f"k is {k}, and there are {len(others)} others: give 1 to as many")
    return NearestNeighbors(n_neighbors=k).fit(others).kneighbors(points)[0][:, -1]


def full_coverage(real: int, fake: int, k: int = 5) -> float:
    """The coverage to expect of `fake` points from the distribution of the `real` ones.

    The k + 1 nearest of a real point's neighbours are real or fake in random order, so no fake one
    comes before the k-th real one with the chance of drawing k real ones first [Naeem et al. 2020,
    appendix]. It depends on nothing else, in any number of dimensions.
    """
    return 1 - math.prod((real - i) / (real + fake - i) for i in range(1, k + 1))


def two_sample(
    real: ArrayLike,
    fake: ArrayLike,
    seed: int,
    classifier: ClassifierMixin | None = None,
    folds: int = 5,
) -> float:
    """Accuracy at telling real from fake, cross-validated: 1/2 if nothing tells them apart.

    Normal distributions of unit variance whose means lie d apart reach Phi(d/2) with the best
    classifier. Where that isn't known the value is a lower bound: another classifier may see more
    [Lopez-Paz and Oquab 2017, arXiv:1610.06545]. classifier: a support vector machine by default,
    which takes all coordinates as they are scaled.

    Raises ValueError unless there are as many fake points as real ones.
    """
    real, fake = _pair(real, fake)
    _same_number(real, fake)
    points = np.concatenate([real, fake])
    labels = np.repeat([0, 1], len(real))
    split = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return float(cross_val_score(classifier or SVC(), points, labels, cv=split).mean())


def similarity(a: ArrayLike, b: ArrayLike, bandwidth: float | None = None) -> np.ndarray:
    """exp(-|x - y|^2 / (2 bandwidth^2)) for each point of `a` with each of `b`, (n, m).

    bandwidth: by default the median distance between two points of both sets together. Give your
    own where several results are compared.
    """
    a, b = _pair(a, b)
    return np.exp(-cdist(a, b, "sqeuclidean") / (2 * (bandwidth or _median(a, b)) ** 2))


def mmd(real: ArrayLike, fake: ArrayLike, bandwidth: float | None = None) -> float:
    """Squared maximum mean discrepancy under `similarity`, unbiased, so it may fall below zero.

    [Gretton et al. 2012, Journal of Machine Learning Research 13:723, eq. 3.] For N(0, v) and
    N(d, w) the truth is known, since E k = l / sqrt(l^2 + s) exp(-d^2 / (2 (l^2 + s))) with l the
    bandwidth and s the sum of the two variances.
    """
    real, fake = _pair(real, fake)
    if min(len(real), len(fake)) < 2:
        raise ValueError("each set needs two points or more")
    width = bandwidth or _median(real, fake)

    def within(x):
        n = len(x)
        return (similarity(x, x, width).sum() - n) / (n * (n - 1))

    return float(within(real) + within(fake) - 2 * similarity(real, fake, width).mean())


# Filters -----------------------------------------------------------------------------------------


def planted(passages: Sequence[str], copies: Sequence[int], seed: int) -> list[str]:
    """So many copies of each passage, each with a typo of its own in a random place, as a list.

    To be mixed with a training text, so that what a model recites can be held against how often it
    has met it. No copy equals another but by chance. Raises ValueError unless each passage has a
    number of copies. Chapter: data-quality.
    """
    if len(passages) != len(copies):
        raise ValueError(
            f"{len(passages)} passages and {len(copies)} numbers of copies: give one each"
        )
    rng = np.random.default_rng(seed)
    found = []
    for passage, count in zip(passages, copies, strict=True):
        for place in rng.integers(len(passage), size=count):
            typo = chr(ord("a") + rng.integers(26))
            found.append(passage[:place] + typo + passage[place + 1 :])
    return found


class Grade(NamedTuple):
    """How well a filter does on pages of known kind, each with its interval."""

    precision: Interval
    recall: Interval


def grade(good: ArrayLike, bad: ArrayLike, seed: int) -> Grade:
    """Precision and recall of a filter, from which of the good and the bad pages it kept.

    good, bad: booleans (pages,). Intervals by the bootstrap over pages of each kind apart, so the
    precision is that of a pool with as many of either as given. Raises ValueError when nothing
    was kept or a kind is missing. Chapter: data-quality.
    """
    good, bad = np.asarray(good, bool), np.asarray(bad, bool)
    if not (len(good) and len(bad)):
        raise ValueError("give pages of both kinds: one of them is empty")
    if not (good.any() or bad.any()):
        raise ValueError("the filter kept no page, so it has no precision: loosen it")
    rng = np.random.default_rng(seed)
    kept_good, kept_bad = (
        rng.binomial(len(kept), kept.mean(), DRAWS) for kept in (good, bad)
    )  # what a bootstrap of booleans comes to
    precision = good.sum() / (good.sum() + bad.sum())
    drawn = kept_good / np.maximum(kept_good + kept_bad, 1)
    return Grade(over_draws(precision, drawn), over_draws(good.mean(), kept_good / len(good)))


# Novelty and variety ------------------------------------------------------------------------------


def copies(
    training: ArrayLike, samples: ArrayLike, held_out: ArrayLike, level: float = 0.05
) -> float:
    """Share of samples that lie closer to a training point than real data do but for `level`.

    The threshold is the `level` quantile of the distances from held-out real points to the nearest
    training point: new real data score `level` on average, and more says that samples keep to the
    training points. Fewer is no proof of novelty: samples far from everything score zero.
    """
    training, samples = _pair(training, samples)
    training, held_out = _pair(training, held_out)
    if not 0 < level < 1:
        raise ValueError(f"level is {level}: give a share between 0 and 1")
    index = NearestNeighbors(n_neighbors=1).fit(training)
    usual = index.kneighbors(held_out)[0][:, 0]
    threshold = np.quantile(usual, level)
    return float((index.kneighbors(samples)[0][:, 0] <= threshold).mean())


def vendi(similarities: ArrayLike) -> float:
    """Vendi score: the effective number of distinct points, from 1 to n.

    exp of the entropy of the eigenvalues of K / n [Friedman and Dieng 2022, arXiv:2210.02410].
    similarities: K (n, n), symmetric, with ones on its diagonal, as of `similarity(x, x)`. Points
    in c equal clusters without any similarity between them score c.
    """
    matrix = _finite(similarities, "similarities")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"similarities have shape {matrix.shape}: give (n, n)")
    if not (np.allclose(np.diag(matrix), 1) and np.allclose(matrix, matrix.T)):
        raise ValueError("similarities must be symmetric, with ones on the diagonal")
    shares = np.linalg.eigvalsh(matrix / len(matrix))
    return _effective(shares[shares > 1e-12])


class Spread(NamedTuple):
    """Variance of points, summed over coordinates, split by label: total = within + between."""

    total: float
    within: float
    between: float


def spread(points: ArrayLike, labels: ArrayLike) -> Spread:
    """Total variance (ddof 0) of points (n, ...), and its parts within and between labels (n,).

    The mean over points of the squared distance to their own label's mean, and of that mean's to
    the common one: the analysis of variance. The total says little of what a recursion loses, as
    either part may make up for the other. Raises ValueError unless each point has one label.
    Chapter: collapse-in-generators.
    """
    points, labels = _flat(points), np.asarray(labels)
    if labels.shape != (len(points),):
        raise ValueError(f"{len(points)} points and labels {labels.shape}: give one label a point")
    _, own = np.unique(labels, return_inverse=True)
    counts = np.bincount(own)
    means = np.stack([np.bincount(own, column) for column in points.T], 1) / counts[:, None]
    within = np.square(points - means[own]).sum(1).mean()
    between = np.square(means - points.mean(0)).sum(1) @ counts / len(points)
    return Spread(float(within + between), float(within), float(between))


def kinds(labels: ArrayLike) -> float:
    """Effective number of kinds among labels (n,): exp of the entropy of their shares.

    From 1, where all labels are the same, to their number where each is as frequent (Hill's number
    of order one [Hill 1973, doi:10.2307/1934352]). Chapter: collapse-in-generators.
    """
    counts = np.unique(np.asarray(labels), return_counts=True)[1]
    if not len(counts):
        raise ValueError("there are no labels: give one or more")
    return _effective(counts / counts.sum())


def distinct(rows: ArrayLike, n: int, tokens: int) -> float:
    """Share of n-grams that occur for the first time, in the first `tokens` tokens of rows.

    rows: token ids (count, length), or one text (tokens,); no n-gram spans two rows. The share
    falls with the length of the text, so what is compared must be counted on equal `tokens`.

    Raises ValueError for fewer tokens than that, and for rows shorter than an n-gram.
    """
    grams = _grams(rows, n, tokens)
    return len(np.unique(grams, axis=0)) / len(grams)


def repeated(rows: ArrayLike, n: int) -> float:
    """Share of n-grams that have occurred before in their own row: a writer that goes in circles.

    rows: token ids (count, length), of equal length where results are compared.
    """
    rows = np.atleast_2d(np.asarray(rows))
    first = sum(len(np.unique(_grams(row, n, row.size), axis=0)) for row in rows)
    return 1 - first / (len(rows) * (rows.shape[1] - n + 1))


# Usefulness ---------------------------------------------------------------------------------------


class Usefulness(NamedTuple):
    """Accuracies on real test data of a classifier trained on the one, the other, and both."""

    synthetic: float
    real: float
    both: float


def usefulness(
    synthetic: tuple[ArrayLike, ArrayLike],
    real: tuple[ArrayLike, ArrayLike],
    test: tuple[ArrayLike, ArrayLike],
    classifier: ClassifierMixin | None = None,
) -> Usefulness:
    """Train on synthetic, test on real [Esteban et al. 2017, arXiv:1706.02633], with its controls.

    Each argument is a pair (points, labels). real: as many as synthetic, and the data that the
    generator saw, or others, as the question may be. classifier: a support vector machine by
    default, as in `two_sample`. Raises ValueError unless synthetic and real are of one size.
    """
    sets = [(_flat(points), np.asarray(labels)) for points, labels in (synthetic, real, test)]
    (fake, fake_labels), (true, true_labels), (points, labels) = sets
    _same_number(true, fake)
    both = np.concatenate([fake, true]), np.concatenate([fake_labels, true_labels])

    def accuracy(x, y):
        return float(clone(classifier or SVC()).fit(x, y).score(points, labels))

    return Usefulness(accuracy(fake, fake_labels), accuracy(true, true_labels), accuracy(*both))


# Shared -------------------------------------------------------------------------------------------


def _effective(shares: np.ndarray) -> float:
    """exp of the entropy of shares above 0."""
    return math.exp(-(shares * np.log(shares)).sum())


class _Overlap(NamedTuple):
    balls: np.ndarray  # real balls around each fake point
    recalled: np.ndarray  # whether each real point lies in a fake ball
    covered: np.ndarray  # whether each real ball holds a fake point


def _overlap(real: ArrayLike, fake: ArrayLike, k: int) -> _Overlap:
    real, fake = _pair(real, fake)
    if not 1 <= k < min(len(real), len(fake)):
        raise ValueError(
            f"k is {k}, with {len(real)} real and {len(fake)} fake points: each needs k other "
            "points of its own kind"
        )
    real_reach, fake_reach = _reach(real, k), _reach(fake, k)
    inside_real, within_fake, covered = [], [], []
    for distances in pairwise_distances_chunked(real, fake):  # (some real, fake)
        rows = slice(len(covered), len(covered) + len(distances))
        inside_real.append(distances <= real_reach[rows, None])
        within_fake.extend((distances <= fake_reach).any(1))
        covered.extend(inside_real[-1].any(1))
    balls = np.concatenate(inside_real).sum(0)
    return _Overlap(balls, np.array(within_fake), np.array(covered))


def _reach(points: np.ndarray, k: int) -> np.ndarray:
    """Distance of each point to its k-th neighbour, not counting itself."""
    return NearestNeighbors(n_neighbors=k).fit(points).kneighbors()[0][:, -1]


def _median(a: np.ndarray, b: np.ndarray) -> float:
    median = float(np.median(pdist(np.concatenate([a, b]))))
    if not median:
        raise ValueError("most points are the same: give a bandwidth")
    return median


def _grams(rows: ArrayLike, n: int, tokens: int) -> np.ndarray:
    """The n-grams (count, n) of the first `tokens` tokens."""
    rows = np.atleast_2d(np.asarray(rows))
    if rows.size < tokens:
        raise ValueError(
            f"{tokens:,} tokens are to be compared, and there are {rows.size:,}: lower the budget "
            "for all that are compared"
        )
    if not 1 <= n <= rows.shape[1]:
        raise ValueError(f"n is {n}, and a row has {rows.shape[1]} tokens")
    length = rows.shape[1]
    whole = rows[: tokens // length]
    parts = [np.lib.stride_tricks.sliding_window_view(whole, n, axis=1).reshape(-1, n)]
    rest = rows[tokens // length, : tokens % length] if tokens % length else rows[0, :0]
    if len(rest) >= n:
        parts.append(np.lib.stride_tricks.sliding_window_view(rest, n))
    grams = np.concatenate(parts)
    if not len(grams):
        raise ValueError(f"{tokens} tokens hold no {n}-gram: raise the budget")
    return grams


def _pair(a: ArrayLike, b: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    a, b = _flat(a), _flat(b)
    if a.shape[1] != b.shape[1]:
        raise ValueError(
            f"points of {a.shape[1]} and of {b.shape[1]} numbers can't be compared: give both in "
            "the same shape"
        )
    return a, b


def _flat(points: ArrayLike) -> np.ndarray:
    points = _finite(points, "points")
    return points.reshape(len(points), -1)


def _finite(values: ArrayLike, what: str) -> np.ndarray:
    values = np.asarray(values, float)
    if not values.size:
        raise ValueError(f"there are no {what}: give one or more")
    if not np.isfinite(values).all():
        raise ValueError(f"the {what} hold NaN or infinity: leave those out")
    return values


def _same_number(real: np.ndarray, fake: np.ndarray) -> None:
    if len(real) != len(fake):
        raise ValueError(
            f"{len(real)} real points and {len(fake)} others: give as many of each, so that "
            "neither side gains by its number"
        )
