"""The transformer: its shapes, its count of parameters, its gradients against a reference."""

import copy

import pytest
import torch
from torch.nn import functional as F

from datawall.lm.model import Config, Transformer
from test_experts import KINDS

SHAPES = [
    Config(vocab=11, width=16, layers=1, context=8),
    Config(vocab=11, width=24, hidden=80, heads=3, context=8),
    Config(vocab=11, width=64, context=8),
]


def reference(model, tokens):
    """The same network of one model, head by head, with the softmax written out."""
    config = model.config
    half, size = config.width // 2, config.width // config.heads
    time = tokens.shape[1]
    later = torch.full((time, time), -torch.inf, dtype=model.tokens.dtype).triu(1)
    x = model.tokens[0, tokens] + model.places[0, :time]
    for block in model.blocks:
        read = F.layer_norm(x, (config.width,), block.norm_mix[0])
        read[:, 1:, half:], read[:, 0, half:] = read[:, :-1, half:].clone(), 0
        q, k, v = (read @ block.qkv[0].T).chunk(3, -1)
        heads = [slice(i * size, (i + 1) * size) for i in range(config.heads)]
        weights = [(q[..., h] @ k[..., h].mT * size**-0.5 + later).softmax(-1) for h in heads]
        seen = [w @ v[..., h] for w, h in zip(weights, heads, strict=True)]
        x = x + torch.cat(seen, -1) @ block.mix[0].T
        inner = F.layer_norm(x, (config.width,), block.norm_feed[0]) @ block.feed.up[0].T
        x = x + inner.clamp(min=0) @ block.feed.down[0].T
    return F.layer_norm(x, (config.width,), model.norm[0]) @ model.tokens[0].T


@pytest.mark.parametrize("config", SHAPES)
def test_logits_and_gradients_equal_the_reference(config):
    model = Transformer(config, seed=0).double()
    tokens = torch.randint(11, (5, 8), generator=torch.Generator().manual_seed(1))
    weights = list(model.parameters())
    ours, theirs = model(tokens), reference(model, tokens)
    torch.testing.assert_close(ours, theirs)
    target = torch.randn(ours.shape, dtype=torch.double, generator=torch.Generator().manual_seed(2))
    got = torch.autograd.grad((ours * target).sum(), weights)
    want = torch.autograd.grad((theirs * target).sum(), weights)
    torch.testing.assert_close(got, want)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_models_side_by_side_are_each_what_they_would_be_alone(dropout):
    config = Config(vocab=11, width=24, hidden=80, heads=3, context=8, dropout=dropout)
    together = Transformer(config, seed=[3, 7]).train()
    windows = torch.randint(11, (2, 5, 9), generator=torch.Generator().manual_seed(1))
    losses = together.loss(windows)
    losses.sum().backward()
    for i, seed in enumerate((3, 7)):
        alone = Transformer(config, seed=seed).train()
        loss = alone.loss(windows[i])
        loss.backward()
        assert torch.equal(loss, losses[i])
        for ours, theirs in zip(alone.parameters(), together.parameters(), strict=True):
            assert torch.equal(ours.grad[0], theirs.grad[i])
        assert torch.equal(together.alone(i)(windows[i, :, :8]), alone.eval()(windows[i, :, :8]))


def test_each_model_needs_its_own_tokens():
    pair = Transformer(SHAPES[0], seed=[0, 1])
    for shape in ((5, 8), (3, 5, 8)):
        with pytest.raises(ValueError, match="for 2 models: give"):
            pair(torch.zeros(shape, dtype=torch.long))


@pytest.mark.parametrize("config", [*SHAPES, *KINDS])
def test_parameters_are_counted_as_they_are(config):
    model = Transformer(config, seed=0)
    matrices = sum(p.numel() for p in model.blocks.parameters() if p.ndim == 3)
    assert config.params == matrices
    assert config.all_params == sum(p.numel() for p in model.parameters())


def test_range_of_sizes():
    smallest, largest = Config(66, width=16, layers=1), Config(66, width=144, layers=4, heads=3)
    assert smallest.params == 3072
    assert 900_000 < largest.params < 1_000_000


def test_a_token_sees_only_what_came_before():
    model = Transformer(SHAPES[1], seed=0)
    tokens = torch.zeros(1, 8, dtype=torch.long)
    changed = tokens.clone()
    changed[0, 5] = 3
    moved = (model(tokens) != model(changed)).any(-1)[0]
    assert moved.tolist() == [False] * 5 + [True] * 3


def test_loss_is_the_mean_cross_entropy():
    model = Transformer(SHAPES[0], seed=0)
    windows = torch.randint(11, (3, 9), generator=torch.Generator().manual_seed(0))
    chance = model(windows[:, :-1]).softmax(-1)
    right = chance.gather(-1, windows[:, 1:, None])
    torch.testing.assert_close(model.loss(windows), -right.log().mean())


def test_seed_alone_draws_the_weights():
    torch.manual_seed(5)
    one = Transformer(SHAPES[0], seed=3)
    torch.manual_seed(6)
    two, other = Transformer(SHAPES[0], seed=3), Transformer(SHAPES[0], seed=4)
    assert torch.equal(one.blocks[0].feed.up, two.blocks[0].feed.up)
    assert not torch.equal(one.blocks[0].feed.up, other.blocks[0].feed.up)


def test_bad_shapes_are_refused():
    with pytest.raises(ValueError, match="layers is 0"):
        Config(vocab=11, layers=0)
    with pytest.raises(ValueError, match="5 heads do not divide a width of 16"):
        Config(vocab=11, width=16, heads=5)
    model = Transformer(SHAPES[0], seed=0)
    with pytest.raises(ValueError, match="9 tokens do not fit into a context of 8"):
        model(torch.zeros(1, 9, dtype=torch.long))


def test_dropout_drops_in_training_only_and_repeats():
    config = Config(vocab=11, width=16, context=8, dropout=0.5)
    tokens = torch.arange(8)[None]
    model = Transformer(config, seed=0)
    plain = Transformer(Config(vocab=11, width=16, context=8), seed=0)
    assert torch.equal(model(tokens), plain(tokens))
    first, second = model.train()(tokens), model(tokens)
    assert not torch.equal(first, second)
    again = Transformer(config, seed=0).train()
    assert torch.equal(again(tokens), first)
    assert torch.equal(copy.deepcopy(again)(tokens), second)  # a copy goes on alike


def test_dropout_keeps_the_mean():
    model = Transformer(Config(vocab=11, width=16, context=8, dropout=0.25), seed=0).train()
    dropped = model._drop(torch.ones(1, 1000, 100))
    assert dropped.mean() == pytest.approx(1, abs=0.01)
    assert (dropped == 0).float().mean() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_dropout_is_a_share(share):
    with pytest.raises(ValueError, match="give a finite number, at least 0 and below 1"):
        Config(vocab=11, dropout=share)
