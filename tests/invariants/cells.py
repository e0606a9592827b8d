"""The code cells of a notebook, and what they have put out."""


def code(notebook: dict) -> list[tuple[int, dict]]:
    return [(n, cell) for n, cell in enumerate(notebook["cells"]) if cell["cell_type"] == "code"]


def tags(cell: dict) -> set[str]:
    return set(cell["metadata"].get("tags", []))


def ordinary(notebook: dict) -> list[tuple[int, dict]]:
    """Return the code cells that belong to no exercise."""
    return [(n, cell) for n, cell in code(notebook) if "exercise" not in tags(cell)]


def options(cell: dict, name: str) -> dict:
    options = cell["metadata"].get("mystnb", {})
    found = options.get(name, {}) if isinstance(options, dict) else {}
    return found if isinstance(found, dict) else {}


def figure_options(cell: dict) -> dict:
    return options(cell, "figure")


def bundles(cell: dict) -> list[dict]:
    """Return the MIME bundles of a cell's outputs."""
    return [output.get("data", {}) for output in cell.get("outputs", [])]


def images(cell: dict) -> list[str]:
    return [mime for data in bundles(cell) for mime in data if mime.startswith("image/")]


def figures(notebook: dict) -> list[tuple[int, dict]]:
    """Return the cells that show a figure or are marked as doing so, interactive ones not."""
    return [(n, c) for n, c in code(notebook) if images(c) or figure_options(c)]


def html(cell: dict) -> str:
    return "\n".join(str(data.get("text/html", "")) for data in bundles(cell))


def is_interactive(cell: dict) -> bool:
    mimes = [mime for data in bundles(cell) for mime in data]
    return "vega-figure" in html(cell) or any("vnd.vegalite" in mime for mime in mimes)


def interactive(notebook: dict) -> list[tuple[int, dict]]:
    return [(n, cell) for n, cell in code(notebook) if is_interactive(cell)]


def shown_text(cell: dict) -> str:
    """Return the text that a cell has printed or displayed."""
    printed = [str(output.get("text", "")) for output in cell.get("outputs", [])]
    kinds = ("text/plain", "text/html", "text/markdown")
    return "\n".join(
        printed + [str(data.get(kind, "")) for data in bundles(cell) for kind in kinds]
    )
