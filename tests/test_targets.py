"""Learning the averaged opinion of several models, against sums by hand."""

import pytest
import torch

from datawall.generators.language import SoftTargets
from datawall.lm.model import Config, Transformer
from datawall.planning.targets import AveragedTargets

CONFIG = Config(7, 8, layers=1, context=5)


def model(seed):
    return Transformer(CONFIG, seed=seed)


WINDOWS = torch.randint(7, (3, 6), generator=torch.Generator().manual_seed(0))


def test_one_teacher_is_soft_targets():
    found = AveragedTargets([model(1)])(model(0), WINDOWS).item()
    assert found == pytest.approx(SoftTargets(model(1))(model(0), WINDOWS).item())


def test_two_teachers_by_hand():
    teachers, student = [model(1), model(2)], model(0)
    read = WINDOWS[:, :-1]
    with torch.no_grad():
        chances = (teachers[0](read).softmax(-1) + teachers[1](read).softmax(-1)) / 2
        logs = student(read).log_softmax(-1)
    expected = -(chances * logs).sum(-1).mean()
    assert AveragedTargets(teachers)(student, WINDOWS).item() == pytest.approx(expected.item())


def test_it_is_least_at_the_mean_of_the_chances():
    """A student can't do better than the entropy of what it is taught."""
    teachers = [model(1), model(2)]
    read = WINDOWS[:, :-1]
    with torch.no_grad():
        chances = torch.stack([own(read).softmax(-1) for own in teachers]).mean(0)
    entropy = -(chances * chances.log()).sum(-1).mean()
    for seed in range(3):
        assert AveragedTargets(teachers)(model(seed), WINDOWS).item() > entropy.item()


def test_the_student_gets_a_gradient_and_the_teachers_none():
    teacher, student = model(1), model(0)
    AveragedTargets([teacher])(student, WINDOWS).backward()
    assert student.tokens.grad.abs().sum() > 0
    assert teacher.tokens.grad is None


def test_no_teacher_is_refused():
    with pytest.raises(ValueError, match="no teacher to learn from"):
        AveragedTargets([])
