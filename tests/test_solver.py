"""A solver learns answers and nothing else, and answers as its own chances say."""

import copy

import numpy as np
import pytest
import torch

from datawall.reasoning import solver

ROWS = np.array([[0, 1, 2, 3], [1, 0, 3, 2]] * 8)  # a prompt of two tokens, an answer of two
MODEL = solver.fresh(5, 4, width=16, layers=1, seed=0)
BRIEF = solver.Lessons(steps=120, batch=8, rate=2e-2, warmup=5)


def test_it_learns_the_answers():
    learned = solver.taught(MODEL, ROWS, 2, BRIEF, seed=0)
    given = solver.answers(learned, ROWS[:2, :2], 2, temperature=0, seed=0)
    assert given.tolist() == [[[2, 3]], [[3, 2]]]
    before = solver.nats(MODEL, ROWS[:2, :2], ROWS[:2, None, 2:])
    after = solver.nats(learned, ROWS[:2, :2], ROWS[:2, None, 2:])
    assert (after < 0.1).all() and (before > 1).all()


def test_no_part_of_the_prompt_is_learned():
    """The answer's loss alone moves it: rows alike but for the last prompt token's successor."""
    rows = torch.as_tensor(ROWS[:4])
    loss = solver.answer_nats(MODEL, rows, 2).detach()
    logs = MODEL(rows[:, :-1]).log_softmax(-1)
    by_hand = -logs[:, 1:].gather(-1, rows[:, 2:, None]).sum((1, 2)).detach()
    torch.testing.assert_close(loss, by_hand)


def test_weights_leave_tokens_out():
    half = solver.taught(MODEL, ROWS, 2, BRIEF, weights=[0, 1], seed=0)
    given = torch.as_tensor(ROWS[:2, :3])
    last = half(given)[:, -1].log_softmax(-1).gather(-1, torch.as_tensor(ROWS[:2, 3:]))
    assert (last > -0.3).all()
    first = solver.nats(half, ROWS[:2, :2], ROWS[:2, None, 2:3])
    assert first.max() > 0.8


def test_the_model_given_is_left_as_it_was_and_a_seed_repeats():
    before = MODEL.tokens.detach().clone()
    one, same, other = (solver.taught(MODEL, ROWS, 2, BRIEF, seed=s).tokens for s in (1, 1, 2))
    assert torch.equal(MODEL.tokens, before)
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_every_row_is_read_once_before_one_is_read_again():
    order = solver._order(5, 12, 0, "cpu").tolist()
    assert sorted(order[:5]) == sorted(order[5:10]) == list(range(5))
    assert len(order) == 12 and order[:5] != order[5:10]


def test_rates_warm_up_and_fall():
    lessons = solver.Lessons(steps=100, rate=1.0, warmup=10, decay=0.25)
    assert [lessons.rate_at(i) for i in (0, 9, 50, 75, 99)] == pytest.approx([0.1, 1, 1, 1, 0.04])
    assert lessons.rate_at(88) == pytest.approx(12 / 25)


def test_defaults_and_a_rate_that_never_falls():
    assert solver.Lessons() == solver.Lessons(1000, 128, 4e-3, 30, 0.25)
    assert solver.Lessons(steps=4, rate=1.0, warmup=1, decay=0).rate_at(3) == 1


def test_a_fresh_model_has_the_shape_and_the_seed_asked_for():
    config, usual = MODEL.config, solver.fresh(5, 4, seed=0).config
    assert (config.vocab, config.width, config.layers, config.context) == (5, 16, 1, 3)
    assert (usual.width, usual.layers) == (32, 2)
    other = solver.fresh(5, 4, width=16, layers=1, seed=1)
    assert not torch.equal(MODEL.tokens, other.tokens)


def test_a_step_cuts_the_gradient_and_decays_weights():
    learner = solver.Learner(copy.deepcopy(MODEL))
    learner.step(1000 * solver.answer_nats(learner.model, torch.as_tensor(ROWS), 2).mean(), 1e-3)
    norms = [weight.grad.norm() for weight in learner.model.parameters() if weight.grad is not None]
    assert torch.stack(norms).norm().item() == pytest.approx(1, abs=1e-4)
    group = learner.optimizer.param_groups[0]
    assert (group["weight_decay"], group["betas"], group["lr"]) == (0.01, (0.9, 0.95), 1e-3)


def test_the_loss_is_the_weighted_mean_over_tokens_at_the_lessons_rates(monkeypatch):
    steps = []
    note = lambda self, loss, rate: steps.append((loss.item(), rate))  # noqa: E731
    monkeypatch.setattr(solver.Learner, "step", note)
    lessons = solver.Lessons(steps=4, batch=16, rate=0.1, warmup=2, decay=0.5)
    rows = torch.as_tensor(ROWS)
    logs = MODEL(rows[:, :-1]).log_softmax(-1).detach()
    first, second = -logs[:, 1:].gather(-1, rows[:, 2:, None])[..., 0].mean(0).numpy()
    solver.taught(MODEL, ROWS, 2, lessons, weights=[1, 3], seed=0)
    assert [rate for _, rate in steps] == pytest.approx([0.05, 0.1, 0.1, 0.05])
    assert [loss for loss, _ in steps] == pytest.approx([(first + 3 * second) / 4] * 4, rel=1e-4)


def test_temperature_and_seed_reach_the_sampler(monkeypatch):
    asked = []

    def spy(model, rows, length, temperature, together, *, seed):
        asked.append((length, temperature, together, seed))
        return torch.zeros(len(rows), rows.shape[1] + length, dtype=torch.int64)

    monkeypatch.setattr(solver, "sample", spy)
    solver.answers(MODEL, ROWS[:2, :2], 2, 3, 0.7, seed=5)
    solver.answers(MODEL, ROWS[:2, :2], 2, seed=6)
    assert asked == [(2, 0.7, solver.TOGETHER, 5), (2, 1.0, solver.TOGETHER, 6)]


def test_answers_follow_the_models_chances():
    asked = np.array([[0, 1], [1, 0]])
    given = solver.answers(MODEL, asked, 1, 4000, seed=0)
    assert given.shape == (2, 4000, 1)
    chance = MODEL(torch.as_tensor(asked))[:, -1].softmax(-1).detach().numpy()
    for own, expected in zip(given[:, :, 0], chance, strict=True):
        assert np.bincount(own, minlength=5) / 4000 == pytest.approx(expected, abs=0.03)
    nats = solver.nats(MODEL, asked, given[:, :3])
    picked = np.take_along_axis(chance, given[:, :3, 0], 1)
    assert nats == pytest.approx(-np.log(picked), abs=1e-5)


def test_joined_repeats_each_prompt_for_its_answers():
    rows = solver.joined([[1, 2], [3, 4]], np.arange(8).reshape(2, 2, 2))
    assert rows.tolist() == [[1, 2, 0, 1], [1, 2, 2, 3], [3, 4, 4, 5], [3, 4, 6, 7]]


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: solver.Lessons(steps=0), "steps is 0"),
        (lambda: solver.Lessons(batch=0), "batch is 0"),
        (lambda: solver.Lessons(warmup=0), "warmup is 0"),
        (lambda: solver.Lessons(rate=0), "rate is 0"),
        (lambda: solver.fresh(5, 1, seed=0), "length is 1"),
        (lambda: solver.Lessons(decay=2), "decay is 2"),
        (lambda: solver.taught(MODEL, ROWS, 4, seed=0), "prompt is 4"),
        (lambda: solver.taught(MODEL, ROWS[:, :0], 1, seed=0), "one row or more"),
        (lambda: solver.taught(MODEL, ROWS + 9, 2, seed=0), "tokens run from"),
        (lambda: solver.taught(MODEL, ROWS.repeat(2, 1), 2, seed=0), "make the model longer"),
        (lambda: solver.taught(MODEL, ROWS, 2, weights=[0, 0], seed=0), "not zeros alone"),
        (lambda: solver.taught(MODEL, ROWS, 2, weights=[-1, 2], seed=0), "weights hold -1"),
        (lambda: solver.taught(MODEL, ROWS, 2, weights=[1], seed=0), "give one a token"),
        (lambda: solver.answers(MODEL, ROWS[:, :2], 2, 0, seed=0), "count is 0"),
        (lambda: solver.joined(ROWS, ROWS[:2, None]), "give \\(n, tokens\\)"),
        (lambda: solver.joined(ROWS, ROWS), "give \\(n, tokens\\)"),
    ],
)
def test_bad_input_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
