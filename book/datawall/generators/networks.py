"""Generators that are networks: a variational autoencoder and a diffusion model, one thread each.

Chapters: generators, collapse-in-generators.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F

from datawall import validate
from datawall.generators.protocol import Degenerate, Diverged
from datawall.lm.threads import one_thread

_CLOCK = 8  # numbers that tell a diffusion model's network the level
_FIRST_NOISE = 0.15  # where a VAE's noise starts: from 1 it would learn to ignore its codes
_HALF_LOG_TWO_PI = math.log(2 * math.pi) / 2
_LEAST_NOISE = 1e-3  # of the data's spread: below it a VAE's likelihood has no upper bound


@dataclass(frozen=True)
class VAE:
    """A variational autoencoder: Gaussian latents, Gaussian noise of one learnt variance.

    [Kingma and Welling 2013, arXiv:1312.6114]. With `hidden` 0 encoder and decoder are linear, and
    the best model is probabilistic PCA [Lucas et al. 2019, arXiv:1911.02469].

    latent: dimensions of the code. hidden: width of the two hidden layers of encoder and decoder.
    steps, batch, rate: AdamW's; the rate falls to zero over the second half. noise: whether samples
    carry the observation noise; without it they are the decoder's means, which have less variance
    than the data by construction. temperature: multiplies the variance of all that is drawn.
    """

    latent: int = 8
    hidden: int = 128
    steps: int = 2_000
    batch: int = 64
    rate: float = 2e-3
    noise: bool = True
    temperature: float = 1.0

    def __post_init__(self):
        for name in ("latent", "steps", "batch"):
            validate.whole(name, getattr(self, name))
        validate.whole("hidden", self.hidden, least=0)
        validate.positive("rate", self.rate)
        validate.flag("noise", self.noise)
        validate.temperature(self.temperature)

    def fit(self, data: ArrayLike, *, seed: int) -> FittedVAE:
        """Fit points (n, d), or of any shape; the seed draws weights, batches and codes."""
        units, frame = _framed(data)
        generator = torch.Generator().manual_seed(seed)
        size = units.shape[1]
        encoder = _mlp((size, *self._hidden, 2 * self.latent), generator)
        decoder = _mlp((self.latent, *self._hidden, size), generator)
        parts = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
        parts.register_parameter("log_noise", nn.Parameter(torch.tensor(math.log(_FIRST_NOISE))))
        fitted = FittedVAE(self, parts, frame)
        _descend(
            parts,
            lambda batch: -fitted._bound(batch, generator).mean() / size,
            units,
            self,
            generator,
        )
        return fitted

    @property
    def _hidden(self) -> tuple[int, ...]:
        return (self.hidden, self.hidden) if self.hidden else ()


@dataclass(frozen=True)
class FittedVAE:
    """Encoder, decoder and the logarithm of the noise's standard deviation, in scaled units."""

    knobs: VAE
    parts: nn.ModuleDict
    frame: Frame

    @torch.no_grad()
    def sample(self, n: int, *, seed: int) -> np.ndarray:
        validate.whole("n", n)
        generator = torch.Generator().manual_seed(seed)
        spread = math.sqrt(self.knobs.temperature)
        with one_thread():
            codes = spread * torch.randn(n, self.knobs.latent, generator=generator)
            points = self.parts["decoder"](codes)
            if self.knobs.noise:
                noise = torch.randn(points.shape, generator=generator)
                points += spread * self._noise() * noise
        return self.frame.restore(points)

    @property
    def noise(self) -> float:
        """Standard deviation of the observation noise, in the data's unit."""
        return self._noise().item() * self.frame.scale

    @torch.no_grad()
    def bound(self, points: ArrayLike, draws: int = 16, *, seed: int) -> np.ndarray:
        """Evidence lower bound in nats, (n,): at most the log density, up to its `draws`' noise."""
        validate.whole("draws", draws)
        generator = torch.Generator().manual_seed(seed)
        units = self.frame.scaled(points)
        with one_thread():
            found = sum(self._bound(units, generator) for _ in range(draws)) / draws
        return found.numpy() - units.shape[1] * math.log(self.frame.scale)

    def _noise(self) -> Tensor:
        return self.parts.log_noise.exp() + _LEAST_NOISE

    def _bound(self, units: Tensor, generator: torch.Generator) -> Tensor:
        mean, log_spread = self.parts["encoder"](units).chunk(2, -1)
        spread, noise = log_spread.exp(), self._noise()
        codes = torch.addcmul(mean, spread, torch.randn(mean.shape, generator=generator))
        missed = (units - self.parts["decoder"](codes)).square().sum(-1)
        fit = missed / (-2 * noise.square()) - units.shape[1] * (noise.log() + _HALF_LOG_TWO_PI)
        divergence = (mean.square() + spread.square()).sum(-1) / 2 - log_spread.sum(-1)
        return fit - divergence + self.knobs.latent / 2


@dataclass(frozen=True)
class Diffusion:
    """A denoising diffusion model: a network that learns to take noise away, step by step.

    Noise levels on a cosine [Nichol and Dhariwal 2021, arXiv:2102.09672, eq. 17]; the network
    predicts a eps - sigma x, the v of Salimans and Ho [2022, arXiv:2202.00512]; samples are drawn
    by the ancestral rule [Ho et al. 2020, arXiv:2006.11239, eq. 6-7], plus the variance of what the
    network can't know of the clean point, measured on the data [Bao et al. 2022, arXiv:2206.07309]:
    without it few levels give samples that vary too little.

    levels: noise levels, each one evaluation a sample. hidden, layers: width and number of the
    network's hidden layers. steps, batch, rate: AdamW's; the rate falls to zero over the second
    half. temperature: multiplies the variance of all that is drawn in sampling.
    """

    levels: int = 50
    hidden: int = 256
    layers: int = 3
    steps: int = 4_000
    batch: int = 64
    rate: float = 2e-3
    temperature: float = 1.0

    def __post_init__(self):
        for name in ("levels", "hidden", "layers", "steps", "batch"):
            validate.whole(name, getattr(self, name))
        validate.positive("rate", self.rate)
        validate.temperature(self.temperature)

    def fit(self, data: ArrayLike, *, seed: int) -> FittedDiffusion:
        """Fit points (n, d), or of any shape; the seed draws weights, batches and noise."""
        units, frame = _framed(data)
        generator = torch.Generator().manual_seed(seed)
        size = units.shape[1]
        network = _mlp((size + _CLOCK, *[self.hidden] * self.layers, size), generator)
        fitted = FittedDiffusion(self, network, frame, torch.zeros(self.levels + 1, size))

        def missed(batch):
            times = torch.randint(1, self.levels + 1, (len(batch),), generator=generator)
            a, sigma = (part[times, None] for part in fitted._levels())
            noise = torch.randn(batch.shape, generator=generator)
            guess = fitted._velocity(a * batch + sigma * noise, times)
            return F.mse_loss(guess, a * noise - sigma * batch)

        _descend(network, missed, units, self, generator)
        return replace(fitted, unknown=fitted._measured(units, generator))


@dataclass(frozen=True)
class FittedDiffusion:
    """The network that denoises, in scaled units.

    unknown: variance of the clean point about the network's guess, (levels + 1, d).
    """

    knobs: Diffusion
    network: nn.Module
    frame: Frame
    unknown: Tensor

    @torch.no_grad()
    def sample(self, n: int, *, seed: int) -> np.ndarray:
        validate.whole("n", n)
        generator = torch.Generator().manual_seed(seed)
        size = math.prod(self.frame.shape)
        a, sigma = self._levels()

        def noise():
            return math.sqrt(self.knobs.temperature) * torch.randn(n, size, generator=generator)

        with one_thread():
            x = noise()
            for t in range(self.knobs.levels, 0, -1):
                new = 1 - (a[t] / a[t - 1]) ** 2  # variance that level t added to the one below
                to_clean = a[t - 1] * new / sigma[t] ** 2
                to_noised = a[t] / a[t - 1] * (sigma[t - 1] / sigma[t]) ** 2
                variance = new * (sigma[t - 1] / sigma[t]) ** 2 + to_clean**2 * self.unknown[t]
                x = to_clean * self._clean(x, t) + to_noised * x + variance.sqrt() * noise()
        return self.frame.restore(x)

    def levels(self) -> tuple[np.ndarray, np.ndarray]:
        """a and sigma of level 0, which is clean, to the last, (levels + 1,).

        A noised point is m + a (x - m) + sigma s eps with eps standard normal, and m and s the mean
        and the spread of the data (`frame.mean`, `frame.scale`).
        """
        a, sigma = self._levels()
        return a.numpy(), sigma.numpy()

    @torch.no_grad()
    def score(self, noised: ArrayLike, level: int) -> np.ndarray:
        """Gradient of the log density of noised points (n, ...) at a level from 1, (n, ...).

        For data N(mu, v) in one dimension the truth is -(x - m - a (mu - m)) / (a^2 v + sigma^2
        s^2), with a, sigma, m and s as in `levels`. Raises ValueError for a level without noise.
        """
        validate.whole("level", level, most=self.knobs.levels)
        x = self.frame.scaled(noised)
        a, sigma = (part[level] for part in self._levels())
        with one_thread():
            gradient = (a * self._clean(x, level) - x) / sigma**2
        return (gradient / self.frame.scale).numpy().reshape(np.shape(noised))

    def _levels(self) -> tuple[Tensor, Tensor]:
        # the last isn't all noise: from that nothing could be said of the clean point
        share = (torch.arange(self.knobs.levels + 1, dtype=torch.float64) - 0.5).clamp(0)
        angle = share / self.knobs.levels * math.pi / 2
        return angle.cos().float(), angle.sin().float()

    def _velocity(self, x: Tensor, times: Tensor) -> Tensor:
        angle = (times[:, None] - 0.5) / self.knobs.levels * math.pi / 2
        turns = angle * 2.0 ** torch.arange(_CLOCK // 2)
        return self.network(torch.cat([x, turns.sin(), turns.cos()], -1))

    def _clean(self, x: Tensor, level: int) -> Tensor:
        """The network's guess at the clean points of noised ones (n, d)."""
        a, sigma = (part[level] for part in self._levels())
        return a * x - sigma * self._velocity(x, torch.full((len(x),), level))

    @torch.no_grad()
    def _measured(self, units: Tensor, generator: torch.Generator) -> Tensor:
        a, sigma = self._levels()
        unknown = torch.zeros(len(a), units.shape[1])
        with one_thread():
            for t in range(1, len(a)):
                noised = a[t] * units + sigma[t] * torch.randn(units.shape, generator=generator)
                unknown[t] = (self._clean(noised, t) - units).square().mean(0)
        return unknown


@dataclass(frozen=True)
class Frame:
    """How points of a shape become vectors of about unit size: less `mean` (d,), over `scale`."""

    mean: np.ndarray
    scale: float
    shape: tuple[int, ...]

    def scaled(self, points: ArrayLike) -> Tensor:
        """Points (n, ...) as vectors (n, d), float32.

        Raises ValueError for points that aren't finite or have another number of coordinates.
        """
        flat = validate.rows("points", points, width=len(self.mean))
        return torch.from_numpy(((flat - self.mean) / self.scale).astype(np.float32))

    def restore(self, units: Tensor) -> np.ndarray:
        """Vectors (n, d) as points (n, ...), float64."""
        return (units.numpy().astype(float) * self.scale + self.mean).reshape(-1, *self.shape)


def _framed(data: ArrayLike) -> tuple[Tensor, Frame]:
    points, shape = validate.points(data, error=Degenerate)
    frame = Frame(points.mean(0), float(np.sqrt(points.var(0).mean())), shape)
    return frame.scaled(points), frame


def _mlp(sizes: tuple[int, ...], generator: torch.Generator) -> nn.Sequential:
    layers = []
    for i, (into, out) in enumerate(pairwise(sizes)):
        layer = nn.utils.skip_init(nn.Linear, into, out)
        with torch.no_grad():
            layer.weight.normal_(0.0, into**-0.5, generator=generator)
            layer.bias.zero_()
        layers += [nn.SiLU(), layer] if i else [layer]
    return nn.Sequential(*layers)


def _descend(module, loss, units: Tensor, knobs, generator: torch.Generator) -> None:
    """Take `knobs.steps` steps down `loss(batch)`, at a rate that falls to zero at the end."""
    parameters = list(module.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=knobs.rate, weight_decay=0.0, fused=True)
    with one_thread():
        for step in range(knobs.steps):
            optimizer.param_groups[0]["lr"] = knobs.rate * min(1.0, 2 * (1 - step / knobs.steps))
            rows = torch.randint(len(units), (knobs.batch,), generator=generator)
            now = loss(units[rows])
            optimizer.zero_grad()
            now.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
    if not math.isfinite(now.item()):
        raise Diverged(f"the loss is {now.item()} after {knobs.steps} steps: lower the rate")
    module.requires_grad_(False)
