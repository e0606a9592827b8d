"""Train one model to stated token budgets, or several models at once (chapter: scaling-laws).

One thread a process, processes over jobs: on models this small a second thread costs time, and
with one the same seed gives the same loss to the last digit whatever the number of cores.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import joblib
import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from datawall import validate
from datawall.evidence.replicate import over_grid
from datawall.lm.model import Config, Transformer
from datawall.lm.threads import one_thread
from datawall.text import corpus

ABOUT = ("params", "tokens", "seed", "seconds")  # what a row says beside its measures


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: AdamW, linear warm-up, constant rate, linear decay to zero.

    batch: windows a step. rate: peak learning rate at width 64; other widths get rate x 64 / width,
    as found best on plays kept apart from the book's validation plays. warmup: steps. decay: share
    of a budget's steps over which the rate falls to zero. weight_decay: AdamW's, on matrices only.
    clip: largest norm of the gradient, infinity for no limit.

    Raises ValueError for a batch, a warm-up, a rate or a clip that isn't above 0, a decay outside 0
    to 1, and a negative weight decay.
    """

    batch: int = 8
    rate: float = 3.5e-3
    warmup: int = 40
    decay: float = 0.25
    weight_decay: float = 0.1
    clip: float = 1.0

    def __post_init__(self):
        validate.whole("batch", self.batch)
        validate.whole("warmup", self.warmup)
        validate.positive("rate", self.rate)
        validate.share("decay", self.decay)
        validate.nonnegative("weight_decay", self.weight_decay)
        validate.positive("clip", self.clip, endless=True)

    def peak(self, width: int) -> float:
        """The peak learning rate of a model of this width."""
        return self.rate * 64 / width

    def rate_at(self, step: int, steps: int) -> float:
        """Share of the peak learning rate in step `step` (from 0) of a budget of `steps`."""
        falling = (steps - step) / max(1, round(self.decay * steps))
        return min(1.0, (step + 1) / self.warmup, falling)


@dataclass(frozen=True)
class Job:
    """One model to train: its shape, its seed and the token budgets to read its loss at.

    unique: how many tokens of the text are read at all, drawn at random; they are read again and
    again, in a new order each time, until a budget is used up. Without it no token is read twice.
    objective: what training makes small, a function of the model and windows (batch, context + 1);
    by default the cross-entropy of the next token. text: token ids (tokens,) of its own, in place
    of those that it is run on.

    Raises ValueError for budgets or unique tokens that aren't whole numbers, and for a text that
    isn't one row of whole numbers.
    """

    config: Config
    budgets: Sequence[int]
    seed: int = field(kw_only=True)
    recipe: Recipe = field(default_factory=Recipe)
    unique: int | None = None
    objective: Callable[[Transformer, Tensor], Tensor] = Transformer.loss
    text: Tensor | None = None

    def __post_init__(self):
        for budget in self.budgets:
            validate.whole("budgets", budget)
        if self.unique is not None:
            validate.whole("unique", self.unique)
        if self.text is not None:
            validate.tokens(self.text)


def loss(model: Transformer, windows: Tensor) -> dict[str, float]:
    """The default measure: mean cross-entropy in nats a token over windows (count, time + 1)."""
    with torch.no_grad():
        parts = [model.loss(part).item() * len(part) for part in windows.split(64)]
    return {"loss": sum(parts) / len(windows)}


def run(
    job: Job,
    text: Tensor,
    validation: Tensor,
    measure: Callable[[Transformer, Tensor], dict[str, float]] = loss,
    device: str = "cpu",
) -> list[dict[str, float]]:
    """Train one model; return a row for each budget: params, tokens, seed, seconds, measures.

    text: token ids (tokens,) to train on. validation: windows (count, context + 1) for
    `measure`. All budgets share one run at a constant rate; near the end
    of each a copy leaves it and lets the rate fall to zero, which gives the loss of a run made for
    that budget alone [Haegele et al. 2024, arXiv:2405.18392]. `seconds` is the whole run's.

    Raises ValueError for budgets that don't ascend, are shorter than the warm-up, or exceed the
    text (unless the job repeats part of it), and FloatingPointError when the loss is no longer a
    number.
    """
    return _run([job], text, validation, measure, device)[0][0]


def fit(job: Job, text: Tensor, device: str = "cpu") -> Transformer:
    """Train as `run` does to the last of the job's budgets and return the model."""
    return _run([job], text, text[:0], lambda model, windows: {}, device)[1]


def sweep(
    job: Callable[..., Job],
    text: Tensor | None,
    validation: Tensor,
    measure: Callable[[Transformer, Tensor], Mapping] = loss,
    *,
    seeds: Sequence[int],
    keep: Callable[..., bool] | None = None,
    workers: int | None = None,
    **settings,
) -> xr.Dataset:
    """Train a model for every setting and seed, on all cores: losses (settings, seed, tokens).

    job: gives the job of settings and a seed: `job(width=32, seed=0)`. text: token ids (tokens,)
    for jobs that bring none. measure: as for `run`; an array that it returns is a DataArray with
    names of its own. seeds, keep, workers, settings: as for `evidence.replicate`.

    The Dataset has what `measure` returns, with the dimension `tokens` (what was read at each
    budget; NaN where a setting has no such budget), `params` and `all_params` of each setting, and
    `seconds` of each run. Expensive jobs start first, so that no core waits long at the end.
    """

    seeds = list(seeds)
    workers = joblib.cpu_count() if workers is None else workers
    cells = math.prod(len(values) for values in settings.values())
    parts = np.array_split(seeds, min(len(seeds), math.ceil(workers / max(cells, 1))))

    def trained(_part, **cell):
        jobs = [job(**cell, seed=int(seed)) for seed in parts[_part]]
        found = [_graded(group, text, validation, measure) for group in _side_by_side(jobs)]
        config = jobs[0].config
        shape = {"params": config.params, "all_params": config.all_params}
        return xr.concat(found, "own").assign_coords(own=parts[_part]).assign(shape)

    def cost(_part, **cell):
        one = job(**cell, seed=seeds[0])
        return one.config.params * max(one.budgets)

    kept = None if keep is None else lambda _part, **cell: keep(**cell)
    grid = settings | {"_part": range(len(parts))}
    found = over_grid(trained, keep=kept, cost=cost, workers=workers, **grid)
    apart = [found.isel(_part=i, drop=True) for i in range(len(parts))]
    shape = apart[0][["params", "all_params"]]
    together = reduce(xr.Dataset.combine_first, [one.drop_vars(shape) for one in apart])
    return together.rename(own="seed").sel(seed=seeds).assign(shape)


TOGETHER = 2**15  # numbers in a batch's vectors: above it models gain nothing side by side


def _side_by_side(jobs: list[Job]) -> list[list[Job]]:
    """Jobs in groups, in their order, to train at once: alike in all but seed and text."""
    groups = []
    for job in jobs:
        alike = bool(groups) and _shape(groups[-1][0]) == _shape(job)
        size = job.recipe.batch * job.config.context * job.config.width
        if alike and job.objective is Transformer.loss and size <= TOGETHER:
            groups[-1].append(job)
        else:
            groups.append([job])
    return groups


def _shape(job: Job) -> tuple:
    return job.config, tuple(job.budgets), job.recipe, job.objective


def _graded(jobs, text, validation, measure) -> xr.Dataset:
    """What `measure` finds of each job at each budget: (own, tokens)."""
    rows, _ = _run(jobs, text, validation, measure, "cpu")
    runs = []
    for own in rows:
        found = [xr.Dataset({k: v for k, v in row.items() if k not in ABOUT}) for row in own]
        found = xr.concat(found, xr.Variable("tokens", [row["tokens"] for row in own]))
        runs.append(found.assign(seconds=own[0]["seconds"]))
    return xr.concat(runs, "own")


def _run(jobs, text, validation, measure, device):
    texts = [text if job.text is None else job.text for job in jobs]
    if any(own is None for own in texts):
        raise ValueError("there is no text to train on: give one to the job, or to all jobs")
    for own in texts:
        validate.tokens(own)
    with one_thread():
        return _trunk(jobs, texts, validation.to(device), measure, device)


def _trunk(jobs: list[Job], texts: list[Tensor], validation: Tensor, measure, device):
    """Train jobs that differ in seed and text side by side: rows of each, and the last model."""
    began = time.perf_counter()
    config, recipe = jobs[0].config, jobs[0].recipe
    steps = [budget // (recipe.batch * config.context) for budget in jobs[0].budgets]
    for job in jobs:
        _check(job, steps)
    count = recipe.batch * steps[-1]
    read = [_reading(job, text, count) for job, text in zip(jobs, texts, strict=True)]
    batches = [(windows.to(device), order.split(recipe.batch)) for windows, order in read]
    model = Transformer(config, seed=[job.seed for job in jobs]).to(device)
    state = model, _optimizer(model, recipe)
    rows, done = [[] for _ in jobs], 0
    for budget in steps:
        leave = budget - max(1, round(recipe.decay * budget))
        _advance(*state, batches, range(done, leave), budget, jobs[0])
        done = leave
        branch = copy.deepcopy(state)
        _advance(*branch, batches, range(leave, budget), budget, jobs[0])
        about = {"params": config.params, "tokens": budget * recipe.batch * config.context}
        for i, (own, job) in enumerate(zip(rows, jobs, strict=True)):
            found = measure(branch[0].alone(i), validation)
            own.append(about | {"seed": job.seed} | found)
    seconds = (time.perf_counter() - began) / len(jobs)
    return [[row | {"seconds": seconds} for row in own] for own in rows], branch[0]


def _reading(job: Job, text: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Windows (windows, context + 1), and which of them is read when, (count,)."""
    if job.unique is None:
        return corpus.windows(text, job.config.context, count, seed=job.seed), torch.arange(count)
    own = corpus.windows(text, job.config.context, job.unique // job.config.context, seed=job.seed)
    rng = np.random.default_rng([job.seed, 1])
    again = [rng.permutation(len(own)) for _ in range(math.ceil(count / len(own)) - 1)]
    return own, torch.from_numpy(np.concatenate([np.arange(len(own)), *again])[:count])


def _check(job: Job, steps: list[int]) -> None:
    if not steps or steps != sorted(set(steps)):
        raise ValueError(
            f"budgets {list(job.budgets)}: give at least one, each larger than the last"
        )
    if job.unique is not None and job.unique < job.config.context:
        raise ValueError(
            f"{job.unique} unique tokens are less than one window of {job.config.context}: "
            "give more, or make the context shorter"
        )
    constant = steps[0] - round(job.recipe.decay * steps[0])
    if constant < job.recipe.warmup:
        raise ValueError(
            f"a budget of {job.budgets[0]:,} tokens is {steps[0]} steps, too few for a warm-up of "
            f"{job.recipe.warmup}: raise the budget or make the batch smaller"
        )


def _optimizer(model: Transformer, recipe: Recipe) -> torch.optim.AdamW:
    matrices = [p for p in model.blocks.parameters() if p.ndim == 3]
    decayed = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in decayed]
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=recipe.peak(model.config.width), betas=(0.9, 0.95), fused=True
    )


def _advance(model, optimizer, batches, steps: range, budget: int, job: Job) -> None:
    recipe = job.recipe
    peak = recipe.peak(model.config.width)
    weights = list(model.parameters())
    model.train()
    for step in steps:
        for group in optimizer.param_groups:
            group["lr"] = peak * recipe.rate_at(step, budget)
        losses = _losses(
            model, torch.stack([windows[order[step]] for windows, order in batches]), job
        )
        optimizer.zero_grad()
        losses.sum().backward()
        _clip(weights, recipe.clip)
        optimizer.step()
    model.eval()
    if steps and not losses.isfinite().all():
        number = int((~losses.isfinite()).nonzero()[0, 0])
        raise FloatingPointError(
            f"the loss of seed {model.seeds[number]} is {losses[number].item()} after {steps.stop} "
            "steps: lower the learning rate"
        )


def _losses(model: Transformer, windows: Tensor, job: Job) -> Tensor:
    """The job's objective for each model, (models,)."""
    if len(windows) == 1:
        return job.objective(model, windows[0]).reshape(1)
    return job.objective(model, windows)


def _clip(weights: list[Tensor], most: float) -> None:
    """Shorten each model's gradient to a norm of at most `most`."""
    # model by model, since a norm over several rows is added up in another order than over one
    rows = zip(*(weight.grad.unbind() for weight in weights), strict=True)
    norms = torch.stack([nn.utils.get_total_norm(own) for own in rows])
    factor = (most / (norms + 1e-6)).clamp(max=1.0)
    for weight in weights:
        weight.grad.mul_(factor.view(-1, *[1] * (weight.ndim - 1)))
