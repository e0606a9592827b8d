"""Files as notebooks, and what they must agree with; faults in place of tracebacks."""

import json
import tomllib
import warnings

import nbformat
from pybtex.database import parse_string


def read_notebook(text: str) -> tuple[dict | None, list[str]]:
    """Return the notebook and no fault, or no notebook and why it can't be read."""
    try:
        raw = json.loads(text)
    except ValueError as error:
        return None, [f"not JSON ({error}); save it from Jupyter again"]
    if not isinstance(raw, dict) or raw.get("nbformat") != 4:
        return None, ["not a notebook of format 4; save it from Jupyter again"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a missing id is a fault of `well_formed`
            notebook = nbformat.reads(text, as_version=4)
            nbformat.validate(notebook)
    except Exception as error:  # nbformat lets KeyError, AttributeError and its own kinds through
        return None, [f"not a valid notebook ({str(error).splitlines()[0]}); save it from Jupyter"]
    return notebook, []


def page(text: str) -> dict:
    """Return a Markdown page as a notebook of one cell."""
    cell = {"cell_type": "markdown", "metadata": {}, "source": text}
    return {"cells": [cell], "metadata": {"page": True}}


def parse_bibliography(text: str) -> frozenset[str]:
    """Return the keys of a BibTeX file."""
    return frozenset(parse_string(text, "bibtex").entries)


def parse_ledger(text: str) -> tuple[dict, ...]:
    """Return the claims of ``ledger.toml``."""
    return tuple(tomllib.loads(text).get("claim", []))
