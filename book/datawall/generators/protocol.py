"""What can be fitted to data and sampled from: the protocol that every generator keeps.

A generator is a frozen set of knobs. `fit` returns a new object that can be sampled, and changes
nothing, so that every generation of a recursion stays at hand. Gradient methods have a budget of
steps, not of epochs: two methods, or two generations, are compared at equal compute. One thread
each. Chapters: generators, teachers, collapse-in-generators, collapse-in-language-models.
"""

from __future__ import annotations

from typing import Any, Protocol


class Degenerate(ValueError):
    """These data can't be fitted, or this fit can't be sampled: where a recursion ends.

    For what lies in the numbers alone: no rows, no spread, NaN, fewer points than components. A
    knob out of its range or an array of the wrong shape is the caller's fault and another error.
    """


class Diverged(Degenerate, FloatingPointError):
    """The loss of a generator's network is no longer a number."""


class Fitted(Protocol):
    """A generator that has seen data."""

    def sample(self, n: int, *, seed: int) -> Any:
        """`n` new points of the kind that it was fitted to; the same seed gives the same points.

        Raises ValueError unless n is a whole number of at least 1, and Degenerate for a fit that
        gives no points.
        """


class Generator(Protocol):
    """A generator's knobs, without data."""

    def fit(self, data: Any, *, seed: int) -> Fitted:
        """A new object fitted to the data; neither the generator nor the data are changed.

        Raises Degenerate for data that can't be fitted: empty, not finite, without spread; and
        ValueError for what isn't such data at all.
        """
