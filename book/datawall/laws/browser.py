"""Laws as expressions of Vega, for figures that a reader moves without a kernel.

Chapter: scaling-laws.
"""

from __future__ import annotations


def split_of_budget(law: str, budget: str) -> dict[str, str]:
    """What becomes of a budget C = 6 N D that is split at a ratio of tokens to parameters.

    law: expression of an object with the constants of a Chinchilla law, E, A, B, alpha and beta.
    budget: expression of the logarithm of C to base ten. A row has the field m, the logarithm of
    the ratio. Returns, in the order in which they need each other: ratio, params N, tokens D, the
    debts of both, and loss in nats a token.
    """
    return {
        "ratio": "pow(10, datum.m)",
        "N": f"pow(10, ({budget} - datum.m) / 2) / sqrt(6)",
        "D": f"pow(10, ({budget} + datum.m) / 2) / sqrt(6)",
        "by_size": f"{law}.A / pow(datum.N, {law}.alpha)",
        "by_data": f"{law}.B / pow(datum.D, {law}.beta)",
        "loss": f"{law}.E + datum.by_size + datum.by_data",
    }
