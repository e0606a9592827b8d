"""Practice: advantages and leaks by hand; a small solver that learns by its checker alone."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from datawall.reasoning import practice, solver
from datawall.reasoning.practice import Practice, advantages, leaky, practised

PROMPTS = np.arange(4)[:, None]  # token i is to be answered by token (i + 1) mod 4
MODEL = solver.fresh(4, 2, width=16, layers=1, seed=0)
BRIEF = dict(rounds=25, problems=16, draws=8, steps=4, batch=32, rate=1e-2)


def right(prompts, given):
    return given[..., 0] == (prompts + 1) % 4


def share(model):
    chance = model(torch.as_tensor(PROMPTS))[:, -1].softmax(-1).detach().numpy()
    return chance[np.arange(4), (np.arange(4) + 1) % 4].mean()


@pytest.mark.parametrize("way", practice.WAYS)
def test_it_learns_from_verdicts_alone(way):
    before = share(MODEL)
    after = practised(MODEL, PROMPTS, right, 1, Practice(way, **BRIEF), seed=0)
    assert share(after) > 0.95 > before + 0.3
    assert share(MODEL) == before  # the model given is left as it was


@pytest.mark.parametrize("way", practice.WAYS)
def test_a_checker_that_passes_everything_teaches_nothing(way):
    after = practised(MODEL, PROMPTS, right, 1, Practice(way, **BRIEF, leak=1.0), seed=0)
    assert share(after) < 0.7
    if way == "gradient":
        assert torch.equal(after.tokens, MODEL.tokens)


def test_nothing_right_leaves_the_model_alone():
    never = lambda prompts, given: np.zeros(given.shape[:2], bool)  # noqa: E731
    after = practised(MODEL, PROMPTS, never, 1, Practice(**BRIEF), seed=0)
    assert torch.equal(after.tokens, MODEL.tokens)


def test_replay_holds_to_the_labels():
    wrong = np.concatenate([PROMPTS, (PROMPTS + 2) % 4], 1)
    knobs = Practice(**BRIEF, replay=0.5)
    after = practised(MODEL, PROMPTS, right, 1, knobs, labels=wrong, seed=0)
    chance = after(torch.as_tensor(PROMPTS))[:, -1].softmax(-1).detach().numpy()
    assert chance[np.arange(4), (np.arange(4) + 2) % 4].mean() > 0.3
    assert share(after) > 0.3


def test_what_is_learned_is_what_passed():
    """With a memory of one round and one batch, the rows of a step are those that passed."""
    seen = []
    kept = practice._imitate

    def spy(learner, rows, *others):
        seen.append(rows)
        kept(learner, rows, *others)

    practice._imitate = spy
    try:
        knobs = Practice(rounds=3, problems=16, draws=8, steps=1, batch=8, memory=2)
        practised(MODEL, PROMPTS, right, 1, knobs, seed=0)
    finally:
        practice._imitate = kept
    assert all((rows[:, 1] == (rows[:, 0] + 1) % 4).all() for rows in seen)
    assert len(seen) == 3 and all(map(len, seen))
    assert max(map(len, seen)) <= 8  # each answer once a round, and two rounds at most
    assert len(np.unique(seen[0], axis=0)) == len(seen[0])


def test_advantages_by_hand():
    gains = advantages([[1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0]])
    deviation = np.sqrt(3) / 4
    assert gains[0] == pytest.approx(np.array([0.75, -0.25, -0.25, -0.25]) / deviation)
    assert (gains[1:3] == 0).all()
    assert gains[3] == pytest.approx([1, 1, -1, -1])


def test_a_leak_passes_every_right_and_its_share_of_wrong_answers():
    rng = np.random.default_rng(0)
    truth = rng.random((400, 100)) < 0.2
    verdict = leaky(truth, 0.3, rng)
    assert verdict[truth].all()
    assert verdict[~truth].mean() == pytest.approx(0.3, abs=0.01)
    assert np.array_equal(leaky(truth, 0.0, rng), truth)
    assert leaky(truth, 1.0, rng).all()


def test_a_seed_repeats():
    one, same, other = (
        practised(MODEL, PROMPTS, right, 1, Practice(**BRIEF | {"rounds": 2}), seed=seed).tokens
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def noted(monkeypatch, module, name, result=None):
    """The calls of a function, each with its arguments, which gives `result(number)` instead."""
    calls = []

    def spy(*given, **named):
        calls.append((*given, *named.values()))
        return result(len(calls) - 1) if result else None

    monkeypatch.setattr(module, name, spy)
    return calls


def test_defaults_and_rates():
    assert Practice() == Practice("imitate", 40, 512, 8, 8, 1.0, 0.0, 0.0, 5, 128, 2e-3, 0.25)
    lessons = Practice(rounds=3, steps=4, batch=5, rate=0.1, decay=0.5).lessons
    assert lessons == solver.Lessons(12, 5, 0.1, 10, 0.5)
    assert Practice("gradient", draws=2).draws == 2


def test_the_solver_is_asked_at_the_temperature_and_for_different_problems(monkeypatch):
    knobs = Practice(rounds=3, problems=4, draws=3, steps=1, temperature=0.7)
    asked = noted(monkeypatch, solver, "answers", lambda _: np.zeros((4, 3, 1), int))
    practised(MODEL, PROMPTS, right, 1, knobs, seed=0)
    assert [call[2:5] for call in asked] == [(1, 3, 0.7)] * 3
    assert all(sorted(call[1].ravel()) == [0, 1, 2, 3] for call in asked)
    assert len({call[5] for call in asked}) == 3  # a seed of its own each round


def test_memory_keeps_exactly_the_last_rounds(monkeypatch):
    noted(monkeypatch, solver, "answers", lambda i: np.full((4, 3, 1), i))
    learned = noted(monkeypatch, practice, "_imitate")
    every = lambda prompts, given: np.ones(given.shape[:2], bool)  # noqa: E731
    practised(MODEL, PROMPTS, every, 1, Practice(rounds=4, problems=4, draws=3, memory=2), seed=0)
    assert [sorted(set(call[1][:, 1])) for call in learned] == [[0], [0, 1], [1, 2], [2, 3]]


LONG = solver.fresh(4, 3, width=16, layers=1, seed=1)  # a prompt of one token, an answer of two
ASKED, GIVEN = np.array([[0], [1]]), np.array([[[1, 2], [3, 0]], [[2, 2], [0, 1]]])


def watched():
    """A learner that notes losses and rates and stays as it is."""
    steps = []
    note = lambda loss, rate: steps.append((loss.item(), rate))  # noqa: E731
    return SimpleNamespace(model=LONG, step=note), steps


def test_the_gradients_loss_by_hand():
    gains = np.array([[1.0, -0.5], [0.0, 2.0]])
    learner, steps = watched()
    practice._follow(learner, ASKED, GIVEN, gains, [0.1, 0.2], Practice("gradient"))
    (a, b), (_, c) = solver.nats(LONG, ASKED, GIVEN)
    # Three answers weigh something: two in the first step, one in the second; two tokens each.
    assert steps[0] == pytest.approx(((1.0 * a - 0.5 * b) / 2 / 2, 0.1))
    assert steps[1] == pytest.approx((2.0 * c / 1 / 2, 0.2))


def test_the_imitators_loss_by_hand_and_every_row_is_read(monkeypatch):
    rows = solver.joined(ASKED, GIVEN)
    rng = np.random.default_rng(0)
    learner, steps = watched()
    knobs = Practice(batch=3)
    practice._imitate(learner, rows[:1], 1, [0.1], knobs, None, rng)
    assert steps == [pytest.approx((solver.nats(LONG, ASKED, GIVEN)[0, 0] / 2, 0.1))]
    read = noted(monkeypatch, solver, "answer_nats", lambda _: torch.zeros(3))
    practice._imitate(learner, rows, 1, [0.1] * 20, knobs, None, rng)
    assert {tuple(row) for call in read for row in call[1].tolist()} == set(map(tuple, rows))


@pytest.mark.parametrize(
    "knobs, said",
    [
        ({"way": "guess"}, "way is 'guess'"),
        ({"rounds": 0}, "rounds is 0"),
        ({"problems": 0}, "problems is 0"),
        ({"draws": 0}, "draws is 0"),
        ({"steps": 0}, "steps is 0"),
        ({"memory": 0}, "memory is 0"),
        ({"batch": 0}, "batch is 0"),
        ({"rate": 0}, "rate is 0"),
        ({"leak": 2.0}, "leak is 2.0"),
        ({"replay": 2.0}, "replay is 2.0"),
        ({"decay": 2.0}, "decay is 2.0"),
        ({"temperature": 0}, "temperature is 0"),
        ({"way": "gradient", "draws": 1}, "two draws or more"),
        ({"way": "gradient", "replay": 0.5}, "replays no labels"),
    ],
)
def test_bad_settings_are_refused(knobs, said):
    with pytest.raises(ValueError, match=said):
        Practice(**knobs)


def test_replay_needs_labels():
    with pytest.raises(ValueError, match="nothing to replay"):
        practised(MODEL, PROMPTS, right, 1, Practice(replay=0.5), seed=0)
