"""What the built site knows, in Sphinx's own records, so that editions can't differ from it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from docutils.nodes import make_id
from pybtex.backends.markdown import Backend
from sphinxcontrib.bibtex.citation_target import parse_citation_targets
from sphinxcontrib.bibtex.style.referencing import BracketStyle, format_references
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle
from sphinxcontrib.bibtex.style.template import SphinxReferenceInfo

import chapters
import datawall_site
import front
from datawall.page import ledger

from .markdown import NoPlainForm, escaped

ROUND = BracketStyle(left="(", right=")", sep="; ")
STYLE = AuthorYearReferenceStyle(bracket_textual=ROUND, bracket_parenthetical=ROUND)


@dataclass(frozen=True)
class Site:
    """figures, equations: numbers by target. results: for each chapter what it quotes, by name.
    files: for each page its file and its title. measured, published, ledger, verdict_zh: see
    `datawall_site`; verdicts: see `front`. citations: see `Citations`; figure_format: how the prose
    names a figure.
    """

    figures: Mapping[str, str]
    equations: Mapping[str, str]
    results: Mapping[str, Mapping[str, str]]
    files: Mapping[str, tuple[str, str]]
    measured: Callable[[str], str]
    published: Callable[[str], str]
    ledger: Callable[[str | None], str]
    citations: "Citations"
    figure_format: str = "Fig. %s"
    verdicts: Callable[[], str] = str
    verdict_zh: Callable[[str], str] = str

    def cite(self, kind: str, content: str) -> tuple[str, list[str]]:
        """A citation of a kind (p: all in brackets, t: the year) and the keys that it names."""
        return self.citations.cite(kind, content)

    def reference(self, key: str) -> str:
        """A source, as the bibliography gives it."""
        return self.citations.reference(key)

    def in_order(self, keys: Iterable[str]) -> list[str]:
        """Keys in the bibliography's order."""
        return [key for key in self.citations.entries if key in set(keys)]


class Citations:
    """Sources by key, each with its entry and with what the bibliography makes of it."""

    def __init__(self, entries):
        self.entries = entries

    def cite(self, kind, content):
        targets = {target.key: target for target in parse_citation_targets(content)}
        if unknown := targets.keys() - self.entries.keys():
            raise NoPlainForm(f"no source {', '.join(sorted(unknown))}")
        if kind not in STYLE.role_names():
            raise NoPlainForm(f"no plain form for the role 'cite:{kind}'")
        found = [
            (*self.entries[key], SphinxReferenceInfo(None, "", "", "", None, t.pre, t.post))
            for key, t in targets.items()
        ]
        return str(format_references(STYLE, kind, found)), list(targets)

    def reference(self, key):
        _, formatted = self.entries[key]
        return formatted.text.render(PlainMarkdown())


class PlainMarkdown(Backend):
    """Pybtex's Markdown, without a backslash before every full stop, and links as Markdown's."""

    symbols = MappingProxyType(
        {"newblock": " ", "nbsp": "\N{NO-BREAK SPACE}", "ndash": "\N{EN DASH}"}
    )

    def format_str(self, text):
        return escaped(text)

    def format_href(self, url, text, external=False):
        return f"[{text}]({url})" if text else ""


def read(app) -> Site:
    """What the site that `app` has built knows."""
    env = app.env
    standard, maths, sources = (env.get_domain(name) for name in ("std", "math", "cite"))
    figures, equations = {}, {}
    for target, (page, label) in standard.anonlabels.items():
        if number := env.toc_fignumbers.get(page, {}).get("figure", {}).get(label):
            figures[target] = ".".join(map(str, number))
    for target, (page, number) in maths.equations.items():
        found = env.toc_fignumbers.get(page, {}).get("displaymath", {})
        number = found.get(make_id(f"equation-{target}"), (number,))
        equations[target] = ".".join(map(str, number))
    files = {name: Path(env.doc2path(name)) for name in sorted(env.found_docs)}
    titles = {PurePosixPath(name).name: env.titles[name].astext() for name in files}
    order = [PurePosixPath(name).name for name in env.external_site_map]
    return Site(
        figures=figures,
        equations=equations,
        results={
            path.stem: chapters.results(chapters.read(path))
            for path in files.values()
            if path.suffix == ".ipynb"
        },
        files={
            PurePosixPath(name).name: (path.name, titles[PurePosixPath(name).name])
            for name, path in files.items()
        },
        measured=partial(datawall_site.measured, ours=ledger.measured()),
        published=datawall_site.published,
        ledger=partial(claims, {name: titles[name] for name in order if name in titles}),
        citations=Citations({c.key: (c.entry, c.formatted_entry) for c in sources.citations}),
        figure_format=app.config.numfig_format["figure"],
        verdict_zh=datawall_site.verdict_zh,
        verdicts=partial(front.table, front.with_claims(env)),
    )


def claims(titles: Mapping[str, str], chapter: str | None) -> str:
    """A chapter's claims as a table; for the whole book, of each chapter under its title."""
    if chapter:
        return ledger.markdown(chapter)
    rows = ledger.claims()
    measured = {row.chapter for row in rows}
    parts = [
        f"## {title}\n\n{ledger.markdown(name)}"
        for name, title in titles.items()
        if name in measured
    ]
    return "\n\n".join([ledger.counted(rows), *parts])
