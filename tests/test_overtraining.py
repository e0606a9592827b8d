"""Published overtrained runs, and what a model costs in its life."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from datawall.laws import overtraining, scaling

LAW = scaling.BESIROGLU_2024


def test_published_runs_have_tokens_by_their_ratio():
    runs = overtraining.published_runs()
    assert len(runs) == 12 and runs.index.is_unique
    assert runs.tokens["11M", 320] == 320 * runs.params["11M", 20]
    assert (runs.loss.xs(640, level="ratio").to_numpy() < 4.5).all()
    assert (runs.loss.loc["11M"].sort_index().diff().dropna() < 0).all()  # more tokens, less loss


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
