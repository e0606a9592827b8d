"""Each measure on cases whose answer is known, the unpleasant ones among them."""

import math

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from datawall.generators import measures

RNG = np.random.default_rng(0)


def normal(n, d, seed, mean=0.0, sd=1.0):
    return np.random.default_rng(seed).normal(mean, sd, size=(n, d))


# Fidelity and coverage ----------------------------------------------------------------------------


def test_support_by_hand():
    """Three points a unit apart, and three more: every ball can be drawn on paper."""
    real = np.array([0.0, 1.0, 2.0])  # k = 1: each ball reaches 1 to both sides
    fake = np.array([2.5, 2.7, 9.0])  # balls reach 0.2, 0.2 and 6.3
    found = measures.support(real, fake, k=1)
    assert found.precision == pytest.approx(2 / 3)  # 2.5 and 2.7 lie in the ball of 2
    assert found.recall == 0  # 0, 1, 2 lie in no fake ball: 9's ends at 2.7
    assert found.density == pytest.approx(2 / 3)  # one real ball for each of two
    assert found.coverage == pytest.approx(1 / 3)  # only that of 2 holds a fake point


def test_precision_and_recall_are_exchanged_when_real_and_fake_are():
    a, b = normal(300, 3, 0), normal(400, 3, 1, sd=0.4)
    forth, back = measures.support(a, b), measures.support(b, a)
    assert (forth.precision, forth.recall) == (back.recall, back.precision)
    assert forth.precision > 0.9 > 0.7 > forth.recall  # the fake points are too tame


def test_two_sets_from_one_distribution_score_below_one():
    pairs = [(normal(500, 8, s), normal(500, 8, 100 + s)) for s in range(6)]
    found = np.array([measures.support(*pair) for pair in pairs])
    assert (found[:, :2] < 0.98).all()
    assert (found[:, :2] > 0.8).all()
    spread = found.std(0, ddof=1) / math.sqrt(6)
    assert abs(found[:, 2].mean() - 1) < 4 * spread[2]  # density is 1 on average
    expected = measures.full_coverage(500, 500)
    assert abs(found[:, 3].mean() - expected) < 4 * spread[3]


@pytest.mark.parametrize("real, fake, k, d", [(60, 30, 3, 1), (40, 80, 1, 5)])
def test_full_coverage_depends_on_the_numbers_alone(real, fake, k, d):
    found = [
        measures.support(normal(real, d, s), normal(fake, d, 10_000 + s), k).coverage
        for s in range(300)
    ]
    margin = 4 * np.std(found) / math.sqrt(300)
    assert np.mean(found) == pytest.approx(measures.full_coverage(real, fake, k), abs=margin)


def test_far_apart_nothing_overlaps():
    assert measures.support(normal(50, 2, 0), normal(50, 2, 1, mean=99)) == (0, 0, 0, 0)


def test_a_copier_is_perfect_until_its_copies_are_counted():
    training, fresh = normal(400, 4, 0), normal(400, 4, 1)
    found = measures.support(training, training)
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    honest = measures.support(training, fresh)
    assert honest.precision < found.precision
    held_out = normal(4_000, 4, 2)
    assert measures.copies(training, training, held_out) == 1
    assert measures.copies(training, normal(4_000, 4, 3), held_out) == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize("k", [0, 10])
def test_neighbours_that_are_not_there(k):
    with pytest.raises(ValueError, match="10 real and 20 fake"):
        measures.support(normal(10, 2, 0), normal(20, 2, 1), k)


def test_which_points_are_reached_by_hand():
    """The same six points as above, one by one."""
    found = measures.reached(np.array([0.0, 1.0, 2.0]), np.array([2.5, 2.7, 9.0]), k=1)
    assert found.recalled.tolist() == [False, False, False]
    assert found.covered.tolist() == [False, False, True]


def test_reached_averages_to_recall_and_coverage():
    real, fake = normal(300, 3, 0), normal(200, 3, 1, sd=0.5)
    found, whole = measures.reached(real, fake), measures.support(real, fake)
    assert (found.recalled.mean(), found.covered.mean()) == (whole.recall, whole.coverage)
    with pytest.raises(ValueError, match="300 real and 4 fake"):
        measures.reached(real, fake[:4])


def test_odd_points_are_covered_as_often_as_others_and_recalled_less():
    """Coverage is a matter of ranks, so it doesn't mind where a point lies; recall does."""
    covered, recalled = [], []
    for seed in range(60):
        real, fake, others = (normal(200, 4, 1_000 * part + seed) for part in range(3))
        far = measures.oddness(real, others)
        odd, usual = far >= np.quantile(far, 0.8), far <= np.quantile(far, 0.5)
        found = measures.reached(real, fake)
        covered.append([found.covered[odd].mean(), found.covered[usual].mean()])
        recalled.append(found.recalled[usual].mean() - found.recalled[odd].mean())
    error = np.std(covered, 0, ddof=1) / math.sqrt(60)
    assert (abs(np.mean(covered, 0) - measures.full_coverage(200, 200)) < 4 * error).all()
    assert np.mean(recalled) > 0.1


def test_oddness_by_hand():
    far = measures.oddness([0.0, 10.0], [1.0, 2.0, 4.0], k=2)
    assert far.tolist() == [2, 8]
    with pytest.raises(ValueError, match="k is 4, and there are 3"):
        measures.oddness([0.0], [1.0, 2.0, 4.0], k=4)


# Two samples --------------------------------------------------------------------------------------


@pytest.mark.parametrize("apart", [0.0, 0.8, 2.0])
def test_telling_two_normals_apart(apart):
    real, fake = normal(3_000, 1, 0), normal(3_000, 1, 1, mean=apart)
    best = norm.cdf(apart / 2)
    found = measures.two_sample(real, fake, seed=0, classifier=LogisticRegression())
    spread = math.sqrt(best * (1 - best) / 6_000)
    assert found == pytest.approx(best, abs=4 * spread)
    kernel = measures.two_sample(real[:800], fake[:800], seed=0)
    assert kernel == pytest.approx(best, abs=4 * math.sqrt(best * (1 - best) / 1_600) + 0.01)


def test_only_a_classifier_that_sees_it_tells_a_narrow_normal_apart():
    """N(0, 1) and N(0, s^2) cross where |x| = sqrt(2 ln(1/s) / (1/s^2 - 1)): no line does."""
    s = 0.4
    cross = math.sqrt(2 * math.log(1 / s) / (1 / s**2 - 1))
    best = ((2 * norm.cdf(cross / s) - 1) + 2 * norm.cdf(-cross)) / 2
    real, fake = normal(1_500, 1, 0), normal(1_500, 1, 1, sd=s)
    assert measures.two_sample(real, fake, seed=0) == pytest.approx(best, abs=0.03)
    line = measures.two_sample(real, fake, seed=0, classifier=LogisticRegression())
    assert line == pytest.approx(0.5, abs=0.05)


def test_unequal_numbers_are_refused():
    with pytest.raises(ValueError, match="as many of each"):
        measures.two_sample(normal(10, 1, 0), normal(20, 1, 1), seed=0)


def test_similarity_has_the_median_distance_for_a_bandwidth():
    points = np.array([[0.0], [2.0], [4.0]])  # distances 2, 2, 4
    assert measures.similarity(points[:2], points[2:])[1, 0] == pytest.approx(math.exp(-0.5))
    with pytest.raises(ValueError, match="give a bandwidth"):
        measures.similarity(np.ones((5, 2)), np.ones((5, 2)))


# Copies and variety -------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0.05, 0.3])
def test_fresh_data_score_the_level(level):
    training = normal(300, 6, 0)
    found = measures.copies(training, normal(5_000, 6, 1), normal(5_000, 6, 2), level)
    assert found == pytest.approx(level, abs=4 * math.sqrt(2 * level * (1 - level) / 5_000))


def test_copies_with_noise_are_found_until_the_noise_is_as_large_as_the_gaps():
    training, held_out = normal(300, 6, 0), normal(2_000, 6, 1)
    noise = normal(300, 6, 2)
    found = [measures.copies(training, training + s * noise, held_out) for s in (0.1, 0.5, 2.0)]
    assert found[0] == 1
    assert 1 > found[1] > 0.05 > found[2]


@pytest.mark.parametrize("clusters, size", [(1, 30), (6, 5), (30, 1)])
def test_vendi_counts_clusters(clusters, size):
    matrix = np.kron(np.eye(clusters), np.ones((size, size)))
    assert measures.vendi(matrix) == pytest.approx(clusters, rel=1e-6)
    points = np.repeat(100.0 * np.eye(clusters), size, axis=0)
    assert measures.vendi(measures.similarity(points, points, 1.0)) == pytest.approx(clusters)


def test_vendi_of_two_unequal_clusters():
    shares = np.array([0.9, 0.1])
    labels = np.repeat([0, 1], [90, 10])
    found = measures.vendi((labels[:, None] == labels).astype(float))
    assert found == pytest.approx(math.exp(-(shares * np.log(shares)).sum()))


@pytest.mark.parametrize("matrix", [np.ones((2, 3)), 2 * np.eye(3), [[1.0, 0.5], [0.1, 1.0]]])
def test_what_is_no_similarity(matrix):
    with pytest.raises(ValueError, match=r"give \(n, n\)|symmetric"):
        measures.vendi(matrix)


def test_distinct_counts_by_hand():
    rows = np.array([[1, 2, 1, 2], [3, 3, 3, 3]])
    assert measures.distinct(rows, 1, 8) == 3 / 8
    assert measures.distinct(rows, 2, 8) == 3 / 6  # 12 21 12 | 33 33 33, and no pair across rows
    assert measures.distinct(rows, 2, 6) == 3 / 4  # the second row is cut after two
    assert measures.distinct(rows, 2, 5) == 2 / 3
    assert measures.distinct([1, 2, 1, 2, 1], 3, 5) == 2 / 3


def test_distinct_falls_with_the_budget_so_budgets_must_be_equal():
    rows = RNG.integers(10, size=(100, 20))
    assert measures.distinct(rows, 2, 100) > measures.distinct(rows, 2, 1_000)
    expected = 1 - (1 - 1 / 10) ** 2_000  # of ten ids: all seen, so 10 of 2,000
    assert measures.distinct(rows, 1, 2_000) == pytest.approx(10 * expected / 2_000)
    with pytest.raises(ValueError, match="lower the budget for all"):
        measures.distinct(rows, 2, 2_001)
    with pytest.raises(ValueError, match="a row has 20"):
        measures.distinct(rows, 21, 2_000)
    with pytest.raises(ValueError, match="raise the budget"):
        measures.distinct(rows, 3, 2)


def test_repeated_counts_within_rows():
    rows = np.array([[1, 2, 1, 2, 1], [1, 2, 3, 4, 5]])
    assert measures.repeated(rows, 2) == 2 / 8  # 12 and 21 come again, in the first row only
    assert measures.repeated(rows[1], 2) == 0


def test_perplexity():
    assert measures.perplexity([math.log(20), math.log(5)]) == pytest.approx(10)
    assert measures.perplexity(np.full(7, math.log(64))) == pytest.approx(64)


# Usefulness ---------------------------------------------------------------------------------------


def two_classes(n, seed, shift=0.0, apart=2.0):
    labels = np.arange(n) % 2
    return normal(n, 1, seed) + apart * (labels[:, None] - 0.5) + shift, labels


def test_a_shifted_generator_costs_what_the_shifted_threshold_costs():
    shift = 1.0
    synthetic, real, test = (
        two_classes(4_000, 0, shift),
        two_classes(4_000, 1),
        two_classes(40_000, 2),
    )
    found = measures.usefulness(synthetic, real, test, LogisticRegression())
    best = norm.cdf(1)
    moved = (norm.cdf(1 - shift) + norm.cdf(1 + shift)) / 2
    assert found.real == pytest.approx(best, abs=0.01)
    assert found.synthetic == pytest.approx(moved, abs=0.02)
    assert found.synthetic < found.both < found.real


def test_synthetic_data_from_the_truth_are_as_good_as_real():
    found = measures.usefulness(two_classes(600, 0), two_classes(600, 1), two_classes(20_000, 2))
    assert found.synthetic == pytest.approx(norm.cdf(1), abs=0.02)
    assert found.real == pytest.approx(norm.cdf(1), abs=0.02)


def test_exchanged_labels_teach_the_opposite():
    points, labels = two_classes(2_000, 0)
    found = measures.usefulness((points, 1 - labels), (points, labels), two_classes(5_000, 1))
    assert found.synthetic == pytest.approx(1 - found.real, abs=0.005)


def test_unequal_training_sets_are_refused():
    with pytest.raises(ValueError, match="as many of each"):
        measures.usefulness(two_classes(50, 0), two_classes(60, 1), two_classes(60, 2))


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad, message",
    [
        (np.empty((0, 2)), "give one or more"),
        (np.array([[1.0, np.nan]]), "NaN or infinity"),
        (np.ones((5, 3)), "in the same shape"),
    ],
)
def test_bad_points_are_refused(bad, message):
    good = normal(5, 2, 0)
    for function in (measures.support, measures.similarity):
        with pytest.raises(ValueError, match=message):
            function(good, bad)
    with pytest.raises(ValueError, match=message):
        measures.copies(good, bad, good)


def test_other_bad_input():
    with pytest.raises(ValueError, match="between 0 and 1"):
        measures.copies(normal(5, 2, 0), normal(5, 2, 1), normal(5, 2, 2), level=1)
    with pytest.raises(ValueError, match="no cross-entropies"):
        measures.perplexity([])


def test_a_grade_is_what_counting_gives_with_intervals_of_the_right_width():
    good, bad = np.arange(400) < 300, np.arange(200) < 20
    found = measures.grade(good, bad, seed=0)
    assert found.precision.value == 300 / 320
    assert found.recall.value == 0.75
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert found.recall.low == pytest.approx(0.75 - half, abs=0.006)
    assert found.recall.high == pytest.approx(0.75 + half, abs=0.006)
    # by the delta method: the number of bad pages kept dominates
    spread = 300 / 320**2 * np.sqrt(200 * 0.1 * 0.9)
    assert found.precision.high - found.precision.low == pytest.approx(4 * spread, rel=0.15)
    with pytest.raises(ValueError, match="kept no page"):
        measures.grade([False], [False], seed=0)
    with pytest.raises(ValueError, match="one of them is empty"):
        measures.grade([], [True], seed=0)


def test_planted_copies_are_as_many_as_asked_for_and_a_letter_away():
    passages = ["the quick brown fox jumps over it", "a lazy dog lies in the sun all day"]
    found = measures.planted(passages, (5, 2), seed=0)
    assert len(found) == 7
    for copy, passage in zip(found, [passages[0]] * 5 + [passages[1]] * 2, strict=True):
        assert len(copy) == len(passage)
        assert sum(a != b for a, b in zip(copy, passage, strict=True)) <= 1
    assert len(set(found)) > 5
    assert measures.planted(passages, (0, 0), seed=0) == []
    with pytest.raises(ValueError, match="give one each"):
        measures.planted(passages, (1,), seed=0)


def test_spread_is_the_analysis_of_variance():
    points, labels = normal(120, 3, 0), np.repeat(["a", "b", "c"], [20, 40, 60])
    points += 5 * (labels == "b")[:, None]
    found = measures.spread(points, labels)
    own = [points[labels == label] for label in "abc"]
    assert found.within == pytest.approx(sum(len(x) * x.var(0).sum() for x in own) / 120)
    assert found.total == pytest.approx(points.var(0).sum())
    assert found.total == pytest.approx(found.within + found.between)


def test_spread_of_modes_that_move_apart_and_lose_their_own():
    """The same total may be all within labels or all between them."""
    labels = np.repeat([0, 1], 50)
    apart = np.where(labels, 1.0, -1.0)
    assert measures.spread(apart, labels) == pytest.approx((1, 0, 1))
    assert measures.spread(apart, np.tile([0, 1], 50)) == pytest.approx((1, 1, 0))
    with pytest.raises(ValueError, match="one label a point"):
        measures.spread(apart, labels[:3])


def test_kinds_that_are_left():
    assert measures.kinds(np.repeat(np.arange(7), 3)) == pytest.approx(7)
    assert measures.kinds(["x"] * 5) == 1
    assert measures.kinds([0, 0, 0, 1]) == pytest.approx(4 / 3**0.75)
    with pytest.raises(ValueError, match="no labels"):
        measures.kinds([])
