"""What a lever is worth in data: the factor by which a plain recipe would need more text.

Chapter: planner.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from datawall import validate


class Extrapolated(ValueError):
    """A loss that the calibration curve doesn't reach: more or less text would have to be run."""


def multiple(loss: xr.DataArray, curve: xr.DataArray, *, unique: float) -> xr.DataArray:
    """Text that gives the plain recipe these losses, over the `unique` tokens at hand: (...).

    loss: any dimensions. curve: the plain recipe's losses over `amount`, unique tokens, and
    whatever it shares with `loss`, such as `seed`, along which the two are paired. Between two
    amounts the loss is taken to be linear in the log of the amount. NaN stays NaN.

    Raises Extrapolated for a loss outside the curve, and ValueError for a curve that doesn't fall
    with every step or has fewer than two amounts.
    """
    validate.positive("unique", unique)
    if "amount" not in curve.dims or curve.sizes["amount"] < 2:
        raise ValueError("the curve needs losses over two or more values of `amount`")
    curve = curve.sortby("amount")
    amounts = validate.numbers("amounts", curve.amount.values, above=0)
    if not (curve.diff("amount") < 0).all():
        raise ValueError(
            "the curve doesn't fall with every step of `amount`, so a loss has no one amount: "
            "average over more seeds, or take amounts that are farther apart"
        )
    _check_reach(loss, curve)
    found = xr.apply_ufunc(
        lambda y, known: np.exp(np.interp(-y, -known, np.log(amounts))),
        loss,
        curve,
        input_core_dims=[[], ["amount"]],
        vectorize=True,
    )
    return found / unique


def loss_of(factor: xr.DataArray, curve: xr.DataArray, *, unique: float) -> xr.DataArray:
    """The plain recipe's loss with `factor` times the `unique` tokens; NaN beyond the curve.

    The inverse of `multiple`: for what a rule promises, which may lie beyond what was run.
    """
    validate.positive("unique", unique)
    curve = curve.sortby("amount")
    at = np.log(curve.amount.values)
    return xr.apply_ufunc(
        lambda x, known: np.interp(np.log(x * unique), at, known, left=np.nan, right=np.nan),
        factor,
        curve,
        input_core_dims=[[], ["amount"]],
        vectorize=True,
    )


def _check_reach(loss: xr.DataArray, curve: xr.DataArray) -> None:
    first, last = curve.isel(amount=0, drop=True), curve.isel(amount=-1, drop=True)
    short, far = (loss > first), (loss < last)
    for found, end, what in ((short, first, "less"), (far, last, "more")):
        if bool(found.any()):
            gap = float(np.abs(loss - end).where(found).max())
            raise Extrapolated(
                f"{int(found.sum())} losses lie up to {gap:.3f} nats beyond the curve: run the "
                f"plain recipe on {what} text"
            )
