"""Batch and learning rate for every way to train in the study `privacy`, on other rows.

One model of `width` reads 1,000 rows and its canaries for so many `passes`, with or without its
rows' gradients clipped (`clip`), and with the noise that keeps all of it within `epsilon` (a text,
"none" for no noise). `choice` is its loss, in nats a letter, on rows that nobody reads. Seed 100,
which draws other rows than the seeds of `privacy`. Epsilon 8 has two further lengths to clip to.
Chapter: private-data.
"""

import torch

from datawall.evidence import study
from datawall.privacy import readers, trials

PASSES = (1, 2, 4, 8, 16, 32, 64)
NOISY = (2, 8, 32)
# Pairs of batch and rate. The more passes, the lower the rates that are worth a try.
PLAIN = {(32, 0.001), (32, 0.003), (32, 0.01), (32, 0.03), (128, 0.003), (128, 0.01)}
LONGER = {16: PLAIN | {(32, 0.0003)}, 32: PLAIN | {(32, 0.0003), (128, 0.001)}}
LONGER |= {64: {(32, 0.0003), (32, 0.001), (128, 0.001), (128, 0.003)}}
HIDDEN = {(32, 0.003), (32, 0.01), (128, 0.003), (128, 0.01), (512, 0.01), (512, 0.03)}
OTHER_WIDTHS = {(32, 0.001), (32, 0.003), (32, 0.01)}
NARROW = OTHER_WIDTHS | {(128, 0.003), (128, 0.01), (128, 0.03)}


def losses_by_knobs(width, clip, epsilon, batch, rate, seed):
    torch.set_num_threads(1)
    found = readers.gathered(1, 1000, seed=seed)
    wanted = [p if _keep(width, clip, epsilon, batch, rate, p, seed) else None for p in PASSES]
    made = trials.trained(
        found, width, clip, epsilon, {p: (batch, rate) for p in wanted if p}, seed=seed
    )
    for passes in wanted:
        yield {"choice": trials.loss(next(made)[0], found.choice)} if passes else None


def _keep(width, clip, epsilon, batch, rate, passes, seed):
    how = batch, rate
    if clip in ("0.1", "2.0"):  # is one half a good length?
        return (width, epsilon, how) == (48, "8", (128, 0.01)) and passes in (8, 32)
    if width != 48:
        tried = NARROW if (width, epsilon) == (24, "8") else OTHER_WIDTHS
        return passes == 8 and how in tried and (clip, epsilon) in (("none", "none"), ("0.5", "8"))
    if epsilon != "none":
        return clip == "0.5" and passes in NOISY and how in HIDDEN
    if clip == "none":
        return how in LONGER.get(passes, PLAIN)
    return how in PLAIN and passes <= 32


GRID = {
    "width": (24, 48, 96),
    "clip": ("none", "0.1", "0.5", "2.0"),
    "epsilon": ("none", "32", "8", "2"),
    "batch": (32, 128, 512),
    "rate": (0.0003, 0.001, 0.003, 0.01, 0.03),
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
