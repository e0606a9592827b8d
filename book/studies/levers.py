"""Levers for the last tokens, alone and together: what each combination loses on unseen plays.

Four models of `width` have 8,192 letters of Shakespeare's plays each, the same ones, and in the
kinds that say so as many letters of source code, as they are or in random order, in the place of a
pool that nobody has filtered. They read `read` letters in all, junk and repetitions counted, learn
the letters or the opinion of a teacher of width 64 that has read 524,288 letters of other plays
once, or of a small teacher, of width 32, that has read them twice, and have weight decay `decay`.
Results are cross-entropies in nats a letter: of one model, of two and of four whose chances are
averaged; `choice` on plays to choose settings on, `exam` on others. The learning rate was chosen of
four, at two settings, on the former plays with a seed that isn't among these. Chapter: planner.
"""

from functools import cache

from datawall.evidence import study
from datawall.planning import runs

AMOUNT = 2**13
LATEST = {  # letters read at most, by what is read and learnt, at width 32
    ("plays", "letters"): 2**17,
    ("plays and code", "letters"): 2**18,
    ("plays and shuffled code", "letters"): 2**18,
    ("plays", "teacher"): 2**18,
    ("plays", "small teacher"): 2**18,
    ("plays and code", "teacher"): 2**17,
}
TEACHERS = {"letters": [], "teacher": [(64, runs.OTHERS)], "small teacher": [(32, 2 * runs.OTHERS)]}


@cache
def teachers(targets, seed):
    others = runs.others(AMOUNT, seed=seed)
    return [runs.fitted(w, others, read, 0.1, seed=seed) for w, read in TEACHERS[targets]]


def losses_of_members(width, text, targets, decay, seed):
    read = runs.text(text, AMOUNT, seed=seed)
    budgets = [n for n in GRID["read"] if _may(width, text, targets, n)]
    taught = {"decay": decay, "teachers": teachers(targets, seed)}
    found = runs.losses(read, budgets, width=width, **taught, seed=seed)
    for read in GRID["read"]:
        yield runs.columns(found, read) if read in budgets else None


def _may(width, text, targets, read):
    if width == 64:  # from the compute of two of width 32 to that of eight
        return (text, targets) == ("plays", "letters") and read <= 2**16
    return 2**14 < read <= LATEST.get((text, targets), 0)


def _keep(width, text, targets, decay, read, seed):
    return _may(width, text, targets, read)


GRID = {
    "width": (32, 64),
    "text": ("plays", "plays and code", "plays and shuffled code"),
    "targets": ("letters", "teacher", "small teacher"),
    "decay": (0.1, 1.0),
    "read": tuple(2**k for k in range(14, 19)),
    "seed": tuple(range(5)),
}
STUDY = study.Study(
    grid=GRID,
    function=losses_of_members,
    results=tuple(f"{plays}_{k}" for k in runs.MEMBERS for plays in ("choice", "exam")),
    tolerance=0.03,  # where a text is read sixteen times and more, processors differ by as much
    keep=_keep,
    along="read",
)
