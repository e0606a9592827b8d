"""The page of claims: a table a chapter, an address for each row, and the ledger as files.

Each row has the address `claims.html#claim-ID`, leads to the cell that measured it, and bears what
`claims.js` cuts the page down by. `ledger.csv` and `ledger.json` lie beside the page.
"""

import csv
import json
import math
import re
from functools import cache
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

import chapters
import measuring
from datawall.page import ledger

PAGE = "claims"
FILES = {"ledger.csv": "CSV", "ledger.json": "JSON"}


def watch_ledger(env):
    """Rebuild this page when a claim changes or a chapter that measures one does."""
    for path in [*ledger.BOOK.glob("ledger.*"), *ledger.BOOK.glob("*.ipynb")]:
        env.note_dependency(str(path))


class LedgerTable(SphinxDirective):
    """``{ledger} chapter``: published beside measured; for the whole book, by chapter, counted."""

    optional_arguments = 1

    def run(self):
        watch_ledger(self.env)
        try:
            if self.arguments:
                return [self.table(*self.arguments)]
        except KeyError as error:
            raise self.error(f"{self.env.docname}: {error.args[0]}") from None
        rows = ledger.claims()
        count = nodes.paragraph("", ledger.counted(rows), classes=["claims-count"])
        known = {row.chapter for row in rows}
        found = [self.section(name) for name in chapters.in_order(self.env) if name in known]
        return [count, self.files(), self.facts(rows), *found]

    def table(self, chapter):
        box = nodes.container(classes=["ledger"])
        self.parse(ledger.markdown(chapter), box)
        return box

    def files(self):
        """Where the whole ledger can be had."""
        line = nodes.paragraph("", "All rows, with intervals, as ", classes=["claims-files"])
        for place, (name, kind) in enumerate(FILES.items()):
            line += nodes.Text(" or " if place else "")
            line += nodes.reference("", kind, refuri=name)
        line += nodes.Text(".")
        return line

    def facts(self, rows):
        """What the page can be cut down by, for its script."""
        titles = {name: chapters.title_of(name) for name in {row.chapter for row in rows}}
        known = {
            address(row.id): {
                "chapter": titles[row.chapter],
                "source": sources(row.who),
                "year": years(row),
                "verdict": row.verdict,
            }
            for row in rows
        }
        held = json.dumps(known).replace("<", "\\u003c")
        script = f'<script type="application/json" id="claims-facts">{held}</script>'
        return nodes.raw("", script, format="html")

    def section(self, chapter):
        """The claims of a chapter under its title, which the page's own contents then list."""
        title = chapters.title_of(chapter)
        section = nodes.section("", nodes.title(title, title), classes=["claims"])
        section["names"].append(nodes.fully_normalize_name(f"claims of {chapter}"))
        self.state.document.note_implicit_target(section, section)
        self.parse(f"{{doc}}`How this was measured <{chapter}>`", section)
        table = self.table(chapter)
        bodies = [row for body in table.findall(nodes.tbody) for row in body.children]
        for row, claim in zip(bodies, ledger.claims(chapter), strict=True):
            self.address(row, claim)
        section += table
        return section

    def address(self, row, claim):
        """Give a row its address, and its links to itself and to the cell that measured it."""
        row["ids"].append(address(claim.id))
        what = row.children[1]
        links = nodes.paragraph(classes=["claim-links"])
        links += nodes.reference(
            "", "Address of this claim", refuri=f"#{address(claim.id)}", internal=True
        )
        if cell := measured_in(claim.chapter).get(claim.id):
            links += nodes.Text(" · ")
            links += nodes.reference(
                "",
                "The cell that measured it",
                refuri=f"{claim.chapter}.html#{place(cell)}",
                internal=True,
            )
        what += links

    def parse(self, text, node):
        lines = StringList(text.splitlines(), ledger.__file__)
        self.state.nested_parse(lines, self.content_offset, node)


def sources(who):
    """Who says it, one by one: two names may stand in a row."""
    return re.split(r", (?!after )", who)


def years(row):
    """When it was said, by each of those who say it: the keys of sources end with their years."""
    return sorted({row.date[:4], *re.findall(r"(\d{4})[a-z]?\b", row.source)})


def address(claim_id):
    """A claim's address on the page of claims."""
    return f"claim-{claim_id}"


def place(cell_id):
    """A cell's address on its page."""
    return f"cell-{cell_id}"


@cache
def measured_in(chapter):
    """The cell that measured it, for each claim of a chapter that was measured."""
    ids = {row.id for row in ledger.claims(chapter) if row.tolerance is not None}
    return measuring.measuring_cells(chapters.notebook_of(chapter), ids)


class CellAddresses(SphinxTransform):
    """An address for each code cell that measured a claim."""

    default_priority = 300

    def apply(self, **options):
        chapter = Path(self.env.docname).name
        if chapter not in {row.chapter for row in ledger.claims()}:
            return
        wanted = set(measured_in(chapter).values())
        for box, cell in chapters.code_cells(self.document, chapter):
            if cell["id"] in wanted:
                box["ids"].append(place(cell["id"]))


def rows_as_facts():
    """The ledger's rows as plain values, with what was measured; open ends are missing."""
    ours = ledger.measured()
    for row in ledger.claims():
        found = ours.get(row.id) if row.tolerance is not None else None
        low, high = row.holds_if or (None, None)
        under = found.limit if found and found.limit else (None,) * 3
        cell = measured_in(row.chapter).get(row.id)
        facts = {
            "id": row.id,
            "chapter": row.chapter,
            "who": row.who,
            "claim": row.claim,
            "source": row.source,
            "date": row.date,
            "as_of": row.as_of,
            "published": row.published,
            "unit": row.unit,
            "holds_from": low,
            "holds_to": high,
            "because": row.because,
            "measured": found and found.value,
            "low": found and found.low,
            "high": found and found.high,
            "limit": row.limit,
            "limit_measured": under[0],
            "limit_low": under[1],
            "limit_high": under[2],
            "verdict": row.verdict,
            "note": row.note,
            "page": f"{PAGE}.html#{address(row.id)}",
            "cell": f"{row.chapter}.html#{place(cell)}" if cell else None,
        }
        yield {name: None if _endless(value) else value for name, value in facts.items()}


def _endless(value):
    return isinstance(value, float) and not math.isfinite(value)


def write_files(app, exception):
    """Put the ledger beside the page of claims, for programs."""
    page = f"book/{PAGE}"
    if exception or app.builder.format != "html" or page not in app.env.found_docs:
        return
    rows = list(rows_as_facts())
    folder = Path(app.outdir, "book")
    text = json.dumps({"claims": rows}, indent=1, ensure_ascii=False)
    (folder / "ledger.json").write_text(text + "\n", encoding="utf-8")
    with (folder / "ledger.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)


def setup(app):
    app.add_directive("ledger", LedgerTable)
    app.add_transform(CellAddresses)
    app.connect("build-finished", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
