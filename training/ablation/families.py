"""What each family of randomisation buys: trained without it, tested on films that differ in kind from all training."""

from pathlib import Path

from training.ablation import cups
from training.evaluation.films import Wanted, made
from training.evaluation.judged import SHIFT
from training.landmark_examples import as_it_is, varied

SEED = 90_011
ARMS = {  # what is left out of the simulator's variation
    "nothing": (),
    "looks of detectors, copies on paper and screens": ("looks", "reproduction"),
    "clutter, markers, collimation": ("clutter", "markers", "collimation"),
    "disease, revisions, habitus": ("disease", "revision", "habitus"),
}
UNCHANGED = "the change of look while training"
FAMILIES = ("bones", "implants", "look", "jpeg", "pasted")


def table(data: Path, films: int, shifted: int, steps: int, workers: int) -> tuple[list[str], list[list[str]]]:
    """Mean errors of the rim's axis over all shifted films and in each family, and of the version over all."""
    tested = cups.subjects(made(Wanted("shifted", shifted, data / "shifted", workers)))
    rows = []
    for number, (name, without) in enumerate([*ARMS.items(), (UNCHANGED, ())]):
        folder = data / f"without-{number if without else 0}"
        known = cups.subjects(made(Wanted("training", films, folder, workers, SEED, without=frozenset(without))))
        net = cups.trained(known, steps, vary=as_it_is if name == UNCHANGED else varied)
        told = cups.score(net, tested)
        rows.append([name, f"{told.axis_deg.mean():.2f}", f"{told.version_deg.mean():.2f}"])
        for family in FAMILIES:
            there = [f"{SHIFT}{family}" in film.truth.shows for film, _ in tested]
            rows[-1].append(f"{told.axis_deg[there].mean():.2f} ({sum(there)})" if any(there) else "-")
        print(rows[-1], flush=True)
    return ["left out", f"axis MAE ({len(tested)} cups)", "version MAE", *(f"axis, {f}" for f in FAMILIES)], rows
