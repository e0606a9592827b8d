"""Averages of models, and clients that train at home."""

import pytest
import torch

from datawall.privacy import federated, letters
from datawall.privacy.federated import Local

SHAPE = letters.Shape(vocab=7, width=6, reach=3)
ROWS = torch.randint(7, (24, 9), generator=torch.Generator().manual_seed(0))
CLIENTS = [ROWS[:8], ROWS[8:12], ROWS[12:]]


def model(seed=0):
    return letters.drawn(SHAPE, seed=seed)


def constant(value):
    found = model()
    for weight in found.weights.values():
        weight.fill_(value)
    return found


def test_the_mean_is_weighed_by_rows():
    got = federated.averaged([constant(1.0), constant(5.0)], [3, 1])
    assert all(torch.allclose(w, torch.full_like(w, 2.0)) for w in got.weights.values())


def test_averaging_leaves_the_models_as_they_were():
    one, other = constant(1.0), constant(5.0)
    federated.averaged([one, other], [1, 1])
    assert float(one.weights["out"].mean()) == 1 and float(other.weights["out"].mean()) == 5


def test_one_step_of_each_client_on_all_its_rows_is_one_step_on_all_rows():
    # McMahan et al. 2017, section 2: then averaging is gradient descent on the pooled rows
    ((server, sent),) = federated.rounds(model(), CLIENTS, Local(1, 24, 0.5), 1, seed=0)
    pooled = federated.descended(model(), ROWS, Local(1, 24, 0.5), seed=1)
    for name, weight in pooled.weights.items():
        torch.testing.assert_close(server.weights[name], weight, rtol=1e-4, atol=1e-6)
    assert len(sent) == 3


def test_a_step_goes_down_the_mean_gradient():
    got = federated.descended(model(), ROWS, Local(1, 24, 0.5), seed=0)
    gradient = letters.backward(model(), ROWS).summed(torch.full((24,), 1 / 24))
    for name, weight in model().weights.items():
        want = weight - 0.5 * gradient[name]
        torch.testing.assert_close(got.weights[name], want, rtol=1e-4, atol=1e-6)


def test_a_pass_takes_every_row_once(monkeypatch):
    seen = []
    true = letters.backward
    monkeypatch.setattr(
        federated.letters, "backward", lambda m, rows: seen.append(rows) or true(m, rows)
    )
    federated.descended(model(), ROWS, Local(2, 10, 0.1), seed=0)
    assert [len(rows) for rows in seen] == [10, 10, 4] * 2
    first, second = torch.cat(seen[:3]), torch.cat(seen[3:])
    order = lambda rows: sorted(map(tuple, rows.tolist()))  # noqa: E731
    assert order(first) == order(second) == order(ROWS)
    assert not torch.equal(first, second)


def test_each_round_begins_where_the_last_one_ended():
    rounds = list(federated.rounds(model(), CLIENTS, Local(1, 4, 0.3), 3, seed=0))
    losses = [float(letters.losses(server, ROWS).mean()) for server, _ in rounds]
    assert losses[0] > losses[1] > losses[2]
    again = list(federated.rounds(model(), CLIENTS, Local(1, 4, 0.3), 3, seed=0))
    assert torch.equal(rounds[-1][0].weights["out"], again[-1][0].weights["out"])


def test_what_a_client_sends_depends_on_its_own_rows_only():
    changed = [CLIENTS[0], CLIENTS[1].flip(0), CLIENTS[2]]
    ((_, one),) = federated.rounds(model(), CLIENTS, Local(1, 3, 0.3), 1, seed=0)
    ((_, other),) = federated.rounds(model(), changed, Local(1, 3, 0.3), 1, seed=0)
    same = [
        torch.equal(a.weights["out"], b.weights["out"]) for a, b in zip(one, other, strict=True)
    ]
    assert same == [True, False, True]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Local(0, 1, 0.1), "passes"),
        (lambda: Local(1, 0, 0.1), "batch"),
        (lambda: Local(1, 1, 0.0), "rate"),
        (lambda: next(federated.rounds(model(), [], Local(1, 1, 0.1), 1, seed=0)), "no clients"),
        (lambda: next(federated.rounds(model(), CLIENTS, Local(1, 1, 0.1), 0, seed=0)), "rounds"),
        (lambda: federated.averaged([model()], [1, 1]), "one a model"),
        (lambda: federated.averaged([model()], [0]), "one a model"),
        (lambda: federated.averaged([model()], [-1]), "weights of clients"),
    ],
)
def test_what_cant_be_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_rate_that_diverges_is_told():
    bad = model()
    bad.weights["first"].fill_(torch.inf)
    with pytest.raises(FloatingPointError, match="lower the rate"):
        list(federated.rounds(bad, CLIENTS, Local(1, 4, 0.1), 1, seed=0))
