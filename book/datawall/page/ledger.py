"""Published beside measured: the claims, their sources, our values, and the verdicts' rule.

The claims stand in `book/ledger.toml`. Our values aren't typed there: `hold` leaves each in the
output of its notebook, and `measured` reads them from the stored notebooks, so the page of all
claims shows what the last run gave. A verdict follows from our interval and the range in which the
claim holds (`verdict`); the ledger keeps what the last run gave, and `hold` fails when a run gives
another. Every chapter ends with its rows.
"""

from __future__ import annotations

import datetime
import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from IPython.display import display

from datawall import BOOK
from datawall.evidence.intervals import decimals

VERDICTS = (
    "holds",
    "holds within limits",
    "does not hold here",
    "undecided here",
    "cannot be tested here",
)
HOLDS, LIMITED, FAILS, UNDECIDED, UNTESTED = VERDICTS
MIME = "application/vnd.datawall.measured+json"


class OutOfTolerance(AssertionError):
    """A measured value has left the range that the ledger gives it."""


class WrongVerdict(AssertionError):
    """A measured interval gives another verdict than the ledger's."""


@dataclass(frozen=True)
class Claim:
    """A row of the ledger.

    id, chapter; who says it; claim in our words; published value as text ("" if none was given)
    and its unit; source: key in references.bib; date: ISO, a year, month or day; as_of: ISO day on
    which the source was last read and the figure found to stand; note: why ours differs, or what
    limits the verdict.

    A measured claim also has holds_if: the range, ends included, that the claim's own words allow
    our value, in `unit`; because: how the words give that range, written before the run; tolerance:
    the range in which our value must stay on any machine. It may have limit: a condition, in words,
    under which the chapter measures the same quantity and the claim may fail.

    verdict: one of VERDICTS, as `datawall.page.ledger.verdict` found it in the last run.

    Raises ValueError for a row that contradicts itself: among others where a value could stay
    within the tolerance and change the verdict.
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
    holds_if: tuple[float, float] | None = None
    because: str = ""
    limit: str = ""
    tolerance: tuple[float, float] | None = None

    def __post_init__(self):
        for name in ("holds_if", "tolerance"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, tuple(getattr(self, name)))
        for fault in self._faults():
            raise ValueError(f"{self.id}: {fault}")

    def _faults(self):
        """What is wrong with the row, the worst first."""
        if self.verdict not in VERDICTS:
            yield f"verdict {self.verdict!r} is none of: {', '.join(VERDICTS)}"
        if not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", self.date):
            yield f"date {self.date!r} is not a year, month or day in ISO form"
        try:
            datetime.date.fromisoformat(self.as_of)
        except ValueError:
            yield f"as_of {self.as_of!r} is not a day in ISO form"
        if self.tolerance is None:
            for name in ("holds_if", "because", "limit"):
                if getattr(self, name):
                    yield f"{name} without a tolerance: only a measured claim has it"
            if self.verdict != UNTESTED:
                yield f"verdict {self.verdict!r} without a tolerance: nothing was measured"
            return
        for name in ("holds_if", "because"):
            if not getattr(self, name):
                yield f"{name} is missing: a measured claim needs it"
        for name in ("holds_if", "tolerance"):
            low, high = getattr(self, name)
            if not low < high:
                yield f"{name} {low} to {high} is the wrong way round"
        yield from self._faults_of_the_range()

    def _faults_of_the_range(self):
        (least, most), (low, high) = self.tolerance, self.holds_if
        edges = [edge for edge in self.holds_if if math.isfinite(edge)]
        if not edges:
            yield "holds_if has no end: any value would do"
        if self.verdict == UNTESTED:
            yield f"verdict {self.verdict!r} of a claim with a tolerance, which is measured"
        if self.verdict == LIMITED and not self.limit:
            yield f"verdict {self.verdict!r}, but no limit is given"
        stays = {
            HOLDS: low <= least and most <= high,
            LIMITED: low <= least and most <= high,
            FAILS: most < low or high < least,
            UNDECIDED: any(least <= edge <= most for edge in edges),
        }
        if not stays.get(self.verdict, True):
            yield (
                f"within the tolerance, {least} to {most}, the verdict {self.verdict!r} could "
                f"change: the claim {_range(self)}"
            )


@dataclass(frozen=True)
class Measured:
    """Our value for a claim, with its interval: what `hold` leaves in the notebook.

    limit: value, low and high of the same quantity under the condition that the claim's `limit`
    states, or None.
    """

    id: str
    value: float
    low: float
    high: float
    limit: tuple[float, float, float] | None = None

    def __post_init__(self):
        if self.limit is not None:
            object.__setattr__(self, "limit", tuple(self.limit))

    def __str__(self) -> str:
        return _interval(self.value, self.low, self.high)

    def verdict(self, row: Claim) -> str:
        """Which of VERDICTS it gives a claim, by the rule of `datawall.page.ledger.verdict`."""
        return verdict(row, self.low, self.high, *(self.limit or (None,) * 3)[1:])

    def _ipython_display_(self) -> None:
        kept = {name: value for name, value in vars(self).items() if value is not None}
        display({MIME: kept}, raw=True)  # kept in the notebook; `markdown` shows it


def verdict(
    row: Claim,
    low: float,
    high: float,
    limit_low: float | None = None,
    limit_high: float | None = None,
) -> str:
    """Which of VERDICTS an interval of our value gives a claim.

    low, high: our interval; limit_low, limit_high: the interval under the row's limit, if the
    chapter has run it. An end of `holds_if` belongs to it. A claim with a limit holds within limits
    only where the whole interval under the limit lies outside.
    """
    if row.holds_if is None:
        return UNTESTED
    found = _against(row.holds_if, low, high)
    if found == HOLDS and row.limit and limit_low is not None:
        under = _against(row.holds_if, limit_low, limit_high)
        return LIMITED if under == FAILS else HOLDS
    return found


def _against(holds_if: tuple[float, float], low: float, high: float) -> str:
    least, most = holds_if
    if least <= low and high <= most:
        return HOLDS
    return FAILS if high < least or most < low else UNDECIDED


def hold(
    claim_id: str,
    value: float,
    low: float,
    high: float,
    limit: tuple[float, float, float] | None = None,
) -> Measured:
    """Hold our value, with its interval, to the ledger's row; displayed, it is kept.

    limit: value, low and high under the row's limit. Raises WrongVerdict when the interval gives
    another verdict than the ledger's, OutOfTolerance when the value has left the tolerance,
    ValueError when an interval doesn't contain its value or the claim has no tolerance, KeyError
    for an unknown id, for a limit that the row doesn't have and for one that was left out.
    """
    row = claim(claim_id)
    if row.tolerance is None:
        raise ValueError(f"{claim_id}: the ledger gives no tolerance, so there's nothing to check")
    if (limit is not None) != bool(row.limit):
        said = f"a limit, {row.limit!r}: give" if row.limit else "no limit: don't give"
        raise KeyError(f"{claim_id}: the ledger's row has {said} what was found under it")
    under = None if limit is None else tuple(float(x) for x in limit)
    found = Measured(claim_id, float(value), float(low), float(high), under)
    for value, low, high in [(found.value, found.low, found.high)] + [under] * bool(under):
        if not low <= value <= high:
            said = _interval(value, low, high)
            raise ValueError(f"{claim_id}: {said}: the interval does not contain the value")
    check(row, found)
    _this_run[claim_id] = found
    return found


def check(row: Claim, found: Measured) -> None:
    """Compare a row with what was found: raises WrongVerdict or OutOfTolerance, as `hold` does."""
    gives = found.verdict(row)
    if gives != row.verdict:
        under = f" ({row.limit}: {_interval(*found.limit)})" if found.limit else ""
        raise WrongVerdict(
            f"{row.id}: measured {found}{under}, and the claim {_range(row)}: by the rule "
            f"{gives!r}, but the ledger says {row.verdict!r}: either the experiment changed, or "
            "the ledger's verdict must"
        )
    least, most = row.tolerance
    if not least <= found.value <= most:
        raise OutOfTolerance(
            f"{row.id}: measured {found}, but the ledger allows {least} to {most}: either the "
            "experiment changed, or the spread over seeds is wider than the tolerance"
        )


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
    """The ledger's rows, or a chapter's, as a Markdown table, each row's verdict first.

    Beside the verdict stand the range in which the claim holds, why, and the note; `cite` adds
    citation roles.
    """
    ours = measured()
    lines = ["| Verdict | Who says what | Published | Ours [95 %] |", "|" + " --- |" * 4]
    for row in claims(chapter):
        source = f" {{cite:p}}`{row.source}`" if cite else ""
        published = f"{row.published} {row.unit}".strip() if row.published else "no figure given"
        what = f"{row.claim}. *{row.who}, {row.date}, as of {row.as_of[:7]}*{source}"
        cells = (_reason(row), what, published, _ours(row, ours.get(row.id)))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def counted(rows: Iterable[Claim]) -> str:
    """How many claims have which verdict: "3 claims. Holds: 2, undecided here: 1."."""
    found = Counter(row.verdict for row in rows)
    parts = (f"{verdict}: {found[verdict]}" for verdict in VERDICTS if found[verdict])
    return f"{found.total()} claims. {', '.join(parts).capitalize()}."


def _reason(row: Claim) -> str:
    if row.holds_if is None:
        return f"**{row.verdict}**. {row.note}."
    but = f", not {row.limit}" if row.verdict == LIMITED else ""
    return f"**{row.verdict}**{but}. H{_range(row)[1:]}. {row.because}. {row.note}."


def _range(row: Claim) -> str:
    """The range in which a claim holds, in words: "holds if between 1 and 2 nats"."""
    low, high = (f"{edge:g}" for edge in row.holds_if)
    if low == "-inf":
        words = f"at most {high}"
    elif high == "inf":
        words = f"at least {low}"
    else:
        words = f"between {low} and {high}"
    return f"holds if {words} {row.unit}".strip()


def _ours(row: Claim, found: Measured | None) -> str:
    if found is None or row.tolerance is None:  # one may be stored that was measured once
        return "not measured"
    value = f"{found} {row.unit}".strip()
    if found.limit:
        value += f"; {row.limit}: {_interval(*found.limit)} {row.unit}".rstrip()
    return f"{value} (tolerance {row.tolerance[0]:g} to {row.tolerance[1]:g})"


def _interval(value: float, low: float, high: float) -> str:
    places = decimals(max(abs(low), abs(high)))
    value, low, high = (f"{x:.{places}f}" for x in (value, low, high))
    return value if low == high else f"{value} [{low}, {high}]"


_this_run: dict[str, Measured] = {}


@cache
def _ledger() -> dict[str, Claim]:
    with (BOOK / "ledger.toml").open("rb") as file:
        rows = [Claim(**row) for row in tomllib.load(file)["claim"]]
    found = {row.id: row for row in rows}
    if len(found) < len(rows):
        raise ValueError("two claims in ledger.toml have the same id: give each its own")
    return found
