"""Interactive figures as readers move them: what is drawn is what the data or the formula say.

A small book is built with a figure of each kind; the chapters' own are moved in test_site. The
checks are shown to find a clamped mark, a fixed width and a stale title before they are trusted.
"""

import json
import shutil
from pathlib import Path

import altair as alt
import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup

import made_figures
import movable
from datawall.page import charts, plots
from test_site import build

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.xdist_group("figures")  # one worker builds the small book once

# What is refused before it is drawn


def drawn(scale=None, **mark):
    return (
        alt.Chart(alt.Data(values=[{"a": 1, "b": 2}]))
        .mark_line(**mark)
        .encode(alt.X("a:Q"), alt.Y("b:Q", scale=scale or alt.Scale()))
    )


def shown(chart):
    return plots.Interactive(chart, "A line.", "It falls.")


def test_a_clamped_scale_is_refused():
    with pytest.raises(ValueError, match="the scale of y is clamped"):
        shown(drawn(alt.Scale(domain=[2, 4], clamp=True), clip=True))


def test_a_mark_that_is_not_clipped_on_a_fixed_axis_is_refused():
    with pytest.raises(ValueError, match="the domain of y is fixed and the line isn't clipped"):
        shown(drawn(plots.within(2, 4)))
    shown(drawn(plots.within(2, 4), clip=True))
    shown(drawn())


def test_one_layer_fixes_the_axis_of_all():
    clipped, free = drawn(plots.within(2, 4), clip=True), drawn()
    with pytest.raises(ValueError, match="the line isn't clipped"):
        shown(clipped + free)
    words = (
        alt.Chart(alt.Data(values=[{"w": "said"}]))
        .mark_text()
        .encode(text="w:N", x=alt.value(0), y=alt.value(0))
    )
    shown(clipped + words)  # where no axis places it


def test_colours_come_in_pairs():
    (line,) = [shown(drawn(color=plots.COLORS[2])).spec["mark"]["color"]]
    assert line == {"expr": f"dark ? '{plots.DARK[2]}' : '{plots.COLORS[2]}'"}
    for colour in ("#123456", "red"):
        with pytest.raises(ValueError, match=f"{colour} has no pair"):
            shown(drawn(color=colour))
    with pytest.raises(ValueError, match=r"the colours of b have no range: .* plots\.cues"):
        shown(drawn().encode(color="b:N"))


def test_colours_stand_out_from_both_pages():
    for light, dark in zip(plots.COLORS, plots.DARK, strict=True):
        assert movable.contrast(light, "#ffffff") >= 3
        assert movable.contrast(dark, "#14181e") >= 4.5
    assert len(set(plots.DARK)) == len(plots.DASHES) == len(plots.COLORS)


def test_a_preset_sets_the_sliders():
    share = {"share": ("share ", 0, 1, 0.05, 0.2)}
    params, now = plots.knobs(share, {"half": {"share": 0.5}})
    assert now == {"share": "own_share"}
    found = {
        p["name"]: p
        for p in charts.finished(
            drawn().add_params(*params).to_dict(), dict(zip(plots.COLORS, plots.DARK, strict=True))
        )["params"]
    }
    (turn,) = found["own_share"]["on"]
    assert turn["events"] == {"signal": "preset"}
    assert turn["update"] == "presets[preset] ? presets[preset].share : own_share"


@pytest.mark.parametrize(
    "slider, preset",
    [(("x ", 1, 16, 0.5, 3.16), 1), (("x ", 0, 1, 0.3, 0.3), 0.3), (("x ", 0, 1, 0.1, 0.5), 0.33)],
)
def test_a_slider_that_misses_a_value_is_refused(slider, preset):
    with pytest.raises(ValueError, match=r"the slider 'x', .* misses"):
        plots.knobs({"a": slider}, {"preset": {"a": preset}})


def test_an_axis_needs_its_lower_end_first():
    with pytest.raises(ValueError, match="lower end first"):
        plots.within(4, 2)


# A small book


def notebook(chapter):
    """A page with a drawn figure, an interactive one, and words that refer to both."""
    both = f"Compare {{numref}}`fig-still` with {{numref}}`fig-{chapter}`."
    still = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="9"/></svg>'
    options = {"mystnb": {"figure": {"name": "fig-still", "caption": "It stays."}}}
    moved = {"text/html": made_figures.figure(chapter).page(), "text/plain": "a figure"}
    cells = [nbformat.v4.new_markdown_cell(f"# {chapter}\n\n{both}")]
    for data, metadata in (({"image/svg+xml": still}, options), (moved, {})):
        output = nbformat.v4.new_output("display_data", data)
        cells.append(nbformat.v4.new_code_cell("...", outputs=[output], metadata=metadata))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    language = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=kernel | language)


@pytest.fixture(scope="session")
def small_book(tmp_path_factory):
    source = tmp_path_factory.mktemp("small")
    (source / "index.md").write_text("# Figures\n")
    for i, chapter in enumerate(made_figures.MADE):
        page = notebook(chapter)
        if i:  # one name for each figure of a book
            page.cells[0].source = f"# {chapter}"
            del page.cells[1]
        nbformat.write(page, source / f"{chapter}.ipynb")
    chapters = [{"file": chapter} for chapter in made_figures.MADE]
    toc = {"format": "jb-book", "root": "index", "chapters": chapters}
    (source / "_toc.yml").write_text(yaml.safe_dump(toc))
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    config = {"execute": config["execute"], "sphinx": config["sphinx"]}
    for part in ("editions", "teaching"):  # made of the whole book
        del config["sphinx"]["local_extensions"][part]
        config["sphinx"]["config"]["extensions"].remove(part)
    config["html"] = {"favicon": "favicon.svg"}  # or the browser asks for one
    shutil.copy(ROOT / "book" / "_static" / "favicon.svg", source)
    config["bibtex_bibfiles"] = ["references.bib"]
    (source / "references.bib").write_text("@misc{somebody2000, title={A}, year={2000}}\n")
    config["sphinx"]["local_extensions"]["datawall_site"] = str(ROOT / "book" / "_ext")
    config["sphinx"]["config"]["html_static_path"] = [str(ROOT / "book" / "_static")]
    (source / "_config.yml").write_text(yaml.safe_dump(config))
    run = build(source, source)
    if run.returncode:
        pytest.fail("The small book does not build:\n" + run.stderr[-3000:], pytrace=False)
    return source / "_build" / "html"


def test_an_interactive_figure_is_numbered_with_the_others(small_book):
    page = BeautifulSoup((small_book / "teachers.html").read_text(), "html.parser")
    links = page.select("article p a.reference.internal .std-numref")
    assert [link.get_text() for link in links] == ["Fig. 1", "Fig. 2"]
    figure = page.select_one("figure.vega-figure")
    assert figure["id"] == "fig-teachers"
    caption = figure.select_one("figcaption").get_text(" ", strip=True)
    assert caption.startswith("Fig. 2") and "Interactive. It moves." in caption
    assert figure.select_one('[role="group"]')["aria-label"].startswith("Made-up data")


@pytest.mark.long
@pytest.mark.parametrize("chapter", made_figures.MADE)
def test_a_figure_is_right_at_every_setting(chapter, browser, serve, small_book):
    assert movable.all_faults(browser, f"{serve(small_book)}/{chapter}.html", chapter) == []


# Figures that are wrong


def broken(small_book, change, style=""):
    """The address within the small book of a page on which a figure was changed for the worse."""
    page = BeautifulSoup((small_book / "teachers.html").read_text(), "html.parser")
    script = page.select_one("figure.vega-figure script")
    spec = json.loads(script.string)
    change(spec)
    script.string = json.dumps(spec)
    page.head.append(BeautifulSoup(f"<style>{style}</style>", "html.parser"))
    (small_book / "broken.html").write_text(str(page))
    return "broken.html"


def clamp(spec):
    for layer in spec["layer"]:
        layer["encoding"]["y"]["scale"] = {"domain": [2.2, 3.4], "clamp": True}


def spill(spec):
    for layer in spec["layer"]:
        layer["encoding"]["y"]["scale"] = {"domain": [2.2, 3.4]}
        layer["mark"]["clip"] = False


def freeze_title(spec):
    spec["title"]["text"] = "loss on all letters, nats"


def keep(spec):
    pass


FIXED = "figure.vega-figure .vega-chart { width: 640px; contain: none; }"
LOW = ".role-legend-label text { transform: translateY(9rem); }"


@pytest.mark.parametrize(
    "change, style, named",
    [
        (clamp, "", ["px from any value", "a scale is clamped"]),
        (spill, "", ["lies outside the frame"]),
        (keep, FIXED, ["640 px wide in a column of"]),
        (keep, LOW, ["70 px lower: 2,048 is cut"]),
        (freeze_title, "", ["the axis's title doesn't follow the switch"]),
    ],
)
def test_a_wrong_figure_is_found(change, style, named, browser, serve, small_book):
    address = f"{serve(small_book)}/{broken(small_book, change, style)}"
    found = movable.all_faults(browser, address, "teachers", themes=("light",))
    assert [any(fault in one for one in found) for fault in named] == [True] * len(named), found
