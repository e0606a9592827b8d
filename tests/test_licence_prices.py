"""Prices of licences and of computing, by hand; the tables of deals and of rulings."""

import numpy as np
import pandas as pd
import pytest

from datawall.laws import published
from datawall.licences import prices
from datawall.page import plots


def test_computing_with_a_token():
    # 6 x 70e9 FLOP at 4e14 a second are 1.05 ms; at 2 dollars an hour 5.8e-7 dollars.
    assert prices.computing(70e9) == pytest.approx(5.8333e-7, rel=1e-4)
    assert prices.computing(1e12) == pytest.approx(8.3333e-6, rel=1e-4)
    assert prices.computing(1e12, passes=4) == pytest.approx(4 * prices.computing(1e12))
    assert prices.computing(1e9, dollars_an_hour=7.2, flops_a_second=6e9) == pytest.approx(0.002)


def test_a_licence_in_times_of_its_computing():
    assert prices.affordable(1e12, 8.3333e-6) == pytest.approx(1, rel=1e-4)
    assert prices.affordable(1e12, 0.0) == 0
    assert prices.affordable(1e12, 1.0, passes=2) == pytest.approx(6e4, rel=1e-4)
    for wrong in (0, -1, np.nan):
        with pytest.raises(ValueError, match="params is"):
            prices.computing(wrong)
    with pytest.raises(ValueError, match="price is -1"):
        prices.affordable(1e9, -1)


def test_deals_say_what_is_paid():
    found = prices.deals().set_index("deal")
    assert found.dollars["Reddit to Google"] == 60e6  # of one year, as nobody says how many
    assert found.dollars["News Corp to OpenAI"] == 250e6
    assert found.dollars["Axel Springer to OpenAI"] == 27.5e6
    assert found.dollars["News Corp to Meta"] == 150e6
    assert found.dollars["HarperCollins to Microsoft"] == 5000
    assert found.a_token["HarperCollins to Microsoft"] == pytest.approx(0.0385, abs=1e-4)
    assert found.a_token["Bartz v. Anthropic, settlement"] == pytest.approx(0.0231, abs=1e-4)
    assert found.a_token.notnull().sum() == 2
    assert (found.low <= found.high).all()
    assert set(found.paid) == {"in all", "a year", "a title"}
    assert set(found.status) == {"reported", "stated", "filed"}


def test_each_column_of_the_tables_is_explained():
    for name in ("licence_deals", "training_rulings"):
        assert list(published.columns(name)) == list(published.table(name))
        assert "caution" in published.head(name)


def test_rulings_have_courts_and_days():
    found = published.table("training_rulings")
    assert found.date.is_monotonic_increasing
    assert found.court.str.len().min() > 10
    assert pd.notna(found).all().all()


def test_vega_computes_what_python_does():
    names = {name: name for name in prices.KNOBS}
    given = {"price": -2.0, "params": 11.5, "passes": 3, "hour": 2.5, "pow": pow}
    found = prices.in_vega(names)

    class datum:
        tokens = 1e9

    values = {k: eval(v, given | {"datum": datum}) for k, v in found.items()}
    assert values["licence"] == pytest.approx(1e7)
    exact = 1e9 * prices.computing(10**11.5, passes=3, dollars_an_hour=2.5)
    assert values["computing"] == pytest.approx(exact)


def test_the_sliders_reach_their_ends():
    plots.knobs(prices.KNOBS)
