"""A trained model, trained a little further on another text (chapter: overtraining)."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from datawall import validate
from datawall.lm.model import Transformer
from datawall.lm.threads import one_thread
from datawall.text import corpus


def further(
    model: Transformer, text: Tensor, *, steps: int, rate: float, batch: int = 8, seed: int
) -> Transformer:
    """A copy of one model after fine-tuning: `steps` of AdamW on windows drawn from a text.

    text: token ids (tokens,), none of which is read twice. rate: the learning rate of the first
    step, which falls to zero along a line. batch: windows a step. seed: draws the windows. Raises
    ValueError for a text that is too short, and for steps, a rate or a batch that isn't above 0.
    """
    validate.whole("steps", steps)
    validate.whole("batch", batch)
    validate.positive("rate", rate)
    windows = corpus.windows(text, model.config.context, steps * batch, seed=seed)
    model = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.95))
    with one_thread():
        for step, part in enumerate(windows.split(batch)):
            optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
            loss = model.loss(part)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model
