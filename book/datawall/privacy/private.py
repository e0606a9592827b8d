"""Training that hides each row: clip its gradient, add noise to the sum (chapter: private-data).

DP-SGD (Abadi et al. 2016, arXiv:1607.00133, algorithm 1). Each step takes every row with the same
chance, independently of the others; shortens each row's gradient to a length of at most `clip`;
adds normal noise of standard deviation noise * clip to each number of the sum; and divides by the
number of rows expected. What follows, here Adam, sees nothing else, so it costs no privacy. How
much privacy that gives is worked out in `accounting`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from datawall import validate
from datawall.privacy import letters
from datawall.privacy.letters import Letters

BETAS, TINY = (0.9, 0.999), 1e-8


@dataclass(frozen=True)
class Knobs:
    """How a model reads: rows expected in a batch, learning rate, longest gradient, noise.

    clip: math.inf leaves gradients as long as they are. noise: in units of `clip`, which must then
    be finite. Raises ValueError for numbers that can't be.
    """

    batch: float
    rate: float
    clip: float = math.inf
    noise: float = 0.0

    def __post_init__(self):
        validate.positive("batch", self.batch)
        validate.positive("rate", self.rate)
        validate.positive("clip", self.clip, endless=True)
        validate.nonnegative("noise", self.noise)
        if self.noise and not math.isfinite(self.clip):
            raise ValueError("noise without a clip hides nothing: give a finite clip")


class Adam:
    """Adam (Kingma and Ba 2015) on weights by name; `step` changes them in place."""

    def __init__(self, weights: dict[str, Tensor], rate: float):
        self.rate, self.steps = rate, 0
        self.mean = {k: torch.zeros_like(v) for k, v in weights.items()}
        self.square = {k: torch.zeros_like(v) for k, v in weights.items()}

    def step(self, weights: dict[str, Tensor], gradient: dict[str, Tensor]) -> None:
        """Move each weight against its gradient."""
        self.steps += 1
        first, second = (1 - beta**self.steps for beta in BETAS)
        for name, weight in weights.items():
            own = gradient[name]
            self.mean[name].lerp_(own, 1 - BETAS[0])
            self.square[name].mul_(BETAS[1]).addcmul_(own, own, value=1 - BETAS[1])
            size = (self.square[name] / second).sqrt_().add_(TINY)
            weight.addcdiv_(self.mean[name] / first, size, value=-self.rate)


def steps(passes: float, rows: int, batch: float) -> int:
    """Steps in which each row is taken `passes` times on average, at least one."""
    return max(1, round(validate.positive("passes", passes) * rows / batch))


def readings(
    model: Letters, rows: Tensor, passes: Sequence[float], knobs: Knobs, *, seed: int
) -> Iterator[Letters]:
    """A copy of the model after each number of passes over rows (n, length), in one training run.

    passes: rising. Raises ValueError where they don't rise or a batch is larger than the rows, and
    FloatingPointError when the weights are no finite numbers any more.
    """
    letters.check_rows(rows, model.shape.vocab)
    if list(passes) != sorted(set(passes)) or not len(passes):
        raise ValueError(f"the passes are {list(passes)}: give numbers that rise")
    share = validate.number("batch", knobs.batch, above=0, most=len(rows)) / len(rows)
    generator = torch.Generator().manual_seed(seed)
    model = model.copy()
    adam, done = Adam(model.weights, knobs.rate), 0
    for wanted in passes:
        for _ in range(steps(wanted, len(rows), knobs.batch) - done):
            taken = torch.rand(len(rows), generator=generator) < share
            adam.step(model.weights, gradient(model, rows[taken], knobs, generator))
            done += 1
        if not all(weight.isfinite().all() for weight in model.weights.values()):
            raise FloatingPointError(f"the weights diverged by step {done}: lower the rate")
        yield model.copy()


def gradient(
    model: Letters, rows: Tensor, knobs: Knobs, generator: torch.Generator
) -> dict[str, Tensor]:
    """What a step of DP-SGD lets out of its rows, which may be none: by parameter."""
    if len(rows):
        back = letters.backward(model, rows)
        endless = math.isinf(knobs.clip)
        found = back.summed(
            torch.ones(len(rows)) if endless else shortened(back.norms(), knobs.clip)
        )
    else:
        found = {name: torch.zeros_like(weight) for name, weight in model.weights.items()}
    for total in found.values():
        if knobs.noise:
            drawn = torch.randn(total.shape, generator=generator)
            total.add_(drawn, alpha=knobs.noise * knobs.clip)
        total.div_(knobs.batch)
    return found


def shortened(norms: Tensor, clip: float) -> Tensor:
    """By what to multiply gradients of these lengths (n,) so that none is longer than `clip`."""
    return (clip / norms.clamp(min=1e-12)).clamp(max=1.0)
