"""Tasks on digits: what they ask, what they share, and what is the same whatever is shared."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from datawall.worlds import tasks


def test_a_task_is_half_of_the_kinds():
    member = tasks.halves(6, seed=0)
    assert member.shape == (6, 10) and (member.sum(1) == 5).all()
    assert len(np.unique(member, axis=0)) > 1
    assert (tasks.halves(2, seed=0) == member[:2]).all()  # the first stays what it is
    assert (tasks.halves(6, seed=1) != member).any()


def test_it_learns_and_repeats():
    found = tasks.accuracy(1, 600, steps=300, seed=0)
    assert found > 0.93
    assert tasks.accuracy(1, 600, steps=300, seed=0) == found


def test_more_labels_help_and_labels_at_random_do_not():
    few, many = (
        np.mean([tasks.accuracy(1, n, steps=200, seed=s) for s in range(4)]) for n in (20, 200)
    )
    assert few + 0.05 < many
    noisy = np.mean([tasks.accuracy(5, 20, noise=True, steps=200, seed=s) for s in range(4)])
    assert noisy < few + 0.02


def test_scores_by_hand():
    """One pixel, two units: relu(2x + 1) and relu(-x), heads (1, 3) with bias -2 and (0, 1)."""
    trunk = torch.tensor([[2.0, -1.0], [1.0, 0.0]])
    heads = torch.tensor([[1.0, 3.0, -2.0], [0.0, 1.0, 0.0]])
    images = torch.tensor([[[1.0], [-1.0]], [[0.5], [-2.0]]])
    found = tasks._scores(images, trunk, heads)
    torch.testing.assert_close(found, torch.tensor([[1.0, 1.0], [0.0, 2.0]]))


def test_the_first_task_has_its_own_images_whatever_is_learned_beside_it(monkeypatch):
    seen = []

    def learned(given, truth, width, steps, seed):
        seen.append((given, truth))
        return torch.zeros(given.shape[-1] + 1, width), torch.zeros(len(given), width + 1)

    monkeypatch.setattr(tasks, "_learned", learned)
    tasks.accuracy(1, 20, seed=3)
    tasks.accuracy(4, 20, seed=3)
    tasks.accuracy(4, 20, noise=True, seed=3)
    (one, of_one), (four, of_four), (noisy, of_noisy) = seen
    assert torch.equal(one[0], four[0]) and torch.equal(one[0], noisy[0])
    assert torch.equal(of_one[0], of_four[0]) and torch.equal(of_one[0], of_noisy[0])
    assert not torch.equal(of_four[1:], of_noisy[1:])
    assert len({tuple(x[0].tolist()) for x in four}) == 4  # images of its own for each


def test_no_image_of_the_exam_is_learned(monkeypatch):
    given_to, asked = [], []
    scores = tasks._scores

    def learned(given, truth, width, steps, seed):
        given_to.append(given)
        return torch.zeros(given.shape[-1] + 1, width), torch.zeros(len(given), width + 1)

    def watched(images, trunk, heads):
        asked.append(images)
        return scores(images, trunk, heads)

    monkeypatch.setattr(tasks, "_learned", learned)
    monkeypatch.setattr(tasks, "_scores", watched)
    tasks.accuracy(3, 1000, seed=0)
    learned_from = {tuple(x.tolist()) for x in given_to[0].flatten(0, 1)}
    assert not learned_from & {tuple(x.tolist()) for x in asked[0][0]}


def test_the_exam_is_that_of_the_first_task(monkeypatch):
    def learned(given, truth, width, steps, seed):
        heads = torch.zeros(len(given), width + 1)
        heads[:, -1] = -1.0  # every other task says no to all
        heads[0, -1] = 1.0
        return torch.zeros(given.shape[-1] + 1, width), heads

    monkeypatch.setattr(tasks, "_learned", learned)
    kinds = np.unique(tasks._digits()[1], return_counts=True)[1]
    for seed in range(3):
        alone, beside = (tasks.accuracy(n, 20, seed=seed) for n in (1, 5))
        assert alone == beside
        share = kinds[tasks.halves(1, seed=seed)[0]].sum() / kinds.sum()
        assert alone == pytest.approx(share, abs=0.06)  # of a sample of the digits


def test_tasks_of_their_own_trunk_pull_as_if_alone():
    """The gradient of a head is what its task alone would give it."""
    given = torch.randn(3, 6, 4, generator=torch.Generator().manual_seed(0))
    truth = (given.sum(-1) > 0).float()
    _, together = tasks._learned(given, truth, 5, 1, seed=0)
    _, alone = tasks._learned(given[:1], truth[:1], 5, 1, seed=0)
    torch.testing.assert_close(together[:1], alone)
    assert F.binary_cross_entropy_with_logits(torch.zeros(1), torch.ones(1)) > 0


@pytest.mark.parametrize(
    "call, told",
    [
        (lambda: tasks.accuracy(0, 20, seed=0), "tasks is 0: give a whole number, at least 1"),
        (lambda: tasks.accuracy(1, 0, seed=0), "labels is 0: give a whole number from 1 to 1,197"),
        (lambda: tasks.accuracy(1, 1_198, seed=0), "labels is 1,198"),
        (lambda: tasks.accuracy(1, 20, width=0, seed=0), "width is 0"),
        (lambda: tasks.accuracy(1, 20, steps=0, seed=0), "steps is 0"),
        (lambda: tasks.accuracy(1, 20, noise="yes", seed=0), "noise is 'yes': give True or False"),
        (lambda: tasks.halves(0, seed=0), "count is 0"),
    ],
)
def test_what_makes_no_sense_is_refused(call, told):
    with pytest.raises(ValueError, match=told):
        call()
