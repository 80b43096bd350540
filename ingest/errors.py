"""The errors a run can end with; every one carries the value that is wrong and the remedy."""


class IngestError(Exception):
    """Base of all errors raised on purpose; the command line prints it as one line and exits with 1."""


class UsageError(IngestError):
    """The command was called wrongly (exit code 2)."""


class ServerError(IngestError):
    """No Triton server answers, it cannot be started, or it serves something else than our ensemble."""


class PlanError(IngestError):
    """A TensorRT plan cannot be built, does not fit this machine, or answers differently from its ONNX graph."""


class WarehouseError(IngestError):
    """The warehouse cannot be opened or written, or is not ours."""


class FileError(IngestError):
    """One file cannot be used: it becomes a row with ``reason`` and ``detail``, and the run goes on."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
