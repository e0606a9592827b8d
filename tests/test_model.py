"""The transformer: its shapes, its count of parameters, its own gradients against a reference."""

import copy

import pytest
import torch
from torch.nn import functional as F

from datawall.lm.model import Config, Transformer

SHAPES = [
    Config(vocab=11, width=16, layers=1, context=8),
    Config(vocab=11, width=24, hidden=80, heads=3, context=8),
    Config(vocab=11, width=64, context=8),
]


def reference(model, tokens):
    """The same network from torch's own operations: scaled dot-product attention and autograd."""
    config = model.config
    half = config.width // 2
    x = model.tokens(tokens) + model.places[: tokens.shape[1]]
    for block in model.blocks:
        read = block.norm_mix(x)
        before = F.pad(read[:, :-1, half:], (0, 0, 1, 0))
        qkv = block.qkv(torch.cat([read[..., :half], before], -1))
        split = (*x.shape[:2], config.heads, config.width // config.heads)
        q, k, v = (part.reshape(split).transpose(1, 2) for part in qkv.chunk(3, -1))
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + block.mix(seen.transpose(1, 2).reshape(x.shape))
        x = x + block.down(F.relu(block.up(block.norm_feed(x))))
    return model.norm(x) @ model.tokens.weight.T


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


def test_feed_forward_gradient_is_right_across_slices(monkeypatch):
    monkeypatch.setattr("datawall.lm.model.CACHE_FLOATS", 64 * 64)  # 64 rows a slice, 3 slices here
    model = Transformer(Config(vocab=11, width=16, context=8), seed=0).double()
    tokens = torch.randint(11, (20, 8), generator=torch.Generator().manual_seed(1))
    got = torch.autograd.grad(model(tokens).square().sum(), list(model.parameters()))
    want = torch.autograd.grad(reference(model, tokens).square().sum(), list(model.parameters()))
    torch.testing.assert_close(got, want)


@pytest.mark.parametrize("config", SHAPES)
def test_parameters_are_counted_as_they_are(config):
    model = Transformer(config, seed=0)
    matrices = sum(p.numel() for p in model.blocks.parameters() if p.ndim == 2)
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
    assert torch.equal(one.blocks[0].up.weight, two.blocks[0].up.weight)
    assert not torch.equal(one.blocks[0].up.weight, other.blocks[0].up.weight)


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
    dropped = model._drop(torch.ones(1000, 100))
    assert dropped.mean() == pytest.approx(1, abs=0.01)
    assert (dropped == 0).float().mean() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_dropout_is_a_share(share):
    with pytest.raises(ValueError, match="give a finite number, at least 0 and below 1"):
        Config(vocab=11, dropout=share)
