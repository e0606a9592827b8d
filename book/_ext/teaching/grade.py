"""Grade submitted notebooks: which answers are right, and the hint for each that isn't, as CSV.

    make grade KEY=assignments/repeated-epochs-key.json FOLDER=submitted

Each notebook is run in a process of its own, in an empty folder, with limits on time and memory, of
the whole and of each cell, and gives back its answers only; they are judged here, by the key. A
notebook that reaches for files, processes or the network is not run, and said to be so; `--trust`
runs it all the same.
Nothing that a notebook does ends the grading of the others.
"""

import argparse
import ast
import csv
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[2])]

from datawall.page import exercises  # noqa: E402

# What an exercise never needs, and what would let a notebook do harm.
FORBIDDEN = {
    *("os", "sys", "subprocess", "shutil", "socket", "ctypes", "multiprocessing", "threading"),
    *("signal", "pathlib", "importlib", "io", "requests", "urllib", "http", "ftplib", "pickle"),
    *("builtins", "inspect", "gc", "resource", "tempfile", "glob", "asyncio"),
    *("open", "eval", "exec", "compile", "input", "breakpoint", "globals", "locals", "vars"),
    *("getattr", "setattr", "delattr", "exit", "quit", "get_ipython"),
}
FIELDS = ("notebook", "name", "exercise", "right", "answer", "hint", "note")
CELL = 0.25  # share of a notebook's time that one cell may take
MEMORY = 6 * 2**30  # bytes of addresses; torch alone takes several


@dataclass(frozen=True)
class Line:
    """A line of the table, for an exercise of a notebook; right is 1, 0, or "" if not judged."""

    notebook: str
    name: str
    exercise: str
    right: int | str
    answer: str = ""
    hint: str = ""
    note: str = ""


def graded(path, key, *, seconds=60, trust=False):
    """The lines of one notebook, one for each exercise of the key; it may be anything at all."""
    try:
        cells = code_cells(path)
    except Exception as error:
        return [_unjudged(path, "", e, f"this is no notebook: {_short(error)}") for e in key]
    name = students_name(cells)
    found = None if trust else forbidden(cells)
    if found:
        note = f"not run, since it uses {found}; look at it yourself, or use --trust"
        return [_unjudged(path, name, e, note) for e in key]
    answers, note = run(cells, key, seconds=seconds)
    return [
        judged(path.name, name, exercise, asked, answers, note) for exercise, asked in key.items()
    ]


def code_cells(path):
    """The code of a notebook's cells, in order; raises what reading it raises."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found = [cell for cell in cells if cell["cell_type"] == "code"]
    return ["".join(cell["source"]) for cell in found if cell.get("id") != "library"]


def students_name(cells):
    """What the notebook gives as its author's name, or ""."""
    for source in cells:
        if found := re.match(r"\s*name\s*=\s*[\"'](.+?)[\"']", source):
            return found[1][:80]
    return ""


def forbidden(cells):
    """The first thing in a notebook that no exercise needs and that could do harm, or ""."""
    for source in cells:
        try:
            tree = ast.parse(_plain(source))
        except SyntaxError:
            continue  # it can't be run either
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(alias.name for alias in node.names)]
            elif isinstance(node, ast.Name):
                names = [node.id]
            elif isinstance(node, ast.Attribute):
                names = [node.attr] if node.attr.startswith("__") else []
            for name in names:
                part = name.partition(".")[0]
                if part in FORBIDDEN or part.startswith("__"):
                    return name
    return ""


def run(cells, key, *, seconds):
    """A notebook's answers, by exercise, and a note on what went wrong, or ""."""
    asked = {
        name: [case["arguments"] for case in exercise["cases"]]
        for name, exercise in key.items()
        if exercise["kind"] == "function"
    }
    with tempfile.TemporaryDirectory() as folder:
        job, kept = Path(folder, "job.json"), Path(folder, "answers")
        plain = [_plain(source) for source in cells]
        job.write_text(
            json.dumps(
                {
                    "cells": plain,
                    "functions": asked,
                    "memory": MEMORY,
                    "seconds": CELL * seconds,
                }
            )
        )
        kept.touch()
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": folder,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(HERE.parents[2]),
            "MPLBACKEND": "agg",
        }
        command = [sys.executable, str(HERE.parent / "answers_of.py"), str(job), str(kept)]
        quiet = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
        }
        process = subprocess.Popen(
            command, cwd=folder, env=environment, start_new_session=os.name == "posix", **quiet
        )
        try:
            process.wait(seconds)
            note = "" if process.returncode == 0 else "it ended before its last cell"
        except subprocess.TimeoutExpired:
            note = f"it was stopped after {seconds:g} seconds"
        finally:
            _end(process)
        return _answers(kept), note


def _end(process):
    """End a notebook's process, with what it has started."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def _answers(path):
    """What a notebook has written down, a line an answer; lines of any other kind are left out."""
    found = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[:1000]:
        try:
            name, value = json.loads(line)
        except (ValueError, TypeError):
            continue
        if isinstance(name, str):
            found[name] = value
    return found


def judged(notebook, name, exercise, asked, answers, note):
    """The line of an exercise: an answer held to what is right."""
    if exercise not in answers:
        return Line(notebook, name, exercise, 0, note=note or "no answer")
    given = answers[exercise]
    if isinstance(given, dict) and "error" in given:
        return Line(notebook, name, exercise, 0, note=str(given["error"])[:200])
    value = _played(asked, given["cases"]) if isinstance(given, dict) else given
    try:
        look = exercises.wrong(asked, value)
    except Exception as error:  # an answer of a kind that nobody foresaw
        return Line(notebook, name, exercise, 0, note=f"it can't be judged: {_short(error)}")
    shown = "a function" if isinstance(given, dict) else str(given)[:80]
    return Line(notebook, name, exercise, int(not look), shown, look, note)


def _played(asked, results):
    """A function that gives for an exercise's cases what the student's gave, or raises the same."""
    known = {tuple(case["arguments"]): r for case, r in zip(asked["cases"], results, strict=False)}

    def function(*arguments):
        result = known.get(arguments)
        if isinstance(result, str):
            raise RuntimeError(result[:200])
        return result

    return function


def _plain(source):
    """A cell without lines that only IPython reads."""
    return "\n".join("" if line.lstrip().startswith("%") else line for line in source.splitlines())


def _unjudged(path, name, exercise, note):
    return Line(path.name, name, exercise, "", note=note)


def _short(error):
    return f"{type(error).__name__}: {str(error).splitlines()[0][:100] if str(error) else ''}"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("key", type=Path, help="the assignment's key, a JSON file")
    parser.add_argument("folder", type=Path, help="where the submitted notebooks lie")
    parser.add_argument("--to", type=Path, help="the table; grades.csv in that folder if not given")
    parser.add_argument("--seconds", type=float, default=60, help="time for a notebook")
    parser.add_argument("--trust", action="store_true", help="run notebooks whatever they use")
    given = parser.parse_args(arguments)
    try:
        key = json.loads(given.key.read_text(encoding="utf-8"))["exercises"]
    except (OSError, ValueError, KeyError) as error:
        raise SystemExit(f"{given.key} is no key of an assignment: {_short(error)}") from None
    paths = sorted(given.folder.rglob("*.ipynb"))
    if not paths:
        raise SystemExit(f"There is no notebook in {given.folder}.")
    target = given.to or given.folder / "grades.csv"
    with target.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, FIELDS)
        table.writeheader()
        for path in paths:
            lines = graded(path, key, seconds=given.seconds, trust=given.trust)
            table.writerows(vars(line) for line in lines)
            file.flush()
            right = sum(line.right == 1 for line in lines)
            unjudged = f"; {lines[0].note}" if lines[0].right == "" else ""
            print(f"{path.name}: {right} of {len(lines)} right{unjudged}")
    print(f"The table is {target}.")


if __name__ == "__main__":
    main()
