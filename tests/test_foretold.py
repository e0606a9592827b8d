"""Rules for levers together, on losses that obey one of them."""

import numpy as np
import pytest
import xarray as xr

from datawall.planning import composite, foretold
from datawall.planning.composite import Composite

LEVERS = ["passes", "filter", "decay", "teacher", "ensemble"]
SIZES = {"passes": [2**15, 2**16, 2**17], "filter": 2, "decay": 2, "teacher": 2, "ensemble": [1, 4]}
AMOUNTS = 2 ** np.arange(12, 20)
UNIQUE = 2**13


def axes(**more):
    labels = {k: (list(range(v)) if isinstance(v, int) else v) for k, v in SIZES.items()}
    return labels | more


def table(values):
    """Losses over all levers from a function of the labels' places."""
    labels = axes(seed=[0, 1])
    shape = [len(x) for x in labels.values()]
    found = np.reshape([values(*at) for at in np.ndindex(*shape)], shape)
    return xr.DataArray(found, labels, list(labels))


def test_sums_are_foretold_by_adding():
    loss = table(lambda p, f, d, t, e, s: 3 - 0.2 * p - 0.1 * f - 0.05 * d - 0.3 * t - 0.1 * e + s)
    assert foretold.added(loss, LEVERS).transpose(*loss.dims).values == pytest.approx(loss.values)
    broken = loss.copy()
    broken[2, 1] += 0.4
    gap = foretold.added(broken, LEVERS) - broken
    assert gap.isel(passes=2, filter=1).values == pytest.approx(-0.4)
    assert gap.isel(passes=1).values == pytest.approx(0, abs=1e-12)


def test_products_are_foretold_by_multiplying():
    curve = xr.DataArray(4 - 0.1 * np.arange(12, 20), {"amount": AMOUNTS}, "amount")
    # the log of the worth, in powers of two, is a sum
    power = table(lambda p, f, d, t, e, s: p + 0.5 * f + 0.25 * d + t + 0.5 * e)
    loss = 4 - 0.1 * (13 + power)
    promise = foretold.promised(loss, LEVERS, curve, unique=UNIQUE)
    assert promise.transpose(*loss.dims).values == pytest.approx(2**power.values)
    found = foretold.multiplied(loss, LEVERS, curve, unique=UNIQUE)
    assert found.transpose(*loss.dims).values == pytest.approx(loss.values)


def test_a_plain_recipe_off_the_curve_is_counted_once():
    """Where its seed does better than the curve's mean, so does all that is built on it."""
    curve = xr.DataArray(4 - 0.1 * np.arange(12, 20), {"amount": AMOUNTS}, "amount")
    loss = 4 - 0.1 * (13.5 + table(lambda p, f, d, t, e, s: p + 0.5 * f))
    promise = foretold.promised(loss, LEVERS, curve, unique=UNIQUE)
    cell = promise.isel(passes=2, filter=1, decay=0, teacher=0, ensemble=0, seed=0)
    assert float(cell) == pytest.approx(2**3)


def test_a_product_beyond_the_curve_is_unknown():
    curve = xr.DataArray([2.7, 2.6, 2.5], {"amount": [2**13, 2**14, 2**15]}, "amount")
    loss = table(lambda p, f, d, t, e, s: 2.7 - 0.1 * max(p, f, d, t, e))
    found = foretold.multiplied(loss, LEVERS, curve, unique=UNIQUE)
    assert float(found.isel(passes=1, filter=1, decay=0, teacher=0, ensemble=0, seed=0)) == (
        pytest.approx(2.5)
    )
    assert found.isel(passes=1, filter=1, decay=1).isnull().all()


def test_runs_that_follow_the_law_are_foretold_by_it():
    law = Composite(E=1.8, B=0.6, beta=0.3, R_D=6.0, P=0.004, delta=1.2, unit=2**15)

    def loss_of(p, f, d, t, e, s):
        repeats = SIZES["passes"][p] * (1 if f else 0.5) / UNIQUE - 1
        factor = (0.8, 1.0)[1 - f] * (1, 1.1)[d] * (1, 3)[t]
        return float(law.loss(UNIQUE, repeats, factor)) - 0.1 * (0, 0.75)[e]

    loss = table(loss_of)
    curve = xr.DataArray(law.loss(AMOUNTS, 1), {"amount": AMOUNTS}, "amount")
    read = 2 ** np.arange(15, 20)
    reread = xr.DataArray(law.loss(UNIQUE, read / 2**14 - 1), {"read": read}, "read")
    curve, reread = (x.expand_dims(seed=[0, 1]) for x in (curve, reread))
    found = foretold.by_law(loss, curve, reread, unique=UNIQUE)
    assert found.dims == loss.dims
    assert found.passes.values.tolist() == SIZES["passes"]
    assert np.abs(found - loss).max() < 0.02
    assert composite.averaging(2.0, 1.925, 4) == pytest.approx(0.1)


def test_each_seed_has_a_law_of_its_own():
    law = Composite(E=1.8, B=0.6, beta=0.3, R_D=6.0, P=0.004, delta=1.2, unit=2**15)
    worse = Composite(E=1.8, B=0.6, beta=0.3, R_D=6.0, P=0.02, delta=1.2, unit=2**15)
    laws, read = [law, worse], 2 ** np.arange(15, 20)

    def loss_of(p, f, d, t, e, s):
        repeats = SIZES["passes"][p] * (1 if f else 0.5) / UNIQUE - 1
        return float(laws[s].loss(UNIQUE, repeats))

    def of_both(values, **axis):
        both = [xr.DataArray(values(one), axis, list(axis)) for one in laws]
        return xr.concat(both, xr.Variable("seed", [0, 1]))

    loss = table(loss_of)
    curve = of_both(lambda one: one.loss(AMOUNTS, 1), amount=AMOUNTS)
    reread = of_both(lambda one: one.loss(UNIQUE, read / 2**14 - 1), read=read)
    found = foretold.by_law(loss, curve, reread, unique=UNIQUE)
    assert np.abs(found - loss).max() < 0.02


def test_the_law_sees_no_cell_of_two_levers():
    law = Composite(E=1.8, B=0.6, beta=0.3, R_D=6.0, P=0.004, delta=1.2, unit=2**15)
    curve = xr.DataArray(law.loss(AMOUNTS, 1), {"amount": AMOUNTS}, "amount")
    read = 2 ** np.arange(15, 20)
    reread = xr.DataArray(law.loss(UNIQUE, read / 2**14 - 1), {"read": read}, "read")
    curve, reread = (x.expand_dims(seed=[0, 1]) for x in (curve, reread))
    base = float(law.loss(UNIQUE, 1))
    loss = table(lambda *at: base - 0.02 * sum(at[1:5]) + 0.01 * at[0])
    changed = loss.copy()
    changed[1, 1] += 1
    changed[0, 1, 1] -= 1
    one, two = (foretold.by_law(x, curve, reread, unique=UNIQUE) for x in (loss, changed))
    assert one.values == pytest.approx(two.values)


def test_how_many_levers_are_on():
    found = foretold.levers_on(table(lambda *at: 0.0), LEVERS)
    assert found.dims == tuple(LEVERS)
    assert int(found.isel(passes=0, filter=0, decay=0, teacher=0, ensemble=0)) == 0
    assert int(found.isel(passes=2, filter=0, decay=0, teacher=0, ensemble=0)) == 1
    assert int(found.isel(passes=1, filter=1, decay=0, teacher=1, ensemble=1)) == 4
    assert int((found >= 2).sum()) == 48 - 1 - 2 - 4
