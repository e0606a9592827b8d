"""Data multiples, against curves whose inverse is known."""

import numpy as np
import pytest
import xarray as xr

from datawall.planning import multiples


def curve(losses, amounts=(100, 200, 400, 800)):
    return xr.DataArray(list(losses), {"amount": list(amounts)}, "amount")


FALLS = curve([3.0, 2.8, 2.5, 2.1])


def numbers(*values):
    return xr.DataArray(list(values), dims="run")


def test_at_the_points_of_the_curve():
    found = multiples.multiple(numbers(3.0, 2.8, 2.5, 2.1), FALLS, unique=100)
    assert found.values == pytest.approx([1, 2, 4, 8])
    assert multiples.multiple(numbers(2.5), FALLS, unique=200).values == pytest.approx([2])


def test_half_way_in_nats_is_half_way_in_the_log():
    found = multiples.multiple(numbers(2.65), FALLS, unique=100)
    assert found.values == pytest.approx([2 * 2**0.5])
    found = multiples.multiple(numbers(2.2), FALLS, unique=100)
    assert found.values == pytest.approx([4 * 2**0.75])


def test_a_harmful_lever_is_worth_less_than_one():
    found = multiples.multiple(numbers(2.9), FALLS, unique=200)
    assert found.values == pytest.approx([2**-0.5])


def test_amounts_may_stand_in_any_order():
    turned = FALLS.isel(amount=[2, 0, 3, 1])
    assert multiples.multiple(numbers(2.65), turned, unique=100).values == pytest.approx([8**0.5])
    assert multiples.loss_of(numbers(2.0), turned, unique=100).values == pytest.approx([2.8])


def test_curves_are_paired_by_seed():
    both = xr.concat([FALLS, FALLS - 0.3], xr.Variable("seed", [0, 1]))
    loss = xr.DataArray([2.8, 2.5], {"seed": [0, 1]}, "seed")
    found = multiples.multiple(loss, both, unique=100)
    assert found.dims == ("seed",)
    assert found.values == pytest.approx([2, 2])


def test_nothing_is_extrapolated():
    with pytest.raises(multiples.Extrapolated, match=r"1 losses lie up to 0.100 .* on more text"):
        multiples.multiple(numbers(2.0, 2.5), FALLS, unique=100)
    with pytest.raises(multiples.Extrapolated, match=r"up to 0.500 nats .* on less text"):
        multiples.multiple(numbers(3.5), FALLS, unique=100)
    found = multiples.loss_of(numbers(0.5, 9.0, 8.0), FALLS, unique=100)
    assert found.isnull().values.tolist() == [True, True, False]


def test_what_was_not_run_stays_unknown():
    found = multiples.multiple(numbers(2.5, np.nan), FALLS, unique=100)
    assert found.values[0] == pytest.approx(4)
    assert np.isnan(found.values[1])


def test_the_two_are_inverse():
    factors = numbers(1.0, 1.7, 3.0, 7.9)
    there = multiples.loss_of(factors, FALLS, unique=100)
    assert multiples.multiple(there, FALLS, unique=100).values == pytest.approx(factors.values)


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([3.0, 2.8, 2.9, 2.1], "doesn't fall with every step"),
        ([3.0, 2.8, 2.8, 2.1], "doesn't fall"),
    ],
)
def test_a_curve_that_turns_has_no_inverse(losses, said):
    with pytest.raises(ValueError, match=said):
        multiples.multiple(numbers(2.5), curve(losses), unique=100)


def test_other_faults():
    with pytest.raises(ValueError, match="two or more values of `amount`"):
        multiples.multiple(numbers(2.5), curve([2.5], [100]), unique=100)
    with pytest.raises(ValueError, match="two or more values of `amount`"):
        multiples.multiple(numbers(2.5), numbers(3.0, 2.0), unique=100)
    with pytest.raises(ValueError, match="unique is 0"):
        multiples.multiple(numbers(2.5), FALLS, unique=0)
    with pytest.raises(ValueError, match="unique is -1"):
        multiples.loss_of(numbers(2.5), FALLS, unique=-1)
