"""Trained on plays, asked on documentation, with a store that can be withdrawn.

A model of width 32 has read 2^20 characters of Shakespeare's plays, which are in the public domain.
Three owners, numpy, scipy and matplotlib, each put a third of `size` characters of their docstrings
into its store. Of each owner o, results are the losses on other files of hers: of the model alone
(none_o), with the store (full_o), with the store after she has withdrawn hers (without_o), and
after a third of everybody's, as many characters, was taken out instead (thinned_o). Over all
owners: `alone` is the loss of the store's votes but for a hundredth that is the model's; `share`
and `k` are the store's knobs, chosen on other files. `trained` is the loss of the model after
training on the store's text too, by the way that is best on those other files; `left` and `before`
are that model's loss on unread plays, after and before. Every seed has its own model, store and
windows. Chapter: licensed-data.
"""

from functools import cache, reduce

import torch

from datawall.evidence import study
from datawall.lm import store, train, tuning
from datawall.lm.model import Config
from datawall.text import corpus
from datawall.text.domains import Domains

CONTEXT, WIDTH, READ, MOST = 64, 32, 2**20, 2**14  # MOST: characters in a ninth of the store
CHOOSE, EXAM, K = 24, 48, 256  # windows of each owner; neighbours that are looked up
OWNERS = ("numpy", "scipy", "matplotlib")
NINTHS = (0, 2**10, 2**12, 2**14)
TEMPERATURES = (0.005, 0.01, 0.02, 0.04)  # of the keys' variance
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
# Readings and rate, in usual ones, for each size: those that are best after plays, and near them.
WAYS = {2**10: ((8, 0.3), (32, 0.1)), 2**12: ((8, 1.0), (8, 0.3)), 2**14: ((8, 1.0), (32, 1.0))}


@cache
def texts():
    kinds = {"plays": corpus.shakespeare()} | {o: corpus.docstrings((o,)) for o in OWNERS}
    return Domains(kinds, context=CONTEXT, windows=5 * EXAM, seed=0)


@cache
def base_model(seed):
    text = texts().read({"plays": READ + 1}, seed=seed)
    return train.fit(train.Job(Config(len(texts().letters), WIDTH), [READ], seed=seed), text)


def asked(windows, count, seed):
    """Windows of all owners, owner after owner, other ones for each seed."""
    return torch.cat([windows[o][seed * count : (seed + 1) * count] for o in OWNERS])


def parts(ninth, seed):
    """Of each owner three texts of so many characters, and one more that is to be predicted."""
    text = texts().read({o: 3 * MOST + 1 for o in OWNERS}, seed=seed).view(3, -1)
    return [[own[i * MOST : i * MOST + ninth + 1] for i in range(3)] for own in text]


def losses_by_size(seed):
    torch.set_num_threads(1)
    model, found = base_model(seed), texts()
    queries, truth = store.contexts(model, choice := asked(found.choice, CHOOSE, seed))
    exam_queries, exam_truth = store.contexts(model, exam := asked(found.exam, EXAM, seed))
    before = train.loss(model, found.exam["plays"])["loss"]
    chances, exam_chances = (store.model_chances(model, x) for x in (choice, exam))
    asks = (queries, truth, chances), (exam_queries, exam_truth, exam_chances)
    for ninth in NINTHS:
        stored = looked_up(model, ninth, asks, seed) if ninth else without_store(exam_chances)
        taught = trained(model, ninth, choice, exam, seed) if ninth else (stored["alone"], before)
        yield stored | {"trained": taught[0], "left": taught[1], "before": before}


def without_store(chances):
    none = dict(zip(OWNERS, by_owner(chances, chances, 0.0), strict=True))
    kinds = ("none", "full", "without", "thinned")
    losses = {f"{kind}_{o}": none[o] for kind in kinds for o in OWNERS}
    return losses | {"alone": store.loss(chances, chances, 0.0), "share": 0.0, "k": 0}


def by_owner(chances, votes, share):
    pairs = zip(chances.view(3, -1), votes.view(3, -1), strict=True)
    return [store.loss(own, vote, share) for own, vote in pairs]


def looked_up(model, ninth, asks, seed):
    keys = [[in_store(model, x) for x in own] for own in parts(ninth, seed)]
    spread = torch.cat([k for own in keys for k, _ in own]).var(0).sum().item()
    (queries, truth, chances), (exam_queries, exam_truth, exam_chances) = asks
    # The neighbours in each owner's first third, and in her other two.
    chosen = nearest(queries, keys)
    grid = {"k": (16, 64, K), "temperature": [spread * x for x in TEMPERATURES]}
    near = together([x for own in chosen for x in own])
    knobs = store.tuned(chances, near, truth, share=SHARES, **grid)
    only = store.tuned(chances, near, truth, share=(0.99,), **grid)
    near = nearest(exam_queries, keys)
    sets = {"full": [x for own in near for x in own], "thinned": [own[1] for own in near]}
    for i, o in enumerate(OWNERS):
        sets[o] = [x for own in near[:i] + near[i + 1 :] for x in own]
    votes = {k: store.chances(together(v), exam_truth, knobs) for k, v in sets.items()}
    losses = {k: by_owner(exam_chances, v, knobs.share) for k, v in votes.items()}
    none = by_owner(exam_chances, exam_chances, 0.0)
    found = {}
    for i, o in enumerate(OWNERS):
        found |= {f"none_{o}": none[i], f"full_{o}": losses["full"][i]}
        found |= {f"without_{o}": losses[o][i], f"thinned_{o}": losses["thinned"][i]}
    full = store.chances(together(sets["full"]), exam_truth, only)
    return found | {
        "alone": store.loss(exam_chances, full, only.share),
        "share": knobs.share,
        "k": knobs.k,
    }


def in_store(model, text):
    return store.contexts(model, corpus.windows(text, CONTEXT, len(text) // CONTEXT, seed=0))


def nearest(queries, keys):
    found = []
    for own in keys:
        thirds = []
        for some in (own[:1], own[1:]):
            part = store.Store(WIDTH)
            for i, (key, value) in enumerate(some):
                part.add(str(i), key, value)
            thirds.append(part.nearest(queries, K))
        found.append(thirds)
    return found


def together(found):
    return reduce(lambda one, other: store.nearer(one, other, K), found)


def trained(model, ninth, choice, exam, seed):
    text = torch.cat([x[:-1] for own in parts(ninth, seed) for x in own])
    best = None
    for readings, rate in WAYS[ninth]:
        again = torch.cat([text.repeat(readings), text[:1]])
        steps = len(text) * readings // (8 * CONTEXT)
        peak = rate * train.Recipe().peak(WIDTH)
        tuned = tuning.further(model, again, steps=steps, rate=peak, seed=seed)
        on_choice = train.loss(tuned, choice)["loss"]
        if best is None or on_choice < best[0]:
            best = on_choice, tuned
    tuned = best[1]
    return train.loss(tuned, exam)["loss"], train.loss(tuned, texts().exam["plays"])["loss"]


KINDS = ("none", "full", "without", "thinned")
STUDY = study.Study(
    grid={"seed": tuple(range(5)), "size": tuple(9 * x for x in NINTHS)},
    function=losses_by_size,
    results=(
        *(f"{kind}_{o}" for kind in KINDS for o in OWNERS),
        *("alone", "share", "k", "trained", "left", "before"),
    ),
    tolerance={f"{kind}_{o}": (0.03, 0.0) for kind in KINDS for o in OWNERS}
    | {name: (0.03, 0.0) for name in ("alone", "trained", "left", "before")}
    | {"share": (0.0, 0.31), "k": (0.0, 241.0)},
    along="size",
)
