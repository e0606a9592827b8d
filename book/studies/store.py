"""A nearest-neighbour language model: what a store of text is worth, by its size.

Dense models of two widths have read 2^18 characters of Shakespeare and look things up in stores of
growing size: of "other" plays' text, which they haven't read, or of their "own" training text. Two
more have read 2^20 characters, and one is wider; these have no store. The store of no characters is
the model alone. The three knobs (how many neighbours, temperature, share) are chosen anew for every
model and store on other unseen plays than the exam. "neighbours" is the loss of their votes alone,
but for a hundredth that is the model's. Every seed has a model, a store and windows of the exam of
its own. Chapter: sparse-and-retrieving.
"""

from functools import cache
from itertools import pairwise

import torch

from datawall.evidence import study
from datawall.lm import store, train
from datawall.lm.model import Config
from datawall.text import corpus

CONTEXT, CHOOSE, EXAM = 64, 12, 24
USUAL, MORE = 2**18, 2**20
SIZES = (0, 2**14, 2**16, 2**18, 2**20)
K, TEMPERATURES = (64, 256, 1024), (0.005, 0.01, 0.02, 0.04)  # temperatures: of the keys' variance
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@cache
def _texts():
    training, unseen = corpus.shakespeare().split(0.2, seed=0)
    letters = corpus.Vocabulary(training.text)
    return (
        letters,
        letters.encode(training.text),
        [letters.encode(part.text) for part in unseen.split(0.5, seed=0)],
    )


@cache
def _model(width, read, seed):
    letters, text, _ = _texts()
    job = train.Job(Config(len(letters), width, context=CONTEXT), [read], seed=seed)
    return train.fit(job, text)


def _stored(source, read, seed):
    """Windows to be stored: those that the model has read, in its order, or those after them."""
    _, text, _ = _texts()
    shuffled = corpus.windows(text, CONTEXT, (read + MORE) // CONTEXT, seed=seed)
    return shuffled if source == "own" else shuffled[read // CONTEXT :]


def losses_by_size(seed, width, read, source):
    torch.set_num_threads(1)
    model, (_, _, parts) = _model(width, read, seed), _texts()
    asked = [
        corpus.windows(part, CONTEXT, count, seed=seed)
        for part, count in zip(parts, (CHOOSE, EXAM), strict=True)
    ]
    queries, truth = store.contexts(model, torch.cat(asked))
    alone = store.model_chances(model, torch.cat(asked))
    first, rest = slice(CHOOSE * CONTEXT), slice(CHOOSE * CONTEXT, None)
    base = store.loss(alone[rest], alone[rest], 0.0)
    yield {"loss": base, "neighbours": base, "share": 0, "k": 0, "temperature": 0}
    windows, found, spread = _stored(source, read, seed), None, 0.0
    for before, size in pairwise(SIZES):
        added = windows[before // CONTEXT : size // CONTEXT]
        keys, values = store.contexts(model, added)
        spread = keys.var(0).sum().item() if found is None else spread
        grown = store.Store(width)
        grown.add("text", keys, values)
        nearest = grown.nearest(queries, max(K))
        found = nearest if found is None else store.nearer(found, nearest, max(K))
        part = [store.Neighbours(*(x[where] for x in found)) for where in (first, rest)]
        grid = {"k": K, "temperature": [spread * x for x in TEMPERATURES]}
        knobs = store.tuned(alone[first], part[0], truth[first], share=SHARES, **grid)
        only = store.tuned(alone[first], part[0], truth[first], share=(0.99,), **grid)
        votes = [store.chances(part[1], truth[rest], x) for x in (knobs, only)]
        yield {
            "loss": store.loss(alone[rest], votes[0], knobs.share),
            "neighbours": store.loss(alone[rest], votes[1], only.share),
            "share": knobs.share,
            "k": knobs.k,
            "temperature": knobs.temperature / spread,
        }


def _keep(width, read, source, size, **settings):
    """A model that is wide or has read more needs no store; what one has read fills three."""
    if width == 128:
        return read == USUAL and source == "other" and size == 0
    if source == "own":
        return width == 32 and read == USUAL and 0 < size <= USUAL
    return read == USUAL or size == 0


STUDY = study.Study(
    grid={
        "seed": tuple(range(5)),
        "width": (32, 64, 128),
        "read": (USUAL, MORE),
        "source": ("other", "own"),
        "size": SIZES,
    },
    function=losses_by_size,
    results=("loss", "neighbours", "share", "k", "temperature"),
    tolerance={
        "loss": (0.02, 0.0),
        "neighbours": (0.03, 0.0),
        "share": (0.0, 0.31),  # flat near its best, so that a rounding may move it
        "k": (0.0, 970.0),
        "temperature": (0.0, 0.04),
    },
    keep=_keep,
    along="size",
)
