"""The law with one power: known constants come back, Kaplan's form is the same law."""

import numpy as np
import pytest

from datawall.laws import one_power, scaling

PARAMS, TOKENS = (
    x.ravel() for x in np.meshgrid(2.0 ** np.arange(12, 18), 2.0 ** np.arange(16, 20))
)


def test_it_is_kaplans_law():
    kaplan = scaling.KAPLAN_2020
    v = kaplan.alpha_N / kaplan.alpha_D
    law = one_power.OnePower(v * np.log(kaplan.N_c), v, np.log(kaplan.D_c), kaplan.alpha_D)
    assert law.loss(1e8, 1e10) == pytest.approx(kaplan.loss(1e8, 1e10))


def test_a_fit_finds_the_law_that_made_the_runs():
    law = one_power.OnePower(9.0, 0.55, 16.0, 0.14)
    fit = one_power.fit_one_power(PARAMS, TOKENS, law.loss(PARAMS, TOKENS))
    assert fit.objective == pytest.approx(0, abs=1e-12)
    assert fit.law.loss(3e5, 4e6) == pytest.approx(law.loss(3e5, 4e6), rel=1e-4)
    rows = fit.bootstrap(5, seed=0, groups=PARAMS)
    assert [again.loss(3e5, 4e6) for again in rows] == pytest.approx(
        [law.loss(3e5, 4e6)] * 5, rel=1e-3
    )


def test_too_few_runs_are_refused():
    with pytest.raises(ValueError, match="five runs or more"):
        one_power.fit_one_power(PARAMS[:4], TOKENS[:4], TOKENS[:4])
    with pytest.raises(ValueError, match="all three of each"):
        one_power.fit_one_power(PARAMS, TOKENS, TOKENS[:4])


def test_its_best_split_is_where_the_loss_is_least():
    law = one_power.OnePower(9.0, 0.55, 16.0, 0.14)
    params, tokens = law.compute_optimal(1e12)
    assert 6 * params * tokens == pytest.approx(1e12)
    tried = params * np.exp(np.linspace(-1, 1, 2001))
    assert tried[law.loss(tried, 1e12 / (6 * tried)).argmin()] == pytest.approx(params, rel=1e-3)
    more, _ = law.compute_optimal(1e13)
    assert np.log10(more / params) == pytest.approx(law.params_exponent)
    assert law.params_exponent == pytest.approx(1 / 1.55)
