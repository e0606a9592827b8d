"""An experiment over a grid of settings and seeds, on all cores: results with names.

    def judged(way, learner, seed):
        ...
        return {"auc": 0.81, "recall": 0.42}

    runs = replicate(judged, seeds=range(5), way=WAYS, learner=LEARNERS)   # (way, learner, seed)
    gain = runs.auc - runs.auc.sel(way="as it is")                         # paired, seed by seed

Every chapter uses it; a study gives the same kind of result (`study.table`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import joblib
import numpy as np
import xarray as xr

from datawall.evidence import progress
from datawall.evidence import workers as processes

Labelled = Mapping | Sequence


def replicate(
    function: Callable[..., Mapping],
    *,
    seeds: Sequence[int],
    along: Mapping[str, Sequence] | None = None,
    keep: Callable[..., bool] | None = None,
    cost: Callable[..., float] | None = None,
    workers: int | None = None,
    **settings: Labelled,
) -> xr.Dataset:
    """Run `function(seed=..., **settings)` for every setting and seed, on all cores.

    function: returns names to numbers, to arrays over `along`, or to DataArrays with dimensions of
    their own. seeds: whole numbers; "seed" is the last of the dimensions that the settings span.
    settings: for each name the values that it takes; or a mapping from labels to values, where a
    value is no label: `policy={"replace": Own()}`. along: dimensions, with their coordinates, of
    the arrays that a run returns, in the order of their axes. keep: of all combinations, those to
    run (called with the labels, without a seed); what wasn't run is NaN. cost: how much a run takes
    compared with others, called as `function` is, so that expensive runs start first. workers:
    processes, by default one a core, each with one thread; with 1 all is run in this process. A bar
    shows how far it is, in a notebook or on a terminal, and goes when all is done.

    Returns a Dataset with a dimension for each setting and for `seed`. Raises ValueError when there
    is nothing to run, when two labels are the same or one is no number and no text, when a setting
    has the name of a result, when runs return unlike results, or for fewer workers than one; what a
    run raises is raised, with a note that names its settings. Raises MemoryError, with what to do,
    when there is too little of it for the processes.
    """
    if "seed" in settings:
        raise ValueError("seed is no setting: give the seeds by `seeds`")
    own = None if keep is None else lambda seed, **labels: keep(**labels)
    grid = settings | {"seed": _seeds(seeds)}
    return over_grid(function, along=along, keep=own, cost=cost, workers=workers, **grid)


def over_grid(
    function: Callable[..., Mapping],
    *,
    along: Mapping[str, Sequence] | None = None,
    keep: Callable[..., bool] | None = None,
    cost: Callable[..., float] | None = None,
    workers: int | None = None,
    **settings: Labelled,
) -> xr.Dataset:
    """As `replicate`, without seeds: for what isn't subject to chance, or makes its own seeds."""
    _check(settings, along, workers)
    labels = {name: _labels(name, values) for name, values in settings.items()}
    cells = [dict(zip(labels, cell, strict=True)) for cell in product(*labels.values())]
    if keep is not None:
        cells = [cell for cell in cells if keep(**cell)]
    if not cells:
        sizes = ", ".join(f"{len(values)} of {name}" for name, values in labels.items())
        raise ValueError(f"nothing to run ({sizes}): give at least one value each, and keep some")
    calls = [{k: _value(settings[k], v) for k, v in cell.items()} for cell in cells]
    order = range(len(calls))
    if cost is not None:
        order = sorted(order, key=lambda i: -cost(**calls[i]))
    tasks = [joblib.delayed(_one)(function, calls[i], cells[i]) for i in order]
    count = joblib.cpu_count() if workers is None else workers
    with progress.bar(len(tasks), getattr(function, "__name__", "runs")) as moved:
        done = processes.run(tasks, min(count, len(tasks)), needs=function, moved=moved)
    found = dict(zip(order, done, strict=True))
    axes = {name: list(labels) for name, labels in (along or {}).items()}
    # Coordinates that are no dimension's, left by a `sel` say, would differ from run to run.
    runs = [_dataset(found[i], axes, c).reset_coords(drop=True) for i, c in enumerate(cells)]
    return _gridded(runs, cells, labels)


def stacked(**labelled: Mapping[str, xr.Dataset | xr.DataArray]) -> xr.Dataset | xr.DataArray:
    """Results side by side along one new dimension: `stacked(policy={"replace": ..., ...})`.

    Where one of them lacks labels that another has, it is NaN. Raises ValueError unless one
    dimension is named, and for nothing to stack.
    """
    if len(labelled) != 1:
        raise ValueError(f"name one dimension, not {len(labelled)}: stacked(policy={{...}})")
    ((dim, results),) = labelled.items()
    if not results:
        raise ValueError(f"{dim}: there is nothing to stack")
    labels = xr.Variable(dim, coordinate(list(results)))
    return xr.concat(list(results.values()), labels, join="outer")


def coordinate(labels: Sequence) -> np.ndarray:
    """Labels as an array of one kind, of objects where numbers and texts would become one kind.

    None, which no index can hold beside texts, gets the label "None".
    """
    labels = ["None" if label is None else label for label in labels]
    kinds = {type(label) for label in labels}
    if kinds <= {int, float} or len(kinds) == 1:
        return np.array(labels)
    found = np.empty(len(labels), object)
    found[:] = labels
    return found


def _check(settings: Mapping, along: Mapping | None, workers: int | None) -> None:
    if clash := (set(settings) | {"seed"}) & set(along or {}):
        raise ValueError(f"{', '.join(clash)}: a setting and a dimension of one name; change one")
    whole = isinstance(workers, int) and not isinstance(workers, bool)
    if workers is not None and not (whole and workers >= 1):
        raise ValueError(f"workers is {workers}: give a whole number of processes, one or more")


def _seeds(values: Sequence[int]) -> list[int]:
    if not hasattr(values, "__iter__"):
        raise ValueError(f"seeds is {values!r}: give several, such as range(5)")
    seeds = _labels("seeds", values)
    odd = [seed for seed in seeds if isinstance(seed, bool) or not isinstance(seed, int)]
    if odd:
        raise ValueError(f"a seed is {odd[0]!r}: give whole numbers")
    return seeds


def _labels(name: str, values: Labelled) -> list:
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise ValueError(f"{name} is {values!r}: give the values that it takes, in a list")
    found = [x.item() if isinstance(x, np.generic) else x for x in values]
    odd = [x for x in found if not isinstance(x, str | int | float) or x != x]
    if odd:
        raise ValueError(
            f"{name} takes {odd[0]!r}, which is no label: give a mapping from names to such values"
        )
    if len(set(found)) < len(found):
        raise ValueError(f"{name} takes a value twice: {found}; leave one out")
    return found


def _value(values: Labelled | None, label):
    return values[label] if isinstance(values, Mapping) else label


def _one(function, call: dict, cell: dict):
    try:
        return function(**call)
    except Exception as error:
        error.add_note(f"in the run with {_text(cell)}")
        raise


def _text(cell: Mapping) -> str:
    return ", ".join(f"{name} {value}" for name, value in cell.items())


def _dataset(found, along: dict, cell: dict) -> xr.Dataset:
    if not isinstance(found, Mapping):  # a Dataset is one
        raise ValueError(
            f"the run with {_text(cell)} returned {type(found).__name__}: return names to results, "
            'as in {"loss": 2.1}'
        )
    if isinstance(found, xr.Dataset):
        return found
    variables = {}
    for name, value in found.items():
        if isinstance(value, xr.DataArray) or np.ndim(value) == 0:
            variables[name] = value
        elif np.shape(value) == tuple(len(axis) for axis in along.values()):
            variables[name] = xr.DataArray(np.asarray(value), along)
        else:
            raise ValueError(
                f"{name} has shape {np.shape(value)} in the run with {_text(cell)}: name its axes "
                "by `along`, or return a DataArray"
            )
    return xr.Dataset(variables)


def _gridded(runs: list[xr.Dataset], cells: list[dict], labels: dict[str, list]) -> xr.Dataset:
    """Runs, one a cell, as one Dataset over the labels; NaN where there is no cell."""
    for run, cell in zip(runs, cells, strict=True):
        if set(run.data_vars) != set(runs[0].data_vars):
            raise ValueError(
                f"the run with {_text(cell)} returned {', '.join(map(str, run.data_vars))}, and "
                f"another {', '.join(map(str, runs[0].data_vars))}: return the same names"
            )
        if clash := set(labels) & (set(run.dims) | set(run.data_vars)):
            raise ValueError(f"{', '.join(clash)}: a setting and a result of one name; change one")
        for name, values in run.data_vars.items():
            if values.dims != runs[0][name].dims:
                raise ValueError(
                    f"{name} has dimensions {values.dims} in the run with {_text(cell)}, and "
                    f"{runs[0][name].dims} in another: return the same ones"
                )
    if not labels:
        return runs[0]
    together = xr.concat(runs, "_run", join="outer", combine_attrs="drop")
    shape = tuple(map(len, labels.values()))
    where = [{x: i for i, x in enumerate(values)} for values in labels.values()]
    flat = [
        np.ravel_multi_index(
            [place[cell[k]] for k, place in zip(labels, where, strict=True)], shape
        )
        for cell in cells
    ]
    coords = {name: (name, coordinate(values)) for name, values in labels.items()}
    return together.map(_spread, args=(flat, labels, shape)).assign_coords(coords)


def _spread(values: xr.DataArray, flat: list[int], labels: dict, shape: tuple) -> xr.DataArray:
    values = values.transpose("_run", ...)
    array, own = values.values, values.dims[1:]
    if len(flat) < np.prod(shape):
        kind = array.dtype if array.dtype.kind in "fc" else float
        if array.dtype.kind not in "fcbiu":
            kind = object  # texts, say, and NaN where nothing was run
        filled = np.full((np.prod(shape), *array.shape[1:]), np.nan, kind)
    else:
        filled = np.empty_like(array)
    filled[flat] = array
    coords = {name: values.coords[name] for name in own if name in values.coords}
    return xr.DataArray(filled.reshape(*shape, *array.shape[1:]), coords, (*labels, *own))
