"""Scores the exported ensemble, through Triton as users run it, on simulated films of people not seen in training.

    python -m training.evaluate --films 5000

makes the films (paper's mixture of views, and a quarter as many of a kind that training never shows), asks the models,
and writes docs/validation.md with its figures. What is made and what is answered is kept in --data, so a run that is
cut off goes on, and a rerun only draws again. ``--folder PATH`` scores films that are there already. ``--fresh N`` adds
films of the first mixture that tell whether the others, by which much was chosen, flatter the models.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from ingest.errors import IngestError
from training.evaluation import angles, measures, outliers
from training.evaluation.answers import Answers, Server, embedded
from training.evaluation.bars import bars, bars_table
from training.evaluation.films import FRESH_SEED, SEEDS, Wanted, made
from training.evaluation.judged import Judged
from training.evaluation.page import About, write
from training.evaluation.statistics import Figures, rounded
from training.films import LabelledFilm, load_films

SAY_EVERY = 200  # films


def gather(args: argparse.Namespace) -> dict[str, list[LabelledFilm]]:
    """The usual, the fresh and the shifted films."""

    def simulated(folder: str, films: int, seed: int, mixture: str = "paper") -> list[LabelledFilm]:
        wanted = Wanted(mixture, min(films, args.limit or films), args.data / folder, args.workers, seed)
        return made(wanted) if films else []

    usual = simulated("paper", args.films or 0, SEEDS["paper"])
    shifted = (args.films or 0) // 4 if args.shifted is None else args.shifted
    return {
        "usual": load_films(args.folder)[: args.limit] if args.folder else usual,
        "fresh": simulated("fresh", args.fresh, FRESH_SEED),
        "shifted": simulated("shifted", shifted, SEEDS["shifted"], "shifted"),
    }


def ask(answers: Answers, server: Server, name: str, films: list[LabelledFilm]) -> list[Judged]:
    """All films of a set, judged; says how far it is."""
    judged = []
    for one in answers.ask(films, server):
        judged.append(one)
        if len(judged) % SAY_EVERY == 0 or len(judged) == len(films):
            print(f"{name}: {len(judged)} of {len(films)} films judged", file=sys.stderr)
    return judged


def figures_of(judged: dict[str, list[Judged]], answers: Answers) -> Figures:
    """Everything that the page tells."""
    usual, fresh, shifted = judged["usual"], judged["fresh"], judged["shifted"]
    return {
        "usual": measures.measure(usual),
        "fresh": measures.measure(fresh) if fresh else None,
        "shifted": measures.measure(shifted) if shifted else None,
        "families": measures.by_family(shifted),
        "outliers": outliers.figures(usual, shifted),
        "pace": answers.pace(),
    }


def about(args: argparse.Namespace, model_version: str) -> About:
    """How the figures came to be, in words."""
    made_by = "Simulated for this page, of people in no training set: mixture `{0}` of the simulator, seed {1}."
    usual = f"Read from the folder `{args.folder.name}`." if args.folder else made_by.format("paper", SEEDS["paper"])
    source = f"--folder {args.folder.name}" if args.folder else f"--films {args.films}"
    fresh = f" --fresh {args.fresh}" if args.fresh else ""
    shifted = "" if args.shifted is None else f" --shifted {args.shifted}"
    limit = "" if args.limit is None else f" --limit {args.limit}"
    return About(
        command=f"python -m training.evaluate {source}{fresh}{shifted}{limit}",
        model_version=model_version,
        films=usual,
        fresh=made_by.format("paper", FRESH_SEED),
        shifted=made_by.format("shifted", SEEDS["shifted"]),
        cores=os.cpu_count() or 1,
    )


def evaluate(args: argparse.Namespace) -> Figures:
    """Films, answers, figures, page."""
    from training.evaluation import plots, worst  # noqa: PLC0415 - matplotlib only where figures are drawn

    films = gather(args)
    if not films["usual"]:
        raise SystemExit("no films to score: give --films N, or a --folder that holds finished shards")
    repository = args.repository.absolute()
    answers = Answers.of(args.data, repository)
    with embedded(repository) as server:
        judged = {name: ask(answers, server, name, of_set) for name, of_set in films.items()}
        version = server.model_version
    figures = figures_of(judged, answers)
    write(args.out, figures, about(args, version))
    pictures = args.out / "validation"
    plots.draw(pictures, judged["usual"], judged["shifted"], figures["families"])
    (pictures / "figures.json").write_text(json.dumps(rounded(figures), indent=1, allow_nan=False) + "\n")
    angles.write_errors(pictures / "angle_errors.csv", {name: judged[name] for name in ("usual", "shifted")})
    worst.draw(pictures / "worst.jpg", judged["usual"])
    if judged["shifted"]:
        worst.draw(pictures / "worst_shifted.jpg", judged["shifted"])
    return figures


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--films", type=int, help="how many films to simulate and score")
    source.add_argument("--folder", type=Path, help="score the shards of films in this folder instead")
    parser.add_argument("--fresh", type=int, default=0, help="how many films more by which nothing was chosen (none)")
    parser.add_argument("--shifted", type=int, help="how many films of another kind (a quarter of --films)")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("var/evaluation"),
        help="where films and answers are kept; remove it when the simulator has changed",
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that simulate")
    parser.add_argument("--limit", type=int, help="at most this many films of each set")
    parser.add_argument("--repository", type=Path, default=Path("model_repository"))
    parser.add_argument("--out", type=Path, default=Path("docs"), help="the folder of the page")
    args = parser.parse_args()
    try:
        figures = evaluate(args)
    except IngestError as error:
        sys.exit(str(error))
    print("\n".join(bars_table(bars(figures["usual"]))))


if __name__ == "__main__":
    main()
