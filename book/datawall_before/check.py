"""Tell a student whether an answer is right, and what to look at if it isn't.

The exercises' answers stand in `book/exercises.toml`; the message never shows one. Every chapter
ends with exercises that call `check`.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from numbers import Number
from pathlib import Path

EXERCISES = Path(__file__).parent.parent / "exercises.toml"


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and the sentence that says so."""

    right: bool
    text: str

    def __repr__(self) -> str:
        return self.text


def check(exercise: str, answer: object) -> Verdict:
    """Compare an answer with the exercise's; a number, a letter, or a function, as it asks.

    exercise: "chapter/number". A number counts as right within the exercise's relative tolerance;
    a function is tried on the exercise's cases. Raises KeyError for an unknown exercise.
    """
    if exercise not in _exercises():
        raise KeyError(f"no exercise {exercise!r}: look at the number in the heading above")
    asked = _exercises()[exercise]
    if answer is ... or answer is None:
        return Verdict(False, "Not yet: put your answer in the place of the three dots.")
    wrong = _WRONG[asked["kind"]](asked, answer)
    return Verdict(False, f"Not yet: {wrong}") if wrong else Verdict(True, "Right.")


def _wrong_number(asked: dict, answer: object) -> str:
    """What is wrong with a numeric answer, or "" if nothing is."""
    value = _as_number(answer)
    if value is None:
        return f"a single number is asked for, and this is {_kind(answer)}."
    if _close(value, asked["answer"], asked["tolerance"]):
        return ""
    for mistake in asked.get("mistakes", []):
        if _close(value, mistake["answer"], asked["tolerance"]):
            return mistake["look"]
    return asked["look"]


def _wrong_choice(asked: dict, answer: object) -> str:
    letter = str(answer).strip().lower()
    if letter == asked["answer"]:
        return ""
    if letter not in asked["choices"]:
        return f"answer with one of the letters {', '.join(asked['choices'])}."
    return asked["choices"][letter]


def _wrong_function(asked: dict, answer: object) -> str:
    if not callable(answer):
        return f"a function is asked for, and this is {_kind(answer)}."
    for case in asked["cases"]:
        call = f"({', '.join(f'{x:g}' for x in case['arguments'])})"
        try:
            value = _as_number(answer(*case["arguments"]))
        except Exception as error:  # a student's function may raise anything
            return f"your function raised {type(error).__name__} for {call}: {error}"
        if value is None:
            return f"for {call} your function returns no single number. Is a `return` missing?"
        if not _close(value, case["answer"], asked["tolerance"]):
            return f"the value for {call} is off. {asked['look']}"
    return ""


_WRONG = {"number": _wrong_number, "choice": _wrong_choice, "function": _wrong_function}


def _as_number(answer: object) -> float | None:
    if set(getattr(answer, "shape", ())) == {1} or getattr(answer, "shape", None) == ():
        answer = answer.item()  # an array or a tensor of one number
    if isinstance(answer, bool) or not isinstance(answer, Number) or isinstance(answer, complex):
        return None
    return float(answer)


def _close(value: float, target: float, tolerance: float) -> bool:
    return math.isclose(value, target, rel_tol=tolerance, abs_tol=tolerance * 1e-6)


def _kind(answer: object) -> str:
    return "text" if isinstance(answer, str) else f"of the type {type(answer).__name__}"


@cache
def _exercises() -> dict[str, dict]:
    with EXERCISES.open("rb") as file:
        return tomllib.load(file)["exercise"]
