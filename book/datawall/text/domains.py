"""Several kinds of text over one alphabet, mixed in stated amounts (chapter: specialists)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from datawall import validate
from datawall.text import corpus
from datawall.text.corpus import Corpus, Vocabulary

PAGE = 1_000  # characters, or a little more: what is drawn at random
LEAST = 100  # how often a character must occur to get an id of its own


class Domains:
    """Kinds of text, each split by document into what may be read, a choice and an exam.

    letters: the alphabet of all that may be read. Pages of about 1,000 characters are drawn at
    random, so that a small amount of text comes from several documents. `choice[kind]` and
    `exam[kind]` are windows (count, context + 1) of documents that nobody reads: on the one knobs
    are chosen, on the other models are compared.
    """

    def __init__(
        self,
        kinds: Mapping[str, Corpus],
        *,
        context: int,
        windows: int,
        share: float = 0.2,
        seed: int,
    ):
        """share: of each kind's characters, for choice and exam together.

        Raises ValueError for a kind without enough text or documents, as `Corpus.split` and
        `corpus.windows` do.
        """
        if not kinds:
            raise ValueError("no kinds of text given: give a mapping from names to corpora")
        read, kept = {}, {}
        for kind, found in kinds.items():
            read[kind], kept[kind] = found.split(share, seed=seed)
        self.letters = Vocabulary("".join(found.text for found in read.values()), least=LEAST)
        self._pages = {
            kind: [self.letters.encode(page) for page in found.pages(PAGE).documents.values()]
            for kind, found in read.items()
        }
        self.choice, self.exam = {}, {}
        for kind, found in kept.items():
            parts = zip((self.choice, self.exam), found.split(0.5, seed=seed), strict=True)
            for into, part in parts:
                ids = self.letters.encode(part.text)
                into[kind] = corpus.windows(ids, context, windows, seed=seed)

    def read(self, amounts: Mapping[str, int], *, seed: int) -> Tensor:
        """Token ids of so many characters of each kind, kind after kind, (characters,).

        With one seed a smaller amount of a kind is the beginning of a larger one, whatever else is
        read. Raises ValueError for a kind that isn't there, an amount that isn't a whole number, or
        more than there is.
        """
        return torch.cat([self._drawn(kind, count, seed) for kind, count in amounts.items()])

    def _drawn(self, kind: str, count: int, seed: int) -> Tensor:
        if kind not in self._pages:
            raise ValueError(f"no text of the kind {kind!r}: there are {', '.join(self._pages)}")
        validate.whole(f"amount of {kind}", count, least=0)
        pages, found, size = self._pages[kind], [torch.zeros(0, dtype=torch.int64)], 0
        for number in np.random.default_rng(seed).permutation(len(pages)):
            if size >= count:
                break
            found.append(pages[number])
            size += len(pages[number])
        if size < count:
            raise ValueError(
                f"{count:,} characters of {kind} asked for, and there are {size:,}: ask for fewer"
            )
        return torch.cat(found)[:count]


def documentation(*, context: int, windows: int, seed: int) -> Domains:
    """Documentation of software, with plays and with source code of other software.

    `docstrings` are those of numpy, scipy and matplotlib; `code` is scikit-learn's, so that no
    code's own description is in the exam; `plays` are Shakespeare's. Chapter: specialists.
    """
    kinds = {
        "docstrings": corpus.docstrings(("numpy", "scipy", "matplotlib")),
        "plays": corpus.shakespeare(),
        "code": corpus.sources(("sklearn",)),
    }
    return Domains(kinds, context=context, windows=windows, seed=seed)
