"""The client: DICOM files in, findings of the Triton ensemble out, rows into the warehouse."""

__version__ = "0.1.0"
