"""Stored experiments: two runs are made here, and the rest counts while all is as it was."""

import importlib
import json
import linecache
import re
import sys

import numpy as np
import pytest
import torch
import xarray as xr

from datawall import BOOK
from datawall.evidence import stored as module
from datawall.evidence.replicate import replicate
from datawall.evidence.stored import WRITES, Disagreement, stored, version_of_experiment
from datawall.laws.scaling import HOFFMANN_2022

PROGRAM = '''
import numpy as np
from datawall.laws import stock

TIMES, LAW, TABLE = 3.0, None, np.arange(4.0)


def helper(size):
    """What it does."""
    return TIMES * size  # and why


def experiment(size, way, seed):
    draws = np.random.default_rng(seed).normal(size=3)
    return {"loss of it": helper(size) + size * draws[0], "right": way == "p", "TABLE": TABLE.sum()}


def kept(size, way):
    return size < 3 or way == "p"


def by_stock(seed):
    return {"growth": stock.growth}
'''


@pytest.fixture
def make(tmp_path, monkeypatch):
    """A function that imports a program as a module of the same name, whatever it says."""
    monkeypatch.setattr(module, "FOLDER", tmp_path / "stored")
    monkeypatch.syspath_prepend(tmp_path)

    def imported(text=PROGRAM):
        (tmp_path / "a_program.py").write_text(text)
        importlib.invalidate_caches()
        sys.modules.pop("a_program", None)
        linecache.clearcache()
        return importlib.import_module("a_program")

    monkeypatch.setattr("sys.dont_write_bytecode", True)
    return imported


def files():
    """The names of what is stored."""
    folder = module.FOLDER
    return [str(path.relative_to(folder)).removesuffix(".nc.gz") for path in folder.rglob("*.gz")]


GRID = {"size": (1, 2, 3), "way": ("p", "q")}


def run(program, **changed):
    """The experiment, and how many of its runs were made here."""
    made = []

    def counted(function, **options):
        found = replicate(function, **options, workers=1)
        made.append(int(found["loss of it"].count()))
        return found

    options = {"seeds": range(5), "keep": program.kept, **GRID} | changed
    found = stored("chapter/runs", counted, program.experiment, **options)
    return found, sum(made)


@pytest.fixture
def program(make, monkeypatch):
    """A program whose experiment is stored."""
    found = make()
    with monkeypatch.context() as patch:
        patch.setenv(WRITES, "changed")
        assert run(found)[1] == 25
    return found


def test_what_is_stored_is_what_all_runs_give_and_two_are_made_here(program):
    found, made = run(program)
    every = replicate(program.experiment, seeds=range(5), keep=program.kept, workers=1, **GRID)
    xr.testing.assert_allclose(found, every.astype(float))
    assert made == 2 and not found.attrs
    assert {k: v.dtype for k, v in found.coords.items()} == {
        k: v.dtype for k, v in every.coords.items()
    }


def test_nothing_is_stored_unless_it_is_asked_for(make):
    assert run(make())[1] == 25
    assert run(make())[1] == 25
    assert files() == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("3.0", "4.0"),
        ("TIMES * size", "TIMES / size"),
        ("draws[0]", "draws[1]"),
        ("np.arange(4.0)", "np.arange(5.0)"),
        ("import stock", "import scaling as stock"),
        ('way == "p"\n', 'way == "q"\n'),
    ],
)
def test_all_is_run_once_something_has_changed(program, make, old, new):
    assert PROGRAM.count(old) == 1
    changed = make(PROGRAM.replace(old, new))
    if old == "import stock":  # only what an experiment uses counts
        seen = module._Seen("a_program")
        seen.value(program.by_stock)
        assert seen.modules == {"datawall.laws.stock"}
        versions = {version_of_experiment(x.by_stock, (), {}) for x in (program, changed)}
        assert len(versions) == 2 and run(changed)[1] == 2
    else:
        assert run(changed)[1] == 25


@pytest.mark.parametrize("changed", [{"seeds": range(1, 6)}, {"size": (1, 2, 4)}, {"keep": None}])
def test_all_is_run_with_other_settings(program, changed):
    assert run(program, **changed)[1] >= 25


@pytest.mark.parametrize(
    ("old", "new"),
    [("What it does.", "Another thing."), ("# and why", "# or not"), ("LAW, TABLE", "HEAT, TABLE")],
)
def test_words_and_what_is_not_used_change_nothing(program, make, old, new):
    assert run(make(PROGRAM.replace(old, new)))[1] == 2


def test_what_has_changed_is_stored_and_all_is_on_request(program, make, monkeypatch):
    monkeypatch.setenv(WRITES, "changed")
    changed = make(PROGRAM.replace("3.0", "4.0"))
    assert run(changed)[1] == 25 and run(changed)[1] == 2
    monkeypatch.setenv(WRITES, "all")
    assert run(changed)[1] == 25
    assert files() == ["chapter/runs"]


def test_a_run_that_lies_farther_off_than_seeds_is_told(program, monkeypatch):
    monkeypatch.setattr(program, "helper", lambda size: 3 * size + 99)
    monkeypatch.setattr(module, "version_of_experiment", lambda *_: _version())
    with pytest.raises(Disagreement, match="size 1, way p, seed 0, loss of it lies 99"):
        run(program)


def _version():
    return module._read(module.FOLDER / "chapter" / "runs.nc.gz").attrs["version"]


@pytest.mark.parametrize("ranges", [0.9, -1.9, 2.1])
def test_a_run_may_lie_as_far_off_as_seeds_do_at_its_setting(program, monkeypatch, ranges):
    alone = module._read(module.FOLDER / "chapter" / "runs.nc.gz")["loss of it"].sel(
        size=1, way="p"
    )
    off = ranges * float(alone.max() - alone.min())  # at size 3 seeds lie three times as far
    monkeypatch.setattr(program, "helper", lambda size: 3 * size + off)
    monkeypatch.setattr(module, "version_of_experiment", lambda *_: _version())
    if abs(ranges) < 2:
        assert run(program)[1] == 2
    else:
        with pytest.raises(Disagreement, match="size 1, way p, seed 0, loss of it lies"):
            run(program)


SPREAD, ALIKE = xr.DataArray([0.0, 1.0, 2.0], dims="seed"), xr.DataArray([5.0] * 3, dims="seed")


@pytest.mark.parametrize(
    ("at", "anywhere", "far"),
    [(SPREAD, SPREAD, 4.0), (ALIKE, 10 * SPREAD, 4.0), (ALIKE, ALIKE, 0.25)],
)
def test_where_seeds_are_alike_their_range_elsewhere_or_the_value_counts(at, anywhere, far):
    assert module._far(at, anywhere) == far


@pytest.mark.parametrize(("noise", "told"), [(0.0, False), (1.0, False), (0.05, True)])
def test_of_many_rows_the_mean_is_held_as_tightly_as_seeds_hold_it(noise, told):
    """Rows of a sample differ by far more than their mean does."""
    rows = np.random.default_rng(0).normal(size=(5, 400))
    found = xr.Dataset({"nats": (("seed", "row"), rows)}, {"seed": range(5)})
    again = np.random.default_rng(1).normal(size=(1, 400)) if noise == 1 else rows[:1] + 10 * noise
    here = xr.Dataset({"nats": (("seed", "row"), again)}, {"seed": [0]})
    if told:
        with pytest.raises(Disagreement, match="the mean of nats lies"):
            module._compare("a/b", here, found, [{}])
    else:
        module._compare("a/b", here, found, [{}])


def test_an_experiment_without_settings_runs_its_first_seed(make, monkeypatch):
    make()
    once = {"seeds": range(3), "workers": 1}
    monkeypatch.setenv(WRITES, "changed")
    with pytest.raises(ValueError, match="can't be read: define it by `def`"):
        stored("chapter/alone", replicate, eval("lambda seed: {'loss': 1.0}"), **once)
    found = stored("chapter/alone", replicate, _alone, **once)
    assert list(found.loss.values) == [0, 1, 2] and found.whole.dtype == int
    xr.testing.assert_equal(stored("chapter/alone", replicate, _alone, **once), found)


def _alone(seed):
    return {"loss": float(seed), "whole": seed}


def test_one_value_far_off_is_told_though_the_mean_is_right():
    rows = np.random.default_rng(0).normal(size=(5, 400))
    found = xr.Dataset({"nats": (("seed", "row"), rows)}, {"seed": range(5)})
    again = rows[:1].copy()
    again[0, 7] += 20  # the mean moves by a twentieth
    here = xr.Dataset({"nats": (("seed", "row"), again)}, {"seed": [0]})
    with pytest.raises(Disagreement, match="seed 0, nats lies 20 from what is stored"):
        module._compare("a/b", here, found, [{}])


def test_of_one_seed_only_the_mean_is_compared():
    """How far a single row may lie can't be known from one seed."""
    rows = np.random.default_rng(0).normal(10, 3, size=(1, 400))
    found = xr.Dataset({"nats": (("seed", "row"), rows)}, {"seed": [0]})
    module._compare("a/b", found.isel(row=slice(None, None, -1)), found, [{}])
    with pytest.raises(Disagreement, match="the mean of nats lies 1 from"):
        module._compare("a/b", found + 1, found, [{}])


CHAIN = {"seeds": range(3), "last": [9], "workers": 1}


def _chain(last, seed):
    """A walk of so many steps: the short one is the beginning of the long one."""
    steps = np.random.default_rng(seed).normal(size=10).cumsum()[: last + 1]
    walk = xr.DataArray(steps, {"turn": np.arange(len(steps))})
    return {"walk": walk.where((walk.turn != 2) | (last != LOSES)), "told": str(last)}


LOSES, SHIFTS = None, 0


def test_a_chain_is_held_to_its_beginning(make, monkeypatch):
    make()
    monkeypatch.setenv(WRITES, "changed")
    whole = stored("chapter/chain", replicate, _chain, **CHAIN)
    lengths = []

    def short_way(function, **options):
        found = replicate(function, **options)
        lengths.append(found.turn.size)
        return found.assign(walk=found.walk + SHIFTS)

    def again(**short):
        return stored("chapter/chain", short_way, _chain, **CHAIN, short=short)

    xr.testing.assert_equal(again(last=3), whole)
    assert lengths == [4] and list(whole["last"].values) == [9] and whole.turn.size == 10
    with pytest.raises(ValueError, match="short has 'first', which is no setting of one value"):
        again(first=3)
    with pytest.raises(ValueError, match="short has 'workers'"):
        again(workers=1)
    with pytest.raises(ValueError, match="short has 'last', which is no setting of one value"):
        stored("chapter/two", replicate, _chain, **CHAIN | {"last": [8, 9]}, short={"last": 3})
    monkeypatch.setattr(f"{__name__}.SHIFTS", 99)
    with pytest.raises(Disagreement, match="last 9, seed 0, walk lies 99 from"):
        again(last=3)
    monkeypatch.setattr(f"{__name__}.SHIFTS", 0)
    monkeypatch.setattr(module, "version_of_experiment", lambda *_: whole_version)
    whole_version = module._read(module.FOLDER / "chapter" / "chain.nc.gz").attrs["version"]
    monkeypatch.setattr(f"{__name__}.LOSES", 3)
    with pytest.raises(Disagreement, match="last 9, seed 0, walk is missing, more than seeds"):
        again(last=3)
    monkeypatch.setattr(f"{__name__}.LOSES", None)
    with pytest.raises(ValueError, match="the short runs have no walk to compare"):
        again(last=-1)


@pytest.mark.parametrize("name", ["runs", "/runs", "chapter/", "a/b/c"])
def test_a_name_is_a_chapter_and_an_experiment(program, name):
    with pytest.raises(ValueError, match="give the chapter and the experiment"):
        stored(name, replicate, program.experiment, seeds=range(5), **GRID)


def test_a_file_is_the_same_whenever_it_is_made(program):
    data = module._read(module.FOLDER / "chapter" / "runs.nc.gz")
    assert module._bytes(data) == module._bytes(data.copy(deep=True))
    assert module._bytes(data)[4:8] == bytes(4)  # gzip's place for the time


def version(*others, **settings):
    return version_of_experiment(_alone, others, settings)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (np.ones(3), np.ones(3) + 1e-9, True),  # the last digits differ by processor
        (np.ones(3), np.ones(4), False),
        (np.ones(3), 1.1 * np.ones(3), False),
        (np.arange(3.0), np.arange(3.0)[::-1], False),
        (np.array([1.0, 0.5]), np.array([1.0, 0.503]), False),
        (np.arange(3), np.array([1, 0, 2]), False),  # as a text in another order
        (np.array([1, 10**9]), np.array([2, 10**9]), False),
        (np.array([1e-9, 1.0]), np.array([-1e-9, 1.0]), True),
        (np.array([np.nan, 1.0]), np.array([1.0, np.nan]), False),
        (torch.ones(3), np.ones(3), True),
        (np.array(["a", "b"]), np.array(["a", "c"]), False),
        (xr.Dataset({"a": ("x", [1])}), xr.Dataset({"a": ("x", [2])}), False),
        ("a" * 200, "a" * 199 + "b", False),
        (HOFFMANN_2022, HOFFMANN_2022, True),
        (1, 1.0, False),
        ({"a": 1}, {"a": 2}, False),
        ({8, 0}, {0, 8}, True),  # they come in another order
        (True, False, False),
    ],
)
def test_values_count_by_what_they_are(one, other, alike):
    assert (version(one) == version(other)) is alike
    assert (version(knob=one) == version(knob=other)) is alike


def test_every_experiment_that_a_chapter_names_is_stored_and_no_other():
    named = []
    for path in BOOK.glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            found = re.findall(r'stored\(\s*"([^"]+)"', "".join(cell["source"]))
            named += found if cell["cell_type"] == "code" else []
            assert all(name.startswith(f"{path.stem}/") for name in found), path.name
    assert sorted(named) == sorted(files())
