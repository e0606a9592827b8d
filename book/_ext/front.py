"""The front door: all verdicts as a picture, chapters as cards, and how far a reader has come.

``{verdicts}`` draws a cell for each claim, marked and coloured by its verdict, which leads to its
row, and the same as a table. ``{cards}`` holds a list with an entry for each chapter, and puts the
chapter's picture and a line for the reader's progress beside it.
"""

import json
import re
from collections import Counter
from html import escape

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

import answering
import chapters
import claims_page
import quiz
from datawall.page import ledger

MARKS = dict(zip(ledger.VERDICTS, "✓◐✗?-", strict=True))
CLASSES = dict(zip(ledger.VERDICTS, ("holds", "limits", "fails", "open", "untested"), strict=True))
CHAPTER = re.compile(r"\]\(([\w-]+)\.ipynb\)")


def with_claims(env):
    """Chapters with claims, in the book's order."""
    known = {row.chapter for row in ledger.claims()}
    return [name for name in chapters.in_order(env) if name in known]


def table(names):
    """How many claims of each chapter have which verdict, as a Markdown table."""
    lines = [
        "| Chapter | " + " | ".join(verdict.capitalize() for verdict in ledger.VERDICTS) + " |"
    ]
    lines.append("| --- |" + " --- |" * len(ledger.VERDICTS))
    for name in names:
        found = Counter(row.verdict for row in ledger.claims(name))
        counts = " | ".join(str(found[verdict]) for verdict in ledger.VERDICTS)
        lines.append(f"| [{chapters.title_of(name)}]({name}.ipynb) | {counts} |")
    return "\n".join(lines)


def picture(names):
    """A row for each chapter and a cell for each claim, as HTML."""
    found = Counter(row.verdict for row in ledger.claims())
    key = "".join(
        f'<li><span class="verdict {CLASSES[verdict]}" aria-hidden="true">{MARKS[verdict]}</span> '
        f"{verdict}: {found[verdict]}</li>"
        for verdict in ledger.VERDICTS
    )
    rows = []
    for name in names:
        cells = "".join(
            f'<li><a class="verdict {CLASSES[row.verdict]}" title="'
            f'{said(row)}" href="claims.html#{claims_page.address(row.id)}">'
            f'<span aria-hidden="true">{MARKS[row.verdict]}</span>'
            f'<span class="sr-only">{said(row)}</span></a></li>'
            for row in ledger.claims(name)
        )
        title = escape(chapters.short_title(name))
        rows.append(
            f'<div class="verdict-row"><a href="{name}.html">{title}</a><ul>{cells}</ul></div>'
        )
    return (
        '<div class="verdicts" role="group" aria-label="All claims by chapter and verdict">'
        f'<ul class="verdict-key">{key}</ul>{"".join(rows)}</div>'
    )


def said(row):
    """A claim with its published figure and its verdict."""
    published = (
        f" (published: {row.published} {row.unit})".replace(" )", ")") if row.published else ""
    )
    return escape(f"{row.claim}{published}: {row.verdict}")


class Verdicts(SphinxDirective):
    """``{verdicts}``: a cell for each claim, and a table for those who can't see it."""

    def run(self):
        claims_page.watch_ledger(self.env)
        names = with_claims(self.env)
        box = nodes.container()
        lines = StringList(table(names).splitlines(), ledger.__file__)
        self.state.nested_parse(lines, self.content_offset, box)
        opened = '<details class="verdict-table"><summary>The same as a table</summary>'
        return [
            nodes.raw("", picture(names), format="html"),
            nodes.raw("", opened, format="html"),
            *box.children,
            nodes.raw("", "</details>", format="html"),
        ]


class Cards(SphinxDirective):
    """``{cards}``: a list in which each entry names a chapter, with pictures and progress."""

    has_content = True

    def run(self):
        box = nodes.container(classes=["cards"])
        self.state.nested_parse(self.content, self.content_offset, box)
        items = [item for item in box.findall(nodes.list_item)]
        texts = re.split(r"^- ", "\n".join(self.content), flags=re.M)[1:]
        for item, text in zip(items, texts, strict=True):
            names = CHAPTER.findall(text)
            if not names:
                raise self.error(f"no chapter is named in the entry {text[:40]!r}")
            self.env.note_dependency(str(ledger.BOOK / f"{names[-1]}.ipynb"))
            item.insert(0, nodes.raw("", thumbnail(names[-1]), format="html"))
            item.insert(1, nodes.raw("", headline(names[-1]), format="html"))
            item += nodes.raw("", progress(names[-1]), format="html")
        return [box]


def thumbnail(name):
    """A chapter's picture, which leads to it as the entry's link does."""
    return (
        f'<a class="thumbnail" href="{name}.html" tabindex="-1" aria-hidden="true">'
        f'<img class="dark-light" src="../_static/previews/small/{name}.png" alt="" '
        'width="400" height="210" loading="lazy"></a>'
    )


def headline(name):
    """A card's title, which leads to the chapter."""
    title = escape(chapters.title_of(name))
    return f'<p class="card-title"><a href="{name}.html">{title}</a></p>'


def progress(name):
    """Where progress.js says how far a reader has come in a chapter."""
    cells = chapters.notebook_of(name)["cells"]
    text = "\n\n".join("".join(cell["source"]) for cell in cells)
    asked = [key for key in answering.asked_for() if key.startswith(f"{name}/")]
    forms = [key for key in asked if answering.exercise_form(key)]
    counts = {
        "guess": len(answering.predictions().get(name, {}).get("predictions", [])),
        "exercises": len(forms),
        "quiz": len(quiz.QUESTION.findall(text)),
    }
    held = escape(json.dumps(counts))
    return f'<p class="progress-line" hidden data-chapter="{name}" data-counts="{held}"></p>'


def setup(app):
    app.add_directive("verdicts", Verdicts)
    app.add_directive("cards", Cards)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
