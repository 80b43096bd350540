"""How far an angle may be off by what the landmarks' covariances say, and when the ischia's line is not believed."""

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from training.cup_geometry import (  # noqa: E402 - after the skip
    LEAST_VARIANCE,
    MISPLACED_SHARE,
    MISSIZED_SHARE,
    USUAL_TILT_DEG,
    Rim,
    angles,
    beyond_usual_tilt,
    concentric,
    either,
    mean_of,
    misplaced,
    stated_errors,
    variance,
)

LENGTH, TURN_DEG, VERSION_DEG = 90.0, 40.0, 20.0  # of the rim
DRAWN = 20_000


def pair(tilt_deg, apart=140.0):
    """Two points (1, 2, 2) on a line that falls by ``tilt_deg`` to the right."""
    turn = math.radians(tilt_deg)
    return torch.tensor([[[300.0, 400.0], [300 + apart * math.cos(turn), 400 + apart * math.sin(turn)]]])


def turned(covariance):
    """Variances along and across the rim's axis, and their covariance, as those of x, of y and of both."""
    a = math.radians(TURN_DEG)
    along, across, both = covariance
    rotation = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    matrix = rotation @ np.array([[along, both], [both, across]]) @ rotation.T
    return [matrix[0, 0], matrix[1, 1], matrix[0, 1]]


def make_rim(unsure=(), covariance=(0.0, 0.0, 0.0)):
    """Rims (1, 2, 5) whose landmarks are sure but for the ``unsure``, of which ``covariance`` is along and across."""
    a, half = math.radians(TURN_DEG), LENGTH / 2
    along, across = np.array([math.cos(a), math.sin(a)]), np.array([-math.sin(a), math.cos(a)])
    short = half * math.sin(math.radians(VERSION_DEG))
    points = 300 + np.stack([-half * along, half * along, short * across, -short * across, -half * across])
    spread = np.zeros((5, 3))
    spread[list(unsure)] = turned(covariance)
    return Rim(
        torch.tensor(points).float().expand(1, 2, 5, 2),
        torch.tensor(spread).float().expand(1, 2, 5, 3),
        torch.zeros(1, 2),
        torch.ones(1, 2, 5),
    )


def test_two_looks_at_a_rim_count_half_each_and_are_less_certain_the_further_they_lie_apart():
    one = make_rim(unsure=[0], covariance=(4.0, 1.0, 0.0))
    shifted = one.points + torch.tensor([6.0, 0.0]) * (torch.arange(5) == 2)[:, None]
    both = mean_of(one, replace(one, points=shifted, spread=3 * one.spread, presence=one.presence + 1))
    assert both.points[0, 0, 2].tolist() == pytest.approx((one.points[0, 0, 2] + torch.tensor([3.0, 0.0])).tolist())
    assert both.covariance[0, 0, 2].tolist() == pytest.approx([18.0, 0.0, 0.0])  # half of the square of 6 pixels
    assert both.spread[0, 0].tolist() == pytest.approx([2.0, 2.0, math.sqrt(22), 2.0, 2.0])
    assert both.presence[0, 0] == 0.5
    for landmark in (0, 1, 3, 4):  # where both looks say the same
        assert both.points[0, 0, landmark].tolist() == one.points[0, 0, landmark].tolist()
        assert both.covariance[0, 0, landmark].tolist() == pytest.approx(one.covariance[0, 0, landmark].tolist())


def placed(beside, larger):
    """A rim (1, 2, 5) whose right side lies that share of its long axis aside, and is that much larger."""
    rim = make_rim()
    points = 300 + (rim.points - 300) * larger + torch.tensor([beside * LENGTH, 0.0])
    return replace(rim, points=torch.where(torch.tensor([True, False])[:, None, None], points, rim.points))


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("share", "badly"), [(0.9, False), (1.1, True)])
def test_a_crop_lies_badly_where_the_rim_is_further_aside_or_of_another_size(sign, share, badly):
    aside, larger = placed(sign * share * MISPLACED_SHARE, 1.0), placed(0.0, math.exp(sign * share * MISSIZED_SHARE))
    assert misplaced(aside, make_rim()).tolist() == [[badly, False]]
    assert misplaced(larger, make_rim()).tolist() == [[badly, False]]


def test_of_two_rims_each_side_is_taken_whole():
    one = make_rim(unsure=[0], covariance=(4.0, 1.0, 0.0))
    other = Rim(one.points + 1, one.covariance + 1, one.presence + 1, one.spread + 1)
    taken = either(torch.tensor([[True, False]]), one, other)
    for name in ("points", "covariance", "presence", "spread"):
        assert getattr(taken, name)[0, 0].tolist() == getattr(one, name)[0, 0].tolist(), name
        assert getattr(taken, name)[0, 1].tolist() == getattr(other, name)[0, 1].tolist(), name


def shifted(rim, landmark, across):
    """The same rim with one landmark moved by ``across`` pixels across the long axis."""
    a = math.radians(TURN_DEG)
    by = across * torch.tensor([-math.sin(a), math.cos(a)])
    return replace(rim, points=rim.points + by * (torch.arange(5) == landmark)[:, None])


def version_of(rim):
    """Degrees, of the right side."""
    return angles(rim.points, pair(0.0))[0, 0, 1].item()


def test_a_rim_about_one_middle_stays_as_it_is():
    rim = make_rim(range(5), (1.0, 2.0, 0.5))
    assert concentric(rim).points.numpy() == pytest.approx(rim.points.numpy(), abs=1e-4)
    assert concentric(rim).covariance.numpy() == pytest.approx(rim.covariance.numpy(), abs=1e-4)


@pytest.mark.parametrize("tip", [2, 3])
def test_a_hidden_tip_of_the_short_axis_follows_the_one_that_can_be_seen(tip):
    off = shifted(make_rim([tip], (0.5, 40.0, 0.0)), tip, 8.0)
    assert abs(version_of(off) - VERSION_DEG) > 5
    assert version_of(concentric(off)) == pytest.approx(VERSION_DEG, abs=0.1)
    grown = concentric(off).covariance - off.covariance
    assert grown[0, 0, tip, :2].sum().item() == pytest.approx(8.0**2, rel=0.03)  # it is where nobody saw it


def test_tips_that_are_as_sure_as_each_other_move_as_far_as_each_other():
    moved = concentric(shifted(make_rim([2, 3], (0.5, 40.0, 0.0)), 2, 8.0))
    plain = shifted(make_rim(), 2, 8.0)
    by = (moved.points - plain.points)[0, 0].norm(dim=-1)
    assert by.tolist() == pytest.approx([0, 0, 4, 4, 0], abs=0.05)
    assert version_of(moved) == pytest.approx(version_of(plain), abs=0.05)


def stated(rim, ischia_covariance=(0.0, 0.0, 0.0), tilt_deg=0.0):
    """Degrees (3,) of inclination, AP version and lateral version."""
    ischia = torch.tensor(ischia_covariance).expand(1, 2, 3)
    return stated_errors(rim, pair(0.0), ischia, torch.tensor([tilt_deg]))[0, 0].numpy()


def counted(rim, ischia_covariance=(0.0, 0.0, 0.0)):
    """Standard deviations (2,) of inclination and AP version over landmarks that are drawn from the covariances."""
    rng = np.random.default_rng(1)

    def draw(points, covariances):
        moved = [
            rng.multivariate_normal(point, [[xx, xy], [xy, yy]], DRAWN)
            for point, (xx, yy, xy) in zip(points.tolist(), covariances, strict=True)
        ]
        return torch.tensor(np.stack(moved, 1)).float()

    rims = draw(rim.points[0, 0], rim.covariance[0, 0].tolist())[:, None]
    rims = concentric(replace(rim, points=rims, covariance=rim.covariance[:, :1].expand(DRAWN, 1, 5, 3))).points
    told = angles(rims, draw(pair(0.0)[0], [ischia_covariance] * 2))
    return told[:, 0, :2].std(0).numpy()


@pytest.mark.parametrize(
    ("unsure", "covariance"),
    [
        ((0, 1), (0.3, 2.0, 0.4)),
        ((2, 3), (0.5, 1.5, -0.6)),
        ((0,), (4.0, 0.5, 1.0)),
        ((3,), (0.5, 6.0, 1.0)),
        (range(5), (1.0, 1.0, 0.0)),
    ],
    ids=["long axis", "short axis", "one end", "one tip", "all"],
)
def test_an_angle_is_as_unsure_as_the_landmarks_make_it(unsure, covariance):
    rim = make_rim(unsure, covariance)
    least = math.degrees(math.sqrt(2 * LEAST_VARIANCE)) / LENGTH * 1.5  # what no map is surer than
    assert stated(rim)[:2] == pytest.approx(counted(rim), rel=0.05, abs=least)


def test_the_line_of_the_ischia_makes_the_inclination_unsure_by_what_lies_across_it():
    sure = make_rim()
    across = stated(sure, (0.0, 6.0, 0.0))
    assert across[0] == pytest.approx(counted(sure, (0.0, 6.0, 0.0))[0], rel=0.05)
    assert stated(sure, (60.0, 0.0, 0.0))[0] == pytest.approx(stated(sure)[0])  # along it nothing turns
    assert across[1:] == pytest.approx(stated(sure)[1:])


def test_an_end_that_slides_along_its_axis_turns_nothing():
    assert stated(make_rim((0, 1), (30.0, 0.0, 0.0)))[[0, 2]] == pytest.approx(stated(make_rim())[[0, 2]], rel=1e-3)


def test_a_map_sharper_than_any_is_not_surer():
    flat = torch.tensor([[-3.0, -3.0, 0.0]])
    assert variance(flat, torch.tensor([1.0, 0.0])).tolist() == [pytest.approx(LEAST_VARIANCE)]


def beyond(ischia_deg, hips_deg, scores=(0.9, 0.8)):
    return beyond_usual_tilt(pair(ischia_deg), pair(hips_deg, 330.0), torch.tensor([scores])).item()


@pytest.mark.parametrize(("ischia_deg", "hips_deg"), [(0.0, 0.0), (7.0, 0.0), (-4.0, 3.5), (21.0, 16.0), (176.0, -1.0)])
def test_a_line_about_as_level_as_the_hips_is_as_good_as_its_ends(ischia_deg, hips_deg):
    assert beyond(ischia_deg, hips_deg) == 0


@pytest.mark.parametrize(("ischia_deg", "hips_deg", "tilt_deg"), [(18.0, 0.0, 18), (-3.0, 10.0, 13), (170.0, 0.0, 10)])
def test_a_line_tilted_against_the_hips_is_unsure_by_what_is_unusual(ischia_deg, hips_deg, tilt_deg):
    assert beyond(ischia_deg, hips_deg) == pytest.approx(tilt_deg - USUAL_TILT_DEG, abs=1e-3)


def test_a_hip_that_was_not_found_says_nothing_of_the_line():
    assert beyond(18.0, 0.0, (0.9, 0.2)) == 0


def test_an_unusual_tilt_makes_the_inclination_unsure_and_no_version():
    usual, tilted = stated(make_rim()), stated(make_rim(), tilt_deg=6.0)
    assert usual[0] < 2
    assert tilted == pytest.approx([6.0, *usual[1:]], abs=1e-3)
