"""Curves of formulas that a reader's knobs move, for `plots.Interactive`.

Chapter: collapse-in-one-dimension.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from datawall.page import plots

if TYPE_CHECKING:
    import altair as alt


def curves(
    lines: Mapping[str, str],
    series: str,
    x: alt.X,
    y: alt.Y,
    span: tuple[str, str],
    params: Sequence[alt.Parameter],
) -> alt.Chart:
    """A curve for each Vega expression of `datum.x`, which runs over a span.

    lines: by name, in the order of the legend. series: what the legend is called. x, y: axes of
    the fields "x" and "value". span: expressions of the first and the last x. params: what the
    reader can set, of `plots.knobs`.
    """
    import altair as alt

    first, last = span
    order, tints = list(lines), plots.COLORS[: len(lines)]
    chart = alt.Chart(alt.sequence(0, 101, as_="i"), height=250).mark_line(clip=True)
    chart = chart.transform_calculate(x=f"{first} + datum.i * ({last} - {first}) / 100")
    chart = chart.transform_calculate(**lines).transform_fold(order, as_=[series, "value"])
    color = alt.Color(f"{series}:N", scale=alt.Scale(domain=order, range=tints))
    dash = alt.StrokeDash(f"{series}:N", scale=alt.Scale(domain=order))
    return chart.encode(x, y, color, dash).add_params(*params)
