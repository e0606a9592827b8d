"""`make rerun`: what is stored, and that a failing chapter is left as it was."""

import os
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from datawall.evidence.stored import WRITES
from rerun import main, rerun

BOOK = Path(__file__).resolve().parent.parent / "book"
STYLED = "import matplotlib.pyplot as plt\nfrom datawall.page import plots\nplots.style()"
DRAWN = "plt.plot([1, 2]);"


def chapter(folder, *sources):
    path = folder / "chapter.ipynb"
    cells = [new_markdown_cell("# A chapter"), *map(new_code_cell, sources)]
    nbformat.write(new_notebook(cells=cells, metadata={"mine": "old"}), path)
    return path


def test_outputs_are_stored_without_what_differs_by_machine(tmp_path):
    path = chapter(tmp_path, "print(1)\nprint(2)", "from pathlib import Path\nPath.cwd().name")
    before = nbformat.read(path, as_version=4)
    rerun(path)
    after = nbformat.read(path, as_version=4)
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    (stream,) = after.cells[1].outputs
    assert stream.text == "1\n2\n"
    # A chapter runs in its own folder, where it finds the library.
    assert after.cells[2].outputs[0].data["text/plain"] == repr(tmp_path.name)
    assert set(after.metadata) == {"kernelspec", "language_info"}
    assert after.metadata.language_info == {"name": "python"}
    assert all("execution" not in cell.metadata for cell in after.cells)
    assert list(tmp_path.iterdir()) == [path]


def test_a_failing_chapter_is_named_and_left_as_it_was(tmp_path):
    path = chapter(tmp_path, "print(1)", "1 / 0")
    before = path.read_bytes()
    with pytest.raises(SystemExit, match="code cell 2: ZeroDivisionError"):
        rerun(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "text", [b"a: b", b"<<<<<<< HEAD", b"", b"{}", b"[1]", b"\xff\xfe", b'{"cells": 3}']
)
def test_what_is_no_notebook_is_named_and_left_as_it_was(tmp_path, text):
    path = tmp_path / "chapter.ipynb"
    path.write_bytes(text)
    with pytest.raises(SystemExit, match=r"chapter.ipynb is no notebook, and is left as it is"):
        rerun(path)
    assert path.read_bytes() == text


def test_an_unknown_chapter_is_named():
    with pytest.raises(SystemExit, match="no chapter data-wal "):
        main(["data-wal"])


def test_a_picture_for_other_pages_is_stored_on_white_ground(tmp_path):
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><defs></defs></svg>'
    draw = f"from IPython.display import display\ndisplay({{'image/svg+xml': {svg!r}}}, raw=True)"
    path = chapter(tmp_path, draw)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].metadata["picture"] = "drawn.svg"
    nbformat.write(notebook, path)
    (tmp_path / "_static").mkdir()
    rerun(path)
    assert 'fill="white"/>\n <defs>' in (tmp_path / "_static" / "drawn.svg").read_text()


@pytest.mark.parametrize("backend", ["Agg", "TkAgg"])
def test_figures_are_drawn_whatever_backend_the_machine_names(tmp_path, monkeypatch, backend):
    monkeypatch.setenv("MPLBACKEND", backend)
    monkeypatch.setenv("PYTHONPATH", str(BOOK))
    path = chapter(tmp_path, STYLED, DRAWN)
    rerun(path)
    (figure,) = nbformat.read(path, as_version=4).cells[2].outputs
    assert "<svg" in figure.data["image/svg+xml"]
    assert figure.data["image/png"].startswith("iVBOR")  # for a front end that shows no SVG
    again = path.read_bytes()
    rerun(path)
    assert path.read_bytes() == again


@pytest.mark.parametrize("sign", ["a caption", "a stored figure"])
def test_a_chapter_that_lost_a_figure_is_left_as_it_was(tmp_path, sign):
    path = chapter(tmp_path, "1 + 1")
    notebook = nbformat.read(path, as_version=4)
    if sign == "a caption":
        notebook.cells[1].metadata["mystnb"] = {"figure": {"caption": "It falls."}}
    else:
        notebook.cells[1].outputs = [new_output("display_data", {"image/svg+xml": "<svg/>"})]
    nbformat.write(notebook, path)
    before = path.read_bytes()
    with pytest.raises(SystemExit, match=r"no figure from cells 1 .* unchanged"):
        rerun(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(("anew", "stores"), [("", "changed"), ("1", "all")])
def test_a_chapter_that_is_executed_stores_its_long_experiments(
    tmp_path, monkeypatch, anew, stores
):
    monkeypatch.setenv("ANEW", anew)
    monkeypatch.delenv(WRITES, raising=False)
    path = chapter(tmp_path, f"import os\nprint(os.environ[{WRITES!r}])")
    rerun(path)
    (stream,) = nbformat.read(path, as_version=4).cells[1].outputs
    assert stream.text == f"{stores}\n"
    assert WRITES not in os.environ
