"""Experts against a loop over tokens written out, and what routers choose, by hand."""

import copy

import pytest
import torch
from torch.nn import functional as F

from datawall.lm import experts, train
from datawall.lm.model import Config, Transformer
from datawall.lm.sampling import sample

MANY = Config(vocab=11, width=16, layers=2, hidden=12, context=8, experts=5, active=2)
ONE = Config(vocab=11, width=16, layers=1, hidden=12, context=8, experts=3)
BY_CHARACTER = Config(11, width=16, layers=1, hidden=12, context=8, experts=3, routing="character")
KINDS = [MANY, ONE, BY_CHARACTER]


def tokens(*shape):
    return torch.randint(11, shape, generator=torch.Generator().manual_seed(1))


def reference(config, feed, x, ids):
    """Token by token, expert by expert: x (batch, time, width) of one model."""
    ups = feed.up[0].view(config.experts, config.hidden, config.width)
    downs = feed.down[0].view(config.experts, config.width, config.hidden)
    rows = []
    for row, token in zip(x.flatten(0, 1), ids.flatten().tolist(), strict=True):
        if config.routing == "character":
            gates = {token % config.experts: 1.0}
        else:
            chances = (feed.router.weight[0] @ row).softmax(0)
            best = chances.argsort(descending=True)[: config.active].tolist()
            total = chances[best].sum() if config.active > 1 else 1.0
            gates = {e: chances[e] / total for e in best}
        rows.append(sum(g * (downs[e] @ (ups[e] @ row).clamp(min=0)) for e, g in gates.items()))
    return torch.stack(rows).view_as(x)


@pytest.mark.parametrize("config", KINDS)
def test_experts_and_their_gradients_equal_a_loop_over_tokens(config):
    feed = Transformer(config, seed=0).blocks[0].feed.double()
    x = torch.randn(3, 8, 16, dtype=torch.double, generator=torch.Generator().manual_seed(2))
    ids, weights = tokens(3, 8), list(feed.parameters())
    ours, theirs = feed(x[None], ids[None])[0], reference(config, feed, x, ids)
    torch.testing.assert_close(ours, theirs)
    target = torch.randn(x.shape, dtype=torch.double, generator=torch.Generator().manual_seed(3))
    got = torch.autograd.grad((ours * target).sum(), weights, allow_unused=True)
    want = torch.autograd.grad((theirs * target).sum(), weights, allow_unused=True)
    torch.testing.assert_close(got, want)


@pytest.mark.parametrize("config", KINDS)
def test_models_of_experts_side_by_side_are_each_what_they_would_be_alone(config):
    together = Transformer(config, seed=[3, 7])
    windows = tokens(2, 5, 9)
    losses = together.loss(windows)
    losses.sum().backward()
    for i, seed in enumerate((3, 7)):
        alone = Transformer(config, seed=seed)
        loss = alone.loss(windows[i])
        loss.backward()
        assert torch.equal(loss, losses[i])
        for ours, theirs in zip(alone.parameters(), together.parameters(), strict=True):
            torch.testing.assert_close(ours.grad[0], theirs.grad[i])
        assert torch.equal(together.alone(i)(windows[i, :, :8]), alone(windows[i, :, :8]))


def test_a_token_is_multiplied_with_the_active_ones_and_the_router():
    assert MANY.active_params == 2 * (4 * 16 * 16 + 2 * 2 * 16 * 12 + 5 * 16)
    assert BY_CHARACTER.active_params == 4 * 16 * 16 + 2 * 16 * 12
    dense = Config(11, width=16, layers=1, hidden=12)
    assert dense.active_params == dense.params == BY_CHARACTER.active_params


def test_two_experts_that_are_alike_are_one_of_their_kind():
    """Whoever is chosen, the gates of several add up to one."""
    feed = Transformer(MANY, seed=0).blocks[0].feed
    with torch.no_grad():
        for weight in (feed.up, feed.down):
            first = weight.unflatten(1, (5, -1))[:, :1]
            weight.copy_(first.expand(-1, 5, -1, -1).flatten(1, 2))
    x = torch.randn(1, 2, 8, 16, generator=torch.Generator().manual_seed(0))
    one = F.relu(x[0] @ feed.up[0, :12].T) @ feed.down[0, :16].T
    torch.testing.assert_close(feed(x, tokens(1, 2, 8))[0], one)


def test_a_single_expert_is_weighed_by_its_chance():
    router = experts.Learned(2, experts=2, active=1, models=1)
    with torch.no_grad():
        router.weight.copy_(torch.tensor([[[1.0, 0.0], [0.0, 1.0]]]))
    routes = router(torch.tensor([[[torch.log(torch.tensor(3.0)), 0.0]]]), tokens(1, 1))
    assert routes.chosen.tolist() == [[[0]]]
    torch.testing.assert_close(routes.gates, torch.tensor([[[0.75]]]))
    torch.testing.assert_close(routes.chances, torch.tensor([[[0.75, 0.25]]]))


def test_the_weights_of_an_expert_start_as_those_of_a_dense_part_of_its_shape():
    config = Config(vocab=5, width=64, layers=2, hidden=256, experts=8)
    feed = Transformer(config, seed=0).blocks[0].feed
    assert feed.up.std().item() == pytest.approx(64**-0.5, rel=0.02)
    assert feed.down.std().item() == pytest.approx((256 * 4) ** -0.5, rel=0.02)
    assert feed.router.weight.std().item() == pytest.approx(64**-0.5, rel=0.1)


def test_loads_add_up_and_a_character_goes_where_its_id_says():
    shares = experts.loads(Transformer(MANY, seed=0), tokens(5, 8))
    assert shares.shape == (2, 5)
    torch.testing.assert_close(shares.sum(1), torch.ones(2))
    windows = torch.tensor([[0, 1, 2, 3, 6, 9]])  # modulo three: 0, 1, 2, 0, 0, 0
    found = experts.loads(Transformer(BY_CHARACTER, seed=0), windows)
    torch.testing.assert_close(found, torch.tensor([[4 / 6, 1 / 6, 1 / 6]]))


def test_balance_is_one_a_block_where_the_chances_are_level():
    model = Transformer(MANY, seed=0)
    with torch.no_grad():
        for block in model.blocks:
            block.feed.router.weight.zero_()
    windows = tokens(5, 9)
    both = experts.balanced(model, windows, weight=0.5)
    torch.testing.assert_close(both, model.loss(windows) + 0.5 * 2)


def test_balance_by_hand():
    """Two experts: three of four tokens choose the first, whose mean chance is 0.6."""
    chances = torch.tensor([[[0.8, 0.2], [0.7, 0.3], [0.6, 0.4], [0.3, 0.7]]])
    best, chosen = chances.topk(1)
    load, mean, count = experts._load(experts.Routes(chosen, best, chances))
    torch.testing.assert_close(load, torch.tensor([[0.75, 0.25]]))
    torch.testing.assert_close(count * (load * mean).sum(-1), torch.tensor([1.1]))


def test_balance_pulls_a_router_that_sends_all_to_one():
    model = Transformer(ONE, seed=0)
    weight = model.blocks[0].feed.router.weight
    with torch.no_grad():
        weight.mul_(30)
    windows = tokens(16, 9)
    found = []
    for _ in range(40):
        model.zero_grad()
        uneven = experts.balanced(model, windows, 1.0) - model.loss(windows)
        uneven.backward()
        found.append(uneven.item())
        with torch.no_grad():
            weight -= 2.0 * weight.grad
    assert found[0] > found[-1] >= 0.9


def test_several_models_have_a_balance_each():
    together = Transformer(MANY, seed=[3, 7])
    windows = tokens(2, 5, 9)
    found = experts.balanced(together, windows, 0.3)
    for i in (0, 1):
        torch.testing.assert_close(
            found[i], experts.balanced(Transformer(MANY, seed=(3, 7)[i]), windows[i], 0.3)
        )


def test_experts_train_by_the_one_loop_and_repeat():
    text = torch.arange(6_000) % 11
    recipe = train.Recipe(warmup=5)
    rows = [
        train.run(
            train.Job(MANY, [4_000], recipe, objective=experts.balanced, seed=0),
            text,
            tokens(4, 9),
        )
        for _ in range(2)
    ]
    assert rows[0][0]["loss"] == rows[1][0]["loss"]
    job = train.Job(BY_CHARACTER, [4_000], recipe, seed=0)
    fitted = train.fit(job, text)
    assert train.loss(fitted, (torch.arange(90) % 11).view(10, 9))["loss"] < 0.1


def test_a_watched_model_keeps_no_hook_and_can_be_copied():
    model = Transformer(MANY, seed=0)
    experts.balanced(model, tokens(2, 9)).backward()
    assert not any(block.feed.router._forward_hooks for block in model.blocks)
    copy.deepcopy(model)


@pytest.mark.parametrize("config", KINDS)
def test_what_is_written_with_a_cache_is_what_a_plain_pass_would_write(config):
    model = Transformer(config, seed=0)
    written = sample(model, tokens(1, 2), 6, temperature=0, seed=0)
    row = tokens(1, 2)[0]
    for _ in range(6):
        row = torch.cat([row, model(row[None])[0, -1].argmax()[None]])
    assert written[0].tolist() == row.tolist()


@pytest.mark.parametrize(
    "settings, told",
    [
        ({"experts": 0}, "experts is 0: give a whole number, at least 1"),
        ({"experts": 4, "active": 5}, "active is 5: give a whole number from 1 to 4"),
        ({"active": 2}, "active is 2: give a whole number from 1 to 1"),
        ({"experts": 4, "routing": "random"}, "routing is 'random': give one of learned, char"),
        (
            {"experts": 4, "active": 2, "routing": "character"},
            "active is 2: a character goes to one expert; set active=1",
        ),
    ],
)
def test_experts_that_make_no_sense_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        Config(11, **settings)


def test_a_model_without_experts_has_no_loads():
    dense = Transformer(Config(11, width=16, context=8), seed=0)
    for asked in (experts.loads, experts.balanced):
        with pytest.raises(ValueError, match="the model has no experts: give its Config two"):
            asked(dense, tokens(2, 9)[:, :8])
