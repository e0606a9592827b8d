"""Prices of plans, worked by hand."""

import pytest

from datawall.planning import costs
from datawall.planning.costs import Plan, Teacher


def test_one_model():
    assert Plan(10, 100).training == 6 * 10 * 100
    assert Plan(10, 100).serving(7) == 2 * 10 * 7
    assert Plan(10, 100, judged=50).training == 6050


def test_an_ensemble_is_trained_and_served_as_often_as_it_has_members():
    plan = Plan(10, 100, members=4)
    assert plan.training == 4 * 6000
    assert plan.serving(7) == 4 * 140
    assert Plan(40, 100).training == plan.training  # one model of four times the size


def test_a_teacher_is_trained_once_and_asked_about_every_token():
    teacher = Teacher(40, 1000)
    assert teacher.training == 6 * 40 * 1000
    assert teacher.opinions(100) == 2 * 40 * 100
    assert Plan(10, 100, teacher=teacher).training == 6000 + 240_000 + 8000
    assert Plan(10, 100, 2, teacher).training == 12_000 + 240_000 + 16_000
    assert Plan(10, 100, 2, teacher, 50).training == 12_050 + 240_000 + 16_000
    assert Plan(10, 100, teacher=teacher).serving(7) == 140  # it is not served


def test_who_pays_for_the_teacher():
    assert Teacher(40, 1000, students=8).training == 30_000
    assert Teacher(40, 1000, students=0).training == 0
    assert Plan(10, 100, teacher=Teacher(40, 1000, students=0)).training == 14_000


def test_several_teachers():
    four = Teacher(10, 1000, models=4)
    assert four.training == Teacher(40, 1000).training
    assert four.opinions(100) == Teacher(40, 1000).opinions(100)
    assert Plan(10, 100, 2, four).training == 12_000 + 240_000 + 16_000


def test_judging_a_pool():
    assert costs.judging(10, 100) == 2000
    assert costs.judging(10, 0) == 0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Plan(0, 1), "params is 0"),
        (lambda: Plan(1, 0), "tokens is 0"),
        (lambda: Plan(1, 1, 0), "members is 0"),
        (lambda: Plan(1, 1, 1.5), "members is 1.5"),
        (lambda: Plan(1, 1, judged=-1), "judged is -1"),
        (lambda: Plan(1, 1).serving(-1), "tokens is -1"),
        (lambda: Teacher(0, 1), "params is 0"),
        (lambda: Teacher(1, -1), "tokens is -1"),
        (lambda: Teacher(1, 1, -1), "students is -1"),
        (lambda: Teacher(1, 1, models=0), "models is 0"),
        (lambda: costs.judging(0, 1), "params is 0"),
        (lambda: costs.judging(1, -1), "pool is -1"),
    ],
)
def test_what_is_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
