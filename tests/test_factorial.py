"""Effects, shares and orders of levers, against cases worked by hand."""

from itertools import permutations

import numpy as np
import pytest
import xarray as xr

from datawall.planning import factorial

LEVERS = ["passes", "filter", "teacher"]


def cube(values, **more):
    """Losses (2, 2, 2): the last lever changes fastest."""
    values = np.array(values, float).reshape(2, 2, 2)
    return xr.DataArray(values, {lever: ["off", "on"] for lever in LEVERS}, LEVERS)


# none, teacher, filter, filter + teacher, passes, passes + teacher, passes + filter, all
LOSS = cube([3.0, 2.6, 2.7, 2.5, 2.4, 2.0, 2.9, 2.1])


def test_each_alone_and_last():
    alone = factorial.alone(LOSS, LEVERS)
    assert alone.lever.values.tolist() == LEVERS
    assert alone.values == pytest.approx([0.6, 0.3, 0.4])
    assert factorial.last_in(LOSS, LEVERS).values == pytest.approx([0.4, -0.1, 0.8])


def test_what_a_set_saves():
    assert float(factorial.saved(LOSS, LEVERS, ["passes", "filter"])) == pytest.approx(0.1)
    assert float(factorial.saved(LOSS, LEVERS, [])) == 0
    found = factorial.sets(LOSS, LEVERS)
    assert found.set.values.tolist()[0] == "none"
    assert float(found.sel(set="passes + teacher")) == pytest.approx(1.0)
    assert float(found.sel(set="passes + filter + teacher")) == pytest.approx(0.9)
    assert found.sizes["set"] == 8


def test_the_cells_by_their_levers():
    found = factorial.cells(LOSS, LEVERS)
    assert found.set.values.tolist() == factorial.sets(LOSS, LEVERS).set.values.tolist()
    assert float(found.sel(set="none")) == 3.0
    assert float(found.sel(set="passes + teacher")) == 2.0
    assert (3.0 - found).values == pytest.approx(factorial.sets(LOSS, LEVERS).values)


def test_effects_by_hand():
    # mean with the lever on less mean with it off
    main = (2.4 + 2.0 + 2.9 + 2.1) / 4 - (3.0 + 2.6 + 2.7 + 2.5) / 4
    assert float(factorial.effect(LOSS, LEVERS, ["passes"])) == pytest.approx(main)
    # half of what the filter changes in the effect of passes, averaged over the teacher
    without = ((2.4 - 3.0) + (2.0 - 2.6)) / 2
    filtered = ((2.9 - 2.7) + (2.1 - 2.5)) / 2
    two = (filtered - without) / 2
    assert float(factorial.effect(LOSS, LEVERS, ["passes", "filter"])) == pytest.approx(two)
    assert two > 0  # together they save less
    with_teacher = ((2.1 - 2.5) - (2.0 - 2.6)) / 2
    alone = ((2.9 - 2.7) - (2.4 - 3.0)) / 2
    three = (with_teacher - alone) / 2
    assert float(factorial.effect(LOSS, LEVERS, LEVERS)) == pytest.approx(three)


def test_effects_give_the_cells_back():
    rng = np.random.default_rng(0)
    loss = cube(rng.normal(size=8))
    found = factorial.interactions(loss, LEVERS, most=3)
    assert found.effect.values.tolist()[:4] == [*LEVERS, "passes x filter"]
    for cell in np.ndindex(2, 2, 2):
        sign = dict(zip(LEVERS, 2 * np.array(cell) - 1, strict=True))
        parts = [
            float(found.sel(effect=name)) / 2 * np.prod([sign[x] for x in name.split(" x ")])
            for name in found.effect.values
        ]
        assert float(loss[cell]) == pytest.approx(float(loss.mean()) + sum(parts))


def test_shapley_is_the_mean_over_all_orders_and_adds_up():
    shares = factorial.shapley(LOSS, LEVERS)
    orders = list(permutations(LEVERS))
    for lever in LEVERS:
        gains = []
        for order in orders:
            before = order[: order.index(lever)]
            more = factorial.saved(LOSS, LEVERS, [*before, lever])
            gains.append(float(more - factorial.saved(LOSS, LEVERS, before)))
        assert float(shares.sel(lever=lever)) == pytest.approx(np.mean(gains))
    assert float(shares.sum()) == pytest.approx(0.9)


def test_without_interactions_all_three_agree():
    gains = {"passes": 0.5, "filter": 0.2, "teacher": 0.1}
    loss = cube(
        [
            3 - sum(g * x for g, x in zip(gains.values(), c, strict=True))
            for c in np.ndindex(2, 2, 2)
        ]
    )
    for measure in (factorial.alone, factorial.last_in, factorial.shapley):
        assert measure(loss, LEVERS).values == pytest.approx(list(gains.values()))
    assert float(factorial.effect(loss, LEVERS, ["passes"])) == pytest.approx(-0.5)
    assert float(factorial.effect(loss, LEVERS, ["passes", "teacher"])) == pytest.approx(0)


def test_other_dimensions_stay_and_are_paired():
    seeds = xr.DataArray([0.0, 5.0], {"seed": [3, 4]}, "seed")
    both = LOSS + seeds
    for measure in (factorial.alone, factorial.last_in, factorial.shapley, factorial.sets):
        found = measure(both, LEVERS)
        assert found.dims[1:] == ("seed",)
        assert found.sel(seed=3).values == pytest.approx(found.sel(seed=4).values)
    found = factorial.effect(both, LEVERS, ["passes"])
    assert found.dims == ("seed",)


def test_the_order_of_dimensions_does_not_matter():
    turned = LOSS.transpose("teacher", "passes", "filter")
    assert factorial.alone(turned, LEVERS).values == pytest.approx([0.6, 0.3, 0.4])
    two = factorial.effect(turned, LEVERS, ["passes", "filter"])
    assert float(two) == pytest.approx(float(factorial.effect(LOSS, LEVERS, LEVERS[:2])))


@pytest.mark.parametrize(
    ("levers", "on", "said"),
    [
        (["passes", "rest"], [], "'rest' isn't a dimension of two labels"),
        (["passes", "passes"], [], "named twice"),
        (["passes"], ["filter"], "'filter' is none of the levers passes"),
        (LEVERS, ["filter", "filter"], "a lever named twice"),
    ],
)
def test_what_is_refused(levers, on, said):
    with pytest.raises(ValueError, match=said):
        factorial.saved(LOSS, levers, on)


def test_three_levels_and_no_lever_are_refused():
    three = xr.DataArray(np.zeros((3,)), dims="passes")
    with pytest.raises(ValueError, match=r"passes \(3\)"):
        factorial.alone(three, ["passes"])
    with pytest.raises(ValueError, match="effect of no lever"):
        factorial.effect(LOSS, LEVERS, [])
