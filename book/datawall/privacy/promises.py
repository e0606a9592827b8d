"""What a promise means to one reader, and the most its noise lets out (chapter: private-data).

A promise names one pair of epsilon and delta, and the same noise keeps others, too. All of them
together are a curve: for each share of false alarms the largest share that any attack can find. The
curve is worked out by numbers (Gopi et al. 2021, arXiv:2106.02848). For one step the best test of
whether a row takes part asks how much likelier what came out is with the row than without it (Zhu,
Dong and Wang 2022, arXiv:2106.08567). The logarithms of these odds are tabulated by the accountant
of Opacus and added up over the steps.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from datawall import validate
from datawall.privacy import accounting

APART = 0.001, 1e-6  # how far the account may be off, in epsilon and in delta: on the safe side


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

    alarms: shares of false alarms. noise, share, steps: as for `accounting.spent`.
    """
    alarms = validate.numbers("false alarms", alarms, least=0, most=1)
    return np.interp(alarms, *_curve(noise, share, steps))


def most_auc_by_noise(noise: float, share: float, steps: int) -> float:
    """The largest AUC that any attack can have, by all that the noise promises."""
    false, found = _curve(noise, share, steps)
    return float(np.trapezoid(found, false))


@lru_cache(maxsize=1)  # a curve may have millions of points
def _curve(noise: float, share: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares of false alarms, rising from 0 to 1, and what the best attack finds at each."""
    validate.positive("noise", noise)
    validate.number("share", share, above=0, most=1)
    validate.whole("steps", steps)
    prv = accounting.opacus("analysis.prv")
    step = prv.PoissonSubsampledGaussianPRV(share, noise)
    apart, missed = APART
    wide = prv.compute_safe_domain_size([step], [steps], apart, missed)
    mesh = apart / math.sqrt(steps * math.log(12 / missed) / 2)
    domain = prv.Domain.create_aligned(-wide, wide, mesh)
    inside = prv.TruncatedPrivacyRandomVariable(step, domain.t_min, domain.t_max)
    read = prv.discretize(inside, domain)
    unread = prv.DiscretePRV(read.pmf * np.exp(-read.domain.ts), read.domain)
    found, false = (_above(prv, one, steps) for one in (read, unread))
    false = np.clip(false * math.exp(-apart), 0, 1)
    found = np.clip(found + missed, 0, 1)
    return np.concatenate([[0.0], false, [1.0]]), np.concatenate([[found[0]], found, [1.0]])


def _above(prv, step, steps: int) -> np.ndarray:
    """The chance that the sum over the steps exceeds each threshold, from the highest down."""
    total = prv.compose_heterogeneous(dprvs=[step], num_self_compositions=[steps])
    return np.cumsum(np.clip(total.pmf[::-1], 0, None))
