"""How far an experiment is: a bar while it works, in a notebook or a terminal, and nothing after.

`replicate` and all that is built on it show one. Where nobody watches, as when a chapter is
executed for its outputs or a test runs, nothing is shown and nothing is stored.
"""

from __future__ import annotations

import contextvars
import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from tqdm import tqdm

WAIT = 1.0  # seconds before a bar appears: what ends sooner needs none
PACE = 0.5  # seconds between two looks at how far it is

_shown = threading.Lock()  # a bar at a time: of experiments within one, none has its own


class _Bar(tqdm):
    monitor_interval = 0  # no thread of tqdm's own

    def __del__(self):
        """The block that draws it closes it."""


class _Cell:
    """A notebook's cell as a file whose last line is what is seen, and of which nothing stays."""

    def __init__(self):
        self.handle = None

    def write(self, text: str) -> None:
        from IPython.display import display

        if not text.strip():
            return
        bundle = {"text/plain": text.strip()}
        if self.handle is None:
            self.handle = display(bundle, raw=True, display_id=True)
        else:
            self.handle.update(bundle, raw=True)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        if self.handle is not None:
            self.handle.update({}, raw=True)


@contextmanager
def bar(total: int, name: str) -> Iterator[Callable[[int], None]]:
    """A function to call with how many of `total` are done, while a bar of that name shows it.

    The bar appears in a notebook that a person runs, or on a terminal, after a second, and goes
    when the block ends, also by an error.
    """
    file = _screen()
    if file is None or not _shown.acquire(blocking=False):
        yield lambda done: None
        return
    done, ended, began = [0], threading.Event(), time.time()

    def show() -> None:
        # A bar that can't be drawn stops no experiment.
        with suppress(Exception):
            if ended.wait(WAIT):
                return
            style = {"leave": False, "file": file, "ncols": 72, "unit": "run"}
            # A bar that can't be drawn never gives the lock back that all of tqdm's share.
            _Bar.set_lock(threading.RLock())
            with _Bar(total=total, desc=name, **style) as drawn:
                drawn.start_t = began
                while True:
                    drawn.n = done[0]
                    drawn.refresh()
                    if ended.wait(PACE):
                        break
        with suppress(Exception):
            if isinstance(file, _Cell):
                file.close()

    # In the caller's context, which names the cell that is running.
    run = contextvars.copy_context().run
    thread = threading.Thread(target=run, args=(show,), daemon=True)
    try:
        with suppress(RuntimeError):  # no thread to be had
            thread.start()
        yield lambda count: done.__setitem__(0, count)
    finally:
        ended.set()
        if thread.ident is not None:
            thread.join()
        _shown.release()


def _screen() -> TextIO | _Cell | None:
    """Where a bar is seen; None where nobody would see it or where it would be stored."""
    if multiprocessing.current_process().name != "MainProcess":
        return None
    ipython = sys.modules.get("IPython")  # not loaded: no kernel
    kernel = getattr(ipython.get_ipython(), "kernel", None) if ipython else None
    if kernel is not None:
        # A front end that can be asked for input has a person before it; what executes a notebook
        # for its outputs, as nbclient and nbval do, can't.
        return _Cell() if getattr(kernel, "_allow_stdin", False) else None
    return sys.stderr if sys.stderr is not None and sys.stderr.isatty() else None
