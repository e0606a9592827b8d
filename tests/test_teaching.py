"""What teachers take from the site: lessons read from chapters; slides, sheets, keys, figures."""

import csv
import io
import re
import xml.etree.ElementTree as ET
from types import SimpleNamespace
from zipfile import ZipFile

import nbformat
import pytest
import vl_convert
from bs4 import BeautifulSoup
from PIL import Image

import answering
from datawall import BOOK
from teaching import decks, lesson, pack, sheets, writing

CHAPTERS = sorted(path.stem for path in BOOK.glob("*.ipynb"))
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M1,1L2,2"/></svg>'
HEAD = """# A title: with a question?

- **Asks:** what is it worth?
- **Run time:** 3 seconds.

<details class="answer">
<summary>The answer in one sentence</summary>

It is worth 2 [1, 3].

</details>"""
SOLVED = """<details class="solution">
<summary>Worked solution</summary>

Since $x$ is two.

</details>"""
QUESTION = """### Question 1

Which?

<details class="choice"><summary>This</summary>

**Wrong.** It isn't.

</details>

<details class="choice"><summary>That $y$</summary>

**Right.** It is.

</details>"""


def markdown(name, text):
    return nbformat.v4.new_markdown_cell(text, id=name)


def code(name, source, tags=(), data=None):
    outputs = [nbformat.v4.new_output("display_data", data)] if data else []
    return nbformat.v4.new_code_cell(
        source, id=name, outputs=outputs, metadata={"tags": list(tags)}
    )


@pytest.fixture
def one():
    picture = {"image/svg+xml": SVG, "image/png": "aGVsbG8="}
    cells = [
        markdown("a", HEAD),
        markdown("b", "## The claim\n\nSomebody says [so](other.ipynb)."),
        markdown("c", "## Predict\n\nHow much?"),
        code("guess", "my_guess = None  # put your own"),
        code("d", "draw()", data=picture),
        markdown("d-caption", "**Figure 4.2.** It falls by 2.5 %. Then it stays."),
        markdown("e", "Read it so.\n\nAnd no further."),
        markdown("eq", "So\n\n$$\nx = y \\tag{4.1}\n$$\n\nand\n\n$$\nu = v \\tag{4.2}\n$$"),
        markdown("f", "## What a toy can't tell\n\nMuch."),
        markdown("g", "## Exercises\n\nReplace the dots."),
        markdown("h", "### Exercise 1: an honest discount\n\n*Prediction*\n\nHow many, by (4.1)?"),
        code("i", "x = ...", ["exercise", "stub"]),
        markdown("j", SOLVED),
        code("k", "x = 2", ["exercise", "solution"]),
        markdown("l", "## Quiz"),
        markdown("m", QUESTION),
        markdown("n", "## Summary\n\n- One point,\n  in two lines.\n- Another.\n\n**Read on.**"),
    ]
    full = nbformat.v4.new_notebook(cells=cells)
    seen = {"mystnb": {"figure": {"name": "fig-x"}, "image": {"alt": "A falling line"}}}
    source = SimpleNamespace(cells=[SimpleNamespace(id=c.id, metadata={}) for c in cells])
    source.cells[4].metadata = seen
    return lesson.read("repeated-epochs", full, source)


# Lessons


def test_a_chapter_is_taken_apart(one):
    assert one.title == "A title: with a question?"
    assert one.header == {"Asks": "what is it worth?", "Run time": "3 seconds."}
    assert one.answer == "It is worth 2 [1, 3]."
    assert one.sections["Predict"] == "How much?"  # and nothing that follows the guess
    assert one.sections["What a toy can't tell"] == "Much."
    assert one.summary == ["One point,\n  in two lines.", "Another."]
    (figure,) = one.figures
    assert (figure.name, figure.number, figure.alt) == ("fig-x", "Figure 4.2", "A falling line")
    assert figure.caption == "It falls by 2.5 %. Then it stays."
    assert figure.finding == "It falls by 2.5 %."
    assert (figure.reading, figure.svg, figure.png) == ("Read it so.", SVG, b"hello")
    (exercise,) = one.exercises
    assert (exercise.number, exercise.title, exercise.kind) == (
        1,
        "an honest discount",
        "Prediction",
    )
    assert exercise.prompt == "How many, by (4.1)?"
    assert (exercise.solution, exercise.code) == ("Since $x$ is two.", "x = 2")
    (question,) = one.questions
    assert question.prompt == "Which?"
    assert question.choices == (("This", False, "It isn't."), ("That $y$", True, "It is."))


# Markdown as HTML


def test_formulas_are_left_to_mathjax_and_links_to_pages_become_words():
    text = writing.html("See [there](other.ipynb), [a law](https://a.b) and $a<b$.")
    assert r'<span class="formula">\(a&lt;b\)</span>' in text
    assert "See there" in text and 'href="https://a.b"' in text
    assert writing.page("t", "sheet.css", text).count("../../_static/mathjax") == 1
    assert "mathjax" not in writing.page("t", "sheet.css", "<p>plain</p>")
    assert "<script>" not in writing.html("<script>alert(1)</script>")


# Slides


def slides(one):
    return BeautifulSoup(decks.deck(one), "html.parser")


def test_a_deck_has_a_slide_for_each_figure_titled_by_what_it_finds(one):
    page = slides(one)
    titles = [slide.h2.text for slide in page.select(".slide")]
    assert titles == [
        "A title: with a question?",
        "The claim",
        "Predict",
        "It falls by 2.5 %.",
        "What a toy can't tell",
        "Summary",
    ]
    shown = page.select_one("#slide-4")
    assert shown.img["alt"] == "A falling line"
    assert shown.img["src"].startswith("data:image/svg+xml;base64,")
    assert "Then it stays." in shown.select_one(".notes").text
    assert "Read it so." in shown.select_one(".notes").text
    # The answer is for whoever speaks.
    assert "2 [1, 3]" in page.select_one("#slide-3 .notes").text
    assert "2 [1, 3]" not in page.select_one("#slide-3 .shown").text


def test_a_long_text_goes_on_in_the_notes(one):
    long = "\n\n".join(["word " * 60, "second " * 60, "third"])
    long_one = lesson.Lesson(**{**vars(one), "sections": one.sections | {"The claim": long}})
    slide = BeautifulSoup(decks.deck(long_one), "html.parser").select_one("#slide-2")
    assert "word" in slide.select_one(".shown").text
    assert (
        "second" in slide.select_one(".notes").text and "third" in slide.select_one(".notes").text
    )


def test_a_deck_is_driven_by_keys_and_buttons_and_shows_its_notes(page, one, tmp_path):
    path = tmp_path / "deck.html"
    path.write_text(decks.deck(one), encoding="utf-8")
    page.goto(path.as_uri())
    now = page.locator(".slide").filter(visible=True)
    assert now.count() == 1 and "A title" in now.inner_text()
    for key, title in [
        ("ArrowRight", "The claim"),
        ("Space", "Predict"),
        ("PageUp", "The claim"),
        ("End", "Summary"),
        ("ArrowRight", "Summary"),  # and no further
        ("Home", "A title"),
        ("ArrowLeft", "A title"),
    ]:
        page.keyboard.press(key)
        assert now.locator("h2").inner_text().startswith(title), key
    assert not now.locator(".notes").is_visible()
    page.keyboard.press("n")
    assert now.locator(".notes").is_visible()
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Space")  # presses the button, once
    assert now.locator("h2").inner_text() == "The claim"
    page.reload()
    assert now.locator("h2").inner_text() == "The claim"
    page.emulate_media(media="print")
    assert page.locator(".slide").filter(visible=True).count() == 6


# Sheets and keys


ASKED = [{"ask": "How much", "unit": "%", "measured": "0.93 [0.58, 1.28]"}]


def test_a_sheet_asks_and_gives_nothing_away(one):
    page = BeautifulSoup(sheets.sheet(one, ASKED), "html.parser")
    text = page.main.text
    assert "How much" in text and "0.93" not in text
    assert "An honest discount" in text and "Since" not in text and "x = 2" not in str(page.main)
    assert "Right" not in text and "It is." not in text
    assert [li.text.strip() for li in page.select(".choices li")] == ["This", r"That \(y\)"]
    assert len(page.select(".line")) == sheets.ROOM["Prediction"]
    assert r"x = y \tag{4.1}" in text and "u = v" not in text  # what is named, and no more


def test_a_key_says_what_is_right_and_why(one):
    text = BeautifulSoup(sheets.key(one, ASKED), "html.parser").main.text
    assert "0.93 [0.58, 1.28] %" in text and "It is worth 2 [1, 3]." in text
    assert "6.62412e+11, within 2 %" in text and "x = 2" in text
    assert "Right. That" in text and "Wrong. This: It isn't." in text


def test_a_key_words_each_kind_of_answer():
    kinds = {}
    for name, asked in answering.asked_for().items():
        chapter, _, number = name.partition("/")
        kinds.setdefault(asked["kind"], []).append(sheets._right(chapter, int(number)))
    assert all(re.fullmatch(r"Answer: \([a-z]\)", said) for said in kinds["choice"])
    assert all(re.match(r"Answer: [-\d.e+]+, within [\d.e-]+", said) for said in kinds["number"])
    assert all(said.startswith("A function: f(") for said in kinds["function"])


# Figures


def test_the_pack_has_each_figure_twice_described(one):
    files = pack.files([one])
    table = list(csv.DictReader(io.StringIO(files["data-wall-figures/figures.csv"].decode())))
    assert table[0]["caption"] == "It falls by 2.5 %. Then it stays."
    assert table[0]["file"] == "repeated-epochs/fig-x" and table[0]["licence"] == "CC BY 4.0"
    drawn = files["data-wall-figures/repeated-epochs/fig-x.svg"].decode()
    assert "<title>It falls" in drawn and "<desc>A falling line</desc>" in drawn
    assert files["data-wall-figures/repeated-epochs/fig-x.png"] == b"hello"
    assert b"CC BY 4.0" in files["data-wall-figures/LICENCE.txt"]


def test_lines_that_leave_the_drawing_are_cut_where_nobody_sees_it():
    far = '<svg><path d="M1,2L3,-969702296.8" x1="5"/><text x="1234567">12345678</text></svg>'
    near = pack._near(far)
    assert f"L3,{-pack.FAR}" in near and "M1,2" in near and ">12345678<" in near
    assert pack._near(SVG) == SVG


# On the site


def test_each_chapter_has_its_slides_its_sheet_and_its_key(site):
    for name in CHAPTERS:
        deck = BeautifulSoup((site / f"teaching/slides/{name}.html").read_text(), "html.parser")
        page = BeautifulSoup((site / f"book/{name}.html").read_text(), "html.parser")
        drawn = len(page.select("article figure[id^=fig-] img, article figure.vega-figure"))
        assert len(deck.select(".slide img")) == drawn >= 4, name
        assert all(image["alt"].strip() for image in deck.select("img")), name
        for kind in ("", "-key"):
            sheet = BeautifulSoup(
                (site / f"teaching/sheets/{name}{kind}.html").read_text(), "html.parser"
            )
            assert len(sheet.select("section")) >= 8, name
            assert not re.search(r"\{\w+(:\w+)?\}`|\$[^$\n]+\$", sheet.main.text), name


def test_the_figures_of_the_book_can_be_drawn_and_opened(site):
    with ZipFile(site / "teaching/data-wall-figures.zip") as archive:
        names = archive.namelist()
        drawings = [name for name in names if name.endswith(".svg")]
        assert len(drawings) >= 4 * len(CHAPTERS)
        for name in drawings:
            assert ET.fromstring(archive.read(name)).tag.endswith("svg")
            Image.open(io.BytesIO(archive.read(name.replace(".svg", ".png")))).verify()


def test_a_chart_becomes_a_drawing():
    assert "<svg" in vl_convert.vegalite_to_svg({"mark": "point", "data": {"values": [{"a": 1}]}})
