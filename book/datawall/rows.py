"""Rows of any kind: a numpy array or a torch tensor (n, ...), or a pair of points and labels.

Torch is looked for and never imported: what has no tensors needs none.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Rows = Any  # an array or a tensor (n, ...), or a pair of points and labels


def length(rows: Rows) -> int:
    """How many rows there are."""
    return len(rows[0] if isinstance(rows, tuple) else rows)


def take(rows: Rows, index: ArrayLike) -> Rows:
    """The rows of these numbers, of the same kind."""
    if isinstance(rows, tuple):
        return tuple(take(part, index) for part in rows)
    return rows[np.asarray(index)] if _is_tensor(rows) else np.asarray(rows)[index]


def join(parts: Sequence[Rows]) -> Rows:
    """Rows of one kind, one after the other."""
    if isinstance(parts[0], tuple):
        return tuple(join(columns) for columns in zip(*parts, strict=True))
    return sys.modules["torch"].cat(list(parts)) if _is_tensor(parts[0]) else np.concatenate(parts)


def _is_tensor(rows: Rows) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and torch.is_tensor(rows)
