"""The best size and number of epochs when text is short, by a published law (chapter: planner)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy.optimize import minimize_scalar

from datawall import validate
from datawall.laws.overtraining import lifetime_flops
from datawall.laws.scaling import FLOPS_PER_PARAM_AND_TOKEN, FLOPS_TO_SERVE, DataConstrained


def best(
    law: DataConstrained, flops: float, unique: float, served: float = 0.0
) -> dict[str, float]:
    """The size of the least loss for a lifetime's operations: params, tokens, epochs, loss.

    flops: for training and for serving `served` tokens, 6 N D + 2 N D_inf. unique: tokens at hand,
    infinity for as many as are read. epochs: how often each is read; below 1, the share that is.
    Raises ValueError for what isn't above 0, or, of served, below.
    """
    validate.positive("flops", flops)
    validate.positive("unique", unique, endless=True)
    validate.nonnegative("served", served)

    def tokens(log_params):
        left = flops / np.exp(log_params) - FLOPS_TO_SERVE * served
        return left / FLOPS_PER_PARAM_AND_TOKEN

    def loss(log_params):
        read = tokens(log_params)
        if read <= 0:
            return np.inf
        return float(law.loss(np.exp(log_params), read, min(unique, read)))

    # A coarse search first, since the law isn't convex where it serves much.
    most = np.log(flops) - np.log(FLOPS_TO_SERVE * served + FLOPS_PER_PARAM_AND_TOKEN)
    grid = np.linspace(np.log(1e3), most, 400)
    at = int(np.argmin([loss(x) for x in grid]))
    ends = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
    found = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-9})
    read = tokens(found.x)
    epochs = read / unique if np.isfinite(unique) else 0.0
    return {"params": float(np.exp(found.x)), "tokens": read, "epochs": epochs, "loss": found.fun}


def plane(
    law: DataConstrained,
    flops: Sequence[float],
    unique: Sequence[float],
    served: Sequence[float],
) -> xr.Dataset:
    """The best plan for every compute, unique tokens and tokens served: see `best`.

    Returns params, tokens, epochs and loss over (flops, unique, served).
    """
    axes = {"flops": list(flops), "unique": list(unique), "served": list(served)}
    cells = [
        best(law, c, u, s) for c in axes["flops"] for u in axes["unique"] for s in axes["served"]
    ]
    sizes = [len(values) for values in axes.values()]
    return xr.Dataset(
        {
            name: (list(axes), np.reshape([cell[name] for cell in cells], sizes))
            for name in cells[0]
        },
        axes,
    )


def lifetime(plan: xr.Dataset) -> xr.DataArray:
    """The operations that plans of `plane` use, as a check: those that were given."""
    return lifetime_flops(plan.params, plan.tokens, plan.served)
