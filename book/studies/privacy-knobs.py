"""Batch and learning rate for every way to train in the study `privacy`, on other rows.

One model of `width` reads 1,000 rows and its canaries for so many `passes`, with or without its
rows' gradients clipped (`clip`), and with the noise that keeps all of it within `epsilon` (a text,
"none" for no noise). `choice` is its loss, in nats a letter, on rows that nobody reads. Seed 100,
which draws other rows than the seeds of `privacy`. Chapter: private-data.
"""

import torch

from datawall.evidence import study
from datawall.privacy import readers, trials

PASSES = (1, 2, 4, 8, 16, 32)
NOISY = (2, 8, 32)


def losses_by_knobs(width, clip, epsilon, batch, rate, seed):
    torch.set_num_threads(1)
    found = readers.gathered(1, 1000, seed=seed)
    wanted = [_may(width, epsilon, passes) and passes for passes in PASSES]
    made = trials.trained(
        found, width, clip, epsilon, {p: (batch, rate) for p in wanted if p}, seed=seed
    )
    for passes in wanted:
        yield {"choice": trials.loss(next(made)[0], found.choice)} if passes else None


def _may(width, epsilon, passes):
    if width != 48:
        return passes == 8
    return epsilon == "none" or passes in NOISY


def _keep(width, clip, epsilon, batch, rate, passes, seed):
    if not _may(width, epsilon, passes) or (epsilon != "none" and clip == "none"):
        return False
    if (width, epsilon, batch) == (24, "8", 128):
        return rate > 0.001 and clip == "0.5"
    if width != 48:
        return batch == 32 and rate < 0.03 and epsilon in ("none", "8") and clip == WITH[epsilon]
    if epsilon == "none":
        return batch == 32 or (batch == 128 and rate in (0.003, 0.01))
    return (rate, batch) in NOISY_KNOBS


NOISY_KNOBS = ((0.003, 32), (0.01, 32), (0.003, 128), (0.01, 128), (0.01, 512), (0.03, 512))
WITH = {"none": "none", "8": "0.5"}
GRID = {
    "width": (24, 48, 96),
    "clip": ("none", "0.5"),
    "epsilon": ("none", "32", "8", "2"),
    "batch": (32, 128, 512),
    "rate": (0.001, 0.003, 0.01, 0.03),
    "passes": PASSES,
    "seed": (100,),
}
STUDY = study.Study(
    grid=GRID,
    function=losses_by_knobs,
    results=("choice",),
    tolerance=0.03,
    keep=_keep,
    along="passes",
)
