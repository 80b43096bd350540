"""From path lengths to what the detector reads: Beer-Lambert, scatter, heel effect, collimation, blur, noise."""

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
_REFERENCE_PX_MM = 0.4  # photons are counted per pixel of this size
_FAINTEST = 1e-7


@dataclass(frozen=True, slots=True)
class Technique:
    """How the film was taken and what the detector adds of its own."""

    kilovolts: float
    photons: float  # through typical tissue, per pixel of 0.4 mm
    scatter: float  # of the primary beam that arrives as scatter
    heel: float  # how much more one end of the film gets, as a share
    cut_off: tuple[float, float]  # grid off centre: loss towards the right and the lower edge, as shares
    blur_px: float  # focal spot, screen and aperture
    moved_px: float  # the patient, during the exposure
    moved_rad: float
    structure: float  # fixed pattern of a plate, as a share of the signal
    lines: float  # of a reader's rows or of an anti-scatter grid, as a share of the signal
    lines_px: float  # their period
    specks: int  # dust on the plate


def random_technique(rng: np.random.Generator, *, grid: bool) -> Technique:
    """Any department's technique; without an anti-scatter ``grid`` (horizontal beams) more scatter arrives."""
    plate = rng.random() < 0.45  # storage phosphor
    lined = rng.random() < 0.10
    return Technique(
        kilovolts=float(np.clip(rng.normal(76, 7), 60, 110)),
        photons=math.exp(rng.uniform(math.log(900), math.log(16000))) * (1.0 if grid else 0.45),
        scatter=rng.uniform(0.15, 0.65) if grid else rng.uniform(0.35, 1.1),
        heel=rng.uniform(-0.15, 0.15),
        cut_off=tuple(rng.uniform(-0.5, 0.5, 2)) if rng.random() < 0.08 else (0.0, 0.0),
        blur_px=rng.uniform(0.35, 0.95) if rng.random() < 0.85 else rng.uniform(0.95, 1.6),
        moved_px=rng.uniform(1.5, 5) if rng.random() < 0.06 else 0.0,
        moved_rad=rng.uniform(0, math.pi),
        structure=rng.uniform(0.002, 0.010) if plate else rng.uniform(0, 0.002),
        lines=rng.uniform(0.003, 0.02) if lined else 0.0,
        lines_px=rng.uniform(2.2, 9),
        specks=int(rng.integers(1, 30)) if plate and rng.random() < 0.4 else 0,
    )


@dataclass(frozen=True, slots=True)
class Exposed:
    """A raw film."""

    density: Raster  # -log of the signal
    exposed: Raster  # 1 inside the collimated field
    tissue: Raster  # body, mm
    metal: Raster  # mm
    marks: Raster  # where lead letters lie
    signal_to_noise: float = 0.0  # of a pixel in typical tissue, counting photons


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
    """Expose a film, with any technique."""
    technique = random_technique(rng, grid=grid)
    metal = sum((lengths.parts[m] for m in lengths.parts if m in METALS), camera.blank())
    lead = np.maximum.reduce([camera.blank(), *marks])
    signal = _transmitted(lengths, lead, trabecular_fraction, technique.kilovolts)
    inside = lengths.body[::4, ::4] > 50
    typical = float(np.median(signal[::4, ::4][inside])) if inside.any() else 0.1
    signal *= _uneven(camera.shape, technique)
    signal += technique.scatter * _scatter(signal, lengths.body, typical, camera.spacing_mm)
    exposed = field.mask(camera.shape, rng.uniform(0.3, 2.0) / camera.spacing_mm)
    signal *= _LEAK + (1 - _LEAK) * exposed
    photons = technique.photons * (camera.spacing_mm / _REFERENCE_PX_MM) ** 2
    _add_noise(rng, signal, photons / typical, technique)
    np.maximum(signal, _FAINTEST, out=signal)
    signal = _blurred(signal, technique)
    np.log(np.maximum(signal, _FAINTEST, out=signal), out=signal)
    return Exposed(np.negative(signal, out=signal), exposed, lengths.body, metal, lead, math.sqrt(photons))


def _uneven(shape: tuple[int, int], technique: Technique) -> Raster:
    """Heel effect along the film and the cut-off of a grid that is off its centre."""
    height, width = shape
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    across = np.linspace(-1, 1, width, dtype=np.float32)[None]
    right, below = (np.float32(share) for share in technique.cut_off)
    even = 1 + np.float32(technique.heel) * down
    if technique.cut_off != (0.0, 0.0):
        even = even * np.exp(
            -np.abs(right) * (1 + np.sign(right) * across) - np.abs(below) * (1 + np.sign(below) * down)
        )
    return even


def _add_noise(rng: np.random.Generator, signal: Raster, photons_per_signal: float, technique: Technique) -> None:
    """Quantum noise, the detector's own pattern, lines and dust, in place."""
    noise = rng.standard_normal(signal.shape, np.float32)
    noise *= np.sqrt(np.maximum(signal, 1e-9) / np.float32(photons_per_signal))
    if technique.structure:
        shape = (signal.shape[0] // 2 + 1, signal.shape[1] // 2 + 1)
        grain = cv2.resize(rng.standard_normal(shape, np.float32), signal.shape[::-1], interpolation=cv2.INTER_LINEAR)
        noise += np.float32(technique.structure * 1.5) * grain * signal
    signal += noise
    if technique.lines:
        rows = np.sin(np.arange(signal.shape[0], dtype=np.float32) * np.float32(2 * math.pi / technique.lines_px))
        signal *= 1 + np.float32(technique.lines) * rows[:, None]
    for _ in range(technique.specks):
        y, x = (int(rng.integers(0, extent)) for extent in signal.shape)
        tall, wide = (int(v) for v in rng.integers(1, 4, 2))
        signal[y : y + tall, x : x + wide] *= np.float32(rng.uniform(0.2, 0.7))


def _blurred(signal: Raster, technique: Technique) -> Raster:
    blurred = cv2.GaussianBlur(signal, (0, 0), technique.blur_px)
    if not technique.moved_px:
        return blurred
    reach = math.ceil(technique.moved_px / 2)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    step = np.array([math.cos(technique.moved_rad), math.sin(technique.moved_rad)]) * technique.moved_px / 2
    start, stop = (tuple(int(v) for v in np.round((reach + sign * step) * 16)) for sign in (-1, 1))
    cv2.line(kernel, start, stop, 1.0, 1, cv2.LINE_AA, 4)
    return cv2.filter2D(blurred, -1, kernel / kernel.sum())


def _transmitted(lengths: Lengths, lead: Raster, trabecular_fraction: float, kilovolts: float) -> Raster:
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
    _beer_lambert(stack, np.array(attenuation, np.float32), _spectrum(lengths.body, kilovolts), signal)
    return signal.reshape(bone.shape)


def _spectrum(body: Raster, kilovolts: float) -> NDArray[np.float32]:
    """The spectrum behind a body of this thickness at this voltage: both harden it."""
    inside = body[::4, ::4]
    inside = inside[inside > 20]
    thickness = float(np.percentile(inside, 60)) if inside.size else 100.0
    lift = np.clip((thickness - 180) / 150, -0.6, 1.2) + (kilovolts - 76) / 25
    spectrum = SPECTRUM * np.exp((np.array(ENERGIES_KEV) - 52) / 14 * lift)
    return (spectrum / spectrum.sum()).astype(np.float32)


@njit(fastmath=True, cache=True)
def _beer_lambert(layers, attenuation, spectrum, out):  # noqa: ANN001, ANN202
    for i in range(layers.shape[1]):
        total = np.float32(0.0)
        for e in range(spectrum.shape[0]):
            depth = np.float32(0.0)
            for k in range(layers.shape[0]):
                depth += attenuation[k, e] * layers[k, i]
            total += spectrum[e] * np.exp(-max(depth, np.float32(0.0)))
        out[i] = total


def _scatter(signal: Raster, body: Raster, typical: float, spacing_mm: float) -> Raster:
    """Two wide glows; only tissue scatters, so air and metal edges stay clean."""
    size = (signal.shape[1] // _DOWN, signal.shape[0] // _DOWN)
    small = np.minimum(cv2.resize(signal, size, interpolation=cv2.INTER_AREA), typical * 2.5)
    tissue = cv2.resize(body, size, interpolation=cv2.INTER_AREA)
    near = cv2.GaussianBlur(small * tissue / (tissue + 60), (0, 0), 28 / spacing_mm / _DOWN)
    glow = 0.5 * near + 0.5 * cv2.GaussianBlur(near, (0, 0), 85 / spacing_mm / _DOWN)
    return cv2.resize(glow, signal.shape[::-1], interpolation=cv2.INTER_LINEAR)
