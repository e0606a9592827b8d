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


def test_all_that_a_noise_promises_is_less_than_any_one_of_its_promises():
    noise, share, steps = 1.5, 0.1, 50
    alarms = np.array([0.0, 0.01, 0.3, 0.9, 1.0])
    every = promises.most_by_noise(noise, share, steps, alarms)
    for delta in (1e-4, 1e-3, 0.1):
        epsilon = accounting.spent(noise, delta, share, steps)  # by the package, to 0.01
        assert (every <= accounting.most_caught(epsilon, delta, alarms) + 1e-5).all()
    assert (every >= alarms).all() and every[-1] == 1


def test_the_curve_touches_each_promise_that_the_package_finds():
    # the largest delta that the curve leaves at an epsilon is the one that the package gives it
    noise, share, steps, delta = 0.8, 0.12, 66, 1e-3
    epsilon = accounting.spent(noise, delta, share, steps)
    alarms = np.geomspace(1e-8, 1, 20_000)
    found = promises.most_by_noise(noise, share, steps, alarms)
    assert (found - np.exp(epsilon) * alarms).max() == pytest.approx(delta, rel=0.05)


@pytest.mark.parametrize("steps", [1, 9])
def test_steps_of_all_rows_are_gaussian_and_bounded_in_closed_form(steps):
    # all rows at each step, noise s: the best attack tells N(0, 1) from N(mu, 1), mu = sqrt(n) / s
    mu = steps**0.5 / 2.0
    area = promises.most_auc_by_noise(2.0, 1.0, steps)
    assert norm.cdf(mu / 2**0.5) < area < norm.cdf(mu / 2**0.5) + 0.002
    alarms = np.array([1e-3, 0.01, 0.2, 0.6])
    best = norm.sf(norm.isf(alarms) - mu)
    got = promises.most_by_noise(2.0, 1.0, steps, alarms)
    assert (best <= got).all() and got == pytest.approx(best, rel=0.005)


def test_one_step_of_a_share_of_the_rows_is_a_mixture():
    # with the row: N(1, s) with chance q and else N(0, s); without it: N(0, s)
    noise, share = 0.7, 0.3
    cuts = np.linspace(-3, 4, 8)
    false = norm.sf(cuts, 0, noise)
    best = share * norm.sf(cuts, 1, noise) + (1 - share) * false
    got = promises.most_by_noise(noise, share, 1, false)
    assert (best <= got + 1e-9).all() and got == pytest.approx(best, abs=0.002)


@pytest.mark.parametrize(
    ("noise", "batch", "steps", "area", "found"),
    [
        (1.20849609, 128, 266, 0.898, 0.321),
        (0.487060547, 32, 66, 0.741, 0.162),
        (1.76757812, 128, 66, 0.660, 0.044),
        (0.291061401, 32, 66, 0.896, 0.621),
    ],
)
def test_the_curve_of_the_chapters_noise_against_another_program(noise, batch, steps, area, found):
    # the same from a composition of both directions on a grid, written apart from this one
    how = noise, batch / 1062, steps
    assert promises.most_auc_by_noise(*how) == pytest.approx(area, abs=0.002)
    assert float(promises.most_by_noise(*how, [0.01])[0]) == pytest.approx(found, abs=0.002)


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
        (lambda: promises.most_by_noise(1.0, 1.1, 5, [0.1]), "share"),
        (lambda: promises.most_auc_by_noise(1.0, 0.1, 0), "steps"),
    ],
)
def test_what_cant_be_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
