"""Execute chapters, all or those named, and store their outputs: see `make rerun`.

Experiments that `evidence.stored` keeps are made where what they depend on has changed, and with
the environment's ANEW all of them are.
"""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

BOOK = Path(__file__).resolve().parent.parent


def execute(path):
    """The notebook at `path`, executed in its folder, without what differs by machine."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # what nbformat raises differs by how the file is broken
        reason = (str(error).splitlines() or [type(error).__name__])[0][:80]
        raise SystemExit(f"{path.name} is no notebook, and is left as it is: {reason}") from None
    due = figures_due(notebook)
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
    )
    try:
        # As `evidence.stored.WRITES`, whose module takes seconds to load.
        stores = {"DATAWALL_STORES": "all" if os.environ.get("ANEW") else "changed"}
        client.execute(env=os.environ | stores)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        where = f"{path.name}, code cell {client.code_cells_executed}"
        reason = (
            f"{error.ename}: {error.evalue}"
            if isinstance(error, CellExecutionError)
            else str(error).splitlines()[0]
        )
        raise SystemExit(f"{where}: {reason}. The stored chapter is unchanged.") from None
    if lost := [number for number in due if not images(notebook.cells[number])]:
        cells = ", ".join(map(str, lost))
        raise SystemExit(
            f"{path.name}: no figure from cells {cells} (counted from 0), which had one or have a "
            "caption for one. The stored chapter is unchanged. Call plots.style() in the first "
            "cell; where a cell is to draw none, take its caption and its stored output away first."
        )
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def images(cell):
    """Whether a cell has put out a picture."""
    bundles = [output.get("data", {}) for output in cell.get("outputs", [])]
    return any(mime.startswith("image/") for bundle in bundles for mime in bundle)


def figures_due(notebook):
    """The numbers of the cells that have drawn a figure before, or have a caption for one."""
    cells = enumerate(notebook.cells)
    return [n for n, cell in cells if images(cell) or "figure" in cell.metadata.get("mystnb", {})]


def pictures(notebook):
    """Figures that other pages show too, by file name: a cell names its own as ``picture``.

    They get a white ground, since the README shows them on pages whose colour is not ours.
    """
    cells = [cell for cell in notebook.cells if "picture" in cell.metadata]
    found = ((c.metadata["picture"], out.get("data", {})) for c in cells for out in c.outputs)
    ground = '<rect width="100%" height="100%" fill="white"/>\n <defs>'
    svgs = ((name, data["image/svg+xml"]) for name, data in found if "image/svg+xml" in data)
    return {name: svg.replace("<defs>", ground, 1) for name, svg in svgs}


def rerun(path):
    """Replace the chapter at `path` by its executed self, in one step."""
    notebook = execute(path)
    partial = path.with_suffix(".partial")
    nbformat.write(notebook, partial)
    os.replace(partial, path)
    for name, svg in pictures(notebook).items():
        (path.parent / "_static" / name).write_text(svg)


def main(chapters):
    paths = [BOOK / f"{chapter}.ipynb" for chapter in chapters] or sorted(BOOK.glob("*.ipynb"))
    for path in paths:
        if not path.exists():
            raise SystemExit(f"There is no chapter {path.stem} in {BOOK}.")
    for path in paths:
        rerun(path)
        print(f"{path.name}: executed and stored")


if __name__ == "__main__":
    main(sys.argv[1:])
