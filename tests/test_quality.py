"""The published rules on pages built to break them one at a time; duplicates against theory."""

import numpy as np
import pytest
from datasketch import MinHashLSH

from datawall.text import corpus, quality

SENTENCES = [
    "The harbour was quiet that morning, and nobody had seen the pilot since the day before.",
    "Two of the fishermen thought that they should have waited for the tide to turn.",
    "A third one said nothing, and went on with the mending of his net.",
    "By noon the wind had come round to the west, as it does in that month.",
    "They put out with the first boat, and the others followed one after another.",
    "None of them came back with more than half of what they used to catch.",
]
PAGE = "\n".join(SENTENCES)


def page(change=lambda line: line, more=()):
    return "\n".join([*map(change, SENTENCES), *more])


def test_a_page_of_plain_sentences_breaks_no_rule():
    assert {name: rule(PAGE) for name, rule in quality.RULES.items()} == {
        "C4": [],
        "Gopher": [],
        "FineWeb": [],
    }


@pytest.mark.parametrize(
    ("rules", "text", "broken"),
    [
        (quality.c4, "\n".join(SENTENCES[:4]), ["fewer than 5 sentences"]),
        (quality.c4, page(lambda x: x.rstrip(".")), ["fewer than 5 sentences"]),
        (quality.c4, page(more=["for {name} in names: ask.", ""]), ["a curly bracket"]),
        (quality.c4, page(more=["Lorem ipsum dolor sit amet."]), ["lorem ipsum"]),
        (quality.gopher, "\n".join(SENTENCES[:3]), ["fewer than 50 words"]),
        (quality.gopher, "", ["fewer than 50 words"]),
        (quality.gopher, page(lambda x: f"- {x}"), ["bullet points"]),
        (quality.gopher, page(lambda x: f"{x[:-1]}..."), ["lines ending in ellipses"]),
        (quality.gopher, page(more=SENTENCES[:3]), ["repetition"]),
        (quality.fineweb, page(lambda x: x[:-1]), ["lines that end no sentence"]),
        (quality.fineweb, page(more=SENTENCES[:1]), ["repeated lines"]),
    ],
)
def test_each_rule_is_broken_by_its_own_fault(rules, text, broken):
    assert set(broken) <= set(rules(text))
    assert len(rules(text)) <= len(broken) + 1  # a fault may break a neighbouring rule, not all


def test_rules_that_need_numbers_of_words_and_lines():
    many = [f"number {i} of the many and different words" for i in range(13_000)]
    assert "over 100,000 words" in quality.gopher("\n".join(many))
    assert "words without a letter" in quality.gopher(PAGE + "\n" + " ".join(map(str, range(40))))
    assert "stop words" in quality.gopher(" ".join(f"harbour{i} pilot net" for i in range(30)))
    assert "mean word length" in quality.gopher(" ".join("ab" for _ in range(60)))
    assert "hashes or ellipses" in quality.gopher(PAGE + "#" * 20)
    assert "short lines" in quality.fineweb("\n".join(f"Line {i} is short." for i in range(20)))
    items = "\n".join(f"item{i} is." for i in range(20))
    assert "line breaks" in quality.AS_CODED["FineWeb"](items)
    assert "line breaks" not in quality.fineweb(items)
    assert quality.gopher(PAGE + "#" * 3) == []


def test_public_code_has_other_thresholds_than_the_papers():
    little = page(more=["Yes.", "Yes."])  # a hundredth of the page repeats a line, not a tenth
    assert quality.fineweb(little) == []
    assert quality.AS_CODED["FineWeb"](little + "\nYes." * 2) == ["repeated lines"]
    three = "\n".join(SENTENCES[:3])
    assert quality.c4(three) == ["fewer than 5 sentences"]
    assert quality.AS_CODED["C4"](three) == []
    short = "\n".join(["It was so."] * 5)  # lines of three words
    assert quality.c4(short) == []
    assert quality.AS_CODED["C4"](short) == ["fewer than 3 sentences"]


def test_c4_keeps_lines_that_end_a_sentence():
    kept = quality.c4_lines(
        'A whole sentence here.\nNo end here\nToo short.\n"Quoted words too."\nIt trails off...\n'
        "Please enable Javascript in your browser.\nWe use of cookies on this site."
    )
    assert kept == ["A whole sentence here.", '"Quoted words too."']


def test_the_judge_tells_prose_from_code_on_pages_it_never_saw():
    prose = list(corpus.docstrings(["numpy"]).pages().documents.values())
    code = list(corpus.sources(["numpy"]).pages().documents.values())
    judge = quality.judge(prose[:400], code[:800])
    right = [judge.predict(prose[-200:]) == 1, judge.predict(code[-200:]) == 0]
    assert np.mean(right) > 0.9
    # the two kinds weigh the same although one has twice the pages: neither is favoured
    assert abs(np.mean(right[0]) - np.mean(right[1])) < 0.1
    with pytest.raises(ValueError, match="needs pages of both kinds"):
        quality.judge(prose, [])


def test_the_judge_does_not_mind_how_many_pages_each_kind_has():
    """Where the two kinds are the same page, neither is likelier, however often it is given."""
    judge = quality.judge([PAGE] * 10, [PAGE] * 200)
    assert judge.predict_proba([PAGE])[0, 1] == pytest.approx(0.5, abs=0.01)


def test_exact_duplicates_name_the_first_of_their_kind():
    assert quality.exact_duplicates(["a", "b", "a", "A", "b"]).tolist() == [0, 1, 0, 3, 1]
    assert quality.exact_duplicates([]).tolist() == []


def spoiled(text, rng, typos):
    letters = list(text)
    for place in rng.choice(len(letters), typos, replace=False):
        letters[place] = "?"
    return "".join(letters)


def test_near_duplicates_are_found_through_typos_and_strangers_left_alone():
    rng = np.random.default_rng(0)
    texts = [spoiled(PAGE, rng, 3), "something else entirely, of its own", PAGE]
    texts += [spoiled(PAGE, rng, 3) for _ in range(5)]
    assert quality.exact_duplicates(texts).tolist() == list(range(8))
    assert quality.near_duplicates(texts, seed=1).tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    assert quality.near_duplicates(["short", "short", "other"], seed=1).tolist() == [0, 0, 2]
    assert quality.near_duplicates([], seed=1).tolist() == []
    with pytest.raises(ValueError, match="between 0 and 1"):
        quality.near_duplicates(texts, threshold=1.0, seed=1)


@pytest.mark.parametrize("shared", [520, 600, 680])
def test_near_duplicates_are_found_as_often_as_theory_says(shared):
    """1 - (1 - s^r)^b for pairs of similarity s; texts of random letters have distinct runs."""
    rng = np.random.default_rng(shared)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    pairs, length, count = [], 800, 200
    for _ in range(count):
        start = "".join(rng.choice(letters, shared))
        pairs += [start + "".join(rng.choice(letters, length - shared)) for _ in range(2)]
    common, runs = shared - 7, length - 7
    similarity = common / (2 * runs - common)
    table = MinHashLSH(0.7, num_perm=128)
    theory = 1 - (1 - similarity**table.r) ** table.b
    found = (quality.near_duplicates(pairs, seed=1)[1::2] != np.arange(1, 2 * count, 2)).mean()
    assert abs(found - theory) < 4 * np.sqrt(theory * (1 - theory) / count) + 0.01


def test_what_is_kept_has_the_names_of_filter_and_kind():
    kinds = {"plain": [PAGE, PAGE], "brackets": [PAGE + "\n{}", PAGE]}
    found = quality.kept(quality.RULES, kinds)
    assert found.dims == ("filter", "kind", "page")
    assert found.sel(kind="plain").all()
    assert found.sel(filter="C4", kind="brackets").values.tolist() == [False, True]
    with pytest.raises(ValueError, match="2 of plain, 1 of junk"):
        quality.kept(quality.RULES, {"plain": [PAGE, PAGE], "junk": [""]})


def test_pages_are_taken_until_they_are_enough():
    pages = np.array(["abc", "de", "fghi", "j"], object)
    assert quality.up_to(pages, 3).tolist() == ["abc"]
    assert quality.up_to(pages, 4).tolist() == ["abc", "de"]
    assert quality.up_to(pages, 100).tolist() == pages.tolist()


def test_favourites_are_a_share_of_the_pool_that_the_judge_prefers():
    prose = [f"{line} {line}" for line in SENTENCES]
    code = [f"x[{i}] = {{y: (z_{i} + {i}) * 2}}; return x[{i}][y_{i}]" for i in range(6)]
    pages = np.array(prose + code, object)
    taste = quality.judge(prose, code)
    best = quality.favourites(pages, taste, 10_000, 0.5, seed=0)
    assert set(best) <= set(prose)
    np.testing.assert_array_equal(best, quality.favourites(pages, taste, 10_000, 0.5, seed=0))
    whole = quality.favourites(pages, taste, 300, 1.0, seed=0)
    assert sum(map(len, whole)) >= 300 > sum(map(len, whole)) - max(map(len, whole))


def test_passages_are_plain_long_enough_and_unlike():
    text = "\n\n".join([PAGE, PAGE, PAGE[100:], PAGE + " a = 1", "A short one."])
    found = quality.passages(text, 60, 10, seed=1)
    assert sorted(found) == sorted(" ".join(p.split())[:60] for p in (PAGE, PAGE[100:]))


def test_prose_and_code_of_a_package_are_its_docstrings_and_sources():
    found = corpus.prose_and_code(["datasketch"])
    assert found["prose"].text == corpus.docstrings(["datasketch"]).text
    assert "def " in found["code"].text
    assert list(found) == ["prose", "code"]
