"""Films an hour that one core simulates, and where the time goes.

python benchmarks/films_an_hour.py [--films 100] [--sizes 512 1024]

Films of the training mixture, two or three of each person, after a warm-up that compiles. Times are of the processor,
not of the clock, so a busy machine changes them less. The share of a stage counts what it calls.
"""

import argparse
import cProfile
import itertools
import pstats
import time
from collections.abc import Iterator
from pathlib import Path

from simulation.dataset import Request, specs
from simulation.film import simulate
from simulation.spec import FilmSpec

STAGES = (  # module and function
    "people/person.py make_person",
    "surgery/operation.py implanted",
    "people/soft_tissue.py around_pelvis",
    "beam/projection.py project",
    "beam/bone_paths.py bone_paths",
    "beam/implant_paths.py implant_paths",
    "beam/texture.py roughened",
    "beam/exposure.py expose",
    "look/display.py develop",
    "look/reproduction.py reproduced",
    "views/labels.py hip_truths",
    "body/other.py simulate_other",
)


def main() -> None:
    """Print the films an hour at each size and the share of each stage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=100)
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 1024])
    args = parser.parse_args()
    for size in args.sizes:
        drawn = specs(Request(Path(), args.films, 90, 1, size), 0)
        _films(drawn, 8)
        profile = cProfile.Profile()
        start = time.process_time()
        made = _films(drawn, args.films)
        seconds = (time.process_time() - start) / made
        print(f"{size} px: {3600 / seconds:,.0f} films an hour a core ({seconds * 1000:.0f} ms a film, {made} films)")
        profile.enable()
        profiled = _films(drawn, args.films // 2)
        profile.disable()
        _print_shares(profile, profiled)


def _films(drawn: Iterator[FilmSpec], count: int) -> int:
    """Simulate films until ``count`` came out; a draw that shows no hip costs its time and does not count."""
    made = 0
    for spec in itertools.islice(drawn, 2 * count):
        try:
            simulate(spec)
            made += 1
        except ValueError:
            continue
        if made == count:
            break
    return made


def _print_shares(profile: cProfile.Profile, films: int) -> None:
    rows = pstats.Stats(profile).stats

    def spent(stage: str) -> float:
        path, function = stage.split()
        return sum(row[3] for (file, _, name), row in rows.items() if name == function and file.endswith(path))

    whole = spent("simulation/film.py simulate")
    for stage in STAGES:
        print(f"  {stage:<38}{spent(stage) / films * 1000:6.0f} ms a film {spent(stage) / whole:6.1%}")


if __name__ == "__main__":
    main()
