"""What pytest is to run for one chapter: the chapter, and the unit tests of what it imports.

`make test CHAPTER=scaling-laws` asks. Imports are read from the code, through the library and the
studies whose rows the chapter reads; nothing is imported here.
"""

import ast
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOOK, TESTS = ROOT / "book", ROOT / "tests"


def source(path: Path) -> str:
    """The Python of a module, or of a notebook's code cells without magics."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    lines = "\n".join("".join(cell["source"]) for cell in cells).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))


def modules(path: Path) -> set[Path]:
    """The library's modules that a file names in its imports."""
    found = set()
    for node in ast.walk(ast.parse(source(path))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    own = (BOOK / name.replace(".", "/") for name in found if name.startswith("datawall."))
    return {path for stem in own if (path := stem.with_suffix(".py")).exists()}


def studies(path: Path) -> set[Path]:
    """The studies whose names stand in a file as text."""
    texts = (n.value for n in ast.walk(ast.parse(source(path))) if isinstance(n, ast.Constant))
    names = {text for text in texts if isinstance(text, str)}
    return {path for path in (BOOK / "studies").glob("*.py") if path.stem in names}


def closure(path: Path) -> set[Path]:
    """The library's modules that a file imports, and those that these import, and so on."""
    found, left = set(), [path, *studies(path)]
    while left:
        new = modules(left.pop()) - found
        found |= new
        left += new
    return found


def tests_of(used: Iterable[Path]) -> Iterator[Path]:
    """The unit tests of these modules: of that name, or importing nothing but them."""
    used = set(used)
    names = {f"test_{path.stem}" for path in used}
    for path in sorted(TESTS.glob("test_*.py")):
        needed = modules(path)
        if path.stem in names or (needed and needed <= used):
            yield path


def lane(chapter: str) -> list[Path]:
    """The paths to run for a chapter; SystemExit if there's no such chapter."""
    path = BOOK / f"{chapter}.ipynb"
    if not path.exists():
        there = ", ".join(sorted(path.stem for path in BOOK.glob("*.ipynb")))
        raise SystemExit(f"There is no chapter {chapter}; there are: {there}.")
    return [*tests_of(closure(path)), TESTS / "test_notebooks.py", path]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(*(path.relative_to(ROOT) for path in lane(name)))
