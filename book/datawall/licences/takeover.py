"""What of a trained model is taken over to another text (chapter: licensed-data)."""

from __future__ import annotations

import copy

from datawall.lm.model import Transformer

LETTERS = ("tokens", "places")  # the vectors of letters, and of places in the context


def new_letters(model: Transformer, *, seed: int) -> Transformer:
    """A copy of one model whose letters and places are drawn anew: only its blocks are kept.

    Raises ValueError for several models side by side.
    """
    _one(model)
    fresh = Transformer(model.config, seed=seed)
    kept = {name: weight for name, weight in model.state_dict().items() if name not in LETTERS}
    fresh.load_state_dict(fresh.state_dict() | kept)
    return fresh


def frozen(model: Transformer) -> Transformer:
    """A copy of a model of which training can change letters and places only, not the blocks."""
    _one(model)
    model = copy.deepcopy(model)
    for name, weight in model.named_parameters():
        weight.requires_grad_(name in LETTERS)
    return model


def _one(model: Transformer) -> None:
    if len(model.seeds) > 1:
        raise ValueError(f"there are {len(model.seeds)} models: take one by model.alone(number)")
