"""An adviser at work: at each visit it names a film, and the guest's real rating is what it earns.

Only films that the guest really rated can be named, each once; so every reward is real, and what
the adviser can't show is how it would do with the others. Chapter: asking-and-acting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from datawall import validate
from datawall.acting import beliefs
from datawall.acting.beliefs import Belief


@dataclass(frozen=True)
class Greedy:
    """Name the film with the highest expected stars. learns: whether it hears the answers."""

    learns: bool = True

    def scores(self, belief, taste, open_films, visit, rng) -> np.ndarray:
        """What each film (guests, films) is worth to the policy at this visit, from 0."""
        return beliefs.predicted(belief, taste)


@dataclass(frozen=True)
class Optimist:
    """Add so many standard deviations of what isn't known of the guest's taste (UCB)."""

    width: float = 1.0
    learns: bool = True

    def __post_init__(self):
        validate.nonnegative("width", self.width)

    def scores(self, belief, taste, open_films, visit, rng) -> np.ndarray:
        """What each film (guests, films) is worth to the policy at this visit, from 0."""
        unsure = np.sqrt(np.maximum(beliefs.taste_variance(belief, taste), 0))
        return beliefs.predicted(belief, taste) + self.width * unsure


@dataclass(frozen=True)
class Thompson:
    """Draw a taste from what is believed of it, and be greedy for that one [Thompson 1933].

    scale: of the drawn taste's distance from its mean.
    """

    scale: float = 1.0
    learns: bool = True

    def __post_init__(self):
        validate.nonnegative("scale", self.scale)

    def scores(self, belief, taste, open_films, visit, rng) -> np.ndarray:
        """What each film (guests, films) is worth to the policy at this visit, from 0."""
        roots = np.linalg.cholesky(taste.cov + 1e-12 * np.eye(taste.cov.shape[1]))
        steps = rng.standard_normal(taste.mean.shape)
        drawn = taste.mean + self.scale * np.einsum("gij,gj->gi", roots, steps)
        return belief.mean + drawn @ belief.weights.T


@dataclass(frozen=True)
class AskFirst:
    """Name the film whose rating tells most of the others for so many visits, then be greedy."""

    questions: int = 3
    learns: bool = True

    def __post_init__(self):
        validate.whole("questions", self.questions, least=0)

    def scores(self, belief, taste, open_films, visit, rng) -> np.ndarray:
        """What each film (guests, films) is worth to the policy at this visit, from 0."""
        if visit < self.questions:
            return beliefs.usefulness(belief, taste, open_films)
        return beliefs.predicted(belief, taste)


@dataclass(frozen=True)
class Ranked:
    """Name the films in one order for everybody, by these scores (films,), and never learn."""

    by: np.ndarray
    learns: bool = False

    def scores(self, belief, taste, open_films, visit, rng) -> np.ndarray:
        """What each film (guests, films) is worth to the policy at this visit, from 0."""
        return np.broadcast_to(self.by, open_films.shape)


@dataclass(frozen=True)
class Blind:
    """Name any film."""

    learns: bool = False

    def scores(self, belief, taste, open_films, visit, rng) -> np.ndarray:
        """What each film (guests, films) is worth to the policy at this visit, from 0."""
        return rng.random(open_films.shape)


def visited(policy, belief: Belief, stars: ArrayLike, *, visits: int, seed: int) -> np.ndarray:
    """What each guest gave at each visit, (guests, visits), less the mean of all that they rated.

    stars: (guests, films), NaN where there is none. Raises ValueError where a guest rated fewer
    films than there are visits.
    """
    stars, lifts = _rated(stars, visits)
    open_films = np.isfinite(stars)
    taste, rng = beliefs.unknown(belief, len(stars)), np.random.default_rng(seed)
    earned, guests = np.empty((len(stars), visits)), np.arange(len(stars))
    for visit in range(visits):
        scores = policy.scores(belief, taste, open_films, visit, rng)
        films = np.where(open_films, scores, -np.inf).argmax(1)
        earned[:, visit] = lifts[guests, films]
        if policy.learns:
            taste = beliefs.heard(belief, taste, films, stars[guests, films])
        open_films[guests, films] = False
    return earned


def foreseen(stars: ArrayLike, *, visits: int) -> np.ndarray:
    """As `visited`, for an oracle that names each guest's films from the best to the worst."""
    _, lifts = _rated(stars, visits)
    return -np.sort(np.where(np.isnan(lifts), np.inf, -lifts), 1)[:, :visits]


def _rated(stars: ArrayLike, visits: int) -> tuple[np.ndarray, np.ndarray]:
    stars = np.asarray(stars, float)
    if stars.ndim != 2:
        raise ValueError(f"stars of shape {stars.shape}: give (guests, films)")
    validate.whole("visits", visits)
    least = int(np.isfinite(stars).sum(1).min())
    if least < visits:
        raise ValueError(
            f"a guest rated {least} films, and {visits} visits are asked for: ask for fewer, or "
            "leave such guests out"
        )
    return stars, stars - np.nanmean(stars, 1, keepdims=True)


# Settings, chosen by guests who are in no exam ---------------------------------------------------


def lists(stars: ArrayLike) -> dict[str, Ranked]:
    """Fixed lists from the ratings (guests, films) of static guests, the best that they can give.

    By the mean rating, drawn to the mean of all by 1, 5 or 20 ratings' worth, and by the number of
    ratings.
    """
    stars = np.asarray(stars, float)
    seen = np.isfinite(stars)
    counts, sums = seen.sum(0), np.where(seen, stars, 0).sum(0)
    middle = sums.sum() / counts.sum()
    found = {f"mean, {k}": Ranked((sums + k * middle) / (counts + k)) for k in (1, 5, 20)}
    return found | {"most rated": Ranked(counts.astype(float))}


def best_of(
    policies: Mapping[str, object], belief: Belief, stars: ArrayLike, *, visits: int, seed: int
) -> str:
    """The name of the policy that earns most over the visits of these guests (guests, films)."""
    if not policies:
        raise ValueError("there are no policies: give one or more by name")
    earned = {
        name: visited(policy, belief, stars, visits=visits, seed=seed).sum()
        for name, policy in policies.items()
    }
    return max(earned, key=earned.get)


def tuned(
    families: Mapping[str, Mapping], belief: Belief, stars: ArrayLike, *, visits: int, seed: int
) -> dict:
    """Of each family of policies, by name, the one that earns these guests most."""
    return {
        name: policies[best_of(policies, belief, stars, visits=visits, seed=seed)]
        for name, policies in families.items()
    }


class Alone(NamedTuple):
    """A belief that no other guest went into, and the policy that suits it."""

    belief: Belief
    policy: Optimist


def without_others(genres: ArrayLike, stars: ArrayLike, *, visits: int, seed: int) -> Alone:
    """The best adviser that knows films by their genres (films, genres) and no guest's ratings.

    Its prior spreads and its optimism are those that earn these guests (guests, films) most.
    """
    found, most = None, -np.inf
    for level, liking in product((0.3, 0.6), (0.2, 0.4, 0.8)):
        belief = beliefs.of_genres(genres, middle=3.5, level=level, liking=liking, noise=0.8)
        for width in (0.0, 0.5, 1.0, 2.0):
            tried = Alone(belief, Optimist(width))
            earned = visited(tried.policy, belief, stars, visits=visits, seed=seed).sum()
            if earned > most:
                found, most = tried, earned
    return found


def belief_for(
    static: ArrayLike,
    choice: ArrayLike,
    *,
    ranks: Sequence[int] = (1, 2, 4),
    ridges: Sequence[float] = (10.0, 30.0, 100.0),
    sure: bool = False,
    seed: int,
) -> Belief:
    """The belief learnt from static guests (guests, films) that predicts other guests best.

    Best: least RMSE over half of each choice guest's ratings after eight random answers about the
    other half. sure: as for `beliefs.learnt`.
    """
    found, least = None, np.inf
    for rank in ranks:
        for ridge in ridges:
            belief = beliefs.learnt(static, rank=rank, ridge=ridge, sure=sure, seed=seed)
            rmse = asked("random", belief, choice, questions=(8,), seed=seed)["rmse"][0]
            if rmse < least:
                found, least = belief, rmse
    if found is None:
        raise ValueError("there are no settings to choose from: give ranks and ridges")
    return found


# Asking, free of cost -----------------------------------------------------------------------------

STRATEGIES = ("useful", "uncertain", "best", "random")


def asked(
    strategy: str,
    belief: Belief,
    stars: ArrayLike,
    *,
    questions: tuple[int, ...],
    top: int = 5,
    seed: int,
) -> dict[str, np.ndarray]:
    """Ask each guest about films of one half, then recommend `top` of the other half.

    The films that a guest rated are halved at random, alike for every strategy with this seed.
    strategy: ask what is most useful for the other films, most uncertain, best by expectation, or
    any. Returns by name, one value for each number of questions: `lift`, the mean of the
    recommended films' ratings less the mean of their half, `rmse` over that half, `squared_z` and
    `inside` (`beliefs.calibration`), averaged over guests. Raises ValueError for a guest with
    fewer than twice as many ratings as questions, or as films to recommend.
    """
    validate.choice("strategy", strategy, STRATEGIES)
    stars = np.asarray(stars, float)
    most = max(validate.whole("questions", q, least=0) for q in questions)
    _rated(stars, 2 * max(most, validate.whole("top", top)))
    rng = np.random.default_rng([seed, 2])
    chance = np.where(np.isfinite(stars), rng.random(stars.shape), np.nan)
    middle = np.nanmedian(chance, 1, keepdims=True)
    may_ask, exam = chance < middle, chance >= middle
    taste, guests = beliefs.unknown(belief, len(stars)), np.arange(len(stars))
    draws = np.random.default_rng([seed, 3])
    found = {name: [] for name in ("lift", "rmse", "squared_z", "inside")}
    for done in range(most + 1):
        if done in questions:
            for name, value in _judged(belief, taste, stars, exam, top).items():
                found[name].append(value)
        scores = _asking(strategy, belief, taste, exam, draws)
        films = np.where(may_ask, scores, -np.inf).argmax(1)
        taste = beliefs.heard(belief, taste, films, stars[guests, films])
        may_ask[guests, films] = False
    return {name: np.array(values) for name, values in found.items()}


def _asking(strategy, belief, taste, exam, draws) -> np.ndarray:
    if strategy == "useful":
        return beliefs.usefulness(belief, taste, exam)
    if strategy == "uncertain":
        return beliefs.information(belief, taste)
    if strategy == "best":
        return beliefs.predicted(belief, taste)
    return draws.random(exam.shape)


def _judged(belief, taste, stars, exam, top) -> dict[str, float]:
    judged = beliefs.calibration(belief, taste, stars, exam)
    expected = np.where(exam, beliefs.predicted(belief, taste), -np.inf)
    chosen = np.argsort(-expected, 1, kind="stable")[:, :top]
    half = np.nanmean(np.where(exam, stars, np.nan), 1)
    lift = np.take_along_axis(stars, chosen, 1).mean(1) - half
    return {"lift": float(lift.mean()), **judged._asdict()}
