"""DP-SGD: what it takes, shortens and adds, step by step, against torch's own."""

import math

import pytest
import torch

from datawall.privacy import letters, private
from datawall.privacy.private import Knobs

SHAPE = letters.Shape(vocab=7, width=6, reach=3)
ROWS = torch.randint(7, (40, 9), generator=torch.Generator().manual_seed(0))


def model():
    return letters.drawn(SHAPE, seed=0)


def length(gradient):
    return torch.stack([g.norm() for g in gradient.values()]).norm()


def test_gradients_are_shortened_to_the_clip_and_never_stretched():
    norms = torch.tensor([0.0, 0.1, 0.5, 2.0])
    assert private.shortened(norms, 0.5).tolist() == pytest.approx([1.0, 1.0, 1.0, 0.25])
    assert private.shortened(norms, math.inf).tolist() == [1.0] * 4


@pytest.mark.parametrize("clip", [0.01, 0.5])
def test_no_row_moves_the_sum_by_more_than_the_clip(clip):
    generator = torch.Generator().manual_seed(0)
    knobs = Knobs(batch=1.0, rate=0.1, clip=clip)
    all_rows = private.gradient(model(), ROWS, knobs, generator)
    for left_out in range(5):
        kept = ROWS[[i for i in range(40) if i != left_out]]
        without = private.gradient(model(), kept, knobs, generator)
        moved = length({k: all_rows[k] - without[k] for k in without})
        assert float(moved) <= clip * 1.001
        assert float(moved) == pytest.approx(clip, rel=0.02)  # all rows here are longer than that


def test_one_rows_gradient_has_the_length_of_the_clip():
    got = private.gradient(model(), ROWS[:1], Knobs(1.0, 0.1, clip=0.3), torch.Generator())
    assert float(length(got)) == pytest.approx(0.3, rel=1e-4)


def test_without_a_clip_it_is_the_sum_over_the_expected_rows():
    got = private.gradient(model(), ROWS, Knobs(8.0, 0.1), torch.Generator())
    want = letters.backward(model(), ROWS).summed(torch.ones(40))
    for name, total in want.items():
        torch.testing.assert_close(got[name], total / 8)


def test_noise_is_on_the_sum_in_units_of_the_clip():
    knobs = Knobs(batch=10.0, rate=0.1, clip=0.5, noise=3.0)
    generator = torch.Generator().manual_seed(1)
    none = private.gradient(model(), ROWS[:0], knobs, generator)  # a batch without a row
    drawn = torch.cat([g.flatten() for g in none.values()])
    assert len(drawn) == SHAPE.params + 7 * 3
    assert float(drawn.std()) == pytest.approx(3.0 * 0.5 / 10, rel=0.1)
    assert abs(float(drawn.mean())) < 0.03
    again = private.gradient(model(), ROWS[:0], knobs, generator)
    assert not torch.equal(none["first"], again["first"])


def test_the_noise_doesnt_depend_on_how_many_rows_were_taken():
    knobs = Knobs(batch=10.0, rate=0.1, clip=0.5, noise=3.0)
    noisy, bare = (
        private.gradient(model(), ROWS, k, torch.Generator().manual_seed(1))
        for k in (knobs, Knobs(10.0, 0.1, 0.5))
    )
    added = torch.cat([(noisy[name] - bare[name]).flatten() for name in bare])
    assert float(added.std()) == pytest.approx(3.0 * 0.5 / 10, rel=0.1)


def test_adam_is_torchs_adam():
    weights = {"a": torch.tensor([1.0, -2.0]), "b": torch.tensor([[0.5]])}
    theirs = {k: v.clone().requires_grad_() for k, v in weights.items()}
    optimizer = torch.optim.Adam(theirs.values(), lr=0.05)
    ours = private.Adam(weights, 0.05)
    for step in range(5):
        gradient = {k: torch.randn(v.shape) * (step + 1) for k, v in weights.items()}
        for k, v in theirs.items():
            v.grad = gradient[k].clone()
        optimizer.step()
        ours.step(weights, gradient)
    for name, value in weights.items():
        torch.testing.assert_close(value, theirs[name].detach())


def test_rows_are_taken_independently_each_with_the_same_chance(monkeypatch):
    seen = []

    def counted(model, rows, knobs, generator):
        seen.append(rows)
        return {k: torch.zeros_like(v) for k, v in model.weights.items()}

    monkeypatch.setattr(private, "gradient", counted)
    rows = torch.arange(7).repeat(400, 1)  # 400 rows
    rows[:, 0] = torch.arange(400) % 7
    list(private.readings(model(), rows, [50], Knobs(40, 0.1), seed=0))
    sizes = torch.tensor([float(len(taken)) for taken in seen])
    assert len(sizes) == 500  # 50 passes of 400 rows, 40 at a time
    assert float(sizes.mean()) == pytest.approx(40, rel=0.03)
    assert float(sizes.var()) == pytest.approx(400 * 0.1 * 0.9, rel=0.2)  # binomial, not fixed


@pytest.mark.parametrize(
    ("passes", "rows", "batch", "want"), [(1, 100, 10, 10), (2, 1062, 32, 66), (1, 10, 64, 1)]
)
def test_steps_give_the_passes_asked_for(passes, rows, batch, want):
    assert private.steps(passes, rows, batch) == want


def test_readings_are_one_training_looked_at_on_the_way():
    first, second = private.readings(model(), ROWS, [1, 3], Knobs(8, 0.01), seed=4)
    (alone,) = private.readings(model(), ROWS, [3], Knobs(8, 0.01), seed=4)
    assert torch.equal(second.weights["out"], alone.weights["out"])
    assert not torch.equal(first.weights["out"], second.weights["out"])


def test_training_learns_and_leaves_the_given_model_as_it_was():
    given = model()
    before = given.weights["out"].clone()
    (after,) = private.readings(given, ROWS, [60], Knobs(8, 0.01), seed=0)
    assert torch.equal(given.weights["out"], before)
    assert letters.losses(after, ROWS).mean() < letters.losses(given, ROWS).mean() - 0.3


def test_batches_and_noise_come_from_the_seed():
    knobs = Knobs(8, 0.01, 0.5, 1.0)
    runs = [next(private.readings(model(), ROWS, [2], knobs, seed=s)) for s in (0, 0, 1)]
    assert torch.equal(runs[0].weights["out"], runs[1].weights["out"])
    assert not torch.equal(runs[0].weights["out"], runs[2].weights["out"])


def test_a_rate_that_diverges_is_told():
    bad = model()
    bad.weights["first"].fill_(math.inf)
    with pytest.raises(FloatingPointError, match="lower the rate"):
        list(private.readings(bad, ROWS, [1], Knobs(8, 0.1), seed=0))


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        (dict(batch=0, rate=0.1), "batch"),
        (dict(batch=1, rate=-0.1), "rate"),
        (dict(batch=1, rate=0.1, clip=0), "clip"),
        (dict(batch=1, rate=0.1, clip=1.0, noise=-1), "noise"),
        (dict(batch=1, rate=0.1, noise=1.0), "finite clip"),
    ],
)
def test_knobs_that_cant_be_are_refused(knobs, said):
    with pytest.raises(ValueError, match=said):
        Knobs(**knobs)


@pytest.mark.parametrize(
    ("passes", "batch", "said"), [([2, 1], 8, "rise"), ([], 8, "rise"), ([1], 41, "batch")]
)
def test_what_cant_be_read_is_refused(passes, batch, said):
    with pytest.raises(ValueError, match=said):
        next(private.readings(model(), ROWS, passes, Knobs(batch, 0.1), seed=0))
