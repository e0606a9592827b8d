"""A solver that looks at its first answer and answers again, with and without being told.

The base has learned from 4,000 labels. A reviser, of the same size and for as many steps, learns
from the same labels with a draft of the base before each: problem, draft, label, or where the draft
is right problem, draft, draft. In the exam the base answers greedily, and the reviser reads that
and answers greedily. It is told nothing; or a perfect checker says which drafts are right, and
these stay. Chapter: thinking-longer.
"""

import numpy as np
import torch

from datawall.evidence import study
from datawall.reasoning import countdown, solver

LABELS, STEPS = 4000, 1000


def learned(steps, seed):
    rows = countdown.labelled(LABELS, seed=seed).rows
    model = solver.fresh(countdown.VOCAB, rows.shape[1], seed=seed)
    lessons = solver.Lessons(steps=steps, rate=4e-3)
    return solver.taught(model, rows, countdown.PROMPT, lessons, seed=seed)


def drafted(prompts, drafts):
    """Problems with their drafts and one more "=", as the reviser reads them."""
    ends = np.full((len(prompts), 1), countdown.EQUALS)
    return np.concatenate([prompts, drafts, ends], 1)


def thought_again(seed):
    torch.set_num_threads(1)
    base = learned(STEPS, seed)
    own = countdown.labelled(LABELS, seed=seed)
    drafts = solver.answers(base, own.prompts, countdown.ANSWER, 4, seed=seed)
    done = countdown.right(own.prompts, drafts)[:, :, None]
    targets = np.where(done, drafts, own.labels[:, None])  # what is right is to be left alone
    rows = [
        np.concatenate([drafted(own.prompts, drafts[:, i]), targets[:, i]], 1) for i in range(4)
    ]
    rows = np.concatenate(rows)
    reviser = solver.fresh(countdown.VOCAB, rows.shape[1], seed=seed)
    reviser = solver.taught(
        reviser, rows, rows.shape[1] - countdown.ANSWER, solver.Lessons(STEPS), seed=seed
    )
    asked = countdown.exam(2000, seed=0).prompts
    answer = dict(length=countdown.ANSWER, temperature=0, seed=seed)
    first = solver.answers(base, asked, **answer)[:, 0]
    second = solver.answers(reviser, drafted(asked, first), **answer)[:, 0]
    third = solver.answers(reviser, drafted(asked, second), **answer)[:, 0]
    right = {
        "first": countdown.right(asked, first),
        "second": countdown.right(asked, second),
        "third": countdown.right(asked, third),
    }
    right["told"] = right["first"] | right["second"]
    right["spoiled"] = right["first"] & ~right["second"]
    right["mended"] = ~right["first"] & right["second"]
    return {name: float(x.mean()) for name, x in right.items()}


NAMES = ("first", "second", "third", "told", "spoiled", "mended")
STUDY = study.Study(
    grid={"seed": (0, 1, 2, 3, 4)},
    function=thought_again,
    results=NAMES,
    tolerance=dict.fromkeys(NAMES, (0.0, 0.08)),
)
