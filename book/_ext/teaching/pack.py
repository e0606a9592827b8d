"""The figure pack: each figure as SVG and PNG, with caption, alternative text and licence."""

import csv
import io
import re
from html import escape

import vl_convert

LICENCE = """The figures of The Data Wall, under the Creative Commons licence CC BY 4.0
(https://creativecommons.org/licenses/by/4.0/): use and change them, and say where they
come from, as in "The Data Wall, Fig. 4.2 (CC BY 4.0)".

figures.csv names each figure's chapter and number, with its caption and a text for those
who can't see it.
"""
LINE = re.compile(r'(?<= )(?:d|x1|x2|y1|y2)="[^"]*"')
FAR = 10_000  # pixels
FIELDS = ("file", "chapter", "number", "caption", "alternative text", "licence")


def files(lessons, folder="data-wall-figures"):
    """What the pack holds: bytes by name."""
    found, rows = {f"{folder}/LICENCE.txt": LICENCE.encode()}, []
    for lesson in lessons:
        for figure in lesson.figures:
            name = f"{lesson.name}/{figure.name}"
            found[f"{folder}/{name}.svg"] = _described(figure).encode()
            png = figure.png or vl_convert.svg_to_png(_near(figure.svg), scale=2)
            found[f"{folder}/{name}.png"] = png
            values = (name, lesson.title, figure.number, figure.caption, figure.alt, "CC BY 4.0")
            rows.append(dict(zip(FIELDS, values, strict=True)))
    table = io.StringIO()
    writer = csv.DictWriter(table, FIELDS)
    writer.writeheader()
    writer.writerows(rows)
    found[f"{folder}/figures.csv"] = table.getvalue().encode()
    return found


def _near(svg):
    """A drawing whose lines end not far outside of it: those that are clipped may go anywhere.

    What draws pixels for us dies of lines that end a million pixels away.
    """
    number = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")

    def clipped(found):
        return f"{min(max(float(found[0]), -FAR), FAR):g}"

    return LINE.sub(lambda line: number.sub(clipped, line[0]), svg)


def _described(figure):
    """The drawing with its title and description, which travel with it."""
    start = figure.svg.index("<svg")
    end = figure.svg.index(">", start) + 1
    words = f"<title>{escape(figure.caption)}</title><desc>{escape(figure.alt)}</desc>"
    return figure.svg[:end] + words + figure.svg[end:]
