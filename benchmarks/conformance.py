"""What becomes of published DICOM files, one by one: writes docs/dicom-conformance.md.

python benchmarks/conformance.py [FOLDER ...] [--out docs/dicom-conformance.md]

Always over the files inside the pydicom wheel; FOLDERs are added. Each file is read twice: as a run reads it, and with
the header screen off, since most published files are no radiographs but their pixels are stored like those of one.
Beside it stands what pydicom's own decoders make of the same file.
"""

import argparse
import json
import logging
import warnings
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

import pydicom.data
from pydicom import Dataset
from pydicom.pixels import pixel_array
from pydicom.uid import UID

from ingest.codecs import stored_frame
from ingest.description import check_pixels
from ingest.errors import FileError
from ingest.header import open_header
from ingest.identity import SiteKey
from ingest.pixels import decode
from ingest.reading import IsKnown, Reading, Site, open_image, read_film
from ingest.records import FoundFile, Reason
from ingest.rules import Rules
from ingest.source import walk
from ingest.workers import Workers

TIMEOUT_S = 120.0
DECODES = "decodes"
FIRST_FRAME = "refused as multi_frame; its first frame decodes"
NO_IMAGE = "-"
NO_NAME = "?"
INTRODUCTION = """\
Written by `python benchmarks/conformance.py FOLDER`; do not edit. The files are published ones: those inside
the pydicom wheel, and a folder of collections of pydicom, pylibjpeg, cornerstone, dcm4che and radOSS. Most are no
radiographs, so their pixels were read with the header screen off, too."""
FRAMES = """\
A file of several frames is refused by a run ([decision 10](decisions/0010-a-file-of-several-frames-is-refused.md));
here its first frame counts."""
EXTRA_NAMES = {
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
    "1.2.840.10008.1.2.8.1": "Deflated Image Frame Compression",
}  # that pydicom 3.0 does not know


@dataclass(frozen=True, slots=True)
class Examined:
    """One file."""

    run: str  # disposition and reason of a run, a film counting as one
    syntax: str
    pixels: str  # with the screen off
    pydicom: str


def examine(found: FoundFile, site: Site, is_known: IsKnown, beside: str | None) -> Reading:
    """As a task of ``Workers``: the ``Examined`` of a file travels as the detail."""
    reading = read_film(found, site, is_known, beside)
    run = f"{reading.reason.disposition} {reading.reason}" if reading.reason else "a film for the models"
    try:
        with found.path.open("rb") as file:
            opened = open_header(file)
            file.seek(0)
            dataset = open_image(file) if opened and opened[1] else None
    except FileError as error:
        one = Examined(
            run, NO_NAME, f"{error.reason}: {error.detail}", _by_pydicom(pydicom.dcmread(found.path, force=True))
        )
    except Exception as error:  # noqa: BLE001 - what cannot be opened is described, whatever it is
        one = Examined(run, NO_NAME, f"unreadable: {type(error).__name__}", NO_IMAGE)
    else:
        one = _examine(run, dataset) if dataset else Examined(run, NO_IMAGE, NO_IMAGE, NO_IMAGE)
    return Reading(detail=json.dumps(asdict(one)))


def _examine(run: str, dataset: Dataset) -> Examined:
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    theirs = _by_pydicom(dataset)
    return Examined(run, EXTRA_NAMES.get(syntax, UID(syntax).name), _by_us(dataset), theirs)


def _by_us(dataset: Dataset) -> str:
    try:
        check_pixels(dataset)
        decode(dataset)
    except FileError as error:
        if error.reason != Reason.MULTI_FRAME:
            return f"{error.reason}: {error.detail}"
    else:
        return DECODES
    try:
        stored_frame(dataset, 0)
    except Exception as error:  # noqa: BLE001 - as above
        return f"refused as multi_frame; its first frame: {type(error).__name__}"
    return FIRST_FRAME


def _by_pydicom(dataset: Dataset) -> str:
    try:
        pixel_array(dataset, index=0)
    except Exception as error:  # noqa: BLE001 - as above
        return type(error).__name__
    return DECODES


def main() -> None:
    """Examine every file and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--out", type=Path, default=Path("docs/dicom-conformance.md"))
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    wheel = Path(pydicom.data.__file__).parent
    examined: dict[str, Examined] = {}
    with Workers(1, Site(SiteKey(b"k" * 32), Rules.load()), timeout_s=TIMEOUT_S, task=examine) as workers:
        for root, name in [(wheel, "pydicom wheel"), *((folder.absolute(), folder.name) for folder in args.folders)]:
            asked = {found.path: workers.submit(found) for found in walk([root]) if _is_data(found.path)}
            for path, future in asked.items():
                examined[f"{name}: {path.relative_to(root)}"] = _examined(future.result())
    args.out.write_text(_page(examined), encoding="utf-8")
    print(f"{len(examined)} files, {args.out}")


def _is_data(path: Path) -> bool:
    return path.suffix not in {".py", ".pyc"} and path.name not in {"MANIFEST.csv", "README.md", "LICENSE"}


def _examined(reading: Reading) -> Examined:
    if reading.reason is not None:
        return Examined(f"{reading.reason.disposition} {reading.reason}", NO_IMAGE, str(reading.detail), NO_IMAGE)
    return Examined(**json.loads(str(reading.detail)))


def _page(examined: dict[str, Examined]) -> str:
    images = {name: one for name, one in examined.items() if one.pydicom != NO_IMAGE}
    refused = {name: one for name, one in images.items() if one.pixels not in {DECODES, FIRST_FRAME}}
    gained = {n: one for n, one in images.items() if n not in refused and one.pydicom != DECODES}
    lost = {n: one for n, one in refused.items() if one.pydicom == DECODES}
    runs = Counter(one.run for one in examined.values())
    theirs = sum(one.pydicom == DECODES for one in images.values())
    parts = [
        "# Conformance",
        INTRODUCTION,
        (
            f"{len(examined)} files, every one accounted for; {len(images)} hold an image, and of these "
            f"{len(images) - len(refused)} decode. pydicom's own plugins decode {theirs}. "
            f"They decode {len(lost)} that we refuse; we decode {len(gained)} that they do not."
        ),
        "## What a run makes of them",
        _table(("outcome", "files"), [(run, str(count)) for run, count in sorted(runs.items())]),
        "## Transfer syntaxes",
        _table(("transfer syntax", "images", "decode", "pydicom's plugins decode"), _syntaxes(images)),
        FRAMES,
        "## Images that do not decode",
        _table(
            ("file", "transfer syntax", "why", "pydicom"),
            [(n, o.syntax, o.pixels, o.pydicom) for n, o in refused.items()],
        ),
        "## Images that decode here only",
        _table(("file", "transfer syntax", "pydicom"), [(n, o.syntax, o.pydicom) for n, o in gained.items()]),
        "## Every file",
        _table(("file", "a run", "pixels, with the screen off"), [(n, o.run, o.pixels) for n, o in examined.items()]),
    ]
    return "\n\n".join(parts) + "\n"


def _syntaxes(images: dict[str, Examined]) -> list[tuple[str, ...]]:
    groups: dict[str, list[Examined]] = defaultdict(list)
    for one in images.values():
        groups[one.syntax].append(one)
    return [
        (
            syntax,
            str(len(group)),
            str(sum(one.pixels in {DECODES, FIRST_FRAME} for one in group)),
            str(sum(one.pydicom == DECODES for one in group)),
        )
        for syntax, group in sorted(groups.items())
    ]


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [titles, ("---",) * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    main()
