"""Who picks the right one of k answers to a countdown problem, of the same draws.

A solver that has learned from 4,000 labels answers 300 exam problems 256 times each. A perfect
checker finds a right one if there is one. The others see no truth: "own likelihood" takes the
answer to which the solver gives the best chance, "vote" the one given most often, and the learned
checkers, transformers of three widths, the one that they hold for right; they have read so many
answers of the same solver to training problems, with verdicts. Chapter: thinking-longer.
"""

from functools import cache

import torch
from sklearn.metrics import roc_auc_score

from datawall.evidence import study
from datawall.reasoning import choosers, countdown, coverage, solver

KS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LEARNED = {
    "checker of width 16": (16, 40_000),
    "checker of width 32": (32, 40_000),
    "checker of width 64": (64, 40_000),
    "width 64, four times the verdicts": (64, 160_000),
}
LESSONS = solver.Lessons(steps=2000, batch=256, rate=4e-3)


@cache
def base(seed):
    rows = countdown.labelled(4000, seed=seed).rows
    model = solver.fresh(countdown.VOCAB, rows.shape[1], seed=seed)
    return solver.taught(model, rows, countdown.PROMPT, solver.Lessons(rate=4e-3), seed=seed)


@cache
def drawn(seed):
    asked = countdown.exam(2000, seed=0).prompts[:300]
    given = solver.answers(base(seed), asked, countdown.ANSWER, 256, seed=seed)
    return asked, given, countdown.right(asked, given)


def checker(width, verdicts, seed):
    asked = countdown.labelled(verdicts // 4, seed=seed + 5).prompts
    given = solver.answers(base(seed), asked, countdown.ANSWER, 4, seed=seed + 5)
    truth = countdown.right(asked, given).ravel()
    rows = solver.joined(asked, given)
    return choosers.learned(rows, truth, countdown.VOCAB, width, LESSONS, seed=seed)


def chosen(chooser, seed):
    torch.set_num_threads(1)
    asked, given, right = drawn(seed)
    if chooser == "vote":
        scores = choosers.counts(given)
    elif chooser == "own likelihood":
        scores = -solver.nats(base(seed), asked, given)
    elif chooser == "perfect checker":
        scores = right.astype(float)
    else:
        scores = choosers.scores(checker(*LEARNED[chooser], seed), asked, given)
    auc = roc_auc_score(right.ravel(), scores.ravel())
    for k in KS:
        if chooser == "vote":
            share = choosers.by_vote(given, right, k, seed=seed)
        elif chooser == "perfect checker":
            share = coverage.passed(right, k)[0]
        else:
            share = choosers.by_score(scores, right, k)
        yield {"right": float(share), "auc": float(auc)}


STUDY = study.Study(
    grid={
        "chooser": ("perfect checker", "own likelihood", "vote", *LEARNED),
        "seed": (0, 1, 2, 3, 4),
        "k": KS,
    },
    function=chosen,
    results=("right", "auc"),
    tolerance={"right": (0.0, 0.08), "auc": (0.0, 0.08)},
    along="k",
)
