"""Readers who know letters or pairs: exact on texts whose answers are known."""

import numpy as np
import pytest
import torch

from datawall.text import yardsticks


def test_even_letters_cost_the_logarithm_of_their_number():
    text = torch.tensor([0, 1, 2, 3] * 100)
    assert yardsticks.by_frequency(text, text[None, :9]) == pytest.approx(np.log(4))


def test_who_knows_pairs_reads_a_cycle_without_surprise():
    text = torch.tensor([0, 1, 2, 3] * 1000)
    assert yardsticks.by_pairs(text, text[None, :9], 4) == pytest.approx(
        -np.log(1001 / 1004), rel=0.01
    )
    strange = torch.tensor([[0, 2]])
    assert yardsticks.by_pairs(text, strange, 4) == pytest.approx(-np.log(1 / 1004), rel=0.01)
