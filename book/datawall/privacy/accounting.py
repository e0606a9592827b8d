"""What a promise of privacy proves, and the noise that it takes (chapter: private-data).

A training run is (epsilon, delta)-private if one row more or less changes the chance of any outcome
by a factor of at most e^epsilon, but for delta. Then whoever catches a share F of the rows that
were not read by mistake catches at most

    min(e^epsilon F + delta, 1 - e^-epsilon (1 - delta - F))

of those that were (Kairouz, Oh and Viswanath 2015, arXiv:1311.0776). The noise is worked out by the
accountant of Opacus (Gopi et al. 2021, arXiv:2106.02848, by numbers; Mironov et al. 2019,
arXiv:1908.10530, by Renyi divergences, whose bound is a little looser).
"""

from __future__ import annotations

import math
import warnings
from functools import cache
from importlib import import_module

import numpy as np
from numpy.typing import ArrayLike

from datawall import validate

WAYS = ("prv", "rdp")


@cache
def noise_for(epsilon: float, delta: float, share: float, steps: int, way: str = "prv") -> float:
    """The noise, in units of the clip, with which so many steps spend at most epsilon.

    share: of the rows, taken at each step. way: "prv", by numbers, or "rdp", by Renyi divergences.
    """
    _check(delta, share, steps, way)
    validate.positive("epsilon", epsilon)
    tools = opacus("utils")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that an order at the range's end was best
        return tools.get_noise_multiplier(
            target_epsilon=epsilon,
            target_delta=delta,
            sample_rate=share,
            steps=steps,
            accountant=way,
        )


def spent(noise: float, delta: float, share: float, steps: int, way: str = "prv") -> float:
    """The epsilon that so many steps spend with this noise at this delta."""
    _check(delta, share, steps, way)
    validate.positive("noise", noise)
    accountant = opacus(way)
    found = {"prv": "PRVAccountant", "rdp": "RDPAccountant"}[way]
    account = getattr(accountant, found)()
    account.history = [(noise, share, steps)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(account.get_epsilon(delta=delta))


def most_caught(epsilon: float, delta: float, alarms: ArrayLike) -> np.ndarray:
    """The largest share of read rows that any attack can catch at shares of false alarms."""
    validate.nonnegative("epsilon", epsilon)
    validate.share("delta", delta)
    alarms = validate.numbers("false alarms", alarms, least=0, most=1)
    far = np.minimum(epsilon, 700)  # beyond it e^epsilon is no number, and the bound is 1
    one = np.exp(far) * alarms + delta
    other = 1 - np.exp(-far) * (1 - delta - alarms)
    return np.minimum(np.minimum(one, other), 1.0)


def most_auc(epsilon: float, delta: float = 0.0) -> float:
    """The largest AUC that any attack can have: the area under `most_caught`, in closed form."""
    validate.nonnegative("epsilon", epsilon)
    validate.share("delta", delta)
    odds = math.exp(-epsilon)
    corner = (1 - delta) / (1 + odds)  # e^epsilon times the false alarms where the bounds meet
    return corner * (1 + delta * odds) + delta


def _check(delta: float, share: float, steps: int, way: str) -> None:
    validate.number("delta", delta, above=0, below=1)
    validate.number("share", share, above=0, most=1)
    validate.whole("steps", steps)
    validate.choice("way", way, WAYS)


def opacus(name: str):
    """A module of Opacus' accountants, or a ModuleNotFoundError that says what to install."""
    try:
        return import_module(f"opacus.accountants.{name}")
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opacus"):
            raise
        raise ModuleNotFoundError(
            "privacy is accounted for by the package 'opacus', which isn't installed: "
            "run `pip install -r requirements.txt`"
        ) from None
