"""Figures whose numbers a browser works out, as a reader's knobs stand."""

import altair as alt
import pandas as pd
import pytest

from datawall.page import plots


def test_a_histogram_has_its_draws_bins_and_median():
    params, now = plots.knobs({"shift": ("shift ", 0, 1, 0.1, 0)})
    draws = pd.DataFrame({"b": [1.0, 2.0]})
    value = f"datum.b + {now['shift']}"
    with pytest.raises(ValueError, match="needs a domain"):
        plots.histogram(draws, value, alt.X("x:Q"), "of two", 0.5, params)
    x = alt.X("x:Q", scale=plots.within(0, 3))
    chart = plots.histogram(draws, value, x, "of two", 0.5, params).to_dict()
    (values,) = chart["datasets"].values() if "datasets" in chart else [chart["data"]["values"]]
    assert values == [{"b": 1.0}, {"b": 2.0}]
    bars, rule, label = chart["layer"]
    calculated = {step["as"]: step["calculate"] for step in bars["transform"] if "as" in step}
    assert calculated["value"] == "datum.b + own_shift"
    assert calculated["x"] == "floor(datum.value / 0.5) * 0.5"
    assert calculated["end"] == "datum.x + 0.5"
    assert rule["transform"][-2]["aggregate"][0]["op"] == "median"
    assert "'median ' + format(datum.x, '.1f')" in label["transform"][-1]["calculate"]
    assert [p["name"] for p in chart["params"]] == ["own_shift"]


def test_the_lowest_point_of_a_curve_is_marked():
    params, _ = plots.knobs({"shift": ("shift ", 0, 1, 0.1, 0)})
    curve = alt.Chart(alt.sequence(3, as_="a")).transform_calculate(cost="datum.a * own_shift")
    chart = plots.lowest(curve, alt.X("a:Q"), alt.Y("cost:Q"), "format(datum.a, 'd')", params)
    line, dot, text = chart.to_dict()["layer"]
    assert len(line["transform"]) == 1
    window, only_first = dot["transform"][1:]
    assert window["sort"] == [{"field": "cost"}]
    assert only_first == {"filter": "datum.rank == 1"}
    assert text["transform"][-1] == {"calculate": "format(datum.a, 'd')", "as": "words"}
