"""Countdown: make a number from four digits. Problems, labels, and a checker that never errs.

Given four digits from 1 to 9, in ascending order, and a target from 0 to 999, write an expression
that uses each digit once, with +, - or x between them, and is worth the target when it is worked
out from left to right. A problem may have many right answers; its label is the one that it was made
from. A row of tokens is the prompt, four digits and three of the target and "=", and the answer,
four digits with three signs between. Chapter: thinking-longer.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations, product
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from datawall import validate

SIGNS = "0123456789+-x="  # what the token ids stand for
VOCAB, PROMPT, ANSWER = len(SIGNS), 8, 7  # kinds of token; tokens of a prompt and of an answer
PLUS, MINUS, TIMES, EQUALS = range(10, 14)
ARRANGEMENTS = 648  # 24 orders of the digits times 27 choices of signs
PARTS = ("training", "exam", "tuning")  # a tenth of all problems each for the last two


class Problems(NamedTuple):
    """Prompts (n, 8) and their labels (n, 7), token ids, int64."""

    prompts: np.ndarray
    labels: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """Prompts with their labels, (n, 15), as a model learns them."""
        return np.concatenate([self.prompts, self.labels], 1)


def labelled(count: int, *, seed: int) -> Problems:
    """So many training problems, each with one label; the same problem may come again.

    Digits, their order and the signs are drawn at random, all alike; what isn't worth 0 to 999, or
    belongs to the exam, is drawn again.
    """
    validate.whole("count", count)
    rng = np.random.default_rng([seed, 0])
    return _first(count, lambda: _drawn(rng, 2 * count, "training"), distinct=False)


def exam(count: int, part: str = "exam", *, seed: int) -> Problems:
    """So many different problems that no training problem equals in digits and target.

    part: "exam", or "tuning" for others on which settings are chosen. Raises ValueError for more
    than 2,000, since the problems kept apart are few.
    """
    validate.whole("count", count, most=2000)
    validate.choice("part", part, PARTS[1:])
    rng = np.random.default_rng([seed, 1])
    return _first(count, lambda: _drawn(rng, 20 * count, part), distinct=True)


def _first(count: int, draw, *, distinct: bool) -> Problems:
    found = draw()
    while True:
        if distinct:
            _, first = np.unique(_key(found.prompts), return_index=True)
            found = Problems(*(part[np.sort(first)] for part in found))
        if len(found.prompts) >= count:
            return Problems(*(part[:count] for part in found))
        found = Problems(*map(np.concatenate, zip(found, draw(), strict=True)))


def _drawn(rng: np.random.Generator, count: int, part: str) -> Problems:
    labels = np.empty((count, ANSWER), np.int64)
    labels[:, ::2] = rng.integers(1, 10, (count, 4))
    labels[:, 1::2] = rng.integers(PLUS, EQUALS, (count, 3))
    targets = values(labels)
    fits = (targets >= 0) & (targets <= 999)
    labels, targets = labels[fits], targets[fits]
    made = prompts(labels[:, ::2], targets)
    kept = parts(made) == PARTS.index(part)
    return Problems(made[kept], labels[kept])


def prompts(digits: ArrayLike, targets: ArrayLike) -> np.ndarray:
    """Prompts (n, 8) of digits (n, 4) from 1 to 9 in any order, and targets (n,) from 0 to 999.

    Raises ValueError for other digits or targets, and for shapes that don't fit.
    """
    digits, targets = np.asarray(digits), np.asarray(targets)
    if digits.ndim != 2 or digits.shape[1:] != (4,) or targets.shape != digits.shape[:1]:
        raise ValueError(f"digits {digits.shape} and targets {targets.shape}: give (n, 4) and (n,)")
    validate.ids(digits - 1, 9, name="digits less one")
    validate.ids(targets, 1000, name="targets")
    made = np.full((len(digits), PROMPT), EQUALS, np.int64)
    made[:, :4] = np.sort(digits, axis=1)
    made[:, 4:7] = targets[:, None] // [100, 10, 1] % 10
    return made


def parts(prompts: ArrayLike) -> np.ndarray:
    """Which of `PARTS` each problem (n, 8) belongs to, by number, (n,).

    By a hash of its digits and target, so that a problem is in one part, whatever its label.
    """
    mixed = _key(prompts).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    tenth = (mixed >> np.uint64(40)) % np.uint64(10)
    return np.where(tenth < 2, tenth + 1, 0).astype(int)


def _key(prompts: ArrayLike) -> np.ndarray:
    return _checked("prompts", prompts, PROMPT)[..., :7] @ 10 ** np.arange(6, -1, -1)


def values(answers: ArrayLike) -> np.ndarray:
    """What answers (..., 7) are worth from left to right, int64; -10,000 where ill-formed.

    An answer is well formed if digits from 1 to 9 and signs alternate. No well-formed answer is
    worth so little.
    """
    answers = _checked("answers", answers, ANSWER)
    digits, signs = answers[..., ::2], answers[..., 1::2]
    fine = ((digits >= 1) & (digits <= 9)).all(-1) & ((signs >= PLUS) & (signs <= TIMES)).all(-1)
    total = digits[..., 0].copy()
    for place in range(3):
        digit, sign = digits[..., place + 1], signs[..., place]
        total = np.where(
            sign == PLUS, total + digit, np.where(sign == MINUS, total - digit, total * digit)
        )
    return np.where(fine, total, -10_000)


def right(prompts: ArrayLike, answers: ArrayLike) -> np.ndarray:
    """Whether answers are right: of prompts (n, 8) and answers (n, 7) or (n, draws, 7).

    An answer is right if it is well formed, uses exactly the prompt's digits and is worth its
    target. The checker never errs, and there is nothing to be gained by a blank. Raises ValueError
    for shapes that don't fit.
    """
    prompts, answers = (
        _checked("prompts", prompts, PROMPT),
        _checked("answers", answers, ANSWER),
    )
    if prompts.ndim != 2 or answers.ndim not in (2, 3) or len(prompts) != len(answers):
        raise ValueError(
            f"prompts {prompts.shape} and answers {answers.shape}: give (n, 8) and (n, 7) or "
            "(n, draws, 7)"
        )
    if answers.ndim == 3:
        prompts = prompts[:, None]
    target = prompts[..., 4:7] @ [100, 10, 1]
    same = (np.sort(answers[..., ::2], -1) == prompts[..., :4]).all(-1)
    return same & (values(answers) == target)


def chance(prompts: ArrayLike) -> np.ndarray:
    """The chance that a random arrangement of a problem's digits is right, (n,).

    Exactly: the share of the 648 orders and signs. A guesser that reads the digits and nothing
    else, and is right at least once in k tries with the chance 1 - (1 - p)^k.
    """
    prompts = _checked("prompts", prompts, PROMPT)
    orders, signs = _arrangements()
    found = np.empty(len(prompts))
    for i, prompt in enumerate(prompts):
        made = np.empty((ARRANGEMENTS, ANSWER), np.int64)
        made[:, ::2] = prompt[:4][orders]
        made[:, 1::2] = signs
        found[i] = (values(made) == prompt[4:7] @ [100, 10, 1]).mean()
    return found


@cache
def _arrangements() -> tuple[np.ndarray, np.ndarray]:
    both = list(product(permutations(range(4)), product((PLUS, MINUS, TIMES), repeat=3)))
    return np.array([order for order, _ in both]), np.array([signs for _, signs in both])


def text(tokens: ArrayLike) -> str:
    """Tokens (length,) as they are read, such as "1347031=7x4+3x1" for a prompt with an answer."""
    return "".join(SIGNS[i] for i in validate.ids(np.asarray(tokens), VOCAB, name="tokens"))


def _checked(name: str, values: ArrayLike, width: int) -> np.ndarray:
    found = np.asarray(values)
    if found.ndim == 0 or found.shape[-1] != width or found.dtype.kind not in "iu":
        raise ValueError(
            f"{name} of shape {found.shape} and type {found.dtype}: give whole numbers "
            f"(..., {width})"
        )
    return found
