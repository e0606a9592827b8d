"""A language model as a generator of rows of tokens, and learning from a teacher's chances.

Chapters: teachers, collapse-in-language-models.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from datawall import validate
from datawall.lm import train
from datawall.lm.model import Config, Transformer
from datawall.lm.sampling import sample as continue_
from datawall.lm.threads import one_thread


@dataclass(frozen=True)
class LanguageModel:
    """A transformer over rows of token ids, of the sizes and the training that the book uses.

    Data are rows (count, length) of ids below `vocab`, each a passage by itself. Every row is read
    from a mark of its start, and is generated from it: log densities are exact, a row never runs
    into an unrelated one, and no prompt from real text keeps a recursion alive. `corpus.windows(
    text, length - 1, count, seed)` gives such rows.

    vocab: distinct ids. tokens: budget to read, marks included; rows are read again until it is
    used up, in a new order each time, so a small set of rows costs as much as a large one. width,
    layers: the transformer's. recipe: the training's. temperature: of sampling, see
    `sampling.sample`. teacher: a fitted model of the same vocabulary whose opinion on each next
    token is learnt in place of the token itself, as `SoftTargets` says.
    """

    vocab: int
    tokens: int = 2**18
    width: int = 64
    layers: int = 2
    recipe: train.Recipe = field(default_factory=train.Recipe)
    temperature: float = 1.0
    teacher: FittedLanguageModel | None = None

    def __post_init__(self):
        validate.positive(self, "vocab", "tokens", "width", "layers")
        validate.temperature(self.temperature)
        if self.teacher and self.teacher.knobs.vocab != self.vocab:
            raise ValueError(
                f"the teacher knows {self.teacher.knobs.vocab} ids and the student {self.vocab}: "
                "give both the same vocabulary"
            )

    def fit(self, data: Tensor, *, seed: int) -> FittedLanguageModel:
        """Fit rows (count, length) of token ids; the seed draws weights and the order of rows."""
        rows = torch.as_tensor(data)
        if rows.ndim != 2:
            raise ValueError(
                f"the rows have shape {tuple(rows.shape)}: give (count, length), as "
                "`corpus.windows` makes them of a text"
            )
        validate.ids(rows.numpy(), self.vocab)
        context = rows.shape[1] + 1
        marked = F.pad(rows.long(), (1, 0), value=self.vocab).flatten()
        text = F.pad(marked, (0, 1), value=self.vocab)  # windows of the context are whole rows
        config = Config(self.vocab + 1, self.width, self.layers, context=context)
        job = train.Job(config, [self.tokens], self.recipe, seed=seed, unique=len(rows) * context)
        if self.teacher:
            job = replace(job, objective=SoftTargets(self.teacher.model))
        return FittedLanguageModel(self, train.fit(job, text))


@dataclass(frozen=True)
class SoftTargets:
    """The loss of distillation: cross-entropy against a teacher's chances for each next token.

    [Hinton, Vinyals and Dean 2015, arXiv:1503.02531, eq. 2 at temperature 1] It is least where the
    student's chances are the teacher's, and then the teacher's own entropy. Chapter: teachers.
    """

    teacher: Transformer

    def __call__(self, model: Transformer, windows: Tensor) -> Tensor:
        """Mean loss in nats a token over windows (batch, time + 1)."""
        read = windows[:, :-1]
        with torch.no_grad():
            chances = self.teacher(read).softmax(-1)
        return F.cross_entropy(model(read).flatten(0, 1), chances.flatten(0, 1))


@dataclass(frozen=True)
class FittedLanguageModel:
    """The trained transformer; its last id marks the start of a row."""

    knobs: LanguageModel
    model: Transformer

    def sample(self, n: int, *, seed: int) -> Tensor:
        """Rows (n, length), int64."""
        rng, found, length = np.random.default_rng(seed), [], self.model.config.context - 1
        mark = self.knobs.vocab
        start = torch.full((n, 1), mark)
        while sum(map(len, found)) < n:
            with one_thread():
                own, warmth = int(rng.integers(2**31)), self.knobs.temperature
                drawn = continue_(self.model, start, length, warmth, seed=own)
            rows = drawn[:, 1:]
            whole = rows[(rows != mark).all(1)]  # a mark inside a row is no token: draw again
            if not len(whole) and self.knobs.temperature == 0:
                raise ValueError("the likeliest row has a mark in it: train on more tokens")
            found.append(whole)
        return torch.cat(found)[:n]

    @torch.no_grad()
    def nats(self, rows: Tensor) -> np.ndarray:
        """Cross-entropy of rows (count, length) in nats a token, (count,)."""
        rows = torch.as_tensor(rows).long()
        validate.ids(rows.numpy(), self.knobs.vocab)
        marked = F.pad(rows, (1, 0), value=self.knobs.vocab)
        with one_thread():
            parts = [self._nats(part) for part in marked.split(64)]
        return torch.cat(parts).numpy()

    def _nats(self, marked: Tensor) -> Tensor:
        logits = self.model(marked[:, :-1])
        return F.cross_entropy(logits.transpose(1, 2), marked[:, 1:], reduction="none").mean(1)
