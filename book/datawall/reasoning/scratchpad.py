"""Chains of sums, answered at once, after blanks, or step by step. Chapter: thinking-longer.

A chain has so many digits with + or x between them, worked out from left to right, of each result
the last digit only. It has one right answer, a digit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from datawall import validate

SIGNS = "0123456789+x=_"
VOCAB, PLUS, TIMES, EQUALS, BLANK = len(SIGNS), 10, 11, 12, 13
STYLES = ("answer only", "blanks", "steps")


class Chains(NamedTuple):
    """Prompts (n, 2 terms) that end in "=", and what is written after it (n, written)."""

    prompts: np.ndarray
    written: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """Prompts and what is written, one after the other."""
        return np.concatenate([self.prompts, self.written], 1)


def drawn(count: int, terms: int, style: str, *, seed: int) -> Chains:
    """So many chains at random.

    style: what is written: the "answer only", one digit; in "steps" every intermediate result, of
    which the last is the answer; or "blanks" in the place of all steps but the last, as many.
    Raises ValueError for fewer than two terms.
    """
    validate.whole("count", count)
    validate.whole("terms", terms, least=2)
    validate.choice("style", style, STYLES)
    rng = np.random.default_rng([seed, terms])
    prompts = np.full((count, 2 * terms), EQUALS, np.int64)
    prompts[:, ::2] = rng.integers(10, size=(count, terms))
    prompts[:, 1:-1:2] = rng.integers(PLUS, EQUALS, size=(count, terms - 1))
    written = results(prompts)
    if style == "answer only":
        written = written[:, -1:]
    if style == "blanks":
        written[:, :-1] = BLANK
    return Chains(prompts, written)


def results(prompts: ArrayLike) -> np.ndarray:
    """The last digit of every intermediate result of chains (n, 2 terms), (n, terms - 1)."""
    prompts = np.asarray(prompts)
    if prompts.ndim != 2 or prompts.shape[1] < 4 or prompts.shape[1] % 2:
        raise ValueError(f"chains of shape {prompts.shape}: give (n, 2 x terms), two terms or more")
    digits, signs = prompts[:, ::2], prompts[:, 1:-1:2]
    found = np.empty((len(prompts), digits.shape[1] - 1), np.int64)
    total = digits[:, 0]
    for step in range(found.shape[1]):
        digit = digits[:, step + 1]
        total = np.where(signs[:, step] == PLUS, total + digit, total * digit) % 10
        found[:, step] = total
    return found


def weights(style: str, terms: int) -> np.ndarray:
    """How much each written token counts in training: blanks don't, (written,)."""
    validate.choice("style", style, STYLES)
    counted = np.ones(1 if style == "answer only" else terms - 1)
    if style == "blanks":
        counted[:-1] = 0
    return counted
