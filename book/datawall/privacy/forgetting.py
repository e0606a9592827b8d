"""Making a model forget rows without training it anew (chapter: private-data).

Gradient ascent on the rows to be forgotten until the model finds them as hard as rows that it has
never read (Jang et al. 2023, arXiv:2210.01504). What exact forgetting is, training without them
says.
"""

from __future__ import annotations

import torch
from torch import Tensor

from datawall import validate
from datawall.privacy import letters, private
from datawall.privacy.letters import Letters


def ascended(
    model: Letters, rows: Tensor, level: float, rate: float, *, most: int = 500
) -> tuple[Letters, int]:
    """The model after ascent on rows until their mean loss reaches `level`, and the steps taken.

    Each step is of Adam on all the rows at once, upwards. Raises ValueError for rows that are no
    rows and a rate that isn't above 0, RuntimeError when `most` steps don't reach the level.
    """
    validate.positive("rate", rate)
    validate.number("level", level)
    model = model.copy()
    adam = private.Adam(model.weights, rate)
    for step in range(most + 1):
        if float(letters.losses(model, rows).mean()) >= level:
            return model, step
        up = torch.full((len(rows),), -1 / len(rows))
        adam.step(model.weights, letters.backward(model, rows).summed(up))
    raise RuntimeError(f"{most} steps did not reach a loss of {level:.3f}: raise the rate")


def went_on(model: Letters, rows: Tensor, passes: float, knobs: private.Knobs, *, seed: int):
    """The model after so many passes over the rows that it may keep."""
    (found,) = private.readings(model, rows, [passes], knobs, seed=seed)
    return found
