"""Training: that it learns, repeats to the last digit, and reads many budgets off one run."""

import math

import numpy as np
import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

from datawall.lm import train
from datawall.lm.model import Config
from datawall.lm.train import Job, Recipe
from datawall.text import corpus

# A text with structure to learn: each token follows from the one before, but for one in ten.
RNG = np.random.default_rng(0)
NEXT = RNG.permutation(12)
TEXT = [0]
for noise in RNG.random(40_000):
    TEXT.append(int(NEXT[TEXT[-1]]) if noise < 0.9 else int(RNG.integers(12)))
TEXT = torch.tensor(TEXT)
EXAM = corpus.windows(TEXT[-5_000:], 16, 100, seed=0)
TEXT = TEXT[:-5_000]
CONFIG = Config(vocab=12, width=16, layers=1, context=16)
QUICK = Recipe(warmup=5)  # a short warm-up, since these budgets are tiny
# What the best reader loses on such a text, in nats: the entropy of one step.
STAY = 0.9 + 0.1 / 12
FLOOR = -STAY * math.log(STAY) - 11 * 0.1 / 12 * math.log(0.1 / 12)


def test_it_learns_to_the_texts_own_entropy():
    (row,) = train.run(Job(CONFIG, [30_000], QUICK, seed=0), TEXT, EXAM)
    assert FLOOR - 0.05 < row["loss"] < FLOOR + 0.05  # never far below: that would be leakage


def test_rows_say_what_was_run():
    rows = train.run(Job(CONFIG, [5_000, 10_000], QUICK, seed=3), TEXT, EXAM)
    assert [row["tokens"] for row in rows] == [4_992, 9_984]  # whole steps of 8 x 16 tokens
    assert {row["params"] for row in rows} == {CONFIG.params}
    assert {row["seed"] for row in rows} == {3}
    assert rows[0]["loss"] > rows[1]["loss"]


def test_a_budget_read_off_a_longer_run_equals_its_own_run():
    alone = train.run(Job(CONFIG, [5_000], QUICK, seed=0), TEXT, EXAM)
    shared = train.run(Job(CONFIG, [2_500, 5_000, 10_000], QUICK, seed=0), TEXT, EXAM)
    assert shared[1]["loss"] == alone[0]["loss"]


def losses(rows):
    return [row["loss"] for row in rows]


def job_of(seed, budget=4_000, **settings):
    return Job(CONFIG, [budget], QUICK, seed=seed, **settings)


def test_same_digits_whatever_the_number_of_processes_and_of_models_side_by_side():
    here = [losses(train.run(job_of(seed), TEXT, EXAM))[0] for seed in range(3)]
    for workers in (1, 2):
        found = train.sweep(job_of, TEXT, EXAM, seeds=range(3), workers=workers)
        assert found.loss.sel(tokens=3_968).values.tolist() == here
    assert len(set(here)) == 3  # and the seeds do differ


def test_each_model_side_by_side_is_clipped_by_its_own_gradient():
    tight = Recipe(warmup=5, clip=0.05)
    alone = [Job(CONFIG, [2_000], tight, seed=seed) for seed in (0, 1)]
    apart = [losses(train.run(job, TEXT, EXAM))[0] for job in alone]
    found = train.sweep(lambda seed: alone[seed], TEXT, EXAM, seeds=(0, 1), workers=1)
    assert found.loss.values[:, 0].tolist() == apart
    assert apart[0] != losses(train.run(job_of(0, 2_000), TEXT, EXAM))[0]  # and clipping is on


def test_threads_are_as_they_were():
    torch.set_num_threads(2)
    train.run(Job(CONFIG, [2_000], QUICK, seed=0), TEXT, EXAM)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)


def test_a_sweep_has_names_and_what_was_not_run_is_nan():
    budgets = {"short": [2_000], "long": [2_000, 8_000]}

    def job(length, seed):
        return Job(CONFIG, budgets[length], QUICK, seed=seed)

    found = train.sweep(job, TEXT, EXAM, seeds=(5, 3, 4), length=["short", "long"], workers=2)
    assert found.loss.dims == ("length", "seed", "tokens")
    assert found.seed.values.tolist() == [5, 3, 4]
    assert found.tokens.values.tolist() == [1_920, 7_936]
    assert found.loss.sel(length="short", tokens=7_936).isnull().all()
    assert found.params.sel(length="long") == CONFIG.params
    alone = losses(train.run(job("long", 3), TEXT, EXAM))
    assert found.loss.sel(length="long", seed=3).values.tolist() == alone


def test_a_sweep_keeps_what_it_is_asked_to_whatever_a_setting_is_called():
    def job(part, seed):
        return Job(CONFIG, [2_000 * part], QUICK, seed=seed)

    def keep(part):
        return part == 2

    found = train.sweep(job, TEXT, EXAM, seeds=[0], part=[1, 2, 3], keep=keep, workers=1)
    assert found.loss.max("tokens").notnull().values.ravel().tolist() == [False, True, False]


def test_what_is_not_kept_is_not_run():
    def job(budget, seed):
        assert budget != 4_000
        return job_of(seed, budget)

    settings = {"budget": [2_000, 4_000], "keep": lambda budget: budget == 2_000}
    found = train.sweep(job, TEXT, EXAM, seeds=range(2), workers=1, **settings)
    assert found.loss.sel(budget=4_000).isnull().all()
    assert found.loss.sel(budget=2_000).notnull().all()


def test_each_job_can_have_its_own_text():
    texts = [TEXT[:15_000], TEXT[15_000:]]
    apart = [losses(train.run(job_of(0), text, EXAM))[0] for text in texts]
    found = train.sweep(
        lambda half, seed: job_of(seed, text=texts[half]), None, EXAM, seeds=[0], half=[0, 1]
    )
    assert found.loss.values.ravel().tolist() == apart
    assert apart[0] != apart[1]
    with pytest.raises(ValueError, match="no text to train on"):
        train.run(job_of(0), None, EXAM)


def test_unique_tokens_are_read_again_in_a_new_order_and_no_others_are_read():
    job = Job(CONFIG, [4_000], QUICK, seed=0, unique=16 * 40)
    windows, order = train._reading(job, TEXT, 100)
    assert windows.shape == (40, 17)
    assert sorted(order[:40]) == sorted(order[40:80]) == list(range(40))
    assert order[:40].tolist() != order[40:80].tolist()
    fresh = corpus.windows(TEXT, 16, 100, seed=0)
    assert (windows == fresh[:40]).all()  # a repeating job and a fresh one begin alike


def test_one_epoch_of_repetition_is_none():
    fresh = losses(train.run(Job(CONFIG, [8_000], QUICK, seed=0), TEXT, EXAM))
    assert losses(train.run(Job(CONFIG, [8_000], QUICK, seed=0, unique=8_000), TEXT, EXAM)) == fresh


def test_a_small_text_read_often_is_learned_by_heart():
    job = Job(CONFIG, [60_000], QUICK, seed=0, unique=512)
    own = corpus.windows(TEXT, 16, 32, seed=0)
    on_its_own, on_new = (train.run(job, TEXT, exam)[0]["loss"] for exam in (own, EXAM))
    (fresh,) = losses(train.run(Job(CONFIG, [30_000], QUICK, seed=0), TEXT, EXAM))
    assert on_its_own < FLOOR - 0.2  # below what any reader of new text can reach
    assert on_new > fresh + 0.2


def test_less_than_a_window_of_unique_tokens_is_refused():
    with pytest.raises(ValueError, match="15 unique tokens are less than one window of 16"):
        train.run(Job(CONFIG, [4_000], QUICK, seed=0, unique=15), TEXT, EXAM)


def test_own_measure():
    def size(model, windows):
        return {"windows": len(windows), "width": model.config.width}

    (row,) = train.run(Job(CONFIG, [2_000], QUICK, seed=0), TEXT, EXAM, size)
    assert (row["windows"], row["width"]) == (100, 16)


def test_fit_gives_the_model_that_run_grades():
    job = Job(CONFIG, [2_000, 4_000], QUICK, seed=0)
    model = train.fit(job, TEXT)
    assert train.loss(model, EXAM)["loss"] == train.run(job, TEXT, EXAM)[-1]["loss"]


def test_schedule():
    recipe = Recipe(warmup=4, decay=0.25)
    rates = [recipe.rate_at(step, 20) for step in range(20)]
    assert rates[:5] == [0.25, 0.5, 0.75, 1, 1]
    assert rates[14:] == [1, 1, 0.8, 0.6, 0.4, 0.2]


@pytest.fixture
def stepped():
    """What each step of the optimizer found: its rate and the norm of all gradients."""
    found = []

    def look(optimizer, *_):
        parts = [p.grad.norm() for group in optimizer.param_groups for p in group["params"]]
        found.append((optimizer.param_groups[0]["lr"], torch.stack(parts).norm().item()))

    hook = register_optimizer_step_pre_hook(look)
    yield found
    hook.remove()


def test_gradients_are_clipped_to_the_norm(stepped):
    for clip in (math.inf, 0.3):
        train.fit(Job(CONFIG, [4_000], Recipe(warmup=5, clip=clip), seed=0), TEXT)
    free, clipped = np.array(stepped)[:, 1].reshape(2, -1)
    assert free.min() > 0.3
    assert clipped.max() == pytest.approx(0.3, rel=1e-4)


def test_the_rate_is_lower_for_wider_models(stepped):
    recipe = Recipe(rate=1e-3, warmup=5)
    assert [recipe.peak(width) for width in (16, 64, 128)] == [4e-3, 1e-3, 5e-4]
    train.fit(Job(CONFIG, [4_000], recipe, seed=0), TEXT)
    rates = [rate for rate, _ in stepped]
    assert max(rates) == pytest.approx(4e-3)
    assert rates[:2] == pytest.approx([4e-3 / 5, 8e-3 / 5])


def test_each_epoch_has_an_order_of_its_own():
    job = Job(CONFIG, [4_000], QUICK, seed=0, unique=16 * 40)
    order = train._reading(job, TEXT, 6 * 40)[1].reshape(6, 40)
    assert (order.sort(1).values == torch.arange(40)).all()
    assert len({tuple(epoch.tolist()) for epoch in order}) == 6
    other = train._reading(Job(CONFIG, [4_000], QUICK, seed=1, unique=16 * 40), TEXT, 6 * 40)[1]
    assert (order[1:] != other.reshape(6, 40)[1:]).any(1).all()


@pytest.mark.parametrize(
    "budgets, recipe, message",
    [
        ([], QUICK, "give at least one"),
        ([4_000, 2_000], QUICK, "each larger than the last"),
        ([300], QUICK, "too few for a warm-up of 5"),
        ([100_000], QUICK, "lower the budget or give more text"),
    ],
)
def test_bad_budgets_are_refused(budgets, recipe, message):
    with pytest.raises(ValueError, match=message):
        train.run(Job(CONFIG, budgets, recipe, seed=0), TEXT, EXAM)


def test_a_diverging_run_says_so():
    wild = Recipe(warmup=5, rate=1e30, clip=math.inf)
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        train.run(Job(CONFIG, [4_000], wild, seed=0), TEXT, EXAM)


def half_as_much(model, windows):
    return model.loss(windows) / 2


def never(model, windows):
    return 0 * model.loss(windows)


def test_an_objective_takes_the_place_of_the_cross_entropy():
    (usual,) = train.run(Job(CONFIG, [3_000], QUICK, seed=0), TEXT, EXAM)
    (scaled,) = train.run(Job(CONFIG, [3_000], QUICK, seed=0, objective=half_as_much), TEXT, EXAM)
    idle = train.sweep(
        lambda seed: Job(CONFIG, [3_000], QUICK, seed=seed, objective=never), TEXT, EXAM, seeds=[0]
    ).loss.item()
    # AdamW hardly minds the scale of what it makes small, and learns nothing from nothing
    assert abs(scaled["loss"] - usual["loss"]) < 0.05
    assert idle > 2 > usual["loss"] + 0.5
