"""Looks: bone stays bright, whoever processed the film."""

from dataclasses import replace

import numpy as np
import pytest

from simulation.beam.exposure import Exposed
from simulation.look.display import CURVES, PLAIN, develop, random_look


def make_raw(size=160):
    """Tissue with a bar of bone and a disc of metal, collimated on the left."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    bone = (abs(x - 100) < 12).astype(np.float32)
    metal = ((x - 60) ** 2 + (y - 80) ** 2 < 14**2).astype(np.float32) * 20
    noise = np.random.default_rng(0).normal(0, 0.02, x.shape).astype(np.float32)
    density = 3 + 0.004 * y + 0.5 * bone + 0.2 * metal + noise
    exposed = (x > 20).astype(np.float32)
    density = np.where(exposed > 0, density, np.float32(6))
    return Exposed(density, exposed, np.full_like(x, 200), metal, np.zeros_like(x))


@pytest.mark.parametrize("seed", range(60))
def test_under_every_look_bone_is_no_darker_than_tissue_and_metal_no_darker_than_bone(seed):
    shown = develop(make_raw(), random_look(np.random.default_rng(seed), lateral=False), 2.0)
    tissue, bone, metal = shown[40:120, 125:150].mean(), shown[40:120, 92:108].mean(), shown[72:88, 52:68].mean()
    assert shown.min() >= 0
    assert shown.max() <= 1.0 + 1e-6
    assert tissue <= bone + 0.02
    assert bone <= metal + 0.06  # the halo of an unsharp mask may cost metal a little


def test_looks_differ():
    raw = make_raw()
    middles = [np.median(develop(raw, random_look(np.random.default_rng(s), lateral=False), 2.0)) for s in range(60)]
    assert np.std(middles) > 0.1


@pytest.mark.parametrize("border", [0.0, 1.0, 0.3])
def test_a_shutter_has_its_grey(border):
    shown = develop(make_raw(), replace(PLAIN, border=border), 2.0)
    assert shown[:, :15].mean() == pytest.approx(border, abs=0.01)


@pytest.mark.parametrize("curve", CURVES)
def test_every_curve_rises(curve):
    y = np.linspace(-0.2, 1.2, 50, dtype=np.float32)[None]
    assert (np.diff(CURVES[curve](y, PLAIN)[0]) > 0).all()
