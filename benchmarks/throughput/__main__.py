"""Files a second over the standard corpus: ``ingest run``, and what a user would write, in turns in one run.

    python -m benchmarks.throughput --files 1000 --repeats 3

Makes the corpus once (1,000 files, about 5 GB), then lets each contender read all of it, one after the other, as often
as asked; the pages of the archive are in memory for all of them. Ratios are between medians; the spread is from the
slowest to the fastest repeat. Then measures what each stage costs (``stages.py``), and so the bound, and last what
``ingest run`` does on fewer cores and with other numbers of workers. Nothing else should run meanwhile.

``--write`` puts the tables between the markers of docs/performance.md, and the picture beside it.
"""

import argparse
import os
import shutil
import statistics
import sys
from pathlib import Path

from benchmarks.throughput import picture, stages
from benchmarks.throughput.corpus import make_corpus
from benchmarks.throughput.measure import Contender, Timed, timed
from benchmarks.throughput.page import PAGE, write

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "model_repository"
OURS = "ingest run"
PICTURE, MARKER = ROOT / "docs" / "throughput.png", "throughput"
PAPER_RATE = 846_988 / (8 * 3600)  # files a second: Wyles et al. 2022


def contenders(archive: Path, scratch: Path) -> list[Contender]:
    """Ours first."""
    home = scratch / "ours"
    ingest = Path(sys.executable).with_name("ingest")
    script = [sys.executable, str(Path(__file__).with_name("user_script.py")), str(archive), "--models", str(MODELS)]
    alone, several = scratch / "script", scratch / "processes"
    cores = str(os.cpu_count() or 1)
    return [
        Contender(OURS, [str(ingest), "run", str(archive)], {"INGEST_HOME": str(home)}, home),
        Contender("script, one process", [*script, "--out", str(alone / "rows.csv")], {}, alone),
        Contender(
            f"script, {cores} processes",
            [*script, "--out", str(several / "rows.csv"), "--processes", cores],
            {},
            several,
        ),
    ]


def layouts(archive: Path, scratch: Path) -> list[Contender]:
    """``ingest run`` on one core and on all, with one worker and with several, and with few and many films asked."""
    ingest, found = str(Path(sys.executable).with_name("ingest")), []
    cores = os.cpu_count() or 1
    usual = 16
    wanted = {(1, 1, usual), *((cores, workers, usual) for workers in (1, 2, 3)), (cores, 2, 4), (cores, 2, 64)}
    for used, workers, asked in sorted(wanted):
        home = scratch / f"{used}-{workers}-{asked}"
        layout = ["--workers", str(workers), "--in-flight", str(asked)]
        command = ["taskset", "-c", f"0-{used - 1}", ingest, "run", str(archive), *layout]
        found.append(Contender(f"{used} | {workers} | {asked}", command, {"INGEST_HOME": str(home)}, home))
    return found


def scaling(files: int, runs: dict[str, Timed]) -> list[str]:
    """The table of layouts."""
    rows = ["| cores | workers | films in flight | files/s | CPU s a file | peak MiB |", "|---|---|---|---|---|---|"]
    rows += [
        f"| {name} | {files / run.clock_s:.1f} | {run.cpu_s / files:.3f} | {run.peak_mib:.0f} |"
        for name, run in runs.items()
    ]
    return rows


def lines(files: int, runs: dict[str, list[Timed]]) -> list[str]:
    """The table."""
    ours = statistics.median(run.clock_s for run in runs[OURS])
    head = ["", "files/s", "spread", "CPU s a file", "peak MiB", "ingest run is faster by"]
    rows = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name, times in runs.items():
        clock = sorted(run.clock_s for run in times)
        middle = statistics.median(clock)
        spread = f"{files / clock[-1]:.1f} to {files / clock[0]:.1f}"
        cpu = statistics.median(run.cpu_s for run in times) / files
        peak = max(run.peak_mib for run in times)
        rows.append(
            f"| {name} | {files / middle:.1f} | {spread} | {cpu:.3f} | {peak:.0f} | "
            f"{'' if name == OURS else f'{middle / ours:.2f} x'} |"
        )
    return [*rows, "", f"The paper's 846,988 files in 8 hours are {PAPER_RATE:.1f} files/s, on its cluster."]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--data", type=Path, default=ROOT / "var" / "throughput", help="where corpus and results go")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    args = parser.parse_args()
    data = args.data.absolute()
    archive = make_corpus(data / "corpus", args.files, args.seed, os.cpu_count() or 1)
    scratch = data / "runs"
    runs: dict[str, list[Timed]] = {}
    for repeat in range(args.repeats):
        for contender in contenders(archive, scratch):
            run = timed(contender)
            runs.setdefault(contender.name, []).append(run)
            print(f"{contender.name}, {repeat + 1}: {run.clock_s:.1f} s, {run.cpu_s:.1f} CPU s", flush=True)
    ours = runs[OURS]
    costs = stages.measured(archive, MODELS)
    cpu_s = statistics.median(run.cpu_s for run in ours) / args.files
    spread = {contender.name: timed(contender) for contender in layouts(archive, scratch)}
    shutil.rmtree(scratch)
    cores = os.cpu_count() or 1
    tables = [lines(args.files, runs), stages.lines(costs, cores, cpu_s), scaling(args.files, spread)]
    text = "\n\n".join("\n".join(table) for table in tables)
    print(text)
    if args.write:
        write(text, PAGE, MARKER)
        picture.draw(costs, cpu_s, PICTURE)


if __name__ == "__main__":
    main()
