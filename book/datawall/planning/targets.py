"""What a student learns in place of letters: the averaged opinion of models (chapter: planner)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from datawall.lm.model import Transformer


@dataclass(frozen=True)
class AveragedTargets:
    """The loss of distillation from an ensemble: cross-entropy against its members' mean chances.

    [Hinton, Vinyals and Dean 2015, arXiv:1503.02531, section 2, at temperature 1] One model alone
    is a teacher as `generators.language.SoftTargets` has it. An `objective` for `train.Job`.
    """

    teachers: Sequence[Transformer]

    def __post_init__(self):
        if not self.teachers:
            raise ValueError("there is no teacher to learn from: give one model or more")

    def __call__(self, model: Transformer, windows: Tensor) -> Tensor:
        """Mean loss in nats a token over windows (batch, time + 1)."""
        read = windows[:, :-1]
        with torch.no_grad():
            chances = torch.stack([own(read).softmax(-1) for own in self.teachers]).mean(0)
        return F.cross_entropy(model(read).flatten(0, 1), chances.flatten(0, 1))
