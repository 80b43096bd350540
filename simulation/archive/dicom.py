"""Simulated films as real DICOM: 12-bit CR and DX image objects in the transfer syntaxes that archives hold."""

import tempfile
import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import gdcm
import numpy as np
from pydicom import Dataset, FileMetaDataset, dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import (
    JPEG2000,
    UID,
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from simulation.archive.codes import REGION_CODES, VIEW_CODES, coded
from simulation.truth import Film

TRANSFER_SYNTAXES: dict[str, UID] = {
    "explicit": ExplicitVRLittleEndian,
    "implicit": ImplicitVRLittleEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
    "rle": RLELossless,
    "jpeg_lossless": JPEGLosslessSV1,
    "jpeg_ls": JPEGLSLossless,
    "jpeg_2000": JPEG2000Lossless,
    "jpeg_2000_lossy": JPEG2000,
}
LOSSY_RATIO = 14  # beside 12-bit noise this leaves bone edges untouched to the eye
WHITE = 4095
ROOT = uuid.UUID("5b0b6a3e-1f0c-5d8e-9a52-7f6d1c3e2b40")  # arbitrary; all our UIDs derive from it
LATERALITY = {"left": "L", "right": "R", "both": "B"}
MODALITIES = {"CR": ComputedRadiographyImageStorage, "DX": DigitalXRayImageStorageForPresentation}
EQUIPMENT = {"CR": ("Simulated Imaging", "SimPlate 35"), "DX": ("Simulated Imaging", "SimDetect 43")}


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose film it is, and which: everything about it that the pixels do not say. All of it is invented."""

    patient: int  # makes the Patient ID and a name that says it is simulated
    sex: str  # F, M
    birth_date: date
    study_date: date
    number: int  # of the film within its study
    body_part: str  # (0018,0015), for example HIP
    tagged: bool = True  # False: no body part, view position or laterality, as often in archives


def uid(*parts: object) -> str:
    """A UID under 2.25 that is the same for the same ``parts``."""
    return f"2.25.{uuid.uuid5(ROOT, '/'.join(map(str, parts))).int}"


def write_dicom(
    path: Path, film: Film, identity: Identity, *, transfer_syntax: str, photometric: str, iod: str
) -> None:
    """Write ``film`` to ``path``.

    Args:
        path: its folder is made.
        film: 12-bit display values, bone bright.
        identity: patient, study and instance.
        transfer_syntax: a key of ``TRANSFER_SYNTAXES``.
        photometric: MONOCHROME1 stores the values inverted, MONOCHROME2 as they are.
        iod: CR or DX.
    """
    dataset = build_dicom(film, identity, photometric=photometric, iod=iod)
    encode(dataset, TRANSFER_SYNTAXES[transfer_syntax])
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


def build_dicom(film: Film, identity: Identity, *, photometric: str, iod: str) -> FileDataset:
    """The uncompressed dataset of ``write_dicom``."""
    names = ("patient", identity.patient), identity.study_date.isoformat(), identity.number
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MODALITIES[iod]
    meta.MediaStorageSOPInstanceUID = uid(*names, film.truth.seed, "instance")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uid(*names[:2], "study"), uid(*names, "series")
    for module in (_patient_and_study(identity), _equipment(iod), _positioning(film, identity, iod)):
        dataset.update(module)
    dataset.update(_image(film, identity, photometric, iod))
    return dataset


def _patient_and_study(identity: Identity) -> Dataset:
    born, taken = identity.birth_date, identity.study_date
    part = Dataset()
    part.SpecificCharacterSet = "ISO_IR 100"
    part.PatientName, part.PatientID = f"SIMULATED^P{identity.patient:04d}", f"SIM{identity.patient:06d}"
    part.IssuerOfPatientID = "SIMULATION"
    part.PatientBirthDate, part.PatientSex = f"{born:%Y%m%d}", identity.sex
    part.PatientAge = f"{taken.year - born.year - ((taken.month, taken.day) < (born.month, born.day)):03d}Y"
    part.StudyDate = part.SeriesDate = part.AcquisitionDate = part.ContentDate = f"{taken:%Y%m%d}"
    clock = f"{8 + identity.patient % 9:02d}{(7 * identity.number) % 60:02d}00"
    part.StudyTime, part.AcquisitionTime, part.ContentTime = clock[:2] + "0000", clock, clock
    part.StudyID = f"{taken:%y%m%d}"
    part.AccessionNumber = f"SA{taken:%y%m%d}{identity.patient:04d}"
    part.ReferringPhysicianName = ""
    part.SeriesNumber, part.InstanceNumber = identity.number, 1
    return part


def _equipment(iod: str) -> Dataset:
    part = Dataset()
    part.Modality = iod
    part.Manufacturer, part.ManufacturerModelName = EQUIPMENT[iod]
    part.InstitutionName = "Simulated Hospital"
    part.DeviceSerialNumber, part.SoftwareVersions = "SIM-0001", "1.0"
    part.KVP, part.DistanceSourceToDetector = "75", "1150"
    if iod == "DX":
        part.PresentationIntentType = "FOR PRESENTATION"
        part.DetectorType, part.DetectorID, part.DetectorActiveShape = "SCINTILLATOR", "SIM-D1", "RECTANGLE"
        part.AcquisitionContextSequence = []
    else:
        part.PlateType, part.CassetteOrientation = "SIM-IP", "PORTRAIT"
    return part


def _positioning(film: Film, identity: Identity, iod: str) -> Dataset:
    """What the technologist's choice of protocol leaves in the header; little or nothing when untagged."""
    part, truth = Dataset(), film.truth
    side = LATERALITY.get(truth.side, "U") if identity.tagged else "U"
    position = _view_position(film)
    if iod == "DX":
        part.ImageLaterality = side
        part.PositionerType = ""
    else:
        part.Laterality = side if side in ("L", "R") else ""
    part.PatientOrientation = ["P", "F"] if position in ("LL", "RL") else ["L", "F"]
    part.BodyPartExamined = part.ViewPosition = ""
    if identity.tagged:
        part.BodyPartExamined, part.ViewPosition = identity.body_part, position
    if iod == "DX":
        part.ViewCodeSequence = [coded(VIEW_CODES[position[-1]])]
        part.AnatomicRegionSequence = [coded(REGION_CODES.get(part.BodyPartExamined, REGION_CODES[""]))]
    return part


def _view_position(film: Film) -> str:
    view, left = film.truth.view, film.truth.side == "left"
    if view == "cross_table_lateral":
        return "LL" if left else "RL"
    if view == "oblique_hip":
        return "LLO" if left else "RLO"
    return "AP"


def _image(film: Film, identity: Identity, photometric: str, iod: str) -> Dataset:
    part, spacing = Dataset(), [f"{film.truth.spacing_mm:.5f}"] * 2
    part.ImageType = ["ORIGINAL", "PRIMARY"]
    part.SamplesPerPixel, part.PhotometricInterpretation = 1, photometric
    part.Rows, part.Columns = film.pixels.shape
    part.BitsAllocated, part.BitsStored, part.HighBit, part.PixelRepresentation = 16, 12, 11, 0
    part.ImagerPixelSpacing = spacing
    part.WindowCenter, part.WindowWidth = "2048", "4096"
    part.WindowCenterWidthExplanation = "NORMAL"
    part.PresentationLUTShape = "IDENTITY" if photometric == "MONOCHROME2" else "INVERSE"
    part.BurnedInAnnotation, part.LossyImageCompression = "NO", "00"
    if iod == "DX":
        part.PixelIntensityRelationship = "LOG"
        part.PixelIntensityRelationshipSign = 1 if photometric == "MONOCHROME1" else -1
        part.RescaleIntercept, part.RescaleSlope, part.RescaleType = "0", "1", "US"
    stored = film.pixels if photometric == "MONOCHROME2" else WHITE - film.pixels
    part.PixelData = np.ascontiguousarray(stored, "<u2").tobytes()
    part["PixelData"].VR = "OW"
    part.ImageComments = f"Simulated film, seed {film.truth.seed}; no patient (person {identity.patient})."
    return part


def encode(dataset: FileDataset, syntax: UID) -> None:
    """Bring the pixels of an uncompressed dataset into ``syntax``, in place."""
    if syntax == JPEGLosslessSV1:
        _jpeg_lossless(dataset)
    elif syntax == JPEG2000:
        dataset.compress(syntax, j2k_cr=[LOSSY_RATIO], generate_instance_uid=False)
        dataset.ImageType = ["DERIVED", "PRIMARY"]
        dataset.LossyImageCompression = "01"
        dataset.LossyImageCompressionRatio = str(LOSSY_RATIO)
        dataset.LossyImageCompressionMethod = "ISO_15444_1"
    elif syntax.is_encapsulated:
        dataset.compress(syntax, generate_instance_uid=False)
    else:
        dataset.file_meta.TransferSyntaxUID = syntax


def _jpeg_lossless(dataset: FileDataset) -> None:
    """JPEG lossless, selection value 1, which pydicom reads but cannot write: GDCM makes the code stream."""
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = f"{folder}/plain", f"{folder}/packed"
        dataset.save_as(plain, enforce_file_format=True)
        reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
        reader.SetFileName(plain)
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        if not reader.Read():
            raise ValueError("GDCM cannot read the uncompressed film")
        change.SetInput(reader.GetImage())
        if not change.Change():
            raise ValueError("GDCM cannot encode the film as JPEG lossless")
        writer.SetFileName(packed)
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        if not writer.Write():
            raise ValueError("GDCM cannot write the encoded film")
        dataset.PixelData = dcmread(packed).PixelData
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = JPEGLosslessSV1
