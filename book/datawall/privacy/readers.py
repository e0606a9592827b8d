"""Several models that each read rows of their own, and rows that none of them has read.

All rows are drawn at random from the same plays, or an attack would tell plays or years apart
instead of readers. Each model also reads canaries with codes of its own. Chapter: private-data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from datawall import validate
from datawall.evidence.seeds import independent
from datawall.privacy import canaries, letters, membership
from datawall.privacy.letters import Letters
from datawall.text.corpus import Vocabulary, shakespeare, windows

LENGTH = 32  # letters that are predicted in a row
COPIES = (1, 2, 4, 8, 16)
TWINS = 2  # canaries of each number of copies


@dataclass(frozen=True)
class Readers:
    """Rows (n, 33) for several models, and the secrets that each of them meets.

    own: of each model the rows that it alone reads, without canaries. unread, choice: rows that
    none reads, to examine and to choose knobs by. names, codes: of each model its canaries, as many
    of each number of copies. vocabulary: of all.
    """

    own: tuple[Tensor, ...]
    unread: Tensor
    choice: Tensor
    names: tuple[tuple[str, ...], ...]
    codes: tuple[tuple[int, ...], ...]
    vocabulary: Vocabulary

    def rows(self, number: int) -> Tensor:
        """All that one model reads: its own rows and each of its canaries as often as it should."""
        often = np.repeat(COPIES, TWINS)
        secrets = zip(self.names[number], self.codes[number], often, strict=True)
        texts = [canaries.sentence(name, code) for name, code, n in secrets for _ in range(n)]
        return torch.cat([self.own[number], torch.stack([*map(self.vocabulary.encode, texts)])])

    def examined(self, models: Sequence[Letters]) -> dict[str, float]:
        """What the models give away and how well they do.

        Returns `unread`, `choice` and `read`, their mean losses in nats a letter, `auc_k` and
        `caught_k` of attacks with k references, none, one and all the others, and `bits_n`, the
        mean exposure of canaries that were met in n copies.
        """
        read = np.array([[_losses(model, rows) for rows in self.own] for model in models])
        unread = np.array([_losses(model, self.unread) for model in models])
        found = {
            "unread": float(unread.mean()),
            "choice": float(np.mean([_losses(model, self.choice) for model in models])),
            "read": float(np.mean([read[i, i].mean() for i in range(len(models))])),
        }
        found |= membership.attacked(read, unread, sorted({0, 1, len(models) - 1}))
        secrets = zip(models, self.names, self.codes, strict=True)
        bits = np.mean([canaries.exposures(m, self.vocabulary, n, c) for m, n, c in secrets], 0)
        bits = bits.reshape(len(COPIES), TWINS).mean(1)
        return found | {f"bits_{n}": float(x) for n, x in zip(COPIES, bits, strict=True)}


def gathered(models: int, size: int, *, seed: int, unread: int = 2000) -> Readers:
    """Rows for so many models, `size` each, and `unread` for the exam.

    Half as many as for the exam are kept to choose knobs by. Raises ValueError where the plays have
    fewer rows than that.
    """
    validate.whole("models", models)
    validate.whole("size", size)
    validate.whole("unread", unread, least=2)
    vocabulary, text = plays()
    rows, names, numbers = independent(seed, 3)
    parts = [size] * models + [unread, unread // 2]
    *own, exam, choice = windows(text, LENGTH, sum(parts), seed=rows).split(parts)
    asked = len(COPIES) * TWINS
    rng = np.random.default_rng(names)
    called = tuple(tuple(rng.permutation(canaries.NAMES)[:asked].tolist()) for _ in own)
    secret = canaries.codes(asked * models, seed=numbers)
    held = tuple(tuple(secret[i * asked : (i + 1) * asked]) for i in range(models))
    return Readers(tuple(own), exam, choice, called, held, vocabulary)


@cache
def plays() -> tuple[Vocabulary, Tensor]:
    """A vocabulary with digits, and Shakespeare's plays in its ids."""
    text = shakespeare().text
    vocabulary = Vocabulary(text + 10 * "0123456789")  # codes have digits, the plays hardly any
    return vocabulary, vocabulary.encode(text)


def _losses(model: Letters, rows: Tensor) -> np.ndarray:
    return letters.losses(model, rows).numpy()
