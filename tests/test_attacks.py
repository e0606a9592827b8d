"""What is refused, as one table: a call, and what the message must say.

Each row is a mistake that a reader makes or that once went through in silence.
"""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from datawall import validate
from datawall.collapse import expectations, policies, remedy_expectations
from datawall.collapse.loop import chains, run
from datawall.collapse.policies import Filter, Fresh, Mix, Own, Weighted, Within
from datawall.evidence.replicate import replicate
from datawall.generators import combined, measures
from datawall.generators.closed_forms import Categorical, Gaussian, Mixture
from datawall.generators.combined import Committee, PerClass, tempered
from datawall.generators.grading import unseen_plays
from datawall.generators.language import LanguageModel
from datawall.generators.networks import VAE, Diffusion
from datawall.generators.protocol import Degenerate, Diverged
from datawall.lm import train
from datawall.lm.model import Config, Transformer
from datawall.lm.sampling import sample
from datawall.lm.train import Job, Recipe
from datawall.text import corpus, quality
from datawall.text.corpus import Corpus, Vocabulary
from datawall.worlds import rare
from datawall.worlds.render import Knobs, paste, photographs, render, vary
from datawall.worlds.vision import accuracy, answers, classifier, learn, locator

NAN = math.nan
RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(40, 2))
LINE = POINTS[:, 0]
LABELLED = POINTS, np.arange(40) % 2
NORMAL = Gaussian().fit([-1.0, 1.0], seed=0)
ROWS = torch.from_numpy(RNG.integers(5, size=(32, 8)))
TINY = LanguageModel(5, tokens=600, width=16, layers=1, recipe=Recipe(warmup=2))
SHAPE = Config(5, width=16, layers=1, context=9)
MARKED = Config(6, width=16, layers=1, context=9)  # with an id for a row's start
MODEL = Transformer(SHAPE, seed=0)
PROMPT = torch.zeros(2, 1, dtype=torch.long)
TEXT = torch.arange(2_000) % 5
IMAGES = np.zeros((20, 14, 14), np.float32)
DIGITS = np.arange(20) % 10
CASES = rare.Cases(np.arange(12.0)[:, None], np.arange(12) % 3 == 0, np.arange(12), ("x",))
CHANCES, TRUTH = np.array([0.9, 0.6, 0.4, 0.2]), np.array([1, 0, 1, 0])


@pytest.fixture(scope="module")
def fitted():
    """Every generator, fitted once and small."""
    made = {
        "Gaussian": Gaussian().fit(POINTS, seed=0),
        "Categorical": Categorical().fit(DIGITS, seed=0),
        "Mixture": Mixture(2).fit(POINTS, seed=0),
        "VAE": VAE(latent=1, hidden=8, steps=3).fit(POINTS, seed=0),
        "Diffusion": Diffusion(levels=3, hidden=8, layers=1, steps=3).fit(POINTS, seed=0),
        "LanguageModel": TINY.fit(ROWS, seed=0),
        "PerClass": PerClass(Gaussian()).fit(LABELLED, seed=0),
        "Committee": Committee((Gaussian(), Gaussian())).fit(POINTS, seed=0),
        "Metered": combined.Metered(Gaussian()).fit(LABELLED, seed=0),
    }
    return made


def spoiled(image=0):
    images = IMAGES.copy()
    images[image, 3, 3] = NAN
    return images


def broken(net):
    """The same network with NaN for weights."""
    with torch.no_grad():
        for p in net.parameters():
            p.fill_(NAN)
    return net


def went(policy, generations=3, data=LINE, generator=None):
    return list(run(generator or Gaussian(), policy, data, generations, seed=0))


def side_by_side(policy, **changes):
    usual = dict(generator=Gaussian(), source=NORMAL, size=6, generations=4, count=3, seed=0)
    return chains(policy=policy, **(usual | changes))


def filtered(give, data=POINTS):
    return went(Filter(lambda rows, past: give(rows)), data=data)


class Gives:
    """A source or a policy that gives what it was made with."""

    def __init__(self, value):
        self.value = value

    def sample(self, n, *, seed):
        return self.value

    def __call__(self, past, size, *, seed):
        return policies.Next(self.value, self.value)


TABLE = {
    "lm: shapes": [
        (lambda: Config(5, hidden=0), "hidden is 0: give a whole number, at least 1"),
        (lambda: Config(5, heads=0), "heads is 0"),
        (lambda: Config(5, width=0), "width is 0"),
        (lambda: Config(0), "vocab is 0"),
        (lambda: Config(5, width=64.0), "width is 64.0: give a whole number"),
        (lambda: Config(5, layers=True), "layers is True: give a whole number"),
        (lambda: Config(5, context="64"), "context is '64': give a whole number"),
        (lambda: Config(5, dropout=NAN), "dropout is nan: give a finite number"),
        (lambda: Config(5, dropout=1.0), "at least 0 and below 1"),
    ],
    "lm: recipes": [
        (lambda: Recipe(clip=-1), "clip is -1: give a finite number, above 0"),
        (lambda: Recipe(clip=0), "clip is 0"),
        (lambda: Recipe(clip=NAN), "clip is nan"),
        (lambda: Recipe(warmup=-5), "warmup is -5: give a whole number, at least 1"),
        (lambda: Recipe(warmup=0), "warmup is 0"),
        (lambda: Recipe(rate=0), "rate is 0: give a finite number, above 0"),
        (lambda: Recipe(rate=NAN), "rate is nan"),
        (lambda: Recipe(rate=math.inf), "rate is inf"),
        (lambda: Recipe(decay=-0.1), "decay is -0.1: give a share between 0 and 1"),
        (lambda: Recipe(decay=1.5), "decay is 1.5"),
        (lambda: Recipe(decay=NAN), "decay is nan"),
        (lambda: Recipe(batch=0), "batch is 0"),
        (lambda: Recipe(batch=2.5), "batch is 2.5"),
        (lambda: Recipe(weight_decay=-1), "weight_decay is -1"),
    ],
    "lm: jobs": [
        (lambda: Job(SHAPE, [2e5], seed=0), "budgets is 200000.0: give a whole number"),
        (lambda: Job(SHAPE, [NAN], seed=0), "budgets is nan"),
        (lambda: Job(SHAPE, [0], seed=0), "budgets is 0"),
        (lambda: Job(SHAPE, [100], seed=0, unique=0), "unique is 0"),
        (lambda: Job(SHAPE, [100], seed=0, unique=1e3), "unique is 1000.0"),
        (lambda: Job(SHAPE, [100], seed=0, text=TEXT.float()), "the tokens are torch.float32"),
        (lambda: Job(SHAPE, [100], seed=0, text=ROWS), r"of shape \(32, 8\)"),
        (lambda: train.run(Job(SHAPE, [800], seed=0), "to be", TEXT), "the tokens are str"),
    ],
    "lm: windows": [
        (lambda: corpus.windows(TEXT, 9, -1, seed=0), "count is -1: give a whole number"),
        (lambda: corpus.windows(TEXT, 0, 5, seed=0), "context is 0"),
        (lambda: corpus.windows(TEXT, 9, 2.5, seed=0), "count is 2.5"),
        (lambda: corpus.windows(TEXT[:0], 9, 5, seed=0), "the text has 0 to predict"),
        (lambda: corpus.windows(ROWS, 9, 5, seed=0), r"give a tensor \(tokens,\)"),
        (lambda: corpus.windows(TEXT.numpy(), 9, 5, seed=0), "the tokens are int64 of shape"),
    ],
    "lm: sampling": [
        (lambda: sample(MODEL, PROMPT, 2, NAN, seed=0), r"temperature is nan: give 0"),
        (lambda: sample(MODEL, PROMPT, 2, -1, seed=0), "temperature is -1"),
        (lambda: sample(MODEL, PROMPT, 2, 1e-40, seed=0), "a number of at least 1e-06"),
        (lambda: sample(MODEL, PROMPT, 2, math.inf, seed=0), "temperature is inf"),
        (lambda: sample(MODEL, PROMPT, -1, seed=0), "length is -1"),
        (lambda: sample(MODEL, PROMPT, 2, together=0, seed=0), "together is 0"),
        (lambda: sample(MODEL, PROMPT + 5, 2, seed=0), "ids of the prompt run from 5 to 5"),
        (lambda: sample(MODEL, PROMPT.float(), 2, seed=0), "ids of the prompt of type float32"),
        (lambda: sample(MODEL, PROMPT[0], 2, seed=0), r"shape \(1,\): give a tensor"),
    ],
    "generators: knobs": [
        (lambda: Gaussian(ddof=True), r"ddof is True: give 0 \(likelihood\)"),
        (lambda: Gaussian(shrink=0.5), "shrink is 0.5: give True or False"),
        (lambda: Gaussian(temperature=NAN), "temperature is nan"),
        (lambda: Gaussian(temperature=math.inf), "temperature is inf"),
        (lambda: Categorical(0), "kinds is 0"),
        (lambda: Mixture(2.0), "components is 2.0"),
        (lambda: Mixture(covariance="round"), "give one of full, tied, diag, spherical"),
        (lambda: Mixture(floor=-1), "floor is -1"),
        (lambda: Mixture(tolerance=NAN), "tolerance is nan"),
        (lambda: VAE(hidden=-1), "hidden is -1: give a whole number, at least 0"),
        (lambda: VAE(rate=0), "rate is 0"),
        (lambda: VAE(noise=0.1), "noise is 0.1: give True or False"),
        (lambda: Diffusion(hidden=0), "hidden is 0"),
        (lambda: Diffusion(rate=NAN), "rate is nan"),
        (lambda: LanguageModel(5, width=0), "width is 0"),
        (lambda: LanguageModel(5, temperature=1e-40), "temperature is 1e-40"),
        (lambda: Committee(()), "give one or more generators"),
        (lambda: tempered(NORMAL, NAN), "temperature is nan"),
        (lambda: unseen_plays(1), "length is 1: give a whole number, at least 2"),
    ],
    "generators: data": [
        (lambda: Gaussian().fit("text", seed=0), "the points aren't numbers"),
        (lambda: Gaussian().fit([[1, 2], [3]], seed=0), "aren't numbers of one shape"),
        (lambda: PerClass(Gaussian()).fit(POINTS, seed=0), r"give \(points, labels\)"),
        (lambda: PerClass(Gaussian()).fit((LINE, LINE * NAN), seed=0), "labels hold NaN"),
        (lambda: PerClass(Gaussian()).fit((LINE, POINTS), seed=0), r"labels of shape \(40, 2\)"),
        (lambda: TINY.fit(ROWS.numpy().astype(float), seed=0), "encode what you have"),
    ],
    "measures": [
        (lambda: measures.support(LINE, LINE, k=0), "k is 0"),
        (lambda: measures.support(LINE, LINE, k=1.5), "k is 1.5"),
        (lambda: measures.support(LINE, LINE * NAN), "points hold NaN or infinity in 40 of 40"),
        (lambda: measures.oddness(LINE, LINE, k=0), "k is 0"),
        (lambda: measures.full_coverage(4, 10, 5), "real is 4: give a whole number, at least 5"),
        (lambda: measures.full_coverage(10, 10, 0), "k is 0"),
        (lambda: measures.two_sample(LINE, LINE, folds=1, seed=0), "folds is 1"),
        (lambda: measures.similarity(LINE, LINE, 0), "bandwidth is 0"),
        (lambda: measures.similarity(LINE, LINE, NAN), "bandwidth is nan"),
        (lambda: measures.copies(LINE, LINE, LINE, NAN), "level is nan"),
        (lambda: measures.planted(["abc"], [-1], seed=0), "a number of copies is -1"),
        (lambda: measures.planted([""], [1], seed=0), "a passage is empty"),
        (lambda: measures.planted("abc", [1, 1, 1], seed=0), "give a list of texts"),
        (lambda: measures.grade([0.2, 0.9], [True], seed=0), "of type float64: give booleans"),
        (lambda: measures.vendi([[1.0, NAN], [NAN, 1.0]]), "similarities hold NaN"),
        (lambda: measures.spread(LINE, DIGITS), "40 points with 20 labels"),
        (lambda: measures.spread(LINE, LINE * NAN), "labels hold NaN"),
        (lambda: measures.kinds([NAN, 1.0]), "labels hold NaN"),
        (lambda: measures.distinct(ROWS, 0, 8), "n is 0"),
        (lambda: measures.distinct(ROWS, 2, 0), "tokens is 0"),
        (lambda: measures.distinct(ROWS.float(), 2, 8), "tokens of type float32"),
        (lambda: measures.repeated(ROWS, 9), "n is 9, and a row has 8 tokens"),
        (lambda: measures.repeated(ROWS, 0), "n is 0"),
        (lambda: measures.perplexity([NAN]), "cross-entropies hold NaN"),
        (
            lambda: measures.usefulness((POINTS, DIGITS), LABELLED, LABELLED),
            "40 points with 20 labels",
        ),
        (
            lambda: measures.usefulness(LABELLED, LABELLED, (LINE, LABELLED[1])),
            "have 1 numbers each, and 2 are needed",
        ),
    ],
    "collapse: the loop": [
        (lambda: went(Own(), 0), "generations is 0"),
        (lambda: went(Own(), 2.0), "generations is 2.0"),
        (lambda: side_by_side(Own(), size=1), "size is 1"),
        (lambda: side_by_side(Own(), count=0), "count is 0"),
        (lambda: side_by_side(Own(), generator=Mixture()), "chains of Mixture: give a Gaussian"),
        (lambda: side_by_side(Own(), source=Gives(np.ones(18))), "can't be learned from"),
        (lambda: side_by_side(Own(), source=Gives(np.ones((18, 2)))), r"rows of shape \(2,\)"),
        (lambda: side_by_side(Own(), source=Gives(np.ones(18) * NAN)), "hold NaN"),
        (lambda: side_by_side(Gives(np.ones(6))), r"shape \(6,\) for 3 chains"),
        (lambda: side_by_side(Gives(np.ones((6, 2)))), r"shape \(6, 2\) for 3 chains"),
    ],
    "collapse: policies": [
        (lambda: Own(-1), "temperature is -1"),
        (lambda: Own(NAN), "temperature is nan"),
        (lambda: Mix((Own(), Own()), (NAN, 1.0)), "shares that add up to 1"),
        (lambda: Filter(len, tries=0), "tries is 0: give a whole number, at least 1"),
        (lambda: Filter(len, tries=-3), "tries is -3"),
        (lambda: policies.Grow(-1), "power is -1"),
        (lambda: policies.Exchange(0), "members is 0"),
        (lambda: Within(0), "reach is 0"),
        (lambda: Within(NAN), "reach is nan"),
        (lambda: Within(1, beyond=2), "beyond is 2"),
        (lambda: Weighted(Own(), NAN, 0.5), "weight from the share"),
        (lambda: went(Weighted(policies.Redraw(), 0.01, 0.5)), "share of 0.01 of 40 rows is 0"),
        (lambda: went(Filter(Within(1))), "Within is for `loop.chains`"),
        (
            lambda: went(Filter(lambda x, past: policies.surprise((x, x), past) < 0.5)),
            "surprise is for `PerClass` of Gaussians, and this is FittedGaussian",
        ),
    ],
    "collapse: a filter's mask": [
        (lambda: filtered(lambda x: x > 0), r"has shape \(40, 2\): give booleans of shape \(40,\)"),
        (lambda: filtered(lambda x: x[:, 0]), "is of type float64: give booleans"),
        (lambda: filtered(lambda x: np.full(len(x), NAN)), "of type float64"),
        (lambda: filtered(lambda x: np.ones(len(x), int)), "of type int64"),
        (lambda: filtered(lambda x: np.array([True] * 3)), r"has shape \(3,\)"),
        (lambda: filtered(lambda x: True), r"has shape \(\)"),
        (
            lambda: side_by_side(Filter(lambda x, past: x[:, 0] > 0)),
            r"has shape \(6,\): give booleans of shape \(6, 3\)",
        ),
    ],
    "collapse: theory": [
        (lambda: expectations.moments(2.5, 3), "n is 2.5"),
        (lambda: expectations.moments(10, 3, ddof=2), "ddof is 2"),
        (lambda: expectations.moments(10, 3, fresh=NAN), "fresh is nan"),
        (lambda: expectations.accumulated(1, 3), "n is 1"),
        (lambda: expectations.accumulated_limit(0), "n is 0"),
        (lambda: expectations.fresh_limit(10, 2.0), "share is 2.0: give a share"),
        (lambda: expectations.fresh_limit(10, -0.1), "share is -0.1"),
        (lambda: expectations.fresh_limit(1, 0.1), "n is 1"),
        (lambda: expectations.deviation(10, -1), "generations t hold -1"),
        (lambda: expectations.distance(10, NAN), "generations t hold NaN"),
        (lambda: expectations.log_variance(10, [1, -2]), "generations t hold -2"),
        (lambda: expectations.heterozygosity([0.5, 0.7], 10, 1), "add up to 1.2"),
        (lambda: expectations.heterozygosity([1.5, -0.5], 10, 1), "chances hold -0.5"),
        (lambda: expectations.heterozygosity([0.5, 0.5], 0, 1), "n is 0"),
        (lambda: expectations.heterozygosity([0.5, 0.5], 10, -1), "generations t hold -1"),
        (lambda: expectations.survival(-1), "generations is -1"),
        (lambda: expectations.word_survival(-1, 3), "counts hold -1"),
        (lambda: expectations.mode_weight(0.5, 1, 3), "n is 1"),
        (lambda: expectations.zipf(0, 1.2), "kinds is 0"),
        (lambda: expectations.zipf(5, NAN), "b is nan"),
    ],
    "collapse: theory of remedies": [
        (lambda: remedy_expectations.shifted(10, 5, 0.5), "rows hold 5: give .* above 11"),
        (lambda: remedy_expectations.shifted(10, 50, 1.5), "share is 1.5"),
        (lambda: remedy_expectations.shifted(10, 50, 0.5, NAN), "shift hold NaN"),
        (lambda: remedy_expectations.rescaled(10, 3, -0.5), "factor is -0.5"),
        (lambda: remedy_expectations.weighted(-1, 10, 0.5, 3), "real is -1"),
        (lambda: remedy_expectations.weighted(5, 10, 0.5, 0), "generations is 0"),
        (lambda: remedy_expectations.weighted(5, 10, 1.5, 3), "weight is 1.5"),
        (lambda: remedy_expectations.growing([]), "there are no sizes"),
        (lambda: remedy_expectations.growing([0.5]), "sizes hold 0.5"),
        (lambda: remedy_expectations.typical(0), "reach is 0"),
        (lambda: remedy_expectations.surprising(-1), "reach is -1"),
        (lambda: remedy_expectations.golden(-1), "ratio is -1: give real points over"),
        (lambda: remedy_expectations.golden(NAN), "ratio is nan"),
        (lambda: remedy_expectations.stationary(5, 10, 0.0), "weights hold 0: give .* above 0"),
        (lambda: remedy_expectations.stationary(0, 10, 0.5), "real is 0"),
        (lambda: remedy_expectations.subsampled(1, 3), "n is 1"),
        (lambda: remedy_expectations.redrawn(10, 1.5, 3), "share is 1.5"),
        (lambda: remedy_expectations.exchanged(10, 0, 3), "members is 0"),
        (lambda: remedy_expectations.distilled(10, 0), "generations is 0"),
        (lambda: remedy_expectations.least_squares(0, 10, 3), "features is 0"),
        (
            lambda: remedy_expectations.regressions(4, 5, 3, True, True, 9, seed=0),
            "give at least 6 rows",
        ),
        (lambda: remedy_expectations.verifier_threshold(NAN, 0.5), "right is nan"),
        (lambda: remedy_expectations.verifier_threshold(0.5, 1.5), "wrong is 1.5"),
    ],
    "worlds: drawn digits": [
        (lambda: render([1], Knobs(), 28.0, seed=0), "side is 28.0"),
        (lambda: render([[1]], seed=0), "give a list of whole numbers"),
        (lambda: Knobs(shift="3"), "the knob shift is '3': give a finite number"),
        (lambda: Knobs(shift=3).times(NAN), "strength is nan"),
        (lambda: Knobs(shift=3).times(-1), "strength is -1"),
        (lambda: vary(spoiled(4), Knobs(), seed=0), "1 of 20 images, the first in place 4, hold"),
        (lambda: paste(spoiled(), 28, seed=0), "1 of 20 parts"),
        (lambda: paste(IMAGES, 28.5, seed=0), "side is 28.5"),
        (lambda: photographs(-1, 14, seed=0), "n is -1"),
        (lambda: photographs(2, 0, seed=0), "side is 0"),
    ],
    "worlds: networks": [
        (lambda: classifier(0, seed=0), "side is 0"),
        (lambda: classifier(classes=0, seed=0), "classes is 0"),
        (lambda: locator(width=0, seed=0), "width is 0"),
        (
            lambda: learn(classifier(seed=0), [(spoiled(), DIGITS)], 2, seed=0),
            "1 of 20 images, the first in place 0, hold NaN",
        ),
        (
            lambda: learn(classifier(seed=0), [(IMAGES[0], DIGITS[:14])], 2, seed=0),
            r"images of shape \(14, 14\): give squares",
        ),
        (lambda: learn(classifier(seed=0), [(IMAGES, DIGITS * NAN)], 2, seed=0), "targets hold"),
        (lambda: learn(classifier(seed=0), [(IMAGES, DIGITS)], 0, seed=0), "steps is 0"),
        (lambda: learn(classifier(seed=0), [(IMAGES, DIGITS)], 2, rate=NAN, seed=0), "rate is nan"),
        (lambda: learn(classifier(seed=0), [(IMAGES, DIGITS)], 2, batch=0, seed=0), "batch is 0"),
        (lambda: answers(classifier(seed=0), spoiled()), "1 of 20 images"),
        (lambda: answers(classifier(seed=0), IMAGES[0]), "give squares"),
        (lambda: accuracy(classifier(seed=0), IMAGES, DIGITS[:7]), "20 points with 7 labels"),
    ],
    "worlds: rare cases": [
        (lambda: rare.split(CASES, 2, test=1.0, seed=0), "test is 1.0"),
        (lambda: rare.split(CASES, 2, test=NAN, seed=0), "test is nan"),
        (lambda: rare.split(CASES, 1.5, seed=0), "rare is 1.5"),
        (lambda: rare.split(CASES._replace(rare=[1, 0]), 1, seed=0), "12 points with 2 rare"),
        (lambda: rare.split(CASES._replace(groups=[1]), 1, seed=0), "12 points with 1 groups"),
        (
            lambda: rare.split(CASES._replace(features=CASES.features * NAN), 1, seed=0),
            "features hold NaN",
        ),
        (lambda: rare.material("SMOTE", POINTS, TRUTH, seed=0), "40 points with 4 rare"),
        (lambda: rare.material("SMOTE", POINTS, np.full(40, 2), seed=0), "other values than 0"),
        (lambda: rare.material("SMOTE", POINTS * NAN, LABELLED[1], seed=0), "features hold NaN"),
        (lambda: rare.scores(CHANCES * NAN, TRUTH, 5, 0.5), "scores hold NaN"),
        (lambda: rare.scores(CHANCES * 2, TRUTH, 5, 0.5), "scores hold 1.8: give .* at most 1"),
        (lambda: rare.scores(CHANCES, TRUTH[:3], 5, 0.5), "4 points with 3 rare"),
        (lambda: rare.scores(CHANCES, 0 * TRUTH, 5, 0.5), "give cases of both kinds"),
        (lambda: rare.scores(CHANCES, TRUTH, 0, 0.5), "cost more than nothing"),
        (lambda: rare.scores(CHANCES, TRUTH, 5, NAN), "threshold hold NaN"),
        (lambda: rare.alarms(CHANCES, 0 * TRUTH, [0.5]), "give cases of both kinds"),
        (lambda: rare.alarms(CHANCES, TRUTH, [1.5]), "stops hold 1.5"),
        (lambda: rare.decision_threshold(NAN), "ratio is nan"),
        (lambda: rare.cost(CHANCES, TRUTH, -1, 0.5), "cost more than nothing"),
        (lambda: rare.best_threshold(CHANCES * NAN, TRUTH, 5), "scores hold NaN"),
        (lambda: rare.balancing_shift(NAN), "rate is nan"),
    ],
    "text": [
        (lambda: Corpus({}).split(seed=0), "one document of one line, or none"),
        (lambda: Corpus({"a": "b"}).pages(0), "length is 0"),
        (lambda: Corpus({"a": "b", "c": "d"}).split(NAN, seed=0), "validation is nan"),
        (lambda: Vocabulary(""), "text is empty"),
        (lambda: Vocabulary(["a", "b"]), r"text is \['a', 'b'\]: give a text"),
        (lambda: Vocabulary("aaa", least=0), "least is 0"),
        (lambda: Vocabulary("aaa", least=1).decode(torch.tensor([-1])), "ids run from -1"),
        (lambda: corpus.docstrings("numpy"), "packages is one text, 'numpy': give a list"),
        (lambda: quality.judge("good", ["bad"]), "good is one text, 'good': give a list"),
        (lambda: quality.judge(["good"], [1]), "bad has 1 in place 0"),
        (lambda: quality.exact_duplicates("abc"), "give a list of texts"),
        (lambda: quality.near_duplicates(["a"], NAN, seed=0), "threshold is nan"),
        (lambda: quality.near_duplicates(["a"], hashes=1, seed=0), "hashes is 1"),
    ],
    "evidence": [
        (lambda: replicate(lambda seed: {"x": 1}, seeds=[0], workers=0), "workers is 0"),
        (lambda: replicate(lambda seed: {"x": 1}, seeds=[0], workers=2.0), "workers is 2.0"),
    ],
}
ROWS_OF_THE_TABLE = [
    pytest.param(call, words, id=f"{part} {i}")
    for part, attacks in TABLE.items()
    for i, (call, words) in enumerate(attacks)
]


@pytest.mark.parametrize("call, words", ROWS_OF_THE_TABLE)
def test_what_is_refused(call, words):
    with pytest.raises(ValueError, match=words) as caught:
        call()
    assert not isinstance(caught.value, Degenerate)  # the caller's fault is no end of a chain


KINDS = (
    "Gaussian",
    "Categorical",
    "Mixture",
    "VAE",
    "Diffusion",
    "LanguageModel",
    "PerClass",
    "Committee",
    "Metered",
)


@pytest.mark.parametrize("n", [0, -1, 2.0, NAN])
@pytest.mark.parametrize("kind", KINDS)
def test_no_sample_of_none(fitted, kind, n):
    with pytest.raises(ValueError, match=f"n is {n}: give a whole number, at least 1"):
        fitted[kind].sample(n, seed=0)


def test_a_sample_that_is_refused_costs_nothing():
    metered = combined.Metered(Gaussian())
    model = metered.fit(LABELLED, seed=0)
    with pytest.raises(ValueError, match="n is 0"):
        model.sample(0, seed=0)
    assert metered.meter["drawn"] == 0


def test_points_of_another_shape_for_a_fitted_network(fitted):
    for name, call in (("VAE", "bound"), ("Diffusion", "score")):
        use = getattr(fitted[name], call)
        arguments = {"level": 1} if name == "Diffusion" else {"seed": 0}
        with pytest.raises(ValueError, match="have 1 numbers each, and 2 are needed"):
            use(LINE, **arguments)  # broadcasting would give it two
        with pytest.raises(ValueError, match="points hold NaN"):
            use(POINTS * NAN, **arguments)
    with pytest.raises(ValueError, match="draws is 0"):
        fitted["VAE"].bound(POINTS, 0, seed=0)
    with pytest.raises(ValueError, match=r"level is 1\.5"):
        fitted["Diffusion"].score(POINTS, 1.5)


def test_rows_that_a_language_model_cannot_read(fitted):
    model = fitted["LanguageModel"]
    with pytest.raises(ValueError, match=r"\(count, length\), up to 9 tokens"):
        model.nats(torch.zeros(3, 12, dtype=torch.long))
    with pytest.raises(ValueError, match="ids of type float32"):
        model.nats(torch.full((3, 8), 0.5))


# What can't be fitted or sampled, as opposed to what is a mistake --------------------------------


@pytest.mark.parametrize(
    "generator, data, words",
    [
        (Gaussian(), np.ones(5), "no spread"),
        (Mixture(5), np.arange(4.0), "fewer components"),
        (Mixture(2, floor=0.0), np.array([0.0, 0, 0, 9, 9]), "lower the components"),
        (Categorical(), np.array([], int), "there are no ids"),
        (PerClass(Gaussian()), (np.array([]), np.array([])), "at least one point"),
        (PerClass(Gaussian()), (np.arange(3.0), [0, 0, 1]), "class 1: one point"),
        (TINY, torch.zeros(0, 8, dtype=torch.long), "there are no ids"),
        (VAE(latent=1, hidden=8, steps=20, rate=1e30), POINTS, "lower the rate"),
        (
            dataclasses.replace(TINY, recipe=Recipe(warmup=2, rate=1e30, clip=math.inf)),
            ROWS,
            "lower the learning rate",
        ),
    ],
)
def test_data_that_cannot_be_fitted_have_an_error_of_their_own(generator, data, words):
    with pytest.raises(Degenerate, match=words):
        generator.fit(data, seed=0)


def test_a_network_that_diverges_is_a_floating_point_error_too():
    with pytest.raises(FloatingPointError, match="lower the rate"):
        Diffusion(levels=3, hidden=8, layers=1, steps=20, rate=1e30).fit(POINTS, seed=0)
    assert issubclass(Diverged, Degenerate)


def test_logits_that_are_no_numbers_are_told():
    model = broken(Transformer(SHAPE, seed=0))
    for temperature in (0, 1.0):
        with pytest.raises(FloatingPointError, match="logits hold NaN"):
            sample(model, PROMPT, 2, temperature, seed=0)


def test_a_language_model_that_cannot_write_says_so(fitted):
    model = fitted["LanguageModel"]
    with pytest.raises(Diverged, match="logits hold NaN"):
        dataclasses.replace(model, model=broken(Transformer(MARKED, seed=0))).sample(3, seed=0)
    only_marks = Transformer(MARKED, seed=0)
    with torch.no_grad():
        always = torch.tensor([1.0, -1.0]).repeat(8)  # the direction that every place has
        only_marks.places[:] = 1_000 * always
        only_marks.tokens[0, :5], only_marks.tokens[0, 5] = -9 * always, 9 * always
    endless = dataclasses.replace(model, model=only_marks)
    with pytest.raises(Degenerate, match="rows in succession have a mark"):
        endless.sample(2, seed=0)
    with pytest.raises(Degenerate, match="the likeliest row has a mark"):
        tempered(endless, 0.0).sample(2, seed=0)


def test_a_network_that_learnt_nothing_but_nan_says_so():
    net = broken(classifier(seed=0))
    with pytest.raises(FloatingPointError, match="the loss is nan after 2 steps"):
        learn(net, [(IMAGES, DIGITS)], 2, seed=0)
    with pytest.raises(FloatingPointError, match="answers hold NaN"):
        accuracy(net, IMAGES, DIGITS)
    with pytest.raises(FloatingPointError, match="answers hold NaN"):
        answers(broken(locator(seed=0)), np.zeros((2, 32, 32)))
    places = np.zeros((20, 2), np.float32)
    with pytest.raises(FloatingPointError, match="the loss is"):
        learn(broken(locator(14, seed=0)), [(IMAGES, places)], 2, loss=F.smooth_l1_loss, seed=0)


# A fault in the experiment is no collapse ---------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Faulty:
    """A reader's generator, right on real data, with a mistake in `fit` or `sample` after that."""

    error: Exception
    where: str
    later: bool = False

    def fit(self, data, *, seed):
        if self.later and self.where == "fit":
            raise self.error
        return dataclasses.replace(self, later=True)

    def sample(self, n, *, seed):
        if self.where == "sample":
            raise self.error
        return np.random.default_rng(seed).normal(size=n)


class Twice:
    """Fits by another generator, but from the second fit on does what `Faulty` does."""

    def __init__(self, error):
        self.error, self.fits = error, 0

    def fit(self, data, *, seed):
        self.fits += 1
        if self.fits > 1:
            raise self.error
        return Gaussian().fit(data, seed=seed)


MISTAKES = [
    ValueError("shapes (3,2) and (3,2) not aligned"),
    FloatingPointError("underflow"),
    IndexError("index 7 is out of bounds"),
    np.linalg.LinAlgError("Singular matrix"),
]


@pytest.mark.parametrize("error", MISTAKES, ids=lambda e: type(e).__name__)
def test_a_mistake_is_raised_with_its_traceback(error):
    for generator in (Twice(error), Faulty(error, "sample")):
        with pytest.raises(type(error)) as caught:
            went(Own(), generator=generator)
        assert caught.value is error
        assert {"fit", "sample"} & {entry.name for entry in caught.traceback}
    with pytest.raises(type(error)) as caught:
        went(Fresh(Faulty(error, "sample")))
    assert caught.value is error


def test_a_mistake_in_one_class_is_named():
    with pytest.raises(ValueError, match="not aligned") as caught:
        PerClass(Faulty(MISTAKES[0], "fit", later=True)).fit(LABELLED, seed=0)
    assert caught.value is MISTAKES[0]
    assert "in the fit of class 0" in caught.value.__notes__


def test_what_degenerates_ends_the_chain():
    for generator in (Twice(Degenerate("gone")), Faulty(Diverged("gone"), "sample")):
        last = went(Own(), generator=generator)[-1]
        assert (last.number, last.fitted) == (2, None) and "gone" in last.ended


# Chains side by side: the end of one is not the end of its neighbours -----------------------------


def all_but(column):
    """A filter that passes everything, but in the third generation nothing of one chain."""

    def keep(rows, past):
        passed = np.ones(rows.shape, bool)
        passed[:, column] = past.generation < 2
        return passed

    return keep


@pytest.mark.parametrize("around", [lambda p: p, lambda p: policies.Accumulate(p)])
def test_a_chain_that_a_filter_ends_ends_alone(around):
    policy = around(Filter(all_but(1), tries=2))
    free = around(Filter(lambda rows, past: np.ones(rows.shape, bool), tries=2))
    found, neighbours = (side_by_side(p, size=20, generations=6) for p in (policy, free))
    assert found.ended.tolist() == [0, 3, 0]
    assert (found.variance[2:, 1] == 0).all() and (found.variance[:2, 1] > 0).all()
    assert (found.mean[2:, 1] == found.mean[1, 1]).all()
    for healthy in (0, 2):
        assert np.array_equal(found.variance[:, healthy], neighbours.variance[:, healthy])
        assert np.array_equal(found.mean[:, healthy], neighbours.mean[:, healthy])


def test_a_flat_chain_does_not_end_its_neighbours_under_a_filter():
    source = NORMAL.sample(60, seed=3).reshape(20, 3)
    source[:, 1] = 4.0
    found = side_by_side(Filter(Within(3.0)), source=Gives(source), size=20, generations=8)
    assert found.ended.tolist() == [0, 1, 0]
    assert (found.variance[:, [0, 2]] > 0).all()
    assert (found.mean[:, 1] == 4).all() and (found.variance[:, 1] == 0).all()


@pytest.mark.parametrize("bad", [NAN, math.inf])
def test_a_chain_that_is_not_finite_ends_alone(bad):
    @dataclasses.dataclass(frozen=True)
    class Spoils:
        def __call__(self, past, size, *, seed):
            rows = Own()(past, size, seed=seed).train
            rows[0, 2] = bad if past.generation == 2 else rows[0, 2]
            return policies.Next(rows, rows)

    found, clean = (side_by_side(p, size=20, generations=6) for p in (Spoils(), Own()))
    assert found.ended.tolist() == [0, 0, 3]
    assert np.array_equal(found.variance[:, :2], clean.variance[:, :2])
    assert (found.mean[2:, 2] == clean.mean[1, 2]).all() and (found.variance[2:, 2] == 0).all()


def test_an_ended_chain_stays_ended_whatever_its_policy_adds():
    source = NORMAL.sample(60, seed=3).reshape(20, 3)
    source[:, 0] = -1.0
    policy = Mix((Fresh(NORMAL), Own()), (0.5, 0.5))
    found = side_by_side(policy, source=Gives(source), size=20, generations=5, count=3)
    assert found.ended.tolist() == [1, 0, 0]
    assert (found.variance[:, 0] == 0).all() and (found.mean[:, 0] == -1).all()


def test_chains_end_as_the_one_chain_of_the_loop_does():
    def fewer(rows, past):  # in its third generation nothing passes
        return np.full(rows.shape, past.generation < 3)

    many = side_by_side(Filter(fewer, tries=2), size=20, generations=6, count=1)
    one = went(Filter(fewer, tries=2), 6, NORMAL.sample(20, seed=0))[-1]
    assert many.ended.tolist() == [one.number] == [4]


# A reader's own text ------------------------------------------------------------------------------

LINES = "".join(f"Line {i} of a text of one's own, in one file.\n" for i in range(400))


def test_one_file_is_enough(tmp_path):
    """As the instructions promise: a text of one's own in place of Shakespeare's plays."""
    (tmp_path / "my.txt").write_text(LINES)
    training, held_out = corpus.from_files([tmp_path / "my.txt"]).split(seed=0)
    assert 0.1 * len(LINES) <= len(held_out.text) < 0.2 * len(LINES)
    together = [*training.documents.values(), *held_out.documents.values()]
    assert sorted("".join(together).splitlines()) == sorted(LINES.splitlines())
    letters = Vocabulary(training.text)
    config = Config(len(letters), width=16, layers=1, context=16)
    exam = corpus.windows(letters.encode(held_out.text), 16, 10, seed=0)
    job = Job(config, [4_000], recipe=Recipe(warmup=5), seed=0)
    (row,) = train.run(job, letters.encode(training.text), exam)
    assert row["loss"] < math.log(len(letters))


def test_what_a_folder_holds_besides_texts(tmp_path):
    (tmp_path / "a.TXT").write_text(LINES)
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "folder.txt" / "b.Md").write_text(LINES)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "c.txt").write_text(LINES)
    (tmp_path / ".d.txt").write_text(LINES)
    found = corpus.from_files([tmp_path]).documents
    assert sorted(name.rsplit("/", 1)[1] for name in found) == ["a.TXT", "b.Md"]
    inside = corpus.from_files([tmp_path / ".hidden"])  # named, so it's meant
    assert len(inside.documents) == 1
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    for paths in ([tmp_path], [tmp_path / "gone.txt"]):
        with pytest.raises(FileNotFoundError, match=r"gone\.txt: a link that leads nowhere"):
            corpus.from_files(paths)


def test_a_script_of_many_characters_is_not_lost_in_silence():
    """Zipf's tail: thousands of characters of which most are rare."""
    ranks = np.minimum(np.random.default_rng(0).zipf(1.3, 20_000), 5_000)
    text = "".join(chr(0x4E00 + int(rank)) for rank in ranks)
    with pytest.warns(UserWarning, match=r"% of the text, [\d,]+ characters that occur less than"):
        letters = Vocabulary(text)
    assert letters.lost == pytest.approx((letters.encode(text) == 0).float().mean().item())
    assert letters.lost > 0.1
    assert Vocabulary(text, least=1).lost == 0


# Zero is a value, and valid values stay valid -----------------------------------------------------


def test_what_is_valid_stays_valid():
    assert Config(5).hidden == 256 and Config(5).heads == 1
    assert (Config(5, hidden=8, heads=2).hidden, Config(5, heads=2).heads) == (8, 2)
    assert corpus.windows(TEXT, 9, 0, seed=0).shape == (0, 10)
    assert sample(MODEL, PROMPT, 0, seed=0).shape == (2, 1)
    assert Recipe(clip=math.inf, decay=0.0, weight_decay=0.0).rate_at(90, 99) == 1
    assert Job(SHAPE, 128 * 2 ** np.arange(3), seed=0).unique is None
    assert VAE(hidden=0).hidden == 0
    assert rare.cost(CHANCES, TRUTH, 5, math.inf) == 2.5  # no alarm at all
    assert remedy_expectations.surprising(0) == 1
    assert remedy_expectations.regressions(2, 9, 3, 1, 0, 4, seed=0).shape == (3, 4)
    balanced = rare.material("Gaussian", POINTS, LABELLED[1], seed=0)
    assert np.array_equal(balanced[0], POINTS)  # nothing is missing


@pytest.mark.parametrize("value", [np.int32(3), np.int64(3), 3])
def test_whole_numbers_of_any_width_will_do(value):
    assert validate.whole("x", value) is value
    assert validate.number("x", value) is value
    assert Gaussian().fit(POINTS, seed=0).sample(value, seed=0).shape == (3, 2)


def test_what_a_message_shows():
    with pytest.raises(ValueError, match=r"^x is 0\.5: give"):
        validate.whole("x", np.float64(0.5))
    with pytest.raises(ValueError, match=r"x is \[0, 1, .*\.\.\.: give") as caught:
        validate.whole("x", list(range(1_000)))
    assert len(str(caught.value)) < 120
