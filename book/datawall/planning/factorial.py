"""What levers do alone, last, on average and together: a full factorial with names.

A loss has one dimension for each lever, with two labels, the first of them "off", and whatever
dimensions else, such as `seed`, along which all is paired. Gains are losses saved, in nats.
Chapter: planner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import factorial

import numpy as np
import xarray as xr


def saved(loss: xr.DataArray, levers: Sequence[str], on: Sequence[str]) -> xr.DataArray:
    """Loss saved by the levers in `on`, all others off, against none: (...).

    Raises ValueError for levers that aren't dimensions of two labels each.
    """
    _check(loss, levers, on)
    none = loss.isel(dict.fromkeys(levers, 0), drop=True)
    return none - loss.isel({lever: int(lever in on) for lever in levers}, drop=True)


def alone(loss: xr.DataArray, levers: Sequence[str]) -> xr.DataArray:
    """Loss saved by each lever with all others off: (lever, ...)."""
    return _stacked(levers, [saved(loss, levers, [lever]) for lever in levers])


def last_in(loss: xr.DataArray, levers: Sequence[str]) -> xr.DataArray:
    """Loss saved by each lever with all others on: (lever, ...)."""
    whole = saved(loss, levers, levers)
    rest = [[other for other in levers if other != lever] for lever in levers]
    return _stacked(levers, [whole - saved(loss, levers, others) for others in rest])


def shapley(loss: xr.DataArray, levers: Sequence[str]) -> xr.DataArray:
    """Loss saved by each lever, averaged over all orders in which they may come: (lever, ...).

    The shares add up to what all save together [Shapley 1953].
    """
    count = len(levers)
    found = []
    for lever in levers:
        others = [other for other in levers if other != lever]
        total = 0.0
        for before in _sets(others):
            orders = factorial(len(before)) * factorial(count - 1 - len(before))
            more = saved(loss, levers, [*before, lever]) - saved(loss, levers, before)
            total = total + orders / factorial(count) * more
        found.append(total)
    return _stacked(levers, found)


def effect(loss: xr.DataArray, levers: Sequence[str], of: Sequence[str]) -> xr.DataArray:
    """The main effect of one lever, or the interaction of several, on the loss: (...).

    A main effect is the mean loss with the lever on, less that with it off. An interaction of two
    is half of what the one changes in the effect of the other, and so on: the sum of all cells,
    each with the product of its signs, over half of their number [Box, Hunter and Hunter 2005,
    chapter 5]. Below zero: together they save more. Raises ValueError for no lever.
    """
    _check(loss, levers, of)
    if not of:
        raise ValueError("an effect of no lever: name one or more in `of`")
    signs = xr.DataArray(1.0)
    for lever in of:
        signs = signs * xr.DataArray([-1.0, 1.0], dims=lever)
    bare = loss.drop_vars(levers, errors="ignore")
    return (bare * signs).sum(list(levers)) / 2 ** (len(levers) - 1)


def interactions(loss: xr.DataArray, levers: Sequence[str], most: int = 2) -> xr.DataArray:
    """All main effects and interactions of at most `most` levers: (effect, ...).

    They are named as "passes x filter".
    """
    groups = [group for size in range(1, most + 1) for group in combinations(levers, size)]
    parts = [effect(loss, levers, group) for group in groups]
    return xr.concat(parts, xr.Variable("effect", _names(groups)))


def sets(loss: xr.DataArray, levers: Sequence[str]) -> xr.DataArray:
    """Loss saved by every set of levers: (set, ...), named as "passes + filter"; "none" first."""
    found = cells(loss, levers)
    return (found.sel(set="none", drop=True) - found).transpose("set", ...)


def cells(values: xr.DataArray, levers: Sequence[str]) -> xr.DataArray:
    """The value of every set of levers that are on: (set, ...), named as by `sets`."""
    _check(values, levers, [])
    groups = list(_sets(levers))
    parts = [values.isel({lever: int(lever in on) for lever in levers}, drop=True) for on in groups]
    return xr.concat(parts, xr.Variable("set", [" + ".join(on) or "none" for on in groups]))


def _names(groups) -> list[str]:
    return [" x ".join(group) for group in groups]


def _sets(levers: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in range(len(levers) + 1):
        yield from combinations(levers, size)


def _stacked(levers: Sequence[str], parts: list[xr.DataArray]) -> xr.DataArray:
    return xr.concat(parts, xr.Variable("lever", np.array(list(levers))))


def _check(loss: xr.DataArray, levers: Sequence[str], on: Sequence[str]) -> None:
    for lever in levers:
        if lever not in loss.dims or loss.sizes[lever] != 2:
            there = ", ".join(f"{name} ({size})" for name, size in loss.sizes.items())
            raise ValueError(
                f"{lever!r} isn't a dimension of two labels, off and on: there are {there}"
            )
    if len(set(levers)) < len(levers):
        raise ValueError(f"levers named twice in {', '.join(levers)}: name each once")
    for lever in on:
        if lever not in levers:
            raise ValueError(f"{lever!r} is none of the levers {', '.join(levers)}")
    if len(set(on)) < len(on):
        raise ValueError(f"a lever named twice in {', '.join(on)}: name each once")
