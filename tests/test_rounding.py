"""Rounded weights: how many values there are, what stays, and what finer rounding costs."""

import pytest
import torch

from datawall.lm.model import Config, Transformer
from datawall.lm.rounding import rounded

MODEL = Transformer(Config(10, 8, layers=1, hidden=16, context=8), seed=0)


def test_each_row_has_few_values_and_the_model_stays_as_it_was():
    before = {name: weight.clone() for name, weight in MODEL.state_dict().items()}
    found = rounded(MODEL, bits=3)
    for name, weight in found.named_parameters():
        assert torch.equal(MODEL.state_dict()[name], before[name])
        if "norm" in name:
            assert torch.equal(weight, before[name])
        else:
            assert max(len(row.unique()) for row in weight.flatten(0, -2)) <= 7
            largest = before[name].abs().amax(-1)
            torch.testing.assert_close(weight.abs().amax(-1), largest)


def test_more_bits_change_less():
    windows = torch.arange(90).reshape(10, 9) % 10
    exact = MODEL.loss(windows)
    gaps = [(rounded(MODEL, bits=bits).loss(windows) - exact).abs().item() for bits in (2, 12)]
    assert gaps[1] < 1e-3 < gaps[0]


def test_one_bit_is_refused():
    with pytest.raises(ValueError, match="bits is 1: give a whole number, at least 2"):
        rounded(MODEL, bits=1)
