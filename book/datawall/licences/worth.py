"""What one datum is worth to a classifier, or one owner's data to a model.

Values of training points for a classifier by nearest neighbours, exactly: Shapley's (Jia et al.
2019, arXiv:1908.08619, theorem 1), and what is lost where one is left out. And how much of values
that were measured anew with several seeds belongs to the owners. Chapter: licensed-data.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from scipy import stats

from datawall import validate
from datawall.evidence.intervals import Interval


def utility(distances: ArrayLike, labels: ArrayLike, truth: ArrayLike, *, k: int) -> float:
    """How often neighbours are right: the mean share of the k nearest that have the true label.

    distances: (questions, points), of each question from each training point. labels: (points,).
    truth: (questions,). With fewer points than k, those that are missing count as wrong, so that
    no points are worth 0.
    """
    right = _right(distances, labels, truth)
    validate.whole("k", k)
    return float(right[:, :k].sum(1).mean() / k) if right.size else 0.0


def shapley(distances: ArrayLike, labels: ArrayLike, truth: ArrayLike, *, k: int) -> np.ndarray:
    """Each training point's Shapley value for `utility`, (points,): they add up to it.

    That is what a point adds to those before it, averaged over all orders in which the points can
    come. From the farthest to the nearest, in the order of a question's distances,

        s_n = min(k, n) 1[y_n is right] / (n k)
        s_i = s_(i+1) + (1[y_i is right] - 1[y_(i+1) is right]) min(k, i) / (k i)

    Arguments as for `utility`. Equal distances keep the order of the points.
    """
    right, order = _right(distances, labels, truth), _order(distances)
    validate.whole("k", k)
    n = right.shape[1]
    i = np.arange(1, n)
    values = np.empty(right.shape)
    values[:, -1] = min(k, n) * right[:, -1] / (n * k)
    steps = (right[:, :-1] - right[:, 1:]) * np.minimum(k, i) / (k * i)
    values[:, :-1] = values[:, -1:] + np.cumsum(steps[:, ::-1], 1)[:, ::-1]
    return _back(values, order).mean(0)


def leave_one_out(
    distances: ArrayLike, labels: ArrayLike, truth: ArrayLike, *, k: int
) -> np.ndarray:
    """What `utility` loses where one training point is left out, (points,), for each point.

    Only a neighbour can be missed, and the next one takes its place. Arguments as for `utility`.
    """
    right, order = _right(distances, labels, truth), _order(distances)
    validate.whole("k", k)
    next_one = right[:, k : k + 1] if right.shape[1] > k else np.zeros((len(right), 1))
    lost = np.zeros(right.shape)
    lost[:, :k] = (right[:, :k] - next_one) / k
    return _back(lost, order).mean(0)


def agreement(distances: ArrayLike, labels: ArrayLike, *, k: int) -> np.ndarray:
    """The share of each training point's k nearest others that have its label, (points,).

    distances: (points, points), between training points; no question is asked.
    """
    gaps = validate.numbers("distances", distances, least=0).copy()
    labels = np.asarray(labels)
    if gaps.ndim != 2 or gaps.shape[0] != gaps.shape[1] or len(labels) != len(gaps):
        raise ValueError(f"distances of shape {gaps.shape}: give one for each two of the points")
    validate.whole("k", k, most=len(gaps) - 1)
    np.fill_diagonal(gaps, np.inf)
    near = np.argsort(gaps, axis=1, kind="stable")[:, :k]
    return (labels[near] == labels[:, None]).mean(1)


def of_owners(values: xr.DataArray, *, owner: str, seed: str = "seed") -> Interval:
    """The share of the variance of measured values that belongs to the owners, with its interval.

    values: what each owner's data were found to be worth, (owner, seed), anew with each seed. What
    the values of all owners have in common in a seed, as when they are differences from one model,
    doesn't count. With mean squares between owners and of what is left, and n seeds, it is (F - 1)
    / (F + n - 1): the intraclass correlation for consistency, whose interval follows from that of F
    (Shrout and Fleiss 1979, ICC(3, 1)). It is below zero where owners differ less than chance would
    have it. Raises ValueError for fewer than two owners or seeds, and for values that aren't finite
    or of which nothing is left to chance.
    """
    if set(values.dims) != {owner, seed}:
        raise ValueError(f"the values have {', '.join(values.dims)}: give {owner} and {seed}")
    found = validate.numbers("values", values.transpose(owner, seed).values)
    owners, n = found.shape
    if owners < 2 or n < 2:
        raise ValueError(f"{owners} owners and {n} seeds: give two or more of each")
    centred = found - found.mean(0)
    own = centred.mean(1, keepdims=True)
    degrees = owners - 1, (owners - 1) * (n - 1)
    between = n * (own**2).sum() / degrees[0]
    left = ((centred - own) ** 2).sum() / degrees[1]
    if left < 1e-12 * (found**2).sum():
        raise ValueError("every seed gave the same values: there is no chance to compare with")
    low, high = (stats.f.ppf(p, *degrees) for p in (0.975, 0.025))
    f = between / left
    share = [xr.DataArray((x - 1) / (x + n - 1)) for x in (f, f / low, f / high)]
    return Interval(*share)


def _right(distances: ArrayLike, labels: ArrayLike, truth: ArrayLike) -> np.ndarray:
    """Whether the label of a question's nearest point is the true one, of the next, and so on."""
    labels, truth = np.asarray(labels), np.asarray(truth)
    shape = np.shape(distances)
    if len(shape) != 2 or shape != (len(truth), len(labels)) or not all(shape):
        raise ValueError(
            f"distances of shape {shape} with {len(labels)} labels and {len(truth)} questions: "
            "give (questions, points)"
        )
    return (labels[_order(distances)] == truth[:, None]).astype(float)


def _order(distances: ArrayLike) -> np.ndarray:
    return np.argsort(validate.numbers("distances", distances), axis=1, kind="stable")


def _back(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Values in the order of distance, in that of the points."""
    found = np.empty_like(values)
    np.put_along_axis(found, order, values, 1)
    return found
