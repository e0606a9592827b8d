"""Published beside measured: the claims, their sources, our values, the tolerances, the verdicts.

The claims stand in `book/ledger.toml`. Our values aren't typed there: `check` leaves each in the
output of its notebook, and `measured` reads them from the stored notebooks, so the page of all
claims shows what the last run gave. Every chapter ends with its rows.
"""

from __future__ import annotations

import datetime
import json
import math
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from IPython.display import display

BOOK = Path(__file__).parent.parent
VERDICTS = (
    "holds",
    "holds within limits",
    "does not hold here",
    "cannot be tested at this scale",
)
MIME = "application/vnd.datawall.measured+json"


class OutOfTolerance(AssertionError):
    """A measured value has left the range that the ledger gives it."""


@dataclass(frozen=True)
class Claim:
    """A row of the ledger.

    id, chapter; who says it; claim in our words; published value as text ("" if none was given)
    and its unit; source: key in references.bib; date: ISO, a year, month or day; as_of: ISO day on
    which the source was last read and the figure found to stand; tolerance: the range in which our
    value must stay, or None for a claim that isn't measured; verdict: one of VERDICTS; note: why
    ours differs, or what limits the verdict.
    """

    id: str
    chapter: str
    who: str
    claim: str
    source: str
    date: str
    as_of: str
    verdict: str
    note: str
    published: str = ""
    unit: str = ""
    tolerance: tuple[float, float] | None = None

    def __post_init__(self):
        if self.verdict not in VERDICTS:
            raise ValueError(
                f"{self.id}: verdict {self.verdict!r} is none of: {', '.join(VERDICTS)}"
            )
        if not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", self.date):
            raise ValueError(
                f"{self.id}: date {self.date!r} is not a year, month or day in ISO form"
            )
        try:
            datetime.date.fromisoformat(self.as_of)
        except ValueError:
            raise ValueError(f"{self.id}: as_of {self.as_of!r} is not a day in ISO form") from None
        if self.tolerance is None:
            return
        object.__setattr__(self, "tolerance", tuple(self.tolerance))
        low, high = self.tolerance
        if not low < high:
            raise ValueError(f"{self.id}: tolerance {low} to {high} is the wrong way round")


@dataclass(frozen=True)
class Measured:
    """Our value for a claim, with its interval: what `check` leaves in the notebook."""

    id: str
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        decimals = _decimals(max(abs(self.low), abs(self.high)))
        value, low, high = (f"{x:.{decimals}f}" for x in (self.value, self.low, self.high))
        return value if self.low == self.high else f"{value} [{low}, {high}]"

    def _ipython_display_(self) -> None:
        display({MIME: vars(self)}, raw=True)  # kept in the notebook; `markdown` shows it


def check(claim_id: str, value: float, low: float, high: float) -> Measured:
    """Hold our value, with its interval, to the ledger's tolerance; displayed, it is kept.

    Raises OutOfTolerance when the value has left the tolerance, ValueError when the interval
    doesn't contain the value or the claim has no tolerance, KeyError for an unknown id.
    """
    row = claim(claim_id)
    if row.tolerance is None:
        raise ValueError(f"{claim_id}: the ledger gives no tolerance, so there's nothing to check")
    found = Measured(claim_id, *(float(x) for x in (value, low, high)))
    if not found.low <= found.value <= found.high:
        raise ValueError(f"{claim_id}: {found}: the interval does not contain the value")
    least, most = row.tolerance
    if not least <= found.value <= most:
        raise OutOfTolerance(
            f"{claim_id}: measured {found}, but the ledger allows {least} to {most}: either the "
            "experiment changed, or the claim's verdict must be looked at again"
        )
    _this_run[claim_id] = found
    return found


def claims(chapter: str | None = None) -> list[Claim]:
    """All claims in the ledger's order, or those of a chapter; KeyError if it has none."""
    if chapter is None:
        return list(_ledger().values())
    found = [row for row in _ledger().values() if row.chapter == chapter]
    if not found:
        raise KeyError(f"the ledger has no claim of a chapter {chapter!r}")
    return found


def claim(claim_id: str) -> Claim:
    """The claim of that id; KeyError, with the ids that exist, if there's none."""
    if claim_id not in _ledger():
        raise KeyError(f"no claim {claim_id!r} in the ledger; it has: {', '.join(_ledger())}")
    return _ledger()[claim_id]


def stale(today: datetime.date, days: int = 548) -> list[Claim]:
    """Claims whose source was last looked at more than so many days ago: eighteen months."""
    return [row for row in claims() if (today - datetime.date.fromisoformat(row.as_of)).days > days]


def measured() -> dict[str, Measured]:
    """Our values by id: those checked in this process, else those stored in the notebooks."""
    stored = {}
    for path in sorted(BOOK.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        outputs = (out for cell in cells for out in cell.get("outputs", []))
        for row in (out["data"][MIME] for out in outputs if MIME in out.get("data", {})):
            stored[row["id"]] = Measured(**row)
    return stored | _this_run


def markdown(chapter: str | None = None, cite: bool = True) -> str:
    """The ledger's rows, or a chapter's, as a Markdown table; `cite` adds citation roles."""
    ours = measured()
    lines = ["| Who says what | Published | Ours [95 %] | Verdict |", "|" + " --- |" * 4]
    for row in claims(chapter):
        source = f" {{cite:p}}`{row.source}`" if cite else ""
        published = f"{row.published} {row.unit}".strip() if row.published else "no figure given"
        value = f"{ours[row.id]} {row.unit}".strip() if row.id in ours else "not measured"
        if row.tolerance:
            value += f" (tolerance {row.tolerance[0]:g} to {row.tolerance[1]:g})"
        what = f"{row.claim}. *{row.who}, {row.date}, as of {row.as_of[:7]}*{source}"
        cells = (what, published, value, f"**{row.verdict}**. {row.note}.")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


_this_run: dict[str, Measured] = {}


@cache
def _ledger() -> dict[str, Claim]:
    with (BOOK / "ledger.toml").open("rb") as file:
        rows = [Claim(**row) for row in tomllib.load(file)["claim"]]
    found = {row.id: row for row in rows}
    if len(found) < len(rows):
        raise ValueError("two claims in ledger.toml have the same id: give each its own")
    return found


def _decimals(largest: float) -> int:
    """Decimal places that give the larger end of an interval three digits."""
    return max(0, 2 - math.floor(math.log10(largest))) if largest > 0 else 0
