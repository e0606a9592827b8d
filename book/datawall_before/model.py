"""A decoder-only transformer with few knobs, fast on one CPU thread (chapter: scaling-laws).

Pre-norm blocks, learned positions, ReLU in the feed-forward part, no biases, and one matrix for
reading and writing characters. Attention reads half of each vector from the token before ("token
shift", Peng et al. 2023, arXiv:2305.13048, section 3): without it models this small spend most of
a lesson's budget on learning to look one character back. Two functions carry their own gradient:
written out, they keep their working set in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CACHE_FLOATS = 1 << 17  # half a megabyte: what one slice of the feed-forward part may occupy


@dataclass(frozen=True)
class Config:
    """Shape of a transformer.

    vocab: number of distinct tokens. width: length of a token's vector. layers: number of blocks.
    hidden: width of the feed-forward part (default 4 x width). heads: attention heads (default one
    for each 64 of width). context: the longest sequence, in tokens. dropout: share of what each
    block adds that is set to zero at random in training.

    Raises ValueError when a number isn't positive, the heads don't divide the width, or dropout
    isn't at least 0 and below 1.
    """

    vocab: int
    width: int = 64
    layers: int = 2
    hidden: int | None = None
    heads: int | None = None
    context: int = 64
    dropout: float = 0.0

    def __post_init__(self):
        object.__setattr__(self, "hidden", self.hidden or 4 * self.width)
        object.__setattr__(self, "heads", self.heads or max(1, self.width // 64))
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}: give a share from 0 to below 1")
        for name, value in vars(self).items():
            if name != "dropout" and value < 1:
                raise ValueError(f"{name} is {value}: give a whole number of at least 1")
        if self.width % self.heads:
            raise ValueError(
                f"{self.heads} heads do not divide a width of {self.width}: "
                "choose a width that is a multiple of the heads"
            )

    @property
    def params(self) -> int:
        """Non-embedding parameters, the N of the scaling laws: matrices of the blocks only."""
        return self.layers * (4 * self.width**2 + 2 * self.width * self.hidden)

    @property
    def all_params(self) -> int:
        """All parameters: with the embeddings, the positions and the norms' gains."""
        vectors = self.vocab + self.context + 2 * self.layers + 1
        return self.params + vectors * self.width


class _Attention(torch.autograd.Function):
    """Causal attention from queries, keys and values (batch, time, 3, heads, size) in one tensor.

    One node of the graph in place of a dozen: splitting heads costs more than their products here.
    """

    @staticmethod
    def forward(ctx, qkv, mask):
        q, k, v = _split(qkv)
        seen, weights = _attend(q, k, v, mask)
        ctx.save_for_backward(q, k, v, weights)
        ctx.shape = qkv.shape
        return _merge(seen, len(qkv))

    @staticmethod
    def backward(ctx, grad):
        q, k, v, weights = ctx.saved_tensors
        batch, time, _, heads, size = ctx.shape
        grad = grad.view(batch, time, heads, size).transpose(1, 2).flatten(0, 1)
        grad_weights = grad @ v.transpose(1, 2)
        softmax_backward = torch.ops.aten._softmax_backward_data
        scores = softmax_backward(grad_weights, weights, -1, weights.dtype).mul_(size**-0.5)
        parts = scores @ k, scores.transpose(1, 2) @ q, weights.transpose(1, 2) @ grad
        grad_qkv = grad.new_empty(ctx.shape)
        for i, part in enumerate(parts):
            grad_qkv[:, :, i] = part.view(batch, heads, time, size).transpose(1, 2)
        return grad_qkv, None


def _split(qkv: Tensor) -> tuple[Tensor, ...]:
    """Queries, keys, values, each (batch x heads, time, size), of (batch, time, 3, heads, size)."""
    return tuple(part.transpose(1, 2).flatten(0, 1) for part in qkv.unbind(2))


def _attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """softmax(q k^T / sqrt(size)) v, and the weights that the softmax gave."""
    weights = torch.baddbmm(mask, q, k.transpose(1, 2), alpha=q.shape[-1] ** -0.5).softmax(-1)
    return weights @ v, weights


def _merge(seen: Tensor, batch: int) -> Tensor:
    """The heads' results (batch x heads, time, size) side by side: (batch, time, width)."""
    return seen.unflatten(0, (batch, -1)).transpose(1, 2).flatten(2)


class _FeedForward(torch.autograd.Function):
    """relu(x up^T) down^T, a slice of rows at a time so that a slice stays in cache."""

    @staticmethod
    def forward(ctx, x, up, down):
        inner = x.new_empty(x.shape[0], up.shape[0])
        out = torch.empty_like(x)
        for rows in _slices(x, up):
            torch.mm(x[rows], up.t(), out=inner[rows])
            torch.mm(inner[rows].relu_(), down.t(), out=out[rows])
        ctx.save_for_backward(x, inner, up, down)
        return out

    @staticmethod
    def backward(ctx, grad):
        x, inner, up, down = ctx.saved_tensors
        grad_x = torch.empty_like(x)
        grad_up, grad_down = torch.zeros_like(up), torch.zeros_like(down)
        for rows in _slices(x, up):
            grad_inner = grad[rows] @ down
            grad_down.addmm_(grad[rows].t(), inner[rows])
            torch.ops.aten.threshold_backward.grad_input(
                grad_inner, inner[rows], 0, grad_input=grad_inner
            )
            grad_up.addmm_(grad_inner.t(), x[rows])
            torch.mm(grad_inner, up, out=grad_x[rows])
        return grad_x, grad_up, grad_down


def _slices(x: Tensor, up: Tensor) -> list[slice]:
    step = max(64, CACHE_FLOATS // up.shape[0]) if x.device.type == "cpu" else len(x)
    return [slice(start, start + step) for start in range(0, len(x), step)]


class Block(nn.Module):
    """Attention, then a feed-forward part, each added to what came in: (batch, time, width)."""

    def __init__(self, config: Config):
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.norm_mix = nn.LayerNorm(width, bias=False)
        self.norm_feed = nn.LayerNorm(width, bias=False)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.mix = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, config.hidden, bias=False)
        self.down = nn.Linear(config.hidden, width, bias=False)

    def forward(
        self, x: Tensor, mask: Tensor, drop: Callable, cache: Cache | None = None
    ) -> Tensor:
        batch, time, width = x.shape
        read = _shifted(self.norm_mix(x), cache)
        qkv = self.qkv(read).view(batch, time, 3, self.heads, width // self.heads)
        if cache is None:
            seen = _Attention.apply(qkv, mask)
        else:
            q, k, v = _split(qkv)
            seen = _merge(_attend(q, *cache.append(k, v), mask)[0], batch)
        x = x + drop(self.mix(seen))
        rows = self.norm_feed(x).view(-1, width)
        return x + drop(_FeedForward.apply(rows, self.up.weight, self.down.weight).view_as(x))


def _shifted(x: Tensor, cache: Cache | None) -> Tensor:
    """The second half of each vector replaced by that of the token before (zeros at the start)."""
    half = x.shape[-1] // 2
    first = cache.last if cache else x.new_zeros(len(x), 1, x.shape[-1] - half)
    if cache:
        cache.last = x[:, -1:, half:]
    return torch.cat([x[..., :half], torch.cat([first, x[:, :-1, half:]], 1)], -1)


class Cache:
    """What one block keeps of the tokens read so far: keys, values, and the last token's vector.

    keys, values: (batch x heads, context, size). last: (batch, 1, half of width).
    """

    def __init__(self, config: Config, batch: int, device=None):
        shape = (batch * config.heads, config.context, config.width // config.heads)
        self.keys = torch.empty(shape, device=device)
        self.values = torch.empty(shape, device=device)
        self.last = torch.zeros(batch, 1, config.width - config.width // 2, device=device)
        self.time = 0

    def append(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add the keys and values of new tokens; return those of all tokens so far."""
        end = self.time + keys.shape[1]
        self.keys[:, self.time : end] = keys
        self.values[:, self.time : end] = values
        self.time = end
        return self.keys[:, :end], self.values[:, :end]


class Transformer(nn.Module):
    """The language model of the book: token ids (batch, time) in, logits (batch, time, vocab) out.

    Weights are drawn from `seed` alone, and so is what dropout drops, which it does only after
    `train()`. Chapter: scaling-laws.
    """

    def __init__(self, config: Config, seed: int):
        super().__init__()
        self.config, self.seed = config, seed
        self.drawn = 0  # how often dropout has drawn
        self.tokens = nn.Embedding(config.vocab, config.width)
        self.places = nn.Parameter(torch.empty(config.context, config.width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width, bias=False)
        causal = torch.full((config.context, config.context), float("-inf")).triu(1)
        self.register_buffer("causal", causal, persistent=False)
        self._draw(torch.Generator().manual_seed(seed))
        self.eval()

    @torch.no_grad()
    def _draw(self, generator: torch.Generator) -> None:
        into_residual = (2 * self.config.layers) ** -0.5
        for name, weight in self.named_parameters():
            if "norm" in name:
                continue  # gains start at 1
            std = weight.shape[1] ** -0.5
            if name == "places":
                std *= 0.1  # where a character stands says less than which one it is
            if name.endswith(("mix.weight", "down.weight")):
                std *= into_residual
            weight.normal_(0.0, std, generator=generator)

    def forward(self, tokens: Tensor, caches: list[Cache] | None = None) -> Tensor:
        """Logits of the next token, (batch, time, vocab). With `caches`, tokens continue them.

        Raises ValueError when the tokens, with those cached, don't fit into the context.
        """
        start = caches[0].time if caches else 0
        end = start + tokens.shape[1]
        if end > self.config.context:
            raise ValueError(
                f"{end} tokens do not fit into a context of {self.config.context}: "
                "cut the sequence or build the model with a longer context"
            )
        x = self.tokens(tokens) + self.places[start:end]
        mask = self.causal[start:end, :end]
        for i, block in enumerate(self.blocks):
            x = block(x, mask, self._drop, caches[i] if caches else None)
        return F.linear(self.norm(x), self.tokens.weight)

    def _drop(self, x: Tensor) -> Tensor:
        if not (self.training and self.config.dropout):
            return x
        self.drawn += 1  # a copied model goes on where it was copied, which a generator can't
        noise = torch.Generator(x.device).manual_seed((self.seed << 32) + self.drawn)
        kept = 1 - self.config.dropout
        return x * torch.empty_like(x).bernoulli_(kept, generator=noise) / kept

    def loss(self, windows: Tensor) -> Tensor:
        """Mean cross-entropy in nats a token over windows (batch, time + 1)."""
        logits = self(windows[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
