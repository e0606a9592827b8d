"""What levers do together, foretold from what each does alone, by three rules (chapter: planner).

A loss has one dimension for each lever, whose first label is "off", and `seed`. A lever may have
more labels than two, as the letters read have. Each rule sees the cells in which at most one lever
is on, and those of the plain recipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add, mul

import numpy as np
import xarray as xr

from datawall.planning import composite, multiples


def single(loss: xr.DataArray, levers: Sequence[str], lever: str) -> xr.DataArray:
    """Losses with that lever at each of its labels, and all others off."""
    return loss.isel(dict.fromkeys([x for x in levers if x != lever], 0), drop=True)


def added(loss: xr.DataArray, levers: Sequence[str]) -> xr.DataArray:
    """Losses if the nats that each lever saves alone added up."""
    none = loss.isel(dict.fromkeys(levers, 0), drop=True)
    return none + reduce(add, [single(loss, levers, lever) - none for lever in levers])


def multiplied(
    loss: xr.DataArray, levers: Sequence[str], curve: xr.DataArray, *, unique: float
) -> xr.DataArray:
    """Losses if the factors by which each lever multiplies the text's worth were multiplied.

    curve, unique: as for `multiples.multiple`. NaN where the product lies beyond the curve.
    """
    found = promised(loss, levers, curve, unique=unique)
    return multiples.loss_of(found, curve, unique=unique)


def promised(
    loss: xr.DataArray, levers: Sequence[str], curve: xr.DataArray, *, unique: float
) -> xr.DataArray:
    """The product of what each lever is worth alone in data. Arguments as for `multiplied`."""
    none = loss.isel(dict.fromkeys(levers, 0), drop=True)
    base = multiples.multiple(none, curve, unique=unique)
    alone = [
        multiples.multiple(single(loss, levers, lever), curve, unique=unique) / base
        for lever in levers
    ]
    return base * reduce(mul, alone)


def by_law(
    loss: xr.DataArray, curve: xr.DataArray, reread: xr.DataArray, *, unique: float
) -> xr.DataArray:
    """Losses by the composite law, fitted seed by seed to the plain recipe and to single levers.

    loss: over passes (with the letters read as its labels), filter, decay, teacher, ensemble (with
    the number of members as its labels) and seed. curve: of the plain recipe over `amount`, each
    letter of plays read twice. reread: of the plain recipe over `read`, letters read of which half
    are of the `unique` letters of plays. The filter is known to double the repetitions; what else
    it does, and all that decay and teacher do, is a factor on the text's worth.
    """
    levers = ("passes", "filter", "decay", "teacher", "ensemble")
    axes = [*levers, "seed"]
    found = [
        _of_one(loss.sel(seed=s), curve.sel(seed=s), reread.sel(seed=s), levers, unique)
        for s in loss.seed.values
    ]
    return xr.concat(found, loss.seed).transpose(*axes)


def _of_one(loss, curve, reread, levers, unique):
    amounts, again = curve.amount.values, reread.read.values / (2 * unique) - 1
    law = composite.fit(
        np.concatenate([amounts, np.full(len(again), unique)]),
        np.concatenate([np.ones(len(amounts)), again]),
        np.concatenate([curve.values, reread.values]),
    )
    read = loss.passes
    shares = xr.DataArray([0.5, 1.0], dims="filter")  # of what is read that is plays
    repeats = read * shares / unique - 1
    first = float(read[0])
    factor = 1.0
    for lever in ("filter", "decay", "teacher"):
        alone = single(loss, levers, lever).values
        plays = [0.5, 1.0] if lever == "filter" else [0.5, 0.5]
        worth = [
            law.factor(float(y), unique, first * share / unique - 1)
            for y, share in zip(alone, plays, strict=True)
        ]
        worth[0] = 1.0  # off, the law itself holds
        factor = factor * xr.DataArray(worth, dims=lever)
    one, many = single(loss, levers, "ensemble").values
    sizes = loss.ensemble.values
    gain = composite.averaging(one, many, int(sizes[-1]))
    gains = xr.DataArray(gain * (1 - 1 / sizes), dims="ensemble")
    # numbers without labels, so that what stands at one place of a lever meets at that place
    bare = repeats.drop_vars("passes", errors="ignore")
    both, grown = xr.broadcast(bare, factor)
    foretold = xr.DataArray(law.loss(unique, both.values, grown.values), dims=both.dims) - gains
    return foretold.assign_coords({lever: loss[lever] for lever in levers})


def levers_on(loss: xr.DataArray, levers: Sequence[str]) -> xr.DataArray:
    """How many levers aren't at their first label, for each cell: (the levers)."""
    parts = [xr.DataArray(np.arange(loss.sizes[x]) > 0, dims=x).astype(int) for x in levers]
    return reduce(add, parts)
