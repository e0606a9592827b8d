"""Each generator against a closed form or a known distribution, and what it refuses."""

import dataclasses
import math
import pickle

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA

from datawall.generators.closed_forms import Categorical, Gaussian, Mixture
from datawall.generators.combined import PerClass, tempered
from datawall.generators.language import LanguageModel, SoftTargets
from datawall.generators.networks import VAE, Diffusion
from datawall.lm.train import Recipe
from datawall.text import corpus

RNG = np.random.default_rng(0)
MEAN, LOADINGS = np.array([3.0, -1.0, 0.5]), RNG.normal(size=(3, 3))
POINTS = MEAN + RNG.normal(size=(400, 3)) @ LOADINGS.T
# A small VAE and a small diffusion model: what is tested is their rules, not their quality.
TINY_VAE = VAE(latent=2, hidden=16, steps=60)
TINY_DIFFUSION = Diffusion(levels=10, hidden=16, layers=1, steps=60)
ROWS = torch.from_numpy(RNG.integers(5, size=(64, 12)))
TINY_MODEL = LanguageModel(5, tokens=4_000, width=16, layers=1, recipe=Recipe(warmup=5))
OF_VECTORS = [Gaussian(), Mixture(3), TINY_VAE, TINY_DIFFUSION]
ALL = [
    *((generator, POINTS) for generator in OF_VECTORS),
    (Categorical(), RNG.integers(6, size=100)),
    (TINY_MODEL, ROWS),
]
NAMES = [type(generator).__name__ for generator, _ in ALL]


# The protocol -------------------------------------------------------------------------------------


@pytest.mark.parametrize("generator, data", ALL, ids=NAMES)
def test_the_same_seed_gives_the_same_and_nothing_is_changed(generator, data):
    before = data.clone() if torch.is_tensor(data) else data.copy()
    fitted = generator.fit(data, seed=3)
    first = fitted.sample(20, seed=7)
    later = generator.fit(data, seed=4)  # fitting again leaves the first fit as it was
    assert later is not fitted
    assert np.array_equal(first, fitted.sample(20, seed=7))
    torch.manual_seed(9), np.random.seed(9)  # no hidden state plays a part
    assert np.array_equal(first, generator.fit(data, seed=3).sample(20, seed=7))
    assert not np.array_equal(first, fitted.sample(20, seed=8))
    assert np.array_equal(before, data)
    assert type(first) is type(data)
    assert first.shape == (20, *data.shape[1:])
    with pytest.raises(dataclasses.FrozenInstanceError):
        fitted.knobs = fitted.chances = None


@pytest.mark.parametrize("generator, data", ALL, ids=NAMES)
def test_fitted_generators_travel_between_processes_and_breed(generator, data):
    fitted = generator.fit(data, seed=0)
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.sample(5, seed=1), fitted.sample(5, seed=1))
    child = generator.fit(fitted.sample(100, seed=2), seed=1)
    assert child.sample(3, seed=3).shape == fitted.sample(3, seed=3).shape


@pytest.mark.parametrize("generator", OF_VECTORS, ids=NAMES[:4])
def test_any_shape_comes_back(generator):
    for shape in ((50,), (50, 4), (50, 2, 2)):
        data = np.random.default_rng(0).normal(size=shape)
        assert generator.fit(data, seed=0).sample(7, seed=0).shape == (7, *shape[1:])


@pytest.mark.parametrize("generator", [TINY_VAE, TINY_DIFFUSION])
def test_threads_are_as_they_were(generator):
    torch.set_num_threads(2)
    generator.fit(POINTS, seed=0).sample(3, seed=0)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)


@pytest.mark.parametrize(
    "generator",
    [Gaussian(), Mixture(1), VAE(latent=1, hidden=0, steps=800), Diffusion(hidden=32, steps=800)],
    ids=NAMES[:4],
)
def test_temperature_multiplies_the_variance(generator):
    data = np.random.default_rng(0).normal(5, 2, size=(500, 1))
    half = dataclasses.replace(generator, temperature=0.5)
    warm, cool = (g.fit(data, seed=0).sample(20_000, seed=1) for g in (generator, half))
    assert cool.var() / warm.var() == pytest.approx(0.5, abs=0.05)
    fitted = generator.fit(data, seed=0)
    assert np.array_equal(
        tempered(fitted, 0.5).sample(20_000, seed=1), cool
    )  # no need to fit again
    frozen = tempered(fitted, 0.0).sample(5, seed=1)
    assert frozen.var() < 1e-9
    assert frozen.mean() == pytest.approx(data.mean(), abs=0.1)


# Gaussian and categorical -------------------------------------------------------------------------


@pytest.mark.parametrize("ddof", [0, 1])
def test_gaussian_has_the_moments_of_its_data(ddof):
    fitted = Gaussian(ddof).fit(POINTS[:10], seed=0)
    assert np.allclose(fitted.mean, POINTS[:10].mean(0))
    assert np.allclose(fitted.covariance, np.cov(POINTS[:10].T, ddof=ddof))
    samples = fitted.sample(200_000, seed=1)
    error = 5 * np.sqrt(np.outer(*[fitted.covariance.diagonal()] * 2) * 2 / 200_000)
    assert (np.abs(np.cov(samples.T) - fitted.covariance) < error).all()
    assert (np.abs(samples.mean(0) - fitted.mean) < error.diagonal() + 0.02).all()


def test_one_round_loses_one_part_in_n_of_the_variance_on_average():
    """E s^2 = (n - 1) / n under maximum likelihood, and 1 for the unbiased estimator."""
    n, rounds = 5, 4_000
    draws = np.random.default_rng(0).normal(size=(rounds, n))
    for ddof, expected in ((0, 1 - 1 / n), (1, 1.0)):
        found = [Gaussian(ddof).fit(points, seed=0).covariance[0, 0] for points in draws]
        spread = math.sqrt(2 / (n - 1) / rounds) * expected
        assert np.mean(found) == pytest.approx(expected, abs=4 * spread)


def test_shrinkage_is_that_of_ledoit_and_wolf():
    few = POINTS[:6]
    shrunk = Gaussian(shrink=True).fit(few, seed=0).covariance
    assert np.allclose(shrunk, LedoitWolf().fit(few).covariance_)
    assert np.allclose(Gaussian(1, shrink=True).fit(few, seed=0).covariance, shrunk * 6 / 5)


def test_fewer_points_than_dimensions_give_a_flat_gaussian():
    flat = np.random.default_rng(0).normal(size=(3, 5))
    samples = Gaussian().fit(flat, seed=0).sample(100, seed=0)
    assert np.linalg.matrix_rank(samples - flat.mean(0), tol=1e-6) == 2


def test_categorical_counts_and_draws_as_counted():
    fitted = Categorical(5).fit(np.array([0, 0, 0, 2, 2, 3]), seed=0)
    assert np.allclose(fitted.chances, [3 / 6, 0, 2 / 6, 1 / 6, 0])
    drawn = np.bincount(fitted.sample(60_000, seed=0), minlength=5)
    assert drawn[1] == drawn[4] == 0
    assert stats.chisquare(drawn[[0, 2, 3]], [30_000, 20_000, 10_000]).pvalue > 1e-3


def test_resampling_counts_loses_diversity_at_the_known_rate():
    """E(1 - sum p^2) falls by 1 - 1/n a round: Wright and Fisher's drift."""
    n, rounds, kinds = 20, 3_000, 10
    start = Categorical(kinds).fit(np.arange(kinds), seed=0)
    once = [Categorical(kinds).fit(start.sample(n, seed=s), seed=0).chances for s in range(rounds)]
    lost = 1 - np.square(once).sum(1)
    expected = (1 - 1 / kinds) * (1 - 1 / n)
    assert lost.mean() == pytest.approx(expected, abs=4 * lost.std() / math.sqrt(rounds))


# Mixture ------------------------------------------------------------------------------------------


def test_mixture_finds_weights_means_and_spreads():
    rng = np.random.default_rng(0)
    n = 4_000
    which = rng.random(n) < 0.25
    data = np.where(which, rng.normal(-4, 0.5, n), rng.normal(3, 1.0, n))
    fitted = Mixture(2).fit(data, seed=0)
    at = np.array([-4.0, 0.0, 3.0, 5.0])
    true = 0.25 * stats.norm.pdf(at, -4, 0.5) + 0.75 * stats.norm.pdf(at, 3, 1)
    assert np.allclose(np.exp(fitted.model.score_samples(at[:, None])), true, rtol=0.15)
    samples = fitted.sample(50_000, seed=0)
    assert (samples < -1).mean() == pytest.approx(which.mean(), abs=0.01)
    test = stats.kstest(samples[::10], lambda x: np.interp(x, np.sort(data), np.arange(n) / n))
    assert test.statistic < 0.03


def test_one_component_is_a_gaussian():
    fitted = Mixture(1, floor=0.0).fit(POINTS, seed=0)
    true = stats.multivariate_normal(POINTS.mean(0), np.cov(POINTS.T, ddof=0))
    assert np.allclose(fitted.model.score_samples(POINTS[:5]), true.logpdf(POINTS[:5]))


def test_each_sample_of_a_mixture_has_its_own_noise_and_no_order():
    fitted = Mixture(3).fit(np.repeat([0.0, 100, 200], 50) + np.arange(150) % 7, seed=0)
    one, other = fitted.sample(30, seed=0), fitted.sample(30, seed=1)
    assert not np.isin(one, other).any()
    assert len(set(np.round(one[:10], -2))) > 1  # components are mixed, not one after the other


# VAE ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def linear():
    """Data of two factors in six dimensions, and a linear VAE trained on them."""
    rng = np.random.default_rng(1)
    data = 3 + rng.normal(size=(1_000, 2)) @ rng.normal(size=(2, 6)) * 1.5
    data += 0.7 * rng.normal(size=data.shape)
    return data, VAE(latent=2, hidden=0, steps=3_000, rate=5e-3).fit(data, seed=0)


def test_a_linear_vae_is_probabilistic_pca(linear):
    """Tipping and Bishop 1999: the best likelihood, noise and covariance in closed form."""
    data, fitted = linear
    best = PCA(2).fit(data)
    bound = fitted.bound(data, seed=0).mean()
    assert best.score(data) - 0.03 < bound < best.score(data) + 0.01  # never above, but for noise
    assert fitted.noise == pytest.approx(math.sqrt(best.noise_variance_), rel=0.03)
    found = np.cov(fitted.sample(50_000, seed=1).T)
    assert np.allclose(found, best.get_covariance(), atol=0.1 * best.get_covariance().max())


def test_without_its_noise_a_vae_loses_that_variance(linear):
    _, fitted = linear
    means = dataclasses.replace(fitted, knobs=dataclasses.replace(fitted.knobs, noise=False))
    lost = fitted.sample(50_000, seed=1).var(0).sum() - means.sample(50_000, seed=1).var(0).sum()
    assert lost == pytest.approx(6 * fitted.noise**2, rel=0.1)


def test_a_deep_vae_learns_a_ring():
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 1_000)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1)
    fitted = VAE(latent=2, hidden=64, steps=1_500).fit(ring, seed=0)
    radius = np.hypot(*fitted.sample(2_000, seed=0).T)
    flat = Gaussian().fit(ring, seed=0)
    assert abs(np.median(radius) - 1) < 0.06
    assert radius.std() < np.hypot(*flat.sample(2_000, seed=0).T).std() / 2
    best = stats.multivariate_normal(flat.mean, flat.covariance).logpdf(ring).mean()
    assert fitted.bound(ring, seed=0).mean() > best + 0.5


# Diffusion ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def denoiser():
    """Normal data in two dimensions of unlike variance, and a diffusion model of them."""
    mean, variance = np.array([2.0, -1.0]), np.array([4.0, 0.25])
    data = mean + np.sqrt(variance) * np.random.default_rng(0).normal(size=(5_000, 2))
    return data, Diffusion(hidden=64, layers=2, steps=1_500, batch=256).fit(data, seed=0)


@pytest.mark.parametrize("level", [5, 15, 25, 35, 50])
def test_diffusion_learns_the_score_of_normal_data(denoiser, level):
    data, fitted = denoiser
    a, sigma = (part[level] for part in fitted.levels())
    assert a**2 + sigma**2 == pytest.approx(1, abs=1e-6)
    variance = a**2 * data.var(0) + (sigma * fitted.frame.scale) ** 2
    noise = np.random.default_rng(level).normal(size=(2_000, 2))
    mean = data.mean(0)  # that of the noised points too, since noise is added about it
    noised = mean + np.sqrt(variance) * noise
    true = -(noised - mean) / variance
    error = np.square(fitted.score(noised, level) - true).mean(0)
    unit = (sigma * fitted.frame.scale) ** -2  # of a score at this level, if it's all noise
    assert (error < 0.005 * unit).all()


def test_diffusion_samples_have_the_moments_of_normal_data(denoiser):
    data, fitted = denoiser
    samples = fitted.sample(20_000, seed=1)
    assert np.allclose(samples.mean(0), data.mean(0), atol=0.05 * data.std(0))
    assert np.allclose(samples.var(0), data.var(0), rtol=0.08)
    assert abs(np.corrcoef(samples.T)[0, 1]) < 0.05


def test_diffusion_keeps_modes_apart():
    rng = np.random.default_rng(0)
    data = rng.choice([-3.0, 3.0], size=(2_000, 1), p=[0.3, 0.7]) + 0.3 * rng.normal(
        size=(2_000, 1)
    )
    samples = Diffusion(hidden=64, layers=2, steps=1_500).fit(data, seed=0).sample(5_000, seed=1)
    assert (samples < 0).mean() == pytest.approx(0.3, abs=0.05)
    assert (np.abs(samples) < 1.5).mean() < 0.02


def test_a_level_without_noise_has_no_score(denoiser):
    with pytest.raises(ValueError, match="level is 0: give a whole number from 1 to 50"):
        denoiser[1].score(np.zeros((1, 2)), 0)


# Language model -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def writer():
    """Rows of a chain in which each id follows from the one before, but for one in ten."""
    rng = np.random.default_rng(0)
    rows = np.empty((2_000, 12), int)
    rows[:, 0] = rng.choice(5, size=2_000, p=[0.5, 0.2, 0.1, 0.1, 0.1])
    for t in range(1, 12):
        jump = rng.integers(5, size=2_000)
        rows[:, t] = np.where(rng.random(2_000) < 0.9, (rows[:, t - 1] + 1) % 5, jump)
    rows = torch.from_numpy(rows)
    return rows, LanguageModel(5, 130_000, 16, 1, Recipe(warmup=20)).fit(rows, seed=0)


def test_a_language_model_learns_the_chain(writer):
    rows, fitted = writer
    stay = 0.9 + 0.1 / 5
    start = stats.entropy([0.5, 0.2, 0.1, 0.1, 0.1])
    floor = (start + 11 * stats.entropy([stay, *[0.02] * 4])) / 12
    assert fitted.nats(rows).mean() == pytest.approx(floor, abs=0.03)


def test_its_samples_have_the_models_own_bigrams(writer):
    _, fitted = writer
    pairs = torch.cartesian_prod(*[torch.arange(5)] * 2)
    chance = np.exp(-2 * short_nats(fitted, pairs)).astype(float)
    samples = fitted.sample(20_000, seed=0)[:, :2]
    counts = np.bincount((5 * samples[:, 0] + samples[:, 1]).numpy(), minlength=25)
    assert chance.sum() == pytest.approx(1, abs=1e-3)  # hardly anything is left for the mark
    assert stats.chisquare(counts, chance / chance.sum() * 20_000).pvalue > 1e-3


def short_nats(fitted, rows):
    """Cross-entropy of the beginnings of rows: causal, so the rest of a row can't matter."""
    whole = torch.cat([rows, torch.zeros(len(rows), 10, dtype=torch.long)], 1)
    marked = torch.cat([torch.full((len(rows), 1), 5), whole], 1)
    logs = fitted.model(marked[:, :-1]).log_softmax(-1)
    picked = logs.gather(2, marked[:, 1:, None])[:, : rows.shape[1], 0]
    return -picked.mean(1).detach().numpy()


def test_nats_are_the_log_density_a_token(writer):
    rows, fitted = writer
    marked = torch.cat([torch.full((7, 1), 5), rows[:7]], 1)
    logs = fitted.model(marked[:, :-1]).log_softmax(-1)
    by_hand = -logs.gather(2, marked[:, 1:, None]).mean((1, 2)).detach().numpy()
    assert np.allclose(fitted.nats(rows[:7]), by_hand, atol=1e-5)


def test_equal_budgets_whatever_the_number_of_rows(writer):
    rows, _ = writer
    model = LanguageModel(5, 6_500, 16, 1, Recipe(warmup=5))
    few, many = (model.fit(rows[:n], seed=0) for n in (20, 2_000))
    assert few.nats(rows[:20]).mean() < few.nats(rows[1_000:]).mean() - 0.1  # learned by heart
    assert many.nats(rows[1_000:]).mean() < few.nats(rows[1_000:]).mean()


def test_rows_of_a_text():
    text = torch.arange(1_000) % 5
    rows = corpus.windows(text, 11, 50, seed=0)
    assert TINY_MODEL.fit(rows, seed=0).sample(3, seed=0).shape == rows[:3].shape


def test_samples_hold_no_mark():
    raw = dataclasses.replace(TINY_MODEL, tokens=8 * 13 * 7)  # hardly trained: marks do occur
    assert raw.fit(ROWS, seed=0).sample(500, seed=0).max() < 5


def test_soft_targets_are_least_at_the_teacher_and_then_its_entropy(writer):
    rows, fitted = writer
    objective = SoftTargets(fitted.model)
    windows = torch.cat([torch.full((50, 1), 5), rows[:50]], 1)
    chances = fitted.model(windows[:, :-1]).softmax(-1)
    entropy = -(chances * chances.log()).sum(-1).mean().item()
    assert objective(fitted.model, windows).item() == pytest.approx(entropy, rel=1e-5)
    other = LanguageModel(5, 4_000, 16, 1, Recipe(warmup=5)).fit(rows, seed=1)
    assert objective(other.model, windows).item() > entropy + 0.01


def test_soft_targets_tell_a_student_more_than_a_few_rows_do(writer):
    rows, fitted = writer
    few, new = rows[:20], rows[1_000:]
    student = LanguageModel(5, 20_000, 16, 1, Recipe(warmup=5))
    taught = dataclasses.replace(student, teacher=fitted).fit(few, seed=0)
    alone = student.fit(few, seed=0)
    assert taught.nats(new).mean() < fitted.nats(new).mean() + 0.1
    assert alone.nats(new).mean() > taught.nats(new).mean() + 0.2
    with pytest.raises(ValueError, match="the same vocabulary"):
        dataclasses.replace(student, vocab=6, teacher=fitted)


# Labels -------------------------------------------------------------------------------------------


def test_each_class_has_a_generator_and_keeps_its_share():
    rng = np.random.default_rng(0)
    labels = np.repeat(["a", "b", "c"], [60, 30, 10])
    points = rng.normal(size=100) + np.repeat([0.0, 100, 200], [60, 30, 10])
    fitted = PerClass(Gaussian()).fit((points, labels), seed=0)
    made, theirs = fitted.sample(50, seed=1)
    assert dict(zip(*np.unique(theirs, return_counts=True), strict=True)) == dict(a=30, b=15, c=5)
    centre = 100.0 * np.searchsorted(["a", "b", "c"], theirs)
    assert (np.round(made, -2) == centre).all()
    assert len(set(theirs[:10])) > 1  # shuffled
    assert np.array_equal(made, fitted.sample(50, seed=1)[0])


def test_classes_have_seeds_of_their_own():
    points = np.tile(np.random.default_rng(0).normal(size=20), 2)
    made, labels = (
        PerClass(Gaussian()).fit((points, np.repeat([0, 1], 20)), seed=0).sample(20, seed=0)
    )
    assert not np.isin(made[labels == 0], made[labels == 1]).any()


def test_each_class_is_tempered():
    labels = np.arange(40) % 2
    points = np.random.default_rng(0).normal(size=40) + 100 * labels
    cold, theirs = tempered(PerClass(Gaussian()).fit((points, labels), seed=0), 0.0).sample(
        10, seed=0
    )
    assert np.allclose(
        cold, np.where(theirs, points[labels == 1].mean(), points[labels == 0].mean())
    )


@pytest.mark.parametrize("n", [1, 7, 101])
def test_shares_add_up(n):
    points, labels = (
        PerClass(Gaussian()).fit((np.arange(90.0), np.arange(90) % 3), seed=0).sample(n, seed=0)
    )
    assert len(points) == len(labels) == n


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize("generator", OF_VECTORS, ids=NAMES[:4])
@pytest.mark.parametrize(
    "data, message",
    [
        (np.empty((0, 2)), "give an array"),
        (np.ones((1, 2)), "give two or more"),
        (np.ones((9, 2)), "give points that differ"),
        (np.array([[1.0, 2], [3, np.nan], [0, 1]]), "1 of 3 points, the first in row 1"),
        (np.array([[1.0, 2], [3, np.inf], [0, 1]]), "leave them out"),
    ],
)
def test_degenerate_points_are_refused(generator, data, message):
    with pytest.raises(ValueError, match=message):
        generator.fit(data, seed=0)


@pytest.mark.parametrize("generator", OF_VECTORS, ids=NAMES[:4])
def test_a_constant_coordinate_is_no_fault(generator):
    data = np.random.default_rng(0).normal(size=(40, 3)) * [1, 0, 1] + [0, 5, 0]
    assert np.isfinite(generator.fit(data, seed=0).sample(5, seed=0)).all()


@pytest.mark.parametrize(
    "generator, data, message",
    [
        (Categorical(), np.array([], int), "give one or more"),
        (Categorical(), np.array([0.5]), "encode what you have"),
        (Categorical(), np.array([-1, 2]), "must run from 0"),
        (Categorical(2), np.array([0, 2]), "must run from 0 to 1"),
        (Mixture(5), np.arange(4.0), "ask for fewer components"),
        (TINY_MODEL, torch.zeros(5, dtype=torch.long), r"give \(count, length\)"),
        (TINY_MODEL, torch.full((4, 6), 5), "must run from 0 to 4"),
        (TINY_MODEL, torch.zeros(0, 6, dtype=torch.long), "give one or more"),
        (TINY_MODEL, torch.zeros(4, 6), "encode what you have"),
        (PerClass(Gaussian()), (np.arange(3.0), [0, 1]), "3 points with 2 labels"),
        (PerClass(Gaussian()), (np.arange(3.0), [0, 0, 1]), "class 1: one point has no spread"),
    ],
)
def test_other_data_are_refused(generator, data, message):
    with pytest.raises(ValueError, match=message):
        generator.fit(data, seed=0)


@pytest.mark.parametrize(
    "kind, knobs, message",
    [
        (Gaussian, {"ddof": 2}, "give 0"),
        (Gaussian, {"temperature": -1}, "no randomness"),
        (Mixture, {"components": 0}, "at least 1"),
        (VAE, {"steps": 0}, "at least 1"),
        (Diffusion, {"levels": 0}, "at least 1"),
        (LanguageModel, {"vocab": 0}, "at least 1"),
    ],
)
def test_bad_knobs_are_refused(kind, knobs, message):
    with pytest.raises(ValueError, match=message):
        kind(**knobs)


def test_a_diverging_fit_says_so():
    with pytest.raises(FloatingPointError, match="lower the rate"):
        dataclasses.replace(TINY_VAE, rate=1e30).fit(POINTS, seed=0)
