"""Neural fields: views of a disc against the exact sums, and what the fits must reproduce."""

import math

import pytest
import torch

from datawall.worlds import fields
from datawall.worlds.fields import Field, Picture

ANGLES = torch.tensor([0.1, 1.0, 2.0])


def test_a_bell_gives_bells():
    side, width = 64, 0.2
    bell = (-fields.grid(side).square().sum(-1) / (2 * width**2)).exp()
    views = Picture(bell).views(ANGLES)
    offset = (torch.arange(side) + 0.5) / side * 2 - 1
    law = width * math.sqrt(2 * math.pi) * (-(offset**2) / (2 * width**2)).exp()
    torch.testing.assert_close(views, law.expand(3, side), atol=2e-3, rtol=0)


def test_a_bright_spot_is_seen_where_the_angle_puts_it():
    side = 64
    x, y = fields.grid(side).unbind(-1)
    spot = (-((x - 0.5) ** 2 + (y + 0.2) ** 2) / 0.002).exp()
    views = Picture(spot).views(ANGLES)
    offset = (torch.arange(side) + 0.5) / side * 2 - 1
    for angle, view in zip(ANGLES.tolist(), views, strict=True):
        found = (view @ offset / view.sum()).item()
        assert found == pytest.approx(0.5 * math.cos(angle) - 0.2 * math.sin(angle), abs=0.01)
        assert (view.sum() * 2 / side).item() == pytest.approx(math.pi * 0.002, rel=0.02)


def test_half_a_turn_mirrors_a_view():
    image = Picture(torch.rand(8, 8, generator=torch.Generator().manual_seed(0)))
    once, again = image.views(torch.tensor([0.3])), image.views(torch.tensor([0.3 + math.pi]))
    torch.testing.assert_close(once.flip(1), again, atol=1e-5, rtol=0)


def test_rays_stay_in_the_disc_and_spread_evenly():
    at, step = fields.rays(10, ANGLES)
    assert at.shape == (30, 10, 2) and step.shape == (30,)
    assert at.norm(dim=-1).max() < 1
    gaps = at.diff(dim=1).norm(dim=-1)
    torch.testing.assert_close(gaps, step[:, None].expand_as(gaps), atol=1e-5, rtol=0)


def test_a_grid_runs_from_left_to_right_and_from_top_to_bottom():
    places = fields.grid(4)
    assert places[0, 0].tolist() == [-0.75, -0.75]
    assert places[0, 3].tolist() == [0.75, -0.75]


def test_the_flattest_picture_has_the_views_and_varies_least():
    angles = torch.arange(6) * math.pi / 6
    x, y = fields.grid(12).unbind(-1)
    scene = Picture(x + 0.5 * y + 2)
    found = fields.flattest(scene.views(angles), angles)
    torch.testing.assert_close(found.views(angles), scene.views(angles), atol=0.02, rtol=0.02)
    assert (found.image - 2).norm() <= (scene.image - 2).norm() * 1.01
    inside = fields.grid(12).norm(dim=-1) < 0.9
    flat = fields.flattest(Picture(torch.full((12, 12), 3.0)).views(angles), angles)
    torch.testing.assert_close(flat.image[inside], torch.full_like(flat.image[inside], 3.0))


@pytest.mark.parametrize("frequency", [0, 1])
def test_a_field_learns_the_views_it_is_shown_and_repeats(frequency):
    angles = torch.arange(4) * math.pi / 4
    x, _ = fields.grid(8).unbind(-1)
    views = Picture(1 + x).views(angles)
    field = Field(frequency, steps=300)
    fitted, again = (field.fit(views, angles, seed=0) for _ in range(2))
    assert fields.psnr(fitted.views(angles), views) > 25
    assert torch.equal(fitted.image, again.image) and fitted.image.shape == (8, 8)
    assert not torch.equal(fitted.image, field.fit(views, angles, seed=1).image)
    assert fitted.waves is None if frequency == 0 else fitted.waves.shape == (2, fields.WAVES)


def test_neighbours_meet_again_mirrored_after_half_a_turn():
    views = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
    assert fields.between(views).tolist() == [[2.0, 3.5], [2.5, 3.0]]


def test_decibels():
    truth = torch.tensor([0.0, 1.0, 2.0])
    assert fields.psnr(truth + 0.2, truth) == pytest.approx(20)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Picture(torch.ones(3, 4)), "squares"),
        (lambda: Picture(torch.full((3, 3), torch.nan)), "NaN"),
        (lambda: Picture(torch.ones(3, 3)).views(0.5), "list of radians"),
        (lambda: fields.rays(0, ANGLES), "side is 0"),
        (lambda: Field(-1), "frequency is -1"),
        (lambda: Field(1, steps=0), "steps is 0"),
        (lambda: Field(1, rate=0), "rate is 0"),
        (lambda: Field(1).fit(torch.ones(2, 4), ANGLES, seed=0), "one view for each angle"),
        (lambda: Field(1).fit(torch.ones(3, 4), ANGLES, seed=-1), "seed is -1"),
        (lambda: fields.flattest(torch.ones(12), ANGLES), "one view for each angle"),
        (lambda: fields.psnr(torch.ones(2), torch.ones(3)), "match them"),
        (lambda: fields.psnr(torch.ones(2), torch.ones(2)), "flat"),
    ],
)
def test_what_makes_no_sense_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
