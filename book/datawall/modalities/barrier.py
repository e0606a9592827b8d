"""The competition barrier: two modalities in one model, which compete in small ones.

Aghajanyan et al. 2023, arXiv:2301.03728: trained together, two modalities have the mean of the
losses that each would have alone, less a synergy, plus what they cost each other, A/N^alpha in
capacity and a power of the data. At fixed data the last is a constant, so that only C can be
fitted, the synergy less that cost. For one modality the sum is `excess`. Where it is 0 lies the
barrier; a larger model gains. Chapter: more-than-words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from scipy.optimize import nnls

from datawall import validate
from datawall.evidence.intervals import resamples

POWERS = np.geomspace(0.02, 2, 101)  # exponents alpha that are tried


@dataclass(frozen=True)
class Barrier:
    """The excess A/N^alpha - C of a loss in nats.

    C, here `synergy`, is the synergy less a cost that depends on the data alone: above 0 where the
    synergy is the larger. A is given as the excess `small` at N = `smallest`, without C:
    small (smallest/N)^alpha - C.
    """

    small: float
    alpha: float
    synergy: float
    smallest: float

    def excess(self, params: ArrayLike) -> np.ndarray:
        """What a companion adds to the loss of models of so many parameters, in nats."""
        ratio = self.smallest / np.asarray(params, float)
        return self.small * ratio**self.alpha - self.synergy

    @property
    def params(self) -> float:
        """Parameters at which competition and C are equal; infinite where C isn't above 0."""
        if self.synergy <= 0:
            return math.inf
        if self.small <= 0:
            return 0.0
        logs = math.log(self.small / self.synergy) / self.alpha
        return self.smallest * math.exp(logs) if logs < 600 else math.inf


def fit(params: ArrayLike, excess: ArrayLike) -> Barrier:
    """The barrier that is nearest to excesses (sizes,) in nats, by least squares.

    Both A and C are at least 0 and alpha is one of POWERS. A C below 0 would leave no barrier, as
    one of 0 does. Raises ValueError for fewer than four sizes, unlike numbers of both, and sizes
    that aren't above 0.
    """
    params = validate.numbers("params", params, above=0)
    excess = validate.numbers("excess", excess)
    if params.ndim != 1 or params.shape != excess.shape or len(np.unique(params)) < 4:
        raise ValueError(
            f"{params.shape} sizes with {excess.shape} excesses: give one of each for four sizes "
            "or more, since three numbers are fitted"
        )
    smallest = float(params.min())
    best, least = None, math.inf
    for alpha in POWERS:
        terms = np.stack([(smallest / params) ** alpha, -np.ones_like(params)], 1)
        (small, synergy), miss = nnls(terms, excess)
        if miss < least:
            least = miss
            best = Barrier(float(small), float(alpha), float(synergy), smallest)
    return best


def refits(excess: xr.DataArray, draws: int = 200, *, seed: int) -> xr.Dataset:
    """Fits to the mean of seeds drawn with replacement: synergy, alpha and barrier, over `draw`.

    excess: nats by `params` and `seed`; a seed's models of all sizes are drawn together.
    """
    values = excess.transpose("seed", "params")
    found = [
        fit(values.params.values, values.values[rows].mean(0))
        for rows in resamples(draws, seed=seed, groups=np.arange(values.sizes["seed"]))
    ]
    named = {
        "synergy": [x.synergy for x in found],
        "alpha": [x.alpha for x in found],
        "barrier": [x.params for x in found],
    }
    return xr.Dataset({name: ("draw", numbers) for name, numbers in named.items()})
