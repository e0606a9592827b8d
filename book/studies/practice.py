"""What practice on own checked answers does to a solver of countdown, beside more labels.

The base has learned from `labels` labelled problems for 1,000 steps. "imitate" and "gradient" then
practise for so many `rounds` of 8 steps on problems without labels, three in ten of which are among
its own: see `reasoning.practice`. The checker passes a share `leak` of wrong answers; answers are
drawn at `temperature`; a share `replay` of each batch are the old labels. "labels" is a solver that
learns from labelled problems alone, for as many steps as base and practice together. Each way has
its own best learning rate of those tried on problems kept apart for it (`RATES`). Exam, problems
that no other part has: 2,000 answered greedily; 300 with 256 draws each at temperature 1, of which
pass@k; and at 1.5 and 0.6, "warm" and "cool". Chapter: thinking-longer.
"""

from functools import cache

import torch

from datawall.evidence import study
from datawall.reasoning import countdown, coverage, practice, solver

ROUNDS, STEPS, SEEDS = 60, 8, 5
KS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
RATES = {"labels": 4e-3, "imitate": 1e-3, "gradient": 2.5e-4}


@cache
def base(labels, seed):
    return learned(labels, 1000, seed)


def learned(labels, steps, seed):
    rows = countdown.labelled(labels, seed=seed).rows
    model = solver.fresh(countdown.VOCAB, rows.shape[1], seed=seed)
    lessons = solver.Lessons(steps=steps, rate=RATES["labels"])
    return solver.taught(model, rows, countdown.PROMPT, lessons, seed=seed)


def graded(model, seed, part="exam"):
    """What the exam gives: greedily, and of draws at three temperatures."""
    asked = countdown.exam(2000, part, seed=0).prompts
    few = asked[:300]
    best = solver.answers(model, asked, countdown.ANSWER, temperature=0, seed=seed)
    found = {"greedy": countdown.right(asked, best).mean()}
    for name, temperature, draws, ks in (
        ("pass", 1.0, 256, KS),
        ("warm", 1.5, 256, (1, 256)),
        ("cool", 0.6, 64, (1,)),
    ):
        given = solver.answers(model, few, countdown.ANSWER, draws, temperature, seed=seed)
        shares = coverage.passed(countdown.right(few, given), ks)
        found |= {f"{name}_{k}": x for k, x in zip(ks, shares, strict=True)}
    return {name: float(x) for name, x in found.items()}


def after(way, labels, leak, temperature, replay, rounds, seed):
    torch.set_num_threads(1)
    if way == "labels":
        return graded(learned(labels, 1000 + rounds * STEPS, seed), seed)
    model = base(labels, seed)
    if rounds:
        many = {"problems": 512, "draws": 8} if way == "imitate" else {"problems": 256, "draws": 16}
        knobs = practice.Practice(
            way,
            rounds,
            leak=leak,
            temperature=temperature,
            replay=replay,
            rate=RATES[way],
            steps=STEPS,
            **many,
        )
        others = countdown.labelled(40_000, seed=seed + SEEDS).prompts
        own = countdown.labelled(labels, seed=seed).rows
        model = practice.practised(
            model, others, countdown.right, countdown.ANSWER, knobs, labels=own, seed=seed
        )
    return graded(model, seed)


def _keep(way, labels, leak, temperature, replay, rounds, seed):
    """One thing changed at a time, from imitation at temperature 1 of a base of 4,000 labels."""
    plain = leak == 0 and temperature == 1 and replay == 0
    if way == "labels":
        return plain and rounds == ROUNDS
    if way == "gradient":
        return plain and rounds == ROUNDS and labels == 4000
    if rounds == 0:
        return plain and labels in (4000, 16_000)
    if labels != 4000:
        return plain and rounds == ROUNDS and labels == 16_000
    if rounds < ROUNDS:
        return plain
    return (leak > 0) + (temperature > 1) + (replay > 0) <= 1


STUDY = study.Study(
    grid={
        "way": ("labels", "imitate", "gradient"),
        "labels": (1000, 4000, 16_000, 64_000, 256_000),
        "leak": (0.0, 0.1, 0.3, 1.0),
        "temperature": (1.0, 1.5),
        "replay": (0.0, 0.5),
        "rounds": (0, 15, ROUNDS),
        "seed": tuple(range(SEEDS)),
    },
    function=after,
    results=("greedy", *(f"pass_{k}" for k in KS), "warm_1", "warm_256", "cool_1"),
    tolerance={
        **{name: (0.0, 0.04) for name in ("greedy", "pass_1", "pass_2", "warm_1", "cool_1")},
        **{name: (0.0, 0.1) for name in (*(f"pass_{k}" for k in KS[2:]), "warm_256")},
    },
    keep=_keep,
)
