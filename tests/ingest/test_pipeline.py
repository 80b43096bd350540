import logging
import os
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections import Counter
from concurrent.futures import Future
from datetime import date
from pathlib import Path
from typing import Any, Self

import pytest
from builders.dicom import make_ramp, write_dicom
from builders.findings import FakeServer, make_raw, make_thresholds
from builders.scenes import make_scene, packed, twelve_bits
from builders.site import make_site
from openjpeg.utils import encode_array

from ingest.errors import FileError, IngestError, ServerError
from ingest.flow import ModelServer
from ingest.identity import SiteKey
from ingest.pipeline import RunResult, check, run
from ingest.reading import Reading, Site, read_film
from ingest.records import FoundFile, Reason
from ingest.rules import Rules
from ingest.settings import Settings
from ingest.sink import Sink
from warehouse.errors import WarehouseError
from warehouse.land import Warehouse
from warehouse.spool import Spool

TABLES = ("file", "film", "inference", "hip", "measurement")
HOLD = "import sys, duckdb; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
WHEN_AND_WHO = ("run_id", "seconds", "finished_at", "inferred_at")  # differs between runs, and nothing else may


def bilateral_server(**answers: Any) -> FakeServer:
    return FakeServer(make_raw(right_hip_implant=0.9, left_hip_native=0.9), **answers)


def ingest(
    archive: Path, home: Path, server: ModelServer | None = None, *, batch_files: int = 256, **choices: Any
) -> RunResult:
    """A whole run with a fake server."""
    settings = make_settings(archive, home, **choices)
    key = SiteKey.load(settings.key_file)
    site = Site(key, Rules.load(settings.rules), settings.shift_dates)
    sink = make_sink(settings, batch_files)
    return run(settings, server or bilateral_server(), key, sink, reader=HereReader(site))


class HereReader:
    """Reads at once and in this process."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, found: FoundFile, beside: str | None = None) -> "Future[Reading]":
        """Read it now."""
        future: Future[Reading] = Future()
        future.set_result(read_film(found, self.site, beside=beside))
        return future


def make_settings(archive: Path, home: Path, **choices: Any) -> Settings:
    return Settings((archive,), home, home / "warehouse.duckdb", home, hold_timeout_s=0.0, **choices)


def make_sink(settings: Settings, batch_files: int = 256) -> Sink:
    warehouse = Warehouse(settings.warehouse)
    return Sink(Spool(settings.spool), warehouse, batch_files=batch_files, hold_timeout_s=0.0)


def rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    with Warehouse(home / "warehouse.duckdb").opened() as connection:
        return connection.execute(query).fetchall()


def tables(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything landed, but for when and in which run."""
    return {
        name: rows(home, f"SELECT COLUMNS(c -> c NOT IN {WHEN_AND_WHO}) FROM landing.{name} ORDER BY ALL")  # noqa: S608
        for name in TABLES
    }


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two films, a copy of the first, another image under its UID, and three files that are none."""
    root = tmp_path / "dicoms"
    first = write_dicom(root / "a" / "first.dcm", SOPInstanceUID="1.2.1")
    shutil.copy(first, root / "b-copy.dcm")
    write_dicom(root / "c-conflict.dcm", make_ramp(top=2000), SOPInstanceUID="1.2.1")
    write_dicom(root / "d-second", make_ramp(top=1000), SOPInstanceUID="1.2.2", PatientID="P2")
    write_dicom(root / "e-mr.dcm", Modality="MR", SOPInstanceUID="1.2.3")
    (root / "f-notes.dcm").write_text("no film")
    (root / "g-empty.dcm").touch()
    return root


def test_every_file_gets_one_row_with_its_reason(archive: Path, tmp_path: Path) -> None:
    result = ingest(archive, tmp_path / "var")
    landed = dict(rows(tmp_path / "var", "SELECT parse_filename(path), reason FROM landing.file"))
    assert landed == {
        "first.dcm": "hip_film",
        "b-copy.dcm": "same_image",
        "c-conflict.dcm": "conflicting_image",
        "d-second": "hip_film",
        "e-mr.dcm": "modality",
        "f-notes.dcm": "not_dicom",
        "g-empty.dcm": "empty_file",
    }
    assert result.outcome == "finished"
    assert result.tally.found == 7
    assert result.tally.reasons == Counter(Reason(reason) for reason in landed.values())


@pytest.mark.parametrize("first", ["plain", "wavelet"])
def test_a_film_and_its_copy_in_another_syntax_are_the_same_image(first: str, tmp_path: Path) -> None:
    """One is read halved and the other whole, so their hashes differ; a film that differs is still told."""
    film = make_scene(1600, 1200)
    changed = film.copy()
    changed[700:800, 500:600] = 0
    stored = {
        "plain": twelve_bits(film),
        "wavelet": packed("1.2.840.10008.1.2.4.90", encode_array(film, bits_stored=12), twelve_bits(film)),
        "z-changed": twelve_bits(changed),
    }
    root = tmp_path / "dicoms"
    root.mkdir()
    for name, dataset in stored.items():
        path = root / (f"a-{name}" if name == first else name)
        dataset.save_as(path, enforce_file_format=True)
    ingest(root, tmp_path / "var")
    reasons = [reason for (reason,) in rows(tmp_path / "var", "SELECT reason FROM landing.file ORDER BY path")]
    assert reasons == ["hip_film", "same_image", "conflicting_image"]


def test_a_duplicate_names_the_film_that_it_repeats(archive: Path, tmp_path: Path) -> None:
    ingest(archive, tmp_path / "var")
    [(films, uid)] = rows(
        tmp_path / "var",
        "SELECT count(*), any_value(film.sop_instance_uid) FROM landing.file JOIN landing.film USING (film_key) "
        "WHERE disposition = 'duplicate'",
    )
    assert (films, uid) == (2, "1.2.1")


def test_a_film_lands_with_its_hips_and_measurements(archive: Path, tmp_path: Path) -> None:
    ingest(archive, tmp_path / "var")
    assert {name: len(landed) for name, landed in tables(tmp_path / "var").items()} == {
        "file": 7,
        "film": 2,
        "inference": 2,
        "hip": 4,
        "measurement": 4,
    }


def test_a_rerun_changes_nothing_and_asks_nothing(archive: Path, tmp_path: Path) -> None:
    ingest(archive, tmp_path / "var")
    before, server = tables(tmp_path / "var"), bilateral_server()
    result = ingest(archive, tmp_path / "var", server)
    assert (result.tally.found, result.tally.known, server.asked) == (7, 7, 0)
    assert tables(tmp_path / "var") == before


def test_the_models_are_told_once_that_films_come_and_only_where_a_file_is_new(archive: Path, tmp_path: Path) -> None:
    first, second = bilateral_server(), bilateral_server()
    ingest(archive, tmp_path / "var", first)
    ingest(archive, tmp_path / "var", second)
    assert (first.expected, second.expected) == (1, 0)


@pytest.mark.parametrize("stop_after", [1, 2, 4, 6])
def test_a_run_in_pieces_ends_in_the_same_tables(archive: Path, tmp_path: Path, stop_after: int) -> None:
    ingest(archive, tmp_path / "whole")
    first = ingest(archive, tmp_path / "var", limit=stop_after)
    shutil.copy(tmp_path / "whole" / "site.key", tmp_path / "var" / "site.key")
    second = ingest(archive, tmp_path / "pieces", limit=stop_after)
    assert first.tally.reasons == second.tally.reasons
    for _ in range(2):
        ingest(archive, tmp_path / "pieces")
    without_key = "SELECT * EXCLUDE (run_id, patient_key) FROM landing.film ORDER BY ALL"
    assert rows(tmp_path / "pieces", without_key) == rows(tmp_path / "whole", without_key)
    reasons = "SELECT path, reason, film_key FROM landing.file ORDER BY ALL"
    assert rows(tmp_path / "pieces", reasons) == rows(tmp_path / "whole", reasons)


def test_ctrl_c_keeps_what_is_finished_and_the_next_run_goes_on(archive: Path, tmp_path: Path) -> None:
    settings = make_settings(archive, tmp_path / "var")
    finished = []

    def interrupt(count: int) -> None:
        finished.append(count)
        if len(finished) == 3:
            raise KeyboardInterrupt

    key = SiteKey.load(settings.key_file)
    result = run(settings, bilateral_server(), key, make_sink(settings), interrupt)  # with real workers
    assert (result.outcome, result.tally.reasons.total()) == ("interrupted", 3)
    assert rows(tmp_path / "var", "SELECT outcome, files_found FROM landing.run") == [("interrupted", 3)]
    assert ingest(archive, tmp_path / "var").tally.known == 3
    assert rows(tmp_path / "var", "SELECT count(*), count(DISTINCT path) FROM landing.file") == [(7, 7)]


def test_a_film_the_models_fail_on_is_tried_again(archive: Path, tmp_path: Path) -> None:
    failing = FakeServer(FileError(Reason.INFERENCE_ERROR, "no answer"))
    result = ingest(archive, tmp_path / "var", failing)
    assert result.tally.reasons[Reason.INFERENCE_ERROR] == 4  # both films, and the two files that repeat the first
    assert rows(tmp_path / "var", "SELECT count(*) FROM landing.film") == [(0,)]
    again = ingest(archive, tmp_path / "var")
    assert (again.tally.known, again.tally.reasons[Reason.HIP_FILM]) == (3, 2)


def test_a_lost_server_ends_the_run_and_keeps_what_is_finished(archive: Path, tmp_path: Path) -> None:
    lost_at_second = bilateral_server()
    size_bytes = (archive / "d-second").stat().st_size
    second = read_film(FoundFile(archive / "d-second", size_bytes, 1), make_site()).canvas
    assert second is not None
    lost_at_second.answers[second.pixel_sha256] = ServerError("the server is lost")
    with pytest.raises(ServerError, match="lost"):
        ingest(archive, tmp_path / "var", lost_at_second)
    assert rows(tmp_path / "var", "SELECT count(*) FROM landing.file") == [(3,)]
    assert rows(tmp_path / "var", "SELECT outcome FROM landing.run") == [("failed",)]


def test_models_that_fail_on_everything_end_the_run(tmp_path: Path) -> None:
    for n in range(40):
        write_dicom(tmp_path / "dicoms" / f"{n:02}.dcm", SOPInstanceUID=f"1.2.{n}")
    with pytest.raises(ServerError, match="32 films in a row"):
        ingest(tmp_path / "dicoms", tmp_path / "var", FakeServer(FileError(Reason.INFERENCE_ERROR, "broken")))


def test_a_film_of_no_hip_is_no_failure(archive: Path, tmp_path: Path) -> None:
    result = ingest(archive, tmp_path / "var", FakeServer(make_raw()))
    assert result.tally.reasons[Reason.NO_HIP_FOUND] == 2


def test_scores_and_uncertainties_land_with_the_film_and_its_angles(archive: Path, tmp_path: Path) -> None:
    errors = [[1.5, 2.5, 3.5], [4.0, 4.0, 4.0]]
    raw = make_raw(right_hip_implant=0.9, left_hip_native=0.9, outlier_score=[0.75], cup_angle_errors=errors)
    ingest(archive, tmp_path / "var", FakeServer(raw))
    assert rows(tmp_path / "var", "SELECT DISTINCT outlier_score FROM landing.inference") == [(0.75,)]
    angles = "SELECT DISTINCT measure, uncertainty_deg FROM landing.measurement ORDER BY 1"
    assert rows(tmp_path / "var", angles) == [("inclination", 1.5), ("version", 2.5)]


def test_films_are_judged_by_the_thresholds_of_the_server(archive: Path, tmp_path: Path) -> None:
    server = bilateral_server()
    server.thresholds = make_thresholds(hip_score=0.95)
    result = ingest(archive, tmp_path / "var", server)
    assert result.tally.reasons[Reason.NO_HIP_FOUND] == 2
    assert rows(tmp_path / "var", "SELECT DISTINCT review FROM landing.inference") == [(["no_hip_on_hip_view"],)]


def test_small_batches_land_the_same_rows(archive: Path, tmp_path: Path) -> None:
    ingest(archive, tmp_path / "var", batch_files=2)
    assert rows(tmp_path / "var", "SELECT count(*), sum(file_rows) FROM landing.batch") == [(6, 7)]


def test_the_first_rows_land_after_two_seconds_and_the_next_after_ten(archive: Path, tmp_path: Path) -> None:
    settings = make_settings(archive, tmp_path / "var")
    seconds = iter(range(0, 100, 2))  # each look at the clock, one a file and one a batch, is two seconds later
    sink = Sink(Spool(settings.spool), Warehouse(settings.warehouse), clock=lambda: float(next(seconds)))
    key = SiteKey.load(settings.key_file)
    run(settings, bilateral_server(), key, sink, reader=HereReader(Site(key, Rules.load())))
    landed = rows(settings.home, "SELECT file_rows FROM landing.batch WHERE file_rows > 0 ORDER BY batch_id")
    assert landed == [(1,), (5,), (1,)]


def test_a_run_that_finds_nothing_new_does_not_ask_which_films_there_are(archive: Path, tmp_path: Path) -> None:
    asked = []

    class Counting(Warehouse):
        def known_films(self, **choices: Any) -> Any:
            asked.append("films")
            return super().known_films(**choices)

    settings = make_settings(archive, tmp_path / "var")
    key = SiteKey.load(settings.key_file)
    for _ in range(2):
        sink = Sink(Spool(settings.spool), Counting(settings.warehouse))
        result = run(settings, bilateral_server(), key, sink, reader=HereReader(Site(key, Rules.load())))
    assert (result.tally.known, asked) == (7, ["films"])


def test_two_runs_at_once_are_refused(archive: Path, tmp_path: Path) -> None:
    refused = []

    class Impatient(FakeServer):
        def submit(self, canvas: Any) -> Any:
            if not refused:
                with pytest.raises(IngestError, match="another run is at work") as error:
                    ingest(archive, tmp_path / "var")
                refused.append(error)
            return super().submit(canvas)

    ingest(archive, tmp_path / "var", Impatient(make_raw(right_hip_native=0.9)))
    assert refused


def test_a_held_warehouse_loses_nothing(archive: Path, tmp_path: Path) -> None:
    holders = []

    class Holding(FakeServer):
        def submit(self, canvas: Any) -> Any:
            """Someone opens the warehouse in the middle of the run."""
            if not holders:
                warehouse = tmp_path / "var" / "warehouse.duckdb"
                command = [sys.executable, "-c", HOLD, warehouse]
                holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                assert holder.stdout is not None
                assert holder.stdout.readline() == b"held\n"
                holders.append(holder)
            return super().submit(canvas)

    result = ingest(archive, tmp_path / "var", Holding(make_raw(right_hip_native=0.9)))
    holders[0].communicate()
    assert (result.outcome, result.held) == ("finished", True)
    again = ingest(archive, tmp_path / "var")
    assert (again.tally.known, again.held) == (7, False)
    assert rows(tmp_path / "var", "SELECT count(*) FROM landing.file") == [(7,)]


def test_another_site_key_is_refused(archive: Path, tmp_path: Path) -> None:
    ingest(archive, tmp_path / "var")
    (tmp_path / "var" / "site.key").unlink()
    with pytest.raises(WarehouseError, match="another site key"):
        ingest(archive, tmp_path / "var")


def test_a_file_whose_content_is_known_is_not_decoded(archive: Path, tmp_path: Path) -> None:
    ingest(archive, tmp_path / "var")
    (archive / "d-second").rename(archive / "e-moved")
    known = set(Warehouse(tmp_path / "var" / "warehouse.duckdb").known_contents())
    found = FoundFile(archive / "e-moved", (archive / "e-moved").stat().st_size, 1)
    reading = read_film(found, make_site(), known.__contains__)
    assert (reading.reason, reading.canvas) == (Reason.SAME_IMAGE, None)
    assert reading.header is not None


def test_a_moved_file_lands_as_its_film_again(archive: Path, tmp_path: Path) -> None:
    settings = make_settings(archive, tmp_path / "var")
    key, server = SiteKey.load(settings.key_file), bilateral_server()
    run(settings, server, key, make_sink(settings))
    (archive / "d-second").rename(archive / "e-moved")
    asked = server.asked
    run(settings, server, key, make_sink(settings))  # with real workers, which ask what is known
    assert server.asked == asked
    moved = "SELECT reason, film_key = (SELECT film_key FROM landing.film WHERE sop_instance_uid = '1.2.2') "
    assert rows(tmp_path / "var", moved + "FROM landing.file WHERE path LIKE '%e-moved'") == [("same_image", True)]


def test_dates_are_shifted_by_days_that_stay_and_uids_are_keyed(tmp_path: Path) -> None:
    days = {"a": "20200301", "b": "20210301"}
    for name, day in days.items():
        film = make_ramp(top=1000 + ord(name))
        write_dicom(tmp_path / "dicoms" / name, film, SOPInstanceUID=f"1.2.{ord(name)}", StudyDate=day)
    ingest(tmp_path / "dicoms", tmp_path / "var", shift_dates=True)
    [(first, second, uid)] = rows(
        tmp_path / "var", "SELECT min(study_date), max(study_date), any_value(study_instance_uid) FROM landing.film"
    )
    assert (second - first).days == 365
    assert 1 <= (date(2020, 3, 1) - first).days <= 365
    assert uid.startswith("2.25.")
    assert ingest(tmp_path / "dicoms", tmp_path / "var", shift_dates=True).tally.known == 2
    with pytest.raises(WarehouseError, match="were shifted: repeat the command that way"):
        ingest(tmp_path / "dicoms", tmp_path / "var")


@pytest.mark.parametrize(
    ("retried", "known"), [(("failed",), 1), (("failed", "undecodable"), 0), ((), 2)], ids=["failed", "both", "none"]
)
def test_what_is_read_again_is_the_callers_choice(tmp_path: Path, retried: tuple[str, ...], known: int) -> None:
    write_dicom(tmp_path / "dicoms" / "film")
    write_dicom(tmp_path / "dicoms" / "cine", NumberOfFrames=2, SOPInstanceUID="1.2.9")
    ingest(tmp_path / "dicoms", tmp_path / "var", FakeServer(FileError(Reason.INFERENCE_ERROR, "no answer")))
    assert ingest(tmp_path / "dicoms", tmp_path / "var", retried=retried).tally.known == known


def test_nothing_of_a_patient_reaches_the_tables_or_the_log(
    archive: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        ingest(archive, tmp_path / "var")
    landed = repr(tables(tmp_path / "var")) + caplog.text
    assert "Doe" not in landed
    assert "'P1'" not in landed
    assert "1950" not in landed


def test_what_is_written_is_closed_to_others(archive: Path, tmp_path: Path) -> None:
    ingest(archive, tmp_path / "var")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "var").rglob("*") if path.is_file()}
    assert modes["site.key"] == 0o600
    assert all(mode & 0o027 == 0 for mode in modes.values()), modes


def test_a_name_that_is_no_utf_8_is_a_file_like_any_other(tmp_path: Path) -> None:
    film = write_dicom(tmp_path / "dicoms" / "x.dcm")
    os.rename(os.fsencode(film), os.fsencode(film.parent) + b"/\xff.dcm")  # noqa: PTH104 - bytes
    result = ingest(tmp_path / "dicoms", tmp_path / "var")
    assert result.tally.reasons[Reason.HIP_FILM] == 1
    assert ingest(tmp_path / "dicoms", tmp_path / "var").tally.known == 1


def test_members_of_archives_are_files_like_any_other(tmp_path: Path) -> None:
    film = write_dicom(tmp_path / "films" / "film.dcm")
    other = write_dicom(tmp_path / "films" / "other", make_ramp(top=900), SOPInstanceUID="1.2.9")
    (tmp_path / "dicoms").mkdir()
    with zipfile.ZipFile(tmp_path / "dicoms" / "a.zip", "w") as archive:
        archive.write(film, "x/film.dcm")
        archive.writestr("notes.txt", "no film")
    with tarfile.open(tmp_path / "dicoms" / "b.tgz", "w:gz") as archive:
        archive.add(film, "copy")
        archive.add(other, "other")
    (tmp_path / "dicoms" / "c.zip").write_bytes(b"PK\x03\x04torn")
    ingest(tmp_path / "dicoms", tmp_path / "var")
    landed = rows(tmp_path / "var", f"SELECT replace(path, '{tmp_path}/dicoms/', ''), reason FROM landing.current_file")  # noqa: S608
    assert dict(landed) == {
        "a.zip!/x/film.dcm": "hip_film",
        "a.zip!/notes.txt": "not_dicom",
        "b.tgz!/copy": "same_image",
        "b.tgz!/other": "hip_film",
        "c.zip": "broken_archive",
    }
    assert ingest(tmp_path / "dicoms", tmp_path / "var").tally.known == 5


def test_a_link_that_leads_out_has_its_row_and_is_not_opened(archive: Path, tmp_path: Path) -> None:
    secret = write_dicom(tmp_path / "elsewhere" / "film", SOPInstanceUID="1.2.77")
    (archive / "z-link").symlink_to(secret)
    ingest(archive, tmp_path / "var")
    query = "SELECT disposition, reason, sop_instance_uid FROM landing.file WHERE path LIKE '%z-link'"
    assert rows(tmp_path / "var", query) == [("screened_out", "outside_link", None)]


def test_a_file_that_changes_while_it_is_read_is_tried_again(archive: Path) -> None:
    found = FoundFile(archive / "d-second", (archive / "d-second").stat().st_size, 1)

    def touch(*parts: str) -> str:
        os.utime(found.path, ns=(1, time.time_ns()))
        return "".join(parts)

    assert read_film(found, Site(touch, Rules.load())).reason is Reason.CHANGED
    assert read_film(found, make_site()).reason is None


@pytest.mark.parametrize("content", [None, b"a text"], ids=["no file", "no dicom"])
def test_an_archive_without_dicom_is_refused_at_once(tmp_path: Path, content: bytes | None) -> None:
    (tmp_path / "dicoms").mkdir()
    if content:
        (tmp_path / "dicoms" / "x").write_bytes(content)
    with pytest.raises(IngestError, match="name the folder"):
        check(make_settings(tmp_path / "dicoms", tmp_path / "var"))
    assert not (tmp_path / "var").exists()
