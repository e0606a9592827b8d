"""Text that isn't language, to be read before language (chapter: licensed-data).

Music in letters, nested brackets and shuffled letters, beside plays, docstrings and source code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from datawall import validate
from datawall.licences import carried
from datawall.text import corpus
from datawall.text.corpus import Corpus
from datawall.text.domains import Domains

# Collections whose music is out of copyright; the Essen songs are for non-commercial use only.
COLLECTIONS = ("airdsAirs", "oneills1850", "ryansMammoth")
FIELD = re.compile(r"[A-Za-z]:|%")  # of ABC: a header, words to be sung, or a comment
PAIRS = "()[]{}<>"
PAGE = 1_000  # characters of brackets in a document


def music() -> Corpus:
    """Tunes as the letters of ABC notation, one document a tune, from the package `music21`.

    Only notes, rests and bars: titles, comments, fingerings and the names of chords are left out,
    so that no English word is. The files are read and the package isn't imported. Raises
    ModuleNotFoundError where it is missing.
    """
    folder = carried.folder("music21") / "corpus"
    found = {}
    for name in COLLECTIONS:
        for file in sorted((folder / name).glob("*.abc")):
            text = file.read_text(encoding="utf-8", errors="replace")
            for number, tune in enumerate(tunes(text), start=1):
                found[f"{name}/{file.stem}#{number}"] = tune
    return Corpus(found)


def tunes(abc: str) -> Iterator[str]:
    """The notes of each tune in a text of ABC notation, without those that have none.

    A tune's notes begin after its field K, the key, and end at the field X of the next.
    """
    notes: list[str] | None = None
    for line in [*abc.splitlines(), "X:"]:
        if line.startswith("X:"):
            if tune := "\n".join(notes or []):
                yield tune
            notes = None
        elif line.startswith("K:") and notes is None:
            notes = []
        elif notes is not None and not FIELD.match(line) and (played := _notes(line)):
            notes.append(played)


def _notes(line: str) -> str:
    line = re.sub(r'"[^"]*"|![^!]*!|\\$|%.*', "", line)
    return re.sub(r"\s+", " ", line).strip()


def brackets(characters: int, *, kinds: int = 4, deepest: int = 16, seed: int) -> Corpus:
    """Nested brackets of several kinds, every one closed: words of a Dyck language.

    characters: about how many in all, in documents of 1,000. At each step a bracket opens with
    chance one half, of a kind drawn at random, unless `deepest` are open or as many as characters
    are left; else the last one closes. Raises ValueError for kinds that aren't 1 to 4.
    """
    validate.whole("characters", characters, least=PAGE)
    validate.whole("kinds", kinds, most=len(PAIRS) // 2)
    validate.whole("deepest", deepest)
    rng = np.random.default_rng(seed)
    count = characters // PAGE
    return Corpus({f"brackets {i}": _nested(rng, kinds, deepest) for i in range(count)})


def _nested(rng: np.random.Generator, kinds: int, deepest: int) -> str:
    opens, which = rng.random(PAGE) < 0.5, rng.integers(kinds, size=PAGE)
    text, open_now = [], []
    for i in range(PAGE):
        room = len(open_now) < min(deepest, PAGE - i)
        if room and (opens[i] or not open_now):
            open_now.append(which[i])
            text.append(PAIRS[2 * which[i]])
        else:
            text.append(PAIRS[2 * open_now.pop() + 1])
    return "".join(text)


def shuffled(found: Corpus, *, seed: int) -> Corpus:
    """The same documents with all characters of each in random order: frequencies alone."""
    rng = np.random.default_rng(seed)
    return Corpus({k: "".join(rng.permutation(list(v))) for k, v in found.documents.items()})


def worlds(*, context: int, windows: int, seed: int) -> Domains:
    """Plays, docstrings, code, music, brackets and shuffled letters over one alphabet.

    Docstrings are numpy's and scipy's, code is scikit-learn's. The shuffled letters are the plays',
    in pages of 1,000 characters. See `text.domains.Domains` for the rest.
    """
    plays = corpus.shakespeare()
    kinds = {
        "plays": plays,
        "docstrings": corpus.docstrings(("numpy", "scipy")),
        "code": corpus.sources(("sklearn",)),
        "music": music(),
        "brackets": brackets(2**20, seed=seed),
        "shuffled": shuffled(plays.pages(PAGE), seed=seed),
    }
    return Domains(kinds, context=context, windows=windows, seed=seed)
