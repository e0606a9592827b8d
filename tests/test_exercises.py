"""Checks of exercises: right, wrong, and everything a student may type instead."""

import numpy as np
import pytest
import torch

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
}


@pytest.fixture(autouse=True)
def exercises(monkeypatch):
    monkeypatch.setattr(module, "_exercises", lambda: EXERCISES)


@pytest.mark.parametrize(
    "answer", [4.25, 4.26, np.float64(4.25), np.array([4.25]), torch.tensor(4.25)]
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
        (True, "of the type bool"),
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


def test_choices():
    assert check("c/3", " B ").right
    assert "No, since." in str(check("c/3", "a"))
    assert "one of the letters a, b" in str(check("c/3", "e"))
    assert not check("c/3", 2).right


def test_unknown_exercise():
    with pytest.raises(KeyError, match="no exercise 'c/9'"):
        check("c/9", 1)


def test_no_message_shows_an_answer(monkeypatch):
    """Over the book's own exercises: no message of a wrong answer contains the right one."""
    monkeypatch.undo()
    for name, asked in module._exercises().items():
        wrong = {"number": 1e-99, "choice": "a", "function": lambda *x: 1e-99}[asked["kind"]]
        said = str(check(name, wrong))
        assert said.startswith("Not yet"), name
        answers = [asked["answer"]] if "answer" in asked else [c["answer"] for c in asked["cases"]]
        for answer in (a for a in answers if not isinstance(a, str)):
            assert f"{answer:.3g}" not in said, name
