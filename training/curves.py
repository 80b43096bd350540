"""Draws the curves of training runs, one panel a figure that their logs hold.

python -m training.curves runs --out curves.png
"""

import argparse
import csv
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # no screen is needed
from matplotlib import pyplot as plt

BOOKKEEPING = ("step", "seconds", "films", "subjects", "letters", "size")


def read_log(run: Path) -> dict[str, list[float]]:
    """Column by column what ``log.csv`` of a run says."""
    with (run / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def draw(runs: list[Path], out: Path) -> None:
    """A row for each run, its figures against the step."""
    logs = {run.name: read_log(run) for run in runs}
    panels = {name: [key for key in log if key not in BOOKKEEPING] for name, log in logs.items()}
    columns = max(len(keys) for keys in panels.values())
    figure, axes = plt.subplots(
        len(logs), columns, figsize=(3.2 * columns, 2.1 * len(logs)), squeeze=False, layout="constrained"
    )
    for row, (name, keys) in zip(axes, panels.items(), strict=True):
        for axis in row[len(keys) :]:
            axis.set_axis_off()
        for axis, key in zip(row, keys, strict=False):
            axis.plot(logs[name]["step"], logs[name][key], color="#0072b2", marker=".", markersize=4)
            axis.set_title(f"{name}: {key.replace('_', ' ')}", fontsize=9)
            axis.tick_params(labelsize=8)
            axis.grid(alpha=0.3)
    figure.savefig(out, dpi=110)
    plt.close(figure)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, help="folder whose folders hold log.csv")
    parser.add_argument("--out", type=Path, required=True, help="the picture")
    args = parser.parse_args()
    runs = sorted(log.parent for log in args.runs.glob("*/log.csv"))
    if not runs:
        parser.error(f"no run under {args.runs} has a log.csv")
    draw(runs, args.out)


if __name__ == "__main__":
    main()
