"""Misère connect-three on four by four, solved: search against data, with the exact truth.

Two players in turn drop a stone into one of four columns; who makes three of their own in a row,
across, upright or slanting, loses; a full board is a draw. There are few enough positions to know
the worth of each. Chapter: thinking-longer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

from datawall import validate
from datawall.lm.threads import one_thread

SIDE = 4
FULL = 2 ** (SIDE * SIDE) - 1


def _lines() -> tuple[int, ...]:
    found = []
    for row in range(SIDE):
        for column in range(SIDE):
            for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
                cells = [(row + i * down, column + i * across) for i in range(3)]
                if all(0 <= r < SIDE and 0 <= c < SIDE for r, c in cells):
                    found.append(sum(1 << (SIDE * r + c) for r, c in cells))
    return tuple(found)


LINES = _lines()


class Position(NamedTuple):
    """Stones of the player to move and of the other, as bits; bit 4 row + column, row 0 below."""

    own: int = 0
    other: int = 0

    def moves(self) -> list[int]:
        """The cells, as bits, on which a stone can come to lie: the lowest free one of a column."""
        taken = self.own | self.other
        columns = ([1 << (SIDE * row + c) for row in range(SIDE)] for c in range(SIDE))
        free = ([cell for cell in column if not taken & cell] for column in columns)
        return [cells[0] for cells in free if cells]

    def after(self, cell: int) -> Position:
        """The position after a move, seen by the player who is then to move."""
        return Position(self.other, self.own | cell)

    def over(self) -> int | None:
        """The worth to the player to move of a game that is over; None for one that goes on.

        1 if the other has just made three in a row and so has lost, 0 for a full board.
        """
        if any(self.other & line == line for line in LINES):
            return 1
        return 0 if self.own | self.other == FULL else None


@cache
def worth(position: Position) -> int:
    """What a position is worth to the player to move when both play best: 1, 0 or -1."""
    ended = position.over()
    if ended is not None:
        return ended
    return max(-worth(position.after(cell)) for cell in position.moves())


@cache
def positions() -> tuple[Position, ...]:
    """All positions that a game can reach and that aren't over, in the order of their discovery."""
    seen, ahead = {Position()}, [Position()]
    for position in ahead:
        for cell in position.moves():
            new = position.after(cell)
            if new not in seen and new.over() is None:
                seen.add(new)
                ahead.append(new)
    return tuple(ahead)


def mirrored(position: Position) -> Position:
    """The position with left and right exchanged, of the same worth."""
    return Position(*(_mirrored(stones) for stones in position))


def _mirrored(stones: int) -> int:
    cells = ((row, column) for row in range(SIDE) for column in range(SIDE))
    return sum(
        1 << (SIDE * row + SIDE - 1 - column)
        for row, column in cells
        if stones >> (SIDE * row + column) & 1
    )


def matters(position: Position) -> bool:
    """Whether some moves keep the position's worth and some don't."""
    values = {-worth(position.after(cell)) for cell in position.moves()}
    return len(values) > 1


class Split(NamedTuple):
    """Positions to learn from, in a random order, and exam positions, where the choice matters."""

    known: list[Position]
    exam: list[Position]


def split(exam: int, *, seed: int) -> Split:
    """An exam of so many positions; neither they nor their mirror images are among the known."""
    every = positions()
    rng = np.random.default_rng(seed)
    order = [every[i] for i in rng.permutation(len(every))]
    asked = [position for position in order if matters(position)]
    asked = asked[: validate.whole("exam", exam, most=len(asked))]
    closed = {*asked, *map(mirrored, asked)}
    return Split([position for position in order if position not in closed], asked)


def features(some: list[Position]) -> torch.Tensor:
    """Positions as numbers (n, 32), 1 where there is a stone: own ones, then the other's."""
    bits = np.arange(SIDE * SIDE)
    stones = np.array(some, np.int64).reshape(-1, 2)
    return torch.from_numpy((stones[..., None] >> bits & 1).reshape(len(stones), -1)).float()


class Net(nn.Module):
    """A guess at a position's worth: 32 inputs, two hidden layers of 64, an output from -1 to 1."""

    def __init__(self, *, seed: int):
        super().__init__()
        sizes = (2 * SIDE * SIDE, 64, 64, 1)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for layer in self.layers:
                layer.weight.normal_(0, (2 / layer.in_features) ** 0.5, generator=generator)
                layer.bias.zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Worths (n,) of features (n, 32)."""
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        return self.layers[-1](x)[:, 0].tanh()


def learned(known: list[Position], *, steps: int = 1500, seed: int) -> Net:
    """A net that has learned the worth of positions, and of their mirror images, by least squares.

    Batches of 128 at random, AdamW, a rate that falls to zero. Raises ValueError for no positions.
    """
    if not known:
        raise ValueError("there are no positions to learn from: give one or more")
    validate.whole("steps", steps)
    some = [*known, *map(mirrored, known)]
    x, y = features(some), torch.tensor([worth(p) for p in some]).float()
    net = Net(seed=seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.01, fused=True)
    rng = np.random.default_rng([seed, 1])
    with one_thread():
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = 3e-3 * (1 - step / steps)
            chosen = torch.from_numpy(rng.integers(len(some), size=128))
            loss = (net(x[chosen]) - y[chosen]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net


Judge = Callable[[list[Position]], ArrayLike]


def judged(net: Net | None) -> Judge:
    """A judge of positions: a net's guesses, or without one 0 for each."""
    if net is None:
        return lambda some: np.zeros(len(some))

    def guess(some: list[Position]) -> np.ndarray:
        with one_thread(), torch.no_grad():
            return net(features(some)).numpy()

    return guess


class Played(NamedTuple):
    """Of exam positions: share of moves that keep the worth, and positions looked at for a move."""

    kept: float
    looked: float


def played(exam: list[Position], depth: int, judge: Judge) -> Played:
    """Moves by negamax to `depth`, where a judge guesses what lies beyond.

    At depth 1 the positions after each move are judged. A game that is over within the depth has
    its true worth. Of moves that look equally good each has its share. Raises ValueError for a
    depth below 1 and no positions.
    """
    validate.whole("depth", depth)
    if not exam:
        raise ValueError("there are no positions to play: give one or more")
    leaves: dict[Position, float] = {}
    looked = sum(_collect(position, depth, leaves) - 1 for position in exam)
    if leaves:
        ahead = list(leaves)
        leaves = dict(zip(ahead, np.asarray(judge(ahead), float), strict=True))
    kept = 0.0
    for position in exam:
        values, truths = [], []
        for cell in position.moves():
            new = position.after(cell)
            values.append(-_searched(new, depth - 1, leaves))
            truths.append(-worth(new))
        best = np.isclose(values, max(values), atol=1e-9)
        kept += float((np.array(truths) == max(truths))[best].mean())
    return Played(kept / len(exam), looked / len(exam))


def _collect(position: Position, depth: int, leaves: dict[Position, float]) -> int:
    """Note the positions at the end of a search that aren't over; how many it comes to in all."""
    if position.over() is not None:
        return 1
    if depth == 0:
        leaves[position] = 0.0
        return 1
    return 1 + sum(_collect(position.after(cell), depth - 1, leaves) for cell in position.moves())


def _searched(position: Position, depth: int, leaves: dict[Position, float]) -> float:
    ended = position.over()
    if ended is not None:
        return ended
    if depth == 0:
        return leaves[position]
    return max(-_searched(position.after(cell), depth - 1, leaves) for cell in position.moves())
