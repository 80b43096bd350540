"""How a station stores the values of a film: bits, photometric interpretation, windows, rescale, spacing."""

import numpy as np
from pydicom import Dataset

from simulation.archive.vendors import Vendor
from simulation.truth import Film

_WHITE = 4095
_ABSURD = (("-5000", "1"), ("0", "1"), ("65535", "2"))  # centre, width that an image leaves black or white


def represented(rng: np.random.Generator, dataset: Dataset, film: Film, vendor: Vendor) -> None:
    """Store the film's values as the vendor does, in place."""
    levels = 2**vendor.bits - 1
    stored = np.round(film.pixels.astype(np.float64) * (levels / _WHITE)).astype(np.uint16)
    inverted = rng.random() < vendor.inverted
    dataset.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    dataset.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    if vendor.modality == "DX":
        dataset.PixelIntensityRelationshipSign = 1 if inverted else -1
    values = levels - stored if inverted else stored
    small = vendor.bits <= 8
    dataset.BitsAllocated = 8 if small else 16
    dataset.BitsStored, dataset.HighBit = vendor.bits, vendor.bits - 1
    dataset.PixelData = np.ascontiguousarray(values, "u1" if small else "<u2").tobytes()
    if len(dataset.PixelData) % 2:
        dataset.PixelData += b"\0"
    dataset["PixelData"].VR = "OB" if small else "OW"
    if vendor.offset and vendor.modality == "CR":
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = str(vendor.offset), "1", "US"
    _windows(rng, dataset, vendor, levels)
    _spacing(dataset, film.truth.spacing_mm, vendor)


def _windows(rng: np.random.Generator, dataset: Dataset, vendor: Vendor, levels: int) -> None:
    for keyword in ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation"):
        dataset.pop(keyword, None)
    middle = (levels + 1) / 2 + (vendor.offset if vendor.modality == "CR" else 0)
    if vendor.window == "one":
        dataset.WindowCenter, dataset.WindowWidth = f"{middle:g}", f"{levels + 1:g}"
    elif vendor.window == "several":
        dataset.WindowCenter = [f"{middle:g}", f"{middle * 0.9:g}", f"{middle * 1.1:g}"]
        dataset.WindowWidth = [f"{levels + 1:g}", f"{(levels + 1) * 0.8:g}", f"{(levels + 1) * 0.7:g}"]
        dataset.WindowCenterWidthExplanation = ["NORMAL", "HARDER", "SOFTER"]
    elif vendor.window == "absurd":
        dataset.WindowCenter, dataset.WindowWidth = _ABSURD[int(rng.integers(len(_ABSURD)))]
    elif vendor.window == "table":
        table = Dataset()
        curve = np.arange(levels + 1) / levels
        curve = np.round(65535 * (0.15 * curve + 0.85 * curve**2 * (3 - 2 * curve))).astype(np.uint16)
        table.add_new("LUTDescriptor", "US", [levels + 1, 0, 16])
        table.add_new("LUTData", "OW", curve.astype("<u2").tobytes())
        dataset.VOILUTSequence = [table]


def _spacing(dataset: Dataset, spacing_mm: float, vendor: Vendor) -> None:
    """At the detector, at the patient (calibrated), both, or untold; DX must tell the first."""
    at_detector, at_patient = [f"{spacing_mm:.5f}"] * 2, [f"{spacing_mm / 1.15:.5f}"] * 2
    dataset.pop("ImagerPixelSpacing", None)
    if vendor.spacing in ("imager", "both") or vendor.modality == "DX":
        dataset.ImagerPixelSpacing = at_detector
    if vendor.spacing in ("calibrated", "both"):
        dataset.PixelSpacing, dataset.PixelSpacingCalibrationType = at_patient, "GEOMETRY"
        dataset.PixelSpacingCalibrationDescription = "assumed object to detector distance"
        dataset.EstimatedRadiographicMagnificationFactor = "1.15"
