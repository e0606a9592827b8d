"""Hold every chapter and page of the book to the rules of the package ``invariants``."""

from functools import lru_cache
from pathlib import Path

import pytest

import answering
import invariants
from invariants import figures, prose, quotes, reading
from invariants.context import Context
from rerun import pictures

BOOK = Path(__file__).parent.parent / "book"
CHAPTERS = sorted(BOOK.glob("*.ipynb"))
PAGES = sorted(BOOK.glob("*.md"))
NUMBERED = ("intro.md", "chinese.md")  # pages whose prose must not hold numbers typed by hand


def read(name: str) -> str:
    path = BOOK / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


@lru_cache
def notebooks() -> dict:
    """Every chapter that can be read, by its name."""
    read_ones = {path.stem: reading.read_notebook(read(path.name))[0] for path in CHAPTERS}
    return {name: notebook for name, notebook in read_ones.items() if notebook}


@lru_cache
def pages() -> dict:
    return {path.stem: reading.page(read(path.name)) for path in PAGES}


@lru_cache
def context(chapter: str) -> Context:
    """What one chapter, or a page, must agree with."""
    others = {name: notebook for name, notebook in notebooks().items() if name != chapter}
    named = {
        figure: name
        for name, notebook in others.items()
        for figure in figures.figure_names(notebook).values()
    }
    quoted = frozenset(
        key
        for notebook in (others | pages()).values()
        for _, source, key, _ in quotes.quoted_keys(notebook)
        if source == chapter
    ) | {name for claim, name, _ in answering.fields(chapter) if not claim}  # on its page's form
    return Context(
        chapter=chapter,
        bibliography=reading.parse_bibliography(read("references.bib")),
        claims=reading.parse_ledger(read("ledger.toml")),
        figures=named,
        quoted=quoted,
    )


def hold(name: str, rule, faults: list[str]) -> None:
    """Fail if there are faults: one line for each, below the rule and why it is one."""
    if faults:
        lines = [f"{name} breaks {rule.__name__}: {rule.__doc__}", *faults]
        pytest.fail("\n".join(lines), pytrace=False)


def test_the_book_has_chapters():
    assert CHAPTERS, f"no chapter in {BOOK}: these tests would pass over nothing"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_can_be_read(path):
    _, faults = reading.read_notebook(read(path.name))
    if faults:
        pytest.fail(f"{path.name}: {faults[0]}", pytrace=False)


@pytest.mark.parametrize("rule", invariants.CHAPTER_RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter(path, rule):
    notebook = notebooks().get(path.stem)
    if notebook is None:
        pytest.skip("can't be read: see test_chapter_can_be_read")
    hold(path.name, rule, rule(notebook, context(path.stem)))


@pytest.mark.parametrize("rule", invariants.PAGE_RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_page(path, rule):
    hold(path.name, rule, rule(pages()[path.stem], context(path.stem)))


@pytest.mark.parametrize("page", NUMBERED)
def test_no_number_is_typed_by_hand_on(page):
    name, rule = Path(page).stem, prose.hand_typed_numbers
    hold(page, rule, rule(pages()[name], context(name)))


@pytest.mark.parametrize("rule", invariants.BOOK_RULES, ids=lambda rule: rule.__name__)
def test_book(rule):
    hold("the book", rule, rule(notebooks() | pages(), context("")))


def test_pictures_on_other_pages_are_the_chapters_own():
    shown = {name: svg for nb in notebooks().values() for name, svg in pictures(nb).items()}
    assert shown, "no chapter names a picture, but the introduction shows one"
    for name, svg in shown.items():
        stored = (BOOK / "_static" / name).read_text(encoding="utf-8")
        assert stored == svg, f"{name} is not what its chapter drew: run `make rerun`"
