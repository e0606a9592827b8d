"""The front door: verdicts as a picture and a table, previews, entries to cite, progress."""

import json
import re
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.core import publish_doctree
from PIL import Image
from pybtex.database import parse_string

import bibtex_entries
import datawall_site
import front
import previews
from datawall import BOOK
from datawall.page import ledger

CHAPTERS = sorted({row.chapter for row in ledger.claims()})


def soup(html):
    return BeautifulSoup(html, "html.parser")


# Verdicts


def test_the_picture_has_a_cell_for_each_claim_marked_by_its_verdict():
    cells = soup(front.picture(CHAPTERS)).select("a.verdict")
    due = [row for name in CHAPTERS for row in ledger.claims(name)]
    assert len(cells) == len(due) == len(ledger.claims())
    for cell, row in zip(cells, due, strict=True):
        assert cell["href"] == f"claims.html#claim-{row.id}"
        assert cell.select_one("[aria-hidden]").text == front.MARKS[row.verdict]
        assert front.CLASSES[row.verdict] in cell["class"]
        said = cell.select_one(".sr-only").text
        assert said.startswith(row.claim) and said.endswith(f": {row.verdict}")
        assert row.published in said and cell["title"] == said


def test_no_two_verdicts_share_a_mark_or_a_look():
    for looks in (front.MARKS, front.CLASSES):
        assert list(looks) == list(ledger.VERDICTS) and len(set(looks.values())) == len(looks)


def test_the_table_counts_what_the_picture_shows():
    lines = front.table(CHAPTERS).splitlines()
    counts = [[int(cell) for cell in line.split("|")[2:-1]] for line in lines[2:]]
    assert len(counts) == len(CHAPTERS)
    for verdict, found in zip(ledger.VERDICTS, zip(*counts, strict=True), strict=True):
        assert sum(found) == len([row for row in ledger.claims() if row.verdict == verdict])


def test_chapters_come_in_the_books_order():
    pages = ["book/intro", *(f"book/{name}" for name in reversed(CHAPTERS)), "book/claims"]
    assert front.with_claims(SimpleNamespace(external_site_map=pages)) == CHAPTERS[::-1]


# Previews


def cell(**data):
    return {"outputs": [{"data": data}]}


def test_a_chapters_first_picture_stands_for_it():
    cells = [
        {},
        cell(text="no"),
        cell(**{"image/png": ["YQ", "=="]}),
        cell(**{"image/png": "Yg=="}),
    ]
    assert previews.first_picture({"cells": cells}) == b"a"
    assert previews.first_picture({"cells": cells[:2]}) is None


@pytest.mark.parametrize("size", [(50, 400), (900, 30)])
def test_a_preview_is_whole_on_white_paper(size):
    drawn = BytesIO()
    Image.new("RGBA", size, (200, 0, 0, 255)).save(drawn, "PNG")
    shown = Image.open(BytesIO(previews.on_paper(drawn.getvalue()))).convert("RGB")
    assert shown.size == previews.SIZE
    assert shown.getpixel((0, 0)) == (255, 255, 255)
    red = shown.getchannel("G").point(lambda green: 255 * (green < 128)).getbbox()
    width, height = red[2] - red[0], red[3] - red[1]
    assert width / height == pytest.approx(size[0] / size[1], rel=0.05)
    assert max(width / previews.SIZE[0], height / previews.SIZE[1]) == pytest.approx(0.92, abs=0.01)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Title\n=====\n\n**Asks**: what is it worth? **You need**: a pen.", "What is it worth?"),
        ("Title\n=====\n\nA page of terms.\n\nMore.", "A page of terms."),
        ("Title\n=====\n", ""),
    ],
)
def test_a_page_is_described_by_what_it_asks_or_by_its_first_paragraph(text, said):
    assert previews.description(publish_doctree(text)) == said


def test_a_long_description_ends_at_a_word():
    said = previews.description(nodes.paragraph("", "word " * 100))
    assert len(said) <= previews.LONGEST and said.endswith("word\N{HORIZONTAL ELLIPSIS}")


# On the site


@pytest.fixture(scope="module")
def intro(site):
    return soup((site / "book/intro.html").read_text())


def test_the_introduction_shows_each_chapter_with_its_picture(intro, site):
    items = intro.select(".cards li")
    linked = [item.select_one(".card-title a")["href"] for item in items]
    toc = [a["href"] for a in intro.select("nav.bd-links a[href$='.html']")]
    assert linked == [page for page in toc if (BOOK / page.replace(".html", ".ipynb")).exists()]
    for item, page in zip(items, linked, strict=True):
        assert item.select_one(".thumbnail")["href"] == page
        assert (site / "book" / item.img["src"]).resolve().exists()
        counts = json.loads(item.select_one(".progress-line")["data-counts"])
        assert counts["guess"] and counts["exercises"] and counts["quiz"] >= 4


def test_each_page_says_what_a_link_to_it_shows(site):
    pages = sorted((site / "book").glob("*.html"))
    said = set()
    for path in pages:
        head = soup(path.read_text()).head
        about = {
            tag.get("property", tag.get("name")): tag["content"]
            for tag in head.find_all("meta", content=True)
        }
        assert head.title.text and about["og:title"]
        assert 20 < len(about["description"]) <= previews.LONGEST, path.name
        assert about["og:description"] == about["description"]
        assert (path.parent / about["og:image"]).resolve().exists()
        said.add(about["description"])
    assert len(said) == len(pages)


def test_each_source_can_be_cited_by_its_entry(site):
    page = soup((site / "book/bibliography.html").read_text())
    sources = page.select("[role=doc-biblioentry]")
    assert len(sources) > 100
    keys = [
        next(iter(parse_string(s.select_one("details.bibtex pre").text, "bibtex").entries))
        for s in sources
    ]
    assert len(set(keys)) == len(sources)
    known = parse_string((BOOK / "references.bib").read_text("utf-8"), "bibtex")
    for source, key in zip(sources, keys, strict=True):
        assert known.entries[key].fields["year"] in source.text
    whole = page.select_one("article a.download, article a[href$='references.bib']")["href"]
    assert (site / "book" / whole).resolve().read_text() == (BOOK / "references.bib").read_text()


def test_entries_are_asked_for_by_address():
    class Source:
        citation_id, key = "id7", "one2020"
        entry = parse_string("@misc{one2020, title = {T}, year = 2020}", "bibtex").entries[
            "one2020"
        ]

    datawall_site.release_codecs()
    found = bibtex_entries.entries([Source])
    assert list(found) == ["id7"] and found["id7"].startswith("@misc{one2020,")


def test_the_chinese_page_gives_each_verdict_of_the_press_and_leads_to_its_row(site):
    page = soup((site / "book/chinese.html").read_text())
    assert page.article["lang"] == "zh-CN"
    source = (BOOK / "chinese.md").read_text("utf-8")
    told = re.findall(r"{verdict-zh}`([\w-]+)`", source)
    links = page.select("article td a[href^='claims.html#claim-']")
    assert [link["href"].removeprefix("claims.html#claim-") for link in links] == told
    for link, claim in zip(links, told, strict=True):
        assert link.text == datawall_site.CHINESE[ledger.claim(claim).verdict]
    assert len(set(datawall_site.CHINESE.values())) == len(ledger.VERDICTS)


def test_progress_is_told_and_forgotten(page, site):
    page.goto((site / "book/intro.html").as_uri())
    lines = page.locator(".progress-line").filter(visible=True)
    assert lines.count() == 0 and page.locator(".forget").count() == 0
    kept = {
        "repeated-epochs": {
            "guess": {"four": 5},
            "exercises": {
                "1": {"answer": "3", "right": True},
                "3": {"answer": "2", "right": False},
            },
            "quiz": {"0": True, "1": False},
        }
    }
    page.evaluate("kept => localStorage.setItem('datawall', JSON.stringify(kept))", kept)
    page.reload()
    assert lines.count() == 1
    said = lines.inner_text()
    assert said.startswith(
        "You: predicted; 1 of 3 exercises with an answer here; quiz: 2 of 4 answered, 1 right"
    )
    page.get_by_role("button", name="Forget all that I answered in this book").click()
    page.wait_for_function("localStorage.getItem('datawall') === '{}'")
    page.locator(".forget").wait_for(state="detached")
    page.evaluate("kept => localStorage.setItem('datawall', JSON.stringify(kept))", kept)
    page.goto((site / "book/repeated-epochs.html").as_uri())
    page.get_by_role("button", name="Forget what I answered in this chapter").click()
    page.wait_for_function("localStorage.getItem('datawall') === '{}'")


def test_scripts_keep_what_is_answered_under_one_name():
    static = Path(BOOK, "_static")
    for script in static.glob("*.js"):
        assert ("localStorage" in script.read_text()) == (script.name == "memory.js"), script.name
