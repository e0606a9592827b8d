"""The ledger: rows are sound, verdicts follow the rule, stored values are found."""

import math
import re
import warnings
from dataclasses import replace
from datetime import date

import nbformat
import numpy as np
import pytest
import xarray as xr

from datawall.page import ledger, results

ROW = """
[[claim]]
id = "{id}"
chapter = "one"
who = "Someone"
claim = "Something"
published = "2"
unit = "things"
source = "someone2020"
date = "{date}"
as_of = "{as_of}"
{measured}
verdict = "{verdict}"
note = "Because"
"""
GOOD = {
    "id": "a",
    "date": "2020-02-02",
    "as_of": "2026-01-31",
    "holds_if": "[0, inf]",
    "because": '"Any will do"',
    "tolerance": "[1, 3]",
    "verdict": "holds",
}
MEASURED = ("holds_if", "because", "limit", "tolerance")


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A function that writes a ledger of the given rows in a book of its own."""
    monkeypatch.setattr(ledger, "BOOK", tmp_path)
    monkeypatch.setattr(ledger, "_this_run", {})

    def write(*rows):
        """A field of MEASURED that is None is left out."""
        rows = [GOOD | row for row in rows]
        for row in rows:
            given = [name for name in MEASURED if row.get(name)]
            row["measured"] = "\n".join(f"{name} = {row[name]}" for name in given)
        text = "".join(ROW.format(**row) for row in rows)
        (tmp_path / "ledger.toml").write_text(text)
        ledger._ledger.cache_clear()
        return tmp_path

    yield write
    ledger._ledger.cache_clear()


def test_a_value_within_tolerance_is_shown_and_kept(book):
    book({})
    found = ledger.hold("a", 2.0, 1.5, 2.5)
    assert ledger.measured() == {"a": found}
    verdict = "| **holds**. Holds if at least 0 things. Any will do. Because. | "
    said = "Something. *Someone, 2020-02-02, as of 2026-01* | 2 things | "
    ours = "2.00 [1.50, 2.50] things (tolerance 1 to 3) |"
    assert verdict + said + ours in ledger.markdown("one", cite=False)


@pytest.mark.parametrize("value", [0.9, 3.1])
def test_a_value_out_of_tolerance_fails(book, value):
    book({})
    with pytest.raises(ledger.OutOfTolerance, match="the ledger allows 1 to 3"):
        ledger.hold("a", value, value - 0.5, value + 0.5)
    assert ledger.measured() == {}


RULE = {
    "an interval inside": ((1, 4), "holds"),
    "an interval that touches both ends": ((0, 5), "holds"),
    "a number at an end": ((5, 5), "holds"),
    "an interval below": ((-2, -1), "does not hold here"),
    "an interval above": ((6, 7), "does not hold here"),
    "an interval across an end": ((-1, 1), "undecided here"),
    "an interval that touches an end from outside": ((-1, 0), "undecided here"),
    "an interval around the range": ((-1, 6), "undecided here"),
    "inside, and outside under the limit": ((1, 4, -2, -1), "holds within limits"),
    "inside, and inside under the limit": ((1, 4, 2, 3), "holds"),
    "inside, and across an end under the limit": ((1, 4, -1, 3), "holds"),
    "outside, and outside under the limit": ((6, 7, -2, -1), "does not hold here"),
    "across an end, and outside under the limit": ((-1, 1, -2, -1), "undecided here"),
}


@pytest.mark.parametrize("interval, verdict", RULE.values(), ids=RULE)
def test_the_verdict_follows_from_the_interval(book, interval, verdict):
    book({"holds_if": "[0, 5]", "limit": '"on code"'})
    assert ledger.verdict(ledger.claim("a"), *interval) == verdict


def test_without_a_limit_in_the_row_a_value_under_one_changes_nothing(book):
    book({"holds_if": "[0, 5]"})
    assert ledger.verdict(ledger.claim("a"), 1, 4, -2, -1) == "holds"


def test_what_is_not_measured_cannot_be_tested(book):
    book(UNTESTED)
    assert ledger.verdict(ledger.claim("a"), 1, 2) == "cannot be tested here"
    assert "| **cannot be tested here**. Because. | " in ledger.markdown()


def test_a_value_stored_before_the_claim_became_untested_is_not_shown(book, monkeypatch):
    book(UNTESTED)
    monkeypatch.setitem(ledger._this_run, "a", ledger.Measured("a", 2, 1, 3))
    assert "| not measured |" in ledger.markdown()


def test_verdicts_are_counted_in_their_order(book):
    book(UNTESTED, {"id": "b"}, {"id": "c"})
    said = "3 claims. Holds: 2, cannot be tested here: 1."
    assert ledger.counted(ledger.claims()) == said


UNTESTED = dict.fromkeys(MEASURED) | {"verdict": "cannot be tested here"}
BELOW = {"holds_if": "[-inf, 0]", "tolerance": "[-3, -1]"}


@pytest.mark.parametrize(
    "row, interval, message",
    [
        ({}, (2, -1, 5), "2.00 [-1.00, 5.00], and the claim holds if at least 0 things: by the "
         "rule 'undecided here', but the ledger says 'holds'"),
        ({}, (-2, -3, -1), "'does not hold here', but the ledger says 'holds'"),
        (BELOW, (2, 1, 3), "holds if at most 0 things: by the rule 'does not hold here'"),
        ({"holds_if": "[0.5, 3.5]"}, (4, 4, 4), "the claim holds if between 0.5 and 3.5 things"),
        ({"verdict": "does not hold here", "holds_if": "[4, inf]"}, (2, 1, 5), "'undecided here'"),
    ],
)  # fmt: skip
def test_another_verdict_than_the_ledgers_fails(book, row, interval, message):
    book(row)
    with pytest.raises(ledger.WrongVerdict, match=re.escape(message)):
        ledger.hold("a", *interval)
    assert ledger.measured() == {}


LIMITED = {"limit": '"on code"', "verdict": "holds within limits"}


def test_a_limit_is_shown_and_kept_beside_the_value(book):
    book(LIMITED)
    found = ledger.hold("a", 2.0, 1.5, 2.5, limit=(-2, -3, -1))
    assert found.limit == (-2, -3, -1)
    shown = ledger.markdown()
    assert "| **holds within limits**, not on code. Holds if at least 0 things. Any" in shown
    assert "2.00 [1.50, 2.50] things; on code: -2.00 [-3.00, -1.00] things (tolerance" in shown


def test_a_limit_under_which_the_claim_holds_too_is_none(book):
    book(LIMITED)
    with pytest.raises(ledger.WrongVerdict, match=re.escape("(on code: 2.00 [1.00, 3.00])")):
        ledger.hold("a", 2.0, 1.5, 2.5, limit=(2, 1, 3))


def test_a_limit_is_asked_for_where_the_row_has_one_and_nowhere_else(book):
    book(LIMITED, {"id": "b"})
    with pytest.raises(KeyError, match="a: the ledger's row has a limit, 'on code': give"):
        ledger.hold("a", 2, 1, 3)
    with pytest.raises(KeyError, match="b: the ledger's row has no limit: don't give"):
        ledger.hold("b", 2, 1, 3, limit=(0, 0, 0))
    with pytest.raises(ValueError, match="interval does not contain the value"):
        ledger.hold("a", 2, 1, 3, limit=(2, 3, 4))


def over_the_seeds(*values):
    return xr.DataArray(np.array(values, float), dims="seed")


@pytest.fixture
def shown(monkeypatch):
    """What a chapter's last cell displays, in place of a notebook."""
    kept = []
    monkeypatch.setattr(results, "display", lambda *found: kept.extend(found))
    monkeypatch.setattr(results, "glue", lambda *_, **__: None)
    return kept


def test_a_chapter_ends_with_values_and_limits(book, shown):
    book(LIMITED, {"id": "b"})
    found = {"a": over_the_seeds(1.9, 2, 2.1), "b": 2.0}
    table = results.close("one", found, limits={"a": over_the_seeds(-2.1, -2, -1.9)})
    assert [one.id for one in shown] == ["a", "b"]
    assert shown[0].limit[0] == pytest.approx(-2)
    assert shown[0].limit[1] < -2.1 and shown[0].limit[2] > -1.9  # an interval over the seeds
    assert shown[1].limit is None
    assert "; on code: -2.0" in table.data


@pytest.mark.parametrize(
    "found, limits, message",
    [
        ("ab", "", "one: a: its limit was left out of this chapter"),
        ("ab", "ab", "one: b: no claim of this chapter with a limit"),
        ("a", "a", "one: b: left out of this chapter"),
        ("abc", "a", "one: c: not a measured claim of this chapter"),
    ],
)
def test_a_chapter_is_told_what_it_left_out_or_has_too_much(book, shown, found, limits, message):
    book(LIMITED, {"id": "b"})
    with pytest.raises(KeyError, match=message):
        results.close("one", dict.fromkeys(found, 2.0), dict.fromkeys(limits, -2.0))
    assert shown == []


def test_what_cannot_be_checked_is_refused(book):
    book({})
    with pytest.raises(ValueError, match="interval does not contain the value"):
        ledger.hold("a", 2.0, 2.1, 2.5)
    with pytest.raises(ValueError, match="interval does not contain the value"):
        ledger.hold("a", float("nan"), 1, 3)
    with pytest.raises(KeyError, match=r"no claim 'b' in the ledger; it has: a"):
        ledger.hold("b", 2.0, 1, 3)
    with pytest.raises(KeyError, match="no claim of a chapter 'two'"):
        ledger.claims("two")


def test_stored_values_are_read_from_notebooks(book, monkeypatch):
    folder = book({})
    rows = ledger.Measured("a", 2, 1, 3), ledger.Measured("b", 2, 1, 3, (0, -1, 1))
    kept = []
    monkeypatch.setattr(ledger, "display", lambda data, raw: kept.append(data))
    for row in rows:
        row._ipython_display_()
    assert kept[0][ledger.MIME] == {"id": "a", "value": 2, "low": 1, "high": 3}
    outputs = [nbformat.v4.new_output("display_data", data) for data in kept]
    cell = nbformat.v4.new_code_cell("x", outputs=outputs)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "one.ipynb")
    assert ledger.measured() == {"a": rows[0], "b": rows[1]}
    now = ledger.hold("a", 2.5, 2, 3)
    assert ledger.measured() == {"a": now, "b": rows[1]}  # what this process found comes first


def test_a_claim_that_was_not_measured_says_so(book):
    book({})
    assert "| not measured |" in ledger.markdown()
    assert "{cite:p}`someone2020`" in ledger.markdown()
    assert "cite" not in ledger.markdown(cite=False)


@pytest.mark.parametrize(
    "rows, message",
    [
        ([{}, {}], "two claims in ledger.toml have the same id"),
        ([{"verdict": "true"}], "verdict 'true' is none of"),
        ([{"date": "May 2020"}], "date 'May 2020' is not a year"),
        ([{"as_of": "2026-02-30"}], "as_of '2026-02-30' is not a day in ISO form"),
        ([{"as_of": "2026"}], "as_of '2026' is not a day in ISO form"),
        ([{"tolerance": "[3, 1]"}], "tolerance 3 to 1 is the wrong way round"),
        ([{"holds_if": "[3, 1]"}], "holds_if 3 to 1 is the wrong way round"),
        ([{"holds_if": "[-inf, inf]"}], "holds_if has no end"),
        ([{"holds_if": None}], "holds_if is missing: a measured claim needs it"),
        ([{"because": None}], "because is missing: a measured claim needs it"),
        ([{"tolerance": None}], "holds_if without a tolerance: only a measured claim has it"),
        ([UNTESTED | {"limit": '"on code"'}], "limit without a tolerance"),
        ([UNTESTED | {"verdict": "holds"}], "'holds' without a tolerance: nothing was measured"),
        ([{"verdict": "cannot be tested here"}], "of a claim with a tolerance, which is measured"),
        ([{"verdict": "holds within limits"}], "'holds within limits', but no limit is given"),
        ([{"tolerance": "[-1, 3]"}], "within the tolerance, -1 to 3, the verdict 'holds' could "
         "change: the claim holds if at least 0 things"),
        ([LIMITED | {"tolerance": "[-1, 3]"}], "the verdict 'holds within limits' could change"),
        ([{"verdict": "does not hold here"}], "the verdict 'does not hold here' could change"),
        ([{"verdict": "does not hold here", "holds_if": "[3, inf]"}], "could change"),
        ([{"verdict": "undecided here"}], "the verdict 'undecided here' could change"),
    ],
)  # fmt: skip
def test_unsound_rows_are_refused(book, rows, message):
    book(*rows)
    with pytest.raises(ValueError, match=re.escape(message)):
        ledger.claims()


def test_a_claim_not_looked_at_for_eighteen_months_is_stale(book):
    book({"id": "a", "as_of": "2025-05-20"}, {"id": "b", "as_of": "2025-05-25"})
    assert [row.id for row in ledger.stale(date(2026, 11, 22))] == ["a"]
    assert ledger.stale(date(2025, 6, 1)) == []


def test_warn_of_claims_that_nobody_looked_at_for_eighteen_months():
    for row in ledger.stale(date.today()):
        warnings.warn(
            f"{row.id}: read its source again, it was last looked at on {row.as_of}; then set "
            "as_of in book/ledger.toml, and the figure and the verdict if they have changed",
            stacklevel=1,
        )


OUR_ROWS = [row for row in ledger.claims() if row.tolerance]


def test_the_books_own_ledger_is_sound_and_measured():
    ours = ledger.measured()
    for row in ledger.claims():
        assert row.note, f"{row.id}: say why in `note`"
    for row in OUR_ROWS:
        ledger.check(row, ours[row.id])


@pytest.mark.parametrize("row", OUR_ROWS, ids=lambda row: row.id)
def test_within_the_tolerance_a_verdict_cannot_change(row):
    """Or, where it is undecided, an edge can be reached: the row's values lie that close."""
    ends = [ledger.verdict(row, end, end) for end in row.tolerance]
    edges = [edge for edge in row.holds_if if row.tolerance[0] <= edge <= row.tolerance[1]]
    if row.verdict == "undecided here":
        assert edges
    else:
        assert set(ends) == {"holds" if row.verdict.startswith("holds") else row.verdict}
        assert set(edges) <= set(row.tolerance)


@pytest.mark.parametrize("row", OUR_ROWS, ids=lambda row: row.id)
def test_a_value_moved_over_an_edge_fails(row):
    """From either side of each edge, as a number, and as an interval across it."""
    for edge in filter(math.isfinite, row.holds_if):
        step = 1e-6 * max(1, abs(edge))
        inside = edge + step if edge == row.holds_if[0] else edge - step
        for value in (inside, 2 * edge - inside):
            given = "holds" if value == inside else "does not hold here"
            if given != row.verdict:
                with pytest.raises(ledger.WrongVerdict, match=f"by the rule '{given}'"):
                    ledger.check(row, ledger.Measured(row.id, value, value, value))
        if row.verdict != "undecided here":
            across = ledger.Measured(row.id, edge, edge - step, edge + step)
            with pytest.raises(ledger.WrongVerdict, match="by the rule 'undecided here'"):
                ledger.check(row, across)


def test_the_book_has_a_claim_of_nearly_every_verdict():
    given = {row.verdict for row in ledger.claims()}
    assert given >= set(ledger.VERDICTS) - {"holds within limits"}


@pytest.mark.parametrize("row", OUR_ROWS, ids=lambda row: row.id)
def test_a_limit_is_needed_to_hold_within_limits(row):
    limited = replace(row, limit="on code")
    if row.verdict == "holds":
        edge = next(filter(math.isfinite, row.holds_if))
        out = edge - 1 if edge == row.holds_if[0] else edge + 1
        assert ledger.verdict(limited, *row.tolerance, out, out) == "holds within limits"
        unlimited = replace(row, limit="")
        assert ledger.verdict(unlimited, *row.tolerance, out, out) == "holds"


@pytest.mark.parametrize(
    "value, low, high, text",
    [
        (0.4203, 0.35, 0.5612, "0.420 [0.350, 0.561]"),
        (0.598, 0.419, 1.27, "0.60 [0.42, 1.27]"),
        (79.3, 59.7, 155.2, "79 [60, 155]"),
        (18.39, 18.39, 18.39, "18.4"),
        (0, 0, 0, "0"),
    ],
)
def test_an_interval_has_as_many_digits_as_its_larger_end_needs(value, low, high, text):
    assert str(ledger.Measured("a", value, low, high)) == text
