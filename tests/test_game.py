"""The game: rules and worths by hand, a second solver, and search that gets the truth."""

import copy
import inspect

import numpy as np
import pytest
import torch

from datawall.reasoning import game
from datawall.reasoning.game import Position, worth


def stones(*cells):
    """Bits of cells (row, column), row 0 below."""
    return sum(1 << (4 * row + column) for row, column in cells)


def test_lines():
    assert len(game.LINES) == 24  # 8 across, 8 upright, 4 in each slant
    assert stones((0, 0), (1, 1), (2, 2)) in game.LINES
    assert stones((0, 3), (1, 2), (2, 1)) in game.LINES
    assert stones((0, 2), (0, 3), (1, 0)) not in game.LINES


def test_who_makes_three_in_a_row_loses():
    three = stones((0, 0), (0, 1), (0, 2))
    assert Position(0, three).over() == 1  # the player to move has won
    assert Position(three, 0).over() is None  # can't come about: only the last mover loses
    assert Position(stones((0, 0)), stones((0, 1))).over() is None
    pattern = stones(*((r, c) for r in range(4) for c in range(4) if (c // 1 + r // 2) % 2))
    assert Position(pattern, game.FULL ^ pattern).over() == 0


def test_stones_fall():
    position = Position(stones((0, 0), (2, 0)), stones((1, 0)))
    assert sorted(position.moves()) == sorted(
        [stones((3, 0)), stones((0, 1)), stones((0, 2)), stones((0, 3))]
    )
    after = position.after(stones((3, 0)))
    assert after == Position(stones((1, 0)), stones((0, 0), (2, 0), (3, 0)))
    assert stones((0, 0)) not in [cell for cell in after.moves()]


def test_a_forced_loss_and_a_free_choice():
    # Two in the bottom row: a third beside them loses at once, elsewhere not.
    position = Position(stones((0, 0), (0, 1)), stones((1, 0), (1, 1)))
    lost = position.after(stones((0, 2)))
    assert lost.over() == 1 and worth(lost) == 1
    assert worth(position) >= -1


def test_worth_agrees_with_plain_minimax():
    def plain(own, other, turn):
        for line in game.LINES:
            if other & line == line:
                return 1
        if own | other == game.FULL:
            return 0
        return max(-plain(other, own | c, turn + 1) for c in Position(own, other).moves())

    late = [p for p in game.positions() if (p.own | p.other).bit_count() >= 9]
    for position in late[:: len(late) // 60]:
        assert plain(*position, 0) == worth(position)


def test_positions_and_mirrors():
    every = game.positions()
    assert len(set(every)) == len(every) == 23_930
    some = every[100:2000:50]
    assert all(game.mirrored(p) in set(every) for p in some)
    assert all(worth(game.mirrored(p)) == worth(p) for p in some)
    assert game.mirrored(Position(stones((0, 0)), stones((1, 3)))) == Position(
        stones((0, 3)), stones((1, 0))
    )
    assert sum(map(game.matters, every)) == 10_219


def test_the_exam_is_apart_with_its_mirror_images():
    known, exam = game.split(50, seed=0)
    closed = {*exam, *map(game.mirrored, exam)}
    assert len(exam) == 50 and all(map(game.matters, exam))
    assert not closed & set(known)
    assert len(known) + len(closed) == len(game.positions())
    assert game.split(50, seed=1).exam != exam


def test_features_tell_the_players_apart():
    x = game.features([Position(stones((0, 1)), stones((3, 3)))])
    assert x.shape == (1, 32)
    assert x[0].nonzero()[:, 0].tolist() == [1, 31]


def test_a_deep_enough_search_needs_no_data():
    exam = game.split(20, seed=0).exam
    late = [p for p in exam if (p.own | p.other).bit_count() >= 8][:6]
    assert game.played(late, 9, game.judged(None)).kept == 1


def test_a_perfect_judge_needs_no_search_and_a_misled_one_errs():
    exam = game.split(40, seed=0).exam
    perfect = game.played(exam, 1, lambda some: [worth(p) for p in some])
    assert perfect.kept == 1
    assert perfect.looked == np.mean([len(p.moves()) for p in exam])
    assert game.played(exam, 1, lambda some: [-worth(p) for p in some]).kept < 0.6
    assert game.played(exam, 2, lambda some: [worth(p) for p in some]).kept == 1
    assert game.played(exam, 2, lambda some: [worth(p) for p in some]).looked > perfect.looked


def test_equal_moves_share():
    exam = game.split(40, seed=0).exam
    blind = game.played(exam, 1, lambda some: np.zeros(len(some))).kept
    by_hand = []
    for position in exam:
        after = [position.after(cell) for cell in position.moves()]
        seen = [-1 if p.over() == 1 else 0 for p in after]  # it sees what is lost at once
        best = [i for i, x in enumerate(seen) if x == max(seen)]
        truth = [-worth(p) for p in after]
        by_hand.append(np.mean([truth[i] == max(truth) for i in best]))
    assert blind == pytest.approx(np.mean(by_hand))


def test_a_net_learns_and_repeats():
    known, exam = game.split(40, seed=0)
    net, same = (game.learned(known[:600], steps=150, seed=0) for _ in range(2))
    x = game.features(known[:600])
    y = torch.tensor([worth(p) for p in known[:600]]).float()
    assert torch.equal(net(x), same(x))
    assert (net(x) - y).square().mean() < 0.8 * y.var()
    assert (
        game.played(exam, 1, game.judged(net)).kept > game.played(exam, 1, game.judged(None)).kept
    )


def test_known_positions_come_in_a_random_order():
    known = game.split(50, seed=0).known
    there = set(known)
    assert known != [position for position in game.positions() if position in there]


def test_a_net_before_it_learns():
    net, same, other = (game.Net(seed=seed) for seed in (0, 0, 1))
    x = 9 * torch.randn(20, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(net(x), same(x)) and not torch.equal(net(x), other(x))
    for layer, inputs in zip(net.layers, (32, 64, 64), strict=True):
        assert layer.weight.std().item() == pytest.approx((2 / inputs) ** 0.5, rel=0.2)
        assert (layer.bias == 0).all()
    assert net.layers[0].weight.std().item() == pytest.approx(0.25, rel=0.06)


def test_a_nets_output_by_hand():
    net = game.Net(seed=0)
    x = 9 * torch.randn(20, 32, generator=torch.Generator().manual_seed(0)).double().numpy()
    hidden = x
    for layer in net.layers[:-1]:
        hidden = np.maximum(hidden @ layer.weight.detach().double().numpy().T, 0)
    out = np.tanh(hidden @ net.layers[-1].weight.detach().double().numpy()[0])
    assert net(torch.from_numpy(x).float()).detach().numpy() == pytest.approx(out, abs=1e-4)


def test_how_a_net_learns(monkeypatch):
    """Mirror images too, at a rate that falls to zero, 1,500 steps by default."""
    rates, decays, read = [], [], []

    class Spy(torch.optim.AdamW):
        def step(self, *given):
            rates.append(self.param_groups[0]["lr"])
            decays.append(self.param_groups[0]["weight_decay"])
            return super().step(*given)

    features = game.features
    monkeypatch.setattr(torch.optim, "AdamW", Spy)
    monkeypatch.setattr(game, "features", lambda some: read.extend(some) or features(some))
    position = Position(stones((0, 0)), stones((0, 1)))
    game.learned([position], steps=4, seed=0)
    assert rates == pytest.approx([3e-3, 2.25e-3, 1.5e-3, 0.75e-3])
    assert set(decays) == {0.01}
    assert sorted(read) == sorted([position, game.mirrored(position)])
    assert inspect.signature(game.learned).parameters["steps"].default == 1500


def test_a_seed_orders_what_a_net_learns(monkeypatch):
    start, known = game.Net(seed=0), list(game.positions()[:300])
    monkeypatch.setattr(game, "Net", lambda *, seed: copy.deepcopy(start))
    one, same, other = (
        game.learned(known, steps=2, seed=seed).layers[0].weight for seed in (1, 1, 2)
    )
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_without_a_net_every_guess_is_0():
    assert game.judged(None)([Position()] * 3).tolist() == [0, 0, 0]


def test_a_draw_where_one_can_win_is_no_kept_worth():
    def chances(position):
        return {-worth(position.after(cell)) for cell in position.moves()}

    exam = [next(p for p in game.positions() if chances(p) >= {0, 1})]
    assert game.played(exam, 1, lambda some: [-(worth(p) == 0) for p in some]).kept == 0


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: game.split(0, seed=0), "exam is 0"),
        (lambda: game.split(10_220, seed=0), "exam is 10,220"),
        (lambda: game.learned([], seed=0), "no positions to learn"),
        (lambda: game.learned([Position()], steps=0, seed=0), "steps is 0"),
        (lambda: game.played([Position()], 0, game.judged(None)), "depth is 0"),
        (lambda: game.played([], 1, game.judged(None)), "no positions to play"),
    ],
)
def test_bad_input_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
