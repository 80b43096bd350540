"""Which files hold a film, and which of its boxes is the hip."""

from pathlib import Path

import pytest
from builders.landing import MODEL, make_batch, make_file, make_film, make_hip, make_inference

from warehouse.errors import WarehouseError
from warehouse.film_files import film_files
from warehouse.land import Warehouse
from warehouse.spool import Spool


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """Film a with a copy, two boxes on the right and one that an older model drew; film b with another right hip."""
    path, spool = tmp_path / "warehouse.duckdb", Spool(tmp_path / "spool")
    Warehouse(path).create()
    rows = (
        *(make_file("a"), make_film("a"), make_inference("a"), make_inference("a", model_version="older")),
        make_hip("a", 0, box=[1.0, 2.0, 3.0, 4.0], score=0.6),
        make_hip("a", 1, box=[5.0, 6.0, 7.0, 8.0], score=0.9),
        make_hip("a", 0, box=[9.0, 9.0, 9.0, 9.0], model_version="older"),
        make_file("copy", film_key="film-a", disposition="duplicate", reason="same_image"),
        make_file("other", film_key="film-a", disposition="duplicate", reason="conflicting_image"),
        *(make_file("b"), make_film("b"), make_inference("b"), make_hip("b", box=[1.0, 1.0, 2.0, 2.0])),
    )
    spool.write(make_batch("b1", *rows))
    assert Warehouse(path).land(spool).batches == 1
    return path


def test_a_film_has_its_own_file_first_then_its_copies_and_the_more_certain_box_of_the_model(warehouse: Path) -> None:
    found = film_files(warehouse, [("film-a", MODEL, "right"), ("film-b", MODEL, "left")])
    assert {key: [file.path for file in files] for key, files in found.items()} == {
        "film-a": ["/dicoms/a.dcm", "/dicoms/copy.dcm"]
    }
    assert {file.box for file in found["film-a"]} == {(5.0, 6.0, 7.0, 8.0)}
    assert [file.content_sha256 for file in found["film-a"]] == ["content-a", "content-copy"]


def test_the_box_is_that_of_the_model_that_was_asked_for(warehouse: Path) -> None:
    found = film_files(warehouse, [("film-a", "older", "right")])
    assert found["film-a"][0].box == (9.0, 9.0, 9.0, 9.0)


def test_nothing_asked_and_nothing_known_is_nothing(warehouse: Path) -> None:
    assert film_files(warehouse, []) == {}
    assert film_files(warehouse, [("film-?", MODEL, "right")]) == {}


def test_a_warehouse_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="there is no warehouse"):
        film_files(tmp_path / "none.duckdb", [("film-a", MODEL, "right")])
