"""A figure as a notebook stores it: an SVG, and a PNG for a front end that doesn't trust the file.

`plots.style` registers both. They repeat to the byte and name no date and no version.
"""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING

from IPython.core.pylabtools import print_figure

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from matplotlib.figure import Figure

DPI = 90  # of the PNG
INKS = 160  # colours of the PNG: with 32, lines and bands merge, and with 128 two of seven lines
NOTHING = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def register(shell: InteractiveShell) -> None:
    """Let figures be shown in both forms."""
    from matplotlib.figure import Figure
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    set_matplotlib_formats("svg")  # and nothing that was set before
    formatters = shell.display_formatter.formatters
    formatters["image/svg+xml"].for_type(Figure, svg)
    formatters["image/png"].for_type(Figure, png)


def svg(figure: Figure) -> str | None:
    """The figure as a small SVG on no ground; None for one with nothing on it."""
    drawn = print_figure(figure, "svg", metadata=NOTHING)
    return None if drawn is None else small(drawn)


def png(figure: Figure) -> str | None:
    """The figure as a PNG of few colours on white, in base64; None for one with nothing on it."""
    from PIL import Image

    drawn = print_figure(figure, "png", dpi=DPI, facecolor="white", metadata={"Software": None})
    if drawn is None:
        return None
    picture, file = Image.open(io.BytesIO(drawn)).convert("RGB"), io.BytesIO()
    picture.quantize(INKS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")


TAG = re.compile(r"<[^>]*>")
PLACE = re.compile(r' (d|x|y|width|height)="([^"]*)"')
BEYOND = re.compile(r"(\.\d\d)\d+")  # a hundredth of a point is seen by nobody
FONTS = re.compile(r"font-family: '?DejaVu Sans[^;\"]*sans-serif; ")
FONT = "DejaVu Sans, Verdana, sans-serif"  # said once, of the whole picture
UNTURNED = re.compile(r' transform="rotate\(-?0 [^"]*\)"')
BETWEEN = re.compile(r">\s+<(?!g id=|text|tspan|/text)")


def small(drawn: str) -> str:
    """Matplotlib's SVG at two thirds of its size or less: the same picture, the same texts."""

    def short(place: re.Match) -> str:
        numbers = BEYOND.sub(r"\1", place[2]).split()
        return f' {place[1]}="{" ".join(numbers)}"'

    def tag(found: re.Match) -> str:
        shortened = UNTURNED.sub("", FONTS.sub("", PLACE.sub(short, found[0])))
        if shortened.startswith("<svg ") and "font-family" not in shortened:
            return f'{shortened[:-1]} font-family="{FONT}">'
        return shortened

    # A line for each part and each text: space between other tags means nothing.
    return re.sub(r">\s+<", ">\n<", BETWEEN.sub("><", TAG.sub(tag, drawn)))
