"""Processes for an experiment, on machines whose memory, folders or limits aren't what one expects.

`replicate` and the studies run on them. What goes wrong is told in a sentence: joblib alone waits
for ever when memory ends at certain moments.
"""

from __future__ import annotations

import _thread
import multiprocessing
import os
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

import joblib

START = 180  # seconds in which processes must have started; they take five on a slow machine


class _Watched(joblib.Parallel):
    """joblib's `Parallel` that tells how many tasks are done."""

    moved: Callable[[int], None] | None = None

    def print_progress(self) -> None:
        """Called by joblib each time that tasks are done."""
        if self.moved is not None:
            self.moved(self.n_completed_tasks)
        super().print_progress()


def run(
    tasks: Iterable,
    count: int | None = None,
    *,
    needs: Callable | None = None,
    moved: Callable[[int], None] | None = None,
) -> list:
    """The results of tasks (`joblib.delayed`), in their order, from `count` processes.

    count: by default one a core. needs: what each process must be able to load before it works,
    the function that the tasks call. moved: is called with the number of tasks that are done, now
    and then and from any thread. Raises MemoryError, with what to do, when the processes don't
    start, die, or can't be served; what a task raises is raised.
    """
    count = joblib.cpu_count() if count is None else count
    if count == 1:
        return _watched(_Watched(1), moved)(tasks)
    with _told(count), warnings.catch_warnings():
        # joblib ends a process that has grown by 300 MB and starts another: nothing is lost.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")
        parallel(count, timeout=START)(joblib.delayed(_loaded)(needs) for _ in range(count))
        return _watched(parallel(count), moved)(tasks)


def parallel(count: int, **options) -> joblib.Parallel:
    """joblib's `Parallel`, with a folder for its files in which it can work."""
    return _Watched(count, temp_folder=temporary_folder(), **options)


def _watched(parallel: joblib.Parallel, moved: Callable[[int], None] | None) -> joblib.Parallel:
    parallel.moved = moved
    return parallel


def temporary_folder() -> str | None:
    """A folder for joblib, which fails where a path holds letters beyond ASCII; None for its own.

    The first that will do of: the one that JOBLIB_TEMP_FOLDER names, memory, the system's.
    """
    named = os.environ.get("JOBLIB_TEMP_FOLDER")
    folders = [named, "/dev/shm", tempfile.gettempdir(), "/tmp", os.environ.get("PUBLIC")]
    usable = (x for x in folders if x and x.isascii() and os.access(x, os.W_OK))
    found = next(usable, None)
    return found if found == named or found is None else str(Path(found))


def _loaded(needs) -> None:
    """Nothing: but a process that can be asked has loaded what `needs` is."""


@contextmanager
def _told(count: int) -> Iterator[None]:
    """What ends processes, or a thread that serves them, as a MemoryError."""
    fallen: list[BaseException] = []
    hook, mine = threading.excepthook, threading.current_thread() is threading.main_thread()

    def fell(about) -> None:
        hook(about)
        if mine and isinstance(about.exc_value, MemoryError | RuntimeError | OSError):
            fallen.append(about.exc_value)
            _thread.interrupt_main()  # or joblib would wait for the thread for ever

    threading.excepthook = fell
    try:
        yield
    except (BrokenProcessPool, TimeoutError, multiprocessing.TimeoutError) as error:
        raise MemoryError(_advice(count, error)) from error
    except KeyboardInterrupt:
        if not fallen:
            raise
        raise MemoryError(_advice(count, fallen[0])) from fallen[0]
    finally:
        threading.excepthook = hook


def _advice(count: int, error: BaseException) -> str:
    return (
        f"{count} processes could not be started or kept ({type(error).__name__}), most likely for "
        f"want of memory{_limit()}: close other programs or raise the limit, or use fewer "
        "processes, as in workers=1"
    )


def _limit() -> str:
    try:
        import resource
    except ImportError:  # Windows
        return ""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return "" if limit < 0 else f" (each may have {limit / 2**30:.1f} GB, says `ulimit -v`)"
