"""The ledger: rows are sound, values are held to tolerances, stored values are found."""

import re
import warnings
from datetime import date

import nbformat
import pytest

from datawall.page import ledger

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
tolerance = {tolerance}
verdict = "{verdict}"
note = "Because"
"""
GOOD = {
    "id": "a",
    "date": "2020-02-02",
    "as_of": "2026-01-31",
    "tolerance": "[1, 3]",
    "verdict": "holds",
}


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A function that writes a ledger of the given rows in a book of its own."""
    monkeypatch.setattr(ledger, "BOOK", tmp_path)
    monkeypatch.setattr(ledger, "_this_run", {})

    def write(*rows):
        text = "".join(ROW.format(**(GOOD | row)) for row in rows)
        (tmp_path / "ledger.toml").write_text(text)
        ledger._ledger.cache_clear()
        return tmp_path

    yield write
    ledger._ledger.cache_clear()


def test_a_value_within_tolerance_is_shown_and_kept(book):
    book({})
    found = ledger.hold("a", 2.0, 1.5, 2.5)
    assert ledger.measured() == {"a": found}
    said = "| Something. *Someone, 2020-02-02, as of 2026-01* | 2 things | "
    ours = "2.00 [1.50, 2.50] things (tolerance 1 to 3) | **holds**. Because. |"
    assert said + ours in ledger.markdown("one", cite=False)


@pytest.mark.parametrize("value", [0.9, 3.1])
def test_a_value_out_of_tolerance_fails(book, value):
    book({})
    with pytest.raises(ledger.OutOfTolerance, match="the ledger allows 1 to 3"):
        ledger.hold("a", value, value - 1, value + 1)
    assert ledger.measured() == {}


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


def test_stored_values_are_read_from_notebooks(book):
    folder = book({})
    data = {ledger.MIME: vars(ledger.Measured("a", 2, 1, 3))}
    out = nbformat.v4.new_output("display_data", data)
    cell = nbformat.v4.new_code_cell("x", outputs=[out])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "one.ipynb")
    assert ledger.measured() == {"a": ledger.Measured("a", 2, 1, 3)}


def test_a_claim_that_was_not_measured_says_so(book):
    book({})
    assert "| not measured (tolerance" in ledger.markdown()
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
    ],
)
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


def test_the_books_own_ledger_is_sound_and_measured():
    ours = ledger.measured()
    for row in ledger.claims():
        assert row.note, f"{row.id}: say why in `note`"
        if row.tolerance:
            low, high = row.tolerance
            assert low <= ours[row.id].value <= high


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
