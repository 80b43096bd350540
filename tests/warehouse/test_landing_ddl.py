"""The DDL, the row types and the spool's columns say the same."""

from datetime import date, datetime
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import pytest
from builders.landing import make_batch, make_file, make_hip, make_inference, make_measurement

from warehouse.columns import ROW_TYPES
from warehouse.land import Warehouse
from warehouse.spool import Spool

SQL_TYPES: dict[Any, str] = {
    str: "VARCHAR",
    int: "BIGINT",
    float: "DOUBLE",
    bool: "BOOLEAN",
    date: "DATE",
    datetime: "TIMESTAMP",
    list[str]: "VARCHAR[]",
    list[float]: "DOUBLE[]",
    list[list[float]]: "DOUBLE[][]",
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = Warehouse(tmp_path_factory.mktemp("ddl") / "warehouse.duckdb")
    warehouse.create()
    return warehouse


def expected_column(name: str, hint: Any) -> tuple[str, str, bool]:
    """Name, SQL type and whether NULL may stand there."""
    optional = NoneType in get_args(hint)
    plain = next(each for each in get_args(hint) if each is not NoneType) if optional else hint
    return name, SQL_TYPES[plain], optional


@pytest.mark.parametrize("table", ROW_TYPES)
def test_a_landing_table_has_the_columns_of_its_row_type(warehouse: Warehouse, table: str) -> None:
    with warehouse.opened() as connection:
        columns = connection.execute(
            "SELECT column_name, data_type, is_nullable FROM duckdb_columns() "
            "WHERE schema_name = 'landing' AND table_name = ? ORDER BY column_index",
            [table],
        ).fetchall()
    assert columns == [expected_column(*each) for each in get_type_hints(ROW_TYPES[table]).items()]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(make_file("a", disposition="lost"), id="a disposition that there is not"),
        pytest.param(make_file("a", film_key=None), id="a registered file without its film"),
        pytest.param(make_inference("a", view="chest"), id="a view that there is not"),
        pytest.param(make_inference("a", side="medial"), id="a side that there is not"),
        pytest.param(make_inference("a", view_score=1.2), id="a score above one"),
        pytest.param(make_inference("a", view_scores=[1.0]), id="five scores missing"),
        pytest.param(make_inference("a", outlier_score=-0.1), id="an outlier score below zero"),
        pytest.param(make_hip("a", side="both"), id="a hip of both sides"),
        pytest.param(make_hip("a", hip_index=2), id="a third hip"),
        pytest.param(make_measurement("a", value_deg=None), id="an accepted angle without a value"),
        pytest.param(make_measurement("a", accepted=False), id="a refused angle without a reason"),
        pytest.param(make_measurement("a", value_deg=float("nan")), id="an angle that is no number"),
        pytest.param(make_measurement("a", uncertainty_deg=-1.0), id="an interval of negative width"),
    ],
)
def test_a_row_that_breaks_a_rule_is_quarantined(warehouse: Warehouse, tmp_path: Path, row: Any) -> None:
    spool = Spool(tmp_path)
    spool.write(make_batch("broken", row))
    result = warehouse.land(spool)
    assert result.batches == 0
    assert "onstraint" in result.quarantined[0].why
    assert spool.pending() == []
    assert result.quarantined[0].path.exists()
    with warehouse.opened() as connection:
        assert connection.execute("SELECT count(*) FROM landing.batch").fetchone() == (0,)
