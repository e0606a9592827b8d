"""Whose label to ask for: scores of a classifier's doubt, spread over a pool, and rounds of asking.

Chapter: asking-and-acting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.isotonic import IsotonicRegression

from datawall import validate
from datawall.worlds import vision

QUERIES = ("random", "margin", "entropy", "core-set")
JUNK = -1  # the label of an image that shows no digit


def doubts(chances: ArrayLike, query: str) -> np.ndarray:
    """How unsure a classifier is of each image (images,): the larger, the sooner to be asked for.

    chances: (images, kinds), each row adding up to 1. query: "margin", minus the gap between the
    two likeliest kinds, or "entropy", in nats.
    """
    chances = validate.numbers("chances", chances, least=0)
    if chances.ndim != 2 or chances.shape[1] < 2 or np.abs(chances.sum(1) - 1).max() > 1e-4:
        raise ValueError(
            f"chances of shape {chances.shape}: give (images, kinds), rows that add up to 1"
        )
    validate.choice("query", query, ("margin", "entropy"))
    if query == "margin":
        top = np.sort(chances, 1)
        return top[:, -2] - top[:, -1]
    return -(chances * np.log(np.maximum(chances, 1e-30))).sum(1)


def spread(points: ArrayLike, known: ArrayLike, count: int) -> np.ndarray:
    """Rows of `count` points, each the one farthest from all known and chosen so far (k-centre).

    points: (n, d). known: rows that are labelled already, one or more. The greedy way of [Sener
    and Savarese 2018]. Raises ValueError for more points than are left.
    """
    points = validate.rows("points", points)
    known = np.unique(validate.ids(known, len(points), name="known"))
    validate.whole("count", count, most=len(points) - len(known))
    nearest = np.min([((points - points[row]) ** 2).sum(1) for row in known], 0)
    nearest[known] = -np.inf
    chosen = []
    for _ in range(count):
        row = int(nearest.argmax())
        chosen.append(row)
        nearest = np.minimum(nearest, ((points - points[row]) ** 2).sum(1))
        nearest[[*known, *chosen]] = -np.inf
    return np.array(chosen)


class Pool(NamedTuple):
    """Images (n, side, side) of which labels can be bought; JUNK is the label of one without."""

    images: np.ndarray
    labels: np.ndarray


def with_junk(images: ArrayLike, labels: ArrayLike, share: float, *, seed: int) -> Pool:
    """A pool of as many images, of which a share shows no digit: two on each other, one turned.

    The images beneath are of the same pool, so that nothing new comes in. Raises ValueError for a
    share outside 0 to 1.
    """
    images = validate.images("images", images)
    labels = validate.labels("labels", labels, len(images))
    rng = np.random.default_rng([seed, 2])  # apart from the order in which labels are bought
    junk = rng.permutation(len(images))[: round(validate.share("share", share) * len(images))]
    other = images[rng.permutation(len(images))[: len(junk)]][:, ::-1, ::-1]
    mixed, names = images.copy(), np.array(labels, int)
    mixed[junk] = np.maximum(images[junk], other)
    names[junk] = JUNK
    return Pool(mixed, names)


def shifted(images: ArrayLike) -> np.ndarray:
    """Each image, and moved by a pixel in the eight directions: (9 n, side, side), in nine blocks.

    What is moved in is empty.
    """
    images = validate.images("images", images)
    side = images.shape[1]
    wide = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    steps = [(1, 1), *((y, x) for y in range(3) for x in range(3) if (y, x) != (1, 1))]
    return np.concatenate([wide[:, y : y + side, x : x + side] for y, x in steps])


class Bought(NamedTuple):
    """After a round: labels bought, those of them that are junk, and accuracy in percent."""

    labels: int
    junk: int
    accuracy: float


def rounds(
    query: str,
    pool: Pool,
    exam: Pool,
    amounts: Sequence[int],
    *,
    augment: bool = False,
    steps: int = 200,
    seed: int,
) -> Iterator[Bought]:
    """Buy labels up to each amount in turn, and train a new classifier on those bought so far.

    The first amount is bought at random, so alike for every query of one seed. Junk that was bought
    has cost its label and isn't trained on. augment: train on images moved by a pixel, too. steps:
    of each training, whatever was bought. Raises ValueError for amounts that don't rise, or for
    more than the pool holds.
    """
    validate.choice("query", query, QUERIES)
    amounts = [validate.whole("amounts", n, most=len(pool.labels)) for n in amounts]
    if not amounts or sorted(set(amounts)) != amounts:
        raise ValueError(f"amounts are {amounts}: give rising numbers of labels")
    order = np.random.default_rng([seed, 0]).permutation(len(pool.labels))
    owned, net = order[: amounts[0]], None
    for turn, amount in enumerate(amounts):
        if turn:
            left = order[~np.isin(order, owned)]
            more = _wanted(query, net, pool.images, left, owned, amount - len(owned))
            owned = np.concatenate([owned, more])
        good = owned[pool.labels[owned] != JUNK]
        images, labels = pool.images[good], pool.labels[good]
        if augment:
            images, labels = shifted(images), np.tile(labels, 9)
        net = vision.classifier(pool.images.shape[1], seed=seed)
        vision.learn(net, [(images, labels)], steps, seed=seed)
        score = vision.accuracy(net, exam.images, exam.labels)
        yield Bought(len(owned), len(owned) - len(good), score)


def _wanted(query, net, images, left, owned, count) -> np.ndarray:
    """The images to ask for next, of those that are left in a random order."""
    if query == "random":
        return left[:count]
    if query == "core-set":
        rows = np.concatenate([owned, left])
        points = _layer(net[:-1], images[rows])
        return rows[spread(points, np.arange(len(owned)), count)]
    chances = _layer(torch.nn.Sequential(net, torch.nn.Softmax(1)), images[left])
    return left[np.argsort(-doubts(chances, query), kind="stable")[:count]]


def _layer(net, images) -> np.ndarray:
    with torch.no_grad():
        tensor = torch.as_tensor(np.asarray(images, np.float32))
        return torch.cat([net(part) for part in tensor.split(500)]).numpy().astype(float)


def saved(labels: ArrayLike, ours: ArrayLike, theirs: ArrayLike) -> float:
    """Percent of the most labels that one way of asking saves where it equals another's best.

    labels: rising amounts (n,). ours, theirs: accuracies (n,) at these, made monotone first
    (isotonic regression), read between amounts on a straight line. Below 0, what the other way
    would save where ours is best.
    """
    labels = validate.numbers("labels", labels, above=0)
    pair = [validate.numbers(name, x) for name, x in (("ours", ours), ("theirs", theirs))]
    if labels.ndim != 1 or any(x.shape != labels.shape for x in pair):
        raise ValueError("labels and accuracies differ in shape: give one accuracy an amount")
    if (np.diff(labels) <= 0).any():
        raise ValueError("the labels don't rise: give rising amounts")
    ours, theirs = (IsotonicRegression().fit_transform(labels, x) for x in pair)
    if ours[-1] < theirs[-1]:
        return -_less(labels, theirs, ours[-1])
    return _less(labels, ours, theirs[-1])


def _less(labels: np.ndarray, curve: np.ndarray, level: float) -> float:
    """Percent of the most labels that a rising curve doesn't need for a level."""
    place = int(np.argmax(curve >= level - 1e-12))
    needed = labels[0]
    if place:
        low, high = curve[place - 1], curve[place]
        step = labels[place] - labels[place - 1]
        needed = labels[place - 1] + step * (level - low) / (high - low)
    return 100 * float(1 - needed / labels[-1])
