"""Values of data against all orders counted out, closed forms and cases by hand."""

from itertools import permutations

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from datawall.licences import worth


def counted(distances, labels, truth, k):
    """Shapley values by adding up every order in which the points can come."""
    distances, labels, truth = map(np.asarray, (distances, labels, truth))
    n = len(labels)
    values = np.zeros(n)

    def of(some):
        if not some:
            return 0.0
        found = 0.0
        for row, true in zip(distances, truth, strict=True):
            near = sorted(some, key=lambda i: (row[i], i))[:k]
            found += sum(labels[i] == true for i in near) / k
        return found / len(truth)

    orders = list(permutations(range(n)))
    for order in orders:
        for place, i in enumerate(order):
            values[i] += of(list(order[: place + 1])) - of(list(order[:place]))
    return values / len(orders)


@pytest.mark.parametrize("k", [1, 2, 3, 5, 7])
def test_shapley_is_the_mean_over_all_orders(k):
    rng = np.random.default_rng(k)
    distances, labels, truth = rng.random((3, 6)), rng.integers(2, size=6), rng.integers(2, size=3)
    found = worth.shapley(distances, labels, truth, k=k)
    assert found == pytest.approx(counted(distances, labels, truth, k), abs=1e-12)


def test_values_add_up_to_the_utility():
    rng = np.random.default_rng(0)
    distances, labels, truth = rng.random((40, 90)), rng.integers(9, size=90), np.arange(40) % 9
    for k in (1, 5, 89, 90, 200):
        whole = worth.utility(distances, labels, truth, k=k)
        assert worth.shapley(distances, labels, truth, k=k).sum() == pytest.approx(whole)


def test_one_question_by_hand():
    # Nearest first: right, wrong, right. From the back: 1/3 (k = 1, n = 3), then less 1/2, plus 1.
    found = worth.shapley([[0.1, 0.2, 0.3]], [1, 0, 1], [1], k=1)
    assert found == pytest.approx([1 / 3 - 1 / 2 + 1, 1 / 3 - 1 / 2, 1 / 3])
    assert worth.utility([[0.1, 0.2, 0.3]], [1, 0, 1], [1], k=1) == 1.0
    assert worth.utility([[0.1, 0.2, 0.3]], [1, 0, 1], [1], k=2) == 0.5
    assert worth.utility([[0.1, 0.2, 0.3]], [1, 0, 1], [1], k=4) == 0.5


def test_the_order_of_points_doesnt_matter():
    distances, labels = np.array([[0.3, 0.1, 0.2, 0.9]]), np.array([1, 1, 0, 1])
    found = worth.shapley(distances, labels, [1], k=2)
    turned = worth.shapley(distances[:, ::-1], labels[::-1], [1], k=2)
    assert turned[::-1] == pytest.approx(found)


@pytest.mark.parametrize("k", [1, 2, 5, 6])
def test_leaving_one_out_is_the_difference(k):
    rng = np.random.default_rng(k)
    distances, labels, truth = rng.random((4, 6)), rng.integers(2, size=6), rng.integers(2, size=4)
    whole = worth.utility(distances, labels, truth, k=k)
    for i, lost in enumerate(worth.leave_one_out(distances, labels, truth, k=k)):
        rest = np.delete(distances, i, 1)
        assert lost == pytest.approx(whole - worth.utility(rest, np.delete(labels, i), truth, k=k))


def test_agreement_leaves_the_point_itself_out():
    places = np.array([0.0, 1.0, 2.1, 10.0])
    distances = abs(places[:, None] - places)
    labels = [0, 0, 1, 0]
    assert worth.agreement(distances, labels, k=1) == pytest.approx([1, 1, 0, 0])
    assert worth.agreement(distances, labels, k=2) == pytest.approx([0.5, 0.5, 0, 0.5])
    assert distances[0, 0] == 0  # as it was given


def test_agreement_asks_for_a_square():
    with pytest.raises(ValueError, match="one for each two"):
        worth.agreement(np.ones((2, 3)), [0, 1], k=1)
    with pytest.raises(ValueError, match="k is 3"):
        worth.agreement(np.ones((3, 3)), [0, 1, 1], k=3)


def table(values):
    return xr.DataArray(values, dims=("owner", "seed"))


def test_owners_that_differ_by_more_than_chance():
    rng = np.random.default_rng(1)
    owners, noise = rng.normal(size=(5000, 1)), rng.normal(size=(5000, 5))
    found = worth.of_owners(table(2 * owners + noise), owner="owner")
    assert float(found.value) == pytest.approx(0.8, abs=0.03)
    assert float(found.low) < 0.8 < float(found.high)


def test_owners_that_dont_differ():
    draws = [
        worth.of_owners(table(np.random.default_rng(s).normal(size=(8, 5))), owner="owner")
        for s in range(300)
    ]
    inside = np.mean([float(x.low) <= 0 <= float(x.high) for x in draws])
    assert inside == pytest.approx(0.95, abs=0.03)


def test_shares_by_hand():
    # Less each seed's mean: (-1, -2), (1, 2), (0, 0). Owners -1.5, 1.5, 0, and half left, twice.
    values = [[0.0, 10.0], [2.0, 14.0], [1.0, 12.0]]
    found = worth.of_owners(table(values), owner="owner")
    between, left = 2 * (1.5**2 + 1.5**2) / 2, (4 * 0.5**2) / (2 * 1)
    f = between / left
    assert float(found.value) == pytest.approx((f - 1) / (f + 1))
    low, high = f / stats.f.ppf(0.975, 2, 2), f / stats.f.ppf(0.025, 2, 2)
    assert float(found.low) == pytest.approx((low - 1) / (low + 1))
    assert float(found.high) == pytest.approx((high - 1) / (high + 1))
    turned = worth.of_owners(table(values).T, owner="owner")
    assert float(turned.value) == float(found.value)


def test_what_a_seed_adds_to_all_owners_doesnt_count():
    values = np.random.default_rng(0).normal(size=(6, 4))
    moved = values + 100 * np.arange(4)
    one, other = (worth.of_owners(table(x), owner="owner") for x in (values, moved))
    assert list(map(float, other)) == pytest.approx(list(map(float, one)))


def test_what_cant_be_valued_says_why():
    with pytest.raises(ValueError, match="two or more of each"):
        worth.of_owners(table([[1.0, 2.0]]), owner="owner")
    with pytest.raises(ValueError, match="every seed gave the same"):
        worth.of_owners(table([[1.0, 2.0], [2.0, 3.0]]), owner="owner")
    with pytest.raises(ValueError, match="give play and seed"):
        worth.of_owners(table([[1.0, 2.0], [2.0, 3.0]]), owner="play")
    with pytest.raises(ValueError, match="give \\(questions, points\\)"):
        worth.shapley([[0.1, 0.2]], [1], [1], k=1)
    with pytest.raises(ValueError, match="k is 0"):
        worth.leave_one_out([[0.1]], [1], [1], k=0)
