"""The built site, as its readers meet it: every page in a browser, and what the build refuses.

The checks that read pages are shown to find the faults of a bad page before they are trusted.
"""

import gzip
import json
import os
import re
import subprocess
import venv
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import ZipFile

import axe_playwright_python
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from sphinx.search.en import SearchEnglish

import claims_page
import movable
import quiz
from conftest import build
from datawall.page import ledger

ROOT = Path(__file__).resolve().parent.parent
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
CHAPTER = "book/scaling-laws"
# Or a slow machine would grade a colour on its way from the light theme's to the dark one's.
AT_ONCE = "*, *::before, *::after { transition: none !important; animation: none !important; }"
HEAVIEST, PHONES = 1_000_000, (360, 390)  # bytes a page, compressed; pixels


def toc_pages():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    return [toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])]


PAGES = toc_pages()


# What a page asks of other hosts, read from its text


def foreign(text):
    """Addresses on another host that a page or a style sheet would fetch; links are not."""
    soup = BeautifulSoup(text, "html.parser")
    found = re.findall(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", text)
    values = [value for pair in found for value in pair]
    for tag in soup.find_all(True):
        names = ["src", "srcset", "data", "poster", "xlink:href"]
        if tag.name not in ("a", "area"):
            names.append("href")
        values += [address for name in names for address in tag.get(name, "").split()]
    return [value for value in values if re.match(r"\s*(https?:|wss?:)?//", value)]


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example.org/x.js"></script>',
        '<link rel="stylesheet" href="//cdn.example.org/x.css">',
        '<img src="http://example.org/x.png">',
        '<img srcset="a.png 1x, https://example.org/b.png 2x">',
        '<iframe src="https://example.org"></iframe>',
        '<p style="background: url(https://example.org/x.png)">',
        '<style>@import "https://example.org/x.css";</style>',
        "@font-face { src: url('//example.org/x.woff') }",
    ],
)
def test_foreign_finds_what_would_be_fetched(text):
    assert foreign(text)


@pytest.mark.parametrize(
    "text",
    ['<a href="https://example.org">', '<img src="../x.png">', "a { src: url(icons/x.woff) }"],
)
def test_foreign_leaves_links_and_own_files(text):
    assert not foreign(text)


def test_no_page_or_style_sheet_names_a_file_on_another_host(site):
    texts = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(texts) > len(PAGES)
    assert {path.name: found for path in texts if (found := foreign(path.read_text()))} == {}


# What a page does in a browser


@dataclass
class Visit:
    """What was met on one page."""

    foreign: list  # requests to another host
    errors: list  # on the console, and requests that failed
    bytes: int  # of all that was fetched, compressed
    sideways: dict  # how far a phone of each width scrolls sideways
    barriers: list  # what axe-core finds serious or critical, light or dark
    unset: list  # mathematics that was not typeset
    faint: list  # figures without an ink that stands out, light or dark
    nameless: list  # images without a text that describes them
    wide: list  # tables that a wide window shows only in part


def quiet(page):
    """Wait until mathematics is set and interactive figures are drawn."""
    page.wait_for_load_state("networkidle")
    page.evaluate("window.MathJax?.startup?.promise")
    page.wait_for_function("!document.querySelector('figure.vega-figure:not(.drawn)')")


def set_theme(page, theme):
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)


def barriers(page, **only):
    rules = {"resultTypes": ["violations"], "preload": False} | only  # preloading misreads @import
    found = page.evaluate("rules => axe.run(document, rules)", rules)["violations"]
    return [
        f"{fault['id']}: {node['html'][:150]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def contrast(picture):
    """Contrast ratio (WCAG) of a picture's commonest colour and the one farthest from it."""
    pixels = np.round(100 * plt.imread(BytesIO(picture), format="png")[..., :3]).astype(int)
    found, counts = np.unique(pixels @ [101**2, 101, 1], return_counts=True)  # faster than of rows
    colours = np.stack(np.unravel_index(found, (101, 101, 101)), axis=-1) / 100
    linear = np.where(colours <= 0.04, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    light = linear @ [0.2126, 0.7152, 0.0722] + 0.05
    paper = light[counts.argmax()]
    return max(paper / light.min(), light.max() / paper)


def compressed(body):
    return min(len(body), len(gzip.compress(body)))


NAMELESS = r"""images => images
  .filter(image => !image.closest("[aria-hidden=true]"))
  .filter(image => !image.alt.trim() || /\.\w{3,4}$/.test(image.alt.trim()))
  .map(image => image.outerHTML)"""
WIDE = """tables => tables
  .map(table => [table, table.closest('.pst-scrollable-table-container') ?? table.parentElement])
  .filter(([table, box]) => box.clientWidth && table.scrollWidth > box.clientWidth + 1)
  .map(([table, box]) =>
    `${table.scrollWidth} in ${box.clientWidth}: ${table.innerText.slice(0, 80)}`)"""
UNSET = """maths => maths
  .filter(math => !math.querySelector('mjx-container') || math.querySelector('mjx-merror'))
  .map(math => math.textContent)"""


def visit(browser, url):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    met = Visit([], [], 0, {}, [], [], [], [], [])
    responses = []

    def asked(request):
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            met.foreign.append(request.url)

    page.on("request", asked)
    page.on("response", lambda response: responses.append(response))
    page.on("response", lambda r: r.ok or met.errors.append(f"{r.status}: {r.url}"))
    page.on("requestfailed", lambda request: met.errors.append(f"failed: {request.url}"))
    page.on("pageerror", lambda error: met.errors.append(str(error)))
    page.on("console", lambda m: m.type in ("error", "warning") and met.errors.append(m.text))
    page.goto(url)
    quiet(page)
    met.bytes = sum(compressed(response.body()) for response in responses if response.ok)
    met.nameless = page.eval_on_selector_all("article img", NAMELESS)
    met.unset = page.eval_on_selector_all(".math", UNSET)
    met.wide = page.eval_on_selector_all("article table", WIDE)
    page.evaluate(AXE)
    page.add_style_tag(content=AT_ONCE)
    for theme, only in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        set_theme(page, theme)
        met.barriers += [f"{theme}: {barrier}" for barrier in barriers(page, **only)]
        for image in page.locator("article img:not([aria-hidden=true] *)").all():
            if contrast(image.screenshot()) < 7:
                met.faint.append(f"{theme}: {image.get_attribute('src')}")
    for width in PHONES:
        page.set_viewport_size({"width": width, "height": 800})
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            met.sideways[width] = over
    page.wait_for_timeout(500)  # the theme waits 300 ms before it looks what scrolls now
    met.barriers += barriers(page, runOnly=["scrollable-region-focusable"])
    context.close()
    return met


BAD_PAGE = """<!doctype html><title>Bad</title>
<article><img src="grey.svg" alt="grey.svg" width="400" height="100">
<script src="http://nowhere.invalid/x.js"></script><script>console.error("a fault")</script>
<div style="width: 300px"><table><tr><td style="min-width: 400px">wide</td></tr></table></div>
<span class="math">x</span><p style="color: #ccc; width: 500px">faint</p></article>"""
GREY = """<svg xmlns="http://www.w3.org/2000/svg" width="400" height="100">
<rect width="400" height="100" fill="#888"/><circle cx="50" cy="50" r="40" fill="#777"/></svg>"""


def test_a_visit_finds_the_faults_of_a_bad_page(browser, serve, tmp_path):
    (tmp_path / "index.html").write_text(BAD_PAGE)
    (tmp_path / "grey.svg").write_text(GREY)
    met = visit(browser, serve(tmp_path) + "/index.html")
    assert met.foreign == ["http://nowhere.invalid/x.js"]
    assert any("a fault" in error for error in met.errors)
    assert any(error.startswith("failed: ") for error in met.errors)
    assert met.bytes > len(gzip.compress(GREY.encode()))
    assert set(met.sideways) == set(PHONES)
    assert any("color-contrast" in barrier for barrier in met.barriers)
    assert met.unset == ["x"]
    assert met.faint
    assert met.nameless
    assert met.wide[0].startswith("40") and met.wide[0].endswith("in 300: wide")


def one_of(pages, ones):
    """All pages as parameters, of which `make check` takes some."""
    return [page if page in ones else pytest.param(page, marks=pytest.mark.long) for page in pages]


@pytest.mark.parametrize("page", one_of(PAGES, [CHAPTER, "book/intro", "book/claims"]))
def test_page(page, browser, address):
    met = visit(browser, f"{address}/{page}.html")
    assert {name: found for name, found in vars(met).items() if found and name != "bytes"} == {}
    assert met.bytes < HEAVIEST


def test_the_chapter_has_mathematics_and_figures_to_check(page, address):
    page.goto(f"{address}/{CHAPTER}.html")
    quiet(page)
    assert page.locator("mjx-container").count() > 0
    assert page.locator("article figure img").count() > 0
    assert page.locator("figure.vega-figure svg").count() > 0


def test_a_chapter_opens_from_a_folder(page, site):
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/book/intro.html")
    page.goto((site / f"{CHAPTER}.html").as_uri())
    quiet(page)
    assert page.locator("mjx-container").count() > 0
    assert page.locator("figure.vega-figure svg").count() > 0


def test_an_interactive_figure_answers_the_keyboard_and_keeps_its_state_in_the_dark(page, address):
    page.goto(f"{address}/{CHAPTER}.html")
    quiet(page)
    figure = page.locator("figure.vega-figure").first
    drawn = figure.locator("svg").inner_html()
    slider = figure.locator("input[type=range]").first
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    moved = figure.locator("svg").inner_html()
    assert moved != drawn
    value = slider.input_value()
    set_theme(page, "dark")
    assert slider.input_value() == value
    assert contrast(figure.locator("svg").screenshot()) > 7


def chapters_with_figures():
    """Chapters whose interactive figures were stored with colours for a dark page, and the rest."""
    found = {}
    for page in PAGES:
        source = ROOT / f"{page}.ipynb"
        text = source.read_text() if source.exists() else ""
        if "vega-figure" in text:
            found[page] = r"{\"name\": \"dark\"" in text
    return found


def figures_of(chapter):
    """How many interactive figures a chapter has."""
    return (ROOT / f"{chapter}.ipynb").read_text().count('class=\\"vega-figure\\"')


FIGURES = chapters_with_figures()


@pytest.mark.parametrize("chapter", one_of(FIGURES, [CHAPTER]))
def test_a_chapters_figure_is_right_at_every_setting(chapter, browser, address):
    if not FIGURES[chapter]:
        pytest.skip("this figure was stored by an older version: execute the chapter again")
    url, name = f"{address}/{chapter}.html", chapter.removeprefix("book/")
    for number in range(figures_of(chapter)):
        assert movable.all_faults(browser, url, name, seen=[], number=number) == []


CUT = """() => {
  const article = document.querySelector('.bd-article').getBoundingClientRect();
  const boxes = ':is(table, pre, details, .vega-embed, .vega-embed svg)';
  return [...document.querySelectorAll(`.bd-article ${boxes}`)]
    .filter(box => box.scrollWidth > box.clientWidth + 1
      || box.getBoundingClientRect().right > article.right + 1)
    .map(box => box.outerHTML.slice(0, 100));
}"""
EMPTY = """boxes => boxes
  .filter(box => box.offsetHeight > 0 && !box.innerText.trim() && !box.querySelector('img, svg'))
  .map(box => box.outerHTML.slice(0, 100))"""


# A browser that prints doesn't tell a page how wide its parts become: a drawing stays as it was.
DRAWN_WIDE = "drawings => drawings.forEach(one => one.setAttribute('width', 900))"


@pytest.mark.parametrize("name", [CHAPTER, "book/claims"])
def test_on_paper_nothing_is_cut_and_no_box_is_empty(name, page, address):
    page.goto(f"{address}/{name}.html")
    quiet(page)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 960})  # A4 between its margins
    page.wait_for_timeout(500)
    page.eval_on_selector_all(".vega-embed svg", DRAWN_WIDE)
    assert page.evaluate(CUT) == []
    boxes = ".bd-article div.cell, .bd-article details, .bd-article div.highlight"
    assert page.eval_on_selector_all(boxes, EMPTY) == []
    page.add_style_tag(content=".vega-embed svg { width: auto !important }")  # as on the screen
    assert bool(page.evaluate(CUT)) == (name == CHAPTER)


def test_lines_of_the_books_length_fit_the_column_and_what_a_cell_says_breaks(page, address):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{address}/{CHAPTER}.html")
    quiet(page)
    lines = page.locator(".bd-article div.cell_input pre").first
    said = page.locator(".bd-article div.cell_output pre").first
    long = """element => {
      element.textContent = 'x'.repeat(88);
      return element.scrollWidth - element.clientWidth;
    }"""
    for font in ("DejaVu Sans Mono", "Liberation Mono", "monospace"):
        lines.evaluate("(element, font) => { element.style.fontFamily = font }", font)
        assert lines.evaluate(long) <= 0, font
    assert said.evaluate(long.replace("88", "200")) <= 0


SEEN = """([figure, bottom]) => {
  const box = figure.querySelector('img, svg').getBoundingClientRect(), top = box.top + scrollY;
  return Math.max(0, Math.min(1, (bottom - top) / box.height));
}"""


@pytest.mark.long
def test_the_first_figure_of_a_chapter_is_seen_within_two_screens_and_a_half(page, address):
    page.set_viewport_size({"width": 1280, "height": 800})
    seen = {}
    for name in CHAPTERS:
        page.goto(f"{address}/{name}.html")
        quiet(page)
        figure = page.locator("article figure").first.element_handle()
        seen[name] = page.evaluate(SEEN, [figure, 2.5 * 800])  # a form may stand before it
    assert {name: share for name, share in seen.items() if share < 0.75} == {}


def test_the_glossary_is_in_the_order_of_the_alphabet(site):
    page = BeautifulSoup((site / "book/glossary.html").read_text(), "html.parser")
    shown = page.select("dl.glossary dt")
    terms = [next(term.stripped_strings) for term in shown if "lang" not in term.attrs]
    chinese = [next(term.stripped_strings) for term in shown if "lang" in term.attrs]
    assert len(set(chinese)) == len(terms)  # a name each
    plain = [re.sub("[^a-z ]", "", term.casefold().replace("-", " ")) for term in terms]
    assert len(plain) > 50 and plain == sorted(plain)


def test_a_printed_chapter_ends_with_its_key_and_shows_no_answer_before(page, address):
    page.goto(f"{address}/{CHAPTER}.html")
    quiet(page)
    article = page.locator(".bd-article")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    sheet, key = article.inner_text().rsplit("Key\n", 1)
    right = [choice.inner_text() for choice in article.locator("details.choice p").all()]
    solved = page.eval_on_selector_all(
        "article details.solution > p:first-of-type",
        "all => all.map(p => p.textContent.slice(0, 20))",
    )
    assert len(solved) == key.count("Exercise ") >= 4
    assert all(words in key and words not in sheet for words in solved)
    assert key.count("Right.") == key.count("Question ") == sheet.count("Question ")
    assert "click" not in sheet and "Each answer opens" not in sheet
    assert len(right) == key.count("Right.") + key.count("Wrong.")
    assert "Right." not in sheet and "Wrong." not in sheet
    assert page.evaluate("document.querySelectorAll('.printed-key [id]').length") == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".printed-key").count() == 0


def test_a_printed_title_has_the_number_that_figures_have(page, address):
    page.goto(f"{address}/{CHAPTER}.html")
    quiet(page)
    page.emulate_media(media="print")
    titles = [one.inner_text() for one in page.locator("h1").all() if one.is_visible()]
    number = page.locator("figure .caption-number").first.inner_text().split()[-1].partition(".")[0]
    assert [title.startswith(f"{number}. ") for title in titles] == [True]


def test_without_scripts_an_interactive_figure_says_what_it_needs(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/{CHAPTER}.html")
    aloud = page.locator("figure.vega-figure").first.aria_snapshot()
    assert "This figure needs JavaScript" in aloud
    context.close()


def test_the_keyboard_reaches_the_text_the_quiz_and_the_dark(page, address):
    page.goto(f"{address}/{CHAPTER}.html")
    quiet(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")

    for kind in ("choice", "solution"):
        details = page.locator(f"details.{kind}").first
        assert details.get_attribute("open") is None
        details.locator("summary").focus()
        page.keyboard.press("Enter")
        assert details.get_attribute("open") is not None

    page.locator("main .theme-switch-button").focus()
    for _ in range(3):  # from the system's to light to dark
        page.keyboard.press("Enter")
        if page.evaluate("document.documentElement.dataset.mode") == "dark":
            break
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_search_finds_a_chapter_with_no_network(page, address):
    page.goto(f"{address}/search.html?q=Chinchilla")
    page.wait_for_selector("#search-results li a")
    found = page.eval_on_selector_all("#search-results li a", "links => links.map(l => l.href)")
    assert any(CHAPTER in link for link in found)


# The ledger's tables

CARDS = """() => [...document.querySelectorAll(
    '.ledger tbody tr, #paper-beside-ours table:has(td strong) tbody tr')]
  .map(row => [...row.cells]
    .sort((one, other) => one.getBoundingClientRect().top - other.getBoundingClientRect().top)
    .map(cell => [getComputedStyle(cell, '::before').content, cell.innerText.trim(),
      cell.scrollWidth > cell.clientWidth + 1 ||
        cell.getBoundingClientRect().right > innerWidth]))"""


LABELS = ["none", "none", '"Published: "', '"Ours [95 %]: "']
LEDGERS = ["claims", *sorted(path.stem for path in (ROOT / "book").glob("*.ipynb"))]


@pytest.mark.parametrize("name", one_of(LEDGERS, ["claims"]))
def test_on_a_phone_a_claim_is_a_card_with_its_verdict_first(name, page, address):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}/book/{name}.html")
    cards = page.evaluate(CARDS)
    assert cards
    for card in cards:
        assert not any(cut for _, _, cut in card), card
        assert re.match("(holds|does not hold|cannot be tested|undecided)", card[0][1]), card
        assert [label for label, _, _ in card] == LABELS, card


# The quiz and the marks of the tests


def chapters(site):
    """The built page of each chapter, by its name."""
    names = [path.stem for path in (ROOT / "book").glob("*.ipynb")]
    assert names
    return {
        name: BeautifulSoup((site / f"book/{name}.html").read_text(), "html.parser")
        for name in names
    }


def test_the_page_of_claims_has_each_once_and_shows_those_of_a_verdict(page, address):
    page.goto(f"{address}/book/claims.html")
    quiet(page)
    claims = ledger.claims()
    assert page.locator(".claims tbody tr").count() == len(claims)
    titled = page.locator("section.claims").filter(has=page.locator("h2 + p a"))
    assert titled.count() == len({claim.chapter for claim in claims})
    listed = page.locator(".claims-filter input").evaluate_all("them => them.map(it => it.value)")
    found = [verdict for verdict in ledger.VERDICTS if verdict in {row.verdict for row in claims}]
    assert listed == ["all", *found]
    for verdict in [*found, "all"]:
        page.locator(f'.claims-filter input[value="{verdict}"]').check()
        due = [row for row in claims if verdict in ("all", row.verdict)]
        shown = page.locator(".claims tbody tr").filter(visible=True)
        assert shown.count() == len(due)
        assert verdict == "all" or {*shown.locator("td strong").all_inner_texts()} == {verdict}
        parts = page.locator("section.claims").filter(visible=True)
        assert parts.count() == len({row.chapter for row in due})
        assert page.locator(".claims-count").inner_text().startswith(f"{len(due)} ")


def test_the_page_of_claims_is_cut_down_by_chapter_source_and_year(page, address):
    page.goto(f"{address}/book/claims.html")
    quiet(page)
    rows = page.locator(".claims tbody tr").filter(visible=True)
    claims = ledger.claims()
    who, year = "Xiao Lan (press)", "2024"
    page.locator("select[name=source]").select_option(who)
    assert rows.count() == len([row for row in claims if who in row.who])
    page.locator("select[name=year]").select_option(year)
    both = [row for row in claims if who in row.who and year in claims_page.years(row)]
    assert 0 < rows.count() == len(both)
    said = page.locator(".claims-count").inner_text()
    assert said == f"{len(both)} of {len(claims)} claims: {who}; {year}."
    page.get_by_role("button", name="Show all claims").click()
    assert rows.count() == len(claims)
    page.locator("select[name=chapter]").select_option(index=1)
    first = {row.chapter for row in claims} & {Path(PAGES[1]).name}
    assert rows.count() == len([row for row in claims if row.chapter in first])


def test_a_choice_of_claims_has_an_address(page, address):
    page.goto(f"{address}/book/claims.html")
    quiet(page)
    rows = page.locator(".claims tbody tr").filter(visible=True)
    page.locator('.claims-filter input[value="does not hold here"]').check()
    page.locator("select[name=year]").select_option("2024")
    shown = rows.count()
    there = page.evaluate("location.href")
    assert there.endswith("#verdict=does+not+hold+here&year=2024")
    page.goto("about:blank")
    page.goto(there)
    assert 0 < rows.count() == shown < len(ledger.claims())
    assert page.locator("select[name=year]").input_value() == "2024"
    page.evaluate("location.hash = 'year=1066&verdict=holds'")  # no year of a claim
    page.wait_for_function("document.querySelector('.claims-count').innerText.endsWith(': holds.')")
    assert page.evaluate("location.hash") == "#verdict=holds"
    page.get_by_role("button", name="Show all claims").click()
    assert page.evaluate("location.hash") == ""
    assert rows.count() == len(ledger.claims())


def test_a_claim_has_an_address_that_shows_it_whatever_is_hidden(page, address):
    wanted = ledger.claims()[-1].id
    page.goto(f"{address}/book/claims.html")
    quiet(page)
    page.locator("select[name=chapter]").select_option(index=1)
    row = page.locator(f"#claim-{wanted}")
    assert not row.is_visible()
    page.evaluate("id => { location.hash = id; }", f"claim-{wanted}")
    row.wait_for(state="visible")
    assert page.evaluate("document.querySelector('.claims tr:target').id") == f"claim-{wanted}"
    page.reload()
    page.wait_for_function(
        """id => {
        const { top } = document.getElementById(id).getBoundingClientRect();
        return top >= 0 && top < innerHeight;
    }""",
        arg=f"claim-{wanted}",
    )


def test_each_claim_that_was_measured_leads_to_a_cell_of_its_chapter(site):
    soup = BeautifulSoup((site / "book/claims.html").read_text(), "html.parser")
    pages = chapters(site)
    for row in ledger.claims():
        links = [a["href"] for a in soup.select(f"#claim-{row.id} .claim-links a")]
        assert links[0] == f"#claim-{row.id}"
        assert len(links) == (1 if row.tolerance is None else 2)
        for link in links[1:]:
            name, _, cell = link.partition(".html#")
            assert name == row.chapter
            assert pages[name].select_one(f"div.cell[id={cell}]"), link


def test_the_ledger_can_be_had_as_csv_and_json(site):
    given = json.loads((site / "book/ledger.json").read_text())["claims"]
    table = pd.read_csv(site / "book/ledger.csv")
    assert [row["id"] for row in given] == list(table.id) == [row.id for row in ledger.claims()]
    ours = ledger.measured()
    for row, line in zip(given, table.itertuples(), strict=True):
        claim = ledger.claim(row["id"])
        assert (row["verdict"], row["who"], row["note"]) == (claim.verdict, claim.who, claim.note)
        if claim.tolerance is None:
            assert row["measured"] is None and np.isnan(line.measured)
            continue
        found = ours[claim.id]
        assert (row["measured"], row["low"], row["high"]) == (found.value, found.low, found.high)
        np.testing.assert_allclose([line.measured, line.low], [found.value, found.low])
        assert row["holds_from"] in (claim.holds_if[0], None)
        assert row["limit_measured"] == (found.limit[0] if found.limit else None)
    links = BeautifulSoup((site / "book/claims.html").read_text(), "html.parser")
    assert {a["href"] for a in links.select(".claims-files a")} == {"ledger.csv", "ledger.json"}


def test_what_a_reader_answers_on_a_page_needs_no_kernel_and_no_server(page, site):
    page.goto((site / "book/repeated-epochs.html").as_uri())
    asks = page.locator("form.guess-form")
    asks.locator("input[name=four]").fill("5")
    asks.get_by_role("button").click()
    said = page.locator("#fig-excess ~ .you-said, figure:has(#fig-excess) ~ .you-said")
    assert f"you said 5 %; measured {ledger.measured()['four-epochs']} %" in said.inner_text()
    exercise = page.locator("form.answer-form").first
    stored = page.locator("div.cell.tag_stub:has(+ form.answer-form) .cell_output").first
    assert "Not yet" in stored.text_content() and not stored.is_visible()
    exercise.locator("input").fill("nothing")
    exercise.get_by_role("button").click()
    assert "a single number is asked for" in exercise.get_by_role("status").inner_text()


def test_choices_stand_in_the_order_that_the_rules_count(site):
    for name, soup in chapters(site).items():
        notebook = json.loads((ROOT / f"book/{name}.ipynb").read_text())
        source = "\n\n".join("".join(cell["source"]) for cell in notebook["cells"])
        asked = [question for question in quiz.QUESTION.finditer(source)]
        shown = soup.select("#quiz > section")
        assert len(asked) == len(shown) >= 4
        for question, section in zip(asked, shown, strict=True):
            verdicts = re.findall(r"\*\*(Right|Wrong)\.\*\*", question[0])
            order = quiz.order(name, question[1], len(verdicts))
            found = [
                strong.text for strong in section.select("details.choice strong:first-of-type")
            ]
            assert found == [f"{verdicts[place]}." for place in order]


def test_no_mark_of_the_tests_is_shown(site):
    for name, soup in chapters(site).items():
        assert "NBVAL" not in soup.text, name
        assert f'check("{name}/1"' in soup.text


RIGHT = "details.choice:has(p:first-of-type > strong:text-is('Right.'))"
WRONG = "details.choice:has(p:first-of-type > strong:text-is('Wrong.'))"


def test_the_quiz_counts_what_is_right_at_the_first_try(page, site):
    page.goto((site / f"{CHAPTER}.html").as_uri())
    questions = page.locator("#quiz > section").all()
    score = page.locator(".quiz-score")
    assert "the first choice that you open counts" in score.inner_text()
    questions[0].locator(WRONG).first.locator("summary").click()
    count = len(questions)
    assert score.inner_text() == f"0 of 1 right at the first try, {count - 1} to go."
    questions[0].locator(RIGHT).locator("summary").click()  # too late to count
    for question in questions[1:]:
        question.locator(RIGHT).locator("summary").focus()
        page.keyboard.press("Enter")
        question.locator(WRONG).first.locator("summary").click()
    assert score.inner_text() == f"{count - 1} of {count} right at the first try."
    page.reload()
    assert score.inner_text() == f"{count - 1} of {count} right at the first try."
    marks = page.locator(".quiz-mark").all_inner_texts()
    assert marks == ["Wrong at the first try.", *["Right at the first try."] * (count - 1)]
    again = page.get_by_role("button", name="Start again")
    again.focus()
    page.keyboard.press("Enter")
    assert "the first choice that you open counts" in score.inner_text()
    assert page.locator("details.choice[open]").count() == 0
    assert not again.is_visible() and set(page.locator(".quiz-mark").all_inner_texts()) == {""}
    # What opens without a click, before printing say, is no try.
    page.eval_on_selector_all("details.choice", "all => all.forEach(one => { one.open = true; })")
    assert "the first choice that you open counts" in score.inner_text()


def test_without_scripts_the_quiz_answers(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/{CHAPTER}.html")
    choice = page.locator("details.choice").first
    assert not choice.locator("p").first.is_visible()
    choice.locator("summary").click()
    assert choice.locator("p").first.is_visible()
    assert page.locator(".quiz-score").count() == 0
    context.close()


def test_no_search_finds_a_page_by_its_answers(site):
    text = (site / "searchindex.js").read_text()
    index = json.loads(text[text.index("(") + 1 : text.rindex(")")])
    language = SearchEnglish({})
    stems = lambda text: {language.stem(word.lower()) for word in language.split(text)}  # noqa: E731
    tried = 0
    for name, soup in chapters(site).items():
        page = index["docnames"].index(f"book/{name}")
        answers = soup.select("details.choice > :not(summary), details.solution > :not(summary)")
        said = stems(" ".join(answer.extract().text for answer in answers))
        only = said - stems(soup.text)
        tried += len(only)
        places = {stem: index["terms"].get(stem, []) for stem in only}
        found = [
            stem for stem, at in places.items() if page in (at if isinstance(at, list) else [at])
        ]
        assert found == [], name
    assert tried > 100


def test_excerpts_of_the_search_keep_answers_to_themselves(page, address, site):
    page.goto(f"{address}/search.html?q=choice")
    read = "async url => Search.htmlToText(await (await fetch(url)).text())"
    text = page.evaluate(read, f"{address}/{CHAPTER}.html")
    assert "Question 1" in text and "Worked solution" in text
    assert "Notebook without" not in text and text.split()[:2] != ["Contents", "The"]
    soup = BeautifulSoup((site / f"{CHAPTER}.html").read_text(), "html.parser")
    answers = [one.text for one in soup.select("details.choice p, details.solution p")]
    assert len(answers) > 15
    assert [answer for answer in answers if answer in text] == []


# The public address, which is set in one place


def hosts(site):
    """Hosts that the buttons above the chapter lead to."""
    soup = BeautifulSoup((site / f"{CHAPTER}.html").read_text(), "html.parser")
    return [a["href"] for a in soup.select(".article-header-buttons a[href^=http]")]


def test_no_button_needs_a_public_address_while_there_is_none(site):
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert bool(hosts(site)) == bool(config["repository"]["url"])


@pytest.mark.long
def test_with_a_public_address_the_buttons_open_the_chapter(tmp_path):
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    config["repository"]["url"] = "https://github.com/someone/data-wall"
    config["sphinx"]["local_extensions"]["datawall_site"] = str(ROOT / "book" / "_ext")
    (tmp_path / "_config.yml").write_text(yaml.safe_dump(config))
    run = build(ROOT, tmp_path, "--config", tmp_path / "_config.yml")
    assert run.returncode == 0, run.stderr[-3000:]
    links = hosts(tmp_path / "_build" / "html")
    path = f"someone/data-wall/blob/main/{CHAPTER}.ipynb"
    assert f"https://colab.research.google.com/github/{path}" in links
    binder = "https://mybinder.org/v2/gh/someone/data-wall/main"
    assert f"{binder}?urlpath=lab/tree/{CHAPTER}.ipynb" in links
    assert "https://github.com/someone/data-wall" in links
    for part in ("/blob/main/", "/edit/main/", "/issues/new"):
        assert any(link.startswith("https://github.com/") and part in link for link in links)


# The plain notebooks beside the pages

CHAPTERS = [page for page in PAGES if (ROOT / f"{page}.ipynb").exists()]
EDITIONS = ("student", "full")
# A role, a directive, a target, or a mark of the tests, as none may be left.
RAW = re.compile(r"\{[\w:+-]+\}`|^[`:]{3,}\s*\{|^\([\w-]+\)=$|NBVAL", re.MULTILINE)


def edition(site, name, page):
    return nbformat.read(site / "editions" / name / f"{Path(page).name}.ipynb", as_version=4)


def prose(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.mark.parametrize(
    "text", ["a {eq}`eq-law`", "```{math}\na\n```", ":::{note}", "(fig-a)=", "# NBVAL_CHECK_OUTPUT"]
)
def test_raw_finds_what_a_front_end_would_show_as_it_stands(text):
    assert RAW.search(text)
    assert not RAW.search("```python\n{a: `b`}\n```\n(see there) = {x} `code`")


@pytest.mark.parametrize("name", EDITIONS)
@pytest.mark.parametrize("page", CHAPTERS)
def test_an_edition_is_plain_and_its_links_lead_to_files_beside_it(site, name, page):
    notebook = edition(site, name, page)
    nbformat.validate(notebook)
    whole = "\n".join(cell.source for cell in notebook.cells)
    whole += "".join(out.get("data", {}).get("text/markdown", "") for cell in notebook.cells
                     for out in cell.get("outputs", []))  # fmt: skip
    assert RAW.findall(whole) == []
    assert "datawall-" in next(c.source for c in notebook.cells if c.cell_type == "code")
    links = re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose(notebook))
    there = site / "editions" / name
    assert [link for link in links if not (there / link.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("name", EDITIONS)
def test_a_notebook_by_itself_has_the_words_of_the_edition_and_no_link_to_a_file(site, name):
    linked = re.compile(r"\]\((?!https?:)[^)\s]+\)")
    address = yaml.safe_load((ROOT / "_config.yml").read_text())["html"].get("baseurl")
    for page in CHAPTERS:
        beside, single = edition(site, name, page), edition(site, f"alone/{name}", page)
        nbformat.validate(single)
        assert linked.findall(prose(beside)) and linked.findall(prose(single)) == [], page
        if not address:
            words = re.sub(r"(?<!!)\[([^][]*)\]\((?!https?:)[^)\s]+\)", r"\1", prose(beside))
            assert prose(single) == words


@pytest.mark.parametrize("page", CHAPTERS)
def test_an_edition_has_the_numbers_of_the_page(site, page):
    notebook = edition(site, "full", page)
    text = prose(notebook)
    article = BeautifulSoup((site / f"{page}.html").read_text(), "html.parser").article
    figures = [tag.text.split()[-1] for tag in article.select("figure .caption-number")]
    written = [cell.source + "".join(out.get("data", {}).get("text/html", "")
               for out in cell.get("outputs", [])) for cell in notebook.cells]  # fmt: skip
    number = r"(\d+\.\d+)"  # of the chapter, and in it
    heads = rf"^\*\*Figure {number}\.|<strong>Figure {number}\."
    found = re.findall(heads, "\n".join(written), re.M)
    assert figures and [one or other for one, other in found] == figures
    equations = [tag.text.strip("()#") for tag in article.select(".eqno")]
    assert re.findall(rf"\\tag\{{{number}\}}", text) == equations
    cited = [tag.text for tag in article.select("a.reference.internal") if "Fig." in tag.text]
    assert re.findall(r"Fig\. \d+\.\d+", text) == cited
    left = text.replace("\\", "")
    for value in article.select("span.pasted-text"):
        assert value.text in left
        left = left[left.index(value.text) + len(value.text) :]


@pytest.mark.parametrize("name", EDITIONS)
def test_an_edition_lists_the_claims_of_each_chapter_under_its_title(site, name):
    text = (site / "editions" / name / "claims.md").read_text().partition("\n## References")[0]
    page = BeautifulSoup((site / "book/claims.html").read_text(), "html.parser").article
    titles = [next(tag.stripped_strings) for tag in page.select("section.claims > h2")]
    assert titles and re.findall("^## (.+)$", text, re.M)[: len(titles)] == titles
    tables = text.split("\n## ")[1 : len(titles) + 1]
    rows = [len(part.select("tbody tr")) for part in page.select("section.claims")]
    assert [part.count("\n| **") for part in tables] == rows
    assert page.select_one(".claims-count").text in text


@pytest.mark.parametrize("page", CHAPTERS)
def test_only_the_full_edition_has_solutions(site, page):
    full, student = (edition(site, name, page) for name in ("full", "student"))
    source = nbformat.read(ROOT / f"{page}.ipynb", as_version=4)
    tagged = [cell for cell in source.cells if "solution" in cell.metadata.get("tags", [])]
    assert tagged and prose(full).count('<details class="solution">') == len(tagged)
    assert "worked solution" not in prose(student).lower()
    tags = [set(cell.metadata.get("tags", [])) for cell in student.cells]
    assert not any("solution" in found for found in tags)
    stubs = [cell for cell in student.cells if "exercise" in cell.metadata.get("tags", [])]
    assert len(stubs) == len(tagged) and not any(stub.outputs for stub in stubs)


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_page_offers_both_editions_and_not_the_source_that_only_the_site_reads(site, page):
    soup = BeautifulSoup((site / f"{page}.html").read_text(), "html.parser")
    links = soup.select(".dropdown-download-buttons a")
    found = [(site / page).parent.joinpath(link["href"]).resolve() for link in links]
    stem, folder = Path(page).name, (site / "editions").resolve()
    assert found == [
        *(folder / "alone" / name / f"{stem}.ipynb" for name in EDITIONS),
        *(folder / f"data-wall-{name}.zip" for name in EDITIONS),
    ]
    assert all(path.exists() for path in found) and all("download" in a.attrs for a in links)


@pytest.mark.parametrize("name", EDITIONS)
def test_a_zip_holds_an_edition_the_wheel_and_what_to_install(site, name):
    folder = site / "editions" / name
    beside = {"README.txt", "requirements.txt", "constraints.txt"}
    with ZipFile(site / "editions" / f"data-wall-{name}.zip") as archive:
        files = {i.filename.partition("/")[2]: archive.read(i) for i in archive.infolist()}
        assert {info.date_time[0] for info in archive.infolist()} == {1980}
    (wheel,) = (file for file in files if file.endswith(".whl"))
    assert files[wheel] == (site / "editions" / wheel).read_bytes()
    pages = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert set(files) == pages | beside | {wheel}
    assert {f"{Path(page).name}.ipynb" for page in CHAPTERS} <= pages


EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[1])
"""


def environment_without_the_library(folder):
    """A Python of its own that has what this one has, but for the library; returns its path."""
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    ours, shown = Path(pytest.__file__).parent.parent, folder / "packages"
    shown.mkdir()
    for entry in ours.iterdir():
        if "datawall" not in entry.name and entry.name != "pip":
            (shown / entry.name).symlink_to(entry)
    (site_packages,) = (folder / "env").rglob("site-packages")
    (site_packages / "ours.pth").write_text(f"{shown}\n")
    return python


@pytest.mark.experiment
def test_a_student_notebook_runs_from_the_zip_alone(site, tmp_path):
    python = environment_without_the_library(tmp_path)
    with ZipFile(site / "editions" / "data-wall-student.zip") as archive:
        archive.extractall(tmp_path / "empty")
    (folder,) = (tmp_path / "empty").iterdir()
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    clean |= {"IPYTHONDIR": str(tmp_path / "ipython"), "JUPYTER_PREFER_ENV_PATH": "1"}
    run = partial(subprocess.run, cwd=folder, env=clean, capture_output=True, text=True)
    assert run([python, "-c", "import datawall"]).returncode == 1
    name = "collapse-in-one-dimension.ipynb"  # the one that takes least time
    done = run([python, "-c", EXECUTE, name])
    assert done.returncode == 0, done.stderr[-3000:]
    where = run([python, "-c", "import datawall; print(datawall.__file__)"]).stdout
    assert where.startswith(str(tmp_path))
    notebook = nbformat.read(folder / name, as_version=4)
    stubs = [cell for cell in notebook.cells if "stub" in cell.metadata.get("tags", [])]
    assert stubs
    for stub in stubs:
        assert stub.outputs[-1].data["text/plain"].startswith("Not yet: ")


# What the build refuses, so that no rule of the chapters need look for it


@pytest.mark.long
def test_the_build_fails_with_an_unknown_citation_term_reference_or_result(tmp_path):
    asked = {
        "nobody1999": "{cite:p}`nobody1999`",
        "perplexity": "{term}`perplexity`",
        "fig-none": "{numref}`fig-none`",
        "no-gain": "{glue:text}`no-gain:.1f`",
    }
    (tmp_path / "page.md").write_text("# A page\n\n" + "\n\n".join(asked.values()) + "\n")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: page\n")
    (tmp_path / "references.bib").write_text("@misc{somebody2000, title={A}, year={2000}}\n")
    config = {
        "bibtex_bibfiles": ["references.bib"],
        "sphinx": {"local_extensions": {"datawall_site": str(ROOT / "book" / "_ext")}},
    }
    (tmp_path / "_config.yml").write_text(yaml.safe_dump(config))
    run = build(tmp_path, tmp_path)
    assert run.returncode != 0
    for name in asked:
        assert name in run.stderr, run.stderr[-3000:]


@pytest.mark.long
def test_the_build_fails_with_page_and_name_of_an_unknown_claim_or_chapter(tmp_path):
    asked = "{published}`no-claim` {measured}`no-value`\n\n```{ledger} no-chapter\n```\n"
    (tmp_path / "page.md").write_text(f"# A page\n\n{asked}")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: page\n")
    extensions = {"local_extensions": {"datawall_site": str(ROOT / "book" / "_ext")}}
    (tmp_path / "_config.yml").write_text(yaml.safe_dump({"sphinx": extensions}))
    run = build(tmp_path, tmp_path)
    assert run.returncode != 0
    for name in ("no-claim", "no-value", "no-chapter"):
        assert re.search(f"page: .*{name}", run.stderr)
