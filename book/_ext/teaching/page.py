"""The teacher's page: what needs what, timetables, and notes for each chapter.

``{needs}`` draws the graph of chapters from their headers, ``{schedule} hour`` (or ``half_day``,
``week``) a timetable, ``{lessons}`` what stands in `teaching.toml` for each chapter with what can
be handed out, and ``{class-predictions}`` the form that turns a class's predictions into
histograms.
"""

import re
import tomllib
from functools import cache
from html import escape

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

import answering
import claims_page
from chapters import in_order, notebook_of, short_title, title_of
from datawall import BOOK
from datawall.page import ledger

NOTES = BOOK / "teaching.toml"
NEEDS = re.compile(r"^- \*\*You need:\*\*(.*)$", re.M)
LINK = re.compile(r"\]\(([\w-]+)\.ipynb\)")
ASKED = ("ask", "unit", "between", "measured")
ROW, COLUMN, BOX = 44, 196, (166, 30)  # pixels


@cache
def notes():
    with NOTES.open("rb") as file:
        return tomllib.load(file)


def needs(name):
    """Chapters that a chapter's header asks for."""
    head = "".join(notebook_of(name)["cells"][0]["source"])
    found = NEEDS.search(head)
    return list(dict.fromkeys(LINK.findall(found[1]))) if found else []


def levels(graph):
    """How many chapters must come before each, at least; ValueError if they need one another."""
    found = {}

    def level(name, above=()):
        if name in above:
            raise ValueError(f"chapters need one another: {', '.join([*above, name])}")
        if name not in found:
            before = [level(other, (*above, name)) for other in graph[name]]
            found[name] = 1 + max(before, default=-1)
        return found[name]

    for name in graph:
        level(name)
    return found


def before_all(graph, name):
    """All chapters that come before one, those that its own needs need among them."""
    found = set(graph[name])
    return found.union(*(before_all(graph, other) for other in graph[name]))


def direct(graph):
    """The graph without needs that follow from others: what a drawing has to show."""
    return {
        name: [
            other
            for other in before
            if not any(other in before_all(graph, third) for third in before)
        ]
        for name, before in graph.items()
    }


def drawing(graph):
    """What needs what, as SVG: arrows run from a chapter to those that need it.

    A need that follows from another one has no arrow.
    """
    depth, places, heights = levels(graph), {}, {}
    graph = direct(graph)
    for name in graph:
        row = heights.get(depth[name], 0)
        heights[depth[name]] = row + 1
        places[name] = (10 + COLUMN * depth[name], 10 + ROW * row)
    width = 20 + COLUMN * max(depth.values()) + BOX[0]
    height = 20 + ROW * (max(heights.values()) - 1) + BOX[1]
    lines, boxes = [], []
    for name, before in graph.items():
        x, y = places[name]
        for other in before:
            a, b = places[other]
            start, end = (a + BOX[0], b + BOX[1] / 2), (x, y + BOX[1] / 2)
            bend = (end[0] - start[0]) / 2
            lines.append(
                f'<path d="M{start[0]},{start[1]}C{start[0] + bend},{start[1]} '
                f'{end[0] - bend},{end[1]} {end[0] - 6},{end[1]}" marker-end="url(#needed)"/>'
            )
        boxes.append(
            f'<a href="{name}.html">'
            f'<rect x="{x}" y="{y}" width="{BOX[0]}" height="{BOX[1]}" rx="4"/>'
            f'<text x="{x + BOX[0] / 2}" y="{y + BOX[1] / 2 + 4}">'
            f"{escape(short_title(name))}</text></a>"
        )
    return (
        f'<div class="needs" role="group" aria-label="Which chapter needs which">'
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        '<defs><marker id="needed" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0,0L8,4L0,8z"/></marker></defs>'
        f'<g class="arrows">{"".join(lines)}</g>{"".join(boxes)}</svg></div>'
    )


class Written(SphinxDirective):
    """A directive that writes Markdown, and HTML where Markdown can't say it."""

    def markdown(self, text):
        box = nodes.container()
        lines = StringList(text.splitlines(), str(NOTES))
        self.state.nested_parse(lines, self.content_offset, box, match_titles=True)
        self.env.note_dependency(str(NOTES))
        return box.children

    def html(self, text):
        return [nodes.raw("", text, format="html")]


class Needs(Written):
    def run(self):
        graph = {name: needs(name) for name in in_order(self.env)}
        return [*self.html(drawing(graph)), *self.markdown(needs_in_words(graph))]


def needs_in_words(graph):
    """The same as a list, for those who can't see the drawing."""
    lines = []
    for name, before in graph.items():
        links = ", ".join(f"[{short_title(other)}]({other}.ipynb)" for other in before)
        lines.append(f"- [{short_title(name)}]({name}.ipynb): {links or 'no other chapter'}")
    return "\n".join(lines)


class Schedule(Written):
    required_arguments = 1

    def run(self):
        return self.markdown(schedule(self.arguments[0]))


def schedule(kind):
    """A timetable, as a Markdown table."""
    if kind == "week":
        lines = ["| Week | Chapters | What students do |", "| --- | --- | --- |"]
        for week in notes()["week"]:
            links = ", ".join(
                f"[{short_title(n)}]({n}.ipynb)"
                for n in week["chapters"]
                if (BOOK / f"{n}.ipynb").exists()
            )
            lines.append(f"| {week['number']} | {links} | {referring(week['do'])} |")
        return "\n".join(lines)
    named = enumerate(notes()[kind].get("chapters", []), start=1)
    links = ", ".join(f"{number}. [{short_title(name)}]({name}.ipynb)" for number, name in named)
    lines = [f"Chapters: {links}.", ""] if links else []
    lines, begun = [*lines, "| From minute | Minutes | What |", "| --- | --- | --- |"], 0
    for entry in notes()[kind]["entries"]:
        lines.append(f"| {begun} | {entry['minutes']} | {referring(entry['what'])} |")
        begun += entry["minutes"]
    return "\n".join(lines)


class Lessons(Written):
    def run(self):
        made = [name for name in in_order(self.env) if name in notes()["chapter"]]
        return self.markdown("\n\n".join(lesson_notes(name) for name in made))


def referring(text):
    """Notes whose names of figures, equations and rows of the ledger lead there."""
    text = re.sub(r"\bfig-[\w-]*\w", r"{numref}`\g<0>`", text)
    text = re.sub(r"(?:\bequation )?\b(eq-[\w-]*\w)", r"{eq}`\1`", text)
    known = {row.id for row in ledger.claims()}

    def row(found):
        if found[1] not in known:
            return found[0]
        return f"row {{on-site}}`{found[1]} <claims.html#{claims_page.address(found[1])}>`"

    return re.sub(r"\brow ([a-z][\w-]*\w)", row, text)


def lesson_notes(name):
    """A chapter's notes, as Markdown."""
    held = notes()["chapter"][name]
    links = ", ".join(
        f"{{on-site}}`{kind} <../teaching/{path}.html>`"
        for kind, path in {
            "slides": f"slides/{name}",
            "sheet": f"sheets/{name}",
            "key": f"sheets/{name}-key",
        }.items()
    )
    figures = ", ".join(held["hour"])
    minutes = ", ".join(f"{part} {time}" for part, time in held["minutes"].items())
    numbers = " and ".join(str(number) for number in held["exercises"])
    goals = "\n".join(f"- {goal}" for goal in held["goals"])
    wrong = "\n".join(f"- *{one['wrong']}* {one['look']}" for one in held["misconceptions"])
    asked = "\n".join(f"- {question}" for question in held["discussion"])
    return referring(
        f"### [{title_of(name)}]({name}.ipynb)\n\nTo hand out: {links}.\n\n"
        f"Students learn\n\n{goals}\n\n"
        f"**In an hour**: {figures}; exercises {numbers} in pairs. Minutes: {minutes}.\n\n"
        f"**Predictions to expect.** {held['expected']}\n\n"
        f"**What they get wrong.**\n\n{wrong}\n\n"
        f"**To discuss.**\n\n{asked}\n\n**To cut.** {held['cut']}"
    )


def class_form(names):
    """The form for a class's predictions, as HTML."""
    known = {}
    for name in names:
        asked = answering.asked_in(name)
        if not asked:
            continue
        known[name] = {
            "title": short_title(name),
            "asked": [{part: one[part] for part in ASKED} for one in asked],
        }
    options = "".join(
        f'<option value="{name}">{escape(held["title"])}</option>' for name, held in known.items()
    )
    return (
        f'<form class="reader-form class-form" hidden data-key="{answering.encoded(known)}">'
        "<fieldset><legend>The predictions of a class</legend>"
        f'<p><label>Chapter <select name="chapter">{options}</select></label></p>'
        '<p class="columns"></p>'
        "<p><label>Paste a line for each student<br>"
        '<textarea name="lines" rows="6" spellcheck="false"></textarea></label></p>'
        '<p><label>Or open a CSV file <input type="file" name="file" accept=".csv,.txt,.tsv">'
        "</label></p>"
        '<button type="submit" class="plain-button">Draw</button> '
        '<label><input type="checkbox" name="reveal"> with what was measured</label> '
        '<output role="status"></output></fieldset><div class="drawn"></div></form>'
    )


class ClassPredictions(Written):
    def run(self):
        self.env.note_dependency(str(answering.PREDICTIONS))
        return self.html(class_form(in_order(self.env)))
