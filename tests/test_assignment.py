"""Assignments without answers, other numbers by seed, and a grader that no notebook can end."""

import csv
import json
import time
from zipfile import ZipFile

import nbformat
import numpy as np
import pytest

import answering
from datawall.page import exercises
from teaching import assignment, grade, variants

NAME = "repeated-epochs"


# Other numbers


@pytest.mark.parametrize("exercise", sorted(variants.variants()))
def test_a_variant_with_the_books_numbers_has_the_books_answer(exercise):
    made = variants.variants()[exercise]
    known = answering.asked_for()[exercise]
    assert known["kind"] == "number"
    right = variants.answer(exercise, made["as_printed"])
    assert exercises.wrong(known, right) == ""
    for name, choices in made["draw"].items():
        assert len(choices) > 1 and f"{{{name}}}" in made["prompt"]
    assert made["draw"].keys() == made["as_printed"].keys()


@pytest.mark.parametrize("exercise", sorted(variants.variants()))
def test_every_variant_that_can_be_drawn_is_sound_and_none_is_the_books(exercise):
    made = variants.variants()[exercise]
    seen = set()
    for seed in range(40):
        values = variants.drawn(exercise, seed=seed)
        assert values == variants.drawn(exercise, seed=seed)
        assert values != made["as_printed"]
        right = variants.answer(exercise, values)
        assert np.isfinite(right) and right > 0
        asked = variants.asked(exercise, values)
        assert exercises.wrong(asked, right) == ""
        assert exercises.wrong(asked, right * 1.5 + 1) == asked["look"]
        text = variants.prompt(exercise, values)
        assert "{" not in text.replace("{,}", "").replace("^{", "").replace(r"\frac{", "").replace(
            "}{", ""
        )
        seen.add(text)
    assert len(seen) > 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2, "2"),
        (0.05, "0.05"),
        (9999, "9999"),
        (10000, r"10{,}000"),
        (1e10, "10^{10}"),
        (1.4e11, r"1.4 \times 10^{11}"),
        (2e9, r"2 \times 10^{9}"),
    ],
)
def test_numbers_are_written_as_formulas_have_them(value, text):
    assert variants.tex(value) == text


# Assignments


@pytest.fixture(scope="module")
def made(site):
    full = site / "editions" / "full"
    return assignment.made(NAME, seed=7, full=full)


def cells_of(notebook):
    return {cell.id: cell.source for cell in notebook.cells}


def test_an_assignment_asks_for_all_and_answers_nothing(made):
    notebook, key = made
    nbformat.validate(notebook)
    assert list(key) == [f"{NAME}/{number}" for number in range(1, 5)]
    text = "\n".join(cells_of(notebook).values())
    assert "check(" not in text and "exercises" not in cells_of(notebook)["imports"]
    for exercise, asked in key.items():
        assert f'answer("{exercise}"' in text
        if asked["kind"] == "number":
            assert f"{asked['answer']:.6g}" not in text
            assert asked["answer"] != answering.asked_for()[exercise]["answer"]
    assert all(not cell.get("outputs") for cell in notebook.cells)
    assert notebook.metadata["datawall"] == {"assignment": NAME, "seed": 7}


def test_without_a_seed_it_has_the_books_numbers(site):
    _, key = assignment.made(NAME, seed=None, full=site / "editions" / "full")
    assert key == {name: answering.asked_for()[name] for name in key}


def test_the_students_folder_holds_no_answer(site, tmp_path, monkeypatch):
    monkeypatch.setattr(assignment, "FULL", site / "editions" / "full")
    monkeypatch.setattr(
        assignment.made, "__kwdefaults__", {"full": assignment.FULL, "source": None}
    )
    folder, key = assignment.write(NAME, tmp_path, seed=None)
    assert key.parent == tmp_path and not list(folder.glob("*key*"))
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        record = archive.read(next(n for n in names if n.endswith("RECORD"))).decode()
    assert any(name.endswith("ledger.toml") for name in names)
    assert not any(name.endswith(assignment.SECRETS) for name in names)
    assert "exercises.toml" not in record


def test_an_unknown_chapter_is_told_which_there_are(site, monkeypatch):
    monkeypatch.setattr(assignment, "FULL", site / "editions" / "full")
    with pytest.raises(SystemExit, match=r"no chapter 'none'; there are: .*repeated-epochs"):
        assignment.main(["none"])
    monkeypatch.setattr(assignment, "FULL", site / "nothing")
    with pytest.raises(SystemExit, match="`make book` makes them"):
        assignment.main([NAME])


# Grading


KEY = {
    "c/1": {
        "kind": "number",
        "answer": 6.0,
        "tolerance": 0.01,
        "look": "think of two times three.",
    },
    "c/2": {
        "kind": "function",
        "tolerance": 0.01,
        "look": "is it doubled?",
        "cases": [{"arguments": [1], "answer": 2.0}, {"arguments": [4], "answer": 8.0}],
    },
    "c/3": {"kind": "choice", "answer": "b", "look": "", "choices": {"a": "no, not a.", "b": ""}},
}
RIGHT = [
    'name = "Ada"',
    'answer("c/1", 6)',
    'def double(x):\n    return 2 * x\n\nanswer("c/2", double)',
    'answer("c/3", "b")',
]


def hand_in(folder, name, cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def lines(path, **how):
    return {line.exercise: line for line in grade.graded(path, KEY, **how)}


def test_right_answers_are_right_whatever_they_are_written_as(tmp_path):
    cells = [
        'name = "Ada"\nprint(name)',
        'import numpy as np\nanswer("c/1", np.float64(6.01))',
        'answer("c/2", lambda x: np.array([x + x]))',
        "answer('c/3', '(B)')",
    ]
    found = lines(hand_in(tmp_path, "ada", cells))
    assert [line.right for line in found.values()] == [1, 1, 1]
    assert {line.name for line in found.values()} == {"Ada"}
    assert {line.note for line in found.values()} == {""}


def test_wrong_answers_get_the_hint_that_fits(tmp_path):
    cells = ['answer("c/1", -6)', 'answer("c/2", lambda x: x + 1)', 'answer("c/3", "a")']
    found = lines(hand_in(tmp_path, "bob", cells))
    assert [line.right for line in found.values()] == [0, 0, 0]
    assert found["c/1"].hint == "the size is right, and the sign is not."
    assert found["c/2"].hint == "the value for (4) is off. is it doubled?"
    assert found["c/3"].hint == "no, not a."


def test_what_is_missing_or_breaks_costs_that_exercise_only(tmp_path):
    cells = [
        'answer("c/1", ...)',
        'answer("c/2", lambda x: 1 / 0)',
        "this is no Python",
        *RIGHT[3:],
    ]
    found = lines(hand_in(tmp_path, "eve", cells))
    assert (found["c/1"].right, found["c/1"].note) == (0, "no answer")
    assert found["c/2"].right == 0 and "raised RuntimeError for (1)" in found["c/2"].hint
    assert "division by zero" in found["c/2"].hint
    assert found["c/3"].right == 1
    again = lines(hand_in(tmp_path, "eva", ['answer("c/1", 1 / 0)', *RIGHT[2:]]))
    assert "the cell raised ZeroDivisionError" in again["c/1"].note
    assert again["c/2"].right == again["c/3"].right == 1


def test_a_command_of_the_shell_runs_nothing(tmp_path):
    found = lines(hand_in(tmp_path, "shell", ["!touch here", *RIGHT]))
    assert {line.right for line in found.values()} == {1}


def test_the_last_of_several_answers_counts(tmp_path):
    found = lines(hand_in(tmp_path, "two", ['answer("c/1", 5)', 'answer("c/1", 6)']))
    assert found["c/1"].right == 1


def test_an_endless_loop_costs_its_own_cell_only(tmp_path):
    cells = [*RIGHT[:2], 'while True: pass\nanswer("c/2", 1)', *RIGHT[3:]]
    found = lines(hand_in(tmp_path, "loop", cells), seconds=20)
    assert found["c/1"].right == found["c/3"].right == 1
    assert found["c/2"].note == "the cell ran for more than 5 seconds"
    endless = ["def f(x):\n    while True: pass\nanswer('c/2', f)", *RIGHT[3:]]
    found = lines(hand_in(tmp_path, "endless", endless), seconds=20)
    assert found["c/2"].right == 0 and found["c/3"].right == 1


def test_a_loop_that_nothing_interrupts_is_stopped_and_what_came_before_it_counts(tmp_path):
    started = time.monotonic()
    loop = "while True:\n    try:\n        sum(iter(int, 1))\n    except BaseException: pass"
    found = lines(hand_in(tmp_path, "loop", [*RIGHT[:2], loop, *RIGHT[2:]]), seconds=15)
    assert time.monotonic() - started < 40
    assert found["c/1"].right == 1 and "stopped after 15 seconds" in found["c/1"].note
    assert found["c/2"].right == 0 and "stopped after" in found["c/2"].note


def test_an_answer_of_another_kind_is_named(tmp_path):
    cells = ["raise SystemExit", 'answer("c/1", [6])', *RIGHT[3:]]
    found = lines(hand_in(tmp_path, "kinds", cells))
    assert found["c/1"].note == "an answer of the type list is no number and no letter"
    assert found["c/3"].right == 1


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("import os\nos.remove('x')", "os"),
        ("from subprocess import run", "subprocess"),
        ("open('/etc/passwd').read()", "open"),
        ("().__class__.__bases__", "__bases__"),
        ("exit()", "exit"),
        ("__import__('os')", "__import__"),
    ],
)
def test_a_notebook_that_could_do_harm_is_not_run(tmp_path, cell, what):
    found = lines(hand_in(tmp_path, "bad", [cell, *RIGHT]))
    assert {line.right for line in found.values()} == {""}
    assert f"not run, since it uses {what}" in found["c/1"].note


@pytest.mark.parametrize(
    "cell",
    [
        "import os\nos._exit(0)",  # ends at once
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
        "x = 'x' * 10**11",  # memory
        "import sys\nsys.exit('no')",
        "import os\nos.write(3, b'junk')\nraise KeyboardInterrupt",
        "def f(n): return f(n + 1)\nf(0)",
    ],
)
def test_a_hostile_notebook_that_is_trusted_ends_only_itself(tmp_path, cell):
    found = lines(hand_in(tmp_path, "hostile", [RIGHT[1], cell]), trust=True)
    assert found["c/1"].right in (0, 1)
    assert found["c/3"].right == 0


def test_a_notebook_cannot_look_up_what_is_right(tmp_path):
    cell = 'from datawall.page import exercises\nanswer("c/1", exercises._exercises()["c/1"])'
    found = lines(hand_in(tmp_path, "thief", [cell]))
    assert found["c/1"].right == 0


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", "no JSON", '{"cells": 7}', '{"cells": [{}]}'])
def test_what_is_no_notebook_is_said_to_be_none(tmp_path, text):
    path = tmp_path / "bad.ipynb"
    path.write_text(text, encoding="utf-8")
    found = lines(path)
    assert {line.right for line in found.values()} == {""}
    assert all(line.note.startswith("this is no notebook") for line in found.values())


def test_a_class_is_graded_into_a_table_whatever_it_hands_in(tmp_path, capsys):
    hand_in(tmp_path, "a", RIGHT)
    hand_in(tmp_path, "b", [*RIGHT[:2], "import os"])
    (tmp_path / "c.ipynb").write_bytes(b"\xff\xfe\x00")
    key = tmp_path / "key.json"
    key.write_text(json.dumps({"exercises": KEY}))
    grade.main([str(key), str(tmp_path)])
    with (tmp_path / "grades.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["right"] for row in table] == ["1"] * 3 + [""] * 6
    said = capsys.readouterr().out
    assert "a.ipynb: 3 of 3 right\n" in said and "b.ipynb: 0 of 3 right; not run" in said


def test_what_is_no_key_or_no_folder_of_notebooks_is_told(tmp_path):
    with pytest.raises(SystemExit, match="is no key of an assignment"):
        grade.main([str(tmp_path / "none.json"), str(tmp_path)])
    key = tmp_path / "key.json"
    key.write_text(json.dumps({"exercises": KEY}))
    with pytest.raises(SystemExit, match="There is no notebook in"):
        grade.main([str(key), str(tmp_path / "nothing")])
