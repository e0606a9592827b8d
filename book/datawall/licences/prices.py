"""What a token's licence costs beside computing with it (chapter: licensed-data).

Training costs 6 N floating-point operations a token and pass. The public deals are in
`book/published/licence_deals.csv`; most are as the press reported them.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from datawall import validate
from datawall.laws import published

# Assumptions, not quotes: a book of 100,000 words; a rented graphics card, and what it gets done.
TOKENS_A_BOOK = 1.3e5
DOLLARS_AN_HOUR = 2.0
FLOPS_A_SECOND = 4e14
# Sliders: label, least, most, step, start; powers of ten but for passes and the price of an hour.
KNOBS = {
    "price": ("licence of a token, 10^x $: ", -9.0, -1.0, 0.1, -5.0),
    "tokens": ("tokens, 10^x: ", 9.0, 15.0, 0.1, 12.0),
    "params": ("parameters, 10^x: ", 9.0, 13.0, 0.1, 11.0),
    "passes": ("passes: ", 1, 16, 1, 1),
    "hour": ("$ an hour of a card: ", 0.5, 8.0, 0.5, 2.0),
}


def deals() -> pd.DataFrame:
    """The public deals, a row each, as the table has them, and what each pays in dollars.

    Added columns: `dollars`, all that is paid over the years, at the middle of the range that was
    reported; of deals whose length isn't known what is paid in one year, and of deals that are paid
    a title one title's price. `a_token`: the price of a token where that of a title is known, else
    NaN.
    """
    found = published.table("licence_deals")
    middle = (found.low + found.high) / 2
    times = found.years.where(found.paid == "a year", 1.0).fillna(1.0)
    titles = found.paid == "a title"
    return found.assign(dollars=middle * times, a_token=(middle / TOKENS_A_BOOK).where(titles))


def computing(
    params: float,
    *,
    passes: float = 1,
    dollars_an_hour: float = DOLLARS_AN_HOUR,
    flops_a_second: float = FLOPS_A_SECOND,
) -> float:
    """What it costs to train a model of so many parameters on one token, in dollars.

    passes: how often the token is read. flops_a_second: what a card gets done, not what it could.
    """
    for name, value in (
        ("params", params),
        ("passes", passes),
        ("dollars_an_hour", dollars_an_hour),
        ("flops_a_second", flops_a_second),
    ):
        validate.positive(name, value)
    return 6 * params * passes * dollars_an_hour / 3600 / flops_a_second


def affordable(params: float, price: float, **how) -> float:
    """How many times the computing with a token its licence costs. how: as for `computing`."""
    return validate.nonnegative("price", price) / computing(params, **how)


def in_vega(now: Mapping[str, str]) -> dict[str, str]:
    """Vega expressions of both costs in dollars, for a row with the field `tokens`.

    now: for each of KNOBS the expression of its value, as `plots.knobs` returns them.
    """
    a_second = f"{now['hour']} / 3600 / {FLOPS_A_SECOND:g}"
    return {
        "licence": f"pow(10, {now['price']}) * datum.tokens",
        "computing": f"6 * pow(10, {now['params']}) * {now['passes']} * {a_second} * datum.tokens",
    }
