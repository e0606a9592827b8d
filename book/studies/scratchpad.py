"""Steps written out, against more examples and against blanks of the same length.

A transformer of width 32 learns chains of five digits from so many `examples`, and
writes the answer only, blanks and then the answer, or every step. Exam: 1,000 chains that it hasn't
read, answered greedily. Chapter: thinking-longer.
"""

import numpy as np
import torch

from datawall.evidence import study
from datawall.reasoning import scratchpad, solver

TERMS, STEPS = 5, 400


def answered(style, examples, seed):
    torch.set_num_threads(1)
    read = scratchpad.drawn(examples, TERMS, style, seed=seed)
    exam = scratchpad.drawn(1000, TERMS, style, seed=1000 + seed)
    known = set(map(bytes, read.prompts.astype(np.int8)))
    new = np.array([bytes(x) not in known for x in exam.prompts.astype(np.int8)])
    model = solver.fresh(scratchpad.VOCAB, read.rows.shape[1], seed=seed)
    model = solver.taught(
        model,
        read.rows,
        2 * TERMS,
        solver.Lessons(steps=STEPS),
        seed=seed,
        weights=scratchpad.weights(style, TERMS),
    )
    asked, written = exam.prompts[new], exam.written[new]
    if style == "blanks":  # the blanks are given, so that only the answer is asked of it
        asked = np.concatenate([asked, written[:, :-1]], 1)
    length = TERMS - 1 if style == "steps" else 1
    given = solver.answers(model, asked, length, temperature=0, seed=seed)
    return {"right": float((given[:, 0, -1] == written[:, -1]).mean())}


STUDY = study.Study(
    grid={
        "style": scratchpad.STYLES,
        "examples": (100, 1000, 10_000),
        "seed": (0, 1, 2, 3, 4),
    },
    function=answered,
    results=("right",),
    tolerance={"right": (0.0, 0.15)},
)
