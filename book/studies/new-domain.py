"""A model of plays meets docstrings: fine-tune it, give it a store, or both.

A model that has read 2^18 characters of Shakespeare gets `given` characters of another domain.
Results are losses on docstrings of unseen files: with a store of them ("store"); after fine-tuning
on them ("tuned"); after fine-tuning, with a store whose keys the tuned model made ("both"); and of
a model that has read nothing else ("scratch"). "alone" is the model that was given nothing. Rates
and epochs of tuning, epochs from scratch, and each store's knobs are chosen on other unseen files
than the exam's. The alphabet is that of both domains. Chapter: sparse-and-retrieving.
"""

from functools import cache

import torch

from datawall.evidence import study
from datawall.lm import store, train, tuning
from datawall.lm.model import Config
from datawall.text import corpus

CONTEXT, CHOOSE, EXAM, READ = 64, 16, 32, 2**18
EPOCHS = {2**12: (4, 16), 2**14: (2, 8), 2**16: (1, 4), 2**18: (1,)}
RATES = (2e-3, 6e-3)
GRID = {"k": (16, 64, 256), "share": (0.05, *(x / 10 for x in range(1, 10)), 0.95)}
TEMPERATURES = (0.005, 0.01, 0.02, 0.04)  # of the keys' variance


@cache
def _texts():
    """The letters, the plays, docstrings to be given, and those to choose and to examine by."""
    given, unseen = corpus.docstrings(("scipy", "sklearn")).split(0.2, seed=0)
    plays = corpus.shakespeare()
    letters = corpus.Vocabulary(plays.text + given.text)
    parts = (plays, given, *unseen.split(0.5, seed=0))
    return letters, *(letters.encode(part.text) for part in parts)


@cache
def _model(seed):
    letters, plays, *_ = _texts()
    return train.fit(train.Job(Config(len(letters), 32, context=CONTEXT), [READ], seed=seed), plays)


def _tuned(model, text, epochs, rate, seed):
    steps = len(text) * epochs // (8 * CONTEXT) - 1
    return tuning.further(model, text.repeat(epochs), steps=steps, rate=rate, seed=seed)


def _scratch(text, epochs, seed):
    letters, budget = _texts()[0], len(text) * epochs // 512 * 512
    unique = (len(text) - 1) // CONTEXT * CONTEXT
    recipe = train.Recipe(warmup=min(40, budget // 512 // 4))
    shape = Config(len(letters), 32, context=CONTEXT)
    return train.fit(train.Job(shape, [budget], recipe, unique, seed=seed), text)


def _with_store(model, text, choose, exam):
    """Loss on the exam of a model with a store of this text."""
    windows = corpus.windows(text, CONTEXT, (len(text) - 1) // CONTEXT, seed=0)
    keys, values = store.contexts(model, windows)
    grown = store.Store(32)
    grown.add("text", keys, values)
    spread = keys.var(0).sum().item()
    grid = GRID | {"temperature": [spread * x for x in TEMPERATURES]}
    knobs = None
    for asked in (choose, exam):
        queries, truth = store.contexts(model, asked)
        found = grown.nearest(queries, max(GRID["k"]))
        alone = store.model_chances(model, asked)
        knobs = knobs or store.tuned(alone, found, truth, **grid)
    return store.loss(alone, store.chances(found, truth, knobs), knobs.share)


def losses_on_docstrings(seed, given):
    torch.set_num_threads(1)
    _, _, text, *parts = _texts()
    choose, exam = (
        corpus.windows(part, CONTEXT, count, seed=seed)
        for part, count in zip(parts, (CHOOSE, EXAM), strict=True)
    )
    # A piece of its own for each seed, in one go, as somebody would give it.
    start = (len(text) - given - 1) * seed // 5
    own, model = text[start : start + given + 1], _model(seed)

    def best(models):
        return min(models, key=lambda one: train.loss(one, choose)["loss"])

    tuned = best([_tuned(model, own, e, r, seed) for e in EPOCHS[given] for r in RATES])
    scratch = best([_scratch(own, e, seed) for e in EPOCHS[given]])
    alone = {"alone": model, "tuned": tuned, "scratch": scratch}
    return {name: train.loss(one, exam)["loss"] for name, one in alone.items()} | {
        "store": _with_store(model, own, choose, exam),
        "both": _with_store(tuned, own, choose, exam),
    }


STUDY = study.Study(
    grid={"seed": tuple(range(5)), "given": tuple(EPOCHS)},
    function=losses_on_docstrings,
    results=("alone", "store", "tuned", "both", "scratch"),
    tolerance=0.03,
)
