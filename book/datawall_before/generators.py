"""What can be fitted to data and sampled from: one protocol from a Gaussian to a language model.

A generator is a frozen set of knobs. `fit` returns a new object that can be sampled, and changes
nothing, so that every generation of a recursion stays at hand. Gradient methods have a budget of
steps, not of epochs: two methods, or two generations, are compared at equal compute. One thread
each. Chapters: generators, teachers, collapse-in-generators, collapse-in-language-models.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.covariance import ledoit_wolf
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn
from torch.nn import functional as F

from datawall_before import train
from datawall_before.model import Config, Transformer
from datawall_before.sample import sample as continue_

_CLOCK = 8  # numbers that tell a diffusion model's network the level
_FIRST_NOISE = 0.15  # where a VAE's noise starts: from 1 it would learn to ignore its codes
_HALF_LOG_TWO_PI = math.log(2 * math.pi) / 2
_LEAST_NOISE = 1e-3  # of the data's spread: below it a VAE's likelihood has no upper bound


class Fitted(Protocol):
    """A generator that has seen data."""

    def sample(self, n: int, seed: int) -> Any:
        """`n` new points of the kind that it was fitted to; the same seed gives the same points."""


class Generator(Protocol):
    """A generator's knobs, without data."""

    def fit(self, data: Any, seed: int) -> Fitted:
        """A new object fitted to the data; neither the generator nor the data are changed.

        Raises ValueError for data that can't be fitted: empty, not finite, without spread.
        """


# Closed forms -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gaussian:
    """A normal distribution, fitted by its moments.

    ddof: 0 for maximum likelihood, 1 for the unbiased covariance. shrink: move the covariance
    towards a multiple of the identity, by as much as Ledoit and Wolf find best (2004,
    doi:10.1016/S0047-259X(03)00096-4); for few points in many dimensions. temperature: multiplies
    the variance of what is drawn.
    """

    ddof: int = 0
    shrink: bool = False
    temperature: float = 1.0

    def __post_init__(self):
        if self.ddof not in (0, 1):
            raise ValueError(f"ddof is {self.ddof}: give 0 (likelihood) or 1 (unbiased)")
        _check_temperature(self.temperature)

    def fit(self, data: ArrayLike, seed: int = 0) -> FittedGaussian:
        """Fit points (n,), (n, d) or of any shape; the seed isn't used, as nothing is drawn."""
        points, shape = _vectors(data)
        if self.shrink:
            correction = len(points) / (len(points) - self.ddof)
            covariance = ledoit_wolf(points)[0] * correction
        else:
            covariance = np.atleast_2d(np.cov(points.T, ddof=self.ddof))
        return FittedGaussian(self, points.mean(0), covariance, shape)


@dataclass(frozen=True)
class FittedGaussian:
    """mean (d,) and covariance (d, d) of points of a shape, flattened."""

    knobs: Gaussian
    mean: np.ndarray
    covariance: np.ndarray
    shape: tuple[int, ...]

    def sample(self, n: int, seed: int) -> np.ndarray:
        variances, axes = np.linalg.eigh(self.covariance)  # singular covariances are welcome
        root = axes * np.sqrt(np.clip(variances, 0, None) * self.knobs.temperature)
        noise = np.random.default_rng(seed).standard_normal((n, len(self.mean)))
        return (self.mean + noise @ root.T).reshape(n, *self.shape)


@dataclass(frozen=True)
class Categorical:
    """Frequencies of integer ids from 0, by counting.

    kinds: how many ids there are, whether they occur or not; by default up to the largest seen.
    """

    kinds: int | None = None

    def fit(self, data: ArrayLike, seed: int = 0) -> FittedCategorical:
        """Count ids (n,); the seed isn't used. One id alone is no fault: it is where drift ends."""
        ids = np.asarray(data)
        _check_ids(ids, self.kinds)
        counts = np.bincount(ids.ravel(), minlength=self.kinds or 0)
        return FittedCategorical(counts / counts.sum())


@dataclass(frozen=True)
class FittedCategorical:
    """The chance of each id, (kinds,)."""

    chances: np.ndarray

    def sample(self, n: int, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).choice(len(self.chances), n, p=self.chances)


@dataclass(frozen=True)
class Mixture:
    """A mixture of Gaussians, by expectation-maximisation (scikit-learn's GaussianMixture).

    components: how many, at most one a point. covariance: "full", "tied", "diag" or "spherical".
    floor: added to each variance, as a share of the mean variance of the data, so that a component
    can't shrink onto one point. iterations: at most so many, fewer once the likelihood gains less
    than `tolerance` a point. temperature: multiplies the components' variances.
    """

    components: int = 10
    covariance: str = "full"
    floor: float = 1e-6
    iterations: int = 100
    tolerance: float = 1e-3
    temperature: float = 1.0

    def __post_init__(self):
        _check_positive(self, "components", "iterations")
        _check_temperature(self.temperature)

    def fit(self, data: ArrayLike, seed: int) -> FittedMixture:
        """Fit points (n, d), or of any shape; the seed draws the start of the iterations."""
        points, shape = _vectors(data)
        if self.components > len(points):
            raise ValueError(
                f"{self.components} components need at least as many points, and there are "
                f"{len(points)}: ask for fewer components or give more points"
            )
        model = GaussianMixture(
            self.components,
            covariance_type=self.covariance,
            reg_covar=self.floor * points.var(0).mean(),
            max_iter=self.iterations,
            tol=self.tolerance,
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a budget may end before that
            model.fit(points)
        return FittedMixture(self, model, shape)


@dataclass(frozen=True)
class FittedMixture:
    """A fitted `GaussianMixture` over points of a shape, flattened."""

    knobs: Mixture
    model: GaussianMixture
    shape: tuple[int, ...]

    def sample(self, n: int, seed: int) -> np.ndarray:
        # its random_state would repeat the same noise at each call
        model = copy.copy(self.model).set_params(random_state=seed)
        model.covariances_ = self.model.covariances_ * self.knobs.temperature
        points = np.random.default_rng(seed).permutation(model.sample(n)[0])  # unsorted
        return points.reshape(n, *self.shape)

    def log_density(self, points: ArrayLike) -> np.ndarray:
        """Log density of points (n, ...), in nats, (n,)."""
        return self.model.score_samples(np.reshape(points, (len(points), -1)))


# Networks -----------------------------------------------------------------------------------------


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
        _check_positive(self, "latent", "steps", "batch")
        _check_temperature(self.temperature)

    def fit(self, data: ArrayLike, seed: int) -> FittedVAE:
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
    def sample(self, n: int, seed: int) -> np.ndarray:
        generator = torch.Generator().manual_seed(seed)
        spread = math.sqrt(self.knobs.temperature)
        with _one_thread():
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
    def bound(self, points: ArrayLike, seed: int, draws: int = 16) -> np.ndarray:
        """Evidence lower bound in nats, (n,): at most the log density, up to its `draws`' noise."""
        generator = torch.Generator().manual_seed(seed)
        units = self.frame.scaled(points)
        with _one_thread():
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
        _check_positive(self, "levels", "hidden", "layers", "steps", "batch")
        _check_temperature(self.temperature)

    def fit(self, data: ArrayLike, seed: int) -> FittedDiffusion:
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
    def sample(self, n: int, seed: int) -> np.ndarray:
        generator = torch.Generator().manual_seed(seed)
        size = math.prod(self.frame.shape)
        a, sigma = self._levels()

        def noise():
            return math.sqrt(self.knobs.temperature) * torch.randn(n, size, generator=generator)

        with _one_thread():
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
        if not 1 <= level <= self.knobs.levels:
            raise ValueError(f"level is {level}: give one from 1 to {self.knobs.levels}")
        x = self.frame.scaled(noised)
        a, sigma = (part[level] for part in self._levels())
        with _one_thread():
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
        with _one_thread():
            for t in range(1, len(a)):
                noised = a[t] * units + sigma[t] * torch.randn(units.shape, generator=generator)
                unknown[t] = (self._clean(noised, t) - units).square().mean(0)
        return unknown


@dataclass(frozen=True)
class LanguageModel:
    """A transformer over rows of token ids, of the sizes and the training that the book uses.

    Data are rows (count, length) of ids below `vocab`, each a passage by itself. Every row is read
    from a mark of its start, and is generated from it: log densities are exact, a row never runs
    into an unrelated one, and no prompt from real text keeps a recursion alive. `corpus.windows(
    text, length - 1, count, seed)` gives such rows.

    vocab: distinct ids. tokens: budget to read, marks included; rows are read again until it is
    used up, in a new order each time, so a small set of rows costs as much as a large one. width,
    layers: the transformer's. recipe: the training's. temperature: of sampling, see
    `sample.sample`. teacher: a fitted model of the same vocabulary whose opinion on each next token
    is learnt in place of the token itself, as `SoftTargets` says.
    """

    vocab: int
    tokens: int = 2**18
    width: int = 64
    layers: int = 2
    recipe: train.Recipe = field(default_factory=train.Recipe)
    temperature: float = 1.0
    teacher: FittedLanguageModel | None = None

    def __post_init__(self):
        _check_positive(self, "vocab", "tokens", "width", "layers")
        _check_temperature(self.temperature)
        if self.teacher and self.teacher.knobs.vocab != self.vocab:
            raise ValueError(
                f"the teacher knows {self.teacher.knobs.vocab} ids and the student {self.vocab}: "
                "give both the same vocabulary"
            )

    def fit(self, data: Tensor, seed: int) -> FittedLanguageModel:
        """Fit rows (count, length) of token ids; the seed draws weights and the order of rows."""
        rows = torch.as_tensor(data)
        if rows.ndim != 2:
            raise ValueError(
                f"the rows have shape {tuple(rows.shape)}: give (count, length), as "
                "`corpus.windows` makes them of a text"
            )
        _check_ids(rows.numpy(), self.vocab)
        context = rows.shape[1] + 1
        marked = F.pad(rows.long(), (1, 0), value=self.vocab).flatten()
        text = F.pad(marked, (0, 1), value=self.vocab)  # windows of the context are whole rows
        config = Config(self.vocab + 1, self.width, self.layers, context=context)
        job = train.Job(config, [self.tokens], seed, self.recipe, unique=len(rows) * context)
        if self.teacher:
            job = replace(job, objective=SoftTargets(self.teacher.model))
        return FittedLanguageModel(self, train.fit(job, text))


@dataclass(frozen=True)
class SoftTargets:
    """The loss of distillation: cross-entropy against a teacher's chances for each next token.

    [Hinton, Vinyals and Dean 2015, arXiv:1503.02531, eq. 2 at temperature 1] It is least where the
    student's chances are the teacher's, and then the teacher's own entropy. Chapter: teachers.
    """

    teacher: Transformer

    def __call__(self, model: Transformer, windows: Tensor) -> Tensor:
        """Mean loss in nats a token over windows (batch, time + 1)."""
        read = windows[:, :-1]
        with torch.no_grad():
            chances = self.teacher(read).softmax(-1)
        return F.cross_entropy(model(read).flatten(0, 1), chances.flatten(0, 1))


@dataclass(frozen=True)
class FittedLanguageModel:
    """The trained transformer; its last id marks the start of a row."""

    knobs: LanguageModel
    model: Transformer

    def sample(self, n: int, seed: int) -> Tensor:
        """Rows (n, length), int64."""
        rng, found, length = np.random.default_rng(seed), [], self.model.config.context - 1
        mark = self.knobs.vocab
        start = torch.full((n, 1), mark)
        while sum(map(len, found)) < n:
            with _one_thread():
                drawn = continue_(
                    self.model, start, length, int(rng.integers(2**31)), self.knobs.temperature
                )
            rows = drawn[:, 1:]
            whole = rows[(rows != mark).all(1)]  # a mark inside a row is no token: draw again
            if not len(whole) and self.knobs.temperature == 0:
                raise ValueError("the likeliest row has a mark in it: train on more tokens")
            found.append(whole)
        return torch.cat(found)[:n]

    @torch.no_grad()
    def nats(self, rows: Tensor) -> np.ndarray:
        """Cross-entropy of rows (count, length) in nats a token, (count,)."""
        rows = torch.as_tensor(rows).long()
        _check_ids(rows.numpy(), self.knobs.vocab)
        marked = F.pad(rows, (1, 0), value=self.knobs.vocab)
        with _one_thread():
            parts = [self._nats(part) for part in marked.split(64)]
        return torch.cat(parts).numpy()

    def _nats(self, marked: Tensor) -> Tensor:
        logits = self.model(marked[:, :-1])
        return F.cross_entropy(logits.transpose(1, 2), marked[:, 1:], reduction="none").mean(1)


# Labels -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PerClass:
    """Any generator for labelled data (points, labels): one fit of it for each class.

    Data are a pair: points (n, ...) and labels (n,). A class's share of the samples is its share of
    the data, to the nearest whole point. Each class gets the generator's whole budget of steps.
    """

    generator: Generator

    def fit(self, data: tuple[ArrayLike, ArrayLike], seed: int) -> FittedPerClass:
        points, labels = np.asarray(data[0]), np.asarray(data[1])
        if len(points) != len(labels) or not len(labels):
            raise ValueError(
                f"{len(points)} points with {len(labels)} labels: give one label a point, and at "
                "least one point"
            )
        classes, counts = np.unique(labels, return_counts=True)
        parts = []
        for label, own in zip(classes, _seeds(seed, len(classes)), strict=True):
            try:
                parts.append(self.generator.fit(points[labels == label], own))
            except ValueError as error:
                raise ValueError(f"class {label}: {error}") from error
        return FittedPerClass(classes, counts / counts.sum(), tuple(parts))


@dataclass(frozen=True)
class FittedPerClass:
    """classes (c,), their shares (c,), and a fitted generator for each."""

    classes: np.ndarray
    shares: np.ndarray
    parts: tuple[Fitted, ...]

    def sample(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        counts = np.floor(n * self.shares + 1e-9).astype(int)
        last = np.argsort(counts - n * self.shares, kind="stable")[: n - counts.sum()]
        counts[last] += 1
        seeds = _seeds(seed, len(self.parts) + 1)
        drawn = zip(self.parts, counts, seeds[:-1], strict=True)
        points = np.concatenate([part.sample(int(c), s) for part, c, s in drawn if c])
        order = np.random.default_rng(seeds[-1]).permutation(n)
        return points[order], np.repeat(self.classes, counts)[order]


def tempered(fitted: Fitted, temperature: float) -> Fitted:
    """The same fit with another temperature, without fitting again; classes each get it."""
    if isinstance(fitted, FittedPerClass):
        return replace(fitted, parts=tuple(tempered(part, temperature) for part in fitted.parts))
    return replace(fitted, knobs=replace(fitted.knobs, temperature=temperature))


# What networks share ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Frame:
    """How points of a shape become vectors of about unit size: less `mean` (d,), over `scale`."""

    mean: np.ndarray
    scale: float
    shape: tuple[int, ...]

    def scaled(self, points: ArrayLike) -> Tensor:
        """Points (n, ...) as vectors (n, d), float32."""
        flat = np.reshape(points, (len(points), -1))
        return torch.from_numpy(((flat - self.mean) / self.scale).astype(np.float32))

    def restore(self, units: Tensor) -> np.ndarray:
        """Vectors (n, d) as points (n, ...), float64."""
        return (units.numpy().astype(float) * self.scale + self.mean).reshape(-1, *self.shape)


def _framed(data: ArrayLike) -> tuple[Tensor, Frame]:
    points, shape = _vectors(data)
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
    with _one_thread():
        for step in range(knobs.steps):
            optimizer.param_groups[0]["lr"] = knobs.rate * min(1.0, 2 * (1 - step / knobs.steps))
            rows = torch.randint(len(units), (knobs.batch,), generator=generator)
            now = loss(units[rows])
            optimizer.zero_grad()
            now.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
    if not math.isfinite(now.item()):
        raise FloatingPointError(
            f"the loss is {now.item()} after {knobs.steps} steps: lower the rate"
        )
    module.requires_grad_(False)


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _seeds(seed: int, count: int) -> list[int]:
    return [int(s) for s in np.random.SeedSequence(seed).generate_state(count) >> 1]


# What is refused ----------------------------------------------------------------------------------


def _vectors(data: ArrayLike) -> tuple[np.ndarray, tuple[int, ...]]:
    """Points as rows (n, d), float64, and the shape that one of them had."""
    points = np.asarray(data, float)
    if points.ndim == 0 or points.size == 0:
        raise ValueError("there are no points to fit: give an array (n, ...) of two or more")
    if len(points) < 2:
        raise ValueError("one point has no spread: give two or more")
    flat = points.reshape(len(points), -1)
    if not np.isfinite(flat).all():
        bad = np.flatnonzero(~np.isfinite(flat).all(1))
        raise ValueError(
            f"{len(bad)} of {len(flat)} points, the first in row {bad[0]}, hold NaN or infinity: "
            "leave them out or fill them in first"
        )
    if not np.ptp(flat, axis=0).any():
        raise ValueError(
            f"all {len(flat)} points are the same, so there is no spread to fit: give points that "
            "differ (in a recursion: the generator has collapsed, so stop here)"
        )
    return flat, points.shape[1:]


def _check_ids(ids: np.ndarray, kinds: int | None) -> None:
    if not ids.size:
        raise ValueError("there are no ids to count: give one or more")
    if not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(
            f"ids of type {ids.dtype} aren't whole numbers: encode what you have first"
        )
    if ids.min() < 0 or (kinds is not None and ids.max() >= kinds):
        top = "" if kinds is None else f" to {kinds - 1}"
        raise ValueError(f"ids run from {ids.min()} to {ids.max()}: they must run from 0{top}")


def _check_positive(knobs, *names: str) -> None:
    for name in names:
        if getattr(knobs, name) < 1:
            raise ValueError(f"{name} is {getattr(knobs, name)}: give a whole number, at least 1")


def _check_temperature(temperature: float) -> None:
    if not temperature >= 0:
        raise ValueError(f"temperature is {temperature}: give 0 (no randomness) or more")
