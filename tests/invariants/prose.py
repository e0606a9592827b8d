"""Rules for what is read: skeleton, header, words, and numbers that nobody types by hand."""

import math
import re

from invariants import markdown
from invariants.context import GIVENS, HEADER, SKELETON, Context


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
    found = [b for b in markdown.blocks(notebook) if b.level == 2]
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
    titles = [block.number for block in markdown.blocks(notebook) if block.level == 1]
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
    due = math.ceil(markdown.word_count(notebook) / limits.words_a_minute)
    if not typed:
        return [f"cell 0: the reading time is not '{due} minutes'; type it so"]
    if abs(int(typed[1]) - due) <= limits.reading_time_slack * due:
        return []
    return [f"cell 0: the reading time is {typed[1]} minutes, but the words take {due}; type {due}"]


def words(notebook: dict, context: Context) -> list[str]:
    """A chapter is read in one sitting: its prose has a least and a most number of words."""
    count = markdown.word_count(notebook)
    least, most = context.limits.words
    if least <= count <= most:
        return []
    what = "say more, or join chapters" if count < least else "cut, or split the chapter"
    return [f"{count} words outside exercises and quiz, not {least} to {most}; {what}"]


def raw_html_roles(notebook: dict, context: Context) -> list[str]:
    """MyST leaves a block of raw HTML as it is, so a role typed in it would be shown as typed."""
    faults = []
    for block in markdown.blocks(notebook):
        if block.kind != "markdown":
            continue
        for token in markdown.parse(block.source):
            roles = markdown.ROLE.findall(token.content) if token.type == "html_block" else []
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


def typed_numbers(piece: markdown.Prose) -> list[str]:
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
        for piece in markdown.prose(notebook)
        for number in typed_numbers(piece)
    ]
