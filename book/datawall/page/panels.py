"""A sheet of panels, one for each label of two dimensions. Chapter: collapse-in-generators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from datawall.evidence.intervals import Interval
from datawall.page import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def panels(
    values: Interval,
    *,
    row: str,
    column: str,
    x: str,
    hue: str,
    level: xr.DataArray | None = None,
    **axes,
) -> np.ndarray[Axes]:
    """Bands over x for each label of `hue`, in a panel for each label of row and column.

    values: with these four dimensions. level: dotted lines across each panel, (row,), black, or
    (row, hue), each in the colour of its band. axes: whatever `Axes.set` takes. The legend stands
    in the panel at the lower left. Returns the panels, (rows, columns).
    """
    import matplotlib.pyplot as plt

    rows, columns = values.value[row].values, values.value[column].values
    shape = {"nrows": len(rows), "ncols": len(columns), "figsize": (7, 2.2 * len(rows))}
    _, grid = plt.subplots(**shape, sharex=True, sharey=True, squeeze=False)
    for line, label in zip(grid, rows, strict=True):
        for ax, name in zip(line, columns, strict=True):
            plots.band(ax, values.sel(**{row: label, column: name}), x=x, hue=hue, legend=False)
            if level is not None:
                _across(ax, level.sel({row: label}), hue)
            ax.set(**axes)
            ax.grid(False)
        line[0].set_ylabel(label)
    for ax, name in zip(grid[0], columns, strict=True):
        ax.set_title(name, fontsize=10)
    for ax in grid[-1]:
        ax.set_xlabel(x)
    grid[-1][0].legend(fontsize=8, loc="lower left")
    return grid


def _across(ax: Axes, level: xr.DataArray, hue: str) -> None:
    tints = plots.COLORS if hue in level.dims else ("black",)
    for height, tint in zip(np.atleast_1d(level.values), tints, strict=False):
        ax.axhline(float(height), color=tint, linestyle=":", linewidth=1)
