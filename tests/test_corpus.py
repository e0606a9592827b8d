"""Corpora: real, clean, split without leakage; each bad file refused with its remedy."""

import pytest
import torch

from datawall.text import corpus
from datawall.text.corpus import Corpus, Vocabulary

PLAIN = "To be, or not to be, that is the question.\n" * 40


@pytest.fixture(scope="module")
def plays():
    return corpus.shakespeare()


def test_shakespeare_is_whole_and_clean(plays):
    assert len(plays.documents) == 38
    assert 4_900_000 < len(plays.text) < 5_000_000
    hamlet = plays.documents["hamlet"]
    assert "HAMLET\nTo be, or not to be: that is the question:\nWhether 'tis nobler" in hamlet
    assert not set("*_#\\") & set(plays.text)
    assert " \n" not in plays.text


def test_docstrings_are_prose_of_the_installed_packages():
    found = corpus.docstrings(["numpy"])
    assert len(found.text) > 1_000_000
    assert "Return evenly spaced numbers over a specified interval." in found.text
    assert "def linspace" not in found.text
    assert not any("/tests/" in name for name in found.documents)


def test_sources_are_the_code_without_its_docstrings():
    found = corpus.sources(["numpy"])
    assert "def linspace" in found.text
    assert "Return evenly spaced numbers over a specified interval." not in found.text
    assert "# " in found.text
    assert not any("/tests/" in name for name in found.documents)
    file = "numpy/_core/function_base.py"
    kept = set(found.documents[file].splitlines())
    source = corpus.Path(corpus.np.__file__).parent / "_core/function_base.py"
    assert kept <= set(source.read_text(encoding="utf-8").splitlines())


def test_pages_hold_the_whole_text_in_pieces_of_about_a_length():
    text = "".join(f"line {i} of a long document\n" for i in range(100))
    pages = Corpus({"long": text, "short": "a few words\n"}).pages(200)
    assert list(pages.documents)[:2] == ["long#1", "long#2"]
    assert pages.documents.pop("short#1") == "a few words\n"
    assert "".join(pages.documents.values()) == text
    sizes = [len(page) for page in pages.documents.values()]
    assert all(200 <= size < 300 for size in sizes[:-1])
    assert 100 <= sizes[-1] < 330


def test_split_keeps_documents_whole_and_apart(plays):
    training, validation = plays.split(validation=0.1, seed=1)
    assert set(training.documents) | set(validation.documents) == set(plays.documents)
    assert not set(training.documents) & set(validation.documents)
    share = len(validation.text) / len(plays.text)
    assert 0.1 <= share < 0.15
    held = next(iter(validation.documents.values()))
    lines = [line for line in held.splitlines() if len(line) > 45]
    assert sum(line in training.text for line in lines) < 0.02 * len(lines)
    assert plays.split(seed=1)[1].documents == validation.documents
    assert plays.split(seed=2)[1].documents.keys() != validation.documents.keys()


def test_a_split_leaves_something_on_both_sides():
    pair = Corpus({"a": PLAIN, "b": PLAIN})
    for share in (0.01, 0.5, 0.99):
        training, validation = pair.split(share, seed=0)
        assert len(training.documents) == len(validation.documents) == 1
    with pytest.raises(ValueError, match="one document of one line"):
        Corpus({"a": PLAIN.replace("\n", " ")}).split(seed=0)
    with pytest.raises(ValueError, match="a share between 0 and 1"):
        pair.split(1.5, seed=0)


@pytest.mark.parametrize("share, held", [(0.05, 1), (0.1, 1), (0.101, 2), (0.35, 4), (0.95, 9)])
def test_a_split_holds_out_no_document_more_than_it_must(share, held):
    ten = Corpus({str(i): "x" * 100 for i in range(10)})
    training, validation = ten.split(share, seed=3)
    assert (len(validation.documents), len(training.documents)) == (held, 10 - held)


def test_vocabulary_round_trip():
    letters = Vocabulary(PLAIN)
    ids = letters.encode(PLAIN)
    assert ids.dtype == torch.int64
    assert ids.max() < len(letters)
    assert letters.decode(ids) == PLAIN
    assert letters.encode("").tolist() == []


def test_rare_and_unknown_characters_share_an_id():
    with pytest.warns(UserWarning, match="4.8% of the text, 1 characters"):
        letters = Vocabulary("a" * 20 + "z", least=10)
    assert letters.encode("az!a").tolist() == [1, 0, 0, 1]
    assert letters.decode(letters.encode("z")) == corpus.UNKNOWN


def test_composed_and_decomposed_letters_are_one():
    letters = Vocabulary("\N{LATIN SMALL LETTER E WITH ACUTE}" * 10)
    assert letters.encode("e\N{COMBINING ACUTE ACCENT}").tolist() == [1]


def test_windows_predict_each_token_at_most_once():
    tokens = torch.arange(1_001)
    drawn = corpus.windows(tokens, context=10, count=100, seed=0)
    assert drawn.shape == (100, 11)
    assert sorted(drawn[:, 1:].flatten().tolist()) == list(range(1, 1_001))
    assert (drawn[:, 1:] == drawn[:, :-1] + 1).all()


def test_fewer_windows_are_the_first_of_more():
    tokens = torch.arange(1_001)
    many = corpus.windows(tokens, 10, 100, seed=3)
    assert torch.equal(corpus.windows(tokens, 10, 7, seed=3), many[:7])
    assert not torch.equal(corpus.windows(tokens, 10, 7, seed=4), many[:7])


def test_windows_come_from_all_over_the_text():
    starts = corpus.windows(torch.arange(100_001), 10, 400, seed=0)[:, 0].double()
    assert abs(starts.mean() / 100_000 - 0.5) < 4 * (1 / 12 / 400) ** 0.5  # uniform, 4 sigma


def test_too_large_a_budget_is_refused():
    with pytest.raises(ValueError, match="2,000 tokens asked for, but the text has 1,000"):
        corpus.windows(torch.arange(1_001), 10, 200, seed=0)


def test_own_files(tmp_path):
    (tmp_path / "b.md").write_text(PLAIN)
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode())
    (tmp_path / "c.png").write_bytes(b"\0")
    found = corpus.from_files([tmp_path])
    assert [name[-5:] for name in found.documents] == ["a.txt", "/b.md"]
    assert set(found.documents.values()) == {PLAIN}
    assert corpus.from_files(tmp_path / "b.md").text == PLAIN


@pytest.mark.parametrize(
    "raw, message",
    [
        (b"", "empty: leave it out"),
        (b" \n\t ", "empty: leave it out"),
        (b"PK\x03\x04\0\0" * 500, "binary file: save the text as plain UTF-8"),
        ("Müßiggang ist aller Laster Anfang. ".encode("latin-1") * 50, "byte 1 is not UTF-8"),
        (b"A short note.", "13 characters are too few to learn from"),
    ],
)
def test_bad_files_are_named_with_the_remedy(tmp_path, raw, message):
    path = tmp_path / "mine.txt"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=message) as caught:
        corpus.from_files([path])
    assert str(path) in str(caught.value)


def test_missing_files_and_packages(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.txt: no such file"):
        corpus.from_files([tmp_path / "gone.txt"])
    with pytest.raises(ValueError, match=r"no \.txt or \.md file in this folder"):
        corpus.from_files([tmp_path])
    with pytest.raises(ValueError, match="no files given"):
        corpus.from_files([])
    with pytest.raises(ModuleNotFoundError, match="'nonesuch', which isn't installed"):
        corpus.docstrings(["nonesuch"])
