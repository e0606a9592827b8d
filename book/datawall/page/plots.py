"""One style for every figure: size, palette, line styles, markers, vector output.

Call `style()` in a chapter's first cell. Colours are Okabe and Ito's, told apart with every kind
of colour vision; each comes with a marker and a line style of its own as a second cue.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from IPython import get_ipython
from IPython.display import Markdown, display

from datawall.evidence.intervals import Interval
from datawall.page import results

if TYPE_CHECKING:  # what draws takes as long to import as the rest, and workers don't draw
    import altair as alt
    from matplotlib.axes import Axes

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))


def style() -> None:
    """Set the book's style for all figures that follow, as SVG and PNG that repeat to the byte.

    A chapter calls it first: the clock of its run time starts here.
    """
    import matplotlib.pyplot as plt

    results.begin()
    if _in_kernel():
        get_ipython().enable_matplotlib("inline")  # whatever MPLBACKEND says
    plt.rcdefaults()
    plt.rcParams.update(
        {
            "figure.figsize": (5.2, 3.4),
            "figure.constrained_layout.use": True,
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "savefig.facecolor": "none",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "grid.linewidth": 0.6,
            "axes.prop_cycle": plt.cycler(color=COLORS, linestyle=LINES),
            "lines.linewidth": 1.6,
            "lines.markersize": 4,
            "legend.frameon": False,
            "legend.fontsize": 9,
            "font.size": 10,
            "svg.hashsalt": "datawall",
            "svg.fonttype": "none",  # text stays text: a third of the size, and it can be read out
        }
    )
    if _in_kernel():
        from datawall.page import pictures

        pictures.register(get_ipython())


def _in_kernel() -> bool:
    """Whether a notebook's kernel runs this, and not a terminal or a test."""
    return getattr(get_ipython(), "kernel", None) is not None


def band(ax: Axes, values: Interval | xr.DataArray, *, x: str, hue: str | None = None, **options):
    """Lines over a named dimension, one for each label of `hue`, each in a band of its interval.

    values: an interval with the dimensions x and, if given, hue; or an array of them, which is
    drawn without a band, as theory is. What is NaN is left out. options: see `_drawn`.
    """

    def draw(at, value, low, high, look):
        ax.plot(at, value, **look)
        if low is not None:
            ax.fill_between(at, low, high, color=look["color"], alpha=0.2, linewidth=0)

    _drawn(ax, values, draw, hue, along=x, upright=True, dodge=0.0, **options)


def bars(
    ax: Axes,
    values: Interval | xr.DataArray,
    *,
    x: str | None = None,
    y: str | None = None,
    hue: str | None = None,
    **options,
):
    """Points with error bars over a named dimension: upright over `x`, or lying beside `y`.

    Names stand side by side, the first at the left or at the top, and the labels of `hue` beside
    each other; numbers stand where they are. options: see `_drawn`. Raises ValueError unless
    exactly one of x and y is given.
    """
    if (x is None) == (y is None):
        raise ValueError("give either x, for upright bars, or y, for lying ones")

    def draw(at, value, low, high, look):
        look = look | {"linestyle": "none", "capsize": 2}
        gaps = None if low is None else np.abs(np.stack([value - low, high - value]))
        if y is None:
            ax.errorbar(at, value, yerr=gaps, **look)
        else:
            ax.errorbar(value, at, xerr=gaps, **look)

    _drawn(ax, values, draw, hue, along=x or y, upright=y is None, dodge=0.6, **options)


def _drawn(
    ax,
    values,
    draw,
    hue,
    *,
    along,
    upright,
    dodge,
    labels=None,
    legend=True,
    series=0,
    look=None,
    **axes,
):
    """Draw each label of `hue` by `draw`, and set ticks, labels and legend from the names.

    labels: what the legend says, a mapping from the labels of `hue` (or, without hue, one text).
    legend: False to leave it out. series: where in the palette to begin. look: matplotlib's words
    for all that is drawn. axes: whatever `Axes.set` takes, such as xlabel, xscale and title.
    """
    interval = values if isinstance(values, Interval) else Interval(values, None, None)
    strange = set(interval.value.dims) - {along, hue}
    if strange or along not in interval.value.dims:
        raise ValueError(
            f"the values have the dimensions {', '.join(map(str, interval.value.dims))}: name them "
            "by x or y and by hue, and select or average over the others"
        )
    coordinate = interval.value[along].values
    named = coordinate.dtype.kind not in "iuf"
    at = np.arange(len(coordinate)) if named else coordinate
    kinds = [None] if hue is None else list(interval.value[hue].values)
    for i, kind in enumerate(kinds):
        part = [x if x is None or hue is None else x.sel({hue: kind}) for x in interval]
        part = [None if x is None else np.asarray(x, float) for x in part]
        there = np.isfinite(part[0])
        move = dodge * ((i + 0.5) / len(kinds) - 0.5) if named else 0.0
        own = {
            "color": COLORS[(series + i) % len(COLORS)],
            "marker": MARKERS[(series + i) % len(MARKERS)],
            "linestyle": LINES[(series + i) % len(LINES)],
            "label": _legend_text(labels, kind),
        }
        shown = [None if x is None else x[there] for x in part]
        draw(at[there] + move, *shown, own | (look or {}))
    if named:
        set_ticks = ax.set_xticks if upright else ax.set_yticks
        set_ticks(at, labels=[str(x) for x in coordinate])
        if not upright and not ax.yaxis_inverted():
            ax.invert_yaxis()
    ax.set(**axes)
    if legend and (hue is not None or labels is not None):
        ax.legend()


def _legend_text(labels, kind) -> str:
    if isinstance(labels, str):
        return labels
    if labels is not None:
        return labels[kind]
    return "" if kind is None else str(kind)


class Interactive:
    """A Vega-Lite chart that needs no kernel: with its caption and alternative text, as HTML.

    chart: an Altair chart. alt: what it shows, for those who can't see it. caption: one sentence.
    The site draws it with the script in its own build; JupyterLab draws it itself. Put a table
    below it for those who can use neither.
    """

    def __init__(self, chart, alt: str, caption: str):
        self.spec = chart.to_dict()
        self.alt, self.caption = alt, caption

    def __repr__(self) -> str:
        return f"[interactive figure: {self.caption}]"

    def _ipython_display_(self) -> None:
        # Two outputs, since JupyterLab would take a page's HTML before the chart that it can draw.
        # Its own Vega-Lite is of version 5; what the book draws is the same in both.
        schema = "https://vega.github.io/schema/vega-lite/v5.json"
        chart = {"application/vnd.vegalite.v5+json": self.spec | {"$schema": schema}}
        display(chart, raw=True)
        display({"text/plain": repr(self), "text/html": self.page()}, raw=True)

    def page(self) -> str:
        """The figure as the site shows it."""
        source = json.dumps(self.spec).replace("</", "<\\/")
        return (
            f'<figure class="vega-figure" role="group" aria-label="{html.escape(self.alt)}">'
            f'<script type="application/vnd.vegalite+json">{source}</script>'
            f"<figcaption><em>Interactive.</em> {html.escape(self.caption)}</figcaption></figure>"
        )


def knobs(
    sliders: Mapping[str, tuple[str, float, float, float, float]],
    presets: Mapping[str, Mapping[str, float]] | None = None,
) -> tuple[list[alt.Parameter], dict[str, str]]:
    """What the reader of an interactive figure can set: sliders, and a list that overrules them.

    sliders: for each name a label, the least and the largest value, the step, and the start.
    presets: for each entry of the list the values of all sliders; "your own", added at its top,
    leaves them to the reader. Returns the parameters, for a chart's `add_params`, and for each
    name the Vega expression of its value.
    """
    import altair as alt

    params, now = [], {}
    for name, (label, least, most, step, start) in sliders.items():
        slider = alt.binding_range(min=least, max=most, step=step, name=label)
        params.append(alt.param(f"own_{name}", value=start, bind=slider))
        now[name] = f"own_{name}"
    if presets:
        choice = alt.binding_select(options=["your own", *presets], name="preset ")
        known = {name: dict(values) for name, values in presets.items()}
        params.insert(0, alt.param("preset", value="your own", bind=choice))
        params.append(alt.param("presets", value=known))
        now = {k: f"(preset == 'your own' ? {own} : presets[preset].{k})" for k, own in now.items()}
    return params, now


def explorer(
    rows: Sequence[Mapping],
    x: alt.X,
    y: alt.Y,
    series: tuple[str, str],
    switches: Mapping[str, tuple[str, Sequence, object]],
    colors: Sequence[str] = COLORS,
) -> alt.LayerChart:
    """Lines in bands of which the reader's switches choose some, for `Interactive`.

    rows: a dictionary a point, with the field of `x`, "value", "low" and "high" for the line and
    its band, and the fields of the series and the switches. y: title and scale of the value.
    series: the field that tells lines apart, in the order in which they first occur, and its
    title. switches: for each field a label, the values to choose from, and the first choice.
    colors: of the series, where a figure beside it has given them colours already.
    """
    import altair as alt

    field, title = series
    chosen = [
        alt.param(
            f"chosen_{name}", value=start, bind=alt.binding_radio(options=options, name=label)
        )
        for name, (label, options, start) in switches.items()
    ]
    wanted = " && ".join(f"datum.{name} == chosen_{name}" for name in switches)
    chart = alt.Chart(alt.Data(values=list(rows))).transform_filter(wanted)
    order = list(dict.fromkeys(row[field] for row in rows))
    # Both scales with the domain spelled out, or the legend would show colour and dash apart.
    strokes = alt.Legend(title=title, symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=2)
    tints = alt.Scale(domain=order, range=list(colors[: len(order)]))
    tint = alt.Color(f"{field}:N", scale=tints, legend=strokes)
    dash = alt.StrokeDash(f"{field}:N", scale=alt.Scale(domain=order), legend=strokes)
    line = chart.mark_line(clip=True).encode(x, y, tint, dash)
    low = y.copy()
    low.shorthand = "low:Q"  # on the same scale, or an area's own would begin at zero
    band = chart.mark_area(opacity=0.2, clip=True).encode(x, low, alt.Y2("high:Q"), tint)
    return alt.layer(band, line, height=250).add_params(*chosen)


def histogram(
    draws: pd.DataFrame,
    value: str,
    x: alt.X,
    y_title: str,
    width: float,
    params: Sequence[alt.Parameter],
    form: str = ".1f",
) -> alt.LayerChart:
    """How a Vega expression of draws is distributed, with its median, for `Interactive`.

    draws: a row a draw; in `value` a column `b` is `datum.b`, and the reader's knobs stand by the
    expressions that `knobs` returns. x: axis and scale of the field "x", the middles of bins of
    that width. params: what the reader can set. form: how the median is written.
    """
    import altair as alt

    rows = alt.Data(values=draws.to_dict("records"))
    every = alt.Chart(rows).transform_calculate(value=value)
    bins = every.transform_calculate(x=f"(floor(datum.value / {width}) + 0.5) * {width}")
    counts = bins.transform_aggregate(n="count()", groupby=["x"]).mark_bar(width=6)
    middle = every.transform_aggregate(x="median(value)")
    rule = middle.mark_rule(strokeWidth=2, color=COLORS[1])
    words = middle.transform_calculate(words=f"'median ' + format(datum.x, '{form}')")
    ink = {"dx": 8, "align": "left", "baseline": "top", "fontSize": 13, "color": "currentColor"}
    layers = (
        counts.encode(x, alt.Y("n:Q", title=y_title)),
        rule.encode(x),
        words.mark_text(**ink).encode(x, alt.Text("words:N"), y=alt.value(4)),
    )
    return alt.layer(*layers, height=240).add_params(*params)


def lowest(
    chart: alt.Chart, x: alt.X, y: alt.Y, words: str, params: Sequence[alt.Parameter]
) -> alt.LayerChart:
    """A curve with a dot, and words by it, where it is lowest; for `Interactive`.

    chart: has the fields of x and y for each point. words: a Vega expression of the lowest point.
    params: what the reader can set.
    """
    import altair as alt

    order = [alt.SortField(y.to_dict()["field"])]
    low = chart.transform_window(rank="rank()", sort=order).transform_filter("datum.rank == 1")
    return marked(chart, low, x, y, words, params, below=True)


def marked(
    chart: alt.Chart,
    point: alt.Chart,
    x: alt.X,
    y: alt.Y,
    words: str,
    params: Sequence[alt.Parameter],
    below: bool = False,
) -> alt.LayerChart:
    """A curve with a dot, and words above or below it, at a point of its own; for `Interactive`.

    chart, point: have the fields of x and y. words: a Vega expression of the point. params: what
    the reader can set.
    """
    import altair as alt

    text = point.transform_calculate(words=words)
    text = text.mark_text(dy=16 if below else -16, fontSize=12, color="currentColor")
    layers = (
        chart.mark_line(clip=True).encode(x, y),
        point.mark_point(size=90, filled=True, color=COLORS[1]).encode(x, y),
        text.encode(x, y, alt.Text("words:N")),
    )
    return alt.layer(*layers, height=250).add_params(*params)


def table(
    headings: Sequence[str] | pd.DataFrame | pd.Series, rows: Sequence[Sequence] = ()
) -> Markdown:
    """A Markdown table: of a data frame with its index, or of rows under headings.

    Cells are text or numbers: format them first. Raises ValueError when a row has more or fewer
    cells than there are headings.
    """
    if isinstance(headings, pd.Series):
        headings = headings.to_frame()
    if isinstance(headings, pd.DataFrame):
        frame = headings.reset_index()
        headings, rows = [_heading(name) for name in frame.columns], frame.values.tolist()
    if any(len(row) != len(headings) for row in rows):
        raise ValueError(f"each row needs {len(headings)} cells, one a heading")
    lines = [headings, ["---:"] * len(headings), *rows]
    return Markdown("\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines))


def _heading(name) -> str:
    return ", ".join(map(str, name)) if isinstance(name, tuple) else str(name)
