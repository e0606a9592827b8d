"""Processes on machines with little memory, or with folders named in other scripts."""

import os
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import joblib
import pytest
from joblib.externals.loky.process_executor import TerminatedWorkerError

from datawall.evidence import workers

BOOK = Path(__file__).resolve().parent.parent / "book"
SMALL = """
import os
from datawall.evidence.replicate import replicate
def twice(seed):
    return {"twice": 2.0 * seed}
print(*replicate(twice, seeds=[1, 2, 3], workers=2).twice.values)
"""


def in_fresh_python(program, before="", **environment):
    command = ["sh", "-c", f'{before} exec "$0" -c "$1"', sys.executable, program]
    return subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": str(BOOK)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("names", [["JOBLIB_TEMP_FOLDER"], ["JOBLIB_TEMP_FOLDER", "TMPDIR"]])
def test_a_temporary_folder_in_another_script_does_no_harm(tmp_path, names):
    folder = tmp_path / "数据"
    folder.mkdir()
    run = in_fresh_python(SMALL, **{name: str(folder) for name in names})
    assert run.stdout.split() == ["2.0", "4.0", "6.0"], run.stderr


def test_a_usable_folder_that_is_named_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path))
    assert workers.temporary_folder() == str(tmp_path)
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path / "数据"))
    assert workers.temporary_folder().isascii()


def test_a_process_that_has_grown_is_changed_for_a_new_one_without_a_word(monkeypatch):
    def changing(count, **options):
        def served(tasks):
            said = "A worker stopped while some jobs were given to the executor."
            warnings.warn(said, stacklevel=1)
            return [function(*given) for function, given, _ in tasks]

        return served

    monkeypatch.setattr(workers, "parallel", changing)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert workers.run([joblib.delayed(abs)(-1), joblib.delayed(abs)(2)], 2) == [1, 2]


def dies(seed):
    os._exit(1)


def test_a_process_that_is_killed_is_told_as_want_of_memory():
    with pytest.raises(MemoryError, match=r"2 processes .* want of memory.* workers=1") as raised:
        workers.run([joblib.delayed(dies)(seed) for seed in range(2)], 2)
    assert isinstance(raised.value.__cause__, TerminatedWorkerError)


class SlowToLoad:
    """What takes a process longer to load than it may."""

    def __reduce__(self):
        return __import__("time").sleep, (60,)


def test_processes_that_do_not_start_are_not_waited_for(monkeypatch):
    monkeypatch.setattr(workers, "START", 2)
    with pytest.raises(MemoryError, match="TimeoutError"):
        workers.run([joblib.delayed(dies)(0)], 2, needs=SlowToLoad())


def falls():
    raise RuntimeError("can't start new thread")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_falls_ends_the_wait():
    hook = threading.excepthook
    with pytest.raises(MemoryError, match="RuntimeError"), workers._told(2):
        threading.Thread(target=falls).start()
        for _ in range(600):  # as joblib waits
            time.sleep(0.1)
    assert threading.excepthook is hook


def test_an_interrupt_by_hand_stays_one():
    with pytest.raises(KeyboardInterrupt), workers._told(2):
        raise KeyboardInterrupt


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such limit")
def test_under_a_tight_limit_an_experiment_ends():
    run = in_fresh_python(SMALL, before="ulimit -v 500000;")
    assert run.stdout.split() == ["2.0", "4.0", "6.0"] or "Error" in run.stderr
