"""What becomes of a mixture's modes on a line. Chapter: collapse-in-generators."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr

from datawall import validate
from datawall.collapse.loop import Generation


def of_mixtures(steps: Iterable[Generation], generations: int, middle: float) -> xr.Dataset:
    """Weight and variance of the modes of each fit, (generation,), from 1 to `generations`.

    steps: of `loop.run` with a `Mixture` on points (n, 1). Returns `upper`, the weight of the
    modes above `middle`, and the variance `within` modes and `between` their means, which add up to
    that of the fit. Zeros where a chain has ended.
    """
    names = ("upper", "within", "between")
    found = {name: np.zeros(validate.whole("generations", generations)) for name in names}
    for step in steps:
        if step.fitted is None:
            break
        fit, row = step.fitted.model, step.number - 1
        weights, means = fit.weights_, fit.means_[:, 0]
        found["upper"][row] = weights[means > middle].sum()
        found["within"][row] = weights @ fit.covariances_.ravel()
        found["between"][row] = weights @ (means - weights @ means) ** 2
    values = {name: ("generation", array) for name, array in found.items()}
    return xr.Dataset(values, {"generation": np.arange(1, generations + 1)})
