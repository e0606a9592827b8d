"""Who was in it? Attacks on models that have read their rows so many times, and ways to hide.

Four models of `width` each read 1,000 rows of their own and canaries for so many `passes`, and each
is attacked with the other three as references. `clip` is the longest gradient of a row, "none" for
no limit. `epsilon` is what the whole training may spend at a delta of half of one over the rows,
"none" for no noise. Batch and rate are the best of those tried in the study `privacy-knobs`.
`unread`, `choice` and `read` are mean losses in nats a letter. `auc_k` and `caught_k` say how well
an attack with k references tells the model's own rows from unread ones, the latter as the share
caught at one false alarm in a hundred; `bits_n` is the mean exposure of codes met in n copies.
Chapter: private-data.
"""

import torch

from datawall.evidence import study
from datawall.privacy import readers, trials

PASSES = (1, 2, 4, 8, 16, 32)
NOISY = (2, 8, 32)
KNOBS = {
    ("none", "none"): {1: (32, 0.03), 2: (32, 0.01), 4: (32, 0.01), 8: (32, 0.003)}
    | {16: (32, 0.003), 32: (32, 0.001)},
    ("0.5", "none"): {2: (32, 0.03), 8: (32, 0.01), 32: (32, 0.001)},
    ("0.5", "32"): {2: (32, 0.01), 8: (128, 0.01), 32: (128, 0.01)},
    ("0.5", "8"): {2: (32, 0.01), 8: (128, 0.01), 32: (128, 0.01)},
    ("0.5", "2"): {2: (32, 0.01), 8: (128, 0.01), 32: (512, 0.01)},
}  # batch and rate at width 48
OTHERS = {24: (32, 0.01), 96: (32, 0.003)}


def attacked(width, clip, epsilon, seed):
    torch.set_num_threads(1)
    found = readers.gathered(4, 1000, seed=seed)
    wanted = [_keep(width, clip, epsilon, passes, seed) and passes for passes in PASSES]
    knobs = {p: KNOBS[clip, epsilon][p] for p in wanted if p}
    if width != 48:
        knobs = {p: OTHERS[width] for p in knobs}
    made = trials.trained(found, width, clip, epsilon, knobs, seed=seed)
    for passes in wanted:
        yield found.examined(next(made)) if passes else None


def _keep(width, clip, epsilon, passes, seed):
    if epsilon != "none" and clip == "none":
        return False
    if width != 48:
        return passes == 8 and clip == "none"
    return clip == "none" or passes in NOISY


GRID = {
    "width": (24, 48, 96),
    "clip": ("none", "0.5"),
    "epsilon": ("none", "32", "8", "2"),
    "passes": PASSES,
    "seed": tuple(range(5)),
}
LOSSES = ("unread", "choice", "read")
ATTACKS = tuple(f"{what}_{k}" for k in (0, 1, 3) for what in ("auc", "caught"))
BITS = tuple(f"bits_{n}" for n in readers.COPIES)
STUDY = study.Study(
    grid=GRID,
    function=attacked,
    results=(*LOSSES, *ATTACKS, *BITS),
    tolerance={
        **{name: (0.03, 0.0) for name in LOSSES},
        **{name: (0.0, 0.03) for name in ATTACKS},
        **{name: (0.0, 3.0) for name in BITS},
    },
    keep=_keep,
    along="passes",
)
