"""Train one model to stated token budgets, or several models at once (chapter: scaling-laws).

One thread a process, processes over jobs: on models this small a second thread costs time, and
with one the same seed gives the same loss to the last digit whatever the number of cores.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import joblib
import numpy as np
import torch
from torch import Tensor

from datawall_before import corpus
from datawall_before.model import Config, Transformer


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: AdamW, linear warm-up, constant rate, linear decay to zero.

    batch: windows a step. rate: peak learning rate at width 64; other widths get rate x 64 / width,
    as found best on plays kept apart from the book's validation plays. warmup: steps. decay: share
    of a budget's steps over which the rate falls to zero. weight_decay: AdamW's, on matrices only.
    clip: largest norm of the gradient.
    """

    batch: int = 8
    rate: float = 3.5e-3
    warmup: int = 40
    decay: float = 0.25
    weight_decay: float = 0.1
    clip: float = 1.0

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
    by default the cross-entropy of the next token.
    """

    config: Config
    budgets: Sequence[int]
    seed: int
    recipe: Recipe = field(default_factory=Recipe)
    unique: int | None = None
    objective: Callable[[Transformer, Tensor], Tensor] = Transformer.loss


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
    return _run(job, text, validation, measure, device)[0]


def fit(job: Job, text: Tensor, device: str = "cpu") -> Transformer:
    """Train as `run` does to the last of the job's budgets and return the model."""
    return _run(job, text, text[:0], lambda model, windows: {}, device)[1]


def sweep(
    jobs: Sequence[Job],
    text: Tensor | Sequence[Tensor],
    validation: Tensor,
    measure: Callable[[Transformer, Tensor], dict[str, float]] = loss,
    workers: int | None = None,
) -> list[dict[str, float]]:
    """Rows of `run` for every job, in the jobs' order, on one process for each core (or `workers`).

    text: token ids (tokens,) for all jobs, or a sequence of such texts, one a job. The dearest
    jobs start first, so that no core waits long at the end.
    """
    cost = [job.config.params * max(job.budgets) for job in jobs]
    order = np.argsort(cost)[::-1]
    parallel = joblib.Parallel(n_jobs=workers or joblib.cpu_count())
    texts = [text] * len(jobs) if isinstance(text, Tensor) else text
    exam = validation.numpy()  # arrays are shared between processes, not copied
    done = parallel(
        joblib.delayed(_run_job)(jobs[i], texts[i].numpy(), exam, measure) for i in order
    )
    rows = dict(zip(order, done, strict=True))
    return [row for i in range(len(jobs)) for row in rows[i]]


def _run_job(job, text, validation, measure):
    tensors = (torch.from_numpy(np.array(part)) for part in (text, validation))
    return run(job, *tensors, measure)


def _run(job, text, validation, measure, device):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _trunk(job, text, validation.to(device), measure, device)
    finally:
        torch.set_num_threads(threads)


def _trunk(job, text, validation, measure, device):
    began = time.perf_counter()
    config, recipe = job.config, job.recipe
    steps = [budget // (recipe.batch * config.context) for budget in job.budgets]
    _check(job, steps)
    windows, order = _reading(job, text, recipe.batch * steps[-1])
    batches = windows.to(device), order.split(recipe.batch)
    model = Transformer(config, job.seed).to(device)
    state = model, _optimizer(model, recipe)
    rows, done = [], 0
    for budget in steps:
        leave = budget - max(1, round(recipe.decay * budget))
        _advance(*state, batches, range(done, leave), budget, job)
        done = leave
        branch = copy.deepcopy(state)
        _advance(*branch, batches, range(leave, budget), budget, job)
        row = {"params": config.params, "tokens": budget * recipe.batch * config.context}
        rows.append(row | {"seed": job.seed} | measure(branch[0], validation))
    seconds = time.perf_counter() - began
    return [row | {"seconds": seconds} for row in rows], branch[0]


def _reading(job: Job, text: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Windows (windows, context + 1), and which of them is read when, (count,)."""
    if job.unique is None:
        return corpus.windows(text, job.config.context, count, job.seed), torch.arange(count)
    own = corpus.windows(text, job.config.context, job.unique // job.config.context, job.seed)
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
    matrices = [p for p in model.blocks.parameters() if p.ndim == 2]
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
    windows, order = batches
    model.train()
    for step in steps:
        for group in optimizer.param_groups:
            group["lr"] = peak * recipe.rate_at(step, budget)
        loss_now = job.objective(model, windows[order[step]])
        optimizer.zero_grad()
        loss_now.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
    model.eval()
    if steps and not math.isfinite(loss_now.item()):
        raise FloatingPointError(
            f"the loss is {loss_now.item()} after {steps.stop} steps: lower the learning rate"
        )
