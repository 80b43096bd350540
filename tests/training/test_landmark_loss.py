"""What the landmark networks are taught about the angles of a rim."""

import math

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from builders.rims import LENGTH, maps, rim  # noqa: E402 - after the skip

from training.cup_geometry import to_one_middle  # noqa: E402
from training.landmark_examples import CROP  # noqa: E402
from training.landmark_loss import AXES_WEIGHT, STEEPEST, axes_error, loss  # noqa: E402
from training.networks.landmarks import located  # noqa: E402


@pytest.mark.parametrize("by_deg", [-8.0, 3.0])
def test_a_turned_rim_is_off_by_what_its_ends_moved(by_deg):
    off = axes_error(rim(axis_deg=40 + by_deg), rim())[0]
    assert off.tolist() == pytest.approx([LENGTH / 2 * math.sin(math.radians(abs(by_deg))), 0], abs=1e-3)


@pytest.mark.parametrize(("version_deg", "by_deg"), [(5.0, 4.0), (15.0, -6.0), (50.0, 4.0)])
def test_a_degree_of_version_counts_alike_at_every_version(version_deg, by_deg):
    off = axes_error(rim(version_deg=version_deg + by_deg), rim(version_deg=version_deg))[0]
    assert off.tolist() == pytest.approx([0, LENGTH / 2 * math.radians(abs(by_deg))], abs=1e-3)


def test_an_axis_has_no_direction():
    swapped = rim(axis_deg=10)[:, [1, 0, 2, 3, 4]]
    assert axes_error(swapped, rim(axis_deg=10))[0].tolist() == pytest.approx([0, 0], abs=1e-4)


@pytest.mark.parametrize("version_deg", [0.0, math.degrees(math.asin(STEEPEST)) + 3, 90.0])
def test_what_is_learnt_from_a_rim_seen_from_its_side_or_its_face_is_finite(version_deg):
    found = rim(version_deg=version_deg).requires_grad_()
    axes_error(found, rim()).sum().backward()
    assert found.grad.isfinite().all()


def test_an_absent_rim_teaches_no_angles():
    """Its landmarks are zeros, which have no axes: neither the loss nor what it teaches may be tainted by them."""
    heat = torch.zeros(2, 5, CROP // 2, CROP // 2, requires_grad=True)
    there = torch.tensor([[True] * 5, [False] * 5])
    points = torch.cat((rim(), torch.zeros(1, 5, 2)))
    value = loss(heat, torch.zeros(2, 6), points, there, torch.ones(2, 2), 1.5)
    value.backward()
    assert value.isfinite()
    assert heat.grad[0].abs().max() > 0
    assert heat.grad[1].abs().max() == 0


def loss_of_axes(heat, axes_count=(1.0, 1.0)):
    """What the error of the axes adds to the loss of one rim."""
    logits, there = torch.zeros(1, 6), torch.ones(1, 5, dtype=torch.bool)
    counted, free = (loss(heat, logits, rim(), there, torch.tensor([count]), 1.5) for count in (axes_count, (0.0, 0.0)))
    return (counted - free).item()


def test_the_loss_of_a_rim_holds_its_axes_about_one_middle():
    heat = torch.randn(1, 5, CROP // 2, CROP // 2)
    found, covariance = located(heat)
    axes = axes_error(found + to_one_middle(found, covariance), rim()).sum()
    assert loss_of_axes(heat) == pytest.approx(AXES_WEIGHT * axes.item(), rel=1e-4)


def test_only_the_axis_that_counts_is_in_the_loss():
    heat = torch.randn(1, 5, CROP // 2, CROP // 2)
    direction, version = loss_of_axes(heat, (1.0, 0.0)), loss_of_axes(heat, (0.0, 1.0))
    assert min(direction, version) > 0
    assert loss_of_axes(heat, (2.0, 0.0)) == pytest.approx(2 * direction, rel=1e-4)
    assert loss_of_axes(heat) == pytest.approx(direction + version, rel=1e-4)


def test_a_tip_that_knows_it_is_unsure_costs_no_version():
    off = rim()
    off[0, 3] += 8 * torch.nn.functional.normalize(off[0, 2] - off[0, 3], dim=0)  # as if the version were smaller
    sure = loss_of_axes(maps(off, [1.5] * 5))
    unsure = loss_of_axes(maps(off, [1.5, 1.5, 1.5, 12.0, 1.5]))
    assert sure > 1
    assert unsure < 0.1 * sure
