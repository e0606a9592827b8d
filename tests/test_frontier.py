"""The best plan under the published law, against a search by hand and published values."""

import numpy as np
import pytest

from datawall.laws.scaling import MUENNIGHOFF_2023 as LAW
from datawall.planning import frontier


def by_hand(flops, unique, served):
    """Least loss over a fine grid of sizes."""
    params = np.exp(np.linspace(np.log(1e8), np.log(1e15), 20_001))
    tokens = (flops / params - 2 * served) / 6
    params, tokens = params[tokens > 0], tokens[tokens > 0]
    loss = LAW.loss(params, tokens, np.minimum(unique, tokens))
    return loss.min(), params[loss.argmin()]


@pytest.mark.parametrize(
    ("flops", "unique", "served"),
    [(1e24, 3e14, 0), (1e28, 3e14, 0), (1e30, 3e14, 0), (1e30, 3e14, 1e16), (1e29, 1e13, 1e15)],
)
def test_no_size_does_better(flops, unique, served):
    found = frontier.best(LAW, flops, unique, served)
    loss, params = by_hand(flops, unique, served)
    assert found["loss"] <= loss + 1e-9
    assert found["params"] == pytest.approx(params, rel=0.02)
    spent = 6 * found["params"] * found["tokens"] + 2 * found["params"] * served
    assert spent == pytest.approx(flops)
    assert found["epochs"] == pytest.approx(found["tokens"] / unique)
    assert found["loss"] == pytest.approx(
        float(LAW.loss(found["params"], found["tokens"], min(unique, found["tokens"])))
    )


def test_with_endless_text_it_is_the_law_of_fresh_tokens():
    found = frontier.best(LAW, 1e24, np.inf)
    params, tokens = LAW.base.compute_optimal(1e24)
    assert found["params"] == pytest.approx(float(params), rel=1e-3)
    assert found["tokens"] == pytest.approx(float(tokens), rel=1e-3)
    assert found["epochs"] == 0


def test_scarce_text_is_read_again_by_smaller_models():
    short, plenty = (frontier.best(LAW, 1e28, u) for u in (1e13, np.inf))
    assert short["epochs"] > 10
    assert short["loss"] > plenty["loss"]
    assert short["tokens"] > plenty["tokens"]
    assert short["params"] < plenty["params"]


def test_what_is_served_makes_models_smaller():
    sizes = [frontier.best(LAW, 1e28, 3e14, served)["params"] for served in (0, 1e14, 1e15, 1e16)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 4


def test_a_plane_holds_the_plans_by_name():
    found = frontier.plane(LAW, [1e26, 1e28], [1e14, 3e14, 1e15], [0, 1e15])
    assert dict(found.sizes) == {"flops": 2, "unique": 3, "served": 2}
    cell = found.sel(flops=1e28, unique=3e14, served=1e15)
    for name, value in frontier.best(LAW, 1e28, 3e14, 1e15).items():
        assert float(cell[name]) == pytest.approx(value)
    spent = frontier.lifetime(found)
    assert spent.values == pytest.approx(
        np.broadcast_to(found.flops.values[:, None, None], (2, 3, 2))
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [((0, 1, 0), "flops is 0"), ((1, 0, 0), "unique is 0"), ((1, 1, -1), "served is -1")],
)
def test_what_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        frontier.best(LAW, *given)
