"""The small web whose sites close."""

import numpy as np
import pytest

from datawall.text import sites


def test_sizes_follow_zipf_and_kinds_are_even():
    web = sites.web(["plays", "manuals"], 100, 1_000_000, seed=0).sort_index()
    assert web.length[9] == pytest.approx(web.length[0] / 10, abs=1)
    assert 1_000_000 - 100 < web.length.sum() <= 1_000_000
    assert dict(web.kind.value_counts()) == {"plays": 50, "manuals": 50}


def test_sites_of_a_kind_share_no_character():
    web = sites.web(["plays", "manuals"], 40, 10_000, seed=1).sort_index()
    for _, own in web.groupby("kind"):
        read = np.concatenate([np.arange(s.end - s.length, s.end) for s in own.itertuples()])
        assert read.tolist() == list(range(own.length.sum()))


def test_a_seed_repeats_and_another_gives_another_order():
    first, again, other = (sites.web("ab", 20, 1000, seed=s) for s in (0, 0, 1))
    assert first.equals(again)
    assert list(first.index) != list(other.index)


def test_empty_sites_are_refused():
    with pytest.raises(ValueError, match="too few for 100 sites"):
        sites.web("ab", 100, 120, seed=0)
