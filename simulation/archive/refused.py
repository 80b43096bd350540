"""Files that a run must refuse, each for its own reason."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from pydicom import Dataset, FileMetaDataset, dcmread
from pydicom.dataset import FileDataset
from pydicom.fileset import FileSet
from pydicom.sr.coding import Code
from pydicom.uid import UID, BasicTextSRStorage, ExplicitVRLittleEndian, JPEGLSLossless, MRImageStorage

from simulation.archive.codes import coded
from simulation.archive.dicom import uid


@dataclass(frozen=True, slots=True)
class Refusal:
    """What makes the file at its path from a good film of the samples, and how a run must end with it."""

    disposition: str
    reason: str
    make: Callable[[Path, Path], None]
    film_syntax: str  # stored so is the film it is made from


def empty(path: Path, _film: Path) -> None:
    """A file of no bytes."""
    path.write_bytes(b"")


def text(path: Path, _film: Path) -> None:
    """A note that somebody named like an image."""
    path.write_text("Films of this folder were moved to the archive in 2016.\n", encoding="ascii")


def truncated(path: Path, film: Path) -> None:
    """A copy that stopped half-way."""
    content = film.read_bytes()
    path.write_bytes(content[: len(content) * 55 // 100])


def copy(path: Path, film: Path) -> None:
    """The same file under another name."""
    path.write_bytes(film.read_bytes())


def conflict(path: Path, film: Path) -> None:
    """Another image under the same SOP Instance UID."""
    dataset = dcmread(film)
    stored = np.ascontiguousarray(dataset.pixel_array[:, ::-1])
    dataset.compress(JPEGLSLossless, stored, generate_instance_uid=False)
    dataset.save_as(path, enforce_file_format=True)


def magnetic_resonance(path: Path, _film: Path) -> None:
    """A small MR slice."""
    dataset = _blank_dataset(MRImageStorage, "MR")
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows = dataset.Columns = 64
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.ImageType, dataset.PatientPosition = ["ORIGINAL", "PRIMARY", "OTHER"], "HFS"
    dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = uid("refused", "frame"), ""
    dataset.PixelSpacing, dataset.SliceThickness = ["3", "3"], "5"
    dataset.ImageOrientationPatient, dataset.ImagePositionPatient = ["1", "0", "0", "0", "1", "0"], ["0", "0", "0"]
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "SE", "NONE", ""
    dataset.MRAcquisitionType, dataset.EchoTrainLength = "2D", "1"
    dataset.RepetitionTime, dataset.EchoTime = "500", "15"
    dataset.PixelData = (900 * np.maximum(1 - x * x - y * y, 0)).astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.save_as(path, enforce_file_format=True)


def report(path: Path, _film: Path) -> None:
    """A structured report: DICOM without pixels."""
    dataset = _blank_dataset(BasicTextSRStorage, "SR")
    dataset.CompletionFlag, dataset.VerificationFlag, dataset.ValueType = "COMPLETE", "UNVERIFIED", "CONTAINER"
    dataset.ContinuityOfContent = "SEPARATE"
    dataset.ContentDate, dataset.ContentTime = dataset.StudyDate, "120000"
    dataset.ReferencedPerformedProcedureStepSequence = dataset.PerformedProcedureCodeSequence = []
    dataset.ConceptNameCodeSequence = [coded(Code("18748-4", "LN", "Diagnostic Imaging Report"))]
    item = Dataset()
    item.RelationshipType, item.ValueType, item.TextValue = "CONTAINS", "TEXT", "Simulated; about nobody."
    item.ConceptNameCodeSequence = [coded(Code("121071", "DCM", "Finding"))]
    dataset.ContentSequence = [item]
    dataset.save_as(path, enforce_file_format=True)


def directory(path: Path, film: Path) -> None:
    """The DICOMDIR of a CD with one film on it."""
    with tempfile.TemporaryDirectory() as folder:
        files = FileSet()
        files.ID, files.UID = "SIMULATED", uid("dicomdir")
        files.add(film)
        files.write(folder)
        path.write_bytes((Path(folder) / "DICOMDIR").read_bytes())


def _blank_dataset(sop_class: UID, modality: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, uid("refused", modality)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uid("refused", modality, 1), uid("refused", modality, 2)
    dataset.PatientName, dataset.PatientID = "SIMULATED^P0099", "SIM000099"
    dataset.PatientBirthDate, dataset.PatientSex, dataset.StudyTime, dataset.Manufacturer = "", "O", "120000", ""
    dataset.ReferringPhysicianName, dataset.StudyID, dataset.AccessionNumber = "", "1", ""
    dataset.SeriesNumber, dataset.InstanceNumber, dataset.Laterality = "1", "1", ""
    dataset.StudyDate, dataset.Modality = f"{date(2018, 1, 9):%Y%m%d}", modality
    return dataset


# Copies lie behind their originals in the order of paths, so that a run meets the original first.
REFUSED: dict[str, Refusal] = {
    "zz incoming/IMG_0001.dcm": Refusal("screened_out", "empty_file", empty, "jpeg_ls"),
    "zz incoming/READ ME.dcm": Refusal("screened_out", "not_dicom", text, "jpeg_ls"),
    "zz incoming/DICOMDIR": Refusal("screened_out", "dicomdir", directory, "jpeg_ls"),
    "zz incoming/MR000012": Refusal("screened_out", "modality", magnetic_resonance, "jpeg_ls"),
    "zz incoming/report.dcm": Refusal("screened_out", "no_pixel_data", report, "jpeg_ls"),
    "zz incoming/half a film.dcm": Refusal("undecodable", "truncated", truncated, "explicit"),
    "zz incoming/copy of film.dcm": Refusal("duplicate", "same_image", copy, "jpeg_2000_lossy"),
    "zz incoming/other film same uid.dcm": Refusal("duplicate", "conflicting_image", conflict, "jpeg_ls"),
}
