"""Runs that are killed at random moments, and Tritons that are killed or hang: the tables must not show it.

python benchmarks/faults.py [--kills 30] [--triton-kills 10] [--hangs 1] [--seed 1] [--archive samples]

The archive is a copy of samples/ with a ZIP and a tar of some of its films. One undisturbed run with the real models
says what the tables have to be. Each round starts a run in a home of its own, disturbs it at a moment drawn evenly from
the undisturbed run's duration, repeats the command until it ends well, and compares every landing table row for row.
Angles and scores may differ in the fourth digit: the models compute in batches, and a batch of another size sums in
another order.
"""

import argparse
import contextlib
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import duckdb

INGEST = Path(sys.executable).with_name("ingest")
WHEN_AND_WHO = {"run_id", "seconds", "finished_at", "inferred_at"}
TABLES = ("current_file", "film", "inference", "hip", "measurement", "disagreement")
SAME = 1e-3
MISSED = "missed"
ATTEMPTS = 5  # of the command, until it ends well
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
ARCHIVED = 8  # films in the ZIP, and in the tar


def make_archive(source: Path, target: Path) -> None:
    """A copy of the source, and some of its films in a ZIP and in a tar."""
    shutil.copytree(source, target)
    films = sorted(path for path in target.rglob("*") if path.is_file() and path.stat().st_size > 20_000)[
        : 2 * ARCHIVED
    ]
    with zipfile.ZipFile(target / "more.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for film in films[:ARCHIVED]:
            archive.write(film, str(film.relative_to(target)))
            film.unlink()
    with tarfile.open(target / "more.tgz", "w:gz") as archive:
        for film in films[ARCHIVED:]:
            archive.add(film, str(film.relative_to(target)))


def start(archive: Path, home: Path) -> "subprocess.Popen[str]":
    """The command as a user runs it."""
    return subprocess.Popen(
        [str(INGEST), "run", str(archive), "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def tables(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that landed, but for when and in which run."""
    found = {}
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        for table in TABLES:
            rows = connection.execute(f"FROM landing.{table}")
            names = [column[0] for column in rows.description or ()]
            kept = [at for at, name in enumerate(names) if name not in WHEN_AND_WHO]
            found[table] = sorted((tuple(row[at] for at in kept) for row in rows.fetchall()), key=_order)
    return found


def _order(row: tuple[Any, ...]) -> str:
    return repr([value for value in row if not isinstance(value, float | list)])


def same(one: Any, other: Any) -> bool:
    """Equal; numbers within SAME."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=SAME, abs_tol=SAME)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The tables that are not the same."""
    return [
        f"{table}: {len(one[table])} and {len(other[table])} rows"
        for table in TABLES
        if not same(one[table], other[table])
    ]


def tritons(client: int) -> list[int]:
    """Process ids of the servers that a run started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if any(word.startswith(f"--id=tha_registry_{client}_".encode()) for word in words):
                found.append(int(folder.name))
    return found


def kill_run(process: "subprocess.Popen[str]", random: Random) -> str:
    """By a signal that cannot be caught, or one that is."""
    how = random.choice(SIGNALS)
    process.send_signal(how)
    return how.name


def kill_triton(process: "subprocess.Popen[str]", _: Random) -> str:
    """As the kernel does where memory is short."""
    for pid in tritons(process.pid):
        os.kill(pid, signal.SIGKILL)
        return "Triton killed"
    return MISSED


def hang_triton(process: "subprocess.Popen[str]", _: Random) -> str:
    """It stays, and answers nobody."""
    for pid in tritons(process.pid):
        os.kill(pid, signal.SIGSTOP)
        return "Triton hangs"
    return MISSED


def disturbed(folder: Path, how: Any, random: Random, span: tuple[float, float]) -> dict[str, Any]:
    """One round: what was done when, how the disturbed run ended, and how often the command was repeated."""
    archive, home = folder / "dicoms", folder / "var"
    done = MISSED
    while done == MISSED:  # the run was over before the moment came, or had no server yet: another moment
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        shutil.copy(folder / "whole" / "site.key", home)
        moment_s = random.uniform(*span)
        process = start(archive, home)
        time.sleep(moment_s)
        done = how(process, random) if process.poll() is None else MISSED
        said, _ = process.communicate(timeout=1200)
    status = first = process.returncode
    attempts = 1
    while status != 0 and attempts < ATTEMPTS:
        process = start(archive, home)
        said, _ = process.communicate(timeout=1200)
        status, attempts = process.returncode, attempts + 1
    return {
        "at_s": round(moment_s, 2),
        "done": f"{done}, ended with {first}",
        "attempts": attempts,
        "status": status,
        "said": said,
        "home": home,
    }


def main() -> None:
    """All rounds; fails where one ends in other tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--triton-kills", type=int, default=10)
    parser.add_argument("--hangs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--archive", type=Path, default=Path(__file__).parents[1] / "samples")
    args = parser.parse_args()
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background job has it ignored, and children too
    random, told, wrong = Random(args.seed), Counter(), []  # noqa: S311 - moments, no secrets
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive, whole = folder / "dicoms", folder / "whole"
        make_archive(args.archive, archive)
        started = time.monotonic()
        process = start(archive, whole)
        said, _ = process.communicate()
        took_s = time.monotonic() - started
        if process.returncode:
            raise SystemExit(said)
        expected = tables(whole)
        rounds = [kill_run] * args.kills + [kill_triton] * args.triton_kills + [hang_triton] * args.hangs
        for number, how in enumerate(rounds):
            span = (0.0, took_s) if how is kill_run else (0.4 * took_s, 0.9 * took_s)  # when it is up
            ended = disturbed(folder, how, random, span)
            problems = differences(expected, tables(ended["home"])) if ended["status"] == 0 else [ended["said"]]
            told[f"{ended['done']}, {ended['attempts']} attempts"] += 1
            wrong += [(number, ended["done"], ended["at_s"], problems)] if problems else []
            print(
                number, ended["done"], ended["at_s"], ended["attempts"], problems or "same", file=sys.stderr, flush=True
            )
    rows = {table: len(rows) for table, rows in expected.items()}
    print(json.dumps({"undisturbed_s": round(took_s, 1), "rows": rows, "rounds": told, "wrong": wrong}, indent=2))
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
