"""Generators that are fitted in closed form or by expectation-maximisation; they need no torch.

Chapters: generators, collapse-in-one-dimension, collapse-in-generators, rare-events.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.covariance import ledoit_wolf
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from datawall import validate
from datawall.generators.protocol import Degenerate


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
        validate.ddof(self.ddof)
        validate.flag("shrink", self.shrink)
        validate.temperature(self.temperature)

    def fit(self, data: ArrayLike, *, seed: int) -> FittedGaussian:
        """Fit points (n,), (n, d) or of any shape; the seed isn't used, as nothing is drawn."""
        points, shape = validate.points(data, error=Degenerate)
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

    def sample(self, n: int, *, seed: int) -> np.ndarray:
        validate.whole("n", n)
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

    def __post_init__(self):
        if self.kinds is not None:
            validate.whole("kinds", self.kinds)

    def fit(self, data: ArrayLike, *, seed: int) -> FittedCategorical:
        """Count ids (n,); the seed isn't used. One id alone is no fault: it is where drift ends."""
        ids = np.asarray(data)
        validate.ids(ids, self.kinds, error=Degenerate)
        counts = np.bincount(ids.ravel(), minlength=0 if self.kinds is None else self.kinds)
        return FittedCategorical(counts / counts.sum())


@dataclass(frozen=True)
class FittedCategorical:
    """The chance of each id, (kinds,)."""

    chances: np.ndarray

    def sample(self, n: int, *, seed: int) -> np.ndarray:
        validate.whole("n", n)
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
        for name in ("components", "iterations"):
            validate.whole(name, getattr(self, name))
        for name in ("floor", "tolerance"):
            validate.nonnegative(name, getattr(self, name))
        validate.choice("covariance", self.covariance, ("full", "tied", "diag", "spherical"))
        validate.temperature(self.temperature)

    def fit(self, data: ArrayLike, *, seed: int) -> FittedMixture:
        """Fit points (n, d), or of any shape; the seed draws the start of the iterations."""
        points, shape = validate.points(data, error=Degenerate)
        if self.components > len(points):
            raise Degenerate(
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
            try:
                model.fit(points)
            except ValueError as error:  # a component without spread
                raise Degenerate(f"{error} Raise the floor, or lower the components") from error
        return FittedMixture(self, model, shape)


@dataclass(frozen=True)
class FittedMixture:
    """A fitted `GaussianMixture` over points of a shape, flattened."""

    knobs: Mixture
    model: GaussianMixture
    shape: tuple[int, ...]

    def sample(self, n: int, *, seed: int) -> np.ndarray:
        validate.whole("n", n)
        model = copy.copy(self.model).set_params(random_state=seed)
        model.covariances_ = self.model.covariances_ * self.knobs.temperature
        points = np.random.default_rng(seed).permutation(model.sample(n)[0])  # unsorted
        return points.reshape(n, *self.shape)
