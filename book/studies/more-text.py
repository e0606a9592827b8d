"""What more text is worth, to one model of width 32: the yardstick and the controls of the levers.

`plain` is the recipe without any lever: `amount` letters of plays and as many of source code, four
times as many letters read as there are letters of plays, weight decay 0.1; its losses over amounts
say what a lever is worth in data. "others'" has, beside its 8,192 letters, the 524,288 that the
teacher of `levers` has read, and learns the letters, or that teacher's opinion. "own" and "own
four" have their 8,192 letters alone, and learn the opinion of one model, or of four averaged, of
their own size that have read the same before, up to `OWN` letters, with the same decay.
"teacher" is a model like that one: width 64, and the others' text alone. Results as in `levers`, of
one model, or the mean of four. Chapter: planner.
"""

from functools import cache

from datawall.evidence import study
from datawall.planning import runs

AMOUNT, OWN = 2**13, 2**16
ARMS = ("plain", "own", "own four", "others'", "others' and teacher", "teacher")
LATEST = {
    "teacher": 2**19,
    "others'": 2**22,
    "others' and teacher": 2**20,
    "own": 2**17,
    "own four": 2**17,
}


@cache
def teachers(arm, decay, seed):
    if arm in ("plain", "teacher", "others'"):
        return []
    if arm == "others' and teacher":
        return [runs.fitted(64, runs.others(AMOUNT, seed=seed), runs.OTHERS, 0.1, seed=seed)]
    read = runs.text("plays", AMOUNT, seed=seed)
    # other weights and another order than those of the student
    numbers = range(1 if arm == "own" else 4)
    return [runs.fitted(32, read, OWN, decay, seed=1000 * seed + 500 + i) for i in numbers]


def losses_of_one(arm, amount, decay, seed):
    budgets = [read for read in GRID["read"] if _may(arm, amount, decay, read)]
    found = runs.losses(
        text(arm, amount, seed),
        budgets,
        width=64 if arm == "teacher" else 32,
        decay=decay,
        teachers=teachers(arm, decay, seed),
        members=4 if arm == "plain" and amount <= 2**15 else 1,  # small amounts are noisier
        seed=seed,
    )
    for read in GRID["read"]:
        yield runs.columns(found, read) if read in budgets else None


def text(arm, amount, seed):
    if arm == "teacher":
        return runs.others(amount, seed=seed)
    kinds = {"plain": "plays and code", "own": "plays", "own four": "plays"}
    return runs.text(kinds.get(arm, "plays and others'"), amount, seed=seed)


def _may(arm, amount, decay, read):
    if arm == "plain":
        return read == 4 * amount and decay == 0.1
    if arm == "teacher" and read < LATEST[arm]:
        return False
    own = arm.startswith("own")
    return amount == AMOUNT and AMOUNT < read <= LATEST[arm] and (own or decay == 0.1)


def _keep(arm, amount, decay, read, seed):
    return _may(arm, amount, decay, read)


GRID = {
    "arm": ARMS,
    "amount": tuple(2**k for k in range(12, 20)),
    "decay": (0.1, 1.0),
    "read": tuple(2**k for k in range(14, 23)),
    "seed": tuple(range(5)),
}
STUDY = study.Study(
    grid=GRID,
    function=losses_of_one,
    results=("choice_1", "exam_1"),
    tolerance=0.03,
    keep=_keep,
    along="read",
)
