"""Exposures: photons, scatter, and what a detector adds."""

from dataclasses import replace

import numpy as np
import pytest

from simulation.beam import exposure
from simulation.beam.collimation import ExposedField
from simulation.beam.exposure import expose, random_technique
from simulation.beam.projection import Lengths
from simulation.geometry.camera import Camera

SIDE = 160


def make_camera(spacing_mm=0.4):
    ahead, down = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, -1.0])
    return Camera.aimed(
        np.zeros(3), ahead, down, source_to_detector_mm=1150, source_to_object_mm=1000, spacing_mm=spacing_mm,
        width=SIDE, height=SIDE,
    )  # fmt: skip


def make_lengths(bone_mm=0.0):
    body = np.full((SIDE, SIDE), 200, np.float32)
    bone = np.zeros_like(body)
    bone[:, SIDE // 2 :] = bone_mm
    none = np.zeros_like(body)
    return Lengths(body=body, muscle=body * np.float32(0.8), gas=none, cortex=bone, trabecular=none, parts={})


def exposed(seed=1, bone_mm=0.0, **options):
    whole = ExposedField.whole(SIDE, SIDE)
    rng = np.random.default_rng(seed)
    return expose(rng, make_camera(), make_lengths(bone_mm), whole, [], trabecular_fraction=0.3, **options)


@pytest.fixture
def calm(monkeypatch):
    """A technique without scatter, unevenness, blur or artefacts."""
    base = random_technique(np.random.default_rng(0), grid=True)
    still = replace(
        base, kilovolts=76.0, photons=1e4, scatter=0.0, heel=0.0, cut_off=(0.0, 0.0), blur_px=0.35, moved_px=0.0,
        structure=0.0, lines=0.0, specks=0,
    )  # fmt: skip
    monkeypatch.setattr(exposure, "random_technique", lambda _rng, **_grid: still)
    return still


def test_noise_is_that_of_the_photons_counted(calm):
    """Relative noise of the signal is one over the root of the photons; a little blur takes some of it."""
    raw = exposed()
    relative = np.exp(-raw.density).std() / np.exp(-raw.density).mean()
    assert 0.6 / np.sqrt(calm.photons) < relative < 1.05 / np.sqrt(calm.photons)
    assert raw.signal_to_noise == pytest.approx(np.sqrt(calm.photons))


@pytest.mark.usefixtures("calm")
def test_more_bone_lets_less_through():
    thin, thick = (exposed(bone_mm=mm).density for mm in (5.0, 15.0))
    step = [density[:, -40:].mean() - density[:, :40].mean() for density in (thin, thick)]
    assert 0.1 < step[0] < step[1]
    assert step[1] / step[0] == pytest.approx(3, rel=0.15)  # less than three: the beam hardens


@pytest.mark.parametrize("seed", range(25))
def test_every_technique_gives_a_finite_film(seed):
    raw = exposed(seed, bone_mm=10.0, grid=bool(seed % 2))
    assert np.isfinite(raw.density).all()
    assert raw.density[:, -30:].mean() > raw.density[:, :30].mean() - 0.3


def test_techniques_differ():
    drawn = [random_technique(np.random.default_rng(seed), grid=True) for seed in range(200)]
    assert np.std([technique.kilovolts for technique in drawn]) > 4
    assert max(t.photons for t in drawn) / min(t.photons for t in drawn) > 8
    assert 0 < np.mean([technique.moved_px > 0 for technique in drawn]) < 0.15
