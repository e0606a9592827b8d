"""What laws and fits refuse: numbers that aren't positive, and runs that can't fix a law."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def positive(**values: ArrayLike) -> list[np.ndarray]:
    """The values as arrays of floats. Raises ValueError, by name, for zero, less, or NaN."""
    arrays = {name: np.asarray(value, float) for name, value in values.items()}
    for name, array in arrays.items():
        if not (array > 0).all():
            odd = array[~(array > 0)].flat[0]
            raise ValueError(f"{name} holds {odd:g}: give numbers above 0")
    return list(arrays.values())


def columns(few: str, least: int, **values: ArrayLike) -> dict[str, np.ndarray]:
    """Columns of numbers, flat, of one length.

    Raises ValueError for unlike lengths, for fewer than `least` rows, which `few` explains with its
    `{n}`, and for what is no finite number above 0.
    """
    flat = {name: np.asarray(value, float).ravel() for name, value in values.items()}
    sizes = {name: len(array) for name, array in flat.items()}
    if len(set(sizes.values())) > 1:
        counted = ", ".join(f"{n} {'losses' if k == 'loss' else k}" for k, n in sizes.items())
        raise ValueError(f"{counted}: give as many of each")
    n = min(sizes.values())
    if n < least:
        raise ValueError(few.format(n=n))
    for name, array in flat.items():
        if not (np.isfinite(array) & (array > 0)).all():
            raise ValueError(
                f"{name} must be positive numbers: leave out what failed or is unknown"
            )
    if "loss" in flat and np.ptp(np.log(flat["loss"])) < 1e-9:
        raise ValueError("all losses are the same, so there is nothing to fit: vary what is read")
    return flat


def identified(slopes: list[np.ndarray]) -> bool:
    """Whether runs tell a law's constants apart, from the slope of the loss in each of these.

    slopes: for each constant an array (runs,). If one is nearly a sum of the others, a change of
    its constant is made up for by theirs: many laws then fit the runs equally well. Nearly means
    that the least singular value of the slopes, each scaled to length one, is below 0.2 % of the
    largest. Runs whose ratios of tokens to parameters differ by 10 % have that; with noise of 0.3 %
    in the loss their exponents come out anywhere between 0.2 and 0.5.
    """
    matrix = np.stack(slopes, axis=1)
    sizes = np.linalg.svd(matrix / np.linalg.norm(matrix, axis=0), compute_uv=False)
    return bool(sizes[-1] > 2e-3 * sizes[0])
