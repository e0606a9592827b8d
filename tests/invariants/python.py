"""The Python of a notebook's cells."""

import ast
from collections.abc import Iterator
from functools import lru_cache

from IPython.core.inputtransformer2 import TransformerManager

from invariants import cells


@lru_cache(maxsize=4096)
def tree(source: str) -> ast.Module | None:
    """Parse a cell, magics and shell lines included; None if it isn't Python."""
    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError):
        return None


def walk(source: str) -> Iterator[ast.AST]:
    parsed = tree(source)
    return ast.walk(parsed) if parsed else iter(())


def calls(source: str) -> list[ast.Call]:
    return [node for node in walk(source) if isinstance(node, ast.Call)]


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for names and attributes; calls and subscripts on the way are dropped."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return dotted(node.func)
    if isinstance(node, ast.Subscript):
        return dotted(node.value)
    return ""


def strings(call: ast.Call) -> list[str]:
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    constants = [v.value for v in values if isinstance(v, ast.Constant)]
    return [value for value in constants if isinstance(value, str)]


def checked(source: str) -> list[str]:
    """Return the first arguments of ``check(...)`` and ``exercises.check(...)``."""
    found = [x for x in calls(source) if dotted(x.func).split(".")[-1] == "check" and x.args]
    return [arg.value for call in found if isinstance(arg := call.args[0], ast.Constant)]


def imported(notebook: dict) -> dict[str, str]:
    """Return what each imported name stands for: ``{"plt": "matplotlib.pyplot"}``."""
    found = {}
    for _, cell in cells.code(notebook):
        for node in walk(cell["source"]):
            if isinstance(node, ast.Import):
                for a in node.names:
                    found[a.asname or a.name.split(".")[0]] = (
                        a.name if a.asname else (a.name.split(".")[0])
                    )
            if isinstance(node, ast.ImportFrom):
                found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return found


def full_name(call: ast.Call, imported: dict[str, str]) -> str:
    """Return what is called, with imported names spelled out: ``datawall.train.train``."""
    first, dot, rest = dotted(call.func).partition(".")
    return imported.get(first, first) + dot + rest
