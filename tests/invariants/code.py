"""Rules for code cells: what they may use, and that they can be repeated anywhere."""

import ast
import re

from invariants import cells, python
from invariants.context import Context


def line_length(notebook: dict, context: Context) -> list[str]:
    """A line of code is short enough to be read without scrolling, on the site and in print."""
    most = context.limits.line
    return [
        f"cell {n}, line {number}: {len(line)} characters, more than {most}; break the line"
        for n, cell in cells.code(notebook)
        for number, line in enumerate(cell["source"].splitlines(), start=1)
        if len(line) > most
    ]


def parses(notebook: dict, context: Context) -> list[str]:
    """Every code cell is Python, else no other rule could read it."""
    return [
        f"cell {n}: isn't Python that parses; mend it"
        for n, cell in cells.code(notebook)
        if python.tree(cell["source"]) is None
    ]


def imports_first(notebook: dict, context: Context) -> list[str]:
    """The first code cell imports, so that a reader sees at once what the chapter stands on."""
    code = cells.code(notebook)
    if not code:
        return []
    number, cell = code[0]
    if any(isinstance(node, ast.Import | ast.ImportFrom) for node in python.walk(cell["source"])):
        return []
    return [f"cell {number}: the first code cell imports nothing; move the imports there"]


PUBLIC_UNDERSCORES = {"_asdict", "_replace", "_fields", "_make"}  # documented methods of namedtuple


def _private_names(node: ast.AST) -> list[str]:
    names = []
    if isinstance(node, ast.Attribute):
        names = [node.attr]
    if isinstance(node, ast.Import):
        names = [part for alias in node.names for part in alias.name.split(".")]
    if isinstance(node, ast.ImportFrom):
        names = (node.module or "").split(".") + [alias.name for alias in node.names]
    if isinstance(node, ast.Call) and python.dotted(node.func) in ("getattr", "setattr"):
        names = python.strings(node)
    private = [n for n in names if n.startswith("_") and not n.endswith("__")]
    return [name for name in private if name not in PUBLIC_UNDERSCORES]


def public_names(notebook: dict, context: Context) -> list[str]:
    """A chapter uses public names only, so that the library can change behind them."""
    return [
        f"cell {n}: the private name '{name}' is used; use or make a public one"
        for n, cell in cells.code(notebook)
        for node in python.walk(cell["source"])
        for name in _private_names(node)
    ]


NETWORK_MODULES = {
    "requests",
    "httpx",
    "aiohttp",
    "urllib3",
    "urllib.request",
    "http.client",
    "socket",
    "ftplib",
    "wget",
    "gdown",
    "huggingface_hub",
}
FETCHERS = re.compile(r"\b(pip3?|conda|mamba|uv|curl|wget|git\s+clone)\b")
SHELLS = (
    "get_ipython.system",
    "get_ipython.getoutput",
    "get_ipython.run_line_magic",
    "get_ipython.run_cell_magic",
    "os.system",
    "os.popen",
    "subprocess.",
)


def _reaches_out(node: ast.AST) -> str:
    """Return what a node does that needs a network, or an empty string."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{name}" for name in names)]
        used = NETWORK_MODULES.intersection(names)
        return f"imports {min(used)}" if used else ""
    if not isinstance(node, ast.Call):
        return ""
    if python.dotted(node.func).startswith(SHELLS):
        found = FETCHERS.search(ast.unparse(node))
        return f"runs {found[0]}" if found else ""
    address = [s for s in python.strings(node) if re.match(r"(https?|ftp)://", s)]
    return f"opens {address[0]}" if address else ""


def offline(notebook: dict, context: Context) -> list[str]:
    """A chapter installs nothing and opens no address, so that it runs without a network."""
    return [
        f"cell {n}: {act}; put packages in requirements.txt and data beside the book"
        for n, cell in cells.code(notebook)
        for node in python.walk(cell["source"])
        if (act := _reaches_out(node))
    ]


GLOBAL_SEEDS = re.compile(
    r"^(random|numpy\.random|np\.random|torch|torch\.cuda)\."
    r"(seed|manual_seed|manual_seed_all)$"
)


TRAINERS = re.compile(
    r"datawall\.lm\.train\.(run|fit|sweep)|datawall\.evidence\.replicate\.replicate"
    r"|datawall\.evidence\.study\.run|datawall\.collapse\.loop\.[a-z]\w*|(.*\.)?train(_\w+)?"
)


def _names_a_seed(tree: ast.AST, seeded: set[str]) -> bool:
    """Tell whether code names a seed, or a name such as ``jobs`` that was made with one."""
    nodes = list(ast.walk(tree))
    names = [n.id for n in nodes if isinstance(n, ast.Name)]
    names += [n.attr for n in nodes if isinstance(n, ast.Attribute)]
    names += [n.arg or "" for n in nodes if isinstance(n, ast.keyword | ast.arg)]
    return any("seed" in name.lower() or name in seeded for name in names)


def _seeded_names(notebook: dict) -> set[str]:
    """Return the names that statements which name a seed have bound."""
    found = set()
    for _, cell in cells.code(notebook):
        tree = python.tree(cell["source"])
        for statement in tree.body if tree else []:
            if not _names_a_seed(statement, found):
                continue
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    found.add(node.id)
                if isinstance(node, ast.FunctionDef):
                    found.add(node.name)
    return found


def seeds_named(notebook: dict, context: Context) -> list[str]:
    """A cell that trains names its seeds, none set globally, so that a run can be repeated."""
    imported, seeded, faults = python.imported(notebook), _seeded_names(notebook), []
    for n, cell in cells.code(notebook):
        names = [python.full_name(call, imported) for call in python.calls(cell["source"])]
        faults += [
            f"cell {n}: {name} seeds globally; make a generator from a seed and pass it"
            for name in names
            if GLOBAL_SEEDS.match(name)
        ]
        trained = [name for name in names if TRAINERS.fullmatch(name)]
        if trained and not _names_a_seed(python.tree(cell["source"]), seeded):
            faults.append(f"cell {n}: {trained[0]} is given no seed; name the seeds in the cell")
    return faults
