"""All ways to spend compute that the last chapter ran, each with its price (chapter: planner)."""

from __future__ import annotations

from functools import partial

import xarray as xr

from datawall.planning import costs, runs, tables
from datawall.planning.costs import Plan, Teacher

AMOUNT, ONCE = 2**13, 2**15  # letters of plays at hand, and read by the plain recipe
OWN_READ = 2**16  # letters that a model of one's own has read whose opinion is learnt
SMALL, LARGE = 12_288, 49_152  # parameters of the models of width 32 and 64
UNIT = costs.TRAIN * SMALL * ONCE  # operations of the plain recipe
# Who has read the others' text: a larger model once, or one of the student's size twice.
TAUGHT_BY = {"teacher": (LARGE, runs.OTHERS), "small teacher": (SMALL, 2 * runs.OTHERS)}


def price(
    read: int,
    K: int = 1,
    *,
    text: str = "plays",
    params: int = SMALL,
    teacher: Teacher | None = None,
    **rest,
) -> Plan:
    """The plan of a setting of the studies: where only plays are read, a judge has read a pool.

    The judge is as large as a small model, and its pool has as much junk as plays. rest: settings
    that cost nothing, such as a weight decay.
    """
    judged = costs.judging(SMALL, 2 * AMOUNT) if text == "plays" else 0.0
    return Plan(params, read, K, teacher, judged)


def plans(levers: xr.Dataset, more: xr.Dataset) -> dict[str, xr.Dataset]:
    """Ways to spend compute, by name, each as `tables.priced` gives it, in units of the plain run.

    levers, more: the studies' choice and exam, as `tables.members` gives them. Whatever has a
    teacher in its name, or "its text", draws on text that isn't at hand. "one lever" has all
    settings in which at most one of the other levers is on. Of the teachers at hand and of those to
    train each may be chosen; one to train may also teach on the text that it has read.
    """
    pool = ["plays and code", "plays"]
    small = levers.sel(width=32, text=pool, targets="letters", drop=True)
    taught = levers.sel(width=32, text=pool, drop=True)
    large = levers.sel(width=64, text="plays", targets="letters", drop=True)
    at_hand = more.sel(amount=AMOUNT, K=1, drop=True)
    one, four = (Teacher(SMALL, OWN_READ, models=models) for models in (1, 4))

    def arm(name):
        return at_hand.sel(arm=name, drop=True)

    on = [small.text == "plays", small.decay > 0.1, small.K > 1, small["read"] > ONCE]
    single = small.where(sum(lever.astype(int) for lever in on) <= 1)
    bought = arm("others'").sel(decay=0.1, drop=True)
    both = arm("others' and teacher").sel(decay=0.1, drop=True)
    free, charged = (
        {name: Teacher(*about, students=n) for name, about in TAUGHT_BY.items()} for n in (0, 1)
    )

    def students(teachers):
        for name, teacher in teachers.items():
            yield taught.sel(targets=name, drop=True), partial(price, teacher=teacher)

    def on_its_text(teachers):
        return both, partial(price, text="others'", teacher=teachers["teacher"])

    ways = {
        "one lever": [(single, price)],
        "one model": [(small.sel(K=[1]), price)],
        "four averaged": [(small.sel(K=[4]), price)],
        "larger model": [(large.sel(K=[1]), partial(price, params=LARGE))],
        "own opinion": [(arm("own"), partial(price, teacher=one))],
        "opinion of four": [(arm("own four"), partial(price, teacher=four))],
        "ensemble of any size": [(small, price)],
        "teacher at hand": students(free),
        "teacher to train": [*students(charged), on_its_text(charged)],
        "the teacher's text": [(bought, partial(price, text="others'"))],
        "its text and opinion": [on_its_text(free)],
    }
    return {name: tables.priced(parts, UNIT, name) for name, parts in ways.items()}


def cost_when(*, read: int, text: str, targets: str, K: int) -> float:
    """What a setting costs in plain runs, its teacher's training left out."""
    teacher = Teacher(*TAUGHT_BY[targets], students=0) if targets in TAUGHT_BY else None
    return price(read, K, text=text, teacher=teacher).training / UNIT
