"""Curves of formulas that a reader's knobs move, for `plots.Interactive`.

Chapter: collapse-in-one-dimension.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from datawall.page import plots

if TYPE_CHECKING:  # what draws takes long to import
    import altair as alt


def curves(
    lines: Mapping[str, str],
    params: Sequence[alt.Parameter],
    span: tuple[str, str],
    *,
    series: str,
    x: str,
    y: str,
    domain: tuple[float, float],
) -> alt.Chart:
    """A curve for each Vega expression of `datum.x`, which runs over a span.

    lines: by name, in the order of the legend, which is called `series`. params: what the reader
    can set, of `plots.knobs`. span: expressions of the first and the last x. x, y: titles of the
    axes. domain: of y, since an axis that moves with the knobs would hide what they do.
    """
    import altair as alt

    first, last = span
    order = list(lines)
    chart = alt.Chart(alt.sequence(0, 101, as_="i"), height=250).mark_line(clip=True)
    chart = chart.transform_calculate(x=f"{first} + datum.i * ({last} - {first}) / 100")
    chart = chart.transform_calculate(**lines).transform_fold(order, as_=[series, "value"])
    return chart.encode(
        alt.X("x:Q", title=x),
        alt.Y("value:Q", title=y, scale=plots.within(*domain)),
        *plots.cues(series, order, series),
    ).add_params(*params)
