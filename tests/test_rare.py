"""The rare data are what their sources say; splits keep crashes whole; costs are what they must."""

import numpy as np
import pytest

from datawall.worlds import rare
from datawall.worlds.rare import Cases

CRASHES, CARAVAN = rare.crashes(), rare.caravan()
SCORES, RARE = np.array([0.1, 0.4, 0.4, 0.6, 0.9]), np.array([0, 1, 0, 0, 1])


def test_crashes_are_those_of_the_source():
    assert CRASHES.features.shape == (26216, 10) == (len(CRASHES.rare), len(CRASHES.names))
    assert CRASHES.rare.sum() == 1180
    assert np.isfinite(CRASHES.features).all()
    speed = CRASHES.features[:, CRASHES.names.index("speed")]
    deaths = [CRASHES.rare[speed == v].mean() for v in np.unique(speed)]
    assert (np.diff(deaths) > 0).all()  # the faster, the deadlier
    belted = CRASHES.features[:, CRASHES.names.index("belted")] == 1
    assert CRASHES.rare[belted].mean() < CRASHES.rare[~belted].mean()


def test_caravan_is_that_of_the_source():
    assert CARAVAN.features.shape == (5822, 85)
    assert CARAVAN.rare.sum() == 348


def test_a_split_keeps_groups_whole_and_counts_rare_cases():
    for seed in range(3):
        learn, test = rare.split(CRASHES, 60, seed=seed)
        assert CRASHES.rare[learn].sum() == 60
        assert CRASHES.rare[learn][-1] == 1
        assert not np.intersect1d(CRASHES.groups[learn], CRASHES.groups[test]).size
        tested = len(np.unique(CRASHES.groups[test])) / len(np.unique(CRASHES.groups))
        assert tested == pytest.approx(0.4, abs=0.001)
        assert CRASHES.rare[learn].mean() == pytest.approx(0.045, abs=3 * 0.045 / np.sqrt(60))


def test_a_larger_split_holds_the_smaller_and_the_test_stays():
    (few, test), (many, again) = (rare.split(CRASHES, n, seed=4) for n in (20, 100))
    assert np.array_equal(test, again)
    assert np.array_equal(many[: len(few)], few)
    assert not np.array_equal(rare.split(CRASHES, 20, seed=5)[0], few)


def test_rows_can_be_chosen():
    old = CRASHES.of(CRASHES.features[:, -1] == 1997)
    assert 0 < len(old.rare) < len(CRASHES.rare) and old.names == CRASHES.names


def test_a_column_is_found_by_its_name():
    assert set(CRASHES.column("year")) == set(range(1997, 2003))
    with pytest.raises(ValueError, match="colour"):
        CRASHES.column("colour")


def test_cost_by_hand():
    assert rare.cost(SCORES, RARE, 10, 0.5) == pytest.approx((10 + 1) / 5)
    assert rare.cost(SCORES, RARE, 10, 0.0) == pytest.approx(3 / 5)
    assert rare.cost(SCORES, RARE, 10, np.inf) == pytest.approx(20 / 5)


@pytest.mark.parametrize("ratio", [0.1, 0.7, 1, 3, 10])
def test_the_best_threshold_is_the_best_of_all(ratio):
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores, labels = rng.integers(0, 8, 30) / 8, rng.random(30) < 0.3
        every = [rare.cost(scores, labels, ratio, t) for t in (*np.unique(scores), np.inf)]
        best = rare.best_threshold(scores, labels, ratio)
        assert rare.cost(scores, labels, ratio, best) == pytest.approx(min(every))


def test_known_chances_are_best_cut_at_the_theory_s_threshold():
    rng = np.random.default_rng(1)
    chance = rng.random(200_000)
    labels = rng.random(200_000) < chance
    assert rare.best_threshold(chance, labels, 9) == pytest.approx(
        rare.decision_threshold(9), abs=0.02
    )
    assert rare.decision_threshold(9) == pytest.approx(0.1)


@pytest.mark.parametrize("way", rare.WAYS[1:])
def test_balanced_classes_weigh_the_same(way):
    learn, _ = rare.split(CRASHES, 30, seed=0)
    given = CRASHES.features[learn], CRASHES.rare[learn]
    features, labels, weights = rare.material(way, *given, seed=0)
    assert weights[labels == 1].sum() == pytest.approx(weights[labels == 0].sum())
    assert np.array_equal(features[: len(learn)], given[0])
    assert np.array_equal(labels[: len(learn)], given[1])
    again, other = (rare.material(way, *given, seed=s)[0] for s in (0, 1))
    assert np.array_equal(features, again)
    assert np.array_equal(features, other) == (way == "class weights")


def test_new_cases_are_what_their_way_says():
    learn, _ = rare.split(CRASHES, 30, seed=0)
    given = CRASHES.features[learn], CRASHES.rare[learn]
    few = given[0][given[1] == 1]
    new = {way: rare.material(way, *given, seed=0)[0][len(learn) :] for way in rare.WAYS}
    assert not len(new["as it is"]) and not len(new["class weights"])
    assert (rare.material("as it is", *given, seed=0)[2] == 1).all()
    assert {tuple(row) for row in new["duplicates"]} <= {tuple(row) for row in few}
    assert not {tuple(row) for row in new["SMOTE"]} <= {tuple(row) for row in few}
    assert (new["SMOTE"] >= few.min(0)).all() and (new["SMOTE"] <= few.max(0)).all()
    assert new["SMOTE"].var(0).sum() < 0.95 * few.var(0).sum()
    assert new["Gaussian"].mean(0) == pytest.approx(few.mean(0), abs=2 * few.std(0).max() / 20)


def test_smote_of_independent_pairs_keeps_two_thirds_of_the_variance():
    """With all others as neighbours a pair is independent: E[(1 - u)^2 + u^2] = 2/3."""
    rng = np.random.default_rng(0)
    few = rng.standard_normal((6, 4))  # six rare cases: five neighbours are all the others
    features = np.concatenate([few, rng.standard_normal((40_000, 4))])
    labels = np.append(np.ones(6, int), np.zeros(40_000, int))
    made = rare.material("SMOTE", features, labels, seed=0)[0][len(labels) :]
    pair = 2 / 3 - (1 / 3) / 5  # without replacement the two are a little apart
    assert made.var(0).sum() / few.var(0).sum() == pytest.approx(pair, abs=0.02)


def test_scores_by_hand():
    chances, labels = np.array([0.9, 0.6, 0.4, 0.2]), np.array([1, 0, 1, 0])
    found = rare.scores(chances, labels, ratio=5, own=0.3)
    assert found == pytest.approx(
        {
            "auc": 75,
            "average_precision": 100 * (1 + 2 / 3) / 2,
            "recall": 50,
            "brier": 100 * (0.01 + 0.36 + 0.36 + 0.04) / 4,
            "at_half": 1000 * (1 + 5) / 4,
            "at_own": 1000 * 1 / 4,
        }
    )


def test_alarms_by_hand():
    chances, labels = np.array([0.9, 0.8, 0.6, 0.3, 0.2, 0.1]), np.array([1, 0, 1, 0, 0, 0])
    caught, half = rare.alarms(chances, labels, [0, 0.125, 0.25, 1])
    assert caught.tolist() == [0.5, 0.5, 1, 1]
    assert half == (0.25, 1)


def test_balancing_shift():
    assert rare.balancing_shift(0.01) == pytest.approx(np.log(99))
    assert rare.balancing_shift(0.5) == 0


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: rare.split(CARAVAN, 349, seed=0), "349 rare cases to learn from: there are"),
        (lambda: rare.split(CARAVAN, 0, seed=0), "0 rare cases to learn from"),
        (
            lambda: rare.material("magic", [[0]] * 3, [1, 0, 0], seed=0),
            "way is 'magic': give one of as it is, class",
        ),
        (lambda: rare.material("SMOTE", [[0]] * 3, [1, 0, 0], seed=0), "1 rare of 3 cases"),
        (lambda: rare.material("SMOTE", [[0]] * 3, [1, 1, 0], seed=0), "at most half"),
        (lambda: rare.decision_threshold(0), "a missed case must cost more than nothing"),
        (lambda: rare.balancing_shift(0), "rate is 0: give a share between 0 and 1"),
    ],
)
def test_bad_input_is_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_cases_of_one_group_are_never_parted():
    together = Cases(np.zeros((6, 1)), np.array([1, 0, 1, 0, 1, 0]), np.zeros(6, int), ("x",))
    with pytest.raises(ValueError, match="there are 0"):
        rare.split(together, 1, seed=0)
