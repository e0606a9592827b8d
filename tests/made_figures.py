"""A figure of each kind that the chapters show, with small made-up data, by the chapter's name."""

import altair as alt
import numpy as np

from datawall.collapse import drift
from datawall.laws import browser, overtraining, scaling, stock
from datawall.page import curves, plots


def banded(value, **fields):
    return fields | {"value": value, "low": 0.9 * value, "high": 1.1 * value}


def teachers():
    rows = [
        banded(level + 4 * (1 - share) ** 3 * few + 0.5 * rare, s=share, R=text, x=exam)
        for exam, rare in (("all letters", 0), ("rare words", 1))
        for text, few, level in (("2,048", 1, 2.4), ("131,072", 0.01, 2.3))
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    titles = {exam: f"loss on {exam}, nats" for exam in ("all letters", "rare words")}
    loss = alt.Y("value:Q", scale=alt.Scale(zero=False))
    switches = {"x": ("exam on ", titles, "all letters")}
    share = alt.X("s:Q", title="share that the teacher wrote")
    return plots.explorer(rows, share, loss, ("R", "real characters"), switches)


def ranking():
    rows = [
        banded(value, remedy=remedy, result=score, generation=turn)
        for turn in (1, 20)
        for score, values in (("misread", (5, 30, 80)), ("recall", (90, 95, 10)))
        for remedy, value in zip(("accumulate", "a filter", "nothing"), values, strict=True)
    ]
    switches = {
        "result": ("score ", {"misread": "digits misread, %", "recall": "recall, %"}, "misread"),
        "generation": ("generation ", (1, 20), 20),
    }
    best = {"result": ["recall"]}
    return plots.ranking(rows, "remedy", switches, largest_first=best, height=150)


def futures():
    logs = stock.project(futures=200, seed=1).logs().round(3)
    own = {name: start for name, (*_, start) in stock.KNOBS.items()}
    presets = {"as published": own, "overtrained": own | {"k": 100, "r": 1}}
    params, now = plots.knobs(stock.KNOBS, presets)
    x = alt.X("x:Q", title="text runs out", scale=plots.within(2020, 2050)).axis(format="d")
    return plots.histogram(logs, stock.moved_in_vega(now), x, "of 200 futures", 0.5, params)


def budgets():
    refit = scaling.BESIROGLU_2024
    sliders = {"budget": ("budget C, 10^x ", 9, 27, 0.5, 23.5)}
    sliders["ratio"] = ("your D/N, 10^x ", -1, 4, 0.1, 2.5)
    knobs, now = plots.knobs(sliders)
    choice = alt.binding_radio(options=["refit", "other"], name="law ")
    laws = {"refit": vars(refit), "other": vars(refit) | {"alpha": 0.3}}
    law = alt.param("law", value="refit", bind=choice)
    split = browser.split_of_budget("laws[law]", now["budget"])
    curve = alt.Chart(alt.sequence(-1, 4.01, 0.05, as_="m")).transform_calculate(**split)
    yours = alt.Chart(alt.Data(values=[{}])).transform_calculate(m=now["ratio"], **split)
    x = alt.X("ratio:Q", scale=plots.within(0.08, 12500, log=True), title="tokens a parameter")
    y = alt.Y("loss:Q", scale=alt.Scale(zero=False), title="loss, nats a token")
    words = "'N ' + format(datum.N, '.2s') + ', D ' + format(datum.D, '.2s')"
    words += " + ', L ' + format(datum.loss, '.3f')"
    params = [alt.param("laws", value=laws), law, *knobs]
    return plots.marked(curve, yours, x, y, words, params)


def lives():
    knobs, now = plots.knobs(overtraining.KNOBS)
    fields = overtraining.lifetime_in_vega(scaling.BESIROGLU_2024, **now)
    chart = alt.Chart(alt.sequence(-1.6, 0.601, 0.002, as_="m")).transform_calculate(**fields)
    chart = chart.transform_filter("datum.debt > 0")
    x = alt.X("ratio:Q", scale=plots.within(0.025, 4, log=True), title="size")
    y = alt.Y("cost:Q", scale=plots.within(0, 2), title="cost")
    words = "format(datum.D / datum.N, ',.3r') + ' tokens a parameter'"
    return plots.lowest(chart, x, y, words, knobs)


def variances():
    f, g = ("fresh real share ", 0, 0.5, 0.01, 0.1), ("generations ", 10, 500, 10, 100)
    params, now = plots.knobs({"n": ("points ", 10, 500, 10, 50), "f": f, "g": g})
    lines = drift.in_vega(now["n"], now["f"], "datum.x")
    words = {"series": "policy", "x": "generation", "y": "expected variance"}
    return curves.curves(lines, params, ("1", now["g"]), domain=(0, 1), **words)


def costs():
    params, now = plots.knobs(
        {"c": ("a miss costs ", 1, 100, 1, 20), "p": ("rare cases, % ", 0.5, 20, 0.5, 4.5)}
    )
    ways = ["as it is", "weights by cost", "copies of the rare", "a simulator"]  # two lines
    rows = [
        {"w": way, "x": round(float(x), 4), "t": round(float(x**power), 4), "h": half}
        for way, power in zip(ways, (0.3, 0.4, 0.5, 0.6), strict=True)
        for half, stops in ((False, np.geomspace(0.002, 1, 25)), (True, [0.01 / power]))
        for x in stops
    ]
    total = f"10 * ({now['p']} * {now['c']} * (1 - datum.t) + (100 - {now['p']}) * datum.x)"
    chart = alt.Chart(alt.Data(values=rows)).transform_calculate(cost=total)
    x = alt.X("x:Q", scale=plots.within(0.002, 1, log=True), title="share of false alarms")
    cost = alt.Y("cost:Q", title="cost")
    tint, dash = plots.cues("w", ways, "learnt from")
    line = chart.transform_filter("!datum.h").mark_line(clip=True).encode(x, cost, tint, dash)
    dots = chart.transform_filter("datum.h").mark_point(size=90, filled=True, clip=True)
    return alt.layer(line, dots.encode(x, cost, tint), height=260).add_params(*params)


MADE = {
    "teachers": teachers,
    "avoiding-collapse": ranking,
    "data-stock": futures,
    "scaling-laws": budgets,
    "overtraining": lives,
    "collapse-in-one-dimension": variances,
    "rare-events": costs,
}


def figure(chapter):
    return plots.Interactive(
        MADE[chapter](), "Made-up data, with controls to move.", "It moves.", f"fig-{chapter}"
    )
