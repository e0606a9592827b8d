"""Secrets, their ranks, and exposure in bits, against cases counted by hand."""

import numpy as np
import pytest
import torch

from datawall.privacy import canaries, letters
from datawall.text.corpus import Vocabulary

VOCABULARY = Vocabulary(10 * canaries.sentence("Romeo", 1234) + 10 * "0123456789abc")
MODEL = letters.drawn(letters.Shape(len(VOCABULARY), width=8, reach=6), seed=0)
MODEL.weights["out"].mul_(20)


def test_every_secret_is_a_row_of_33_letters():
    found = {len(canaries.sentence(name, 7)) for name in canaries.NAMES}
    assert found == {33}
    assert canaries.sentence("Romeo", 7) == "The secret code of Romeo is 0007."
    assert len(set(canaries.NAMES)) == len(canaries.NAMES)


def test_exposure_from_a_rank():
    assert canaries.exposure(1, 1024) == 10
    assert canaries.exposure(1024, 1024) == 0
    assert canaries.exposure(16, 1024) == 6
    assert canaries.exposure(1) == pytest.approx(13.2877, abs=1e-4)


def test_what_guessing_gives():
    assert canaries.guessed(2) == 0.5  # ranks 1 and 2: one bit or none
    assert canaries.guessed() == pytest.approx(np.log2(np.e), abs=0.01)


def test_ranks_from_scores_with_ties_against_the_thief():
    scores = np.array([0.1, 0.9, 0.5, 0.5])
    assert [canaries.rank(scores, code) for code in range(4)] == [4, 1, 3, 3]


def test_the_scores_of_codes_are_those_of_whole_sentences():
    scores = canaries.ranked(MODEL, VOCABULARY, "Romeo")
    assert scores.shape == (10_000,)
    digits = VOCABULARY.encode("0123456789")
    for code in (0, 42, 4711, 9999):
        row = VOCABULARY.encode(canaries.sentence("Romeo", code))[None, :-1]
        logs = letters._logits(MODEL, row).log_softmax(-1)[0]
        want = sum(float(logs[-4 + i, row[0, -4 + i]]) for i in range(4))
        assert scores[code] == pytest.approx(want, abs=1e-4)
    assert len(set(digits.tolist())) == 10


def test_a_model_that_knows_the_code_exposes_it_wholly():
    codes = [int(np.argmax(canaries.ranked(MODEL, VOCABULARY, "Romeo")))]
    (bits,) = canaries.exposures(MODEL, VOCABULARY, ["Romeo"], codes)
    assert bits == pytest.approx(np.log2(10_000))


def test_codes_are_drawn_over_the_whole_space():
    found = canaries.codes(20_000, seed=0)
    assert min(found) < 20 and max(found) > 9_980 and max(found) < 10_000
    assert canaries.codes(3, seed=1) == canaries.codes(3, seed=1) != canaries.codes(3, seed=2)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: canaries.exposure(0), "rank"),
        (lambda: canaries.exposure(11, 10), "rank"),
        (lambda: canaries.sentence("Romeo", 10_000), "code"),
        (lambda: canaries.sentence("", 1), "name"),
        (lambda: canaries.rank([0.1], 1), "code"),
        (lambda: canaries.ranked(MODEL, Vocabulary("abc" * 10), "Romeo"), "add digits"),
        (lambda: canaries.guessed(0), "space"),
    ],
)
def test_what_cant_be_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_letters_are_torch_rows():
    assert torch.is_tensor(VOCABULARY.encode(canaries.before("Romeo")))
