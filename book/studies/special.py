"""What reading something that isn't the language first brings to it.

A model of `width` reads 2^18 characters of `base` once: other plays, docstrings, source code,
tunes in letters, nested brackets, or the plays' letters in random order; or nothing. It then reads
2^17 characters of Shakespeare's plays: `own` of them, once or four times. Of the first text it
takes over by `way`: "all" weights; "blocks", with the vectors of letters and places drawn anew; or
"frozen" blocks, of which the plays can't change anything but those vectors. `rate` is the learning
rate after the first text, in usual ones, and is chosen by `choice`; a higher one is tried with one
seed. Exam: `loss`, in nats a character, on plays that nobody has read. Chapter: licensed-data.
"""

from functools import cache

import torch

from datawall.evidence import study
from datawall.licences import special, takeover
from datawall.lm import train, tuning
from datawall.lm.model import Config, Transformer

CONTEXT, BASE, READ = 64, 2**18, 2**17


@cache
def texts():
    return special.worlds(context=CONTEXT, windows=512, seed=0)


@cache
def base_model(base, width, seed):
    shape = Config(len(texts().letters), width, context=CONTEXT)
    if base == "nothing":
        return Transformer(shape, seed=seed)
    # The first of the plays are those that are read afterwards.
    text = texts().read({base: READ + BASE + 1}, seed=seed)[READ:]
    return train.fit(train.Job(shape, [BASE], seed=seed), text)


def losses_of_a_base(base, width, way, own, rate, seed):
    torch.set_num_threads(1)
    found, model = texts(), base_model(base, width, seed)
    if way != "all":
        model = takeover.new_letters(model, seed=seed + 1_000)
    if way == "frozen":
        model = takeover.frozen(model)
    text = found.read({"plays": own}, seed=seed).repeat(READ // own)
    text = torch.cat([text, text[:1]])
    peak = rate * train.Recipe().peak(width)
    tuned = tuning.further(model, text, steps=READ // (8 * CONTEXT), rate=peak, seed=seed)
    exams = {"loss": found.exam["plays"], "choice": found.choice["plays"]}
    return {name: train.loss(tuned, windows)["loss"] for name, windows in exams.items()}


def _keep(base, width, way, own, rate, seed):
    if way == "blocks" and base == "nothing":
        return False  # what is drawn anew is new anyway
    if (own == 2**17 and way != "all") or (width == 64 and own == 2**17):
        return False
    if width == 64 and base not in ("nothing", "plays", "music"):
        return False
    rates = (1.0, 3.0, 10.0, 30.0) if way == "frozen" else (0.3, 1.0, 3.0, 10.0)
    return rate in rates[:3] or (rate == rates[3] and seed == 0)  # to see that the grid is wide


STUDY = study.Study(
    grid={
        "seed": tuple(range(5)),
        "base": ("nothing", "plays", "docstrings", "code", "music", "brackets", "shuffled"),
        "width": (32, 64),
        "way": ("all", "blocks", "frozen"),
        "own": (2**15, 2**17),
        "rate": (0.3, 1.0, 3.0, 10.0, 30.0),
    },
    function=losses_of_a_base,
    results=("loss", "choice"),
    tolerance=0.03,
    keep=_keep,
)
