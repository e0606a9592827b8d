"""Intervals of one quantity under several forms of a fit (chapter: scaling-laws)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from datawall.evidence.intervals import Interval


def beside(found: Mapping[str, Interval], dim: str) -> Interval:
    """Intervals of single numbers side by side, along a new dimension of their names.

    Raises ValueError where there is none.
    """
    if not found:
        raise ValueError("no interval to set beside another: give one or more, by name")
    ends = np.array([[float(x) for x in one] for one in found.values()]).T
    return Interval(*(xr.DataArray(end, {dim: list(found)}) for end in ends))


def over_forms(found: Mapping[str, Interval]) -> Interval:
    """The interval of a quantity under several forms of a fit: from the lowest end to the highest.

    found: an interval of a single number for each form; the value is that of the first. What each
    form leaves uncertain is inside, and so is which of them holds. Raises ValueError where there is
    none.
    """
    every = beside(found, "form")
    return Interval(every.value[0], every.low.min(), every.high.max())
