"""The small model's forward pass, and its gradients row by row against autograd's."""

import math

import pytest
import torch
from torch.nn import functional as F

from datawall.privacy import letters

SHAPE = letters.Shape(vocab=7, width=6, reach=3)
ROWS = torch.randint(7, (5, 9), generator=torch.Generator().manual_seed(0))
TINY = {"rtol": 1e-4, "atol": 1e-6}


def model(seed=0):
    """A model whose output layer isn't nearly zero, as a fresh one's is."""
    found = letters.drawn(SHAPE, seed=seed)
    found.weights["out"].mul_(10)
    return found


def naive(weights, row):
    """The mean loss of one row, letter by letter."""
    x = weights["letters"][row[:-1]]
    for name in ("first", "second"):
        padded = torch.cat([torch.zeros(2, x.shape[1]), x])
        seen = [padded[t : t + 3].flatten() for t in range(len(x))]
        x = F.relu(torch.stack(seen) @ weights[name] + weights[name + "_bias"])
    logits = x @ weights["out"] + weights["out_bias"]
    return -logits.log_softmax(-1)[torch.arange(len(x)), row[1:]].mean()


def own_gradients(found):
    """By parameter the gradient of each row, from autograd, one row at a time."""
    rows = []
    for row in ROWS:
        weights = {k: v.clone().requires_grad_() for k, v in found.weights.items()}
        naive(weights, row).backward()
        rows.append({k: v.grad for k, v in weights.items()})
    return {k: torch.stack([row[k] for row in rows]) for k in found.weights}


def test_losses_are_those_of_a_loop_over_letters():
    found = model()
    want = torch.stack([naive(found.weights, row) for row in ROWS]).double()
    torch.testing.assert_close(letters.losses(found, ROWS), want, rtol=1e-5, atol=1e-6)


def test_a_fresh_model_finds_all_letters_about_as_likely():
    fresh = letters.losses(letters.drawn(SHAPE, seed=1), ROWS)
    assert float(fresh.mean()) == pytest.approx(math.log(7), abs=0.1)


def test_each_rows_norm_is_that_of_its_own_gradient():
    found = model()
    want = sum(own.flatten(1).square().sum(1) for own in own_gradients(found).values()).sqrt()
    torch.testing.assert_close(letters.backward(found, ROWS).norms(), want, **TINY)


def test_weighted_sums_of_gradients_by_parameter():
    found, weigh = model(2), torch.tensor([1.0, 0.5, 0.0, 2.0, -1.0])
    got = letters.backward(found, ROWS).summed(weigh)
    for name, own in own_gradients(found).items():
        torch.testing.assert_close(got[name], torch.einsum("n,n...->...", weigh, own), **TINY)


def test_no_letter_sees_itself_or_what_comes_after():
    found = model()
    changed = ROWS.clone()
    changed[:, -1] = (changed[:, -1] + 1) % 7
    before, after = (letters._logits(found, rows) for rows in (ROWS, changed))
    torch.testing.assert_close(before, after)
    changed[:, 4] = (changed[:, 4] + 1) % 7
    after = letters._logits(found, changed)
    torch.testing.assert_close(before[:, :4], after[:, :4])
    assert (before[:, 4] != after[:, 4]).any()


def test_log_chances_go_on_where_the_row_ends():
    found = model()
    want = letters._logits(found, ROWS)[:, -1].log_softmax(-1)
    torch.testing.assert_close(letters.log_chances(found, ROWS[:, :-1]), want, **TINY)
    assert torch.allclose(letters.log_chances(found, ROWS).exp().sum(1), torch.ones(5))


def test_parameters_are_counted_without_the_embedding():
    weights = model().weights
    counted = sum(v.numel() for k, v in weights.items() if k != "letters")
    assert SHAPE.params == counted


def test_a_copy_shares_no_weights():
    found = model()
    other = found.copy()
    other.weights["first"].zero_()
    assert found.weights["first"].abs().sum() > 0


def test_weights_come_from_the_seed_alone():
    one, same, other = (letters.drawn(SHAPE, seed=s).weights["second"] for s in (3, 3, 4))
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_many_rows_go_in_parts():
    found, many = model(), ROWS.repeat(110, 1)
    torch.testing.assert_close(letters.losses(found, many)[-5:], letters.losses(found, ROWS))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (torch.zeros(4, dtype=torch.long), "give a tensor"),
        (torch.zeros(0, 4, dtype=torch.long), "one row or more"),
        (torch.zeros(3, 1, dtype=torch.long), "two letters"),
        (torch.full((2, 4), 7), "from 0 to 6"),
        (torch.zeros(2, 4), "whole numbers"),
        ([[0, 1]], "give a tensor"),
    ],
)
def test_rows_that_are_none_are_refused(rows, said):
    with pytest.raises(ValueError, match=said):
        letters.losses(model(), rows)


@pytest.mark.parametrize("shape", [{"vocab": 0}, {"vocab": 7, "width": -1}])
def test_shapes_that_are_none_are_refused(shape):
    with pytest.raises(ValueError):
        letters.Shape(**shape)
