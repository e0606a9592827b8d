"""Music and digits as tokens, and a companion's rows in the batches of the letters' model."""

import importlib.util

import numpy as np
import pytest
import torch

from datawall.lm.model import Config, Transformer
from datawall.modalities import companions


def test_tunes_are_notes_without_words():
    found = companions.tunes()
    assert len(found.documents) > 1000
    assert 700_000 < len(found.text) < 1_200_000
    ball = found.documents["ryansMammoth/LanigansBallJig"].split("\n")
    assert ball[:3] == ["M: 6/8", "L: 1/8", "K: Em"]
    assert ball[4] == "| E2F G2A |.B2^A B^cd | D2E    F2G | AdB AFD \\"
    for line in found.text.split("\n"):
        assert not line.startswith(("T:", "B:", "Z:", "X:"))


def test_notes_of_a_file_by_hand():
    text = "X: 1\nT: A tune -- jig\rM: 6/8\n% a remark\nK:Em\nuF | E2F % twice\n\n|: uB :|\r\nw: la"
    assert companions._notes(text) == "M: 6/8\nK:Em\nuF | E2F\n|: uB :|"


def test_tunes_that_are_missing_are_told(monkeypatch, tmp_path):
    companions._music21.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="pip install --no-deps music21"):
        companions.tunes()
    monkeypatch.setattr(companions, "_music21", lambda: tmp_path)
    with pytest.raises(ModuleNotFoundError, match="without its tunes"):
        companions.tunes()


def test_music21_is_not_imported():
    import subprocess
    import sys
    from pathlib import Path

    book = Path(__file__).resolve().parent.parent / "book"
    command = (
        "import sys; from datawall.modalities import companions; companions.tunes(); "
        "print('music21' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", command], cwd=book, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"


def test_digits_as_tokens_by_hand():
    picture = np.zeros((2, 28, 28), np.float32)
    picture[0, 2:5, 2:5] = 1  # the first block
    picture[0, 5:8, 2:5] = 0.5  # the block below it
    picture[0, 2:5, 5:8] = 0.24
    picture[0, :2] = 1  # the frame is cut off
    picture[1, 23:26, 23:26] = 0.25  # the last block
    picture[1, 11, 11] = 1  # a ninth of a block
    tokens = companions.digits(picture)
    assert tokens.shape == (2, 64) and tokens.dtype == torch.int64
    assert tokens[0, 0] == 3 and tokens[0, 8] == 2 and tokens[0, 1] == 0
    assert tokens[0].sum() == 5
    assert tokens[1, 63] == 1 and tokens[1].sum() == 1


def test_windows_of_pictures_begin_with_white():
    rows = torch.tensor([[1, 2, 3], [3, 3, 3]])
    assert companions.windows_of(rows).tolist() == [[0, 1, 2, 3], [0, 3, 3, 3]]
    with pytest.raises(ValueError, match="give \\(n, time\\)"):
        companions.windows_of(rows[0])


class Reader:
    """Stands for a model: keeps what it reads."""

    def __init__(self):
        self.read = []

    def loss(self, windows):
        self.read.append(windows)
        return windows.float().mean()


def test_a_companion_is_read_beside_the_letters():
    own = torch.arange(12).reshape(6, 2) + 100
    reader, letters = Reader(), torch.zeros(3, 2, dtype=torch.long)
    objective = companions.beside(own, 2, seed=0)
    for _ in range(6):
        objective(reader, letters)
    assert all(x.shape == (5, 2) and (x[:3] == 0).all() for x in reader.read)
    rows = torch.cat([x[3:] for x in reader.read])
    first, again = rows[:6], rows[6:]
    for pass_ in (first, again):  # each row once in a pass
        assert sorted(pass_.tolist()) == own.tolist()
    assert first.tolist() != again.tolist()


def test_the_order_follows_from_the_seed():
    own = torch.arange(40).reshape(20, 2)

    def read(seed):
        reader = Reader()
        objective = companions.beside(own, 4, seed=seed)
        for _ in range(3):
            objective(reader, own[:1])
        return torch.cat(reader.read).tolist()

    assert read(0) == read(0) != read(1)


def test_the_loss_is_the_mean_over_all_tokens():
    model = Transformer(Config(vocab=9, width=8, layers=1, context=4), seed=0)
    letters, own = torch.randint(9, (3, 5)), torch.randint(9, (3, 5))
    found = companions.beside(own, 3, seed=0)(model, letters)
    apart = [model.loss(x).item() for x in (letters, own)]
    assert found.item() == pytest.approx(sum(apart) / 2, rel=1e-5)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: companions.digits(np.full((1, 28, 28), 2.0)), "leave 0 to 1"),
        (lambda: companions.digits(np.full((1, 28, 28), -0.1)), "leave 0 to 1"),
        (lambda: companions.digits(np.zeros((1, 14, 14))), "squares"),
        (lambda: companions.beside(torch.zeros(2, 3), 3, seed=0), "give more"),
        (lambda: companions.beside(torch.zeros(2, 3), 0, seed=0), "count is 0"),
    ],
)
def test_what_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
