"""Studies: a grid of settings and a function, run once, kept row by row, gone on with after a kill.

A study is one file, `book/studies/NAME.py`, that names a `Study` as STUDY, and beside it NAME.csv
with a row for each run: settings, results, seconds, version of the code, versions of libraries.

    python -m datawall.evidence.study list
    python -m datawall.evidence.study run NAME [--workers N | --scheduler ADDRESS]
    python -m datawall.evidence.study status NAME
    python -m datawall.evidence.study verify NAME [--sample K --seed S --workers N]
    python -m datawall.evidence.study stamp NAME [--sample K --seed S --workers N]

Chapter: repeated-epochs.
"""

from __future__ import annotations

import argparse
import ast
import csv
import errno
import hashlib
import importlib.metadata
import io
import math
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import filelock
import joblib
import numpy as np
import xarray as xr
from joblib.externals.loky.process_executor import TerminatedWorkerError
from tqdm import tqdm

from datawall import BOOK
from datawall.evidence import workers as processes
from datawall.evidence.replicate import coordinate

STUDIES = BOOK / "studies"
PACKAGE = Path(__file__).parents[1]
# What runs and shows numbers and makes none: a change of it changes no version.
NO_NUMBERS = (
    "datawall.page",
    "datawall.evidence.study",
    "datawall.evidence.stored",
    "datawall.evidence.replicate",
    "datawall.evidence.workers",
    "datawall.evidence.progress",
)
LIBRARIES = ("numpy", "torch")
PATIENCE = 30  # seconds to wait for a cluster
ABOUT = ("seconds", "code", "libraries")  # columns after settings and results


class StudyError(Exception):
    """What stopped a study, and what to do; every row that was finished is safe."""


class Program(NamedTuple):
    """A study's file: its name and its text, which workers get since they may not have the file."""

    name: str
    source: str


@dataclass(frozen=True)
class Study:
    """A grid of settings and the function that runs one of them.

    grid: for each setting, a seed among them, the values that it takes: numbers, texts, True, False
    or None. A row on the disk holds their texts, and is read back by looking these up. function:
    called with a value for each setting; returns the results, names to finite numbers; draws
    nothing that isn't seeded. results: the names that it returns. tolerance: how far a result may
    lie from what another processor gives, relative to itself; or for each result a pair, so far
    relative to itself and so far in its own unit, added up. keep: of all combinations, those to
    run. along: a setting that one run passes through, such as the generation of a chain: the
    function is called without it and yields the results at each of its values in turn, each a row
    (anything, such as None, at a value that `keep` leaves out).
    program: the file that it came from; `load` sets it.

    Raises ValueError when two columns of its rows would have one name, a setting has no values, two
    that are equal or of one text, or one that has no text of its own, nothing is left to run,
    `along` isn't a setting, or a result has no tolerance.
    """

    grid: Mapping[str, Sequence]
    function: Callable[..., dict[str, float] | Iterator[dict[str, float]]]
    results: Sequence[str]
    tolerance: float | Mapping[str, tuple[float, float]]
    keep: Callable[..., bool] = lambda **settings: True
    along: str | None = None
    program: Program | None = None

    def __post_init__(self):
        grid = {name: _values(name, values) for name, values in self.grid.items()}
        object.__setattr__(self, "grid", grid)
        twice = [name for name, count in Counter(self.columns).items() if count > 1]
        if twice:
            raise ValueError(
                f"{', '.join(twice)}: two columns of this name; settings and results each need one "
                f"of their own, and {', '.join(ABOUT)} are taken"
            )
        if isinstance(self.tolerance, Mapping) and set(self.tolerance) != set(self.results):
            raise ValueError("give a tolerance for each result, or one for all")
        if self.along is not None and self.along not in self.grid:
            raise ValueError(f"along is {self.along}, and the settings are {', '.join(self.grid)}")
        if not self.cells:
            raise ValueError("keep leaves nothing to run: let it keep some combination")

    @property
    def columns(self) -> list[str]:
        """The names of a row's fields: settings, results, and what is known about the run."""
        return [*self.grid, *self.results, *ABOUT]

    @property
    def cells(self) -> list[dict]:
        """Every combination of settings that is to be run, in the grid's order."""
        every = (
            dict(zip(self.grid, values, strict=True)) for values in product(*self.grid.values())
        )
        return [settings for settings in every if self.keep(**settings)]

    def allowed(self, name: str) -> tuple[float, float]:
        """The tolerance of a result: relative to itself, and in its own unit."""
        if isinstance(self.tolerance, Mapping):
            return self.tolerance[name]
        return self.tolerance, 0.0

    def start(self, cell: Mapping) -> dict:
        """The settings with which the run of a cell starts: all but the one it passes along."""
        return {k: v for k, v in cell.items() if k != self.along}

    def runs(self, cells: Sequence[dict]) -> dict[tuple, list[dict]]:
        """The cells of each run, by the key of its start."""
        groups = {}
        for cell in cells:
            groups.setdefault(_key(self.start(cell)), []).append(cell)
        return groups

    def settings(self, texts: Mapping[str, str]) -> dict:
        """The settings whose texts these are. Raises KeyError for a text that isn't the grid's."""
        return {
            name: {str(value): value for value in values}[texts[name]]
            for name, values in self.grid.items()
        }


def _values(name: str, values: Sequence) -> tuple:
    """A setting's values, each of which can be told from the others by its text."""
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise ValueError(f"{name} is {values!r}: give the values that it takes, in a tuple")
    found = tuple(x.item() if isinstance(x, np.generic) else x for x in values)
    for value in found:
        number = isinstance(value, int | float) and math.isfinite(value)
        text = isinstance(value, str) and "\n" not in value and "\r" not in value
        if not (number or text or value is None):
            raise ValueError(
                f"{name} takes {value!r}: give finite numbers, texts of one line, True, False, None"
            )
    if len(set(found)) < len(found) or len(set(map(str, found))) < len(found):
        raise ValueError(f"{name} takes {found}: two of these are equal or have the same text")
    if not found:
        raise ValueError(f"{name} takes no value: give one or more")
    return found


@dataclass(frozen=True)
class Row:
    """One finished run: its settings, results, seconds, and the versions that made it."""

    settings: dict
    results: dict[str, float]
    seconds: float
    code: str
    libraries: str


class Record:
    """The rows of a study on disk: appended one by one, each in one write, and never rewritten.

    Only `replace` puts another file in its place, in one step. Raises StudyError when the
    file can't be read or written, or doesn't belong to the study.
    """

    def __init__(self, path: Path, study: Study):
        self.path, self.study = path, study
        self.columns = study.columns
        self._cut = self._infinite = ""

    @property
    def repaired(self) -> str:
        """What was found amiss in the file and will be run again; empty if nothing was."""
        return "\n".join(filter(None, (self._cut, self._infinite)))

    def read(self) -> list[Row]:
        """All rows but a last line that was cut short by a kill and results that aren't finite.

        `repaired` says what was left out.
        """
        if not self.path.exists():
            return []
        whole = self._whole(self.path.read_bytes())
        lines = list(csv.reader(io.StringIO(whole.decode("utf-8", errors="replace"))))
        if not lines:
            return []
        if lines[0] != self.columns:
            raise StudyError(
                f"{self.path}: its columns are {', '.join(lines[0])}, but the study has "
                f"{', '.join(self.columns)}: move the file away, or restore the study's code"
            )
        rows = [self._row(number, line) for number, line in enumerate(lines[1:], start=2)]
        finite = [row for row in rows if all(map(math.isfinite, row.results.values()))]
        if len(finite) < len(rows):
            count = len(rows) - len(finite)
            self._infinite = (
                f"{self.path.name}: {count} rows hold a result that is no finite number and will "
                "be run again"
            )
        return finite

    def _whole(self, data: bytes) -> bytes:
        """The file without a last line that was cut short; `repaired` says so."""
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            self._cut = f"{self.path.name}: its last line was cut short and will be run again"
        return whole

    def _row(self, number: int, line: list[str]) -> Row:
        try:
            fields = dict(zip(self.columns, line, strict=True))
            results = {k: float(fields[k]) for k in self.study.results}
            seconds = float(fields["seconds"])
        except ValueError:
            raise StudyError(
                f"{self.path}, line {number}: not a row of this study ({','.join(line)[:60]}): "
                "delete the line, and its run will be made again"
            ) from None
        try:
            settings = self.study.settings(fields)
        except KeyError:
            given = _text({name: fields[name] for name in self.study.grid})
            raise StudyError(
                f"{self.path}, line {number}: its settings are not of this grid ({given}): widen "
                "the grid again, or delete the line"
            ) from None
        return Row(settings, results, seconds, fields["code"], fields["libraries"])

    def open(self) -> None:
        """Make sure that rows can be added: write the header, or cut off a broken last line."""
        with _explained(self.path), self.path.open("ab+") as file:
            file.seek(0)
            whole = self._whole(file.read())
            file.truncate(len(whole))
            if not whole:
                file.write(self._line(self.columns))
            file.flush()
            os.fsync(file.fileno())

    def add(self, row: Row) -> None:
        """Append a row so that it is on the disk when this returns, or not at all."""
        line = self._line_of(row)
        with _explained(self.path), self.path.open("ab", buffering=0) as file:
            end = file.tell()
            try:
                if file.write(line) < len(line):
                    raise OSError(errno.ENOSPC, "no space for a whole row")
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise

    def replace(self, rows: Sequence[Row]) -> None:
        """Put these rows, in the grid's order, in the place of the file, in one step."""
        order = {_key(settings): i for i, settings in enumerate(self.study.cells)}
        ordered = sorted(rows, key=lambda row: order.get(_key(row.settings), len(order)))
        partial = self.path.with_suffix(".partial")
        with _explained(self.path):
            with partial.open("wb") as file:
                file.write(b"".join([self._line(self.columns), *map(self._line_of, ordered)]))
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, self.path)

    def _line_of(self, row: Row) -> bytes:
        fields = [*map(str, row.settings.values()), *(f"{x:.9g}" for x in row.results.values())]
        return self._line([*fields, f"{row.seconds:.2f}", row.code, row.libraries])

    @staticmethod
    def _line(fields: Sequence) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(fields)
        return text.getvalue().encode()


def load(name: str, folder: Path = STUDIES) -> tuple[Study, Record]:
    """A study and its rows' file, by name.

    Raises StudyError when there's no such study, or its file can't be executed or names none.
    """
    path = folder / f"{name}.py"
    if not path.exists():
        raise StudyError(f"no study {name!r}; there are: {', '.join(names(folder)) or 'none'}")
    try:
        program = Program(name, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} can't be read: {error}") from None
    study = _study(program)
    return study, Record(path.with_suffix(".csv"), study)


@cache
def _study(program: Program) -> Study:
    """The study in a program, which is executed once in each process."""
    module = ModuleType(f"study_{program.name.replace('-', '_')}")
    sys.modules[module.__name__] = module
    try:
        exec(compile(program.source, f"{program.name}.py", "exec"), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise StudyError(
            f"{program.name}.py can't be executed: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(vars(module).get("STUDY"), Study):
        raise StudyError(f"{program.name}.py names no study: let STUDY = study.Study(...)")
    return replace(module.STUDY, program=program)


def names(folder: Path = STUDIES) -> list[str]:
    """The names of all studies."""
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def code_version(study: Study) -> str:
    """Twelve digits of a hash of the code that the results depend on.

    That is the study's program and all of this package that it imports, directly or not, in a
    function or at the top; what is imported by other ways than a statement isn't seen. Hashed is
    what the code does: comments, docstrings and formatting don't count. NO_NUMBERS names what is
    left out, since it runs or shows what others compute: this module, `replicate`, and the page.
    Versions of other packages stand in a row of their own.
    """
    return version_of(study.program.source)


def version_of(source: str) -> str:
    """The same for any program, given as its text."""
    found = {"": _meaning(ast.parse(source))}
    ahead = [*_imports(ast.parse(source), "")]
    while ahead:
        name = ahead.pop()
        path = _module_path(name)
        if name in found or path is None or _makes_no_numbers(name):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        ahead.extend(_imports(tree, package))
        found[name] = _meaning(tree)
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()[:12]


def _makes_no_numbers(name: str) -> bool:
    return any(name == x or name.startswith(x + ".") for x in NO_NUMBERS)


def _module_path(name: str) -> Path | None:
    """The file of a module of this package; None if it is no such module."""
    first, *rest = name.split(".")
    if first != "datawall":
        return None
    base = PACKAGE.joinpath(*rest)
    for path in (base / "__init__.py", base.with_suffix(".py")):
        if path.is_file():
            return path
    return None


def _imports(tree: ast.AST, package: str) -> Iterator[str]:
    """The names of what a program may import, the packages around it included."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            around = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(around if node.level else ()), *filter(None, [node.module])])
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[: i + 1]) for i in range(len(parts)))


def _meaning(node: Any) -> str:
    """A text of a syntax tree, the same for each Python, without docstrings."""
    if isinstance(node, list):
        return f"[{','.join(map(_meaning, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
        fields["body"] = node.body[1:]
    said = [
        f"{name}={_meaning(value)}"
        for name, value in fields.items()  # which empty fields there are differs by Python
        if (value not in (None, []) or isinstance(node, ast.Constant)) and name != "kind"
    ]
    return f"{type(node).__name__}({','.join(said)})"


def library_versions() -> str:
    """Python and the libraries that compute, as `python 3.11.7, numpy 2.4.6, torch 2.13.0`."""
    found = [f"{name} {importlib.metadata.version(name).split('+')[0]}" for name in LIBRARIES]
    return ", ".join([f"python {platform.python_version()}", *found])


OLD = ("refuse", "keep", "redo")


def run(
    study: Study,
    record: Record,
    workers: int | None = None,
    scheduler: str | None = None,
    old: str = "refuse",
    progress: bool = True,
) -> list[str]:
    """Run what the record lacks; return a sentence for each run that failed.

    workers: processes, by default one a core. scheduler: address of a Dask scheduler, whose workers
    are used instead. old: what to do with rows of another version of the code: "refuse", "keep"
    them as they are, or "redo" them. A run whose result is no finite number has failed.

    A row is on the disk as soon as its run ends, so whatever kills this loses only runs that hadn't
    ended. A killed worker's runs are made again. Raises StudyError for what it can't go on with.
    """
    if old not in OLD:
        raise StudyError(f"old is {old!r}: give one of {', '.join(OLD)}")
    _check_workers(workers, scheduler)
    version, libraries = code_version(study), library_versions()
    with _alone(record.path):
        record.open()
        done = _usable(record, version, old)
        finished = {_key(row.settings) for row in done}
        todo = [cell for cell in study.cells if _key(cell) not in finished]
        failed = []
        with tqdm(total=len(study.cells), initial=len(done), disable=not progress) as bar:
            for settings, outcome, seconds in _results(study, todo, workers, scheduler):
                if isinstance(outcome, str):
                    failed.append(f"{_text(settings)}: {outcome}")
                    continue
                record.add(Row(settings, outcome, seconds, version, libraries))
                bar.update()
        if not failed:
            record.replace(record.read())
    return failed


def verify(
    study: Study, record: Record, sample: int, *, seed: int, workers: int | None = None
) -> list[str]:
    """Re-run `sample` rows chosen at random; return a sentence for each that no longer holds.

    workers: processes, by default one a core. Raises StudyError when there are no rows, or for a
    sample below one.
    """
    _check_workers(workers, None)
    if isinstance(sample, bool) or not isinstance(sample, int) or sample < 1:
        raise StudyError(f"sample is {sample!r}: give a whole number of rows, one or more")
    rows = record.read()
    if not rows:
        raise StudyError(f"{record.path}: no rows yet, so there's nothing to verify: run it first")
    chosen = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))[:sample]]
    again = {
        _key(settings): outcome
        for settings, outcome, _ in _results(study, [r.settings for r in chosen], workers, None)
    }
    return [fault for row in chosen for fault in _faults(study, row, again[_key(row.settings)])]


def _faults(study: Study, row: Row, again: dict[str, float] | str) -> Iterator[str]:
    """A sentence for each result that isn't what was recorded, within the tolerance."""
    if isinstance(again, str):
        yield f"{_text(row.settings)}: {again}"
        return
    for name, value in again.items():
        recorded = row.results[name]
        relative, absolute = study.allowed(name)
        if not abs(value - recorded) <= relative * abs(recorded) + absolute:
            yield f"{_text(row.settings)}: {name} is {value:.6g}, recorded {recorded:.6g}"


def stamp(
    study: Study, record: Record, sample: int, *, seed: int, workers: int | None = None
) -> str:
    """Say of all rows that today's code makes them, if a sample of them holds; return its version.

    For a change of the code that leaves the numbers as they are. `sample` rows chosen at random are
    run again as `verify` does. The version of the code is changed in all rows in one step, and
    nothing else. Raises StudyError, which names them, if any doesn't hold, and for rows that `run`
    would refuse; the file then stays as it was.
    """
    version = code_version(study)
    with _alone(record.path):
        rows = _usable(record, version, "keep")
        faults = verify(study, record, sample, seed=seed, workers=workers)
        if faults:
            lines = "\n".join(faults)
            raise StudyError(
                f"{record.path}: no row is stamped, since the code gives other numbers now:\n"
                f"{lines}\nMake the rows again by run --old redo"
            )
        if code_version(study) != version:
            raise StudyError("the code was changed while rows were run again: stamp once more")
        record.replace([replace(row, code=version) for row in rows])
    return version


def table(name: str, folder: Path = STUDIES) -> xr.Dataset:
    """The rows of a study as a Dataset with a dimension for each setting; NaN where none is.

    Its variables are the results, and `seconds`. A setting of None has the label "None".
    """
    study, record = load(name, folder)
    places = {k: {str(x): i for i, x in enumerate(v)} for k, v in study.grid.items()}
    shape = [len(values) for values in study.grid.values()]
    found = {k: np.full(shape, np.nan) for k in (*study.results, "seconds")}
    for row in record.read():
        at = tuple(place[str(row.settings[k])] for k, place in places.items())
        for k in study.results:
            found[k][at] = row.results[k]
        found["seconds"][at] = row.seconds
    dims = list(study.grid)
    coords = {name: (name, coordinate(values)) for name, values in study.grid.items()}
    return xr.Dataset({k: (dims, v) for k, v in found.items()}, coords)


def _usable(record: Record, version: str, old: str) -> list[Row]:
    """The rows that count as done; those of another version as `old` says."""
    rows = record.read()
    if len({_key(row.settings) for row in rows}) < len(rows):
        raise StudyError(f"{record.path}: two rows have the same settings: delete one of them")
    wanted = {_key(settings) for settings in record.study.cells}
    strangers = [row for row in rows if _key(row.settings) not in wanted]
    if strangers:
        raise StudyError(
            f"{record.path}: {len(strangers)} rows are not of this grid, such as "
            f"{_text(strangers[0].settings)}: widen the grid again, or delete them"
        )
    others = [row for row in rows if row.code != version]
    if others and old == "refuse":
        raise StudyError(
            f"{record.path}: {len(others)} of {len(rows)} rows were made by another version of the "
            f"code ({others[0].code}, now {version}): `stamp` them if a sample still holds, or "
            "run with --old redo to make them again or with --old keep to leave them"
        )
    if others and old == "redo":
        record.replace([row for row in rows if row.code == version])
        return record.read()
    return rows


def _check_workers(workers: int | None, scheduler: str | None) -> None:
    if workers is None:
        return
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise StudyError(f"workers is {workers!r}: give a whole number of processes, one or more")
    if scheduler is not None:
        raise StudyError("a cluster has workers of its own: give workers or a scheduler")


def _results(study, todo, workers, scheduler) -> Iterator[tuple[dict, dict | str, float]]:
    if scheduler is not None:
        yield from _on_cluster(study, todo, scheduler)
        return
    left = study.runs(todo)
    while left:
        before = len(left)
        count = min(workers or joblib.cpu_count(), len(left))
        parallel = processes.parallel(count, return_as="generator_unordered", batch_size=1)
        try:
            for rows in parallel(
                joblib.delayed(_one)(study.program, cells) for cells in list(left.values())
            ):
                settings, *_ = rows[0]
                del left[_key(study.start(settings))]
                yield from rows
        except TerminatedWorkerError:
            if len(left) == before:
                raise StudyError(
                    "a worker was killed before any run ended, perhaps for want of memory: "
                    "use fewer with --workers, and run again"
                ) from None


def _on_cluster(study, todo, scheduler):
    try:
        from dask.distributed import Client, as_completed
    except ImportError:
        raise StudyError(
            "--scheduler needs the package distributed: run `pip install distributed`"
        ) from None
    try:
        found = Client(scheduler, timeout=PATIENCE)
    except (OSError, ValueError, TypeError) as error:
        raise StudyError(
            f"no Dask scheduler at {scheduler!r} ({type(error).__name__}): give an address such as "
            "tcp://127.0.0.1:8786, where `dask scheduler` listens"
        ) from None
    with found as client:
        runs = study.runs(todo).values()
        futures = [client.submit(_one, study.program, cells, pure=False) for cells in runs]
        for future in as_completed(futures):
            yield from future.result()
            future.release()


def _one(program: Program, cells: list[dict]) -> list[tuple[dict, dict[str, float] | str, float]]:
    """One run: for each of its cells the settings, its results or what went wrong, and seconds."""
    rows, began = [], time.perf_counter()
    left = {_key(settings): settings for settings in cells}
    try:
        study = _study(program)
        for settings, found in _results_of(study, cells[0]):
            if left.pop(_key(settings), None) is not None:
                rows.append((settings, _outcome(study, found), time.perf_counter() - began))
            if not left:
                return rows
            began = time.perf_counter()
        failure = "the function yielded no results for this"
        kept = [cell for cell in study.cells if study.start(cell) == study.start(cells[0])]
        if study.along and len(kept) < len(study.grid[study.along]):
            # Those that came may belong to other values: which is the first can't be seen.
            rows, left = [], {_key(settings): settings for settings in cells}
            failure = (
                f"the function ended too early: let it yield once for each value of {study.along}, "
                "None for one that keep leaves out"
            )
    except Exception as error:  # one run's failure mustn't stop the others
        failure = f"{type(error).__name__}: {error}"
    seconds = time.perf_counter() - began
    return rows + [(settings, failure, seconds) for settings in left.values()]


def _outcome(study: Study, found: Mapping) -> dict[str, float] | str:
    """The results of a run; or what is wrong with them."""
    results = {name: float(found[name]) for name in study.results}
    odd = [f"{name} is {x}" for name, x in results.items() if not math.isfinite(x)]
    return ", ".join(odd) + ": no finite number" if odd else results


def _results_of(study: Study, cell: dict) -> Iterator[tuple[dict, dict[str, float]]]:
    """The settings that one run passes through, each with what the function found there."""
    if study.along is None:
        yield cell, study.function(**cell)
        return
    steps = study.function(**study.start(cell))
    for value, found in zip(study.grid[study.along], steps, strict=False):
        yield {**cell, study.along: value}, found


def _alone(path: Path):
    """A lock that ends with the process, however it ends."""
    lock = filelock.FileLock(path.with_suffix(".lock"))
    try:
        with _explained(path.parent):
            return lock.acquire(timeout=0)  # held until the end of a `with`
    except filelock.Timeout:
        raise StudyError(f"{path.stem}: another process is running this study") from None


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """What the disk refuses, as a StudyError that says why and what to do."""
    try:
        yield
    except filelock.Timeout:  # an OSError, too
        raise
    except OSError as error:
        raise StudyError(f"{path}: {_why(error)}") from None


def _why(error: OSError) -> str:
    reasons = {
        errno.ENOSPC: "the disk is full: free some space",
        errno.EFBIG: "the file may not grow further: raise the limit on file sizes",
        errno.EDQUOT: "your quota is used up: free some space",
        errno.EACCES: "it may not be written to: change its permissions, or copy the folder",
        errno.EROFS: "it lies on a read-only disk: copy the folder to another",
    }
    reason = reasons.get(error.errno, f"{error.strerror or error}")
    return f"{reason}, and run again; every finished row is safe"


def _key(settings: dict) -> tuple:
    return tuple(sorted((name, str(value)) for name, value in settings.items()))


def _text(settings: dict) -> str:
    return ", ".join(f"{k} {v}" for k, v in settings.items())


def _status(name: str, study: Study, record: Record) -> str:
    rows, cells = record.read(), study.cells
    version = code_version(study)
    seconds = sum(row.seconds for row in rows)
    lines = [
        f"{name}: {len(rows)} of {len(cells)} runs done, {seconds / 60:.1f} minutes of one core"
    ]
    if rows and len(rows) < len(cells):
        left = seconds / len(rows) * (len(cells) - len(rows)) / joblib.cpu_count() / 60
        lines.append(f"about {left:.0f} minutes left on this machine's {joblib.cpu_count()} cores")
    others = sum(row.code != version for row in rows)
    if others:
        lines.append(f"{others} rows were made by another version of the code than {version}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 if all went well."""
    parser = argparse.ArgumentParser(prog="python -m datawall.evidence.study", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--folder", type=Path, default=STUDIES, help="where the studies lie")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="name the studies and how far they are")
    for command, what in (
        ("status", "say how far it is"),
        ("run", "run what is left"),
        ("verify", "re-run some rows and compare"),
        ("stamp", "re-run some rows and, if they hold, give all the code's version"),
    ):
        sub = commands.add_parser(command, help=what)
        sub.add_argument("name")
        if command != "status":
            sub.add_argument("--workers", type=int, help="processes (default: one a core)")
        if command == "run":
            sub.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster to run on")
            sub.add_argument("--old", choices=OLD, default="refuse")
        if command in ("verify", "stamp"):
            usual = 3 if command == "verify" else 20
            sub.add_argument("--sample", type=int, default=usual, metavar="K")
            sub.add_argument("--seed", type=int, default=0, metavar="S")
    given = parser.parse_args(arguments)
    try:
        return _command(given)
    except StudyError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; every finished row is safe, and run goes on from there", file=sys.stderr)
        return 130


def _command(given) -> int:
    if given.command == "list":
        for name in names(given.folder):
            try:
                print(_status(name, *load(name, given.folder)))
            except StudyError as error:  # one broken study hides no other
                print(f"{name}: {error}")
        return 0
    study, record = load(given.name, given.folder)
    if given.command == "status":
        print(_status(given.name, study, record))
        return 0
    sample = dict(seed=given.seed, workers=given.workers) if "sample" in given else {}
    if given.command == "verify":
        faults = verify(study, record, given.sample, **sample)
        print("\n".join(faults) or f"{min(given.sample, len(record.read()))} rows hold")
        return bool(faults)
    if given.command == "stamp":
        version = stamp(study, record, given.sample, **sample)
        rows = record.read()
        print(f"{min(given.sample, len(rows))} rows hold; all {len(rows)} are stamped {version}")
        return 0
    failed = run(study, record, given.workers, given.scheduler, given.old)
    if record.repaired:
        print(record.repaired)
    print(_status(given.name, study, record))
    for sentence in failed:
        print(f"failed: {sentence}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    # By its own name, so that studies and workers meet the same classes as this process.
    from datawall.evidence import study

    sys.exit(study.main())
