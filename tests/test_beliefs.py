"""Beliefs about guests: Bayes' rule by hand, one answer after another, and what EM recovers."""

import numpy as np
import pytest

from datawall.acting import beliefs
from datawall.acting.beliefs import Belief

NAN = np.nan


@pytest.fixture
def belief():
    rng = np.random.default_rng(0)
    return Belief(rng.normal(3.5, 0.3, 6), rng.normal(0, 0.5, (6, 3)), 0.6, rng.random(6) / 10)


def conditional(belief, films, stars):
    """Mean and variance of all ratings given some, by the joint normal of the films."""
    joint = belief.weights @ belief.weights.T
    noise = np.diag(belief.noise + belief.doubt)
    gain = joint[:, films] @ np.linalg.inv((joint + noise)[np.ix_(films, films)])
    mean = belief.mean + gain @ (stars - belief.mean[films])
    return mean, np.diag(joint - gain @ joint[films])


def test_posterior_is_exact(belief):
    films, stars = [4, 0, 2], np.array([5.0, 1.5, 3.0])
    mean, variance = conditional(belief, films, stars)
    taste = beliefs.unknown(belief, 1)
    for film, star in zip(films, stars, strict=True):
        taste = beliefs.heard(belief, taste, [film], [star])
    row = np.full((1, 6), NAN)
    row[0, films] = stars
    at_once = beliefs.told(belief, row)
    for found in (taste, at_once):
        assert np.allclose(beliefs.predicted(belief, found), mean, atol=1e-9)
        assert np.allclose(beliefs.taste_variance(belief, found), variance, atol=1e-9)


def test_one_answer_by_hand():
    # One film of weight 1 and noise 1: half of the surprise is believed, half the variance stays.
    belief = Belief(np.array([3.0, 3.0]), np.array([[1.0], [2.0]]), 1.0, np.zeros(2))
    taste = beliefs.heard(belief, beliefs.unknown(belief, 1), [0], [5.0])
    assert taste.mean[0, 0] == pytest.approx(1.0)
    assert taste.cov[0, 0, 0] == pytest.approx(0.5)
    assert beliefs.predicted(belief, taste)[0] == pytest.approx([4.0, 5.0])
    assert beliefs.taste_variance(belief, taste)[0] == pytest.approx([0.5, 2.0])
    assert beliefs.rating_variance(belief, taste)[0] == pytest.approx([1.5, 3.0])


def test_doubt_of_a_film_weakens_its_answer():
    belief = Belief(np.zeros(2), np.ones((2, 1)), 1.0, np.array([0.0, 2.0]))
    start = beliefs.unknown(belief, 2)
    taste = beliefs.heard(belief, start, [0, 1], [1.0, 1.0])
    assert taste.mean[:, 0] == pytest.approx([1 / 2, 1 / 4])
    assert beliefs.rating_variance(belief, start)[0] == pytest.approx([2.0, 4.0])


def test_guests_are_apart_and_the_silent_tell_nothing(belief):
    start = beliefs.unknown(belief, 3)
    taste = beliefs.heard(belief, start, [1, 1, 5], [4.0, NAN, 0.5])
    assert np.array_equal(taste.mean[1], start.mean[1])
    assert np.array_equal(taste.cov[1], start.cov[1])
    alone = beliefs.heard(belief, beliefs.unknown(belief, 1), [5], [0.5])
    assert np.allclose(taste.mean[2], alone.mean[0])


def test_information_and_usefulness(belief):
    taste = beliefs.heard(belief, beliefs.unknown(belief, 1), [3], [4.5])
    targets = np.array([[True, True, False, False, True, False]])
    told, fall = beliefs.information(belief, taste), beliefs.usefulness(belief, taste, targets)
    for film in range(6):
        after = beliefs.heard(belief, taste, [film], [1.0])  # of any rating
        entropy = 0.5 * (np.linalg.slogdet(taste.cov[0])[1] - np.linalg.slogdet(after.cov[0])[1])
        assert told[0, film] == pytest.approx(entropy, rel=1e-9)
        before, later = (beliefs.taste_variance(belief, t)[targets] for t in (taste, after))
        assert fall[0, film] == pytest.approx(before.sum() - later.sum(), rel=1e-9)


def test_calibration_by_hand():
    belief = Belief(np.array([3.0, 3.0]), np.zeros((2, 1)), 4.0, np.zeros(2))
    taste = beliefs.unknown(belief, 2)
    found = beliefs.calibration(belief, taste, [[5.0, NAN], [3.0, -1.0]])
    assert found.squared_z == pytest.approx((1 + 0 + 4) / 3)
    assert found.inside == pytest.approx(2 / 3)
    assert found.rmse == pytest.approx(np.sqrt(20 / 3))
    one = beliefs.calibration(
        belief, taste, [[5.0, NAN], [3.0, -1.0]], np.ones((2, 2)) == [[1, 0], [0, 0]]
    )
    assert one.rmse == pytest.approx(2.0)
    with pytest.raises(ValueError, match="no ratings"):
        beliefs.calibration(belief, taste, [[5.0, NAN], [3.0, 1.0]], np.zeros((2, 2), bool))


def world(guests, films, seed, shown=0.5):
    rng = np.random.default_rng(seed)
    mean, loads = rng.normal(3.5, 0.4, films), rng.normal(0, 0.5, (films, 1))
    level, taste = 0.4 * rng.standard_normal(guests), rng.standard_normal((guests, 1))
    stars = mean + level[:, None] + taste @ loads.T + 0.7 * rng.standard_normal((guests, films))
    stars[rng.random(stars.shape) > shown] = NAN
    return mean, loads, stars


def test_learnt_finds_the_world_that_made_the_ratings():
    mean, loads, stars = world(600, 40, seed=1)
    belief = beliefs.learnt(stars, rank=1, ridge=1.0, shrink=1.0, seed=0)
    assert np.abs(belief.mean - mean).max() < 0.2
    assert abs(np.corrcoef(belief.weights[:, 1], loads[:, 0])[0, 1]) > 0.97
    assert np.ptp(belief.weights[:, 0]) == 0  # the level, alike for all films
    assert belief.weights[0, 0] == pytest.approx(0.4, abs=0.08)
    assert belief.noise == pytest.approx(0.49, abs=0.03)
    assert (belief.doubt < 0.03).all()


def test_learnt_from_few_is_calibrated_and_a_plain_fit_is_not():
    _, _, stars = world(1030, 60, seed=2, shown=0.3)
    few, new = stars[:30], stars[30:]
    inside = {}
    for sure in (False, True):
        belief = beliefs.learnt(few, rank=2, ridge=5.0, shrink=2.0, sure=sure, seed=0)
        judged = beliefs.calibration(belief, beliefs.unknown(belief, len(new)), new)
        inside[sure] = judged.inside
        assert (belief.doubt == 0).all() == sure
    assert inside[False] == pytest.approx(0.9, abs=0.05)
    assert inside[True] < 0.8


def test_shrinking_and_films_that_nobody_rated():
    stars = np.array([[5.0, NAN, 3.0], [4.0, NAN, 2.0], [NAN, NAN, 4.0]])
    middle = 18 / 5
    drawn = beliefs.learnt(stars, rank=0, shrink=1e6, seed=0)
    assert drawn.mean == pytest.approx([middle] * 3, abs=1e-3)
    free = beliefs.learnt(stars, rank=0, shrink=2.0, seed=0)
    assert free.mean[1] == pytest.approx(middle, abs=1e-9)
    assert free.doubt[1] > free.doubt[0] > free.doubt[2]
    assert free.doubt[1] == pytest.approx(free.noise / 2)


def test_a_film_that_only_the_generous_rated_is_not_taken_for_a_good_one():
    rng = np.random.default_rng(4)
    level = 0.8 * rng.standard_normal(400)
    stars = 3 + level[:, None] + 0.5 * rng.standard_normal((400, 20))
    stars[level < 0.3, 0] = NAN
    assert np.nanmean(stars[:, 0]) > 3.7
    belief = beliefs.learnt(stars, rank=0, shrink=1.0, seed=0)
    assert belief.mean[0] == pytest.approx(3.0, abs=0.15)


def test_learnt_repeats_and_its_seed_is_of_the_start():
    _, _, stars = world(50, 10, seed=3)
    one, two = (beliefs.learnt(stars, rank=1, seed=4, sweeps=3) for _ in range(2))
    assert np.array_equal(one.weights, two.weights)
    other = beliefs.learnt(stars, rank=1, seed=5, sweeps=3)
    assert not np.array_equal(one.weights, other.weights)


def test_genres():
    genres = np.array([[1, 0], [1, 1], [0, 0]])
    belief = beliefs.of_genres(genres, middle=3.5, level=0.4, liking=0.3, noise=0.8)
    root = 0.3 / np.sqrt(2)
    assert belief.weights == pytest.approx(
        np.array([[0.4, 0.3, 0.0], [0.4, root, root], [0.4, 0.0, 0.0]])
    )
    assert belief.mean == pytest.approx([3.5] * 3) and not belief.doubt.any()


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(mean=np.zeros(3)), "weights of shape"),
        (dict(noise=0.0), "noise is 0.0"),
        (dict(doubt=np.zeros(5)), "one a film"),
        (dict(doubt=-np.ones(6)), "doubt hold -1"),
    ],
)
def test_a_belief_that_cannot_be(belief, change, message):
    parts = dict(mean=belief.mean, weights=belief.weights, noise=0.5, doubt=belief.doubt)
    with pytest.raises(ValueError, match=message):
        Belief(**parts | change)


def test_refusals(belief):
    taste = beliefs.unknown(belief, 2)
    with pytest.raises(ValueError, match="one film and one rating a guest"):
        beliefs.heard(belief, taste, [1], [3.0])
    with pytest.raises(ValueError, match="films run from"):
        beliefs.heard(belief, taste, [1, 6], [3.0, 3.0])
    with pytest.raises(ValueError, match=r"stars of shape \(2, 5\)"):
        beliefs.told(belief, np.ones((2, 5)))
    with pytest.raises(ValueError, match="no number at all"):
        beliefs.told(belief, np.full((2, 6), NAN))
    with pytest.raises(ValueError, match="ridge is 0"):
        beliefs.learnt(np.ones((3, 2)), ridge=0, seed=0)
    with pytest.raises(ValueError, match="genres of shape"):
        beliefs.of_genres([1, 0], middle=3, level=1, liking=1, noise=1)
