"""Roles, directives and cells as the plain notebooks have them, each beside a fault that shows."""

import os
from dataclasses import replace
from datetime import datetime
from zipfile import ZipFile

import nbformat
import pytest
from pybtex.database import parse_string
from pybtex.plugin import find_plugin

import datawall_site
import quiz
from chapters import RESULT, read, results
from datawall.page import ledger
from editions import packing, work
from editions.markdown import NoPlainForm, Page, caption, plain, references
from editions.notebooks import alone, library_cell, without_solutions, written_out
from editions.records import Citations, Site

BIBLIOGRAPHY = """
@article{one2020, author={Ann One}, title={A Law}, journal={Laws}, year={2020}, url={http://a.b}}
@article{two2021, author={Bo Two and Cy Three and Di Four}, title={B}, journal={J}, year={2021}}
"""


def citations():
    datawall_site.release_codecs()
    entries = parse_string(BIBLIOGRAPHY, "bibtex").entries
    style = find_plugin("pybtex.style.formatting", "plain")()
    formatted = {made.key: made for made in style.format_entries(entries.values())}
    return Citations({key: (entry, formatted[key]) for key, entry in entries.items()})


SITE = Site(
    figures={"fig-loss": "7", "fig-front": "1"},
    equations={"eq-law": "3"},
    results={"here": {"gain": "0.12345", "name": "'a_b'"}, "there": {"gain": "9.5"}},
    files={"there": ("there.ipynb", "Over there")},
    measured={"claim": "2.1 [1.9, 2.3] nats"}.__getitem__,
    published={"claim": "1.27 %"}.__getitem__,
    verdict_zh={"claim": "成立"}.__getitem__,
    verdicts=lambda: "| chapters |",
    ledger=lambda chapter: f"| rows of {chapter} {{cite:p}}`one2020` |",
    citations=citations(),
)


def written(text, site=SITE):
    return plain(text, Page(site, "book/here"))


# For each role and directive: what stands in a chapter, what an edition has, and a fault of the
# site with which the edition would have something else.
FORMS = [
    ("{glue:text}`gain:.2f`", "0.12", {"results": {"here": {"gain": "0.2"}}}),
    ("{glue:text}`name`", r"a\_b", {"results": {"here": {"name": "'a'"}}}),
    ("{glue:text}`there.ipynb::gain:.0f`", "10", {"results": {"there": {"gain": "1"}}}),
    ("{measured}`claim`", "2.1 [1.9, 2.3] nats", {"measured": lambda claim: "2.1"}),
    ("{published}`claim`", "1.27 %", {"published": lambda claim: "1.28 %"}),
    ("{numref}`fig-loss`", "Fig. 7", {"figures": {"fig-loss": "8"}}),
    ("{numref}`figure %s <fig-loss>`", "figure 7", {"figures": {"fig-loss": "8"}}),
    ("{eq}`eq-law`", "(3)", {"equations": {"eq-law": "4"}}),
    ("{verdict-zh}`claim`", "成立", {"verdict_zh": lambda claim: "在此未定"}),
    ("```{verdicts}\n```", "| chapters |", {"verdicts": lambda: "| none |"}),
    (
        "````{cards}\n- [there](there.ipynb)\n- {measured}`claim`\n````",
        "- [there](there.ipynb)\n- 2.1 [1.9, 2.3] nats",
        {"measured": lambda claim: "2.1"},
    ),
    ("{doc}`there`", "[Over there](there.ipynb)", {"files": {"there": ("a.md", "Over there")}}),
    ("{doc}`it <there>`", "[it](there.ipynb)", {"files": {"there": ("a.md", "Over there")}}),
    (
        "```{math}\n:label: eq-law\na = b\n```",
        "$$\na = b\n\\tag{3}\n$$",
        {"equations": {"eq-law": "4"}},
    ),
    (
        "```{figure} a.svg\n:name: fig-front\n:alt: A curve.\n\nIt falls.\n```",
        "![A curve.](a.svg)\n\n**Figure 1.** It falls.",
        {"figures": {"fig-front": "2"}},
    ),
    (
        "```{ledger} here\n```",
        "| rows of here (One, 2020) |",
        {"ledger": lambda chapter: "| none |"},
    ),
]
IDS = [form[0].replace("\n", " ") for form in FORMS]


def test_what_only_the_site_has_is_named_and_not_linked():
    assert written("See {on-site}`the slides <../x.html>`.") == "See the slides."


@pytest.mark.parametrize(("myst", "expected", "fault"), FORMS, ids=IDS)
def test_a_role_or_directive_is_written_out_as_the_site_has_it(myst, expected, fault):
    assert written(myst) == expected
    assert written(myst, replace(SITE, **fault)) != expected


@pytest.mark.parametrize(
    ("myst", "expected"),
    [
        ("{cite:p}`one2020`", "(One, 2020)"),
        ("{cite:t}`one2020`", "One (2020)"),
        ("{cite:p}`two2021,one2020`", "(Two et al., 2021; One, 2020)"),
        ("{term}`epoch`", "[epoch](glossary.md)"),
        ("{term}`epochs <epoch>`", "[epochs](glossary.md)"),
        ("```{math}\na\n\n= b\n```", "$$\na\n= b\n$$"),
        ("```{glossary}\nepoch\n轮次\n  A pass\n  of {eq}`eq-law`.\n\nloss\n  Less.\n```",
         "- **epoch (轮次)**: A pass of (3).\n- **loss**: Less."),
        (":::{math}\na\n:::", "$$\na\n$$"),
        ("- one\n\n  ```{math}\n  a\n  ```\n- two", "- one\n\n  $$\n  a\n  $$\n- two"),
        ("(a-target)=\n# Head", "# Head"),
        ("% a remark\n\ntext", "\ntext"),
    ],
)  # fmt: skip
def test_what_no_number_of_the_site_is_in(myst, expected):
    assert written(myst) == expected


@pytest.mark.parametrize(
    "myst",
    [
        "**Bold**, `code`, $a^2$, [a link](there.ipynb) and <b>HTML</b>\\\nstay.\n",
        "`` {eq}`eq-law` `` is how an equation is cited.",
        "```python\nprint('{eq}`eq-law`')\n```\n",
        "| a | b |\n| --- | ---: |\n| 1 | $x$ |\n",
        "<details class=\"choice\"><summary>Yes</summary>\n\n**Right.**\n\n</details>",
    ],
)  # fmt: skip
def test_what_is_plain_already_is_left_to_the_letter(myst):
    assert written(myst) == myst


def test_a_role_is_found_behind_a_piece_of_code_that_shows_it_and_in_every_kind_of_block():
    role, out = "{eq}`eq-law`", "(3)"
    shown = f"`` {role} `` gives {role},\nand\n\n```\n{role}\n```\n\n- {role}\n\n> {role}\n"
    assert written(shown) == (
        f"`` {role} `` gives {out},\nand\n\n```\n{role}\n```\n\n- {out}\n\n> {out}\n"
    )
    table = f"| {role} | b |\n| --- | --- |\n| c | **{role}** |\n"
    assert written(table) == table.replace(role, out)
    hidden = f'<details class="solution">\n<summary>S</summary>\n\nBy {role}.\n\n</details>'
    assert written(hidden) == hidden.replace(role, out)


@pytest.mark.parametrize(
    "myst",
    [
        "{strange}`x`",
        "```{strange}\n```",
        "{glue:text}`loss:.2f`",
        "{glue:text}`nowhere.ipynb::gain:.2f`",
        "{numref}`fig-none`",
        "{eq}`eq-none`",
        "{doc}`nowhere`",
        "{cite:p}`nobody1999`",
        "{cite:strange}`one2020`",
        "```{math}\n:label: eq-none\na\n```",
    ],
)
def test_what_has_no_plain_form_is_refused(myst):
    with pytest.raises(NoPlainForm):
        written(myst)


def test_sources_are_listed_once_and_in_the_bibliographys_order():
    page = Page(SITE, "book/here")
    plain("{cite:t}`two2021` and {cite:p}`one2020,two2021`", page)
    head, _, *sources = references(page).replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert head == "## References"
    assert [source.split(".")[0] for source in sources] == [
        "- Ann One",
        "- Bo Two, Cy Three, and Di Four",
    ]
    assert "*Laws*, 2020" in sources[0] and "[http://a.b](http://a.b)" in sources[0]
    assert references(Page(SITE, "book/here")) == ""


# Cells


def display(mime, value="x", **metadata):
    return nbformat.v4.new_output("display_data", {mime: value}, metadata=metadata)


def chapter():
    """A chapter with one cell of every kind that editions treat in their own way."""
    markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    figure = {"figure": {"caption": "By {eq}`eq-law`.", "name": "fig-loss"}}
    quoted = display(RESULT, "0.5", scrapbook={"name": "gain"})
    solved = {"tags": ["exercise", "solution", "hide-cell"], "jupyter": {"source_hidden": True}}
    marked = "# NBVAL_CHECK_OUTPUT\n"
    said = nbformat.v4.new_output("execute_result", {"text/plain": "Right."})
    return nbformat.v4.new_notebook(
        cells=[
            markdown("# Title\n\n{cite:t}`one2020`", id="title"),
            code("draw()", id="drawn", metadata={"tags": ["hide-input"], "mystnb": figure},
                 outputs=[display("image/svg+xml"), quoted, display(ledger.MIME, {"id": "a"})]),
            markdown("Read it. Each has a worked solution that opens on a click.", id="exercises"),
            code(f"{marked}answer = ...\ncheck(answer)", id="stub", outputs=[said],
                 metadata={"tags": ["exercise", "stub"]}),
            markdown('<details class="solution">\n<summary>Worked solution</summary>\n\nSeven.\n\n'
                     "</details>", id="words"),
            code(f"{marked}check(7)", id="solved", metadata=solved, outputs=[said]),
        ]
    )  # fmt: skip


@pytest.fixture
def full():
    return written_out(chapter(), Page(SITE, "book/here"), library_cell("datawall.whl"))


@pytest.fixture
def student(full):
    return without_solutions(full)


def text(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells)


def test_both_editions_are_notebooks_whose_first_code_finds_the_library(full, student):
    for notebook in (full, student):
        nbformat.validate(notebook)
        code = next(cell for cell in notebook.cells if cell.cell_type == "code")
        assert code.source == library_cell("datawall.whl")


def test_a_caption_stands_below_its_figure_and_sources_at_the_end(full):
    sources = [cell.source for cell in full.cells]
    assert sources[sources.index("draw()") + 1] == "**Figure 7.** By (3)."
    assert caption(Page(SITE, "book/here"), "Falls.") == "**Figure.** Falls."
    assert sources[-1].startswith("## References\n\n- Ann One")


def test_an_interactive_figure_has_its_number_where_its_caption_is():
    html = '<figure class="vega-figure" id="fig-loss"><figcaption>Falls.</figcaption></figure>'
    source = chapter()
    source.cells[1].outputs = [display("text/html", html), display("text/html", "<b>7</b>")]
    full = written_out(source, Page(SITE, "book/here"), library_cell("datawall.whl"))
    drawn, other = next(cell for cell in full.cells if cell.source == "draw()").outputs
    assert "<figcaption><strong>Figure 7.</strong> Falls." in drawn.data["text/html"]
    assert other.data["text/html"] == "<b>7</b>"


def test_the_choices_of_a_quiz_stand_as_on_the_site():
    choices = [f'<details class="choice"><summary>{n}</summary>\n\n</details>' for n in "abcde"]
    asked = "### Question 2\n\nWhich?\n\n" + "\n\n".join(choices)
    source = chapter()
    source.cells.append(nbformat.v4.new_markdown_cell(asked, id="quiz"))
    full = written_out(source, Page(SITE, "book/here"), library_cell("datawall.whl"))
    found = next(cell.source for cell in full.cells if cell.source.startswith("### Question"))
    assert found == quiz.shuffled(asked, "here") != asked


def test_what_only_draws_is_folded_and_what_only_the_site_reads_is_gone(full):
    drawn = next(cell for cell in full.cells if cell.source == "draw()")
    assert drawn.metadata == {"tags": ["hide-input"], "jupyter": {"source_hidden": True}}
    assert [list(output.data) for output in drawn.outputs] == [["image/svg+xml"]]
    assert "NBVAL" not in text(full)


def test_the_full_edition_has_solutions_below_their_stubs(full):
    whole = text(full)
    order = ["answer = ...", "Seven.", "check(7)"]
    assert sorted(order, key=whole.index) == order
    solved = next(cell for cell in full.cells if cell.source == "check(7)")
    assert solved.metadata.jupyter.source_hidden and solved.outputs


def test_the_student_edition_has_stubs_without_outputs_and_no_word_of_a_solution(full, student):
    stub = next(cell for cell in student.cells if cell.source.startswith("answer = ..."))
    assert stub.outputs == []
    for word in ("Seven", "check(7)", "solution"):
        assert word in text(full) and word not in text(student)
    assert "Read it." in text(student)


def test_a_notebook_by_itself_has_no_link_to_a_file(full):
    linked = "See [there](there.ipynb), a [token](glossary.md), [a law](http://a.b), ![x](y.svg)."
    full.cells[0].source = linked
    full.cells[2].outputs = [display("text/markdown", "| [there](there.ipynb) |")]
    pages = {"there.ipynb": "book/there", "glossary.md": "book/glossary"}
    single = alone(full, pages)
    assert single.cells[0].source == "See there, a token, [a law](http://a.b), ![x](y.svg)."
    assert single.cells[2].outputs[0].data["text/markdown"] == "| there |"
    assert full.cells[0].source == linked
    words = alone(full, pages, "https://example.org/wall/").cells[0].source
    assert "[there](https://example.org/wall/book/there.html)" in words
    assert "[token](https://example.org/wall/book/glossary.html)" in words


def test_a_chapters_results_are_read_from_its_outputs(tmp_path):
    nbformat.write(chapter(), tmp_path / "here.ipynb")
    assert results(read(tmp_path / "here.ipynb")) == {"gain": "0.5"}


# The first cell


def run_library_cell(monkeypatch, folder, installed):
    monkeypatch.chdir(folder)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: installed or None)
    calls = []
    monkeypatch.setattr("subprocess.run", lambda command, check: calls.append(command))
    try:
        exec(library_cell("datawall-1.whl", "https://example.org/book"), {})
    except ModuleNotFoundError as fault:
        return calls, str(fault)
    return calls, ""


def test_the_first_cell_installs_nothing_where_the_library_is(monkeypatch, tmp_path):
    (tmp_path / "datawall-1.whl").touch()
    assert run_library_cell(monkeypatch, tmp_path, installed=True) == ([], "")


@pytest.mark.parametrize("where", [".", ".."])
def test_the_first_cell_installs_the_wheel_and_nothing_else(monkeypatch, tmp_path, where):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / where / "datawall-1.whl").touch()
    calls, said = run_library_cell(monkeypatch, tmp_path / "here", installed=False)
    assert [os.path.basename(call[-1]) for call in calls] == ["datawall-1.whl"]
    assert {"--no-deps", "--no-index"} <= set(calls[0]) and said == ""


def test_the_first_cell_says_how_to_get_the_library(monkeypatch, tmp_path):
    calls, said = run_library_cell(monkeypatch, tmp_path, installed=False)
    assert calls == [] and "put datawall-1.whl" in said and "git+https://example.org/book" in said
    assert "git+" not in library_cell("datawall-1.whl")


def test_the_first_cell_names_what_else_is_missing(monkeypatch, tmp_path):
    (tmp_path / "datawall-1.whl").touch()
    monkeypatch.setattr("importlib.metadata.requires", lambda name: ["numpy>=2", "nowhere>=1"])
    _, said = run_library_cell(monkeypatch, tmp_path, installed=False)
    assert said.endswith("%pip install 'nowhere>=1'")


# Zips and the wheel


def test_a_zip_is_the_same_whenever_it_is_made(tmp_path):
    files = {"b/x": b"1", "a": b"2"}
    packing.write_zip(tmp_path / "one.zip", files)
    packing.write_zip(tmp_path / "two.zip", dict(reversed(files.items())))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["a", "b/x"]


def test_the_wheel_is_the_same_whenever_it_is_made_and_leaves_nothing_behind(tmp_path):
    before = set(work.ROOT.iterdir())
    made = [packing.wheel(work.ROOT, folder) for folder in (tmp_path / "a", tmp_path / "b")]
    assert made[0].read_bytes() == made[1].read_bytes()
    assert set(work.ROOT.iterdir()) == before
    with ZipFile(made[0]) as wheel:
        names = wheel.namelist()
    assert {"datawall/__init__.py", "datawall/book/ledger.toml"} <= set(names)
    assert not [name for name in names if name.endswith(".ipynb") or "_ext" in name]


def test_the_requirements_are_the_librarys_at_the_books_releases():
    lines = packing.requirements(work.ROOT).splitlines()
    named = {line.split("==")[0] for line in lines if "==" in line}
    assert {"torch", "numpy", "jupyterlab"} <= named
    assert not named & {"pytest", "jupyter-book", "playwright"}


# The working copy


def test_a_reset_makes_the_copy_anew_and_keeps_what_was_changed(tmp_path, capsys):
    edition, copy = tmp_path / "edition", tmp_path / "work"
    (edition / "_static").mkdir(parents=True)
    for name in ("a.ipynb", "b.ipynb", "_static/c.svg"):
        (edition / name).write_text(name)
    noon = datetime(2030, 1, 2, 12, 0, 5)
    assert work.restore(edition, copy, noon) == []
    (copy / "a.ipynb").write_text("mine")
    (copy / "own.ipynb").write_text("own")
    (copy / "b.ipynb").unlink()
    kept = work.restore(edition, copy, noon)
    assert kept == [copy / "kept-2030-01-02-120005" / "a.ipynb"]
    assert kept[0].read_text() == "mine"
    assert {p.name: p.read_text() for p in copy.glob("*.ipynb")} == {
        "a.ipynb": "a.ipynb",
        "b.ipynb": "b.ipynb",
        "own.ipynb": "own",
    }
    (copy / "a.ipynb").write_text("mine again")
    work.main(edition, copy)
    assert "a.ipynb" in capsys.readouterr().out and kept[0].read_text() == "mine"
    with pytest.raises(SystemExit, match="make book"):
        work.main(tmp_path / "none", copy)
