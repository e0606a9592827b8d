"""Run the cells of one notebook and write its answers down: the process that `grade.py` starts.

It is given no answer to compare with, so that nothing in a notebook can find one here.
"""

import json
import os
import re
import sys
from pathlib import Path

from datawall.page import exercises
from datawall.page.exercises import as_number

CALL = re.compile(r"\b(?:answer|check)\(\s*[\"']([\w-]+/\d+)[\"']")  # what a cell answers


def plain(value, cases):
    """An answer as JSON has it: a number, a text, or what a function gives for each case."""
    if callable(value):
        return {"cases": [result(value, arguments) for arguments in cases]}
    number = as_number(value)
    return number if number is not None else str(value)[:200]


def result(function, arguments):
    """A function's value for a case, or what it raised, as a text."""
    try:
        return as_number(function(*arguments))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


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

    exercises.EXERCISES = Path(os.devnull)  # what is right isn't known here
    names = {"answer": answer, "check": answer, "__name__": "__main__"}
    for source in given["cells"]:
        names |= {"answer": answer, "check": answer}
        if "def answer(" in source:
            continue  # the assignment's own, which only tells the student that it was kept
        try:
            exec(compile(source, "<cell>", "exec"), names)
        except Exception as error:
            for exercise in CALL.findall(source):
                text = {"error": f"the cell raised {type(error).__name__}: {error}"[:200]}
                out.write(json.dumps([exercise, text]) + "\n")
                out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
