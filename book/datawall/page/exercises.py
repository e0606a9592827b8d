"""Tell a student whether an answer is right, and what to look at if it isn't.

The exercises' answers stand in `book/exercises.toml`; the message never shows one. Every chapter
ends with exercises that call `check`.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from numbers import Number

from datawall import BOOK

EXERCISES = BOOK / "exercises.toml"


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and the sentence that says so."""

    right: bool
    text: str

    def __repr__(self) -> str:
        return self.text


def check(exercise: str, answer: object) -> Verdict:
    """Compare an answer with the exercise's; a number, a letter, or a function, as it asks.

    exercise: "chapter/number". A number is right within the exercise's `tolerance`, relative to the
    answer, or `within` so much of it in its own unit, as years are. Where a share or percents are
    asked for, a text such as "48 %" will do; a letter may have signs around it, as "(c)". A
    function is tried on the exercise's cases. Raises KeyError for an unknown exercise.
    """
    if exercise not in _exercises():
        raise KeyError(f"no exercise {exercise!r}: look at the number in the heading above")
    asked = _exercises()[exercise]
    if answer is ... or answer is None:
        return Verdict(False, "Not yet: put your answer in the place of the three dots.")
    look = wrong(asked, answer)
    return Verdict(False, f"Not yet: {look}") if look else Verdict(True, "Right.")


def wrong(asked: dict, answer: object) -> str:
    """What is wrong with an answer, or "" if nothing is.

    asked: an exercise as `exercises.toml` has it, or as an assignment's key does: `kind` and what
    belongs to it.
    """
    return _WRONG[asked["kind"]](asked, answer)


PERCENTS = re.compile(r"([-+]?\d+(?:\.\d*)?|[-+]?\.\d+)\s*(?:%|percent|per cent)")


def _wrong_number(asked: dict, answer: object) -> str:
    """What is wrong with a numeric answer, or "" if nothing is."""
    asks = asked.get("asks")
    if isinstance(answer, str) and (found := PERCENTS.fullmatch(answer.strip().lower())):
        if asks is None:
            return "percents are not asked for. Give a number without them."
        answer = float(found[1]) / (100 if asks == "share" else 1)
    value = as_number(answer)
    if value is None:
        return f"a single number is asked for, and this is {_kind(answer)}."
    right = asked["answer"]
    if _close(value, right, asked):
        return ""
    for mistake in asked.get("mistakes", []):
        if _close(value, mistake["answer"], asked):
            return mistake["look"]
    if _close(-value, right, asked):
        return "the size is right, and the sign is not."
    if asks == "share" and _close(value / 100, right, asked):
        return "that is in percent; give the share itself."
    if asks == "percent" and _close(value * 100, right, asked):
        return "that is a share; percents are asked for."
    return asked["look"]


def _wrong_choice(asked: dict, answer: object) -> str:
    letter = re.fullmatch(r"[\W_]*([a-z])[\W_]*", str(answer).lower())
    if letter is None or letter[1] not in asked["choices"]:
        return f"answer with one of the letters {', '.join(asked['choices'])}."
    return "" if letter[1] == asked["answer"] else asked["choices"][letter[1]]


def _wrong_function(asked: dict, answer: object) -> str:
    if not callable(answer):
        return f"a function is asked for, and this is {_kind(answer)}."
    for case in asked["cases"]:
        call = f"({', '.join(f'{x:g}' for x in case['arguments'])})"
        try:
            value = as_number(answer(*case["arguments"]))
        except Exception as error:  # a student's function may raise anything
            return f"your function raised {type(error).__name__} for {call}: {error}"
        if value is None:
            return f"for {call} your function returns no single number. Is a `return` missing?"
        if not _close(value, case["answer"], asked):
            return f"the value for {call} is off. {asked['look']}"
    return ""


_WRONG = {"number": _wrong_number, "choice": _wrong_choice, "function": _wrong_function}


def as_number(answer: object) -> float | None:
    """A single number, also one in an array or a tensor of one element; None for anything else."""
    if hasattr(answer, "item") and set(getattr(answer, "shape", ())) <= {1}:
        answer = answer.item()  # an array, with names or without, or a tensor of one number
    if isinstance(answer, bool) or not isinstance(answer, Number) or isinstance(answer, complex):
        return None
    return float(answer)


def _close(value: float, target: float, asked: dict) -> bool:
    """Whether a number is the target, as closely as the exercise asks."""
    if "within" in asked:
        return math.isclose(value, target, rel_tol=0, abs_tol=asked["within"])
    tolerance = asked["tolerance"]
    return math.isclose(value, target, rel_tol=tolerance, abs_tol=tolerance * 1e-6)


def _kind(answer: object) -> str:
    return "text" if isinstance(answer, str) else f"of the type {type(answer).__name__}"


@cache
def _exercises() -> dict[str, dict]:
    with EXERCISES.open("rb") as file:
        return tomllib.load(file)["exercise"]
