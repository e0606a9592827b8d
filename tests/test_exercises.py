"""Checks of exercises: right, wrong, and everything a student may type instead."""

import tomllib
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from datawall.page import exercises as module
from datawall.page.exercises import check

EXERCISES = {
    "c/1": {
        "kind": "number",
        "answer": 4.25,
        "tolerance": 0.01,
        "look": "Look at the units.",
        "mistakes": [{"answer": 42.5, "look": "A factor of ten."}],
    },
    "c/2": {
        "kind": "function",
        "tolerance": 0.01,
        "look": "Is it squared?",
        "cases": [{"arguments": [2], "answer": 4}, {"arguments": [3], "answer": 9}],
    },
    "c/3": {"kind": "choice", "answer": "b", "look": "", "choices": {"a": "No, since.", "b": ""}},
    "c/4": {"kind": "number", "answer": 0.48, "asks": "share", "tolerance": 0.01, "look": "No."},
    "c/5": {"kind": "number", "answer": 48, "asks": "percent", "tolerance": 0.01, "look": "No."},
    "c/6": {"kind": "number", "answer": 2031.4, "within": 0.5, "look": "Another year."},
}


@pytest.fixture(autouse=True)
def exercises(monkeypatch):
    monkeypatch.setattr(module, "_exercises", lambda: EXERCISES)


@pytest.mark.parametrize(
    "answer",
    [
        *(4.25, 4.26, Fraction(17, 4)),
        *(np.float64(4.25), np.float32(4.25), np.array(4.25), np.array([4.25]), np.array([[4.25]])),
        *(torch.tensor(4.25), torch.tensor([4.25])),
        *(xr.DataArray(4.25), xr.DataArray([4.25], {"seed": [0]}), pd.Series([4.25])),
    ],
    ids=repr,
)
def test_right_numbers(answer):
    assert check("c/1", answer).right
    assert repr(check("c/1", answer)) == "Right."


@pytest.mark.parametrize(
    "answer, text",
    [
        (..., "in the place of the three dots"),
        (None, "in the place of the three dots"),
        (4.2, "Look at the units."),
        (float("nan"), "Look at the units."),
        (42.5, "A factor of ten."),
        ("4.25", "a single number is asked for, and this is text"),
        (np.array([4.25, 4.25]), "of the type ndarray"),
        (xr.DataArray([4.25, 4.25]), "of the type DataArray"),
        (pd.DataFrame({"x": [4.25]}), "of the type DataFrame"),
        (xr.DataArray("4.25"), "of the type DataArray"),
        (True, "of the type bool"),
        (np.True_, "of the type bool"),
        (-4.25, "the size is right, and the sign is not"),
        ("4.25 %", "percents are not asked for"),
        (4.25j, "of the type complex"),
    ],
)
def test_wrong_numbers_are_told_where_to_look(answer, text):
    found = check("c/1", answer)
    assert not found.right
    assert str(found).startswith("Not yet")
    assert text in str(found)


def fails(x):
    raise RuntimeError("no idea")


@pytest.mark.parametrize(
    "answer, text",
    [
        (lambda x: x * x, "Right."),
        (lambda x: 2 * x, "the value for (3) is off. Is it squared?"),
        (lambda x: x**3, "the value for (2) is off. Is it squared?"),
        (lambda x: None, "Is a `return` missing?"),
        (fails, "your function raised RuntimeError for (2): no idea"),
        (lambda: 4, "raised TypeError"),
        (4, "a function is asked for, and this is of the type int"),
    ],
)
def test_functions(answer, text):
    assert text in str(check("c/2", answer))


@pytest.mark.parametrize("answer", ["48 %", " 48%", "48.0 percent", "+48 per cent", "47.9 %"])
@pytest.mark.parametrize("exercise", ["c/4", "c/5"])
def test_percents_are_understood_where_they_or_a_share_are_asked_for(exercise, answer):
    assert check(exercise, answer).right


@pytest.mark.parametrize(
    "exercise, answer, text",
    [
        ("c/4", 0.48, "Right."),
        ("c/4", 48, "that is in percent; give the share itself."),
        ("c/5", 48, "Right."),
        ("c/5", 0.48, "that is a share; percents are asked for."),
        ("c/4", "0.48 %", "Not yet: No."),
        ("c/5", "4800 %", "Not yet: No."),
        ("c/4", "-48 %", "the sign is not"),
        ("c/4", "about 48 %", "this is text"),
        ("c/4", "%", "this is text"),
    ],
)
def test_share_and_percents_are_told_apart(exercise, answer, text):
    assert text in str(check(exercise, answer))


@pytest.mark.parametrize(
    "year, right", [(2031, True), (2031.8, True), (2032, False), (2030, False), (2071, False)]
)
def test_a_year_is_graded_in_years(year, right):
    assert check("c/6", year).right == right


@pytest.mark.parametrize("answer", ["b", " B ", "(b)", "b.", "B)", "**b**", "_b_"])
def test_right_letters(answer):
    assert check("c/3", answer).right


@pytest.mark.parametrize(
    "answer, text",
    [
        ("a", "No, since."),
        ("(A).", "No, since."),
        ("e", "one of the letters a, b"),
        ("a or b", "one of the letters a, b"),
        ("ab", "one of the letters a, b"),
        ("", "one of the letters a, b"),
        (2, "one of the letters a, b"),
    ],
)
def test_wrong_letters(answer, text):
    assert not check("c/3", answer).right
    assert text in str(check("c/3", answer))


def test_unknown_exercise():
    with pytest.raises(KeyError, match="no exercise 'c/9'"):
        check("c/9", 1)


# The book's own exercises


def named(kind):
    with module.EXERCISES.open("rb") as file:
        found = tomllib.load(file)["exercise"]
    return [
        pytest.param(name, asked, id=name) for name, asked in found.items() if asked["kind"] == kind
    ]


@pytest.fixture
def own(monkeypatch, exercises):
    monkeypatch.undo()


def tried(name, answer):
    """What is said to a wrong answer; that it is refused is seen here."""
    verdict = check(name, answer)
    assert not verdict.right, f"{name} takes {answer:g}"
    return str(verdict).removeprefix("Not yet: ")


@pytest.mark.parametrize("name, asked", named("number"))
def test_wrong_neighbours_of_a_number_are_refused_with_a_hint_of_their_own(name, asked, own):
    right, hints = asked["answer"], [mistake["look"] for mistake in asked["mistakes"]]
    assert check(name, right).right
    # Each mistake is told its own, so it is neither taken for the answer nor for another mistake.
    assert [tried(name, mistake["answer"]) for mistake in asked["mistakes"]] == hints
    for near in (0.9 * right, 1.1 * right):
        assert tried(name, near) in [*hints, asked["look"]]
    assert tried(name, -right) in [*hints, "the size is right, and the sign is not."]
    confused = [tried(name, 100 * right), tried(name, right / 100)]
    if asked.get("asks") == "share":
        assert confused == ["that is in percent; give the share itself.", asked["look"]]
        assert check(name, f"{100 * right:.6f} %").right
    if asked.get("asks") == "percent":
        assert confused == [asked["look"], "that is a share; percents are asked for."]


@pytest.mark.parametrize("name, asked", [*named("number"), *named("function")])
def test_a_year_is_graded_by_years_and_the_rest_by_one_tolerance(name, asked):
    answers = (
        [asked["answer"]] if "answer" in asked else [case["answer"] for case in asked["cases"]]
    )
    if any(1900 < answer < 2200 for answer in answers):
        assert "within" in asked, f"{name} asks for a year: say within how many"
    assert ("within" in asked) != ("tolerance" in asked)


@pytest.mark.parametrize("name, asked", [*named("number"), *named("function"), *named("choice")])
def test_no_message_shows_an_answer(name, asked, own):
    wrong = {"number": 1e-99, "choice": "a", "function": lambda *x: 1e-99}[asked["kind"]]
    said = [tried(name, wrong), *(mistake["look"] for mistake in asked.get("mistakes", []))]
    answers = [asked["answer"]] if "answer" in asked else [c["answer"] for c in asked["cases"]]
    for answer in (a for a in answers if not isinstance(a, str)):
        assert not any(f"{answer:.3g}" in text for text in said)
