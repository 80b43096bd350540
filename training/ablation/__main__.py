"""Small trainings side by side that settle a choice; each prints a table for docs/decisions.

    python -m training.ablation canvas     --films 1000
    python -m training.ablation ellipse    --from films/train --validation films/validation
    python -m training.ablation families   --films 1000 --shifted 600
    python -m training.ablation input-size --runs runs/128 runs/192 --validation films/validation --shifted 600

All from one seed and on one core (OMP_NUM_THREADS=1), minutes to an hour each. Such short trainings compare; they
reach no final accuracy. ``input-size`` trains nothing: it compares runs of ``training.classifier --size``.
"""

import argparse
import os
from pathlib import Path

from training.ablation import canvas, ellipse, families, input_size
from training.evaluation import markdown

DEPLOYED = Path("model_repository")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=("canvas", "ellipse", "families", "input-size"))
    parser.add_argument("--films", type=int, default=1000, help="how many films to simulate and learn from")
    parser.add_argument("--from", dest="known", type=Path, help="learn from the shards in this folder instead")
    parser.add_argument("--validation", type=Path, nargs="+", help="shards of other people, to test on")
    parser.add_argument("--runs", type=Path, nargs="+", help="of the classifier, with inputs of several sizes")
    parser.add_argument("--shifted", type=int, default=600, help="how many films of another kind to test on")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--data", type=Path, default=Path("var/ablation"), help="where films and runs are kept")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that simulate")
    args = parser.parse_args()
    if args.which == "ellipse" and (args.known is None or len(args.validation or []) != 1):
        parser.error("ellipse needs --from and one --validation")
    if args.which == "input-size" and (args.runs is None or args.validation is None):
        parser.error("input-size needs --runs and --validation")
    args.data.mkdir(parents=True, exist_ok=True)
    match args.which:
        case "canvas":
            head, rows = canvas.table(
                args.data, args.films, args.steps, args.workers, DEPLOYED / "cup_angle/1/model.onnx"
            )
        case "ellipse":
            head, rows = ellipse.table(args.known, args.validation[0], args.steps, args.films)
        case "families":
            head, rows = families.table(args.data, args.films, args.shifted, args.steps, args.workers)
        case _:
            head, rows = input_size.table(args.data, args.runs, args.validation, args.shifted, args.workers)
    print("\n".join(markdown.table(head, rows)))


if __name__ == "__main__":
    main()
