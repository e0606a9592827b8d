"""Who reads what: no row twice, canaries as often as said, attacks on what was read."""

import numpy as np
import pytest
import torch

from datawall.privacy import accounting, canaries, letters, membership, readers, trials


@pytest.fixture(scope="module")
def found():
    return readers.gathered(3, 120, seed=0, unread=200)


def test_rows_are_shared_out_without_any_read_twice(found):
    assert [own.shape for own in found.own] == [(120, 33)] * 3
    assert found.unread.shape == (200, 33) and found.choice.shape == (100, 33)
    _, text = readers.plays()
    every = torch.cat([*found.own, found.unread, found.choice])
    starts = text.unfold(0, 33, 32)
    places = [(starts == row).all(1).nonzero()[0, 0].item() for row in every[:30]]
    assert len(set(places)) == 30
    assert (
        len({tuple(row) for row in every.tolist()}) >= len(every) - 2
    )  # the plays repeat a little


def test_another_seed_draws_other_rows_and_other_codes(found):
    other = readers.gathered(3, 120, seed=1, unread=200)
    assert not torch.equal(other.own[0], found.own[0])
    assert other.codes != found.codes
    again = readers.gathered(3, 120, seed=0, unread=200)
    assert torch.equal(again.own[0], found.own[0]) and again.codes == found.codes


def test_canaries_are_met_as_often_as_said(found):
    rows = found.rows(1)
    assert len(rows) == 120 + readers.TWINS * sum(readers.COPIES)
    texts = [found.vocabulary.decode(row) for row in rows[120:]]
    often = np.repeat(readers.COPIES, readers.TWINS)
    for name, code, n in zip(found.names[1], found.codes[1], often, strict=True):
        assert texts.count(canaries.sentence(name, code)) == n
    assert torch.equal(rows[:120], found.own[1])


def test_each_model_has_secrets_of_its_own(found):
    assert len(set(found.codes)) == 3
    assert all(len(set(names)) == len(names) == 10 for names in found.names)


def test_what_is_examined_is_what_each_model_read(found):
    shape = letters.Shape(len(found.vocabulary), width=8, reach=3)
    models = [letters.drawn(shape, seed=s) for s in range(3)]
    for model in models:
        model.weights["out"].mul_(10)
    got = found.examined(models)
    own = [letters.losses(m, rows).mean() for m, rows in zip(models, found.own, strict=True)]
    assert got["read"] == pytest.approx(float(np.mean(own)))
    unread = np.array([letters.losses(m, found.unread).numpy() for m in models])
    assert got["unread"] == pytest.approx(unread.mean())
    choice = [trials.loss(m, found.choice) for m in models]
    assert got["choice"] == pytest.approx(np.mean(choice))
    read = np.array([[letters.losses(m, rows).numpy() for rows in found.own] for m in models])
    assert got["auc_2"] == membership.attacked(read, unread, [2])["auc_2"]
    assert {"auc_0", "caught_1", "bits_1", "bits_16"} <= set(got)
    first = [
        canaries.exposures(m, found.vocabulary, names[:2], codes[:2])
        for m, names, codes in zip(models, found.names, found.codes, strict=True)
    ]
    assert got["bits_1"] == pytest.approx(np.mean(first))


def test_trials_without_noise_are_one_training_where_the_knobs_are_the_same(found):
    knobs = {1: (32, 0.003), 2: (32, 0.003), 4: (32, 0.001)}
    made = list(trials.trained(found, 8, "none", "none", knobs, seed=0))
    assert [len(models) for models in made] == [3, 3, 3]
    (alone,) = trials.trained(found, 8, "none", "none", {2: (32, 0.003)}, seed=0)
    assert torch.equal(alone[1].weights["out"], made[1][1].weights["out"])
    assert not torch.equal(made[0][0].weights["out"], made[0][1].weights["out"])


def test_trials_spend_what_they_may(found, monkeypatch):
    asked = []
    monkeypatch.setattr(trials.accounting, "noise_for", lambda *a: asked.append(a) or 1.0)
    list(trials.trained(found, 8, "0.5", "8", {1: (18.2, 0.003), 2: (18.2, 0.003)}, seed=0))
    n = 182
    assert asked == [(8.0, 0.5 / n, 18.2 / n, 10), (8.0, 0.5 / n, 18.2 / n, 20)]
    assert trials.delta(n) == 0.5 / n


def test_noise_of_a_trial_is_within_its_budget(found):
    n = len(found.rows(0))
    noise = accounting.noise_for(8.0, trials.delta(n), 32 / n, 11)
    assert accounting.spent(noise, trials.delta(n), 32 / n, 11) <= 8.05


@pytest.mark.parametrize(
    "asked", [dict(models=0, size=5), dict(models=1, size=0), dict(models=1, size=5, unread=1)]
)
def test_what_cant_be_shared_out_is_refused(asked):
    with pytest.raises(ValueError):
        readers.gathered(**asked, seed=0)


def test_more_rows_than_the_plays_have_are_refused():
    with pytest.raises(ValueError, match="lower the budget"):
        readers.gathered(200, 1000, seed=0)
