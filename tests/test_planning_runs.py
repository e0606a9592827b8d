"""The last chapter's experiment: what is read, and how members are averaged."""

import numpy as np
import pytest
import torch
import xarray as xr

from datawall.planning import runs
from datawall.text import corpus


def windows(read):
    return corpus.windows(read, runs.CONTEXT, (len(read) - 1) // runs.CONTEXT, seed=0)


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("plays", 128),
        ("plays and code", 256),
        ("plays and shuffled code", 256),
        ("plays and others'", 128 + 8192),
    ],
)
def test_every_letter_is_in_one_window(kind, count):
    assert len(windows(runs.text(kind, 2**13, seed=0))) == count


def test_the_plays_are_the_same_in_every_kind():
    first = [runs.text(kind, 2**13, seed=1)[: 2**13] for kind in runs.KINDS]
    for other in first[1:]:
        assert torch.equal(first[0], other)
    assert not torch.equal(first[0], runs.text("plays", 2**13, seed=2)[: 2**13])


def test_a_smaller_amount_is_the_beginning_of_a_larger_one():
    small, large = (runs.text("plays", n, seed=0) for n in (2**12, 2**13))
    assert torch.equal(small[:-1], large[: 2**12])


def test_shuffled_code_has_the_letters_of_code_in_another_order():
    code, shuffled = (runs.text(kind, 2**13, seed=0)[2**13 :] for kind in runs.KINDS[1:3])
    assert torch.equal(code.sort().values, shuffled.sort().values)
    assert (code == shuffled).float().mean() < 0.3
    assert not torch.equal(shuffled, runs.text(runs.KINDS[2], 2**13, seed=1)[2**13 :])


def test_each_seed_shuffles_in_an_order_of_its_own(monkeypatch):
    class Counted:
        def read(self, amounts, *, seed):
            return torch.arange(sum(amounts.values()))

    monkeypatch.setattr(runs, "texts", Counted)
    one, other = (runs.text(runs.KINDS[2], 50, seed=seed) for seed in (0, 1))
    assert one[:50].tolist() == other[:50].tolist() == list(range(50))
    assert sorted(one.tolist()) == sorted(other.tolist()) == list(range(101))
    assert not torch.equal(one, other)


def test_a_model_is_as_wide_as_asked_for():
    assert [runs.shape(width).width for width in (8, 32)] == [8, 32]


def test_a_teacher_reads_none_of_the_students_plays():
    own, others = runs.text("plays", 2**13, seed=0), runs.others(2**13, seed=0)
    both = runs.text("plays and others'", 2**13, seed=0)
    assert len(others) == runs.OTHERS + 1
    assert torch.equal(both, torch.cat([own[: 2**13], others]))


def test_no_kind_that_is_not_there():
    with pytest.raises(ValueError, match="kind is 'verse': give one of plays, plays and code"):
        runs.text("verse", 64, seed=0)


def test_averaging_by_hand():
    chances = xr.Dataset(
        {"exam": (("seed", "answer"), [[0.1, 0.5], [0.3, 0.5], [0.2, 1], [0.2, 1]])}
    )
    one = -np.log([0.1, 0.5, 0.3, 0.5, 0.2, 1, 0.2, 1]).mean()
    two = -np.log([0.2, 0.5, 0.2, 1]).mean()
    four = -np.log([0.2, 0.75]).mean()
    for size, expected in ((1, one), (2, two), (4, four)):
        assert float(runs.averaged(chances, size).exam) == pytest.approx(expected)
    with pytest.raises(ValueError, match="4 members make no groups of 3"):
        runs.averaged(chances, 3)


def test_a_run_gives_losses_of_members_and_of_their_mean():
    read = runs.text("plays", 2**12, seed=9)
    found = runs.losses(read, [2**13, 2**14], members=2, width=8, seed=9)
    assert dict(found.sizes) == {"K": 2, "tokens": 2}
    assert (found.sel(K=2) < found.sel(K=1)).to_dataarray().all()  # by convexity
    names = runs.columns(found, 2**14)
    assert list(names) == ["choice_1", "exam_1", "choice_2", "exam_2"]
    assert names["exam_2"] == float(found.exam.sel(K=2, tokens=2**14))
    alone = runs.losses(read, [2**13, 2**14], members=1, width=8, seed=9)
    assert list(alone.K.values) == [1]


def test_a_taught_run_differs_and_its_members_too():
    read = runs.text("plays", 2**12, seed=9)
    teacher = runs.fitted(8, read, 2**13, 0.1, seed=5)
    plain, taught = (
        runs.losses(read, [2**13], members=1, width=8, teachers=t, seed=9) for t in ((), [teacher])
    )
    assert plain.exam.item() != taught.exam.item()
    decayed = runs.losses(read, [2**13], members=1, width=8, decay=3.0, seed=9)
    assert plain.exam.item() != decayed.exam.item()
