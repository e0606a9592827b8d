"""What a budget proves, in closed form, and the noise that it takes, against published values."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import gammaln, logsumexp
from scipy.stats import norm

from datawall.privacy import accounting

BOOK = Path(__file__).resolve().parent.parent / "book"


def renyi(noise, delta, share, steps):
    """Epsilon by Renyi orders that are whole numbers: Mironov et al. 2019, theorem 5 and 20."""
    best = math.inf
    for alpha in range(2, 200):
        k = np.arange(alpha + 1)
        logs = gammaln(alpha + 1) - gammaln(k + 1) - gammaln(alpha - k + 1)
        logs += k * math.log(share) + (alpha - k) * math.log1p(-share)
        rdp = steps * logsumexp(logs + (k * k - k) / (2 * noise**2)) / (alpha - 1)
        eps = rdp + math.log1p(-1 / alpha) - (math.log(delta) + math.log(alpha)) / (alpha - 1)
        best = min(best, eps)
    return best


@pytest.mark.parametrize("noise", [0.8, 1.0, 2.0])
def test_the_accountant_against_a_sum_of_eight_lines(noise):
    asked = dict(delta=1 / 4128, share=100 / 2064, steps=412)
    got = accounting.spent(noise, way="rdp", **asked)
    want = renyi(noise, **asked)
    # the accountant's orders lie closer together, so its bound is the lower one
    assert got == pytest.approx(want, rel=0.1) and got <= want + 1e-6
    assert accounting.spent(noise, **asked) < got  # by numbers it is tighter


def test_one_step_of_all_rows_against_the_gaussian_mechanism():
    # Balle and Wang 2018, theorem 8: delta as a function of epsilon, exactly
    noise, epsilon = 1.3, 2.0
    mu = 1 / noise
    delta = norm.cdf(mu / 2 - epsilon / mu) - math.exp(epsilon) * norm.cdf(-mu / 2 - epsilon / mu)
    assert accounting.spent(noise, delta, 1.0, 1) == pytest.approx(epsilon, abs=0.02)


@pytest.mark.parametrize(("noise", "passes", "published"), [(1.3, 20, 1.34), (0.7, 70, 8.68)])
def test_published_values_of_a_moments_accountant(noise, passes, published):
    # Bu et al. 2020, doi 10.1162/99608f92.cfc5dd25, figure 4: MNIST, batches of 256, delta 1e-5,
    # with an older conversion from moments to delta, a little looser than today's
    got = accounting.spent(noise, 1e-5, 256 / 60_000, passes * 60_000 // 256, way="rdp")
    assert 0.8 * published < got < published


def test_noise_and_what_it_spends_undo_each_other():
    for way in accounting.WAYS:
        noise = accounting.noise_for(2.0, 1e-3, 0.05, 100, way)
        assert accounting.spent(noise, 1e-3, 0.05, 100, way) == pytest.approx(2.0, abs=0.03)


def test_no_attack_beats_guessing_at_a_budget_of_nothing():
    assert accounting.most_auc(0.0) == 0.5
    assert accounting.most_caught(0.0, 0.0, [0.0, 0.01, 1.0]).tolist() == [0.0, 0.01, 1.0]


def test_bounds_in_closed_form():
    # epsilon 1 and no delta: at 1 % false alarms at most e %
    assert float(accounting.most_caught(1.0, 0.0, 0.01)) == pytest.approx(0.0271828)
    assert accounting.most_auc(1.0) == pytest.approx(math.e / (1 + math.e))
    assert float(accounting.most_caught(2.0, 0.1, 0.0)) == pytest.approx(0.1)
    assert float(accounting.most_caught(2.0, 0.1, 0.9)) == pytest.approx(1.0)
    assert float(accounting.most_caught(100.0, 0.0, 0.01)) == pytest.approx(1.0)
    assert accounting.most_auc(5000.0) == pytest.approx(1.0)


@pytest.mark.parametrize("epsilon", [0.0, 0.5, 2.0, 8.0])
@pytest.mark.parametrize("delta", [0.0, 1e-3, 0.2])
def test_the_areas_formula_is_the_area(epsilon, delta):
    alarms = np.linspace(0, 1, 2_000_001)
    area = np.trapezoid(accounting.most_caught(epsilon, delta, alarms), alarms)
    assert accounting.most_auc(epsilon, delta) == pytest.approx(area, abs=1e-4)


def test_the_largest_advantage_is_the_published_one():
    epsilon, delta = 1.5, 0.01
    alarms = np.linspace(0, 1, 100_001)
    advantage = (accounting.most_caught(epsilon, delta, alarms) - alarms).max()
    want = (math.exp(epsilon) - 1 + 2 * delta) / (math.exp(epsilon) + 1)
    assert advantage == pytest.approx(want, abs=1e-4)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: accounting.spent(0.0, 1e-3, 0.1, 10), "noise"),
        (lambda: accounting.spent(1.0, 0.0, 0.1, 10), "delta"),
        (lambda: accounting.spent(1.0, 1e-3, 1.1, 10), "share"),
        (lambda: accounting.spent(1.0, 1e-3, 0.1, 0), "steps"),
        (lambda: accounting.spent(1.0, 1e-3, 0.1, 10, way="gdp"), "way"),
        (lambda: accounting.noise_for(0.0, 1e-3, 0.1, 10), "epsilon"),
        (lambda: accounting.most_auc(-1.0), "epsilon"),
        (lambda: accounting.most_caught(1.0, 2.0, 0.1), "delta"),
        (lambda: accounting.most_caught(1.0, 0.0, 1.5), "false alarms"),
    ],
)
def test_what_cant_be_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_without_opacus_a_sentence_says_what_to_install():
    program = """
import sys
class Lacks:
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] == "opacus":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Lacks)
from datawall.privacy import accounting
try:
    accounting.spent(1.0, 1e-3, 0.1, 10)
except ModuleNotFoundError as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=BOOK, capture_output=True, text=True, check=True
    )
    assert "pip install -r requirements.txt" in run.stdout
