"""Neural fields: networks that learn one scene from a few views of it, and two controls.

A scene is a square image inside a disc. A view sums its brightness along parallel rays, as a
scanner does, at an angle in radians; `rays` says where. A field is a network from a place to the
brightness there [Mildenhall et al. 2020, arXiv:2003.08934], here with or without Fourier features
[Tancik et al. 2020, arXiv:2006.10739]. Chapter: generators.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from datawall import validate
from datawall.lm.threads import one_thread

WAVES, WIDTH, RAYS = 32, 64, 64  # Fourier features, units of a layer, rays of a step


def rays(side: int, angles: Tensor) -> tuple[Tensor, Tensor]:
    """Places along each ray, (views * side, side, 2), x before y, and the distance between them.

    There are as many rays in a view as pixels in a row, and as many places on a ray, all inside the
    disc of radius 1. Distances: (views * side,).
    """
    offset = _places(validate.whole("side", side))
    angles = _angles(angles)
    half = (1 - offset**2).sqrt()  # of the ray's length in the disc
    sideways = torch.stack([angles.cos(), angles.sin()], -1)[:, None, None]
    forward = torch.stack([-angles.sin(), angles.cos()], -1)[:, None, None]
    at = offset[:, None, None] * sideways + (half[:, None] * offset)[..., None] * forward
    return at.flatten(0, 1), (2 * half / side).repeat(len(angles))


def grid(side: int) -> Tensor:
    """The places of an image's pixels, (side, side, 2), x before y."""
    offset = _places(validate.whole("side", side))
    return torch.stack(torch.meshgrid(offset, offset, indexing="xy"), -1)


@dataclass(frozen=True)
class Picture:
    """A scene of pixels, (side, side)."""

    image: Tensor

    def __post_init__(self):
        image = torch.from_numpy(validate.images("images", [self.image])[0].copy())
        object.__setattr__(self, "image", image)

    def views(self, angles: Tensor) -> Tensor:
        """Sums along the rays at these angles: (views, side)."""
        return _seen(self.image[None], angles)[0].view(-1, len(self.image))


@dataclass(frozen=True)
class Field:
    """A network from places (..., 2) to brightness (...).

    frequency: of the Fourier features, in half waves a radius; 0 gives the network the place alone.
    """

    frequency: float
    steps: int = 400
    rate: float = 3e-3

    def __post_init__(self):
        validate.nonnegative("frequency", self.frequency)
        validate.whole("steps", self.steps)
        validate.positive("rate", self.rate)

    @one_thread()
    def fit(self, views: Tensor, angles: Tensor, *, seed: int) -> FittedField:
        """Learn a scene from views (views, side) at these angles, by Adam on the squared error."""
        side, truth = _checked(views, angles).shape[1], views.flatten()
        at, step = rays(side, angles)
        fitted = self._start(side, validate.whole("seed", seed, least=0))
        order = torch.Generator().manual_seed(seed)
        parameters = [p.requires_grad_() for p in (*fitted.weights, *fitted.biases)]
        optimizer = torch.optim.Adam(parameters)
        for i in range(self.steps):
            optimizer.param_groups[0]["lr"] = self.rate * min(1, 2 - 2 * i / self.steps)
            few = torch.randint(len(at), (RAYS,), generator=order)
            loss = (fitted(at[few]).sum(-1) * step[few] - truth[few]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        for parameter in parameters:
            parameter.requires_grad_(False)
        return fitted

    def _start(self, side: int, seed: int) -> FittedField:
        draw = torch.Generator().manual_seed(seed)
        waves = torch.pi * self.frequency * torch.randn(2, WAVES, generator=draw)
        sizes = [2 * WAVES if self.frequency else 2, WIDTH, WIDTH, WIDTH, 1]
        weights = [torch.randn(i, o, generator=draw) * (3 * i) ** -0.5 for i, o in pairwise(sizes)]
        biases = [torch.zeros(size) for size in sizes[1:]]
        return FittedField(waves if self.frequency else None, weights, biases, side)


@dataclass(frozen=True)
class FittedField:
    """See `Field`. side: of the images that it draws, and rays of a view."""

    waves: Tensor | None
    weights: list[Tensor]
    biases: list[Tensor]
    side: int

    def __call__(self, places: Tensor) -> Tensor:
        """Brightness at places (..., 2)."""
        x = places
        if self.waves is not None:
            x = torch.cat([(x @ self.waves).sin(), (x @ self.waves).cos()], -1)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            x = (x @ weight + bias).relu()
        return (x @ self.weights[-1] + self.biases[-1])[..., 0]

    @property
    def image(self) -> Tensor:
        """The scene that was learned, (side, side)."""
        return self(grid(self.side))

    def views(self, angles: Tensor) -> Tensor:
        """Sums along the rays at these angles: (views, side)."""
        at, step = rays(self.side, angles)
        return (self(at).sum(-1) * step).view(-1, self.side)


@one_thread()
def flattest(views: Tensor, angles: Tensor) -> Picture:
    """The control: of all pictures with these views, (views, side), the one nearest to flat."""
    side, truth = _checked(views, angles).shape[1], views.flatten()
    sums = _seen(torch.eye(side**2).view(-1, side, side), angles).T  # (rays, pixels)
    mean = truth.sum() / sums.sum()
    image = mean + torch.linalg.pinv(sums, rtol=0.01) @ (truth - mean * sums.sum(1))
    return Picture(image.view(side, side))


def between(views: Tensor) -> Tensor:
    """The control: the mean of two neighbouring views, (views, side).

    views: (views, side), at equal distances over half a turn, after which the first comes again,
    mirrored.
    """
    later = torch.cat([views[1:], views[:1].flip(1)])
    return (views + later) / 2


def psnr(guess: Tensor, truth: Tensor) -> float:
    """Peak signal-to-noise ratio in decibels, of views or images of one shape; the peak is the
    truth's span. Raises ValueError for two shapes, and for a truth without a span."""
    if guess.shape != truth.shape:
        raise ValueError(f"guesses {tuple(guess.shape)} and truth {tuple(truth.shape)}: match them")
    peak = truth.max() - truth.min()
    if not peak > 0:
        raise ValueError("the truth is flat, so that it has no peak: give views that differ")
    return (20 * (peak / (guess - truth).square().mean().sqrt()).log10()).item()


def _places(side: int) -> Tensor:
    return (torch.arange(side) + 0.5) / side * 2 - 1


def _seen(images: Tensor, angles: Tensor) -> Tensor:
    """Views of images (n, side, side): (n, views * side)."""
    at, step = rays(images.shape[-1], angles)
    return F.grid_sample(images[None], at[None], align_corners=False)[0].sum(-1) * step


def _angles(angles: Tensor) -> Tensor:
    found = torch.as_tensor(validate.numbers("angles", angles), dtype=torch.float32)
    if found.ndim != 1:
        raise ValueError(f"angles of shape {tuple(found.shape)}: give a list of radians")
    return found


def _checked(views: Tensor, angles: Tensor) -> Tensor:
    validate.numbers("views", views)
    if views.ndim != 2 or len(views) != len(_angles(angles)):
        raise ValueError(
            f"views of shape {tuple(views.shape)} at {len(angles)} angles: give (views, side), "
            "one view for each angle"
        )
    return views
