"""Experts and their dense twins, on text that is fresh and on text that is read again and again.

Every arm but one reads 2^17 characters of Shakespeare: `readings` times so many as make that up.
"experts" are 16 in a block, of which a token uses 2 of half the dense model's hidden width, so that
it is multiplied with as many parameters; "one expert" are 8 of the full width, of which it uses
one, as many tutorials build it; in "by character" the character chooses among these 8. "wide" is
dense and has as many parameters in all as they. "longer" is the dense model that reads for as many
seconds as the experts train: more fresh text where text is fresh, else the same text more often.
Each arm is to be judged at its own best weight decay, chosen on other unseen plays than the exam.
All train at one learning rate, found best for dense models. Chapter: sparse-and-retrieving.
"""

import time
from functools import cache

import torch

from datawall.evidence import study
from datawall.lm import experts, train
from datawall.lm.model import Config, Transformer
from datawall.text import corpus

BUDGET, CONTEXT, QUESTIONS = 2**17, 64, 256
LONGER = 1.6  # seconds of the experts beside those of the dense model, for as much text
SHAPES = {
    "dense": {"hidden": 128},
    "longer": {"hidden": 128},
    "wide": {"hidden": 1024},
    "experts": {"hidden": 64, "experts": 16, "active": 2},
    "one expert": {"hidden": 128, "experts": 8},
    "by character": {"hidden": 128, "experts": 8, "routing": "character"},
}


@cache
def _texts():
    """The letters, the plays to train on, and windows to choose by and to examine by."""
    training, unseen = corpus.shakespeare().split(0.2, seed=0)
    letters = corpus.Vocabulary(training.text)
    parts = [letters.encode(part.text) for part in unseen.split(0.5, seed=0)]
    windows = [corpus.windows(part, CONTEXT, QUESTIONS, seed=0) for part in parts]
    return letters, letters.encode(training.text), torch.cat(windows)


def _losses(model, windows):
    choose, exam = (train.loss(model, part)["loss"] for part in windows.split(QUESTIONS))
    return {"choose": choose, "exam": exam}


def losses_and_seconds(seed, readings, arm, decay):
    torch.set_num_threads(1)
    letters, text, windows = _texts()
    shape = Config(len(letters), 32, context=CONTEXT, **SHAPES[arm])
    budget = round(BUDGET * LONGER) if arm == "longer" else BUDGET
    unique = budget if readings == 1 else BUDGET // readings
    learned = shape.experts > 1 and shape.routing == "learned"
    objective = experts.balanced if learned else Transformer.loss
    recipe = train.Recipe(weight_decay=decay)
    job = train.Job(shape, [budget], recipe, unique, objective, seed=seed)
    began = time.process_time()
    (row,) = train.run(job, text, windows, _losses)
    return {"choose": row["choose"], "exam": row["exam"], "busy": time.process_time() - began}


def _keep(readings, decay, **settings):
    """Strong decay is for what is read often."""
    return {1: decay <= 1, 4: decay <= 3, 16: decay >= 1}[readings]


STUDY = study.Study(
    grid={
        "seed": tuple(range(5)),
        "readings": (1, 4, 16),
        "arm": tuple(SHAPES),
        "decay": (0.01, 0.1, 1.0, 3.0, 6.0, 12.0, 24.0),
    },
    function=losses_and_seconds,
    keep=_keep,
    results=("choose", "exam", "busy"),
    # Seconds of a processor: another may be several times as fast.
    tolerance={"choose": (0.02, 0.0), "exam": (0.02, 0.0), "busy": (4.0, 10.0)},
)
