"""Readers of text who know only letters or pairs of them: what a model must beat.

Chapters: scaling-laws, overtraining.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor


def by_frequency(text: Tensor, exam: Tensor) -> float:
    """Loss, in nats a token, of who knows how frequent each token of `text` is, on windows.

    text: token ids (tokens,). exam: windows (count, context + 1), all of whose tokens are asked.
    """
    share = np.bincount(text) / len(text)
    return float(-np.log(share[exam]).mean())


def by_pairs(text: Tensor, exam: Tensor, vocab: int) -> float:
    """Loss, in nats a token, of who knows which token follows which in `text`, on windows.

    text: token ids (tokens,). exam: windows (count, context + 1), of whose tokens the first isn't
    asked. Counts begin at one, so that no pair is impossible.
    """
    pairs = np.ones((vocab, vocab))
    np.add.at(pairs, (text[:-1], text[1:]), 1)
    follows = pairs / pairs.sum(1, keepdims=True)
    return float(-np.log(follows[exam[:, :-1], exam[:, 1:]]).mean())
