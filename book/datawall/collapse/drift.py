"""A recursion in one dimension, simulated and expected, under the same names.

    runs = simulated(ESTIMATORS, Own(), world, 100, 50, 4_000, seed=1)
    theory = expected(ESTIMATORS, Own(), 100, 50)
    gaps(runs, theory).max()                    # in standard errors

Every quantity is held against the truth N(0, 1): square_mean, mu_t^2; variance, s_t^2;
log_variance, log s_t^2 in nats; distance, W_2^2 = mu_t^2 + (s_t - 1)^2. Then words that are copied,
by how often they occurred, and samples without sampling error. Chapter: collapse-in-one-dimension.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike
from scipy.stats import norm

from datawall import validate
from datawall.collapse import expectations
from datawall.collapse.loop import Generation, Policy, chains
from datawall.collapse.policies import Accumulate, Archive, Fresh, Mix, Own
from datawall.evidence.intervals import Interval
from datawall.evidence.replicate import stacked
from datawall.generators.closed_forms import Gaussian
from datawall.generators.protocol import Fitted

# A Gaussian fitted to its own samples -------------------------------------------------------------


def simulated(
    estimator: Gaussian | Mapping[str, Gaussian],
    policy: Policy | Mapping[str, Policy],
    source: Fitted,
    size: int,
    generations: int,
    count: int,
    *,
    seed: int,
) -> xr.Dataset:
    """`loop.chains` with the four quantities of each fit, (generation, chain).

    estimator, policy: one, or several by name, which are then dimensions of those names; all start
    from the same points. The log of a variance of zero is -inf. Raises ValueError as `loop.chains`
    does.
    """
    if isinstance(estimator, Mapping):
        ways = {
            name: simulated(one, policy, source, size, generations, count, seed=seed)
            for name, one in estimator.items()
        }
        return stacked(estimator=ways)
    if isinstance(policy, Mapping):
        ways = {
            name: simulated(estimator, one, source, size, generations, count, seed=seed)
            for name, one in policy.items()
        }
        return stacked(policy=ways)
    found = chains(estimator, policy, source, size, generations, count, seed=seed)
    with np.errstate(divide="ignore"):
        log_variance = np.log(found.variance)
    values = {
        "square_mean": found.mean**2,
        "variance": found.variance,
        "log_variance": log_variance,
        "distance": found.mean**2 + (np.sqrt(found.variance) - 1) ** 2,
    }
    coords = {"generation": np.arange(1, generations + 1), "chain": np.arange(count)}
    return xr.Dataset({name: (tuple(coords), array) for name, array in values.items()}, coords)


def expected(
    estimator: Gaussian | Mapping[str, Gaussian],
    policy: Policy | Mapping[str, Policy],
    n: int,
    generations: int,
) -> xr.Dataset:
    """What is expected of `simulated`, (generation,): see `expectations`.

    estimator, policy: one, or several by name, as in `simulated`. Of several policies, and of any
    but `Own()`, square_mean and variance are known, and not the rest. Raises ValueError for a
    policy without a theory here, and as `expectations.moments` does.
    """
    if isinstance(estimator, Mapping):
        ways = {name: expected(one, policy, n, generations) for name, one in estimator.items()}
        return stacked(estimator=ways)
    if isinstance(policy, Mapping):
        ways = {name: expected(estimator, one, n, generations) for name, one in policy.items()}
        return stacked(
            policy={name: one[["square_mean", "variance"]] for name, one in ways.items()}
        )
    t, ddof = np.arange(1, generations + 1), estimator.ddof
    moments = _moments(policy, n, generations, ddof)
    values = {name: ("generation", array) for name, array in moments._asdict().items()}
    found = xr.Dataset(values, {"generation": t})
    if policy != Own():
        return found
    return found.assign(
        log_variance=("generation", expectations.log_variance(n, t, ddof).mean),
        distance=("generation", expectations.distance(n, t, ddof)),
    )


def _moments(policy: Policy, n: int, generations: int, ddof: int) -> expectations.Moments:
    if policy == Accumulate():
        return expectations.accumulated(n, generations, ddof)
    parts, shares = (policy.parts, policy.shares) if isinstance(policy, Mix) else ((policy,), (1,))
    share = dict.fromkeys((Fresh, Archive), 0.0)
    for part, its_share in zip(parts, shares, strict=True):
        if type(part) in share:
            share[type(part)] += its_share
        elif part != Own():
            raise ValueError(f"there is no theory here of {policy}: give Own, Accumulate or a Mix")
    return expectations.moments(n, generations, ddof, share[Fresh], share[Archive])


def typical(estimator: Gaussian, n: int, generations: int, share: float = 0.8) -> Interval:
    """The median variance under replacement between the bounds of a share of chains, (generation,).

    exp of the mean of log s_t^2, and of so many standard deviations about it: nearly exact once a
    few generations are summed. Raises ValueError for a share that isn't between 0 and 1.
    """
    validate.share("share", share, inside=True)
    t = np.arange(1, generations + 1)
    log = expectations.log_variance(n, t, estimator.ddof)
    edge = norm.ppf((1 + share) / 2) * log.sd
    ends = log.mean, log.mean - edge, log.mean + edge
    return Interval(*(xr.DataArray(np.exp(x), {"generation": t}) for x in ends))


def gaps(runs: xr.Dataset, theory: xr.Dataset) -> xr.DataArray:
    """How far means over `chain` lie from theory, in standard errors, with the dimension quantity.

    runs, theory: of `simulated` and `expected`.
    """
    error = runs.std("chain", ddof=1) / np.sqrt(runs.sizes["chain"])
    return (abs(runs.mean("chain") - theory) / error).to_dataarray("quantity")


def beside(theory: xr.Dataset, runs: xr.Dataset, generation: Sequence[int]) -> pd.DataFrame:
    """Theory/simulation as text in these generations, and the largest of all `gaps`, by quantity.

    theory, runs: of `expected` and `simulated`, which name estimators.
    """

    def written(values):
        values = values.sel(generation=generation).to_dataarray("quantity")
        return values.to_series().map("{:.3f}".format)

    rows = (written(theory) + "/" + written(runs.mean("chain"))).unstack("generation")
    largest = gaps(runs, theory).max("generation").to_series()
    return rows.assign(**{"largest gap": largest.map("{:.1f}".format)})


def in_vega(n: str, fresh: str, t: str) -> dict[str, str]:
    """Expected variance under ddof 0 as Vega expressions, by policy, for a reader's knobs.

    n, fresh, t: expressions of the number of points, the share of fresh real ones, and the
    generation. They say what `expectations.moments` and `accumulated_limit` do.
    """
    kept = f"((1 - {fresh}) * (1 - {fresh}) - (1 - {fresh}) / {n})"  # of the mean's square
    return {
        "replace": f"pow(1 - 1 / {n}, {t})",
        "with fresh data": f"1 - (1 - pow({kept}, {t})) / (1 - {kept}) / {n}",
        "accumulate, in the end": f"sin(PI / sqrt({n})) / (PI / sqrt({n}))",
    }


# Words in their own copies ------------------------------------------------------------------------


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case, of the letters a to z and the apostrophe."""
    return re.findall("[a-z']+", text.lower())


def variety(chances: Sequence[ArrayLike], copies: int) -> np.ndarray:
    """The chance that two words drawn at random differ, in a text and after each copy, (copies,).

    chances: of each word, at first and after each copy; where the chain has ended before, 0.
    """
    found = np.zeros(validate.whole("copies", copies))
    known = [1 - np.square(row).sum() for row in chances[:copies]]
    found[: len(known)] = known
    return found


def expected_variety(text: ArrayLike, copies: int) -> xr.DataArray:
    """`expectations.heterozygosity` of a text of ids, (copy,): at first and after each copy."""
    chances, t = np.bincount(text) / len(text), np.arange(copies)
    found = expectations.heterozygosity(chances, len(text), t)
    return xr.DataArray(found, {"copy": t})


def forgotten(text: ArrayLike, chances: ArrayLike) -> xr.Dataset:
    """Words by how often they occur in a text, and those of them that are left after each copy.

    text: ids from 0, each of which occurs, (tokens,). chances: of each id in the text and in its
    copies, (copies + 1, ids). Returns `words` (count,) and `left` (copy, count), both as numbers of
    words, and `differ` (copy,), the chance that two words drawn at random differ. Raises ValueError
    when text and chances have unlike numbers of ids.
    """
    counts, chances = np.bincount(text), np.asarray(chances, float)
    if chances.ndim != 2 or chances.shape[1] != len(counts) or not counts.all():
        raise ValueError(
            f"the text has {np.count_nonzero(counts)} ids below {len(counts)}, and the chances are "
            f"of shape {chances.shape}: give (copies, ids), and number the words that occur"
        )
    kinds, own = np.unique(counts, return_inverse=True)
    left = np.stack([np.bincount(own, row > 0, len(kinds)) for row in chances])
    return xr.Dataset(
        {
            "words": ("count", np.bincount(own)),
            "left": (("copy", "count"), left),
            "differ": ("copy", variety(chances, len(chances))),
        },
        {"count": kinds, "copy": np.arange(len(chances))},
    )


def in_bands(texts: xr.Dataset, bands: Mapping[str, int]) -> xr.Dataset:
    """Shares of words left in bands of frequency: `left`, and `expected` over all seeds' words.

    texts: of `forgotten`, with a dimension `seed`. bands: for each name how often a word of it
    occurs at least; in rising order. Returns them over (seed, copy, occurred) and (copy, occurred).
    """
    law = [expectations.word_survival(texts["count"].values, t) for t in texts["copy"].values]
    law = xr.DataArray(law, dims=("copy", "count"))
    texts = texts[["words", "left"]].assign(expected=texts.words * law)
    edges = [*bands.values(), np.inf]
    groups = texts.groupby_bins("count", edges, right=False, labels=list(bands))
    found = groups.sum().rename(count_bins="occurred")  # numbers of words
    expected = found.expected.sum("seed") / found.words.sum("seed")
    return xr.Dataset({"left": found.left / found.words, "expected": expected})


def half_life(left: xr.DataArray) -> xr.DataArray:
    """Copies after which a share that falls along `copy` has come down to a half, interpolated.

    left: shares from 1 downwards, with the dimension `copy` and any others, which stay. A share
    that never comes down so far has the last copy.
    """
    copies = left["copy"].values

    def halved(share):
        return np.interp(-0.5, -share, copies)

    return xr.apply_ufunc(halved, left, input_core_dims=[["copy"]], vectorize=True)


def power(values: xr.DataArray, dim: str) -> xr.DataArray:
    """The power of a dimension's coordinate that values follow: the slope between logarithms."""
    logs = np.log(values).assign_coords({dim: np.log(values[dim])})
    return logs.polyfit(dim, 1).polyfit_coefficients.sel(degree=1, drop=True)


# Samples without sampling error -------------------------------------------------------------------


def quantiles(n: int) -> np.ndarray:
    """`n` evenly spaced quantiles of N(0, 1), scaled to variance 1: a sample without chance."""
    points = norm.ppf((np.arange(validate.whole("n", n, least=2)) + 0.5) / n)
    return points / points.std()


@dataclass(frozen=True)
class Quantiles:
    """A normal distribution that hands out quantiles in place of draws.

    start: the mean and the log of the standard deviation from which each fit descends the mean
    negative log likelihood, `steps` steps at a rate, and may stop before its end; None to fit it
    exactly. points: how many quantiles there are; they repeat in a larger sample.
    """

    start: tuple[float, float] | None = None
    steps: int = 40
    rate: float = 0.1
    points: int = 2_000
    mean: float = 0.0
    log_sd: float = 0.0

    def fit(self, data: np.ndarray, *, seed: int) -> Quantiles:
        """Fit points (n,); the seed isn't used, as nothing is drawn."""
        if self.start is None:
            return replace(self, mean=data.mean(), log_sd=np.log(data.std()))
        mean, log_sd = self.start
        for _ in range(self.steps):
            gaps = (data - mean) / np.exp(log_sd)
            mean += self.rate * gaps.mean() / np.exp(log_sd)
            log_sd += self.rate * ((gaps**2).mean() - 1)
        return replace(self, mean=mean, log_sd=log_sd)

    def sample(self, n: int, *, seed: int) -> np.ndarray:
        """`n` quantiles of the fit, (n,); the seed isn't used."""
        return self.mean + np.exp(self.log_sd) * np.resize(quantiles(self.points), n)


def resumed(knobs: Quantiles, data: np.ndarray, generations: int) -> Iterator[Generation]:
    """As `loop.run` by replacing, but each fit starts where the last one stopped.

    knobs: with a `start`, which is that of the first fit; data: real points (n,). Raises ValueError
    for an exact fit, which has no start.
    """
    if knobs.start is None:
        raise ValueError("an exact fit has no start to resume from: give one, and steps")
    for number in range(1, validate.whole("generations", generations) + 1):
        fitted = knobs.fit(data, seed=0)
        yield Generation(number, data, fitted)
        knobs = replace(knobs, start=(fitted.mean, fitted.log_sd))
        data = fitted.sample(len(data), seed=0)


def distances(steps: Iterable[Generation], truth: np.ndarray) -> xr.DataArray:
    """Squared distance W_2^2 of each generation from the truth, (generation,), by quantiles.

    steps: of `loop.run`, with models like `Quantiles`, whose samples have no sampling error. truth:
    points (n,). The mean square of the gaps between points of one rank.
    """
    found = {
        step.number: np.mean(
            (np.sort(step.fitted.sample(len(truth), seed=0)) - np.sort(truth)) ** 2
        )
        for step in steps
    }
    return xr.DataArray(list(found.values()), {"generation": list(found)})
