"""Encoders of pictures that learn from names, from the pictures alone, or from ids.

A picture's encoder is the same for every teacher: two convolutions and FEATURES numbers, which are
what is judged. Names are read as bags of words. `by_names` pulls a picture and its name together
[CLIP, Radford et al. 2021, arXiv:2103.00020], `by_pictures` two jittered views of one picture [as
SimCLR does, Chen et al. 2020, arXiv:2002.05709], both by InfoNCE [van den Oord et al. 2018,
arXiv:1807.03748] on the features themselves; `by_labels` is an ordinary classifier. One thread; one
seed, one model. Chapter: more-than-words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F

from datawall import validate
from datawall.lm.threads import one_thread
from datawall.modalities.glyphs import words
from datawall.worlds import render

FEATURES = 64  # numbers of a picture, and of a name
JITTER = render.Knobs(rotation=14, scale=0.2, shear=0.3, shift=1)
STILL = render.Knobs()
COLDEST = 0.01  # the lowest temperature of names, which is learned, as in CLIP
BETWEEN_VIEWS = 0.2  # the temperature of two views of a picture


@dataclass(frozen=True)
class Recipe:
    """How an encoder is trained: AdamW, whose learning rate rises to its peak and falls once.

    steps, batch: pictures of a batch are drawn anew at each step. rate: the peak. jitter: how far
    each picture is turned, sized, slanted and moved, anew each time it is shown.

    Raises ValueError for steps or a batch below two, and a rate that isn't above 0.
    """

    steps: int = 2000
    batch: int = 128
    rate: float = 3e-3
    jitter: render.Knobs = JITTER

    def __post_init__(self):
        validate.whole("steps", self.steps, least=2)
        validate.whole("batch", self.batch, least=2)
        validate.positive("rate", self.rate)


def info_nce(left: Tensor, right: Tensor, temperature: float | Tensor, kinds=None) -> Tensor:
    """Mean of the two cross-entropies of finding each row's partner, in nats.

    left, right: vectors (batch, width), partners in the same row; they are scaled to length one.
    kinds: a whole number a row, equal where two rows are partners of each other as well, such as
    two pictures of one name; the target is then spread evenly over all of a kind. Without equal
    kinds, log(batch) minus the loss is a lower bound of the mutual information. Raises ValueError
    for shapes that differ, fewer than two rows, and a temperature that isn't above 0.
    """
    if left.shape != right.shape or left.ndim != 2 or len(left) < 2:
        raise ValueError(
            f"vectors of shapes {tuple(left.shape)} and {tuple(right.shape)}: give two of one "
            "shape (batch, width), of two rows or more"
        )
    validate.positive("temperature", float(torch.as_tensor(temperature).detach()))
    logits = F.normalize(left, dim=1) @ F.normalize(right, dim=1).T / temperature
    if kinds is None:
        wanted = torch.eye(len(left))
    else:
        kinds = torch.as_tensor(kinds)
        wanted = (kinds[:, None] == kinds[None]).float()
    wanted = wanted / wanted.sum(1, keepdim=True)
    return (F.cross_entropy(logits, wanted) + F.cross_entropy(logits.T, wanted)) / 2


class Encoder(nn.Module):
    """Pictures (n, side, side) to features (n, FEATURES); parameters are drawn from the seed."""

    def __init__(self, side: int = 14, *, seed: int):
        super().__init__()
        left = ((validate.whole("side", side) + 1) // 2 + 1) // 2
        self.layers = nn.Sequential(
            nn.Unflatten(1, (1, side)),
            nn.Conv2d(1, 16, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * left**2, FEATURES),
        )
        self.side = side
        _draw(self, seed)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.layers(pictures)

    def features(self, pictures: ArrayLike) -> np.ndarray:
        """Features (n, FEATURES) of pictures (n, side, side), as an array."""
        pictures = validate.images("pictures", pictures, side=self.side)
        with torch.no_grad():
            return torch.cat([self(x) for x in torch.as_tensor(pictures).split(500)]).numpy()


class Names:
    """Words as numbers: a name is the bag of its words; unknown words are left out.

    count: the known words. Raises ValueError for no names.
    """

    def __init__(self, names: Sequence[str]):
        found = sorted({word for name in names for word in words(name)})
        if not found:
            raise ValueError("the names hold no word: give one or more")
        self.ids = {word: i for i, word in enumerate(found, start=1)}  # 0 fills up
        self.count = len(found)

    def encode(self, names: Sequence[str]) -> Tensor:
        """Word ids (names, longest), 0 where a name has no more words.

        Raises ValueError for a name without a known word.
        """
        bags = [[self.ids[word] for word in words(name) if word in self.ids] for name in names]
        for name, bag in zip(names, bags, strict=True):
            if not bag:
                raise ValueError(f"{name!r} has no word that any name of the training set has")
        found = torch.zeros(len(bags), max(map(len, bags)), dtype=torch.long)
        for row, bag in zip(found, bags, strict=True):
            row[: len(bag)] = torch.tensor(bag)
        return found


@dataclass(frozen=True)
class Pair:
    """A picture encoder and a reader of names that share a space, as `by_names` trains them."""

    encoder: Encoder
    names: nn.Module
    known: Names

    def scores(self, pictures: ArrayLike, names: Sequence[str]) -> np.ndarray:
        """Cosines (pictures, names) of pictures (n, side, side) and names."""
        seen = F.normalize(torch.as_tensor(self.encoder.features(pictures)), dim=1)
        with torch.no_grad():
            read = F.normalize(self.names(self.known.encode(names)), dim=1)
        return (seen @ read.T).numpy()

    def named(self, pictures: ArrayLike, names: Sequence[str]) -> np.ndarray:
        """The place of the name that each picture is nearest to: zero-shot classification."""
        return self.scores(pictures, names).argmax(1)


def by_names(
    pictures: ArrayLike,
    names: Sequence[str],
    recipe: Recipe,
    *,
    seed: int,
) -> Pair:
    """Train a pair on pictures (n, side, side) and their names (n,) by InfoNCE.

    Equal names in a batch are partners of each other. Raises ValueError for unlike numbers of
    pictures and names, FloatingPointError when the loss is no longer a number.
    """
    pictures = _checked(pictures, names)
    known = Names(names)
    kinds, bags = _kinds(names), known.encode(names)
    encoder = Encoder(pictures.shape[1], seed=seed)
    read = _draw(nn.EmbeddingBag(known.count + 1, FEATURES, mode="sum", padding_idx=0), seed + 1)
    cold = nn.Parameter(torch.tensor(np.log(0.07), dtype=torch.float32))

    def loss(rows, shown):
        temperature = cold.exp().clamp(min=COLDEST)
        return info_nce(encoder(shown()), read(bags[rows]), temperature, kinds[rows])

    _train([encoder, read], [cold], pictures, loss, recipe, seed)
    return Pair(encoder, read, known)


def by_pictures(pictures: ArrayLike, recipe: Recipe, *, seed: int) -> Encoder:
    """Train an encoder on pictures (n, side, side) alone: two views of one are partners.

    Each step shows every picture of its batch twice, and so costs twice the pictures of `by_names`.
    The loss looks at the features themselves. SimCLR puts layers between that are thrown away; here
    that gave worse features.
    """
    pictures = _checked(pictures, pictures)
    encoder = Encoder(pictures.shape[1], seed=seed)

    def loss(rows, shown):
        return info_nce(encoder(shown()), encoder(shown()), BETWEEN_VIEWS)

    _train([encoder], [], pictures, loss, recipe, seed)
    return encoder


@dataclass(frozen=True)
class Classifier:
    """An encoder and a linear layer that turns its features into one of its labels."""

    encoder: Encoder
    last: nn.Module
    labels: np.ndarray

    def named(self, pictures: ArrayLike) -> np.ndarray:
        """The label (n,) of each picture (n, side, side)."""
        with torch.no_grad():
            scores = self.last(torch.as_tensor(self.encoder.features(pictures)))
        return self.labels[scores.argmax(1).numpy()]


def by_labels(pictures: ArrayLike, labels: ArrayLike, recipe: Recipe, *, seed: int) -> Classifier:
    """Train a classifier of pictures (n, side, side) with a class for each label (n,)."""
    pictures = _checked(pictures, labels)
    kinds = _kinds(labels)
    encoder = Encoder(pictures.shape[1], seed=seed)
    last = _draw(nn.Linear(FEATURES, int(kinds.max()) + 1), seed + 1)

    def loss(rows, shown):
        return F.cross_entropy(last(encoder(shown())), kinds[rows])

    _train([encoder, last], [], pictures, loss, recipe, seed)
    return Classifier(encoder, last, np.unique(np.asarray(labels)))


def probed(
    taught: ArrayLike,
    labels: ArrayLike,
    asked: ArrayLike,
    truth: ArrayLike,
    strength: float = 1.0,
) -> float:
    """Share right of a logistic regression on features, taught with few labelled pictures.

    taught, asked: features (n, d) of the pictures that are labelled and of those that are to be
    named; labels, truth: what they are, (n,). strength: inverse of the penalty. All features are
    divided by one number, the standard deviation of those taught, so that a strength means the same
    for all encoders. Raises ValueError for a strength that isn't above 0, features that aren't
    finite, and unlike numbers of features and labels.
    """
    from sklearn.linear_model import LogisticRegression

    validate.positive("strength", strength)
    given, new = validate.rows("features", taught), validate.rows("features", asked)
    labels = validate.labels("labels", labels, len(given))
    truth = validate.labels("labels", truth, len(new))
    scale = given.std() or 1.0
    model = LogisticRegression(C=strength, max_iter=300).fit(given / scale, labels)
    return float(np.mean(model.predict(new / scale) == truth))


def _checked(pictures, beside) -> np.ndarray:
    if not 1 < len(pictures) == len(beside):
        raise ValueError(
            f"{len(pictures)} pictures and {len(beside)} names or labels: give as many of the one "
            "as of the other, two or more"
        )
    return validate.images("pictures", pictures)


def _kinds(names) -> Tensor:
    return torch.as_tensor(np.unique(np.asarray(names), return_inverse=True)[1].reshape(-1))


def _draw(part: nn.Module, seed: int) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in part.parameters():
            if weight.ndim > 1:
                fan = weight[0].numel()
                weight.normal_(0, np.sqrt(2 / fan), generator=generator)
            else:
                weight.zero_()
        for own in part.modules():
            if isinstance(own, nn.EmbeddingBag):
                own.weight[own.padding_idx] = 0
    return part


def _train(parts, free, pictures, loss, recipe, seed) -> None:
    weights = [p for part in parts for p in part.parameters()] + free
    with one_thread():
        optimizer = torch.optim.AdamW(weights, lr=recipe.rate, weight_decay=1e-4, fused=True)
        once = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=recipe.steps)
        rng = np.random.default_rng([seed, 1])
        for _ in range(recipe.steps):
            rows = rng.integers(0, len(pictures), recipe.batch)

            def shown(rows=rows):
                own = pictures[rows]
                if recipe.jitter != STILL:
                    own = render.vary(own, recipe.jitter, seed=int(rng.integers(2**62)))
                return torch.as_tensor(own)

            error = loss(torch.as_tensor(rows), shown)
            optimizer.zero_grad()
            error.backward()
            optimizer.step()
            once.step()
    if not np.isfinite(error.item()):
        raise FloatingPointError(
            f"the loss is {error.item()} after {recipe.steps} steps: lower the rate"
        )
    for part in parts:
        part.eval()
