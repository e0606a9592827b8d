import numpy as np
import torch

from datawall.lm import train, validation
from datawall.lm.model import Config, Transformer


def windows(count, seed):
    return torch.randint(7, (count, 9), generator=torch.Generator().manual_seed(seed))


def test_each_text_has_its_own_loss():
    model = Transformer(Config(7, 16, layers=1, context=8), seed=0)
    exam, apart = windows(3, 1), windows(5, 2)
    both, measure = validation.losses(exam=exam, apart=apart)
    assert both.shape == (8, 9)
    found = measure(model, both)
    assert found == {k: train.loss(model, x)["loss"] for k, x in (("exam", exam), ("apart", apart))}


def test_chances_give_the_loss_of_one_model_and_of_several():
    config = Config(7, 16, layers=1, context=8)
    exam = windows(4, 1)
    both, measure = validation.chances(exam=exam, apart=windows(4, 2))
    found = [measure(Transformer(config, seed=seed), both)["exam"] for seed in (0, 1)]
    assert found[0].sizes == {"answer": 32}
    alone = train.loss(Transformer(config, seed=0), exam)["loss"]
    np.testing.assert_allclose(-np.log(found[0]).mean(), alone, rtol=1e-5)
    together = -np.log((found[0] + found[1]) / 2).mean()
    assert together < np.mean([-np.log(x).mean() for x in found])
