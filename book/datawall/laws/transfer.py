"""What reading other text first is worth, in characters of the task's own text.

Hernandez et al. 2021, arXiv:2102.01293, section 1: the effective data transferred is what a model
from scratch would have to read more to be as good. Chapter: specialists.
"""

from __future__ import annotations

import numpy as np
import xarray as xr


def worth(loss: xr.DataArray, curve: xr.DataArray, dim: str) -> xr.DataArray:
    """The amount at which a curve of losses passes through `loss`, on a logarithmic scale.

    curve: losses that fall along `dim`, whose labels are amounts above 0, and NaN at the last where
    nothing was run. Both may have other dimensions in common, such as seeds; of `loss` they are
    kept, `dim` among them. NaN where the loss is above or below the curve, since nothing is read
    beyond what was run. Raises ValueError for a curve that doesn't fall from each amount to the
    next, or has an amount that isn't above 0.
    """
    if dim not in curve.dims:
        raise ValueError(f"the curve has no dimension {dim!r}: it has {', '.join(curve.dims)}")
    curve = curve.sortby(dim).rename({dim: "_amount"})
    if not (curve["_amount"] > 0).all():
        raise ValueError(f"{dim} has amounts that aren't above 0: leave them out")
    if (curve.diff("_amount") >= 0).any():
        raise ValueError(f"the curve doesn't fall along {dim}: no loss has one amount")
    return xr.apply_ufunc(
        _between, loss, curve, np.log(curve["_amount"]), vectorize=True, output_dtypes=[float],
        input_core_dims=[[], ["_amount"], ["_amount"]],
    )  # fmt: skip


def _between(loss: float, curve: np.ndarray, logs: np.ndarray) -> float:
    run = np.isfinite(curve)
    if not run.any():
        return np.nan
    curve, logs = curve[run][::-1], logs[run][::-1]
    return float(np.exp(np.interp(loss, curve, logs, left=np.nan, right=np.nan)))


def exponent(values: xr.DataArray, dim: str) -> xr.DataArray:
    """The power b of the law a x^b closest to values above 0 along `dim`, by squares of logarithms.

    NaN where there are fewer than two values; a value that is NaN is left out. Raises ValueError
    for values and labels that aren't above 0.
    """
    if (values <= 0).any() or (values[dim] <= 0).any():
        raise ValueError(
            f"{dim} or its values aren't above 0, and a power law's are: leave them out"
        )
    logs = np.log(values).assign_coords({dim: np.log(values[dim])})
    logs = logs.where(logs.notnull().sum(dim) > 1)  # one value lies on every law
    return logs.polyfit(dim, 1).polyfit_coefficients.sel(degree=1, drop=True)
