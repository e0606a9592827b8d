"""Music, brackets and shuffled letters, and what of a model is taken over."""

import re
from collections import Counter

import pytest
import torch

from datawall.licences import carried, special, takeover
from datawall.lm import tuning
from datawall.lm.model import Config, Transformer
from datawall.text.corpus import Corpus

ABC = """%abc
X:1
T:The Enchanted Valley
K:Gm
% a comment
"Gm"G3-A (Bcd=e) | !trill!f4 (g2dB)\\
w: words to be sung
d2  d2 |]   % slow

X: 2
T: None
K:D

X:3
T:Two keys
K:C
CDEF |
K:G
GABc |
X:4
T:No key
GABc
"""


def test_only_notes_are_left_of_a_tune():
    assert list(special.tunes(ABC)) == ["G3-A (Bcd=e) | f4 (g2dB)\nd2 d2 |]", "CDEF |\nGABc |"]
    assert list(special.tunes("")) == []


def test_music_has_no_english():
    found = special.music()
    assert len(found.documents) > 4_000
    assert 900_000 < len(found.text) < 1_000_000
    assert not re.search(r"\b(the|and|reel|jig|of)\b|[Tt]ranscri|[:\"] ?[A-Z][a-z]{4}", found.text)
    assert not any("essen" in name for name in found.documents)
    assert {name.split("/")[0] for name in found.documents} == set(special.COLLECTIONS)


@pytest.mark.parametrize(("kinds", "deepest"), [(1, 1), (4, 16), (3, 2)])
def test_every_bracket_is_closed(kinds, deepest):
    found = special.brackets(20_000, kinds=kinds, deepest=deepest, seed=1)
    assert len(found.documents) == 20
    assert len(set(found.documents.values())) == (1 if (kinds, deepest) == (1, 1) else 20)
    most = 0
    for text in found.documents.values():
        assert len(text) == 1_000
        stack = []
        for sign in text:
            place = special.PAIRS.index(sign)
            if place % 2:
                assert stack.pop() == place - 1
            else:
                stack.append(place)
                most = max(most, len(stack))
        assert not stack
    assert most == deepest
    assert len(set(found.text) - {"\n"}) == 2 * kinds


def test_brackets_open_half_of_the_time_and_all_alike():
    text = special.brackets(200_000, seed=0).text
    opened = Counter(sign for sign in text if sign in "([{<")
    assert opened.total() == 100_000
    assert max(opened.values()) < 1.03 * min(opened.values())
    # Below the deepest, half of the steps open: after "(" alone at depth 1 as often as not.
    assert special.brackets(5_000, seed=0) == special.brackets(5_000, seed=0)
    assert special.brackets(5_000, seed=0) != special.brackets(5_000, seed=1)


def test_brackets_of_too_many_kinds_are_refused():
    with pytest.raises(ValueError, match="kinds is 5"):
        special.brackets(5_000, kinds=5, seed=0)
    with pytest.raises(ValueError, match="characters is 10"):
        special.brackets(10, seed=0)


def test_shuffling_keeps_the_letters_and_nothing_else():
    found = Corpus({"a": "to be or not to be" * 20, "b": "xyz" * 50})
    mixed = special.shuffled(found, seed=0)
    for name, text in found.documents.items():
        assert Counter(mixed.documents[name]) == Counter(text)
        assert mixed.documents[name] != text
    assert special.shuffled(found, seed=0) == mixed != special.shuffled(found, seed=1)


def test_a_package_that_isnt_there_says_what_to_install():
    with pytest.raises(ModuleNotFoundError, match=r"'no_such_package'.*pip install"):
        carried.folder("no_such_package")
    assert (carried.folder("music21") / "corpus").is_dir()


@pytest.fixture
def model():
    return Transformer(Config(11, 16, layers=1, context=8), seed=0)


def test_blocks_are_kept_and_letters_are_new(model):
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(1.0)
    taken = takeover.new_letters(model, seed=3)
    fresh = Transformer(model.config, seed=3)
    for name, weight in taken.named_parameters():
        source = fresh if name in ("tokens", "places") else model
        assert torch.equal(weight, dict(source.named_parameters())[name]), name
    assert taken.tokens.data_ptr() != model.tokens.data_ptr()


def test_frozen_blocks_stay_as_they_are(model):
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    text = torch.arange(8 * 8 * 4 + 1) % 11
    tuned = tuning.further(takeover.frozen(model), text, steps=4, rate=0.1, seed=0)
    for name, weight in tuned.named_parameters():
        assert torch.equal(weight, before[name]) == (name not in ("tokens", "places")), name
    assert all(weight.requires_grad for weight in model.parameters())


def test_models_side_by_side_are_refused():
    several = Transformer(Config(5, 8, context=4), seed=[0, 1])
    for take in (takeover.frozen, lambda model: takeover.new_letters(model, seed=0)):
        with pytest.raises(ValueError, match="there are 2 models"):
            take(several)
