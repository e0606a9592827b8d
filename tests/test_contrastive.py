"""Encoders taught by names, by pictures or by ids: the loss by hand, and that each one learns."""

import math
import sys
from itertools import product

import numpy as np
import pytest
import torch

from datawall.evidence import study
from datawall.modalities import contrastive as con
from datawall.modalities import glyphs

NAMES = {f"DIGIT {word}" for word in glyphs.DIGITS}
NAMES |= {"LATIN SMALL LETTER A", "LATIN SMALL LETTER G", "PLUS SIGN"}
PLAIN = glyphs.corpus(("DejaVuSans", "cmr10")).where(lambda n: n in NAMES)
SHORT = con.Recipe(steps=150, batch=32, rate=1e-2)


@pytest.fixture(scope="module")
def pair():
    return con.by_names(PLAIN.pictures, PLAIN.names, SHORT, seed=0)


def test_the_loss_by_hand():
    left = torch.tensor([[2.0, 0.0], [0.0, 3.0]])  # lengths don't matter
    right = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    # Cosines: 1, .7071 in the first row and 0, .7071 in the second; divided by a half.
    a, b, c, d = (math.exp(2 * x) for x in (1, 0.5**0.5, 0, 0.5**0.5))
    rows = -math.log(a / (a + b)) - math.log(d / (c + d))
    columns = -math.log(a / (a + c)) - math.log(d / (b + d))
    assert con.info_nce(left, right, 0.5).item() == pytest.approx((rows + columns) / 4, rel=1e-6)


def test_the_loss_of_vectors_that_tell_nothing_is_the_logarithm_of_the_batch():
    alike = torch.ones(7, 3)
    assert con.info_nce(alike, alike, 0.1).item() == pytest.approx(math.log(7), rel=1e-6)


def test_equal_kinds_are_partners_of_each_other():
    vectors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    kinds = torch.tensor([4, 4, 9])
    ready = con.info_nce(vectors, vectors, 0.01, kinds).item()
    assert ready == pytest.approx(math.log(2) * 2 / 3, abs=1e-6)  # two of three rows: two partners
    apart = con.info_nce(vectors, vectors, 1.0).item()
    e = math.e
    by_hand = (2 * math.log(2 + 1 / e) + math.log(1 + 2 / e)) / 3
    assert apart == pytest.approx(by_hand, rel=1e-6)


def test_the_loss_is_the_same_from_both_sides():
    rng = torch.Generator().manual_seed(0)
    left, right = (torch.randn(5, 4, generator=rng) for _ in range(2))
    kinds = torch.tensor([0, 1, 1, 2, 3])
    one = con.info_nce(left, right, 0.2, kinds)
    assert one.item() == pytest.approx(con.info_nce(right, left, 0.2, kinds).item(), rel=1e-6)


def test_names_are_bags_of_words():
    known = con.Names(["DIGIT TWO", "CIRCLED DIGIT TWO", "LATIN SMALL LETTER A"])
    assert known.count == 7
    bags = known.encode(["DIGIT TWO", "two digit", "LETTER unheard A"])
    assert bags.shape == (3, 2)
    assert set(bags[0].tolist()) == set(bags[1].tolist()) == {known.ids["DIGIT"], known.ids["TWO"]}
    assert bags[2].tolist() == [known.ids["LETTER"], known.ids["A"]]
    assert known.encode(["TWO", "DIGIT TWO"])[0].tolist() == [known.ids["TWO"], 0]
    assert 0 not in known.ids.values()
    with pytest.raises(ValueError, match="'GAMMA' has no word"):
        known.encode(["GAMMA"])
    with pytest.raises(ValueError, match="hold no word"):
        con.Names(["12"])


def test_an_empty_place_of_a_name_adds_nothing(pair):
    picture = PLAIN.pictures[:1]
    alone = pair.scores(picture, ["DIGIT TWO"])
    beside = pair.scores(picture, ["DIGIT TWO", "LATIN SMALL LETTER A"])[:, :1]
    assert alone == pytest.approx(beside, abs=1e-6)
    assert pair.names.weight[0].abs().sum() == 0


def test_scores_are_cosines_and_names_are_found(pair):
    names = sorted(set(PLAIN.names))
    scores = pair.scores(PLAIN.pictures, names)
    assert scores.shape == (len(PLAIN), len(names)) and np.abs(scores).max() <= 1 + 1e-6
    said = pair.named(PLAIN.pictures, names)
    assert np.array_equal(said, scores.argmax(1))
    assert np.mean(np.array(names)[said] == PLAIN.names) > 0.8
    reversed_names = names[::-1]
    again = np.array(reversed_names)[pair.named(PLAIN.pictures, reversed_names)]
    assert np.array_equal(again, np.array(names)[said])


def test_a_classifier_answers_in_its_own_labels():
    labels = np.array([f"kind {name}" for name in PLAIN.names])
    learned = con.by_labels(PLAIN.pictures, labels, SHORT, seed=0)
    said = learned.named(PLAIN.pictures)
    assert np.mean(said == labels) > 0.8
    assert set(said) <= set(labels)


def test_pictures_alone_bring_two_views_together():
    encoder = con.by_pictures(PLAIN.pictures, SHORT, seed=0)
    shifted = np.roll(PLAIN.pictures, 1, 2)
    before = con.Encoder(seed=0)

    def found(net):
        one, two = (net.features(x) for x in (PLAIN.pictures, shifted))
        one, two = (x / (np.linalg.norm(x, axis=1, keepdims=True) + 1e-9) for x in (one, two))
        return np.mean((one @ two.T).argmax(1) == np.arange(len(one)))

    assert found(encoder) > found(before) + 0.1


def test_a_seed_is_a_model(pair):
    again = con.by_names(PLAIN.pictures, PLAIN.names, SHORT, seed=0)
    other = con.by_names(PLAIN.pictures, PLAIN.names, SHORT, seed=1)
    scores = [m.scores(PLAIN.pictures, ["DIGIT TWO"]) for m in (pair, again, other)]
    assert np.array_equal(scores[0], scores[1])
    assert np.abs(scores[0] - scores[2]).max() > 0.01


def test_the_seed_draws_parameters_and_batches(monkeypatch):
    first, again, other = (con.Encoder(seed=seed).features(PLAIN.pictures) for seed in (0, 0, 1))
    assert np.array_equal(first, again) and np.abs(first - other).max() > 0.01
    shown, loss = [], con.info_nce

    def kept(left, right, temperature, kinds):
        shown.append(kinds.tolist())
        return loss(left, right, temperature, kinds)

    monkeypatch.setattr(con, "info_nce", kept)
    for seed in (0, 0, 1):
        con.by_names(PLAIN.pictures, PLAIN.names, con.Recipe(2, 8), seed=seed)
    assert shown[:2] == shown[2:4] != shown[4:]
    assert shown[0] != shown[1]


def test_jitter_is_what_the_recipe_says(monkeypatch):
    shown = []

    def vary(pictures, knobs, *, seed):
        shown.append((knobs, seed))
        return pictures

    monkeypatch.setattr(con.render, "vary", vary)
    con.by_names(PLAIN.pictures, PLAIN.names, con.Recipe(2, 8), seed=0)
    con.by_pictures(PLAIN.pictures, con.Recipe(2, 8), seed=0)
    knobs, seeds = zip(*shown, strict=True)
    assert len(shown) == 6 and set(knobs) == {con.JITTER}  # two views a step without names
    assert len(set(seeds[2:])) == 4  # each view is drawn anew
    shown.clear()
    con.by_names(PLAIN.pictures, PLAIN.names, con.Recipe(2, 8, jitter=con.STILL), seed=0)
    assert not shown


@pytest.fixture(scope="module")
def names_study():
    study.load("glyph-names")
    return sys.modules["study_glyph_names"]


def test_a_part_of_the_jitter_is_that_part_alone(names_study):
    jitter = {teacher: names_study.jitter(teacher) for teacher in names_study.GRID["teacher"]}
    kinds = {"turned": "rotation", "sized": "scale", "slanted": "shear", "moved": "shift"}
    for part, knob in kinds.items():
        own = jitter.pop(f"pictures alone, only {part}")
        assert own == con.render.Knobs(**{knob: getattr(con.JITTER, knob)}) != con.STILL
    still = {teacher for teacher, knobs in jitter.items() if knobs == con.STILL}
    assert still == {"names, no jitter", "pictures alone, no jitter"}
    assert {jitter[teacher] for teacher in jitter.keys() - still} == {con.JITTER}


def test_each_teacher_is_given_its_own_pictures(names_study, monkeypatch):
    whole = glyphs.corpus(("DejaVuSans",))
    monkeypatch.setattr(names_study.glyphs, "corpus", lambda: whole)
    shown = {}
    for way in ("by_names", "by_labels"):
        real = getattr(con, way)

        def kept(pictures, labels, recipe, *, seed, real=real):
            shown[teacher] = list(labels)
            return real(pictures, labels, recipe, seed=seed)

        monkeypatch.setattr(names_study.contrastive, way, kept)
    for teacher in (*names_study.LEFT_OUT, *names_study.CLASSIFIERS):
        names_study.taught(teacher, con.Recipe(2, 8), 0)
    every = list(whole.names)
    plain = [name for name in every if glyphs.plain_digit(name) is not None]
    lone = [name for name in every if glyphs.lone_digit(name) is not None]
    assert shown["names"] == shown["names, no jitter"] == every
    assert shown["names, no plain digits"] == [name for name in every if name not in plain]
    assert shown["names, no digit that stands alone"] == [x for x in every if x not in lone]
    assert shown["the fonts' digits"] == [glyphs.plain_digit(name) for name in plain]
    assert shown["every digit that stands alone"] == [glyphs.lone_digit(name) for name in lone]
    assert len(every) > len(lone) > len(plain) == 10


def test_both_sides_of_a_comparison_have_the_same_rates_and_steps(names_study):
    def tried(teacher, asked):
        grid = product(names_study.GRID["rate"], names_study.GRID["steps"])
        return [x for x in grid if names_study._keep(teacher, *x, asked, 0)]

    assert len(tried("names", "DIGIT")) == 7
    assert tried("the fonts' digits", "its classes") == tried("names", "DIGIT")
    short = [(rate, steps) for rate, steps in tried("names", "DIGIT") if steps < 4000]
    assert tried("every digit that stands alone", "its classes") == short
    for way in ("ids", "pictures alone", "pictures alone, no jitter"):
        assert tried(way, "5 labels") == [(0.01, 1000), (0.03, 1000)]


def test_a_regression_on_features_by_hand():
    features, answers = np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0, 0, 1, 1])
    taught = features[[0, 2]], answers[[0, 2]]
    assert con.probed(*taught, features, answers) == 1
    assert con.probed(*taught, features, 1 - answers) == 0
    assert con.probed(*taught, features, np.array([0, 1, 1, 1])) == 0.75
    assert con.probed(np.ones((2, 3)), [0, 1], np.ones((4, 3)), [0, 0, 0, 0]) in (0, 1)


def test_the_scale_of_features_does_not_count_and_the_penalty_does():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(260, 40))
    kinds = (features[:, 0] + rng.normal(size=260) > 0).astype(int)
    parts = features[:60], kinds[:60], features[60:], kinds[60:]
    louder = 1000 * features[:60], kinds[:60], 1000 * features[60:], kinds[60:]
    assert con.probed(*parts) == con.probed(*louder)
    assert con.probed(*parts, strength=1e-4) < 0.6 < con.probed(*parts)  # it learns next to nothing


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: con.Recipe(steps=1), "steps is 1"),
        (lambda: con.Recipe(batch=1), "batch is 1"),
        (lambda: con.Recipe(rate=0), "rate is 0"),
        (lambda: con.info_nce(torch.ones(2, 3), torch.ones(3, 3), 1), "of one shape"),
        (lambda: con.info_nce(torch.ones(1, 3), torch.ones(1, 3), 1), "of one shape"),
        (lambda: con.info_nce(torch.ones(2, 3), torch.ones(2, 3), 0), "temperature is 0"),
        (lambda: con.by_names(PLAIN.pictures, PLAIN.names[1:], SHORT, seed=0), "as many"),
        (lambda: con.by_labels(PLAIN.pictures[:1], [0], SHORT, seed=0), "two or more"),
        (lambda: con.by_pictures(PLAIN.pictures[:, :3], SHORT, seed=0), "squares"),
        (lambda: con.Encoder(14, seed=0).features(np.zeros((1, 16, 16))), "squares"),
        (lambda: con.probed([[1.0], [2]], [0, 1], [[1.0]], [0], 0), "strength is 0"),
        (lambda: con.probed([[1.0], [2]], [0], [[1.0]], [0]), "one label a point"),
        (lambda: con.probed([[1.0], [np.nan]], [0, 1], [[1.0]], [0]), "NaN"),
    ],
)
def test_what_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_rate_that_breaks_training_is_told():
    with pytest.raises(FloatingPointError, match="lower the rate"):
        con.by_labels(PLAIN.pictures, PLAIN.names, con.Recipe(steps=20, batch=8, rate=1e30), seed=0)
