"""Ascent on rows that are to be forgotten."""

import pytest
import torch

from datawall.privacy import forgetting, letters, private

SHAPE = letters.Shape(vocab=7, width=6, reach=3)
ROWS = torch.randint(7, (24, 9), generator=torch.Generator().manual_seed(0))
KNOBS = private.Knobs(8, 0.01)


def trained():
    (found,) = private.readings(letters.drawn(SHAPE, seed=0), ROWS, [40], KNOBS, seed=0)
    return found


def test_ascent_stops_at_the_first_step_at_the_level():
    given = trained()
    level = float(letters.losses(given, ROWS[:4]).mean()) + 0.2
    after, steps = forgetting.ascended(given, ROWS[:4], level, 0.002)
    assert float(letters.losses(after, ROWS[:4]).mean()) >= level and steps > 1
    before, _ = forgetting.ascended(given, ROWS[:4], level - 0.1, 0.002)
    assert float(letters.losses(before, ROWS[:4]).mean()) < level


def test_what_is_forgotten_already_is_left_as_it_is():
    given = trained()
    after, steps = forgetting.ascended(given, ROWS[:4], 0.0, 0.002)
    assert steps == 0 and torch.equal(after.weights["out"], given.weights["out"])
    assert after.weights["out"] is not given.weights["out"]


def test_a_step_is_one_of_adam_against_the_usual_direction():
    given = trained()
    level = float(letters.losses(given, ROWS[:4]).mean()) + 1e-6
    after, steps = forgetting.ascended(given, ROWS[:4], level, 0.002)
    gradient = letters.backward(given, ROWS[:4]).summed(torch.full((4,), 0.25))
    assert steps == 1
    for name, weight in given.weights.items():
        moved = after.weights[name] - weight
        there = gradient[name].abs() > 1e-4  # Adam's first step has the length of the rate
        assert torch.allclose(moved[there], 0.002 * gradient[name][there].sign(), rtol=0.01)


def test_a_level_out_of_reach_is_told():
    with pytest.raises(RuntimeError, match="raise the rate"):
        forgetting.ascended(trained(), ROWS[:4], 50.0, 1e-5, most=3)


@pytest.mark.parametrize(("level", "rate", "said"), [(float("nan"), 0.1, "level"), (1, 0, "rate")])
def test_what_cant_be_is_refused(level, rate, said):
    with pytest.raises(ValueError, match=said):
        forgetting.ascended(trained(), ROWS[:4], level, rate)


def test_going_on_is_training_on_what_may_be_kept():
    given = trained()
    after = forgetting.went_on(given, ROWS[4:], 2, KNOBS, seed=3)
    (want,) = private.readings(given, ROWS[4:], [2], KNOBS, seed=3)
    assert torch.equal(after.weights["out"], want.weights["out"])
