"""Small convolutional networks that say what is in a small image, or where it is.

`learn` trains either for a stated number of steps, whatever the data, so that ways to mix sources
are compared at equal compute. One thread; one seed, one network. Chapter: simulators.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F


def classifier(seed: int, side: int = 14, classes: int = 10, width: int = 16) -> nn.Module:
    """Two convolutions of stride two and a linear layer: images (n, side, side) to (n, classes)."""
    left = ((side + 1) // 2 + 1) // 2
    first, second = nn.Conv2d(1, width, 3, 2, 1), nn.Conv2d(width, 2 * width, 3, 2, 1)
    last = nn.Linear(2 * width * left**2, classes)
    layers = nn.Unflatten(1, (1, side)), first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), last
    return _drawn(nn.Sequential(*layers), seed)


class _Locator(nn.Module):
    def __init__(self, side, width):
        super().__init__()
        self.evidence = nn.Sequential(
            nn.Unflatten(1, (1, side)),
            nn.Conv2d(1, width, 5, 2, 2),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, 1, 1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, 1, 2, dilation=2),
            nn.ReLU(),
            nn.Conv2d(width, 1, 3, 1, 1),
        )

    def forward(self, images: Tensor) -> Tensor:
        chance = self.evidence(images)[:, 0]  # at every second pixel
        chance = chance.flatten(1).softmax(1).view_as(chance)
        pixels = 2.0 * torch.arange(chance.shape[-1])
        return torch.stack([chance.sum(1) @ pixels, chance.sum(2) @ pixels], 1)


def locator(seed: int, side: int = 32, width: int = 12) -> nn.Module:
    """Images (n, side, side) to places (n, 2), x before y, in pixels.

    The network makes a map of evidence; its answer is the map's centre of mass (a soft argmax).
    """
    return _drawn(_Locator(side, width), seed)


def _drawn(net: nn.Module, seed: int) -> nn.Module:
    """The same network with parameters drawn from the seed alone."""
    generator = torch.Generator().manual_seed(seed)
    for p in net.parameters():
        nn.init.kaiming_normal_(p, generator=generator) if p.ndim > 1 else nn.init.zeros_(p)
    return net


def learn(
    net: nn.Module,
    sources: Sequence[tuple[ArrayLike, ArrayLike]],
    seed: int,
    steps: int,
    batch: int = 32,
    rate: float = 1e-2,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
) -> nn.Module:
    """Train the network further and return it: each batch takes equal parts from every source.

    sources: pairs of images (n, side, side) and targets (n, ...), drawn with replacement. rate: the
    peak of AdamW's learning rate, which rises and falls once. Raises ValueError for a source that
    is empty or whose images and targets differ in number, and for more sources than a batch holds.
    """
    if not 0 < len(sources) <= batch:
        raise ValueError(f"{len(sources)} sources for batches of {batch}: give one to {batch}")
    for images, targets in sources:
        if not 0 < len(images) == len(targets):
            raise ValueError(
                f"a source has {len(images)} images and {len(targets)} targets: give as many of "
                "the one as of the other, and at least one"
            )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        pairs = [(_tensor(x), torch.as_tensor(y)) for x, y in sources]
        return _train(net, pairs, np.random.default_rng([seed, 1]), steps, batch, rate, loss)
    finally:
        torch.set_num_threads(threads)


def _train(net, pairs, rng, steps, batch, rate, loss):
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    share = batch // len(pairs)
    for _ in range(steps):
        rows = [rng.integers(0, len(x), share) for x, _ in pairs]
        x, y = (torch.cat([p[k][i] for p, i in zip(pairs, rows, strict=True)]) for k in (0, 1))
        error = loss(net(x), y)
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        schedule.step()
    return net


def answers(net: nn.Module, images: ArrayLike) -> np.ndarray:
    """What the network says of images (n, side, side): labels (n,), or places (n, 2)."""
    with torch.no_grad():
        said = torch.cat([net(part) for part in _tensor(images).split(500)])
    return said.numpy() if said.shape[1] == 2 else said.argmax(1).numpy()


def accuracy(net: nn.Module, images: ArrayLike, labels: ArrayLike) -> float:
    """Percent of images (n, side, side) whose labels (n,) the network names."""
    return 100 * float(np.mean(answers(net, images) == np.asarray(labels)))


def _tensor(images: ArrayLike) -> Tensor:
    return torch.as_tensor(np.asarray(images, np.float32))
