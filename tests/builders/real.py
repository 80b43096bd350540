"""Where files of real devices lie: those of the pydicom wheel, and a larger set beside us or in $REAL_DICOM."""

import os
from pathlib import Path

import pydicom.data

FOLDERS = {
    "pydicom": Path(pydicom.data.__file__).parent / "test_files",
    "shared": Path(os.environ.get("REAL_DICOM") or Path(__file__).parents[3] / "shared" / "dicom"),
}
