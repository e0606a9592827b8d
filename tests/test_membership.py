"""Attacks on rows whose scores can be counted by hand."""

import numpy as np
import pytest
from scipy.stats import norm

from datawall.privacy import membership


def test_auc_counts_pairs():
    assert membership.auc([3, 1], [2, 0]) == 0.75  # of four pairs three are in order
    assert membership.auc([1, 2], [3, 4]) == 0
    assert membership.auc([1.0], [1.0]) == 0.5


def test_caught_at_one_false_alarm_in_four():
    unread = [0.0, 1.0, 2.0, 3.0]
    assert membership.caught([2.5, 4.0, 1.0, 3.0], unread, 0.25) == 0.75  # those above 2
    assert membership.caught([2.0], unread, 0.25) == 0  # a tie isn't above


def test_at_one_percent_of_two_thousand_twenty_may_be_false():
    unread = np.arange(2000.0)
    assert membership.caught([1979.5, 1978.5, 1980.0], unread, 0.01) == pytest.approx(2 / 3)


def test_guessing_catches_what_it_gives_in_false_alarms():
    rng = np.random.default_rng(0)
    got = membership.caught(rng.normal(size=100_000), rng.normal(size=100_000), 0.01)
    assert got == pytest.approx(0.01, abs=0.002)


def test_two_normals_against_the_closed_form():
    rng = np.random.default_rng(1)
    read, unread = rng.normal(1, 1, 200_000), rng.normal(0, 1, 200_000)
    assert membership.auc(read, unread) == pytest.approx(norm.cdf(1 / 2**0.5), abs=0.003)
    caught = norm.sf(norm.isf(0.01) - 1)
    assert membership.caught(read, unread, 0.01) == pytest.approx(caught, abs=0.004)


def test_calibration_takes_away_what_is_hard_for_every_model():
    got = membership.calibrated([1.0, 5.0], [[2.0, 5.0], [4.0, 6.0]])
    assert got.tolist() == [2.0, 0.5]
    assert membership.calibrated([1.0, 5.0], [2.0, 5.0]).tolist() == [1.0, 0.0]


def losses(models=4, rows=300, gap=1.0):
    """Losses that are mostly how hard a row is, and `gap` lower where a model has read it."""
    rng = np.random.default_rng(2)
    hard, hard_unread = 5 * rng.normal(size=(models, rows)), 5 * rng.normal(size=rows)
    read = hard[None] + 0.5 * rng.normal(size=(models, models, rows))
    read[range(models), range(models)] -= gap
    return read, hard_unread + 0.5 * rng.normal(size=(models, rows))


def test_references_make_an_attack_stronger_and_the_same_gap_none_leaves_none():
    read, unread = losses()
    got = membership.attacked(read, unread)
    assert got["auc_0"] < 0.65 < got["auc_1"] < got["auc_3"]
    # against one reference the difference of losses is normal with a deviation of a half root 2
    assert got["auc_1"] == pytest.approx(norm.cdf(1.0), abs=0.04)
    assert got["auc_3"] == pytest.approx(norm.cdf(1.0 / (0.5 * (4 / 3) ** 0.5 * 2**0.5)), abs=0.03)
    none = membership.attacked(*losses(gap=0.0))
    assert all(abs(none[f"auc_{k}"] - 0.5) < 0.05 for k in (0, 1, 3))


def test_an_attack_is_the_mean_over_models_with_the_next_ones_as_references():
    read, unread = losses(models=3, rows=200)
    got = membership.attacked(read, unread, references=[1])
    by_hand = [
        membership.caught(read[j, i] - read[i, i], unread[j] - unread[i])
        for i, j in ((0, 1), (1, 2), (2, 0))
    ]
    assert got["caught_1"] == pytest.approx(np.mean(by_hand))


def test_without_references_only_the_models_own_losses_count():
    read, unread = losses(models=2, rows=200)
    spoiled = read.copy()
    spoiled[0, 1], spoiled[1, 0] = 1e6, -1e6
    assert membership.attacked(spoiled, unread, [0]) == membership.attacked(read, unread, [0])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: membership.auc([], [1.0]), "give one or more"),
        (lambda: membership.auc([[1.0]], [1.0]), "one a row"),
        (lambda: membership.auc([np.nan], [1.0]), "read rows"),
        (lambda: membership.caught([1.0], [1.0] * 99), "no false alarm"),
        (lambda: membership.caught([1.0], [1.0] * 99, 0), "alarms"),
        (lambda: membership.calibrated([1.0], [[1.0, 2.0]]), "shape"),
        (lambda: membership.attacked(np.zeros((2, 3, 4)), np.zeros((2, 4))), "shapes"),
        (lambda: membership.attacked(*losses(models=2), references=[2]), "references"),
    ],
)
def test_what_is_no_attack_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
