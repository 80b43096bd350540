"""The samples: a small archive of simulated patients with what a run must find in it."""

import contextlib
import csv
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from simulation.archive.cells import angle_cells
from simulation.archive.dicom import WHITE, write_dicom
from simulation.archive.refused import REFUSED
from simulation.archive.stories import VIEWS, PlannedFilm, films
from simulation.body import artificial, chest, lower_limb, spine, upper_limb
from simulation.body.other import render_other
from simulation.film import UnshownHipError, simulate
from simulation.look.contrasts import contrast
from simulation.spec import FilmSpec, HipState
from simulation.truth import Film, FilmTruth, HipTruth

ATTEMPTS = 80  # poses and exposures tried for a film that shows everything clearly
CLEAR = 0.25  # share of the film's range within a hip or a letter
FIRST_PERSON = 880_000_000  # nobody in training or evaluation is numbered so high
BUILDERS = {
    "chest": chest.chest,
    "spine": spine.spine,
    "knee": lower_limb.knee,
    "shoulder": upper_limb.shoulder,
    "hand": upper_limb.hand,
    "foot": lower_limb.foot,
    "page": artificial.page,
    "phantom": artificial.phantom,
}
README = """# Samples

A small archive of simulated radiographs, so that a first run needs no data of its own. **No patient is in it**:
anatomy, implants, names, dates and identifiers are all computed or invented. It tells eleven stories (native hips,
replaced ones, a revision, both sides, other implants, other body parts) and has a few files that a run must refuse.

`truth.csv` says for every file how a run should end with it and, for films of hips, what is on the film: `none` or
`implant` for each hip it shows, and the angles of each cup that can be measured on that view.

Made by `python -m simulation samples --out samples --seed {seed}`.
"""


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One file of the samples; empty where a column does not apply. Angles are as measured on that film."""

    path: str
    disposition: str
    reason: str
    patient: str = ""
    study_date: str = ""
    view: str = ""
    side: str = ""
    right_implant: str = ""
    left_implant: str = ""
    right_inclination_deg: str = ""
    right_version_deg: str = ""
    left_inclination_deg: str = ""
    left_version_deg: str = ""


def write_samples(out: Path, seed: int) -> list[TruthRow]:
    """Write all files of the samples and ``truth.csv``; returns its rows."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "README.md").write_text(README.format(seed=seed), encoding="utf-8")
    rows = [TruthRow(name, "screened_out", "not_dicom") for name in ("README.md", "truth.csv")]
    written: dict[str, Path] = {}  # the first film of each transfer syntax
    for index, plan in enumerate(films()):
        film = expose(plan, seed * 1_000_000 + index * 1000)
        path = out / plan.path
        write_dicom(
            path,
            film,
            plan.identity,
            transfer_syntax=plan.transfer_syntax,
            photometric=plan.photometric,
            iod=plan.iod,
        )
        written.setdefault(plan.transfer_syntax, path)
        rows.append(_row(plan, film.truth))
    for name, refusal in REFUSED.items():
        (out / name).parent.mkdir(exist_ok=True)
        refusal.make(out / name, written[refusal.film_syntax])
        rows.append(TruthRow(name, refusal.disposition, refusal.reason))
    rows.sort(key=lambda row: row.path)
    with (out / "truth.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, TruthRow.__slots__, lineterminator="\n")
        table.writeheader()
        table.writerows(asdict(row) for row in rows)
    return rows


def expose(plan: PlannedFilm, first_seed: int) -> Film:
    """The first of ``ATTEMPTS`` films that shows clearly what the plan is about.

    Raises:
        RuntimeError: there is none.
    """
    if plan.subject not in VIEWS:
        spec = FilmSpec(first_seed, first_seed, "other", "left", size=plan.size, without=frozenset({"reproduction"}))
        return render_other(BUILDERS[plan.subject], np.random.default_rng(first_seed), spec)
    spec = FilmSpec(
        seed=first_seed,
        person=FIRST_PERSON + plan.identity.patient,
        view=VIEWS[plan.subject],
        side=plan.side,
        hips={side: HipState(kind, cup=plan.cups.get(side)) for side, kind in plan.implants.items()},
        size=plan.size,
        marker=True,
        without=frozenset({"reproduction"}),
    )
    for seed in range(first_seed, first_seed + ATTEMPTS):
        with contextlib.suppress(UnshownHipError):
            film = simulate(replace(spec, seed=seed))
            if film.truth.view == spec.view and is_clear(film, plan.side):
                return film
    raise RuntimeError(f"none of {ATTEMPTS} seeds from {first_seed} shows {plan.path} clearly: choose another story")


def is_clear(film: Film, side: str) -> bool:
    """Whether a careful reader would find all of it: hips in the field, cups and landmarks to be seen, contrast."""
    truth = film.truth
    shown = {hip.side for hip in truth.hips}
    if side not in shown or (truth.view == "ap_pelvis" and len(shown) < 2):
        return False
    if truth.side not in (side, "both") or not truth.markers:
        return False
    if truth.view == "ap_pelvis" and (truth.ischium_right is None or truth.ischium_left is None):
        return False
    letters = all(contrast(film.pixels, marker.box) > CLEAR * WHITE for marker in truth.markers)
    return letters and all(_hip_is_clear(film, hip) for hip in truth.hips)


def _hip_is_clear(film: Film, hip: HipTruth) -> bool:
    x0, y0, x1, y1 = (round(v) for v in hip.box)
    middle = np.median(film.pixels[y0 : y1 + 1, x0 : x1 + 1]) / WHITE
    exposed = contrast(film.pixels, hip.box) > CLEAR * WHITE and 0.12 < middle < 0.85
    return hip.visible_fraction >= 0.85 and exposed and (hip.cup is None or hip.cup.visible)


def _row(plan: PlannedFilm, truth: FilmTruth) -> TruthRow:
    identity = plan.identity
    is_hip = truth.view != "other"
    shown = {f"{hip.side}_implant": "none" if hip.implant == "none" else "implant" for hip in truth.hips}
    return TruthRow(
        str(plan.path),
        "registered" if is_hip else "not_hip",
        "hip_film" if is_hip else "view_other",
        patient=f"SIM{identity.patient:06d}",
        study_date=identity.study_date.isoformat(),
        view=truth.view,
        side=truth.side,
        **shown,
        **angle_cells(truth),
    )
