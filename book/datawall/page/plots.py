"""One style for every figure: size, palette, line styles, markers, vector output.

Call `style()` in a chapter's first cell. Colours have Okabe and Ito's hues, told apart with every
kind of colour vision, the two palest of them darkened to 3:1 on white; each comes with a marker and
a line style of its own as a second cue, and with a lighter pair for a dark page.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from IPython import get_ipython
from IPython.display import Markdown, display

from datawall.evidence.intervals import Interval
from datawall.page import charts, results

if TYPE_CHECKING:  # what draws takes as long to import as the rest, and workers don't draw
    import altair as alt
    from matplotlib.axes import Axes

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#6B6B00", "#3A93CF", "#000000")
DARK = ("#4BA3E3", "#F0803C", "#2DBE92", "#DD94BD", "#F7E36B", "#9AD5F5", "#F2F2F2")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ([1, 0], [6, 3], [8, 3, 2, 3], [2, 2], [12, 3], [5, 2, 1, 2], [1, 1])  # LINES, for Vega
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


def guess(ax: Axes, x: Sequence, y: Sequence) -> None:
    """Draw a reader's guesses as black stars; where one of a pair is None, there is none.

    x, y: one-dimensional, as many of each.
    """
    pairs = [(a, b) for a, b in zip(x, y, strict=True) if a is not None and b is not None]
    label = "your guess" if len(pairs) < 2 else "your guesses"
    if pairs:
        ax.plot(*zip(*pairs, strict=True), "k*", markersize=10, zorder=5, label=label)


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
    name: what `{numref}` calls it, such as "fig-costs". The site draws it with the script in its
    own build, numbers it with the other figures, and tells it whether the page is dark; JupyterLab
    draws it itself. Put a table below it for those who can use neither. Raises ValueError for a
    chart that would be wrong at some setting: see `charts.finished`.
    """

    def __init__(self, chart, alt: str, caption: str, name: str = ""):
        self.spec = charts.finished(chart.to_dict(), dict(zip(COLORS, DARK, strict=True)))
        self.alt, self.caption, self.name = alt, caption, name

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
        """The figure as HTML, which the build numbers and the site's script draws."""
        source = json.dumps(self.spec).replace("</", "<\\/")
        name = f' id="{html.escape(self.name)}"' if self.name else ""
        return (
            f'<figure class="vega-figure"{name} role="group" aria-label="{html.escape(self.alt)}">'
            f'<script type="application/vnd.vegalite+json">{source}</script>'
            f"<figcaption><em>Interactive.</em> {html.escape(self.caption)}</figcaption></figure>"
        )


def within(low: float, high: float, *, log: bool = False) -> alt.Scale:
    """The scale of an axis that stays where it is whatever the reader sets; clip its marks.

    Values outside are left out, never drawn at its ends. Raises ValueError unless low < high.
    """
    import altair as alt

    if not low < high:
        raise ValueError(f"an axis from {low} to {high}: give the lower end first")
    words = {"type": "log"} if log else {"zero": False}
    return alt.Scale(domain=[low, high], nice=False, **words)


def cues(
    field: str, order: Sequence[str], title: str, colors: Sequence[str] = COLORS
) -> tuple[alt.Color, alt.StrokeDash]:
    """Colour and dash of lines told apart by a field, with one legend below the figure.

    order: the names in the legend's order. colors: where a figure beside has given them already.
    Raises ValueError if there are more names than colours.
    """
    import altair as alt

    if len(order) > len(colors):
        raise ValueError(f"{len(order)} lines and {len(colors)} colours: show fewer")
    wide = 52 + 7 * max(len(str(name)) for name in order)  # pixels that one name needs
    legend = alt.Legend(
        title=title,
        orient="bottom",
        columns=alt.ExprRef(f"max(1, floor(width / {wide}))"),
        labelLimit=400,
        symbolType="stroke",
        symbolOpacity=1,
        symbolStrokeWidth=2,
        symbolSize=400,
    )
    # Both scales with the domain spelled out, or the legend would show colour and dash apart.
    tints = alt.Scale(domain=list(order), range=list(colors[: len(order)]))
    dashes = alt.Scale(domain=list(order), range=list(DASHES[: len(order)]))
    kind = f"{field}:N"
    return alt.Color(kind, scale=tints, legend=legend), alt.StrokeDash(
        kind, scale=dashes, legend=legend
    )


def knobs(
    sliders: Mapping[str, tuple[str, float, float, float, float]],
    presets: Mapping[str, Mapping[str, float]] | None = None,
) -> tuple[list[alt.Parameter], dict[str, str]]:
    """What the reader of an interactive figure can set: sliders, and a list that sets them all.

    sliders: for each name a label, the least and the largest value, the step, and the start.
    presets: for each entry of the list the values of sliders; "your own", added at its top, leaves
    them as they are. Returns the parameters, for a chart's `add_params`, and for each name the Vega
    expression of its value. Raises ValueError where the steps of a slider, from its least value,
    miss its largest, its start or a preset.
    """
    import altair as alt

    params, now = [], {}
    for name, (label, least, most, step, start) in sliders.items():
        asked = [most, start, *(preset[name] for preset in (presets or {}).values())]
        for value in asked:
            if not least <= value <= most or (_exact(value) - _exact(least)) % _exact(step):
                slider = f"the slider {label.strip()!r}, from {least} to {most} by {step}"
                raise ValueError(f"{slider}, misses {value}")
        slider = alt.binding_range(min=least, max=most, step=step, name=label)
        params.append(alt.param(f"own_{name}", value=start, bind=slider))
        now[name] = f"own_{name}"
    if presets:
        choice = alt.binding_select(options=["your own", *presets], name="preset ")
        known = {name: dict(values) for name, values in presets.items()}
        params.insert(0, alt.param("preset", value="your own", bind=choice))
        params.append(alt.param("presets", value=known))
    return params, now


def _exact(value: float) -> Decimal:
    return Decimal(str(value))


def _choices(switches: Mapping[str, tuple[str, Sequence | Mapping, object]]):
    """Parameters of switches, the filter that they make, and the title that follows one of them."""
    import altair as alt

    params, title = [], None
    for name, (label, options, start) in switches.items():
        choice = alt.binding_radio(options=list(options), name=label)
        params.append(alt.param(f"chosen_{name}", value=start, bind=choice))
        if isinstance(options, Mapping):
            words = {str(option): text for option, text in options.items()}
            title = {"expr": f"{json.dumps(words)}[chosen_{name}]"}
    return params, " && ".join(f"datum.{name} == chosen_{name}" for name in switches), title


def _titled(chart, title: dict | None, **place):
    """A chart with the title of an axis that a switch changes, which no axis of Vega-Lite can."""
    import altair as alt

    if title is None:
        return chart
    words = alt.TitleParams(alt.ExprRef(title["expr"]), fontSize=13, **place)
    return chart.properties(title=words)


def explorer(
    rows: Sequence[Mapping],
    x: alt.X,
    y: alt.Y,
    series: tuple[str, str],
    switches: Mapping[str, tuple[str, Sequence | Mapping, object]],
    colors: Sequence[str] = COLORS,
) -> alt.LayerChart:
    """Lines in bands of which the reader's switches choose some, for `Interactive`.

    rows: a dictionary a point, with the field of `x`, "value", "low" and "high" for the line and
    its band, and the fields of the series and the switches. y: title and scale of the value.
    series: the field that tells lines apart, in the order in which they first occur, and its
    title. switches: for each field a label, the values to choose from, and the first choice; where
    the values are a mapping, they have the title of the value's axis, which then follows.
    colors: of the series, where a figure beside it has given them colours already.
    """
    import altair as alt

    field, title = series
    chosen, wanted, following = _choices(switches)
    chart = alt.Chart(alt.Data(values=list(rows))).transform_filter(wanted)
    tint, dash = cues(field, list(dict.fromkeys(row[field] for row in rows)), title, colors)
    if following:
        y = y.title(None)
    line = chart.mark_line(clip=True).encode(x, y, tint, dash)
    low = y.copy()
    low.shorthand = "low:Q"  # on the same scale, or an area's own would begin at zero
    band = chart.mark_area(opacity=0.2, clip=True).encode(x, low, alt.Y2("high:Q"), tint)
    both = alt.layer(band, line, height=250).add_params(*chosen)
    return _titled(both, following, orient="top", anchor="start", frame="bounds")


def ranking(
    rows: Sequence[Mapping],
    name: str,
    switches: Mapping[str, tuple[str, Sequence | Mapping, object]],
    *,
    largest_first: Mapping[str, Sequence] | None = None,
    height: float = 480,
) -> alt.LayerChart:
    """Points with intervals, one a name, from best to worst as switches stand; for `Interactive`.

    rows: a dictionary a point, with the field `name`, "value", "low" and "high", and the fields of
    the switches, which are as in `explorer`. largest_first: for a switch the choices by which the
    largest value is best; by all others it is the least.
    """
    import altair as alt

    chosen, wanted, following = _choices(switches)
    turned = [
        f"indexof({json.dumps(list(some))}, chosen_{switch}) >= 0"
        for switch, some in (largest_first or {}).items()
    ]
    place = f"({' || '.join(turned) or 'false'}) ? -datum.value : datum.value"
    chart = alt.Chart(alt.Data(values=list(rows))).transform_filter(wanted)
    chart = chart.transform_calculate(place=place)
    order = alt.EncodingSortField("place", op="min", order="ascending")
    labels = alt.Axis(labelLimit=alt.ExprRef("width < 240 ? 180 : 260"), labelOverlap=False)
    chart = chart.encode(alt.Y(f"{name}:N", sort=order, title=None, axis=labels))
    title = None if following else "value"
    rule = chart.mark_rule(clip=True).encode(alt.X("low:Q", title=title), alt.X2("high:Q"))
    dots = chart.mark_point(filled=True, opacity=1, clip=True).encode(alt.X("value:Q"))
    both = alt.layer(rule, dots, height=height).add_params(*chosen)
    return _titled(both, following, orient="bottom", anchor="middle")


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
    expressions that `knobs` returns. x: the axis, with its title and, by `within`, the domain that
    is shown, divided into bins of that width. What lies outside isn't drawn; the words above say
    which share it is, and the median is that of all draws. params: what the reader can set. form:
    how numbers of the axis are written. Raises ValueError for an axis without a domain.
    """
    import altair as alt

    if "domain" not in x.to_dict().get("scale", {}):
        raise ValueError("the axis of a histogram needs a domain: give its scale by plots.within")
    first, last = x.to_dict()["scale"]["domain"]
    rows = alt.Data(values=draws.to_dict("records"))
    every = alt.Chart(rows).transform_calculate(value=value)
    bins = every.transform_filter(f"datum.value >= {first} && datum.value < {last}")
    bins = bins.transform_calculate(x=f"floor(datum.value / {width}) * {width}")
    bins = bins.transform_aggregate(n="count()", groupby=["x"])
    bins = bins.transform_calculate(end=f"datum.x + {width}")
    shares = every.transform_calculate(
        before=f"datum.value < {first} ? 1 : 0", after=f"datum.value >= {last} ? 1 : 0"
    )
    shares = shares.transform_aggregate(
        x="median(value)", before="mean(before)", after="mean(after)"
    )
    words = (
        f"(datum.x >= {last} ? 'median after {last}, or never'"
        f" : 'median ' + format(datum.x, '{form}'))"
        f" + (datum.before > 0 ? '; ' + format(datum.before, '.1%') + ' before {first}' : '')"
        f" + (datum.after > 0 ? '; ' + format(datum.after, '.1%') + ' after {last} or never' : '')"
    )
    n = alt.Y("n:Q", title=y_title)
    bars = bins.mark_bar(clip=True, binSpacing=1).encode(x.bin("binned"), n, alt.X2("end:Q"))
    rule = shares.transform_filter(f"datum.x >= {first} && datum.x < {last}")
    rule = rule.mark_rule(strokeWidth=2, color=COLORS[1], clip=True).encode(x)
    layers = (bars, rule, _said(shares, words))
    return _roomy(alt.layer(*layers, height=240)).add_params(*params)


def _said(point, words: str):
    """Words above the frame, where no curve crosses them and no edge cuts them."""
    import altair as alt

    ink = {"align": "left", "baseline": "bottom", "fontSize": 13, "color": "currentColor"}
    text = point.transform_calculate(words=words).mark_text(**ink)
    return text.encode(alt.Text("words:N"), x=alt.value(0), y=alt.value(-6))


def _roomy(chart):
    """A chart with room above the frame for what `_said` says."""
    return chart.properties(padding={"top": 24, "left": 5, "right": 10, "bottom": 5})


def lowest(
    chart: alt.Chart, x: alt.X, y: alt.Y, words: str, params: Sequence[alt.Parameter]
) -> alt.LayerChart:
    """A curve with a dot where it is lowest, and words above the frame; for `Interactive`.

    chart: has the fields of x and y for each point. words: a Vega expression of the lowest point.
    params: what the reader can set.
    """
    import altair as alt

    order = [alt.SortField(y.to_dict()["field"])]
    low = chart.transform_window(rank="row_number()", sort=order)
    return marked(chart, low.transform_filter("datum.rank == 1"), x, y, words, params)


def marked(
    chart: alt.Chart,
    point: alt.Chart,
    x: alt.X,
    y: alt.Y,
    words: str,
    params: Sequence[alt.Parameter],
) -> alt.LayerChart:
    """A curve with a dot at a point of its own, and words above the frame; for `Interactive`.

    chart, point: have the fields of x and y. words: a Vega expression of the point. params: what
    the reader can set.
    """
    import altair as alt

    layers = (
        chart.mark_line(clip=True).encode(x, y),
        point.mark_point(size=90, filled=True, opacity=1, color=COLORS[1], clip=True).encode(x, y),
        _said(point, words),
    )
    return _roomy(alt.layer(*layers, height=250)).add_params(*params)


def table(
    headings: Sequence[str] | pd.DataFrame | pd.Series, rows: Sequence[Sequence] = ()
) -> Markdown:
    """A Markdown table: of a data frame with its index, or of rows under headings.

    Cells are text or numbers: format them first. A column of numbers is flush right, one in which
    a cell begins with a word of several letters flush left. Raises ValueError when a row has more
    or fewer cells than there are headings.
    """
    if isinstance(headings, pd.Series):
        headings = headings.to_frame()
    if isinstance(headings, pd.DataFrame):
        frame = headings.reset_index()
        headings, rows = [_heading(name) for name in frame.columns], frame.values.tolist()
    if any(len(row) != len(headings) for row in rows):
        raise ValueError(f"each row needs {len(headings)} cells, one a heading")
    columns = [[str(row[place]) for row in rows] for place in range(len(headings))]
    lines = [headings, ["---" if _words(column) else "---:" for column in columns], *rows]
    return Markdown("\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines))


def _words(column: Sequence[str]) -> bool:
    missing = ("not run", "nan", "none", "inf", "never")
    return any(re.match(r"[^\W\d_]{2}", x) and x.casefold() not in missing for x in column)


def _heading(name) -> str:
    return ", ".join(map(str, name)) if isinstance(name, tuple) else str(name)
