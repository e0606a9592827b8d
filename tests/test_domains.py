import pytest
import torch

from datawall.text import domains
from datawall.text.corpus import Corpus

LINES = {
    "letters": ("abcdefghij" * 9 + "\n") * 40,
    "numbers": ("0123456789" * 9 + "\n") * 40,
}


@pytest.fixture(scope="module")
def two():
    kinds = {kind: Corpus({f"{kind}{i}": text for i in range(10)}) for kind, text in LINES.items()}
    return domains.Domains(kinds, context=16, windows=20, seed=0)


def test_a_mix_has_the_amounts_asked_for_one_kind_after_the_other(two):
    text = two.letters.decode(two.read({"letters": 700, "numbers": 1_500}, seed=1))
    assert len(text) == 2_200
    assert set(text[:700]) == set("abcdefghij\n")
    assert set(text[700:]) == set("0123456789\n")


def test_less_of_a_kind_is_the_beginning_of_more_whatever_else_is_read(two):
    more = two.read({"letters": 3_000}, seed=1)
    less = two.read({"numbers": 500, "letters": 1_000}, seed=1)
    assert torch.equal(less[500:], more[:1_000])


def test_pages_are_drawn_at_random_and_alike_for_one_seed():
    lines = "".join(f"{i:04d}\n" for i in range(10_000))
    found = domains.Domains({"count": Corpus({"a": lines})}, context=16, windows=20, seed=0)
    first, again, other = (
        found.letters.decode(found.read({"count": 35_000}, seed=s)) for s in (1, 1, 2)
    )
    assert first == again != other
    starts = [int(first[i : i + 4]) for i in range(0, 5_000, 1_000)]
    assert starts != sorted(starts)
    assert len(set(first.split())) == 7_000  # no line twice


def test_what_is_held_out_is_never_read():
    lines = {f"file {i}": "".join(f"{i}{j:03d}\n" for j in range(800)) for i in range(10)}
    found = domains.Domains({"files": Corpus(lines)}, context=50, windows=40, seed=0)
    whole = found.letters.decode(found.read({"files": 31_000}, seed=0))
    read = set(whole.split())
    met = {}
    for name, part in (("choice", found.choice), ("exam", found.exam)):
        rows = [found.letters.decode(row) for row in part["files"]]
        met[name] = {line for row in rows for line in row.split() if len(line) == 4}
        assert part["files"].shape == (40, 51)
        assert met[name] and not met[name] & read
    assert not met["choice"] & met["exam"]


def test_no_amount_of_one_kind(two):
    assert torch.equal(
        two.read({"letters": 0, "numbers": 90}, seed=3), two.read({"numbers": 90}, seed=3)
    )


def test_the_alphabet_is_that_of_what_may_be_read():
    # Ten documents of a letter each: those of the held-out ones are known to nobody.
    lines = {letter: (letter * 99 + "\n") * 40 for letter in "abcdefghij"}
    found = domains.Domains({"one": Corpus(lines)}, context=16, windows=20, seed=0)
    read = set(found.letters.decode(found.read({"one": 31_000}, seed=0))) - {"\n"}
    assert set(found.letters.characters) - {"\n", "\N{REPLACEMENT CHARACTER}"} == read
    assert {0} <= set(found.exam["one"].flatten().tolist())


@pytest.mark.parametrize(
    ("amounts", "message"),
    [
        ({"verses": 10}, "no text of the kind 'verses'"),
        ({"letters": 1.5}, "amount of letters"),
        ({"letters": -1}, "amount of letters"),
        ({"letters": 10**6}, "1,000,000 characters of letters asked for"),
    ],
)
def test_amounts_that_cannot_be(two, amounts, message):
    with pytest.raises(ValueError, match=message):
        two.read(amounts, seed=0)


def test_no_kinds():
    with pytest.raises(ValueError, match="no kinds of text"):
        domains.Domains({}, context=16, windows=20, seed=0)


def test_documentation_has_the_code_of_no_file_that_it_describes():
    found = domains.documentation(context=64, windows=100, seed=0)
    assert found.letters.lost < 0.001
    assert set(found.exam) == {"docstrings", "plays", "code"}
    code = found.letters.decode(found.read({"code": 200_000}, seed=0))
    assert "BaseEstimator" in code and "def " in code
    plays = found.letters.decode(found.read({"plays": 200_000}, seed=0))
    assert "def " not in plays and "thou" in plays
    docs = found.letters.decode(found.read({"docstrings": 200_000}, seed=0))
    assert "Parameters\n" in docs and "\ndef " not in docs
