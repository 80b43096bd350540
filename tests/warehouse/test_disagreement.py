"""Tags that say something else than the film, as rows."""

from pathlib import Path

import pytest
from builders.landing import make_batch, make_file, make_film, make_inference

from warehouse.land import Warehouse
from warehouse.spool import Spool


@pytest.mark.parametrize(
    ("tags", "found", "expected"),
    [
        ({"laterality_tag": "L"}, {"side": "right"}, [("side", "left", "right")]),
        ({"laterality_tag": "R"}, {"side": "right"}, []),
        ({"laterality_tag": "L"}, {"side": "unknown"}, []),
        ({"laterality_tag": None}, {"side": "right"}, []),
        ({"view_position_tag": "ap"}, {"view": "cross_table_lateral"}, [("view", "AP", "cross_table_lateral")]),
        ({"view_position_tag": "LL"}, {"view": "ap_pelvis"}, [("view", "LL", "ap_pelvis")]),
        ({"view_position_tag": "LL"}, {"view": "frog_leg_lateral"}, []),
        ({"body_part_tag": "CHEST"}, {"view": "ap_hip"}, [("body_part", "CHEST", "ap_hip")]),
        ({"body_part_tag": "HIP"}, {"view": "other"}, [("body_part", "HIP", "other")]),
        ({"body_part_tag": "PELVIS"}, {"view": "ap_hip"}, []),
        ({"body_part_tag": None}, {"view": "ap_hip"}, []),
    ],
    ids=lambda value: ",".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else "",
)
def test_a_tag_that_says_something_else_than_the_film_is_a_row(
    tmp_path: Path, tags: dict[str, str], found: dict[str, str], expected: list[tuple[str, str, str]]
) -> None:
    quiet = {"laterality_tag": None, "view_position_tag": None, "body_part_tag": None}
    spool, warehouse = Spool(tmp_path / "spool"), Warehouse(tmp_path / "warehouse.duckdb")
    warehouse.create()
    inference = make_inference("a", **({"view": "ap_hip", "side": "right"} | found))
    spool.write(make_batch("b", make_file("a"), make_film("a", **quiet | tags), inference))
    warehouse.land(spool)
    with warehouse.opened() as connection:
        assert connection.execute("SELECT about, tag, film FROM landing.disagreement").fetchall() == expected
