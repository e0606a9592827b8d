"""Noughts and crosses: the truth by known counts and by hand, players, and what each learns."""

import numpy as np
import pytest

from datawall.acting import selfplay


@pytest.fixture(scope="module")
def solved():
    return selfplay.game()


def number_of(solved, *cells):
    """The position after these moves from the empty board."""
    position, taken = 0, []
    for cell in cells:
        free = [c for c in range(9) if c not in taken]
        position = solved.after[position][free.index(cell)]
        taken.append(cell)
    return position


def test_the_game_is_the_one_that_is_known(solved):
    assert len(solved.after) == 5478  # positions that can be reached
    assert sum(1 for moves in solved.after if not moves) == 958
    assert solved.worth[0] == 0
    assert len(selfplay.LINES) == 8 and all(line.bit_count() == 3 for line in selfplay.LINES)
    assert (solved.worth == 0).sum() + (abs(solved.worth) == 1).sum() == 5478


def test_positions_by_hand(solved):
    corner = number_of(solved, 0)
    assert solved.worth[corner] == 0 and len(solved.right[corner]) == 1  # only the centre holds
    assert solved.right[corner] == (3,)  # of the free cells 1, 2, 3, 4 the centre is the fourth
    won = number_of(solved, 0, 3, 1, 4, 2)
    assert not solved.after[won] and solved.worth[won] == -1
    about = number_of(solved, 0, 3, 1, 4)
    assert solved.worth[about] == 1 and about in solved.matters
    assert 0 not in solved.matters  # every first move draws


def test_the_perfect_player_never_loses_and_any_move_does(solved):
    best = selfplay.perfect()
    assert selfplay.right_moves(best) == 100 and selfplay.lost(best) == 0
    assert selfplay.lost(selfplay.careless(1.0)) > 80
    assert all(np.isclose(p.sum(), 1) for p, m in zip(best, solved.after, strict=True) if m)


def test_people(solved):
    tenth = selfplay.careless(0.1)
    corner = number_of(solved, 0)
    assert tenth[corner][3] == pytest.approx(0.9 + 0.1 / 8)
    assert tenth[corner].sum() == pytest.approx(1)
    same = selfplay.mistaken(0.3, 0.8, seed=1), selfplay.mistaken(0.3, 0.8, seed=1)
    assert all(np.array_equal(a, b) for a, b in zip(*same, strict=True))
    right = np.array([same[0][n][list(solved.right[n])].sum() for n in solved.matters])
    assert set(np.round(np.unique(right), 6)) == {0.2, 1.0}
    wins = np.array([any(selfplay._ends(new) for new in solved.after[n]) for n in solved.matters])
    assert (right[wins] == 1).all()
    assert np.mean(right[~wins] < 0.5) == pytest.approx(0.3, abs=0.04)
    for n in solved.matters[right < 0.5]:
        assert np.isclose(same[0][n], 0.8).sum() == 1  # one wrong move, always the same


def test_lost_is_what_play_gives(solved):
    player, best = selfplay.careless(0.5), selfplay.perfect()
    rng, losses = np.random.default_rng(0), 0
    for game in range(4000):
        position, turn = 0, game % 2  # who moves: 0 the player
        while solved.after[position]:
            chances = (player, best)[turn][position]
            position = solved.after[position][rng.choice(len(chances), p=chances)]
            turn = 1 - turn
        losses += turn == 0 and solved.worth[position] == -1
    assert selfplay.lost(player) == pytest.approx(100 * losses / 4000, abs=2.5)


def test_games_are_the_players(solved):
    played = list(selfplay.games(selfplay.perfect(), 300, seed=0))
    assert all(game.result == 0 and len(game.moves) == 9 for game in played)
    wild = list(selfplay.games(selfplay.careless(1.0), 4000, seed=0))
    firsts = np.mean([game.result == 1 for game in wild])
    assert firsts == pytest.approx(0.585, abs=0.03)  # of games at random the first wins so many
    assert np.mean([game.result == -1 for game in wild]) == pytest.approx(0.288, abs=0.03)
    counts = np.bincount([game.moves[0] for game in wild], minlength=9) / 4000
    assert counts == pytest.approx([1 / 9] * 9, abs=0.02)
    for game in wild[:50]:
        end = game.positions[-1], game.moves[-1]
        assert not solved.after[solved.after[end[0]][end[1]]]


def test_an_imitator_plays_what_it_saw_most(solved):
    pupil = selfplay.Imitator()
    game = selfplay.Played([0, solved.after[0][4]], [4, 0], 0)
    pupil.see(game)
    player = pupil.player()
    assert player[0][4] == 1 and player[solved.after[0][4]][0] == 1
    assert player[solved.after[0][3]] == pytest.approx([1 / 8] * 8)  # never seen
    about = number_of(solved, 0, 3, 1, 4)
    assert player[about].max() == 1  # knows the rules: three in a row
    assert solved.worth[solved.after[about][player[about].argmax()]] == -1
    for _ in range(2):
        pupil.see(selfplay.Played([0], [7], 0))
    assert pupil.player()[0][7] == 1


def test_results_are_averaged_with_the_right_sign(solved):
    judge = selfplay.Judge()
    first, reply = solved.after[0][4], None
    reply = solved.after[first][0]
    judge.see(selfplay.Played([0, first], [4, 0], 1))
    judge.see(selfplay.Played([0, first], [4, 0], 1))
    judge.see(selfplay.Played([0, first], [4, 0], -1))
    assert judge.values[first] == pytest.approx(1 / 3)  # good for who moved there
    assert judge.values[reply] == pytest.approx(-1 / 3)


def test_practice_finds_perfect_play():
    judge = selfplay.Judge(0.3)
    judge.practise(20_000, explore=0.5, seed=0)
    player = judge.player()
    assert selfplay.lost(player) < 1 and selfplay.right_moves(player) > 98
    again = selfplay.Judge(0.3)
    again.practise(200, explore=0.5, seed=0)
    assert selfplay.right_moves(again.player()) < 90


def test_practice_values_a_position_by_its_best_reply(solved):
    judge = selfplay.Judge(0.5)
    for _ in range(300):
        judge.practise(1, explore=1.0, seed=_)
    lost = number_of(solved, 0, 3, 1)  # the one to move must block, or the other wins
    assert -1 <= judge.values[lost] <= 1
    about = number_of(solved, 0, 3, 1, 4)
    assert judge.values[about] <= 0  # who has moved there loses at once


def test_to_start_from_peoples_moves(solved):
    judge, counts = selfplay.Judge(), [np.zeros(len(m)) for m in solved.after]
    counts[0][:2] = 3, 1
    about = number_of(solved, 0, 3, 1, 4)
    counts[about][:] = 1
    judge.start_from(counts)
    assert judge.values[solved.after[0][0]] == pytest.approx(0.5)
    assert judge.values[solved.after[0][1]] == pytest.approx(-0.5)
    assert judge.values[solved.after[0][5]] == pytest.approx(-1.0)
    over = next(new for new in solved.after[about] if selfplay._ends(new))
    assert judge.values[over] == 1  # the rules stay


def test_imitators_pass_careless_people_and_keep_shared_mistakes():
    careless, alike = selfplay.careless(0.3), selfplay.mistaken(0.3, 0.8, seed=0)
    lost = []
    for people in (careless, alike):
        pupil = selfplay.Imitator()
        for game in selfplay.games(people, 3000, seed=0):
            pupil.see(game)
        lost.append(selfplay.lost(pupil.player()) - selfplay.lost(people))
    assert lost[0] < -20 and lost[1] > -10


def test_refusals():
    with pytest.raises(ValueError, match="error is 2"):
        selfplay.careless(2)
    with pytest.raises(ValueError, match="blind is -1"):
        selfplay.mistaken(-1, 0.5, seed=0)
    with pytest.raises(ValueError, match="count is 0"):
        selfplay.Judge().practise(0, explore=0.1, seed=0)
    with pytest.raises(ValueError, match="rate is 3"):
        selfplay.Judge(3)
    with pytest.raises(ValueError, match="count is 0"):
        list(selfplay.games(selfplay.perfect(), 0, seed=0))
