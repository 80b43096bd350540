"""Scores the exported ensemble, through Triton as users run it, on simulated films of people not seen in training.

    python -m training.evaluate --films films/test

Side and implant are judged per film and per hip with misses counted as wrong. Angles are judged where the client
accepts them; the share accepted of all measurable cups stands beside the error. No DICOM tag helps: the evidence is
the film alone.
"""

import argparse
import json
import math
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ingest.findings import find
from ingest.records import Canvas, Findings, Header, Hip, RawFindings, Side, View
from ingest.server import EmbeddedServer
from ingest.triton import TritonServer
from simulation.truth import CupTruth, FilmTruth
from training.films import LabelledFilm, load_films

IN_FLIGHT = 8
ANGLES = (  # what is read, on which view, and the truth it is held against
    ("inclination, AP pelvis", "inclination", View.AP_PELVIS, "inclination_deg"),
    ("version, AP pelvis", "version", View.AP_PELVIS, "version_ap_deg"),
    ("version, AP hip", "version", View.AP_HIP, "version_ap_deg"),
    ("version, cross-table", "version", View.CROSS_TABLE_LATERAL, "version_lateral_deg"),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One film, what is true of it, and what the ensemble says."""

    truth: FilmTruth  # in canvas pixels
    raw: RawFindings
    findings: Findings  # boxes and landmarks in canvas pixels too


def judge(films: list[LabelledFilm], repository: Path) -> Iterator[Judged]:
    """All films through a private Triton, in order, a few in flight."""
    with (
        tempfile.TemporaryDirectory() as home,
        EmbeddedServer(repository, Path(home)) as embedded,
        TritonServer(embedded.url, in_flight=IN_FLIGHT) as server,
    ):
        waiting: list[tuple[LabelledFilm, Future[RawFindings]]] = []
        for film in films:
            waiting.append((film, server.submit(_canvas(film))))
            if len(waiting) >= IN_FLIGHT:
                yield _judged(*waiting.pop(0))
        for pair in waiting:
            yield _judged(*pair)


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float, float]:
    """Share of hits and its 95 % interval (Wilson 1927)."""
    if not n:
        return math.nan, math.nan, math.nan
    p, d = hits / n, 1 + z * z / n
    middle, half = (p + z * z / (2 * n)) / d, z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / d
    return p, middle - half, middle + half


def view_table(judged: list[Judged]) -> list[str]:
    """Accuracy, then precision, recall and F1 of each view, and the confusion counts."""
    views = list(View)
    counts = np.zeros((len(views), len(views)), int)
    for one in judged:
        counts[views.index(View(one.truth.view)), views.index(one.findings.view)] += 1
    lines = ["| view | films | precision | recall | F1 | read as " + " / ".join(v.value for v in views) + " |"]
    lines.append("|---|---|---|---|---|---|")
    for index, view in enumerate(views):
        hit, shown, read = counts[index, index], counts[index].sum(), counts[:, index].sum()
        precision, recall = hit / max(read, 1), hit / max(shown, 1)
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        row = " / ".join(str(n) for n in counts[index])
        lines.append(f"| {view} | {shown} | {precision:.3f} | {recall:.3f} | {f1:.3f} | {row} |")
    return lines


def shares(judged: list[Judged]) -> dict[str, tuple[int, int]]:
    """Hits and cases of each question with a yes or no."""
    hip_films = [one for one in judged if one.truth.view != View.OTHER and one.truth.hips]
    told = [one for one in hip_films if one.truth.side != Side.UNKNOWN]
    hips = [(one, hip) for one in hip_films for hip in one.truth.hips]
    implanted = [(one, hip) for one, hip in hips if hip.implant != "none"]
    return {
        "view": (sum(one.findings.view == one.truth.view for one in judged), len(judged)),
        "not a hip is refused": _count([not one.findings.hips for one in judged if one.truth.view == View.OTHER]),
        "side": (sum(one.findings.side == one.truth.side for one in told), len(told)),
        "hip found": _count([_hip(one, hip.side) is not None for one, hip in hips]),
        "implant": _count([_implant(one, hip.side) == (hip.implant != "none") for one, hip in hips]),
        "cup told from no cup": _count([_cup(one, hip.side) == (hip.cup is not None) for one, hip in implanted]),
    }


def angle_errors(judged: list[Judged], measure: str, view: View, name: str) -> tuple[np.ndarray, int]:
    """Signed errors (degrees) of the accepted measurements, and how many cups were measurable."""
    errors, measurable = [], 0
    for one in judged:
        if one.truth.view != view:
            continue
        for hip in one.truth.hips:
            wanted = _wanted(hip.cup, name)
            if wanted is None:
                continue
            measurable += 1
            found = _hip(one, hip.side)
            values = [m.value_deg for m in found.measurements if m.measure == measure and m.accepted] if found else []
            errors.extend(value - wanted for value in values if value is not None)
    return np.array(errors), measurable


def angle_table(judged: list[Judged]) -> tuple[list[str], dict[str, float]]:
    """Error of each angle, and the mean absolute errors by name."""
    lines = [
        "| angle | cups | measured | MAE | median | 95th percentile | bias | off by > 5 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    figures = {}
    for title, measure, view, name in ANGLES:
        errors, measurable = angle_errors(judged, measure, view, name)
        if not len(errors):
            lines.append(f"| {title} | {measurable} | 0 | - | - | - | - | - |")
            continue
        size = np.abs(errors)
        figures[title] = float(size.mean())
        lines.append(
            f"| {title} | {measurable} | {len(size) / measurable:.1%} | {size.mean():.2f} | {np.median(size):.2f} | "
            f"{np.percentile(size, 95):.2f} | {errors.mean():+.2f} | {(size > 5).mean():.1%} |"
        )
    return lines, figures


def report(judged: list[Judged]) -> str:
    """The whole evaluation as Markdown."""
    people = len({one.truth.person for one in judged})
    lines = [f"{len(judged)} simulated films of {people} people not seen in training.", ""]
    lines += ["| question | right | of | share | 95 % interval |", "|---|---|---|---|---|"]
    for question, (hits, n) in shares(judged).items():
        p, low, high = wilson(hits, n)
        lines.append(f"| {question} | {hits} | {n} | {p:.2%} | {low:.2%} to {high:.2%} |")
    angles, _ = angle_table(judged)
    return "\n".join([*lines, "", *view_table(judged), "", *angles, "", "Angles in degrees."])


def _canvas(film: LabelledFilm) -> Canvas:
    return Canvas(np.asarray(film.canvas), 1.0, 0.0, 0.0, "")


def _judged(film: LabelledFilm, answer: Future[RawFindings]) -> Judged:
    raw = answer.result()
    height, width = film.canvas.shape
    return Judged(film.truth, raw, find(raw, _canvas(film), _header(height, width)))


def _header(rows: int, columns: int) -> Header:
    """A header that tells nothing but the size, so that only the film speaks."""
    empty = dict.fromkeys(Header.__slots__)
    texts = {name: "" for name in Header.__slots__ if name.endswith("uid") or name in ("modality", "patient_key")}
    return Header(
        **(empty | texts | {"photometric": "MONOCHROME2", "rows": rows, "columns": columns, "bits_stored": 8})
    )


def _count(hits: list[bool]) -> tuple[int, int]:
    return sum(hits), len(hits)


def _hip(one: Judged, side: str) -> Hip | None:
    """The found hip of this side; on a film of one hip, the only one whatever side it was given."""
    hips = one.findings.hips
    if len(one.truth.hips) == 1 and len(hips) == 1:
        return hips[0]
    return next((hip for hip in hips if hip.side == side), None)


def _implant(one: Judged, side: str) -> bool | None:
    hip = _hip(one, side)
    return None if hip is None else hip.implant


def _cup(one: Judged, side: str) -> bool | None:
    hip = _hip(one, side)
    return None if hip is None else hip.has_cup


def _wanted(cup: CupTruth | None, name: str) -> float | None:
    return getattr(cup, name) if cup is not None and cup.visible else None


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="at most this many films")
    parser.add_argument("--repository", type=Path, default=Path("model_repository"))
    parser.add_argument("--out", type=Path, help="also write the tables to this file")
    args = parser.parse_args()
    judged = list(judge(load_films(args.films)[: args.limit], args.repository.absolute()))
    text = report(judged)
    print(text)
    if args.out:
        args.out.write_text(text + "\n")
        args.out.with_suffix(".json").write_text(json.dumps(dict(shares(judged)), indent=1))


if __name__ == "__main__":
    main()
