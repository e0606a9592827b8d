"""Remedies against collapse, simulated under the same names as what theory expects of them.

    for name, (policy, exact) in trials.bench(60, 40).items():
        found = loop.chains(Gaussian(), policy, trials.WORLD, 60, 40, 1_800, seed=1)
        trials.beside(exact, found)              # theory, simulated, gap: (moment, generation)

And real handwriting, to try them on. Chapter: avoiding-collapse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike
from scipy.stats import wishart
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from datawall.collapse import remedy_expectations as theory
from datawall.collapse.expectations import Moments, accumulated, moments
from datawall.collapse.loop import Chains, Policy
from datawall.collapse.policies import (
    Accumulate,
    Adversary,
    Archive,
    Exchange,
    Filter,
    First,
    Fresh,
    Grow,
    Mix,
    Own,
    Redraw,
    Subsample,
    Weighted,
    Within,
    surprise,
)
from datawall.generators import measures
from datawall.generators.closed_forms import Gaussian, Mixture
from datawall.generators.combined import Committee, Metered, PerClass
from datawall.generators.protocol import Fitted, Generator
from datawall.rows import join, take

WORLD = Gaussian().fit([-1.0, 1.0], seed=0)  # mean 0, variance 1
Labelled = tuple[np.ndarray, np.ndarray]  # points and labels


# One normal ---------------------------------------------------------------------------------------


def bench(n: int, generations: int) -> dict[str, tuple[Policy, Moments]]:
    """Every remedy for a normal fitted to n points, and what theory expects of it.

    n: a multiple of sixty, so that every share is a whole number of points. Raises ValueError for
    another n.
    """
    if n < 60 or n % 60:
        raise ValueError(f"{n} points: give a multiple of 60, so that all shares are whole")
    t, tenth, hot = generations, (0.1, 0.9), n / (n - 1)
    quarter = theory.weighted(n // 4, n - n // 4, 0.5, t)
    return {
        "nothing: replace": (Own(), moments(n, t)),
        "accumulate": (Accumulate(), accumulated(n, t)),
        "accumulate, train on part": (Subsample(Accumulate()), theory.subsampled(n, t)),
        "fresh real, 1 in 10": (Mix((Fresh(WORLD), Own()), tenth), moments(n, t, fresh=0.1)),
        "originals fixed, 1 in 10": (Mix((Archive(), Own()), tenth), moments(n, t, archive=0.1)),
        "originals redrawn, 1 in 10": (Mix((Redraw(), Own()), tenth), theory.redrawn(n, 0.1, t)),
        "1 in 4 fresh, weighing half": (Weighted(Fresh(WORLD), 0.25, 0.5), quarter),
        "t times the samples": (Grow(1), theory.growing(n * np.arange(1, t + 1))),
        "three models": (Exchange(3), theory.exchanged(n, 3, t)),
        "first model's samples": (First(), theory.distilled(n, t)),
        "cooler, 0.95": (Own(0.95), theory.rescaled(n, t, 0.95)),
        f"hotter, {n}/{n - 1}": (Own(hot), theory.rescaled(n, t, hot)),
        "typical, within 1.5": (
            Filter(Within(1.5)),
            theory.rescaled(n, t, theory.typical(1.5)),
        ),
        "surprising, beyond 0.1": (
            Filter(Within(0.1, True)),
            theory.rescaled(n, t, theory.surprising(0.1)),
        ),
    }


def beside(expected: Moments, found: Chains, together: int = 1) -> xr.Dataset:
    """Theory and simulation of a normal's moments, (moment, generation).

    together: so many neighbouring chains share their drift and count as one. Variables: theory;
    simulated, the mean over chains; median, over chains; gap, how far the mean is from theory, in
    its standard errors. Raises ValueError unless the number of chains is a multiple of `together`,
    with two groups or more.
    """
    generations, count = found.variance.shape
    if count % together or count // together < 2:
        raise ValueError(f"{count} chains in groups of {together}: give two whole groups or more")
    names = {"variance left": "variance", "centre's squared error": "square_mean"}
    values = {"variance": found.variance, "square_mean": found.mean**2}
    coords = {"moment": list(names), "generation": np.arange(1, generations + 1)}
    own = np.stack([values[key] for key in names.values()])  # (moment, generation, chain)
    exact = np.stack([getattr(expected, key) for key in names.values()])
    groups = own.reshape(len(own), generations, -1, together).mean(-1)
    mean = groups.mean(-1)
    error = groups.std(-1, ddof=1) / np.sqrt(count / together)
    results = {
        "theory": exact,
        "simulated": mean,
        "median": np.median(own, -1),
        "gap": np.abs((mean - exact) / error),
    }
    return xr.Dataset({key: (tuple(coords), array) for key, array in results.items()}, coords)


def weighted_mean(
    real: int, drawn: int, weights: Sequence[float], generations: int, count: int, *, seed: int
) -> xr.Dataset:
    """Squared error of a mean in the end, over 1/real: theory and simulated, both (weight,).

    In each generation `real` new points together weigh `weights` and `drawn` own samples the rest;
    the variance is known to be 1. simulated: the mean over `count` chains, which have the same
    draws for all weights. theory: `remedy_expectations.stationary`.
    """
    rng, w, mean = np.random.default_rng(seed), np.reshape(weights, (-1, 1)), 0.0
    for _ in range(generations):
        new, own = rng.normal(size=(2, count)) / np.sqrt([[real], [drawn]])
        mean = w * new + (1 - w) * (mean + own)
    results = {
        "theory": real * theory.stationary(real, drawn, weights),
        "simulated": real * (mean**2).mean(1),
    }
    return xr.Dataset({key: ("weight", x) for key, x in results.items()}, {"weight": weights})


def best_weight(real: int, drawn: int, *, seed: int) -> float:
    """The weight from a half to three quarters, in hundredths, with the least simulated error.

    Of `weighted_mean` after eighty generations of 4,000 chains. Theory expects
    `remedy_expectations.golden`.
    """
    weights = np.linspace(0.5, 0.75, 26)
    return float(weighted_mean(real, drawn, weights, 80, 4_000, seed=seed).simulated.idxmin())


# Least squares ------------------------------------------------------------------------------------


def least_squares(features: int, rows: int, rounds: int, count: int, *, seed: int) -> xr.Dataset:
    """Squared errors over that of the first round: theory (way, round), simulated also (repeat).

    Each way has the same draws to start with. See `remedy_expectations.least_squares`.
    """
    ways = {
        "replace": ("replace", False, False),
        "accumulate, same inputs": ("same_design", False, True),
        "accumulate, new inputs": ("fresh_design", True, True),
    }
    exact = theory.least_squares(features, rows, rounds)
    first = exact.replace[0]
    found = [
        theory.regressions(features, rows, rounds, fresh, keep, count, seed=seed) / first
        for _, fresh, keep in ways.values()
    ]
    expected = [getattr(exact, field) / first for field, *_ in ways.values()]
    return xr.Dataset(
        {"theory": (("way", "round"), expected), "simulated": (("way", "round", "repeat"), found)},
        {"way": list(ways), "round": np.arange(1, rounds + 1)},
    )


def shifted(
    features: int,
    labels: Sequence[int],
    one_in: int,
    shift: ArrayLike,
    count: int,
    *,
    seed: int,
) -> xr.Dataset:
    """Squared error of regression if one label in `one_in` is shifted: theory and simulated.

    labels: how many there are, (labels,). shift: how far off the synthetic ones' coefficients are,
    one number or (labels,). theory (labels,) is `remedy_expectations.shifted`; simulated (labels,
    repeat), of `count` regressions, drawn by their sufficient statistics. Each number of labels has
    draws of its own.
    """
    labels = np.asarray(labels)
    shifts, unit = np.broadcast_to(shift, labels.shape), np.eye(features)

    def errors(n, shift):
        some, rng = n // one_in, np.random.default_rng(n + seed)
        off, own = (wishart(k, unit).rvs(count, rng) for k in (some, n - some))
        noise = np.linalg.cholesky(off + own) @ rng.normal(size=(count, features, 1))
        sums = noise + shift * off[..., :1]
        return (np.linalg.solve(off + own, sums) ** 2).sum((1, 2))

    found = [errors(int(n), c) for n, c in zip(labels, shifts, strict=True)]
    return xr.Dataset(
        {
            "theory": ("labels", theory.shifted(features, labels, 1 / one_in, shifts)),
            "simulated": (("labels", "repeat"), found),
        },
        {"labels": labels},
    )


# Real handwriting ---------------------------------------------------------------------------------

SIZE = 300  # real images that the first generation learns from, and that later ones learn from

# What a remedy takes beyond them: further real rows, and rows that it keeps.
NEEDS = pd.DataFrame(
    [
        ("accumulate", 0, 20 * SIZE),
        ("accumulate, train on part", 0, 20 * SIZE),
        ("originals redrawn, half", 0, SIZE),
        ("originals redrawn, 1 in 10", 0, SIZE),
        ("originals fixed, 1 in 10", 0, SIZE // 10),
        ("adversary", 0, SIZE),
        ("adversary, class unseen", 0, SIZE),
        ("fresh real, 1 in 10", 19 * SIZE // 10, 0),
        ("fresh real, golden weight", 19 * SIZE // 10, 0),
        ("fresh real, 1 in 100", 19 * SIZE // 100, 0),
        ("rival's samples, 1 in 10", 2 * SIZE, 0),
        ("three models, own data", 2 * SIZE, 0),
        ("verifier, 297 labels", 297, 0),
        ("verifier, 30 labels", 30, 0),
        ("verifier, knows no 8", 268, 0),
    ],
    columns=["remedy", "further real rows", "rows kept"],
).set_index("remedy")


def shelves(*, seed: int) -> dict[str, Labelled | Metered | Fitted | Callable]:
    """Real digits in parts that have no row in common, and a generator that counts what it costs.

    originals: `SIZE` rows, later: twice as many, judges: 297, test: the 600 that are left; each a
    pair of points (n, 16) and labels (n,), with all digits in proportion. Points are a quarter of
    the principal components of the originals. model: a Gaussian for each digit, `Metered`. rival:
    another that was fitted to the later rows, and can be sampled. pixels: a function from points
    to images (n, 64), with 0 for white and 1 for black.
    """
    rest, found = load_digits(return_X_y=True), {}
    for name, size in (("originals", SIZE), ("later", 2 * SIZE), ("judges", 297)):
        x, others, y, theirs = train_test_split(
            *rest, train_size=size, stratify=rest[1], random_state=seed
        )
        found[name], rest = (x, y), (others, theirs)
    turn = PCA(16).fit(found["originals"][0])
    found = {name: (turn.transform(x) / 4, y) for name, (x, y) in (found | {"test": rest}).items()}
    rival = PerClass(Gaussian()).fit(found["later"], seed=0)

    def pixels(points):
        return turn.inverse_transform(4 * points) / 16

    return found | {"model": Metered(Gaussian()), "rival": rival, "pixels": pixels}


def pictures(
    rows: Labelled, pixels: Callable[[np.ndarray], np.ndarray], each: int = 2
) -> np.ndarray:
    """The first samples of each digit as images, from nought to nine, (10 * each, 64).

    pixels: that of `shelves`. A digit of which there are fewer leaves its places white.
    """
    points, labels = rows
    found = np.zeros((10, each, 64))
    for digit in range(10):
        own = points[labels == digit][:each]
        if len(own):
            found[digit, : len(own)] = pixels(own)
    return found.reshape(-1, 64)


def filters(judges: Labelled, model: Metered, **_) -> dict[str, Policy]:
    """Policies that choose among samples, by name. The arguments are those of `shelves`."""
    return {
        "verifier, 297 labels": confirmed(judges),
        "verifier, 30 labels": confirmed(take(judges, range(30))),
        "verifier, knows no 8": confirmed(take(judges, judges[1] != 8)),
        "typical half": Filter(lambda rows, past: surprise(rows, past) < 0.5),
        "surprising half": Filter(lambda rows, past: surprise(rows, past) >= 0.5),
        "adversary": Filter(Adversary(model.meter), batch=5),
        "adversary, class unseen": Filter(Adversary(model.meter, sees_class=False), batch=5),
    }


def confirmed(labelled: Labelled) -> Filter:
    """Samples whose label is confirmed by a classifier that has learnt other real points."""
    judge = SVC().fit(*labelled)
    return Filter(lambda rows, past: judge.predict(rows[0]) == rows[1])


def committees(
    originals: Labelled, later: Labelled, model: Metered, **_
) -> dict[str, tuple[Generator, Labelled]]:
    """Several models, and the one they are held to: generators with their real data, by name.

    Three models that learn from the same originals, or each from its own; one with the points of
    all three; and three kinds of model. The arguments are those of `shelves`.
    """
    others = Gaussian(shrink=True), Mixture(2, "tied", floor=1e-3)
    kinds = (model, *(Metered(kind, model.meter) for kind in others))
    three, thrice = (model,) * 3, take(originals, np.arange(3 * SIZE) // 3)
    return {
        "three models, own data": (Committee(three, True), join([originals, later])),
        "three models, same data": (Committee(three, True), thrice),
        "one model, thrice the points": (model, thrice),
        "three kinds of model": (Committee(kinds), originals),
    }


def score(samples: Labelled, test: Labelled) -> dict[str, float]:
    """What samples teach, in %: test points that are misread, and recall of them.

    A support vector machine learns to read from the samples; recall is `measures.support`'s.
    """
    accuracy = SVC().fit(*samples).score(*test)
    recall = measures.support(test[0], samples[0]).recall
    return {"misread": 100 - 100 * accuracy, "recall": 100 * recall}


@dataclass(frozen=True)
class Verifier:
    """Keeps right labels with one chance and wrong ones with another, of so many labels."""

    right: float
    wrong: float
    labels: int = 4_000


def verified(verifier: Verifier, *, seed: int) -> dict[str, xr.DataArray]:
    """read (wrong,): share of real digits read correctly, for shares of wrong labels before it.

    A Gaussian for each of three and eight is fitted to one half of the real ones, and labelled
    samples are drawn. A share of the labels is turned round. What the verifier keeps teaches a
    classifier, the nearer of the two means, which reads the other half.
    `remedy_expectations.verifier_threshold` says at which share it turns.
    """
    images, digits = load_digits(return_X_y=True)
    pair = np.isin(digits, (3, 8))
    x, test, y, truth = train_test_split(
        images[pair], digits[pair] == 8, test_size=0.5, random_state=seed
    )
    fitted = PerClass(Gaussian(shrink=True)).fit((x, y), seed=seed)
    points, eight = fitted.sample(verifier.labels, seed=seed)
    rng, found, shares = np.random.default_rng(seed), [], np.arange(0.3, 0.99, 0.05)
    for share in shares:
        flipped, luck = rng.random(len(eight)) < share, rng.random(len(eight))
        kept = luck < np.where(flipped, verifier.wrong, verifier.right)
        low, high = (points[kept & ((eight ^ flipped) == k)].mean(0) for k in (False, True))
        found.append(np.mean(((test - (low + high) / 2) @ (high - low) > 0) == truth))
    return {"read": xr.DataArray(found, {"wrong": shares})}
