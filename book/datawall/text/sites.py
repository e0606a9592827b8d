"""A small web: sites of very unequal sizes, each of one kind of text (chapter: data-stock)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def web(kinds: Sequence[str], sites: int, characters: int, *, seed: int) -> pd.DataFrame:
    """Sites in a random order: of as many sites of each kind, sizes as Zipf's law has them.

    characters: on all sites together, but for rounding down. A row a site, by its rank in size,
    with the columns kind, length, and end: a site holds `text[end - length : end]` of its kind's
    text, and no two sites share a character. Raises ValueError for sites that would be empty.
    """
    rng = np.random.default_rng([0, seed])
    zipf = 1 / np.arange(1, sites + 1)
    length = (characters * zipf / zipf.sum()).astype(int)
    if length.min() < 1:
        raise ValueError(f"{characters} characters are too few for {sites} sites: give more")
    kind = np.take(list(kinds), rng.permutation(np.arange(sites) % len(kinds)))
    found = pd.DataFrame({"kind": kind, "length": length})
    found["end"] = found.groupby("kind").length.cumsum()
    return found.loc[rng.permutation(sites)]
