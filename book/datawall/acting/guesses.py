"""Handwritten digits as a guessing game: a learner names one and is told yes or no, and no more.

Ten linear models, one a digit, expect the answer "yes"; each learns from the guesses at its own
digit alone. The images are scikit-learn's of eight by eight pixels. Chapter: asking-and-acting.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from datawall import validate
from datawall.acting import logs

KINDS = 10
WAYS = ("uniform", "greedy", "some at random", "optimist", "Thompson")


class Images(NamedTuple):
    """Points (n, 65), sixteenths of ink and a one, and their digits (n,)."""

    points: np.ndarray
    digits: np.ndarray


def halves(first: int, *, seed: int) -> tuple[Images, Images]:
    """So many images at random, to learn from, and all others, as an exam."""
    found = load_digits()
    validate.whole("first", first, most=len(found.target) - 1)
    points = np.concatenate([found.data / 16, np.ones((len(found.data), 1))], 1)
    order = np.random.default_rng(seed).permutation(len(points))
    parts = order[:first], order[first:]
    return tuple(Images(points[rows], found.target[rows]) for rows in parts)


class Guessed(NamedTuple):
    """Whether each guess (rounds,) was right, and the models' weights (10, 65) at the end."""

    right: np.ndarray
    weights: np.ndarray


def guessed(
    way: str, images: Images, *, rounds: int, amount: float = 0.0, ridge: float = 1.0, seed: int
) -> Guessed:
    """Play so many rounds, each with an image drawn at random, so alike for all of one seed.

    way: "uniform" names any digit; "greedy" the one of the highest expectation; "some at random"
    any digit in a share `amount` of the rounds; "optimist" adds `amount` standard deviations to
    each expectation (LinUCB); "Thompson" draws each model's weights, with `amount` as the factor
    of their spread. ridge: of the models.
    """
    validate.choice("way", way, WAYS)
    validate.whole("rounds", rounds)
    validate.nonnegative("amount", amount)
    validate.positive("ridge", ridge)
    rng, luck = np.random.default_rng([seed, 3]), np.random.default_rng([seed, 1])
    drawn = rng.integers(len(images.digits), size=rounds)
    size = images.points.shape[1]
    inverse = np.tile(np.eye(size) / ridge, (KINDS, 1, 1))
    sums, weights = np.zeros((KINDS, size)), np.zeros((KINDS, size))
    right = np.zeros(rounds, bool)
    for turn, row in enumerate(drawn):
        x = images.points[row]
        toward = inverse @ x  # (10, 65)
        expected = weights @ x
        if way == "uniform" or (way == "some at random" and luck.random() < amount):
            expected = luck.random(KINDS)
        elif way == "optimist":
            expected = expected + amount * np.sqrt(toward @ x)
        elif way == "Thompson":  # of drawn weights only the part along x counts
            expected = expected + amount * np.sqrt(toward @ x) * luck.standard_normal(KINDS)
        kind = int(np.flatnonzero(expected >= expected.max() - 1e-12)[0])
        right[turn] = kind == images.digits[row]
        step = toward[kind]
        inverse[kind] -= np.outer(step, step) / (1 + step @ x)
        sums[kind] += x * right[turn]
        weights[kind] = inverse[kind] @ sums[kind]
    return Guessed(right, weights)


def told_everything(images: Images, *, rounds: int, ridge: float, seed: int) -> np.ndarray:
    """Weights (10, 65) of the same models on the same draws, each told of every digit, yes or no.

    The draws are those of `guessed` with this seed.
    """
    validate.whole("rounds", rounds)
    validate.positive("ridge", ridge)
    drawn = np.random.default_rng([seed, 3]).integers(len(images.digits), size=rounds)
    x = images.points[drawn]
    yes = images.digits[drawn][:, None] == np.arange(KINDS)
    return np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ yes).T


def logistic(images: Images, *, rounds: int, strength: float, seed: int) -> np.ndarray:
    """As `told_everything`, by logistic regression; a small `strength` is strong regularisation."""
    validate.positive("strength", strength)
    drawn = np.random.default_rng([seed, 3]).integers(len(images.digits), size=rounds)
    model = LogisticRegression(C=strength, max_iter=2000, fit_intercept=False)
    model.fit(images.points[drawn], images.digits[drawn])
    if len(model.classes_) < KINDS:
        raise ValueError("a digit was never drawn: give more rounds")
    return model.coef_


def accuracy(weights: ArrayLike, images: Images) -> float:
    """Percent of images whose digit the models find likeliest."""
    weights = validate.rows("weights", weights, width=images.points.shape[1])
    return 100 * float(np.mean((images.points @ weights.T).argmax(1) == images.digits))


# Logs of guesses ----------------------------------------------------------------------------------

ESTIMATES = ("mean of the log", "direct", "inverse propensity", "self-normalised", "doubly robust")


def estimated(cases: int, explore: float, *, seed: int) -> tuple[dict[str, float], float, float]:
    """What a log of guesses says of a better guesser that never played, and the truth.

    The log's policy is a weak classifier, of 50 images, softened, with a share `explore` of any
    digit at all; the wanted policy a better one, of 300. The direct model is a ridge regression a
    digit, fitted on one half of the log and used on the other. Returns the estimates by name, the
    wanted policy's true share of right guesses over the images that the log draws from, and the
    effective number of cases.
    """
    validate.whole("cases", cases, least=20)
    validate.share("explore", explore)
    known, others = halves(350, seed=seed)
    rng = np.random.default_rng([seed, 2])
    models = [
        LogisticRegression(max_iter=500).fit(known.points[part], known.digits[part])
        for part in (slice(0, 50), slice(50, 350))
    ]
    rows = rng.integers(len(others.digits), size=cases)
    x, digits = others.points[rows], others.digits[rows]
    weak = np.zeros((cases, KINDS))
    weak[:, models[0].classes_] = models[0].predict_proba(x)
    policy = (1 - explore) * weak + explore / KINDS
    chosen = (policy.cumsum(1) < rng.random((cases, 1)) * policy.sum(1, keepdims=True)).sum(1)
    wanted = models[1].predict(x)
    rewards = (chosen == digits).astype(float)
    each = np.arange(cases)
    w = logs.weights((chosen == wanted).astype(float), policy[each, chosen])
    expected = _expected(x, chosen, rewards)
    under, of_chosen = expected[each, wanted], expected[each, chosen]
    found = {
        "mean of the log": float(rewards.mean()),
        "direct": float(under.mean()),
        "inverse propensity": logs.inverse_propensity(rewards, w),
        "self-normalised": logs.self_normalised(rewards, w),
        "doubly robust": logs.doubly_robust(rewards, w, under, of_chosen),
    }
    truth = float(np.mean(models[1].predict(others.points) == others.digits))
    return found, truth, logs.effective_size(w)


def _expected(x, chosen, rewards, ridge: float = 1.0) -> np.ndarray:
    """Expected rewards (cases, 10) of every guess, each half by a model of the other half."""
    found = np.empty((len(x), KINDS))
    first = np.arange(len(x)) < len(x) // 2
    for fit, use in ((first, ~first), (~first, first)):
        for kind in range(KINDS):
            seen = fit & (chosen == kind)
            left = x[seen].T @ x[seen] + ridge * np.eye(x.shape[1])
            found[use, kind] = x[use] @ np.linalg.solve(left, x[seen].T @ rewards[seen])
    return np.clip(found, 0, 1)
