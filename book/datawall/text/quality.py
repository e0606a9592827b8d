"""What is kept of a pile of pages: published rules, a learned judge, removal of duplicates.

Chapter: data-quality.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import xarray as xr
from datasketch import MinHash, MinHashLSH
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from datawall import validate

STOP_WORDS = frozenset(["the", "be", "to", "of", "and", "that", "have", "with"])
POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies")
TOP_NGRAMS = {2: 0.20, 3: 0.18, 4: 0.16}  # most of a page that its commonest n words may make up
REPEATED_NGRAMS = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}  # the same, all repeated


def c4_lines(text: str, words: int = 3) -> list[str]:
    """The lines of a page that C4 keeps: so many words or more, ending as a sentence does.

    [Raffel et al. 2020, JMLR 21, section 2.2]
    """
    lines = (line.strip() for line in text.splitlines())
    return [
        line
        for line in lines
        if line.endswith((".", "!", "?", '"', "'"))
        and not line.endswith("...")
        and len(line.split()) >= words
        and not any(phrase in line.lower() for phrase in ("javascript", *POLICY))
    ]


def c4(text: str, sentences: int = 5, words: int = 3) -> list[str]:
    """The rules of C4 for whole pages that this page breaks; none if it is kept.

    A page needs so many sentences in the lines that C4 keeps, each of so many words, and may hold
    no curly bracket and no "lorem ipsum". The list of bad words isn't applied. By default the
    thresholds are those printed in JMLR 21; see AS_CODED for others. Chapter: data-quality.
    """
    count = sum(len(_SENTENCE_END.findall(line)) for line in c4_lines(text, words))
    broken = {
        f"fewer than {sentences} sentences": count < sentences,
        "a curly bracket": "{" in text,
        "lorem ipsum": "lorem ipsum" in text.lower(),
    }
    return [rule for rule, is_broken in broken.items() if is_broken]


def gopher(text: str) -> list[str]:
    """The rules of Gopher, on words and on repetition, that this page breaks; none if it is kept.

    [Rae et al. 2021, arXiv:2112.11446, appendix A.1 and table A1] Words are runs of anything but
    white space, less punctuation at their ends. Chapter: data-quality.
    """
    words = [word.strip(string.punctuation) for word in text.split()]
    words = [word for word in words if word]
    lines = text.splitlines()
    if not words:
        return ["fewer than 50 words"]
    length = sum(map(len, words)) / len(words)
    alphabetic = sum(any(c.isalpha() for c in word) for word in words) / len(words)
    symbols = max(text.count("#"), text.count("...") + text.count("…")) / len(words)
    bullets = _share(lines, lambda line: line.lstrip().startswith(("•", "-", "*")))
    broken = {
        "fewer than 50 words": len(words) < 50,
        "over 100,000 words": len(words) > 100_000,
        "mean word length": not 3 <= length <= 10,
        "hashes or ellipses": symbols > 0.1,
        "bullet points": bullets > 0.9,
        "lines ending in ellipses": _share(lines, lambda x: x.rstrip().endswith(("...", "…")))
        > 0.3,
        "words without a letter": alphabetic < 0.8,
        "stop words": len(STOP_WORDS.intersection(map(str.lower, words))) < 2,
        "repetition": _repeats(text, words, lines),
    }
    return [rule for rule, is_broken in broken.items() if is_broken]


def fineweb(text: str, repeated: float = 0.1, breaks: float = np.inf) -> list[str]:
    """The rules that FineWeb adds to others' that this page breaks; none if it is kept.

    repeated: a page is dropped if lines that stood before make up this share of its characters or
    more. breaks: it is dropped if it has more line breaks for each word. By default the thresholds
    are the paper's, which has no rule on line breaks; see AS_CODED for others.
    [Penedo et al. 2024, arXiv:2406.17557, section 3.6] Chapter: data-quality.
    """
    lines = text.splitlines() or [""]
    filled = [line for line in lines if line.strip()]
    ended = _share(lines, lambda line: line.endswith((".", "!", "?", '"', "'")))
    broken = {
        "lines that end no sentence": ended <= 0.12,
        "short lines": _share(lines, lambda line: len(line) < 30) >= 0.67,
        "repeated lines": _repeated(filled) >= repeated * max(1, len(text) - text.count("\n")),
        "line breaks": text.count("\n") > breaks * len(text.split()),
    }
    return [rule for rule, is_broken in broken.items() if is_broken]


RULES: Mapping[str, Callable[[str], list[str]]] = {"C4": c4, "Gopher": gopher, "FineWeb": fineweb}
# Where public code has other thresholds than the paper: C4 in TensorFlow Datasets, text/c4_utils.py
# (_MIN_NUM_SENTENCES, _MIN_WORDS_PER_LINE); FineWeb in datatrove, which made it, the defaults of
# FineWebQualityFilter (char_duplicates_ratio, new_line_ratio).
AS_CODED: Mapping[str, Callable[[str], list[str]]] = {
    "C4": partial(c4, sentences=3, words=5),
    "FineWeb": partial(fineweb, repeated=0.01, breaks=0.3),
}


def judge(good: Sequence[str], bad: Sequence[str]) -> Pipeline:
    """A logistic regression on hashed runs of words and characters that tells good pages from bad.

    `judge(good, bad).predict_proba(pages)[:, 1]` is the probability (pages,) that each is of the
    good kind. The two kinds weigh the same, however many pages each has.
    Raises ValueError when one of them is empty. Chapter: data-quality.
    """
    validate.texts("good", good)
    validate.texts("bad", bad)
    if not len(good) or not len(bad):
        raise ValueError("a judge needs pages of both kinds: one of them is empty")
    features = HashingVectorizer(analyzer="char", ngram_range=(1, 3), n_features=2**14)
    model = make_pipeline(
        features, LogisticRegression(C=100, class_weight="balanced", max_iter=1_000)
    )
    return model.fit([*good, *bad], np.repeat([1, 0], [len(good), len(bad)]))


def kept(
    filters: Mapping[str, Callable[[str], list[str]]], kinds: Mapping[str, Sequence[str]]
) -> xr.DataArray:
    """Which pages each filter keeps, since they break none of its rules: (filter, kind, page).

    filters: functions of a page that name what it breaks. kinds: pages of each kind, of all the
    same number. Raises ValueError when it isn't the same. Chapter: data-quality.
    """
    if len({len(pages) for pages in kinds.values()}) != 1:
        counts = ", ".join(f"{len(pages)} of {kind}" for kind, pages in kinds.items())
        raise ValueError(f"give as many pages of each kind: there are {counts}")
    found = [
        [[not broken(p) for p in pages] for pages in kinds.values()] for broken in filters.values()
    ]
    names = {"filter": list(filters), "kind": list(kinds)}
    return xr.DataArray(found, names, ("filter", "kind", "page"))


def up_to(pages: Sequence[str], size: float) -> Sequence[str]:
    """The first of the pages that come to `size` characters or just more; all, if they don't.

    Chapter: data-quality.
    """
    return pages[: 1 + np.searchsorted(np.cumsum([len(page) for page in pages]), size)]


def favourites(
    pages: np.ndarray, taste: Pipeline, size: int, share: float, *, seed: int
) -> np.ndarray:
    """Of a pool of random pages, `size` characters, the share that a judge likes best, shuffled.

    pages: texts (pages,), of dtype object. taste: as `judge` makes it. Chapter: data-quality.
    """
    rng = np.random.default_rng(seed)
    pool = up_to(rng.permutation(pages), size)
    ranked = pool[np.argsort(-taste.predict_proba(pool)[:, 1], kind="stable")]
    return rng.permutation(up_to(ranked, share * sum(map(len, ranked))))


def passages(text: str, length: int, count: int, *, seed: int) -> list[str]:
    """The first `length` characters of `count` paragraphs of plain prose, no two of them alike.

    Chapter: data-quality.
    """
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    plain = [p[:length] for p in paragraphs if len(p) >= 200 and not set(">:[=`*_") & set(p)]
    apart = np.unique(near_duplicates(plain, threshold=0.3, seed=seed))
    return [plain[i] for i in np.random.default_rng(seed).permutation(apart)[:count]]


def exact_duplicates(texts: Sequence[str]) -> np.ndarray:
    """For each text the number of the first one that is the same to the letter, (texts,).

    A text is kept where that is its own number. Chapter: data-quality.
    """
    validate.texts("texts", texts)
    first: dict[str, int] = {}
    return np.array([first.setdefault(text, i) for i, text in enumerate(texts)], dtype=int)


def near_duplicates(
    texts: Sequence[str], threshold: float = 0.7, hashes: int = 128, *, seed: int
) -> np.ndarray:
    """For each text the number of the first one that nearly equals it, (texts,), by MinHash.

    Two texts are near duplicates if the sets of their runs of 8 characters have about `threshold`
    of their union in common (Jaccard similarity), as estimated with so many hashes [Broder 1997];
    so are texts that a chain of such pairs joins. Candidates come from bands of hashes: a pair of
    similarity s is found with probability 1 - (1 - s^r)^b in b bands of r [Leskovec et al. 2020,
    section 3.4.2]. Raises ValueError unless the threshold lies between 0 and 1, for fewer than two
    hashes, and for one text in place of a list.
    Chapter: data-quality.
    """
    validate.texts("texts", texts)
    validate.share("threshold", threshold, inside=True)
    validate.whole("hashes", hashes, least=2)
    table = MinHashLSH(threshold, num_perm=hashes)
    pairs = []
    for i, sketch in enumerate(_sketches(texts, hashes, seed)):
        pairs += [(i, j) for j in table.query(sketch)]
        table.insert(i, sketch)
    count = len(texts)
    rows, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
    joined = coo_array((np.ones(len(pairs)), (rows, columns)), shape=(count, count))
    _, cluster = connected_components(joined, directed=False)
    _, first = np.unique(cluster, return_index=True)
    return first[cluster]


_SENTENCE_END = re.compile(r"[.!?]+[\"')\]]*(?=\s|$)")
_RUN = 8  # characters


def _sketches(texts: Sequence[str], hashes: int, seed: int) -> Iterator[MinHash]:
    runs = (
        {text[i : i + _RUN].encode() for i in range(max(1, len(text) - _RUN + 1))} for text in texts
    )
    return MinHash.generator(runs, num_perm=hashes, seed=seed)


def _share(lines: Sequence[str], holds: Callable[[str], bool]) -> float:
    return sum(map(holds, lines)) / max(1, len(lines))


def _repeated(parts: Sequence) -> int:
    """Characters in parts that stood before."""
    return sum(len(part) * (n - 1) for part, n in Counter(parts).items())


def _repeats(text: str, words: list[str], lines: list[str]) -> bool:
    """Whether a page repeats itself more than Gopher's table A1 allows."""
    paragraphs = [part for part in re.split(r"\n{2,}", text.strip()) if part]
    for parts in (lines, paragraphs):
        if len(parts) - len(set(parts)) > 0.3 * len(parts) or _repeated(parts) > 0.2 * len(text):
            return True
    for n, most in TOP_NGRAMS.items():
        (top, count), *_ = Counter(_ngrams(words, n)).most_common(1) or [("", 0)]
        if count > 1 and len(top) * count > most * len(text):
            return True
    return any(_in_repeats(words, n) > most * len(text) for n, most in REPEATED_NGRAMS.items())


def _ngrams(words: list[str], n: int) -> list[str]:
    return [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]


def _in_repeats(words: list[str], n: int) -> int:
    """Characters of words in runs of n that stood before, each word counted once."""
    seen, inside = set(), set()
    for i, run in enumerate(_ngrams(words, n)):
        if run in seen:
            inside.update(range(i, i + n))
        seen.add(run)
    return sum(len(words[i]) for i in inside)
