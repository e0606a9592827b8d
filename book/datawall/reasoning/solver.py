"""The book's transformer taught to answer: loss on the answer only, and answers drawn from it.

Rows of tokens are a prompt and an answer of fixed lengths. Chapter: thinking-longer.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn import functional as F

from datawall import validate
from datawall.lm.model import Config, Transformer
from datawall.lm.sampling import sample
from datawall.lm.threads import one_thread

TOGETHER = 2048  # answers drawn at once


@dataclass(frozen=True)
class Lessons:
    """How a solver learns: AdamW at a constant rate, warmed up, that falls to zero at the end.

    steps: of `batch` rows each. rate: peak learning rate. warmup: steps. decay: share of the steps
    over which the rate falls.
    """

    steps: int = 1000
    batch: int = 128
    rate: float = 4e-3
    warmup: int = 30
    decay: float = 0.25

    def __post_init__(self):
        for name in ("steps", "batch", "warmup"):
            validate.whole(name, getattr(self, name))
        validate.positive("rate", self.rate)
        validate.share("decay", self.decay)

    def rate_at(self, step: int) -> float:
        """The learning rate in step `step`, counted from 0."""
        falling = (self.steps - step) / max(1.0, self.decay * self.steps)
        return self.rate * min(1.0, (step + 1) / self.warmup, falling)


class Learner:
    """A model in training: `step` moves it by one batch, at a rate that is given each time."""

    def __init__(self, model: Transformer):
        self.model = model
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=1.0, betas=(0.9, 0.95), weight_decay=0.01, fused=True
        )

    def step(self, loss: Tensor, rate: float) -> None:
        """One step down the gradient of a loss, whose norm is cut off at 1."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()


def fresh(vocab: int, length: int, *, width: int = 32, layers: int = 2, seed: int) -> Transformer:
    """A model that has learned nothing, for rows of `length` tokens of `vocab` kinds.

    It lies on a graphics card where there is one, which gives other random draws; what is made of
    it stays where it is.
    """
    validate.whole("length", length, least=2)
    model = Transformer(Config(vocab, width, layers, context=length - 1), seed=seed)
    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def answer_nats(model: Transformer, rows: Tensor, prompt: int) -> Tensor:
    """Minus the log of the chance of each row's answer, (n,), in nats; rows (n, length).

    prompt: how many tokens at the start of a row are no part of the answer.
    """
    return _token_nats(model, rows, prompt).sum(1)


def _token_nats(model: Transformer, rows: Tensor, prompt: int) -> Tensor:
    logits = model(rows[:, :-1])[:, prompt - 1 :]
    nats = F.cross_entropy(logits.flatten(0, 1), rows[:, prompt:].flatten(), reduction="none")
    return nats.view(len(rows), -1)


def taught(
    model: Transformer,
    rows: ArrayLike,
    prompt: int,
    lessons: Lessons | None = None,
    *,
    seed: int,
    weights: ArrayLike | None = None,
) -> Transformer:
    """A copy of a model that has learned the answers of rows (n, length), each epoch in new order.

    prompt: tokens of a row that come before its answer. weights: how much each token of an answer
    counts, (length - prompt,); all alike by default. Raises ValueError for rows that the model
    can't read, a prompt that leaves no answer, and weights of another length or all zero.
    """
    lessons = Lessons() if lessons is None else lessons
    rows = as_rows(rows, model)
    validate.whole("prompt", prompt, most=rows.shape[1] - 1)
    counted = torch.ones(rows.shape[1] - prompt)
    if weights is not None:
        counted = torch.from_numpy(validate.numbers("weights", weights, least=0)).float()
        if counted.shape != (rows.shape[1] - prompt,) or not counted.sum():
            raise ValueError(
                f"weights of shape {tuple(counted.shape)}: give one a token of the answer, "
                f"({rows.shape[1] - prompt},), and not zeros alone"
            )
    counted = counted.to(rows.device)
    learner = Learner(copy.deepcopy(model))
    order = _order(len(rows), lessons.batch * lessons.steps, seed, rows.device)
    with one_thread():
        for step, chosen in enumerate(order.split(lessons.batch)):
            nats = _token_nats(learner.model, rows[chosen], prompt)
            loss = (nats * counted).mean(0).sum() / counted.sum()
            learner.step(loss, lessons.rate_at(step))
    return learner.model


def _order(rows: int, count: int, seed: int, device) -> Tensor:
    rng = np.random.default_rng(seed)
    again = [rng.permutation(rows) for _ in range(-(-count // rows))]
    return torch.from_numpy(np.concatenate(again)[:count]).to(device)


def answers(
    model: Transformer,
    prompts: ArrayLike,
    length: int,
    count: int = 1,
    temperature: float = 1.0,
    *,
    seed: int,
) -> np.ndarray:
    """`count` answers of `length` tokens to each prompt (n, prompt): token ids (n, count, length).

    temperature: 0 gives the greedy answer, `count` times the same.
    """
    asked = as_rows(prompts, model)
    validate.whole("count", count)
    with one_thread():
        asked = asked.repeat_interleave(count, 0)
        given = sample(model, asked, length, temperature, TOGETHER, seed=seed)
    return given[:, np.shape(prompts)[1] :].cpu().numpy().reshape(len(prompts), count, length)


@torch.no_grad()
def nats(model: Transformer, prompts: ArrayLike, given: ArrayLike) -> np.ndarray:
    """Minus the log of the chance of each answer (n, count, length) under a model, (n, count)."""
    given = np.asarray(given)
    rows = as_rows(joined(prompts, given), model)
    prompt = rows.shape[1] - given.shape[-1]
    with one_thread():
        parts = [answer_nats(model, part, prompt) for part in rows.split(TOGETHER)]
    return torch.cat(parts).double().cpu().numpy().reshape(given.shape[:2])


def joined(prompts: ArrayLike, given: ArrayLike) -> np.ndarray:
    """Rows (n x count, length) of prompts (n, prompt) with their answers (n, count, length)."""
    prompts, given = np.asarray(prompts), np.asarray(given)
    if prompts.ndim != 2 or given.ndim != 3 or len(prompts) != len(given):
        raise ValueError(
            f"prompts {prompts.shape} and answers {given.shape}: give (n, tokens) and "
            "(n, count, tokens)"
        )
    asked = np.repeat(prompts, given.shape[1], 0)
    return np.concatenate([asked, given.reshape(len(asked), -1)], 1)


def as_rows(rows: ArrayLike, model: Transformer) -> Tensor:
    """Rows (n, length) as a tensor, if the model can read them; else ValueError."""
    found = np.asarray(rows)
    if found.ndim != 2 or not found.size:
        raise ValueError(f"rows of shape {found.shape}: give (n, length), one row or more")
    validate.ids(found, model.config.vocab, name="tokens")
    if found.shape[1] > model.config.context + 1:
        raise ValueError(
            f"rows of {found.shape[1]} tokens for a model of {model.config.context + 1}: make the "
            "model longer"
        )
    return torch.from_numpy(found.astype(np.int64)).to(model.places.device)
