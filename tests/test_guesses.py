"""The guessing game: models by least squares, what each way sees, and logs with a known truth."""

import numpy as np
import pytest

from datawall.acting import guesses


@pytest.fixture(scope="module")
def parts():
    return guesses.halves(300, seed=0)


def test_halves(parts):
    first, rest = parts
    assert len(first.digits) == 300 and len(rest.digits) == 1497
    assert (first.points[:, -1] == 1).all() and first.points.max() == 1
    both = np.concatenate([first.points, rest.points])
    assert len(np.unique(both, axis=0)) > 1790  # none is in both


@pytest.mark.parametrize("way, amount", [("greedy", 0.0), ("optimist", 0.4)])
def test_each_model_learns_by_least_squares_from_its_own_guesses(parts, way, amount):
    images, rounds, ridge = parts[0], 60, 2.0
    play = dict(rounds=rounds, amount=amount, ridge=ridge, seed=3)
    found = guesses.guessed(way, images, **play)
    drawn = np.random.default_rng([3, 3]).integers(300, size=rounds)
    x, digits = images.points[drawn], images.digits[drawn]
    weights, seen = np.zeros((10, 65)), [[] for _ in range(10)]
    left = [ridge * np.eye(65) for _ in range(10)]
    for turn in range(rounds):
        unsure = [np.sqrt(x[turn] @ np.linalg.solve(a, x[turn])) for a in left]
        kind = int((weights @ x[turn] + amount * np.round(unsure, 12)).argmax())
        assert found.right[turn] == (kind == digits[turn])
        seen[kind].append(turn)
        rows = seen[kind]
        left[kind] = x[rows].T @ x[rows] + ridge * np.eye(65)
        weights[kind] = np.linalg.solve(left[kind], x[rows].T @ (digits[rows] == kind))
    assert np.allclose(found.weights, weights, atol=1e-8)


def test_an_optimist_prefers_what_it_has_not_tried(parts):
    found = guesses.guessed("optimist", parts[0], rounds=10, amount=100.0, seed=0)
    drawn = parts[0].digits[np.random.default_rng([0, 3]).integers(300, size=10)]
    tried = [kind for kind in range(10) if found.weights[kind].any()]
    assert found.right.tolist() == (drawn == np.arange(10)).tolist()  # each digit once, in turn
    assert tried == np.flatnonzero(found.right).tolist()


def test_an_optimist_without_hope_is_greedy(parts):
    greedy = guesses.guessed("greedy", parts[0], rounds=80, seed=1)
    for way in ("optimist", "Thompson", "some at random"):
        same = guesses.guessed(way, parts[0], rounds=80, amount=0.0, seed=1)
        assert np.array_equal(same.right, greedy.right)


def test_ways_differ_as_they_should(parts):
    rate = {
        way: guesses.guessed(way, parts[0], rounds=600, amount=0.3, seed=0).right.mean()
        for way in guesses.WAYS
    }
    assert rate["uniform"] == pytest.approx(0.1, abs=0.05)
    assert min(rate["optimist"], rate["Thompson"], rate["some at random"]) > 0.3


def test_told_everything(parts):
    images = parts[0]
    weights = guesses.told_everything(images, rounds=500, ridge=1.0, seed=2)
    drawn = np.random.default_rng([2, 3]).integers(300, size=500)
    x = images.points[drawn]
    yes = (images.digits[drawn] == 7).astype(float)
    gradient = x.T @ (x @ weights[7] - yes) + 1.0 * weights[7]
    assert np.abs(gradient).max() < 1e-8
    assert guesses.accuracy(weights, parts[1]) > 80
    assert (
        guesses.accuracy(guesses.logistic(images, rounds=500, strength=1.0, seed=2), parts[1]) > 80
    )


def test_accuracy_by_hand():
    weights = np.zeros((10, 65))
    weights[3, 0], weights[5, 1] = 1.0, 1.0
    points = np.zeros((4, 65))
    points[[0, 1], 0] = 1.0
    points[[2, 3], 1] = 1.0
    assert guesses.accuracy(weights, guesses.Images(points, np.array([3, 5, 5, 5]))) == 75.0


def test_estimates_from_logs_come_near_the_truth():
    found = [guesses.estimated(1500, 0.3, seed=seed) for seed in range(6)]
    gaps = {k: np.mean([f[k] - truth for f, truth, _ in found]) for k in guesses.ESTIMATES}
    assert abs(gaps["self-normalised"]) < 0.03 and abs(gaps["doubly robust"]) < 0.03
    assert abs(gaps["inverse propensity"]) < 0.05
    assert gaps["mean of the log"] < -0.3 < gaps["direct"] < -0.05
    assert all(0.8 < truth < 1 and 20 < size < 1500 for _, truth, size in found)


def test_the_log_has_the_chance_of_each_choice(monkeypatch):
    kept, weigh = [], guesses.logs.weights
    monkeypatch.setattr(
        guesses.logs, "weights", lambda wanted, logged: kept.append(logged) or weigh(wanted, logged)
    )
    for explore in (1.0, 0.5):
        guesses.estimated(200, explore, seed=0)
    assert kept[0] == pytest.approx(0.1)
    assert kept[1].min() >= 0.05 and kept[1].max() <= 0.55


def test_refusals(parts):
    with pytest.raises(ValueError, match="way is 'best'"):
        guesses.guessed("best", parts[0], rounds=5, seed=0)
    with pytest.raises(ValueError, match="first is 1,797"):
        guesses.halves(1797, seed=0)
    with pytest.raises(ValueError, match="never drawn"):
        guesses.logistic(parts[0], rounds=12, strength=1.0, seed=0)
    with pytest.raises(ValueError, match="explore is 2"):
        guesses.estimated(100, 2, seed=0)
