"""What a chapter hands to its page: numbers for the prose, and the rows that end it."""

from __future__ import annotations

import time

import numpy as np
import xarray as xr
from IPython.display import Markdown, display
from myst_nb import glue

from datawall.evidence.intervals import Interval, over_seeds
from datawall.page import ledger

_began = time.perf_counter()


def begin() -> None:
    """Start the clock of a chapter's run time: `plots.style` does."""
    global _began
    _began = time.perf_counter()


def quote(**values) -> None:
    """Hand results to the prose, by name: ``{glue:text}`name:.2f` `` quotes a number.

    A value is a number, an array of one number, a text, or an `Interval`, which is quoted as text,
    `2.05 [1.60, 2.56]`. Raises ValueError for an array of several numbers, and for what isn't
    finite.
    """
    for name, value in values.items():
        glue(name, _plain(name, value), display=False)


def close(
    chapter: str,
    found: dict[str, Interval | xr.DataArray | float],
    limits: dict[str, Interval | xr.DataArray | float] | None = None,
) -> Markdown:
    """End a chapter: hold what was found to the ledger's rows, and show them.

    found: for each claim of the chapter that has a tolerance an `Interval`, values over the
    dimension `seed`, or a number that isn't subject to chance. limits: for each claim that has a
    `limit` the same, as found under that condition. Raises KeyError for a claim that the chapter
    lacks or that was left out, in either, and what `ledger.hold` raises.
    """
    limits = limits or {}
    rows = [row for row in ledger.claims(chapter) if row.tolerance is not None]
    asked, limited = {row.id for row in rows}, {row.id for row in rows if row.limit}
    for fault, ids in (
        ("not a measured claim of this chapter", found.keys() - asked),
        ("left out of this chapter", asked - found.keys()),
        ("no claim of this chapter with a limit", limits.keys() - limited),
        ("its limit was left out of this chapter", limited - limits.keys()),
    ):
        if ids:
            raise KeyError(f"{chapter}: {', '.join(sorted(ids))}: {fault}")
    under = {claim: _interval(value) for claim, value in limits.items()}
    held = [ledger.hold(claim, *_interval(x), under.get(claim)) for claim, x in found.items()]
    display(*held)
    quote(run_seconds=time.perf_counter() - _began)
    return Markdown(ledger.markdown(chapter, cite=False))


def _interval(value) -> tuple[float, float, float]:
    if isinstance(value, Interval):
        return tuple(float(x) for x in value)
    if np.ndim(value):
        return tuple(float(x) for x in over_seeds(value))
    return (float(value),) * 3


def _plain(name: str, value):
    if isinstance(value, str):
        return value
    if isinstance(value, Interval):
        return str(value)
    array = np.asarray(value)
    if array.size != 1:
        raise ValueError(f"{name} holds {array.size} values: quote one number at a time")
    number = array.item()
    if not isinstance(number, bool | str) and not np.isfinite(number):
        raise ValueError(f"{name} is {number}: only finite numbers can be quoted")
    return number
