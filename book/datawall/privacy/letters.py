"""A small causal convolution over letters whose gradient can be had row by row.

Differential privacy needs the length of each row's own gradient. The book's transformer gives it
only by a loop over rows, which costs several times as much. Here every layer is a matrix applied at
each place of a row. The gradient of its matrix for one row is a sum over places t of the outer
products of what comes in, a_t, and what is passed back, b_t, so that its squared length is

    sum over places s and t of (a_s . a_t) (b_s . b_t)

(Goodfellow 2015, arXiv:1510.01799; Li et al. 2022, arXiv:2110.05679, "ghost clipping"), and no
row's gradient needs to be written down. Chapter: private-data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from datawall import validate

LAYERS = ("first", "second", "out")


@dataclass(frozen=True)
class Shape:
    """Shape of a model: letters, width of its two hidden layers, letters that a place of each sees.

    A prediction sees 2 * reach - 1 letters. Raises ValueError for numbers that aren't above 0.
    """

    vocab: int
    width: int = 48
    reach: int = 6

    def __post_init__(self):
        for name in ("vocab", "width", "reach"):
            validate.whole(name, getattr(self, name))

    @property
    def params(self) -> int:
        """Parameters without the embedding, whose vectors are half as long as the width."""
        inside = self.reach * (self.width // 2 + self.width) + self.vocab
        return inside * self.width + 2 * self.width + self.vocab


@dataclass(frozen=True)
class Letters:
    """A model: its shape and its weights, names to tensors; a matrix is (in, out)."""

    shape: Shape
    weights: dict[str, Tensor]

    def copy(self) -> Letters:
        """The same model with weights of its own."""
        return replace(self, weights={k: v.clone() for k, v in self.weights.items()})


def drawn(shape: Shape, *, seed: int) -> Letters:
    """A model whose weights are drawn from `seed` alone."""
    generator = torch.Generator().manual_seed(seed)
    half = shape.width // 2
    sizes = {
        "first": (shape.reach * half, shape.width),
        "second": (shape.reach * shape.width, shape.width),
        "out": (shape.width, shape.vocab),
    }
    weights = {"letters": torch.randn(shape.vocab, half, generator=generator)}
    for name, (into, out) in sizes.items():
        gain = 0.01 if name == "out" else 2.0  # at first no letter is much likelier than another
        weights[name] = torch.randn(into, out, generator=generator) * (gain / into) ** 0.5
        weights[name + "_bias"] = torch.zeros(out)
    return Letters(shape, weights)


def losses(model: Letters, rows: Tensor) -> Tensor:
    """The mean cross-entropy of each row (n, length), in nats a letter, (n,), float64.

    The first letter of a row is given; each later one is predicted from those before it.
    """
    check_rows(rows, model.shape.vocab)
    with torch.no_grad():
        parts = [_forward(model, part)[-1] for part in rows.split(512)]
    return torch.cat(parts).double().mean(1)


def log_chances(model: Letters, rows: Tensor) -> Tensor:
    """Log chances of every letter after the last one of each row (n, length): (n, vocab)."""
    seen = rows[:, -(2 * model.shape.reach - 1) :]
    padded = F.pad(seen, (0, 1))  # the letter asked for is not looked at
    with torch.no_grad():
        parts = [_logits(model, part)[:, -1] for part in padded.split(512)]
    return torch.cat(parts).log_softmax(-1)


@dataclass(frozen=True)
class Backward:
    """What a batch leaves for its gradients: ids, and for each layer what came in and came back.

    ids: (rows, places). came_in, came_back: by layer, (rows, places, in) and (rows, places, out),
    came_back of each row's own mean loss. vectors: the same of the embedding, (rows, places, half).
    """

    ids: Tensor
    came_in: dict[str, Tensor]
    came_back: dict[str, Tensor]
    vectors: Tensor

    def norms(self) -> Tensor:
        """The length of each row's gradient, (rows,)."""
        alike = (self.ids[:, :, None] == self.ids[:, None]).float()
        square = (alike * _gram(self.vectors)).sum((1, 2))
        for name in LAYERS:
            into = _gram(self.came_in[name]) + 1  # 1 for the bias, which is as an input of 1
            square = square + (into * _gram(self.came_back[name])).sum((1, 2))
        return square.clamp(min=0).sqrt()

    def summed(self, weigh: Tensor) -> dict[str, Tensor]:
        """The sum over rows of each row's gradient times its weight (rows,), by parameter."""
        weigh = weigh[:, None, None]
        found = {}
        for name in LAYERS:
            back = (self.came_back[name] * weigh).flatten(0, 1)
            found[name] = self.came_in[name].flatten(0, 1).mT @ back
            found[name + "_bias"] = back.sum(0)
        vectors = (self.vectors * weigh).flatten(0, 1)
        letters = self.came_back["out"].shape[-1]
        found["letters"] = torch.zeros(letters, vectors.shape[-1]).index_add_(
            0, self.ids.flatten(), vectors
        )
        return found


def backward(model: Letters, rows: Tensor) -> Backward:
    """One pass forward and back over rows (n, length), for gradients of each row's mean loss."""
    weights = model.weights
    ids = rows[:, :-1]
    vectors = weights["letters"][ids].requires_grad_()
    came_in, sums = _through(model, vectors)
    nats = F.cross_entropy(sums["out"].mT, rows[:, 1:], reduction="none")
    # The rows' losses don't touch each other, so the gradient of their sum holds each row's own.
    back = torch.autograd.grad(nats.mean(1).sum(), [*(sums[k] for k in LAYERS), vectors])
    returned = dict(zip(LAYERS, back, strict=False))
    return Backward(ids, {k: v.detach() for k, v in came_in.items()}, returned, back[-1])


def check_rows(rows: Tensor, vocab: int, least: int = 2) -> Tensor:
    """Rows of token ids (n, length) of at least two letters, as they came; ValueError otherwise."""
    if not torch.is_tensor(rows) or rows.ndim != 2 or rows.shape[1] < least or not len(rows):
        shape = tuple(getattr(rows, "shape", ()))
        raise ValueError(
            f"the rows have the shape {shape}: give a tensor (rows, letters) of one row or more, "
            "each of two letters or more"
        )
    validate.ids(rows, vocab, name="letters")
    return rows


def _through(model: Letters, vectors: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What comes into each layer and what it makes of it, before the non-linearity."""
    weights, reach = model.weights, model.shape.reach
    came_in, sums = {}, {}
    x = vectors
    for name in LAYERS:
        came_in[name] = x if name == "out" else _seen(x, reach)
        sums[name] = came_in[name] @ weights[name] + weights[name + "_bias"]
        x = F.relu(sums[name])
    return came_in, sums


def _seen(x: Tensor, reach: int) -> Tensor:
    """At each place the vectors of the last `reach` places side by side; zeros before the first."""
    padded = F.pad(x, (0, 0, reach - 1, 0))
    return torch.cat([padded[:, i : i + x.shape[1]] for i in range(reach)], -1)


def _gram(x: Tensor) -> Tensor:
    """The products of all pairs of places of each row, (rows, places, places)."""
    return x @ x.mT


def _logits(model: Letters, rows: Tensor) -> Tensor:
    _, sums = _through(model, model.weights["letters"][rows[:, :-1]])
    return sums["out"]


def _forward(model: Letters, rows: Tensor) -> tuple[Tensor, Tensor]:
    logits = _logits(model, rows)
    return logits, F.cross_entropy(logits.mT, rows[:, 1:], reduction="none")
