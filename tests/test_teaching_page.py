"""The teacher's page: what needs what, timetables, notes that are true, a class's predictions."""

import json
import re

import pytest
from bs4 import BeautifulSoup

import answering
from datawall import BOOK
from datawall.page import ledger
from teaching import page as teachers_page

CHAPTERS = sorted(path.stem for path in BOOK.glob("*.ipynb"))
NOTES = teachers_page.notes()


def cells(name):
    return json.loads((BOOK / f"{name}.ipynb").read_text("utf-8"))["cells"]


def figures(name):
    """Names of a chapter's figures, interactive ones too."""
    named = [c["metadata"].get("mystnb", {}).get("figure", {}).get("name") for c in cells(name)]
    moved = re.findall(r'"(fig-[\w-]+)"', "\n".join("".join(c["source"]) for c in cells(name)))
    return {*filter(None, named), *moved}


# What needs what


def test_what_a_chapter_needs_stands_in_its_header():
    assert teachers_page.needs("simulators") == []
    assert teachers_page.needs("repeated-epochs") == ["scaling-laws", "overtraining"]
    for name in CHAPTERS:
        assert set(teachers_page.needs(name)) <= set(CHAPTERS)


def test_no_chapter_needs_itself_however_far_round():
    graph = {name: teachers_page.needs(name) for name in CHAPTERS}
    depth = teachers_page.levels(graph)
    assert all(depth[name] > depth[other] for name, before in graph.items() for other in before)
    with pytest.raises(ValueError, match="need one another: a, b, a"):
        teachers_page.levels({"a": ["b"], "b": ["a"]})


def test_what_follows_from_other_needs_has_no_arrow():
    graph = {"a": [], "b": ["a"], "c": ["a", "b"], "d": ["a"], "e": ["c", "a", "d"]}
    assert teachers_page.direct(graph) == graph | {"c": ["b"], "e": ["c", "d"]}


def test_the_graph_has_a_box_for_each_chapter_and_an_arrow_for_each_direct_need():
    graph = {name: teachers_page.needs(name) for name in CHAPTERS}
    drawn = BeautifulSoup(teachers_page.drawing(graph), "html.parser")
    assert [a["href"] for a in drawn.select("a")] == [f"{name}.html" for name in CHAPTERS]
    arrows = teachers_page.direct(graph).values()
    assert len(drawn.select(".arrows path")) == sum(map(len, arrows))
    places = [(box["x"], box["y"]) for box in drawn.select("rect")]
    assert len(set(places)) == len(places)
    assert teachers_page.needs_in_words(graph).count("\n- ") == len(CHAPTERS) - 1


# Notes


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_notes_of_a_chapter_name_what_it_has(name):
    held = NOTES["chapter"][name]
    assert set(held["hour"]) <= figures(name) and len(held["hour"]) >= 3
    asked = {
        int(key.rpartition("/")[2]) for key in answering.asked_for() if key.startswith(f"{name}/")
    }
    assert set(held["exercises"]) <= asked and len(held["exercises"]) == 2
    assert sum(held["minutes"].values()) == 60
    assert all(goal.startswith("to ") for goal in held["goals"]) and len(held["goals"]) == 3
    assert len(held["misconceptions"]) >= 2
    assert all(question.endswith("?") for question in held["discussion"])
    assert not re.search(r"\d", held["expected"])
    text = json.dumps(held)
    assert set(re.findall(r"\bfig-[\w-]*\w", text)) <= figures(name)
    labels = re.findall(
        r":label: (eq-[\w-]+)", "\n".join("".join(c["source"]) for c in cells(name))
    )
    assert set(re.findall(r"\beq-[\w-]*\w", text)) <= set(labels)


def test_a_term_has_each_chapter_once_after_what_it_needs():
    order = [name for week in NOTES["week"] for name in week["chapters"]]
    assert sorted(name for name in order if name in CHAPTERS) == CHAPTERS
    assert len(set(order)) == len(order)
    assert [week["number"] for week in NOTES["week"]] == list(range(1, 14))
    for name in CHAPTERS:
        assert all(order.index(other) < order.index(name) for other in teachers_page.needs(name))


def test_the_timetables_last_as_long_as_they_say():
    assert sum(entry["minutes"] for entry in NOTES["hour"]["entries"]) == 60
    assert sum(entry["minutes"] for entry in NOTES["half_day"]["entries"]) == 210
    assert set(NOTES["half_day"]["chapters"]) <= set(CHAPTERS)
    lines = teachers_page.schedule("hour").splitlines()[2:]
    assert lines[0].startswith("| 0 | 5 |") and lines[1].startswith("| 5 | 5 |")


def test_names_in_notes_lead_to_what_they_name():
    row = ledger.claims()[0].id
    text = f"See fig-fan, and equation eq-stock; row {row}, and a row of trees."
    assert teachers_page.referring(text) == (
        "See {numref}`fig-fan`, and {eq}`eq-stock`; "
        f"row {{on-site}}`{row} <claims.html#claim-{row}>`, and a row of trees."
    )


# The predictions of a class


KNOWN = """<form class="reader-form class-form" hidden data-key="{key}"><select name="chapter">
<option value="a">A</option><option value="b">B</option></select><p class="columns"></p>
<textarea name="lines"></textarea><input type="file" name="file">
<button type="submit">Draw</button><input type="checkbox" name="reveal">
<output role="status"></output><div class="drawn"></div></form>"""


@pytest.fixture
def room(page, tmp_path):
    asked = {"ask": "Loss", "unit": "nats", "between": [0, 4], "measured": "2.5 [2, 3]"}
    known = {
        "a": {"title": "A", "asked": [asked]},
        "b": {"title": "B", "asked": [asked, asked | {"ask": "Share", "unit": "%"}]},
    }
    html = KNOWN.format(key=answering.encoded(known))
    scripts = ""
    for name in ("memory.js", "class.js"):
        (tmp_path / name).write_text((BOOK / "_static" / name).read_text("utf-8"), encoding="utf-8")
        scripts += f'<script defer src="{name}"></script>'
    path = tmp_path / "class.html"
    path.write_text(f'<!doctype html><meta charset="utf-8"><body>{html}{scripts}</body>', "utf-8")
    page.goto(path.as_uri())
    return page


def bars(page):
    return page.locator("svg rect").evaluate_all(
        "all => all.map(one => Number(one.getAttribute('height')))"
    )


def test_thirty_predictions_become_a_histogram_with_the_measured_value(room):
    lines = "\n".join(f"student {i},{1 + i / 10:.1f}" for i in range(30))
    room.locator("textarea").fill("name,loss\n" + lines)
    room.get_by_role("button", name="Draw").click()
    said = room.get_by_role("status")
    assert said.inner_text() == "30 predictions."
    caption = room.locator("figcaption").inner_text()
    assert caption == "Loss: 30 predictions from 1 to 3.9, in the middle 2.45 nats."
    counts = room.locator("svg text").all_text_contents()
    assert sum(int(count) for count in counts[: len([x for x in bars(room) if x])]) == 30
    assert room.locator("svg line").count() == 0
    room.locator("[name=reveal]").check()
    assert room.locator("svg line").count() == 1
    assert "Measured: 2.5 [2, 3] nats." in room.locator("figcaption").inner_text()


def test_two_predictions_a_line_become_two_histograms(room):
    room.locator("select").select_option("b")
    room.locator("textarea").fill("Ada;1.5;40 %\nBob;2;50\nEve;3\nIda;1;2;3\n")
    room.get_by_role("button", name="Draw").click()
    assert room.locator("svg").count() == 2
    captions = room.locator("figcaption").all_inner_texts()
    assert captions[0].startswith("Loss: 2 predictions from 1.5 to 2")
    assert captions[1].startswith("Share: 2 predictions from 40 to 50")
    assert "2 lines were left out: “Eve;3”, “Ida;1;2;3”." in room.get_by_role("status").inner_text()


def test_a_comma_parts_fields_or_thousands_as_the_numbers_asked_for_need(room):
    room.locator("select").select_option("b")
    room.locator("textarea").fill("Ada,5,215\nBob,2 %,120 %\nEve;1,600;3")
    room.get_by_role("button", name="Draw").click()
    assert room.get_by_role("status").inner_text() == "3 predictions."
    captions = room.locator("figcaption").all_inner_texts()
    assert captions[0].startswith("Loss: 3 predictions from 2 to 1600")
    assert captions[1].startswith("Share: 3 predictions from 3 to 215")


@pytest.mark.parametrize("text", ["", "\n\n", "nothing at all", "<img src=x onerror=alert(1)>"])
def test_without_a_number_it_is_said_what_a_line_looks_like(room, text):
    room.locator("textarea").fill(text)
    room.get_by_role("button", name="Draw").click()
    assert (
        "No line has a number: write one such as “Ada, 1.5”."
        in room.get_by_role("status").inner_text()
    )
    assert room.locator("svg").count() == 0


def test_one_prediction_alone_can_be_drawn_and_a_file_be_opened(room, tmp_path):
    path = tmp_path / "class.csv"
    path.write_text('"Ada","1,600"\n', encoding="utf-8")
    room.locator("[name=file]").set_input_files(path)
    room.locator("figcaption").wait_for()
    assert "1 prediction from 1600 to 1600" in room.locator("figcaption").inner_text()
    room.locator("textarea").fill("Ada, 3,5")  # a decimal comma is no point
    room.get_by_role("button", name="Draw").click()
    assert room.locator("svg").count() == 0


def test_the_page_offers_each_chapter(site):
    read = BeautifulSoup((site / "book/teaching.html").read_text(), "html.parser")
    names = [option["value"] for option in read.select(".class-form option")]
    assert sorted(names) == CHAPTERS
    for name in CHAPTERS:
        for kind in (f"slides/{name}", f"sheets/{name}", f"sheets/{name}-key"):
            link = read.select_one(f'article a[href="../teaching/{kind}.html"]')
            assert link and (site / f"teaching/{kind}.html").exists()
    (figures_zip,) = read.select('article a[href$="figures.zip"]')
    assert (site / "book" / figures_zip["href"]).resolve().exists()
