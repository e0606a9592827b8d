"""What is refused, in one place: numbers, shares, masks, points, ids, labels, texts, choices.

Each check takes the argument's name and its value, and returns the value that it has checked or
raises ValueError with a sentence that says what was wrong and what to give. None of them changes
a number. Data checks take the class to raise as `error`, for those faults that lie in the data
themselves; see `generators.protocol.Degenerate`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

COLDEST = 1e-6  # below this temperature a softmax over float32 numbers overflows

# One number ---------------------------------------------------------------------------------------


def whole(name: str, value: Any, *, least: int = 1, most: int | None = None) -> int:
    """A whole number from `least` to `most`, both included."""
    if not _is_whole(value) or value < least or (most is not None and value > most):
        span = f", at least {least:,}" if most is None else f" from {least:,} to {most:,}"
        raise ValueError(f"{name} is {_shown(value)}: give a whole number{span}")
    return value


def number(
    name: str,
    value: Any,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    endless: bool = False,
) -> float:
    """A finite number between bounds: `least` and `most` belong to it, `above` and `below` don't.

    endless: whether infinity will do, too.
    """
    if (
        not _is_number(value)
        or not (math.isfinite(value) or (endless and value > 0))
        or not (least <= value <= most and (above < value < below or value == math.inf))
    ):
        raise ValueError(f"{name} is {_shown(value)}: give {_span(least, most, above, below)}")
    return value


def positive(name: str, value: Any, *, endless: bool = False) -> float:
    """A finite number above 0."""
    return number(name, value, above=0, endless=endless)


def nonnegative(name: str, value: Any) -> float:
    """A finite number, 0 or more."""
    return number(name, value, least=0)


def share(name: str, value: Any, *, inside: bool = False) -> float:
    """A share from 0 to 1, or strictly between them if `inside`."""
    if not _is_number(value) or not (0 < value < 1 if inside else 0 <= value <= 1):
        ends = ", without the ends" if inside else ""
        raise ValueError(f"{name} is {_shown(value)}: give a share between 0 and 1{ends}")
    return value


def temperature(value: Any, *, least: float = 0.0) -> float:
    """A temperature: 0, which means no randomness, or a finite number that isn't below `least`."""
    if not _is_number(value) or not (value == 0 or (value >= least and 0 < value < math.inf)):
        more = f"a number of at least {least}" if least else "a larger finite number"
        raise ValueError(f"temperature is {_shown(value)}: give 0 (no randomness) or {more}")
    return value


def ddof(value: Any) -> int:
    """What is subtracted from n in a variance: 0 or 1."""
    if not _is_whole(value) or value not in (0, 1):
        raise ValueError(f"ddof is {_shown(value)}: give 0 (likelihood) or 1 (unbiased)")
    return value


# Texts and choices --------------------------------------------------------------------------------


def flag(name: str, value: Any) -> bool:
    """True or False, or 1 or 0 in their place."""
    if not isinstance(value, bool | np.bool_) and not (_is_whole(value) and value in (0, 1)):
        raise ValueError(f"{name} is {_shown(value)}: give True or False")
    return value


def choice(name: str, value: Any, choices: Iterable) -> Any:
    """One of `choices`."""
    known = list(choices)
    if not any(value is x or (type(value) is not bool and _equal(value, x)) for x in known):
        raise ValueError(f"{name} is {_shown(value)}: give one of {', '.join(map(str, known))}")
    return value


def text(name: str, value: Any, *, empty: bool = True) -> str:
    """A text; without any letters only if `empty`."""
    if not isinstance(value, str):
        raise ValueError(f"{name} is {_shown(value)}: give a text")
    if not value and not empty:
        raise ValueError(f"{name} is empty: give a text")
    return value


def texts(name: str, values: Any) -> Sequence[str]:
    """A list of texts, as opposed to one text, which would be taken for a list of its letters."""
    if isinstance(values, str):
        raise ValueError(f"{name} is one text, {_shown(values)}: give a list of texts")
    for i, value in enumerate(values):
        if not isinstance(value, str):
            raise ValueError(f"{name} has {_shown(value)} in place {i}: give a list of texts")
    return values


# Arrays -------------------------------------------------------------------------------------------


def numbers(
    name: str,
    values: ArrayLike,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    above: float = -math.inf,
    empty: bool = False,
    endless: bool = False,
) -> np.ndarray:
    """Numbers of any shape, float64, each within the bounds; finite unless `endless`."""
    found = _floats(name, values)
    if not found.size and not empty:
        raise ValueError(f"there are no {name}: give one or more")
    fine = ~np.isnan(found) if endless else np.isfinite(found)
    if not fine.all():
        what = "NaN" if endless else "NaN or infinity"
        raise ValueError(
            f"the {name} hold {what} in {(~fine).sum()} of {found.size} places: leave those out"
        )
    outside = (found < least) | (found > most) | (found <= above)
    if outside.any():
        raise ValueError(
            f"the {name} hold {found[outside][0]:g}: give {_span(least, most, above, math.inf)}"
        )
    return found


def points(
    data: ArrayLike, *, error: type[ValueError] = ValueError
) -> tuple[np.ndarray, tuple[int, ...]]:
    """Points to fit as rows (n, d), float64, two or more that differ, and the shape of one of them.

    error: what is raised for numbers that can't be fitted; what isn't numbers raises ValueError.
    """
    found = _floats("points", data)
    if found.ndim == 0 or found.size == 0:
        raise error("there are no points to fit: give an array (n, ...) of two or more")
    if len(found) < 2:
        raise error("one point has no spread: give two or more")
    flat = found.reshape(len(found), -1)
    if not np.isfinite(flat).all():
        bad = np.flatnonzero(~np.isfinite(flat).all(1))
        raise error(
            f"{len(bad)} of {len(flat)} points, the first in row {bad[0]}, hold NaN or infinity: "
            "leave them out or fill them in first"
        )
    if not np.ptp(flat, axis=0).any():
        raise error(
            f"all {len(flat)} points are the same, so there is no spread to fit: give points that "
            "differ (in a recursion: the generator has collapsed, so stop here)"
        )
    return flat, found.shape[1:]


def rows(name: str, values: ArrayLike, *, width: int | None = None) -> np.ndarray:
    """One or more finite points (n, ...) as rows (n, d), float64, with d = `width` if given."""
    found = numbers(name, values)
    if found.ndim == 0:
        raise ValueError(f"the {name} are one number: give an array (n, ...)")
    found = found.reshape(len(found), -1)
    if width is not None and found.shape[1] != width:
        raise ValueError(
            f"the {name} have {found.shape[1]} numbers each, and {width} are needed: give points "
            "of the same shape"
        )
    return found


def images(name: str, values: ArrayLike, *, side: int | None = None) -> np.ndarray:
    """Square images (n, side, side), float32, finite; of this side if given."""
    try:
        found = np.asarray(values, np.float32)
    except (TypeError, ValueError):
        raise ValueError(f"{name} aren't numbers of one shape: give (n, side, side)") from None
    if found.ndim != 3 or found.shape[1] != found.shape[2] or side not in (None, found.shape[1]):
        wanted = "(n, side, side)" if side is None else f"(n, {side}, {side})"
        raise ValueError(f"{name} of shape {found.shape}: give squares {wanted}")
    bad = ~np.isfinite(found).all((1, 2))
    if bad.any():
        raise ValueError(
            f"{bad.sum()} of {len(found)} {name}, the first in place {bad.argmax()}, hold NaN or "
            "infinity: leave them out"
        )
    return found


def mask(name: str, values: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    """Booleans of this shape: nothing else is taken for a yes or a no."""
    found = np.asarray(values)
    if found.shape != shape:
        raise ValueError(f"{name} has shape {found.shape}: give booleans of shape {shape}")
    if found.dtype != bool and found.size:
        raise ValueError(
            f"{name} is of type {found.dtype}: give booleans, as a comparison does (scores > 0.5)"
        )
    return found.astype(bool, copy=False)


def labels(name: str, values: ArrayLike, count: int | None = None) -> np.ndarray:
    """Labels (n,) of any kind, one for each of `count` points if given; none of them NaN."""
    found = np.asarray(values)
    if not found.size and not count:
        raise ValueError(f"there are no {name}: give one or more")
    if found.ndim != 1:
        raise ValueError(f"{name} of shape {found.shape}: give a list (n,)")
    if count is not None and len(found) != count:
        raise ValueError(f"{count} points with {len(found)} {name}: give one label a point")
    if found.dtype.kind == "f" and np.isnan(found).any():
        raise ValueError(f"{name} hold NaN: leave those points out")
    return found


def zeros_and_ones(name: str, values: ArrayLike, count: int | None = None) -> np.ndarray:
    """Whether each of `count` cases is of a kind, 0 or 1 (or booleans), int64 (n,)."""
    found = labels(name, values, count)
    if found.dtype.kind not in "biuf" or not np.isin(found, (0, 1)).all():
        raise ValueError(f"{name} holds other values than 0 and 1: give one of these a case")
    return found.astype(int)


def ids(
    values: Any, kinds: int | None, *, error: type[ValueError] = ValueError, name: str = "ids"
) -> Any:
    """Whole numbers from 0 to below `kinds`: an array or a tensor of one or more, as it came.

    error: what is raised where there are none; other faults are ValueError.
    """
    found = np.asarray(values)
    if not found.size:
        raise error(f"there are no {name} to count: give one or more")
    if not np.issubdtype(found.dtype, np.integer):
        raise ValueError(
            f"{name} of type {found.dtype} aren't whole numbers: encode what you have first"
        )
    if found.min() < 0 or (kinds is not None and found.max() >= kinds):
        top = "" if kinds is None else f" to {kinds - 1}"
        raise ValueError(
            f"{name} run from {found.min()} to {found.max()}: they must run from 0{top}"
        )
    return values


def tokens(values: Any) -> Any:
    """A text's token ids: a tensor (tokens,) of whole numbers, as it came."""
    torch = sys.modules.get("torch")  # who has a tensor has imported it
    if (
        torch is None
        or not torch.is_tensor(values)
        or values.ndim != 1
        or values.is_floating_point()
        or values.is_complex()
    ):
        kind = getattr(values, "dtype", type(values).__name__)
        shape = tuple(getattr(values, "shape", ()))
        raise ValueError(
            f"the tokens are {kind} of shape {shape}: give a tensor (tokens,) of whole numbers, as "
            "`Vocabulary.encode` does of a text"
        )
    return values


def chances(name: str, values: ArrayLike) -> np.ndarray:
    """Chances (kinds,), none below 0, that add up to 1."""
    found = numbers(name, values, least=0)
    if found.ndim != 1 or abs(found.sum() - 1) > 1e-6:
        raise ValueError(
            f"the {name} of shape {found.shape} add up to {found.sum():g}: give a list that adds "
            "up to 1"
        )
    return found


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_)


def _is_number(value: Any) -> bool:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    return _is_whole(value) or isinstance(value, float | np.floating)


def _equal(value: Any, other: Any) -> bool:
    return isinstance(value, str | int | float) and value == other


def _floats(name: str, values: ArrayLike) -> np.ndarray:
    try:
        return np.asarray(values, float)
    except (TypeError, ValueError):
        raise ValueError(f"the {name} aren't numbers of one shape: give an array of them") from None


def _span(least: float, most: float, above: float, below: float) -> str:
    low = f"above {above:g}" if above > -math.inf else f"at least {least:g}"
    top = f"below {below:g}" if below < math.inf else f"at most {most:g}"
    limits = [limit for limit in (low, top) if not limit.endswith("inf")]
    return ", ".join(["a finite number", *[" and ".join(limits)] * bool(limits)])


def _shown(value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    said = f"{value:,}" if _is_whole(value) else repr(value)
    said = " ".join(said.split())
    return said if len(said) <= 60 else f"{said[:57]}..."
