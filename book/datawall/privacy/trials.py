"""Models trained by the recipes that the chapter compares (chapter: private-data)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import torch

from datawall import validate
from datawall.evidence.seeds import independent
from datawall.privacy import accounting, letters, private
from datawall.privacy.letters import Letters, Shape
from datawall.privacy.private import Knobs
from datawall.privacy.readers import Readers


def loss(model: Letters, rows: torch.Tensor) -> float:
    """The mean loss on rows, in nats a letter."""
    return float(letters.losses(model, rows).mean())


def delta(rows: int) -> float:
    """The delta of all promises here: half of one over the number of rows."""
    return 0.5 / validate.whole("rows", rows)


def trained(
    readers: Readers,
    width: int,
    clip: str,
    epsilon: str,
    knobs: Mapping[int, tuple[float, float]],
    *,
    seed: int,
) -> Iterator[list[Letters]]:
    """One model for each of the readers after each number of passes, which are the knobs' keys.

    clip: the longest gradient, or "none". epsilon: what a whole training may spend, or "none".
    knobs: batch and rate by number of passes, in rising order. With noise every number of passes
    is a training of its own, since the noise depends on it; without, so is every change of knobs.
    """
    shape = Shape(len(readers.vocabulary), width)
    seeds = independent([seed, 1], 2 * len(readers.own))
    rows = [readers.rows(i) for i in range(len(readers.own))]
    limit = math.inf if clip == "none" else float(clip)
    for passes in _together(knobs, alone=epsilon != "none"):
        batch, rate = knobs[passes[0]]
        noise = 0.0
        if epsilon != "none":
            n = len(rows[0])
            steps = private.steps(passes[0], n, batch)
            noise = accounting.noise_for(float(epsilon), delta(n), batch / n, steps)
        how = Knobs(batch, rate, limit, noise)
        runs = [
            private.readings(letters.drawn(shape, seed=a), own, passes, how, seed=b)
            for own, a, b in zip(rows, seeds[::2], seeds[1::2], strict=True)
        ]
        yield from map(list, zip(*runs, strict=True))


def _together(knobs: Mapping[int, tuple], alone: bool) -> list[list[int]]:
    """The numbers of passes that one training goes through."""
    found = []
    for passes, own in knobs.items():
        if found and not alone and knobs[found[-1][0]] == own:
            found[-1].append(passes)
        else:
            found.append([passes])
    return found
