from pathlib import Path

import pytest
from builders.landing import (
    make_batch,
    make_file,
    make_film,
    make_hip,
    make_inference,
    make_measurement,
    make_refused,
    make_registered,
)

from warehouse.land import Warehouse
from warehouse.spool import Spool
from warehouse.summary import FilmLine, LedgerLine, MeasurementLine, summarise


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    warehouse.create()
    return warehouse


def test_the_ledger_sums_to_the_files_found(warehouse: Warehouse, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.write(
        make_batch(
            "b1",
            *make_registered("a"),
            *make_registered("b", patient="patient2"),
            make_file("copy", disposition="duplicate", reason="same_image", film_key="film-a"),
            make_refused("m1", "screened_out", "modality"),
            make_refused("m2", "screened_out", "modality"),
        ),
    )
    warehouse.land(spool)
    summary = summarise(warehouse)
    assert summary.ledger == (
        LedgerLine("registered", "hip_film", 2),
        LedgerLine("duplicate", "same_image", 1),
        LedgerLine("screened_out", "modality", 2),
    )
    assert (summary.files_found, summary.films, summary.patients) == (5, 2, 2)
    assert summary.films_by_kind == (FilmLine("ap_hip", "right", implant=True, films=2),)
    [line] = summary.measurements
    assert (line.measure, line.method, line.accepted, line.refused) == ("version", "ap_rim_ellipse_asin", 2, 0)
    assert (line.low_deg, line.median_deg, line.high_deg) == pytest.approx((18.0, 18.0, 18.0))


def test_a_film_read_by_two_models_counts_once_as_the_newer_sees_it(warehouse: Warehouse, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    reread = make_inference("a", view="ap_pelvis", side="both", model_version="newer", review=["side_conflict"])
    older = make_inference("a", inferred_at=reread.inferred_at.replace(year=2025))
    spool.write(
        make_batch(
            "b1",
            *(make_file("a"), make_film("a"), older, make_hip("a"), make_measurement("a")),
            *(reread, make_hip("a", implant=False, model_version="newer")),
        ),
    )
    warehouse.land(spool)
    summary = summarise(warehouse)
    assert summary.films_by_kind == (FilmLine("ap_pelvis", "both", implant=False, films=1),)
    assert summary.measurements == ()
    assert (summary.films, summary.films_to_review) == (1, 1)


def test_a_film_that_was_refused_may_be_one_for_a_person_and_is_no_film_of_the_registry(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    spool = Spool(tmp_path / "spool")
    refused = {"disposition": "not_hip", "reason": "no_hip_found"}
    spool.write(
        make_batch(
            "b1",
            *make_registered("a"),
            *(make_file("b", **refused), make_film("b", patient="patient2")),
            make_inference("b", side="unknown", review=["no_hip_on_hip_view"]),
            *(make_file("c", **refused), make_film("c"), make_inference("c", view="other", side="unknown")),
        ),
    )
    warehouse.land(spool)
    summary = summarise(warehouse)
    assert (summary.films, summary.patients, summary.films_to_review) == (1, 1, 1)
    assert summary.films_by_kind == (FilmLine("ap_hip", "right", implant=True, films=1),)


def test_refused_angles_are_counted_without_a_median(warehouse: Warehouse, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    refused = make_measurement("a", value_deg=None, accepted=False, why_not="ischium_not_visible")
    spool.write(make_batch("b1", make_file("a"), make_film("a"), make_inference("a"), make_hip("a"), refused))
    warehouse.land(spool)
    assert summarise(warehouse).measurements == (
        MeasurementLine("inclination", "ap_pelvis_rim_trans_ischial", 0, 1, None, None, None),
    )


def test_an_empty_warehouse_has_a_summary_of_nothing(warehouse: Warehouse) -> None:
    summary = summarise(warehouse)
    assert (summary.files_found, summary.films, summary.ledger) == (0, 0, ())
