"""How well the registry finds again what happened in invented lives.

    python benchmarks/registry_lives.py --lives 1500 --seed 2027

Lives of the simulator are landed as findings and built with dbt, without rendering a film: once read without error,
and with the models' own errors, drawn from docs/validation/angle_errors.csv. A second cohort, in which most cups
migrate and none is revised, says how many migrations are found. Prints what docs/registry_validation.md tells.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from simulation.archive.findings import Errors, batch_of, make_lives, read_errors, shots, surgeries_of
from simulation.archive.life import Life, Rates
from simulation.archive.recomputed import Alarms, Episodes, compare_changes, compare_episodes
from warehouse.land import Warehouse
from warehouse.spool import Spool
from warehouse.supplied import TABLES, replace_supplied

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "dbt_project"
ERRORS = ROOT / "docs" / "validation" / "angle_errors.csv"
MIGRATING = replace(Rates(), migrating=0.6, revised=0.0)


def build(folder: Path, lives: Sequence[Life], errors: Errors, seed: int, *, supplied: bool = False) -> Path:
    """A warehouse of all films of these lives, and all surgeries where they are supplied, its registry built."""
    folder.mkdir()
    warehouse, spool = Warehouse(folder / "warehouse.duckdb"), Spool(folder / "spool")
    warehouse.create()
    spool.write(batch_of((shot for life in lives for shot in shots(life)), errors, np.random.default_rng(seed)))
    if warehouse.land(spool).batches != 1:
        raise SystemExit("the warehouse refused the films")
    if supplied:
        rows = [row for life in lives for row in surgeries_of(life)]
        surgery = pa.Table.from_pylist(rows, schema=TABLES["surgery"])
        replace_supplied(folder / "warehouse.duckdb", {"surgery": surgery}, key_fingerprint="none")
    places = {"INGEST_WAREHOUSE": folder / "warehouse.duckdb", "DBT_TARGET_PATH": folder / "target"}
    subprocess.run(
        [
            *(Path(sys.executable).with_name("dbt"), "--quiet", "build", "--exclude-resource-type", "unit_test"),
            *("--exclude-resource-type", "test", "--project-dir", PROJECT, "--profiles-dir", PROJECT),
        ],
        env=os.environ | {name: str(path) for name, path in places.items()} | {"DBT_LOG_PATH": str(folder / "logs")},
        check=True,
    )
    return folder / "warehouse.duckdb"


def tell_episodes(title: str, found: Episodes) -> None:
    """Recall and precision, of all and of each kind."""
    print(f"{title}: {sum(found.true.values()):,} episodes in the films")
    for kinds in ((), ("native",), ("primary",), ("revision",)):
        chosen = kinds or tuple(found.true)
        same, true, said = (sum(part[kind] for kind in chosen) for part in (found.same, found.true, found.found))
        name = kinds[0] if kinds else "all"
        print(f"  {name}: recall {same / true:.1%} ({same} of {true}), precision {same / said:.1%} ({same} of {said})")


def tell_alarms(title: str, found: Alarms) -> None:
    """Migrations found and false alarms."""
    pairs = (
        ("series that moved by more than twice the MDC, confirmed", found.migrations_confirmed, found.migrations),
        ("series that moved by once to twice the MDC, confirmed", found.slight_confirmed, found.slight),
        ("later angles of still cups, flagged", found.still_films_flagged, found.still_films),
        ("later angles of still cups, confirmed", found.still_films_confirmed, found.still_films),
        ("series of still cups, confirmed", found.still_series_confirmed, found.still_series),
        ("hips with still cups, a confirmed change in any series", found.still_hips_confirmed, found.still_hips),
        ("hips with still cups, a revision that was none", found.still_hips_operated, found.still_hips),
        ("hips with still cups, a false alarm of either kind", found.still_hips_alarmed, found.still_hips),
    )
    print(title)
    for name, part, whole in pairs:
        share = f"{part / whole:.2%}" if whole else "-"
        print(f"  {name}: {share} ({part:,} of {whole:,})", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lives", type=int, default=1500)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    cohorts = {
        "usual": make_lives(arguments.lives, arguments.seed),
        "migrating": make_lives(arguments.lives, arguments.seed + 1, MIGRATING),
    }
    runs = (
        ("perfect findings", "usual", {}),
        ("our measured errors", "usual", read_errors(ERRORS)),
        ("errors of the shifted films", "usual", read_errors(ERRORS, "shifted")),
        ("most cups migrate, our measured errors", "migrating", read_errors(ERRORS)),
        ("most cups migrate, errors of the shifted films", "migrating", read_errors(ERRORS, "shifted")),
    )
    with tempfile.TemporaryDirectory() as name:
        path = build(Path(name) / "supplied", cohorts["usual"], read_errors(ERRORS), arguments.seed, supplied=True)
        with duckdb.connect(str(path), read_only=True) as connection:
            tell_episodes("our measured errors, all surgeries supplied", compare_episodes(cohorts["usual"], connection))
        for number, (title, cohort, errors) in enumerate(runs):
            lives = cohorts[cohort]
            path = build(Path(name) / str(number), lives, errors, arguments.seed)
            with duckdb.connect(str(path), read_only=True) as connection:
                if cohort == "usual":
                    tell_episodes(title, compare_episodes(lives, connection))
                tell_alarms(f"{title}: changes", compare_changes(lives, connection))


if __name__ == "__main__":
    main()
