"""Networks learn what can be learnt, from the seed alone, and mix sources in equal parts."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from datawall.worlds.render import Knobs, render
from datawall.worlds.vision import accuracy, answers, classifier, learn, locator

LABELS = np.arange(200) % 10
PLAIN = render(LABELS, Knobs(shift=1), 14, seed=0).images


def parameters(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def test_it_learns_to_classify():
    net = learn(classifier(seed=0), [(PLAIN, LABELS)], seed=0, steps=80)
    fresh = render(LABELS, Knobs(shift=1), 14, seed=1).images
    assert accuracy(net, fresh, LABELS) > 90
    assert accuracy(classifier(seed=0), fresh, LABELS) < 40


def test_it_learns_to_locate():
    knobs = Knobs(height=0.3, shift=8)
    (images, places), (fresh, truth) = (render(LABELS, knobs, 32, seed=s) for s in (0, 1))
    target = [(images, places.astype("float32"))]
    net = learn(locator(seed=0), target, seed=0, steps=80, loss=F.smooth_l1_loss)
    error = np.linalg.norm(answers(net, fresh) - truth, axis=1)
    assert np.median(error) < 0.1 * np.median(np.linalg.norm(truth - truth.mean(0), axis=1))


def test_a_locator_that_sees_one_dot_says_where_it_is():
    """Evidence of one pixel that is far above the rest: its place, whatever the weights."""
    net = locator(seed=0)
    with torch.no_grad():
        for p in net.parameters():
            p.zero_()
        for layer in net.evidence:
            if hasattr(layer, "kernel_size"):
                middle = layer.kernel_size[0] // 2
                layer.weight[:, :, middle, middle] = 10
    dot = np.zeros((1, 32, 32))
    dot[0, 20, 8] = 1  # row 20 is y
    assert answers(net, dot)[0] == pytest.approx([8, 20], abs=0.01)


def test_one_seed_one_network():
    first, again, other = (
        parameters(learn(classifier(seed=s), [(PLAIN, LABELS)], seed=s, steps=3)) for s in (0, 0, 1)
    )
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_sources_have_equal_parts_whatever_their_size():
    seen = []

    def loss(said, target):
        seen.append(target)
        return F.cross_entropy(said, target)

    few = PLAIN[:3], np.zeros(3, int)
    learn(
        classifier(seed=0), [few, (PLAIN, np.ones(200, int))], seed=0, steps=4, batch=10, loss=loss
    )
    assert [int(t.sum()) for t in seen] == [5] * 4
    assert [len(t) for t in seen] == [10] * 4


def test_the_number_of_threads_is_left_as_it_was():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    learn(classifier(seed=0), [(PLAIN, LABELS)], seed=0, steps=1)
    after = torch.get_num_threads()
    torch.set_num_threads(before)
    assert after == 2


@pytest.mark.parametrize("side", [14, 16, 28])
def test_a_classifier_of_any_side(side):
    assert answers(classifier(side, seed=0), np.zeros((3, side, side))).shape == (3,)


@pytest.mark.parametrize(
    "sources, message",
    [
        ([], "0 sources for batches of 32: give one to 32"),
        ([(PLAIN[:0], LABELS[:0])], "0 images and 0 targets"),
        ([(PLAIN, LABELS[:7])], "200 images and 7 targets"),
    ],
)
def test_bad_sources_are_told(sources, message):
    with pytest.raises(ValueError, match=message):
        learn(classifier(seed=0), sources, seed=0, steps=1)
