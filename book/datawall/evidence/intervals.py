"""Intervals over seeds and over bootstrap draws, of results with names (chapter: scaling-laws)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from scipy.special import stdtrit


@dataclass(frozen=True)
class Interval:
    """A value between two bounds: three numbers, or three arrays of the same dimensions.

    Arithmetic with a number or an array (of no seeds) moves all three: `100 * share`,
    `interval / np.log(10)`. `value, low, high = interval` takes it apart. Raises TypeError for
    arithmetic with another interval: its ends don't tell how the two vary together.
    """

    value: xr.DataArray
    low: xr.DataArray
    high: xr.DataArray

    __array_ufunc__ = None  # so that `array * interval` asks the interval

    def __iter__(self) -> Iterator:
        return iter((self.value, self.low, self.high))

    def __mul__(self, factor) -> Interval:
        _not_interval(factor)
        ends = self.low * factor, self.high * factor
        return Interval(self.value * factor, np.minimum(*ends), np.maximum(*ends))

    __rmul__ = __mul__

    def __truediv__(self, divisor) -> Interval:
        _not_interval(divisor)
        return self * (1 / divisor)

    def __add__(self, shift) -> Interval:
        _not_interval(shift)
        return Interval(*(x + shift for x in self))

    __radd__ = __add__

    def __sub__(self, shift) -> Interval:
        return self + -shift

    def __rsub__(self, other) -> Interval:
        return -self + other

    def __neg__(self) -> Interval:
        return self * -1

    def through(self, function: Callable) -> Interval:
        """The interval of `function` of the value, for a function that only rises or only falls."""
        value, *ends = (function(x) for x in self)
        return Interval(value, np.minimum(*ends), np.maximum(*ends))

    def sel(self, **labels) -> Interval:
        """The part with these labels, as `DataArray.sel` takes them."""
        return Interval(*(x.sel(**labels) for x in self))

    def text(self, form: str = "") -> str | xr.DataArray:
        """As `2.05 [1.60, 2.56]`: one text, or an array of them. form: as in `format`, ".2f"."""
        if np.ndim(self.value) == 0:
            return _interval_text(*map(float, self), form)
        return xr.apply_ufunc(
            lambda *ends: _interval_text(*ends, form), *self, vectorize=True, output_dtypes=[object]
        )

    def __str__(self) -> str:
        return str(self.text())

    def to_pandas(self):
        """A table with a row for each combination of labels, columns value, low and high."""
        ends = {k: xr.DataArray(x) for k, x in zip(("value", "low", "high"), self, strict=True)}
        found = xr.Dataset({k: x.reset_coords(drop=True) for k, x in ends.items()})
        if found.dims:
            return found.to_dataframe()
        return found.expand_dims("row").to_dataframe().reset_index(drop=True)


def _not_interval(other) -> None:
    if isinstance(other, Interval):
        raise TypeError(
            "two intervals can't be added or multiplied: take the difference seed by seed, draw by "
            "draw, and then its interval"
        )


def resamples(n: int, *, seed: int, groups: ArrayLike) -> Iterator[np.ndarray]:
    """`n` bootstrap samples of rows, as arrays of row numbers: whole groups with replacement.

    groups: a label a row. Rows with one label (budgets read from one training run, say) aren't
    independent, so they are drawn together.
    """
    groups = np.asarray(groups)
    members = [np.flatnonzero(groups == label) for label in np.unique(groups)]
    rng = np.random.default_rng(seed)
    for _ in range(n):
        drawn = rng.integers(len(members), size=len(members))
        yield np.concatenate([members[i] for i in drawn])


def over_seeds(
    values: xr.DataArray | xr.Dataset | ArrayLike, *, dim: str = "seed", level: float = 0.95
) -> Interval:
    """Mean over a dimension of seeds and its Student t interval.

    values: named, with the dimension `dim`; a Dataset counts its variables as one more dimension,
    `result`; a plain sequence (seeds,) is taken for seeds. level: probability between 0 and 1. A
    NaN is a seed that wasn't run: it is left out, and what wasn't run at all stays NaN. Raises
    ValueError where there are one or two seeds: they give an interval that says nothing.
    """
    _check_level(level)
    values = _named(values, dim).astype(float)
    count = values.notnull().sum(dim)
    if ((count > 0) & (count < 3)).any() or int(count.max()) < 3:
        least = int(count.where(count > 0).min()) if (count > 0).any() else 0
        raise ValueError(f"{least} seeds give no interval: run three or more")
    mean = values.mean(dim)
    error = values.std(dim, ddof=1) / np.sqrt(count)
    half = error * stdtrit(np.maximum(count - 1, 1), (1 + level) / 2)
    return Interval(mean, mean - half, mean + half)


def over_draws(
    value: ArrayLike, draws: xr.DataArray | ArrayLike, *, dim: str = "draw", level: float = 0.95
) -> Interval:
    """A fitted value and the percentile interval of its bootstrap draws.

    value: a number, or as the draws are without `dim`. draws: named, with the dimension `dim`; of a
    plain array, the first axis counts them. level: probability between 0 and 1. Raises ValueError
    for fewer than 100 draws, whose tails would be single draws, and where some of the draws are NaN
    and others not; where all are NaN, so are the ends.
    """
    _check_level(level)
    if not isinstance(draws, xr.DataArray):
        draws = np.asarray(draws, float)
        coords = value.coords if isinstance(value, xr.DataArray) else None
        draws = xr.DataArray(draws, coords, (dim, *_dims_of(value, draws.ndim - 1)))
    draws = _named(draws, dim)
    if draws.sizes[dim] < 100:
        raise ValueError(f"{draws.sizes[dim]} draws are too few for an interval: make 100 or more")
    failed = draws.isnull().sum(dim)
    if ((failed > 0) & (failed < draws.sizes[dim])).any():
        raise ValueError(
            f"{int(failed.max())} of {draws.sizes[dim]} draws are NaN: an interval of the others "
            "would be too narrow; see why they failed"
        )
    ends = draws.quantile([(1 - level) / 2, (1 + level) / 2], dim, skipna=False)
    low, high = (ends.isel(quantile=i, drop=True) for i in (0, 1))
    if not isinstance(value, xr.DataArray):
        value = xr.DataArray(np.asarray(value, float), low.coords, low.dims)
    return Interval(value, low, high)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level is {level}: give a probability between 0 and 1, such as 0.95")


def _named(values, dim: str) -> xr.DataArray:
    if isinstance(values, xr.Dataset):
        values = values.to_dataarray("result")
    if not isinstance(values, xr.DataArray):
        values = np.asarray(values, float)
        if values.ndim != 1:
            raise ValueError(f"values of shape {values.shape} have no names: give a DataArray")
        values = xr.DataArray(values, dims=dim)
    if dim not in values.dims:
        raise ValueError(f"there is no dimension {dim!r}: there are {', '.join(values.dims)}")
    return values


def _dims_of(value, count: int) -> tuple:
    if isinstance(value, xr.DataArray):
        return value.dims
    return tuple(f"axis_{i}" for i in range(count))


def _interval_text(value: float, low: float, high: float, form: str) -> str:
    if math.isnan(value):
        return "not run"
    form = form or f".{decimals(max(abs(low), abs(high)))}f"
    if low == high:
        return format(value, form)
    return f"{value:{form}} [{low:{form}}, {high:{form}}]"


def decimals(largest: float) -> int:
    """Decimal places that give the larger end of an interval three digits."""
    if not math.isfinite(largest) or largest <= 0:
        return 0
    return max(0, 2 - math.floor(math.log10(largest)))
