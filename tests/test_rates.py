"""Two sums of a child's bytes, and the lengths of codes: by hand and on pictures made for it."""

import numpy as np
import pytest

from datawall.modalities import rates

RNG = np.random.default_rng(0)
SMOOTH = np.tile(np.linspace(0, 255, 128).astype(np.uint8), (96, 1))
NOISE = RNG.integers(0, 256, (96, 128), dtype=np.uint8)
SCENE = np.clip(
    np.kron(RNG.integers(0, 256, (12, 32)), np.ones((8, 8))) + RNG.normal(0, 1, (96, 256)), 0, 255
).astype(np.uint8)


def test_the_sums_by_hand():
    assert rates.LECUN_2024.child == pytest.approx(1.152e15)
    assert rates.LECUN_2024.model == pytest.approx(2e13)
    assert rates.LECUN_2024.ratio == pytest.approx(57.6)
    assert rates.LECUN_2025.child == pytest.approx(1.152e14)
    assert rates.LECUN_2025.model == pytest.approx(7.5e13)
    assert rates.LECUN_2025.ratio == pytest.approx(1.536)
    assert rates.Sum(1, 1, 3600, 2).ratio == 0.5


def test_what_others_give():
    assert rates.RETINA_2006 == 2.5e6
    assert pytest.approx(5.625) == rates.VISION_2024
    assert rates.BEHAVIOUR_2024 == 1.25


def test_lossless_codes_are_bytes():
    assert rates.lossless(b"a" * 100_000) < 100
    random = RNG.bytes(100_000)
    assert 100_000 <= rates.lossless(random) < 100_200
    assert rates.lossless(random + random) < 101_000


def test_a_jpeg_of_nothing_costs_nothing():
    assert rates.jpeg(np.full((64, 64), 128, np.uint8)) == 0
    assert rates.jpeg(np.full((64, 64, 3), 128, np.uint8)) == 0
    assert 0 < rates.jpeg(SMOOTH) < rates.jpeg(NOISE)
    assert rates.jpeg(NOISE, 20) < rates.jpeg(NOISE, 75) < rates.jpeg(NOISE, 95)


def test_a_camera_pans():
    first, second = rates.pan(SCENE, 5, seed=0)
    assert first.shape == second.shape == (96, 251)
    assert np.array_equal(first, SCENE[:, :-5]) and np.array_equal(second, SCENE[:, 5:])
    assert np.array_equal(first[:, 5:], second[:, :-5])


def test_noise_is_of_its_size_and_new_in_each_frame():
    grey = np.full((100, 110), 128, np.uint8)
    first, second = (x.astype(float) for x in rates.pan(grey, 10, 4.0, seed=0))
    assert first.std() == pytest.approx(4, abs=0.15) and first.mean() == pytest.approx(128, abs=0.2)
    assert (first - second).std() == pytest.approx(4 * 2**0.5, abs=0.2)
    again = rates.pan(grey, 10, 4.0, seed=0)
    assert np.array_equal(again[0], first) and np.array_equal(again[1], second)


def test_known_motion_saves_what_was_seen_before():
    first, second = rates.pan(SCENE, 8, seed=0)
    share = rates.next_frame(first, second, 8)
    assert 0 <= share < 0.25  # a new column of blocks in thirty-one
    wrong = rates.next_frame(first, second, 3)
    assert wrong > 2 * share
    assert 0.5 < rates.next_frame(NOISE, SMOOTH, 1) < 2  # held to the first frame's bytes
    noisy = rates.pan(SCENE, 8, 8.0, seed=0)
    assert rates.next_frame(*noisy, 8) > 2 * share


def test_a_frame_that_is_known_costs_nothing():
    still = np.repeat(SCENE[:, :1], 64, 1)
    assert rates.jpeg(still) > 0
    assert rates.next_frame(still, still, 1) == 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: rates.Sum(0, 1, 1, 1), "hours is 0"),
        (lambda: rates.Sum(1, 1, 1, -1), "token is -1"),
        (lambda: rates.lossless(b""), "no bytes"),
        (lambda: rates.jpeg(SMOOTH / 255), "give bytes"),
        (lambda: rates.jpeg(SMOOTH[0]), "give bytes"),
        (lambda: rates.jpeg(np.zeros((4, 4, 4), np.uint8)), "give bytes"),
        (lambda: rates.jpeg(SMOOTH, 96), "quality is 96"),
        (lambda: rates.pan(SCENE, 129, seed=0), "pixels is 129"),
        (lambda: rates.pan(SCENE, 0, seed=0), "pixels is 0"),
        (lambda: rates.pan(SCENE, 1, -1, seed=0), "noise is -1"),
        (lambda: rates.next_frame(SCENE, SCENE[1:], 1), "of one shape"),
    ],
)
def test_what_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
