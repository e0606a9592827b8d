"""Handwritten digits of eight by eight pixels: how samples of them are scored, and shown.

Chapter: collapse-in-generators.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin

from datawall.generators import measures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PARTS = ("common half", "rarest tenth")


def scores(
    samples: ArrayLike, exam: ArrayLike, others: ArrayLike, judge: ClassifierMixin
) -> xr.Dataset:
    """All that is measured of samples, against real digits that no generator has seen.

    samples, exam, others: points (n, pixels); the exam is of real digits, and `others` of more of
    them that are used for nothing but to say what is odd. judge: names the kind of a sample.

    Returns recall, precision and coverage (`measures.support`), kinds (`measures.kinds`, of what
    the judge names), the variance summed over pixels and its part within kinds
    (`measures.spread`), the Vendi score, and recall_of and coverage_of by `part` of the exam: the
    common half and the rarest tenth, by `measures.oddness`.
    """
    samples = np.asarray(samples)
    seen = judge.predict(samples)
    split, spread = measures.support(exam, samples), measures.spread(samples, seen)
    found, odd = measures.reached(exam, samples), measures.oddness(exam, others)
    parts = (odd <= np.median(odd), odd >= np.quantile(odd, 0.9))
    return xr.Dataset(
        {
            "recall": split.recall,
            "precision": split.precision,
            "coverage": split.coverage,
            "kinds": measures.kinds(seen),
            "variance": spread.total,
            "variance within kinds": spread.within,
            "Vendi score": measures.vendi(measures.similarity(samples, samples, 2.0)),
            "recall_of": ("part", [found.recalled[part].mean() for part in parts]),
            "coverage_of": ("part", [found.covered[part].mean() for part in parts]),
        },
        {"part": list(PARTS)},
    )


def sheet(ax: Axes, rows: Mapping[str, ArrayLike], side: int = 8) -> None:
    """Draw rows of digits, from 0, white, to 1, black, with their names at the left.

    rows: points (images, side * side) by name, as many in each row.
    """
    lines = []
    for images in rows.values():
        squares = np.reshape(np.asarray(images), (-1, side, side))
        lines.append(np.hstack([np.pad(square, 1) for square in squares]))
    levels = np.clip(np.round(16 * np.vstack(lines)), 0, 16)
    ax.imshow(levels, cmap="gray_r", interpolation="none")
    middles = (side + 2) * np.arange(len(rows)) + side / 2 + 0.5
    ax.set_yticks(middles, labels=list(rows), fontsize=8)
    ax.set_xticks([])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
