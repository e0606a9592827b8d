"""Each knob of the renderer does what it is named for, and nothing else; labels are true."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from datawall.worlds.render import KNOBS, STROKES, Knobs, paste, photographs, render, vary

DIGITS = np.arange(500) % 10
ONES = np.ones(400, int)
SOME = dict(
    rotation=15, scale=0.2, stretch=0.2, shear=0.3, shift=3, thickness=0.4, wobble=0.05,
    forms=0.5, blur=1, faint=0.3, noise=0.1, background=0.5, clutter=3,
)  # fmt: skip


def moments(images):
    """Ink (n,), its middle (n, 2) and its covariance (n, 2, 2), x before y, in pixels."""
    side = images.shape[-1]
    grid = np.arange(side)
    ink = images.sum((1, 2), dtype=float)
    at = np.stack(np.broadcast_arrays(grid, grid[:, None]))  # (2, side, side)
    middle = np.einsum("nij,cij->nc", images, at) / ink[:, None]
    away = at - middle[:, :, None, None]
    return ink, middle, np.einsum("nij,ncij,ndij->ncd", images, away, away) / ink[:, None, None]


def tilt(images):
    """Angle of the long axis from the vertical, degrees, positive to the left at the top."""
    _, _, spread = moments(images)
    return np.rad2deg(np.arctan2(2 * spread[:, 0, 1], spread[:, 1, 1] - spread[:, 0, 0])) / 2


def uniform_sd(half):
    return half / np.sqrt(3)


def test_shapes_and_range():
    images, places = render(DIGITS, Knobs(**SOME), seed=0, side=20)
    assert images.shape == (500, 20, 20) and images.dtype == np.float32
    assert places.shape == (500, 2)
    assert images.min() >= 0 and images.max() <= 1


def test_no_knob_means_one_picture_a_digit():
    images, places = render(DIGITS, seed=0)
    assert np.array_equal(images[:10], images[10:20])
    assert (places == 13.5).all()
    assert len(np.unique(images[:10].reshape(10, -1), axis=0)) == 10


def test_one_seed_one_set_of_images():
    first, again, other = (render(DIGITS, Knobs(**SOME), seed=seed).images for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("knob", KNOBS)
def test_every_knob_varies_the_image(knob):
    images = render(np.full(40, 7), Knobs(**SOME).only(knob), seed=0).images
    assert len(np.unique(images.reshape(40, -1), axis=0)) > 1


@pytest.mark.parametrize("knob", ["rotation", "scale", "shear", "thickness", "wobble", "faint"])
def test_a_knob_leaves_the_draws_of_the_others(knob):
    """Where something is left of the place's draw, it is the same with a knob on and off."""
    full = Knobs(**SOME)
    assert np.array_equal(
        render(DIGITS, full, seed=3).places, render(DIGITS, full.without(knob), seed=3).places
    )


def test_shift_moves_the_ink_as_far_as_is_told():
    low = Knobs(height=0.4)  # so that no ink leaves the picture
    (still, _), (images, places) = (
        render(DIGITS, low, seed=0),
        render(DIGITS, replace(low, shift=3), seed=0),
    )
    moved = moments(images)[1] - moments(still)[1]
    assert np.abs(moved - (places - 13.5)).max() < 0.15
    assert np.abs(places - 13.5).max() <= 3
    assert (places - 13.5).std(0) == pytest.approx([uniform_sd(3)] * 2, rel=0.1)


def test_the_place_is_the_middle_of_the_ink():
    """Up to strokes that cross, whose ink counts once and whose length counts twice."""
    images, places = render(DIGITS, Knobs(wobble=0.05, rotation=20, shift=3), seed=0)
    away = np.linalg.norm(moments(images)[1] - places, axis=1)
    assert away.max() < 1 and np.median(away) < 0.35


def test_rotation_turns_by_the_angles_asked_for():
    turned = tilt(render(ONES, Knobs(rotation=30), seed=0).images)
    assert np.abs(turned).max() <= 30.5
    assert turned.std() == pytest.approx(uniform_sd(30), rel=0.1)
    assert turned.mean() == pytest.approx(0, abs=3 * uniform_sd(30) / np.sqrt(len(ONES)))


def test_shear_slants_by_widths_a_height():
    slanted = np.tan(np.deg2rad(tilt(render(ONES, Knobs(shear=0.5), seed=0).images)))
    assert np.abs(slanted).max() <= 0.52
    assert slanted.std() == pytest.approx(uniform_sd(0.5), rel=0.1)


def test_scale_changes_length_and_stretch_changes_its_ratio_to_width():
    def length(images):
        return np.sqrt(12 * moments(images)[2][:, 1, 1])  # of a rod, from its second moment

    plain = length(render(ONES[:1], seed=0).images)[0]
    scaled = length(render(ONES, Knobs(scale=0.3), seed=0).images) / plain - 1
    assert scaled.std() == pytest.approx(uniform_sd(0.3), rel=0.1)

    def extent(images, axis):  # pixels between the first and the last with ink
        inked = (images > 0.5).any(axis)
        return inked.shape[1] - inked.argmax(1) - inked[:, ::-1].argmax(1)

    zeros, zero = (
        render(n, k, 56, seed=0).images for n, k in ((0 * ONES, Knobs(stretch=0.4)), ([0], Knobs()))
    )
    pen = 0.14 * 0.62 * 56
    wide = (extent(zeros, 1) - pen) / (extent(zero, 1) - pen)
    assert wide.min() == pytest.approx(0.6, abs=0.05) and wide.max() == pytest.approx(1.4, abs=0.05)
    assert np.abs(extent(zeros, 2) - extent(zero, 2)).max() <= 1


def test_thickness_raises_ink_in_proportion():
    thin, thick = (
        moments(render(ONES[:1], Knobs(pen=pen), seed=0).images)[0][0] for pen in (0.1, 0.2)
    )
    assert thick / thin == pytest.approx(2, rel=0.15)  # the round ends count a little more
    ink = moments(render(ONES, Knobs(thickness=0.5), seed=0).images)[0]
    assert ink.max() / ink.min() == pytest.approx(3, rel=0.15)


def test_wobble_bends_a_straight_stroke():
    bent = moments(render(ONES, Knobs(wobble=0.1), seed=0).images)[2]
    straight = moments(render(ONES[:1], seed=0).images)[2][0]
    narrow = np.linalg.eigvalsh(bent)[:, 0]  # variance across the long axis
    assert np.median(narrow) > 1.3 * straight[0, 0]


def test_forms_is_the_share_of_another_way_of_writing():
    usual, other = (render(np.arange(10), Knobs(forms=f), seed=0).images for f in (0, 1))
    mixed = render(7 * ONES, Knobs(forms=0.3), seed=0).images
    same = (mixed == usual[7]).all((1, 2))
    assert (same | (mixed == other[7]).all((1, 2))).all()
    assert 1 - same.mean() == pytest.approx(0.3, abs=3 * np.sqrt(0.21 / len(ONES)))


def test_faint_and_blur_lower_the_peak_and_the_slope():
    peak = render(ONES, Knobs(faint=0.6), seed=0).images.max((1, 2))
    assert peak.min() == pytest.approx(0.4, abs=0.02) and peak.max() > 0.98
    ink = render(ONES, Knobs(blur=3), seed=0).images
    grey = ((ink > 0.02) & (ink < 0.98)).sum((1, 2))
    sharp = ((render([1], seed=0).images > 0.02) & (render([1], seed=0).images < 0.98)).sum()
    assert grey.min() >= sharp and np.median(grey) > 1.4 * sharp


def test_noise_background_and_clutter_fill_the_ground():
    corner = np.s_[:, :3, :3]
    assert (render(ONES, seed=0).images[corner] == 0).all()
    grain = render(ONES, Knobs(background=0.0, noise=0.1), seed=0).images[corner]
    assert grain[grain > 0].std() == pytest.approx(0.1 * np.sqrt(1 - 2 / np.pi), rel=0.1)  # clipped
    ground = render(ONES, Knobs(background=0.5), seed=0).images[corner]
    assert 0 <= ground.min() < 0.05 and 0.45 < ground.max() <= 0.5
    ink = [moments(render(ONES, Knobs(clutter=c), seed=0).images)[0].mean() for c in (0, 2, 6)]
    assert ink[0] < ink[1] < ink[2]


def test_strokes_that_meet_still_meet_when_bent():
    """An 8 is closed: with any wobble its two loops keep their holes apart from the outside."""
    images = render(np.full(50, 8), Knobs(wobble=0.06), seed=0, side=56).images > 0.5
    outside = np.zeros_like(images)
    outside[:, 0] = True
    for _ in range(200):
        grown = outside.copy()
        grown[:, 1:] |= outside[:, :-1]
        grown[:, :-1] |= outside[:, 1:]
        grown[:, :, 1:] |= outside[:, :, :-1]
        grown[:, :, :-1] |= outside[:, :, 1:]
        outside = grown & ~images
    assert ((~outside & ~images).sum((1, 2)) > 20).all()


def test_the_classes_can_be_told_apart():
    knobs = Knobs(rotation=8, scale=0.1, shift=0.5, thickness=0.3, wobble=0.02, forms=0.5)
    learn, exam = (
        render(DIGITS, knobs, seed=seed, side=14).images.reshape(500, -1) for seed in (0, 1)
    )
    assert LogisticRegression(max_iter=300).fit(learn, DIGITS).score(exam, DIGITS) > 0.95


def test_strength_turns_all_knobs_and_the_constants_stay():
    half = Knobs(**SOME, pen=0.2).times(0.5)
    assert half.rotation == 7.5 and half.forms == 0.25 and half.pen == 0.2
    assert Knobs(**SOME).times(0) == Knobs()
    assert Knobs(forms=0.8, scale=0.5).times(10).forms == 1
    assert Knobs(**SOME).only("shear") == Knobs(shear=0.3)
    assert Knobs(**SOME).without(*KNOBS) == Knobs()


def test_every_digit_has_two_forms_one_unit_high():
    for digit, forms in STROKES.items():
        assert len(forms) == 2, digit
        for form in forms:
            heights = [y for stroke in form for _, y in stroke]
            assert min(heights) == pytest.approx(0, abs=0.03), digit
            assert max(heights) == pytest.approx(1, abs=0.03), digit


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(labels=[0, 10]), "labels run from 0 to 10: digits are 0 to 9"),
        (dict(labels=[-1]), "digits are 0 to 9"),
        (dict(labels=[1.0]), "give a list of whole numbers"),
        (dict(labels=7), "give a list of whole numbers"),
        (dict(labels=[1], side=4), "a side of 4 pixels is too small"),
    ],
)
def test_bad_input_is_told(arguments, message):
    with pytest.raises(ValueError, match=message):
        render(**arguments, seed=0)


@pytest.mark.parametrize(
    "knobs, message",
    [
        (dict(shift=-1), "the knob shift is -1: give a finite number, at least 0"),
        (dict(forms=1.5), "the knob forms is 1.5: give a finite number, at least 0 and at most 1"),
        (dict(noise=float("nan")), "the knob noise is nan"),
        (dict(pen=0), "height and pen must be above 0"),
    ],
)
def test_bad_knobs_are_told(knobs, message):
    with pytest.raises(ValueError, match=message):
        Knobs(**knobs)


def test_an_unknown_knob_is_told_which_there_are():
    with pytest.raises(ValueError, match="no knob 'colour': there are rotation, scale"):
        Knobs().only("colour")


def test_no_labels_no_images():
    images, places = render(np.array([], int), seed=0)
    assert images.shape == (0, 28, 28) and places.shape == (0, 2)


def test_parts_are_pasted_where_is_told():
    parts = np.zeros((50, 6, 6), np.float32)
    parts[:, 1, 4] = 1  # row 1 is y
    pages, places = paste(parts, 20, seed=0)
    assert pages.shape == (50, 20, 20) and pages.sum() == 50
    found = np.array([np.unravel_index(page.argmax(), page.shape)[::-1] for page in pages])
    assert places == pytest.approx(found, abs=1e-5)
    assert found.min(0).tolist() == [4, 1] and found.max(0).tolist() == [18, 15]
    whole = paste(parts, 6, seed=0)
    assert np.array_equal(whole.images, parts)
    assert paste(0 * parts, 6, seed=0).places == pytest.approx(np.full((50, 2), 2.5))


def test_photographs_are_pieces_of_two():
    pieces = photographs(200, 14, seed=0)
    assert pieces.shape == (200, 14, 14) and 0 <= pieces.min() < 0.1 and 0.9 < pieces.max() <= 1
    assert np.array_equal(pieces, photographs(200, 14, seed=0))
    assert not np.array_equal(pieces, photographs(200, 14, seed=1))


@pytest.mark.parametrize("parts", [np.zeros((2, 5, 4)), np.zeros((2, 30, 30)), np.zeros((5, 5))])
def test_bad_parts_are_told(parts):
    with pytest.raises(ValueError, match="give squares"):
        paste(parts, 20, seed=0)


def test_a_photograph_has_an_end():
    with pytest.raises(ValueError, match="a side of 500: the photographs hold"):
        photographs(1, 500, seed=0)


@pytest.mark.parametrize(
    "knob, share",  # a picture that is sized has its pen sized, too: there, more is left over
    [("rotation", 0.1), ("shear", 0.1), ("shift", 0.1), ("scale", 0.35), ("stretch", 0.35)],
)
def test_varied_images_are_what_would_have_been_drawn(knob, share):
    knobs = Knobs(**SOME, height=0.4).only(knob)
    plain, varied = (render(DIGITS, k, 56, seed=5).images for k in (knobs.times(0), knobs))
    got = vary(plain, knobs, seed=5)
    error, change = (np.square(x - varied).mean((1, 2)) for x in (got, plain))
    assert np.median(error) < share * np.median(change)
    assert got.dtype == np.float32


def test_no_knob_varies_nothing():
    images = render(DIGITS[:20], seed=0).images
    assert vary(images, Knobs(thickness=0.5), seed=0) == pytest.approx(images, abs=1e-5)
    with pytest.raises(ValueError, match="give squares"):
        vary(np.zeros((2, 4, 5)), Knobs(), seed=0)
