"""Whether a model has learned passages by heart, by how often it has met them.

Chapter: data-quality.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from datawall.lm.model import Config, Transformer
from datawall.lm.train import Job


def copies_met(copies: Sequence[int], sets: int, *, seed: int) -> xr.DataArray:
    """How many copies each passage is met in, (set, passage): in each set every number once.

    Passages take turns: over as many seeds as there are numbers each is met in each number.
    """
    return xr.DataArray(np.tile(np.roll(copies, -seed), (sets, 1)), dims=("set", "passage"))


def recited(sets: int, last: int) -> Callable[[Transformer, Tensor], dict[str, xr.DataArray]]:
    """A measure for `train.sweep`: log10 of the probability of each passage's end, given its start.

    It asks for the `last` tokens of passages (count, length), as `recited` (set, passage).
    """

    def measure(model, passages):
        with torch.no_grad():
            logs = model(passages[:, :-1]).log_softmax(-1).gather(-1, passages[:, 1:, None])
        ends = logs[:, -last:, 0].sum(1).double().view(sets, -1) / np.log(10)
        return {"recited": xr.DataArray(ends, dims=("set", "passage"))}

    return measure


def by_copies(values: xr.DataArray, copies: Sequence[int]) -> xr.DataArray:
    """Values (..., seed, set, passage) by how many copies were met: (..., copies, run).

    A run is a set of passages at a seed, since in each one passage met each number of copies.
    """
    sets = values.sizes["set"]
    met = [copies_met(copies, sets, seed=int(seed)) for seed in values.seed]
    asked = xr.DataArray(list(copies), {"copies": list(copies)})
    found = values.where(xr.concat(met, values.seed) == asked).mean("passage")
    return found.stack(run=["seed", "set"])


def again_and_again(config: Config, text: Tensor, budget: int, *, seed: int, **job) -> Job:
    """A job that reads a text, in whole windows, again and again until it has read `budget`.

    job: what else `train.Job` takes.
    """
    context = config.context
    unique = min(budget, (len(text) // context - 1) * context)
    return Job(config, [budget], unique=unique, text=text, seed=seed, **job)
