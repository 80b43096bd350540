"""What the landing tables hold, counted for a person: all runs together, each file once."""

from dataclasses import dataclass

import duckdb

from warehouse.land import Warehouse

_LEDGER = """
SELECT disposition, reason, count(*) AS files
FROM landing.current_file
GROUP BY disposition, reason
ORDER BY
    list_position(
        ['registered', 'not_hip', 'duplicate', 'screened_out', 'undecodable', 'failed'], disposition
    ),
    files DESC,
    reason
"""

# The latest reading of every film that counts; what was refused as not of a hip may still need a person's look.
_READINGS = """
CREATE TEMP TABLE reading AS
SELECT
    inference.film_key,
    inference.model_version,
    inference.view,
    inference.side,
    len(inference.review) > 0 AS review,
    file.registered
FROM landing.inference
JOIN (
    SELECT film_key, bool_or(disposition = 'registered') AS registered
    FROM landing.current_file
    WHERE disposition IN ('registered', 'not_hip')
    GROUP BY film_key
) AS file USING (film_key)
QUALIFY row_number() OVER (PARTITION BY film_key ORDER BY inferred_at DESC, model_version DESC) = 1
"""

_FILMS = """
SELECT reading.view, reading.side, coalesce(hips.implant, false) AS implant, count(*) AS films
FROM reading
LEFT JOIN (
    SELECT film_key, model_version, bool_or(implant) AS implant FROM landing.hip GROUP BY ALL
) AS hips USING (film_key, model_version)
WHERE reading.registered
GROUP BY reading.view, reading.side, 3
ORDER BY
    list_position(
        ['ap_pelvis', 'ap_hip', 'cross_table_lateral', 'frog_leg_lateral', 'oblique_hip', 'other'], reading.view
    ),
    reading.side,
    implant
"""

_MEASUREMENTS = """
SELECT
    measurement.measure,
    measurement.method,
    count(*) FILTER (WHERE measurement.accepted) AS accepted,
    count(*) FILTER (WHERE NOT measurement.accepted) AS refused,
    quantile_cont(measurement.value_deg, 0.5) FILTER (WHERE measurement.accepted) AS median_deg,
    quantile_cont(measurement.value_deg, 0.05) FILTER (WHERE measurement.accepted) AS low_deg,
    quantile_cont(measurement.value_deg, 0.95) FILTER (WHERE measurement.accepted) AS high_deg
FROM reading
JOIN landing.measurement USING (film_key, model_version)
WHERE reading.registered
GROUP BY ALL
ORDER BY ALL
"""

_COUNTS = """
SELECT
    count(*) FILTER (WHERE reading.registered),
    count(*) FILTER (WHERE reading.review),
    count(DISTINCT film.patient_key) FILTER (WHERE reading.registered)
FROM reading
JOIN landing.film USING (film_key)
"""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """How many files ended so, and why."""

    disposition: str
    reason: str
    files: int


@dataclass(frozen=True, slots=True)
class FilmLine:
    """How many registered films are of this kind."""

    view: str
    side: str
    implant: bool  # in any hip on the film
    films: int


@dataclass(frozen=True, slots=True)
class MeasurementLine:
    """The angles measured by one method; quantiles of the accepted ones, None where there are none."""

    measure: str
    method: str
    accepted: int
    refused: int
    median_deg: float | None
    low_deg: float | None  # 5th percentile
    high_deg: float | None  # 95th percentile


@dataclass(frozen=True, slots=True)
class Summary:
    """The curation ledger sums to ``files_found``; the film lines sum to ``films``."""

    ledger: tuple[LedgerLine, ...]
    films_by_kind: tuple[FilmLine, ...]
    measurements: tuple[MeasurementLine, ...]
    films: int
    films_to_review: int  # among the registered films and those refused as not of a hip
    patients: int

    @property
    def files_found(self) -> int:
        """All files of all dispositions."""
        return sum(line.files for line in self.ledger)


def summarise(warehouse: Warehouse, *, timeout_s: float = 60.0) -> Summary:
    """Counts what landed. Raises WarehouseHeldError while another process holds the file."""
    with warehouse.opened(timeout_s=timeout_s) as connection:
        connection.execute(_READINGS)
        try:
            return _count(connection)
        finally:
            connection.execute("DROP TABLE reading")


def _count(connection: duckdb.DuckDBPyConnection) -> Summary:
    films, films_to_review, patients = connection.execute(_COUNTS).fetchone() or (0, 0, 0)
    return Summary(
        ledger=tuple(LedgerLine(*row) for row in connection.execute(_LEDGER).fetchall()),
        films_by_kind=tuple(FilmLine(*row) for row in connection.execute(_FILMS).fetchall()),
        measurements=tuple(MeasurementLine(*row) for row in connection.execute(_MEASUREMENTS).fetchall()),
        films=films,
        films_to_review=films_to_review,
        patients=patients,
    )
