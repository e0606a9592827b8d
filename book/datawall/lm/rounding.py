"""Models whose weights are rounded, as it is done to run them cheaply (chapter: overtraining)."""

from __future__ import annotations

import copy

import torch

from datawall import validate
from datawall.lm.model import Transformer


@torch.no_grad()
def rounded(model: Transformer, *, bits: int) -> Transformer:
    """A copy of a model with each weight rounded to one of 2^bits - 1 values, after training.

    The values of a matrix's row are evenly spaced, from minus to plus its largest weight; the gains
    of the norms stay as they are [round to nearest; Kumar et al. 2024, section 3]. Raises
    ValueError for fewer than two bits.
    """
    validate.whole("bits", bits, least=2)
    model, steps = copy.deepcopy(model), 2 ** (bits - 1) - 1
    for name, weight in model.named_parameters():
        if "norm" not in name:
            step = weight.abs().amax(-1, keepdim=True).clamp(min=1e-12) / steps
            weight.copy_((weight / step).round() * step)
    return model
