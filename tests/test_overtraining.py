"""Published overtrained runs, and what a model costs in its life."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from datawall.laws import overtraining, scaling

LAW = scaling.BESIROGLU_2024


@pytest.fixture(scope="module")
def testbed():
    return overtraining.testbed()


def test_published_runs_are_named_by_corpus_size_and_ratio(testbed):
    assert len(testbed) == 104 and testbed.index.is_unique
    assert set(testbed.index.unique("corpus")) == {"C4", "RedPajama", "RefinedWeb"}
    ratio = testbed.index.get_level_values("ratio")
    assert (testbed.tokens / testbed.params).to_numpy() == pytest.approx(ratio, rel=0.01)
    for corpus in testbed.index.unique("corpus"):  # more tokens, less loss
        assert (testbed.loss.loc[corpus, "11M"].sort_index().diff().dropna() < 0).all()
    assert testbed.loss["RedPajama", "1.4B", 640] == 2.502054
    compute = 6 * testbed.params * testbed.tokens
    assert (compute > 0).all()  # too large for whole numbers of 64 bits


def test_five_cheap_runs_predict_the_expensive_ones_as_published(testbed):
    errors = overtraining.from_five(testbed, 320)
    assert len(errors) == 104 - 3 * 5
    assert errors["RedPajama", "1.4B", 640] == pytest.approx(0.7103, abs=1e-3)
    assert errors["RedPajama", "6.9B", 20] == pytest.approx(0.7320, abs=1e-3)
    assert errors["C4", "6.9B", 20] == pytest.approx(-4.3, abs=0.05)  # their figure 5
    five = overtraining.from_five(testbed, 40).xs(640, level="ratio").groupby("corpus").mean()
    assert five["C4"] > 0 > five["RedPajama"] > five["RefinedWeb"]  # the sign isn't one


def test_twelve_runs_near_the_usual_ratio_predict_too_low_a_loss_far_from_it(testbed):
    errors = overtraining.from_near(testbed, scaling.fit_overtraining, 10)
    assert len(errors) == 104 - 3 * 12
    assert (errors.xs(640, level="ratio").groupby("corpus").mean() < -3).all()


def test_a_life_costs_its_training_and_its_service():
    assert overtraining.lifetime_flops(2, 10, 0) == 120
    assert overtraining.lifetime_flops(2, 10, 5) == 140


def test_optimal_tokens_are_those_of_the_best_split():
    tokens = overtraining.optimal_tokens(LAW, 7e9)
    params, again = LAW.compute_optimal(6 * 7e9 * tokens)
    assert (params, again) == pytest.approx((7e9, tokens))


@pytest.mark.parametrize("m", [-0.5, 0.0, 0.4])
def test_the_browsers_expressions_say_what_the_law_says(m):
    fields = overtraining.lifetime_in_vega(LAW, "9.5", "12")
    datum = SimpleNamespace(m=m)
    for name, source in fields.items():
        setattr(datum, name, eval(source, {"datum": datum, "pow": math.pow}))
    params, best = 10**9.5, overtraining.optimal_tokens(LAW, 10**9.5)
    assert LAW.loss(datum.N, datum.D) == pytest.approx(LAW.loss(params, best))
    cost = overtraining.lifetime_flops(datum.N, datum.D, 1e12)
    assert datum.cost == pytest.approx(cost / overtraining.lifetime_flops(params, best, 1e12))
    assert datum.ratio == pytest.approx(10**m)


def test_a_model_that_is_too_small_has_a_debt_that_no_tokens_pay():
    fields = overtraining.lifetime_in_vega(LAW, "9.5", "12")
    tiny = SimpleNamespace(N=10**7.9)
    assert eval(fields["debt"], {"datum": tiny, "pow": math.pow}) < 0
    assert np.isclose(LAW.loss(10**7.9, np.inf), LAW.E + LAW.A / 10 ** (7.9 * LAW.alpha))


def test_published_cases_of_serving_save_what_was_published():
    cases = overtraining.serving_cases()
    assert cases["saved, %"].round().tolist() == cases["published, %"].tolist()
    assert (cases.cheapest < cases.index).all() and (cases["cheapest reads"] > cases.reads).all()
    case = cases.loc[13]
    usual = overtraining.lifetime_flops(13e9, case.reads * 1e12, 2e12)
    better = overtraining.lifetime_flops(case.cheapest * 1e9, case["cheapest reads"] * 1e12, 2e12)
    assert case["saved, %"] == pytest.approx(100 * (1 - better / usual))


def test_the_optimal_ratio_is_that_of_the_best_split():
    params, tokens = LAW.compute_optimal(1e21)
    assert overtraining.optimal_ratio(LAW, [1e21, 1e22])[0] == pytest.approx(tokens / params)
