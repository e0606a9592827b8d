"""Sampling with the cache gives what running the whole context for each token gives."""

import pytest
import torch

from datawall.lm.model import Config, Transformer
from datawall.lm.sampling import sample

MODEL = Transformer(Config(vocab=11, width=24, hidden=80, heads=3, context=8), seed=0)
PROMPT = torch.tensor([[1, 2], [3, 4], [5, 6]])


@torch.no_grad()
def uncached(model, prompt, length, seed):
    """The slow way, one group: the same random draws, the whole context for each token."""
    generator = torch.Generator().manual_seed(seed)
    context, out, start = model.config.context, prompt, 0
    for _ in range(length):
        if out.shape[1] - start > context:
            start = out.shape[1] - context // 2
        reached = model(out[:, start:])[:, -1].softmax(-1).cumsum(-1)
        fallen = torch.rand(len(out), 1, generator=generator)
        out = torch.cat([out, torch.searchsorted(reached, fallen, right=True)], 1)
    return out


@pytest.mark.parametrize("length", [1, 6, 30])  # within the context, to its end, far beyond
def test_cached_equals_uncached(length):
    assert torch.equal(sample(MODEL, PROMPT, length, seed=7), uncached(MODEL, PROMPT, length, 7))


def test_a_prompt_longer_than_the_context_is_read_from_its_end():
    long = torch.arange(20)[None] % 11
    again = sample(MODEL, long[:, -4:], 3, seed=1)
    assert torch.equal(sample(MODEL, long, 3, seed=1)[:, 20:], again[:, 4:])


def test_seed_and_groups():
    once, twice = (sample(MODEL, PROMPT, 20, seed=7) for _ in range(2))
    assert torch.equal(once, twice)
    assert not torch.equal(once, sample(MODEL, PROMPT, 20, seed=8))
    apart = sample(MODEL, PROMPT, 20, seed=7, together=2)
    assert torch.equal(apart[:, :2], PROMPT)
    assert apart.shape == once.shape


def test_frequencies_are_the_models_own():
    start = torch.zeros(20_000, 1, dtype=torch.long)
    drawn = sample(MODEL, start, 1, seed=0)[:, 1]
    chance = MODEL(start[:1])[0, -1].softmax(-1)
    counted = torch.bincount(drawn, minlength=11) / len(drawn)
    assert (counted - chance).abs().max() < 0.015


def test_temperature():
    greedy = sample(MODEL, PROMPT, 1, seed=0, temperature=0)[:, -1]
    assert torch.equal(greedy, MODEL(PROMPT)[:, -1].argmax(-1))
    cold = sample(MODEL, PROMPT, 1, seed=0, temperature=1e-4)[:, -1]
    assert torch.equal(cold, greedy)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="give 0"):
        sample(MODEL, PROMPT, 1, seed=0, temperature=-1)
    with pytest.raises(ValueError, match=r"shape \(3, 0\)"):
        sample(MODEL, PROMPT[:, :0], 1, seed=0)
