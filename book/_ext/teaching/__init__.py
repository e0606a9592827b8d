"""What teachers take from the site, made of the chapters: slides, sheets with keys, the figures.

They lie in the folder `teaching` of the site: `slides` and `sheets` have a file for each chapter,
with a key for each sheet, and `data-wall-figures.zip` has all figures.
"""

from pathlib import Path

import nbformat

import answering
import chapters
import editions
from editions.packing import write_zip

from . import decks, lesson, pack, page, sheets


def lessons(app):
    """Each chapter as a lesson, in the book's order."""
    full = editions.full_pages(app)
    for name in chapters.in_order(app.env):
        path = chapters.path_of(name)
        yield lesson.read(name, full[path.name], nbformat.read(path, as_version=4))


def write(app, exception):
    """Put everything into the folder `teaching` of the site."""
    if exception or app.builder.format != "html":
        return
    target = Path(app.outdir, "teaching")
    found = list(lessons(app))
    for folder in ("slides", "sheets"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    for one in found:
        asked = answering.asked_in(one.name)
        for path, text in {
            f"slides/{one.name}.html": decks.deck(one),
            f"sheets/{one.name}.html": sheets.sheet(one, asked),
            f"sheets/{one.name}-key.html": sheets.key(one, asked),
        }.items():
            (target / path).write_text(text, encoding="utf-8")
    write_zip(target / "data-wall-figures.zip", pack.files(found))


def setup(app):
    app.add_directive("needs", page.Needs)
    app.add_directive("schedule", page.Schedule)
    app.add_directive("lessons", page.Lessons)
    app.add_directive("class-predictions", page.ClassPredictions)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
