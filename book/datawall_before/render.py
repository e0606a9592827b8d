"""Draw digits in a world with knobs: where each is, how it is written, what lies behind it.

A digit is a few strokes of the book's own design, bent, turned and inked; each pixel's ink follows
from its distance to the strokes. Since the program put the digit there, its place is known for
nothing. Domain randomisation [Tobin et al. 2017, arXiv:1703.06907] draws every knob anew for every
image. Scenes to test on are made of real digits and photographs. Chapter: simulators.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.datasets import load_sample_images
from torch.nn import functional as F

# The ways to write each digit: strokes through points, x to the right and y down, one unit high.
STROKES = {
    0: [
        [[(0.3, 0), (0.08, 0.18), (0.0, 0.5), (0.1, 0.85), (0.3, 1.0),
          (0.52, 0.84), (0.6, 0.5), (0.52, 0.15), (0.3, 0)]],
        [[(0.42, 0.02), (0.15, 0.15), (0.0, 0.55), (0.1, 0.92), (0.35, 0.98),
          (0.6, 0.75), (0.66, 0.35), (0.5, 0.06), (0.25, 0.08)]],
    ],
    1: [
        [[(0.0, 0), (0.0, 0.5), (0.0, 1.0)]],
        [[(0.0, 0.25), (0.12, 0.15), (0.24, 0.0)], [(0.24, 0.0), (0.24, 1.0)]],
    ],
    2: [
        [[(0.0, 0.24), (0.1, 0.06), (0.3, 0.0), (0.5, 0.1), (0.54, 0.3), (0.4, 0.58),
          (0.18, 0.82), (0.0, 1.0)], [(0.0, 1.0), (0.6, 1.0)]],
        [[(0.02, 0.18), (0.2, 0.02), (0.42, 0.04), (0.52, 0.25), (0.4, 0.55), (0.18, 0.88),
          (0.04, 0.95), (0.02, 0.82), (0.14, 0.78), (0.32, 0.92), (0.5, 1.0), (0.66, 0.92)]],
    ],
    3: [
        [[(0.02, 0.14), (0.16, 0.02), (0.36, 0.0), (0.52, 0.12), (0.48, 0.32), (0.2, 0.46)],
         [(0.2, 0.46), (0.46, 0.54), (0.58, 0.74), (0.46, 0.94), (0.24, 1.0), (0.0, 0.9)]],
        [[(0.0, 0.02), (0.54, 0.0)], [(0.54, 0.0), (0.38, 0.2), (0.22, 0.4)],
         [(0.22, 0.4), (0.48, 0.48), (0.58, 0.72), (0.44, 0.94), (0.2, 1.0), (0.0, 0.9)]],
    ],
    4: [
        [[(0.08, 0.0), (0.04, 0.28), (0.06, 0.5)], [(0.06, 0.5), (0.3, 0.52), (0.58, 0.46)],
         [(0.56, 0.0), (0.52, 0.5), (0.5, 1.0)]],
        [[(0.42, 0.0), (0.2, 0.34), (0.0, 0.64)], [(0.0, 0.64), (0.64, 0.62)],
         [(0.42, 0.0), (0.44, 0.5), (0.42, 1.0)]],
    ],
    5: [
        [[(0.12, 0.02), (0.08, 0.25), (0.06, 0.44)],
         [(0.06, 0.44), (0.26, 0.36), (0.5, 0.48), (0.56, 0.7), (0.42, 0.94), (0.2, 1.0),
          (0.0, 0.9)], [(0.12, 0.02), (0.56, 0.0)]],
        [[(0.7, 0.0), (0.4, 0.02), (0.26, 0.1), (0.2, 0.36)],
         [(0.2, 0.36), (0.36, 0.46), (0.44, 0.66), (0.34, 0.92), (0.16, 1.0), (0.0, 0.92)]],
    ],
    6: [
        [[(0.44, 0.0), (0.2, 0.2), (0.04, 0.52), (0.06, 0.84), (0.26, 1.0), (0.48, 0.9),
          (0.52, 0.68), (0.36, 0.54), (0.16, 0.6), (0.06, 0.78)]],
        [[(0.2, 0.0), (0.04, 0.35), (0.02, 0.7), (0.18, 0.97), (0.44, 0.98), (0.56, 0.8),
          (0.46, 0.62), (0.24, 0.62), (0.08, 0.78)]],
    ],
    7: [
        [[(0.0, 0.04), (0.3, 0.04), (0.6, 0.0)], [(0.6, 0.0), (0.4, 0.45), (0.24, 1.0)]],
        [[(0.02, 0.16), (0.06, 0.04), (0.3, 0.06), (0.6, 0.02)],
         [(0.6, 0.02), (0.44, 0.5), (0.32, 1.0)], [(0.2, 0.52), (0.64, 0.46)]],
    ],
    8: [
        [[(0.3, 0.46), (0.08, 0.3), (0.1, 0.08), (0.3, 0.0), (0.5, 0.1), (0.48, 0.3),
          (0.3, 0.46), (0.06, 0.64), (0.04, 0.88), (0.26, 1.0), (0.5, 0.9), (0.52, 0.66),
          (0.3, 0.46)]],
        [[(0.52, 0.1), (0.3, 0.0), (0.1, 0.12), (0.16, 0.36), (0.4, 0.58), (0.46, 0.84),
          (0.26, 1.0), (0.08, 0.86), (0.16, 0.62), (0.42, 0.34), (0.52, 0.1)]],
    ],
    9: [
        [[(0.5, 0.14), (0.28, 0.0), (0.06, 0.14), (0.06, 0.4), (0.26, 0.5), (0.46, 0.36),
          (0.5, 0.14)], [(0.5, 0.14), (0.48, 0.55), (0.44, 1.0)]],
        [[(0.52, 0.1), (0.3, 0.02), (0.06, 0.16), (0.08, 0.4), (0.3, 0.44), (0.52, 0.24),
          (0.54, 0.1)], [(0.54, 0.1), (0.46, 0.6), (0.24, 0.98)]],
    ],
}  # fmt: skip
SHARES = {"scale": 0.9, "stretch": 0.9, "thickness": 0.9, "forms": 1, "faint": 1, "background": 1}
SEGMENTS = 28  # straight pieces that a digit is drawn with
MODES = 3  # waves that bend the plane
CHUNK = 64  # images drawn at once: their distances stay in the processor's cache


@dataclass(frozen=True)
class Knobs:
    """How far each property of an image may vary: uniformly, to either side unless it says else.

    Of the hand: rotation in degrees; scale, and stretch of the width alone, as shares; shear in
    widths a height; shift in pixels; thickness as a share of the pen's width; wobble, by which
    a smooth wave bends the strokes, as a share of the digit's height; forms, the share of digits
    that are written in another way. Of the picture: blur, a wider edge of the ink, from 0 up, in
    pixels; faint, by how much ink may be lighter, from 0 up; noise, the standard deviation of
    each pixel; background, its largest brightness; clutter, the largest number of stray strokes.
    Two properties are the same in all images: height, the digit's as a share of the side, and
    pen, the width of its strokes as a share of the digit's height.

    Raises ValueError for a value out of its range.
    """

    rotation: float = 0.0
    scale: float = 0.0
    stretch: float = 0.0
    shear: float = 0.0
    shift: float = 0.0
    thickness: float = 0.0
    wobble: float = 0.0
    forms: float = 0.0
    blur: float = 0.0
    faint: float = 0.0
    noise: float = 0.0
    background: float = 0.0
    clutter: float = 0.0
    height: float = 0.62
    pen: float = 0.14

    def __post_init__(self):
        for name, value in vars(self).items():
            most = SHARES.get(name, np.inf)
            if not 0 <= value <= most or not np.isfinite(value):
                span = f"between 0 and {most}" if name in SHARES else "0 or more"
                raise ValueError(f"the knob {name} is {value}: it must be {span}")
        if not (self.height > 0 and self.pen > 0):
            raise ValueError("height and pen must be above 0, or there is nothing to see")

    def times(self, strength: float) -> Knobs:
        """Every knob at so many times its value, shares at no more than SHARES allows."""
        turned = {k: min(strength * getattr(self, k), SHARES.get(k, np.inf)) for k in KNOBS}
        return replace(self, **turned)

    def without(self, *names: str) -> Knobs:
        """The same with some knobs turned off."""
        return replace(self, **dict.fromkeys(map(_known, names), 0.0))

    def only(self, *names: str) -> Knobs:
        """The same with all knobs but these turned off."""
        return self.without(*(set(KNOBS) - set(map(_known, names))))


AFFINE = ("rotation", "scale", "stretch", "shear")
KNOBS = tuple(f.name for f in fields(Knobs) if f.name not in ("height", "pen"))


def _known(name):
    if name not in KNOBS:
        raise ValueError(f"no knob {name!r}: there are {', '.join(KNOBS)}")
    return name


class Pictures(NamedTuple):
    """Images (n, side, side), float32 from 0 to 1, and the places (n, 2) of their digits.

    A place is the middle of the digit's strokes, x to the right and y down, in pixels from the
    centre of the first pixel.
    """

    images: np.ndarray
    places: np.ndarray


def render(
    labels: ArrayLike, knobs: Knobs | None = None, seed: int = 0, side: int = 28
) -> Pictures:
    """One image a label, each with its own draw of every knob.

    labels: digits (n,). Knobs draw from streams of their own, so that turning one off leaves the
    others' draws as they were. Raises ValueError for labels that aren't digits, or a side below 8.
    """
    knobs = knobs or Knobs()
    labels = _digits(labels)
    if side < 8:
        raise ValueError(f"a side of {side} pixels is too small for a digit: give 8 or more")
    n, streams = len(labels), _streams(seed)
    draw = _draws(knobs, n, seed)
    lines = _FORMS[labels, (streams["forms"].random(n) < knobs.forms).astype(int)]
    lines = _bend(lines, streams["wobble"], knobs.wobble)  # (n, segments, 2 ends, 2)
    lines = lines @ _affine(*(draw(k) for k in AFFINE))
    lines = lines - _middle(lines)[:, None, None]
    places = (side - 1) / 2 + draw("shift", 2)
    tall = knobs.height * side
    lines = tall * lines + places[:, None, None]
    width = tall * knobs.pen * (1 + draw("thickness"))
    edge = 1 + np.abs(draw("blur"))
    ink = _ink(lines, width, edge, side) * (1 - np.abs(draw("faint")))[:, None, None]
    images = _stray(ink, edge, tall, knobs, streams["clutter"])
    ground = _ground(n, side, streams["background"], knobs.background)
    images = ground + (1 - ground) * images
    if knobs.noise:
        images += knobs.noise * streams["noise"].standard_normal(images.shape, dtype=np.float32)
    return Pictures(np.clip(images, 0, 1, dtype=np.float32), places)


def vary(images: ArrayLike, knobs: Knobs, seed: int) -> np.ndarray:
    """Images (n, side, side) turned, sized, stretched, slanted and moved as `render` would.

    Augmentation of real images by the same draws of the same knobs; the others don't act on a
    picture that exists. Raises ValueError for images that aren't square.
    """
    images = torch.as_tensor(np.asarray(images, np.float32))
    if images.ndim != 3 or images.shape[1] != images.shape[2]:
        raise ValueError(f"images of shape {tuple(images.shape)}: give squares (n, side, side)")
    n, side, _ = images.shape
    draw = _draws(knobs, n, seed)
    back = np.linalg.inv(_affine(*(draw(k) for k in AFFINE))[:, 0])  # from place to origin
    moved = -(draw("shift", 2)[:, None] * 2 / side) @ back
    grid = np.concatenate([back, moved], 1).transpose(0, 2, 1)  # (n, 2, 3), in half sides
    grid = F.affine_grid(torch.as_tensor(grid, dtype=torch.float32), (n, 1, side, side), False)
    return F.grid_sample(images[:, None], grid, align_corners=False)[:, 0].numpy()


def paste(parts: ArrayLike, side: int, seed: int | list[int]) -> Pictures:
    """Small images (n, size, size), real ones say, one each at a random place on black.

    The place is the middle of the part's ink, or of the part if it has none. Raises ValueError for
    parts that aren't square or are larger than the side.
    """
    parts = np.asarray(parts, np.float32)
    if parts.ndim != 3 or parts.shape[1] != parts.shape[2] or parts.shape[1] > side:
        raise ValueError(f"parts of shape {parts.shape}: give squares (n, size, size) up to {side}")
    n, size, _ = parts.shape
    pages, grid = np.zeros((n, side, side), np.float32), np.arange(size)
    corners = np.random.default_rng(seed).integers(0, side - size + 1, (n, 2))
    for page, part, (x, y) in zip(pages, parts, corners, strict=True):
        page[y : y + size, x : x + size] = part
    ink = parts + 1e-9
    ink = ink / ink.sum((1, 2), keepdims=True)
    return Pictures(pages, corners + np.stack([ink.sum(1) @ grid, ink.sum(2) @ grid], 1))


def photographs(n: int, side: int, seed: int) -> np.ndarray:
    """Grey pieces (n, side, side), from 0 to 1, of the two photographs that scikit-learn carries.

    The photographs are shrunk to a third first. Raises ValueError for a side that they don't hold.
    """
    shrunk = [_shrunk(photo) for photo in load_sample_images().images]
    tall, wide = shrunk[0].shape
    if not 0 < side <= tall:
        raise ValueError(f"a side of {side}: the photographs hold pieces of 1 to {tall} pixels")
    rng = np.random.default_rng(seed)
    spots = rng.integers(0, [len(shrunk), tall - side + 1, wide - side + 1], (n, 3))
    return np.array([shrunk[k][y : y + side, x : x + side] for k, y, x in spots])


def _shrunk(photo, by=3):
    rows, columns = (size // by for size in photo.shape[:2])
    parts = photo[: rows * by, : columns * by].reshape(rows, by, columns, by, 3)
    return (parts.mean((1, 3, 4)) / 255).astype(np.float32)


def _streams(seed):
    return {k: np.random.default_rng([seed, i]) for i, k in enumerate(KNOBS)}


def _draws(knobs, n, seed):
    """A function that draws a knob uniformly, to either side, for n images at once."""
    streams = _streams(seed)
    return lambda name, *shape: getattr(knobs, name) * streams[name].uniform(-1, 1, (n, *shape))


def _digits(labels: ArrayLike) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"labels of shape {labels.shape} and type {labels.dtype}: give a list of whole numbers"
        )
    if labels.size and not (labels.min() >= 0 and labels.max() <= 9):
        raise ValueError(f"labels run from {labels.min()} to {labels.max()}: digits are 0 to 9")
    return labels


def _affine(turn, size, stretch, shear):
    """Matrices (n, 1, 2, 2) that act on row vectors (x, y) from the right."""
    angle = np.deg2rad(turn)
    across, along = (1 + size) * (1 + stretch), 1 + size
    slanted = np.stack([across, 0 * across, -along * shear, along], -1).reshape(-1, 2, 2)
    turned = np.stack([np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)], -1)
    return (slanted @ turned.reshape(-1, 2, 2))[:, None]


def _bend(lines, rng, amount):
    """Move each point by a few long waves with random directions: strokes that meet still do."""
    n = len(lines)
    heading, phase = rng.uniform(0, 2 * np.pi, (2, n, 1, 1, MODES))
    length = rng.uniform(0.7, 2.0, (n, 1, 1, MODES))  # in heights of the digit
    push = rng.standard_normal((n, MODES, 2)) / np.sqrt(MODES)
    if not amount:
        return lines
    along = lines[..., :1] * np.cos(heading) + lines[..., 1:] * np.sin(heading)
    wave = np.sin(2 * np.pi * along / length + phase)  # (n, segments, 2, modes)
    return lines + amount * np.sqrt(2) * np.einsum("nsem,nmc->nsec", wave, push)


def _middle(lines):
    """The middle (n, 2) of strokes (n, segments, 2, 2): the mean over their length."""
    lengths = np.linalg.norm(lines[:, :, 1] - lines[:, :, 0], axis=-1)
    return np.einsum("ns,nsc->nc", lengths, lines.mean(2)) / lengths.sum(1)[:, None]


def _ink(lines, width, edge, side):
    """Ink (n, side, side) of strokes (n, segments, 2, 2) in pixels, `edge` pixels soft."""
    out = np.empty((len(lines), side, side), np.float32)
    grid = np.arange(side, dtype=np.float32)
    lines, half, edge = (np.asarray(x, np.float32) for x in (lines, width / 2, edge))
    for i in range(0, len(lines), CHUNK):
        part = slice(i, i + CHUNK)
        near = _distances(lines[part], grid)
        out[part] = 0.5 + (half[part, None, None] - near) / edge[part, None, None]
    return np.clip(out, 0, 1, out=out)


def _distances(lines, grid):
    """Distance (n, side, side) of each pixel to the nearest stroke."""
    nearest = np.full((len(lines), len(grid), len(grid)), np.inf, np.float32)
    for (ax, ay), (bx, by) in lines.transpose(1, 2, 3, 0)[..., None]:  # each (n, 1)
        dx, dy = bx - ax, by - ay
        x, y = (grid - ax)[:, None], (grid - ay)[:, :, None]
        share = 1 / np.maximum(dx * dx + dy * dy, 1e-6)
        t = x * (dx * share)[:, None] + y * (dy * share)[:, None]
        np.clip(t, 0, 1, out=t)
        across = x - t * dx[:, None]
        t *= dy[:, None]
        t = y - t
        t *= t
        across *= across
        t += across
        np.minimum(nearest, t, out=nearest)
    return np.sqrt(nearest)


def _stray(ink, edge, tall, knobs, rng):
    """The same ink with arcs of up to a digit's height, anywhere, behind the digit."""
    n, side, _ = ink.shape
    most = int(np.ceil(knobs.clutter))
    count = np.floor(rng.uniform(0, knobs.clutter + 1, n))
    for number in range(most):
        centre = rng.uniform(0, side, (n, 1, 2))
        turn, bow = rng.uniform(-np.pi, np.pi, (2, n, 1))
        reach = tall * rng.uniform(0.2, 0.6, (n, 1, 1))
        angle = turn + bow * np.linspace(-0.5, 0.5, 6)
        points = centre + reach * np.stack([np.cos(angle), np.sin(angle)], -1)
        width = tall * knobs.pen * rng.uniform(0.6, 1.4, n)
        level = rng.uniform(0.4, 1, n) * (number < count)
        arc = _ink(np.stack([points[:, :-1], points[:, 1:]], 2), width, edge, side)
        ink = np.maximum(ink, arc * level[:, None, None].astype(np.float32))
    return ink


def _ground(n, side, rng, most):
    """Backgrounds (n, side, side): from one brightness to another along a random direction."""
    low, high = most * rng.uniform(0, 1, (2, n, 1, 1))
    heading = rng.uniform(0, 2 * np.pi, (n, 1, 1))
    across = np.linspace(-0.5, 0.5, side)
    ramp = across * np.cos(heading) + across[:, None] * np.sin(heading)
    return (low + (high - low) * (0.5 + ramp / np.sqrt(2))).astype(np.float32)


def _polyline(points: list[tuple[float, float]], pieces: int) -> np.ndarray:
    """Straight pieces (pieces, 2 ends, 2) of the smooth curve through points, equally long."""
    points = np.array(points)
    if len(points) == 2:
        curve = points
    else:
        ends = [2 * points[0] - points[1], *points, 2 * points[-1] - points[-2]]
        t = np.linspace(0, 1, 12, endpoint=False)[:, None]
        parts = [
            b + t * (c - a) / 2 + t**2 * (2 * a - 5 * b + 4 * c - d) / 2
            + t**3 * (3 * b - a - 3 * c + d) / 2
            for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False)
        ]  # fmt: skip
        curve = np.concatenate([*parts, points[-1:]])
    walked = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    stops = np.linspace(0, walked[-1], pieces + 1)
    line = np.stack([np.interp(stops, walked, curve[:, i]) for i in (0, 1)], -1)
    return np.stack([line[:-1], line[1:]], 1)


def _pieces(strokes) -> np.ndarray:
    """All strokes of one way to write a digit as equal pieces, (SEGMENTS, 2 ends, 2)."""
    lengths = np.array(
        [np.linalg.norm(np.diff(stroke, axis=0), axis=1).sum() for stroke in strokes]
    )
    share = np.maximum(1, np.floor(SEGMENTS * lengths / lengths.sum())).astype(int)
    share[lengths.argmax()] += SEGMENTS - share.sum()
    lines = np.concatenate([_polyline(s, k) for s, k in zip(strokes, share, strict=True)])
    return lines - _middle(lines[None])


_FORMS = np.array([[_pieces(form) for form in STROKES[digit]] for digit in range(10)])
