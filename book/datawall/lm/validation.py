"""Several held-out texts read at once: one to choose settings on, another to report.

Chapters: repeated-epochs, data-quality.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import xarray as xr
from torch import Tensor

from datawall.lm import train
from datawall.lm.model import Transformer

Measure = Callable[[Transformer, Tensor], Mapping]


def losses(**texts: Tensor) -> tuple[Tensor, Measure]:
    """Windows of all texts, and a measure for `train.sweep`: the loss on each, by its name.

    texts: windows (count, context + 1), of one length. The loss is in nats a token.
    """
    return _on_each(lambda model, windows: train.loss(model, windows)["loss"], texts)


def chances(**texts: Tensor) -> tuple[Tensor, Measure]:
    """As `losses`: the probability that each right token got, (answer,), on each text.

    The texts have as many windows each. Averaged over models before the logarithm is taken, the
    probabilities give the loss of the models together.
    """

    def right(model, windows):
        with torch.no_grad():
            logits = torch.cat([model(part[:, :-1]) for part in windows.split(64)])
        logs = logits.log_softmax(-1).gather(-1, windows[:, 1:, None])
        return xr.DataArray(logs.flatten().double().exp(), dims="answer")

    return _on_each(right, texts)


def _on_each(grade: Callable, texts: Mapping[str, Tensor]) -> tuple[Tensor, Measure]:
    counts = [len(windows) for windows in texts.values()]

    def measure(model, windows):
        parts = zip(texts, windows.split(counts), strict=True)
        return {name: grade(model, part) for name, part in parts}

    return torch.cat(list(texts.values())), measure
