"""Each expectation against simulation, and each policy by what it hands out."""

import numpy as np
import pytest

from datawall.collapse import expectations, policies, remedy_expectations
from datawall.collapse.loop import Past, chains, run
from datawall.collapse.policies import Accumulate, Filter, Fresh, Mix, Own, Subsample
from datawall.generators import combined
from datawall.generators.closed_forms import Gaussian

NORMAL = Gaussian().fit([-1.0, 1.0], seed=0)
COUNT = 4_000
WIDEST = 4.5  # standard errors: one comparison in a hundred thousand lies outside


def agree(draws, expected):
    """Mean over the last axis of `draws` within WIDEST standard errors of what is expected."""
    error = draws.std(-1, ddof=1) / np.sqrt(draws.shape[-1])
    return (np.abs(draws.mean(-1) - expected) < WIDEST * error).all()


N, T = 24, 12
CASES = {
    "subsampled": (Subsample(Accumulate()), remedy_expectations.subsampled(N, T)),
    "redrawn": (
        Mix((policies.Redraw(), Own()), (0.25, 0.75)),
        remedy_expectations.redrawn(N, 0.25, T),
    ),
    "weighted": (
        policies.Weighted(Fresh(NORMAL), 0.25, 0.4),  # 6 real rows, repeated twice, beside 18
        remedy_expectations.weighted(6, 18, 0.4, T),
    ),
    "growing": (policies.Grow(1.0), remedy_expectations.growing(N * np.arange(1, T + 1))),
    "exchanged": (policies.Exchange(4), remedy_expectations.exchanged(N, 4, T)),
    "distilled": (policies.First(), remedy_expectations.distilled(N, T)),
    "cooled": (Own(0.8), remedy_expectations.rescaled(N, T, 0.8)),
    "typical": (
        Filter(policies.Within(1.2)),
        remedy_expectations.rescaled(N, T, remedy_expectations.typical(1.2)),
    ),
    "surprising": (
        Filter(policies.Within(0.2, beyond=True)),
        remedy_expectations.rescaled(N, T, remedy_expectations.surprising(0.2)),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_moments_at_every_generation(case):
    policy, expected = CASES[case]
    found = chains(Gaussian(), policy, NORMAL, N, T, COUNT, seed=1)
    for values, exact in zip((found.mean**2, found.variance), expected, strict=True):
        groups = values.reshape(T, -1, 4).mean(-1)  # of four that exchange: they drift together
        assert agree(groups, exact)


def test_special_cases_are_those_of_drift():
    plain = expectations.moments(30, 20)
    for same in (
        remedy_expectations.exchanged(30, 1, 20),
        remedy_expectations.rescaled(30, 20, 1.0),
    ):
        assert np.allclose(same, plain)
    assert np.allclose(remedy_expectations.growing([30] * 20), plain)
    assert np.allclose(remedy_expectations.redrawn(30, 0.0, 20), plain)
    fresh = expectations.moments(30, 20, fresh=0.2)
    assert np.allclose(remedy_expectations.weighted(6, 24, 0.2, 20), fresh)
    squares = 30 * np.arange(1, 21) ** 2
    assert np.allclose(remedy_expectations.growing(squares), expectations.accumulated(30, 20))


def test_models_that_began_with_the_same_points():
    rng = np.random.default_rng(0)
    start = rng.standard_normal((20, COUNT, 1))
    members = np.repeat(start, 2, axis=2)  # (points, pairs, members)
    expected = remedy_expectations.exchanged(20, 2, 6, shared=True)
    for t in range(6):
        mean, sd = members.mean(0), members.std(0)
        assert agree(mean[:, 0] ** 2, expected.square_mean[t])
        assert agree(sd[:, 0] ** 2, expected.variance[t])
        drawn = mean[:, None] + sd[:, None] * rng.standard_normal((10, COUNT, 2, 2))
        members = drawn.transpose(0, 3, 1, 2).reshape(20, COUNT, 2)


@pytest.mark.parametrize("ratio", [0.05, 0.5, 1.0, 3.0])
def test_golden_weight_is_the_best(ratio):
    weights = np.linspace(0.001, 1, 200_001)
    drawn = 1_000
    error = remedy_expectations.stationary(round(ratio * drawn), drawn, weights)
    best = remedy_expectations.golden(ratio)
    assert weights[error.argmin()] == pytest.approx(best, abs=1e-4)
    assert error.min() == pytest.approx(best / (ratio * drawn), rel=1e-6)
    assert remedy_expectations.golden(1.0) == pytest.approx((np.sqrt(5) - 1) / 2)


def test_stationary_error_of_a_weighted_mean():
    rng, w = np.random.default_rng(1), 0.3
    mean = np.zeros(20_000)
    for _ in range(40):
        real = rng.normal(0, 1 / np.sqrt(5), mean.shape)
        mean = w * real + (1 - w) * rng.normal(mean, 1 / np.sqrt(15))
    assert agree(mean**2, remedy_expectations.stationary(5, 15, w))


def test_least_squares():
    expected = remedy_expectations.least_squares(4, 12, 6)
    for fresh in (False, True):
        for keep, exact in ((False, expected.replace), (True, expected[1 + fresh])):
            found = remedy_expectations.regressions(4, 12, 6, fresh, keep, 3_000, seed=2)
            assert agree(found, exact)
    ratio = remedy_expectations.least_squares(4, 12, 50_000).same_design
    assert ratio[-1] / ratio[0] == pytest.approx(np.pi**2 / 6, rel=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_shifted_labels(share):
    rng, d, rows, count = np.random.default_rng(3), 5, 400, 600
    x = rng.standard_normal((count, rows, d))
    labels = rng.standard_normal((count, rows))
    some = round(share * rows)
    labels[:, :some] += 2 * x[:, :some, 0]
    fits = np.linalg.solve(x.transpose(0, 2, 1) @ x, x.transpose(0, 2, 1) @ labels[..., None])
    error = (fits[..., 0] ** 2).sum(-1)
    expected = remedy_expectations.shifted(d, rows, share, shift=2.0)
    spread = WIDEST * error.std(ddof=1) / np.sqrt(count)
    assert abs(error.mean() - expected) < spread + 0.02 * expected  # of first order in d/n


def test_verifier():
    assert remedy_expectations.verifier_threshold(1, 1) == 0.5
    assert remedy_expectations.verifier_threshold(0.9, 0.3) == pytest.approx(0.75)
    for right, wrong in ((0.8, 0.2), (0.5, 0.6)):
        rng = np.random.default_rng(0)
        off = rng.random(200_000) < remedy_expectations.verifier_threshold(right, wrong)
        kept = rng.random(len(off)) < np.where(off, wrong, right)
        assert off[kept].mean() == pytest.approx(0.5, abs=0.01)


# Policies -----------------------------------------------------------------------------------------

POINTS = np.arange(40.0)


def trained_on(policy, generations=4, generator=None, data=POINTS):
    return [step.data for step in run(generator or Gaussian(), policy, data, generations, seed=7)]


def test_redraw_gives_other_originals_each_time():
    drawn = trained_on(Mix((policies.Redraw(), Own()), (0.25, 0.75)))[1:]
    firsts = [set(rows[:10]) for rows in drawn]
    assert all(len(rows) == 10 and rows <= set(POINTS) for rows in firsts)
    assert firsts[0] != firsts[1]


def test_deck_gives_each_row_once():
    deck = policies.Deck(np.arange(100.0, 130.0))
    drawn = trained_on(Mix((deck, Own()), (0.25, 0.75)))[1:]
    assert np.concatenate([rows[:10] for rows in drawn]).tolist() == list(range(100, 130))
    with pytest.raises(ValueError, match="lower the share"):
        trained_on(Mix((deck, Own()), (0.25, 0.75)), generations=5)


def test_weighted_repeats_rows_to_their_weight():
    rows = trained_on(policies.Weighted(policies.Redraw(), 0.1, 0.3), 2)[1]
    real = np.isin(rows, POINTS)
    assert real.sum() / len(rows) == pytest.approx(0.3, abs=0.01)
    assert len(set(rows[real])) == 4
    assert (~real).sum() == 36


def test_first_keeps_the_first_model():
    steps = list(run(Gaussian(), policies.First(), POINTS, 5, seed=7))
    means = [np.mean(step.data) for step in steps[1:]]
    first = steps[0].fitted.mean.item()
    assert np.allclose(means, first, atol=4.5 * POINTS.std() / np.sqrt(40))
    assert len(set(means)) == 4


def test_what_the_policies_refuse():
    with pytest.raises(ValueError, match="lower the share"):
        chains(Gaussian(), GreedyRedraw(), NORMAL, 10, 2, 3, seed=0)
    with pytest.raises(ValueError, match="weight from the share"):
        policies.Weighted(Own(), 0.3, 0.2)
    with pytest.raises(ValueError, match="divide by 3"):
        chains(Gaussian(), policies.Exchange(3), NORMAL, 10, 2, 9, seed=0)
    with pytest.raises(ValueError, match="no such mean"):
        remedy_expectations.weighted(0, 10, 0.5, 3)
    with pytest.raises(ValueError, match="at least 6 rows"):
        remedy_expectations.least_squares(4, 5, 3)
    with pytest.raises(ValueError, match="give chances"):
        remedy_expectations.verifier_threshold(0, 0.5)
    with pytest.raises(ValueError, match="real points over"):
        remedy_expectations.golden(-1)


def test_adversary_draws_anew_in_each_generation_and_chain():
    rng = np.random.default_rng(1)
    real, made = labelled(rng.normal(size=(400, 1))), labelled(rng.normal(size=(400, 1)))
    adversary = policies.Adversary()
    pasts = [Past(real, real, None, t, seed) for t, seed in ((1, 0), (2, 0), (1, 1), (1, 0))]
    first, later, other, again = (adversary(made, past) for past in pasts)
    assert np.array_equal(first, again)
    assert (first != later).any() and (first != other).any() and (later != other).any()


class GreedyRedraw:
    """Asks for more originals than there are."""

    def __call__(self, past, size, seed):
        return policies.Redraw()(past, size + 1, seed=seed)


def test_committee_apart_and_together():
    labels = np.arange(20) % 2
    data = (np.random.default_rng(0).normal(size=(20, 3)), labels)
    for apart, trained in ((False, 40), (True, 20)):
        metered = combined.Metered(Gaussian())
        committee = combined.Committee((metered, metered), apart)
        points, drawn = committee.fit(data, seed=0).sample(11, seed=1)
        assert points.shape == (11, 3) and len(drawn) == 11
        assert metered.meter == {"models": 2, "trained": trained, "drawn": 11}


def test_metered_draws_classes_equally_often():
    data = np.random.default_rng(0).normal(size=(30, 2)), np.repeat([3, 8], [20, 10])
    _, labels = combined.Metered(Gaussian()).fit(data, seed=0).sample(40, seed=1)
    assert (labels == 3).sum() == 20


def labelled(points):
    return points, np.arange(len(points)) % 2


def test_surprise_ranks_each_class():
    rng = np.random.default_rng(0)
    data = labelled(rng.normal(size=(400, 3)) * [1, 5, 1])
    fitted = combined.Metered(Gaussian()).fit(data, seed=0)
    past = Past(data, data, fitted, 1, 0)
    far = np.vstack([rng.normal(size=(18, 3)), [[9, 0, 0], [0, 9, 0]]])  # the same, in two units
    ranks = policies.surprise(labelled(far), past)
    assert sorted(ranks[::2]) == sorted(ranks[1::2]) == pytest.approx(np.arange(10) / 10)
    assert ranks[18] == 0.9 and ranks[18] > ranks[19] - 0.5
    kept = trained_on(
        Filter(lambda rows, past: policies.surprise(rows, past) < 0.5),
        2,
        combined.Metered(Gaussian()),
        data,
    )[1][0]
    assert kept.var(0)[1] < 0.8 * data[0].var(0)[1]


def test_adversary_turns_samples_into_real_data():
    rng = np.random.default_rng(1)
    real = labelled(rng.normal(size=(3_000, 1)))
    wide = labelled(1.5 * rng.normal(size=(3_000, 1)) + 0.5)
    adversary = policies.Adversary()
    kept = wide[0][adversary(wide, Past(real, real, None, 1, 0))]
    assert adversary.meter["models"] == 1
    assert kept.mean() == pytest.approx(0, abs=0.12) and kept.std() == pytest.approx(1, abs=0.12)


def test_adversary_that_sees_the_class_finds_what_is_lost_within_classes():
    rng = np.random.default_rng(2)
    kinds = np.arange(4_000) % 2
    real = rng.normal(size=(4_000, 1)) * np.where(kinds, 0.5, 2.0)[:, None], kinds
    swapped = rng.normal(size=(4_000, 1)) * np.where(kinds, 2.0, 0.5)[:, None], kinds
    past = Past(real, real, None, 1, 0)
    seen = policies.Adversary()(swapped, past)
    blind = policies.Adversary(sees_class=False)(swapped, past)
    wide = [swapped[0][kept & (kinds == 1)].std() for kept in (seen, blind)]
    assert wide[0] < 0.8 and wide[1] > 1.7  # real ones have 0.5, and all together look alike


def test_filter_judges_a_batch_at_a_time():
    seen = []

    def first_half(rows, past):
        seen.append(len(rows))
        return np.arange(len(rows)) < len(rows) / 2

    data = np.random.default_rng(0).normal(size=20)
    past = Past(data, data, Gaussian().fit(data, seed=0), 1, 0)
    assert len(policies.Filter(first_half, batch=3)(past, 20, seed=1).train) == 20
    assert len(policies.Filter(first_half)(past, 20, seed=1).train) == 20
    assert seen == [60, 20, 20]
    with pytest.raises(ValueError, match="batch"):
        policies.Filter(first_half, batch=0)
