"""The notebooks that are made of a chapter: for students, and in full; each alone, too."""

import re
from copy import deepcopy

import nbformat
from myst_nb.ext.glue import GLUE_PREFIX

import datawall_site
import quiz
from datawall.page import ledger

from .markdown import Page, caption, plain, references

KEPT_TAGS = ("exercise", "stub", "solution", "hide-input")
SOLUTION = re.compile(r'<details class="solution">.*?</details>\n*', re.DOTALL)
INTERACTIVE = re.compile(r'<figure class="vega-figure" id="(?P<name>[^"]+)"')
BESIDE = re.compile(r"(?<!!)\[([^\[\]]*)\]\(([\w-]+\.(?:ipynb|md))\)")
PROMISE = f" {datawall_site.CLICKS[0]}"
LIBRARY = """\
# The book's library: the one installed here, or the wheel that lies beside this notebook.
import importlib.metadata
import importlib.util
import subprocess
import sys
from pathlib import Path

if importlib.util.find_spec("datawall") is None:
    wheels = [*Path().glob("datawall-*.whl"), *Path("..").glob("datawall-*.whl")]
    if not wheels:
        raise ModuleNotFoundError(
            "This notebook needs the book's library: put {wheel}, which is in the zip of "
            "all notebooks on the book's site, into this folder, and run this cell again{or_else}."
        )
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(wheels[-1])], check=True)
    importlib.invalidate_caches()
    there = {{found.name.lower() for found in importlib.metadata.distributions()}}
    needed = importlib.metadata.requires("datawall")
    if missing := [need for need in needed if need.split(">")[0].lower() not in there]:
        raise ModuleNotFoundError(
            "The library also needs other packages; this installs them: "
            "%pip install " + " ".join(f"'{{need}}'" for need in missing)
        )

import datawall
"""


def library_cell(wheel, address=""):
    """The code that finds the library, installs the wheel beside it, or says how to get that.

    wheel: its file name. address: of the book's repository, if it has a public one.
    """
    or_else = f"; or run %pip install git+{address} and then this cell" if address else ""
    return LIBRARY.format(wheel=wheel, or_else=or_else).rstrip()


def written_out(notebook, page: Page, library: str):
    """The full edition of a chapter; `library` is the code of `library_cell`."""
    cells = []
    for source in notebook.cells:
        cell = deepcopy(source)
        cells.append(cell)
        if cell.cell_type == "markdown":
            asked = quiz.shuffled(cell.source, page.name.rpartition("/")[2])  # as on the site
            cell.source, cell.metadata = plain(asked, page), {}
            continue
        figure = cell.metadata.get("mystnb", {}).get("figure")
        _make_plain(cell)
        for output in cell.outputs:
            _number(output, page)
        if figure:
            text = caption(page, figure["caption"], figure.get("name"))
            cells.append(_markdown(f"{cell.id}-caption", text))
    cells.insert(1, _code("library", library))
    if sources := references(page):
        cells.append(_markdown("references", sources))
    return _notebook(notebook, cells)


def without_solutions(full):
    """The student edition, made of the full one: no solution, and no output of an exercise."""
    cells = []
    for source in full.cells:
        cell = deepcopy(source)
        tags = cell.metadata.get("tags", [])
        if "solution" in tags:
            continue
        if cell.cell_type == "markdown":
            cell.source = SOLUTION.sub("", cell.source.replace(PROMISE, "")).strip("\n")
            if not cell.source:
                continue
        elif "exercise" in tags:
            cell.outputs = []
        cells.append(cell)
    return _notebook(full, cells)


def alone(notebook, pages, address=""):
    """A notebook as it is handed out by itself: no link leads to a file that isn't beside it.

    Links to other chapters and to the glossary become links to pages of the site, or plain words
    while the site has no public address. pages: Sphinx's name of each page, by file name.
    """

    def link(found):
        words, file = found.groups()
        return f"[{words}]({address.rstrip('/')}/{pages[file]}.html)" if address else words

    single = deepcopy(notebook)
    for cell in single.cells:
        if cell.cell_type == "markdown":
            cell.source = BESIDE.sub(link, cell.source)
        for output in cell.get("outputs", []):
            if text := output.get("data", {}).get("text/markdown"):
                output["data"]["text/markdown"] = BESIDE.sub(link, text)
    return single


def _make_plain(cell):
    """Take from a cell of code what only the site and the tests read, and fold what only draws."""
    tags = cell.metadata.get("tags", [])
    cell.source = datawall_site.without_mark(cell.source)
    cell.outputs = [output for output in cell.outputs if not _is_record(output)]
    cell.metadata = {"tags": kept} if (kept := [tag for tag in tags if tag in KEPT_TAGS]) else {}
    if "hide-input" in tags or "hide-cell" in tags:
        cell.metadata["jupyter"] = {"source_hidden": True}


def _number(output, page):
    """Give the caption of an interactive figure its number, as on the site."""
    html = output.get("data", {}).get("text/html", "")
    if found := INTERACTIVE.match(html):
        number = page.look_up("figure", page.site.figures, found["name"])
        numbered = f"<figcaption><strong>Figure {number}.</strong> "
        output["data"]["text/html"] = html.replace("<figcaption>", numbered, 1)


def _is_record(output):
    """Whether an output only hands a value to the page: front ends show an empty line for it."""
    return any(
        mime == ledger.MIME or mime.startswith(GLUE_PREFIX) for mime in output.get("data", {})
    )


def _markdown(name, text):
    return nbformat.v4.new_markdown_cell(text, id=name[:64])


def _code(name, text):
    return nbformat.v4.new_code_cell(text, id=name, metadata={"jupyter": {"source_hidden": True}})


def _notebook(source, cells):
    return nbformat.v4.new_notebook(cells=cells, metadata=deepcopy(source.metadata))
