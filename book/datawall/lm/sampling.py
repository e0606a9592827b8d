"""Generate text from a model, many sequences at once, with a key-value cache.

Chapter: scaling-laws.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from datawall import validate
from datawall.lm.model import Cache, Transformer


@torch.no_grad()
def sample(
    model: Transformer,
    prompt: Tensor,
    length: int,
    temperature: float = 1.0,
    together: int = 512,
    *,
    seed: int,
) -> Tensor:
    """Continue each prompt (count, time) by `length` tokens: ids (count, time + length).

    temperature: the logits are divided by it; 0 takes the likeliest token each time. together: how
    many sequences are continued at once, which bounds the memory; random numbers are drawn for so
    many in turn, so that another number gives other texts. When the context is full, reading
    starts anew from the last half of it.

    Raises ValueError for an empty prompt, ids that the model doesn't know, a negative length, and a
    temperature that is neither 0 nor at least 1e-6; FloatingPointError when the model's logits are
    no longer numbers.
    """
    if not torch.is_tensor(prompt) or prompt.ndim != 2 or not prompt.numel():
        shape = tuple(getattr(prompt, "shape", ()))
        raise ValueError(f"the prompt has shape {shape}: give a tensor (count >= 1, time >= 1)")
    validate.ids(prompt.cpu().numpy(), model.config.vocab, name="ids of the prompt")
    validate.whole("length", length, least=0)
    validate.temperature(temperature, least=validate.COLDEST)
    validate.whole("together", together)
    generator = torch.Generator(prompt.device).manual_seed(seed)
    groups = [
        _continue(model, group, length, generator, temperature) for group in prompt.split(together)
    ]
    return torch.cat(groups)


def _continue(model, prompt, length, generator, temperature):
    count, start = prompt.shape
    context = model.config.context
    out = prompt.new_empty(count, start + length)
    out[:, :start] = prompt
    caches, unread = None, start
    for end in range(start, start + length):
        if caches is None or caches[0].time + unread > context:
            caches = [Cache(model.config, count, prompt.device) for _ in model.blocks]
            unread = end if end <= context else context // 2
        logits = model(out[:, end - unread : end], caches)[:, -1]
        out[:, end] = _pick(logits, generator, temperature)
        unread = 1
    return out


def _pick(logits: Tensor, generator: torch.Generator, temperature: float) -> Tensor:
    if not math.isfinite(logits.sum().item()):  # of numbers of a usual size, and so finite
        raise FloatingPointError(
            "the model's logits hold NaN or infinity, so no token can be drawn: train it again at "
            "a lower rate"
        )
    if temperature == 0:
        return logits.argmax(-1)
    reached = (logits / temperature).softmax(-1).cumsum(-1)
    # where a uniform number falls: a tenth of the time of torch.multinomial on rows this short
    fallen = torch.rand(len(logits), 1, generator=generator, device=logits.device)
    found = torch.searchsorted(reached, fallen, right=True)[:, 0]
    return found.clamp_(max=logits.shape[-1] - 1)  # the sum may end a rounding below one
