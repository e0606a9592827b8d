"""Random seeds made from one, so that no two draws share a stream."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def independent(seed: int | Sequence[int], count: int) -> list[int]:
    """`count` independent seeds made from one."""
    return [int(s) for s in np.random.SeedSequence(seed).generate_state(count) >> 1]
