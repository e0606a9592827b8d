"""Plans with prices, and the best that a budget buys, on tables that can be read at a glance."""

import numpy as np
import pytest
import xarray as xr

from datawall.planning import tables
from datawall.planning.costs import Plan

SEEDS = [0, 1]


def losses(choice, exam):
    """Losses over read (10, 20, 40) and seed."""
    axes = {"read": [10, 20, 40], "seed": SEEDS}
    return xr.Dataset({"choice": (list(axes), choice), "exam": (list(axes), exam)}, axes)


CHOICE = [[3.0, 3.2], [2.0, 2.4], [2.5, 2.5]]
EXAM = [[3.1, 3.3], [2.9, 2.7], [2.2, 2.4]]


def plans(name="one", members=1):
    return tables.priced([(losses(CHOICE, EXAM), lambda read: Plan(1, read, members))], 60, name)


def test_columns_become_members():
    table = xr.Dataset(
        {f"{n}_{k}": ("seed", [k, 2 * k]) for n in ("exam", "choice") for k in (1, 4)}
    )
    found = tables.members(table)
    assert set(found.data_vars) == {"exam", "choice"}
    assert found.exam.sel(K=4).values.tolist() == [4, 8]
    long = tables.members(table.rename(exam_1="exam_plays_1", exam_4="exam_plays_4"))
    assert set(long.data_vars) == {"exam_plays", "choice"}
    with pytest.raises(ValueError, match="no columns such as exam_1"):
        tables.members(xr.Dataset({"loss": ("seed", [1, 2])}))


def test_every_setting_is_a_plan_with_its_price():
    found = plans()
    assert found.cost.values.tolist() == [1, 2, 4]
    assert plans(members=3).cost.values.tolist() == [3, 6, 12]
    assert found.how.values.tolist() == ["read 10", "read 20", "read 40"]
    assert found.exam.transpose("plan", "seed").values.tolist() == EXAM


def test_what_was_not_run_is_no_plan():
    gaps = losses([[3.0, 3.2], [np.nan, np.nan], [2.5, 2.5]], EXAM)
    found = tables.priced([(gaps, lambda read: Plan(1, read))], 60, "one")
    assert found.cost.values.tolist() == [1, 4]


def test_plans_of_several_kinds_are_one_group():
    several = [(losses(CHOICE, EXAM), lambda read, n=n: Plan(1, read, n)) for n in (1, 3)]
    found = tables.priced(several, 60, "one")
    assert found.cost.values.tolist() == [1, 2, 4, 3, 6, 12]
    assert found.attrs["name"] == "one"


def test_the_plan_is_chosen_on_the_one_and_reported_on_the_other():
    found = tables.best_within([plans()], [1, 3, 100])
    assert found.group.values.tolist() == ["one"]
    by_budget = found.exam.isel(group=0).transpose("budget", "seed").values.tolist()
    # the second plan has the least choice; the third, which does best in the exam, isn't taken
    assert by_budget == [EXAM[0], EXAM[1], EXAM[1]]
    assert found.cost.isel(group=0).values.tolist() == [1, 2, 2]
    assert found.how.isel(group=0).values.tolist() == ["read 10", "read 20", "read 20"]


def test_a_budget_buys_what_costs_just_as_much():
    assert float(tables.best_within([plans()], [2]).cost.item()) == 2
    assert float(tables.best_within([plans()], [1.99]).cost.item()) == 1


def test_what_nobody_can_afford_is_unknown():
    found = tables.best_within([plans(), plans("three", 3)], [0.5, 2, 6])
    assert found.exam.sel(group="one").isel(budget=0).isnull().all()
    assert found.exam.sel(group="three").isel(budget=1).isnull().all()
    assert found.exam.sel(group="three", budget=6).values.tolist() == EXAM[1]
    assert found.how.sel(group="three").values.tolist() == ["", "", "read 20"]
    assert found.cost.sel(group="three").isnull().values.tolist() == [True, True, False]


def test_a_unit_must_be_positive():
    with pytest.raises(ValueError, match="unit is 0"):
        tables.priced([(losses(CHOICE, EXAM), lambda read: Plan(1, read))], 0, "one")


def test_a_setting_is_chosen_by_its_mean_and_examined_seed_by_seed():
    assert tables.chosen(losses(CHOICE, EXAM), "read").values.tolist() == EXAM[1]
    two = xr.concat(
        [losses(CHOICE, EXAM), losses(CHOICE[::-1], EXAM)], xr.Variable("decay", [0.1, 1.0])
    )
    two = two.where(~((two.decay == 1.0) & (two["read"] == 20)))
    found = tables.chosen(two, "read")
    assert found.sel(decay=0.1).values.tolist() == EXAM[1]
    assert found.sel(decay=1.0).values.tolist() == EXAM[0]
    assert tables.chosen(two, "read", "decay").values.tolist() == EXAM[1]
    with pytest.raises(ValueError, match="nothing was run"):
        tables.chosen(two.where(two.decay == 0.1), "read")
