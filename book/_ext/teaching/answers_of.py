"""Run the cells of one notebook and write its answers down: the process that `grade.py` starts.

It is given no answer to compare with, so that nothing in a notebook can find one here.
"""

import json
import os
import re
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

from datawall.page import exercises
from datawall.page.exercises import as_number

CALL = re.compile(r"\b(?:answer|check)\(\s*[\"']([\w-]+/\d+)[\"']")  # what a cell answers


def plain(value, cases):
    """An answer as JSON has it: a number, a text, or what a function gives for each case."""
    if callable(value):
        return {"cases": [result(value, arguments) for arguments in cases]}
    number = as_number(value)
    if number is None and not isinstance(value, str):
        return {"error": f"an answer of the type {type(value).__name__} is no number and no letter"}
    return value[:200] if number is None else number


def result(function, arguments):
    """A function's value for a case, or what it raised, as a text."""
    try:
        return as_number(function(*arguments))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


class Overtime(BaseException):
    """A cell takes too long; nothing that a cell does with other errors catches it."""


@contextmanager
def limited(seconds):
    """Raise Overtime in what takes longer, where the system can."""

    def stop(number, frame):
        raise Overtime(f"the cell ran for more than {seconds:g} seconds")

    if os.name != "posix":
        yield
        return
    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main(job, kept):
    with open(job, encoding="utf-8") as file:
        given = json.load(file)
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (given["memory"],) * 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10**6,) * 2)
    out = open(kept, "w", encoding="utf-8")  # noqa: SIM115  (to the process's end)

    def answer(exercise, value):
        if value is ... or value is None:
            return
        held = plain(value, given["functions"].get(exercise, []))
        out.write(json.dumps([exercise, held]) + "\n")
        out.flush()

    def spoilt(source, why):
        for exercise in CALL.findall(source):
            out.write(json.dumps([exercise, {"error": why[:200]}]) + "\n")
            out.flush()

    exercises.EXERCISES = Path(os.devnull)  # what is right isn't known here
    names = {"answer": answer, "check": answer, "__name__": "__main__"}
    for source in given["cells"]:
        names |= {"answer": answer, "check": answer}
        if "def answer(" in source:
            continue  # the assignment's own, which only tells the student that it was kept
        try:
            with limited(given["seconds"]):
                exec(compile(source, "<cell>", "exec"), names)
        except Overtime as error:
            spoilt(source, str(error))
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            spoilt(source, f"the cell raised {type(error).__name__}: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
