"""Panels by the labels of two dimensions."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from datawall.evidence.intervals import over_seeds
from datawall.page import panels, plots

RUNS = xr.DataArray(
    np.random.default_rng(0).random((2, 3, 2, 4, 5)),
    {
        "score": ["recall", "precision"],
        "generator": ["a", "b", "c"],
        "policy": ["replace", "accumulate"],
        "generation": [1, 2, 3, 4],
        "seed": range(5),
    },
)
NAMES = {"row": "score", "column": "generator", "x": "generation", "hue": "policy"}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_each_panel_has_its_own_part():
    values = over_seeds(RUNS)
    grid = panels.panels(values, **NAMES, ylim=(0, 1.5))
    assert grid.shape == (2, 3)
    lines = [line for line in grid[1, 2].lines if len(line.get_xdata()) == 4]
    part = values.value.sel(score="precision", generator="c", policy="accumulate")
    assert lines[1].get_ydata() == pytest.approx(part.values)
    assert [ax.get_title() for ax in grid[0]] == ["a", "b", "c"]
    assert [ax.get_ylabel() for ax in grid[:, 0]] == ["recall", "precision"]
    assert {ax.get_xlabel() for ax in grid[1]} == {"generation"}
    assert {ax.get_ylim() for ax in grid.flat} == {(0, 1.5)}
    words = [text.get_text() for text in grid[1, 0].get_legend().get_texts()]
    assert words == ["replace", "accumulate"]


def test_levels_are_black_for_a_row_and_in_their_colours_for_each_hue():
    level = RUNS.mean(["generator", "generation", "seed"])
    grid = panels.panels(over_seeds(RUNS), **NAMES, level=level)
    dotted = [line for line in grid[0, 1].lines if line.get_linestyle() == ":"]
    assert [line.get_color() for line in dotted] == list(plots.COLORS[:2])
    known = level.sel(score="recall").values
    assert [line.get_ydata()[0] for line in dotted] == pytest.approx(known)
    grid = panels.panels(over_seeds(RUNS), **NAMES, level=level.mean("policy"))
    dotted = [line for line in grid[1, 0].lines if line.get_linestyle() == ":"]
    assert [line.get_color() for line in dotted] == ["black"]
