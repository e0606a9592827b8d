import numpy as np
import pytest
import xarray as xr

from datawall.laws import transfer

AMOUNTS = [2.0**k for k in (13, 15, 17, 19)]
CURVE = xr.DataArray([2.8, 2.4, 2.1, 2.0], {"own": AMOUNTS}, "own")


def losses(*values, **labels):
    return xr.DataArray(list(values), {"own": AMOUNTS[: len(values)]}, "own").assign_coords(labels)


def test_worth_is_read_off_the_curve_between_its_amounts():
    found = transfer.worth(losses(2.4, 2.25, 2.1), CURVE, "own")
    assert found.values == pytest.approx([2**15, 2**16, 2**17])
    assert list(found["own"]) == AMOUNTS[:3]


def test_nothing_is_read_beyond_the_curve():
    found = transfer.worth(losses(2.9, 2.8, 2.0, 1.9), CURVE, "own")
    assert np.isnan(found.values).tolist() == [True, False, False, True]


def test_of_a_power_law_worth_is_what_the_law_says():
    amounts = np.geomspace(1e3, 1e6, 400)
    law = xr.DataArray(2 + 50 * amounts**-0.4, {"own": amounts}, "own")
    found = transfer.worth(xr.DataArray(2 + 50 * 3e4**-0.4), law, "own")
    assert float(found) == pytest.approx(3e4, rel=1e-3)


def test_amounts_that_were_not_run_are_left_out():
    curve = CURVE.copy()
    curve[3] = np.nan
    found = transfer.worth(losses(2.4, 2.05), curve, "own")
    assert float(found[0]) == pytest.approx(2**15) and np.isnan(found[1])
    assert np.isnan(transfer.worth(losses(2.4), curve * np.nan, "own")).all()


def test_each_seed_has_its_own_curve_and_order_does_not_matter():
    curves = xr.concat([CURVE, CURVE + 0.1], xr.Variable("seed", [0, 1]))
    loss = xr.DataArray([2.4, 2.4], {"seed": [0, 1]}, "seed")
    found = transfer.worth(loss, curves.isel(own=slice(None, None, -1)), "own")
    assert found.values == pytest.approx([2**15, 2 ** (15 + 2 / 3)])


def test_curves_that_give_no_amount():
    with pytest.raises(ValueError, match="doesn't fall"):
        transfer.worth(losses(2.4), losses(2.8, 2.4, 2.4, 2.0), "own")
    with pytest.raises(ValueError, match="no dimension 'read'"):
        transfer.worth(losses(2.4), CURVE, "read")
    with pytest.raises(ValueError, match="above 0"):
        transfer.worth(losses(2.4), CURVE.assign_coords(own=[0.0, 1.0, 2.0, 3.0]), "own")


@pytest.mark.parametrize("power", [-0.5, 0.0, 0.18, 2.0])
def test_the_exponent_of_a_power_law(power):
    amounts = xr.DataArray(AMOUNTS, {"own": AMOUNTS}, "own")
    assert float(transfer.exponent(7 * amounts**power, "own")) == pytest.approx(power, abs=1e-9)


def test_the_exponent_leaves_out_what_is_missing_by_row():
    amounts = xr.DataArray(AMOUNTS, {"own": AMOUNTS}, "own")
    rows = xr.concat([amounts**0.3, amounts**0.6], "seed")
    rows[0, 1] = np.nan
    rows[1, 1:] = np.nan
    found = transfer.exponent(rows, "own")
    assert float(found[0]) == pytest.approx(0.3) and np.isnan(found[1])


def test_the_exponent_is_that_of_least_squares():
    values = xr.DataArray([1.0, 2.0, 3.0, 9.0], {"own": AMOUNTS}, "own")
    fitted = np.polyfit(np.log(AMOUNTS), np.log(values), 1)[0]
    assert float(transfer.exponent(values, "own")) == pytest.approx(fitted)


def test_no_power_law_goes_through_zero():
    for values in (losses(1.0, 0.0), losses(1.0, -1.0)):
        with pytest.raises(ValueError, match="above 0"):
            transfer.exponent(values, "own")
    with pytest.raises(ValueError, match="above 0"):
        transfer.exponent(CURVE.assign_coords(own=[0, 1, 2, 3]), "own")
