"""A store that a language model looks things up in (chapter: sparse-and-retrieving).

A nearest-neighbour language model keeps, of a text that it has read, each character's context as a
key and the character that came next as its value. To predict, it looks up the k keys nearest to the
context at hand and lets their values vote, nearer ones more:

    p(y) = share q(y) + (1 - share) p_model(y),   q(y) ~ sum of exp(-d^2 / temperature) of the y's

(Khandelwal et al. 2020, arXiv:1911.00172, equations 2 and 3). The key of a context is what the last
feed-forward part is given. Nothing is trained: a document is known once it is added, and forgotten
once it is removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from datawall import validate
from datawall.lm.model import Transformer
from datawall.lm.threads import one_thread


class Neighbours(NamedTuple):
    """Of each query its nearest keys: squared distances, ascending, and values.

    distances: (queries, k), float64. values: (queries, k), int64.
    """

    distances: Tensor
    values: Tensor


@dataclass(frozen=True)
class Knobs:
    """How neighbours vote: how many, how fast distance discounts, how much the store counts.

    temperature: in squared distances. share: between 0, the model alone, and 1, the store alone.
    """

    k: int
    temperature: float
    share: float

    def __post_init__(self):
        validate.whole("k", self.k)
        validate.positive("temperature", self.temperature)
        validate.share("share", self.share)


class Store:
    """Keys and values by document; `nearest` searches all of them.

    width: numbers in a key.
    """

    def __init__(self, width: int):
        self.width = validate.whole("width", width)
        self._parts: dict[str, tuple[Tensor, Tensor]] = {}

    def __len__(self) -> int:
        """Keys in the store."""
        return sum(len(values) for _, values in self._parts.values())

    @property
    def documents(self) -> tuple[str, ...]:
        """The names of the documents, in the order in which they came."""
        return tuple(self._parts)

    @property
    def bytes(self) -> int:
        """What keys and values take in memory."""
        return sum(part.nbytes for parts in self._parts.values() for part in parts)

    @property
    def flops(self) -> int:
        """Multiplications and additions that looking up one query takes: 2 for a number."""
        return 2 * len(self) * self.width

    def add(self, document: str, keys: Tensor, values: Tensor) -> None:
        """Keys (n, width) and values (n,) of a document with a name of its own.

        Raises ValueError for a name that the store has already, for keys of another width, for keys
        that aren't finite, and unless there is one value a key.
        """
        if document in self._parts:
            raise ValueError(f"{document!r} is in the store: remove it first, or name it anew")
        _check_keys("keys", keys, self.width)
        validate.tokens(values)
        if len(values) != len(keys):
            raise ValueError(f"{len(keys)} keys with {len(values)} values: give one value a key")
        self._parts[document] = keys.detach().float(), values.to(torch.int32)

    def remove(self, document: str) -> None:
        """Forget a document: the store is then as if it had never had it. KeyError if it hasn't."""
        if document not in self._parts:
            raise KeyError(f"{document!r} isn't in the store; it has {', '.join(self._parts)}")
        del self._parts[document]

    def nearest(self, queries: Tensor, k: int) -> Neighbours:
        """The k keys nearest to each query (n, width) of all documents, exactly.

        Every distance is computed, by scikit-learn, which takes half the time of a matrix product
        with `topk`; trees, which leave distances out, gain nothing at 32 numbers a key.
        Raises ValueError for queries of another width, and for more neighbours than there are keys.
        """
        _check_keys("queries", queries, self.width)
        validate.whole("k", k)
        if k > len(self):
            raise ValueError(f"{k} neighbours of {len(self)} keys: ask for fewer, or add documents")
        keys, values = (torch.cat(part).numpy() for part in zip(*self._parts.values(), strict=True))
        search = NearestNeighbors(algorithm="brute", metric="sqeuclidean", n_jobs=1).fit(keys)
        far, place = search.kneighbors(queries.detach().float().numpy(), k)
        return Neighbours(*map(torch.from_numpy, (far, values[place].astype(np.int64))))


def nearer(one: Neighbours, other: Neighbours, k: int) -> Neighbours:
    """Of the neighbours of the same queries in two stores the k nearest: those in both together."""
    both = [torch.cat(parts, 1) for parts in zip(one, other, strict=True)]
    distances, order = both[0].sort(dim=1, stable=True)
    return Neighbours(distances[:, :k], both[1].gather(1, order[:, :k]))


def contexts(model: Transformer, windows: Tensor) -> tuple[Tensor, Tensor]:
    """Keys (n, width) and values (n,) of all places in windows (count, time + 1) of one model.

    Raises ValueError for several models side by side: take one of them by `alone`.
    """
    if len(model.seeds) > 1:
        raise ValueError(f"there are {len(model.seeds)} models: take one by model.alone(number)")
    given = []
    hook = model.blocks[-1].feed.register_forward_pre_hook(lambda _, args: given.append(args[0]))
    try:
        with one_thread(), torch.no_grad():
            for part in windows.split(64):
                model(part[:, :-1])
    finally:
        hook.remove()
    return torch.cat([part[0] for part in given]).flatten(0, 1), windows[:, 1:].flatten()


def chances(found: Neighbours, truth: Tensor, knobs: Knobs) -> Tensor:
    """The chance (queries,) that the neighbours' votes give to the true next token (queries,)."""
    if knobs.k > found.distances.shape[1]:
        raise ValueError(f"k is {knobs.k} of {found.distances.shape[1]} neighbours: find more")
    votes = (-found.distances[:, : knobs.k] / knobs.temperature).double().softmax(1)
    return (votes * (found.values[:, : knobs.k] == truth[:, None])).sum(1)


def model_chances(model: Transformer, windows: Tensor) -> Tensor:
    """The chance (n,) that the model alone gives to each next token of windows, as `contexts`."""
    with one_thread(), torch.no_grad():
        logits = torch.cat([model(part[:, :-1]) for part in windows.split(64)])
    logs = logits.double().log_softmax(-1)
    return logs.gather(-1, windows[:, 1:, None]).flatten().exp()


def loss(model: Tensor, store: Tensor, share: float) -> float:
    """Nats a token of model and store together, from the chances (n,) of both for the truth."""
    validate.share("share", share)
    return -(share * store + (1 - share) * model).log().mean().item()


def tuned(
    model: Tensor,
    found: Neighbours,
    truth: Tensor,
    *,
    k: Sequence[int],
    temperature: Sequence[float],
    share: Sequence[float],
) -> Knobs:
    """The knobs of least loss on these tokens, which mustn't be the exam's.

    model: its chances (n,) for the truth (n,). k, temperature, share: what is tried.
    """
    tried = {}
    for a, b in product(k, temperature):
        votes = chances(found, truth, Knobs(a, b, share=1.0))
        tried |= {Knobs(a, b, c): loss(model, votes, c) for c in share}
    return min(tried, key=tried.get)


def _check_keys(name: str, keys: Tensor, width: int) -> None:
    if not torch.is_tensor(keys) or keys.ndim != 2 or keys.shape[1] != width:
        shape = tuple(getattr(keys, "shape", ()))
        raise ValueError(f"the {name} have the shape {shape}: give a tensor (n, {width})")
    if not keys.isfinite().all():
        raise ValueError(f"the {name} hold NaN or infinity: the model that made them has failed")
