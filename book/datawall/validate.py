"""What is refused, in one place: whole numbers, shares, masks, finite points, ids, texts.

Each check returns the value that it has checked, or raises ValueError with a sentence that names
the value, says what was wrong with it and what to give.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def points(data: ArrayLike) -> tuple[np.ndarray, tuple[int, ...]]:
    """Points as rows (n, d), float64, and the shape that one of them had."""
    points = np.asarray(data, float)
    if points.ndim == 0 or points.size == 0:
        raise ValueError("there are no points to fit: give an array (n, ...) of two or more")
    if len(points) < 2:
        raise ValueError("one point has no spread: give two or more")
    flat = points.reshape(len(points), -1)
    if not np.isfinite(flat).all():
        bad = np.flatnonzero(~np.isfinite(flat).all(1))
        raise ValueError(
            f"{len(bad)} of {len(flat)} points, the first in row {bad[0]}, hold NaN or infinity: "
            "leave them out or fill them in first"
        )
    if not np.ptp(flat, axis=0).any():
        raise ValueError(
            f"all {len(flat)} points are the same, so there is no spread to fit: give points that "
            "differ (in a recursion: the generator has collapsed, so stop here)"
        )
    return flat, points.shape[1:]


def ids(ids: np.ndarray, kinds: int | None) -> None:
    if not ids.size:
        raise ValueError("there are no ids to count: give one or more")
    if not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(
            f"ids of type {ids.dtype} aren't whole numbers: encode what you have first"
        )
    if ids.min() < 0 or (kinds is not None and ids.max() >= kinds):
        top = "" if kinds is None else f" to {kinds - 1}"
        raise ValueError(f"ids run from {ids.min()} to {ids.max()}: they must run from 0{top}")


def positive(knobs, *names: str) -> None:
    for name in names:
        if getattr(knobs, name) < 1:
            raise ValueError(f"{name} is {getattr(knobs, name)}: give a whole number, at least 1")


def temperature(temperature: float) -> None:
    if not temperature >= 0:
        raise ValueError(f"temperature is {temperature}: give 0 (no randomness) or more")
