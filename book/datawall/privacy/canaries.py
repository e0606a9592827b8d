"""Secrets planted in a training set, and how far a model gives them away.

A canary is a row that says "The secret code of Romeo is 4711." Its exposure says how many bits a
thief who asks the model is ahead of one who guesses (Carlini et al. 2019, arXiv:1802.08232):

    exposure = log2 |R| - log2 rank

over the space R of all codes, ranked by how likely the model finds them. Codes are short enough for
every one to be ranked, so nothing is extrapolated. Chapter: private-data.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from datawall import validate
from datawall.privacy import letters
from datawall.privacy.letters import Letters
from datawall.text.corpus import Vocabulary

DIGITS = 4
SPACE = 10**DIGITS
NAMES = (
    "Romeo",
    "Regan",
    "Timon",
    "Titus",
    "Edgar",
    "Celia",
    "Viola",
    "Diana",
    "Lucio",
    "Flute",
    "Snout",
    "Osric",
    "Casca",
    "Cinna",
    "Egeus",
    "Pinch",
    "Poins",
    "Feste",
)


def sentence(name: str, code: int) -> str:
    """The row that holds a secret: 33 letters for a name of five."""
    validate.whole("code", code, least=0, most=SPACE - 1)
    return f"{before(name)}{code:0{DIGITS}d}."


def before(name: str) -> str:
    """What stands before the code."""
    return f"The secret code of {validate.text('name', name, empty=False)} is "


def codes(count: int, *, seed: int) -> list[int]:
    """Codes drawn at random, each as likely as any other."""
    return np.random.default_rng(seed).integers(SPACE, size=count).tolist()


def ranked(model: Letters, vocabulary: Vocabulary, name: str) -> np.ndarray:
    """The log chance of every code after `name`, exactly, (10,000,)."""
    digits = vocabulary.encode("0123456789")
    if (digits == 0).any():
        raise ValueError("a digit has no id of its own: add digits to the vocabulary's text")
    rows = vocabulary.encode(before(name))[None]
    total = torch.zeros(1, dtype=torch.float64)
    for _ in range(DIGITS):
        logs = letters.log_chances(model, rows)[:, digits].double()
        total = (total[:, None] + logs).flatten()
        rows = torch.cat([rows.repeat_interleave(10, 0), digits.repeat(len(rows))[:, None]], 1)
    return total.numpy()


def rank(scores: np.ndarray, code: int) -> int:
    """The place of a code among all by score, from 1 for the highest; ties count against it."""
    scores = validate.numbers("scores", scores)
    validate.whole("code", code, least=0, most=len(scores) - 1)
    return int((scores >= scores[code]).sum())


def exposure(rank: int, space: int = SPACE) -> float:
    """Bits by which a thief who asks the model is ahead of one who guesses: log2 space - log2 rank.

    Raises ValueError for a rank that isn't a whole number from 1 to `space`.
    """
    validate.whole("space", space)
    validate.whole("rank", rank, most=space)
    return float(np.log2(space) - np.log2(rank))


def guessed(space: int = SPACE) -> float:
    """The exposure that a model has on average that knows nothing: about 1.44 bits."""
    validate.whole("space", space)
    return float(np.log2(space) - np.log2(np.arange(1, space + 1)).mean())


def exposures(
    model: Letters, vocabulary: Vocabulary, names: Sequence[str], secrets: Sequence[int]
) -> list[float]:
    """The exposure, in bits, of each name's code."""
    return [
        exposure(rank(ranked(model, vocabulary, name), code))
        for name, code in zip(names, secrets, strict=True)
    ]
