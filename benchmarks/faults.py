"""Runs that are killed at random moments, and Tritons that are killed or hang: the tables must not show it.

python benchmarks/faults.py [--kills 30] [--triton-kills 10] [--hangs 1] [--seed 1] [--archive samples]

The archive is a copy of samples/ with a ZIP and a tar of some of its films. An undisturbed run with the real models
says what the tables have to be. Each round starts a run in a home of its own, disturbs it at a moment drawn evenly from
the undisturbed run's duration, repeats the command until it ends well, and compares every landing table row for row.
Runs that are to be killed ask a server that stays, those whose Triton is disturbed start their own.
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
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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


Disturbance = Callable[["subprocess.Popen[str]", Random], str]  # says what it did


@dataclass(frozen=True, slots=True)
class Whole:
    """What an undisturbed run made."""

    home: Path
    options: tuple[str, ...]
    seconds: float
    tables: dict[str, list[tuple[Any, ...]]]


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


@contextlib.contextmanager
def serving(home: Path) -> Iterator[list[str]]:
    """Arguments that name a server of our own, which is up while the context is."""
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(3)]
    named = zip(("--grpc-port", "--http-port", "--metrics-port"), map(str, ports), strict=True)
    command = [str(INGEST), "serve", "--home", str(home), *(word for pair in named for word in pair)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if server.stdout is None or "serving" not in server.stdout.readline():
            raise SystemExit("the server does not start")
        yield ["--triton", f"127.0.0.1:{ports[0]}"]
    finally:
        server.terminate()
        server.wait()


def start(archive: Path, home: Path, options: Sequence[str]) -> "subprocess.Popen[str]":
    """The command as a user runs it."""
    return subprocess.Popen(
        [str(INGEST), "run", str(archive), "--home", str(home), *options],
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


def disturbed(folder: Path, how: Disturbance, random: Random, whole: Whole) -> dict[str, Any]:
    """One round: what was done when, how the disturbed run ended, and how often the command was repeated."""
    archive, home = folder / "dicoms", folder / "var"
    done = MISSED
    while done == MISSED:  # the run was over before the moment came, or had no server yet: another moment
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        shutil.copy(whole.home / "site.key", home)
        moment_s = random.uniform(0.0 if how is kill_run else 0.3 * whole.seconds, 0.95 * whole.seconds)
        process = start(archive, home, whole.options)
        time.sleep(moment_s)
        done = how(process, random) if process.poll() is None else MISSED
        said, _ = process.communicate(timeout=1200)
    status = first = process.returncode
    attempts = 1
    while status != 0 and attempts < ATTEMPTS:
        process = start(archive, home, whole.options)
        said, _ = process.communicate(timeout=1200)
        status, attempts = process.returncode, attempts + 1
    problems = differences(whole.tables, tables(home)) if status == 0 else [said]
    return {
        "done": f"{done}, ended with {first}, {attempts} attempts",
        "at_s": round(moment_s, 2),
        "problems": problems,
    }


def undisturbed(folder: Path, name: str, options: Sequence[str]) -> Whole:
    """A run that nobody disturbs, after one that warms up."""
    for home in (folder / "warm", folder / name):
        started = time.monotonic()
        process = start(folder / "dicoms", home, options)
        said, _ = process.communicate()
        if process.returncode:
            raise SystemExit(said)
    shutil.rmtree(folder / "warm")
    return Whole(home, tuple(options), time.monotonic() - started, tables(home))


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
    random = Random(args.seed)  # noqa: S311 - moments, no secrets
    rounds: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_archive(args.archive, folder / "dicoms")
        with serving(folder / "server") as options:
            whole = undisturbed(folder, "served", options)
            for _ in range(args.kills):
                rounds.append(disturbed(folder, kill_run, random, whole))
                print(rounds[-1], file=sys.stderr, flush=True)
        embedded = undisturbed(folder, "embedded", [])
        for how in [kill_triton] * args.triton_kills + [hang_triton] * args.hangs:
            rounds.append(disturbed(folder, how, random, embedded))
            print(rounds[-1], file=sys.stderr, flush=True)
    wrong = [one for one in rounds if one["problems"]]
    told = {
        "undisturbed_s": {"asking a server": round(whole.seconds, 1), "with its own": round(embedded.seconds, 1)},
        "rows": {table: len(rows) for table, rows in whole.tables.items()},
        "rounds": Counter(one["done"] for one in rounds),
        "wrong": wrong,
    }
    print(json.dumps(told, indent=2))
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
