"""Unseen plays as an exam for models of letters, and the words in them that are rare.

Chapters: teachers, collapse-in-language-models.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from datawall_before import corpus
from datawall_before.generators import FittedLanguageModel

WORD = re.compile("[A-Za-z']+")
RARE = 20  # a word is rare that occurs less often in the training plays


@dataclass(frozen=True)
class Exam:
    """Plays to train on, and rows of others.

    letters: the vocabulary. text: ids of the training plays (tokens,). counts: how often each of
    their words occurs, in small letters. rows: of unseen plays (count, length). rare: which of
    their letters are in words that occur less than `RARE` times in training, of the same shape.
    """

    letters: corpus.Vocabulary
    text: Tensor
    counts: Counter
    rows: Tensor
    rare: Tensor

    @torch.no_grad()
    def losses(self, fitted: FittedLanguageModel) -> tuple[float, float]:
        """Cross-entropy of the rows and of the rare words in them, in nats a letter."""
        marked = F.pad(self.rows, (1, 0), value=fitted.knobs.vocab)
        logits = fitted.model(marked[:, :-1]).transpose(1, 2)
        nats = F.cross_entropy(logits, self.rows, reduction="none")
        return nats.mean().item(), nats[self.rare].mean().item()


@cache
def shakespeare(length: int, count: int = 512) -> Exam:
    """`count` rows of `length` letters of the plays that are held out, and the others' text."""
    training, held_out = corpus.shakespeare().split(seed=0)
    letters = corpus.Vocabulary(training.text)
    counts = Counter(word.group().lower() for word in WORD.finditer(training.text))
    unseen = letters.encode(held_out.text)
    rare = torch.zeros_like(unseen)
    for word in WORD.finditer(held_out.text):
        rare[word.start() : word.end()] = counts[word.group().lower()] < RARE
    rows, marks = (corpus.windows(x, length - 1, count, seed=0) for x in (unseen, rare))
    return Exam(letters, letters.encode(training.text), counts, rows, marks.bool())
