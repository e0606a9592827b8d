"""A small specialist against a generalist of four times its size, at every mix of texts.

A model of `width` reads `own` characters of its task's text, docstrings, and `other` characters of
other text, half Shakespeare's plays and half source code, all of it again and again in a new order
each time until it has read `read` characters. The number of readings is a model's own best knob,
chosen by `choice`, the loss on documents that are neither read nor part of the exam; `decay` is
its weight decay. Exam: `loss`, in nats a character, on docstrings of other files. Chapter:
specialists.
"""

from functools import cache

import torch

from datawall.evidence import study
from datawall.lm import train
from datawall.lm.model import Config
from datawall.text import domains

CONTEXT, READ, LONG = 64, 2**20, 2**22
MOST = 32  # readings


@cache
def texts():
    return domains.documentation(context=CONTEXT, windows=512, seed=0)


def losses_of_a_model(width, own, other, decay, seed):
    torch.set_num_threads(1)
    found = texts()
    half = other // 2
    text = found.read({"docstrings": own, "plays": half, "code": half}, seed=seed)
    job = train.Job(
        Config(len(found.letters), width, context=CONTEXT),
        [read for read in GRID["read"] if _may(width, own, other, decay, read)],
        unique=len(text) - 1,
        recipe=train.Recipe(weight_decay=decay),
        seed=seed,
    )
    held_out = {"loss": found.exam["docstrings"], "choice": found.choice["docstrings"]}

    def measure(model, _):
        return {name: train.loss(model, windows)["loss"] for name, windows in held_out.items()}

    rows = {row["tokens"]: row for row in train.run(job, text, held_out["loss"], measure)}
    for read in GRID["read"]:
        yield {name: rows[read][name] for name in held_out} if read in rows else None


def _may(width, own, other, decay, read):
    """Whether so much is read: those that the chapter compares read on to four million."""
    small = width == 32 and not other and own >= 2**17
    large = width == 64 and (other == 3 * own > 2**15 or (own, other) == (2**17, 0))
    most = LONG if (small or large) and decay == 0.1 else READ
    return own + other <= read <= min(most, MOST * (own + other))


def _keep(width, own, other, decay, read, seed):
    if not _may(width, own, other, decay, read) or (own == 2**19 and other):
        return False
    # More decay is tried where both are compared at equal text in all.
    equal = (width == 32 and not other and own > 2**13) or (width == 64 and other == 3 * own)
    return decay == 0.1 or equal


GRID = {
    "width": (32, 64),
    "own": (2**13, 2**15, 2**17, 2**19),
    "other": (0, 3 * 2**13, 3 * 2**15, 3 * 2**17),
    "decay": (0.1, 1.0),
    "read": tuple(2**k for k in range(15, 23)),
    "seed": tuple(range(5)),
}
STUDY = study.Study(
    grid=GRID,
    function=losses_of_a_model,
    results=("loss", "choice"),
    tolerance=0.03,  # where a text is read thirty times, processors differ by two percent
    keep=_keep,
    along="read",
)
