"""Scores of doubt by hand, k-centre by hand, pools with junk, and rounds of asking."""

import numpy as np
import pytest

from datawall.acting import queries

CHANCES = np.array([[0.5, 0.5, 0.0], [0.6, 0.2, 0.2], [0.4, 0.3, 0.3]])


def test_doubts_by_hand():
    assert queries.doubts(CHANCES, "margin") == pytest.approx([0.0, -0.4, -0.1])
    second, third = 0.6 * np.log(0.6) + 0.4 * np.log(0.2), 0.4 * np.log(0.4) + 0.6 * np.log(0.3)
    wanted = [np.log(2), -second, -third]
    assert queries.doubts(CHANCES, "entropy") == pytest.approx(wanted)


def test_spread_takes_the_farthest_each_time():
    points = np.array([[0.0], [1.0], [9.0], [10.0], [5.0]])
    assert queries.spread(points, [0], 3).tolist() == [3, 4, 1]
    assert queries.spread(points, [0, 3], 1).tolist() == [4]
    assert sorted(queries.spread(points, [2], 4)) == [0, 1, 3, 4]
    same = np.zeros((4, 2))
    assert sorted(queries.spread(same, [1], 3)) == [0, 2, 3]  # nothing twice


def images(count, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    found = rng.random((count, 8, 8)).astype(np.float32) / 4
    for i, kind in enumerate(labels):
        found[i, 2 * kind : 2 * kind + 2] += 0.7
    return found, labels


def test_junk():
    found, labels = images(40)
    pool = queries.with_junk(found, labels, 0.5, seed=0)
    junk = pool.labels == queries.JUNK
    assert junk.sum() == 20
    assert np.array_equal(pool.images[~junk], found[~junk])
    assert np.array_equal(pool.labels[~junk], labels[~junk])
    assert (pool.images[junk] >= found[junk]).all() and (pool.images[junk] != found[junk]).any()
    for mixed, below in zip(pool.images[junk], found[junk], strict=True):
        turned = found[:, ::-1, ::-1]
        assert any(np.array_equal(mixed, np.maximum(below, other)) for other in turned)
    clean = queries.with_junk(found, labels, 0, seed=0)
    assert np.array_equal(clean.images, found)


def test_shifted():
    image = np.zeros((1, 3, 3), np.float32)
    image[0, 1, 1] = 1
    found = queries.shifted(image)
    assert found.shape == (9, 3, 3)
    assert np.array_equal(found[0], image[0])
    places = [tuple(np.argwhere(x)[0].tolist()) for x in found]
    assert sorted(places) == [(r, c) for r in range(3) for c in range(3)]
    corner = np.zeros((1, 3, 3), np.float32)
    corner[0, 0, 0] = 1
    assert queries.shifted(corner).sum() == 4  # what is moved out is gone


@pytest.mark.parametrize("query", queries.QUERIES)
def test_rounds(query):
    pool = queries.with_junk(*images(90), 0.3, seed=0)
    exam = queries.Pool(*images(30, seed=1))
    found = list(queries.rounds(query, pool, exam, [6, 12, 30], steps=60, seed=0))
    assert [state.labels for state in found] == [6, 12, 30]
    assert found[-1].accuracy > 80
    assert [s.junk for s in found] == sorted(s.junk for s in found)
    first = np.random.default_rng([0, 0]).permutation(90)[:6]
    assert found[0].junk == (pool.labels[first] == queries.JUNK).sum()


def test_all_of_a_pool_is_bought_once():
    pool, exam = queries.Pool(*images(30)), queries.Pool(*images(30, seed=1))
    mixed = queries.with_junk(*pool, 0.4, seed=0)
    for query in queries.QUERIES:
        *_, last = queries.rounds(query, mixed, exam, [10, 30], steps=1, seed=0)
        assert last.labels == 30 and last.junk == 12


def test_margin_asks_where_two_kinds_are_near():
    # All images of the pool are plain but four, which lie between two kinds.
    found, labels = images(60)
    between = [50, 51, 52, 53]
    found[between] = (found[0] + found[1]) / 2
    bought = []

    class Labels(np.ndarray):
        def __getitem__(self, rows):
            if isinstance(rows, np.ndarray) and rows.dtype != bool:
                bought.append(rows)
            return np.asarray(self)[rows]

    pool = queries.Pool(found, labels.view(Labels))
    list(queries.rounds("margin", pool, queries.Pool(found, labels), [12, 16], steps=150, seed=1))
    own = set(between) - set(bought[0].tolist())
    assert own and own <= set(bought[-1].tolist())


def test_augmentation_trains_on_moved_images(monkeypatch):
    pool, exam = queries.Pool(*images(30)), queries.Pool(*images(30, seed=1))
    seen = []
    learn = queries.vision.learn

    def spy(net, sources, steps, **rest):
        seen.append((len(sources[0][0]), sources[0][1].tolist(), steps))
        return learn(net, sources, steps, **rest)

    monkeypatch.setattr(queries.vision, "learn", spy)
    for augment in (False, True):
        list(queries.rounds("random", pool, exam, [6], augment=augment, steps=2, seed=0))
    assert [s[0] for s in seen] == [6, 54] and seen[1][1] == seen[0][1] * 9
    assert {s[2] for s in seen} == {2}


def test_labels_saved_by_hand():
    labels = [100, 200, 300, 400]
    theirs, ours = [50.0, 60.0, 70.0, 80.0], [50.0, 70.0, 90.0, 95.0]
    assert queries.saved(labels, ours, theirs) == pytest.approx(100 * (1 - 250 / 400))
    assert queries.saved(labels, theirs, ours) == pytest.approx(-100 * (1 - 250 / 400))
    assert queries.saved(labels, ours, ours) == pytest.approx(0)
    assert queries.saved(labels, [90.0] * 4, theirs) == pytest.approx(75)  # at the first amount
    # A dip is levelled before anything is read off: 60, 80, 70, 80 counts as 60, 75, 75, 80.
    assert queries.saved(labels, [60.0, 80.0, 70.0, 80.0], [75.0] * 4) == pytest.approx(50)
    with pytest.raises(ValueError, match="differ in shape"):
        queries.saved(labels, ours, theirs[:3])
    with pytest.raises(ValueError, match="don't rise"):
        queries.saved([1, 1], [1, 2], [1, 2])


def test_refusals():
    pool = queries.Pool(*images(30))
    with pytest.raises(ValueError, match="rising"):
        list(queries.rounds("random", pool, pool, [6, 6], seed=0))
    with pytest.raises(ValueError, match="amounts is 31"):
        list(queries.rounds("random", pool, pool, [31], seed=0))
    with pytest.raises(ValueError, match="query is 'all'"):
        list(queries.rounds("all", pool, pool, [6], seed=0))
    with pytest.raises(ValueError, match="add up to 1"):
        queries.doubts([[0.5, 0.6]], "margin")
    with pytest.raises(ValueError, match="count is 5"):
        queries.spread(np.zeros((5, 1)), [0], 5)
    with pytest.raises(ValueError, match="share is 2"):
        queries.with_junk(*images(5), 2, seed=0)
