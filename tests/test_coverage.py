"""pass@k, accepted answers and best-of-n, against cases by hand, simulation and closed forms."""

from itertools import combinations

import numpy as np
import pytest

from datawall.reasoning import coverage


def test_pass_at_k_is_the_mean_over_all_choices_of_k():
    right = np.array([[True, False, False, True, False], [False] * 5, [True] * 5])
    for k in (1, 2, 4, 5):
        by_hand = np.mean(
            [[row[list(some)].any() for some in combinations(range(5), k)] for row in right]
        )
        assert coverage.passed(right, k) == pytest.approx([by_hand])
    assert coverage.passed(right, [1, 5]) == pytest.approx([7 / 15, 2 / 3])


def test_it_is_not_the_naive_estimate():
    right = np.array([[True, False, False, False]])
    assert coverage.passed(right, 4) == pytest.approx([1.0])
    assert pytest.approx(0.684, abs=1e-3) == 1 - 0.75**4


def test_a_guesser_with_known_chances():
    assert coverage.guessed([0.5, 0.0, 1.0], [1, 2]) == pytest.approx([0.5, 1.75 / 3])


def test_beta_spread_is_the_mean_over_its_draws():
    p = np.random.default_rng(0).beta(0.3, 2.0, 400_000)
    ks = [1, 4, 64]
    assert coverage.spread(0.3, 2.0, ks) == pytest.approx(coverage.guessed(p, ks), abs=3e-3)
    assert coverage.spread(1, 1, [1, 3]) == pytest.approx([1 / 2, 3 / 4])
    far = 1 - coverage.spread(0.3, 2.0, [10_000, 100_000])
    assert np.log10(far[0] / far[1]) == pytest.approx(0.3, abs=1e-3)  # a power law


def test_the_first_accepted_answer():
    assert coverage.accepted(0.1, 0.0, [1, 2]) == pytest.approx([0.1, 0.19])
    assert coverage.accepted(0.1, 1.0, [1, 50]) == pytest.approx([0.1, 0.1])
    # Two draws: right at once; or wrong and refused, then right.
    assert coverage.accepted(0.2, 0.25, 2) == pytest.approx([0.2 + 0.8 * 0.75 * 0.2])
    for p, f, end in ((0.01, 0.01, 0.50), (0.01, 0.05, 0.17), (0.3, 0.1, 0.81)):
        assert coverage.accepted(p, f, 10_000) == pytest.approx([end], abs=5e-3)
    assert coverage.accepted([0.0, 1.0], 0.0, 3) == pytest.approx(np.array([[0.0], [1.0]]))
    assert coverage.accepted([0.2, 0.4], 0.1, [1, 2, 3]).shape == (2, 3)


def test_accepted_over_a_beta_spread():
    p = np.random.default_rng(1).beta(0.4, 3.0, 200_000)
    ks = [1, 3, 64]
    for leak in (0.0, 0.1):
        simulated = coverage.accepted(p, leak, ks).mean(0)
        assert coverage.accepted_over(0.4, 3.0, leak, ks) == pytest.approx(simulated, abs=3e-3)
    assert coverage.accepted_over(0.4, 3.0, 0.0, ks) == pytest.approx(coverage.spread(0.4, 3.0, ks))
    assert coverage.accepted_over(1, 1, 1.0, ks) == pytest.approx([0.5] * 3)


@pytest.mark.parametrize("error", [0.5, 1.0, 2.0])
def test_best_of_n_under_normal_errors_is_the_closed_form(error):
    ns = [1, 2, 16, 256]
    found = coverage.best_of(ns, error)
    largest = np.array([0.0, 1 / np.sqrt(np.pi), 1.76599, 2.82687])  # of so many normals
    assert found.worth == pytest.approx(largest / np.sqrt(1 + error**2), abs=4e-3)
    assert found.score == pytest.approx(largest * np.sqrt(1 + error**2), abs=8e-3)


def test_best_of_n_where_the_score_says_next_to_nothing():
    found = coverage.best_of([2, 16], 1e6)
    largest = np.array([1 / np.sqrt(np.pi), 1.76599])
    assert found.score / 1e6 == pytest.approx(largest, abs=8e-3)
    assert found.worth * 1e6 == pytest.approx(largest, abs=8e-3)


def test_best_of_n_by_default_and_at_the_heaviest_tails():
    assert coverage.best_of(4).worth == coverage.best_of(4, 1.0, np.inf).worth
    assert 0 < coverage.best_of(2, 1.0, 1.0).worth[0] < coverage.best_of(2).worth[0]


def test_best_of_n_under_heavy_tails_is_what_simulation_gives():
    rng = np.random.default_rng(2)
    for n in (4, 16, 256):
        worth = rng.standard_normal((20_000, n))
        score = worth + rng.standard_t(3, (20_000, n))
        picked = np.take_along_axis(worth, score.argmax(1)[:, None], 1).mean()
        assert coverage.best_of(n, 1.0, 3.0).worth == pytest.approx([picked], abs=0.03)
    rising = coverage.best_of([1, 4, 16, 256, 4096], 1.0, 2.0).worth
    assert rising.argmax() == 2 and rising[-1] < 0.1


def test_divergence_of_best_of_n():
    assert coverage.divergence([1, 4, 64]) == pytest.approx([0.0, 0.636, 3.174], abs=1e-3)


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: coverage.passed(np.ones((2, 3)), 1), "give booleans"),
        (lambda: coverage.passed(np.ones(3, bool), 1), "give booleans"),
        (lambda: coverage.passed(np.ones((2, 3), bool), 4), "k is 4"),
        (lambda: coverage.passed(np.ones((2, 3), bool), 0), "k is 0"),
        (lambda: coverage.passed(np.ones((2, 3), bool), 1.5), "give a whole number"),
        (lambda: coverage.passed(np.ones((0, 3), bool), 1), "give booleans"),
        (lambda: coverage.guessed([0.5], np.ones(0, int)), "give a whole number"),
        (lambda: coverage.guessed([0.5], [[1]]), "or a list of them"),
        (lambda: coverage.guessed([1.5], 1), "chances hold 1.5"),
        (lambda: coverage.spread(0, 1, 1), "alpha is 0"),
        (lambda: coverage.spread(1, -1, 1), "beta is -1"),
        (lambda: coverage.accepted(0.1, 1.1, 1), "leak is 1.1"),
        (lambda: coverage.accepted(1.5, 0.1, 1), "chance hold"),
        (lambda: coverage.accepted_over(0, 1, 0.1, 1), "alpha is 0"),
        (lambda: coverage.accepted_over(1, 0, 0.1, 1), "beta is 0"),
        (lambda: coverage.accepted_over(1, 1, -0.1, 1), "leak is -0.1"),
        (lambda: coverage.best_of(0), "n is 0"),
        (lambda: coverage.best_of(2, 0), "error is 0"),
        (lambda: coverage.best_of(2, 1, 0.5), "tails is 0.5"),
    ],
)
def test_bad_input_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
