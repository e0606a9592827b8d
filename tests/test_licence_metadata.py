"""What packages state about their licences: expressions by hand, and metadata made for the test."""

from email.message import Message

import pytest

from datawall.licences import metadata
from datawall.licences.metadata import Stated, of_expression, of_licence


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("MIT", "permissive"),
        ("MIT-CMU", "permissive"),
        ("BSD-3-Clause", "permissive"),
        ("0BSD", "permissive"),
        ("apache-2.0", "permissive"),
        ("CC-BY-4.0", "permissive"),
        ("CC-BY-SA-4.0", "copyleft"),
        ("CC-BY-NC-4.0", "other"),
        ("CC-BY-ND-3.0", "other"),
        ("GPL-3.0-or-later", "copyleft"),
        ("GPL-2.0+", "copyleft"),
        ("LGPL+", "copyleft"),
        ("LGPL-2.1-only", "copyleft"),
        ("MPL-2.0", "copyleft"),
        ("CC0-1.0", "public domain"),
        ("Unlicense", "public domain"),
        ("TCL", "other"),
        ("MITRE", "other"),
        ("LicenseRef-Proprietary", "other"),
    ],
)
def test_family_of_one_licence(name, family):
    assert of_licence(name) == family


@pytest.mark.parametrize(
    ("expression", "family"),
    [
        ("MIT AND GPL-3.0-only", "copyleft"),
        ("MIT OR GPL-3.0-only", "permissive"),
        ("CC0-1.0 OR MIT", "public domain"),
        ("CC0-1.0 AND MIT", "permissive"),
        ("MIT AND TCL", "other"),
        ("MIT OR TCL", "permissive"),
        # AND binds more closely than OR.
        ("MIT OR MPL-2.0 AND TCL", "permissive"),
        ("MPL-2.0 AND TCL OR MIT", "permissive"),
        ("(MIT OR MPL-2.0) AND TCL", "other"),
        ("(MIT OR MPL-2.0) AND (TCL OR CC0-1.0)", "permissive"),
        ("GPL-3.0-only WITH GCC-exception-3.1", "copyleft"),
        ("Apache-2.0 WITH LLVM-exception AND MIT", "permissive"),
        ("((MIT))", "permissive"),
    ],
)
def test_family_of_an_expression(expression, family):
    assert of_expression(expression) == family


@pytest.mark.parametrize(
    "expression",
    ["MIT AND", "OR MIT", "(MIT", "MIT)", "MIT GPL-3.0-only", "()", "MIT WITH", "AND", " "],
)
def test_what_is_no_expression_says_so(expression):
    with pytest.raises(ValueError, match="is no SPDX expression"):
        of_expression(expression)


def test_an_empty_expression_is_refused():
    with pytest.raises(ValueError, match="expression is empty"):
        of_expression("")


def test_the_most_readable_field_counts():
    assert Stated("MIT", "GPL", ("BSD License",)).by == "expression"
    assert Stated("", "GPL", ("BSD License",)).by == "classifiers"
    assert Stated("", "GPL").by == "text"
    assert Stated().by == "nothing"
    assert Stated("MIT", "GPL", ()).family == "permissive"
    assert Stated("", "MIT", ("GNU General Public License v3 (GPLv3)",)).family == "copyleft"
    assert Stated("", "GNU Affero General Public License").family == "copyleft"
    assert Stated("", "do as you like").family == "other"
    assert Stated().family == "unstated"
    # Of several classifiers the strictest.
    assert Stated("", "", ("MIT License", "Mozilla Public License 2.0 (MPL 2.0)")).family == (
        "copyleft"
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Permission is hereby granted, free of charge, to any person", "MIT"),
        ("Redistribution and use in source and binary forms, with or without", "BSD"),
        ("BSD 3-Clause", "BSD"),
        ("Apache License, Version 2.0", "APACHE"),
        ("GNU LESSER GENERAL PUBLIC LICENSE", "LGPL"),
        ("LGPLv3", "LGPL"),
        ("GNU GENERAL PUBLIC LICENSE\n Version 3", "GPL"),
        ("GPL-3.0", "GPL"),
        ("AGPL-3.0", "AGPL"),
        ("Mozilla Public License 2.0", "MPL"),
        ("ISC", "ISC"),
        ("Python Software Foundation License", "PSF"),
    ],
)
def test_licences_are_known_by_their_words(text, name):
    assert name in Stated("", text).names()["text"]


def test_a_word_within_a_word_names_nothing():
    assert Stated("", "Permitted, discussed, summits").names()["text"] == set()
    assert Stated("", "LGPLv3").names()["text"] == {"LGPL"}


def test_what_a_long_licence_bundles_is_not_its_name():
    text = "Redistribution and use in source and binary forms" + " " * 1_000 + "GPL"
    assert Stated("", text).names()["text"] == {"BSD"}


def test_fields_that_have_no_licence_in_common_contradict():
    assert Stated("MIT", "", ("Apache Software License",)).contradicts
    assert Stated("", "Apache License 2.0", ("MIT License",)).contradicts
    assert Stated("MIT", "BSD").contradicts
    assert not Stated("MIT AND MPL-2.0", "", ("MIT License",)).contradicts
    assert not Stated("MIT", "", ()).contradicts
    assert not Stated("MIT", "do as you like", ("MIT License",)).contradicts
    assert not Stated().contradicts


def made(**fields):
    found = Message()
    for name, values in fields.items():
        for value in values:
            found[name.replace("_", "-")] = value
    return found


def test_metadata_become_what_is_stated(monkeypatch):
    rows = {
        "B": made(
            License=["UNKNOWN"],
            Classifier=["License :: OSI Approved", "License :: OSI Approved :: MIT License"],
        ),
        "a": made(License_Expression=["MPL-2.0"], Classifier=["Topic :: Internet"]),
        "c": made(License=["\n Own words \n of mine"]),
    }
    monkeypatch.setattr(metadata.importlib.metadata, "metadata", rows.__getitem__)
    found = metadata.census(["B", "c", "a"])
    assert list(found.package) == ["a", "B", "c"]
    assert list(found.family) == ["copyleft", "permissive", "other"]
    assert list(found.by) == ["expression", "classifiers", "text"]
    assert not found.contradicts.any()
    assert list(found.text) == ["", "", "Own words   of mine"]
    assert found.classifiers[1] == "MIT License"


def test_a_package_that_is_found_twice_is_counted_once(monkeypatch):
    class Found:
        def __init__(self, name, licence):
            self.metadata = made(Name=[name], License_Expression=[licence])

    twice = [Found("One", "MIT"), Found("two", "MPL-2.0"), Found("one", "MPL-2.0")]
    monkeypatch.setattr(metadata.importlib.metadata, "distributions", lambda: iter(twice))
    found = metadata.census()
    assert list(found.package) == ["One", "two"]  # the first is what Python imports
    assert list(found.family) == ["permissive", "copyleft"]


def test_a_census_of_the_disk_has_each_package_once():
    found = metadata.census()
    assert len(found) > 50
    assert not found.package.str.lower().duplicated().any()
    assert set(found.family) <= {*metadata.FAMILIES, "unstated"}
    numpy = found.set_index("package").loc["numpy"]
    assert (numpy.family, numpy.by) == ("permissive", "expression")


def test_a_package_that_is_missing_says_what_to_do():
    with pytest.raises(ModuleNotFoundError, match=r"'no-such-package' isn't installed"):
        metadata.census(["no-such-package"])
    with pytest.raises(ValueError, match="give a list of texts"):
        metadata.census("numpy")
