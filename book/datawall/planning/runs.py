"""The experiment of the last chapter: little text, several levers, held-out plays.

Every run has `amount` letters of Shakespeare's plays and what lies beside them. Its members differ
in their weights and in the order of what they read; averaged, their chances are an ensemble's.
Chapter: planner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from datawall import validate
from datawall.lm import train, validation
from datawall.lm.model import Config, Transformer
from datawall.planning.targets import AveragedTargets
from datawall.text import corpus, domains

CONTEXT, WINDOWS = 64, 512
OTHERS = 2**19  # letters of other plays that the teacher has read
KINDS = ("plays", "plays and code", "plays and shuffled code", "plays and others'")
MEMBERS = (1, 2, 4)
RATE = 7e-3  # of width 64; a narrower model has more, as `train.Recipe` scales it


@cache
def texts() -> domains.Domains:
    """Plays and, as a pool's junk, source code: to read, to choose settings on, and an exam."""
    kinds = {"plays": corpus.shakespeare(), "code": corpus.sources(("scipy",))}
    return domains.Domains(kinds, context=CONTEXT, windows=WINDOWS, seed=0)


def text(kind: str, amount: int, *, seed: int) -> Tensor:
    """Token ids of `amount` letters of plays and of what the kind puts beside them.

    kind: one of KINDS. "plays and code" has as many letters of code, "plays and shuffled code" the
    same letters in random order, "plays and others'" the text that the teacher of this seed has
    read. One letter more than full windows need is given, so that all windows are read. With one
    seed a smaller amount is the beginning of a larger one.
    """
    validate.choice("kind", kind, KINDS)
    validate.whole("amount", amount)
    if kind == "plays":
        return texts().read({"plays": amount + 1}, seed=seed)
    if kind == "plays and others'":
        return texts().read({"plays": amount + OTHERS + 1}, seed=seed)
    both = texts().read({"plays": amount, "code": amount + 1}, seed=seed)
    if kind == "plays and shuffled code":
        order = np.random.default_rng([seed, 2]).permutation(len(both) - amount)
        both = torch.cat([both[:amount], both[amount:][torch.from_numpy(order)]])
    return both


def others(amount: int, *, seed: int) -> Tensor:
    """Token ids of the plays that follow the first `amount` letters: what a teacher reads."""
    return texts().read({"plays": amount + OTHERS + 1}, seed=seed)[amount:]


def shape(width: int) -> Config:
    """The model of that width: one layer, and the alphabet of all that may be read."""
    return Config(len(texts().letters), width, layers=1, context=CONTEXT)


def recipe(decay: float, rate: float = RATE) -> train.Recipe:
    """How all models are trained, with a weight decay and a learning rate, that of width 64."""
    return train.Recipe(batch=4, rate=rate, warmup=20, weight_decay=decay)


def fitted(width: int, read: Tensor, tokens: int, decay: float, *, seed: int) -> Transformer:
    """A model that has read all windows of a text, again and again, up to `tokens` letters."""
    job = train.Job(shape(width), [tokens], recipe(decay), len(read) - 1, seed=seed)
    return train.fit(job, read)


def losses(
    read: Tensor,
    budgets: Sequence[int],
    *,
    width: int = 32,
    decay: float = 0.1,
    rate: float = RATE,
    teachers: Sequence[Transformer] = (),
    members: int = MEMBERS[-1],
    seed: int,
) -> xr.Dataset:
    """What members lose on the held-out plays, alone and averaged: choice and exam (tokens, K).

    read: token ids, all of whose windows are read. budgets: letters read, ascending. teachers:
    models whose averaged opinion is learnt in place of the letters. members: models trained, each
    from a seed of its own. K counts the models that are averaged, one, two or four and at most
    `members`: of all groups of so many, in their order, the mean loss in nats a letter.
    """
    validate.whole("members", members)
    objective = {"objective": AveragedTargets(teachers)} if teachers else {}

    def job(seed):
        about = shape(width), list(budgets), recipe(decay, rate), len(read) - 1
        config, tokens, how, unique = about
        return train.Job(config, tokens, how, unique, seed=seed, **objective)

    plays = {"choice": texts().choice["plays"], "exam": texts().exam["plays"]}
    windows, measure = validation.chances(**plays)
    own = [1000 * seed + number for number in range(members)]
    found = train.sweep(job, read, windows, measure, seeds=own, workers=1)
    sizes = [k for k in MEMBERS if k <= members]
    parts = [averaged(found[list(plays)], size) for size in sizes]
    return xr.concat(parts, xr.Variable("K", sizes))


def averaged(chances: xr.Dataset, size: int) -> xr.Dataset:
    """Loss of ensembles of `size` members, in nats: mean over groups of so many, in their order.

    chances: what each member (seed) gave each right answer (answer), with other dimensions. Raises
    ValueError where the groups don't come out even.
    """
    count = chances.sizes["seed"]
    if count % size:
        raise ValueError(f"{count} members make no groups of {size}: give a multiple of it")
    groups = chances.coarsen(seed=size).mean()
    return -np.log(groups).mean(["seed", "answer"])


def columns(found: xr.Dataset, tokens: int) -> Mapping[str, float]:
    """One budget's losses as a study keeps them: choice_1, exam_1, choice_2 and so on."""
    at = found.sel(tokens=tokens)
    return {f"{name}_{k}": float(at[name].sel(K=k)) for k in at.K.values for name in at.data_vars}
