"""Chains of sums worked by hand, and what each style writes."""

import numpy as np
import pytest

from datawall.reasoning import scratchpad


def test_results_by_hand():
    chain = [scratchpad.SIGNS.index(sign) for sign in "7+8x9+6x3="]
    # 7+8=15 -> 5; 5x9=45 -> 5; 5+6=11 -> 1; 1x3=3
    assert scratchpad.results([chain]).tolist() == [[5, 5, 1, 3]]
    assert scratchpad.results([[*chain[:3], chain[-1]]]).tolist() == [[5]]  # 7+8=


def test_tokens_are_the_signs():
    assert len(scratchpad.SIGNS) == scratchpad.VOCAB == 14
    named = (scratchpad.PLUS, scratchpad.TIMES, scratchpad.EQUALS, scratchpad.BLANK)
    assert "".join(scratchpad.SIGNS[i] for i in named) == "+x=_"


def test_seed_and_terms_give_other_digits():
    def digits(count, terms, seed):
        return scratchpad.drawn(count, terms, "steps", seed=seed).prompts[:, ::2].ravel().tolist()

    assert digits(30, 4, 0) == digits(30, 4, 0)
    assert digits(30, 4, 0) != digits(30, 4, 1)
    assert digits(30, 4, 0) != digits(40, 3, 0)


def test_a_row_is_the_prompt_and_then_what_is_written():
    some = scratchpad.drawn(5, 3, "steps", seed=0)
    assert np.array_equal(some.rows[:, :6], some.prompts)
    assert np.array_equal(some.rows[:, 6:], some.written)


def test_styles_share_problems_and_answers():
    by_style = {s: scratchpad.drawn(200, 5, s, seed=3) for s in scratchpad.STYLES}
    steps = by_style["steps"]
    for some in by_style.values():
        assert np.array_equal(some.prompts, steps.prompts)
        assert np.array_equal(some.written[:, -1], steps.written[:, -1])
    assert by_style["answer only"].written.shape == (200, 1)
    assert (by_style["blanks"].written[:, :-1] == scratchpad.BLANK).all()
    assert steps.written.shape == by_style["blanks"].written.shape == (200, 4)
    assert np.array_equal(steps.written, scratchpad.results(steps.prompts))
    assert by_style["blanks"].rows.shape == (200, 14)


def test_prompts_are_digits_and_signs_by_turns():
    prompts = scratchpad.drawn(500, 4, "steps", seed=0).prompts
    assert prompts.shape == (500, 8)
    assert set(prompts[:, ::2].ravel()) == set(range(10))
    assert set(prompts[:, 1:-1:2].ravel()) == {scratchpad.PLUS, scratchpad.TIMES}
    assert (prompts[:, -1] == scratchpad.EQUALS).all()


def test_blanks_do_not_count():
    assert scratchpad.weights("blanks", 5).tolist() == [0, 0, 0, 1]
    assert scratchpad.weights("steps", 5).tolist() == [1, 1, 1, 1]
    assert scratchpad.weights("answer only", 5).tolist() == [1]


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: scratchpad.drawn(0, 5, "steps", seed=0), "count is 0"),
        (lambda: scratchpad.drawn(1, 1, "steps", seed=0), "terms is 1"),
        (lambda: scratchpad.drawn(1, 5, "aloud", seed=0), "style is 'aloud'"),
        (lambda: scratchpad.weights("aloud", 5), "style is 'aloud'"),
        (lambda: scratchpad.results(np.zeros((1, 5), int)), "two terms or more"),
        (lambda: scratchpad.results(np.zeros((1, 2), int)), "two terms or more"),
        (lambda: scratchpad.results(np.zeros(4, int)), "two terms or more"),
    ],
)
def test_bad_input_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
