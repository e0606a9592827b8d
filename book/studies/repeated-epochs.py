"""How much is lost when a text is read again instead of more text: 945 small models.

Every run reads `tokens` characters of Shakespeare: `epochs` times the same ones, drawn at random
from the training plays. Compared at equal tokens, and so at equal compute. The chapter
repeated-epochs draws its lesson over these rows.
"""

from functools import cache

import torch

from datawall.evidence import study
from datawall.lm import train
from datawall.lm.model import Config
from datawall.text import corpus

CONTEXT = 64


@cache
def _texts():
    training, held_out = corpus.shakespeare().split(seed=0)
    letters = corpus.Vocabulary(training.text)
    exam = corpus.windows(letters.encode(held_out.text), CONTEXT, 512, seed=0)
    return letters.encode(training.text), exam, len(letters)


def loss_on_unseen_plays(width, weight_decay, tokens, epochs, seed):
    text, exam, vocab = _texts()
    shape = Config(vocab, width, layers=1, context=CONTEXT)
    recipe = train.Recipe(weight_decay=weight_decay, warmup=20)
    job = train.Job(shape, [tokens], recipe, seed=seed, unique=tokens // epochs)
    torch.set_num_threads(1)
    (row,) = train.run(job, text, exam)
    return {"params": row["params"], "loss": row["loss"]}


STUDY = study.Study(
    grid={
        "width": (16, 32, 64),
        "weight_decay": (0.1, 1.0, 3.0),
        "tokens": (2**16, 2**17, 2**18),
        "epochs": (1, 2, 4, 8, 16, 32, 64),
        "seed": tuple(range(5)),
    },
    function=loss_on_unseen_plays,
    results=("params", "loss"),
    tolerance=0.02,
)
