"""What a model of letters may read beside its letters: music, digits as tokens, more plays.

Music is text in the ABC notation: two collections of dance tunes that the package music21 carries,
read as files, so that the package itself is never imported. Digits are MNIST's, of eight by eight
pixels in four grey levels, a token each. A companion's rows are added to a model's batches by
`beside`. Chapter: more-than-words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from datawall import validate
from datawall.lm.model import Transformer
from datawall.text import corpus

COLLECTIONS = (
    "ryansMammoth",
    "oneills1850",
)  # Ryan's Mammoth Collection, O'Neill's Music of Ireland
LEVELS, SIDE = 4, 8
FIELD = re.compile(r"^[A-Za-z]:")  # a line of an ABC file that isn't notes
KEPT = ("M:", "L:", "K:")  # of those, metre, unit and key, without which the notes mean nothing


def tunes() -> corpus.Corpus:
    """Dance tunes in ABC notation, one document a file: metre, unit, key and notes, no words.

    Raises ModuleNotFoundError, with what to install, where music21 or its tunes are missing.
    """
    folder = _music21() / "corpus"
    found = {}
    for name in COLLECTIONS:
        for file in sorted((folder / name).glob("*.abc")):
            if text := _notes(file.read_text(encoding="latin-1")):
                found[f"{name}/{file.stem}"] = text
    if not found:
        raise ModuleNotFoundError(
            "music21 is installed without its tunes: run `pip install --force-reinstall --no-deps "
            "music21==10.5.1`"
        )
    return corpus.Corpus(found)


def digits(pictures: ArrayLike) -> Tensor:
    """Pictures (n, 28, 28), from 0 to 1, as rows of tokens (n, 64) from 0, white, to 3, black.

    The frame of two pixels is cut off and each three by three are averaged.
    """
    pictures = validate.images("pictures", pictures, side=28)
    if pictures.size and not 0 <= pictures.min() <= pictures.max() <= 1:
        raise ValueError("the pictures' values leave 0 to 1: divide bytes by 255")
    small = pictures[:, 2:-2, 2:-2].reshape(-1, SIDE, 3, SIDE, 3).mean((2, 4))
    levels = np.minimum((small * LEVELS).astype(int), LEVELS - 1)
    return torch.as_tensor(levels.reshape(-1, SIDE * SIDE))


def windows_of(rows: Tensor) -> Tensor:
    """Rows (n, time) as windows (n, time + 1): each begins with a token of its own kind, 0.

    A picture has no token before its first, so that a model would have to guess it from nothing.
    """
    if rows.ndim != 2:
        raise ValueError(f"rows of shape {tuple(rows.shape)}: give (n, time)")
    return torch.cat([torch.zeros_like(rows[:, :1]), rows], 1)


def beside(windows: Tensor, count: int, *, seed: int) -> Callable[[Transformer, Tensor], Tensor]:
    """The objective of a model that reads `count` of these windows beside each batch of letters.

    windows: a companion's, (n, context + 1). The loss is the mean over all tokens of the batch, its
    letters and its companion's. Windows are drawn in a random order, and in a new one when all have
    been read. Raises ValueError for fewer windows than `count`.
    """
    validate.whole("count", count)
    if len(windows) < count:
        raise ValueError(f"{len(windows)} windows for {count} a batch: give more, or ask for fewer")
    rng = np.random.default_rng([seed, 2])
    waiting: list[int] = []

    def loss(model: Transformer, letters: Tensor) -> Tensor:
        while len(waiting) < count:
            waiting.extend(rng.permutation(len(windows)).tolist())
        rows, waiting[:count] = waiting[:count], []
        return model.loss(torch.cat([letters, windows[rows]]))

    return loss


def _notes(text: str) -> str:
    lines = (line.split("%")[0].rstrip() for line in text.replace("\r", "\n").split("\n"))
    kept = (s for s in lines if s and (s.startswith(KEPT) or not FIELD.match(s)))
    return "\n".join(kept)


@cache
def _music21() -> Path:
    import importlib.util

    spec = importlib.util.find_spec("music21")  # finds the folder without running the package
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            "the tunes come with the package music21, which isn't installed: run "
            "`pip install --no-deps music21==10.5.1`"
        )
    return Path(spec.submodule_search_locations[0])
