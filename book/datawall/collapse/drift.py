"""A recursion in one dimension, simulated and expected, under the same names.

    runs = simulated(Gaussian(ddof=0), Own(), world, 100, 50, 4_000, seed=1)   # (generation, chain)
    theory = expected(100, 50, ddof=0)                                         # (generation,)
    gap = runs.mean("chain") - theory

Every quantity is held against the truth N(0, 1): square_mean, mu_t^2; variance, s_t^2;
log_variance, log s_t^2 in nats; distance, W_2^2 = mu_t^2 + (s_t - 1)^2. And words that are copied,
by how often they occurred. Chapter: collapse-in-one-dimension.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike
from scipy.stats import norm

from datawall.collapse import expectations
from datawall.collapse.loop import Policy, chains
from datawall.evidence.intervals import Interval
from datawall.generators.closed_forms import Gaussian
from datawall.generators.protocol import Fitted


def simulated(
    generator: Gaussian,
    policy: Policy,
    source: Fitted,
    size: int,
    generations: int,
    count: int,
    *,
    seed: int,
) -> xr.Dataset:
    """`loop.chains` with the four quantities of each fit, (generation, chain).

    The log of a variance of zero is -inf. Raises ValueError as `loop.chains` does.
    """
    found = chains(generator, policy, source, size, generations, count, seed=seed)
    with np.errstate(divide="ignore"):
        log_variance = np.log(found.variance)
    values = {
        "variance": found.variance,
        "square_mean": found.mean**2,
        "log_variance": log_variance,
        "distance": found.mean**2 + (np.sqrt(found.variance) - 1) ** 2,
    }
    coords = {"generation": np.arange(1, generations + 1), "chain": np.arange(count)}
    return xr.Dataset({name: (tuple(coords), array) for name, array in values.items()}, coords)


def expected(n: int, generations: int, ddof: int = 0) -> xr.Dataset:
    """What is expected of `simulated` under replacement, (generation,): see `expectations`.

    Raises ValueError as `expectations.moments` does.
    """
    t = np.arange(1, generations + 1)
    return by_generation(expectations.moments(n, generations, ddof)).assign(
        log_variance=("generation", expectations.log_variance(n, t, ddof).mean),
        distance=("generation", expectations.distance(n, t, ddof)),
    )


def by_generation(moments: expectations.Moments) -> xr.Dataset:
    """Moments of any policy as square_mean and variance, (generation,)."""
    t = np.arange(1, len(moments.variance) + 1)
    values = {name: ("generation", array) for name, array in moments._asdict().items()}
    return xr.Dataset(values, {"generation": t})


def typical(n: int, generations: int, ddof: int = 0, share: float = 0.8) -> Interval:
    """The median variance under replacement between the bounds of a share of chains, (generation,).

    exp of the mean of log s_t^2, and of that many standard deviations about it: nearly exact once a
    few generations are summed. Raises ValueError for a share that isn't between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share}: give a share between 0 and 1")
    t = np.arange(1, generations + 1)
    log = expectations.log_variance(n, t, ddof)
    edge = norm.ppf((1 + share) / 2) * log.sd
    ends = log.mean, log.mean - edge, log.mean + edge
    return Interval(*(xr.DataArray(np.exp(x), {"generation": t}) for x in ends))


def stacked(**labelled: Mapping[str, xr.Dataset | xr.DataArray]) -> xr.Dataset | xr.DataArray:
    """Results side by side along one new dimension: `stacked(policy={"replace": ..., ...})`.

    Raises ValueError unless one dimension is named.
    """
    if len(labelled) != 1:
        raise ValueError(f"name one dimension, not {len(labelled)}: stacked(policy={{...}})")
    ((dim, results),) = labelled.items()
    return xr.concat(list(results.values()), pd.Index(list(results), name=dim))


def forgotten(counts: ArrayLike, chances: ArrayLike) -> xr.Dataset:
    """Words by how often they occurred at first, and those of them that are left after each copy.

    counts: of each word in the first text, whole numbers from 1, (words,). chances: of each word
    in the first text and its copies, (copies + 1, words). Returns `words` (count,) and `left`
    (copy, count), both as numbers of words, and `differ` (copy,), the chance that two words drawn
    at random differ. Raises ValueError for unlike numbers of words.
    """
    counts, chances = np.asarray(counts), np.asarray(chances, float)
    if counts.ndim != 1 or chances.ndim != 2 or chances.shape[1] != len(counts):
        raise ValueError(
            f"counts {counts.shape} and chances {chances.shape}: give (words,) and (copies, words)"
        )
    kinds, own = np.unique(counts, return_inverse=True)
    left = np.stack([np.bincount(own, row > 0, len(kinds)) for row in chances])
    return xr.Dataset(
        {
            "words": ("count", np.bincount(own)),
            "left": (("copy", "count"), left),
            "differ": ("copy", 1 - (chances**2).sum(1)),
        },
        {"count": kinds, "copy": np.arange(len(chances))},
    )


def half_life(left: xr.DataArray) -> xr.DataArray:
    """Copies after which a share that falls along `copy` has come down to a half, interpolated.

    left: shares from 1 downwards, with the dimension `copy` and any others, which stay. A share
    that never comes down so far has the last copy.
    """
    copies = left["copy"].values

    def halved(share):
        return np.interp(-0.5, -share, copies)

    return xr.apply_ufunc(halved, left, input_core_dims=[["copy"]], vectorize=True)
