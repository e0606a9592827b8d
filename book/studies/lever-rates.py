"""The levers of `levers` at other learning rates, in units of its own, to give each its best.

The whole factorial but for the middle number of passes, at a quarter and half of the rate and at
twice that; plays alone with no teacher, whose best is the highest of these, at higher ones, too.
Chapter: planner.
"""

from functools import cache

from datawall.evidence import study
from datawall.planning import runs

AMOUNT = 2**13


@cache
def teacher(seed):
    return runs.fitted(64, runs.others(AMOUNT, seed=seed), runs.OTHERS, 0.1, seed=seed)


def losses_of_members(text, targets, decay, rate, seed):
    taught = {"decay": decay, "teachers": [teacher(seed)] if targets == "teacher" else []}
    letters = runs.text(text, AMOUNT, seed=seed)
    found = runs.losses(letters, GRID["read"], rate=rate * runs.RATE, **taught, seed=seed)
    for read in GRID["read"]:
        yield runs.columns(found, read)


def _keep(text, targets, decay, rate, read, seed):
    return rate <= 2 or (text, targets) == ("plays", "letters")


GRID = {
    "text": ("plays", "plays and code"),
    "targets": ("letters", "teacher"),
    "decay": (0.1, 1.0),
    "rate": (0.25, 0.5, 2.0, 4.0, 8.0),
    "read": (2**15, 2**17),
    "seed": tuple(range(5)),
}
STUDY = study.Study(
    grid=GRID,
    function=losses_of_members,
    results=tuple(f"{plays}_{k}" for k in runs.MEMBERS for plays in ("choice", "exam")),
    tolerance=0.03,
    keep=_keep,
    along="read",
)
