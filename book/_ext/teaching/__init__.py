"""What teachers take from the site, made of the chapters: slides, sheets with keys, the figures.

They lie in the folder `teaching` of the site: `slides` and `sheets` have a file for each chapter,
with a key for each sheet, and `data-wall-figures.zip` has all figures.
"""

from pathlib import Path

import nbformat

import answering
import claims_page
import editions
from datawall.page import ledger
from editions.packing import write_zip

from . import decks, lesson, pack, page, sheets


def lessons(app):
    """Each chapter as a lesson, in the book's order."""
    full = editions.full_pages(app)
    for name in app.env.external_site_map:
        path = Path(app.env.doc2path(name))
        if path.suffix == ".ipynb":
            source = nbformat.read(path, as_version=4)
            yield lesson.read(path.stem, full[path.name], source)


def predictions(name):
    """What a chapter asks to predict, each with what was measured, as `said`."""
    quoted, ours = answering.results(claims_page.notebook_of(name)), ledger.measured()
    for one in answering.predictions().get(name, {"predictions": []})["predictions"]:
        unit = one.get("unit", "")
        said = f"{answering.filled(one['measured'], name, quoted, ours)} {unit}".strip()
        yield one | {"said": said}


def write(app, exception):
    """Put everything into the folder `teaching` of the site."""
    if exception or app.builder.format != "html":
        return
    target = Path(app.outdir, "teaching")
    found = list(lessons(app))
    for folder in ("slides", "sheets"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    for one in found:
        asked = list(predictions(one.name))
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
