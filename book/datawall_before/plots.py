"""One style for every figure: size, palette, line styles, markers, vector output.

Call `style()` in a chapter's first cell. Colours are Okabe and Ito's, told apart with every kind
of colour vision; each comes with a marker and a line style of its own as a second cue.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence

import altair as alt
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown, display
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from datawall_before.uncertainty import Interval

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
MEASURED = {"color": COLORS[0], "marker": "o", "linestyle": "none", "markersize": 4}


def style() -> None:
    """Set the book's style for all figures that follow, as SVG that repeats to the byte."""
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
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return  # not in a notebook
    if matplotlib.get_backend().lower() in ("inline", "module://matplotlib_inline.backend_inline"):
        set_matplotlib_formats("svg", metadata={"Date": None}, bbox_inches="tight")


def band(ax: Axes, x: ArrayLike, interval: Interval, series: int = 0, label: str = "") -> None:
    """Draw an interval (points,) over x (points,): a line with markers in a shaded band.

    series: which colour, marker and line style of the palette.
    """
    look = {"color": COLORS[series], "marker": MARKERS[series], "linestyle": LINES[series]}
    ax.plot(x, interval.value, label=label, **look)
    ax.fill_between(x, interval.low, interval.high, color=COLORS[series], alpha=0.2, linewidth=0)


def bars(ax: Axes, x: ArrayLike, interval: Interval, label: str = "", **look) -> None:
    """Draw an interval (points,) over x (points,) as points with error bars."""
    gaps = np.stack([interval.value - interval.low, interval.high - interval.value])
    ax.errorbar(x, interval.value, yerr=gaps, label=label, capsize=2, **(MEASURED | look))


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


def table(headings: Sequence[str], rows: Sequence[Sequence]) -> Markdown:
    """Rows under headings as a Markdown table; cells are text or numbers.

    Raises ValueError when a row has more or fewer cells than there are headings.
    """
    if any(len(row) != len(headings) for row in rows):
        raise ValueError(f"each row needs {len(headings)} cells, one a heading")
    lines = [headings, ["---:"] * len(headings), *rows]
    return Markdown("\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines))
