"""Was a row in the training set? Attacks that look at losses only, and how well they do.

The plain attack takes the rows of the lowest loss for those that were read (Yeom et al. 2018,
arXiv:1709.01604). The stronger one asks how much lower a row's loss is than models give it that
haven't read it, so that what is easy for every model isn't taken for read: the offline attack of
Carlini et al. 2022 (arXiv:2112.03570), with one variance for all rows, as they advise for few
reference models, and with the loss in the place of the logit. Chapter: private-data.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import roc_auc_score

from datawall import validate


def auc(read: ArrayLike, unread: ArrayLike) -> float:
    """The chance that a row that was read has a higher score than one that wasn't.

    read, unread: scores of rows, one or more of each. One half is what guessing gives.
    """
    read, unread = _scores("read", read), _scores("unread", unread)
    truth = np.repeat([1, 0], [len(read), len(unread)])
    return float(roc_auc_score(truth, np.concatenate([read, unread])))


def caught(read: ArrayLike, unread: ArrayLike, alarms: float = 0.01) -> float:
    """The share of the read rows whose score is above all but `alarms` of the unread rows' scores.

    The true positive rate at a false positive rate of at most `alarms`, a share of the unread
    between 0 and 1. Guessing catches as large a share as it gives false alarms. Raises ValueError
    where there are too few unread rows for one false alarm.
    """
    read, unread = _scores("read", read), _scores("unread", unread)
    validate.share("alarms", alarms, inside=True)
    allowed = int(alarms * len(unread) + 1e-9)
    if not allowed:
        raise ValueError(
            f"{len(unread)} unread rows have no false alarm at {alarms:g}: "
            f"give 1/{alarms:g} or more"
        )
    threshold = np.sort(unread)[-allowed - 1] if allowed < len(unread) else -np.inf
    return float((read > threshold).mean())


def calibrated(losses: ArrayLike, references: ArrayLike) -> np.ndarray:
    """By how much models that haven't read the rows find them harder than the one attacked.

    losses: (rows,) of the model under attack. references: (models, rows). Returns (rows,).
    """
    losses = validate.numbers("losses", losses)
    references = np.atleast_2d(validate.numbers("losses of references", references))
    if losses.ndim != 1 or references.shape[1:] != losses.shape:
        raise ValueError(
            f"losses of shape {losses.shape} and of references {references.shape}: give (rows,) "
            "and (models, rows)"
        )
    return references.mean(0) - losses


def attacked(
    read: ArrayLike, unread: ArrayLike, references: Sequence[int] = (0, 1, 3)
) -> dict[str, float]:
    """How well attacks do on models that each read rows of their own, on average over the models.

    Each model is attacked with the others as references, which have read none of its rows.
    read: the loss of each model on each model's rows, (models, models, rows), the reader first: so
    read[i, i] are its own. unread: (models, rows), on rows that no model has read. references: how
    many an attack has; 0 for the plain one. Returns for each number k `auc_k` and `caught_k`, the
    latter at one false alarm in a hundred. Raises ValueError where there are too few models.
    """
    read, unread = validate.numbers("losses", read), validate.numbers("losses", unread)
    models = len(read)
    if read.ndim != 3 or read.shape[1] != models or unread.shape[:1] != (models,):
        raise ValueError(
            f"losses of shapes {read.shape} and {unread.shape}: give (models, models, rows) and "
            "(models, rows)"
        )
    found = {}
    for k in references:
        validate.whole("references", k, least=0, most=models - 1)
        pairs = [_pair(read, unread, i, k) for i in range(models)]
        found[f"auc_{k}"] = float(np.mean([auc(*pair) for pair in pairs]))
        found[f"caught_{k}"] = float(np.mean([caught(*pair) for pair in pairs]))
    return found


def _pair(read, unread, i: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of one model's own rows and of the unread ones, with k of the others as references."""
    if not k:
        return -read[i, i], -unread[i]
    others = [(i + step) % len(read) for step in range(1, k + 1)]
    return calibrated(read[i, i], read[others, i]), calibrated(unread[i], unread[others])


def _scores(name: str, values: ArrayLike) -> np.ndarray:
    found = validate.numbers(f"scores of {name} rows", values)
    if found.ndim != 1 or not len(found):
        raise ValueError(f"scores of {name} rows have the shape {found.shape}: give one a row")
    return found
