"""What a promise means for one reader, in closed form, and what all of a noise's promises prove."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from datawall.privacy import accounting, promises


def test_the_odds_grow_by_no_more_than_the_factor():
    prior = np.array([0.0, 0.01, 0.5, 0.9, 1.0])
    got = promises.most_sure(1.5, prior)
    inside = prior[1:-1]
    odds = got[1:-1] / (1 - got[1:-1])
    assert odds == pytest.approx(math.exp(1.5) * inside / (1 - inside))
    assert got[0] == 0 and got[-1] == 1


def test_the_posterior_of_randomised_response_is_the_bound():
    # tell the truth with a chance of e/(1 + e): the mechanism that keeps epsilon 1 with equality
    truth = math.e / (1 + math.e)
    prior = 0.2
    posterior = truth * prior / (truth * prior + (1 - truth) * (1 - prior))
    assert float(promises.most_sure(1.0, prior)) == pytest.approx(posterior)
    assert float(promises.most_sure(0.0, prior)) == pytest.approx(prior)


def test_all_promises_of_a_noise_prove_more_than_one_of_them():
    noise, share, steps = 1.5, 0.1, 50
    alarms = np.array([0.0, 0.01, 0.3, 1.0])
    every = promises.most_by_noise(noise, share, steps, alarms)
    for delta in (1e-3, 0.1):
        epsilon = accounting.spent(noise, delta, share, steps, way="rdp")
        assert (every <= accounting.most_caught(epsilon, delta, alarms) + 0.02).all()
    assert (every >= alarms).all() and every[-1] == 1


def test_one_gaussian_step_is_bounded_a_little_above_the_best_attack():
    # all rows, once, noise 2: the best attack tells N(0, 2) from N(1, 2)
    best = norm.cdf(0.5 / 2**0.5)
    got = promises.most_auc_by_noise(2.0, 1.0, 1)
    assert best < got < best + 0.06
    caught = norm.sf(norm.isf(0.01) - 0.5)
    assert caught < float(promises.most_by_noise(2.0, 1.0, 1, [0.01])[0]) < 2.5 * caught


def test_more_noise_proves_more():
    found = [promises.most_auc_by_noise(noise, 0.1, 50) for noise in (0.8, 1.5, 6.0)]
    assert 1 > found[0] > found[1] > found[2] > 0.5


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: promises.most_sure(-0.1, 0.5), "epsilon"),
        (lambda: promises.most_sure(1.0, 1.2), "chances"),
        (lambda: promises.most_by_noise(0.0, 0.1, 5, [0.1]), "noise"),
        (lambda: promises.most_by_noise(1.0, 0.1, 5, [1.5]), "false alarms"),
    ],
)
def test_what_cant_be_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
