"""Intervals of one quantity under several forms of a fit."""

import pytest

from datawall.evidence.forms import beside, over_forms
from datawall.evidence.intervals import Interval

FORMS = {"floor": Interval(0.45, 0.36, 0.57), "power": Interval(0.66, 0.6, 0.72)}


def test_intervals_stand_beside_each_other_by_name():
    found = beside(FORMS, "form")
    assert found.value.dims == ("form",)
    assert [float(x) for x in found.sel(form="power")] == [0.66, 0.6, 0.72]
    with pytest.raises(ValueError, match="give one or more"):
        beside({}, "form")


def test_over_several_forms_an_interval_reaches_from_the_lowest_to_the_highest_end():
    assert [float(x) for x in over_forms(FORMS)] == [0.45, 0.36, 0.72]
