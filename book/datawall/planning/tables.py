"""Losses by the number of members averaged, and plans with prices (chapter: planner)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import xarray as xr

from datawall import validate
from datawall.planning.costs import Plan


def members(table: xr.Dataset) -> xr.Dataset:
    """Columns such as choice_1, exam_1, exam_4 as choice and exam over K, models averaged.

    Raises ValueError for a table without such columns.
    """
    found = {}
    for column in table.data_vars:
        name, _, size = str(column).rpartition("_")
        if name and size.isdecimal():
            found.setdefault(name, {})[int(size)] = table[column]
    if not found:
        raise ValueError("no columns such as exam_1: give a table of losses by members averaged")
    return xr.Dataset(
        {
            name: xr.concat(list(parts.values()), xr.Variable("K", list(parts)))
            for name, parts in found.items()
        }
    )


def priced(
    parts: Iterable[tuple[xr.Dataset, Callable[..., Plan]]], unit: float, name: str
) -> xr.Dataset:
    """Every setting as a plan (plan, seed) with its choice, its exam, and its cost in units.

    parts: pairs of losses, that is choice and exam over seed and settings, and of a price, which is
    called with the settings by name for a Plan; settings that weren't run are left out. unit:
    operations that cost 1. name: what all plans are called, for `best_within`.
    """
    validate.positive("unit", unit)
    found = [_priced(*part, unit) for part in parts]
    return xr.concat(found, "plan").assign_attrs(name=name)


def _priced(losses: xr.Dataset, price: Callable[..., Plan], unit: float) -> xr.Dataset:
    settings = [dim for dim in losses.choice.dims if dim != "seed"]
    flat = losses[["choice", "exam"]].stack(plan=settings).dropna("plan", how="any")
    cells = [dict(zip(settings, key, strict=True)) for key in flat.plan.values]
    costs = [price(**cell).training / unit for cell in cells]
    words = [", ".join(f"{k} {v}" for k, v in cell.items()) for cell in cells]
    bare = flat.drop_vars(["plan", *settings])
    return bare.assign(cost=("plan", costs), how=("plan", words))


def best_within(plans: Sequence[xr.Dataset], budgets: Sequence[float]) -> xr.Dataset:
    """For each group of plans and each budget what the best plan loses that costs no more.

    plans: of `priced`. The plan is chosen by its mean loss on `choice` over all seeds, and reported
    by its `exam`. Returns exam, cost and how over (group, budget, seed), NaN where nothing is cheap
    enough.
    """
    found = [_frontier(group, list(budgets)) for group in plans]
    return xr.concat(found, xr.Variable("group", [group.attrs["name"] for group in plans]))


def _frontier(plans: xr.Dataset, budgets: list[float]) -> xr.Dataset:
    mean, rows = plans.choice.mean("seed"), []
    none = plans.isel(plan=0)[["exam", "cost", "how"]]
    none = none.assign(exam=none.exam * np.nan, cost=np.nan, how="")
    for budget in budgets:
        afford = mean.where(plans.cost <= budget * (1 + 1e-9))
        if afford.notnull().any():
            rows.append(plans.isel(plan=int(afford.argmin("plan")))[["exam", "cost", "how"]])
        else:
            rows.append(none)
    return xr.concat(rows, xr.Variable("budget", budgets))


def chosen(losses: xr.Dataset, *dims: str) -> xr.DataArray:
    """The exam at the labels of `dims` that do best on `choice`, mean over seeds: (..., seed).

    losses: choice and exam over seed, these dimensions and others, for each of whose labels the
    best is looked for; NaN is what wasn't run. Raises ValueError where nothing was run.
    """
    flat = losses[["choice", "exam"]].stack(setting=dims)
    mean = flat.choice.mean("seed")
    if mean.isnull().all("setting").any():
        raise ValueError("for some labels nothing was run, so there is nothing to choose from")
    return flat.exam.isel(setting=mean.argmin("setting")).drop_vars(["setting", *dims])
