"""Scaling laws: the published ones, fitting them, and compute-optimal allocation.

Chapter: scaling-laws. Symbols as there: params N (non-embedding unless a source says otherwise),
tokens D, loss L in nats a token, flops C = 6 N D.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import logsumexp

from datawall import uncertainty

FLOPS_PER_PARAM_AND_TOKEN = 6  # forward 2, backward 4 [Kaplan et al. 2020, section 2.1]


@dataclass(frozen=True)
class Chinchilla:
    """L(N, D) = E + A / N^alpha + B / D^beta  [Hoffmann et al. 2022, equation 2].

    E: loss that no model removes. A, alpha: what a small model costs. B, beta: what little data
    costs. Chapter: scaling-laws.
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float

    def loss(self, params: ArrayLike, tokens: ArrayLike) -> np.ndarray:
        """Loss in nats a token; arrays of params and tokens broadcast."""
        params, tokens = np.asarray(params, float), np.asarray(tokens, float)
        return self.E + self.A * params**-self.alpha + self.B * tokens**-self.beta

    def compute_optimal(self, flops: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Params and tokens of the least loss at C = 6 N D [Hoffmann et al. 2022, equation 4]."""
        budget = np.asarray(flops, float) / FLOPS_PER_PARAM_AND_TOKEN
        total = self.alpha + self.beta
        balance = (self.alpha * self.A / (self.beta * self.B)) ** (1 / total)  # G in the paper
        params = balance * budget ** (self.beta / total)
        return params, budget / params

    @property
    def params_exponent(self) -> float:
        """a in N_opt ~ C^a, that is beta / (alpha + beta)."""
        return self.beta / (self.alpha + self.beta)


@dataclass(frozen=True)
class Kaplan:
    """L(N, D) = ((N_c / N)^(alpha_N / alpha_D) + D_c / D)^alpha_D  [Kaplan et al. 2020, eq. 1.5].

    Its allocation was fitted apart from it: N_opt ~ C^params_exponent. Chapter: scaling-laws.
    """

    N_c: float
    alpha_N: float
    D_c: float
    alpha_D: float
    params_exponent: float

    def loss(self, params: ArrayLike, tokens: ArrayLike) -> np.ndarray:
        """Loss in nats a token; arrays of params and tokens broadcast."""
        params, tokens = np.asarray(params, float), np.asarray(tokens, float)
        small = (self.N_c / params) ** (self.alpha_N / self.alpha_D)
        return (small + self.D_c / tokens) ** self.alpha_D


# Two significant figures, as printed in Hoffmann et al. 2022, equation 10.
HOFFMANN_2022_ROUNDED = Chinchilla(E=1.69, A=406.4, B=410.7, alpha=0.34, beta=0.28)
# The digits in the paper's own source, read by Besiroglu et al. 2024.
HOFFMANN_2022 = Chinchilla(
    E=np.exp(0.5267228), A=np.exp(6.0073404), B=np.exp(6.0179186), alpha=0.3391684, beta=0.2849083
)
# Besiroglu et al. 2024, "Chinchilla Scaling: A replication attempt", their fit to 240 runs.
BESIROGLU_2024 = Chinchilla(E=1.817, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)
# Kaplan et al. 2020: the exponents of their figure 1 and the allocation of their figure 14.
KAPLAN_2020 = Kaplan(N_c=8.8e13, alpha_N=0.076, D_c=5.4e13, alpha_D=0.095, params_exponent=0.73)


@dataclass(frozen=True)
class Fit:
    """A fitted law, its objective (summed Huber loss) and the runs that it was fitted to."""

    law: Chinchilla
    objective: float
    params: np.ndarray
    tokens: np.ndarray
    loss: np.ndarray

    def bootstrap(
        self, n: int, seed: int, groups: Sequence | np.ndarray | None = None
    ) -> list[Chinchilla]:
        """`n` laws, each fitted to as many runs drawn with replacement.

        groups: a label a run; runs with one label (budgets read from one training run, say) are
        drawn together, since they aren't independent. Without it each run stands alone.
        """
        labels = np.arange(len(self.loss)) if groups is None else np.asarray(groups)
        if len(labels) != len(self.loss):
            raise ValueError(f"{len(labels)} groups for {len(self.loss)} runs: give one a run")
        draws = []
        for rows in uncertainty.resamples(n, seed, labels):
            data = self.params[rows], self.tokens[rows], self.loss[rows]
            draws.append(_best(*data, [_pack(self.law)])[0])
        return draws


def fit_chinchilla(params: ArrayLike, tokens: ArrayLike, loss: ArrayLike) -> Fit:
    """Fit the Chinchilla law to runs: arrays (runs,) of params, tokens and loss in nats.

    Minimises the sum over runs of Huber(log predicted - log measured), delta 1e-3, the three
    terms joined by log-sum-exp [Hoffmann et al. 2022, section 3.3], by BFGS from the best points
    of a grid of starts. Summed, not averaged: averaging made the original fit stop early
    [Besiroglu et al. 2024].

    Raises ValueError for arrays of different lengths, fewer than six runs, values that aren't
    positive numbers, or fewer than two sizes or two budgets: five constants need that much.
    """
    params, tokens, loss = (np.asarray(x, float).ravel() for x in (params, tokens, loss))
    _check_runs(params, tokens, loss)
    law, objective = _best(params, tokens, loss, _starts(params, tokens, loss))
    return Fit(law, objective, params, tokens, loss)


HUBER_DELTA = 1e-3
SCALE = 1e3  # lifts the objective above BFGS's absolute tolerances


def _check_runs(params, tokens, loss) -> None:
    if not len(params) == len(tokens) == len(loss):
        raise ValueError(
            f"{len(params)} params, {len(tokens)} tokens, {len(loss)} losses: give a run all three"
        )
    if len(loss) < 6:
        raise ValueError(f"{len(loss)} runs can't fix five constants: give at least six")
    for name, values in (("params", params), ("tokens", tokens), ("loss", loss)):
        if not (np.isfinite(values) & (values > 0)).all():
            raise ValueError(f"{name} must be positive numbers: leave out the runs that failed")
    if min(len(np.unique(params)), len(np.unique(tokens))) < 2:
        raise ValueError("all runs have one size or one budget: vary both, or the law isn't fixed")


def _pack(law: Chinchilla) -> np.ndarray:
    return np.array([np.log(law.A), np.log(law.B), np.log(law.E), law.alpha, law.beta])


def _unpack(theta: np.ndarray) -> Chinchilla:
    a, b, e, alpha, beta = (float(x) for x in theta)
    return Chinchilla(E=np.exp(e), A=np.exp(a), B=np.exp(b), alpha=alpha, beta=beta)


def _objective(theta, log_n, log_d, log_loss):
    """Summed Huber loss and its gradient in (a, b, e, alpha, beta)."""
    a, b, e, alpha, beta = theta
    terms = np.stack([a - alpha * log_n, b - beta * log_d, np.broadcast_to(e, log_n.shape)])
    total = logsumexp(terms, axis=0)
    share = np.exp(terms - total)  # (3, runs)
    gap = total - log_loss
    inside = np.abs(gap) <= HUBER_DELTA
    huber = np.where(inside, gap**2 / 2, HUBER_DELTA * (np.abs(gap) - HUBER_DELTA / 2))
    slope = np.clip(gap, -HUBER_DELTA, HUBER_DELTA) * share
    by_alpha, by_beta = -(slope[0] * log_n).sum(), -(slope[1] * log_d).sum()
    return huber.sum(), np.array([*slope.sum(axis=1), by_alpha, by_beta])


def _starts(params, tokens, loss, keep: int = 8) -> list[np.ndarray]:
    """The best points of a grid over exponents and shares of each term at the typical run."""
    log_n, log_d, log_loss = np.log(params), np.log(tokens), np.log(loss)
    exponents, floors = (0.1, 0.2, 0.35, 0.5, 0.8), (0.2, 0.5, 0.8, 0.95)
    grid = []
    for alpha, beta, floor, share in product(exponents, exponents, floors, (0.2, 0.5, 0.8)):
        e = np.log(floor * loss.min())
        rest = np.median(loss) - floor * loss.min()
        a = np.log(share * rest) + alpha * np.median(log_n)
        b = np.log((1 - share) * rest) + beta * np.median(log_d)
        grid.append(np.array([a, b, e, alpha, beta]))
    return sorted(grid, key=lambda start: _objective(start, log_n, log_d, log_loss)[0])[:keep]


def _best(params, tokens, loss, starts) -> tuple[Chinchilla, float]:
    log_n, log_d, log_loss = np.log(params), np.log(tokens), np.log(loss)
    mid_n, mid_d = log_n.mean(), log_d.mean()
    centre = np.eye(5)  # (a - alpha mid_n, b - beta mid_d, e, alpha, beta): far better conditioned
    centre[0, 3], centre[1, 4] = -mid_n, -mid_d
    data = log_n - mid_n, log_d - mid_d, log_loss

    def scaled(theta):
        value, slope = _objective(theta, *data)
        return SCALE * value, SCALE * slope

    found = [
        minimize(scaled, centre @ start, jac=True, method="BFGS", options={"gtol": 1e-6})
        for start in starts
    ]
    best = min(found, key=lambda result: result.fun)
    return _unpack(np.linalg.solve(centre, best.x)), float(best.fun / SCALE)
