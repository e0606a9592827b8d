"""The store: a case by hand, the search against all distances, and that it forgets exactly."""

import math

import pytest
import torch

from datawall.lm import store
from datawall.lm.model import Config, Transformer

MODEL = Transformer(Config(vocab=11, width=8, layers=2, hidden=12, context=8), seed=0)


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def ids(*shape, seed=1):
    return torch.randint(11, shape, generator=torch.Generator().manual_seed(seed))


def filled():
    found = store.Store(2)
    found.add("a", torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([5, 6]))
    found.add("b", torch.tensor([[0.0, 1.0]]), torch.tensor([7]))
    return found


def test_neighbours_by_hand():
    found = filled().nearest(torch.tensor([[0.0, 0.0], [3.0, 3.0]]), 2)
    torch.testing.assert_close(found.distances, torch.tensor([[0.0, 1.0], [1.0, 13.0]]).double())
    assert found.values.tolist() == [[5, 7], [6, 7]]


def test_the_search_leaves_no_key_out():
    keys, values, queries = drawn(3_000, 6), ids(3_000), drawn(40, 6, seed=2)
    many = store.Store(6)
    for name, part in enumerate(zip(keys.split(700), values.split(700), strict=True)):
        many.add(str(name), *part)
    found = many.nearest(queries, 9)
    every = (queries[:, None] - keys).square().sum(-1)
    near, place = every.topk(9, largest=False)
    torch.testing.assert_close(found.distances, near.double(), atol=1e-4, rtol=1e-4)
    assert torch.equal(found.values, values[place])


def test_votes_by_hand():
    """Distances 0, 1 and 4 at temperature 2: votes 1, e^-1/2 and e^-2."""
    found = store.Neighbours(torch.tensor([[0.0, 1.0, 4.0]]), torch.tensor([[3, 4, 3]]))
    votes = [1, math.exp(-0.5), math.exp(-2)]
    three = store.chances(found, torch.tensor([3]), store.Knobs(3, 2.0, 0.5))
    assert three.item() == pytest.approx((votes[0] + votes[2]) / sum(votes))
    two = store.chances(found, torch.tensor([4]), store.Knobs(2, 2.0, 0.5))
    assert two.item() == pytest.approx(votes[1] / sum(votes[:2]))
    assert store.chances(found, torch.tensor([9]), store.Knobs(3, 2.0, 0.5)).item() == 0


def test_loss_of_both_together_by_hand():
    model, votes = torch.tensor([0.5, 0.2]).double(), torch.tensor([0.1, 1.0]).double()
    found = store.loss(model, votes, 0.25)
    assert found == pytest.approx(-(math.log(0.4) + math.log(0.4)) / 2)
    assert store.loss(model, votes, 0.0) == pytest.approx(-(math.log(0.5) + math.log(0.2)) / 2)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_no_store_costs_more_than_its_share(share):
    model, wrong = drawn(50).sigmoid().double(), torch.zeros(50).double()
    alone = store.loss(model, wrong, 0.0)
    assert store.loss(model, wrong, share) == pytest.approx(alone - math.log(1 - share))
    right = drawn(50, seed=3).sigmoid().double()
    assert store.loss(model, right, share) <= alone - math.log(1 - share)


def test_what_is_removed_leaves_no_trace():
    queries = drawn(20, 2)
    without = filled()
    before = without.nearest(queries, 3)
    without.add("c", drawn(30, 2, seed=4), ids(30))
    assert not torch.equal(without.nearest(queries, 3).distances, before.distances)
    without.remove("c")
    after = without.nearest(queries, 3)
    assert torch.equal(after.distances, before.distances)
    assert torch.equal(after.values, before.values)
    assert (len(without), without.documents) == (3, ("a", "b"))
    without.add("c", drawn(1, 2), ids(1))  # the name is free again


def test_a_store_counts_what_it_takes():
    found = filled()
    assert len(found) == 3
    assert found.bytes == 3 * 2 * 4 + 3 * 4
    assert found.flops == 2 * 3 * 2


def test_neighbours_in_two_stores_are_those_in_both_together():
    keys, values, queries = drawn(400, 6), ids(400), drawn(30, 6, seed=2)
    parts = []
    for part in (slice(0, 100), slice(100, 400)):
        one = store.Store(6)
        one.add("part", keys[part], values[part])
        parts.append(one.nearest(queries, 20))
    both = store.Store(6)
    both.add("all", keys, values)
    want, got = both.nearest(queries, 20), store.nearer(*parts, 20)
    torch.testing.assert_close(got.distances, want.distances, atol=1e-5, rtol=1e-5)
    assert torch.equal(got.values, want.values)


def test_a_key_is_what_the_last_feed_forward_part_is_given():
    windows = ids(3, 9)
    keys, values = store.contexts(MODEL, windows)
    assert keys.shape == (24, 8) and torch.equal(values, windows[:, 1:].flatten())
    seen = []
    hook = MODEL.blocks[1].feed.register_forward_hook(lambda _, args, out: seen.append(args[0]))
    MODEL(windows[:, :-1])
    hook.remove()
    torch.testing.assert_close(keys, seen[0][0].flatten(0, 1))
    assert not MODEL.blocks[1].feed._forward_pre_hooks


def test_a_key_depends_on_what_came_before_and_not_on_what_comes():
    windows = ids(1, 9)
    changed = windows.clone()
    changed[0, 5] = (changed[0, 5] + 1) % 11
    moved = (store.contexts(MODEL, windows)[0] != store.contexts(MODEL, changed)[0]).any(1)
    assert moved.tolist() == [False] * 5 + [True] * 3


def test_the_models_own_chances_give_its_loss():
    windows = ids(70, 9)
    alone = store.model_chances(MODEL, windows)
    assert store.loss(alone, torch.zeros_like(alone), 0.0) == pytest.approx(
        MODEL.loss(windows).item(), rel=1e-5
    )


def test_knobs_are_those_of_least_loss():
    model = torch.full((40,), 0.3).double()
    truth = ids(40)
    # The nearest neighbour is right, the others vote for one that never comes.
    found = store.Neighbours(
        torch.tensor([[0.0, 1.0, 1.0]]).repeat(40, 1),
        torch.stack([truth, torch.full((40,), 99), torch.full((40,), 99)], 1),
    )
    grid = {"k": (1, 3), "temperature": (0.1, 10.0), "share": (0.1, 0.9)}
    assert store.tuned(model, found, truth, **grid) == store.Knobs(1, 0.1, 0.9)
    grid["k"] = (3,)
    assert store.tuned(model, found, truth, **grid) == store.Knobs(3, 0.1, 0.9)
    wrong = store.Neighbours(found.distances, torch.full((40, 3), 99))
    assert store.tuned(model, wrong, truth, **grid).share == 0.1


BAD = {
    "width is 0": lambda: store.Store(0),
    "'a' is in the store: remove it first": lambda: filled().add("a", drawn(1, 2), ids(1)),
    r"the keys have the shape \(2, 3\): give": lambda: filled().add("c", drawn(2, 3), ids(2)),
    "2 keys with 3 values": lambda: filled().add("c", drawn(2, 2), ids(3)),
    "the keys hold NaN": lambda: filled().add("c", drawn(2, 2) / 0 * 0, ids(2)),
    "give a tensor .tokens,. of whole": lambda: filled().add("c", drawn(2, 2), drawn(2)),
    r"the queries have the shape \(2,\)": lambda: filled().nearest(drawn(2), 1),
    "4 neighbours of 3 keys": lambda: filled().nearest(drawn(1, 2), 4),
    "k is 0: give": lambda: filled().nearest(drawn(1, 2), 0),
    "k is 0: give a": lambda: store.Knobs(0, 1.0, 0.5),
    "temperature is 0": lambda: store.Knobs(1, 0, 0.5),
    "share is 2": lambda: store.Knobs(1, 1.0, 2),
    "share is -1": lambda: store.loss(drawn(2), drawn(2), -1),
    "k is 4 of 2 neighbours": lambda: store.chances(
        filled().nearest(drawn(1, 2), 2), ids(1), store.Knobs(4, 1.0, 0.5)
    ),
    "there are 2 models: take one": lambda: store.contexts(
        Transformer(MODEL.config, seed=[0, 1]), ids(2, 9)
    ),
}


@pytest.mark.parametrize("told", BAD)
def test_what_makes_no_sense_is_refused(told):
    with pytest.raises(ValueError, match=told):
        BAD[told]()


def test_removing_what_isnt_there_names_what_is():
    with pytest.raises(KeyError, match="'x' isn't in the store; it has a, b"):
        filled().remove("x")
