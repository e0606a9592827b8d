"""Prices of the last chapter's ways to spend compute, worked by hand."""

import numpy as np
import pytest
import xarray as xr

from datawall.planning import ladder, runs
from datawall.planning.costs import Teacher


def table(**axes):
    sizes = [len(x) for x in axes.values()]
    return xr.Dataset({n: (list(axes), np.full(sizes, 2.5)) for n in ("choice", "exam")}, axes)


SEEDS = [0, 1]
LEVERS = table(
    width=[32, 64],
    text=["plays", "plays and code", "plays and shuffled code"],
    targets=["letters", "teacher", "small teacher"],
    decay=[0.1, 1.0],
    read=[2**15, 2**17],
    K=[1, 2, 4],
    seed=SEEDS,
)
ARMS = ["plain", "teacher", "others'", "others' and teacher", "own", "own four"]
MORE = table(arm=ARMS, amount=[2**13, 2**14], decay=[0.1, 1.0], read=[2**15], K=[1], seed=SEEDS)
PLANS = ladder.plans(LEVERS, MORE)


def costs_of(name):
    return sorted(set(PLANS[name].cost.values.round(6)))


def test_the_sizes_are_those_of_the_models():
    assert runs.shape(32).params == ladder.SMALL
    assert runs.shape(64).params == ladder.LARGE


JUDGE = 2 / 6 * 2**14 / 2**15  # reads the pool once


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("one model", [1, 1 + JUDGE, 4, 4 + JUDGE]),
        ("four averaged", [4, 4 + JUDGE, 16, 16 + JUDGE]),
        ("larger model", [4 + JUDGE, 16 + JUDGE]),
        ("own opinion", [1 + JUDGE + 2 + 1 / 3]),
        ("opinion of four", [1 + JUDGE + 8 + 4 / 3]),
        (
            "teacher at hand",
            [
                x + k * r * times  # each letter read, and an opinion asked of one of either size
                for x in (0, JUDGE)
                for k in (1, 2, 4)
                for r in (1, 4)
                for times in (1 + 4 / 3, 1 + 1 / 3)
            ],
        ),
        ("the teacher's text", [1]),
        ("its text and opinion", [7 / 3]),
    ],
)
def test_prices_in_plain_runs(name, by_hand):
    assert costs_of(name) == pytest.approx(sorted(set(np.round(by_hand, 6))), abs=1e-5)


def test_one_lever_at_a_time():
    # none, filter, decay, two and four members, more passes: every other cell has two or more
    by_hand = [1, 1 + JUDGE, 1, 2, 4, 4]
    assert sorted(PLANS["one lever"].cost.values) == pytest.approx(sorted(by_hand))


def test_a_switch_at_a_time():
    plain = {"read": 2**15, "text": "plays and code", "targets": "letters", "K": 1}
    assert ladder.cost_when(**plain) == 1
    assert ladder.cost_when(**plain | {"K": 4, "read": 2**17}) == 16
    assert ladder.cost_when(**plain | {"text": "plays"}) == pytest.approx(1 + JUDGE)
    assert ladder.cost_when(**plain | {"targets": "teacher", "K": 2}) == pytest.approx(14 / 3)
    assert ladder.cost_when(**plain | {"targets": "small teacher"}) == pytest.approx(4 / 3)


def test_who_trains_the_teacher_pays_for_it():
    here, own = (PLANS[f"teacher {how}"].cost.values for how in ("at hand", "to train"))
    half = len(here) // 2
    # four times the size and sixteen times the letters; thirty-two times the letters
    assert own[:half] - here[:half] == pytest.approx(64)
    assert own[half : 2 * half] - here[half:] == pytest.approx(32)
    text = PLANS["its text and opinion"].cost.values
    assert own[2 * half :] - text == pytest.approx(64)


def test_every_group_bears_its_name():
    assert [plans.attrs["name"] for plans in PLANS.values()] == list(PLANS)


def test_a_plan_by_hand():
    plan = ladder.price(100, 2, text="plays and code", teacher=Teacher(10, 0, 0), decay=1.0)
    assert plan.training == 2 * 6 * ladder.SMALL * 100 + 2 * 2 * 10 * 100
    assert plan.judged == 0
