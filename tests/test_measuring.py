"""Which cell measured a claim, on chapters small enough to be read."""

import json

import pytest

from datawall import BOOK
from datawall.page import ledger
from measuring import measuring_cells


def chapter(*sources):
    cells = [{"cell_type": "code", "id": str(i), "source": s} for i, s in enumerate(sources)]
    return {"cells": [{"cell_type": "markdown", "id": "m", "source": "x = 2"}, *cells]}


@pytest.mark.parametrize(
    ("sources", "cell"),
    [
        (["x = 1", "y = x + 1", 'close("c", {"a": y})'], "1"),
        (["x = 1", "y = x + 1", 'close("c", {"a": x})'], "0"),
        (["x = 1", "x = 2", 'close("c", {"a": x})'], "1"),  # the last that made it
        (["x = 1", "y = 2", 'close("c", {"a": x - y})'], "1"),  # the later of two
        (["x = 1", 'close("c", {"a": 100 * 570 / 45_000})'], "1"),  # a sum in the closing cell
        (["x = 1", 'z = 2 * x\nfound = {"a": z}\nclose("c", found)'], "0"),  # through its names
        (["x = 1", 'x = x\nfound = {"a": x}\nclose("c", found)'], "0"),  # and not for ever
        (["def f(n):\n    return n", "n = 2", 'close("c", {"a": f(3)})'], "0"),
        (["def f(n):\n    y = n", "y = 1", 'close("c", {"a": y})'], "1"),  # a function's own name
        (["x = 1", "for x in range(3):\n    print(x)", 'close("c", {"a": x})'], "0"),
        (["x = 1", "y = 1", 'close("c", {"a": [x for y in range(3)]})'], "0"),
        (["x = 1", "y = 1", 'close("c", {"a": max(x, key=lambda y: y)})'], "0"),
        (["x, y = 1, 2", 'limits = {"a": 1}\nfound = {"a": y}\nclose("c", found, limits)'], "0"),
        (["x = 1", "y = 1", 'close("c", {"a": x}, {"a": y})'], "0"),  # what limits it comes after
        (["%matplotlib inline\nx = 1", 'close("c", {"a": x})'], "0"),
    ],
)
def test_the_last_cell_that_made_it(sources, cell):
    assert measuring_cells(chapter(*sources), {"a"}) == {"a": cell}


def test_only_the_claims_asked_for():
    made = chapter("x = 1", 'close("c", {"a": x, "b": x})')
    assert measuring_cells(made, {"b"}) == {"b": "0"}


def test_a_notebook_without_an_end_measured_nothing():
    assert measuring_cells(chapter("x = 1"), {"a"}) == {}


def test_each_measured_claim_of_the_book_has_its_cell():
    for name in {row.chapter for row in ledger.claims()}:
        notebook = json.loads((BOOK / f"{name}.ipynb").read_text("utf-8"))
        asked = {row.id for row in ledger.claims(name) if row.tolerance is not None}
        found = measuring_cells(notebook, asked)
        assert found.keys() == asked
        assert set(found.values()) <= {cell["id"] for cell in notebook["cells"]}
