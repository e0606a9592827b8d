"""Tables of published training runs and data sets (chapters: scaling-laws, data-stock).

Each is a file of `book/published`, with its source, version, licence and columns in its head, in
lines that begin with "#".
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from datawall import BOOK

FOLDER = BOOK / "published"


def names() -> list[str]:
    """The names of all tables."""
    return sorted(path.stem for path in FOLDER.glob("*.csv"))


def table(name: str) -> pd.DataFrame:
    """A published table: a row for each run or data set; units are nats a token, tokens and FLOP.

    Columns bear the names of the field (`params`, `tokens`, `unique_tokens`, `loss`, `flops`,
    `ratio`); `columns` says what each means. Dates are dates, an unknown number is NaN. Raises
    ValueError for a name that isn't there.
    """
    found = pd.read_csv(_path(name), comment="#")
    counts = found.columns.intersection(["params", "tokens", "unique_tokens"])
    found = found.astype(dict.fromkeys(counts, float))  # 6 N D is too large for whole numbers
    return found.assign(date=pd.to_datetime(found["date"])) if "date" in found else found


def head(name: str) -> dict[str, str]:
    """What is known about a table: table, source, version, licence, caution. Errors as `table`."""
    return {key: said for key, said in _head(name) if not key.startswith("column ")}


def columns(name: str) -> dict[str, str]:
    """The meaning and the unit of each column of a table. Errors as `table`."""
    return {k.removeprefix("column "): said for k, said in _head(name) if k.startswith("column ")}


def _head(name: str) -> list[tuple[str, str]]:
    lines = _path(name).read_text(encoding="utf-8").splitlines()
    parts = (line[1:].partition(":") for line in lines if line.startswith("#"))
    return [(key.strip(), said.strip()) for key, _, said in parts]


def _path(name: str) -> Path:
    if name not in names():
        there = ", ".join(names()) or f"none, since {FOLDER} is not at hand"
        raise ValueError(f"no published table {name!r}; there are: {there}")
    return FOLDER / f"{name}.csv"
