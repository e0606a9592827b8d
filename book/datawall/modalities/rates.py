"""Bytes and bits: how much reaches a child's brain and a model, and what coding leaves of it.

Two sums by Y. LeCun, each with the factors that he gave, and what others give in their place; and
the lengths of codes of text, photographs and a panning camera. Chapter: more-than-words.
"""

from __future__ import annotations

import io
import lzma
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from datawall import validate

SECONDS = 3600  # of an hour


@dataclass(frozen=True)
class Sum:
    """A child's bytes beside a model's.

    hours: awake; rate: bytes a second that reach the brain from both eyes; tokens: that the model
    read; token: bytes of one. Raises ValueError for a factor that isn't above 0.
    """

    hours: float
    rate: float
    tokens: float
    token: float

    def __post_init__(self):
        for name, value in vars(self).items():
            validate.positive(name, value)

    @property
    def child(self) -> float:
        """Bytes that the child has seen."""
        return self.hours * SECONDS * self.rate

    @property
    def model(self) -> float:
        """Bytes that the model has read."""
        return self.tokens * self.token

    @property
    def ratio(self) -> float:
        """How many times as many the child has seen."""
        return self.child / self.model


LECUN_2024 = Sum(hours=16_000, rate=2 * 1e6 * 10, tokens=1e13, token=2)
LECUN_2025 = Sum(hours=16_000, rate=2e6, tokens=2.5e13, token=3)
RETINA_2006 = 2 * 1e7 / 8  # bytes a second of two human eyes, Koch et al.: 1e7 bits each
VISION_2024 = 45 / 8  # F. Chollet: 40 to 50 bits a second after compression
BEHAVIOUR_2024 = 10 / 8  # Zheng and Meister: 10 bits a second of what people do


def lossless(data: bytes) -> int:
    """Bytes that LZMA needs for these, without a header; ValueError for none."""
    if not data:
        raise ValueError("there are no bytes: give some")
    own = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]
    return len(lzma.compress(data, lzma.FORMAT_RAW, filters=own))


def jpeg(picture: ArrayLike, quality: int = 75) -> int:
    """Bytes that JPEG needs for a picture of bytes (rows, columns) or (rows, columns, 3).

    Those of a picture of the same shape without any detail are taken off, since a film pays for its
    tables once. quality: from 1 to 95. Raises ValueError for other shapes and for other types.
    """
    picture = _bytes(picture)
    validate.whole("quality", quality, most=95)
    return _coded(picture, quality) - _coded(np.full_like(picture, 128), quality)


def pan(picture: ArrayLike, pixels: int, noise: float = 0.0, *, seed: int) -> tuple:
    """Two frames of a camera that moves to the right over a picture of bytes (rows, columns, ...).

    noise: standard deviation of each pixel of each frame, in grey levels. Raises ValueError for a
    move that leaves less than half of the picture.
    """
    picture = _bytes(picture)
    validate.whole("pixels", pixels, most=picture.shape[1] // 2)
    validate.nonnegative("noise", noise)
    rng = np.random.default_rng(seed)
    frames = picture[:, :-pixels], picture[:, pixels:]
    seen = (frame + noise * rng.standard_normal(frame.shape) for frame in frames)
    return tuple(np.clip(np.round(frame), 0, 255).astype(np.uint8) for frame in seen)


def next_frame(first: ArrayLike, second: ArrayLike, pixels: int, quality: int = 75) -> float:
    """Bytes of the second frame, given the first and its motion, as a share of those of the first.

    The decoder shifts the first frame by `pixels`, repeats its last column where it knows nothing,
    and is sent the difference as a JPEG about mid-grey.
    """
    first, second = _bytes(first), _bytes(second)
    if first.shape != second.shape:
        raise ValueError(
            f"frames of shapes {first.shape} and {second.shape}: give two of one shape"
        )
    known = np.concatenate([first[:, pixels:], np.repeat(first[:, -1:], pixels, 1)], 1)
    left = second.astype(int) - known.astype(int)
    sent = np.clip(left + 128, 0, 255).astype(np.uint8)
    return jpeg(sent, quality) / jpeg(first, quality)


def _bytes(picture: ArrayLike) -> np.ndarray:
    found = np.asarray(picture)
    if found.dtype != np.uint8 or not (found.ndim == 2 or found.shape[2:] == (3,)):
        raise ValueError(
            f"a picture of shape {found.shape} and type {found.dtype}: give bytes (rows, columns) "
            "or (rows, columns, 3)"
        )
    return found


def _coded(picture: np.ndarray, quality: int) -> int:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return len(file.getvalue())
