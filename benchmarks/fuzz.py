"""Mutated DICOM files through a whole run: none may end it, hang it, take its memory, or be lost.

python benchmarks/fuzz.py [FOLDER ...] [--files 10000] [--seed 1] [--keep DIR]

Half of the files are mutated from real ones (the pydicom wheel's, and those of FOLDERs), half from one scene stored in
every transfer syntax and representation. The header screen is off, so that all reach the codecs. The models are played
by a stand-in that sees a hip on everything. File n of a seed is the same file on every machine that has the same
originals; --keep leaves the files in place, their names say which mutation of which original they are.
"""

import argparse
import io
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pydicom
import pydicom.data

from ingest.identity import SiteKey
from ingest.pipeline import run
from ingest.settings import Settings
from ingest.sink import Sink
from ingest.workers import MEMORY_BYTES
from warehouse.land import Warehouse
from warehouse.spool import Spool

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # our packages first: tests/ has folders that are called like them
from builders.findings import FakeServer, make_raw  # noqa: E402
from builders.scenes import BIG_ENDIAN, IMPLICIT, LOSSLESS, LOSSY, REPRESENTATIONS  # noqa: E402

NO_RULES = '[[rule]]\ncode = "nothing"\nactive = false\nexclude_if.rows = { below = 0 }\n'
LARGEST_BYTES = 4_000_000  # of an original
TIMEOUT_S = 30.0  # a quarter of what a run allows
ABSURD = (0, 1, 2, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)
SHORTS = {  # (0028,xxxx) elements of two bytes that the pixels depend on
    "samples": 0x0002, "planar": 0x0006, "rows": 0x0010, "columns": 0x0011, "allocated": 0x0100,
    "stored": 0x0101, "high": 0x0102, "signed": 0x0103, "padding": 0x0120,
}  # fmt: skip


def flip(data: bytearray, random: Random, _: bytes) -> bytearray:
    """Single bits, half of the time in the header."""
    span = len(data) if random.random() < 0.5 else min(len(data), 2000)
    for _ in range(random.choice((1, 4, 32))):
        data[random.randrange(span)] ^= 1 << random.randrange(8)
    return data


def cut(data: bytearray, random: Random, _: bytes) -> bytearray:
    """Ends somewhere."""
    return data[: random.randrange(len(data))]


def splice(data: bytearray, random: Random, other: bytes) -> bytearray:
    """The header of one file, the rest of another."""
    at, other_at = data.rfind(b"\xe0\x7f\x10\x00"), other.rfind(b"\xe0\x7f\x10\x00")
    if at < 0 or other_at < 0 or random.random() < 0.3:
        at, other_at = random.randrange(len(data)), random.randrange(len(other))
    return data[:at] + other[other_at:]


def resize(data: bytearray, random: Random, _: bytes) -> bytearray:
    """Absurd dimensions and bits."""
    for name in random.sample(sorted(SHORTS), random.choice((1, 1, 2, 4))):
        tag = b"\x28\x00" + SHORTS[name].to_bytes(2, "little")
        if (at := data.find(tag)) >= 0 and at + 10 <= len(data):
            value = random.choice(ABSURD) if random.random() < 0.7 else random.randrange(1 << 16)
            data[at + 8 : at + 10] = value.to_bytes(2, "little")
    return data


def stretch(data: bytearray, random: Random, _: bytes) -> bytearray:
    """An element or a codec's segment claims another length."""
    at = random.randrange(max(1, len(data) - 4))
    data[at : at + 4] = random.choice((b"\xff\xff\xff\xff", b"\xf0\xff\xff\xff", b"\x00\x00\x00\x80", b"\0\0\0\0"))
    return data


def stuff(data: bytearray, random: Random, other: bytes) -> bytearray:
    """A block is gone, doubled, zero, or another file's."""
    at, size = random.randrange(len(data)), random.randrange(1, 5000)
    block = random.choice((b"", data[at : at + size] * 2, bytes(size), other[at : at + size]))
    return data[:at] + block + data[at + size :]


def claim(data: bytearray, random: Random, _: bytes) -> bytearray:
    """The compressed stream, not the header, has absurd dimensions."""
    for marker, offset, width in (
        (b"\xff\x4f\xff\x51", 8, 4),
        (b"\xff\xc0", 5, 2),
        (b"\xff\xc1", 5, 2),
        (b"\xff\xc3", 5, 2),
    ):
        if (at := data.find(marker)) >= 0:
            for side in range(2):
                value = random.choice((1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)) & ((1 << 8 * width) - 1)
                data[at + offset + side * width : at + offset + (side + 1) * width] = value.to_bytes(width, "big")
    return data


MUTATIONS: dict[str, Callable[[bytearray, Random, bytes], bytearray]] = {
    mutation.__name__: mutation for mutation in (flip, cut, splice, resize, stretch, stuff, claim)
}


def real_files(folders: list[Path]) -> dict[str, bytes]:
    """Every file that may be DICOM."""
    found = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    found = [path for path in found if path.suffix not in {".py", ".pyc", ".md", ".csv"} and path.name != "LICENSE"]
    return {path.name: path.read_bytes() for path in found if 200 < path.stat().st_size <= LARGEST_BYTES}


def made_files() -> dict[str, bytes]:
    """The scene in every way that the golden tests store it."""
    made = {}
    for name, make in (LOSSLESS | LOSSY | REPRESENTATIONS).items():
        file, dataset = io.BytesIO(), make()
        dataset.preamble = bytes(128)
        syntax = str(dataset.file_meta.TransferSyntaxUID)
        pydicom.dcmwrite(
            file, dataset, implicit_vr=syntax == IMPLICIT, little_endian=syntax != BIG_ENDIAN, force_encoding=True
        )
        made[name.replace(" ", "-").replace(",", "")] = file.getvalue()
    return made


def mutants(real: dict[str, bytes], made: dict[str, bytes], files: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file; real and made ones in turns."""
    for number in range(files):
        random = Random(f"{seed}-{number}")  # noqa: S311 - files to break, no secrets
        originals = real if number % 2 and real else made
        name = random.choice(sorted(originals))
        other = originals[random.choice(sorted(originals))]
        data, done = bytearray(originals[name]), []
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            mutation = random.choice(sorted(MUTATIONS))
            data = MUTATIONS[mutation](data, random, other) or bytearray(b"\0")
            done.append(mutation)
        yield f"{number:06}-{'-'.join(done)}-{name}", bytes(data)


class Hips(FakeServer):
    """Sees two hips on everything."""

    def __init__(self) -> None:
        super().__init__(make_raw(right_hip_implant=0.9, left_hip_native=0.9))

    def submit(self, canvas: Any) -> Any:
        """Checks what a model would be given."""
        if canvas.pixels.shape != (768, 768) or canvas.pixels.dtype != "uint8":
            raise AssertionError(f"a canvas of {canvas.pixels.shape}, {canvas.pixels.dtype}")
        return super().submit(canvas)


def fuzz(folder: Path, originals: list[Path], files: int, seed: int) -> dict[str, Any]:
    """Write the files below ``folder``, run, and count what became of them."""
    archive, home = folder / "dicoms", folder / "var"
    for number, (name, content) in enumerate(mutants(real_files(originals), made_files(), files, seed)):
        path = archive / f"{number // 1000:03}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    home.mkdir()
    (home / "rules.toml").write_text(NO_RULES)
    warehouse = home / "warehouse.duckdb"
    settings = Settings((archive,), home, warehouse, home, rules=home / "rules.toml", file_timeout_s=TIMEOUT_S)
    started = time.monotonic()
    result = run(settings, Hips(), SiteKey.load(settings.key_file), Sink(Spool(settings.spool), Warehouse(warehouse)))
    wall_s = time.monotonic() - started
    with duckdb.connect(str(warehouse)) as connection:
        reasons = connection.execute("SELECT reason, count(*) FROM landing.current_file GROUP BY ALL").fetchall()
        [slowest] = connection.execute("SELECT max(seconds) FROM landing.file").fetchall()[0]
        dead = connection.execute(
            "SELECT parse_filename(path), detail FROM landing.file WHERE reason = 'worker_crashed' ORDER BY 1"
        ).fetchall()
    return {
        "files": files,
        "seed": seed,
        "outcome": result.outcome,
        "accounted": sum(count for _, count in reasons),
        "reasons": dict(Counter(dict(reasons)).most_common()),
        "worker_deaths": len(dead),
        "first_deaths": dead[:20],
        "slowest_s": round(slowest, 2),
        "wall_s": round(wall_s, 1),
        "worker_peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        "worker_limit_mb": MEMORY_BYTES >> 20,
        "client_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Fuzz, print the figures, and fail where a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    originals = [Path(pydicom.data.__file__).parent / "test_files", *args.folders]
    with tempfile.TemporaryDirectory() as folder:
        told = fuzz(args.keep or Path(folder), originals, args.files, args.seed)
    print(json.dumps(told, indent=2))
    kept = told["outcome"] == "finished" and told["accounted"] == args.files
    raise SystemExit(0 if kept and told["slowest_s"] <= TIMEOUT_S else 1)


if __name__ == "__main__":
    main()
