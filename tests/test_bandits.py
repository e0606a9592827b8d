"""Policies at work on guests whose ratings are known, by hand and against each other."""

import numpy as np
import pytest

from datawall.acting import bandits, beliefs
from datawall.acting.beliefs import Belief

NAN = np.nan
ROW = np.array([[5.0, NAN, 1.0, 3.0, 3.0]])


@pytest.fixture
def flat():
    """All films alike in expectation, their weights not."""
    return Belief(np.full(5, 3.0), np.array([[0.1], [9.0], [1.0], [2.0], [0.5]]), 1.0, np.zeros(5))


def test_rewards_are_ratings_less_the_guests_mean(flat):
    policy = bandits.Ranked(np.array([1.0, 9.0, 2.0, 4.0, 3.0]))
    earned = bandits.visited(policy, flat, ROW, visits=4, seed=0)
    assert earned.tolist() == [[0.0, 0.0, -2.0, 2.0]]  # films 3, 4, 2, 0, and never 1
    assert bandits.foreseen(ROW, visits=3).tolist() == [[2.0, 0.0, 0.0]]


def test_each_guest_has_a_mean_of_their_own(flat):
    stars = np.array([[5.0, 4.0, 3.0, 2.0, 1.0], [2.0, NAN, 1.5, 1.0, 1.5]])
    policy = bandits.Ranked(np.array([9.0, 0, 0, 0, 0]))
    earned = bandits.visited(policy, flat, stars, visits=1, seed=0)
    assert earned.tolist() == [[2.0], [0.5]]


def test_an_optimist_takes_the_film_of_which_least_is_known(flat):
    first = bandits.visited(bandits.Optimist(1.0), flat, ROW, visits=1, seed=0)
    assert first.tolist() == [[0.0]]  # film 3, of weight 2
    mean = np.array([3.0, 3.0, 4.5, 3.0, 3.0])
    keen = Belief(mean, flat.weights, 1.0, flat.doubt)
    for width, earned in ((0.0, -2.0), (1.0, -2.0), (2.0, 0.0)):  # 4.5 + 1 w against 3 + 2 w
        found = bandits.visited(bandits.Optimist(width), keen, ROW, visits=1, seed=0)
        assert found.tolist() == [[earned]]


def test_greedy_learns_and_a_list_does_not():
    # Two kinds of film, liked by opposite guests: the first answer settles which.
    weights = np.array([[1.0], [1.0], [1.0], [-1.0], [-1.0], [-1.0]])
    belief = Belief(np.array([3.1, 3.0, 3.0, 3.0, 3.0, 3.0]), weights, 0.1, np.zeros(6))
    stars = np.array([[1.0, 1.0, 1.0, 5.0, 5.0, 5.0]])
    learns = bandits.visited(bandits.Greedy(), belief, stars, visits=4, seed=0)
    assert learns.tolist() == [[-2.0, 2.0, 2.0, 2.0]]
    fixed = bandits.visited(bandits.Greedy(learns=False), belief, stars, visits=4, seed=0)
    assert fixed.tolist() == [[-2.0, -2.0, -2.0, 2.0]]


def test_asking_first_asks_what_tells_most_of_the_open_films(flat):
    earned = bandits.visited(bandits.AskFirst(1), flat, ROW, visits=2, seed=0)
    # Film 3 of weight 2 tells most; the guest gave it 3, so nothing is learned, and film 0 is next.
    assert earned.tolist() == [[0.0, 2.0]]
    none = bandits.visited(bandits.AskFirst(0), flat, ROW, visits=4, seed=0)
    greedy = bandits.visited(bandits.Greedy(), flat, ROW, visits=4, seed=0)
    assert np.array_equal(none, greedy)


def test_thompson_without_spread_is_greedy_and_with_it_depends_on_the_seed(flat):
    greedy = bandits.visited(bandits.Greedy(), flat, ROW, visits=4, seed=0)
    assert np.array_equal(
        bandits.visited(bandits.Thompson(0.0), flat, ROW, visits=4, seed=0), greedy
    )
    policy = bandits.Thompson(1.0)
    taste = beliefs.unknown(flat, 20_000)
    rng = np.random.default_rng(0)
    scores = policy.scores(flat, taste, np.ones((20_000, 5), bool), 0, rng)
    assert scores.mean(0) == pytest.approx(flat.mean, abs=0.3)
    assert scores.std(0) == pytest.approx(flat.weights[:, 0], rel=0.02)


def test_any_film_is_named_alike():
    belief = Belief(np.zeros(3), np.zeros((3, 1)), 1.0, np.zeros(3))
    stars = np.tile([1.0, 2.0, 3.0], (3000, 1))
    earned = bandits.visited(bandits.Blind(), belief, stars, visits=2, seed=0)
    assert np.abs(earned.mean(0)).max() < 0.05
    assert set(np.unique(earned)) == {-1.0, 0.0, 1.0}


def test_no_film_is_named_twice(flat):
    for policy in (bandits.Greedy(), bandits.Optimist(), bandits.Thompson(), bandits.AskFirst(2)):
        earned = bandits.visited(policy, flat, ROW, visits=4, seed=1)
        assert sorted(earned[0]) == [-2.0, 0.0, 0.0, 2.0]


def test_lists():
    stars = np.array([[5.0, 4.0, NAN], [5.0, 4.0, NAN], [5.0, NAN, 1.0]])
    found = bandits.lists(stars)
    assert found["most rated"].by.tolist() == [3, 2, 1]
    middle = 24 / 6
    assert found["mean, 5"].by == pytest.approx([(15 + 20) / 8, (8 + 20) / 7, (1 + 20) / 6])
    assert found["mean, 1"].by[0] == pytest.approx((15 + middle) / 4)


def test_the_best_policy_is_chosen_by_what_it_earns(flat):
    policies = {
        "good": bandits.Ranked(np.array([9.0, 0, 0, 0, 0])),
        "bad": bandits.Ranked(np.array([0, 0, 9.0, 0, 0])),
    }
    assert bandits.best_of(policies, flat, ROW, visits=1, seed=0) == "good"
    with pytest.raises(ValueError, match="no policies"):
        bandits.best_of({}, flat, ROW, visits=1, seed=0)


def test_of_each_family_the_best(flat):
    good, bad = bandits.Ranked(np.array([9.0, 0, 0, 0, 0])), bandits.Ranked(-ROW[0])
    families = {"lists": {"bad": bad, "good": good}, "one": {"greedy": bandits.Greedy()}}
    found = bandits.tuned(families, flat, ROW, visits=1, seed=0)
    assert found["lists"] is good and found["one"] == bandits.Greedy()


def test_without_others_guests_are_told_apart_by_genres():
    genres = np.repeat(np.eye(2), 10, axis=0)
    stars = np.array([[5.0] * 10 + [1.0] * 10, [1.0] * 10 + [5.0] * 10])
    alone = bandits.without_others(genres, stars, visits=10, seed=0)
    earned = bandits.visited(alone.policy, alone.belief, stars, visits=10, seed=0)
    assert earned[:, 2:].min() == 2.0  # once a guest's genre is known, only that is named
    assert np.ptp(alone.belief.mean) == 0


def crowd(guests):
    """Two groups of guests with one taste, of the same thirty films."""
    rng = np.random.default_rng(0)
    taste, loads = rng.standard_normal((guests + 40, 1)), rng.choice([-0.8, 0.8], (30, 1))
    stars = 3 + taste @ loads.T + 0.5 * rng.standard_normal((guests + 40, 30))
    return stars[:guests], stars[guests:]


def test_the_belief_that_predicts_others_best_is_taken():
    static, choice = crowd(100)
    kept = bandits.belief_for(static, choice, ranks=(0, 1), ridges=(1.0, 1e6), seed=0)
    assert kept.weights.shape == (30, 2)
    assert np.abs(kept.weights[:, 1]).mean() > 0.5  # not the ridge that leaves nothing
    with pytest.raises(ValueError, match="no settings"):
        bandits.belief_for(static, choice, ranks=(), seed=0)


@pytest.mark.parametrize("strategy", bandits.STRATEGIES)
def test_answers_lower_the_error(strategy):
    static, exam = crowd(300)
    belief = beliefs.learnt(static, rank=1, ridge=1.0, seed=0)
    found = bandits.asked(strategy, belief, exam, questions=(0, 2, 10), top=3, seed=0)
    assert found["rmse"].shape == (3,)
    assert found["rmse"][2] < found["rmse"][0] - 0.1
    assert found["inside"] == pytest.approx([0.9] * 3, abs=0.06)


def halves(films, seed):
    """The films that may be asked about, and the others, as booleans, of one guest."""
    chance = np.random.default_rng([seed, 2]).random((1, films))[0]
    return chance < np.median(chance), chance >= np.median(chance)


def test_what_is_recommended_by_hand():
    stars = np.array([[5.0, 4.5, 4.0, 3.0, 2.0, 1.5, 1.0, 0.5]])
    belief = Belief(stars[0], np.zeros((8, 1)), 1.0, np.zeros(8))
    _, exam = halves(8, seed=1)
    best = np.sort(stars[0][exam])[::-1]
    found = bandits.asked("best", belief, stars, questions=(0,), top=2, seed=1)
    assert found["lift"][0] == pytest.approx(best[:2].mean() - best.mean())
    worst = Belief(-stars[0], np.zeros((8, 1)), 1.0, np.zeros(8))
    found = bandits.asked("best", worst, stars, questions=(0,), top=2, seed=1)
    assert found["lift"][0] == pytest.approx(best[-2:].mean() - best.mean())
    errors = stars[0][exam] + stars[0][exam]
    assert found["rmse"][0] == pytest.approx(np.sqrt(np.mean(errors**2)))


@pytest.mark.parametrize("strategy, told", [("useful", True), ("uncertain", False)])
def test_the_useful_question_is_about_what_is_recommended(strategy, told):
    ask, exam = halves(8, seed=1)
    tells, loud = np.flatnonzero(ask)[:2]
    weights = np.zeros((8, 2))
    weights[exam, 0] = weights[tells, 0] = 1.0  # hangs together with the others
    weights[loud, 1] = 3.0  # unlike any other, and most uncertain
    belief = Belief(np.full(8, 3.0), weights, 0.01, np.zeros(8))
    found = bandits.asked(strategy, belief, np.full((1, 8), 4.0), questions=(0, 1), top=1, seed=1)
    assert found["rmse"] == pytest.approx([1.0, 0.01 if told else 1.0], abs=0.01)


def test_asked_by_hand():
    # One weight for all: rating one film of the half tells the level, and the order stays.
    belief = Belief(np.array([4.0, 3.0, 2.0, 1.0]), np.full((4, 1), 1.0), 1e-6, np.zeros(4))
    stars = np.array([[5.0, 4.0, 3.0, 2.0]])  # a level of one
    found = bandits.asked("best", belief, stars, questions=(0, 1), top=1, seed=0)
    assert found["rmse"] == pytest.approx([1.0, 0.0], abs=1e-5)
    assert found["lift"][0] == found["lift"][1] > 0  # the better film of the half less its mean


def test_what_is_asked_is_never_what_is_recommended():
    belief = Belief(np.zeros(40), np.zeros((40, 1)), 1.0, np.zeros(40))
    stars = np.arange(40.0)[None] / 10
    lifts = {
        s: bandits.asked(s, belief, stars, questions=(0, 20), seed=3)["lift"]
        for s in bandits.STRATEGIES
    }
    assert all(lift[0] == lift[1] for lift in lifts.values())
    assert len({float(lift[0]) for lift in lifts.values()}) == 1  # the same halves


def test_refusals(flat):
    with pytest.raises(ValueError, match="rated 4 films, and 5 visits"):
        bandits.visited(bandits.Greedy(), flat, ROW, visits=5, seed=0)
    with pytest.raises(ValueError, match="strategy is 'all'"):
        bandits.asked("all", flat, ROW, questions=(0,), seed=0)
    with pytest.raises(ValueError, match="rated 4 films, and 10"):
        bandits.asked("best", flat, ROW, questions=(0,), seed=0)
    with pytest.raises(ValueError, match="width is -1"):
        bandits.Optimist(-1)
    with pytest.raises(ValueError, match="questions is -1"):
        bandits.AskFirst(-1)
