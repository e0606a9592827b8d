"""What an interactive figure draws, read in a browser at each setting of its controls.

`faults` moves every control by the keyboard and compares what is drawn with what the figure's data
or its formula give: `EXPECTED` has a function for each chapter, worked out without the browser.
"""

import itertools
import json
import math
import re
from functools import cache

import numpy as np
import pandas as pd

from datawall.collapse import drift
from datawall.laws import overtraining, scaling, stock
from datawall.licences import prices
from datawall.modalities import rates
from datawall.reasoning import coverage

WIDTHS = (1280, 700, 1280)
PHONE, BAR = {"width": 390, "height": 844}, 70  # pixels; its address bar comes and goes
FAINT = {"mark": 3.0, "text": 4.5}  # contrast ratios that are too low below these
EDGE = 1.5  # pixels

READ = """figure => {
  const view = figure.view, root = view.scenegraph().root.items[0], marks = [];
  const keep = ['x', 'y', 'x2', 'y2', 'width', 'height', 'text', 'stroke', 'fill', 'opacity',
    'fillOpacity', 'strokeWidth', 'size'];
  const walk = (mark, clipped) => {
    clipped ||= !!mark.clip;
    if (mark.marktype === 'group')
      return mark.items.forEach(item => item.items.forEach(inner => walk(inner, clipped)));
    marks.push({type: mark.marktype, clipped, items: mark.items.map(item => {
      const found = Object.fromEntries(keep.map(k => [k, item[k] ?? null]));
      found.bounds = [item.bounds.x1, item.bounds.x2, item.bounds.y1, item.bounds.y2];
      const fields = Object.entries(item.datum ?? {}).filter(([k, v]) => typeof v !== 'object');
      return {...found, datum: Object.fromEntries(fields)};
    })});
  };
  root.items.filter(mark => mark.role === 'mark' || mark.role === 'scope')
    .forEach(mark => walk(mark, false));
  const scale = name => {
    let found; try { found = view.scale(name); } catch { return null; }
    return {type: found.type, domain: found.domain(), range: found.range(),
      clamped: found.clamp ? found.clamp() : false};
  };
  const svg = figure.querySelector('svg.marks'), box = svg.getBoundingClientRect();
  const near = figure.parentElement, style = getComputedStyle(near);
  const room = near.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const words = role => [...figure.querySelectorAll(`.${role} text`)].map(t => t.textContent);
  const inks = [...figure.querySelectorAll('text, label, figcaption')].filter(t => t.textContent);
  const ink = t => getComputedStyle(t)[t.namespaceURI.endsWith('svg') ? 'fill' : 'color'];
  return JSON.stringify({marks, x: scale('x'), y: scale('y'), frame: [root.width, root.height],
    svg: box.width, room, page: document.documentElement.scrollWidth - innerWidth,
    title: words('role-title-text').join(' '), axes: words('role-axis-title'),
    ground: getComputedStyle(document.body).backgroundColor,
    inks: [...new Set(inks.map(ink))]});
}"""


# Of the table below a figure, the columns and the rows whose every number is drawn at some setting.
TABLES = {
    "asking-and-acting": (r"\d+ visits", ""),
    "avoiding-collapse": ("misread|recall", ""),
    "collapse-in-generators": ("recall|precision|coverage|kinds", "(?!VAE, means)"),
    "collapse-in-language-models": ("after", ""),
    "data-quality": (".* kept", r"\w+ (65,536|262,144|1,048,576)"),
    "data-stock": ("year", ""),
    "generators": ("recognised|useful|precision|recall|copies", ""),
    "private-data": ("(AUC|found), .*", ""),
    "repeated-epochs": (r"\d+$", ""),
    "sparse-and-retrieving": ("once|.* times", ""),
    "teachers": (".* written", ""),
}


# Colours ------------------------------------------------------------------------------------------


def _light(colour):
    numbers = re.findall(r"[0-9.]+", colour)
    if colour.startswith("#"):
        numbers = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    channels = np.array(numbers[:3], float) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722] + 0.05


@cache
def contrast(one, other):
    """Contrast ratio (WCAG) of two colours as a browser writes them; 0 for one with a name."""
    if not all(colour.startswith(("#", "rgb")) for colour in (one, other)):
        return 0.0
    low, high = sorted((_light(one), _light(other)))
    return high / low


# What should be drawn, as points (x, y) by the type of the mark; text as its words ----------------


def _rows(spec):
    data = [spec.get("data"), *(layer.get("data") for layer in spec.get("layer", []))]
    named = spec.get("datasets", {})
    for part in filter(None, data):
        values = part.get("values", named.get(part.get("name")))
        if values:
            return values
    raise ValueError("the figure has no rows")


def chosen(spec, state):
    """The rows that the switches leave."""
    fields = {k.removeprefix("chosen_"): v for k, v in state.items() if k.startswith("chosen_")}
    return [row for row in _rows(spec) if all(row[k] == v for k, v in fields.items())]


def explored(spec, state):
    x = spec["layer"][1]["encoding"]["x"]["field"]
    rows = chosen(spec, state)
    return {
        "line": [(row[x], row["value"]) for row in rows],
        "area": [(row[x], row["low"], row["high"]) for row in rows],
    }


def ranked(spec, state):
    rows = chosen(spec, state)
    name = spec["layer"][0]["encoding"]["y"]["field"]
    best = {"recall": -1}.get(next(v for v in state.values() if isinstance(v, str)), 1)
    order = sorted(rows, key=lambda row: best * row["value"])
    return {
        "symbol": [(row["value"], None) for row in rows],
        "rule": [(row["low"], row["high"], None) for row in rows],
        "order": [(row[name], row["value"]) for row in order],
    }


def futures(spec, state):
    knobs = {name: state[f"own_{name}"] for name in stock.KNOBS}
    dates = stock.moved(pd.DataFrame(_rows(spec)), **knobs)
    first, last = spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    shown = np.floor(dates[(dates >= first) & (dates < last)] / 0.5) * 0.5
    lefts, counts = np.unique(shown, return_counts=True)
    middle = np.median(dates)
    words = f"median {middle:.1f}" if middle < last else f"median after {last}, or never"
    if (dates < first).any():
        words += f"; {100 * (dates < first).mean():.1f}% before {first}"
    if (dates >= last).any():
        words += f"; {100 * (dates >= last).mean():.1f}% after {last} or never"
    bars = [(left, left + 0.5, count) for left, count in zip(lefts, counts, strict=True)]
    return {"rect": bars, "rule": [(middle, None)] * int(first <= middle < last), "text": [words]}


@cache
def _law(constants):
    return scaling.Chinchilla(**dict(constants))


def budgets(spec, state):
    laws = next(p["value"] for p in spec["params"] if p["name"] == "laws")
    law = _law(tuple(laws[state["law"]].items()))

    def split(m):
        flops, ratio = 10 ** state["own_budget"], 10.0**m
        params = math.sqrt(flops / 6 / ratio)
        return params, ratio * params, float(law.loss(params, ratio * params))

    line = [(10.0**m, split(m)[2]) for m in np.arange(-1, 4.01, 0.05)]
    params, tokens, loss = split(state["own_ratio"])
    words = rf"N {_si(params)}, D {_si(tokens)}, L {loss:.3f}"
    return {"line": line, "symbol": [(tokens / params, loss)], "text": [words]}


def _si(value):
    """Two digits and a letter, as d3's format .2s has them."""
    digits, power = f"{value:.1e}".split("e")
    step = int(power) // 3
    number = float(digits) * 10 ** (int(power) - 3 * step)
    letter = ["", "k", "M", "G", "T", "P", "E", "Z", "Y"][step]
    return f"{number:.1f}{letter}" if number < 9.95 else f"{number:.0f}{letter}"


def lives(spec, state):
    law, size = scaling.BESIROGLU_2024, 10 ** state["own_size"]
    served, tokens = 10 ** state["own_served"], overtraining.optimal_tokens(law, size)
    small, long = law.lifetime_optimal(law.loss(size, tokens), served)
    cost = overtraining.lifetime_flops(small, long, served)
    usual = overtraining.lifetime_flops(size, tokens, served)
    line, debt = [], law.loss(size, tokens) - law.E
    for m in np.arange(-1.6, 0.601, 0.002):
        left = debt - law.A / (size * 10**m) ** law.alpha
        if left > 0:
            reads = (law.B / left) ** (1 / law.beta)
            line.append((10**m, overtraining.lifetime_flops(size * 10**m, reads, served) / usual))
    return {
        "line": line,
        "lowest": [(float(small / size), float(cost / usual))],
        "ratio": float(long / small),
    }


def variances(spec, state):
    n, share, last = (state[f"own_{name}"] for name in ("n", "f", "g"))
    words = {"pow": pow, "sin": math.sin, "sqrt": math.sqrt, "PI": math.pi}
    ts = [1 + i * (last - 1) / 100 for i in range(101)]
    formulas = drift.in_vega(str(n), str(share), "t")
    return {"line": [(t, eval(f, words | {"t": t})) for f in formulas.values() for t in ts]}


def costs(spec, state):
    miss, percent = state["own_c"], state["own_p"]
    drawn = {"line": [], "symbol": []}
    for row in _rows(spec):
        cost = 10 * (percent * miss * (1 - row["t"]) + (100 - percent) * row["x"])
        drawn["symbol" if row["h"] else "line"].append((row["x"], cost))
    return drawn


def checked(spec, state):
    share, alike = state["own_p"] / 100, state["own_a"]
    others, ks = alike * (1 - share) / share, np.arange(1, 257)
    lines = (
        coverage.spread(alike, others, ks),
        coverage.accepted_over(alike, others, state["own_f"] / 100, ks),
        np.full(256, share),
    )
    return {"line": [(float(k), float(y)) for line in lines for k, y in zip(ks, line, strict=True)]}


def advised(spec, state):
    rows = chosen(spec, state)
    order = sorted(rows, key=lambda row: -row["value"])
    return {
        "symbol": [(row["value"], None) for row in rows],
        "rule": [(row["low"], row["high"], None) for row in rows],
        "order": [(row["policy"], row["value"]) for row in order],
    }


def bought(spec, state):
    price, hour = 10 ** state["own_price"], state["own_hour"]
    how = {"passes": state["own_passes"], "dollars_an_hour": hour}
    token = prices.computing(10 ** state["own_params"], **how)
    tokens = 10.0 ** np.arange(9, 15.001, 0.1)
    lines = [(t, cost * t) for cost in (price, token) for t in tokens]
    paid = [row["dollars"] for row in _rows(spec)]
    asked = 10 ** state["own_tokens"]
    words = f"licence {_si(price * asked)} $, computing {_si(token * asked)} $"
    marks = [(dollars / price, dollars) for dollars in paid]
    return {"line": lines, "symbol": marks, "text": [words]}


def bytes_of_two(spec, state):
    hours, power, tokens, token = (state[f"own_{name}"] for name in "hrtb")
    found = rates.Sum(1000 * hours, 10**power, 10**tokens, token)
    more = max(found.ratio, 1 / found.ratio)
    who = "the child has seen" if found.ratio >= 1 else "the model has read"
    words = [
        f"{who} {_digits(more, 3)} times as much",
        f"{_digits(10**power, 3)} bytes a second, {_digits(10**tokens / 1e12, 2)} trillion tokens",
    ]
    return {"symbol": [(found.child, None), (found.model, None)], "text": words}


def _digits(value, count):
    """As d3's formats ,.2r and ,.3r have it."""
    places = count - 1 - math.floor(math.log10(value))
    return f"{round(value, places):,.{max(0, places)}f}"


EXPECTED = {
    "asking-and-acting": advised,
    "data-stock": futures,
    "scaling-laws": budgets,
    "overtraining": lives,
    "collapse-in-one-dimension": variances,
    "rare-events": costs,
    "avoiding-collapse": ranked,
    "thinking-longer": checked,
    "licensed-data": bought,
    "more-than-words": bytes_of_two,
}
# The switch that changes what is measured, so that the title of its axis must change, too.
FOLLOWS = {
    "asking-and-acting": "chosen_visits",
    "avoiding-collapse": "chosen_result",
    "collapse-in-generators": "chosen_s",
    "collapse-in-language-models": "chosen_m",
    "data-quality": "chosen_x",
    "generators": "chosen_score",
    "private-data": "chosen_m",
    "sparse-and-retrieving": "chosen_t",
    "teachers": "chosen_x",
}


# What is drawn against it -------------------------------------------------------------------------


def place(value, scale):
    """Where a value belongs on a scale without a clamp, in pixels."""
    (low, high), (start, end) = scale["domain"], scale["range"]
    if scale["type"] == "log":
        if value <= 0:
            return math.nan
        value, low, high = math.log(value), math.log(low), math.log(high)
    return start + (value - low) / (high - low) * (end - start)


def _points(drawn, kind):
    """The corners of all items of a type of mark, in pixels."""
    found = []
    for mark in drawn["marks"]:
        if mark["type"] == kind:
            found += mark["items"]
    return found


def _matches(asked, got, where, frame):
    """Faults of pixels that were drawn, against those asked for; either may repeat.

    Of points, those outside the frame needn't be there, and nothing need be where they are.
    """
    asked = np.array([a for a in asked if np.isfinite(a).all()], float)
    got = np.array(got, float)
    if not len(asked) or not len(got):
        return [] if len(asked) == len(got) else [f"{where}: {len(got)} drawn of {len(asked)}"]
    gaps = np.abs(asked[:, None] - got[None]).max(-1)
    faults = []
    if (worst := gaps.min(1)[_within(asked, frame)].max(initial=0)) > EDGE:
        faults.append(f"{where}: a value is drawn {worst:.0f} px from its place")
    if (worst := gaps.min(0)[_within(got, frame)].max(initial=0)) > EDGE:
        faults.append(f"{where}: something is drawn {worst:.0f} px from any value")
    return faults


def _within(pixels, frame):
    if pixels.shape[1] != 2:
        return np.full(len(pixels), True)
    return ((pixels >= 0) & (pixels <= frame)).all(1)


def drawn_faults(drawn, asked):
    """Where what is drawn differs from the points asked for."""
    x, y, frame, faults = drawn["x"], drawn["y"], drawn["frame"], []
    for kind, points in asked.items():
        if kind == "text":
            said = [item["text"] for item in _points(drawn, "text")]
            faults += [] if said == points else [f"text: {said}, not {points}"]
        elif kind == "order":
            faults += _order_faults(drawn, points)
        elif kind == "lowest":
            items = _points(drawn, "symbol")
            ((at, cost),) = points
            got = [(i["datum"]["ratio"], i["datum"]["cost"]) for i in items]
            if len(got) != 1 or not np.allclose(got[0], (at, cost), rtol=4e-3):
                faults.append(f"lowest: {got}, not {points}")
            pixels = [(place(at, x), place(cost, y)) for at, cost in got]
            faults += _matches(pixels, [(i["x"], i["y"]) for i in items], "dot", frame)
        elif kind == "ratio":
            (said,) = [item["datum"] for item in _points(drawn, "text")]
            if not math.isclose(said["D"] / said["N"], points, rel_tol=0.05):
                faults.append(f"ratio: {said['D'] / said['N']}, not {points}")
        else:
            items = _points(drawn, kind)
            faults += _matches(*_pixels(kind, items, points, x, y), kind, frame)
    return faults


def _pixels(kind, items, points, x, y):
    """Pixels asked for and pixels drawn, of a type of mark."""
    if kind == "area":
        asked = [(place(a, x), place(low, y), place(high, y)) for a, low, high in points]
        asked = [(at, max(one, two), min(one, two)) for at, one, two in asked]
        got = [(i["x"], max(i["y"], i["y2"]), min(i["y"], i["y2"])) for i in items]
    elif kind == "rect":
        asked = [(place((a + b) / 2, x), place(n, y)) for a, b, n in points]
        got = [(i["x"] + i["width"] / 2, i["y"]) for i in items]
    elif kind == "rule" and points and len(points[0]) == 3:
        asked = [(place(a, x), place(b, x)) for a, b, _ in points]
        asked = [(min(pair), max(pair)) for pair in asked]
        got = [(min(i["x"], i["x2"]), max(i["x"], i["x2"])) for i in items]
    elif all(point[1] is None for point in points):
        asked = [(place(a, x),) for a, _ in points]
        got = [(i["x"],) for i in items]
    else:
        asked = [(place(a, x), place(b, y)) for a, b in points]
        got = [(i["x"], i["y"]) for i in items]
    return asked, [pair for pair in got if None not in pair]


def _order_faults(drawn, order):
    values = [value for _, value in order]
    items = sorted(_points(drawn, "symbol"), key=lambda item: item["y"])
    got = [item["datum"]["value"] for item in items]
    return [] if got == values else [f"order: {got[:4]} …, not {values[:4]} …"]


def spills(drawn):
    """Items outside the frame of marks that aren't clipped; words may stand above it."""
    (wide, high), faults = drawn["frame"], []
    for mark in drawn["marks"]:
        for item in mark["items"]:
            left, right, top, bottom = item["bounds"]
            # What is drawn at the frame's edge has half its stroke or its symbol beyond it.
            half = EDGE + (item["strokeWidth"] or 0) + math.sqrt(item["size"] or 0)
            out = left < -half or right > wide + half or bottom > high + half or top < -half
            if mark["type"] == "text":
                out = left < -EDGE or right > wide + 12 or bottom > high
            elif mark["clipped"]:
                continue
            if out:
                faults.append(f"a {mark['type']} lies outside the frame")
    return sorted(set(faults))


def faint(drawn):
    """Colours that don't stand out from the page."""
    faults = []
    for mark in drawn["marks"]:
        for item in mark["items"]:
            for part in ("stroke", "fill"):
                tint = item[part]
                shares = (item["opacity"], item["fillOpacity"] if part == "fill" else None)
                bare = tint in (None, "", "none", "transparent") or mark["type"] == "text"
                if bare or any(share is not None and share < 1 for share in shares):
                    continue
                if (ratio := contrast(tint, drawn["ground"])) < FAINT["mark"]:
                    faults.append(f"{mark['type']} in {tint}: contrast {ratio:.1f}")
    for ink in drawn["inks"]:
        if (ratio := contrast(ink, drawn["ground"])) < FAINT["text"]:
            faults.append(f"text in {ink}: contrast {ratio:.1f}")
    return sorted(set(faults))


# Moving -------------------------------------------------------------------------------------------


def read(figure):
    """What a figure draws: its marks in pixels with their rows, scales, titles and colours."""
    return json.loads(figure.evaluate(READ))


def _settle(figure):
    """Wait until what was moved is drawn; a list of presets may answer, which draws anew."""
    figure.evaluate("async f => { await f.view.runAsync(); await f.view.runAsync(); }")


def _settle_size(page, figure):
    """What a figure draws once it fits its column; where it never does, after some seconds.

    A busy machine tells a page of its new size late, so that a few frames aren't enough.
    """
    for _ in range(40):
        page.evaluate("() => new Promise(r => requestAnimationFrame(() => setTimeout(r, 50)))")
        _settle(figure)
        if not fit_faults(drawn := read(figure)):
            break
    return drawn


def _state(figure, spec):
    names = [param["name"] for param in spec["params"] if "bind" in param]
    ask = "(figure, names) => Object.fromEntries(names.map(n => [n, figure.view.signal(n)]))"
    return figure.evaluate(ask, names)


def moves(spec):
    """Every control with what to do to it: the keys of a slider, the choices of the others."""
    for param in spec["params"]:
        bind = param.get("bind", {})
        if bind.get("input") == "range":
            yield param["name"], "range", ["Home", "End"]
        elif bind:
            yield param["name"], bind["input"], bind["options"]


def settings(spec):
    """Steps that go through all choices of all switches, and take each slider to both its ends."""
    found = list(moves(spec))
    radios = [(name, options) for name, kind, options in found if kind == "radio"]
    for options in itertools.product(*(options for _, options in radios)):
        pairs = zip(radios, options, strict=True)
        yield [(name, "radio", option) for (name, _), option in pairs]
    for name, kind, options in found:
        if kind != "radio":
            yield from ([(name, kind, option)] for option in options)
    presets = [(name, options) for name, kind, options in found if kind == "select"]
    for name, options in presets:
        yield [(name, "select", options[-1])]
    for name, kind, options in found:  # after a preset, each slider still moves
        if kind == "range" and presets:
            yield [(name, kind, options[0])]


def move(figure, name, kind, option):
    if kind == "range":
        figure.locator(f'input[name="{name}"]').press(option)
    elif kind == "radio":
        value = option if isinstance(option, str) else f"{option:g}"
        figure.locator(f'input[name="{name}"][value="{value}"]').check()
    else:
        figure.locator(f'select[name="{name}"]').select_option(str(option))


def _controls(figure, spec, state):
    """Faults of the sliders themselves: where they stand, and whether they have a name."""
    stands = figure.evaluate(
        "f => Object.fromEntries([...f.querySelectorAll('input[type=range]')]"
        ".map(i => [i.name, [+i.value, !!i.labels.length, i.disabled]]))"
    )
    faults = []
    for name, (value, named, dead) in stands.items():
        if not math.isclose(value, state[name], rel_tol=1e-9, abs_tol=1e-9):
            faults.append(f"{name}: the slider stands at {value}, the figure at {state[name]}")
        if dead or not named:
            faults.append(f"{name}: the slider is dead or without a label")
    return faults


def fit_faults(drawn):
    faults = []
    if abs(drawn["svg"] - drawn["room"]) > 2:
        faults.append(f"{drawn['svg']:.0f} px wide in a column of {drawn['room']:.0f}")
    if drawn["page"] > 0:
        faults.append(f"the page scrolls sideways by {drawn['page']} px")
    return faults


def faults(page, figure, chapter, seen=None):
    """All that is wrong with a figure at any setting, with the setting, in the theme of the page.

    seen: a list that takes each number that is drawn.
    """
    spec = json.loads(figure.evaluate("f => f.querySelector('script').textContent"))
    expected = EXPECTED.get(chapter, explored)
    found, titles = [], {}
    for steps in [[], *settings(spec)]:
        for step in steps:
            move(figure, *step)
        _settle(figure)
        state, drawn = _state(figure, spec), read(figure)
        wrong = drawn_faults(drawn, expected(spec, state)) + spills(drawn) + faint(drawn)
        wrong += fit_faults(drawn) + _controls(figure, spec, state)
        if drawn["x"]["clamped"] or (drawn["y"] and drawn["y"]["clamped"]):
            wrong.append("a scale is clamped")
        if "preset" in state and state["preset"] != "your own":
            preset = next(p for p in spec["params"] if p["name"] == "presets")["value"]
            for name, value in preset[state["preset"]].items():
                if state[f"own_{name}"] != value:
                    wrong.append(f"the preset doesn't set {name}")
        if steps and steps[-1][1] == "range" and state.get("preset", "your own") != "your own":
            wrong.append("a slider has moved and the list still names a preset")
        if follows := FOLLOWS.get(chapter):
            titles.setdefault(str(state[follows]), set()).add(drawn["title"])
        if seen is not None:
            words = [item["text"] for item in _points(drawn, "text")]
            seen += [float(x) for word in words for x in re.findall(r"median ([\d.]+)", word)]
            seen += [
                item["datum"]["value"]
                for kind in ("line", "symbol")
                for item in _points(drawn, kind)
                if "value" in item["datum"]
            ]
        found += [f"{state}: {fault}" for fault in wrong]
    words = [next(iter(title)) for title in titles.values()]
    if any(len(title) > 1 for title in titles.values()) or len(set(words)) < len(words):
        found.append(f"the axis's title doesn't follow the switch: {titles}")
    if titles and not all(words):
        found.append("the axis has no title")
    return found


def resized(page, figure):
    """Where a figure's width isn't its column's after the window shrank and grew again."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{width} px: {fault}" for fault in fit_faults(_settle_size(page, figure))]
    return found


LEGEND = """figure => {
  const low = figure.querySelector('svg.marks').getBoundingClientRect().bottom;
  return [...figure.querySelectorAll('.role-legend-label text')]
    .filter(name => name.getBoundingClientRect().bottom > low + 1).map(name => name.textContent);
}"""


def legend_faults(page, figure):
    """Entries of the legend that a phone cuts, as its window gets narrow, then lower and higher.

    Nothing is run here, since that would draw anew what the page has left wrong.
    """
    found = []
    for less in (0, BAR, 0):
        page.set_viewport_size(PHONE | {"height": PHONE["height"] - less})
        for _ in range(10):  # a busy machine draws late
            page.wait_for_timeout(300)
            if not (cut := figure.evaluate(LEGEND)) and not fit_faults(read(figure)):
                break
        found += [f"phone, {less} px lower: {name} is cut" for name in cut]
    return found


CELLS = """figure => {
  const tables = [...document.querySelectorAll('table')];
  const after = t => figure.compareDocumentPosition(t) & Node.DOCUMENT_POSITION_FOLLOWING;
  const cells = row => [...row.cells].map(cell => cell.textContent.trim());
  return [...tables.find(after).rows].map(cells);
}"""


def table_faults(figure, chapter, seen):
    """Numbers of the table below a figure that it never draws."""
    headings, *rows = figure.evaluate(CELLS)
    wanted, named = TABLES[chapter]
    columns = [i for i, name in enumerate(headings) if re.match(wanted, name)]
    rows = [row for row in rows if re.match(named, " ".join(row))]
    missing = [] if columns and rows else ["no table below the figure has its values"]
    drawn = np.array(seen)
    for row in rows:
        for cell in (row[i].split("[")[0] for i in columns):
            for number in re.findall(r"-?[\d.]+", cell.replace(",", "")):
                last = 10.0 ** -len(
                    number.partition(".")[2]
                )  # the table rounds, as the figure does
                if np.abs(drawn - float(number)).min() > 1.0001 * last:
                    missing.append(f"{number}, of {' '.join(row)}")
    return missing


def opened(browser, address, number=0):
    """A page, an interactive figure on it once it is drawn, and the errors on its console."""
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900})
    page, errors = context.new_page(), []
    page.on("console", lambda m: m.type in ("error", "warning") and errors.append(m.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    figure = page.locator("figure.vega-figure").nth(number)
    page.wait_for_function(
        "n => document.querySelectorAll('figure.vega-figure')[n].matches('.drawn')", arg=number
    )
    return page, figure, errors


def all_faults(browser, address, chapter, themes=("light", "dark"), seen=None, number=0):
    """What is wrong with a figure after its page was resized both ways, in both themes.

    seen: a list to fill with what is drawn, if the table below the figure is compared with it.
    number: which of the page's interactive figures.
    """
    page, figure, errors = opened(browser, address, number)
    found = legend_faults(page, figure) + resized(page, figure)
    for theme in themes:
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        found += [f"{theme}, {fault}" for fault in faults(page, figure, chapter, seen)]
    if seen is not None and chapter in TABLES:
        found += table_faults(figure, chapter, seen)
    page.context.close()
    return found + errors
