"""Runs that read far more than is optimal, and what a model costs in its life.

Chapter: overtraining.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from datawall.laws import published
from datawall.laws.scaling import (
    FLOPS_PER_PARAM_AND_TOKEN,
    FLOPS_TO_SERVE,
    SARDANA_2024,
    Chinchilla,
    fit_overtraining,
)

TRAIN_SETS = {"c4_original": "C4", "rpj": "RedPajama", "rw_original": "RefinedWeb"}
SIZES = {"11M": 10.6e6, "79M": 78.9e6, "154M": 154e6, "412M": 412e6, "1.4B": 1.44e9, "6.9B": 6.89e9}
CHEAP = (("11M", 20), ("79M", 20), ("154M", 20), ("412M", 20))


def testbed() -> pd.DataFrame:
    """The published runs of Gadre et al. 2024, by (corpus, size, ratio): params, tokens and loss.

    corpus: what they were trained on, C4, RedPajama or RefinedWeb. size: as "11M". ratio: tokens a
    parameter. loss: in nats a token on the validation part of C4.
    """
    table = published.table("overtraining_testbed")
    names, params = list(SIZES), np.array(list(SIZES.values()))
    nearest = np.abs(np.log(table.params.to_numpy()[:, None] / params)).argmin(1)
    table["size"] = [names[i] for i in nearest]
    table["corpus"] = table.train_set.map(TRAIN_SETS)
    table = table.rename(columns={"loss_c4": "loss"}).set_index(["corpus", "size", "ratio"])
    return table[["params", "tokens", "loss"]]


def from_five(runs: pd.DataFrame, fifth: int) -> pd.Series:
    """By how many percent the law of five cheap runs lies above each run's loss, corpus by corpus.

    runs: as `testbed` gives them. The five are the four sizes up to 412M at the ratio 20, and 11M
    at the ratio `fifth` [Gadre et al. 2024, table 2]. What was fitted is left out.
    """
    found = []
    for _, part in runs.groupby("corpus"):
        known = part.droplevel("corpus")
        five = part[known.index.isin([*CHEAP, ("11M", fifth)])]
        law = fit_overtraining(five.params, five.tokens, five.loss).law.chinchilla
        found.append(_missed(law, part.drop(five.index)))
    return pd.concat(found)


def from_near(runs: pd.DataFrame, fit: Callable, least: int) -> pd.Series:
    """The same of a law fitted to all cheap runs near the usual ratio, from `least` to 40.

    fit: `scaling.fit_chinchilla` or `scaling.fit_overtraining`.
    """
    found = []
    for _, part in runs.groupby("corpus"):
        ratio = part.index.get_level_values("ratio")
        near = part[(ratio >= least) & (ratio <= 40) & (part.params < 1e9)]
        law = fit(near.params, near.tokens, near.loss).law
        found.append(_missed(getattr(law, "chinchilla", law), part.drop(near.index)))
    return pd.concat(found)


def _missed(law: Chinchilla, runs: pd.DataFrame) -> pd.Series:
    return 100 * (law.loss(runs.params, runs.tokens) / runs.loss - 1)


def lifetime_flops(params: float, tokens: float, served: float) -> float:
    """Operations of a model's life: 6 N D to train it, 2 N for each token that it serves."""
    return params * (FLOPS_PER_PARAM_AND_TOKEN * tokens + FLOPS_TO_SERVE * served)


def optimal_tokens(law: Chinchilla, params: float) -> float:
    """Tokens at which a model of that size is the best use of its compute."""
    debt = law.loss(params, np.inf) - law.E
    return (law.beta * law.B / (law.alpha * debt)) ** (1 / law.beta)


def optimal_ratio(law: Chinchilla, flops: ArrayLike) -> np.ndarray:
    """Tokens a parameter of the least loss at each budget. Chapter: scaling-laws, too."""
    params, tokens = law.compute_optimal(flops)
    return tokens / params


def cheapest(law: Chinchilla, params: float, served: float) -> tuple[float, float, float]:
    """Params and tokens of the cheapest life at a compute-optimal model's loss, and what it saves.

    params: of the compute-optimal model. served: tokens in its life. What is saved is a share of
    the cost [Sardana et al. 2024, section 3].
    """
    tokens = optimal_tokens(law, params)
    small, long = law.lifetime_optimal(law.loss(params, tokens), served)
    cost = lifetime_flops(small, long, served) / lifetime_flops(params, tokens, served)
    return float(small), float(long), float(1 - cost)


def serving_cases() -> pd.DataFrame:
    """The worked examples of Sardana et al. 2024, worked out again under their law, a row each.

    For a compute-optimal model of some billions of params: what it reads and serves, in trillions
    of tokens; the cheapest model of equal loss, and what that reads; the share of the lifetime's
    operations that it saves, in percent, ours and as the paper prints it.
    """
    law, rows = SARDANA_2024, {}
    for billions, trillions, printed in ((13, 2, 17), (30, 10, 28), (70, 10, 12)):
        params, served = 1e9 * billions, 1e12 * trillions
        small, long, saved = cheapest(law, params, served)
        rows[billions] = {
            "reads": optimal_tokens(law, params) / 1e12,
            "serves": trillions,
            "cheapest": small / 1e9,
            "cheapest reads": long / 1e12,
            "saved, %": 100 * saved,
            "published, %": printed,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("compute-optimal")


# What a reader can move, as logarithms to base ten: label, least, most, step, and start.
KNOBS: Mapping[str, tuple[str, float, float, float, float]] = MappingProxyType(
    {
        "size": ("compute-optimal size, 10^x ", 8, 12, 0.005, 9.845),
        "served": ("tokens served, 10^x ", 9, 16, 0.25, 12.5),
    }
)


def lifetime_in_vega(law: Chinchilla, size: str, served: str) -> dict[str, str]:
    """Expressions of Vega for models of one loss: that of a compute-optimal one of a size.

    size, served: expressions of the logarithm to base ten of the compute-optimal size and of the
    tokens served. A row has the field m, the logarithm of a model's size over that. Returns, in the
    order in which they need each other: ratio of the sizes, params N, debt that its tokens must
    pay (negative where no number of tokens will do), tokens D, and cost of its life over the
    compute-optimal model's.
    """
    size, served = f"pow(10, {size})", f"pow(10, {served})"
    by_size = f"({law.A:g} / pow({size}, {law.alpha:g}))"
    by_data = f"({by_size} * {law.alpha:g} / {law.beta:g})"
    there = f"pow({law.B:g} / {by_data}, {1 / law.beta:.12g})"
    return {
        "ratio": "pow(10, datum.m)",
        "N": f"pow(10, datum.m) * {size}",
        "debt": f"{by_size} + {by_data} - {law.A:g} / pow(datum.N, {law.alpha:g})",
        "D": f"pow({law.B:g} / datum.debt, {1 / law.beta:.12g})",
        "cost": f"datum.N * (3 * datum.D + {served}) / ({size} * (3 * {there} + {served}))",
    }
