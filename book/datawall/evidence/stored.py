"""An experiment of a chapter that takes minutes: two of its runs are made here, the rest is stored.

    mixed = stored("simulators/few-real", replicate, few_real, seeds=SEEDS, size=SIZES)
    runs = stored("scaling-laws/sizes", train.sweep, job, text, exam, seeds=SEEDS, width=WIDTHS)

The results of all runs lie in `book/stored`, with a version of what they depend on: the function,
what it uses of the notebook and of this library, and the settings. As long as that is unchanged,
the first seed is run at the first and at the last setting, and held to what is stored. When it has
changed, as when a reader tries another number of steps, every run is made here.

`make rerun` stores what has changed; `ANEW=1 make rerun` makes and stores all. Most chapters use
it.
"""

from __future__ import annotations

import ast
import dataclasses
import gzip
import hashlib
import inspect
import io
import os
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from types import FunctionType, ModuleType

import numpy as np
import pandas as pd
import torch
import xarray as xr

from datawall import BOOK
from datawall.evidence.study import version_of

FOLDER = BOOK / "stored"
WRITES = "DATAWALL_STORES"  # of the environment: "changed", to store what has changed, or "all"
FAR = 2.0  # how far a run may lie from the stored one, in ranges of the stored seeds
DIGITS = 3  # of numbers in arrays, since processors differ in the last ones


class Disagreement(Exception):
    """A run made here lies farther from the stored one than seeds lie from each other."""


def stored(
    name: str,
    way: Callable[..., xr.Dataset],
    function: Callable,
    /,
    *others,
    seeds: Sequence[int],
    keep: Callable[..., bool] | None = None,
    short: Mapping | None = None,
    **settings,
) -> xr.Dataset:
    """What `way(function, *others, seeds=seeds, keep=keep, **settings)` gives, most of it stored.

    name: chapter/experiment, which names the file. way: `replicate` or `train.sweep`. short: what
    some settings of one value are in the runs made here, `short={"last": 3}` for `last=[9]` say, if
    these give the beginning of what is stored: labels that both have are compared. The rest: as for
    `way`. Raises ValueError for a name without a chapter, for a function whose code can't be read,
    for something short that is no setting of one value or leaves nothing to compare; Disagreement
    when a result, or its mean over dimensions of its own, differs from the stored one by more than
    twice the range of the stored seeds at that setting, or is missing where that isn't.
    """
    if len(parts := name.split("/")) != 2 or not all(parts):
        raise ValueError(f"name is {name!r}: give the chapter and the experiment, as in 'a/b'")
    short = dict(short or {})
    axes = _axes(settings)
    if odd := [k for k in short if len(axes.get(k, ())) != 1]:
        raise ValueError(f"short has {odd[0]!r}, which is no setting of one value")
    seeds, path = list(seeds), FOLDER / f"{name}.nc.gz"
    run = partial(way, function, *others)
    version = version_of_experiment(function, others, {**settings, "seeds": seeds, "keep": keep})
    writes = os.environ.get(WRITES)
    found = None if writes == "all" or not path.exists() else _read(path)
    if found is not None and found.attrs.pop("version") == version:
        ends = _ends(axes, keep)
        shortened = settings | {k: [value] for k, value in short.items()}
        wanted = [cell | short for cell in ends]
        here = run(seeds=seeds[:1], keep=lambda **labels: labels in wanted, **shortened)
        whole = {k: axes[k] for k in short}
        _compare(name, here.assign_coords(whole), found, ends)
        return found
    found = run(seeds=seeds, keep=keep, **settings)
    if writes:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_bytes(found.assign_attrs(version=version)))
        found = _read(path)
        del found.attrs["version"]
    return found


def version_of_experiment(function: Callable, others: Sequence, settings: Mapping) -> str:
    """Twelve digits of a hash of what an experiment depends on.

    That is the code of the function and of what it uses of its own file or notebook; of this
    library, all that these import (`study.code_version`); the values that they use, and the
    settings. Numbers in arrays count to a thousandth of the largest, since processors differ in the
    last digits; whole numbers as they are. Comments and docstrings don't count.
    """
    seen = _Seen(function.__module__)
    seen.value(function)
    told = [seen.value(value) for value in (*others, dict(settings))]
    imports = "".join(f"import {name}\n" for name in sorted(seen.modules))
    code = version_of(imports + "\n".join(seen.sources[name] for name in sorted(seen.sources)))
    text = repr((code, told, sorted(seen.values.items())))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class _Seen:
    """What a function's results depend on: sources, modules of the library, and values by name."""

    def __init__(self, home: str):
        self.home = home
        self.sources: dict[str, str] = {}
        self.modules: set[str] = set()
        self.values: dict[str, str] = {}

    def value(self, value) -> str:
        """A text of a value that is the same wherever it is the same."""
        if isinstance(value, partial):
            return self.value((value.func, value.args, value.keywords))
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, type | ModuleType):
            return self._named(value)
        if isinstance(value, Mapping):
            pairs = [f"{self.value(k)}: {self.value(v)}" for k, v in value.items()]
            return f"{{{', '.join(pairs)}}}"
        if isinstance(value, list | tuple | range):
            return f"[{', '.join(map(self.value, value))}]"
        if isinstance(value, set | frozenset):
            return f"{{{', '.join(sorted(map(self.value, value)))}}}"
        if isinstance(value, str | bytes) and len(value) > 99:
            data = value.encode() if isinstance(value, str) else value
            return f"{len(value)} {hashlib.sha256(data).hexdigest()}"
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            return repr(value)
        if isinstance(value, xr.Dataset | xr.DataArray | pd.DataFrame | pd.Series):
            return self.value(value.to_dict())
        if isinstance(value, np.ndarray | np.generic | torch.Tensor):
            return self._array(value)
        return self._object(value)

    def _array(self, value) -> str:
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().numpy()
        value = np.asarray(value)
        if value.dtype.kind in "biufc" and value.size:
            if value.dtype.kind in "fc":
                value = value.astype(complex if value.dtype.kind == "c" else float)
                largest = np.nanmax(abs(value)) or 1.0
                value = np.round(value / largest, DIGITS) + 0  # no minus zero
                told = f" {largest:.{DIGITS}g}"
            else:
                value, told = value.astype(np.int64), ""
            digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
            return f"{value.dtype.kind} {value.shape}{told} {digest}"
        return f"{value.shape} {self.value(value.ravel().tolist())}"

    def _object(self, value) -> str:
        kind = self._named(type(value))
        if dataclasses.is_dataclass(value):
            fields = [field.name for field in dataclasses.fields(value)]
            return kind + self.value({name: getattr(value, name) for name in fields})
        if hasattr(value, "get_params"):  # of scikit-learn
            return kind + self.value(value.get_params())
        return kind + self.value(dict(vars(value)) if hasattr(value, "__dict__") else {})

    def _named(self, value) -> str:
        name = value.__name__ if isinstance(value, ModuleType) else value.__module__
        if name == self.home and isinstance(value, type):
            return self._source(value)
        if name.startswith("datawall."):
            self.modules.add(name)
        return name if isinstance(value, ModuleType) else f"{name}.{value.__qualname__}"

    def _function(self, function: FunctionType) -> str:
        if function.__module__ != self.home:
            return self._named(function)
        inside = inspect.getclosurevars(function).nonlocals
        return self._source(function) + (self.value(inside) if inside else "")

    def _source(self, made) -> str:
        """Note the code of a function or class of the same file, and what that uses."""
        name = made.__qualname__
        if name in self.sources:
            return name
        try:
            source = textwrap.dedent(inspect.getsource(made))
            tree = ast.parse(source)
        except (OSError, TypeError, SyntaxError):
            raise ValueError(
                f"the code of {name} can't be read: define it by `def`, in a cell or a file"
            ) from None
        self.sources[name] = source
        around = made.__globals__ if isinstance(made, FunctionType) else {}
        own = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        for used in sorted({x.id for x in ast.walk(tree) if isinstance(x, ast.Name)} - own):
            if used in around:
                self.values[f"{name}.{used}"] = self.value(around[used])
        return name


def _axes(settings: Mapping) -> dict[str, list]:
    """The labels of each setting, without what `replicate` takes beside them."""
    return {k: list(v) for k, v in settings.items() if k not in ("along", "cost", "workers")}


def _ends(axes: Mapping[str, list], keep: Callable | None) -> list[dict]:
    """The labels of the first and of the last setting that is kept."""
    cells = (dict(zip(axes, labels, strict=True)) for labels in product(*axes.values()))
    kept = [cell for cell in cells if keep is None or keep(**cell)]
    return [kept[0], kept[-1]] if kept else []


def _compare(name: str, here: xr.Dataset, found: xr.Dataset, ends: list[dict]) -> None:
    for result, seed, cell in product(found.data_vars, here.seed.values, ends):
        values = found[result]
        if values.dtype.kind not in "biuf" or "seed" not in values.dims or result == "seconds":
            continue
        values = values.astype(float)
        run, stored = xr.align(here[result].sel(seed=seed, **cell), values.sel(cell), join="inner")
        if not run.size:
            raise ValueError(f"{name}: the short runs have no {result} to compare")
        run, kept = run.astype(float), stored.sel(seed=seed)
        seen = None
        if (run.isnull() != kept.isnull()).any():
            seen = f"{result} is missing"
        elif stored.seed.size > 1 and (gap := float(abs(run - kept).max())) > _far(stored, values):
            seen = f"{result} lies {gap:.3g} from what is stored"
        elif (gap := float(abs(run.mean() - kept.mean()))) > _far(
            stored.mean(run.dims), values.mean(run.dims)
        ):
            seen = f"the mean of {result} lies {gap:.3g} from what is stored"
        if seen:
            where = ", ".join(f"{k} {v}" for k, v in (cell | {"seed": int(seed)}).items())
            raise Disagreement(
                f"{name}: with {where}, {seen}, more than seeds do there: to make all runs here, "
                "take `stored` away"
            )


def _far(stored: xr.DataArray, values: xr.DataArray) -> float:
    """How far a run may lie from the stored one, by the stored seeds of its setting."""
    here, anywhere = (x.max("seed") - x.min("seed") for x in (stored, values))
    far = FAR * max(float(here.max()), float(anywhere.max()) / 10)
    return far or float(abs(stored).max()) / 20


def _read(path) -> xr.Dataset:
    """A stored Dataset, with the kinds of numbers and texts that it had: the format has fewer."""
    with xr.open_dataset(io.BytesIO(gzip.decompress(path.read_bytes())), engine="scipy") as data:
        data.load()
    kinds = {"i": int, "O": str}
    for name, values in data.variables.items():
        if values.dtype.kind in kinds:
            data[name] = values.dims, values.values.astype(kinds[values.dtype.kind])
    return data


def _bytes(data: xr.Dataset) -> bytes:
    """The same for the same data, whenever it is made."""
    return gzip.compress(bytes(data.to_netcdf(engine="scipy")), mtime=0)
