"""The published tables: what their heads say, and that they agree with themselves."""

import re

import numpy as np
import pytest

from datawall.laws import published

COLLECTED = ("licence_deals", "training_rulings")


@pytest.mark.parametrize("name", published.names())
def test_each_table_says_where_it_is_from_and_what_its_columns_mean(name):
    head = published.head(name)
    assert {"table", "source", "version", "licence"} <= set(head) and all(head.values())
    if name in COLLECTED:  # by hand, from several reports
        assert re.match(r"as read on \d{4}-\d\d-\d\d", head["version"]) and "caution" in head
    else:
        assert "arXiv:" in head["source"] and head["version"].startswith("commit ")
    table, columns = published.table(name), published.columns(name)
    assert list(columns) == list(table.columns) and all(columns.values())
    assert len(table) >= (6 if name in COLLECTED else 80)
    for column in {"params", "tokens", "unique_tokens", "loss", "size", "ratio"} & set(columns):
        assert (table[column] > 0).all(), column


def test_derived_columns_follow_from_the_others():
    runs = published.table("chinchilla_points")
    np.testing.assert_allclose(runs.tokens, runs.flops / (6 * runs.params), rtol=1e-4)
    runs = published.table("datablations_runs")
    np.testing.assert_allclose(runs.epochs, runs.tokens / runs.unique_tokens, rtol=1e-4)
    runs = published.table("overtraining_testbed")
    assert set(runs.train_set) == {"c4_original", "rpj", "rw_original"}
    np.testing.assert_allclose(runs.tokens / runs.params, runs.ratio, rtol=0.01)
    sets = published.table("llm_training_set_sizes")
    np.testing.assert_allclose(sets.tokens, 0.8 * sets["size"], rtol=1e-4)
    assert sets.date.dt.year.between(2010, 2023).all() and sets.flops.isna().any()


def test_an_unknown_table_is_named():
    with pytest.raises(ValueError, match=r"no published table 'chinchila'; there are: chinchilla_"):
        published.table("chinchila")
    with pytest.raises(ValueError, match=r"no published table '\.\./ledger'"):
        published.head("../ledger")


def test_a_library_without_its_book_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(published, "FOLDER", tmp_path / "published")
    with pytest.raises(ValueError, match=r"there are: none, since .*published is not at hand"):
        published.table("chinchilla_points")
