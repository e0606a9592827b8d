"""The bar of an experiment: it moves where somebody watches, and nothing of it stays."""

import io
import re
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from tqdm import tqdm

from datawall.evidence import progress, workers
from datawall.evidence.replicate import over_grid, replicate


def slow(seed):
    time.sleep(0.1)
    return {"twice": 2 * seed}


@pytest.fixture
def screen(monkeypatch):
    """A screen that keeps all that was drawn, and a bar that appears at once."""
    file = io.StringIO()
    monkeypatch.setattr(progress, "_screen", lambda: file)
    monkeypatch.setattr(progress, "WAIT", 0.0)
    monkeypatch.setattr(progress, "PACE", 0.02)
    return file


def counts(text):
    return [int(count) for count in re.findall(r"(\d+)/6", text)]


@pytest.mark.parametrize("count", [1, 2])
def test_a_bar_moves_and_goes(screen, count):
    runs = replicate(slow, seeds=range(6), workers=count)
    assert runs.twice.values.tolist() == [0, 2, 4, 6, 8, 10]
    found = counts(screen.getvalue())
    assert found == sorted(found) and found[0] == 0 and len(set(found)) >= 3
    assert screen.getvalue().lstrip("\r").startswith("slow:")
    assert screen.getvalue().rsplit("\r", 2)[1].strip() == ""  # overwritten, and back at the left


def test_without_seeds_a_bar_moves_too(screen):
    over_grid(slow, seed=range(6), workers=1)
    assert len(set(counts(screen.getvalue()))) >= 3


def test_of_experiments_within_one_another_the_outer_shows(screen):
    replicate(lambda seed: {"sum": over_grid(slow, seed=[1, 2]).twice.sum()}, seeds=[1], workers=1)
    assert "0/1" in screen.getvalue() and "/2" not in screen.getvalue()
    with progress.bar(6, "next"):  # and the next one shows again
        time.sleep(0.1)
    assert "next" in screen.getvalue()


def test_a_bar_goes_with_an_error(screen):
    before = threading.active_count()

    def fails(seed):
        time.sleep(0.1)
        raise RuntimeError("no idea")

    with pytest.raises(RuntimeError, match="no idea"):
        replicate(fails, seeds=[1], workers=1)
    assert threading.active_count() == before
    assert screen.getvalue().endswith("\r")


def test_what_is_quick_shows_none(screen, monkeypatch):
    monkeypatch.setattr(progress, "WAIT", 5.0)
    began = time.perf_counter()
    replicate(slow, seeds=[1], workers=1)
    assert screen.getvalue() == "" and time.perf_counter() - began < 3


@pytest.mark.parametrize("trouble", ["a screen that can't be written to", "no thread to be had"])
def test_an_experiment_does_without_a_bar(screen, monkeypatch, trouble):
    def fails(*given):
        raise RuntimeError(trouble)

    if trouble.startswith("a screen"):
        monkeypatch.setattr(screen, "write", fails)
    else:
        monkeypatch.setattr(progress.threading.Thread, "start", fails)
    assert replicate(slow, seeds=[1, 2], workers=1).twice.values.tolist() == [2, 4]


def test_nobody_watches_a_test_or_a_file(capfd, monkeypatch):
    monkeypatch.setattr(progress, "WAIT", 0.0)
    assert progress._screen() is None
    replicate(slow, seeds=[1], workers=1)
    assert capfd.readouterr() == ("", "")


def test_a_bar_that_cannot_be_drawn_holds_up_no_other(screen, monkeypatch):
    monkeypatch.setattr(screen, "write", None)
    replicate(slow, seeds=range(2), workers=1)
    drawn = io.StringIO()

    def draw():
        with tqdm(total=1, file=drawn) as bar:
            bar.update()

    other = threading.Thread(target=draw, daemon=True)
    other.start()
    other.join(20)
    assert not other.is_alive()
    assert "1/1" in drawn.getvalue()


def test_on_a_terminal_the_bar_goes_to_its_errors(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    assert progress._screen() is terminal


def where(seed):
    return {"shown": progress._screen() is not None}


def test_no_process_of_an_experiment_has_a_bar_of_its_own():
    assert not replicate(where, seeds=range(2), workers=2).shown.any()


def test_what_is_built_on_it_tells_its_number_of_runs(monkeypatch):
    pytest.importorskip("torch")
    from datawall.lm import train
    from test_train import EXAM, TEXT, job_of

    told = []

    @contextmanager
    def bar(total, name):
        told.append(total)
        yield lambda done: told.append(done)

    monkeypatch.setattr(progress, "bar", bar)
    train.sweep(job_of, TEXT, EXAM, seeds=[0], budget=[1_000, 2_000], workers=1)
    assert told[0] == 2 and sorted(set(told[1:])) == [1, 2]


def test_workers_tell_how_many_are_done():
    told = []
    tasks = [workers.joblib.delayed(slow)(seed) for seed in range(3)]
    workers.run(tasks, 1, moved=told.append)
    assert told[-1] == 3 and told == sorted(told)


# In a notebook

IMPORTS = """
import time
from datawall.evidence import progress
from datawall.evidence.replicate import replicate
progress.WAIT, progress.PACE = 0.0, 0.02
def slow(seed):
    time.sleep(0.1)
    return {"twice": 2 * seed}
"""
CALL = "print('before')\nruns = replicate(slow, seeds=range(6), workers=2)"


class Watched(NotebookClient):
    """Executes a notebook as a front end does before which a person sits."""

    async def async_start_new_kernel_client(self):
        client = await super().async_start_new_kernel_client()
        client.allow_stdin = True
        return client

    def process_message(self, msg, cell, cell_index):
        if "data" in msg["content"]:
            self.seen.append((cell_index, msg["content"]["data"].get("text/plain", "")))
        return super().process_message(msg, cell, cell_index)


@pytest.fixture
def executed(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(progress.__file__).parents[2]))

    def execute(kind):
        notebook = new_notebook(cells=[new_code_cell(IMPORTS), new_code_cell(CALL)])
        client = kind(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
        client.seen = []
        client.execute()
        nbformat.validate(notebook)
        return notebook.cells[1].outputs, client.seen

    return execute


def test_a_chapter_that_is_executed_for_its_outputs_stores_no_bar(executed):
    (printed,), _ = executed(NotebookClient)
    assert printed.text == "before\n"


def test_before_a_person_the_bar_moves_in_its_cell_and_leaves_nothing_to_see(executed):
    (printed, shown), seen = executed(Watched)
    assert printed.text == "before\n"
    assert shown.data == {}
    assert {cell for cell, _ in seen} == {1}
    found = counts(" ".join(text for _, text in seen))
    assert found == sorted(found) and len(set(found)) >= 3
