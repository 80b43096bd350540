"""What the file system does not give: real processes that permissions hold back, also where the tests run as root."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from builders.dicom import make_ramp, write_dicom
from builders.rights import as_a_user, held_back
from builders.triton import SmallTriton, serving

from ingest.report import RESEARCH_USE

pytestmark = pytest.mark.skipif(not held_back(), reason="root may not give up what lets it read everything")
TABLES = ("current_file", "film", "inference", "hip", "measurement")
WHEN_AND_WHO = ("run_id", "seconds", "finished_at", "inferred_at")


@pytest.fixture
def url() -> Iterator[str]:
    with serving(SmallTriton(value=0.5)) as address:
        yield address


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Path]:
    """Six films in three folders; permissions are given back at the end, so that it can be taken away."""
    root = tmp_path / "dicoms"
    for n in range(6):
        film = root / f"{n % 3}" / f"{n}.dcm"
        write_dicom(film, make_ramp(60, 50, top=1000 + n), SOPInstanceUID=f"1.2.{n}")
    yield root
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(0o700)


def landed(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every table, but for when and in which run."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        return {
            name: connection.execute(
                f"SELECT COLUMNS(c -> c NOT IN {WHEN_AND_WHO}) FROM landing.{name} ORDER BY ALL"  # noqa: S608
            ).fetchall()
            for name in TABLES
        }


def reasons(home: Path) -> dict[str, str]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        return dict(connection.execute("SELECT parse_filename(path), reason FROM landing.current_file").fetchall())


def complaint(said: str) -> str:
    """The one line that a refused command says."""
    lines = [line for line in said.splitlines() if line != RESEARCH_USE]
    assert len(lines) == 1, said
    return lines[0]


def test_what_may_not_be_read_is_told_and_read_once_it_may(archive: Path, tmp_path: Path, url: str) -> None:
    assert as_a_user("run", archive, "--triton", url, "--home", tmp_path / "whole").returncode == 0
    closed, unlisted, film = archive / "0", archive / "1", archive / "2" / "2.dcm"
    closed.chmod(0o000)  # may not be listed
    unlisted.chmod(0o600)  # may be listed, and nothing in it looked at
    film.chmod(0o000)
    home = tmp_path / "var"
    home.mkdir()
    shutil.copy(tmp_path / "whole" / "site.key", home)
    first = as_a_user("run", archive, "--triton", url, "--home", home)
    assert first.returncode == 0, first.stderr
    assert f"Not searched, because it may not be opened: {closed}" in first.stdout
    expected = {"1.dcm": "unreadable", "4.dcm": "unreadable", "2.dcm": "unreadable", "5.dcm": "hip_film"}
    assert reasons(home) == expected
    for path in (closed, unlisted, film):
        path.chmod(0o700)
    second = as_a_user("run", archive, "--triton", url, "--home", home)
    assert second.returncode == 0, second.stderr
    assert landed(home) == landed(tmp_path / "whole")


@pytest.mark.parametrize("mode", [0o000, 0o600, 0o300], ids=["closed", "listed only", "entered only"])
def test_an_archive_that_may_not_be_read_is_one_line_with_the_remedy(archive: Path, tmp_path: Path, mode: int) -> None:
    archive.chmod(mode)
    result = as_a_user("run", archive, "--home", tmp_path / "var")
    assert (result.returncode, "cannot be read: give this user the right" in complaint(result.stderr)) == (1, True)
    assert not (tmp_path / "var").exists()


def test_an_archive_below_a_closed_folder_is_one_line_with_the_remedy(archive: Path, tmp_path: Path) -> None:
    archive.chmod(0o000)
    result = as_a_user("run", archive / "0", "--home", tmp_path / "var")
    assert (result.returncode, "cannot be read: give this user the right" in complaint(result.stderr)) == (1, True)


def test_an_archive_of_closed_folders_names_one(archive: Path, tmp_path: Path) -> None:
    for folder in archive.iterdir():
        folder.chmod(0o000)
    result = as_a_user("run", archive, "--home", tmp_path / "var")
    assert (result.returncode, f"{archive / '0'} cannot be read" in complaint(result.stderr)) == (1, True)


def test_an_archive_of_closed_films_is_one_line(archive: Path, tmp_path: Path) -> None:
    for film in archive.glob("*/*"):
        film.chmod(0o000)
    result = as_a_user("run", archive, "--home", tmp_path / "var")
    assert (result.returncode, "holds no DICOM file that can be read" in complaint(result.stderr)) == (1, True)


@pytest.mark.parametrize("closed", ["warehouse.duckdb", "spool", "."])
def test_what_may_not_be_written_is_one_line_and_a_run_that_may_goes_on(
    archive: Path, tmp_path: Path, url: str, closed: str
) -> None:
    home = tmp_path / "var"
    late = archive / "2" / "5.dcm"
    late.rename(tmp_path / "late.dcm")
    assert as_a_user("run", archive, "--triton", url, "--home", home).returncode == 0
    before = landed(home)
    (tmp_path / "late.dcm").rename(late)
    (home / closed).chmod(0o500 if closed != "warehouse.duckdb" else 0o400)
    refused = as_a_user("run", archive, "--triton", url, "--home", home)
    assert refused.returncode == 1
    assert "correct its permissions" in complaint(refused.stderr) or "with --home" in complaint(refused.stderr)
    assert "Traceback" not in refused.stderr
    assert landed(home) == before
    (home / closed).chmod(0o700)
    assert as_a_user("run", archive, "--triton", url, "--home", home).returncode == 0
    assert len(landed(home)["film"]) == 6


def test_a_home_that_may_not_be_made_is_one_line(archive: Path, tmp_path: Path, url: str) -> None:
    tmp_path.chmod(0o500)
    result = as_a_user("run", archive, "--triton", url, "--home", tmp_path / "var")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    complaint(result.stderr)


def test_a_site_key_that_may_not_be_read_is_one_line(archive: Path, tmp_path: Path, url: str) -> None:
    home = tmp_path / "var"
    assert as_a_user("run", archive, "--triton", url, "--home", home).returncode == 0
    (home / "site.key").chmod(0o000)
    result = as_a_user("run", archive, "--triton", url, "--home", home)
    assert (result.returncode, "restore it from its backup" in complaint(result.stderr)) == (1, True)
