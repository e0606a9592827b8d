"""Forgetting a play: out of a store, and out of weights.

For each play that was held out, a piece of its first half is what somebody may withdraw, and its
second half is the exam. `weights` says whether the model has read that piece: "with" it has, beside
2^17 characters of other plays, and "without" it has read as many more of those in its place.
Results are the loss on the second half by the model alone ("none"), with a store of 2^17 characters
of further plays ("general"), with the piece added to that store ("both"), and with a store of the
piece alone ("only"). The knobs of a store are chosen on the second half of another held-out play,
with the piece of that play in the store. Chapter: sparse-and-retrieving.
"""

from functools import cache

import numpy as np
import torch

from datawall.evidence import study
from datawall.lm import store, train
from datawall.lm.model import Config
from datawall.text import corpus

CONTEXT, CHOOSE, EXAM = 64, 8, 24
READ, PIECE, BLOCK = 2**17, 40_960, 4_096
GRID = {"k": (64, 256), "share": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)}
TEMPERATURES = (0.01, 0.02, 0.04)  # of the keys' variance
PLAYS = 8


@cache
def _texts():
    """The letters, the plays to train on, and each held-out play, in two halves."""
    training, unseen = corpus.shakespeare().split(0.2, seed=0)
    letters = corpus.Vocabulary(training.text)
    plays = [letters.encode(text) for text in unseen.documents.values()]
    return letters, letters.encode(training.text), [play.tensor_split(2) for play in plays]


@cache
def _shuffled(seed):
    """The training plays in blocks, shuffled: what comes first is read, what comes late stored."""
    _, text, _ = _texts()
    blocks = text[: len(text) // BLOCK * BLOCK].view(-1, BLOCK)
    order = np.random.default_rng(seed).permutation(len(blocks))
    return blocks[torch.from_numpy(order)].flatten()


@cache
def _model(play, seed):
    """A model that has read a play's piece, or with None as many characters of other plays."""
    letters, _, plays = _texts()
    own = _shuffled(seed)[READ : READ + PIECE] if play is None else plays[play][0][:PIECE]
    read = torch.cat([_shuffled(seed)[:READ], own, own[:1]])  # one more, which is to be predicted
    shape = Config(len(letters), 32, context=CONTEXT)
    return train.fit(train.Job(shape, [READ + PIECE], seed=seed), read)


def _asked(model, play, count, seed):
    windows = corpus.windows(_texts()[2][play][1], CONTEXT, count, seed=seed)
    queries, truth = store.contexts(model, windows)
    return queries, truth, store.model_chances(model, windows)


def _piece(model, play):
    return store.contexts(model, _windows(_texts()[2][play][0][: PIECE + 1]))


def _windows(text):
    return corpus.windows(text, CONTEXT, (len(text) - 1) // CONTEXT, seed=0)


def losses_on_a_second_half(seed, play, weights):
    torch.set_num_threads(1)
    model, other = _model(play if weights == "with" else None, seed), (play + 1) % PLAYS
    late = _shuffled(seed)[-READ - 1 :]
    keys, values = store.contexts(model, _windows(late))
    spread = keys.var(0).sum().item()
    grid = GRID | {"temperature": [spread * x for x in TEMPERATURES]}
    most = max(GRID["k"])
    general, only = store.Store(32), store.Store(32)
    general.add("plays", keys, values)
    knobs, found = {}, {}
    for asked, count in ((other, CHOOSE), (play, EXAM)):
        queries, truth, alone = _asked(model, asked, count, seed)
        only.add("piece", *_piece(model, asked))
        near = {"general": general.nearest(queries, most), "only": only.nearest(queries, most)}
        near["both"] = store.nearer(near["general"], near["only"], most)
        only.remove("piece")
        if asked == other:
            for kind in ("only", "both"):
                knobs[kind] = store.tuned(alone, near[kind], truth, **grid)
            knobs["general"] = knobs["both"]  # so that nothing differs but the piece
        else:
            found = {
                kind: store.loss(alone, store.chances(near[kind], truth, own), own.share)
                for kind, own in knobs.items()
            }
    return found | {"none": store.loss(alone, alone, 0.0)}


STUDY = study.Study(
    grid={
        "seed": tuple(range(5)),
        "play": tuple(range(PLAYS)),
        "weights": ("without", "with"),
    },
    function=losses_on_a_second_half,
    results=("none", "general", "both", "only"),
    tolerance=0.02,
)
