"""The law of Kaplan et al. 2020, fitted to runs: two debts under one power.

Chapter: scaling-laws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from datawall.laws.scaling import FLOPS_PER_PARAM_AND_TOKEN, HUBER_DELTA, Fit

START = (10.0, 0.5, 17.0, 0.15)


@dataclass(frozen=True)
class OnePower:
    """log L = p log(exp(u - v log N) + exp(w - log D))  [Kaplan et al. 2020, equation 1.5].

    In the paper's symbols p is alpha_D, v alpha_N / alpha_D, u v log N_c, and w log D_c. It has no
    floor.
    """

    u: float
    v: float
    w: float
    p: float

    def loss(self, params: ArrayLike, tokens: ArrayLike) -> np.ndarray:
        """Loss in nats a token; arrays of params and tokens broadcast."""
        return np.exp(self.log_loss(params, tokens))

    @property
    def params_exponent(self) -> float:
        """a in N_opt ~ C^a: the loss is least where N^-v and 1/D fall alike, so a = 1 / (1 + v)."""
        return 1 / (1 + self.v)

    def compute_optimal(self, flops: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Params and tokens of the least loss at C = 6 N D."""
        budget = np.asarray(flops, float) / FLOPS_PER_PARAM_AND_TOKEN
        params = (self.v * np.exp(self.u - self.w) * budget) ** self.params_exponent
        return params, budget / params

    def log_loss(self, params: ArrayLike, tokens: ArrayLike) -> np.ndarray:
        """Its logarithm, which is what is fitted."""
        log_params, log_tokens = (np.log(np.asarray(x, float)) for x in (params, tokens))
        return self.p * np.logaddexp(self.u - self.v * log_params, self.w - log_tokens)


def fit_one_power(params: ArrayLike, tokens: ArrayLike, loss: ArrayLike) -> Fit:
    """Fit the law to runs: arrays (runs,) of params, tokens and loss in nats.

    Minimises half the sum of Huber losses of log predicted - log measured, delta 1e-3, as
    `scaling.fit_chinchilla` does for its law. Raises ValueError for arrays of different lengths or
    fewer than five runs.
    """
    runs = {"params": params, "tokens": tokens, "loss": loss}
    runs = {name: np.asarray(values, float).ravel() for name, values in runs.items()}
    counts = {len(values) for values in runs.values()}
    if len(counts) > 1 or min(counts) < 5:
        raise ValueError(f"{sorted(counts)} values: give five runs or more, and all three of each")
    law, objective = _best(runs, START)
    return Fit(law, objective, runs, lambda drawn, law: _best(drawn, tuple(vars(law).values()))[0])


def _best(runs: Mapping[str, np.ndarray], start: tuple) -> tuple[OnePower, float]:
    target = np.log(runs["loss"])

    def miss(theta):
        return OnePower(*theta).log_loss(runs["params"], runs["tokens"]) - target

    found = least_squares(miss, start, loss="huber", f_scale=HUBER_DELTA)
    return OnePower(*(float(x) for x in found.x)), float(found.cost)
