"""A chapter as a teacher takes it apart: its figures, exercises, questions and summary.

Everything is read from the full edition, in which numbers, citations and figure numbers are written
out, so that what is made of it can't differ from the chapter.
"""

import base64
import re
from dataclasses import dataclass, field

import vl_convert

import quiz

SECTION = re.compile(r"^## (.+)$", re.M)
FIELD = re.compile(r"^- \*\*(.+?):\*\* (.*)$", re.M)
ANSWER = re.compile(r'<details class="answer">\s*<summary>.*?</summary>(.*?)</details>', re.S)
SOLUTION = re.compile(r'<details class="solution">\s*<summary>.*?</summary>(.*?)</details>', re.S)
EXERCISE = re.compile(r"^### Exercise (\d+): (.+?)\s*\n+\*(\w+)\*\s*\n+(.*)", re.S)
CHOICE = re.compile(
    r'<details class="choice"><summary>(.*?)</summary>\s*\*\*(Right|Wrong)\.\*\*\s*(.*?)</details>',
    re.S,
)
CAPTION = re.compile(r"\*\*(.+?)\.\*\* (.*)", re.S)
CHART = re.compile(
    r'<figure class="vega-figure"(?: id="(?P<name>[^"]*)")?[^>]*?aria-label="(?P<alt>[^"]*)"'
    r".*?<figcaption><strong>(?P<number>.*?)\.</strong> (?P<caption>.*?)</figcaption>",
    re.S,
)
EQUATION = re.compile(r"\$\$(?:(?!\$\$).)*?\\tag\{([\d.]+)\}.*?\$\$", re.S)
VEGALITE = "application/vnd.vegalite.v5+json"


@dataclass(frozen=True)
class Figure:
    """A figure: its name and number, what its caption finds, what is to be seen, how it is read.

    svg: the drawing; png: the same as bytes, or None for an interactive one.
    """

    name: str
    number: str
    caption: str
    alt: str
    reading: str
    svg: str
    png: bytes | None = None

    @property
    def finding(self):
        """The caption's first sentence."""
        return (
            re.split(r"(?<=[a-z0-9)%])\. (?=[A-Z])", self.caption, maxsplit=1)[0].rstrip(".") + "."
        )


@dataclass(frozen=True)
class Exercise:
    """An exercise: its number, title and kind; what it asks; how it is solved, with the code."""

    number: int
    title: str
    kind: str
    prompt: str
    solution: str
    code: str


@dataclass(frozen=True)
class Question:
    """A question of the quiz; choices are texts, each with whether it is right, and the reason."""

    number: int
    prompt: str
    choices: tuple[tuple[str, bool, str], ...]


@dataclass(frozen=True)
class Lesson:
    """A chapter: header fields, sections as Markdown by their title, its parts.

    equations: each as Markdown, by its number.
    """

    name: str
    title: str
    header: dict[str, str]
    answer: str
    sections: dict[str, str]
    figures: tuple[Figure, ...]
    exercises: tuple[Exercise, ...]
    questions: tuple[Question, ...]
    equations: dict[str, str] = field(default_factory=dict)

    @property
    def summary(self):
        """The points of the summary, as Markdown."""
        points = re.findall(r"^- (.*(?:\n(?!- |\n).*)*)", self.sections["Summary"], re.M)
        return [point for point in points if not point.startswith("[")]


def read(name, full, source):
    """The lesson of a chapter, from its full edition and from its source, as notebooks."""
    cells = [cell for cell in full.cells if cell.id != "references"]
    head = cells[0].source
    title = head.partition("\n")[0].removeprefix("# ").strip()
    found = ANSWER.search(head)
    return Lesson(
        name=name,
        title=title,
        header=dict(FIELD.findall(head)),
        answer=found[1].strip() if found else "",
        sections=_sections(cells),
        figures=tuple(_figures(cells, source)),
        exercises=tuple(_exercises(cells)),
        questions=tuple(_questions(cells)),
        equations=_equations(cells),
    )


def _sections(cells):
    """The Markdown of each section, without heading, captions and code.

    That of "Predict" ends where the reader's guess is taken: what comes after may tell the answer.
    """
    found, title = {}, None
    taken = False
    for cell in cells:
        if cell.cell_type == "code":
            taken = taken or (title == "Predict" and cell.source.startswith("my_"))
            continue
        if cell.id.endswith("-caption"):
            continue
        first, *parts = SECTION.split(cell.source)
        if title and first.strip() and not (title == "Predict" and taken):
            found[title].append(first.strip())
        for heading, body in zip(parts[::2], parts[1::2], strict=True):
            title = heading.strip()
            found[title] = [body.strip()]
    return {title: "\n\n".join(part for part in text if part) for title, text in found.items()}


def _equations(cells):
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return {found[1]: found[0] for found in EQUATION.finditer(text)}


def _figures(cells, source):
    alts = {
        cell.id: cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        for cell in source.cells
    }
    names = {
        cell.id: cell.metadata.get("mystnb", {}).get("figure", {}).get("name", cell.id)
        for cell in source.cells
    }
    for place, cell in enumerate(cells):
        if cell.cell_type != "code":
            continue
        data = {mime: held for out in cell.outputs for mime, held in out.get("data", {}).items()}
        after = cells[place + 1] if place + 1 < len(cells) else None
        if "image/svg+xml" in data and after is not None and after.id == f"{cell.id}-caption"[:64]:
            number, caption = CAPTION.match(after.source).groups()
            yield Figure(
                name=names[cell.id],
                number=number,
                caption=caption.strip(),
                alt=alts[cell.id],
                reading=_reading(cells, place + 2),
                svg="".join(data["image/svg+xml"]),
                png=base64.b64decode("".join(data["image/png"])),
            )
        elif VEGALITE in data and (found := CHART.search("".join(data.get("text/html", "")))):
            yield Figure(
                name=found["name"] or cell.id,
                number=found["number"],
                caption=_finding_first(found["caption"]),
                alt=found["alt"],
                reading=_reading(cells, place + 1),
                svg=vl_convert.vegalite_to_svg(data[VEGALITE]),
            )


def _finding_first(caption):
    """An interactive figure's caption, without the word that says that it is one."""
    return re.sub(r"<[^>]+>", "", caption).strip().removeprefix("Interactive.").strip()


def _reading(cells, place):
    """The first paragraph after a figure: what it shows."""
    for cell in cells[place : place + 2]:
        if cell.cell_type == "markdown":
            return re.split(r"\n\s*\n|^#", cell.source.strip(), maxsplit=1, flags=re.M)[0].strip()
    return ""


def _exercises(cells):
    for place, cell in enumerate(cells):
        found = EXERCISE.match(cell.source) if cell.cell_type == "markdown" else None
        if not found:
            continue
        number, title, kind, prompt = found.groups()
        rest = cells[place + 1 : place + 5]
        solution = next(
            (
                s[1].strip()
                for c in rest
                if c.cell_type == "markdown" and (s := SOLUTION.search(c.source))
            ),
            "",
        )
        code = next((c.source for c in rest if "solution" in c.metadata.get("tags", [])), "")
        yield Exercise(int(number), title, kind, prompt.strip(), solution, code)


def _questions(cells):
    for cell in cells:
        if cell.cell_type != "markdown":
            continue
        for found in quiz.QUESTION.finditer(cell.source):
            prompt = CHOICE.sub("", found[0]).partition("\n")[2].strip()
            choices = tuple(
                (text.strip(), verdict == "Right", reason.strip())
                for text, verdict, reason in CHOICE.findall(found[0])
            )
            yield Question(int(found[1]), prompt, choices)
