"""What one run is told: built once in cli.py and handed down."""

from dataclasses import dataclass
from pathlib import Path

from ingest.tls import Tls

FILE_TIMEOUT_S = 120.0  # how long one file may take to decode
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Settings:
    """Every choice of a run; paths are absolute."""

    sources: tuple[Path, ...]
    home: Path  # site key, logs, embedded server; default place of the warehouse
    warehouse: Path
    models: Path  # the model repository that an embedded server serves
    triton_url: str | None = None  # host:port of gRPC; None starts an embedded server
    triton_tls: Tls | None = None  # None: not encrypted
    rules: Path | None = None  # of a site; None: those that come with the software
    shift_dates: bool = False  # all days of a patient lie as many days earlier
    retried: tuple[str, ...] = ("failed",)  # dispositions whose files are read again
    key_path: Path | None = None  # None: in the home
    workers: int = 1  # processes that decode
    limit: int | None = None  # new files at most
    in_flight: int = 16  # films asked and not answered: two full batches of 8 for the server
    batch_files: int = 256  # rows in a spooled batch at most
    batch_seconds: float = 10.0  # work lost at most by kill -9
    hold_timeout_s: float = 60.0  # how long to wait for a warehouse that another process holds
    file_timeout_s: float = FILE_TIMEOUT_S

    @property
    def spool(self) -> Path:
        """Batches on their way to this warehouse, and to no other."""
        if self.warehouse == self.home / "warehouse.duckdb":
            return self.home / "spool"
        return self.warehouse.with_name(f"{self.warehouse.name}.spool")

    @property
    def key_file(self) -> Path:
        """The site key: whoever has it can test a guessed patient ID."""
        return self.key_path or self.home / "site.key"


def default_home() -> Path:
    """``var`` of the checkout; of an installed package, ``var`` where the command runs."""
    return (ROOT if (ROOT / "model_repository").is_dir() else Path.cwd()) / "var"


def default_models() -> Path:
    """The checkout's model repository; of an installed package, the one where the command runs."""
    return default_home().parent / "model_repository"


def default_samples() -> Path:
    """The checkout's sample films; of an installed package, ``samples`` where the command runs."""
    return default_home().parent / "samples"
