"""The browser's expressions say what the laws say."""

import math
from types import SimpleNamespace

import pytest

from datawall.laws import browser, scaling

LAW = scaling.BESIROGLU_2024


@pytest.mark.parametrize("m, budget", [(1.3, 23), (-0.5, 20), (2.5, 10)])
def test_a_split_costs_the_budget_and_has_the_laws_loss(m, budget):
    datum = SimpleNamespace(m=m)
    names = {"datum": datum, "pow": math.pow, "sqrt": math.sqrt, "law": LAW, "budget": budget}
    for name, source in browser.split_of_budget("law", "budget").items():
        setattr(datum, name, eval(source, names))
    found = [6 * datum.N * datum.D, datum.D / datum.N, datum.ratio, datum.loss]
    expected = [10**budget, 10**m, 10**m, LAW.loss(datum.N, datum.D)]
    assert found == pytest.approx(expected)
