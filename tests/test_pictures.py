"""Stored figures: small, the same at every run, legible where an SVG isn't shown."""

import base64
import io
import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from datawall.page import pictures, plots

pytestmark = pytest.mark.usefixtures("styled")


def curves():
    fig, ax = plt.subplots()
    tokens = np.geomspace(1e6, 1e9, 30)
    for power in (0.1, 0.2, 0.3):
        ax.plot(tokens, tokens**-power, "o", linestyle="-", label=f"a power of {power}")
        ax.fill_between(tokens, 0.9 * tokens**-power, 1.1 * tokens**-power, alpha=0.2)
    ax.set(xscale="log", xlabel="tokens", ylabel="loss\nin nats > 0 & rising")
    ax.annotate('x="0.123456"', (1e7, 0.1))
    ax.legend()
    return fig


def digits():
    fig, axes = plt.subplots(2, 4, figsize=(6, 3))
    for ax, pixels in zip(axes.flat, np.random.default_rng(0).random((8, 28, 28)), strict=True):
        ax.imshow(pixels, cmap="gray")
        ax.set_axis_off()
    return fig


def opened(png):
    return Image.open(io.BytesIO(base64.b64decode(png)))


@pytest.mark.parametrize("draw", [curves, digits])
@pytest.mark.parametrize("form", [pictures.svg, pictures.png])
def test_a_form_repeats_to_the_byte_and_tells_no_version(draw, form):
    first, second = (form(draw()) for _ in range(2))
    assert first == second
    text = first if form is pictures.svg else base64.b64decode(first).decode("latin1")
    for word in (matplotlib.__version__, "Software", "dc:date", "<metadata"):
        assert word not in text


def test_an_svg_is_a_third_smaller_and_says_and_shows_the_same(browser):
    fig = curves()
    plain = pictures.print_figure(fig, "svg", metadata=pictures.NOTHING)
    found = pictures.svg(fig)
    assert len(found) + 12 * found.count("\n") < 2 / 3 * (len(plain) + 12 * plain.count("\n"))
    texts = [re.findall(r">([^<>]*\S[^<>]*)<", one.split("<defs>", 1)[1]) for one in (plain, found)]
    assert [" ".join(t.split()) for t in texts[0]] == [" ".join(t.split()) for t in texts[1]]
    assert 'x="0.123456"' in found
    shown = [pixels(browser, one) for one in (plain, found)]
    assert np.abs(shown[0] - shown[1]).mean() < 0.5  # of 255


def pixels(browser, svg):
    page = browser.new_page()
    page.set_content("<body style='margin: 0; background: white'>" + svg[svg.index("<svg") :])
    picture = Image.open(io.BytesIO(page.locator("svg").first.screenshot())).convert("RGB")
    page.close()
    return np.asarray(picture, float)


@pytest.mark.parametrize("draw, most", [(curves, 14_000), (digits, 18_000)])
def test_a_png_is_small_and_on_white(draw, most, report):
    png = pictures.png(draw())
    report(f"the PNG of {draw.__name__} takes {len(png) / 1000:.1f} kB of a notebook")
    assert len(png) < most
    picture = opened(png)
    assert picture.mode == "P" and picture.convert("RGB").getpixel((1, 1)) == (255, 255, 255)
    assert 400 < picture.width < 700


def test_a_png_has_soft_edges_as_on_white_paper():
    fig, file = curves(), io.BytesIO()
    fig.savefig(file, dpi=pictures.DPI, facecolor="white", bbox_inches="tight")
    due, found = Image.open(file).convert("RGB"), opened(pictures.png(fig)).convert("RGB")
    assert due.size == found.size
    assert np.abs(np.asarray(due, float) - np.asarray(found, float)).mean() < 1  # of 255


def test_a_png_keeps_the_colour_of_each_of_seven_lines_with_bands():
    fig, ax = plt.subplots(figsize=(5.6, 3.6))
    x = np.arange(7)
    for series in range(7):
        look = {"color": plots.COLORS[series], "linestyle": plots.LINES[series]}
        y = (series + 3) * np.sqrt(x + 1)
        ax.plot(x, y, marker="o", label=str(series), **look)
        ax.fill_between(x, y - 2, y + 2, alpha=0.2, linewidth=0, color=look["color"])
    ax.legend()
    shown = np.asarray(opened(pictures.png(fig)).convert("RGB")).reshape(-1, 3) / 255
    for color in plots.COLORS[:7]:
        assert np.abs(shown - matplotlib.colors.to_rgb(color)).max(1).min() < 0.02


def test_a_notebook_gets_both_forms_of_a_figure_and_nothing_else():
    shell = InteractiveShell()
    pictures.register(shell)
    data, _ = shell.display_formatter.format(curves())
    assert {mime for mime in data if mime.startswith("image/")} == {"image/png", "image/svg+xml"}
    assert opened(data["image/png"]).mode == "P" and "<svg" in data["image/svg+xml"]


def test_a_figure_with_nothing_on_it_has_no_form():
    assert pictures.svg(plt.figure()) is None and pictures.png(plt.figure()) is None
