"""Chapters as the build reads them: their cells, their titles, what they quote, and their order."""

import json
from functools import lru_cache

from docutils import nodes
from myst_nb.ext.glue import GLUE_PREFIX

from datawall.page import ledger

RESULT = f"{GLUE_PREFIX}text/plain"


def notebook_of(name):
    """A chapter as JSON gives it."""
    return read(path_of(name))


def read(path):
    """A notebook as JSON gives it, read once for as long as its file stays as it is."""
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path, changed):
    return json.loads(path.read_text("utf-8"))


def path_of(name):
    return ledger.BOOK / f"{name}.ipynb"


def title_of(name):
    first = notebook_of(name)["cells"][0]
    return "".join(first["source"]).partition("\n")[0].removeprefix("#").strip()


def short_title(name):
    """A chapter's title without what follows its colon."""
    return title_of(name).partition(":")[0]


def results(notebook):
    """What a chapter hands to the prose, as text, by name."""
    found = {}
    for cell in notebook["cells"]:
        for out in cell.get("outputs", []):
            name = out.get("metadata", {}).get("scrapbook", {}).get("name")
            if name and RESULT in out["data"]:
                found[name] = "".join(out["data"][RESULT])
    return found


def in_order(env):
    """The chapters, in the book's order."""
    names = [str(page).rpartition("/")[2] for page in env.external_site_map]
    return [name for name in names if path_of(name).exists()]


def code_cells(document, name):
    """Each code cell on a chapter's page: the box that holds it, and the notebook's cell."""
    cells = notebook_of(name)["cells"]
    for box in list(document.findall(nodes.container)):
        if box.get("nb_element") == "cell_code":
            yield box, cells[box["cell_index"]]
