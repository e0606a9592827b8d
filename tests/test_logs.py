"""Estimates from logs: three rows by hand, without bias over many logs, and the shop's files."""

from importlib import util

import numpy as np
import pytest

from datawall.acting import logs

R, W = np.array([1.0, 0.0, 1.0]), np.array([2.0, 0.5, 0.5])


def test_three_rows_by_hand():
    assert logs.weights([0.5, 0.2, 0.1], [0.25, 0.4, 0.2]).tolist() == [2.0, 0.5, 0.5]
    assert logs.inverse_propensity(R, W) == pytest.approx(2.5 / 3)
    assert logs.self_normalised(R, W) == pytest.approx(2.5 / 3.0)
    expected, of_chosen = np.array([0.6, 0.4, 0.5]), np.array([0.5, 0.3, 0.9])
    by_hand = (0.6 + 2 * 0.5 + 0.4 - 0.5 * 0.3 + 0.5 + 0.5 * 0.1) / 3
    assert logs.doubly_robust(R, W, expected, of_chosen) == pytest.approx(by_hand)
    assert logs.effective_size(W) == pytest.approx(9 / 4.5)
    assert logs.effective_size(np.ones(7)) == pytest.approx(7)


def test_self_normalised_divides_by_the_weights():
    assert logs.self_normalised([1.0, 0.0], [3.0, 1.0]) == pytest.approx(0.75)
    assert logs.inverse_propensity([1.0, 0.0], [3.0, 1.0]) == pytest.approx(1.5)


def test_no_bias_over_many_logs():
    rng = np.random.default_rng(0)
    chance, wanted, worth = np.array([0.7, 0.2, 0.1]), np.array([0.1, 0.1, 0.8]), [0.2, 0.5, 0.6]
    truth, wrong = wanted @ worth, np.array([0.9, 0.1, 0.3])  # a bad model
    found = []
    for _ in range(400):
        chosen = rng.choice(3, 300, p=chance)
        rewards = (rng.random(300) < np.take(worth, chosen)).astype(float)
        w = logs.weights(wanted[chosen], chance[chosen])
        under = np.full(300, wanted @ wrong)
        found.append(
            (
                logs.inverse_propensity(rewards, w),
                logs.self_normalised(rewards, w),
                logs.doubly_robust(rewards, w, under, wrong[chosen]),
            )
        )
    assert np.mean(found, 0) == pytest.approx([truth] * 3, abs=0.02)
    assert abs(wanted @ wrong - truth) > 0.1


@pytest.mark.parametrize("campaign, items", [("all", 80), ("men", 34), ("women", 46)])
def test_the_shops_logs(campaign, items):
    random, drawn = (logs.shop(policy, campaign) for policy in ("random", "Thompson"))
    assert random.items == items == drawn.items
    for log in (random, drawn):
        assert len(log.item) == len(log.click) == len(log.chance) == 10_000
        assert set(np.unique(log.click)) == {0, 1} and log.item.max() < items
        assert logs.shown(log).sum() == pytest.approx(1)
    assert random.chance == pytest.approx(1 / items, abs=1e-4)
    assert logs.logged_means(random)[logs.shown(random) > 0] == pytest.approx(1 / items, abs=1e-4)
    assert logs.logged_means(drawn).sum() > 1.9  # the trap


def test_clicks_and_means_by_hand():
    log = logs.ShopLog(
        np.array([0, 0, 2, 2]), np.array([1, 0, 1, 1]), np.array([0.2, 0.4, 0.1, 0.3]), 3
    )
    assert logs.shown(log).tolist() == [0.5, 0.0, 0.5]
    assert logs.logged_means(log) == pytest.approx([0.3, 0.0, 0.2])
    assert logs.click_rates(log, 2.0) == pytest.approx([2.5 / 4, 0.75, 3.5 / 4])
    with pytest.raises(ValueError, match="never shown"):
        logs.click_rates(log, 0)


def test_what_the_random_log_says_by_hand():
    random = logs.ShopLog(np.array([0, 0, 1, 1]), np.array([1, 0, 1, 1]), np.full(4, 0.5), 2)
    drawn = logs.ShopLog(np.array([0, 0, 0, 1]), np.array([0, 1, 0, 0]), np.full(4, 0.6), 2)
    found = logs.from_random(random, drawn, pull=0.0)
    exact = 0.75 * 0.5 + 0.25 * 1.0
    assert found["really"] == 0.25
    for name in ("inverse propensity", "self-normalised", "direct", "doubly robust"):
        assert found[name] == pytest.approx(exact)
    assert found["mean chances"] == pytest.approx((1.2 * 1 + 1.2 * 2) / 4)
    pulled = logs.from_random(random, drawn, pull=2.0)
    assert pulled["direct"] == pytest.approx(0.75 * 2.5 / 4 + 0.25 * 3.5 / 4)
    assert pulled["doubly robust"] == pytest.approx(exact)


def test_resampled():
    log = logs.shop("Thompson", "men")
    again = logs.resampled(log, np.random.default_rng(0))
    rows = np.random.default_rng(0).integers(10_000, size=10_000)
    assert np.array_equal(again.click, log.click[rows]) and again.items == 34
    assert np.array_equal(again.item, log.item[rows])
    assert np.array_equal(again.chance, log.chance[rows])


def test_refusals(monkeypatch):
    with pytest.raises(ValueError, match="chance of 0"):
        logs.weights([0.5, 0.5], [0.0, 0.5])
    with pytest.raises(ValueError, match="one a case"):
        logs.weights([0.5], [0.5, 0.5])
    with pytest.raises(ValueError, match="all weights are 0"):
        logs.self_normalised([1.0, 0.0], [0.0, 0.0])
    with pytest.raises(ValueError, match="all weights are 0"):
        logs.effective_size([0.0])
    with pytest.raises(ValueError, match="2 cases and 1"):
        logs.doubly_robust([1.0, 0.0], [1.0, 1.0], [0.5], [0.5])
    with pytest.raises(ValueError, match="policy is 'best'"):
        logs.shop("best", "all")
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="pip install obp"):
        logs.shop("random", "all")
