"""Countdown: worth of answers, the checker, the split, and the random guesser, worked by hand."""

import operator
from itertools import permutations, product

import numpy as np
import pytest

from datawall.reasoning import countdown


def tokens(text):
    return np.array([countdown.SIGNS.index(sign) for sign in text])


@pytest.mark.parametrize(
    "answer, worth",
    [("1+2x3-4", 5), ("9x9x9x9", 6561), ("1-9x9-9", -81), ("7x3+4-1", 24), ("2x2x2x2", 16)],
)
def test_worth_is_from_left_to_right(answer, worth):
    assert countdown.values(tokens(answer)) == worth


@pytest.mark.parametrize(
    "answer", ["1+2x3-0", "1+2x3--", "12x3-4+", "1+2x3=4", "+1+2+34", "1+=+2+3"]
)
def test_what_is_ill_formed_is_worth_nothing_that_can_be_asked(answer):
    assert countdown.values(tokens(answer)) == -10_000


def test_right_needs_the_digits_and_the_target():
    prompt = countdown.prompts([[4, 1, 3, 7]], [24])
    assert countdown.text(prompt[0]) == "1347024="
    answers = {
        "7x3+4-1": True,
        "3x7-1+4": True,
        "7x3+4+1": False,
        "6x4x1x1": False,
        "7x4-3-1": True,
        "8x3+1-1": False,
        "7x3+3+0": False,
    }
    given = np.stack([tokens(answer) for answer in answers])[None]
    assert countdown.right(prompt, given)[0].tolist() == list(answers.values())
    assert countdown.right(prompt, given[:, 0]).tolist() == [True]


def test_each_draw_is_held_to_its_own_prompt():
    prompts = countdown.prompts([[1, 1, 1, 1], [2, 2, 2, 2]], [4, 8])
    given = np.stack([tokens("1+1+1+1"), tokens("2+2+2+2")])
    assert countdown.right(prompts, given[:, None]).tolist() == [[True], [True]]
    assert countdown.right(prompts, given[::-1][:, None]).tolist() == [[False], [False]]


def test_labels_are_right_and_problems_as_promised():
    some = countdown.labelled(3000, seed=1)
    assert countdown.right(some.prompts, some.labels).all()
    assert some.rows.shape == (3000, 15)
    assert (np.diff(some.prompts[:, :4]) >= 0).all()
    assert (some.prompts[:, 7] == countdown.EQUALS).all()
    targets = some.prompts[:, 4:7] @ [100, 10, 1]
    assert targets.min() < 10 and 900 < targets.max() <= 999
    signs = np.bincount(some.labels[:, 1::2].ravel(), minlength=13)[10:13]
    assert signs.min() > 1500


def test_no_two_problems_have_the_same_key():
    digits = np.repeat([[1, 2, 3, 4], [1, 1, 4, 4]], 1000, 0)  # of the same sum
    made = countdown.prompts(digits, np.tile(np.arange(1000), 2))
    assert len(np.unique(countdown._key(made))) == 2000


def test_parts_share_no_problem():
    known = countdown.labelled(20_000, seed=0).prompts
    exam, tuning = (countdown.exam(400, part, seed=0).prompts for part in ("exam", "tuning"))
    assert len(np.unique(exam, axis=0)) == 400
    key = [set(map(tuple, part)) for part in (known, exam, tuning)]
    assert not key[0] & key[1] and not key[0] & key[2] and not key[1] & key[2]
    shares = (
        np.bincount(
            countdown.parts(
                countdown.prompts(
                    np.sort(np.random.default_rng(0).integers(1, 10, (20_000, 4))),
                    np.random.default_rng(1).integers(0, 1000, 20_000),
                )
            ),
            minlength=3,
        )
        / 20_000
    )
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.015)


def test_a_seed_gives_the_same_problems_and_another_others():
    one, same, other = (countdown.labelled(50, seed=seed).rows for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert np.array_equal(
        countdown.exam(50, seed=0).prompts[:20], countdown.exam(50, seed=0).prompts[:20]
    )


def test_the_guessers_chance_is_the_share_of_arrangements():
    # 1, 1, 1, 1: every order is alike; of 27 choices of signs, those of 1 + 1 + 1 + 1 alone give 4.
    asked = countdown.prompts([[1, 1, 1, 1]] * 2, [4, 999])
    assert countdown.chance(asked) == pytest.approx([1 / 27, 0])
    # 1, 2, 3, 4 for 999 is out of reach; 9 x 9 x 9 + 9 = 738 in one of 27.
    assert countdown.chance(countdown.prompts([[9, 9, 9, 9]], [738])) == pytest.approx([1 / 27])
    rng = np.random.default_rng(0)
    asked = countdown.prompts([[2, 3, 5, 7]], [17])
    orders = rng.permuted(np.tile([2, 3, 5, 7], (60_000, 1)), axis=1)
    tried = np.empty((60_000, 7), int)
    tried[:, ::2], tried[:, 1::2] = orders, rng.integers(10, 13, (60_000, 3))
    share = countdown.right(np.repeat(asked, 60_000, 0), tried).mean()
    assert countdown.chance(asked)[0] == pytest.approx(share, abs=0.003)
    assert share > 0.02


def test_another_seed_gives_another_exam():
    one, other = (countdown.exam(50, seed=seed).prompts for seed in (0, 1))
    assert not np.array_equal(one, other)


def test_an_exam_keeps_the_first_problems_drawn_each_once():
    made = countdown.prompts([[9] * 4, [5] * 4, [9] * 4, [1] * 4, [3] * 4], [36, 20, 36, 4, 12])
    draws = iter([countdown.Problems(made, made[:, :7])])  # one draw is enough
    kept = countdown._first(4, lambda: next(draws), distinct=True)
    assert np.array_equal(kept.prompts, made[[0, 1, 3, 4]])
    draws = iter([countdown.Problems(made, made[:, :7])])
    kept = countdown._first(2, lambda: next(draws), distinct=True)
    assert np.array_equal(kept.prompts, made[:2])


def test_training_problems_may_come_again_and_have_every_digit_and_target():
    some = countdown.labelled(20_000, seed=1)
    assert len(np.unique(some.prompts, axis=0)) < 20_000
    assert set(some.prompts[:, :4].ravel()) == set(range(1, 10))
    assert (some.prompts[:, 4:7] == 0).all(1).any()  # a target of 0, such as 1-1x1x1


def test_a_row_is_the_prompt_and_then_the_label():
    some = countdown.labelled(5, seed=0)
    assert np.array_equal(some.rows[:, :8], some.prompts)
    assert np.array_equal(some.rows[:, 8:], some.labels)


def test_the_part_depends_on_the_target_too():
    targets = np.arange(100)
    parts = countdown.parts(countdown.prompts([[1, 2, 3, 4]] * 100, targets))
    assert set(parts) == {0, 1, 2}


def test_the_guesser_tries_every_order():
    """Of 24 orders of 1, 1, 1, 2 and 27 choices of signs, those worth 5, counted one by one."""
    work = {"+": operator.add, "-": operator.sub, "x": operator.mul}
    found = []
    for (a, b, c, d), signs in product(permutations([1, 1, 1, 2]), product("+-x", repeat=3)):
        first, second, third = (work[sign] for sign in signs)
        found.append(third(second(first(a, b), c), d) == 5)
    # By hand: 1+1+1+2 in each of the 24 orders, and 1+1x2+1 in the 6 that have the 2 third.
    assert (len(found), sum(found)) == (648, 30)
    assert countdown.chance(countdown.prompts([[1, 1, 1, 2]], [5])) == pytest.approx([30 / 648])


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: countdown.labelled(0, seed=0), "count is 0"),
        (lambda: countdown.exam(2001, seed=0), "count is 2,001"),
        (lambda: countdown.exam(5, "training", seed=0), "part is 'training'"),
        (lambda: countdown.prompts([[1, 2, 3]], [4]), "give \\(n, 4\\)"),
        (lambda: countdown.prompts([[1, 2, 3, 4]] * 2, [4]), "give \\(n, 4\\)"),
        (lambda: countdown.prompts([[0, 2, 3, 4]], [4]), "digits less one"),
        (lambda: countdown.prompts([[1, 2, 3, 4]], [1000]), "targets"),
        (lambda: countdown.values([1, 2]), "give whole numbers"),
        (lambda: countdown.values([1.0] * 7), "give whole numbers"),
        (lambda: countdown.right(np.ones((2, 8), int), np.ones((3, 7), int)), "give \\(n, 8\\)"),
        (lambda: countdown.text([99]), "tokens"),
    ],
)
def test_bad_input_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
