"""Choosing one of several answers: by a score, by a vote, by a checker that was learned.

Chapter: thinking-longer.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.special import gammaln
from scipy.stats import rankdata
from torch.nn import functional as F

from datawall import validate
from datawall.lm.model import Transformer
from datawall.lm.threads import one_thread
from datawall.reasoning import solver


def by_score(scores: ArrayLike, right: ArrayLike, k: int) -> float:
    """How often the answer of the highest score among k draws is right, mean over problems.

    scores, right: (problems, draws). The exact mean over all choices of k of the draws: that the
    r-th by score, from 0, is the best of k has the chance C(n - 1 - r, k - 1)/C(n, k). Draws of
    equal score share theirs. Raises ValueError for shapes that don't fit, and k above the draws.
    """
    scores, right = _pair(scores, right)
    n = scores.shape[1]
    validate.whole("k", k, most=n)
    rank = np.arange(n)
    left = np.maximum(n - k - rank, 0)
    logs = gammaln(n - rank) - gammaln(left + 1) - (gammaln(n + 1) - gammaln(n - k + 1))
    chance = np.where(rank <= n - k, k * np.exp(logs), 0.0)
    below = np.concatenate([[0.0], np.cumsum(chance)])
    found = 0.0
    for row, won in zip(scores, right, strict=True):
        first = rankdata(-row, "min").astype(int) - 1
        last = rankdata(-row, "max").astype(int)
        found += ((below[last] - below[first]) / (last - first))[won].sum()
    return float(found / len(scores))


def by_vote(answers: ArrayLike, right: ArrayLike, k: int, *, repeats: int = 20, seed: int) -> float:
    """How often the answer given most often among k draws is right, mean over problems.

    answers: (problems, draws, length), right: (problems, draws). Over `repeats` choices of k of
    the draws at random; of answers given equally often one is taken at random.
    """
    kinds = _kinds(answers)
    kinds, right = _pair(kinds, right)
    n = kinds.shape[1]
    validate.whole("k", k, most=n)
    rng = np.random.default_rng(seed)
    total = 0
    for own, won in zip(kinds.astype(int), right, strict=True):
        for _ in range(validate.whole("repeats", repeats)):
            some = rng.permutation(n)[:k]
            counts = np.bincount(own[some])
            best = rng.choice(np.flatnonzero(counts == counts.max()))
            total += won[some[own[some] == best][0]]
    return float(total / (len(kinds) * repeats))


def counts(answers: ArrayLike) -> np.ndarray:
    """How often each answer (problems, draws, length) occurs among its problem's, as scores."""
    kinds = _kinds(answers)
    return np.stack([np.bincount(row)[row] for row in kinds]).astype(float)


def _kinds(answers: ArrayLike) -> np.ndarray:
    """A number for each different answer of a problem, (problems, draws)."""
    answers = np.asarray(answers)
    if answers.ndim != 3:
        raise ValueError(f"answers of shape {answers.shape}: give (problems, draws, length)")
    return np.stack([np.unique(own, axis=0, return_inverse=True)[1].ravel() for own in answers])


def learned(
    rows: ArrayLike,
    right: ArrayLike,
    vocab: int,
    width: int,
    lessons: solver.Lessons,
    *,
    seed: int,
) -> Transformer:
    """A checker: the book's transformer, taught to tell rows (n, length) that are right (n,).

    It reads prompt and answer; its logit of the first token after the last is the log odds. rate:
    `lessons.rate` at width 32, and in inverse proportion to the width. Raises ValueError for rows
    and verdicts that don't fit.
    """
    rows, right = np.asarray(rows), np.asarray(right)
    if rows.ndim != 2 or right.shape != rows.shape[:1] or right.dtype != bool:
        raise ValueError(
            f"rows {rows.shape} and verdicts {right.shape} of {right.dtype}: give (n, length) and "
            "booleans (n,)"
        )
    checker = solver.fresh(vocab, rows.shape[1] + 1, width=width, seed=seed)
    learner = solver.Learner(checker)
    read = solver.as_rows(rows, checker)
    truth = torch.from_numpy(right).float().to(read.device)
    rng = np.random.default_rng([seed, 3])
    with one_thread():
        for step in range(lessons.steps):
            chosen = torch.from_numpy(rng.integers(len(rows), size=lessons.batch)).to(read.device)
            odds = checker(read[chosen])[:, -1, 0]
            loss = F.binary_cross_entropy_with_logits(odds, truth[chosen])
            learner.step(loss, lessons.rate_at(step) * 32 / width)
    return checker


@torch.no_grad()
def scores(checker: Transformer, prompts: ArrayLike, given: ArrayLike) -> np.ndarray:
    """Log odds that a learned checker gives answers (n, count, length) to be right, (n, count)."""
    read = solver.as_rows(solver.joined(prompts, given), checker)
    with one_thread():
        parts = [checker(part)[:, -1, 0] for part in read.split(solver.TOGETHER)]
    return torch.cat(parts).double().cpu().numpy().reshape(np.shape(given)[:2])


def _pair(scores: ArrayLike, right: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    scores, right = np.asarray(scores, float), np.asarray(right)
    if scores.ndim != 2 or scores.shape != right.shape or right.dtype != bool:
        raise ValueError(
            f"scores {scores.shape} and verdicts {right.shape} of {right.dtype}: give (problems, "
            "draws) twice, the verdicts as booleans"
        )
    return validate.numbers("scores", scores), right
