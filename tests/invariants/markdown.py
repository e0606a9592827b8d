"""The Markdown of a notebook: its sections, its running text, its roles and directives."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

from invariants import cells
from invariants.context import GIVENS

OBJECT = "\ufffc"  # stands in text for a code span, a role or a formula
FORMULA = re.compile("\x02(.*?)\x03", re.S)  # a formula in a Prose.flat

ROLE = re.compile(r"\{([\w:-]+)\}`([^`]+)`")
HTML_FORMULA = re.compile(r"\$([^$]+)\$|\\\((.+?)\\\)", re.S)
HTML_TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.S)
BARE_URL = re.compile(r"https?://\S+")

CODE_DIRECTIVES = {
    "code",
    "code-block",
    "code-cell",
    "sourcecode",
    "literalinclude",
    "raw",
    "bibliography",
    "toctree",
    "tableofcontents",
    "image",
    "include",
    "mermaid",
}
TABLE_DIRECTIVES = {"list-table", "csv-table", "table"}
MYST_EXTENSIONS = {
    "amsmath",
    "attrs_inline",
    "colon_fence",
    "deflist",
    "dollarmath",
    "substitution",
    "tasklist",
}  # those of _config.yml


@dataclass(frozen=True)
class Prose:
    """One stretch of running text, in a Markdown cell or in a figure's caption."""

    where: str
    section: str
    flat: str  # formulas between \x02 and \x03, code spans and roles as OBJECT
    roles: tuple[tuple[str, str], ...] = ()  # name, content
    caption: bool = False

    @property
    def text(self) -> str:
        return FORMULA.sub(OBJECT, self.flat)

    @property
    def formulas(self) -> list[str]:
        return FORMULA.findall(self.flat)


@dataclass(frozen=True)
class Block:
    """A code cell, or the part of a Markdown cell from one heading to the next."""

    number: int  # of the cell
    kind: str  # "markdown" or "code"
    section: str  # the H2 above
    part: str  # the H3 above
    source: str
    level: int = 0  # of the heading that it opens with, 0 if none
    line: int = 1  # of the cell, where the block begins


@lru_cache(maxsize=1)
def _parser():
    return create_md_parser(MdParserConfig(enable_extensions=MYST_EXTENSIONS), RendererHTML)


@lru_cache(maxsize=4096)
def parse(source: str) -> tuple[Token, ...]:
    return tuple(_parser().parse(source))


def _pieces(source: str) -> Iterator[tuple[int, str, str, int]]:
    """Split Markdown before each heading: its level, its title, the source, the line."""
    tokens = parse(source)
    starts = [(0, 0, "")]
    for opened, inline in pairwise(tokens):
        if opened.type == "heading_open" and opened.level == 0:
            starts.append((opened.map[0], int(opened.tag[1:]), inline.content.strip()))
    lines = source.splitlines(keepends=True)
    ends = [start for start, _, _ in starts[1:]] + [len(lines)]
    for (start, level, title), end in zip(starts, ends, strict=True):
        text = "".join(lines[start:end])
        if text.strip():
            yield level, title, text, start + 1


def blocks(notebook: dict) -> list[Block]:
    """Return the notebook's blocks in order, each with the headings above it."""
    found, section, part = [], "", ""
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "markdown":
            found.append(Block(number, cell["cell_type"], section, part, cell["source"]))
            continue
        for level, title, source, line in _pieces(cell["source"]):
            if level in (1, 2):
                section, part = (title if level == 2 else ""), ""
            if level == 3:
                part = title
            found.append(Block(number, "markdown", section, part, source, level, line))
    return found


def _inline(children: list[Token]) -> tuple[str, list[tuple[str, str]]]:
    """Return the flat text and the roles of a paragraph's tokens."""
    text, roles, address = "", [], False
    for token in children:
        if token.type in ("link_open", "link_close"):
            address = token.type == "link_open" and token.markup in ("autolink", "linkify")
        elif token.type in ("text", "image") and not address:
            text += BARE_URL.sub(OBJECT, token.content)
        elif token.type in ("softbreak", "hardbreak"):
            text += " "
        elif token.type.startswith("math") or token.meta.get("name") == "math":
            text += f"\x02{token.content}\x03"
        elif token.type == "myst_role":
            text += OBJECT
            roles.append((token.meta["name"], token.content))
        elif token.type != "html_inline" and token.content:
            text += OBJECT
    return text, roles


def _directive(token: Token) -> tuple[str, str, str]:
    """Return the name, argument and body of a directive; no name if it is a block of code."""
    opening = re.match(r"\{([^}]+)\}\s*(.*)", token.info.strip())
    if not opening:
        return "", "", token.content
    lines = token.content.splitlines()
    if lines and lines[0].strip() == "---":
        closing = [line.strip() for line in lines].index("---", 1) if "---" in lines[1:] else 0
        lines = lines[closing + 1 :]
    while lines and re.match(r":[\w-]+:(\s|$)", lines[0]):
        lines.pop(0)
    return opening[1], opening[2], "\n".join(lines)


def directives(tokens: tuple[Token, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield every directive, nested ones too."""
    for token in tokens:
        if token.type not in ("fence", "colon_fence"):
            continue
        name, argument, body = _directive(token)
        if not name:
            continue
        yield name, argument, body
        if name not in CODE_DIRECTIVES:
            yield from directives(parse(body))


def _of_directive(token: Token, line: int) -> Iterator[tuple[int, str, list]]:
    name, argument, body = _directive(token)
    if not name or name in CODE_DIRECTIVES:
        return
    if name == "math":
        yield line, f"\x02{argument} {body}\x03", []
        return
    if name.startswith("glue"):
        document = re.search(r"^:doc:\s*(\S+)", token.content, re.M)
        yield line, "", [("glue", f"{document[1]}::{argument}" if document else argument)]
    elif name == "ledger":
        yield line, "", [("ledger", argument)]
    elif name != "figure":
        yield from spans(parse(argument), line)
    yield from spans(parse(body), line)


def spans(tokens: tuple[Token, ...], offset: int) -> Iterator[tuple[int, str, list]]:
    """Yield the line, the flat text and the roles of every stretch of prose."""
    line = offset
    for token in tokens:
        line = offset + token.map[0] if token.map else line
        if token.type == "inline":
            yield line, *_inline(token.children)
        elif token.type.startswith("math_block") or token.type == "amsmath":
            yield line, f"\x02{token.content}\x03", []
        elif token.type == "html_block":
            text = ROLE.sub(OBJECT, HTML_TAG.sub(" ", token.content))
            yield line, HTML_FORMULA.sub(lambda m: f"\x02{m[1] or m[2]}\x03", text), []
        elif token.type in ("fence", "colon_fence"):
            yield from _of_directive(token, line)


def prose(notebook: dict) -> list[Prose]:
    """Return all running text of a notebook, captions included."""
    found = []
    is_page = notebook["metadata"].get("page", False)
    for block in blocks(notebook):
        if block.kind == "markdown":
            for line, flat, roles in spans(parse(block.source), block.line):
                where = f"line {line}" if is_page else f"cell {block.number}, line {line}"
                found.append(Prose(where, block.section, flat, tuple(roles)))
            continue
        caption = cells.figure_options(notebook["cells"][block.number]).get("caption", "")
        for _, flat, roles in spans(parse(str(caption)), 1):
            where = f"cell {block.number}, caption"
            found.append(Prose(where, block.section, flat, tuple(roles), caption=True))
    return found


def count_words(text: str) -> int:
    """Count words; a formula, a code span or a role is one."""
    return sum(bool(re.search(rf"\w|{OBJECT}", word)) for word in text.split())


def word_count(notebook: dict) -> int:
    """Count the words of a chapter that is read: without exercises, quiz and captions."""
    read = [p for p in prose(notebook) if p.section not in GIVENS and not p.caption]
    return sum(count_words(p.text) for p in read)


def parts(notebook: dict, section: str) -> list[list[Block]]:
    """Return the blocks of a section, one list for each H3; what stands before them is left."""
    found = []
    for block in blocks(notebook):
        if block.section != section:
            continue
        if block.level == 3:
            found.append([])
        if found:
            found[-1].append(block)
    return found


def numbering_faults(parts: list[list[Block]], pattern: str, form: str) -> list[str]:
    faults = []
    for due, (opening, *_) in enumerate(parts, start=1):
        match = re.fullmatch(pattern, opening.part)
        if not match:
            faults.append(f"cell {opening.number}: the heading '{opening.part}'; write '{form}'")
        elif int(match[1]) != due:
            faults.append(
                f"cell {opening.number}: '{opening.part}' where number {due} is due; number from 1"
            )
    return faults


def roles(notebook: dict) -> list[tuple[str, str, str]]:
    return [(piece.where, *role) for piece in prose(notebook) for role in piece.roles]
