"""The benchmarks call what the library has. How fast that is, `make bench` tells."""

import importlib.util
import inspect
from pathlib import Path
from types import SimpleNamespace

import pytest

PATH = Path(__file__).resolve().parent / "bench" / "bench_library.py"
SPEC = importlib.util.spec_from_file_location("bench_library", PATH)
BENCH = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(BENCH)
NAMES = [name for name in vars(BENCH) if name.startswith("test_") and name != "test_chapter"]


def bound(function, args=(), kwargs=None, **rounds):
    """Raises TypeError for arguments that a function doesn't take; doesn't call it."""
    inspect.signature(function).bind(*args, **(kwargs or {}))


def called(name):
    """A benchmark, with everything that it times bound and not run."""
    timer = SimpleNamespace(pedantic=bound, stats=SimpleNamespace(stats=SimpleNamespace(median=1)))
    function, told = getattr(BENCH, name), []
    ((_, values), *_) = [m.args for m in getattr(function, "pytestmark", ())] or [("", [None])]
    for value in values:
        more = () if value is None else (value,)
        function(timer, told.append, *more)
    return told


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_calls_what_there_is(name, monkeypatch):
    monkeypatch.setattr(BENCH, "seconds", lambda function, *args: bound(function, args) or 1.0)
    monkeypatch.setattr(BENCH.train, "sweep", inspect.signature(BENCH.train.sweep).bind)
    monkeypatch.setattr(BENCH, "matmul_rate", lambda: 1.0)
    told = called(name)
    assert told and all(isinstance(line, str) for line in told)


def test_arguments_that_nothing_takes_are_found():
    with pytest.raises(TypeError, match="seed"):
        bound(BENCH.sample, (None, None, 63, 0))
