"""What a licence filter costs where all text would be read.

A sample of 2^16 characters of the pool: docstrings of the packages that the book imports, help
pages of data sets, plays (`licences.pool`). `kept` names the filter; what it leaves is read again
and again by a model of width 32, until it has read `read` characters. With `control` "as many" the
same number of characters is drawn from the whole pool instead. Exam: the loss on unread documents
of each group of licences, and `loss`, their mean weighted by the groups' shares of the pool. The
number of readings is chosen by `choice`, the same on other documents. `size` is what is left of
the sample, in characters. Chapter: licensed-data.
"""

from functools import cache

import torch

from datawall.evidence import study
from datawall.licences import pool
from datawall.lm import train
from datawall.lm.model import Config

CONTEXT, WIDTH, SAMPLE = 64, 32, 2**16
NAMES = {name: name.replace(" ", "_") for name in pool.GROUPS}


@cache
def texts():
    return pool.domains(context=CONTEXT, windows=256, seed=0)


def losses_of_a_filter(kept, control, seed):
    torch.set_num_threads(1)
    found, sizes = texts()
    left = pool.amounts(sizes, SAMPLE, pool.FILTERS[kept])
    size = sum(left.values())
    if control == "as many":
        left = pool.fewer(pool.amounts(sizes, SAMPLE), size)
    text = found.read(left, seed=seed)
    shares = {name: n / sum(sizes.values()) for name, n in sizes.items()}

    def measure(model, _):
        each = {name: train.loss(model, x)["loss"] for name, x in found.exam.items()}
        choice = {name: train.loss(model, x)["loss"] for name, x in found.choice.items()}
        means = {"loss": each, "choice": choice}
        means = {k: sum(shares[name] * x for name, x in v.items()) for k, v in means.items()}
        return means | {NAMES[name]: x for name, x in each.items()}

    job = train.Job(
        Config(len(found.letters), WIDTH, context=CONTEXT),
        list(GRID["read"]),
        unique=len(text) - 1,
        seed=seed,
    )
    for row in train.run(job, text, found.exam["readable"], measure):
        yield {name: row[name] for name in ("loss", "choice", *NAMES.values())} | {"size": size}


def _keep(kept, control, seed, read):
    return control == "filter" or kept not in ("everything", "permissive, by any field")


GRID = {
    "seed": tuple(range(5)),
    "kept": tuple(pool.FILTERS),
    "control": ("filter", "as many"),
    "read": (2**15, 2**16, 2**17, 2**18),
}
STUDY = study.Study(
    grid=GRID,
    function=losses_of_a_filter,
    results=("loss", "choice", *NAMES.values(), "size"),
    tolerance={name: (0.03, 0.0) for name in ("loss", "choice", *NAMES.values())}
    | {"size": (0.01, 0.0)},
    keep=_keep,
    along="read",
)
