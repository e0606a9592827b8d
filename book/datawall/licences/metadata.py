"""What installed packages say about their licences (chapter: licensed-data).

A package states a licence in up to three fields of its metadata: `License-Expression`, which a
program can read (SPDX, PEP 639); `License`, in free words or in full; and trove classifiers. None
of them is a licence of what the package contains, and nothing here is legal advice.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pandas as pd

from datawall import validate

# From the freest to the strictest; of what isn't known the strictest is assumed.
FAMILIES = ("public domain", "permissive", "copyleft", "other")
UNSTATED = "unstated"
PUBLIC = ("CC0", "UNLICENSE", "PDDL", "WTFPL")
PERMISSIVE = (
    *("MIT", "BSD", "0BSD", "APACHE", "ISC", "PSF", "PYTHON", "ZLIB", "BSL", "HPND", "CNRI"),
    *("LIBPNG", "FTL", "NCSA", "CC-BY", "UNICODE", "BLUEOAK", "ZPL", "AFL"),
)
COPYLEFT = ("GPL", "LGPL", "AGPL", "MPL", "EPL", "EUPL", "CDDL", "CC-BY-SA", "OSL")
BEGINNING = 1_000  # characters of a licence in full; what it bundles is named further down

# Words by which a licence in full, or a classifier, is known; the first that fits counts.
WORDS = (
    (r"\bAGPL|affero", "AGPL"),
    (r"\bLGPL|lesser general public", "LGPL"),
    (r"\bGPL|general public license", "GPL"),
    (r"\bMPL|mozilla public", "MPL"),
    (r"\bapache", "APACHE"),
    (r"\bBSD|redistribution and use in source and binary forms", "BSD"),
    (r"\bMIT\b|permission is hereby granted, free of charge", "MIT"),
    (r"\bISC\b", "ISC"),
    (r"\bPSF|python software foundation", "PSF"),
    (r"\bHPND|historical permission", "HPND"),
    (r"\bunlicense", "UNLICENSE"),
    (r"\bzlib", "ZLIB"),
    (r"\bCC0|public domain", "CC0"),
)


class Stated(NamedTuple):
    """What a package's metadata say: an expression, free words, classifiers; "" or () for none."""

    expression: str = ""
    text: str = ""
    classifiers: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """The family of the most machine-readable field that names a licence."""
        if self.expression:
            return of_expression(self.expression)
        named = self.names()
        known = named["classifiers"] or named["text"]
        if known:
            return max((of_licence(name) for name in known), key=FAMILIES.index)
        return "other" if self.text or self.classifiers else UNSTATED

    @property
    def by(self) -> str:
        """How it is stated: by "expression", "classifiers", "text" or "nothing"."""
        fields = {"expression": self.expression, "classifiers": self.classifiers, "text": self.text}
        return next((name for name, said in fields.items() if said), "nothing")

    @property
    def contradicts(self) -> bool:
        """Whether two fields name licences and have none in common."""
        named = [found for found in self.names().values() if found]
        return any(not (a & b) for i, a in enumerate(named) for b in named[i + 1 :])

    def names(self) -> dict[str, set[str]]:
        """The licences that each field names, by words such as "MIT" or "BSD"."""
        return {
            "expression": set(_words(self.expression)),
            "classifiers": {name for said in self.classifiers for name in _words(said)},
            "text": set(_words(self.text[:BEGINNING])),
        }


def stated(distribution: str) -> Stated:
    """What an installed distribution states. Raises ModuleNotFoundError where it is missing."""
    try:
        found = importlib.metadata.metadata(distribution)
    except importlib.metadata.PackageNotFoundError:
        raise ModuleNotFoundError(
            f"{distribution!r} isn't installed, so its licence can't be read: run `pip install -r "
            "requirements.txt`"
        ) from None
    return _stated(found)


def census(distributions: Iterable[str] | None = None) -> pd.DataFrame:
    """The licences of installed distributions, a row each: those named, or all on this disk.

    Columns: package, family (of FAMILIES, or "unstated"), by (the most machine-readable field that
    says anything), contradicts, and what is said: expression, and the first 60 characters of text
    and classifiers. In alphabetical order. What is found depends on what is installed.
    """
    if distributions is None:
        found = {}
        for each in importlib.metadata.distributions():
            if name := each.metadata["Name"]:
                found.setdefault(name.lower(), (name, _stated(each.metadata)))
        pairs = list(found.values())
    else:
        pairs = [(name, stated(name)) for name in validate.texts("distributions", distributions)]
    rows = [
        {
            "package": name,
            "family": said.family,
            "by": said.by,
            "contradicts": said.contradicts,
            "expression": said.expression,
            "text": said.text.strip()[:60].replace("\n", " "),
            "classifiers": ", ".join(said.classifiers)[:60],
        }
        for name, said in sorted(pairs, key=lambda pair: pair[0].lower())
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


_COLUMNS = ("package", "family", "by", "contradicts", "expression", "text", "classifiers")


def of_expression(expression: str) -> str:
    """The family of an SPDX expression: of parts joined by AND the strictest, by OR the freest.

    An exception after WITH changes nothing. Raises ValueError for what is no expression.
    """
    tokens = re.findall(r"[()]|[^\s()]+", validate.text("expression", expression, empty=False))
    family, rest = _any_of(tokens, expression)
    if rest:
        raise _no_expression(expression)
    return family


def of_licence(name: str) -> str:
    """The family of one licence by its SPDX identifier or a word such as "BSD"."""
    plain = validate.text("name", name, empty=False).upper().removesuffix("+")
    for family, known in (
        ("copyleft", COPYLEFT),
        ("public domain", PUBLIC),
        ("permissive", PERMISSIVE),
    ):
        for word in known:
            if plain == word or plain.startswith(word + "-"):
                limited = re.search(r"-N[CD](-|$)", plain)
                return "other" if limited else family
    return "other"


def _any_of(tokens: list[str], whole: str) -> tuple[str, list[str]]:
    family, rest = _all_of(tokens, whole)
    while rest and rest[0].upper() == "OR":
        other, rest = _all_of(rest[1:], whole)
        family = min(family, other, key=FAMILIES.index)
    return family, rest


def _all_of(tokens: list[str], whole: str) -> tuple[str, list[str]]:
    family, rest = _one(tokens, whole)
    while rest and rest[0].upper() == "AND":
        other, rest = _one(rest[1:], whole)
        family = max(family, other, key=FAMILIES.index)
    return family, rest


def _one(tokens: list[str], whole: str) -> tuple[str, list[str]]:
    if not tokens or tokens[0].upper() in ("AND", "OR", "WITH", ")"):
        raise _no_expression(whole)
    if tokens[0] == "(":
        family, rest = _any_of(tokens[1:], whole)
        if not rest or rest[0] != ")":
            raise _no_expression(whole)
        return family, rest[1:]
    family, rest = of_licence(tokens[0]), tokens[1:]
    if rest and rest[0].upper() == "WITH":
        if len(rest) < 2:
            raise _no_expression(whole)
        rest = rest[2:]
    return family, rest


def _no_expression(whole: str) -> ValueError:
    return ValueError(
        f"{whole!r} is no SPDX expression: give licences joined by AND and OR, such as 'MIT OR "
        "Apache-2.0'"
    )


def _stated(found) -> Stated:
    """From metadata as importlib gives them."""
    heads = [said for said in found.get_all("Classifier") or [] if said.startswith("License ::")]
    licences = [said.split("::")[-1].strip() for said in heads]
    known = tuple(said for said in licences if said != "OSI Approved")
    text = (found.get("License") or "").strip()
    return Stated(found.get("License-Expression") or "", _meant(text), known)


def _meant(text: str) -> str:
    return "" if text.upper() in ("UNKNOWN", "NONE") else text


def _words(said: str) -> Iterator[str]:
    for pattern, name in WORDS:
        if re.search(pattern, said, re.IGNORECASE):
            yield name
