"""The exam on unseen plays: which letters count as rare, and what losses are averaged."""

import pytest

from datawall.generators import grading, language
from datawall.lm import train


@pytest.fixture(scope="module")
def plays():
    return grading.unseen_plays(40, 60)


def test_rare_letters_are_those_of_rare_words(plays):
    assert plays.rows.shape == plays.rare.shape == (60, 40)
    assert 0 < plays.rare.float().mean() < 0.5
    whole = 0
    for row, marks in zip(plays.rows, plays.rare, strict=True):
        for word in grading.WORD.finditer(plays.letters.decode(row)):
            own = marks[word.start() : word.end()]
            assert own.all() or not own.any()
            if word.start() and word.end() < len(row):  # not cut off by the row's ends
                assert own.all() == (plays.counts[word.group().lower()] < grading.RARE)
                whole += 1
    assert whole > 100


def test_losses_are_means_over_all_letters_and_over_the_rare(plays):
    few = train.Recipe(warmup=2)
    knobs = language.LanguageModel(len(plays.letters), 2**14, 16, 1, recipe=few)
    fitted = knobs.fit(plays.rows, seed=0)
    every, rare = plays.losses(fitted)
    assert every == pytest.approx(fitted.nats(plays.rows).mean(), rel=1e-5)
    common = grading.Exam(plays.letters, plays.text, plays.counts, plays.rows, ~plays.rare)
    share = plays.rare.float().mean().item()
    of_common = common.losses(fitted)[1]
    assert every == pytest.approx(share * rare + (1 - share) * of_common, rel=1e-5)


def test_the_plays_of_the_exam_are_not_in_the_text(plays):
    text = plays.letters.decode(plays.text)
    assert not any(plays.letters.decode(row) in text for row in plays.rows)
