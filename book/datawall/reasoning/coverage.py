"""How often one of k answers is right, and what can be made of it: closed forms.

Chapter: thinking-longer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import betaln, gammaln

from datawall import validate


def passed(right: ArrayLike, k: ArrayLike) -> np.ndarray:
    """pass@k: the chance that one of k of the answers drawn is right, mean over problems, (k,).

    right: booleans (problems, draws). For each problem 1 - C(n - c, k)/C(n, k) of n draws with c
    right, which is unbiased (Chen et al. 2021, arXiv:2107.03374). Raises ValueError for k above
    the number of draws.
    """
    right, ks = _right(right), _ks(k, most=np.shape(right)[1])
    n, c = right.shape[1], right.sum(1)[:, None]
    wrong = n - c
    logs = _choose(wrong, ks) - _choose(n, ks)
    return (1 - np.where(wrong >= ks, np.exp(logs), 0.0)).mean(0)


def guessed(chances: ArrayLike, k: ArrayLike) -> np.ndarray:
    """The same of independent tries with known chances (problems,): mean of 1 - (1 - p)^k, (k,)."""
    p = validate.numbers("chances", chances, least=0, most=1).ravel()
    return (1 - (1 - p[:, None]) ** _ks(k)).mean(0)


def spread(alpha: float, beta: float, k: ArrayLike) -> np.ndarray:
    """pass@k if the problems' chances follow a Beta distribution: 1 - B(a, b + k)/B(a, b), (k,).

    For large k what is missing falls as k^-alpha: a power law of the hard problems, which are the
    chances near zero (Schaeffer et al. 2025, arXiv:2502.17578).
    """
    alpha, beta = validate.positive("alpha", alpha), validate.positive("beta", beta)
    return 1 - np.exp(betaln(alpha, beta + _ks(k)) - betaln(alpha, beta))


def accepted(chance: ArrayLike, leak: float, k: ArrayLike) -> np.ndarray:
    """The chance that the first of k answers that a checker accepts is right, (..., k).

    The checker accepts every right answer and a share `leak` of the wrong ones. With p the chance
    of a right answer, a = p + (1 - p) leak of an accepted one: (p/a) (1 - (1 - a)^k). Where none
    of the k is accepted there is no answer. For many k it ends at p/a, by Bayes.
    """
    p = validate.numbers("chance", chance, least=0, most=1)[..., None]
    let_in = p + (1 - p) * validate.share("leak", leak)
    ks = _ks(k)
    share = np.divide(p, let_in, out=np.zeros_like(let_in), where=let_in > 0)
    return share * (1 - (1 - let_in) ** ks)


def accepted_over(alpha: float, beta: float, leak: float, k: ArrayLike) -> np.ndarray:
    """The same over problems whose chances follow a Beta distribution, (k,), exactly.

    The j-th draw is the first to be accepted and right with the chance p (1 - a)^(j - 1) and
    1 - a = (1 - leak)(1 - p), so the sum over j < k of (1 - leak)^j B(alpha + 1, beta + j) /
    B(alpha, beta).
    """
    alpha, beta = validate.positive("alpha", alpha), validate.positive("beta", beta)
    keeps = 1 - validate.share("leak", leak)
    ks = _ks(k)
    j = np.arange(ks.max())
    terms = keeps**j * np.exp(betaln(alpha + 1, beta + j) - betaln(alpha, beta))
    return np.cumsum(terms)[ks - 1]


class Best(NamedTuple):
    """Expectations of the best of n by score, (n,): its score, and its true worth."""

    score: np.ndarray
    worth: np.ndarray


def best_of(n: ArrayLike, error: float = 1.0, tails: float = np.inf) -> Best:
    """What the best-looking of n is worth: worth N(0, 1), score = worth + error times noise.

    error: factor of the noise. tails: degrees of freedom of its Student t distribution; infinite
    for a normal one, of which the worth is rho times the expected largest of n normals, with rho =
    1/sqrt(1 + error^2), and so never falls. Exactly, by quadrature: with F the distribution of a
    score and m(s) the mean worth at score s, the best has the mean worth of m(F^-1(v^(1/n))) over
    v from 0 to 1. The nodes are too coarse for errors below 0.2, and of scores with tails below 2
    they miss the far ones; down to there four digits are right. Scores have no mean for `tails` up
    to 1. Raises ValueError for tails below 1.
    """
    ns = _ks(n, name="n")
    validate.positive("error", error)
    validate.number("tails", tails, least=1, endless=True)
    noise: Callable = stats.norm if np.isinf(tails) else stats.t(tails)
    nodes, weights = np.polynomial.hermite_e.hermegauss(101)
    weights = weights / weights.sum()
    scores = np.sinh(np.linspace(-14, 14, 6001)) * error / 20  # dense in the middle, wide outside
    gaps = (scores[:, None] - nodes) / error
    least = np.finfo(float).tiny
    dense = noise.pdf(gaps)
    mean = dense @ (weights * nodes) / np.maximum(dense @ weights, least)
    # By 1 - F, which is exact in the upper tail, where F is rounded to one.
    above = np.log(np.maximum(noise.sf(gaps[::-1]) @ weights, least))
    rising = np.concatenate([[True], np.diff(above) > 0])
    v, mass = np.polynomial.legendre.leggauss(400)
    wanted = np.log(-np.expm1(np.log((v + 1) / 2) / ns[:, None]))  # (n, v)
    where = np.interp(wanted, above[rising], scores[::-1][rising])
    return Best(where @ mass / 2, np.interp(where, scores, mean) @ mass / 2)


def divergence(n: ArrayLike) -> np.ndarray:
    """Upper bound of the KL divergence of best-of-n from a single draw: log n - (n - 1)/n, nats."""
    ns = _ks(n, name="n")
    return np.log(ns) - (ns - 1) / ns


def _choose(n: ArrayLike, k: ArrayLike) -> np.ndarray:
    least = np.maximum(np.asarray(n) - k, 0)
    return gammaln(np.asarray(n) + 1.0) - gammaln(np.asarray(k) + 1.0) - gammaln(least + 1.0)


def _right(right: ArrayLike) -> np.ndarray:
    found = np.asarray(right)
    if found.ndim != 2 or not found.size or found.dtype != bool:
        raise ValueError(
            f"right is {found.dtype} of shape {found.shape}: give booleans (problems, draws)"
        )
    return found


def _ks(k: ArrayLike, most: int | None = None, name: str = "k") -> np.ndarray:
    found = np.atleast_1d(np.asarray(k))
    if found.ndim != 1 or not found.size or found.dtype.kind not in "iu":
        raise ValueError(f"{name} is {k!r}: give a whole number or a list of them")
    for value in found:
        validate.whole(name, value, most=most)
    return found
