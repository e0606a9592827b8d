"""What privacy costs, by how many rows there are and by what the model read before.

A model reads so many `rows` of plays for eight passes within `epsilon` ("none" for no noise), from
scratch or after 8,000 rows of public text, the docstrings of three packages, read four times
(`start`). `unread` is its loss, in nats a letter, on other rows of the same plays. `batch`, the
rows expected in a step, and `rate` are tried on seed 100 alone, for each arm and number of rows, on
rows kept for that, and `choice` is the loss there; the other seeds take the best. Chapter:
private-data.
"""

from functools import cache

import torch

from datawall.evidence import study
from datawall.evidence.seeds import independent
from datawall.privacy import accounting, letters, private, readers, trials
from datawall.privacy.private import Knobs
from datawall.text import corpus

PASSES, PUBLIC = 8, 8_000
CLIP = 0.5
# Pairs of batch and rate. With noise a larger number of rows bears a larger batch.
PLAIN = {(batch, rate) for batch in (16, 32, 128) for rate in (0.001, 0.003, 0.01)}
PLAIN |= {(8, 0.001), (8, 0.003)}
BATCHES = {500: (32, 64, 128), 1500: (64, 128, 256), 4500: (64, 128, 256, 512)}
BEST = {
    ("scratch", "none", 500): (16, 0.003),
    ("scratch", "none", 1500): (16, 0.003),
    ("scratch", "none", 4500): (16, 0.003),
    ("scratch", "8", 500): (64, 0.01),
    ("scratch", "8", 1500): (128, 0.01),
    ("scratch", "8", 4500): (512, 0.03),
    ("public", "none", 500): (32, 0.003),
    ("public", "none", 1500): (32, 0.003),
    ("public", "none", 4500): (16, 0.003),
    ("public", "8", 500): (64, 0.003),
    ("public", "8", 1500): (256, 0.01),
    ("public", "8", 4500): (512, 0.01),
}


@cache
def public(seed):
    """A model that has read docstrings."""
    vocabulary, _ = readers.plays()
    text = corpus.docstrings(("numpy", "scipy", "sklearn")).text
    rows = corpus.windows(vocabulary.encode(text), readers.LENGTH, PUBLIC, seed=seed)
    fresh = letters.drawn(letters.Shape(len(vocabulary)), seed=seed)
    (found,) = private.readings(fresh, rows, [4], Knobs(64, 0.003), seed=seed)
    return found


def losses_of_a_model(start, epsilon, rows, batch, rate, seed):
    torch.set_num_threads(1)
    weights, order = independent([seed, 2], 2)
    found = readers.gathered(1, rows, seed=seed)
    read = found.own[0]
    if start == "public":
        fresh = public(seed)
    else:
        fresh = letters.drawn(letters.Shape(len(found.vocabulary)), seed=weights)
    how = Knobs(batch, rate)
    if epsilon != "none":
        steps = private.steps(PASSES, rows, batch)
        noise = accounting.noise_for(float(epsilon), trials.delta(rows), batch / rows, steps)
        how = Knobs(batch, rate, CLIP, noise)
    (model,) = private.readings(fresh, read, [PASSES], how, seed=order)
    return {"unread": trials.loss(model, found.unread), "choice": trials.loss(model, found.choice)}


def _keep(start, epsilon, rows, batch, rate, seed):
    if seed != 100:
        return (batch, rate) == BEST.get((start, epsilon, rows))
    if epsilon == "none":
        return (batch, rate) in PLAIN
    return batch in BATCHES[rows] and rate > 0.001


GRID = {
    "start": ("scratch", "public"),
    "epsilon": ("none", "8"),
    "rows": (500, 1500, 4500),
    "batch": (8, 16, 32, 64, 128, 256, 512),
    "rate": (0.001, 0.003, 0.01, 0.03),
    "seed": (100, 0, 1, 2, 3, 4),
}
STUDY = study.Study(
    grid=GRID,
    function=losses_of_a_model,
    results=("unread", "choice"),
    tolerance=0.03,
    keep=_keep,
)
