"""Each expectation against simulation, within what the simulation's own spread allows."""

import numpy as np
import pytest

from datawall.collapse import expectations
from datawall.collapse.loop import chains, run
from datawall.collapse.policies import Accumulate, Archive, Fresh, Mix, Own
from datawall.generators.closed_forms import Categorical, Gaussian, Mixture

NORMAL = Gaussian().fit([-1.0, 1.0], seed=0)
COUNT = 6_000
WIDEST = 4.5  # standard errors: one comparison in a hundred thousand lies outside


def simulated(n, generations, ddof=0, policy=None, count=COUNT, seed=1):
    return chains(Gaussian(ddof), policy or Own(), NORMAL, n, generations, count, seed=seed)


def agree(draws, expected):
    """Mean over the last axis of `draws` within WIDEST standard errors of what is expected."""
    error = draws.std(-1, ddof=1) / np.sqrt(draws.shape[-1])
    return (np.abs(draws.mean(-1) - expected) < WIDEST * error).all()


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize(
    "n, generations, fresh, archive",
    [(30, 12, 0, 0), (12, 5, 0, 0), (20, 25, 0.2, 0), (20, 25, 0, 0.2), (20, 25, 0.1, 0.3)],
)
def test_moments_at_every_generation(n, generations, ddof, fresh, archive):
    policy = Mix((Fresh(NORMAL), Archive(), Own()), (fresh, archive, 1 - fresh - archive))
    found = simulated(n, generations, ddof, policy)
    expected = expectations.moments(n, generations, ddof, fresh, archive)
    assert agree(found.mean**2, expected.square_mean)
    assert agree(found.variance, expected.variance)


def test_moments_without_real_data_are_those_of_the_closed_forms():
    t = np.arange(1, 41)
    likelihood, unbiased = expectations.moments(25, 40, 0), expectations.moments(25, 40, 1)
    assert np.allclose(likelihood.variance, (24 / 25) ** t)
    assert np.allclose(likelihood.square_mean, 1 - (24 / 25) ** t)
    assert np.allclose(unbiased.variance, 1)
    assert np.allclose(unbiased.square_mean, t / 25)


def test_stationary_values_are_where_the_moments_go():
    for share in (0.02, 0.1, 0.5, 1.0):
        assert expectations.moments(50, 3_000, fresh=share).variance[-1] == pytest.approx(
            expectations.fresh_limit(50, share)
        )
    assert expectations.fresh_limit(50, 0) == 0


@pytest.mark.parametrize("ddof", [0, 1])
def test_accumulation(ddof):
    found = simulated(7, 20, ddof, Accumulate())
    expected = expectations.accumulated(7, 20, ddof)
    assert agree(found.mean**2, expected.square_mean)
    assert agree(found.variance, expected.variance)


@pytest.mark.parametrize("n", [4, 10, 200])
def test_what_accumulation_leaves_in_the_end(n):
    product = np.prod(1 - 1 / (n * np.arange(1.0, 100_001) ** 2))
    assert expectations.accumulated_limit(n) == pytest.approx(product, rel=1e-5)
    assert expectations.accumulated(n, 5_000).variance[-1] == pytest.approx(product, rel=1e-3)


@pytest.mark.parametrize("ddof", [0, 1])
def test_spread_distance_and_logarithm(ddof):
    n, t = 15, np.arange(1, 9)
    found = simulated(n, 8, ddof, count=20_000)
    deviation = np.sqrt(found.variance)
    assert agree(deviation, expectations.deviation(n, t, ddof))
    assert agree(found.mean**2 + (deviation - 1) ** 2, expectations.distance(n, t, ddof))
    logarithm, expected = np.log(found.variance), expectations.log_variance(n, t, ddof)
    assert agree(logarithm, expected.mean)
    assert logarithm.std(1) == pytest.approx(expected.sd, rel=0.04)


@pytest.mark.parametrize("ddof", [0, 1])
def test_the_median_is_near_exp_of_the_mean_logarithm(ddof):
    found = simulated(20, 40, ddof)
    expected = expectations.log_variance(20, 40, ddof)
    error = 1.2533 * expected.sd / np.sqrt(COUNT)  # of a median, where the law is near normal
    assert abs(np.log(np.median(found.variance[-1])) - expected.mean) < 0.02 + 4 * error


def test_the_two_estimators_differ_in_the_limit_of_the_distance():
    assert expectations.distance(20, 10_000, 0) == pytest.approx(2)
    assert expectations.distance(20, 10_000, 1) > 500


def recounted(chances, n, generations, seeds):
    """Chances of each generation, (seeds, generations, kinds), the first counted from reality."""
    world = Categorical(len(chances))
    truth = type(world.fit(np.array([0]), seed=0))(np.asarray(chances))
    found = np.zeros((seeds, generations, len(chances)))
    for seed in range(seeds):
        for step in run(world, Own(), truth.sample(n, seed=seed), generations, seed=seed):
            found[seed, step.number - 1 :] = world.fit(step.data, seed=0).chances  # to its end
    return found


def test_heterozygosity():
    chances = expectations.zipf(12, 1.2)
    found = recounted(chances, 20, 15, 1_500)
    differ = 1 - np.square(found).sum(-1)  # (seeds, generations)
    assert agree(differ.T, expectations.heterozygosity(chances, 20, np.arange(1, 16)))


def test_each_kind_ends_as_the_only_one_as_often_as_it_occurred():
    data = np.array([0, 0, 0, 1, 1, 2])
    last = [list(run(Categorical(), Own(), data, 200, seed=seed))[-1] for seed in range(1_200)]
    assert all(step.ended for step in last)
    winners = np.eye(3)[[step.data[0] for step in last]]
    assert agree(winners.T, np.array([3, 2, 1]) / 6)


def test_a_word_is_left_as_often_as_its_lines_survive():
    n, generations, copies = 1_000, 12, (1, 3, 10)
    data = np.concatenate([np.zeros(n - sum(copies), int), np.repeat([1, 2, 3], copies)])
    left = np.zeros((600, generations + 1, 3), bool)
    for seed in range(len(left)):
        for step in run(Categorical(4), Own(), data, generations + 1, seed=seed):
            left[seed, step.number - 1] = np.isin([1, 2, 3], step.data)
    for t in (1, 4, generations):
        expected = expectations.word_survival(copies, t)
        error = np.sqrt(expected * (1 - expected) / len(left))
        assert (np.abs(left[:, t].mean(0) - expected) < 4.5 * error + 0.01).all()


@pytest.mark.parametrize("weight", [0.5, 0.1])
def test_a_mode_gains_and_loses_weight_as_a_word_does(weight):
    n, generations = 40, 25
    data = np.repeat([0, 1], [round(n * (1 - weight)), round(n * weight)])
    chains_ = [list(run(Categorical(2), Own(), data, generations, seed=s)) for s in range(800)]
    ends = [
        [step.fitted.chances[1] if step.fitted else c[-1].data[0] for step in c] for c in chains_
    ]
    for t in (1, 6, generations - 1):  # the first fit copies the data: no chance in it
        w = np.array([c[min(t, len(c) - 1)] for c in ends])
        assert agree((w - weight) ** 2, expectations.mode_weight(weight, n, t))
        assert agree(w, weight)


def test_a_modes_weight_starts_on_the_line_and_ends_with_one_mode():
    assert expectations.mode_weight(0.3, 40, [0, 1]) == pytest.approx([0, 0.21 / 40])
    assert expectations.mode_weight(0.3, 40, 10**6) == pytest.approx(0.21)  # gone, or all there is
    assert expectations.mode_weight(0.3, 40, 40) == pytest.approx(0.21 * (1 - np.exp(-1)), rel=0.01)


def test_a_fitted_mixture_has_the_variance_of_its_data_whatever_its_modes():
    """So the mean total variance goes as a single normal's: after any number of iterations."""
    points = np.random.default_rng(0).normal(size=(200, 3)) * [1, 2, 3] + [0, 1, 5]
    for modes, iterations in ((2, 1), (5, 4), (8, 100)):
        model = Mixture(modes, floor=0, iterations=iterations).fit(points, seed=modes).model
        mean = model.weights_ @ model.means_
        gaps = model.means_ - mean
        total = np.einsum("k,kij->ij", model.weights_, model.covariances_)
        total += np.einsum("k,ki,kj->ij", model.weights_, gaps, gaps)
        assert np.allclose(mean, points.mean(0))
        assert np.allclose(total, np.cov(points.T, ddof=0))


def test_survival_goes_as_two_over_t():
    assert expectations.survival(2) == pytest.approx(
        [1, 1 - np.exp(-1), 1 - np.exp(np.exp(-1) - 1)]
    )
    assert expectations.survival(5_000)[-1] * 5_000 == pytest.approx(2, rel=0.01)
    assert expectations.word_survival([1, 2], 0) == pytest.approx([1, 1])


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: expectations.moments(1, 5), "n is 1: give a whole number, at least 2"),
        (lambda: expectations.moments(10, 0), "generations is 0"),
        (lambda: expectations.moments(10, 5, ddof=2), "ddof is 2"),
        (lambda: expectations.moments(10, 5, fresh=0.15), "no whole number"),
        (lambda: expectations.moments(10, 5, archive=1.5), "between 0 and 1"),
        (lambda: expectations.moments(10, 5, fresh=0.6, archive=0.6), "exceed 1"),
        (lambda: expectations.mode_weight(1.5, 10, 5), "between 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
