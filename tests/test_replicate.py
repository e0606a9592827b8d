"""Replicates: every result stands at its labels, whatever the order in which it was computed."""

import os
import traceback

import numpy as np
import pytest
import xarray as xr

from datawall.evidence.replicate import coordinate, replicate, stacked


def of_setting(width, depth, seed):
    return {"code": 100 * width + 10 * depth + seed, "width_again": float(width)}


def test_results_stand_at_their_settings_and_seed():
    runs = replicate(of_setting, seeds=[7, 3], width=(1, 5), depth=[4, 2, 6], workers=1)
    assert runs.code.dims == ("width", "depth", "seed")
    assert runs.seed.values.tolist() == [7, 3] and runs.depth.values.tolist() == [4, 2, 6]
    want = 100 * runs.width + 10 * runs.depth + runs.seed
    assert (runs.code == want).all() and (runs.width_again == runs.width).all()
    assert int(runs.code.sel(width=5, depth=2, seed=3)) == 523


def in_a_process(x, seed):
    return {"code": 10 * x + seed, "process": os.getpid(), "threads": os.environ["OMP_NUM_THREADS"]}


def test_processes_give_what_one_gives_and_each_has_one_thread():
    runs = replicate(in_a_process, seeds=range(3), x=[1, 2], workers=2)
    assert (runs.code == 10 * runs.x + runs.seed).all()
    assert (runs.process != os.getpid()).all() and (runs.threads == "1").all()


def by_policy(policy, seed):
    return {"made": policy(seed), "name": policy.__name__}


def test_values_that_are_no_labels_come_by_a_mapping():
    given = {"whole": int, "real": float, "text": str}
    runs = replicate(by_policy, seeds=[1], policy=given, workers=1)
    assert runs.name.sel(policy="whole", seed=1).item() == "int"
    assert runs.name.squeeze().values.tolist() == ["int", "float", "str"]
    with pytest.raises(ValueError, match="policy takes <class 'int'>, which is no label: give a"):
        replicate(by_policy, seeds=[1], policy=[int, float])


def curve(slope, seed):
    return {"loss": slope * np.arange(3.0) + seed, "grid": np.ones(3), "end": slope}


def test_arrays_lie_along_the_named_dimensions():
    runs = replicate(curve, seeds=[0, 5], slope=[1, 2], along={"tokens": [10, 20, 40]}, workers=1)
    assert runs.loss.dims == ("slope", "seed", "tokens") and runs.end.dims == ("slope", "seed")
    assert float(runs.loss.sel(slope=2, seed=5, tokens=40)) == 9
    table = {"row": ["a", "b"], "column": [1, 2, 3]}
    runs = replicate(
        lambda seed: {"x": seed + np.arange(6).reshape(2, 3)}, seeds=[0, 9], along=table, workers=1
    )
    assert int(runs.x.sel(seed=9, row="b", column=1)) == 12


def test_an_array_of_another_shape_is_refused_by_name():
    with pytest.raises(ValueError, match=r"loss has shape \(3,\) in the run with slope 1, seed 0"):
        replicate(curve, seeds=[0], slope=[1], along={"tokens": [10, 20]}, workers=1)
    with pytest.raises(ValueError, match=r"shape \(3,\) .* name its axes by `along`"):
        replicate(curve, seeds=[0], slope=[1], workers=1)


def own(size, seed):
    """A chain that ends after `size` steps."""
    chain = xr.DataArray(10 * size + np.arange(size), {"step": np.arange(size)})
    return {"chain": chain.assign_coords(noted=size), "last": chain.isel(step=-1)}


def test_runs_may_name_their_own_dimensions_and_differ_in_length():
    runs = replicate(own, seeds=[0, 1], size=[2, 3], workers=1)
    assert runs.chain.dims == ("size", "seed", "step") and runs.sizes["step"] == 3
    assert runs.chain.sel(size=2, seed=1).values.tolist()[:2] == [20, 21]
    assert np.isnan(runs.chain.sel(size=2, step=2)).all()
    assert runs.last.sel(size=3).values.tolist() == [32, 32]
    assert set(runs.coords) == {"size", "seed", "step"}
    as_dataset = replicate(lambda size, seed: xr.Dataset(own(size, seed)).drop_vars("noted"),
                           seeds=[0, 1], size=[2, 3], workers=1)  # fmt: skip
    assert as_dataset.identical(runs)


def test_what_is_not_kept_is_not_run_and_is_nan():
    ran = []

    def run(width, depth, seed):
        ran.append((width, depth, seed))
        return {"x": width, "even": width % 2 == 0, "name": "run", "z": np.float32(1)}

    asked = []

    def keep(width, depth):
        asked.append((width, depth))
        return depth == 0 or width == 2

    runs = replicate(run, seeds=[0, 1], width=[1, 2], depth=[0, 3], keep=keep, workers=1)
    assert (1, 3, 0) not in ran and len(ran) == 6 and set(asked) == {(1, 0), (1, 3), (2, 0), (2, 3)}
    for name in ("x", "even", "name", "z"):
        missing = runs[name].isnull()
        assert missing.sum() == 2 and missing.sel(width=1, depth=3).all(), name
    assert runs.x.sel(width=2, depth=3).values.tolist() == [2, 2]
    assert runs.name.sel(width=1, depth=0, seed=1).item() == "run"
    assert runs.even.sel(width=2, depth=0, seed=0).item() == 1 and runs.z.dtype == np.float32


def test_a_keep_by_label_sees_labels_and_the_function_values():
    runs = replicate(
        lambda policy, seed: {"x": policy()},
        seeds=[0],
        policy={"int": int, "str": str},
        keep=lambda policy: policy == "int",
        workers=1,
    )
    assert runs.x.sel(policy="int", seed=0).item() == 0


def test_the_order_by_cost_changes_when_a_run_starts_and_no_result():
    order = []

    def run(width, depth, seed):
        order.append(width)
        return of_setting(width, depth, seed)

    def cost(width, depth, seed):
        return width

    settings = {"width": [1, 9, 5], "depth": [1], "seeds": [0, 1], "workers": 1}
    by_cost = replicate(run, cost=cost, **settings)
    assert order == [9, 9, 5, 5, 1, 1]
    assert by_cost.identical(replicate(of_setting, **settings))


def fails_at_two(x, seed):
    if x == 2:
        raise KeyError("the reason")
    return {"x": x}


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_run_raises_comes_with_its_settings(workers):
    with pytest.raises(KeyError, match="the reason") as raised:
        replicate(fails_at_two, seeds=[4], x=[1, 2], workers=workers)
    assert raised.value.__notes__ == ["in the run with x 2, seed 4"]
    assert "in the run with x 2, seed 4" in "".join(traceback.format_exception(raised.value))


def anything(seed, **settings):
    return {"loss": 1.0}


@pytest.mark.parametrize(
    "given, message",
    [
        ({"seeds": []}, r"nothing to run \(1 of x, 0 of seed\)"),
        ({"x": []}, r"nothing to run \(0 of x, 2 of seed\)"),
        ({"keep": lambda x: False}, "nothing to run"),
        ({"x": [1, 2, 1]}, "x takes a value twice"),
        ({"x": [1, True]}, "x takes a value twice"),
        ({"x": [1, 1.0]}, "x takes a value twice"),
        ({"seeds": [3, 3]}, "seeds takes a value twice"),
        ({"x": "ab"}, "x is 'ab': give the values"),
        ({"x": 3}, "x is 3: give the values"),
        ({"x": [None]}, "x takes None, which is no label"),
        ({"x": [float("nan")]}, "x takes nan, which is no label"),
        ({"seeds": 5}, r"seeds is 5: give several, such as range\(5\)"),
        ({"seeds": [0.5]}, "a seed is 0.5: give whole numbers"),
        ({"seeds": ["a"]}, "a seed is 'a'"),
        ({"seeds": [True]}, "a seed is True"),
        ({"seed": [1]}, "seed is no setting: give the seeds by `seeds`"),
        ({"loss": [1]}, "loss: a setting and a result of one name"),
        ({"along": {"x": [1]}}, "x: a setting and a dimension of one name"),
        ({"along": {"seed": [1]}}, "seed: a setting and a dimension of one name"),
        ({"workers": 0}, "workers is 0: give a whole number of processes"),
        ({"workers": -1}, "workers is -1"),
        ({"workers": True}, "workers is True"),
    ],
)
def test_nonsense_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        replicate(anything, **{"seeds": [0, 1], "x": [1], "workers": 1} | given)


@pytest.mark.parametrize(
    "made, message",
    [
        (lambda x: 2.0, "the run with x 1, seed 0 returned float: return names to results"),
        (lambda x: {"a": 1} if x == 1 else {"b": 1}, "x 2, seed 0 returned b, and another a"),
        (lambda x: {"a": 1} if x == 1 else {"a": 1, "b": 2}, "returned a, b, and another a"),
        (
            lambda x: {"a": 1} if x == 1 else {"a": xr.DataArray([1, 2], dims="step")},
            r"a has dimensions \('step',\) in the run with x 2, seed 0, and \(\) in another",
        ),
        (lambda x: {"a": xr.DataArray([1], {"x": [1]})}, "x: a setting and a result of one name"),
    ],
)
def test_unlike_results_are_refused(made, message):
    with pytest.raises(ValueError, match=message):
        replicate(lambda x, seed: made(x), seeds=[0], x=[1, 2], workers=1)


@pytest.mark.parametrize(
    "values, kind",
    [([True, False], "b"), ([3, 1], "i"), ([0.5, 2], "f"), (["a", "bc"], "U"), ([1, "a"], "O")],
)
def test_labels_keep_their_kind(values, kind):
    runs = replicate(lambda x, seed: {"same": str(x)}, seeds=[0], x=values, workers=1)
    assert runs.x.dtype.kind == kind
    for value in values:
        assert runs.same.sel(x=value, seed=0).item() == str(value)
    taken = replicate(anything, seeds=np.arange(2), x=np.array(values, runs.x.dtype), workers=1)
    assert taken.x.values.tolist() == runs.x.values.tolist()


@pytest.mark.parametrize("value, kind", [(True, "b"), (3, "i"), (0.5, "f"), ("a", "U")])
def test_results_keep_their_kind(value, kind):
    runs = replicate(lambda x, seed: {"it": value}, seeds=[0, 1], x=[1, 2], workers=1)
    assert runs["it"].dtype.kind == kind and (runs["it"] == value).all()


def test_the_label_of_none_is_its_text():
    assert coordinate((None, "a")).tolist() == ["None", "a"]
    assert coordinate((True, None)).tolist() == [True, "None"]


def test_stacked_adds_one_named_dimension():
    parts = {"b": xr.Dataset({"x": 1.0}), "a": xr.Dataset({"x": 2.0})}
    found = stacked(remedy=parts)
    assert list(found.remedy) == ["b", "a"]
    assert found.x.sel(remedy="a") == 2.0
    assert stacked(count={1: xr.DataArray(3.0), 10: xr.DataArray(4.0)}).sel(count=10) == 4.0


def test_what_a_stacked_result_lacks_is_nan():
    parts = {
        1: xr.DataArray([3.0, 4.0], {"way": ["b", "a"]}),
        2: xr.DataArray([5.0], {"way": ["a"]}),
    }
    found = stacked(T=parts).sel(way=["b", "a"])
    assert np.array_equal(found, [[3.0, 4.0], [np.nan, 5.0]], equal_nan=True)


@pytest.mark.parametrize("count, named", [(0, {}), (2, {"a": {}, "b": {}})])
def test_stacked_asks_for_one_dimension(count, named):
    with pytest.raises(ValueError, match=f"name one dimension, not {count}"):
        stacked(**named)


def test_stacked_asks_for_results():
    with pytest.raises(ValueError, match="remedy: there is nothing to stack"):
        stacked(remedy={})
