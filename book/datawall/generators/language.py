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
from datawall.generators.protocol import Degenerate, Diverged
from datawall.lm import train
from datawall.lm.model import Config, Transformer
from datawall.lm.sampling import sample as continue_
from datawall.lm.threads import one_thread

_TRIES = 100  # draws of all rows with a mark in each of them, after which more would be in vain


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
        for name in ("vocab", "tokens", "width", "layers"):
            validate.whole(name, getattr(self, name))
        validate.temperature(self.temperature, least=validate.COLDEST)
        if self.teacher is not None and self.teacher.knobs.vocab != self.vocab:
            raise ValueError(
                f"the teacher knows {self.teacher.knobs.vocab} ids and the student {self.vocab}: "
                "give both the same vocabulary"
            )

    def fit(self, data: Tensor, *, seed: int) -> FittedLanguageModel:
        """Fit rows (count, length) of token ids; the seed draws weights and the order of rows.

        Raises Degenerate for no rows and for a loss that is no longer a number.
        """
        rows = torch.as_tensor(data)
        if rows.ndim != 2:
            raise ValueError(
                f"the rows have shape {tuple(rows.shape)}: give (count, length), as "
                "`corpus.windows` makes them of a text"
            )
        validate.ids(rows.numpy(), self.vocab, error=Degenerate)
        context = rows.shape[1] + 1
        marked = F.pad(rows.long(), (1, 0), value=self.vocab).flatten()
        text = F.pad(marked, (0, 1), value=self.vocab)  # windows of the context are whole rows
        config = Config(self.vocab + 1, self.width, self.layers, context=context)
        job = train.Job(config, [self.tokens], self.recipe, seed=seed, unique=len(rows) * context)
        if self.teacher is not None:
            job = replace(job, objective=SoftTargets(self.teacher.model))
        try:
            return FittedLanguageModel(self, train.fit(job, text))
        except FloatingPointError as error:
            raise Diverged(str(error)) from error


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
        """Rows (n, length), int64.

        Raises Degenerate for a model that writes nothing but rows with a mark in them, or whose
        chances are no longer numbers.
        """
        validate.whole("n", n)
        rng, found, length = np.random.default_rng(seed), [], self.model.config.context - 1
        mark = self.knobs.vocab
        start, empty = torch.full((n, 1), mark), 0
        while sum(map(len, found)) < n:
            with one_thread():
                own, warmth = int(rng.integers(2**31)), self.knobs.temperature
                try:
                    drawn = continue_(self.model, start, length, warmth, seed=own)
                except FloatingPointError as error:
                    raise Diverged(str(error)) from error
            rows = drawn[:, 1:]
            whole = rows[(rows != mark).all(1)]  # a mark inside a row is no token: draw again
            empty = 0 if len(whole) else empty + 1
            if empty and self.knobs.temperature == 0:
                raise Degenerate("the likeliest row has a mark in it: train on more tokens")
            if empty == _TRIES:
                raise Degenerate(
                    f"{empty * n:,} rows in succession have a mark in them: train on more tokens"
                )
            found.append(whole)
        return torch.cat(found)[:n]

    @torch.no_grad()
    def nats(self, rows: Tensor) -> np.ndarray:
        """Cross-entropy of rows (count, length) in nats a token, (count,).

        Raises ValueError for rows that the context doesn't hold, and for ids that it doesn't know.
        """
        rows, most = torch.as_tensor(rows), self.model.config.context
        if rows.ndim != 2 or not 1 <= rows.shape[1] <= most:
            raise ValueError(
                f"the rows have shape {tuple(rows.shape)}: give (count, length), up to {most} "
                "tokens each"
            )
        validate.ids(rows.numpy(), self.knobs.vocab)
        rows = rows.long()
        marked = F.pad(rows, (1, 0), value=self.knobs.vocab)
        with one_thread():
            parts = [self._nats(part) for part in marked.split(64)]
        return torch.cat(parts).numpy()

    def _nats(self, marked: Tensor) -> Tensor:
        logits = self.model(marked[:, :-1])
        return F.cross_entropy(logits.transpose(1, 2), marked[:, 1:], reduction="none").mean(1)
