"""Figures: repeat to the byte, tell their series apart without colour, carry their text."""

import io
import json
import re

import altair as alt
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from datawall.evidence.intervals import Interval
from datawall.page import plots

pytestmark = pytest.mark.usefixtures("styled")


def interval(low=1.0, high=1.0, **labels):
    """Values 0, 1, 2 ... over the labels, so far below and above."""
    shape = [len(values) for values in labels.values()]
    value = xr.DataArray(np.arange(np.prod(shape), dtype=float).reshape(shape), labels)
    return Interval(value, value - low, value + high)


def svg():
    fig, ax = plt.subplots()
    plots.band(ax, interval(x=[0, 1, 2]), x="x", series=1, labels="some")
    plots.bars(ax, interval(x=[0, 1, 2]), x="x")
    file = io.BytesIO()
    fig.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def test_svg_repeats_to_the_byte():
    assert svg() == svg()


def test_text_of_a_figure_stays_text():
    assert svg().count(b"<text") >= 6  # the labels of the ticks


def test_each_series_has_a_second_cue():
    looks = list(zip(plots.COLORS, plots.MARKERS, plots.LINES, strict=True))
    assert len(set(plots.MARKERS)) == len(set(map(str, plots.LINES))) == len(looks)


def test_bars_reach_from_low_to_high():
    _, ax = plt.subplots()
    plots.bars(ax, interval(low=1.0, high=2.0, x=[5.0, 6.0]), x="x")
    (segments,) = (c.get_segments() for c in ax.collections)
    assert segments[0].tolist() == [[5.0, -1.0], [5.0, 2.0]]
    assert segments[1].tolist() == [[6.0, 0.0], [6.0, 3.0]]


def test_lying_bars_name_their_rows_from_the_top_and_set_series_apart():
    _, ax = plt.subplots()
    found = interval(way=["as it is", "weights"], learner=["trees", "logistic"])
    plots.bars(ax, found, y="way", hue="learner", xlabel="points")
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["as it is", "weights"]
    assert ax.yaxis_inverted()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["trees", "logistic"]
    trees, logistic = (c.get_segments() for c in ax.collections)
    assert trees[0][0, 1] < 0 < logistic[0][0, 1]  # above and below the row's middle
    assert ax.get_xlabel() == "points"


def test_a_band_is_drawn_over_numbers_and_leaves_out_what_was_not_run():
    _, ax = plt.subplots()
    found = interval(epochs=[1, 4, 16], hue=["a", "b"])
    missing = found.value.where((found.value.epochs < 16) | (found.value.hue == "a"))
    found = Interval(missing, found.low.where(missing.notnull()), found.high)
    plots.band(ax, found, x="epochs", hue="hue", labels={"a": "first", "b": "second"})
    first, second = ax.get_lines()
    assert first.get_xdata().tolist() == [1, 4, 16]
    assert second.get_xdata().tolist() == [1, 4]
    assert len({first.get_color(), second.get_color()}) == 2
    assert first.get_linestyle() != second.get_linestyle()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["first", "second"]


def test_theory_without_an_interval_is_a_line_alone():
    _, ax = plt.subplots()
    plots.band(ax, interval(x=[0, 1]).value, x="x")
    assert len(ax.get_lines()) == 1 and not ax.collections


def test_a_dimension_too_many_is_refused():
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="the values have the dimensions x, seed: name them"):
        plots.band(ax, interval(x=[0, 1], seed=[0, 1]), x="x")
    with pytest.raises(ValueError, match="give either x"):
        plots.bars(ax, interval(x=[0, 1]), x="x", y="x")


def test_interactive_figure_has_text_for_everyone(monkeypatch):
    chart = alt.Chart(alt.Data(values=[{"a": "</script>"}])).mark_point().encode(x="a:N")
    shown = []
    monkeypatch.setattr(plots, "display", lambda data, raw: shown.append(data))
    plots.Interactive(chart, alt='An "x"', caption="It <moves>.")._ipython_display_()
    for_lab, for_site = shown
    page = for_site["text/html"]
    assert 'aria-label="An &quot;x&quot;"' in page
    assert "</em> It &lt;moves&gt;.</figcaption>" in page
    source = re.search(r'vegalite\+json">(.*?)</script>', page).group(1)
    assert json.loads(source)["data"]["values"] == [{"a": "</script>"}]
    assert "v5" in for_lab["application/vnd.vegalite.v5+json"]["$schema"]


def test_a_frame_is_a_table_with_its_index():
    frame = interval(way=["a", "b"], learner=["x", "y"]).text(".0f").to_pandas()
    lines = plots.table(frame).data.splitlines()
    assert lines[0] == "| way | x | y |"
    assert lines[2] == "| a | 0 [-1, 1] | 1 [0, 2] |"


def test_table():
    text = plots.table(["a", "b"], [(1, "x")]).data
    assert text == "| a | b |\n| ---: | ---: |\n| 1 | x |"


def test_words_stand_flush_left_and_numbers_flush_right():
    rows = [["plays", "1 [0, 2]", "not run", "2**3"], ["8", "-3", "4.5", "1 k"]]
    text = plots.table(["what", "nats", "later", "sum"], rows).data
    assert text.splitlines()[1] == "| --- | ---: | ---: | ---: |"
    with pytest.raises(ValueError, match="each row needs 2 cells"):
        plots.table(["a", "b"], [(1,)])


SLIDERS = {"growth": ("growth ", 1, 4, 0.1, 2.4), "share": ("share ", 0, 1, 0.05, 0.2)}


def bound(params):
    """What the reader can set: names to their widgets."""
    chart = alt.Chart(alt.sequence(3)).mark_point().add_params(*params)
    found = chart.to_dict()["params"]
    return {p["name"]: (p["value"], p.get("bind", {}).get("input")) for p in found}


def test_knobs_are_sliders_with_their_starts():
    params, now = plots.knobs(SLIDERS)
    assert bound(params) == {"own_growth": (2.4, "range"), "own_share": (0.2, "range")}
    assert now == {"growth": "own_growth", "share": "own_share"}


def test_a_preset_is_chosen_from_a_list():
    params, now = plots.knobs(SLIDERS, {"as published": {"growth": 2.0, "share": 0.1}})
    widgets = bound(params)
    assert widgets["preset"] == ("your own", "select")
    assert widgets["presets"] == ({"as published": {"growth": 2.0, "share": 0.1}}, None)
    assert now["share"] == "own_share"  # which the preset sets: see test_figures


def test_an_explorer_has_a_switch_for_each_field_and_a_line_for_each_series():
    rows = [
        {"e": e, "D": D, "w": w, "value": e * w, "low": e * w - 1, "high": e * w + 1}
        for D in ("much", "little")
        for w in (16, 32)
        for e in (1, 2)
    ]
    chart = plots.explorer(
        rows,
        alt.X("e:Q"),
        alt.Y("value:Q").scale(domain=[1, 9]),
        ("D", "read"),
        {"w": ("width ", (16, 32), 32)},
        plots.COLORS[3:],
    ).to_dict()
    (switch,) = chart["params"]
    assert switch["value"] == 32
    assert switch["bind"] == {"input": "radio", "options": [16, 32], "name": "width "}
    band, line = chart["layer"]
    assert band["encoding"]["color"]["legend"]["symbolType"] == "stroke"  # lines, not blots
    cues = line["encoding"]["color"], line["encoding"]["strokeDash"]  # a second one beside colour
    assert [cue["field"] for cue in cues] == ["D", "D"]
    assert cues[0]["scale"]["range"] == list(plots.COLORS[3:5])
    assert all(cue["scale"]["domain"] == ["much", "little"] for cue in cues)  # as they come
    assert (band["encoding"]["y"]["field"], band["encoding"]["y2"]["field"]) == ("low", "high")
    assert band["encoding"]["y"]["scale"] == line["encoding"]["y"]["scale"] == {"domain": [1, 9]}
    assert chart["layer"][0]["transform"] == [{"filter": "datum.w == chosen_w"}]


def test_a_guess_is_drawn_where_there_is_one():
    fig, ax = plt.subplots()
    plots.guess(ax, [1, 2], [None, None])
    assert not ax.lines and fig.axes == [ax]
    plots.guess(ax, [1, 2], [0, None])
    plots.guess(ax, [1, 2], [3, 4])
    assert [line.get_xydata().tolist() for line in ax.lines] == [[[1, 0]], [[1, 3], [2, 4]]]
    assert [line.get_label() for line in ax.lines] == ["your guess", "your guesses"]
    with pytest.raises(ValueError):
        plots.guess(ax, [1, 2], [3])
