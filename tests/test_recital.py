import numpy as np
import torch
import xarray as xr

from datawall.lm import recital
from datawall.lm.model import Config, Transformer

COPIES = (0, 4, 16)


def test_passages_take_turns_over_the_seeds():
    met = np.stack([recital.copies_met(COPIES, 2, seed=seed) for seed in range(3)])
    assert met.shape == (3, 2, 3)
    assert (np.sort(met, axis=0) == np.reshape(COPIES, (3, 1, 1))).all()
    assert (np.sort(met, axis=2) == COPIES).all()


def test_values_are_found_by_the_copies_that_were_met():
    met = [recital.copies_met(COPIES, 2, seed=seed) for seed in range(3)]
    values = 10.0 * xr.concat(met, xr.Variable("seed", range(3)))
    found = recital.by_copies(values, COPIES)
    assert found.sizes == {"copies": 3, "run": 6}
    for copies in COPIES:
        assert (found.sel(copies=copies) == 10 * copies).all()


def test_a_recital_is_the_product_of_the_chances():
    model = Transformer(Config(7, 16, layers=1, context=8), seed=0)
    passages = torch.randint(7, (4, 9), generator=torch.Generator().manual_seed(1))
    found = recital.recited(2, 3)(model, passages)["recited"]
    with torch.no_grad():
        chances = model(passages[2:3, :-1]).softmax(-1)[0]
    ends = [chances[place - 1, passages[2, place]].item() for place in (6, 7, 8)]
    np.testing.assert_allclose(found.sel(set=1, passage=0), np.log10(np.prod(ends)), rtol=1e-5)


def test_a_text_is_read_again_in_whole_windows():
    config = Config(7, 16, layers=1, context=8)
    text = torch.zeros(45, dtype=torch.int64)
    assert recital.again_and_again(config, text, 640, seed=0).unique == 32
    assert recital.again_and_again(config, text, 16, seed=0).unique == 16
