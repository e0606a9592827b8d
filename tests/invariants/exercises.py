"""Rules for exercises: kinds, stubs, worked solutions, checks."""

import re

from invariants import cells, markdown, python
from invariants.context import KINDS, MARK, Context


def exercise_headings(notebook: dict, context: Context) -> list[str]:
    """Exercises are enough, titled and numbered from 1, so that a teacher can name one."""
    parts = markdown.parts(notebook, "Exercises")
    faults = markdown.numbering_faults(parts, r"Exercise (\d+): \S.*", "### Exercise 1: title")
    if len(parts) < context.limits.exercises:
        faults.append(f"{len(parts)} exercises, fewer than {context.limits.exercises}; add some")
    return faults


def _exercise_kind(opening: markdown.Block) -> str:
    lines = [line.strip() for line in opening.source.splitlines()[1:] if line.strip()]
    match = re.fullmatch(r"\*(\w+)\*", lines[0]) if lines else None
    return match[1] if match else ""


def exercise_kinds(notebook: dict, context: Context) -> list[str]:
    """Every chapter asks for a prediction, for code and for judgement, and says which is asked."""
    kinds_due = ", ".join(f"*{kind}*" for kind in KINDS)
    openings = [part[0] for part in markdown.parts(notebook, "Exercises")]
    kinds = [_exercise_kind(opening) for opening in openings]
    faults = [
        f"cell {opening.number}: no kind below the heading; write one of {kinds_due}"
        for opening, kind in zip(openings, kinds, strict=True)
        if kind not in KINDS
    ]
    return faults + [
        f"{kinds.count(kind)} exercises of kind {kind}, fewer than {least}; add one"
        for kind, least in KINDS.items()
        if kinds.count(kind) < least
    ]


def _exercise_cell(part: list[markdown.Block], notebook: dict, role: str) -> list[int]:
    code = [b.number for b in part if b.kind == "code"]
    return [n for n in code if {"exercise", role} <= cells.tags(notebook["cells"][n])]


def _solution_text_faults(n: int, cell: dict) -> list[str]:
    source = cell["source"]
    if cell["cell_type"] != "markdown" or not source.startswith('<details class="solution">'):
        return [
            f"cell {n}: no worked solution after the stub; begin a Markdown cell with "
            '<details class="solution">'
        ]
    if "<summary>Worked solution</summary>" not in source:
        return [f"cell {n}: no <summary>Worked solution</summary>; add it"]
    if source.count("<details") != source.count("</details>"):
        return [f"cell {n}: <details> is not closed in its cell; add </details>"]
    return []


def _exercise_faults(part: list[markdown.Block], notebook: dict) -> list[str]:
    every, title, start = notebook["cells"], part[0].part, part[0].number
    stubs = _exercise_cell(part, notebook, "stub")
    solutions = _exercise_cell(part, notebook, "solution")
    if len(stubs) != 1 or len(solutions) != 1:
        return [
            f"cell {start}: '{title}' has {len(stubs)} stubs and {len(solutions)} solutions, "
            "not one of each; tag a cell exercise and stub, another exercise and solution"
        ]
    stub, solution = stubs[0], solutions[0]
    if solution != stub + 2:
        return [
            f"cell {stub}: the stub is not followed by the worked solution's text and then its "
            "code; put them so"
        ]
    faults = _solution_text_faults(stub + 1, every[stub + 1])
    metadata = every[solution]["metadata"]
    hidden = metadata.get("jupyter", {}).get("source_hidden") is True
    if "hide-cell" not in cells.tags(every[solution]) or not hidden:
        faults.append(
            f"cell {solution}: the solution is not hidden; add the tag hide-cell and the "
            "metadata jupyter: {source_hidden: true}"
        )
    return faults


def exercise_cells(notebook: dict, context: Context) -> list[str]:
    """An exercise has a stub to fill in and a worked solution that is hidden until asked for."""
    parts = markdown.parts(notebook, "Exercises")
    faults = [fault for part in parts for fault in _exercise_faults(part, notebook)]
    inside = {b.number for part in parts for b in part}
    for n, cell in cells.code(notebook):
        roles = cells.tags(cell) & {"stub", "solution"}
        if "exercise" in cells.tags(cell) and (n not in inside or len(roles) != 1):
            faults.append(f"cell {n}: tagged exercise, but is no stub or solution of one; untag it")
    return faults


def exercise_checks(notebook: dict, context: Context) -> list[str]:
    """Stub and solution call the same check, so that the solution is held to what is asked."""
    faults = []
    for due, part in enumerate(markdown.parts(notebook, "Exercises"), start=1):
        name = f"{context.chapter}/{due}"
        roles = ("stub", "solution")
        for n in [n for role in roles for n in _exercise_cell(part, notebook, role)]:
            source = notebook["cells"][n]["source"]
            if python.checked(source) != [name]:
                faults.append(f'cell {n}: doesn\'t call check("{name}", answer) once; let it')
            if source.splitlines()[:1] != [MARK]:
                faults.append(f"cell {n}: doesn't begin with '{MARK}'; add the line")
    return faults


def exercise_outputs(notebook: dict, context: Context) -> list[str]:
    """A stored stub says 'Not yet' and a stored solution 'Right', so that both are known to run."""
    faults = []
    for n, cell in cells.code(notebook):
        shown, tags = cells.shown_text(cell), cells.tags(cell)
        unsolved = "Not yet" in shown
        if {"exercise", "stub"} <= tags and not unsolved:
            faults.append(
                f"cell {n}: the stub's stored output doesn't say 'Not yet'; take the "
                "answer out and run it"
            )
        if {"exercise", "solution"} <= tags and (unsolved or not re.search(r"\bRight\b", shown)):
            faults.append(
                f"cell {n}: the solution's stored output doesn't say 'Right'; mend the "
                "solution and run it"
            )
    return faults
