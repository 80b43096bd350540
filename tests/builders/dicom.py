"""Small DICOM radiographs, made to vary in what a test is about."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.config import disable_value_validation
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

DX_CLASS = "1.2.840.10008.5.1.4.1.1.1.1"


def make_ramp(height: int = 64, width: int = 48, top: int = 4000) -> NDArray[np.uint16]:
    """Values that rise from left to right, so that a window, a polarity or a mirror shows."""
    return np.tile(np.linspace(0, top, width).astype(np.uint16), (height, 1))


def make_dicom(pixels: NDArray[Any] | None = None, **tags: Any) -> Dataset:
    """A digital radiograph of ``pixels``; ``tags`` replace what stands in its header, None removes."""
    pixels = make_ramp() if pixels is None else pixels
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header: dict[str, Any] = {
        "SOPClassUID": DX_CLASS,
        "SOPInstanceUID": "1.2.3.4",
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": "1.2.3.1",
        "Modality": "DX",
        "PatientID": "P1",
        "PatientName": "Doe^Jane",
        "PatientBirthDate": "19501231",
        "PhotometricInterpretation": "MONOCHROME2" if pixels.ndim == 2 else "RGB",
        "SamplesPerPixel": 1 if pixels.ndim == 2 else 3,
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "BitsAllocated": pixels.dtype.itemsize * 8,
        "BitsStored": pixels.dtype.itemsize * 8,
        "HighBit": pixels.dtype.itemsize * 8 - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "PixelData": pixels.tobytes(),
    }
    if pixels.ndim == 3:
        header["PlanarConfiguration"] = 0
    with disable_value_validation():  # archives hold worse than pydicom lets one write
        for keyword, value in (header | tags).items():
            if value is not None:
                setattr(dataset, keyword, value)
    return dataset


def write_dicom(path: Path, pixels: NDArray[Any] | None = None, **tags: Any) -> Path:
    """``make_dicom`` as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    make_dicom(pixels, **tags).save_as(path, enforce_file_format=True)
    return path
