"""What a play is worth: a model with it against models without.

A model of width 32 reads 2^13 characters of each of eight plays, again and again until it has read
2^17; or of seven of them, without the play `left_out`, as many in all. Exam: `others`, the loss on
plays that nobody has read, and own_i, the loss on the second half of play i, of which no one has
read anything. Every seed has weights, an order and windows of its own. Chapter: licensed-data.
"""

from functools import cache

import numpy as np
import torch

from datawall.evidence import study
from datawall.lm import train
from datawall.lm.model import Config
from datawall.text import corpus

CONTEXT, WIDTH, PIECE, READ, PLAYS = 64, 32, 2**13, 2**17, 8
OTHERS, OWN = 512, 64  # windows of the exams


@cache
def texts():
    """The letters, the eight plays, and all others together."""
    plays = corpus.shakespeare()
    letters, names = corpus.Vocabulary(plays.text), list(plays.documents)
    order = np.random.default_rng(0).permutation(len(names))
    ids = [letters.encode(plays.documents[names[i]]) for i in order]
    return letters, ids[:PLAYS], torch.cat(ids[PLAYS:])


def losses_without(left_out, seed):
    torch.set_num_threads(1)
    letters, plays, others = texts()
    text = torch.cat([x[:PIECE] for i, x in enumerate(plays) if i != left_out])
    shape = Config(len(letters), WIDTH, context=CONTEXT)
    job = train.Job(shape, [READ], unique=len(text) // CONTEXT * CONTEXT - CONTEXT, seed=seed)
    model = train.fit(job, text)
    exams = {"others": corpus.windows(others, CONTEXT, OTHERS, seed=seed)}
    for i, play in enumerate(plays):
        exams[f"own_{i}"] = corpus.windows(play[len(play) // 2 :], CONTEXT, OWN, seed=seed)
    return {name: train.loss(model, windows)["loss"] for name, windows in exams.items()}


STUDY = study.Study(
    grid={"seed": tuple(range(5)), "left_out": ("none", *range(PLAYS))},
    function=losses_without,
    results=("others", *(f"own_{i}" for i in range(PLAYS))),
    tolerance=0.03,
)
