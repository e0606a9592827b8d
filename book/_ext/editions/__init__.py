"""Plain notebooks beside the site, made of the same chapters: for students, and in full.

`editions/student` and `editions/full` hold them, with the glossary and the other pages they link
to; a zip of each adds the library's wheel and what to install, so that a folder without a network
is enough. `editions/alone` has the same notebooks without links to files beside them, for those who
download one. Pages link to these and to the zips in their download menu.
"""

from pathlib import Path

import nbformat
from sphinx.util import logging

from . import records
from .markdown import NoPlainForm, Page, plain, references
from .notebooks import alone, library_cell, without_solutions, written_out
from .packing import requirements, wheel, write_zip

logger = logging.getLogger(__name__)

ONLY_ON_THE_SITE = {"book/teaching"}  # and lists of sources, since each page has its own
EDITIONS = {"student": "without solutions", "full": "with solutions"}
README = """The Data Wall, {edition} edition: notebooks {about}, and the library that they use.

  python -m venv .venv
  .venv/bin/pip install -r requirements.txt {wheel}    (Windows: .venv\\Scripts\\pip)
  .venv/bin/jupyter lab

Where the packages of requirements.txt are installed already, as on Colab most are, open a notebook
and run it: its first cell installs the wheel from this folder, needs no network for that, and names
what else is missing.
"""


def write(app, exception):
    """Put both editions into the folder `editions` of the site."""
    if exception or app.builder.format != "html":
        return
    root, target = Path(app.srcdir), Path(app.outdir, "editions")
    target.mkdir(exist_ok=True)
    for old in target.glob("*.whl"):
        old.unlink()
    library = wheel(root, target)
    full = full_pages(app)
    beside = {
        library.name: library.read_bytes(),
        "requirements.txt": requirements(root).encode(),
        "constraints.txt": (root / "constraints.txt").read_bytes(),
    }
    for edition, about in EDITIONS.items():
        pages = full if edition == "full" else {n: _for_students(p) for n, p in full.items()}
        files = {name: _bytes(page) for name, page in pages.items()}
        singles = {n: _bytes(_alone(app, p)) for n, p in pages.items() if n.endswith(".ipynb")}
        for folder, held in ((edition, files), (f"alone/{edition}", singles)):
            for name, content in held.items():
                path = target / folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        readme = README.format(edition=edition, about=about, wheel=library.name).encode()
        folder = f"data-wall-{edition}"
        files |= beside | {"README.txt": readme}
        packed = {f"{folder}/{name}": content for name, content in files.items()}
        write_zip(target / f"{folder}.zip", packed)


def full_pages(app):
    """The full edition, by file name: notebooks, pages as text, pictures as bytes.

    Made once; it needs the wheel, which `write` puts beside it.
    """
    if not hasattr(app, "datawall_full"):
        (library,) = Path(app.outdir, "editions").glob("*.whl")
        address = app.config.html_theme_options.get("repository_url")
        app.datawall_full = _pages(app, library_cell(library.name, address))
    return app.datawall_full


def _pages(app, first_cell):
    site, found = records.read(app), {}
    lists = {key.docname for key in app.env.get_domain("cite").bibliographies}
    for name in sorted(app.env.found_docs - lists - ONLY_ON_THE_SITE):
        path, page = Path(app.env.doc2path(name)), Page(site, name)
        try:
            if path.suffix == ".ipynb":
                notebook = nbformat.read(path, as_version=4)
                found[path.name] = written_out(notebook, page, first_cell)
            else:
                text = plain(path.read_text(encoding="utf-8"), page)
                sources = references(page)
                found[path.name] = text + (f"\n{sources}\n" if sources else "")
        except NoPlainForm as fault:
            logger.warning(f"editions: {fault}", location=name)
        for image in page.images:
            found[image] = (path.parent / image).read_bytes()
    return found


def _for_students(page):
    return without_solutions(page) if isinstance(page, nbformat.NotebookNode) else page


def _alone(app, page):
    pages = {Path(app.env.doc2path(name)).name: name for name in app.env.found_docs}
    return alone(page, pages, app.config.html_baseurl)


def _bytes(page):
    if isinstance(page, nbformat.NotebookNode):
        page = nbformat.writes(page) + "\n"
    return page if isinstance(page, bytes) else page.encode()


def add_downloads(app, pagename, templatename, context, doctree):
    """Let the download menu offer the editions, in place of the source that only the site reads."""
    groups = [b for b in context.get("header_buttons", []) if b["label"] == "download-buttons"]
    for group in groups:
        folder = context["pathto"]("editions", 1)
        links, stem = [], pagename.rpartition("/")[2]
        if app.env.doc2path(pagename).endswith(".ipynb"):
            group["buttons"] = [b for b in group["buttons"] if "_sources" not in b.get("url", "")]
            links = [
                _link(f"Notebook {about}", f"{folder}/alone/{edition}/{stem}.ipynb", edition)
                for edition, about in EDITIONS.items()
            ]
        links += [
            _link(
                f"All notebooks {about}, zip", f"{folder}/data-wall-{edition}.zip", f"{edition}-zip"
            )
            for edition, about in EDITIONS.items()
        ]
        group["buttons"] = links + group["buttons"]


def _link(text, url, label):
    icon = "fas fa-file-zipper" if url.endswith(".zip") else "fas fa-file"
    return {
        "type": "link",
        "text": text,
        "url": url,
        "icon": icon,
        "tooltip": "Download",
        "label": f"download-{label}",
    }


def setup(app):
    app.connect("html-page-context", add_downloads, priority=502)  # after the theme's own buttons
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
