"""Learning from one's own checked answers: expert iteration and a policy gradient.

A model answers new problems, a checker says which answers are right, and the model learns: by
imitation of those that passed (expert iteration, STaR, Zelikman et al. 2022, arXiv:2203.14465), or
by a gradient in which each answer weighs what it is better than the others to its problem (GRPO,
Shao et al. 2024, arXiv:2402.03300, one step on each batch, so without its clipping). No label is
read. Chapter: thinking-longer.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike

from datawall import validate
from datawall.lm.model import Transformer
from datawall.lm.threads import one_thread
from datawall.reasoning import solver

WAYS = ("imitate", "gradient")


@dataclass(frozen=True)
class Practice:
    """How a model practises.

    way: "imitate" what passed, or follow the "gradient". rounds: each answers `problems` new
    problems `draws` times at `temperature` and takes `steps` of training. leak: share of the wrong
    answers that the checker passes, each by a throw of its own. replay: share of each batch that
    are old labels; for "imitate". memory: rounds whose answers are kept to learn from; for
    "imitate", where a repeated answer to a problem counts once. batch, rate, decay: as of
    `solver.Lessons`, over all steps of all rounds.
    """

    way: str = "imitate"
    rounds: int = 40
    problems: int = 512
    draws: int = 8
    steps: int = 8
    temperature: float = 1.0
    leak: float = 0.0
    replay: float = 0.0
    memory: int = 5
    batch: int = 128
    rate: float = 2e-3
    decay: float = 0.25

    def __post_init__(self):
        validate.choice("way", self.way, WAYS)
        for name in ("rounds", "problems", "draws", "steps", "memory", "batch"):
            validate.whole(name, getattr(self, name))
        validate.number("temperature", self.temperature, above=0)
        validate.positive("rate", self.rate)
        for name in ("leak", "replay", "decay"):
            validate.share(name, getattr(self, name))
        if self.way == "gradient" and (self.replay or self.draws < 2):
            raise ValueError("the gradient compares two draws or more, and replays no labels")

    @property
    def lessons(self) -> solver.Lessons:
        """The rates of all steps of all rounds."""
        return solver.Lessons(self.rounds * self.steps, self.batch, self.rate, 10, self.decay)


def practised(
    model: Transformer,
    prompts: ArrayLike,
    right: Callable[[np.ndarray, np.ndarray], np.ndarray],
    length: int,
    practice: Practice,
    *,
    labels: ArrayLike | None = None,
    seed: int,
) -> Transformer:
    """A copy of a model that has practised on prompts (n, tokens), each round on others of them.

    right: the checker, of prompts (m, tokens) and answers (m, draws, length), booleans (m, draws);
    the leak is added to what it says. labels: rows (n, tokens + length) to replay. Where a round
    brings nothing that passes, or nothing to compare, it takes no step. Raises ValueError for a
    replay without labels.
    """
    if practice.replay and labels is None:
        raise ValueError("there is nothing to replay: give labels, or let replay be 0")
    prompts = np.asarray(prompts)
    learner = solver.Learner(copy.deepcopy(model))
    rng = np.random.default_rng([seed, 2])
    kept: list[np.ndarray] = []
    for number in range(practice.rounds):
        chosen = rng.choice(len(prompts), practice.problems, len(prompts) < practice.problems)
        asked = prompts[chosen]
        own = int(rng.integers(2**31))
        given = solver.answers(
            learner.model, asked, length, practice.draws, practice.temperature, seed=own
        )
        passed = leaky(right(asked, given), practice.leak, rng)
        first = number * practice.steps
        rates = [practice.lessons.rate_at(first + i) for i in range(practice.steps)]
        if practice.way == "gradient":
            _follow(learner, asked, given, advantages(passed), rates, practice)
            continue
        new = solver.joined(asked, given)[passed.ravel()]
        kept = [*kept, np.unique(new, axis=0)][-practice.memory :]
        _imitate(learner, np.concatenate(kept), prompts.shape[1], rates, practice, labels, rng)
    return learner.model


def leaky(right: ArrayLike, leak: float, rng: np.random.Generator) -> np.ndarray:
    """Verdicts of a checker that passes every right answer and a share `leak` of the wrong ones."""
    right = np.asarray(right)
    return right | (rng.random(right.shape) < leak)


def advantages(passed: ArrayLike) -> np.ndarray:
    """By how many standard deviations each answer's verdict exceeds the mean of its problem's.

    passed: (problems, draws). Zero throughout where all verdicts of a problem are alike.
    """
    reward = np.asarray(passed, float)
    gap = reward - reward.mean(1, keepdims=True)
    deviation = reward.std(1, keepdims=True)
    return np.divide(gap, deviation, out=np.zeros_like(gap), where=deviation > 0)


def _imitate(learner, rows, prompt, rates, practice, labels, rng) -> None:
    if not len(rows):
        return
    own = practice.batch - round(practice.replay * practice.batch)
    with one_thread():
        for rate in rates:
            part = rows[rng.integers(len(rows), size=own)]
            if own < practice.batch:
                old = labels[rng.integers(len(labels), size=practice.batch - own)]
                part = np.concatenate([part, old])
            loss = solver.answer_nats(
                learner.model, solver.as_rows(part, learner.model), prompt
            ).mean()
            learner.step(loss / (part.shape[1] - prompt), rate)


def _follow(learner, asked, given, gains, rates, practice) -> None:
    """Steps on equal parts of the answers whose advantage isn't zero."""
    rows, gains = solver.joined(asked, given), gains.ravel()
    there = np.flatnonzero(gains)
    if not len(there):
        return
    length = given.shape[-1]
    with one_thread():
        for part, rate in zip(np.array_split(there, len(rates)), rates, strict=True):
            if not len(part):
                continue
            read = solver.as_rows(rows[part], learner.model)
            nats = solver.answer_nats(learner.model, read, rows.shape[1] - length)
            weights = torch.from_numpy(gains[part]).float().to(nats.device)
            learner.step((weights * nats).mean() / length, rate)
