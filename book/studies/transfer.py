"""What reading other text first is worth, in characters of the task's own text.

A model reads a million characters of `base`, Shakespeare's plays or source code, once; or nothing.
It is then trained on `own` characters of docstrings, read `readings` times, at `rate` times the
usual rate. Rate and readings are chosen by `choice`. Exam: `loss`, in nats a character, on
docstrings of other files; and on unread text of the base's own kind (of plays, where there is no
base) after (`left`) and before (`before`) the task's text is read. Chapter: specialists.
"""

from functools import cache

import torch

from datawall.evidence import study
from datawall.lm import train, tuning
from datawall.lm.model import Config, Transformer
from datawall.text import domains

CONTEXT, BASE, MOST, LONG = 64, 2**20, 2**20, 2**22


@cache
def texts():
    return domains.documentation(context=CONTEXT, windows=512, seed=0)


@cache
def base_model(base, width, seed):
    shape = Config(len(texts().letters), width, context=CONTEXT)
    if base == "nothing":
        return Transformer(shape, seed=seed)
    text = texts().read({base: BASE + 1}, seed=seed)
    return train.fit(train.Job(shape, [BASE], seed=seed), text)


def losses_of_a_base(base, width, own, readings, rate, seed):
    torch.set_num_threads(1)
    found = texts()
    text = found.read({"docstrings": own}, seed=seed).repeat(readings)
    text = torch.cat([text, text[:1]])
    model = base_model(base, width, seed)
    steps = own * readings // (8 * CONTEXT)
    recipe = train.Recipe()
    tuned = tuning.further(model, text, steps=steps, rate=rate * recipe.peak(width), seed=seed)
    kind = "plays" if base == "nothing" else base
    return {
        "loss": train.loss(tuned, found.exam["docstrings"])["loss"],
        "choice": train.loss(tuned, found.choice["docstrings"])["loss"],
        "left": train.loss(tuned, found.exam[kind])["loss"],
        "before": train.loss(model, found.exam[kind])["loss"],
    }


def _keep(base, width, own, readings, rate, seed):
    """Little text is read gently too, much at the full rate; the small model reads on longest."""
    if width == 64 and (base == "plays" or own == 2**19 or readings == 32):
        return False
    long = width == 32 and own >= 2**17 and rate == 1
    if own * readings > (LONG if long else MOST):
        return False
    if base == "nothing":
        return rate == 1 or (rate == 0.3 and own <= 2**15)
    return own >= 2**15 if rate == 1 else rate > 0.1 or own <= 2**15


STUDY = study.Study(
    grid={
        "base": ("nothing", "plays", "code"),
        "width": (32, 64),
        "own": (2**13, 2**15, 2**17, 2**19),
        "readings": (2, 8, 32),
        "rate": (1.0, 0.3, 0.1),
        "seed": tuple(range(5)),
    },
    function=losses_of_a_base,
    results=("loss", "choice", "left", "before"),
    tolerance=0.03,
    keep=_keep,
)
