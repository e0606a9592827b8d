"""Pictures of characters with their names: a captioned corpus that lies on every reader's disk.

Matplotlib carries fonts, and Unicode names every character. Names are those of Unicode 3.2, which
every Python carries, so that they are the same in all; fonts are those of the pinned matplotlib.
Each picture is made as MNIST's are: the ink fills 20 of 28 pixels and its mean lies in the middle.
Chapter: more-than-words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unicodedata import ucd_3_2_0 as unicode

import numpy as np
from numpy.typing import ArrayLike

from datawall import validate

FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "STIXGeneral",
    "cmr10",
    "cmtt10",
)
KINDS = "LNPS"  # letters, numbers, punctuation and symbols have ink of their own; marks haven't
SIZE = 40  # pixels at which a font draws
FRAME, INK = 28, 20  # pixels of a picture, and of the longer side of its ink, before it is shrunk
WORD = re.compile("[A-Z]+")
DIGITS = ("ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE")
LONE = re.compile(
    rf"((MATHEMATICAL [A-Z -]+ )?DIGIT|SUPERSCRIPT|SUBSCRIPT) (?P<digit>{'|'.join(DIGITS)})"
)


@dataclass(frozen=True)
class Glyphs:
    """Pictures (n, side, side) of characters, from 0 to 1, with names and fonts (n,), texts."""

    pictures: np.ndarray
    names: np.ndarray
    fonts: np.ndarray

    def __post_init__(self):
        for field in ("names", "fonts"):
            validate.labels(field, getattr(self, field), len(self.pictures))

    def __len__(self) -> int:
        return len(self.pictures)

    def where(self, wanted: Callable[[str], bool]) -> Glyphs:
        """Those whose name is wanted; ValueError where none is."""
        kept = np.array([bool(wanted(name)) for name in self.names], bool)
        if not kept.any():
            raise ValueError("no name is wanted: let the test keep some")
        return Glyphs(self.pictures[kept], self.names[kept], self.fonts[kept])


def characters(font: str) -> list[str]:
    """Characters that a font draws and Unicode 3.2 names, in the order of their code points.

    Left out are marks that stand on other characters, and characters whose name holds a number,
    such as "BRAILLE PATTERN DOTS-12", since it says nothing of the looks. Raises ValueError for
    another font than FONTS.
    """
    from matplotlib.ft2font import FT2Font

    points = sorted(FT2Font(_file(font)).get_charmap())
    return [c for c in map(chr, points) if _named(c)]


def draw(character: str, font: str, side: int = 14) -> np.ndarray:
    """One character's picture (side, side), from 0, white, to 1, black.

    side: 14 or 28. Raises ValueError for a text that isn't one character, for a character that the
    font lacks or leaves blank, and for another font than FONTS.
    """
    validate.text("character", character)
    if len(character) != 1:
        raise ValueError(f"character is {character!r}: give a single one")
    validate.choice("side", side, (FRAME // 2, FRAME))
    if character not in _drawable(font):
        name = unicode.name(character, f"U+{ord(character):04X}")
        raise ValueError(
            f"the font {font} has no glyph for {name}: `glyphs.characters({font!r})` lists those "
            "that it has; take one of them or another font"
        )
    ink = _ink(character, font)
    if ink is None:
        raise ValueError(f"the font {font} draws nothing for U+{ord(character):04X}: leave it out")
    return _shrunk(_framed(ink), side)


def corpus(fonts: Sequence[str] = FONTS, side: int = 14) -> Glyphs:
    """All characters of the fonts, font by font; those that a font leaves blank are left out.

    side: 14 or 28. Ten fonts take about five seconds the first time, and none after that.
    """
    validate.choice("side", side, (FRAME // 2, FRAME))
    validate.texts("fonts", fonts)
    if not fonts:
        raise ValueError("there are no fonts: give one or more of FONTS")
    parts = [_of_font(font) for font in fonts]
    pictures = np.concatenate([_shrunk(frames, side) for frames, _ in parts])
    names = np.concatenate([names for _, names in parts])
    return Glyphs(pictures, names, np.repeat(list(fonts), [len(own) for _, own in parts]))


def words(name: str) -> list[str]:
    """The words of a name: "DOUBLE-STRUCK DIGIT TWO" has four."""
    return WORD.findall(validate.text("name", name).upper())


def plain_digit(name: str) -> int | None:
    """The digit of a name that is "DIGIT ZERO" to "DIGIT NINE" and no other, or None."""
    first, _, last = name.partition(" ")
    return DIGITS.index(last) if first == "DIGIT" and last in DIGITS else None


def lone_digit(name: str) -> int | None:
    """The digit of a name whose picture is a European digit and nothing else, or None.

    That is a plain digit, one above or below the line, or a mathematical one. Circled digits, Roman
    numerals, fractions and the digits of other scripts are none of these.
    """
    found = LONE.fullmatch(name)
    return DIGITS.index(found["digit"]) if found else None


def _file(font: str) -> Path:
    import matplotlib

    validate.choice("font", font, FONTS)
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"


def _named(character: str) -> bool:
    name = unicode.name(character, "")
    fine = bool(name) and unicode.category(character)[0] in KINDS
    return fine and not any(c.isdigit() for c in name)


@cache
def _drawable(font: str) -> frozenset[str]:
    return frozenset(characters(font))


@cache
def _face(font: str):
    from PIL import ImageFont

    return ImageFont.truetype(str(_file(font)), SIZE, layout_engine=ImageFont.Layout.BASIC)


def _ink(character: str, font: str):
    """The box of a character's ink as an image of bytes, or None where there is no ink."""
    from PIL import Image

    mask = _face(font).getmask(character)
    if not all(mask.size):
        return None
    image = Image.frombytes("L", mask.size, bytes(mask))
    box = image.getbbox()
    return None if box is None else image.crop(box)


def _framed(ink) -> np.ndarray:
    """The ink in its frame (FRAME, FRAME): INK pixels along its longer side, its mean amid."""
    from PIL import Image

    scale = INK / max(ink.size)
    wide, high = (max(1, round(scale * size)) for size in ink.size)
    small = np.asarray(ink.resize((wide, high), Image.Resampling.BOX), np.float32) / 255
    total = small.sum() or 1.0
    middle = (
        small.sum(1) @ np.arange(high) / total + 0.5,
        small.sum(0) @ np.arange(wide) / total + 0.5,
    )
    frame = np.zeros((FRAME, FRAME), np.float32)
    down, right = (
        int(np.clip(round(FRAME / 2 - m), 0, FRAME - size))
        for m, size in zip(middle, (high, wide), strict=True)
    )
    frame[down : down + high, right : right + wide] = small
    return frame


def _shrunk(frames: ArrayLike, side: int) -> np.ndarray:
    frames = np.asarray(frames)
    by = FRAME // side
    return frames.reshape(*frames.shape[:-2], side, by, side, by).mean((-3, -1))


@cache
def _of_font(font: str) -> tuple[np.ndarray, np.ndarray]:
    drawn = [(c, _ink(c, font)) for c in characters(font)]
    drawn = [(c, ink) for c, ink in drawn if ink is not None]
    names = np.array([unicode.name(c) for c, _ in drawn], object)
    return np.array([_framed(ink) for _, ink in drawn]), names
