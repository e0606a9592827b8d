"""What a log of another policy's choices can tell of a policy that never ran.

A log holds, for each case, what was chosen, with what chance, and what it earned. The estimators
are those of [Dudik, Langford and Li 2011] and [Swaminathan and Joachims 2015]. The logs of a real
shop come with obp [Saito and others 2020], whose files are read without importing it. Chapter:
asking-and-acting.
"""

from __future__ import annotations

from importlib import util
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from datawall import validate

CAMPAIGNS = ("all", "men", "women")
POLICIES = {"random": "random", "Thompson": "bts"}


def weights(wanted: ArrayLike, logged: ArrayLike) -> np.ndarray:
    """How much each case counts for another policy (cases,): its chance over the logged one.

    wanted, logged: each policy's chance of what was chosen. Raises ValueError where something was
    chosen that the log calls impossible.
    """
    wanted = validate.numbers("wanted", wanted, least=0, most=1)
    logged = validate.numbers("logged", logged, most=1)
    if wanted.shape != logged.shape or wanted.ndim != 1:
        raise ValueError(f"chances of shapes {wanted.shape} and {logged.shape}: give one a case")
    if (logged <= 0).any():
        raise ValueError(
            f"{(logged <= 0).sum()} cases were logged with a chance of 0: what can't be chosen "
            "tells nothing, so leave them out"
        )
    return wanted / logged


def inverse_propensity(rewards: ArrayLike, weights: ArrayLike) -> float:
    """The mean of weight times reward: unbiased where every wanted choice could be logged."""
    rewards, weights = _pair(rewards, weights)
    return float(np.mean(weights * rewards))


def self_normalised(rewards: ArrayLike, weights: ArrayLike) -> float:
    """The weighted mean of the rewards. Raises ValueError where all weights are 0."""
    rewards, weights = _pair(rewards, weights)
    if not weights.sum():
        raise ValueError("all weights are 0: the log has nothing that the policy would choose")
    return float(weights @ rewards / weights.sum())


def doubly_robust(
    rewards: ArrayLike, weights: ArrayLike, expected: ArrayLike, of_chosen: ArrayLike
) -> float:
    """A model's expectation, corrected by the weighted errors that it made in the log.

    expected: what the model expects each case (cases,) to earn under the wanted policy. of_chosen:
    what it expected of the logged choice. The mean of `expected` alone is the direct estimate.
    """
    rewards, weights = _pair(rewards, weights)
    expected, of_chosen = _pair(expected, of_chosen, least=-np.inf)
    if len(expected) != len(rewards):
        raise ValueError(f"{len(rewards)} cases and {len(expected)} expectations: give one a case")
    return float(np.mean(expected + weights * (rewards - of_chosen)))


def effective_size(weights: ArrayLike) -> float:
    """How many cases of equal weight would tell as much: (sum w)² / sum w² [Kish 1965]."""
    weights = validate.numbers("weights", weights, least=0)
    if not weights.sum():
        raise ValueError("all weights are 0: there is no case to count")
    return float(weights.sum() ** 2 / (weights**2).sum())


def _pair(one: ArrayLike, two: ArrayLike, least: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    one = validate.numbers("rewards" if least == 0 else "expected", one)
    two = validate.numbers("weights" if least == 0 else "of_chosen", two, least=least)
    if one.ndim != 1 or one.shape != two.shape:
        raise ValueError(f"shapes {one.shape} and {two.shape}: give one number a case of each")
    return one, two


# A real shop --------------------------------------------------------------------------------------


class ShopLog(NamedTuple):
    """10,000 cases: item (cases,) by number, click 0 or 1, and the logged chance of the item."""

    item: np.ndarray
    click: np.ndarray
    chance: np.ndarray
    items: int


def shop(policy: str, campaign: str) -> ShopLog:
    """A log of the shop under "random" or "Thompson", of the campaign "all", "men" or "women".

    Raises ImportError, with what to install, where obp isn't.
    """
    validate.choice("policy", policy, POLICIES)
    validate.choice("campaign", campaign, CAMPAIGNS)
    found = util.find_spec("obp")
    if found is None:
        raise ImportError("the shop's logs come with obp, which isn't installed: pip install obp")
    folder = Path(next(iter(found.submodule_search_locations))) / "dataset" / "obd"
    folder = folder / POLICIES[policy] / campaign
    table = pd.read_csv(
        folder / f"{campaign}.csv", usecols=["item_id", "click", "propensity_score"]
    )
    items = len(pd.read_csv(folder / "item_context.csv", usecols=["item_id"]))
    columns = (table[name].to_numpy() for name in ("item_id", "click", "propensity_score"))
    return ShopLog(*columns, items)


def shown(log: ShopLog) -> np.ndarray:
    """The share of the cases in which each item (items,) was shown: its chance, estimated."""
    return np.bincount(log.item, minlength=log.items) / len(log.item)


def logged_means(log: ShopLog) -> np.ndarray:
    """For each item (items,) the mean of its logged chances: a trap, for these don't add up to 1.

    A policy that draws anew has high chances where an item was shown, so the mean is too high.
    """
    sums = np.bincount(log.item, log.chance, log.items)
    return sums / np.maximum(np.bincount(log.item, minlength=log.items), 1)


def click_rates(log: ShopLog, pull: float) -> np.ndarray:
    """For each item (items,) its share of clicks, drawn to the log's by `pull` cases' worth."""
    validate.nonnegative("pull", pull)
    clicks = np.bincount(log.item, log.click, log.items)
    shows = np.bincount(log.item, minlength=log.items)
    if not pull and not shows.all():
        raise ValueError("an item was never shown: give a pull above 0")
    return (clicks + pull * log.click.mean()) / (shows + pull)


ESTIMATES = ("inverse propensity", "self-normalised", "direct", "doubly robust", "mean chances")


def from_random(random: ShopLog, drawn: ShopLog, pull: float = 500.0) -> dict[str, float]:
    """Thompson's share of clicks, as the random log estimates it by name, and as it `really` was.

    Of Thompson's own log only the shares of the items are used, and for "mean chances" its logged
    chances in their stead, which is the trap. pull: of the direct model, `click_rates`.
    """
    wanted, rates = shown(drawn), click_rates(random, pull)
    w = weights(wanted[random.item], random.chance)
    trap = weights(np.minimum(logged_means(drawn), 1)[random.item], random.chance)
    direct = float(wanted @ rates)
    corrected = doubly_robust(random.click, w, np.full(len(w), direct), rates[random.item])
    return {
        "really": float(drawn.click.mean()),
        "inverse propensity": inverse_propensity(random.click, w),
        "self-normalised": self_normalised(random.click, w),
        "direct": direct,
        "doubly robust": corrected,
        "mean chances": inverse_propensity(random.click, trap),
    }


def resampled(log: ShopLog, rng: np.random.Generator) -> ShopLog:
    """As many cases of a log, drawn with replacement."""
    rows = rng.integers(len(log.item), size=len(log.item))
    return ShopLog(log.item[rows], log.click[rows], log.chance[rows], log.items)
