"""Members of archives are files like any other: found, read, refused, and never written."""

import bz2
import contextlib
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from ingest.archive import label, members
from ingest.errors import FileError
from ingest.records import FoundFile, Reason
from ingest.source import walk
from ingest.unpacking import opened

MUTANTS = 100
FILES = {"a/1.dcm": b"one" * 1000, "b": b"two", "../../escape": b"three"}


def found(path: Path) -> FoundFile:
    return FoundFile(path, path.stat().st_size, path.stat().st_mtime_ns)


def listed(path: Path) -> list[FoundFile]:
    return list(members(found(path)) or ())


def content(each: FoundFile) -> bytes:
    with opened(each) as file:
        return file.read()


def make_zip(path: Path, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.mkdir("folder")
        for name, data in FILES.items():
            archive.writestr(name, data)
    return path


def make_tar(path: Path, mode: str = "w:") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in FILES.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


ARCHIVES: dict[str, Callable[[Path], Path]] = {
    "zip": make_zip,
    "stored zip": lambda path: make_zip(path, zipfile.ZIP_STORED),
    "tar": make_tar,
    "tar.gz": lambda path: make_tar(path, "w:gz"),
    "tar.bz2": lambda path: make_tar(path, "w:bz2"),
    "tar.xz": lambda path: make_tar(path, "w:xz"),
}


@pytest.mark.parametrize("make", ARCHIVES.values(), ids=ARCHIVES)
def test_the_members_of_an_archive_of_any_name_are_read_in_any_order(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    inside = listed(make(tmp_path / "no suffix"))
    assert {each.member: content(each) for each in reversed(inside)} == FILES
    assert [each.size_bytes for each in inside] == [len(data) for data in FILES.values()]
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "no suffix"]


def test_a_member_is_called_after_its_archive(tmp_path: Path) -> None:
    assert label(listed(make_zip(tmp_path / "a.zip"))[0]) == f"{tmp_path}/a.zip!/a/1.dcm"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_file_has_one_member(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "film.dcm.gz"
    path.write_bytes(pack(b"film" * 5000))
    [each] = listed(path)
    assert (each.member, content(each)) == ("film.dcm", b"film" * 5000)


@pytest.mark.parametrize("head", [b"", b"text", b"PK\x03\x04" + b"\0" * 124 + b"DICM", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_archive_has_no_members(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(head)
    assert members(found(path)) is None


def test_an_office_document_is_no_archive(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "letter.docx")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("[Content_Types].xml", "")
    assert members(found(path)) is None


def test_names_that_repeat_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "twice.tar"
    with tarfile.open(path, "w") as archive:
        for data in (b"old", b"newer"):
            info = tarfile.TarInfo("film")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    inside = listed(path)
    assert [content(each) for each in inside] == [b"old", b"newer"]
    assert len({label(each) for each in inside}) == 2


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_a_torn_archive_is_accounted_for(tmp_path: Path, kind: str) -> None:
    path = ARCHIVES[kind](tmp_path / "torn")
    path.write_bytes(path.read_bytes()[: 700 if kind == "tar" else 90])
    last = listed(path)[-1]
    assert (last.path, last.member, last.refused) == (path, None, Reason.BROKEN_ARCHIVE)
    with pytest.raises(FileError):
        content(last)


def test_a_member_whose_bytes_are_damaged_says_so(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"two", b"2wo", 1))
    with pytest.raises(FileError) as error:
        content(next(each for each in listed(path) if each.member == "b"))
    assert error.value.reason == Reason.BROKEN_ARCHIVE


def test_a_member_that_claims_more_than_it_holds_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "bomb.zip")
    data = path.read_bytes()
    at = data.rindex(b"a/1.dcm") - 46 + 24  # its size in the directory, 46 bytes of which precede the name
    path.write_bytes(data[:at] + (0xFFFFFFF0).to_bytes(4, "little") + data[at + 4 :])
    bomb = listed(path)[0]
    assert bomb.refused is Reason.BROKEN_ARCHIVE


def test_an_archive_in_a_folder_is_one_file_until_it_is_unfolded(tmp_path: Path) -> None:
    make_zip(tmp_path / "a.zip")
    assert [each.path.name for each in walk([tmp_path])] == ["a.zip"]


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_mutated_archive_raises_nothing_but_what_becomes_a_row(tmp_path: Path, kind: str) -> None:
    random = Random(kind)  # noqa: S311 - bytes to break, no secrets
    whole = ARCHIVES[kind](tmp_path / "whole").read_bytes()
    for number in range(MUTANTS):
        data = bytearray(whole)
        for _ in range(random.choice((1, 3, 30))):
            data[random.randrange(len(data))] = random.randrange(256)
        path = tmp_path / f"{number}"
        path.write_bytes(data[: random.choice((len(data), random.randrange(len(data))))])
        for each in listed(path):
            with contextlib.suppress(FileError, OSError):
                content(each)
