"""Characters as pictures with names: what is drawn, what is left out, and what is refused."""

import unicodedata

import numpy as np
import pytest

from datawall.modalities import glyphs

SMALL = glyphs.corpus(("cmr10",))


def test_a_picture_is_made_as_mnist_is():
    picture = glyphs.draw("A", "DejaVuSans", side=28)
    rows, columns = np.flatnonzero(picture.any(1)), np.flatnonzero(picture.any(0))
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert picture.shape == (28, 28) and picture.dtype == np.float32
    assert max(height, width) == 20
    middle = picture.sum(1) @ np.arange(28) / picture.sum()
    assert middle + 0.5 == pytest.approx(14, abs=0.5)
    assert picture.min() >= 0 and picture.max() == 1


def test_wide_ink_keeps_its_shape():
    dash = glyphs.draw("\N{EM DASH}", "DejaVuSans", side=28)
    assert np.ptp(np.flatnonzero(dash.any(0))) + 1 == 20
    assert np.ptp(np.flatnonzero(dash.any(1))) + 1 <= 3


def test_the_middle_of_the_ink_is_the_middle_of_the_picture_across_too():
    letter = glyphs.draw("L", "DejaVuSans", side=28)  # its ink lies to the left of its box
    middle = letter.sum(0) @ np.arange(28) / letter.sum()
    assert middle + 0.5 == pytest.approx(14, abs=0.5)
    down = letter.sum(1) @ np.arange(28) / letter.sum()
    assert down + 0.5 == pytest.approx(14, abs=0.5)


def test_half_the_side_averages_four_pixels():
    large, small = (glyphs.draw("g", "cmr10", side=side) for side in (28, 14))
    assert small.shape == (14, 14)
    assert small[6, 7] == pytest.approx(large[12:14, 14:16].mean())
    assert small.sum() * 4 == pytest.approx(large.sum(), rel=1e-5)


def test_names_are_those_of_unicode_3_2_and_hold_no_numbers():
    for name in set(SMALL.names):
        assert not any(c.isdigit() for c in name)
        character = unicodedata.lookup(name)
        assert unicodedata.ucd_3_2_0.name(character) == name
        assert unicodedata.ucd_3_2_0.category(character)[0] in "LNPS"


def test_marks_and_late_characters_are_left_out():
    listed = glyphs.characters("DejaVuSans")
    assert "\N{COMBINING ACUTE ACCENT}" not in listed
    assert "\N{BRAILLE PATTERN DOTS-12}" not in listed
    assert "\N{LATIN CAPITAL LETTER SHARP S}" not in listed  # of Unicode 5.1
    assert " " not in listed
    assert "5" in listed and listed == sorted(listed)


def test_the_corpus_is_what_is_drawn_one_by_one():
    where = list(SMALL.names).index("DIGIT FOUR")
    assert np.array_equal(SMALL.pictures[where], glyphs.draw("4", "cmr10"))
    two = glyphs.corpus(("cmr10", "cmtt10"))
    assert len(two) == len(two.names) == len(two.fonts) > len(SMALL)
    assert two.fonts[0] == "cmr10" and two.fonts[-1] == "cmtt10"
    assert set(two.fonts[: len(SMALL)]) == {"cmr10"}


def test_words_and_digits_of_names():
    assert glyphs.words("Double-struck digit TWO") == ["DOUBLE", "STRUCK", "DIGIT", "TWO"]
    assert glyphs.plain_digit("DIGIT SEVEN") == 7
    assert glyphs.plain_digit("CIRCLED DIGIT SEVEN") is None
    assert glyphs.plain_digit("DIGIT SEVEN FULL STOP") is None


def test_a_digit_that_stands_alone_under_any_name():
    alone = ["DIGIT SEVEN", "SUPERSCRIPT SEVEN", "SUBSCRIPT SEVEN"]
    alone += ["MATHEMATICAL DOUBLE-STRUCK DIGIT SEVEN", "MATHEMATICAL BOLD DIGIT SEVEN"]
    assert [glyphs.lone_digit(name) for name in alone] == [7] * 5
    beside = [
        "CIRCLED DIGIT SEVEN",
        "LAO DIGIT SEVEN",
        "DIGIT SEVEN FULL STOP",
        "ROMAN NUMERAL SIX",
    ]
    beside += ["PLUS SIGN WITH SUBSCRIPT TWO", "SUPERSCRIPT LATIN SMALL LETTER N", "SEVEN"]
    beside += ["MATHEMATICAL BOLD CAPITAL A", "SUPERSCRIPT TWO HEADED ARROW"]
    assert not any(glyphs.lone_digit(name) is not None for name in beside)
    assert glyphs.lone_digit("SUBSCRIPT ZERO") == 0


def test_lone_digits_of_a_font_are_all_of_its_european_digits():
    own = glyphs.corpus(("DejaVuSans",)).where(lambda name: glyphs.lone_digit(name) is not None)
    signs = "0123456789\u00b9\u00b2\u00b3" + "".join(map(chr, range(0x2074, 0x207A)))
    signs += "\u2070" + "".join(map(chr, [*range(0x2080, 0x208A), *range(0x1D7CE, 0x1D800)]))
    listed = [c for c in glyphs.characters("DejaVuSans") if c in signs]
    assert [unicodedata.ucd_3_2_0.name(c) for c in listed] == list(own.names)
    assert [unicodedata.digit(c) for c in listed] == [glyphs.lone_digit(n) for n in own.names]


def test_those_that_are_wanted():
    plain = SMALL.where(lambda name: glyphs.plain_digit(name) is not None)
    assert len(plain) == 10 and set(plain.fonts) == {"cmr10"}
    assert plain.names[3] == "DIGIT THREE"
    assert np.array_equal(plain.pictures[3], glyphs.draw("3", "cmr10"))
    two = glyphs.corpus(("cmr10", "cmtt10")).where(lambda name: name == "DIGIT THREE")
    assert list(two.fonts) == ["cmr10", "cmtt10"]
    with pytest.raises(ValueError, match="no name is wanted"):
        SMALL.where(lambda name: False)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: glyphs.draw("\N{CYRILLIC SMALL LETTER ZHE}", "cmr10"), "no glyph for CYRILLIC"),
        (lambda: glyphs.draw("ab", "cmr10"), "give a single one"),
        (lambda: glyphs.draw("a", "Comic"), "font is 'Comic'"),
        (lambda: glyphs.draw("a", "cmr10", side=16), "side is 16"),
        (lambda: glyphs.corpus(()), "no fonts"),
        (lambda: glyphs.corpus("cmr10"), "one text"),
        (lambda: glyphs.corpus(("cmr10",), side=7), "side is 7"),
        (lambda: glyphs.Glyphs(SMALL.pictures, SMALL.names[1:], SMALL.fonts), "one label a point"),
    ],
)
def test_what_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_blank_glyph_is_refused(monkeypatch):
    monkeypatch.setattr(glyphs, "_ink", lambda character, font: None)
    with pytest.raises(ValueError, match="draws nothing for U\\+0041"):
        glyphs.draw("A", "cmr10")
