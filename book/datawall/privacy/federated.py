"""Training without gathering the rows: clients train at home, a server averages (chapter:
private-data).

Federated averaging (McMahan et al. 2017, arXiv:1602.05629, algorithm 1, with every client in every
round): the server sends its model out, each client trains it on its own rows by plain gradient
descent, and the server takes the mean of what comes back, weighed by the clients' numbers of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from datawall import validate
from datawall.evidence.seeds import independent
from datawall.privacy import letters
from datawall.privacy.letters import Letters


@dataclass(frozen=True)
class Local:
    """How a client trains: passes over its rows a round, rows a batch, learning rate."""

    passes: int
    batch: int
    rate: float

    def __post_init__(self):
        validate.whole("passes", self.passes)
        validate.whole("batch", self.batch)
        validate.positive("rate", self.rate)


def rounds(
    model: Letters, clients: Sequence[Tensor], local: Local, count: int, *, seed: int
) -> Iterator[tuple[Letters, list[Letters]]]:
    """After each round the server's model and what each client sent in, in the clients' order.

    clients: rows (n, length) of each. One client is training in one place. Raises ValueError where
    there is no client, and FloatingPointError when the weights diverge.
    """
    if not len(clients):
        raise ValueError("there are no clients: give the rows of one or more")
    validate.whole("rounds", count)
    seeds = iter(independent(seed, count * len(clients)))
    for number in range(1, count + 1):
        sent = [descended(model, rows, local, seed=next(seeds)) for rows in clients]
        model = averaged(sent, [len(rows) for rows in clients])
        if not all(weight.isfinite().all() for weight in model.weights.values()):
            raise FloatingPointError(f"the weights diverged in round {number}: lower the rate")
        yield model, sent


def descended(model: Letters, rows: Tensor, local: Local, *, seed: int) -> Letters:
    """The model after plain gradient descent on rows, each pass in an order of its own."""
    generator = torch.Generator().manual_seed(seed)
    model = model.copy()
    for _ in range(local.passes):
        for taken in torch.randperm(len(rows), generator=generator).split(local.batch):
            found = letters.backward(model, rows[taken]).summed(torch.ones(len(taken)))
            for name, weight in model.weights.items():
                weight.sub_(found[name], alpha=local.rate / len(taken))
    return model


def averaged(models: Sequence[Letters], weigh: Sequence[float]) -> Letters:
    """The mean of models of one shape, weighed by `weigh`, which needn't add up to 1.

    Raises ValueError unless there is one weight a model, none below 0 and one above.
    """
    weigh = validate.numbers("weights of clients", weigh, least=0)
    if len(weigh) != len(models) or not weigh.sum() > 0:
        raise ValueError(f"{len(weigh)} weights for {len(models)} models: give one a model")
    shares = weigh / weigh.sum()
    weights = {
        name: sum(float(s) * m.weights[name] for s, m in zip(shares, models, strict=True))
        for name in models[0].weights
    }
    return replace(models[0], weights=weights)
