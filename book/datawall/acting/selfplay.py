"""Noughts and crosses, solved, and three ways to learn it: imitation, outcomes, self-play.

The worth of every position is known exactly, so that whoever has learned from games can be judged
on all positions. People are programs that know the truth and err, each in a way of its own or all
in the same way. Chapter: asking-and-acting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from datawall import validate

CELLS = 9
LINES = tuple(
    sum(1 << cell for cell in line)
    for line in (
        *((3 * i, 3 * i + 1, 3 * i + 2) for i in range(3)),
        *((i, i + 3, i + 6) for i in range(3)),
        (0, 4, 8),
        (2, 4, 6),
    )
)
START = (0, 0)  # stones of the player to move and of the other, as bits
FULL = 2**CELLS - 1


class Game(NamedTuple):
    """The whole game by numbers. Position 0 is the empty board.

    after: for each position the numbers of the positions that a move leads to, none if it is over.
    worth: to the player to move when both play best, 1, 0 or -1. right: for each position which of
    its moves keep its worth, as places in `after`. matters: the positions in which some move does
    and another doesn't.
    """

    after: tuple[tuple[int, ...], ...]
    worth: np.ndarray
    right: tuple[tuple[int, ...], ...]
    matters: np.ndarray


@cache
def game() -> Game:
    """Every position that can be reached, solved."""
    numbers, ahead, after = {START: 0}, [START], []
    for own, other in ahead:
        found = []
        if not _won(other) and own | other != FULL:
            for cell in range(CELLS):
                if not (own | other) >> cell & 1:
                    new = (other, own | 1 << cell)
                    if new not in numbers:
                        numbers[new] = len(numbers)
                        ahead.append(new)
                    found.append(numbers[new])
        after.append(tuple(found))
    worth = np.zeros(len(after), int)
    for number in reversed(range(len(after))):  # a move leads to a higher number
        moves = after[number]
        worth[number] = max(-worth[new] for new in moves) if moves else -_won(ahead[number][1])
    right = [
        tuple(i for i, new in enumerate(moves) if -worth[new] == worth[number])
        for number, moves in enumerate(after)
    ]
    matters = [i for i, moves in enumerate(after) if 0 < len(right[i]) < len(moves)]
    return Game(tuple(after), worth, tuple(right), np.array(matters))


def _won(stones: int) -> bool:
    return any(stones & line == line for line in LINES)


# Players ------------------------------------------------------------------------------------------

Player = list  # for each position the chances (moves,) of its moves


def perfect() -> Player:
    """Plays any of the moves that keep the position's worth."""
    return _any_of(game().right)


def _any_of(places: Sequence[Sequence[int]]) -> Player:
    found = []
    for moves, chosen in zip(game().after, places, strict=True):
        chances = np.zeros(len(moves))
        chances[list(chosen)] = 1 / max(len(chosen), 1)
        found.append(chances)
    return found


def careless(error: float) -> Player:
    """A perfect player who plays any move at all in this share of the positions, each time anew."""
    validate.share("error", error)
    return [(1 - error) * best + error * _evenly(len(best)) for best in perfect()]


def mistaken(blind: float, error: float, *, seed: int) -> Player:
    """A perfect player with blind spots: in them a fixed wrong move is played this often.

    blind: the share of blind spots among the positions in which a move is wrong and none wins at
    once, drawn by the seed, so that all who play with it err alike. error: how often the wrong move
    is played there.
    """
    validate.share("blind", blind)
    validate.share("error", error)
    rng, found, solved = np.random.default_rng([seed, 1]), perfect(), game()
    for number in solved.matters:
        wrong = np.setdiff1d(np.arange(len(found[number])), solved.right[number])
        move, spot = rng.choice(wrong), rng.random() < blind
        if spot and not any(_ends(new) for new in solved.after[number]):
            found[number] = (1 - error) * found[number]
            found[number][move] += error
    return found


def _evenly(count: int) -> np.ndarray:
    return np.full(count, 1 / max(count, 1))


# How good a player is, exactly --------------------------------------------------------------------


def right_moves(player: Player) -> float:
    """Percent of right moves over the positions in which it matters, each counted once."""
    solved = game()
    kept = [player[number][list(solved.right[number])].sum() for number in solved.matters]
    return 100 * float(np.mean(kept))


def lost(player: Player) -> float:
    """Percent of games lost to a perfect player, as first and as second in turn: 0 at best."""
    solved, best = game(), perfect()
    # results[0]: chance that `player` loses if it moves in the position; [1]: if the perfect does.
    results = np.zeros((2, len(solved.after)))
    for number in reversed(range(len(solved.after))):
        moves = solved.after[number]
        if not moves:
            results[0, number] = solved.worth[number] == -1  # the other has just won
            continue
        ahead = list(moves)
        results[0, number] = player[number] @ results[1, ahead]
        results[1, number] = best[number] @ results[0, ahead]
    return 100 * float(results[:, 0].mean())


# Learning -----------------------------------------------------------------------------------------


class Played(NamedTuple):
    """One game: the positions (moves,), the moves' places, and the result for who moved first."""

    positions: list[int]
    moves: list[int]
    result: int


def games(player: Player, count: int, *, seed: int) -> Iterator[Played]:
    """So many games of a player against another of its kind."""
    validate.whole("count", count)
    rng = np.random.default_rng(seed)
    sums = [np.cumsum(chances).tolist() for chances in player]
    after, worth = game().after, game().worth
    draws = rng.random((count, CELLS)).tolist()
    for luck in draws:
        position, positions, moves = 0, [], []
        while after[position]:
            draw, chances = luck[len(moves)], sums[position]
            place = next((i for i, top in enumerate(chances) if draw < top), len(chances) - 1)
            positions.append(position)
            moves.append(place)
            position = after[position][place]
        ended = int(worth[position])  # to who would move next
        yield Played(positions, moves, ended if len(moves) % 2 == 0 else -ended)


class Imitator:
    """Counts what was played, and plays the move seen most often; any move where none was seen.

    It knows the rules as the others do: where a move wins at once, it makes it.
    """

    def __init__(self):
        self.counts = [np.zeros(len(moves)) for moves in game().after]

    def see(self, played: Played) -> None:
        """Learn from one game."""
        for position, move in zip(played.positions, played.moves, strict=True):
            self.counts[position][move] += 1

    def player(self) -> Player:
        """The player that it has become."""
        wins = [np.array([_ends(new) for new in moves]) for moves in game().after]
        return _best_of(
            [won if won.any() else seen for won, seen in zip(wins, self.counts, strict=True)]
        )


class Judge:
    """Values positions by how games from them ended, and plays towards the best value.

    rate: how far a value moves to a reply's value in practice. Of results that are seen a value is
    the mean. Values are those to the player who has just moved there, at first 0.
    """

    def __init__(self, rate: float = 0.1):
        self.rate = validate.share("rate", rate)
        self.seen = [0] * len(game().after)
        self.values = [0.0] * len(game().after)
        for number, moves in enumerate(game().after):
            if not moves:
                self.values[number] = -float(game().worth[number])  # the rules say who has won

    def see(self, played: Played) -> None:
        """Learn from the result of one game."""
        after, values, gain = game().after, self.values, played.result
        for position, move in zip(played.positions, played.moves, strict=True):
            new = after[position][move]
            if after[new]:
                self.seen[new] += 1
                values[new] += (gain - values[new]) / self.seen[new]
            gain = -gain

    def practise(self, count: int, *, explore: float, seed: int) -> None:
        """Play so many games against itself, any move at all in a share of the turns, and learn.

        After each move the position left is valued anew by the best reply that is known (temporal
        differences), so that an experiment doesn't spoil what came before it.
        """
        validate.whole("count", count)
        validate.share("explore", explore)
        rng = np.random.default_rng([seed, 2])
        after, values, rate = game().after, self.values, self.rate
        for luck in rng.random((count, CELLS, 2)).tolist():
            position, turn = 0, 0
            while moves := after[position]:
                one, two = luck[turn]
                ahead = [values[new] for new in moves]
                best = max(ahead)
                if position:
                    values[position] += rate * (-best - values[position])
                if one < explore:
                    position = moves[int(two * len(moves))]
                else:
                    level = [new for new, value in zip(moves, ahead, strict=True) if value == best]
                    position = level[int(two * len(level))]
                turn += 1

    def player(self) -> Player:
        """The player that it has become."""
        return _best_of([np.array([self.values[n] for n in moves]) for moves in game().after])

    def start_from(self, counts: Sequence[ArrayLike]) -> None:
        """Begin with people's moves: each position reached is worth how often its move was made.

        A move's value is twice its share of the moves seen there, less one; where none was seen the
        value stays. Positions that a game ends with keep what the rules say.
        """
        for moves, seen in zip(game().after, counts, strict=True):
            if len(moves) and np.sum(seen):
                for new, share in zip(moves, np.asarray(seen) / np.sum(seen), strict=True):
                    if game().after[new]:
                        self.values[new] = 2 * float(share) - 1


def _ends(number: int) -> bool:
    """Whether who has just moved has won by it."""
    return not game().after[number] and game().worth[number] == -1


def _best_of(scores: Sequence[np.ndarray]) -> Player:
    return _any_of([np.flatnonzero(s == s.max()) if len(s) else [] for s in scores])
