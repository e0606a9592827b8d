"""The optional teacher: asked for by name where it's missing, and what it is where it's there."""

import pytest

from datawall.lm import instruct


def test_without_its_packages_it_says_which_and_how_to_install_them(monkeypatch):
    monkeypatch.setattr(instruct, "NEEDED", ("no_such_package", "torch"))
    assert instruct.missing() == ["no_such_package"]
    with pytest.raises(ModuleNotFoundError, match="no_such_package not installed: run `pip"):
        instruct.write(["Say something."], 8, seed=0)


@pytest.mark.skipif(bool(instruct.missing()), reason=f"an extra: {instruct.HOW}")
def test_it_answers_and_repeats_itself_with_the_same_seed():
    requests = ["Name a colour.", "Tell me about the sea."]
    first, again, other = (instruct.write(requests, 12, seed=seed) for seed in (0, 0, 1))
    assert len(first) == 2
    assert all(answer.strip() for answer in first)
    assert first == again
    assert first != other


def test_scenes_are_asked_for_each_theme(monkeypatch):
    asked = []
    monkeypatch.setattr(
        instruct, "write", lambda requests, tokens, *, seed: asked.extend(requests) or requests
    )
    found = instruct.scenes(2, seed=0)
    assert len(found) == 2 * len(instruct.THEMES)
    assert sum("a storm" in request for request in asked) == 2
