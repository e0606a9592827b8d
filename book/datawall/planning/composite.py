"""One law for several levers, fitted to single ones, to foretell them together (chapter: planner).

L = E + B / D'^beta + P R^delta - g (1 - 1/K), with D' = m U (1 + R_D (1 - exp(-R / R_D))): text
that wears out with repetition [Muennighoff et al. 2023, eq. 5], a penalty for learning it by heart
[Lovelace et al. 2026], a gain of K averaged models that levels off [Kim et al. 2025, section 3],
and m, the product of what the other levers do to the worth of the text, each on its own. The size
of the models stays as it is, so its term is in E.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from datawall import validate
from datawall.laws import checks


@dataclass(frozen=True)
class Composite:
    """The law's constants; `unit` is the number of tokens in which D' is counted."""

    E: float
    B: float
    beta: float
    R_D: float
    P: float
    delta: float
    unit: float

    def effective(self, unique: ArrayLike, repeats: ArrayLike, factor: ArrayLike = 1.0):
        """D', in tokens: what `unique` tokens are worth that are read `repeats` times more."""
        unique, repeats, factor = _fresh(unique, repeats, factor)
        return factor * unique * (1 - self.R_D * np.expm1(-repeats / self.R_D))

    def learnt_by_heart(self, repeats: ArrayLike) -> np.ndarray:
        """The penalty P R^delta, in nats."""
        return self.P * np.asarray(repeats, float) ** self.delta

    def loss(self, unique: ArrayLike, repeats: ArrayLike, factor: ArrayLike = 1.0) -> np.ndarray:
        """Loss of one model, in nats; arrays broadcast.

        unique: unique tokens. repeats: how often each is read again. factor: m, the product of what
        other levers multiply the text's worth by. Raises ValueError for what isn't above 0, or, of
        repeats, below.
        """
        worth = self.effective(unique, repeats, factor) / self.unit
        return self.E + self.B / worth**self.beta + self.learnt_by_heart(repeats)

    def factor(self, loss: float, unique: float, repeats: float) -> float:
        """m: what a lever multiplies the text's worth by if it gives that loss.

        Raises ValueError for a loss that no amount of text would give.
        """
        debt = loss - self.E - float(self.learnt_by_heart(repeats))
        if debt <= 0:
            raise ValueError(
                f"a loss of {loss:.3f} lies below the law's floor at {repeats:g} repetitions: no "
                "amount of text gives it"
            )
        plain = float(self.effective(unique, repeats)) / self.unit
        return float((self.B / debt) ** (1 / self.beta) / plain)


def averaging(one: float, many: float, members: int) -> float:
    """g: what an endless ensemble saves, from the losses of one model and of `members` averaged."""
    validate.whole("members", members, least=2)
    return (one - many) / (1 - 1 / members)


def fit(unique: ArrayLike, repeats: ArrayLike, loss: ArrayLike) -> Composite:
    """The law of least squares for runs without other levers: arrays (runs,).

    Some runs must differ in their unique tokens and some in their repetitions. Raises ValueError
    for fewer than seven runs, unlike lengths, and values that aren't positive numbers.
    """
    few = "{n} runs can't fix six constants: give at least 7"
    found = checks.columns(few, 7, unique=unique, repeats=repeats, loss=loss)
    for name in ("unique", "repeats"):
        if len(np.unique(found[name])) < 3:
            raise ValueError(f"fewer than three values of {name} don't fix its terms: vary it more")
    unit = float(np.median(found["unique"]))

    def law(theta):
        names = ("E", "B", "beta", "R_D", "P", "delta")
        return Composite(**dict(zip(names, np.exp(theta), strict=True)), unit=unit)

    def miss(theta):
        return law(theta).loss(found["unique"], found["repeats"]) - found["loss"]

    floor = found["loss"].min()
    low = np.log([1e-3 * floor, 1e-3, 0.02, 0.05, 1e-6, 0.3])
    high = np.log([floor, 10.0, 2.0, 100.0, 1.0, 3.0])
    starts = [
        np.log([share * floor, 0.6, beta, worn, 1e-3, 1.0])
        for share in (0.5, 0.8, 0.95)
        for beta in (0.1, 0.3, 0.6)
        for worn in (1.0, 5.0)
    ]
    fits = [least_squares(miss, np.clip(s, low, high), bounds=(low, high)) for s in starts]
    return law(min(fits, key=lambda one: one.cost).x)


def _fresh(unique, repeats, factor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    unique, factor = checks.positive(unique=unique, factor=factor)
    return unique, validate.numbers("repeats", repeats, least=0), factor
