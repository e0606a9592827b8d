"""Practice beside sixteen thousand labels on the same problems, greedily and at temperature 1.

The study `practice` asks greedily for 2,000 problems and draws for the first 300 of them, which
have more right answers. Here the same two solvers, trained as there, answer all problems in both
ways. "labels" has 16,000 of them, "imitate" 4,000 and its own checked answers; both take as many
steps. Of greedy answers there is one a problem, of answers drawn at temperature 1 there are 8 on
all and 64 on the first 300. Chapter: thinking-longer.
"""

from functools import cache

import torch

from datawall.evidence import study
from datawall.reasoning import countdown, practice, solver

LABELS, STEPS, ROUNDS, RATE = 4000, 8, 60, {"labels": 4e-3, "imitate": 1e-3}


@cache
def learned(labels, steps, seed):
    rows = countdown.labelled(labels, seed=seed).rows
    model = solver.fresh(countdown.VOCAB, rows.shape[1], seed=seed)
    lessons = solver.Lessons(steps=steps, rate=RATE["labels"])
    return solver.taught(model, rows, countdown.PROMPT, lessons, seed=seed)


def trained(way, seed):
    if way == "labels":
        return learned(16_000, 1000 + ROUNDS * STEPS, seed)
    others = countdown.labelled(40_000, seed=seed + 5).prompts
    knobs = practice.Practice("imitate", ROUNDS, rate=RATE["imitate"])
    base = learned(LABELS, 1000, seed)
    return practice.practised(base, others, countdown.right, countdown.ANSWER, knobs, seed=seed)


def asked_in_both_ways(way, seed):
    torch.set_num_threads(1)
    model = trained(way, seed)
    asked = countdown.exam(2000, seed=0).prompts
    found = {}
    for name, some, draws in (("all", asked, 8), ("few", asked[:300], 64)):
        for how, count, temperature in (("greedy", 1, 0.0), ("drawn", draws, 1.0)):
            given = solver.answers(model, some, countdown.ANSWER, count, temperature, seed=seed)
            found[f"{how}_{name}"] = float(countdown.right(some, given).mean())
    return found


NAMES = ("greedy_all", "drawn_all", "greedy_few", "drawn_few")
STUDY = study.Study(
    grid={"way": ("labels", "imitate"), "seed": (0, 1, 2, 3, 4)},
    function=asked_in_both_ways,
    results=NAMES,
    tolerance=dict.fromkeys(NAMES, (0.0, 0.06)),
)
