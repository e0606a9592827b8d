"""What readers answer on a page: the forms, and that scripts judge as the library does."""

import base64
import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

import answering
from chapters import notebook_of
from datawall import BOOK
from datawall.page.exercises import check

CHAPTERS = sorted(path.stem for path in BOOK.glob("*.ipynb"))
STATIC = BOOK / "_static"
SCRIPTS = [STATIC / name for name in ("memory.js", "answers.js", "guess.js")]
GUESSES = re.compile(r"^(my_\w+(?:, my_\w+)*) = ", re.M)


def code(name):
    cells = notebook_of(name)["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def form(html):
    return BeautifulSoup(html, "html.parser").form


def key(found):
    return json.loads(base64.b64decode(found["data-key"]))


# What a chapter asks its readers to predict


@pytest.mark.parametrize("name", CHAPTERS)
def test_each_chapter_asks_for_its_prediction_and_reveals_it_later(name):
    asked = answering.predictions()[name]
    cells = notebook_of(name)["cells"]
    forms = [i for i in range(len(cells)) if cells[i]["cell_type"] == "code"]
    made = {i: answering.form_of(cells[i], name) for i in forms}
    places = [i for i, html in made.items() if "guess-form" in html]
    assert len(places) == 1
    figures = [cell["metadata"].get("mystnb", {}).get("figure", {}).get("name") for cell in cells]
    revealed = figures.index(asked["figure"])
    assert revealed > places[0]
    guess = GUESSES.search("".join(cells[places[0]]["source"]))[1].split(", ")[0]
    assert guess in "".join(cells[revealed]["source"])  # where a notebook draws it, too


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_prediction_says_what_was_measured_and_its_range_holds_it(name):
    asked = answering.predictions()[name]["predictions"]
    found = form(answering.prediction_form(name, answering.asked_in(name)))
    for one, told in zip(asked, key(found), strict=True):
        value = float(re.match(r"[-+]?[\d.]+", told["measured"])[0])
        least, most = one["between"]
        assert least <= value <= most or one["name"] == "readings"
        assert "{" not in told["measured"]
        assert not re.search(r"\d", answering.FIELD.sub("", one["measured"]))  # no number by hand


def test_a_result_is_filled_in_and_one_that_is_missing_is_refused():
    quoted = {"loss": 1.234, "said": "2 [1, 3]"}
    ours = {"four-epochs": "0.9 [0.5, 1.3]"}
    fill = lambda text: answering.filled(text, "repeated-epochs", quoted, ours)  # noqa: E731
    assert fill("{loss:.2f} or {said}") == "1.23 or 2 [1, 3]"
    assert fill("{claim:four-epochs}") == "0.9 [0.5, 1.3]"
    with pytest.raises(KeyError, match="quotes no result 'other'"):
        fill("{other}")
    with pytest.raises(KeyError, match="measures no claim 'law-fits'"):
        fill("{claim:law-fits}")


# Exercises


def exercises():
    return answering.asked_for()


def test_no_answer_is_readable_in_a_form():
    for name, asked in exercises().items():
        html = answering.exercise_form(name)
        if asked["kind"] == "function":
            assert html == ""
            continue
        assert key(form(html)) == asked
        html = re.sub('data-key="[^"]*"', "", html)
        assert asked["look"] not in html or not asked["look"]
        if asked["kind"] == "number":
            assert str(asked["answer"]) not in html
        else:
            letters = [box["value"] for box in form(html).select("input[type=radio]")]
            assert letters == list(asked["choices"])
            assert "checked" not in html


def test_each_exercise_with_a_form_has_it_below_its_stub():
    found = set()
    for name in CHAPTERS:
        for cell in notebook_of(name)["cells"]:
            stub = "stub" in cell["metadata"].get("tags", [])
            if stub and (html := answering.form_of(cell, name)):
                found.add(form(html)["data-exercise"])
    due = {name for name, asked in exercises().items() if asked["kind"] != "function"}
    assert found == due


def tries(asked):
    """Answers that readers may give to an exercise, as they type them."""
    if asked["kind"] == "choice":
        return list(asked["choices"])
    right = asked["answer"]
    wrong = [mistake["answer"] for mistake in asked.get("mistakes", [])]
    close = 0.9 * asked.get("tolerance", 0) * right + 0.9 * asked.get("within", 0)
    numbers = [right, *wrong, -right, right * 100, right / 100, right + close, right - close]
    numbers += [right + 1.2 * close / 0.9, right * 3 + 1, 0]
    return [repr(float(x)) for x in numbers] + [f"{right:.9f} %", f"{100 * right:.9f}%"]


@pytest.fixture(scope="module")
def scripted(browser):
    page = browser.new_page()
    page.set_content("<p>nothing</p>")
    for script in SCRIPTS[:2]:
        page.add_script_tag(content=Path(script).read_text("utf-8"))
    yield page
    page.close()


def test_the_page_judges_an_exercise_as_the_notebook_does(scripted):
    judge = "([asked, answers]) => answers.map(answer => wrong[asked.kind](asked, answer))"
    tried = 0
    for name, asked in exercises().items():
        if asked["kind"] == "function":
            continue
        answers = tries(asked)
        said = scripted.evaluate(judge, [asked, answers])
        for answer, look in zip(answers, said, strict=True):
            value = answer if asked["kind"] == "choice" or "%" in answer else float(answer)
            due = check(name, value)
            assert (f"Not yet: {look}" if look else "Right.") == due.text, (name, answer)
            tried += 1
    assert tried > 300


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.6", 1.6),
        (" 1,600 ", 1600),
        ("97 145 509 295", 97145509295),
        ("1e-3", 0.001),
        ("48 %", 48),
        ("5 percent", 5),
        ("-2", -2),
        ("\N{MINUS SIGN}2", -2),
        ("1,5", None),
        ("many", None),
        ("", None),
        ("1e400", None),
    ],
)
def test_numbers_as_readers_type_them(scripted, text, value):
    assert (
        scripted.evaluate(
            "text => { const x = typed(text); return Number.isNaN(x) ? null : x; }", text
        )
        == value
    )


# On a page, with what the browser keeps


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title><body>{form}
<figure id="fig-later">drawn</figure>{answer}</body></html>"""


@pytest.fixture
def pages(tmp_path):
    later = {"figure": "fig-later"}
    asked = [
        later | {"name": "a", "ask": "Loss", "unit": "nats", "between": [0, 4], "measured": "2.0"},
        later | {"name": "b", "ask": "Share", "unit": "%", "between": [0, 9], "measured": "1.96"},
    ]
    html = PAGE.format(
        form=answering.prediction_form("chapter", asked),
        answer=answering.exercise_form("scaling-laws/1")
        + answering.exercise_form("scaling-laws/4"),
    )
    scripts = "".join(f'<script defer src="{script.name}"></script>' for script in SCRIPTS)
    path = tmp_path / "chapter.html"
    path.write_text(html.replace("</body>", scripts + "</body>"), encoding="utf-8")
    for script in SCRIPTS:
        (tmp_path / script.name).write_text(script.read_text("utf-8"), encoding="utf-8")
    return path.as_uri()


def test_a_prediction_is_kept_and_stands_beside_the_result(page, pages):
    page.goto(pages)
    asks, said = page.locator(".guess-form"), page.locator(".you-said")
    assert asks.is_visible() and not said.is_visible()
    button, told = asks.get_by_role("button"), asks.get_by_role("status")
    button.click()
    assert "Write a number first" in told.inner_text()
    page.locator("[name=a]").fill("about two")
    button.click()
    assert "“about two” is no number" in told.inner_text() and not said.is_visible()
    page.locator("[name=a]").fill("1.6")
    assert page.locator("[data-for=a]").input_value() == "1.6"
    page.keyboard.press("Enter")
    assert said.inner_text() == "Loss: you said 1.6 nats; measured 2.0 nats."
    page.locator("[data-for=b]").fill("3")
    assert page.locator("[name=b]").input_value() == "3"
    button.click()
    assert said.inner_text().endswith("Share: you said 3 %; measured 1.96 %.")
    page.reload()
    assert said.inner_text().startswith("Loss: you said 1.6 nats")
    assert page.locator("[name=a]").input_value() == "1.6"
    assert (
        page.evaluate("document.querySelector('#fig-later').nextElementSibling.className")
        == "you-said"
    )


def test_an_exercise_is_answered_with_its_hints_and_remembered(page, pages):
    page.goto(pages)
    first, second = page.locator(".answer-form").all()
    told = first.get_by_role("status")
    first.get_by_role("button").click()
    assert told.inner_text() == "Not yet: give an answer first."
    first.locator("[name=answer]").fill("0.0658753")
    first.get_by_role("button").click()
    assert "constants as first printed" in told.inner_text()
    first.locator("[name=answer]").fill("0.048")
    page.keyboard.press("Enter")
    assert told.inner_text() == "Right."
    second.get_by_label("(a)").check()
    second.get_by_role("button").click()
    assert second.get_by_role("status").inner_text().startswith("Not yet: more decimal places")
    page.reload()
    assert told.inner_text() == "Right, as you answered before: 0.048."
    kept = page.evaluate("JSON.parse(localStorage.getItem('datawall'))")
    assert kept["scaling-laws"]["exercises"] == {
        "1": {"answer": "0.048", "right": True},
        "4": {"answer": "a", "right": False},
    }


@pytest.mark.parametrize("held", ["no JSON", "[]", "null", '"text"', "7"])
def test_what_a_browser_holds_that_is_not_ours_does_no_harm(page, pages, held):
    page.goto(pages)
    page.evaluate("text => localStorage.setItem('datawall', text)", held)
    page.reload()
    page.locator("[name=a]").fill("1")
    page.locator(".guess-form").get_by_role("button").click()
    assert "you said 1 nats" in page.locator(".you-said").inner_text()


def test_a_browser_that_keeps_nothing_still_answers(browser, pages):
    context = browser.new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('none'); } });"
    )
    page = context.new_page()
    page.goto(pages)
    page.locator("[name=a]").fill("1")
    page.locator(".guess-form").get_by_role("button").click()
    assert "you said 1 nats" in page.locator(".you-said").inner_text()
    context.close()
