"""Rules for figures: format, alternative text, caption, name, and the sentence that reads them."""

import ast
import json
import re

from bs4 import BeautifulSoup

from invariants import cells, markdown, python
from invariants.context import Context, Limits


def _caption_faults(where: str, caption: str, limits: Limits) -> list[str]:
    least, most = limits.caption_words
    words = markdown.count_words(markdown.ROLE.sub(markdown.OBJECT, caption))
    if not least <= words <= most:
        return [f"{where}: the caption has {words} words; state the finding in {least} to {most}"]
    if not caption.strip().endswith("."):
        return [f"{where}: the caption doesn't end in a full stop; make it a sentence that finds"]
    return []


def _alt_faults(where: str, alt: str, caption: str, limits: Limits) -> list[str]:
    if len(alt) < limits.alt_characters:
        return [
            f"{where}: the alternative text has {len(alt)} characters, fewer than "
            f"{limits.alt_characters}; say what the figure shows to who can't see it"
        ]
    if " ".join(alt.split()) == " ".join(caption.split()):
        return [f"{where}: the alternative text is the caption; describe what is drawn instead"]
    return []


MARKDOWN_RASTER = re.compile(
    r"(?:!\[[^\]]*\]\(|\{(?:figure|image)\}\s*)(\S+\.(?:png|jpe?g|gif|webp))", re.I
)


def _raster(data: dict) -> set[str]:
    """The pictures of one output that aren't SVG, nor its PNG for a notebook that isn't trusted."""
    images = {mime for mime in data if mime.startswith("image/")}
    return images - ({"image/svg+xml", "image/png"} if "image/svg+xml" in images else set())


def _format_faults(n: int, cell: dict) -> list[str]:
    svgs = [str(d["image/svg+xml"]) for d in cells.bundles(cell) if "image/svg+xml" in d]
    raster = sorted({mime for data in cells.bundles(cell) for mime in _raster(data)})
    raster += re.findall(r"data:image/(?:png|jpeg|gif|webp)", cells.html(cell))
    if raster:
        return [f"cell {n}: stores {raster[0]}; call plots.style(), which draws SVG"]
    if len(svgs) > 1:
        return [f"cell {n}: {len(svgs)} figures in one cell; give each its own cell and caption"]
    if cells.figure_options(cell) and not svgs:
        return [f"cell {n}: has a caption but no stored figure; run it and save"]
    if svgs and "<svg" not in svgs[0]:
        return [f"cell {n}: the stored figure is not SVG; run it again"]
    return []


def figure_format(notebook: dict, context: Context) -> list[str]:
    """Figures are SVG, one to a cell: sharp, small, readable; a PNG may only stand beside one."""
    faults = [fault for n, cell in cells.code(notebook) for fault in _format_faults(n, cell)]
    for n, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "markdown":
            continue
        names = MARKDOWN_RASTER.findall(cell["source"])
        names += [
            name
            for name, data in cell.get("attachments", {}).items()
            if "image/svg+xml" not in data
        ]
        faults += [f"cell {n}: shows the picture {name}; use SVG" for name in names]
    return faults


def figure_alt(notebook: dict, context: Context) -> list[str]:
    """A figure has alternative text that isn't its caption, for readers who can't see it."""
    faults = []
    for n, cell in cells.figures(notebook):
        alt = str(cells.options(cell, "image").get("alt", ""))
        caption = str(cells.figure_options(cell).get("caption", ""))
        faults += _alt_faults(f"cell {n}", alt, caption, context.limits)
    return faults


def figure_caption(notebook: dict, context: Context) -> list[str]:
    """A caption is a sentence that states the finding, so that figures alone tell the chapter."""
    faults = []
    for n, cell in cells.figures(notebook):
        caption = str(cells.figure_options(cell).get("caption", ""))
        faults += _caption_faults(f"cell {n}", caption, context.limits)
    return faults


def figure_names(notebook: dict) -> dict[int, str]:
    """Return the name of the figure of each figure cell, empty if it has none."""
    return {n: str(cells.figure_options(c).get("name", "")) for n, c in cells.figures(notebook)}


def figure_name(notebook: dict, context: Context) -> list[str]:
    """A figure has a name that no other in the book has, so that text can refer to it."""
    faults, seen = [], {}
    for n, name in figure_names(notebook).items():
        if not re.fullmatch(r"fig-[a-z0-9-]+", name):
            faults.append(f"cell {n}: the figure's name is '{name}'; write fig-..., in lower case")
        elif name in seen:
            faults.append(f"cell {n}: '{name}' also names the figure of cell {seen[name]}; rename")
        elif name in context.figures:
            faults.append(
                f"cell {n}: '{name}' also names a figure of {context.figures[name]}; rename one"
            )
        seen.setdefault(name, n)
    return faults


def figure_count(notebook: dict, context: Context) -> list[str]:
    """A chapter has enough figures to show what it found."""
    shown = [n for n, cell in cells.ordinary(notebook) if "image/svg+xml" in cells.images(cell)]
    if len(shown) >= context.limits.figures:
        return []
    least = context.limits.figures
    return [f"{len(shown)} figures outside exercises, fewer than {least}; draw what was found"]


def figure_read(notebook: dict, context: Context) -> list[str]:
    """A figure is followed by a sentence that reads it, for what is seen is not yet understood."""
    faults, all_blocks = [], markdown.blocks(notebook)
    for n in [
        n for n, cell in cells.code(notebook) if cells.images(cell) or cells.is_interactive(cell)
    ]:
        after = [b for b in all_blocks if b.number == n + 1][:1]
        opens = after and after[0].kind == "markdown" and after[0].level == 0
        spans = markdown.spans(markdown.parse(after[0].source), 1) if opens else iter(())
        _, first, _ = next(spans, (0, "", []))
        if (
            markdown.count_words(markdown.FORMULA.sub(markdown.OBJECT, first))
            < context.limits.reading_words
        ):
            faults.append(
                f"cell {n}: no sentence follows the figure; begin the next cell with one "
                "that reads it"
            )
    return faults


BUILTINS = {
    "zip",
    "enumerate",
    "range",
    "len",
    "sorted",
    "reversed",
    "list",
    "tuple",
    "dict",
    "set",
    "min",
    "max",
    "float",
    "int",
    "str",
    "format",
    "print",
    "display",
}


def _draws(name: str) -> bool:
    return name.startswith(("datawall.page.plots", "matplotlib"))


def _drawing_names(notebook: dict, imported: dict[str, str]) -> set[str]:
    """Return the names that hold the plotting library or what it gave, such as ``ax``."""
    names = {name for name, full in imported.items() if _draws(full)}
    for _, cell in cells.code(notebook):
        for node in python.walk(cell["source"]):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                continue
            if python.dotted(node.value).split(".")[0] in names:
                inner = [t for target in node.targets for t in ast.walk(target)]
                names |= {t.id for t in inner if isinstance(t, ast.Name)}
    return names


def _only_plots(source: str, drawing: set[str]) -> bool:
    if any(isinstance(node, ast.FunctionDef | ast.Lambda) for node in python.walk(source)):
        return False
    roots = {python.dotted(call.func).split(".")[0] for call in python.calls(source)}
    return bool(roots & drawing) and roots <= drawing | BUILTINS


def figure_code_hidden(notebook: dict, context: Context) -> list[str]:
    """A figure's code is folded if it only plots, since what teaches is the figure."""
    drawing = _drawing_names(notebook, python.imported(notebook))
    return [
        f"cell {n}: only plots and isn't folded; add the tag hide-input"
        for n, cell in cells.figures(notebook)
        if "hide-input" not in cells.tags(cell)
        and "exercise" not in cells.tags(cell)
        and _only_plots(cell["source"], drawing)
    ]


def _interactive_faults(n: int, cell: dict, limits: Limits) -> list[str]:
    where = f"cell {n}"
    figure = BeautifulSoup(cells.html(cell), "html.parser").select_one("figure.vega-figure")
    if figure is None:
        return [f"{where}: a chart without its <figure>; show it by plots.Interactive"]
    if not any("vnd.vegalite" in mime for data in cells.bundles(cell) for mime in data):
        return [f"{where}: no Vega-Lite output for notebooks; use plots.Interactive"]
    script = figure.find("script", type="application/vnd.vegalite+json")
    try:
        json.loads(script.get_text() if script else "")
    except ValueError:
        return [f"{where}: the chart's specification isn't JSON; use plots.Interactive"]
    if re.search(r'"url"\s*:\s*"', script.get_text()):
        return [f"{where}: the chart loads its data from an address; put the data in the chart"]
    closing = figure.find("figcaption")
    caption = closing.get_text(" ", strip=True) if closing else ""
    alt = str(figure.get("aria-label", ""))
    return _alt_faults(where, alt, caption, limits) + _caption_faults(where, caption, limits)


def interactive_figure(notebook: dict, context: Context) -> list[str]:
    """An interactive figure works without a kernel or network and says what it shows."""
    found = cells.interactive(notebook)
    return [f for n, cell in found for f in _interactive_faults(n, cell, context.limits)]


def _has_table(block: markdown.Block, notebook: dict) -> bool:
    if block.kind != "markdown":
        cell = notebook["cells"][block.number]
        written = [str(data.get("text/markdown", "")) for data in cells.bundles(cell)]
        return "<table" in cells.html(cell) or any(
            re.search(r"\|\s*:?-+", text) for text in written
        )
    tokens = markdown.parse(block.source)
    tables = markdown.TABLE_DIRECTIVES.intersection(
        name for name, _, _ in markdown.directives(tokens)
    )
    return bool(tables) or any(token.type == "table_open" for token in tokens)


def interactive_table(notebook: dict, context: Context) -> list[str]:
    """A table follows an interactive figure in its section, for those who can't use the figure."""
    all_blocks, faults = markdown.blocks(notebook), []
    for n, _ in cells.interactive(notebook):
        section = next(b.section for b in all_blocks if b.number == n)
        later = [b for b in all_blocks if b.number > n and b.section == section]
        if not any(_has_table(block, notebook) for block in later):
            faults.append(
                f"cell {n}: no table follows the interactive figure in '{section}'; "
                "add one with its main values"
            )
    return faults
