"""Choosing by score, by vote and by a learned checker, against all choices counted out."""

import copy
from itertools import combinations

import numpy as np
import pytest
import torch

from datawall.reasoning import choosers, coverage, solver

SCORES = np.array([[0.3, 0.9, 0.1, 0.5, 0.2], [5.0, 1.0, 2.0, 3.0, 4.0]])
RIGHT = np.array([[True, False, False, True, False], [False, False, True, False, True]])


def counted(scores, right, k):
    """By going through every choice of k draws; equal scores share."""
    found = []
    for row, won in zip(scores, right, strict=True):
        for some in combinations(range(len(row)), k):
            some = np.array(some)
            best = some[row[some] == row[some].max()]
            found.append(won[best].mean())
    return np.mean(found)


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_by_score_is_the_mean_over_all_choices(k):
    assert choosers.by_score(SCORES, RIGHT, k) == pytest.approx(counted(SCORES, RIGHT, k))


@pytest.mark.parametrize("k", [1, 2, 4])
def test_equal_scores_share(k):
    tied = np.array([[1.0, 1.0, 1.0, 0.0, 0.0]])
    won = np.array([[True, False, False, True, True]])
    # Which of the tied is chosen is open: on average over orders each has its third.
    assert choosers.by_score(tied, won, k) == pytest.approx(counted(tied, won, k))


def test_the_truth_as_a_score_is_coverage():
    rng = np.random.default_rng(0)
    right = rng.random((30, 20)) < 0.1
    for k in (1, 4, 20):
        assert choosers.by_score(right, right, k) == pytest.approx(coverage.passed(right, k)[0])


def test_a_vote_by_hand():
    answers = np.array([[[1], [1], [2], [3]]])
    right = np.array([[True, True, False, False]])
    assert choosers.by_vote(answers, right, 4, seed=0) == 1
    assert choosers.by_vote(answers, ~right, 4, seed=0) == 0
    one = choosers.by_vote(answers, right, 1, repeats=4000, seed=0)
    assert one == pytest.approx(0.5, abs=0.03)
    # Of two draws: both 1 in one of six pairs; one of them in four, right half of the time.
    two = choosers.by_vote(answers, right, 2, repeats=4000, seed=0)
    assert two == pytest.approx(1 / 6 + 4 / 6 / 2, abs=0.03)


def test_counts_are_of_the_whole_answer():
    answers = np.array([[[1, 2], [1, 3], [1, 2]], [[4, 4], [4, 4], [4, 4]]])
    assert choosers.counts(answers).tolist() == [[2, 1, 2], [3, 3, 3]]


def test_a_checker_learns_to_tell_right_from_wrong():
    rng = np.random.default_rng(0)
    prompts = rng.integers(5, size=(400, 1))
    given = rng.integers(5, size=(400, 2, 1))
    right = given[:, :, 0] == prompts
    rows = solver.joined(prompts, given)
    lessons = solver.Lessons(steps=150, batch=64, rate=1e-2)
    checker = choosers.learned(rows, right.ravel(), 6, 16, lessons, seed=0)
    scores = choosers.scores(checker, prompts[:50], given[:50])
    assert scores.shape == (50, 2)
    assert (scores[right[:50]] > 0).mean() > 0.95
    assert (scores[~right[:50]] < 0).mean() > 0.95


def test_a_vote_is_the_mean_over_problems_and_repeats():
    answers = np.tile([[[1], [1], [2], [3]]], (3, 1, 1))
    right = np.array([[True, True, False, False], [False] * 4, [True] * 4])
    assert choosers.by_vote(answers, right, 4, repeats=7, seed=0) == pytest.approx(2 / 3)


def test_a_vote_has_twenty_repeats_by_default_and_a_seed():
    answers = np.arange(30)[None, :, None]
    right = np.arange(30)[None] % 2 == 0
    shares = [choosers.by_vote(answers, right, 3, seed=seed) for seed in range(6)]
    assert shares == [choosers.by_vote(answers, right, 3, repeats=20, seed=s) for s in range(6)]
    assert len(set(shares)) > 2


ROWS = np.arange(40).reshape(20, 2) % 6
EVEN = ROWS[:, 0] == 0


def test_a_checker_starts_from_its_own_seed_and_width():
    still = solver.Lessons(steps=1, rate=1e-12)
    for width, seed in ((16, 0), (48, 5)):
        checker = choosers.learned(ROWS, EVEN, 6, width, still, seed=seed)
        start = solver.fresh(6, 3, width=width, seed=seed)
        torch.testing.assert_close(checker.tokens, start.tokens)


def test_a_checkers_seed_orders_its_rows(monkeypatch):
    start = solver.fresh(6, 3, width=16, seed=0)
    monkeypatch.setattr(solver, "fresh", lambda *_, **__: copy.deepcopy(start))
    brief = solver.Lessons(steps=2, batch=4)
    one, same, other = (
        choosers.learned(ROWS, EVEN, 6, 16, brief, seed=s).tokens for s in (1, 1, 2)
    )
    assert torch.equal(one, same) and not torch.equal(one, other)


@pytest.mark.parametrize("width", [16, 64])
def test_a_checkers_rate_falls_with_its_width_and_its_batch_is_the_lessons(monkeypatch, width):
    rates, sizes = [], []
    monkeypatch.setattr(solver.Learner, "step", lambda self, loss, rate: rates.append(rate))
    loss = choosers.F.binary_cross_entropy_with_logits
    monkeypatch.setattr(
        choosers.F,
        "binary_cross_entropy_with_logits",
        lambda odds, truth: sizes.append(len(odds)) or loss(odds, truth),
    )
    lessons = solver.Lessons(steps=6, batch=5, rate=0.1, warmup=3, decay=0.5)
    choosers.learned(ROWS, EVEN, 6, width, lessons, seed=0)
    assert rates == pytest.approx([lessons.rate_at(i) * 32 / width for i in range(6)])
    assert sizes == [5] * 6


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: choosers.by_score(SCORES, RIGHT, 6), "k is 6"),
        (lambda: choosers.by_score(SCORES, RIGHT[:1], 1), "twice"),
        (lambda: choosers.by_score(SCORES, RIGHT.astype(int), 1), "booleans"),
        (lambda: choosers.by_score(SCORES * np.nan, RIGHT, 1), "scores hold NaN"),
        (lambda: choosers.by_vote(SCORES[..., None], RIGHT, 6, seed=0), "k is 6"),
        (lambda: choosers.by_vote(SCORES, RIGHT, 1, seed=0), "give \\(problems, draws, length\\)"),
        (lambda: choosers.by_vote(SCORES[..., None], RIGHT, 1, repeats=0, seed=0), "repeats is 0"),
        (lambda: choosers.counts(SCORES), "give \\(problems"),
        (
            lambda: choosers.learned([[1, 2]], [1], 3, 16, solver.Lessons(), seed=0),
            "booleans \\(n,\\)",
        ),
        (
            lambda: choosers.learned([[1, 2]], [True] * 2, 3, 16, solver.Lessons(), seed=0),
            "booleans \\(n,\\)",
        ),
    ],
)
def test_bad_input_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
