"""Rules for what the prose quotes: results, by the keys under which a chapter hands them over."""

import re

from myst_nb.core.variables import format_plain_text
from myst_nb.ext.glue import GLUE_PREFIX

from invariants import cells, markdown
from invariants.context import Context


def glued_values(notebook: dict) -> list[tuple[int, str, dict]]:
    """Return the cell, the key and the data of everything that a notebook hands to its prose."""
    found = []
    for n, cell in cells.code(notebook):
        for output in cell.get("outputs", []):
            scrap = output.get("metadata", {}).get("scrapbook")
            if not scrap:
                continue
            data = {mime.removeprefix(GLUE_PREFIX): v for mime, v in output["data"].items()}
            found.append((n, scrap["name"].removeprefix(GLUE_PREFIX), data))
    return found


def quoted_keys(notebook: dict) -> list[tuple[str, str, str, str | None]]:
    """Return where, chapter ('' for this one), key and format of each result quoted."""
    found = []
    for where, name, text in markdown.roles(notebook):
        if name.split(":")[0] != "glue":
            continue
        shape = None
        if name == "glue:text":
            text, colon, shape = _split_format(text)
            shape = shape if colon else "s"
        chapter, _, key = text.rpartition("::")
        found.append((where, _chapter_name(chapter), key, shape))
    return found


def _split_format(text: str) -> tuple[str, str, str]:
    """Split ``key:.2f`` as myst_nb does, at the last colon."""
    key, colon, shape = text.rpartition(":")
    return (key, colon, shape) if colon else (text, "", "")


def _chapter_name(document: str) -> str:
    return re.sub(r"\.(ipynb|md)$", "", document).split("/")[-1]


def quote_formats(notebook: dict, context: Context) -> list[str]:
    """Each quoted result can be written in the format asked for, as myst_nb will write it."""
    values = {key: data for _, key, data in glued_values(notebook)}
    faults = []
    for where, chapter, key, shape in quoted_keys(notebook):
        if chapter or shape is None or key not in values:
            continue
        text = values[key].get("text/plain")
        try:
            format_plain_text(text, shape)
        except (ValueError, TypeError, IndexError):
            faults.append(
                f"{where}: '{key}' holds {text}, which can't be written as '{shape}'; "
                "quote a number or an Interval"
            )
    return faults


def quotes_used(notebook: dict, context: Context) -> list[str]:
    """Each result that is handed to the prose stands there, and is handed over once."""
    used = {key for _, chapter, key, _ in quoted_keys(notebook) if not chapter}
    used |= context.quoted
    faults, seen = [], set()
    for n, key, _ in glued_values(notebook):
        if key in seen:
            faults.append(f"cell {n}: '{key}' is handed over twice; quote it once")
        elif key not in used:
            faults.append(f"cell {n}: '{key}' is never quoted in the prose; quote it or drop it")
        seen.add(key)
    return faults
