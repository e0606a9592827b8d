"""Show that each rule of ``invariants.py`` bites: a small good notebook, and one fault at a time.

``good`` keeps every rule under the small limits ``LIMITS``. A mutation changes one thing in it and
names the rule that must catch it; exactly that rule may then report, and the report must say what
is wrong. A harmless change looks like a fault to a careless rule and must pass them all.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import invariants as r
from invariants import reading
from invariants.context import MARK, Context, Limits
from invariants.ledger import MEASURED
from invariants.quotes import GLUE_PREFIX

ROW = {
    "id": "loss-law",
    "chapter": "tiny",
    "who": "Kaplan et al.",
    "claim": "The loss falls",
    "source": "kaplan2020",
    "date": "2020",
    "as_of": "2026-01-31",
    "note": "Ours is tiny",
    "verdict": "holds",
    "holds_if": [0, 1],
    "because": "A share",
    "tolerance": [0.1, 0.9],
}
LIMITED = ROW | {"verdict": "holds within limits", "limit": "on code"}
LIMITS = Limits(words=(128, 250), figures=1, exercises=5, quiz_share=0.8, bytes=30_000)
CONTEXT = Context(
    chapter="tiny",
    limits=LIMITS,
    bibliography=frozenset({"kaplan2020", "hoffmann2022"}),
    claims=(
        ROW,
        {"id": "old-law", "chapter": "tiny", "source": "kaplan2020"},
        ROW | {"id": "elsewhere", "chapter": "other"},
    ),
    figures={"fig-elsewhere": "other"},
)  # fmt: skip
WITH_LIMIT = replace(CONTEXT, claims=(LIMITED, *CONTEXT.claims[1:]))

HEADER = """# A tiny chapter

- **Asks**: does the loss fall as tokens are added?
- **You need**: logarithms.
- **Reading time**: 1 minute.
- **Run time**: {glue:text}`run_seconds:.0f` seconds.
"""
HEADER_TABLE = """# A tiny chapter

```{list-table}
:header-rows: 0

* - **Asks**
  - Does the loss fall as tokens are added?
* - **You need**
  - Logarithms.
* - **Reading time**
  - 1 minute
* - **Run time**
  - {glue:text}`run_seconds:.0f` seconds
```
"""
GUESS = """Commit to a guess before you run anything: will the curve bend or stay straight, and at
which number of tokens will it leave the line that you would draw by eye?"""
CLAIM = f"""## The claim

The loss falls as a power of the number of {{term}}`token`s {{cite:p}}`kaplan2020,hoffmann2022`, by
{{published}}`loss-law` for each doubling.

## Predict

{GUESS}

## The idea

$$L(D) = E + B D^{{-\\beta}}$$ (eq-law)
"""
READING = "The line of the small model bends before that of the large one does."
TABLE = """The table holds the values of the chart.

| tokens | loss |
|---|---|
| few | high |
"""
PAPER = """We measured a slope of {glue:text}`slope:.2f`, the ledger holds {measured}`loss-law`.

## What a toy can't tell

The form of the law transfers, its constants do not.
"""
SUMMARY = """## Summary

More data lowers the loss. Read on in {cite:t}`hoffmann2022`.
"""
ALT = "Two falling lines on logarithmic axes; the lower one is straight."
CAPTION = "The loss of the larger model falls as a straight line."
SVG = "<svg xmlns='http://www.w3.org/2000/svg'></svg>"
VALUE = {"id": "loss-law", "value": 0.5, "low": 0.4, "high": 0.6}
STORED = {MEASURED: VALUE}
CHART = """<figure class="vega-figure" aria-label="A falling line with a slider for the tokens.">
<script type="application/vnd.vegalite+json">{"mark": "line"}</script>
<figcaption>The loss falls more slowly as tokens are added.</figcaption></figure>"""
TRAINING = """runs = replicate(trained, width=WIDTHS, seeds=range(5))
quote(slope=slope)"""
ADDRESS = "https://a.org/2305.16264"
WORKED = """<details class="solution">
<summary>Worked solution</summary>

Double the tokens: $0.34 \\times 2$.

</details>"""
QUESTION = """### Question {number}

Which of the two runs has the lower loss?

<details class="choice"><summary>The run with more tokens</summary>

**Right.** With more tokens the law gives a lower loss at any size.
</details>

<details class="choice"><summary>The run with fewer tokens</summary>

**Wrong.** With fewer tokens the second term of the law is the larger.
</details>

<details class="choice"><summary>Both have the same</summary>

**Wrong.** The law has no term that would cancel the gain from tokens.
</details>
"""


ASKED = "Which of the two runs has the lower loss?"
LAST_CHOICE = QUESTION[QUESTION.rindex("<details") :]
REASON = "**Wrong.** With fewer tokens the second term of the law is the larger."


# The good notebook --------------------------------------------------------------------------------


def glued(key: str, text: str) -> nbformat.NotebookNode:
    return new_output(
        "display_data",
        data={"text/plain": text},
        metadata={"scrapbook": {"name": key, "mime_prefix": ""}},
    )


def printed(text: str, name: str = "stdout") -> nbformat.NotebookNode:
    return new_output("stream", text=text, name=name)


def shown(**data: str) -> nbformat.NotebookNode:
    return new_output("display_data", data=data)


def code(name: str, source: str, *outputs, **metadata) -> nbformat.NotebookNode:
    return new_code_cell(source, id=name, outputs=list(outputs), metadata=metadata)


def text(name: str, source: str) -> nbformat.NotebookNode:
    return new_markdown_cell(source, id=name)


def exercise(number: int, kind: str) -> list[nbformat.NotebookNode]:
    call = f'{MARK}\ncheck("tiny/{number}", {{}})'
    title = f"### Exercise {number}: Double it\n\n*{kind}*\n\nGiven $B = 0.34$, double the tokens."
    if number == 1:
        title = "## Exercises\n\n" + title
    return [
        text(f"ask-{number}", title),
        code(f"stub-{number}", call.format("None"), printed("Not yet: type your answer.\n"),
             tags=["exercise", "stub"]),
        text(f"worked-{number}", WORKED),
        code(f"solution-{number}", call.format("0.68"), printed("Right: that is it.\n"),
             tags=["exercise", "solution", "hide-cell"], jupyter={"source_hidden": True}),
    ]  # fmt: skip


def figure_metadata() -> dict:
    options = {"image": {"alt": ALT}, "figure": {"caption": CAPTION, "name": "fig-tiny"}}
    return {"mystnb": options, "tags": ["hide-input"]}


def lesson() -> list[nbformat.NotebookNode]:
    chart = {"text/html": CHART, "application/vnd.vegalite.v6+json": {"mark": "line"}}
    return [
        text("header", HEADER),
        text("claim", CLAIM),
        code("imports", "from datawall.evidence.replicate import replicate\n"
             "from datawall.lm import train\n"
             "from datawall.page import plots\n"
             "from datawall.page.results import close, quote"),
        text("experiment", "## The experiment\n\nWe train one model for each of some seeds."),
        code("training", TRAINING, glued("slope", "0.5")),
        code("figure", "fig, ax = plots.figure()\nax.plot(x, y)", shown(**{"image/svg+xml": SVG}),
             **figure_metadata()),
        text("reading", READING),
        code("chart", "plots.Interactive(chart, alt=alt, caption=caption)", shown(**chart)),
        text("table", TABLE),
        text("paper", "## Paper beside ours"),
        code("end", "close('tiny', {'loss-law': slope})", shown(**STORED),
             glued("run_seconds", "12.5")),
        text("beside", PAPER),
    ]  # fmt: skip


def good() -> nbformat.NotebookNode:
    kinds = ["Prediction", "Code", "Code", "Judgement", "Code"]
    exercises = [cell for n, kind in enumerate(kinds, 1) for cell in exercise(n, kind)]
    quiz = [text(f"question-{n}", QUESTION.format(number=n)) for n in range(1, 5)]
    quiz[0].source = "## Quiz\n\n" + quiz[0].source
    notebook = new_notebook(cells=lesson() + exercises + quiz + [text("summary", SUMMARY)])
    notebook.nbformat_minor = 5
    return number_runs(notebook)


def number_runs(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Number the code cells as one run from top to bottom does."""
    runs = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source]
    for count, cell in enumerate(runs, start=1):
        cell.execution_count = count
    return notebook


def broken_rules(notebook: dict, context: Context = CONTEXT) -> dict[str, list[str]]:
    """Apply every rule; to the rules for a whole book, the notebook is the only chapter."""
    found = {rule.__name__: rule(notebook, context) for rule in r.CHAPTER_RULES}
    for rule in r.BOOK_RULES:
        found[rule.__name__] = rule({"tiny": notebook}, context)
    return {name: faults for name, faults in found.items() if faults}


# What a mutation can do: each returns a function that changes a notebook --------------------------

Change = Callable[[nbformat.NotebookNode], None]


def at(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    return next(cell for cell in notebook.cells if cell.id == name)


def swap(name: str, old: str, new: str) -> Change:
    """Replace a text in the source of one cell."""

    def change(notebook):
        cell = at(notebook, name)
        assert old in cell.source, f"{name} holds no {old!r}: the mutation would change nothing"
        cell.source = cell.source.replace(old, new, 1)

    return change


def add(name: str, new: str) -> Change:
    """Add a text at the end of one cell."""

    def change(notebook):
        at(notebook, name).source += new

    return change


def output(name: str, *outputs) -> Change:
    return lambda notebook: at(notebook, name).update(outputs=list(outputs))


def stored(**new) -> Change:
    """The last cell stores a measured value that differs from VALUE in this."""
    return output("end", shown(**{MEASURED: VALUE | new}), glued("run_seconds", "12.5"))


def more_output(name: str, new) -> Change:
    return lambda notebook: at(notebook, name).outputs.append(new)


def metadata(name: str, **new) -> Change:
    return lambda notebook: at(notebook, name).metadata.update(new)


def option(kind: str, key: str, value: str) -> Change:
    return lambda notebook: at(notebook, "figure").metadata.mystnb[kind].update({key: value})


def caption(value: str) -> Change:
    return option("figure", "caption", value)


def in_chart(old: str, new: str) -> Change:
    def change(notebook):
        data = at(notebook, "chart").outputs[0].data
        assert old in data["text/html"]
        data["text/html"] = data["text/html"].replace(old, new, 1)

    return change


def drop(*names: str) -> Change:
    def change(notebook):
        notebook.cells = [cell for cell in notebook.cells if cell.id not in names]
        number_runs(notebook)

    return change


def insert(after: str, *cells) -> Change:
    def change(notebook):
        place = notebook.cells.index(at(notebook, after)) + 1
        notebook.cells[place:place] = cells
        number_runs(notebook)

    return change


def both(*changes: Change) -> Change:
    def change(notebook):
        for one in changes:
            one(notebook)

    return change


def count(name: str, number: int | None) -> Change:
    return lambda notebook: at(notebook, name).update(execution_count=number)


def raster(notebook):
    data = at(notebook, "figure").outputs[0].data
    data["image/png"] = "iVBORw0KGgo="


def no_vegalite(notebook):
    del at(notebook, "chart").outputs[0].data["application/vnd.vegalite.v6+json"]


def another_figure(name: str) -> Change:
    """Insert a figure of the given name, with its reading."""
    options = figure_metadata()
    options["mystnb"]["figure"]["name"] = name
    cell = code(f"cell-{name}", "ax.plot(y, x)", shown(**{"image/svg+xml": SVG}), **options)
    return insert("reading", cell, text(f"reading-{name}", READING))


LONG = "The prose goes on and on and says little. " * 20
ERROR = new_output("error", ename="ValueError", evalue="no", traceback=[])


@dataclass(frozen=True)
class Mutation:
    """A change to the good notebook, the rule that must catch it, what the report must hold."""

    rule: Callable
    holds: str
    change: Change
    context: Context = CONTEXT


def typed(text: str, number: str, name: str = "reading") -> Mutation:
    """A text with a number typed by hand at the end of a Markdown cell."""
    return Mutation(r.hand_typed_numbers, f"'{number}'", add(name, f" It is {text}"))


MUTATIONS = {
    # text
    "an older format": Mutation(r.well_formed, "4.4", lambda nb: nb.update(nbformat_minor=4)),
    "two ids alike": Mutation(
        r.well_formed, "'paper'", lambda nb: at(nb, "summary").update(id="paper")),
    "a cell without id": Mutation(r.well_formed, "no id", lambda nb: at(nb, "table").pop("id")),
    "a heading out of order": Mutation(
        r.skeleton, "'Predict' is out of order; 'The claim' is due",
        both(swap("claim", "## Predict", "## X"), swap("claim", "## The claim", "## Predict"),
             swap("claim", "## X", "## The claim"))),
    "a heading missing": Mutation(
        r.skeleton, "'## Predict'", swap("claim", "## Predict", "### Predict")),
    "a heading of its own": Mutation(r.skeleton, "'Setup'", add("table", "\n\n## Setup\n")),
    "a heading twice": Mutation(r.skeleton, "twice", add("summary", "\n\n## Summary\n")),
    "a curly apostrophe in a heading": Mutation(
        r.skeleton, "can\u2019t", swap("beside", "can't", "can\u2019t")),
    "no title": Mutation(r.header, "# Title", swap("header", "# A tiny chapter", "A tiny chapter")),
    "two titles": Mutation(r.header, "second H1", add("reading", "\n\n# Another\n")),
    "a header without needs": Mutation(
        r.header, "**You need**", swap("header", "- **You need**: logarithms.\n", "")),
    "an empty field of the header": Mutation(
        r.header, "**You need**", swap("header", "logarithms.", "")),
    "a run time typed by hand": Mutation(
        r.header, "not glued",
        both(swap("header", "{glue:text}`run_seconds:.0f`", "12"),
             output("end", shown(**STORED)))),
    "a reading time far off": Mutation(
        r.reading_time, "type 1", swap("header", "1 minute", "2 minutes")),
    "no reading time in minutes": Mutation(
        r.reading_time, "1 minutes", swap("header", "1 minute", "short")),
    "too many words": Mutation(
        r.words, "cut", both(add("reading", LONG), swap("header", "1 minute", "2 minutes"))),
    "too few words": Mutation(r.words, "say more", swap("claim", GUESS, "Guess.")),
    "a role within raw HTML": Mutation(
        r.raw_html_roles, "{glue:text}`slope:.2f`",
        add("table", "\n\n<div>The slope is {glue:text}`slope:.2f`</div>\n")),
    "an equation's number": Mutation(
        r.typed_references, "'equation (1)'", add("reading", " See equation (1).")),
    "a figure's number in a comment": Mutation(
        r.typed_references, "'Fig. 2'", add("training", "\n# as in Fig. 2")),
    # numbers typed by hand
    "a percentage": typed("12 %.", "12 %"),
    "a percentage in words": typed("about 12 per cent.", "12 per cent"),
    "a percentage in bold": typed("**12** %.", "12 %"),
    "a percentage after a formula": typed("$12$ %.", "a percentage"),
    "a percentage in a formula": typed(r"$12\%$.", r"12\%"),
    "a decimal": typed("0.34 nats.", "0.34"),
    "a decimal without its nought": typed(".34 nats.", ".34"),
    "a decimal in a formula": typed("$\\beta = 0.34$.", "0.34"),
    "a decimal after a letter in a formula": typed("$x-0.5$.", "0.5"),
    "a decimal in a displayed formula": typed("\n\n$$\nB = 0.34\n$$\n", "0.34"),
    "a decimal in a math directive": typed("\n\n```{math}\n:label: a\nB = 0.34\n```\n", "0.34"),
    "a decimal in a table": typed("\n\n| a |\n|---|\n| 0.34 |\n", "0.34"),
    "a decimal in an admonition": typed("\n\n```{note}\nA loss of 0.34.\n```\n", "0.34"),
    "a decimal in raw HTML": typed("\n\n<div>0.34</div>\n", "0.34"),
    "a decimal in a link's text": typed("[0.34](https://a.org).", "0.34"),
    "scientific notation": typed("3e21 operations.", "3e21"),
    "scientific notation in a formula": typed(r"$3 \times 10^{21}$.", r"3 \times 10^{21}"),
    "a large integer": typed("400 runs.", "400"),
    "an integer with its unit": typed("300B words.", "300"),
    "an integer with a comma": typed("1,950 runs.", "1,950"),
    "an integer with LaTeX's comma": typed("$1{,}950$ runs.", "1,950"),
    "an integer like no year": typed("2100 runs.", "2100"),
    "an equation's number typed": typed("$a = 512 \\label{eq-300}$.", "512"),
    "a number in a caption": Mutation(
        r.hand_typed_numbers, "cell 5, caption: '12 %'", caption("The loss falls by 12 % a year.")),
    "a decimal in a quiz": typed("0.34 nats.", "0.34", "question-2"),
    "a decimal in an exercise": typed("0.34 nats.", "0.34", "ask-2"),
    # code
    "a long line": Mutation(
        r.line_length, "cell 4, line 3: 97 characters", add("training", "\n# " + "x" * 95)),
    "a long line of a solution": Mutation(
        r.line_length, "cell 19, line 3", add("solution-2", "\nx = " + "1 + " * 30 + "1")),
    "a cell that is no Python": Mutation(r.parses, "cell 4", add("training", "\ndef broken(")),
    "imports not first": Mutation(
        r.imports_first, "imports nothing", insert("claim", code("early", "x = 1"))),
    "a private attribute": Mutation(
        r.public_names, "'_private'", add("training", "\ndatawall.train._private(seed)")),
    "a private name imported": Mutation(
        r.public_names, "'_step'", add("imports", "\nfrom datawall.lm.train import _step as step")),
    "a private module imported": Mutation(
        r.public_names, "'_core'", add("imports", "\nimport datawall._core")),
    "a private name by getattr": Mutation(
        r.public_names, "'_step'", add("training", "\ngetattr(train, '_step')")),
    "a private name below a magic": Mutation(
        r.public_names, "'_step'", add("training", "\n%matplotlib inline\nrun._step")),
    "pip as a magic": Mutation(r.offline, "runs pip", add("imports", "\n%pip install x")),
    "pip in the shell": Mutation(r.offline, "runs pip", add("imports", "\n!pip install x")),
    "a shell cell that downloads": Mutation(
        r.offline, "runs curl", swap("training", "runs =", "%%bash\ncurl a.org #")),
    "an address opened": Mutation(
        r.offline, ADDRESS, add("training", f"\npd.read_csv('{ADDRESS}')")),
    "a network module": Mutation(
        r.offline, "urllib.request", add("imports", "\nfrom urllib import request")),
    "training without a seed": Mutation(
        r.seeds_named, "datawall.evidence.replicate.replicate is given no seed",
        swap("training", "seeds=range(5)", "runs=range(5)")),
    "training by another name without a seed": Mutation(
        r.seeds_named, "fit is given no seed",
        both(add("imports", "\nfrom datawall.lm.train import fit as learn"),
             insert("table", code("again", "model = learn(job, text)")))),
    "a global seed": Mutation(
        r.seeds_named, "torch.manual_seed", add("training", "\ntorch.manual_seed(1)")),
    # outputs
    "counts out of order": Mutation(r.executed_in_order, "3 is due", count("figure", 9)),
    "counts that skip one": Mutation(
        r.executed_in_order, "cell 2", both(count("imports", 2), count("training", 3))),
    "a cell never run": Mutation(r.executed_in_order, "None", count("chart", None)),
    "a stored error": Mutation(r.no_stored_error, "ValueError", more_output("training", ERROR)),
    "a stderr stream": Mutation(
        r.no_stderr, "a warning", more_output("training", printed("a warning", "stderr"))),
    "a large notebook": Mutation(
        r.size, "kB", more_output("training", printed("\u00e9" * 20_000))),
    # figures
    "a PNG figure": Mutation(
        r.figure_format, "image/png", more_output("figure", shown(**{"image/png": "iVBORw"}))),
    "a PNG in HTML": Mutation(
        r.figure_format, "data:image/png",
        more_output("training", shown(**{"text/html": "<img src='data:image/png;base64,aa'>"}))),
    "a PNG in Markdown": Mutation(r.figure_format, "a.png", add("reading", " ![A line](a.png)")),
    "two figures in a cell": Mutation(
        r.figure_format, "2 figures", more_output("figure", shown(**{"image/svg+xml": SVG}))),
    "a caption without a figure": Mutation(
        r.figure_format, "no stored figure", metadata("training", mystnb={
            "image": {"alt": ALT}, "figure": {"caption": CAPTION, "name": "fig-none"}})),
    "an empty alt": Mutation(r.figure_alt, "0 characters", option("image", "alt", "")),
    "a short alt": Mutation(r.figure_alt, "6 characters", option("image", "alt", "A plot")),
    "an alt equal to the caption": Mutation(
        r.figure_alt, "is the caption", option("image", "alt", CAPTION)),
    "no full stop in the caption": Mutation(
        r.figure_caption, "full stop", caption(CAPTION.strip("."))),
    "a label for a caption": Mutation(r.figure_caption, "2 words", caption("Loss curves.")),
    "a caption too long": Mutation(
        r.figure_caption, "50 words", caption("On and on it goes here. " * 8 + "And on.")),
    "no name": Mutation(r.figure_name, "fig-...", option("figure", "name", "")),
    "a name with a capital": Mutation(r.figure_name, "fig-A", option("figure", "name", "fig-A")),
    "two figures named alike": Mutation(r.figure_name, "of cell 5", another_figure("fig-tiny")),
    "a figure named as in another chapter": Mutation(
        r.figure_name, "figure of other", option("figure", "name", "fig-elsewhere")),
    "too few figures": Mutation(r.figure_count, "0 figures", drop("figure", "reading")),
    "no reading of a figure": Mutation(r.figure_read, "cell 5", drop("reading")),
    "a heading instead of a reading": Mutation(
        r.figure_read, "cell 5", swap("reading", READING, f"### Next\n\n{READING}")),
    "no reading of a chart": Mutation(
        r.figure_read, "cell 7", swap("table", "The table holds the values of the chart.", "")),
    "plotting code not folded": Mutation(
        r.figure_code_hidden, "hide-input", metadata("figure", tags=[])),
    "a chart without alt": Mutation(
        r.interactive_figure, "alternative text", in_chart("aria-label", "title")),
    "a chart without a caption": Mutation(
        r.interactive_figure, "0 words", in_chart(CHART[CHART.index("<figcaption"):], "</figure>")),
    "a chart without its figure": Mutation(
        r.interactive_figure, "plots.Interactive", in_chart("vega-figure", "chart")),
    "a chart without Vega-Lite for notebooks": Mutation(
        r.interactive_figure, "Vega-Lite", no_vegalite),
    "a chart of broken JSON": Mutation(r.interactive_figure, "JSON", in_chart('"line"}', '"line"')),
    "a chart that loads data": Mutation(
        r.interactive_figure, "address", in_chart('"line"}', '"line", "data": {"url": "a.csv"}}')),
    "a chart without a table": Mutation(
        r.interactive_table, "'The experiment'", swap("table", TABLE, READING)),
    "a table in the next section only": Mutation(
        r.interactive_table, "'The experiment'",
        both(swap("table", TABLE, READING), add("beside", "\n" + TABLE))),
    # exercises
    "an exercise too few": Mutation(
        r.exercise_headings, "4 exercises", drop("ask-5", "stub-5", "worked-5", "solution-5")),
    "an exercise without a title": Mutation(
        r.exercise_headings, "'Exercise 2'", swap("ask-2", ": Double it", "")),
    "an exercise misnumbered": Mutation(
        r.exercise_headings, "number 2 is due", swap("ask-2", "Exercise 2", "Exercise 3")),
    "no prediction": Mutation(
        r.exercise_kinds, "0 exercises of kind Pred", swap("ask-1", "*Prediction*", "*Code*")),
    "a kind that is none": Mutation(
        r.exercise_kinds, "no kind below", swap("ask-5", "*Code*", "*Essay*")),
    "a kind not in italics": Mutation(
        r.exercise_kinds, "no kind below", swap("ask-5", "*Code*", "Code")),
    "no stub": Mutation(r.exercise_cells, "0 stubs", drop("stub-2")),
    "a solution not tagged": Mutation(
        r.exercise_cells, "0 solutions", metadata("solution-2", tags=["exercise", "hide-cell"])),
    "no worked solution": Mutation(
        r.exercise_cells, '<details class="solution">', swap("worked-2", WORKED, "Double them.")),
    "a worked solution elsewhere": Mutation(r.exercise_cells, "not followed", drop("worked-2")),
    "a worked solution without summary": Mutation(
        r.exercise_cells, "Worked solution", swap("worked-2", "Worked solution", "Solution")),
    "a worked solution not closed": Mutation(
        r.exercise_cells, "not closed", swap("worked-2", "</details>", "")),
    "a solution in sight": Mutation(
        r.exercise_cells, "not hidden", metadata("solution-2", tags=["exercise", "solution"])),
    "a solution whose source is in sight": Mutation(
        r.exercise_cells, "source_hidden", metadata("solution-2", jupyter={})),
    "an exercise's cell outside the exercises": Mutation(
        r.exercise_cells, "untag it",
        insert("table", code("stray", "x = 1", tags=["exercise", "other"]))),
    "a check of another exercise": Mutation(
        r.exercise_checks, "tiny/2", swap("solution-2", "tiny/2", "tiny/3")),
    "a check of another chapter": Mutation(
        r.exercise_checks, "tiny/2", swap("stub-2", "tiny/2", "large/2")),
    "a check commented out": Mutation(
        r.exercise_checks, "doesn't call", swap("stub-2", "check(", "# check(")),
    "an exercise not compared": Mutation(
        r.exercise_checks, MARK, swap("solution-2", MARK + "\n", "")),
    "the mark not on the first line": Mutation(
        r.exercise_checks, MARK, swap("stub-2", MARK, "\n" + MARK)),
    "a stub that says Right": Mutation(
        r.exercise_outputs, "the stub's", output("stub-2", printed("Right: that is it."))),
    "a solution that says Not yet": Mutation(
        r.exercise_outputs, "the solution's", output("solution-2", printed("Not yet: type it."))),
    "a solution that says nothing": Mutation(
        r.exercise_outputs, "the solution's", output("solution-2")),
    # quiz
    "too few questions": Mutation(r.quiz_questions, "3 questions", drop("question-4")),
    "a question misnumbered": Mutation(
        r.quiz_questions, "number 2 is due", swap("question-2", "Question 2", "Question 7")),
    "a question that asks nothing": Mutation(
        r.quiz_questions, "asks nothing", swap("question-2", ASKED, "")),
    "two right choices": Mutation(
        r.quiz_choices, "2 right choices", swap("question-2", "**Wrong.**", "**Right.**")),
    "no right choice": Mutation(
        r.quiz_choices, "0 right choices", swap("question-2", "**Right.**", "**Wrong.**")),
    "a reason missing": Mutation(r.quiz_choices, "doesn't begin", swap("question-2", REASON, "")),
    "a reason without a verdict": Mutation(
        r.quiz_choices, "doesn't begin", swap("question-2", "**Wrong.** ", "")),
    "a short reason": Mutation(
        r.quiz_choices, "3 words", swap("question-2", REASON, "**Wrong.** It is not.")),
    "a choice without text": Mutation(
        r.quiz_choices, "no text", swap("question-2", "Both have the same", "")),
    "a reason that is not Markdown": Mutation(
        r.quiz_choices, "blank line", swap("question-2", "</summary>\n\n", "</summary>\n")),
    "a choice not closed": Mutation(
        r.quiz_choices, "</details>", swap("question-2", "</details>", "")),
    "a choice of another class": Mutation(
        r.quiz_choices, 'class="choice"', swap("question-2", 'class="choice"', 'class="option"')),
    "two choices only": Mutation(
        r.quiz_choices, "2 choices", swap("question-2", LAST_CHOICE, "")),
    "right answers mostly in one place": Mutation(
        r.quiz_places, "in place 3 in 2 of 4 questions", both(),
        replace(CONTEXT, limits=replace(LIMITS, quiz_share=0.4))),
    "right answers that are the longest": Mutation(
        r.quiz_lengths, "the longest in 4 of 4 questions",
        both(*(swap(f"question-{n}", "The run with more tokens", "The run with the more tokens")
               for n in range(1, 5)))),
    # references
    "an entry that nobody cites": Mutation(
        r.unused_bibliography, "'hoffmann2022'",
        both(swap("claim", ",hoffmann2022", ""), swap("summary", "hoffmann2022", "kaplan2020"))),
    "a result that can't be formatted": Mutation(
        r.quote_formats, "np.float64", output("training", glued("slope", "np.float64(0.5)"))),
    "a key never quoted": Mutation(
        r.quotes_used, "'gain' is never quoted", more_output("training", glued("gain", "2.0"))),
    "a key glued twice": Mutation(
        r.quotes_used, "handed over twice", more_output("end", glued("slope", "0.7"))),
    "a claim without a value": Mutation(
        r.claims_measured, "no stored value", output("end", glued("run_seconds", "12.5"))),
    "a claim's value in an exercise only": Mutation(
        r.claims_measured, "no stored value",
        both(output("end", glued("run_seconds", "12.5")),
             more_output("solution-2", shown(**STORED)))),
    "a stored value outside its tolerance": Mutation(
        r.claims_measured, "measured 0.950 [0.400, 0.960], but the ledger allows 0.1 to 0.9",
        stored(value=0.95, high=0.96)),
    "a stored value that gives another verdict": Mutation(
        r.claims_measured, "'undecided here', but the ledger says 'holds'", stored(high=1.1)),
    "a stored value under a limit that the ledger lacks": Mutation(
        r.claims_measured, "and not both", stored(limit=[2, 2, 2])),
    "a limit without a stored value": Mutation(
        r.claims_measured, "and not both", stored(),
        WITH_LIMIT),
    "a value under a limit that gives another verdict": Mutation(
        r.claims_measured, "'holds', but the ledger says 'holds within limits'",
        stored(limit=[0.5, 0.4, 0.6]), WITH_LIMIT),
}  # fmt: skip

HARMLESS = {
    "a PNG beside an SVG": raster,
    "a header as a table": swap("header", HEADER, HEADER_TABLE),
    "a year": add("reading", " It was so in 2024, and in $2024$."),
    "years in a range": add("reading", " It was so from 1998-2024."),
    "a number in a code span": add("reading", " Set `lr=0.34` and `n_tokens=5_000`."),
    "a number in a link's target": add("reading", " See [the paper](https://a.org/2305.16264)."),
    "a number in a bare address": add("reading", f" See <{ADDRESS}> or {ADDRESS}."),
    "a number in a role": add("reading", " See {doc}`part-400`."),
    "a number in a directive's option": add(
        "reading", "\n\n```{note}\n:class: wide-400\nSo it is.\n```\n"),
    "a number in a block of code": add("reading", "\n\n```python\nx = 0.34\n```\n"),
    "a power of ten": add("reading", " From $10^{21}$ to $10^9$ and 10\u00b2\u00b9 operations."),
    "a factor before a power of ten": add("reading", r" So $C \times 10^{21}$ operations."),
    "a label of an equation": add("reading", "\n\n$$a = b$$ (eq-300)\n"),
    "a label in LaTeX": add("reading", "\n\n$$a = b \\label{eq-300}$$\n"),
    "a small integer": add("reading", " There were 12 runs, $N = 64$."),
    "a name with digits": add("reading", " On an A100 with WikiText-103 and GPT-3.5."),
    "a sentence that ends in a digit": add("reading", " It took 5. So be it."),
    "a glued percentage": add("reading", " It is {glue:text}`slope:.2f` %."),
    "a given in an exercise": add("ask-2", " Take $B = 0.34$ and $10^3$."),
    "a given in a quiz": add("question-2", "\nTake $B = 0.34$.\n"),
    "an H2 in a block of code": add("reading", "\n\n```text\n## Predict\n```\n"),
    "an H3": add("reading", "\n\n### More of it\n"),
    "a magic": add("imports", "\n%matplotlib inline"),
    "dunders and named tuples": add("training", "\nplots.__version__, run._asdict(), _"),
    "a private name in a string": add("training", "\nprint('train._private')"),
    "an address that is not opened": add("training", f"\nsource = '{ADDRESS}'"),
    "an import of urllib to quote": add("imports", "\nfrom urllib.parse import quote"),
    "a seed named in another way": swap("training", "seeds=range(5)", "repeat=SEEDS"),
    "a sweep with its seeds": add("training", "\ntrain.sweep(job, text, exam, seeds=[0, 1])"),
    "seeds named in an earlier cell": insert("table", code("again", "train.run(runs, text)")),
    "an empty code cell": insert("table", new_code_cell("", id="empty")),
    "a figure whose code computes": both(
        metadata("figure", tags=[]), add("figure", "\nloss = law(tokens)")),
    "a table made by code": both(
        swap("table", TABLE, READING),
        insert("table", code("frame", "frame", shown(**{"text/html": "<table></table>"})))),
    "a table made by code, in Markdown": both(
        swap("table", TABLE, READING),
        insert("table", code("rows", "ledger.Table('tiny')", shown(**{"text/markdown": TABLE})))),
    "two citations with a page": add("reading", " {cite:p}`{see}kaplan2020{p. 5},hoffmann2022`"),
    "a term in capitals": add("reading", " {term}`Token` and {term}`words <token>`."),
    "another chapter's result": add("reading", " It was {glue:text}`other::their_loss:.2f`."),
    "a result glued without display": both(
        add("reading", " It gains {glue:text}`gain:.1f`."),
        more_output("training", new_output(
            "display_data", data={GLUE_PREFIX + "text/plain": "2.0"},
            metadata={"scrapbook": {"name": "gain", "mime_prefix": GLUE_PREFIX}}))),
    "the ledger's table": add("beside", "\n```{ledger} tiny\n```\n"),
}  # fmt: skip


def test_good_notebook_keeps_every_rule():
    notebook = good()
    nbformat.validate(notebook)
    assert broken_rules(notebook) == {}


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_fault_is_caught_by_its_rule_alone(mutation):
    notebook = good()
    mutation.change(notebook)
    broken = broken_rules(notebook, mutation.context)
    assert list(broken) == [mutation.rule.__name__], broken
    (faults,) = broken.values()
    assert any(mutation.holds in fault for fault in faults), faults
    assert all(";" in fault for fault in faults), f"doesn't say what to do: {faults}"


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_harmless_change_passes(change):
    notebook = good()
    change(notebook)
    assert broken_rules(number_runs(notebook)) == {}


@pytest.mark.parametrize("rule", r.RULES, ids=lambda rule: rule.__name__)
def test_every_rule_bites(rule):
    assert rule in {mutation.rule for mutation in MUTATIONS.values()}


@pytest.mark.parametrize("rule", r.RULES, ids=lambda rule: rule.__name__)
def test_every_rule_says_why_in_one_sentence(rule):
    assert rule.__doc__.endswith(".") and "\n" not in rule.__doc__


@pytest.mark.parametrize("rule", r.CHAPTER_RULES, ids=lambda rule: rule.__name__)
def test_rules_bear_an_empty_notebook(rule):
    assert isinstance(rule(new_notebook(), CONTEXT), list)


# Reading ------------------------------------------------------------------------------------------

OLD = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}
NO_SOURCE = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code"}]}


@pytest.mark.parametrize("content", [
    "", "not JSON", "[]", "null", '{"cells": 3}', '{"cells": []}', json.dumps(OLD),
    json.dumps(NO_SOURCE), nbformat.writes(good())[:-100],
])  # fmt: skip
def test_bad_file_is_a_fault_and_no_traceback(content):
    notebook, faults = reading.read_notebook(content)
    assert notebook is None
    assert len(faults) == 1 and "save it" in faults[0]


def test_good_file_is_read():
    notebook, faults = reading.read_notebook(nbformat.writes(good()))
    assert faults == []
    assert broken_rules(notebook) == {}


def test_bibliography_gives_its_keys():
    bibtex = "@article{kaplan2020, title={A, {B}}}\n@misc{hoffmann2022, title={C}}"
    assert reading.parse_bibliography(bibtex) == {"kaplan2020", "hoffmann2022"}


def test_ledger_gives_its_claims():
    ledger = '[[claim]]\nid = "a"\nchapter = "tiny"\n\n[[claim]]\nid = "b"\n'
    assert [claim["id"] for claim in reading.parse_ledger(ledger)] == ["a", "b"]
    assert reading.parse_ledger("") == ()


# Pages --------------------------------------------------------------------------------------------

PAGE_FAULTS = [
    (r.hand_typed_numbers, "line 3: '12 %'", "About 12 % of it."),
    (r.raw_html_roles, "{term}`token`", "<div>{term}`token`</div>"),
    (r.typed_references, "'figures 2'", "As figures 2 and 3 show."),
]


@pytest.mark.parametrize("rule, holds, text", PAGE_FAULTS, ids=lambda x: getattr(x, "__name__", ""))
def test_page_with_a_fault(rule, holds, text):
    faults = rule(reading.page(f"# A page\n\n{text}\n"), CONTEXT)
    assert len(faults) == 1 and holds in faults[0], faults


@pytest.mark.parametrize("rule", [*r.PAGE_RULES, r.hand_typed_numbers])
def test_page_without_a_fault(rule):
    text = "It is {glue:text}`other.ipynb::their_loss:.1f` {cite:p}`kaplan2020`, in 2024."
    assert rule(reading.page(f"---\nversion: 0.34\n---\n# A page\n\n{text}\n"), CONTEXT) == []


def test_key_quoted_by_another_page_only_is_used():
    notebook = good()
    at(notebook, "training").outputs.append(glued("gain", "2.0"))
    assert r.quotes_used(notebook, CONTEXT)
    assert r.quotes_used(notebook, replace(CONTEXT, quoted=frozenset({"gain"}))) == []
