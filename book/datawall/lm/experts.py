"""Experts: feed-forward parts of which each token uses few (chapter: sparse-and-retrieving).

A block with E experts holds E feed-forward parts of one shape, and a router that sends each token
to k of them:

    y(x) = sum over the k chosen of g_e E_e(x),   E_e(x) = down_e relu(up_e x)

(Shazeer et al. 2017, arXiv:1701.06538). The parameters grow with E, the multiplications of a token
with k. A learned router scores the experts by a matrix, and the k best are chosen: of one expert g
is its chance among all, as Fedus et al. have it (2022, JMLR 23:120), of several g are their chances
among those chosen. A router by character sends a character always to the same expert, with g = 1,
and has nothing to learn (Roller et al. 2021, arXiv:2106.04426).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from datawall import validate

ROUTINGS = ("learned", "character")


class Routes(NamedTuple):
    """Where tokens go: of each model and token the experts chosen, and how much each counts.

    chosen, gates: (models, tokens, active). chances: what the router gave each expert,
    (models, tokens, experts).
    """

    chosen: Tensor
    gates: Tensor
    chances: Tensor


class Learned(nn.Module):
    """Scores every expert by a matrix of its own; the best `active` are chosen."""

    def __init__(self, width: int, experts: int, active: int, models: int):
        super().__init__()
        self.active = active
        self.weight = nn.Parameter(torch.empty(models, experts, width))

    def forward(self, x: Tensor, ids: Tensor) -> Routes:
        chances = torch.bmm(x, self.weight.mT).softmax(-1)
        best, chosen = chances.topk(self.active, -1)
        gates = best if self.active == 1 else best / best.sum(-1, keepdim=True)
        return Routes(chosen, gates, chances)


class ByCharacter(nn.Module):
    """Sends a character to the expert of its id, modulo the number of experts."""

    def __init__(self, experts: int):
        super().__init__()
        self.experts = experts

    def forward(self, x: Tensor, ids: Tensor) -> Routes:
        chosen = (ids % self.experts)[..., None]
        chances = F.one_hot(chosen[..., 0], self.experts).to(x.dtype)
        return Routes(chosen, torch.ones_like(chosen, dtype=x.dtype), chances)


class Experts(nn.Module):
    """A feed-forward part of several experts: (models, batch, time, width) in and out.

    Each matrix has the models first; the experts' matrices lie one below the other, `up` as
    (models, experts x hidden, width) and `down` as (models, experts x width, hidden).
    """

    def __init__(
        self, width: int, hidden: int, experts: int, active: int, routing: str, models: int
    ):
        super().__init__()
        self.experts = experts
        self.up = nn.Parameter(torch.empty(models, experts * hidden, width))
        self.down = nn.Parameter(torch.empty(models, experts * width, hidden))
        if routing == "learned":
            self.router = Learned(width, experts, active, models)
        else:
            self.router = ByCharacter(experts)

    def forward(self, x: Tensor, ids: Tensor) -> Tensor:
        """What the chosen experts make of x, for tokens with these ids (models, batch, time)."""
        rows = x.flatten(1, 2)
        routes = self.router(rows, ids.flatten(1, 2))
        first = self.experts * torch.arange(len(x), device=x.device)[:, None, None]
        found = self._each(rows.flatten(0, 1), (routes.chosen + first).flatten(0, 1))
        return (found * routes.gates.flatten(0, 1)[..., None]).sum(1).view_as(x)

    def _each(self, rows: Tensor, chosen: Tensor) -> Tensor:
        """Of each row (n, width) what each of its experts (n, active) makes of it.

        Expert by expert: `torch.nn.functional.grouped_mm` takes a tenth less time, and nothing but
        float32 and widths that are multiples of four.
        """
        ups = self.up.flatten(0, 1).unflatten(0, (-1, self.up.shape[1] // self.experts))
        downs = self.down.flatten(0, 1).unflatten(0, (-1, rows.shape[-1]))
        order = chosen.flatten().argsort(stable=True)  # rows of one expert lie together
        counts = chosen.flatten().bincount(minlength=len(ups)).tolist()
        parts = rows[order // chosen.shape[-1]].split(counts)
        found = [
            F.linear(F.relu(F.linear(part, up)), down)
            for part, up, down in zip(parts, ups.unbind(), downs.unbind(), strict=True)
        ]
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order), device=order.device)
        return torch.cat(found)[back].unflatten(0, chosen.shape)


def check_experts(experts: int, active: int, routing: str) -> None:
    """Raise ValueError unless these describe experts, or none where `experts` is 1."""
    validate.whole("experts", experts)
    validate.whole("active", active, most=experts)
    validate.choice("routing", routing, ROUTINGS)
    if routing == "character" and active > 1:
        raise ValueError(f"active is {active}: a character goes to one expert; set active=1")


def balanced(model: nn.Module, windows: Tensor, weight: float = 0.01) -> Tensor:
    """An objective for `train.Job`: the loss, and in each block how uneven the experts' load is.

    Of E experts with the shares of the tokens f and mean chances P that is E sum(f P), 1 where both
    are level (Fedus et al. 2022, JMLR 23:120, equation 4). Without it a router may come to send
    all to a few experts. Nats a token and model, as `Transformer.loss`.
    """
    with _watched(model) as routes:
        loss = model.loss(windows)
    uneven = sum(
        experts * (load * chances).sum(-1) for load, chances, experts in map(_load, routes)
    )
    return loss + weight * uneven.reshape(loss.shape)


def loads(model: nn.Module, windows: Tensor) -> Tensor:
    """Share of the tokens of windows (batch, time) that goes to each expert: (layers, experts)."""
    with _watched(model) as routes, torch.no_grad():
        model(windows)
    return torch.stack([_load(found)[0][0] for found in routes])


@contextmanager
def _watched(model: nn.Module) -> Iterator[list[Routes]]:
    """Where the tokens go that a model reads meanwhile, a block at a time."""
    feeds = [block.feed for block in model.blocks]
    if not all(isinstance(feed, Experts) for feed in feeds):
        raise ValueError("the model has no experts: give its Config two or more")
    routes = []
    hooks = [
        feed.router.register_forward_hook(lambda _router, _given, made: routes.append(made))
        for feed in feeds
    ]
    try:
        yield routes
    finally:
        for hook in hooks:
            hook.remove()


def _load(routes: Routes) -> tuple[Tensor, Tensor, int]:
    """Of each model the share of choices that fell on each expert, and its mean chance."""
    experts = routes.chances.shape[-1]
    chosen = F.one_hot(routes.chosen, experts).to(routes.chances.dtype)
    return chosen.mean((1, 2)), routes.chances.mean(1), experts
