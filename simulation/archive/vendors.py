"""Invented makers of X-ray systems and the habits of the departments that use them. No real company is meant."""

from dataclasses import dataclass, replace

import numpy as np
from pydicom import Dataset

from simulation.archive.codes import REGION_CODES, coded

BODY_PARTS = {  # what stations write for what a film shows; the first is right
    "ap_pelvis": ("PELVIS", "HIP", "ABDOMEN", "LSPINE"),
    "ap_hip": ("HIP", "PELVIS", "FEMUR", "EXTREMITY"),
    "cross_table_lateral": ("HIP", "PELVIS", "FEMUR", "EXTREMITY"),
    "frog_leg_lateral": ("HIP", "PELVIS", "FEMUR", "LEG"),
    "oblique_hip": ("HIP", "PELVIS", "ABDOMEN", "LSPINE"),
    "chest": ("CHEST", "SHOULDER"), "lateral_chest": ("CHEST", "TSPINE"), "spine": ("CSPINE", "LSPINE", "SPINE"),
    "abdomen": ("ABDOMEN", "PELVIS"), "knee": ("KNEE", "LEG"), "shoulder": ("SHOULDER", "CHEST"),
    "hand": ("HAND", "EXTREMITY"), "foot": ("FOOT", "EXTREMITY"), "ankle": ("ANKLE", "FOOT"),
    "skull": ("SKULL", "HEAD"), "leg": ("LEG", "KNEE"),
}  # fmt: skip
DESCRIPTIONS = {
    "ap_pelvis": ("PELVIS AP", "Becken a.p.", "BASSIN FACE", "Pelvis 1 view", "PELVIS ERECT", "Beckenuebersicht"),
    "ap_hip": ("HIP AP", "Huefte a.p.", "HANCHE FACE", "Hip 2 views", "HIP UNILAT", "ANCA AP"),
    "cross_table_lateral": ("HIP X-TABLE LAT", "Huefte axial", "HANCHE PROFIL", "Hip 2 views", "HIP LAT HORIZ BEAM"),
    "frog_leg_lateral": ("HIP FROG", "Lauenstein", "HANCHE PROFIL", "Hip 2 views", "PELVIS FROG LEG"),
    "oblique_hip": ("JUDET", "Ala Obturator", "HANCHE 3/4", "Acetabulum obl", "PELVIS OBLIQUE"),
}


@dataclass(frozen=True, slots=True)
class Vendor:
    """One system and how a department uses it. Shares are probabilities."""

    maker: str
    model: str
    modality: str  # CR, DX
    bits: int
    inverted: float  # MONOCHROME1
    syntaxes: tuple[str, ...]  # keys of dicom.TRANSFER_SYNTAXES
    spacing: str  # imager, calibrated, both, none
    window: str  # one, several, absurd, none, table
    body_part: tuple[float, float]  # missing, wrong
    view_position: tuple[float, float]
    laterality: tuple[float, float]
    character_set: str
    offset: int  # of stored values, through RescaleIntercept
    private: bool


VENDORS = (
    Vendor("Simulated Imaging North", "Plate 35", "CR", 12, 0.8, ("explicit", "jpeg_lossless"), "imager", "one",
           (0.05, 0.04), (0.10, 0.06), (0.35, 0.02), "ISO_IR 100", 0, False),
    Vendor("Simulated Imaging South", "Panel 43", "DX", 16, 0.1, ("jpeg_2000", "explicit"), "imager", "several",
           (0.02, 0.03), (0.04, 0.05), (0.10, 0.02), "ISO_IR 192", 0, True),
    Vendor("Simulated Systems East", "Detector X", "DX", 12, 0.5, ("jpeg_ls", "jpeg_2000_lossy"), "both", "one",
           (0.10, 0.08), (0.20, 0.10), (0.25, 0.04), "ISO_IR 192", 0, True),
    Vendor("Simulated Works West", "Scan 8", "CR", 10, 0.3, ("implicit", "rle"), "none", "none",
           (0.45, 0.05), (0.60, 0.05), (0.70, 0.02), "ISO_IR 100", -512, False),
    Vendor("Simulated Radiography Ltd", "Film Digitizer", "CR", 8, 0.0, ("explicit", "deflated"), "none", "absurd",
           (0.55, 0.10), (0.70, 0.05), (0.75, 0.03), "ISO_IR 6", 0, False),
    Vendor("Simulated Medical", "Ray 14", "DX", 14, 0.6, ("jpeg_lossless", "explicit"), "calibrated", "table",
           (0.03, 0.05), (0.05, 0.08), (0.15, 0.03), "ISO_IR 100", 0, True),
)  # fmt: skip
VENDOR_SHARES = (0.28, 0.24, 0.18, 0.12, 0.08, 0.10)


_UNPAIRED = frozenset({"PELVIS", "ABDOMEN", "CHEST", "LSPINE", "CSPINE", "TSPINE", "SPINE", "SKULL", "HEAD"})


@dataclass(frozen=True, slots=True)
class TagTruth:
    """Whether a tag says what the film shows: right, wrong or missing."""

    body_part: str
    view_position: str
    laterality: str


def told(rng: np.random.Generator, chances: tuple[float, float]) -> str:
    """Right, wrong or missing, by (missing, wrong)."""
    missing, wrong = chances
    return str(rng.choice(["missing", "wrong", "right"], p=[missing, wrong, 1 - missing - wrong]))


def habits(rng: np.random.Generator, vendor: Vendor, dataset: Dataset, subject: str) -> TagTruth:
    """Write a station's tags over those of a tidy dataset, in place; all stay valid DICOM, some say what is not so."""
    dataset.Manufacturer, dataset.ManufacturerModelName = vendor.maker, vendor.model
    dataset.SoftwareVersions = f"{rng.integers(1, 9)}.{rng.integers(0, 10)}"
    truth = TagTruth(*(told(rng, chances) for chances in (vendor.body_part, vendor.view_position, vendor.laterality)))
    parts = BODY_PARTS[subject]
    dataset.BodyPartExamined = {
        "right": parts[0], "missing": "", "wrong": str(rng.choice(parts[1:])),
    }[truth.body_part]  # fmt: skip
    if truth.body_part != "right":
        dataset.pop("AnatomicRegionSequence", None)
        if vendor.modality == "DX":  # required there: it names what BodyPartExamined names, or a region at large
            dataset.AnatomicRegionSequence = [_region(dataset.BodyPartExamined)]
    _view(rng, dataset, truth.view_position)
    _laterality(dataset, truth.laterality, vendor)
    if dataset.BodyPartExamined in _UNPAIRED and "Laterality" in dataset:  # not allowed there (PS3.3 C.7.3.1)
        del dataset.Laterality
        truth = replace(truth, laterality="missing")
    if subject in DESCRIPTIONS and rng.random() < 0.8:
        words = str(rng.choice(DESCRIPTIONS[subject]))
        side = {"L": " LEFT", "R": " RIGHT"}.get(dataset.get("Laterality", dataset.get("ImageLaterality", "")), "")
        dataset.SeriesDescription = words + (side if rng.random() < 0.5 else "")
        if rng.random() < 0.4:
            dataset.ProtocolName = words
    if vendor.private:
        block = dataset.private_block(0x0019, "SIMULATED 1.0", create=True)
        block.add_new(0x01, "DS", str(round(float(rng.uniform(1, 9)), 2)))
    return truth


def _region(part: str) -> Dataset:
    return coded(REGION_CODES.get(part, REGION_CODES[""]))


def _view(rng: np.random.Generator, dataset: Dataset, told_as: str) -> None:
    position = dataset.get("ViewPosition", "")
    if told_as == "missing":
        dataset.ViewPosition = ""
    elif told_as == "wrong":
        dataset.ViewPosition = str(rng.choice([other for other in ("AP", "PA", "LL", "RL") if other != position]))


def _laterality(dataset: Dataset, told_as: str, vendor: Vendor) -> None:
    keyword = "ImageLaterality" if vendor.modality == "DX" else "Laterality"
    side = dataset.get(keyword, "")
    if told_as == "missing" or side not in ("L", "R"):
        value = "U" if vendor.modality == "DX" and told_as == "missing" else side if side in ("B", "U") else ""
        setattr(dataset, keyword, value)
    elif told_as == "wrong":
        setattr(dataset, keyword, "L" if side == "R" else "R")
