"""Scores of samples of digits, and sheets of them."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from sklearn.datasets import load_digits
from sklearn.svm import SVC

from datawall.generators import measures
from datawall.worlds import digits

PIXELS, LABELS = load_digits(return_X_y=True)
PIXELS = PIXELS / 16
JUDGE = SVC().fit(PIXELS[:300], LABELS[:300])
EXAM, OTHERS = PIXELS[300:500], PIXELS[500:800]


def test_scores_are_those_of_the_measures():
    samples = PIXELS[800:1000]
    found = digits.scores(samples, EXAM, OTHERS, JUDGE)
    split = measures.support(EXAM, samples)
    assert float(found.recall) == split.recall
    assert float(found.precision) == split.precision
    assert float(found.coverage) == split.coverage
    assert float(found.variance) == pytest.approx(samples.var(0).sum())
    assert 0 < found["variance within kinds"] < found.variance
    assert 5 < found.kinds <= 10
    assert 1 < found["Vendi score"] < 200


def test_parts_are_the_common_half_and_the_rarest_tenth():
    odd = measures.oddness(EXAM, OTHERS)
    rare = odd >= np.quantile(odd, 0.9)
    spread_out = np.repeat(EXAM[rare], 10, axis=0)  # samples that copy the rare digits only
    found = digits.scores(spread_out, EXAM, OTHERS, JUDGE)
    assert list(found.part) == ["common half", "rarest tenth"]
    assert float(found.coverage_of.sel(part="rarest tenth")) == 1
    assert float(found.coverage_of.sel(part="common half")) < 0.5
    assert float(found.recall_of.sel(part="rarest tenth")) == 1


def test_a_sheet_has_a_name_and_a_row_for_each():
    _, ax = plt.subplots()
    made = xr.DataArray(2 * EXAM[3:6], dims=("image", "pixel"))
    digits.sheet(ax, {"real": EXAM[:3], "mixture, 1": made})
    image = ax.images[0].get_array()
    assert image.shape == (20, 30)
    assert np.array_equal(image[1:9, 1:9], 16 * EXAM[0].reshape(8, 8))
    assert image.max() == 16
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["real", "mixture, 1"]
    assert list(ax.get_yticks()) == [4.5, 14.5]
    plt.close()
