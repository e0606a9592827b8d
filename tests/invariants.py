"""The rules that every chapter keeps, as pure functions: a notebook and its context in, faults out.

A rule takes a notebook (nbformat 4, as ``nbformat.reads`` gives it) and a ``Context``, and returns
one string for each fault, which says where it is and what to do; cells are counted from 0.
Nothing here opens a file: ``test_notebooks.py`` does, and ``test_invariants.py`` shows each rule
biting. ``page`` turns a Markdown page into a notebook of one cell, so that rules serve pages too.
"""

import ast
import json
import math
import re
import tomllib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import nbformat
from bs4 import BeautifulSoup
from IPython.core.inputtransformer2 import TransformerManager
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_nb.core.variables import format_plain_text
from myst_nb.ext.glue import GLUE_PREFIX
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser
from pybtex.database import parse_string

from datawall.page.ledger import MIME as MEASURED

SKELETON = (
    "The claim",
    "Predict",
    "The idea",
    "The experiment",
    "Paper beside ours",
    "What a toy can't tell",
    "Exercises",
    "Quiz",
    "Summary",
)
HEADER = ("Asks", "You need", "Reading time", "Run time")
KINDS = {"Prediction": 1, "Code": 2, "Judgement": 1}  # kind of exercise -> how many at least
GIVENS = ("Exercises", "Quiz")  # sections in which a formula may hold a number typed by hand
MARK = "# NBVAL_CHECK_OUTPUT"


@dataclass(frozen=True)
class Limits:
    """How long a chapter and its parts may be; a pair is a least and a most."""

    code_cells: tuple[int, int] = (8, 16)
    cell_lines: int = 20
    words: tuple[int, int] = (1200, 2000)
    words_a_minute: int = 200
    reading_time_slack: float = 0.3
    figures: tuple[int, int] = (4, 6)
    alt_characters: int = 40
    caption_words: tuple[int, int] = (5, 40)
    reading_words: int = 5
    exercises: int = 4
    questions: tuple[int, int] = (4, 5)
    choices: int = 3
    reason_words: int = 8
    bytes: int = 400_000


@dataclass(frozen=True)
class Context:
    """What a chapter must agree with: ledger, bibliography, glossary and the other chapters."""

    chapter: str
    limits: Limits = Limits()
    bibliography: frozenset[str] = frozenset()
    terms: frozenset[str] = frozenset()  # in lower case
    claims: tuple[Mapping, ...] = ()  # rows of ledger.toml
    figures: Mapping[str, str] = field(default_factory=dict)  # figure's name -> the other chapter
    glued: Mapping[str, frozenset[str]] = field(default_factory=dict)  # other chapter -> its keys
    quoted: frozenset[str] = frozenset()  # keys of this chapter that other pages quote


# Reading ------------------------------------------------------------------------------------------


def read_notebook(text: str) -> tuple[dict | None, list[str]]:
    """Return the notebook and no fault, or no notebook and why it can't be read."""
    try:
        raw = json.loads(text)
    except ValueError as error:
        return None, [f"not JSON ({error}); save it from Jupyter again"]
    if not isinstance(raw, dict) or raw.get("nbformat") != 4:
        return None, ["not a notebook of format 4; save it from Jupyter again"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a missing id is a fault of `well_formed`
            notebook = nbformat.reads(text, as_version=4)
            nbformat.validate(notebook)
    except Exception as error:  # nbformat lets KeyError, AttributeError and its own kinds through
        return None, [f"not a valid notebook ({str(error).splitlines()[0]}); save it from Jupyter"]
    return notebook, []


def page(text: str) -> dict:
    """Return a Markdown page as a notebook of one cell."""
    cell = {"cell_type": "markdown", "metadata": {}, "source": text}
    return {"cells": [cell], "metadata": {"page": True}}


def parse_bibliography(text: str) -> frozenset[str]:
    """Return the keys of a BibTeX file."""
    return frozenset(parse_string(text, "bibtex").entries)


def parse_glossary(text: str) -> frozenset[str]:
    """Return the terms, in lower case, that the ``{glossary}`` directives of a page define."""
    bodies = [body for name, _, body in _directives(_parse(text)) if name == "glossary"]
    lines = [line for body in bodies for line in body.splitlines()]
    terms = [line.split(" : ")[0].strip() for line in lines if line and not line[0].isspace()]
    return frozenset(term.lower() for term in terms if term and not term.startswith(".."))


def parse_ledger(text: str) -> tuple[dict, ...]:
    """Return the claims of ``ledger.toml``."""
    return tuple(tomllib.loads(text).get("claim", []))


# Markdown -----------------------------------------------------------------------------------------

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
def _parse(source: str) -> tuple[Token, ...]:
    return tuple(_parser().parse(source))


def _pieces(source: str) -> Iterator[tuple[int, str, str, int]]:
    """Split Markdown before each heading: its level, its title, the source, the line."""
    tokens = _parse(source)
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


def _directives(tokens: tuple[Token, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield every directive, nested ones too."""
    for token in tokens:
        if token.type not in ("fence", "colon_fence"):
            continue
        name, argument, body = _directive(token)
        if not name:
            continue
        yield name, argument, body
        if name not in CODE_DIRECTIVES:
            yield from _directives(_parse(body))


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
        yield from _spans(_parse(argument), line)
    yield from _spans(_parse(body), line)


def _spans(tokens: tuple[Token, ...], offset: int) -> Iterator[tuple[int, str, list]]:
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
            for line, flat, roles in _spans(_parse(block.source), block.line):
                where = f"line {line}" if is_page else f"cell {block.number}, line {line}"
                found.append(Prose(where, block.section, flat, tuple(roles)))
            continue
        caption = _figure_options(notebook["cells"][block.number]).get("caption", "")
        for _, flat, roles in _spans(_parse(str(caption)), 1):
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


# Cells --------------------------------------------------------------------------------------------


def _code(notebook: dict) -> list[tuple[int, dict]]:
    return [(n, cell) for n, cell in enumerate(notebook["cells"]) if cell["cell_type"] == "code"]


def _tags(cell: dict) -> set[str]:
    return set(cell["metadata"].get("tags", []))


def _ordinary(notebook: dict) -> list[tuple[int, dict]]:
    """Return the code cells that belong to no exercise."""
    return [(n, cell) for n, cell in _code(notebook) if "exercise" not in _tags(cell)]


def _myst_options(cell: dict, name: str) -> dict:
    options = cell["metadata"].get("mystnb", {})
    found = options.get(name, {}) if isinstance(options, dict) else {}
    return found if isinstance(found, dict) else {}


def _figure_options(cell: dict) -> dict:
    return _myst_options(cell, "figure")


def _data(cell: dict) -> list[dict]:
    """Return the MIME bundles of a cell's outputs."""
    return [output.get("data", {}) for output in cell.get("outputs", [])]


def _images(cell: dict) -> list[str]:
    return [mime for data in _data(cell) for mime in data if mime.startswith("image/")]


def _figures(notebook: dict) -> list[tuple[int, dict]]:
    """Return the cells that show a figure or are marked as doing so, interactive ones not."""
    return [(n, c) for n, c in _code(notebook) if _images(c) or _figure_options(c)]


def _html(cell: dict) -> str:
    return "\n".join(str(data.get("text/html", "")) for data in _data(cell))


def _is_interactive(cell: dict) -> bool:
    mimes = [mime for data in _data(cell) for mime in data]
    return "vega-figure" in _html(cell) or any("vnd.vegalite" in mime for mime in mimes)


def _interactive(notebook: dict) -> list[tuple[int, dict]]:
    return [(n, cell) for n, cell in _code(notebook) if _is_interactive(cell)]


def _shown_text(cell: dict) -> str:
    """Return the text that a cell has printed or displayed."""
    printed = [str(output.get("text", "")) for output in cell.get("outputs", [])]
    kinds = ("text/plain", "text/html", "text/markdown")
    return "\n".join(printed + [str(data.get(kind, "")) for data in _data(cell) for kind in kinds])


def _caption_faults(where: str, caption: str, limits: Limits) -> list[str]:
    least, most = limits.caption_words
    words = count_words(ROLE.sub(OBJECT, caption))
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


# Code ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _tree(source: str) -> ast.Module | None:
    """Parse a cell, magics and shell lines included; None if it isn't Python."""
    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError):
        return None


def _walk(source: str) -> Iterator[ast.AST]:
    tree = _tree(source)
    return ast.walk(tree) if tree else iter(())


def _calls(source: str) -> list[ast.Call]:
    return [node for node in _walk(source) if isinstance(node, ast.Call)]


def _dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for names and attributes; calls and subscripts on the way are dropped."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return _dotted(node.func)
    if isinstance(node, ast.Subscript):
        return _dotted(node.value)
    return ""


def _strings(call: ast.Call) -> list[str]:
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    constants = [v.value for v in values if isinstance(v, ast.Constant)]
    return [value for value in constants if isinstance(value, str)]


def _checked(source: str, module: str = "") -> list[str]:
    """Return the first arguments of ``check(...)``, or of ``module.check(...)``."""
    name = f"{module}.check" if module else "check"
    names = {name} if module else {"check", "check.check"}
    calls = [call for call in _calls(source) if _dotted(call.func) in names and call.args]
    return [arg.value for call in calls if isinstance(arg := call.args[0], ast.Constant)]


def _imported(notebook: dict) -> dict[str, str]:
    """Return what each imported name stands for: ``{"plt": "matplotlib.pyplot"}``."""
    found = {}
    for _, cell in _code(notebook):
        for node in _walk(cell["source"]):
            if isinstance(node, ast.Import):
                for a in node.names:
                    found[a.asname or a.name.split(".")[0]] = (
                        a.name if a.asname else (a.name.split(".")[0])
                    )
            if isinstance(node, ast.ImportFrom):
                found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return found


def _full_name(call: ast.Call, imported: dict[str, str]) -> str:
    """Return what is called, with imported names spelled out: ``datawall.train.train``."""
    first, dot, rest = _dotted(call.func).partition(".")
    return imported.get(first, first) + dot + rest


# Rules: text --------------------------------------------------------------------------------------


def well_formed(notebook: dict, context: Context) -> list[str]:
    """Notebooks are of format 4.5 and each cell has its own id, so that two versions compare."""
    version = (notebook.get("nbformat", 0), notebook.get("nbformat_minor", 0))
    if version < (4, 5):
        return [f"format {version[0]}.{version[1]}; save it as 4.5, with an id for each cell"]
    ids = [cell.get("id") for cell in notebook["cells"]]
    faults = [f"cell {n}: no id; save it from Jupyter" for n, i in enumerate(ids) if not i]
    again = [n for n, i in enumerate(ids) if i and i in ids[:n]]
    return faults + [f"cell {n}: id '{ids[n]}' is another cell's; give it its own" for n in again]


def skeleton(notebook: dict, context: Context) -> list[str]:
    """Every chapter has the same H2 headings in the same order, so that a reader finds the way."""
    found = [b for b in blocks(notebook) if b.level == 2]
    titles = [block.section for block in found]
    faults = [
        f"cell {b.number}: the heading '{b.section}' is none of the skeleton's; use H3"
        for b in found
        if b.section not in SKELETON
    ]
    faults += [f"no heading '## {t}'; add the section" for t in SKELETON if t not in titles]
    faults += [
        f"the heading '{t}' stands twice; join the two" for t in SKELETON if titles.count(t) > 1
    ]
    if faults:
        return faults
    wrong = [i for i, (title, due) in enumerate(zip(titles, SKELETON, strict=True)) if title != due]
    return [
        f"cell {found[i].number}: the heading '{titles[i]}' is out of order; "
        f"'{SKELETON[i]}' is due here"
        for i in wrong[:1]
    ]


def header(notebook: dict, context: Context) -> list[str]:
    """A chapter opens with its title, its question, its needs and its times, so one can choose."""
    first = notebook["cells"][0] if notebook["cells"] else {"cell_type": "", "source": ""}
    titles = [block.number for block in blocks(notebook) if block.level == 1]
    if first["cell_type"] != "markdown" or not re.match(r"# \S", first["source"]):
        return ["cell 0: doesn't begin with '# Title'; make it the header cell"]
    faults = [f"cell {n}: a second H1; use H2 or H3" for n in titles[1:]]
    fields = _header_fields(notebook)
    for name in HEADER:
        if not re.search(r"\w", fields.get(name, "")):
            faults.append(f"cell 0: the header has no '**{name}**' with its text; add it")
    if "{glue:text}`" not in fields.get("Run time", "{glue:text}`"):
        faults.append("cell 0: the run time is not glued; quote it by {glue:text}`run_seconds:.0f`")
    return faults


def _header_fields(notebook: dict) -> dict[str, str]:
    """Return the text that follows each bold label of cell 0."""
    if not notebook["cells"]:
        return {}
    labels = "|".join(HEADER)
    source = re.split(r"^##\s", notebook["cells"][0]["source"], maxsplit=1, flags=re.M)[0]
    parts = re.split(rf"\*\*({labels}):?\*\*", source)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def reading_time(notebook: dict, context: Context) -> list[str]:
    """The reading time that the header promises is that of its words, to plan a lesson by."""
    limits = context.limits
    text = _header_fields(notebook).get("Reading time")
    if text is None:
        return []  # a fault of `header`
    typed = re.search(r"(\d+)\s*min", text)
    due = math.ceil(word_count(notebook) / limits.words_a_minute)
    if not typed:
        return [f"cell 0: the reading time is not '{due} minutes'; type it so"]
    if abs(int(typed[1]) - due) <= limits.reading_time_slack * due:
        return []
    return [f"cell 0: the reading time is {typed[1]} minutes, but the words take {due}; type {due}"]


def words(notebook: dict, context: Context) -> list[str]:
    """A chapter is read in one sitting: its prose has a least and a most number of words."""
    count = word_count(notebook)
    least, most = context.limits.words
    if least <= count <= most:
        return []
    what = "say more, or join chapters" if count < least else "cut, or split the chapter"
    return [f"{count} words outside exercises and quiz, not {least} to {most}; {what}"]


def raw_html_roles(notebook: dict, context: Context) -> list[str]:
    """MyST leaves a block of raw HTML as it is, so a role typed in it would be shown as typed."""
    faults = []
    for block in blocks(notebook):
        if block.kind != "markdown":
            continue
        for token in _parse(block.source):
            roles = ROLE.findall(token.content) if token.type == "html_block" else []
            faults += [
                f"cell {block.number}: the role {{{name}}}`{text}` stands within raw HTML; put it "
                "after a blank line"
                for name, text in roles
            ]
    return faults


TYPED_REFERENCE = re.compile(r"\b(?:equation|eq\.|figure|fig\.)s?\s*\(?\d+\)?", re.I)


def typed_references(notebook: dict, context: Context) -> list[str]:
    """The site numbers equations and figures through all chapters: what is typed will be wrong."""
    sources = [(n, cell["source"]) for n, cell in enumerate(notebook["cells"])]
    return [
        f"cell {n}: {found.group()!r} is typed by hand; refer to it by {{eq}} or {{numref}}, and "
        "in code or a summary by its name"
        for n, source in sources
        for found in TYPED_REFERENCE.finditer(source)
    ]


# A number typed by hand. In text, A100 and WikiText-103 are names; in a formula, x-0.5 holds one.
_WHOLE = r"\d{1,3}(?:[, \u00a0\u2009\u202f]\d{3})+(?!\d)|\d+"
_TEN = r"10\s*(?:\^\s*(?:\{[^{}]*\}|-?\d+)|[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
_NUMBER = rf"""
    (?P<scientific> (?:{_WHOLE})(?:\.\d+)?\s*(?:\\times|\\cdot|[\u00d7\u00b7*])\s*{_TEN}
                  | \d+(?:\.\d+)?[eE][+-]?\d+(?![\w.]))
  | (?P<percentage> (?:{_WHOLE})(?:\.\d+)?\s*(?:\\?%|per[ ]?cent\b|percent\b))
  | (?P<power> {_TEN})
  | (?P<decimal> (?:{_WHOLE})?\.\d+)
  | (?P<integer> {_WHOLE})
"""
NUMBER_IN_TEXT = re.compile(rf"(?<![A-Za-z\d.])(?<![A-Za-z]-)(?:{_NUMBER})", re.X)
NUMBER_IN_FORMULA = re.compile(rf"(?<![\d.])(?:{_NUMBER})", re.X)
PERCENT_AFTER_FORMULA = re.compile(r"\d\s*\x03\s*(?:%|per ?cent\b|percent\b)")


def _is_fault(match: re.Match) -> bool:
    kind, number = match.lastgroup, match[0].strip()
    if kind == "power":
        return False
    if kind != "integer":
        return True
    year = number.isdecimal() and len(number) == 4 and 1900 <= int(number) <= 2099
    return len(re.sub(r"\D", "", number)) >= 3 and not year


def _plain_formula(formula: str) -> str:
    """Drop labels and write LaTeX's separators of thousands as a comma."""
    formula = re.sub(r"\\(?:label|tag|ref|eqref)\{[^{}]*\}", "", formula)
    return re.sub(r"(?<=\d)(?:\{,\}|\\[,;:! ])(?=\d)", ",", formula).replace("{.}", ".")


def typed_numbers(piece: Prose) -> list[str]:
    """Return the numbers of a stretch of prose that should have been quoted."""
    found = [m[0] for m in NUMBER_IN_TEXT.finditer(piece.text) if _is_fault(m)]
    if piece.section in GIVENS:
        return found
    for formula in piece.formulas:
        matches = NUMBER_IN_FORMULA.finditer(_plain_formula(formula))
        found += [m[0] for m in matches if _is_fault(m)]
    if not found and PERCENT_AFTER_FORMULA.search(piece.flat):
        found = ["a percentage"]
    return found


def hand_typed_numbers(notebook: dict, context: Context) -> list[str]:
    """No number stands in prose by hand, for the code that gave it will one day give another."""
    return [
        f"{piece.where}: '{number.strip()}' is typed by hand; quote a result by {{glue:text}}, "
        "a figure of the literature by {published}, and put a name or version in a code span"
        for piece in prose(notebook)
        for number in typed_numbers(piece)
    ]


# Rules: code --------------------------------------------------------------------------------------


def code_cell_count(notebook: dict, context: Context) -> list[str]:
    """A chapter has few enough code cells to follow and enough to be an experiment."""
    count = len(_ordinary(notebook))
    least, most = context.limits.code_cells
    if least <= count <= most:
        return []
    what = "split cells, one idea each" if count < least else "move bookkeeping into the library"
    return [f"{count} code cells outside exercises, not {least} to {most}; {what}"]


def cell_length(notebook: dict, context: Context) -> list[str]:
    """A code cell is short enough to be read at a glance."""
    most = context.limits.cell_lines
    lines = [(n, len(cell["source"].splitlines())) for n, cell in _code(notebook)]
    return [
        f"cell {n}: {count} lines, more than {most}; split it or move what bores into the library"
        for n, count in lines
        if count > most
    ]


def parses(notebook: dict, context: Context) -> list[str]:
    """Every code cell is Python, else no other rule could read it."""
    return [
        f"cell {n}: isn't Python that parses; mend it"
        for n, cell in _code(notebook)
        if _tree(cell["source"]) is None
    ]


def imports_first(notebook: dict, context: Context) -> list[str]:
    """The first code cell imports, so that a reader sees at once what the chapter stands on."""
    code = _code(notebook)
    if not code:
        return []  # a fault of `code_cell_count`
    number, cell = code[0]
    if any(isinstance(node, ast.Import | ast.ImportFrom) for node in _walk(cell["source"])):
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
    if isinstance(node, ast.Call) and _dotted(node.func) in ("getattr", "setattr"):
        names = _strings(node)
    private = [n for n in names if n.startswith("_") and not n.endswith("__")]
    return [name for name in private if name not in PUBLIC_UNDERSCORES]


def public_names(notebook: dict, context: Context) -> list[str]:
    """A chapter uses public names only, so that the library can change behind them."""
    return [
        f"cell {n}: the private name '{name}' is used; use or make a public one"
        for n, cell in _code(notebook)
        for node in _walk(cell["source"])
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
    if _dotted(node.func).startswith(SHELLS):
        found = FETCHERS.search(ast.unparse(node))
        return f"runs {found[0]}" if found else ""
    address = [s for s in _strings(node) if re.match(r"(https?|ftp)://", s)]
    return f"opens {address[0]}" if address else ""


def offline(notebook: dict, context: Context) -> list[str]:
    """A chapter installs nothing and opens no address, so that it runs without a network."""
    return [
        f"cell {n}: {act}; put packages in requirements.txt and data beside the book"
        for n, cell in _code(notebook)
        for node in _walk(cell["source"])
        if (act := _reaches_out(node))
    ]


GLOBAL_SEEDS = re.compile(
    r"^(random|numpy\.random|np\.random|torch|torch\.cuda)\."
    r"(seed|manual_seed|manual_seed_all)$"
)


TRAINERS = re.compile(
    r"datawall\.(train|study)\.(run|fit|sweep)|datawall\.recursion\.[a-z]\w*|(.*\.)?train(_\w+)?"
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
    for _, cell in _code(notebook):
        tree = _tree(cell["source"])
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
    imported, seeded, faults = _imported(notebook), _seeded_names(notebook), []
    for n, cell in _code(notebook):
        names = [_full_name(call, imported) for call in _calls(cell["source"])]
        faults += [
            f"cell {n}: {name} seeds globally; make a generator from a seed and pass it"
            for name in names
            if GLOBAL_SEEDS.match(name)
        ]
        trained = [name for name in names if TRAINERS.fullmatch(name)]
        if trained and not _names_a_seed(_tree(cell["source"]), seeded):
            faults.append(f"cell {n}: {trained[0]} is given no seed; name the seeds in the cell")
    return faults


# Rules: outputs -----------------------------------------------------------------------------------


def executed_in_order(notebook: dict, context: Context) -> list[str]:
    """Outputs are stored from one run from top to bottom, so that they are what the code gives."""
    code = [(n, cell) for n, cell in _code(notebook) if cell["source"].strip()]
    for due, (n, cell) in enumerate(code, start=1):
        if cell.get("execution_count") != due:
            return [
                f"cell {n}: execution count {cell.get('execution_count')} where {due} is due; "
                "restart, run all, save"
            ]
    return []


def no_stored_error(notebook: dict, context: Context) -> list[str]:
    """No cell has failed, for a green build must not hide a failing notebook."""
    return [
        f"cell {n}: stores the error {output.get('ename', '')}; mend the cell and run it again"
        for n, cell in _code(notebook)
        for output in cell.get("outputs", [])
        if output.get("output_type") == "error"
    ]


def no_stderr(notebook: dict, context: Context) -> list[str]:
    """No cell warns, for a reader can't tell a harmless warning from a true one."""
    return [
        f"cell {n}: stores a stderr stream ('{str(output.get('text', ''))[:60].strip()}'); "
        "remove what causes it"
        for n, cell in _code(notebook)
        for output in cell.get("outputs", [])
        if output.get("name") == "stderr"
    ]


def size(notebook: dict, context: Context) -> list[str]:
    """A notebook is small enough to open at once and to be kept in git."""
    taken = len(json.dumps(notebook, indent=1, ensure_ascii=False).encode())
    most = context.limits.bytes
    if taken <= most:
        return []
    return [f"{taken // 1000} kB, more than {most // 1000}; draw fewer points or show less output"]


# Rules: figures -----------------------------------------------------------------------------------

MARKDOWN_RASTER = re.compile(
    r"(?:!\[[^\]]*\]\(|\{(?:figure|image)\}\s*)(\S+\.(?:png|jpe?g|gif|webp))", re.I
)


def _format_faults(n: int, cell: dict) -> list[str]:
    images = _images(cell)
    svgs = [str(d["image/svg+xml"]) for d in _data(cell) if "image/svg+xml" in d]
    raster = sorted(set(images) - {"image/svg+xml"})
    raster += re.findall(r"data:image/(?:png|jpeg|gif|webp)", _html(cell))
    if raster:
        return [f"cell {n}: stores {raster[0]}; let datawall.plots draw it as SVG only"]
    if len(svgs) > 1:
        return [f"cell {n}: {len(svgs)} figures in one cell; give each its own cell and caption"]
    if _figure_options(cell) and not svgs:
        return [f"cell {n}: has a caption but no stored figure; run it and save"]
    if svgs and "<svg" not in svgs[0]:
        return [f"cell {n}: the stored figure is not SVG; run it again"]
    return []


def figure_format(notebook: dict, context: Context) -> list[str]:
    """Figures are SVG, one to a cell: sharp at any size, small, and readable as text."""
    faults = [fault for n, cell in _code(notebook) for fault in _format_faults(n, cell)]
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
    for n, cell in _figures(notebook):
        alt = str(_myst_options(cell, "image").get("alt", ""))
        caption = str(_figure_options(cell).get("caption", ""))
        faults += _alt_faults(f"cell {n}", alt, caption, context.limits)
    return faults


def figure_caption(notebook: dict, context: Context) -> list[str]:
    """A caption is a sentence that states the finding, so that figures alone tell the chapter."""
    faults = []
    for n, cell in _figures(notebook):
        caption = str(_figure_options(cell).get("caption", ""))
        faults += _caption_faults(f"cell {n}", caption, context.limits)
    return faults


def figure_names(notebook: dict) -> dict[int, str]:
    """Return the name of the figure of each figure cell, empty if it has none."""
    return {n: str(_figure_options(c).get("name", "")) for n, c in _figures(notebook)}


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
    """A chapter has enough figures to show what it found and few enough to be looked at."""
    shown = [n for n, cell in _ordinary(notebook) if "image/svg+xml" in _images(cell)]
    least, most = context.limits.figures
    if least <= len(shown) <= most:
        return []
    what = "draw more of what was found" if len(shown) < least else "keep those that matter"
    return [f"{len(shown)} figures outside exercises, not {least} to {most}; {what}"]


def figure_read(notebook: dict, context: Context) -> list[str]:
    """A figure is followed by a sentence that reads it, for what is seen is not yet understood."""
    faults, all_blocks = [], blocks(notebook)
    for n in [n for n, cell in _code(notebook) if _images(cell) or _is_interactive(cell)]:
        after = [b for b in all_blocks if b.number == n + 1][:1]
        opens = after and after[0].kind == "markdown" and after[0].level == 0
        spans = _spans(_parse(after[0].source), 1) if opens else iter(())
        _, first, _ = next(spans, (0, "", []))
        if count_words(FORMULA.sub(OBJECT, first)) < context.limits.reading_words:
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
    return name.startswith(("datawall.plots", "matplotlib"))


def _drawing_names(notebook: dict, imported: dict[str, str]) -> set[str]:
    """Return the names that hold the plotting library or what it gave, such as ``ax``."""
    names = {name for name, full in imported.items() if _draws(full)}
    for _, cell in _code(notebook):
        for node in _walk(cell["source"]):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                continue
            if _dotted(node.value).split(".")[0] in names:
                inner = [t for target in node.targets for t in ast.walk(target)]
                names |= {t.id for t in inner if isinstance(t, ast.Name)}
    return names


def _only_plots(source: str, drawing: set[str]) -> bool:
    if any(isinstance(node, ast.FunctionDef | ast.Lambda) for node in _walk(source)):
        return False
    roots = {_dotted(call.func).split(".")[0] for call in _calls(source)}
    return bool(roots & drawing) and roots <= drawing | BUILTINS


def figure_code_hidden(notebook: dict, context: Context) -> list[str]:
    """A figure's code is folded if it only plots, since what teaches is the figure."""
    drawing = _drawing_names(notebook, _imported(notebook))
    return [
        f"cell {n}: only plots and isn't folded; add the tag hide-input"
        for n, cell in _figures(notebook)
        if "hide-input" not in _tags(cell)
        and "exercise" not in _tags(cell)
        and _only_plots(cell["source"], drawing)
    ]


def _interactive_faults(n: int, cell: dict, limits: Limits) -> list[str]:
    where = f"cell {n}"
    figure = BeautifulSoup(_html(cell), "html.parser").select_one("figure.vega-figure")
    if figure is None:
        return [f"{where}: a chart without its <figure>; show it by datawall.plots.interactive"]
    if not any("vnd.vegalite" in mime for data in _data(cell) for mime in data):
        return [f"{where}: no Vega-Lite output for notebooks; use datawall.plots.interactive"]
    script = figure.find("script", type="application/vnd.vegalite+json")
    try:
        json.loads(script.get_text() if script else "")
    except ValueError:
        return [f"{where}: the chart's specification isn't JSON; use datawall.plots.interactive"]
    if re.search(r'"url"\s*:\s*"', script.get_text()):
        return [f"{where}: the chart loads its data from an address; put the data in the chart"]
    closing = figure.find("figcaption")
    caption = closing.get_text(" ", strip=True) if closing else ""
    alt = str(figure.get("aria-label", ""))
    return _alt_faults(where, alt, caption, limits) + _caption_faults(where, caption, limits)


def interactive_figure(notebook: dict, context: Context) -> list[str]:
    """An interactive figure works without a kernel or network and says what it shows."""
    found = _interactive(notebook)
    return [f for n, cell in found for f in _interactive_faults(n, cell, context.limits)]


def _has_table(block: Block, notebook: dict) -> bool:
    if block.kind != "markdown":
        cell = notebook["cells"][block.number]
        written = [str(data.get("text/markdown", "")) for data in _data(cell)]
        return "<table" in _html(cell) or any(re.search(r"\|\s*:?-+", text) for text in written)
    tokens = _parse(block.source)
    tables = TABLE_DIRECTIVES.intersection(name for name, _, _ in _directives(tokens))
    return bool(tables) or any(token.type == "table_open" for token in tokens)


def interactive_table(notebook: dict, context: Context) -> list[str]:
    """A table follows an interactive figure in its section, for those who can't use the figure."""
    all_blocks, faults = blocks(notebook), []
    for n, _ in _interactive(notebook):
        section = next(b.section for b in all_blocks if b.number == n)
        later = [b for b in all_blocks if b.number > n and b.section == section]
        if not any(_has_table(block, notebook) for block in later):
            faults.append(
                f"cell {n}: no table follows the interactive figure in '{section}'; "
                "add one with its main values"
            )
    return faults


# Rules: exercises and quiz ------------------------------------------------------------------------


def _parts(notebook: dict, section: str) -> list[list[Block]]:
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


def _numbering_faults(parts: list[list[Block]], pattern: str, form: str) -> list[str]:
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


def exercise_headings(notebook: dict, context: Context) -> list[str]:
    """Exercises are enough, titled and numbered from 1, so that a teacher can name one."""
    parts = _parts(notebook, "Exercises")
    faults = _numbering_faults(parts, r"Exercise (\d+): \S.*", "### Exercise 1: title")
    if len(parts) < context.limits.exercises:
        faults.append(f"{len(parts)} exercises, fewer than {context.limits.exercises}; add some")
    return faults


def _exercise_kind(opening: Block) -> str:
    lines = [line.strip() for line in opening.source.splitlines()[1:] if line.strip()]
    match = re.fullmatch(r"\*(\w+)\*", lines[0]) if lines else None
    return match[1] if match else ""


def exercise_kinds(notebook: dict, context: Context) -> list[str]:
    """Every chapter asks for a prediction, for code and for judgement, and says which is asked."""
    kinds_due = ", ".join(f"*{kind}*" for kind in KINDS)
    openings = [part[0] for part in _parts(notebook, "Exercises")]
    kinds = [_exercise_kind(opening) for opening in openings]
    faults = [
        f"cell {opening.number}: no kind below the heading; write one of {kinds_due}"
        for opening, kind in zip(openings, kinds, strict=True)
        if kind not in KINDS
    ]
    return faults + [
        f"{kinds.count(kind)} exercises of kind {kind}, fewer than {least}; add one"
        for kind, least in KINDS.items()
        if kinds.count(kind) < least
    ]


def _exercise_cell(part: list[Block], notebook: dict, role: str) -> list[int]:
    code = [b.number for b in part if b.kind == "code"]
    return [n for n in code if {"exercise", role} <= _tags(notebook["cells"][n])]


def _solution_text_faults(n: int, cell: dict) -> list[str]:
    source = cell["source"]
    if cell["cell_type"] != "markdown" or not source.startswith('<details class="solution">'):
        return [
            f"cell {n}: no worked solution after the stub; begin a Markdown cell with "
            '<details class="solution">'
        ]
    if "<summary>Worked solution</summary>" not in source:
        return [f"cell {n}: no <summary>Worked solution</summary>; add it"]
    if source.count("<details") != source.count("</details>"):
        return [f"cell {n}: <details> is not closed in its cell; add </details>"]
    return []


def _exercise_faults(part: list[Block], notebook: dict) -> list[str]:
    cells, title, start = notebook["cells"], part[0].part, part[0].number
    stubs = _exercise_cell(part, notebook, "stub")
    solutions = _exercise_cell(part, notebook, "solution")
    if len(stubs) != 1 or len(solutions) != 1:
        return [
            f"cell {start}: '{title}' has {len(stubs)} stubs and {len(solutions)} solutions, "
            "not one of each; tag a cell exercise and stub, another exercise and solution"
        ]
    stub, solution = stubs[0], solutions[0]
    if solution != stub + 2:
        return [
            f"cell {stub}: the stub is not followed by the worked solution's text and then its "
            "code; put them so"
        ]
    faults = _solution_text_faults(stub + 1, cells[stub + 1])
    metadata = cells[solution]["metadata"]
    hidden = metadata.get("jupyter", {}).get("source_hidden") is True
    if "hide-cell" not in _tags(cells[solution]) or not hidden:
        faults.append(
            f"cell {solution}: the solution is not hidden; add the tag hide-cell and the "
            "metadata jupyter: {source_hidden: true}"
        )
    return faults


def exercise_cells(notebook: dict, context: Context) -> list[str]:
    """An exercise has a stub to fill in and a worked solution that is hidden until asked for."""
    parts = _parts(notebook, "Exercises")
    faults = [fault for part in parts for fault in _exercise_faults(part, notebook)]
    inside = {b.number for part in parts for b in part}
    for n, cell in _code(notebook):
        roles = _tags(cell) & {"stub", "solution"}
        if "exercise" in _tags(cell) and (n not in inside or len(roles) != 1):
            faults.append(f"cell {n}: tagged exercise, but is no stub or solution of one; untag it")
    return faults


def exercise_checks(notebook: dict, context: Context) -> list[str]:
    """Stub and solution call the same check, so that the solution is held to what is asked."""
    faults = []
    for due, part in enumerate(_parts(notebook, "Exercises"), start=1):
        name = f"{context.chapter}/{due}"
        roles = ("stub", "solution")
        for n in [n for role in roles for n in _exercise_cell(part, notebook, role)]:
            source = notebook["cells"][n]["source"]
            if _checked(source) != [name]:
                faults.append(f'cell {n}: doesn\'t call check("{name}", answer) once; let it')
            if source.splitlines()[:1] != [MARK]:
                faults.append(f"cell {n}: doesn't begin with '{MARK}'; add the line")
    return faults


def exercise_outputs(notebook: dict, context: Context) -> list[str]:
    """A stored stub says 'Not yet' and a stored solution 'Right', so that both are known to run."""
    faults = []
    for n, cell in _code(notebook):
        shown, tags = _shown_text(cell), _tags(cell)
        unsolved = "Not yet" in shown
        if {"exercise", "stub"} <= tags and not unsolved:
            faults.append(
                f"cell {n}: the stub's stored output doesn't say 'Not yet'; take the "
                "answer out and run it"
            )
        if {"exercise", "solution"} <= tags and (unsolved or not re.search(r"\bRight\b", shown)):
            faults.append(
                f"cell {n}: the solution's stored output doesn't say 'Right'; mend the "
                "solution and run it"
            )
    return faults


def quiz_questions(notebook: dict, context: Context) -> list[str]:
    """A quiz has a few questions, numbered from 1, that cover the chapter in five minutes."""
    parts = _parts(notebook, "Quiz")
    faults = _numbering_faults(parts, r"Question (\d+)", "### Question 1")
    least, most = context.limits.questions
    if not least <= len(parts) <= most:
        faults.append(f"{len(parts)} questions in the quiz, not {least} to {most}; add or cut")
    for part in parts:
        asked = "".join(b.source for b in part).split("<details")[0].splitlines()[1:]
        if count_words(" ".join(asked)) < 3:
            faults.append(f"cell {part[0].number}: '{part[0].part}' asks nothing; ask it")
    return faults


CHOICE = re.compile(
    r'<details class="choice">\s*<summary>(?P<text>.*?)</summary>(?P<reason>.*?)</details>', re.S
)


def _choice_faults(where: str, choice: re.Match, limits: Limits) -> list[str]:
    text, reason = choice["text"].strip(), choice["reason"]
    where = f"{where}, choice '{text[:40]}'"
    if not text:
        return [f"{where}: the choice has no text; type it in <summary>"]
    if not re.match(r"[ \t]*\n[ \t]*\n", reason):
        return [f"{where}: no blank line after </summary>; add one, else the reason isn't Markdown"]
    verdict = re.match(r"\*\*(Right|Wrong)\.\*\*", reason.strip())
    if not verdict:
        return [f"{where}: the reason doesn't begin with **Right.** or **Wrong.**; add it"]
    given = count_words(reason.strip()[verdict.end() :])
    if given < limits.reason_words:
        return [f"{where}: the reason has {given} words, fewer than {limits.reason_words}; say why"]
    return []


def _question_faults(part: list[Block], limits: Limits) -> list[str]:
    where = f"cell {part[0].number}, {part[0].part}"
    source = "".join(block.source for block in part)
    choices = list(CHOICE.finditer(source))
    if len(choices) != source.count("<details") or len(choices) != source.count("</details>"):
        return [
            f'{where}: a choice is not <details class="choice"><summary>text</summary>, a '
            "blank line, the reason and </details>; write it so"
        ]
    faults = [f for choice in choices for f in _choice_faults(where, choice, limits)]
    if len(choices) < limits.choices:
        faults.append(f"{where}: {len(choices)} choices, fewer than {limits.choices}; add some")
    right = sum(choice["reason"].strip().startswith("**Right.**") for choice in choices)
    if right != 1:
        faults.append(f"{where}: {right} right choices, not one; make exactly one right")
    return faults


def quiz_choices(notebook: dict, context: Context) -> list[str]:
    """Each choice has a reason, right or wrong, for a wrong answer teaches only if told why."""
    parts = _parts(notebook, "Quiz")
    return [fault for part in parts for fault in _question_faults(part, context.limits)]


# Rules: references --------------------------------------------------------------------------------


def _roles(notebook: dict) -> list[tuple[str, str, str]]:
    return [(piece.where, *role) for piece in prose(notebook) for role in piece.roles]


def cited_keys(notebook: dict) -> list[tuple[str, str]]:
    """Return where and what a notebook cites, one key each."""
    cites = [
        (w, text)
        for w, name, text in _roles(notebook)
        if name.split(":")[0] in ("cite", "footcite")
    ]
    plain = [(where, re.sub(r"\{[^}]*\}", "", text)) for where, text in cites]
    return [(where, key.strip()) for where, keys in plain for key in keys.split(",")]


def citations(notebook: dict, context: Context) -> list[str]:
    """Each cited key is in the bibliography, for a claim without a source can't be checked."""
    return [
        f"{where}: '{key}' is cited but not in book/references.bib; add the entry or mend the key"
        for where, key in cited_keys(notebook)
        if key not in context.bibliography
    ]


def glossary_terms(notebook: dict, context: Context) -> list[str]:
    """Each term that a chapter links to is defined in the glossary."""
    faults = []
    for where, name, text in _roles(notebook):
        target = re.search(r"<([^>]+)>\s*$", text)
        term = (target[1] if target else text).strip()
        if name == "term" and term.lower() not in context.terms:
            faults.append(f"{where}: the term '{term}' is not in book/glossary.md; define it")
    return faults


def glued_values(notebook: dict) -> list[tuple[int, str, dict]]:
    """Return the cell, the key and the data of everything that a notebook glues."""
    found = []
    for n, cell in _code(notebook):
        for output in cell.get("outputs", []):
            scrap = output.get("metadata", {}).get("scrapbook")
            if not scrap:
                continue
            data = {mime.removeprefix(GLUE_PREFIX): v for mime, v in output["data"].items()}
            found.append((n, scrap["name"].removeprefix(GLUE_PREFIX), data))
    return found


def quoted_keys(notebook: dict) -> list[tuple[str, str, str, str | None]]:
    """Return where, chapter ('' for this one), key and format of each glued value quoted."""
    found = []
    for where, name, text in _roles(notebook):
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


def glue_resolves(notebook: dict, context: Context) -> list[str]:
    """Each quoted result has been glued, else the page shows a hole."""
    own = {key for _, key, _ in glued_values(notebook)}
    faults = []
    for where, chapter, key, _ in quoted_keys(notebook):
        glued = context.glued.get(chapter, frozenset()) if chapter else own
        place = chapter or "this notebook"
        if key not in glued:
            faults.append(f"{where}: '{key}' is quoted but not glued in {place}; glue it and run")
    return faults


def glue_formats(notebook: dict, context: Context) -> list[str]:
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
                "glue a plain float or int"
            )
    return faults


def glue_used(notebook: dict, context: Context) -> list[str]:
    """Each glued result is quoted and glued once; one that nobody quotes misleads."""
    used = {key for _, chapter, key, _ in quoted_keys(notebook) if not chapter}
    used |= context.quoted
    faults, seen = [], set()
    for n, key, _ in glued_values(notebook):
        if key in seen:
            faults.append(f"cell {n}: '{key}' is glued a second time; glue it once")
        elif key not in used:
            faults.append(f"cell {n}: '{key}' is glued but never quoted; quote it or drop it")
        seen.add(key)
    return faults


def ledger_ids(notebook: dict, context: Context) -> list[str]:
    """Each figure that is quoted from the ledger, and each claim checked, is in it."""
    known = {claim.get("id") for claim in context.claims}
    chapters = {claim.get("chapter") for claim in context.claims}
    faults = [
        f"{where}: the ledger has no claim '{text}'; add it to book/ledger.toml or mend the id"
        for where, name, text in _roles(notebook)
        if name in ("published", "measured") and text.strip() not in known
    ]
    faults += [
        f"{where}: the ledger has no claim of chapter '{text}'; mend the directive's argument"
        for where, name, text in _roles(notebook)
        if name == "ledger" and text and text not in chapters
    ]
    return faults + [
        f"cell {n}: the ledger has no claim '{name}' to check; mend the id"
        for n, cell in _code(notebook)
        for name in _checked(cell["source"], "ledger")
        if name not in known
    ]


def ledger_checked(notebook: dict, context: Context) -> list[str]:
    """A chapter checks each of its claims that has a tolerance, so that it fails if one drifts."""
    cells = [cell for _, cell in _ordinary(notebook)]
    checking = [
        c for c in cells if any(_dotted(x.func) == "ledger.check" for x in _calls(c["source"]))
    ]
    nodes = (node for cell in checking for node in _walk(cell["source"]))
    checked = {node.value for node in nodes if isinstance(node, ast.Constant)}  # in a loop, too
    stored = {data[MEASURED]["id"] for cell in cells for data in _data(cell) if MEASURED in data}
    faults = []
    for claim in context.claims:
        name = claim.get("id")
        if claim.get("chapter") != context.chapter or "tolerance" not in claim:
            continue
        if name not in checked:
            faults.append(
                f"the claim '{name}' has a tolerance but no check; "
                f'call ledger.check("{name}", value, low, high)'
            )
        elif name not in stored:
            faults.append(
                f"the claim '{name}' is checked but no output holds its value; "
                "let the check end its cell, or display it"
            )
    return faults


# The whole book -----------------------------------------------------------------------------------


def ledger_sources(notebooks: Mapping[str, dict], context: Context) -> list[str]:
    """Each claim of the ledger has its source in the bibliography, since its table cites it."""
    return [
        f"ledger.toml: the claim '{claim.get('id')}' has the source '{claim.get('source')}', which "
        "is not in book/references.bib; add the entry or mend the key"
        for claim in context.claims
        if claim.get("source") not in context.bibliography
    ]


def unused_bibliography(notebooks: Mapping[str, dict], context: Context) -> list[str]:
    """Each entry of the bibliography is cited in a page, a chapter or the ledger."""
    cited = {key for notebook in notebooks.values() for _, key in cited_keys(notebook)}
    cited |= {claim.get("source") for claim in context.claims}
    return [
        f"'{key}' is in book/references.bib but nowhere cited; cite it or remove it"
        for key in sorted(context.bibliography - cited)
    ]


CHAPTER_RULES = (
    well_formed, skeleton, header, reading_time, words, raw_html_roles, typed_references,
    hand_typed_numbers,
    code_cell_count, cell_length, parses, imports_first, public_names, offline, seeds_named,
    executed_in_order, no_stored_error, no_stderr, size,
    figure_format, figure_alt, figure_caption, figure_name, figure_count, figure_read,
    figure_code_hidden, interactive_figure, interactive_table,
    exercise_headings, exercise_kinds, exercise_cells, exercise_checks, exercise_outputs,
    quiz_questions, quiz_choices,
    citations, glossary_terms, glue_resolves, glue_formats, glue_used, ledger_ids, ledger_checked,
)  # fmt: skip
PAGE_RULES = (
    raw_html_roles, typed_references, citations, glossary_terms, glue_resolves, ledger_ids,
)  # fmt: skip
BOOK_RULES = (ledger_sources, unused_bibliography)
RULES = CHAPTER_RULES + BOOK_RULES
