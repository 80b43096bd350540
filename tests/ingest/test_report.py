from collections import Counter
from dataclasses import replace
from pathlib import Path

from ingest.pipeline import NAMED, RunResult, Tally
from ingest.records import Reason
from ingest.report import RESEARCH_USE, registry_report, run_report
from warehouse.summary import FilmLine, LedgerLine, MeasurementLine, Summary

RESULT = RunResult(
    run_id="20260102T030405-abcdef",
    outcome="finished",
    tally=Tally(found=1500, known=500, reasons=Counter({Reason.HIP_FILM: 900, Reason.NOT_DICOM: 100})),
    seconds=50.0,
    held=False,
    quarantined=(),
)
SUMMARY = Summary(
    ledger=(LedgerLine("registered", "hip_film", 1400), LedgerLine("screened_out", "not_dicom", 100)),
    films_by_kind=(FilmLine("ap_pelvis", "both", implant=True, films=1400),),
    measurements=(
        MeasurementLine("inclination", "ap_pelvis_rim_trans_ischial", 3, 1, 42.04, 38.0, 47.5),
        MeasurementLine("version", "ap_rim_ellipse_asin", 0, 4, None, None, None),
    ),
    films=1400,
    films_to_review=12,
    patients=700,
)


def test_a_run_says_what_was_new_and_how_fast() -> None:
    assert "1,500 files dealt with: 500 known before, 1,000 new (20.0/s)." in run_report(RESULT)


def test_a_run_without_news_says_so() -> None:
    nothing = replace(RESULT, tally=Tally(found=500, known=500))
    assert "Nothing new: all 500 files are known" in run_report(nothing)


def test_what_stood_in_the_way_is_told() -> None:
    tally = replace(RESULT.tally, closed=1, first_closed=[Path("/dicoms/closed")])
    text = run_report(replace(RESULT, tally=tally, held=True, quarantined=("/spool/q/b: torn",)))
    for part in ("/dicoms/closed", "wait in the spool", "/spool/q/b: torn"):
        assert part in text


def test_of_very_many_closed_folders_some_are_named_and_all_are_counted() -> None:
    tally = Tally(found=1, known=1)
    for number in range(5000):
        tally.add_closed(Path(f"/dicoms/{number}"))
    lines = run_report(replace(RESULT, tally=tally)).splitlines()
    assert len(lines) < 30
    assert f"{5000 - NAMED:,} more folders" in lines[-1]


def test_the_ledger_ends_in_the_files_found() -> None:
    lines = registry_report(SUMMARY, Path("/var/warehouse.duckdb")).splitlines()
    assert lines[0].split() == ["disposition", "reason", "files"]
    assert lines[5] == "files found              1,500"
    assert lines[2] == "registered    hip_film   1,400"


def test_angles_that_nobody_measured_are_dashes() -> None:
    text = registry_report(SUMMARY, Path("/var/warehouse.duckdb"))
    assert "42.0" in text
    assert "38.0 to 47.5" in text
    assert next(line for line in text.splitlines() if "asin" in line).split()[-2:] == ["-", "-"]


def test_an_empty_warehouse_has_a_ledger_of_nothing() -> None:
    empty = Summary((), (), (), 0, 0, 0)
    assert "files found" in registry_report(empty, Path("/var/warehouse.duckdb"))


def test_the_report_says_where_and_for_what() -> None:
    text = registry_report(SUMMARY, Path("/var/warehouse.duckdb"))
    assert "/var/warehouse.duckdb" in text
    assert text.endswith(RESEARCH_USE)


def test_one_film_is_a_film_and_several_are_films() -> None:
    one = replace(SUMMARY, films_to_review=1)
    assert "700 patients; 1 film for a person" in registry_report(one, Path("/var/warehouse.duckdb"))
    assert "700 patients; 12 films for a person" in registry_report(SUMMARY, Path("/var/warehouse.duckdb"))
