"""The loop with every generator and policy, how chains end, and many chains against one."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
import torch

from datawall.collapse.loop import chains, run
from datawall.collapse.policies import Accumulate, Archive, Filter, Fresh, Mix, Own, Subsample
from datawall.generators.closed_forms import Categorical, Gaussian, Mixture
from datawall.generators.combined import PerClass
from datawall.generators.language import LanguageModel
from datawall.generators.networks import VAE, Diffusion
from datawall.generators.protocol import Degenerate, Diverged
from datawall.lm.train import Recipe
from datawall.rows import join, length, take

RNG = np.random.default_rng(0)
NORMAL = Gaussian().fit([-1.0, 1.0], seed=0)  # mean 0, variance 1
POINTS = RNG.normal(size=(40, 2))
LABELLED = (POINTS, np.repeat([0, 1], 20))
ROWS = torch.from_numpy(RNG.integers(5, size=(32, 8)))
# Small and short: what is tested is the loop.
TINY = LanguageModel(5, tokens=600, width=16, layers=1, recipe=Recipe(warmup=2))
CASES = {
    "Gaussian": (Gaussian(), POINTS),
    "Categorical": (Categorical(), RNG.integers(6, size=50)),
    "Mixture": (Mixture(2), POINTS),
    "VAE": (VAE(latent=1, hidden=8, steps=5), POINTS),
    "Diffusion": (Diffusion(levels=5, hidden=8, layers=1, steps=5), POINTS),
    "LanguageModel": (TINY, ROWS),
    "PerClass": (PerClass(Gaussian()), LABELLED),
}


def everything(rows, past):
    return np.ones(length(rows), bool)


def nothing(rows, past):
    return np.zeros(length(rows), bool)


def typical(rows, past):
    """Within one standard deviation of the last fit."""
    mean = past.fitted.mean
    spread = past.fitted.variance if past.columns else past.fitted.covariance[0, 0]
    return np.abs(rows - mean) < np.sqrt(spread)


def same(a, b):
    if isinstance(a, tuple):
        return all(same(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and np.array_equal(a, b)


class Source:
    """A world of these rows, drawn with replacement."""

    def __init__(self, like):
        self.like = like

    def sample(self, n, seed):
        index = np.random.default_rng(seed).integers(length(self.like), size=n)
        return take(self.like, index)


# Every generator, every policy --------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_every_generator_with_every_policy(name):
    generator, data = CASES[name]
    before = join([data, data])
    n = length(data)
    policies = {
        Own(): n,
        Accumulate(): 3 * n,
        Mix((Archive(), Own()), (0.25, 0.75)): n,
        Mix((Fresh(Source(data)), Archive(), Own()), (0.5, 0.25, 0.25)): n,
        Subsample(Accumulate()): n,
        Filter(everything): n,
        Filter(everything, Mix((Own(), Fresh(Source(data))), (0.5, 0.5))): n,
    }
    for policy, expected in policies.items():
        found = list(run(generator, policy, data, 3, seed=1))
        assert [step.number for step in found] == [1, 2, 3]
        assert not any(step.ended for step in found)
        assert same(found[0].data, data)
        assert length(found[2].data) == expected
        assert type(found[2].data) is type(data)
    assert same(before, join([data, data]))  # nothing was changed


@pytest.mark.parametrize("name", ["Gaussian", "Categorical", "PerClass", "LanguageModel"])
def test_a_seed_gives_the_same_chain_and_another_gives_another(name):
    generator, data = CASES[name]
    policy = Subsample(Accumulate(Mix((Archive(), Filter(everything)), (0.25, 0.75))))
    one, two, other = (list(run(generator, policy, data, 3, seed=seed))[2] for seed in (1, 1, 2))
    assert same(one.data, two.data)
    assert not same(one.data, other.data)


def test_a_shorter_run_is_the_beginning_of_a_longer_one():
    short = list(run(Gaussian(), Own(), POINTS, 3, seed=4))
    long = list(run(Gaussian(), Own(), POINTS, 6, seed=4))
    assert all(same(a.data, b.data) for a, b in zip(short, long, strict=False))


@dataclasses.dataclass(frozen=True)
class Notes:
    """A Gaussian that notes the seeds it is fitted with."""

    seeds: list

    def fit(self, data, *, seed):
        self.seeds.append(seed)
        return Gaussian().fit(data, seed=seed)


def test_each_fit_has_a_seed_of_its_own():
    notes = Notes([])
    for seed in (0, 1):
        list(run(notes, Own(), POINTS, 5, seed=seed))
    assert len(set(notes.seeds)) == 10
    again = Notes([])
    list(run(again, Own(), POINTS, 5, seed=1))
    assert again.seeds == notes.seeds[5:]


# What each policy gives ---------------------------------------------------------------------------


def test_replace_trains_on_samples_of_the_model_before():
    first, second = run(Gaussian(), Own(), POINTS, 2, seed=0)
    real = {tuple(row) for row in POINTS}
    assert not real & {tuple(row) for row in second.data}
    gap = second.data.mean(0) - first.fitted.mean
    assert (np.abs(gap) < 5 * np.sqrt(first.fitted.covariance.diagonal() / 40)).all()


def test_accumulate_keeps_all_that_came_before():
    steps = list(run(Gaussian(), Accumulate(), POINTS, 4, seed=0))
    for before, after in pairwise(steps):
        assert length(after.data) == length(before.data) + 40
        assert same(after.data[: length(before.data)], before.data)


def test_the_archive_is_the_same_in_every_generation_and_differs_between_chains():
    policy = Mix((Archive(), Own()), (0.25, 0.75))
    archives = []
    for seed in (0, 1):
        steps = list(run(Gaussian(), policy, POINTS, 4, seed=seed))[1:]
        assert all(same(step.data[:10], steps[0].data[:10]) for step in steps)
        assert not same(steps[0].data[10:], steps[1].data[10:])
        archives.append({tuple(row) for row in steps[0].data[:10]})
        assert len(archives[-1]) == 10
        assert archives[-1] <= {tuple(row) for row in POINTS}
    assert archives[0] != archives[1]


def test_fresh_rows_are_new_each_time():
    policy = Mix((Fresh(NORMAL), Own()), (0.5, 0.5))
    steps = list(run(Gaussian(), policy, NORMAL.sample(10, seed=0), 3, seed=0))[1:]
    assert not set(steps[0].data[:5]) & set(steps[1].data[:5])


def test_a_mix_has_its_shares_to_the_nearest_row():
    sources = [Source(np.full(1, value)) for value in (3, 4, 5)]
    policy = Mix(tuple(map(Fresh, sources)), (0.31, 0.33, 0.36))
    data = RNG.integers(6, size=50)
    step = list(run(Categorical(), policy, data, 2, seed=0))[1]
    counts = np.bincount(step.data)[3:]
    assert counts.sum() == 50
    assert np.abs(counts - 50 * np.array([0.31, 0.33, 0.36])).max() <= 1


def test_a_subsample_is_of_all_that_was_kept_and_forgets_nothing():
    policy = Subsample(Accumulate(Fresh(Source(np.array([7])))))
    data = np.repeat([1, 2], 500)
    steps = list(run(Categorical(), policy, data, 20, seed=0))
    real = [np.mean(step.data != 7) for step in steps]
    expected = 1 / np.arange(1, 21)
    assert all(length(step.data) == 1000 for step in steps)
    spread = np.sqrt(expected * (1 - expected) / 1000)
    assert (np.abs(real - expected) <= 4 * spread).all()


def test_a_filter_gives_as_many_rows_that_all_pass():
    def positive(rows, past):
        return rows > 0

    _, second = run(Gaussian(), Filter(positive), NORMAL.sample(200, seed=0), 2, seed=0)
    assert len(second.data) == 200
    assert (second.data > 0).all()
    assert len(set(second.data)) == 200  # drawn again, not repeated


def test_temperature_cools_what_is_drawn():
    data = NORMAL.sample(20_000, seed=0)
    for policy in (Own(0.25), Accumulate(Own(0.25))):
        new = list(run(Gaussian(), policy, data, 2, seed=0))[1].data[-20_000:]
        assert new.var() == pytest.approx(0.25 * data.var(), rel=0.05)


def test_a_generator_without_a_temperature_says_so():
    with pytest.raises(ValueError, match="FittedCategorical has no temperature"):
        list(run(Categorical(), Own(0.5), np.arange(5), 2, seed=0))


@pytest.mark.parametrize(
    "parts, shares, words",
    [
        ((Own(),), (0.5,), "add up to 1"),
        ((Own(), Archive()), (1.5, -0.5), "none below 0"),
        ((Own(),), (0.5, 0.5), "one share a part"),
        ((), (), "one share a part"),
    ],
)
def test_a_mix_that_makes_no_sense_is_refused(parts, shares, words):
    with pytest.raises(ValueError, match=words):
        Mix(parts, shares)


def test_an_archive_larger_than_what_there_is_is_refused():
    with pytest.raises(ValueError, match="lower the archive"):
        list(run(Gaussian(), TwiceAsMany(Archive()), POINTS, 2, seed=0))


@dataclasses.dataclass(frozen=True)
class TwiceAsMany:
    policy: object

    def __call__(self, past, size, seed):
        return self.policy(past, 2 * size, seed=seed)


# Ends ---------------------------------------------------------------------------------------------


def ends(generator, policy, data, generations=500, seed=0):
    *lived, last = run(generator, policy, data, generations, seed=seed)
    assert lived
    assert all(step.fitted is not None and not step.ended for step in lived)
    assert last.number == len(lived) + 1 < generations
    assert last.fitted is None
    return last


def test_a_gaussian_of_two_points_ends_without_spread():
    assert "all 2 rows are the same" in ends(Gaussian(), Own(), np.array([0.0, 1.0])).ended


def test_drift_ends_with_one_kind():
    last = ends(Categorical(), Own(), np.arange(6))
    assert "all 6 rows are the same" in last.ended
    assert len(set(last.data)) == 1


def test_labelled_data_end_with_one_class():
    data = (RNG.normal(size=(12, 1)), np.repeat([0, 1], 6))

    def first_class(rows, past):
        return rows[1] == 0

    last = ends(PerClass(Gaussian()), Filter(first_class), data)
    assert last.number == 2
    assert "one class is left, 0" in last.ended


def test_a_class_that_is_too_small_to_fit_ends_the_chain_by_name():
    data = (RNG.normal(size=(12, 1)), np.repeat([0, 1], 6))

    def one_of_the_first(rows, past):
        return (rows[1] == 1) | (np.cumsum(rows[1] == 0) == 1)

    last = ends(PerClass(Gaussian()), TwiceAndFilter(one_of_the_first), data)
    assert "class 0: one point" in last.ended


@dataclasses.dataclass(frozen=True)
class TwiceAndFilter:
    keep: object

    def __call__(self, past, size, seed):
        found = Own()(past, size, seed=seed)
        rows = take(found.train, np.flatnonzero(self.keep(found.train, past)))
        return found._replace(train=rows)


def test_one_class_from_the_start_is_no_collapse():
    data = (POINTS, np.zeros(40, int))
    assert not list(run(PerClass(Gaussian()), Own(), data, 3, seed=0))[-1].ended


@dataclasses.dataclass(frozen=True)
class Breaks:
    """Fits anything, and gives `value` for a point from the second generation on."""

    value: object

    def fit(self, data, seed):
        return self

    def sample(self, n, seed):
        if isinstance(self.value, Exception):
            raise self.value
        return np.append(np.arange(n - 1.0), self.value)


@pytest.mark.parametrize(
    "value, words",
    [
        (np.nan, "1 of 5 rows hold NaN"),
        (np.inf, "1 of 5 rows hold NaN or infinity"),
        (Diverged("the loss is nan"), "can't be sampled: the loss is nan"),
        (Degenerate("bad"), "can't be sampled: bad"),
    ],
)
def test_what_is_not_finite_ends_the_chain(value, words):
    last = ends(Breaks(value), Own(), np.arange(5.0))
    assert last.number == 2
    assert words in last.ended


def test_a_filter_that_passes_nothing_ends_the_chain():
    last = ends(Gaussian(), Filter(nothing, tries=3), POINTS)
    assert "passed 0 of 120 rows, and 40 are needed" in last.ended
    assert last.data is None


@pytest.mark.parametrize(
    "data, words",
    [
        (np.ones(5), "all 5 rows are the same"),
        (np.array([1.0, np.nan]), "1 of 2 rows hold NaN"),
        (np.array([]), "there are no rows"),
        (np.array([1.0]), "the same"),
    ],
)
def test_real_data_without_anything_to_learn_are_refused(data, words):
    with pytest.raises(ValueError, match=words):
        list(run(Gaussian(), Own(), data, 3, seed=0))


def test_a_generator_that_cannot_fit_the_real_data_says_so_itself():
    with pytest.raises(ValueError, match="more points"):
        list(run(Mixture(50), Own(), POINTS, 3, seed=0))
    with pytest.raises(ValueError, match="generations is 0: give a whole number, at least 1"):
        list(run(Gaussian(), Own(), POINTS, 0, seed=0))


# Many chains side by side -------------------------------------------------------------------------

ONE_DIMENSION = {
    "replace": Own(),
    "cool": Own(0.8),
    "accumulate": Accumulate(),
    "archive": Mix((Archive(), Own()), (0.25, 0.75)),
    "fresh": Mix((Fresh(NORMAL), Own()), (0.25, 0.75)),
    "subsample": Subsample(Accumulate()),
    "filter": Filter(typical),
    "nested": Subsample(Accumulate(Mix((Fresh(NORMAL), Filter(typical)), (0.25, 0.75)))),
}


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("name", ONE_DIMENSION)
def test_one_of_many_chains_is_the_chain_of_the_loop(name, ddof):
    policy, generator = ONE_DIMENSION[name], Gaussian(ddof)
    many = chains(generator, policy, NORMAL, 8, 12, 1, seed=5)
    for step in run(generator, policy, NORMAL.sample(8, seed=5), 12, seed=5):
        assert many.mean[step.number - 1, 0] == pytest.approx(step.fitted.mean[0])
        assert many.variance[step.number - 1, 0] == pytest.approx(step.fitted.covariance[0, 0])


@pytest.mark.parametrize("name", ONE_DIMENSION)
def test_chains_side_by_side_have_the_law_of_chains_apart(name):
    policy, generator = ONE_DIMENSION[name], Gaussian()
    many = chains(generator, policy, NORMAL, 8, 4, 1500, seed=0).variance[-1]
    apart = [
        list(run(generator, policy, NORMAL.sample(8, seed=10_000 + s), 4, seed=s))[
            -1
        ].fitted.covariance
        for s in range(300)
    ]
    apart = np.ravel(apart)
    spread = np.sqrt(many.var() / len(many) + apart.var() / len(apart))
    assert abs(many.mean() - apart.mean()) < 4 * spread
    correlation = np.corrcoef(many[:-1], many[1:])[0, 1]
    assert abs(correlation) < 4 / np.sqrt(len(many))


def test_an_end_is_recorded_for_each_chain():
    many = chains(Gaussian(), Own(), NORMAL, 2, 400, 20, seed=0)
    assert (many.ended > 1).all()
    assert len(set(many.ended)) > 5
    for chain, end in enumerate(many.ended):
        assert (many.variance[: end - 1, chain] > 0).all()
        assert (many.variance[end - 1 :, chain] == 0).all()
        assert (many.mean[end - 1 :, chain] == many.mean[end - 1, chain]).all()


def test_the_end_is_that_of_the_loop():
    for seed in range(5):
        many = chains(Gaussian(1), Own(), NORMAL, 3, 600, 1, seed=seed)
        last = list(run(Gaussian(1), Own(), NORMAL.sample(3, seed=seed), 600, seed=seed))[-1]
        assert many.ended[0] == (last.number if last.ended else 0)
        assert many.ended[0] > 1


@pytest.mark.parametrize(
    "change, words",
    [
        ({"size": 1}, "size is 1: give a whole number, at least 2"),
        ({"count": 0}, "count is 0: give a whole number, at least 1"),
        ({"generations": 0}, "generations is 0"),
        ({"generator": Gaussian(shrink=True)}, "shrink"),
    ],
)
def test_chains_that_make_no_sense_are_refused(change, words):
    usual = dict(
        generator=Gaussian(), policy=Own(), source=NORMAL, size=5, generations=3, count=2, seed=0
    )
    with pytest.raises(ValueError, match=words):
        chains(**(usual | change))
