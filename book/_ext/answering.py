"""What readers can answer on a page, with no kernel: predictions and exercises.

A prediction's form stands below the cell that asks for it, as `book/predictions.toml` says; what
was measured is shown beside it below the figure that reveals it. An exercise that asks for a number
or a letter has a form below its stub. What is right lies in a form's attribute `data-key`, encoded,
so that nobody reads it by accident. `guess.js` and `answers.js` bring the forms to life; without
scripts they stay hidden.
"""

import base64
import json
import re
import tomllib
from functools import cache
from html import escape

from docutils import nodes
from sphinx.transforms import SphinxTransform

import chapters
from datawall.page import exercises, ledger

PREDICTIONS = ledger.BOOK / "predictions.toml"
FIELD = re.compile(r"\{(claim:)?([\w-]+)(?::([^{}]*))?\}")
STUB = re.compile(r"check\(\s*\"([\w/-]+)\"")


def encoded(value):
    """Plain values as a text that no reader takes in: JSON, in base 64."""
    return base64.b64encode(json.dumps(value).encode()).decode()


@cache
def predictions():
    """What each chapter asks its readers to predict, by chapter."""
    with PREDICTIONS.open("rb") as file:
        return tomllib.load(file)["chapter"]


@cache
def asked_for():
    """What exercises ask and what is right, by "chapter/number"."""
    with exercises.EXERCISES.open("rb") as file:
        return tomllib.load(file)["exercise"]


def fields(chapter):
    """What a chapter's predictions quote: whether a claim, the name and the format of each."""
    asked = predictions().get(chapter, {"predictions": []})["predictions"]
    return [field.groups() for one in asked for field in FIELD.finditer(one["measured"])]


def results(chapter):
    """What a chapter has quoted, by name: numbers and texts."""
    found = chapters.results(chapters.notebook_of(chapter))
    return {name: _value(text) for name, text in found.items()}


def _value(text):
    try:
        return float(text)
    except ValueError:
        return text.strip("'\"")


def filled(template, chapter, quoted, ours):
    """A sentence with the chapter's results in it: ``{name:.2f}`` and ``{claim:id}``.

    Raises KeyError for a result or a claim that the chapter lacks.
    """

    def value(field):
        claim, name, how = field.groups()
        if claim:
            if name not in ours or ledger.claim(name).chapter != chapter:
                raise KeyError(f"{chapter} measures no claim {name!r}")
            return str(ours[name])
        if name not in quoted:
            raise KeyError(f"{chapter} quotes no result {name!r}")
        return format(quoted[name], how or "")

    return FIELD.sub(value, template)


def asked_in(chapter):
    """A chapter's predictions as `predictions.toml` asks them; `measured` says what was found."""
    asked = predictions().get(chapter)
    if asked is None:
        return []
    quoted, ours = results(chapter), ledger.measured()
    given = {"figure": asked["figure"], "unit": ""}
    return [
        given | one | {"measured": filled(one["measured"], chapter, quoted, ours)}
        for one in asked["predictions"]
    ]


def prediction_form(chapter, asked):
    """The form that asks for a chapter's predictions, as HTML. asked: see `asked_in`."""
    kept = ("name", "figure", "unit", "measured")
    key = [
        {name: one[name] for name in kept} | {"said": one.get("said", one["ask"])} for one in asked
    ]
    parts = [
        f'<form class="reader-form guess-form" hidden data-chapter="{chapter}" '
        f'data-key="{encoded(key)}">',
        "<fieldset><legend>Your prediction, kept in this browser only</legend>",
    ]
    for one in asked:
        least, most = one["between"]
        unit = f" {escape(one['unit'])}" if one["unit"] else ""
        step = one.get("step", "any")
        parts.append(
            f'<div class="asked"><label>{escape(one["ask"])} '
            f'<input type="text" inputmode="decimal" autocomplete="off" name="{one["name"]}">'
            f"</label>{unit} "
            f'<input type="range" min="{least}" max="{most}" step="{step}" value="{least}" '
            f'aria-label="{escape(one["ask"])}, slid" data-for="{one["name"]}"></div>'
        )
    parts.append(
        '<button type="submit" class="plain-button">Keep it</button> '
        '<output role="status"></output></fieldset></form>'
    )
    return "".join(parts)


def exercise_form(name):
    """The form of an exercise that asks for a number or a letter, as HTML; "" for a function."""
    asked = asked_for()[name]
    if asked["kind"] == "function":
        return ""
    label = f"Your answer to exercise {name.rpartition('/')[2]}"
    if asked["kind"] == "choice":
        fields = "".join(
            f'<label><input type="radio" name="answer" value="{letter}"> ({letter})</label> '
            for letter in asked["choices"]
        )
    else:
        fields = (
            '<label><span class="sr-only">A number</span>'
            '<input type="text" inputmode="decimal" autocomplete="off" name="answer"></label> '
        )
    return (
        f'<form class="reader-form answer-form" hidden data-exercise="{name}" '
        f'data-key="{encoded(asked)}"><fieldset><legend>{label}</legend>{fields}'
        '<button type="submit" class="plain-button">Check</button> '
        '<output role="status"></output></fieldset></form>'
    )


class Forms(SphinxTransform):
    """Put the forms below the cells that they belong to."""

    default_priority = 310

    def apply(self, **options):
        chapter = self.env.docname.rpartition("/")[2]
        if not chapters.path_of(chapter).exists():
            return
        self.env.note_dependency(str(PREDICTIONS))
        self.env.note_dependency(str(exercises.EXERCISES))
        for box, cell in chapters.code_cells(self.document, chapter):
            if form := form_of(cell, chapter):
                place = box.parent.index(box) + 1
                box.parent.insert(place, nodes.raw("", form, format="html"))


def form_of(cell, chapter):
    """The form below a code cell, or ""."""
    source, tags = "".join(cell["source"]), cell["metadata"].get("tags", [])
    if "stub" in tags and (found := STUB.search(source)):
        return exercise_form(found[1])
    asked = predictions().get(chapter)
    if asked and asks(source, asked):
        return prediction_form(chapter, asked_in(chapter))
    return ""


def asks(source, asked):
    """Whether this is the cell in which a notebook's reader puts the predictions."""
    return re.match(rf"{asked['begins']}\b.*=\s*\[?None", source) is not None


def setup(app):
    app.add_transform(Forms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
