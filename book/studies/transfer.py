"""What reading other text first is worth, in characters of the task's own text.

A model reads a million characters of `base`, Shakespeare's plays or source code, once. It is then
trained further on `own` characters of docstrings, read `readings` times, at `rate` times the rate
of training. The same seed of the study of specialists reads the same characters from scratch. Rate
and readings are chosen by `choice`. Exam: `loss`, in nats a character, on docstrings of other
files; and on unread text of the base's own kind, after (`left`) and before (`before`) the task's
text is read. Chapter: specialists.
"""

from functools import cache

import torch

from datawall.evidence import study
from datawall.lm import train, tuning
from datawall.lm.model import Config
from datawall.text import domains

CONTEXT, BASE, MOST, LONG = 64, 2**20, 2**20, 2**22


@cache
def texts():
    return domains.documentation(context=CONTEXT, windows=512, seed=0)


@cache
def base_model(base, width, seed):
    text = texts().read({base: BASE + 1}, seed=seed)
    job = train.Job(Config(len(texts().letters), width, context=CONTEXT), [BASE], seed=seed)
    return train.fit(job, text)


def losses_of_a_base(base, width, own, readings, rate, seed):
    torch.set_num_threads(1)
    found = texts()
    text = found.read({"docstrings": own}, seed=seed).repeat(readings)
    text = torch.cat([text, text[:1]])
    model = base_model(base, width, seed)
    steps = own * readings // (8 * CONTEXT)
    recipe = train.Recipe()
    tuned = tuning.further(model, text, steps=steps, rate=rate * recipe.peak(width), seed=seed)
    return {
        "loss": train.loss(tuned, found.exam["docstrings"])["loss"],
        "choice": train.loss(tuned, found.choice["docstrings"])["loss"],
        "left": train.loss(tuned, found.exam[base])["loss"],
        "before": train.loss(model, found.exam[base])["loss"],
    }


def _keep(base, width, own, readings, rate, seed):
    small = width == 32 or (base == "code" and own < 2**19)
    gentle = own >= 2**15 if rate == 1 else rate > 0.1 or own <= 2**15
    # Where there is much to read, models from scratch read on to four million as well.
    most = LONG if width == 32 and own >= 2**17 and rate == 1 else MOST
    return small and gentle and own * readings <= most


STUDY = study.Study(
    grid={
        "base": ("plays", "code"),
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
