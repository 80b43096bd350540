"""Films of invented patients as archives of DICOM files."""
