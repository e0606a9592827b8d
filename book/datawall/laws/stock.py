"""When does the text run out? The stock of public text and the demand for it, as distributions.

The projection of Villalobos et al. 2024 (arXiv:2211.04325v2), its historical branch: effective
stock = pages x bytes a page / bytes a token x quality x repetition, growing with pages and their
length; demand = the largest training set, growing as training sets grew. A future is one draw of
every assumption. Chapter: data-stock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from types import MappingProxyType

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike
from scipy.special import ndtri

from datawall.evidence import intervals
from datawall.evidence.intervals import Interval
from datawall.laws import checks, published

START = 2024.0  # the published levels are of 1 January 2024


@dataclass(frozen=True)
class Assumption:
    """One thing that the projection assumes: a central interval, and where it comes from.

    low, high: bounds of the central interval of probability `level`. shape: "lognormal"; "uniform"
    between the bounds; or "six minus lognormal", as the published code draws bytes a token, and
    never below one. above, most: a value makes sense above the one and up to the other; a
    distribution is cut there.
    """

    meaning: str
    unit: str
    low: float
    high: float
    source: str
    level: float = 0.95
    shape: str = "lognormal"
    above: float = 0.0
    most: float = np.inf

    @property
    def published(self) -> str:
        """The interval as text, such as `0.1 to 0.4 (95%)`, or the one number."""
        if self.low == self.high:
            return f"{self.low:g}"
        return f"{self.low:.4g} to {self.high:.4g} ({self.level:.0%})"

    def interval(self, level: float) -> tuple[float, float]:
        """The bounds of the central interval of another probability."""
        if self.shape == "uniform":
            half = (self.high - self.low) / 2 * level / self.level
            return self.middle - half, self.middle + half
        top = 6.0 if self.shape == "six minus lognormal" else 0.0
        ends = np.log(np.abs(np.array([self.low, self.high]) - top))
        wider = ndtri((1 + level) / 2) / ndtri((1 + self.level) / 2)
        ends = ends.mean() + wider * (ends - ends.mean())
        low, high = np.exp(ends) if top == 0 else top - np.exp(ends)
        return float(low), float(high)

    @property
    def middle(self) -> float:
        """The median."""
        if self.shape == "uniform":
            return (self.low + self.high) / 2
        if self.shape == "six minus lognormal":
            return 6 - np.sqrt((6 - self.low) * (6 - self.high))
        return float(np.sqrt(self.low * self.high))


_PAPER = "Villalobos et al. 2024"
ASSUMPTIONS: Mapping[str, Assumption] = MappingProxyType(
    {
        "pages": Assumption(
            meaning="unique indexed web pages in 2024",
            unit="pages",
            low=75e9,
            high=1e12,
            source=f"{_PAPER}, section 2.2.1",
        ),
        "bytes_a_page": Assumption(
            meaning="plain text on a page",
            unit="bytes",
            low=6100,
            high=8200,
            source=f"{_PAPER}, section 2.2.1",
        ),
        "bytes_a_token": Assumption(
            meaning="text in a token, and never less than a byte",
            unit="bytes",
            low=2,
            high=5,
            shape="six minus lognormal",
            most=5.9,
            source=f"{_PAPER}, code",
        ),
        "page_growth": Assumption(
            meaning="yearly factor of the number of pages",
            unit="x a year",
            low=1.0,
            high=1.1,
            above=0.5,
            source=f"{_PAPER}, section 2.2",
        ),
        "length_growth": Assumption(
            meaning="yearly factor of a page's length",
            unit="x a year",
            low=1.02,
            high=1.04,
            above=0.5,
            source=f"{_PAPER}, code",
        ),
        "quality": Assumption(
            meaning="share of the text that is good enough to train on",
            unit="share",
            low=0.1,
            high=0.4,
            most=1,
            source=f"{_PAPER}, section 2.3",
        ),
        "repetition": Assumption(
            meaning="what all readings of a text are worth, in first readings",
            unit="x",
            low=2,
            high=5,
            source=f"{_PAPER}, code",
        ),
        "open_share": Assumption(
            meaning="share of the stock that crawlers may take",
            unit="share",
            low=1,
            high=1,
            shape="uniform",
            most=1,
            source="this book; the paper closes nothing",
        ),
        "largest_set": Assumption(
            meaning="largest training set on 1 January 2024",
            unit="tokens",
            low=3e12,
            high=13e12,
            level=0.9,
            source=f"{_PAPER}, code",
        ),
        "demand_growth": Assumption(
            meaning="yearly factor of the largest training set",
            unit="x a year",
            low=10**0.27,
            high=10**0.48,
            above=0.5,
            source=f"{_PAPER}, section 2.4: 0.27 to 0.48 orders of magnitude a year",
        ),
        "overtraining": Assumption(
            meaning="tokens a parameter over the compute-optimal number; demand grows as its root",
            unit="x",
            low=1,
            high=1,
            source=f"{_PAPER}, footnote 23",
        ),
    }
)


# Date of release, and trillions of tokens read, as their makers give them since the table ends.
_LATER = {
    "Llama 3": (2024.30, 15),
    "Qwen2.5": (2024.97, 18),
    "DeepSeek-V3": (2024.98, 14.8),
    "Qwen3": (2025.32, 36),
    "GLM-5": (2026.11, 28.5),
    "DeepSeek-V4": (2026.31, 32),
}


def training_sets() -> pd.DataFrame:
    """The published table of training sets, by the model's name: columns date, tokens and flops.

    date: as 2020.41. tokens: as the authors' code has them. flops: compute of the training, NaN
    where unknown. Source: Villalobos et al. 2024, code. Chapter: data-stock.
    """
    table = published.table("llm_training_set_sizes").set_index("system")
    days = table.date.dt.day_of_year - 1
    return table.assign(date=table.date.dt.year + days / 365.25)[["date", "tokens", "flops"]]


def later_sets() -> pd.DataFrame:
    """Large training sets of text that makers published after that table: date and tokens.

    A few that we know of, up to November 2026: for comparison, not for a trend. Sources by name:
    llama3card, qwen25, deepseekv3, qwen3card, glm5, deepseekv4. Chapter: data-stock.
    """
    table = pd.DataFrame.from_dict(_LATER, orient="index", columns=["date", "tokens"])
    return table.assign(tokens=1e12 * table.tokens)


def compute_optimal(
    flops: tuple[float, float], growth: ArrayLike, ratio: float = 20
) -> dict[str, ArrayLike]:
    """What `project` needs for demand that follows compute, each budget split at its best.

    flops: interval (90 %) of the compute of the largest training on 1 January 2024. growth: yearly
    factor of compute, a pair or draws, as `growth` gives them. ratio: tokens a parameter. With
    C = 6 N D and D = ratio N, D is the root of ratio C / 6, so demand grows by the root of compute
    [Villalobos et al. 2024, code]. Chapters: data-stock, overtraining.
    """
    low, high = np.sqrt(ratio * np.asarray(flops, float) / 6)
    return {"largest_set": (float(low), float(high)), "demand_growth": np.sqrt(growth)}


# Of GPT-4 and Gemini Ultra, with room on either side [Epoch AI 2025].
LARGEST_2024 = (2e25, 6e25)


def by_compute(*, seed: int, **assumptions) -> Projection:
    """`project` with demand that follows compute: the projection's other branch, our own version.

    The level is `LARGEST_2024`, the growth that of compute in the published table of training sets.
    assumptions: as `project` takes them; overtraining multiplies what is compute-optimal.
    Chapters: data-stock, overtraining.
    """
    sets = training_sets().dropna()
    rise = growth(sets.date, sets.flops, 1000, seed=seed)
    return project(seed=seed, **compute_optimal(LARGEST_2024, rise) | assumptions)


def medians() -> dict[str, float]:
    """The median of every assumption, by name."""
    return {name: assumed.middle for name, assumed in ASSUMPTIONS.items()}


@dataclass(frozen=True)
class Projection:
    """Futures of stock and demand: arrays (futures,) of levels on 1 January 2024 and growth.

    raw_2024, stock_2024, demand_2024: tokens of indexed text, of effective stock, of the largest
    training set. stock_growth, demand_growth: factors a year.
    """

    raw_2024: np.ndarray
    stock_2024: np.ndarray
    stock_growth: np.ndarray
    demand_2024: np.ndarray
    demand_growth: np.ndarray

    def stock(self, years: ArrayLike) -> np.ndarray:
        """Effective stock in tokens at dates such as 2028.5, (futures, years)."""
        return self.stock_2024[:, None] * self.stock_growth[:, None] ** _since(years)

    def demand(self, years: ArrayLike) -> np.ndarray:
        """Tokens that the largest training set would want, were there enough, (futures, years)."""
        return self.demand_2024[:, None] * self.demand_growth[:, None] ** _since(years)

    @property
    def crossing(self) -> np.ndarray:
        """Date at which demand meets the stock, (futures,); infinite where it never does.

        Dates before 2024 are those at which it did meet it. A future in which demand lies above
        the stock in 2024 and grows no faster counts as crossed on 1 January 2024.
        """
        behind = np.log(self.stock_2024 / self.demand_2024)
        closing = np.log(self.demand_growth / self.stock_growth)
        with np.errstate(divide="ignore", invalid="ignore"):
            years = START + behind / closing
        return np.where(closing > 0, years, np.where(behind > 0, np.inf, START))

    def crossed(self, years: ArrayLike) -> np.ndarray:
        """Share of the futures in which the text has run out by each date, (years,)."""
        return (self.crossing[:, None] <= np.atleast_1d(years)).mean(0)

    def year(self, level: float = 0.8) -> Interval:
        """Median date of crossing and its central interval; infinite ends mean never."""
        tails = [(1 - level) / 2, 0.5, (1 + level) / 2]
        low, middle, high = np.quantile(self.crossing, tails, method="inverted_cdf")
        return Interval(middle, low, high)

    def logs(self) -> pd.DataFrame:
        """Logarithms, a row a future: b of stock over demand in 2024, s and d of their growth."""
        factors = {
            "b": self.stock_2024 / self.demand_2024,
            "s": self.stock_growth,
            "d": self.demand_growth,
        }
        return np.log(pd.DataFrame(factors))

    def fan(self, years: Sequence[float], level: float = 0.8) -> Interval:
        """Stock and demand in tokens at dates: medians and central intervals, (kind, year)."""
        tails = [(1 - level) / 2, 0.5, (1 + level) / 2]
        draws = {"stock": self.stock(years), "demand": self.demand(years)}
        found = [np.quantile(tokens, tails, axis=0) for tokens in draws.values()]
        names = {"kind": list(draws), "tail": ["low", "median", "high"], "year": list(years)}
        ends = xr.DataArray(np.array(found), names)
        return Interval(*(ends.sel(tail=x, drop=True) for x in ("median", "low", "high")))


def project(futures: int = 200000, *, seed: int, **assumptions) -> Projection:
    """Draw every assumption `futures` times and return what follows from each draw.

    Give an assumption by name to replace the published one: a number fixes it; a pair (low, high)
    is the central interval of the same shape and probability; an array of 100 or more draws is
    drawn from with replacement. Each assumption has a stream of random numbers of its own, so two
    projections with one seed differ by what was changed in them and by nothing else. A draw that
    makes no sense, such as a share above 1, is drawn again; of the published intervals `quality`
    alone has any, three in a million.

    Raises ValueError, which names the assumption and what to do, for a name that isn't below, for
    values or draws that make no sense, for an interval the wrong way round, and for a number of
    futures that is no whole number above 0.

    Assumptions, with the central interval and the source of each:
    """
    if isinstance(futures, bool) or not isinstance(futures, int | np.integer) or futures < 1:
        raise ValueError(f"futures is {futures!r}: give a whole number of at least 1")
    for name in assumptions:
        if name not in ASSUMPTIONS:
            raise ValueError(f"no assumption {name!r}; there are: {', '.join(ASSUMPTIONS)}")
    draws = {}
    for stream, (name, usual) in enumerate(ASSUMPTIONS.items()):
        given = assumptions.get(name, (usual.low, usual.high))
        draws[name] = _draw(name, given, futures, np.random.default_rng([seed, stream]))
    raw = draws["pages"] * draws["bytes_a_page"] / np.maximum(draws["bytes_a_token"], 1)
    worth = draws["quality"] * draws["repetition"] * draws["open_share"]
    return Projection(
        raw_2024=raw,
        stock_2024=raw * worth,
        stock_growth=draws["page_growth"] * draws["length_growth"],
        demand_2024=draws["largest_set"] * np.sqrt(draws["overtraining"]),
        demand_growth=draws["demand_growth"],
    )


project.__doc__ += "\n".join(
    f"{name}: {a.meaning}, in {a.unit}: {a.published}. {a.source}.\n    "
    for name, a in ASSUMPTIONS.items()
)


def years(cases: Mapping[str, Projection], level: float = 0.8) -> Interval:
    """Median date of crossing and its central interval under each of some assumptions, (case,).

    cases: projections by name. Infinite ends mean never. Chapters: data-stock, overtraining.
    """
    ends = np.transpose([list(futures.year(level)) for futures in cases.values()])
    return Interval(*(xr.DataArray(end, {"case": list(cases)}) for end in ends))


def swings(futures: int, *, seed: int, **ends: tuple[float, float]) -> pd.DataFrame:
    """Median date of crossing with each assumption at either end of its 95 %, small swings first.

    ends: other ends than those, by the assumption's name. Columns low and high, a row an
    assumption. Chapter: data-stock.
    """
    usual = {name: assumed.interval(0.95) for name, assumed in ASSUMPTIONS.items()}
    found = {
        name: [np.median(project(futures, seed=seed, **{name: end}).crossing) for end in pair]
        for name, pair in (usual | ends).items()
    }
    table = pd.DataFrame.from_dict(found, orient="index", columns=["low", "high"])
    size = (table.high - table.low).abs()
    return table.loc[size.sort_values(kind="stable").index]


# What a reader can move: label, least, most, step, and the median of the published interval.
KNOBS: Mapping[str, tuple[str, float, float, float, float]] = MappingProxyType(
    {
        "n": ("demand in 2024, trillion tokens ", 1, 30, 0.01, 6.24),
        "s": ("stock grows, x a year ", 1, 1.2, 0.01, 1.08),
        "d": ("demand grows, x a year ", 1.3, 4, 0.01, 2.37),
        "q": ("quality, share ", 0.02, 1, 0.001, 0.2),
        "r": ("repetition, x ", 1, 16, 0.04, 3.16),
        "k": ("overtraining, x ", 1, 100, 1, 1),
        "f": ("closed, share ", 0, 0.95, 0.01, 0),
    }
)


def moved(logs: pd.DataFrame, *, n, s, d, q, r, k, f) -> np.ndarray:
    """Date of crossing in each future of `Projection.logs` when the medians are moved, (futures,).

    n: demand in 2024. s, d: growth of stock and demand. q, r: quality and repetition. k:
    overtraining. f: share that has closed. Infinite where demand no longer outgrows the stock.
    Chapter: data-stock.
    """
    gain = np.log(q / 0.2) + np.log(r / 3.16) + np.log(1 - f) - np.log(k) / 2 - np.log(n / 6.24)
    rate = logs.d + np.log(d / 2.37) - logs.s - np.log(s / 1.08)
    return np.where(rate > 0, START + (logs.b + gain) / rate, np.inf)


def moved_in_vega(now: Mapping[str, str]) -> str:
    """`moved` as an expression of Vega on a row of the logs; the largest number stands for never.

    now: the expression of each knob, as `plots.knobs` returns them. Chapter: data-stock.
    """
    gain = "log({q}/0.2) + log({r}/3.16) + log(1-{f}) - log({k})/2 - log({n}/6.24)".format(**now)
    rate = "(datum.d + log({d}/2.37) - datum.s - log({s}/1.08))".format(**now)
    return f"{rate} > 0 ? 2024 + (datum.b + {gain}) / {rate} : MAX_VALUE"


def central(draws: ArrayLike, level: float = 0.95) -> Interval:
    """Median of draws (futures,) and their central interval.

    Raises ValueError for fewer than 100 draws. Chapters: data-stock, overtraining.
    """
    return intervals.over_draws(np.median(draws), draws, level=level)


def growth(dates: ArrayLike, sizes: ArrayLike, draws: int, *, seed: int) -> np.ndarray:
    """Yearly factor by which training sets grew, (draws,): a line through log size, bootstrapped.

    dates: (sets,) such as 2020.4. sizes: (sets,) in any one unit, since a constant factor moves
    the line and not its slope. Raises ValueError for fewer than five sets, dates or sizes that
    aren't positive numbers, sets of one date, and fewer than one draw.
    """
    few = "{n} sets are too few: give five sets or more"
    sets = checks.columns(few, 5, dates=dates, sizes=sizes)
    dates, sizes = sets["dates"], np.log(sets["sizes"])
    if np.ptp(dates) == 0:
        raise ValueError("all sets are of one date: give some of others, too")
    if draws < 1:
        raise ValueError(f"draws is {draws}: give a whole number, at least 1")
    rows = intervals.resamples(draws, seed=seed, groups=np.arange(len(dates)))
    return np.exp([np.polyfit(dates[i] - dates.mean(), sizes[i], 1)[0] for i in rows])


def _since(years: ArrayLike) -> np.ndarray:
    return np.atleast_1d(np.asarray(years, float)) - START


def _draw(name: str, given, futures: int, rng: np.random.Generator) -> np.ndarray:
    a = ASSUMPTIONS[name]
    values = _checked(name, given)
    if len(values) > 2:
        return rng.choice(values, futures)
    low, high = values[0], values[-1]
    if low == high:
        return np.full(futures, low)
    found = _drawn(a, low, high, futures, rng)
    while len(odd := np.flatnonzero(~((found > a.above) & (found <= a.most)))):
        found[odd] = _drawn(a, low, high, len(odd), rng)
    return found


def _drawn(a: Assumption, low, high, futures, rng) -> np.ndarray:
    if a.shape == "uniform":
        return rng.uniform(low, high, futures)
    if a.shape == "six minus lognormal":
        return np.maximum(6 - _lognormal(6 - high, 6 - low, a.level, futures, rng), 1)
    return _lognormal(low, high, a.level, futures, rng)


def _lognormal(low, high, level, futures, rng) -> np.ndarray:
    spread = np.log(high / low) / (2 * ndtri((1 + level) / 2))
    return np.exp(np.log(low * high) / 2 + spread * rng.standard_normal(futures))


def _checked(name: str, given) -> np.ndarray:
    a = ASSUMPTIONS[name]
    if isinstance(given, Real) and not isinstance(given, bool):
        given = [given]
    try:
        values = np.asarray(given, float)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.ndim != 1 or not (len(values) in (1, 2) or len(values) >= 100):
        raise ValueError(
            f"{name} is {given!r}: give a number, a pair (low, high), or 100 or more draws"
        )
    if not np.isfinite(values).all() or values.min() <= a.above or values.max() > a.most:
        upper = f" and at most {a.most:g}" if np.isfinite(a.most) else ""
        example = "; it is a factor, and 1.08 is 8 % a year" if a.unit == "x a year" else ""
        raise ValueError(f"{name} is {given!r}: give {a.unit} above {a.above:g}{upper}{example}")
    if len(values) == 2 and values[0] > values[1]:
        raise ValueError(
            f"{name} is {given!r}: the interval is the wrong way round, low comes first"
        )
    return values
