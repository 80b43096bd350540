"""From path lengths to what the detector reads: Beer-Lambert, scatter, heel effect, collimation, noise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulation.beam.collimation import ExposedField
from simulation.beam.materials import ATTENUATION_PER_MM, ENERGIES_KEV, METALS, SPECTRUM, trabecular
from simulation.beam.projection import Lengths
from simulation.geometry.camera import Camera, Raster

_DOWN = 8  # scatter is smooth: it is blurred at an eighth of the resolution
_LEAD_MM = 0.9
_LEAK = 0.003  # of the beam, through the collimator


@dataclass(frozen=True, slots=True)
class Exposed:
    """A raw film."""

    density: Raster  # -log of the signal
    exposed: Raster  # 1 inside the collimated field
    tissue: Raster  # body, mm
    metal: Raster  # mm
    marks: Raster  # where lead letters lie


def expose(
    rng: np.random.Generator,
    camera: Camera,
    lengths: Lengths,
    field: ExposedField,
    marks: Sequence[Raster],
    *,
    trabecular_fraction: float,
    grid: bool = True,
) -> Exposed:
    """Expose a film. Without an anti-scatter ``grid`` (horizontal beams) more scatter and fewer photons arrive."""
    metal = sum((lengths.parts[m] for m in lengths.parts if m in METALS), camera.blank())
    lead = np.maximum.reduce([camera.blank(), *marks])
    signal = _transmitted(lengths, lead, trabecular_fraction)
    typical = float(np.median(signal[lengths.body > 50])) if (lengths.body > 50).any() else 0.1
    signal *= 1 + rng.uniform(-0.12, 0.12) * np.linspace(-1, 1, camera.height, dtype=np.float32)[:, None]  # heel
    scatter_share = rng.uniform(0.2, 0.65) * (1.0 if grid else 1.3)
    signal += scatter_share * _scatter(signal, lengths.body, typical, camera.spacing_mm)
    exposed = field.mask(camera.shape, rng.uniform(0.5, 2.0) / camera.spacing_mm)
    signal *= _LEAK + (1 - _LEAK) * exposed
    photons = math.exp(rng.uniform(math.log(1500), math.log(12000))) * (camera.spacing_mm / 0.4) ** 2
    photons *= (1.0 if grid else 0.4) / typical
    signal += np.sqrt(np.maximum(signal, 1e-9) / np.float32(photons)) * rng.standard_normal(camera.shape, np.float32)
    signal = cv2.GaussianBlur(np.maximum(signal, 1e-7), (0, 0), rng.uniform(0.4, 0.9))
    return Exposed(-np.log(np.maximum(signal, 1e-7)), exposed, lengths.body, metal, lead)


def _transmitted(lengths: Lengths, lead: Raster, trabecular_fraction: float) -> Raster:
    """Share of photons that come through unscattered; every part displaces the tissue it lies in."""
    bone = lengths.cortex + lengths.trabecular
    parts = sum(lengths.parts.values(), np.zeros_like(bone))
    soft = np.maximum(lengths.muscle - bone - lengths.gas - parts, 0)
    fat = np.maximum(lengths.body - np.maximum(lengths.muscle, bone + parts), 0)
    names = ("fat", "muscle", "cortical")
    layers = [fat, soft, lengths.cortex, lengths.trabecular, *lengths.parts.values()]
    attenuation = [ATTENUATION_PER_MM[name] for name in names]
    attenuation += [trabecular(trabecular_fraction), *(ATTENUATION_PER_MM[name] for name in lengths.parts)]
    if lead.any():
        layers.append(cv2.GaussianBlur(lead, (0, 0), 0.6) * _LEAD_MM)
        attenuation.append(ATTENUATION_PER_MM["lead"])
    signal = np.empty(bone.size, np.float32)
    stack = np.stack([layer.ravel() for layer in layers]).astype(np.float32, copy=False)
    _beer_lambert(stack, np.array(attenuation), _hardened(lengths.body), signal)
    return signal.reshape(bone.shape)


def _hardened(body: Raster) -> NDArray[np.float64]:
    """The spectrum for a body of this thickness: more kilovolts for more body."""
    thickness = float(np.percentile(body[body > 20], 60)) if (body > 20).any() else 100.0
    lift = np.clip((thickness - 180) / 150, -0.6, 1.2)
    spectrum = SPECTRUM * np.exp((np.array(ENERGIES_KEV) - 52) / 14 * lift)
    return spectrum / spectrum.sum()


@njit(fastmath=True, cache=True)
def _beer_lambert(layers, attenuation, spectrum, out):  # noqa: ANN001, ANN202
    for i in range(layers.shape[1]):
        total = 0.0
        for e in range(spectrum.shape[0]):
            depth = 0.0
            for k in range(layers.shape[0]):
                depth += attenuation[k, e] * layers[k, i]
            total += spectrum[e] * math.exp(-max(depth, 0.0))
        out[i] = total


def _scatter(signal: Raster, body: Raster, typical: float, spacing_mm: float) -> Raster:
    """Two wide glows; only tissue scatters, so air and metal edges stay clean."""
    size = (signal.shape[1] // _DOWN, signal.shape[0] // _DOWN)
    small = np.minimum(cv2.resize(signal, size, interpolation=cv2.INTER_AREA), typical * 2.5)
    tissue = cv2.resize(body, size, interpolation=cv2.INTER_AREA)
    near = cv2.GaussianBlur(small * tissue / (tissue + 60), (0, 0), 28 / spacing_mm / _DOWN)
    glow = 0.5 * near + 0.5 * cv2.GaussianBlur(near, (0, 0), 85 / spacing_mm / _DOWN)
    return cv2.resize(glow, signal.shape[::-1], interpolation=cv2.INTER_LINEAR)
