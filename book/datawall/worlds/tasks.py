"""Several tasks on handwritten digits, learned by one network with a shared trunk.

A task is half of the ten kinds of digit: is an image one of them? Each has a few labelled images of
its own. The tasks share a layer, the trunk, and each has a head of its own on it, as in Caruana
(1997, Machine Learning 28:41). Chapter: sparse-and-retrieving.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from datawall import validate
from datawall.lm.threads import one_thread

KINDS, HELD_OUT = 10, 600


def halves(count: int, *, seed: int) -> np.ndarray:
    """Which kinds of digit belong to each of `count` tasks, booleans (count, 10), five in each."""
    validate.whole("count", count)
    rng = np.random.default_rng([seed, 0])
    return np.stack([rng.permutation(KINDS) < KINDS // 2 for _ in range(count)])


def accuracy(
    tasks: int, labels: int, *, noise: bool = False, width: int = 32, steps: int = 1000, seed: int
) -> float:
    """Share of unseen digits that the first of `tasks` tasks, learned together, gets right.

    labels: images of each task, drawn from those that aren't held out, for each task anew. noise:
    the labels of all tasks but the first are drawn at random. width: units of the trunk. steps: of
    Adam on all images at once, the same for any number of tasks. The first task, its images and its
    exam depend on the seed alone. Raises ValueError for more labels than there are images.
    """
    validate.whole("tasks", tasks)
    images, kinds = _digits()
    validate.whole("labels", labels, most=len(images) - HELD_OUT)
    validate.flag("noise", noise)
    validate.whole("width", width)
    validate.whole("steps", steps)
    order = np.random.default_rng([seed, 1]).permutation(len(images))
    exam, pool = order[:HELD_OUT], order[HELD_OUT:]
    member = halves(tasks, seed=seed)
    chosen = np.stack([_drawn(pool, labels, seed, task) for task in range(tasks)])
    truth = member[np.arange(tasks)[:, None], kinds[chosen]]
    if noise:
        truth[1:] = np.random.default_rng([seed, 2]).random((tasks - 1, labels)) < 0.5
    given = torch.from_numpy(images[chosen])  # (tasks, labels, pixels)
    trunk, heads = _learned(given, torch.from_numpy(truth).float(), width, steps, seed)
    found = _scores(torch.from_numpy(images[exam])[None], trunk, heads[:1])[0] > 0
    return float((found.numpy() == member[0, kinds[exam]]).mean())


def _learned(given: Tensor, truth: Tensor, width: int, steps: int, seed: int):
    """Weights of the trunk (pixels + 1, width) and of each task's head (tasks, width + 1)."""
    generator = torch.Generator().manual_seed(seed)
    trunk = torch.randn(given.shape[-1] + 1, width, generator=generator)
    trunk = (trunk * given.shape[-1] ** -0.5).requires_grad_()
    heads = torch.zeros(len(given), width + 1, requires_grad=True)
    optimizer = torch.optim.Adam([trunk, heads], lr=3e-3)
    with one_thread():
        for _ in range(steps):
            # Summed over tasks, so that each pulls on its head as if it were alone.
            loss = F.binary_cross_entropy_with_logits(_scores(given, trunk, heads), truth)
            optimizer.zero_grad()
            (loss * len(given)).backward()
            optimizer.step()
    return trunk.detach(), heads.detach()


def _scores(images: Tensor, trunk: Tensor, heads: Tensor) -> Tensor:
    """The logit of each task for its images (tasks, n, pixels), (tasks, n)."""
    shared = F.relu(images @ trunk[:-1] + trunk[-1])
    return (shared @ heads[:, :-1, None])[..., 0] + heads[:, -1:]


def _drawn(pool: np.ndarray, labels: int, seed: int, task: int) -> np.ndarray:
    return np.random.default_rng([seed, 3, task]).choice(pool, labels, replace=False)


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    digits = load_digits()
    images = digits.data.astype(np.float32)
    return (images - images.mean()) / images.std(), digits.target
