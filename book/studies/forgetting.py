"""Forgetting rows by gradient ascent, by reading on, and by training without them.

Three models each read 1,000 rows of their own and canaries eight times; then each is to forget
`asked` of its rows, in one of these ways: "trained anew", without them, from the same start;
"ascent" until they are as hard for it as rows kept for that were before; "reading on" for
two passes through the others; "ascent, then reading on" for one pass. `unread`, `kept` and
`gone` are mean losses, in nats a letter, on rows that no model read, on those it keeps and on those
it was to forget; `steps` are those of ascent. `rate` is that of ascent, tried on seed 100 alone,
which draws other rows; the other seeds take the one that adds least to `unread` there, over both
numbers of rows. `auc_k` tells the forgotten rows from unread ones with k references; `odd_k` does
so by how far a row's score lies from the middle of the unread rows' scores, on either side.
Chapter: private-data.
"""

from functools import cache

import numpy as np
import torch

from datawall.evidence import study
from datawall.evidence.seeds import independent
from datawall.privacy import forgetting, letters, membership, private, readers, trials
from datawall.privacy.private import Knobs

MODELS, PASSES, MORE = 3, 8, 2
KNOBS = Knobs(32, 0.003)
RATE = 0.0001  # of ascent


@cache
def started(seed):
    """The readers, their models, and the seeds from which each began."""
    torch.set_num_threads(1)
    found = readers.gathered(MODELS, 1000, seed=seed)
    seeds = independent([seed, 3], 2 * MODELS)
    models = [_trained(found, found.rows(i), seeds[2 * i : 2 * i + 2]) for i in range(MODELS)]
    return found, models, seeds


def _trained(found, rows, seeds):
    fresh = letters.drawn(letters.Shape(len(found.vocabulary)), seed=seeds[0])
    (model,) = private.readings(fresh, rows, [PASSES], KNOBS, seed=seeds[1])
    return model


def forgotten(way, asked, rate, seed):
    found, models, seeds = started(seed)
    level = np.mean([trials.loss(model, found.choice) for model in models])
    results = []
    for i, model in enumerate(models):
        rows = found.rows(i)
        gone, kept = rows[:asked], rows[asked:]
        after, steps = model, 0
        if way == "trained anew":
            after = _trained(found, kept, seeds[2 * i : 2 * i + 2])
        if "ascent" in way:
            after, steps = forgetting.ascended(model, gone, float(level), rate)
        if "reading on" in way:
            passes = 1 if "ascent" in way else MORE
            after = forgetting.went_on(after, kept, passes, KNOBS, seed=seeds[2 * i] + 1)
        others = [models[(i + step) % MODELS] for step in (1, 2)]
        results.append(
            {
                "unread": trials.loss(after, found.unread),
                "kept": trials.loss(after, found.own[i][asked:]),
                "gone": trials.loss(after, gone),
                "steps": steps,
                **_attacked(after, others, gone, found.unread),
            }
        )
    return {name: float(np.mean([one[name] for one in results])) for name in results[0]}


def _attacked(model, others, gone, unread):
    """AUC with no and with two references, of the score and of its distance from the middle."""
    own, apart = (letters.losses(model, rows).numpy() for rows in (gone, unread))
    scores = {0: (-own, -apart)}
    references = [
        np.array([letters.losses(m, rows).numpy() for m in others]) for rows in (gone, unread)
    ]
    scores[2] = tuple(map(membership.calibrated, (own, apart), references))
    found = {}
    for k, (read, free) in scores.items():
        found[f"auc_{k}"] = membership.auc(read, free)
        middle = np.median(free)
        found[f"odd_{k}"] = membership.auc(abs(read - middle), abs(free - middle))
    return found


def _keep(way, asked, rate, seed):
    if "ascent" not in way:
        return rate is None and seed != 100
    if seed == 100:
        return rate is not None and way == "ascent"
    return rate == RATE


GRID = {
    "way": ("none", "trained anew", "ascent", "reading on", "ascent, then reading on"),
    "asked": (8, 64),
    "rate": (None, 0.00003, 0.0001, 0.0003, 0.001),
    "seed": (100, 0, 1, 2, 3, 4),
}
LOSSES = ("unread", "kept", "gone")
AREAS = ("auc_0", "odd_0", "auc_2", "odd_2")
STUDY = study.Study(
    grid=GRID,
    function=forgotten,
    results=(*LOSSES, "steps", *AREAS),
    tolerance={
        **{name: (0.03, 0.0) for name in LOSSES},
        "steps": (0.3, 2.0),
        **{name: (0.0, 0.06) for name in AREAS},
    },
    keep=_keep,
)
