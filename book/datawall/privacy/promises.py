"""What a private training run promises one reader, and the whole of it (chapter: private-data).

A promise names one pair of epsilon and delta, and the same noise keeps others, too: the smaller the
epsilon, the larger the delta. `most_by_noise` takes for each share of false alarms the pair that
proves most.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from datawall import validate
from datawall.privacy import accounting

DELTAS = (*(10.0 ** np.arange(-5, 0, 0.5)).tolist(), 0.55, 0.75, 0.9)


def most_sure(epsilon: float, prior: ArrayLike) -> np.ndarray:
    """The largest chance that somebody was in the training set, after any look at the model.

    prior: that chance before, from 0 to 1. For a promise without delta: the odds grow by a factor
    of at most e^epsilon, so that it is e^epsilon p / (1 - p + e^epsilon p). A promise for several
    rows of one person has so many times the epsilon.
    """
    validate.nonnegative("epsilon", epsilon)
    prior = validate.numbers("chances", prior, least=0, most=1)
    odds = math.exp(-epsilon)
    return prior / (prior + odds * (1 - prior))


def most_by_noise(noise: float, share: float, steps: int, alarms: ArrayLike) -> np.ndarray:
    """The largest share of read rows that any attack can catch, by all that the noise promises.

    alarms: shares of false alarms. The rest: as for `accounting.spent`, by Renyi divergences.
    """
    found = [
        accounting.most_caught(epsilon, delta, alarms)
        for epsilon, delta in zip(_spent(noise, share, steps), DELTAS, strict=True)
    ]
    return np.min(found, 0)


def most_auc_by_noise(noise: float, share: float, steps: int) -> float:
    """The largest AUC that any attack can have, by all that the noise promises."""
    alarms = np.concatenate([[0.0], np.geomspace(1e-6, 1e-2, 200), np.linspace(0.01, 1, 1000)[1:]])
    return float(np.trapezoid(most_by_noise(noise, share, steps, alarms), alarms))


@cache
def _spent(noise: float, share: float, steps: int) -> tuple[float, ...]:
    spent = (accounting.spent(noise, delta, share, steps, way="rdp") for delta in DELTAS)
    return tuple(max(0.0, epsilon) for epsilon in spent)  # near a delta of 1 nothing is spent
