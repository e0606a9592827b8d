"""Studies: a grid of settings and a function, run once, kept row by row, gone on with after a kill.

A study is one file, `book/studies/NAME.py`, that names a `Study` as STUDY, and beside it NAME.csv
with a row for each run: settings, results, seconds, version of the code, versions of libraries.

    python -m datawall_before.study list
    python -m datawall_before.study run NAME [--workers N | --scheduler ADDRESS]
    python -m datawall_before.study status NAME
    python -m datawall_before.study verify NAME [--sample K --seed S]

Chapter: repeated-epochs.
"""

from __future__ import annotations

import argparse
import csv
import errno
import hashlib
import importlib.metadata
import io
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
from typing import NamedTuple

import filelock
import joblib
import numpy as np
from joblib.externals.loky.process_executor import TerminatedWorkerError
from tqdm import tqdm

STUDIES = Path(__file__).parent.parent / "studies"
LIBRARIES = ("numpy", "torch")
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

    grid: for each setting, a seed among them, the values that it takes. function: called with a
    value for each setting; returns the results, names to numbers; draws nothing that isn't seeded.
    results: the names that it returns. tolerance: how far a result may lie from what another
    processor gives, relative to itself; or for each result a pair, so far relative to itself and so
    far in its own unit, added up. uses: the modules whose code the results depend on. keep: of all
    combinations, those to run. along: a setting that one run passes through, such as the generation
    of a chain: the function is called without it and yields the results at each of its values in
    turn, each a row. program: the file that it came from; `load` sets it.

    Raises ValueError when two columns of its rows would have one name, `along` isn't a setting, or
    a result has no tolerance.
    """

    grid: Mapping[str, Sequence]
    function: Callable[..., dict[str, float] | Iterator[dict[str, float]]]
    results: Sequence[str]
    tolerance: float | Mapping[str, tuple[float, float]]
    uses: Sequence[ModuleType] = ()
    keep: Callable[..., bool] = lambda **settings: True
    along: str | None = None
    program: Program | None = None

    def __post_init__(self):
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
        self.repaired = ""

    def read(self) -> list[Row]:
        """All rows. A last line that was cut short by a kill is dropped, and `repaired` says so."""
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
        return [self._row(number, line) for number, line in enumerate(lines[1:], start=2)]

    def _whole(self, data: bytes) -> bytes:
        """The file without a last line that was cut short; `repaired` says so."""
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            self.repaired = f"{self.path.name}: its last line was cut short and will be run again"
        return whole

    def _row(self, number: int, line: list[str]) -> Row:
        try:
            fields = dict(zip(self.columns, line, strict=True))
            settings = {k: type(values[0])(fields[k]) for k, values in self.study.grid.items()}
            results = {k: float(fields[k]) for k in self.study.results}
            return Row(
                settings, results, float(fields["seconds"]), fields["code"], fields["libraries"]
            )
        except ValueError:
            raise StudyError(
                f"{self.path}, line {number}: not a row of this study ({','.join(line)[:60]}): "
                "delete the line, and its run will be made again"
            ) from None

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
        fields = [*row.settings.values(), *(f"{x:.9g}" for x in row.results.values())]
        return self._line([*fields, f"{row.seconds:.2f}", row.code, row.libraries])

    @staticmethod
    def _line(fields: Sequence) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(fields)
        return text.getvalue().encode()


def load(name: str, folder: Path = STUDIES) -> tuple[Study, Record]:
    """A study and its rows' file, by name. Raises StudyError when there's no such study."""
    path = folder / f"{name}.py"
    if not path.exists():
        raise StudyError(f"no study {name!r}; there are: {', '.join(names(folder)) or 'none'}")
    study = _study(Program(name, path.read_text(encoding="utf-8")))
    return study, Record(path.with_suffix(".csv"), study)


@cache
def _study(program: Program) -> Study:
    """The study in a program, which is executed once in each process."""
    module = ModuleType(f"study_{program.name.replace('-', '_')}")
    sys.modules[module.__name__] = module
    exec(compile(program.source, f"{program.name}.py", "exec"), vars(module))
    return replace(module.STUDY, program=program)


def names(folder: Path = STUDIES) -> list[str]:
    """The names of all studies."""
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def code_version(study: Study) -> str:
    """Twelve digits of a hash of the code that the results depend on."""
    files = [Path(module.__file__).read_text(encoding="utf-8") for module in study.uses]
    return hashlib.sha256("".join([study.program.source, *files]).encode()).hexdigest()[:12]


def library_versions() -> str:
    """Python and the libraries that compute, as `python 3.11.7, numpy 2.4.6, torch 2.13.0`."""
    found = [f"{name} {importlib.metadata.version(name).split('+')[0]}" for name in LIBRARIES]
    return ", ".join([f"python {platform.python_version()}", *found])


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
    them as they are, or "redo" them.

    A row is on the disk as soon as its run ends, so whatever kills this loses only runs that hadn't
    ended. A killed worker's runs are made again. Raises StudyError for what it can't go on with.
    """
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


def verify(study: Study, record: Record, sample: int, seed: int) -> list[str]:
    """Re-run `sample` rows chosen at random; return a sentence for each that no longer holds."""
    rows = record.read()
    if not rows:
        raise StudyError(f"{record.path}: no rows yet, so there's nothing to verify: run it first")
    chosen = np.random.default_rng(seed).permutation(len(rows))[:sample]
    faults = []
    for row in (rows[i] for i in chosen):
        ((_, again, _),) = _one(study.program, [row.settings])
        if isinstance(again, str):
            faults.append(f"{_text(row.settings)}: {again}")
            continue
        for name, value in again.items():
            recorded = row.results[name]
            relative, absolute = study.allowed(name)
            if not abs(value - recorded) <= relative * abs(recorded) + absolute:
                faults.append(
                    f"{_text(row.settings)}: {name} is {value:.6g}, recorded {recorded:.6g}"
                )
    return faults


def table(name: str, folder: Path = STUDIES) -> dict[str, np.ndarray]:
    """The rows of a study as columns (runs,): settings, results and seconds by name."""
    study, record = load(name, folder)
    rows = record.read()
    columns = {k: np.array([row.settings[k] for row in rows]) for k in study.grid}
    columns |= {k: np.array([row.results[k] for row in rows]) for k in study.results}
    return columns | {"seconds": np.array([row.seconds for row in rows])}


def select(rows: Mapping[str, np.ndarray], column: str, /, **settings) -> np.ndarray:
    """The values (runs,) of a column of `table` in the rows of these settings, in their order.

    Raises ValueError when no row has them, so that an empty mean can't pass for a result.
    """
    chosen = np.all([rows[name] == value for name, value in settings.items()], axis=0)
    if not np.any(chosen):
        raise ValueError(f"no row of this study has {_text(settings)}: look at its grid")
    return rows[column][chosen]


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
            f"code ({others[0].code}, now {version}): see by `verify` whether they still hold, "
            "then run with --old keep to leave them or with --old redo to make them again"
        )
    if others and old == "redo":
        record.replace([row for row in rows if row.code == version])
        return record.read()
    return rows


def _results(study, todo, workers, scheduler) -> Iterator[tuple[dict, dict | str, float]]:
    if scheduler:
        yield from _on_cluster(study, todo, scheduler)
        return
    left = study.runs(todo)
    while left:
        before = len(left)
        parallel = joblib.Parallel(
            n_jobs=workers or joblib.cpu_count(), return_as="generator_unordered", batch_size=1
        )
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
    with Client(scheduler, timeout=30) as client:
        runs = study.runs(todo).values()
        futures = [client.submit(_one, study.program, cells, pure=False) for cells in runs]
        for future in as_completed(futures):
            yield from future.result()
            future.release()


def _one(program: Program, cells: list[dict]) -> list[tuple[dict, dict[str, float] | str, float]]:
    """One run: for each of its cells the settings, its results or what went wrong, and seconds."""
    rows, left, began = [], list(cells), time.perf_counter()
    try:
        study = _study(program)
        for settings, found in _results_of(study, cells[0]):
            outcome = {name: float(found[name]) for name in study.results}
            if settings in left:
                left.remove(settings)
                rows.append((settings, outcome, time.perf_counter() - began))
            if not left:
                return rows
            began = time.perf_counter()
        failure = "the function yielded no results for this"
    except Exception as error:  # one run's failure mustn't stop the others
        failure = f"{type(error).__name__}: {error}"
    return rows + [(settings, failure, time.perf_counter() - began) for settings in left]


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
    return tuple(sorted(settings.items()))


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
    parser = argparse.ArgumentParser(prog="python -m datawall_before.study", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--folder", type=Path, default=STUDIES, help="where the studies lie")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="name the studies and how far they are")
    for command, what in (
        ("status", "say how far it is"),
        ("run", "run what is left"),
        ("verify", "re-run some rows and compare"),
    ):
        sub = commands.add_parser(command, help=what)
        sub.add_argument("name")
        if command == "run":
            sub.add_argument("--workers", type=int, help="processes (default: one a core)")
            sub.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster to run on")
            sub.add_argument("--old", choices=("refuse", "keep", "redo"), default="refuse")
        if command == "verify":
            sub.add_argument("--sample", type=int, default=3, metavar="K")
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
            print(_status(name, *load(name, given.folder)))
        return 0
    study, record = load(given.name, given.folder)
    if given.command == "status":
        print(_status(given.name, study, record))
        return 0
    if given.command == "verify":
        faults = verify(study, record, given.sample, given.seed)
        print("\n".join(faults) or f"{min(given.sample, len(record.read()))} rows hold")
        return bool(faults)
    failed = run(study, record, given.workers, given.scheduler, given.old)
    if record.repaired:
        print(record.repaired)
    print(_status(given.name, study, record))
    for sentence in failed:
        print(f"failed: {sentence}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    # By its own name, so that studies and workers meet the same classes as this process.
    from datawall_before import study

    sys.exit(study.main())
