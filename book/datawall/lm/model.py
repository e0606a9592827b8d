"""A decoder-only transformer with few knobs, fast on one CPU thread (chapter: scaling-laws).

Pre-norm blocks, learned positions, ReLU in the feed-forward part, no biases, and one matrix for
reading and writing characters. Attention reads half of each vector from the token before ("token
shift", Peng et al. 2023, arXiv:2305.13048, section 3): without it models this small spend most of
a lesson's budget on learning to look one character back.

A `Transformer` is one model, or several of one shape side by side, each drawn from a seed of its
own: on models this small most of a step is calling functions, and several cost little more than
one. Nothing passes between them, and each computes what it would alone, to the last digit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from datawall import validate
from datawall.lm.experts import Experts, check_experts


@dataclass(frozen=True)
class Config:
    """Shape of a transformer.

    vocab: number of distinct tokens. width: length of a token's vector. layers: number of blocks.
    hidden: width of the feed-forward part (default 4 x width). heads: attention heads (default one
    for each 64 of width). context: the longest sequence, in tokens. dropout: share of what each
    block adds that is set to zero at random in training. experts: feed-forward parts in a block,
    each of the width `hidden`. active: how many of them a token uses. routing: who chooses them,
    "learned" or "character" (see `lm.experts`).

    Raises ValueError when a number isn't positive, the heads don't divide the width, dropout isn't
    at least 0 and below 1, or more experts are active than there are.
    """

    vocab: int
    width: int = 64
    layers: int = 2
    hidden: int | None = None
    heads: int | None = None
    context: int = 64
    dropout: float = 0.0
    experts: int = 1
    active: int = 1
    routing: str = "learned"

    def __post_init__(self):
        validate.whole("width", self.width)
        if self.hidden is None:
            object.__setattr__(self, "hidden", 4 * self.width)
        if self.heads is None:
            object.__setattr__(self, "heads", max(1, self.width // 64))
        validate.number("dropout", self.dropout, least=0, below=1)
        for name in ("vocab", "layers", "hidden", "heads", "context"):
            validate.whole(name, getattr(self, name))
        check_experts(self.experts, self.active, self.routing)
        if self.width % self.heads:
            raise ValueError(
                f"{self.heads} heads do not divide a width of {self.width}: "
                "choose a width that is a multiple of the heads"
            )

    @property
    def params(self) -> int:
        """Non-embedding parameters, the N of the scaling laws: matrices of the blocks only."""
        return self._params(self.experts)

    @property
    def active_params(self) -> int:
        """Of those, the ones that one token is multiplied with."""
        return self._params(self.active)

    def _params(self, experts: int) -> int:
        routed = self.experts > 1 and self.routing == "learned"
        router = self.experts * self.width if routed else 0
        feed = experts * 2 * self.width * self.hidden
        return self.layers * (4 * self.width**2 + feed + router)

    @property
    def all_params(self) -> int:
        """All parameters: with the embeddings, the positions and the norms' gains."""
        vectors = self.vocab + self.context + 2 * self.layers + 1
        return self.params + vectors * self.width


class Block(nn.Module):
    """Attention, then a feed-forward part, each added to what came in.

    That is (models, batch, time, width). Every parameter has the models as its first dimension; a
    matrix is (models, out, in).
    """

    def __init__(self, config: Config, models: int):
        super().__init__()
        width, hidden = config.width, config.hidden
        self.heads = config.heads
        self.norm_mix = nn.Parameter(torch.ones(models, width))
        self.norm_feed = nn.Parameter(torch.ones(models, width))
        self.qkv = nn.Parameter(torch.empty(models, 3 * width, width))
        self.mix = nn.Parameter(torch.empty(models, width, width))
        if config.experts == 1:
            self.feed = Feed(width, hidden, models)
        else:
            many = config.experts, config.active, config.routing
            self.feed = Experts(width, hidden, *many, models)

    def forward(self, x: Tensor, ids: Tensor, drop: Callable, cache: Cache | None = None) -> Tensor:
        qkv = _linear(_shifted(_norm(x, self.norm_mix), cache), self.qkv)
        heads = qkv.flatten(0, 1).unflatten(-1, (3, self.heads, -1))
        q, k, v = heads.permute(2, 0, 3, 1, 4)  # each (models x batch, heads, time, size)
        if cache is None:
            seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            seen = cache.attend(q, k, v)
        x = x + drop(_linear(seen.transpose(1, 2).reshape(x.shape), self.mix))
        return x + drop(self.feed(_norm(x, self.norm_feed), ids))


class Feed(nn.Module):
    """The feed-forward part of a block, the same for all tokens whatever their ids."""

    def __init__(self, width: int, hidden: int, models: int):
        super().__init__()
        self.up = nn.Parameter(torch.empty(models, hidden, width))
        self.down = nn.Parameter(torch.empty(models, width, hidden))

    def forward(self, x: Tensor, ids: Tensor) -> Tensor:
        return _linear(F.relu(_linear(x, self.up)), self.down)


def _linear(x: Tensor, weight: Tensor) -> Tensor:
    """x (models, batch, time, in) times each model's matrix (models, out, in)."""
    return torch.bmm(x.flatten(1, 2), weight.mT).unflatten(1, x.shape[1:3])


def _norm(x: Tensor, gain: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:]) * gain[:, None, None]


def _shifted(x: Tensor, cache: Cache | None) -> Tensor:
    """The second half of each vector replaced by that of the token before (zeros at the start)."""
    half = x.shape[-1] // 2
    if cache is None:
        before = F.pad(x[..., :-1, half:], (0, 0, 1, 0))
    else:
        before = torch.cat([cache.last, x[..., :-1, half:]], -2)
        cache.last = x[..., -1:, half:]
    return torch.cat([x[..., :half], before], -1)


class Cache:
    """What one block keeps of the tokens read so far by one model: keys, values, the last vector.

    keys, values: (batch, heads, context, size). last: (1, batch, 1, half of width).
    """

    def __init__(self, config: Config, batch: int, device=None):
        shape = (batch, config.heads, config.context, config.width // config.heads)
        self.keys = torch.empty(shape, device=device)
        self.values = torch.empty(shape, device=device)
        self.last = torch.zeros(1, batch, 1, config.width - config.width // 2, device=device)
        self.time = 0

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Add new tokens' keys and values; what their queries find, (batch, heads, new, size)."""
        new = keys.shape[-2]
        end = self.time + new
        self.keys[:, :, self.time : end] = keys
        self.values[:, :, self.time : end] = values
        scores = queries @ self.keys[:, :, :end].mT * keys.shape[-1] ** -0.5
        if new > 1:
            later = torch.ones(new, end, dtype=torch.bool, device=keys.device).triu(self.time + 1)
            scores = scores.masked_fill(later, -torch.inf)
        self.time = end
        return scores.softmax(-1) @ self.values[:, :, :end]


class Transformer(nn.Module):
    """The language model of the book: token ids (batch, time) in, logits (batch, time, vocab) out.

    Weights are drawn from `seed` alone, and so is what dropout drops, which it does only after
    `train()`. With a sequence of seeds it is as many models: ids (models, batch, time) in, logits
    (models, batch, time, vocab) out. Chapter: scaling-laws.
    """

    def __init__(self, config: Config, *, seed: int | Sequence[int]):
        super().__init__()
        self.config = config
        self.seeds = tuple(seed) if isinstance(seed, Sequence) else (seed,)
        self.drawn = 0  # how often dropout has drawn
        models = len(self.seeds)
        self.places = nn.Parameter(torch.empty(models, config.context, config.width))
        self.tokens = nn.Parameter(torch.empty(models, config.vocab, config.width))
        self.blocks = nn.ModuleList(Block(config, models) for _ in range(config.layers))
        self.norm = nn.Parameter(torch.ones(models, config.width))
        self.register_buffer("first", torch.arange(models) * config.vocab, persistent=False)
        for number, own in enumerate(self.seeds):
            self._draw(number, torch.Generator().manual_seed(own))
        self.eval()

    @torch.no_grad()
    def _draw(self, number: int, generator: torch.Generator) -> None:
        into_residual = (2 * self.config.layers) ** -0.5
        for name, weight in self.named_parameters():
            if "norm" in name:
                continue  # gains start at 1
            std = weight.shape[-1] ** -0.5
            if name == "places":
                std *= 0.1  # where a character stands says less than which one it is
            if name.endswith(("mix", "down")):
                std *= into_residual
            weight[number].normal_(0.0, std, generator=generator)

    def alone(self, number: int) -> Transformer:
        """One of the models by itself: a copy."""
        one = Transformer(self.config, seed=self.seeds[number])
        one.drawn = self.drawn
        one.load_state_dict({k: v[number : number + 1] for k, v in self.state_dict().items()})
        return one.to(self.places.device)

    def forward(self, tokens: Tensor, caches: list[Cache] | None = None) -> Tensor:
        """Logits of the next token. With `caches`, tokens (batch, time) of one model go on.

        Raises ValueError when the tokens, with those cached, don't fit into the context, and when
        there isn't one set of them for each model.
        """
        start = caches[0].time if caches else 0
        end = start + tokens.shape[-1]
        if end > self.config.context:
            raise ValueError(
                f"{end} tokens do not fit into a context of {self.config.context}: "
                "cut the sequence or build the model with a longer context"
            )
        one = tokens.ndim == 2
        ids = tokens[None] if one else tokens
        if len(ids) != len(self.seeds):
            raise ValueError(
                f"tokens of shape {tuple(tokens.shape)} for {len(self.seeds)} models: give (batch, "
                "time) to one, or (models, batch, time)"
            )
        x = F.embedding(ids + self.first[:, None, None], self.tokens.flatten(0, 1))
        x = x + self.places[:, None, start:end]
        for i, block in enumerate(self.blocks):
            x = block(x, ids, self._drop, caches[i] if caches else None)
        logits = _linear(_norm(x, self.norm), self.tokens)
        return logits[0] if one else logits

    def _drop(self, x: Tensor) -> Tensor:
        if not (self.training and self.config.dropout):
            return x
        self.drawn += 1  # a copied model goes on where it was copied, which a generator can't
        kept = 1 - self.config.dropout
        noise = torch.empty_like(x)
        for own, seed in zip(noise, self.seeds, strict=True):
            generator = torch.Generator(x.device).manual_seed((seed << 32) + self.drawn)
            own.bernoulli_(kept, generator=generator)
        return x * noise / kept

    def loss(self, windows: Tensor) -> Tensor:
        """Mean cross-entropy in nats a token over windows (batch, time + 1), a number.

        Of several models with windows (models, batch, time + 1), that of each, (models,).
        """
        logits, truth = self(windows[..., :-1]), windows[..., 1:]
        nats = F.cross_entropy(logits.flatten(0, -2), truth.flatten(), reduction="none")
        return nats.unflatten(0, truth.shape).mean((-2, -1))
