"""Contact sheets of what the simulator can make, small enough to keep beside the documentation."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.body.other import SHARES, render_other
from simulation.film import simulate
from simulation.look import reproduction
from simulation.people.disease import CONDITIONS
from simulation.people.person import make_person
from simulation.spec import HIP_VIEWS, SHIFTS, FilmSpec, HipState
from simulation.surgery.choice import CUPS, FIXATIONS, STEMS, choose
from simulation.truth import Film

Tile = NDArray[np.uint8]  # (cell, cell)
_CELL, _COLUMNS, _QUALITY = 300, 6, 72
_FIRST_PERSON = 660_000_000
_QUIET = frozenset({"looks", "collimation", "markers", "reproduction", "clutter"})
_SIDE = "left"


def write_gallery(out: Path, seed: int) -> list[Path]:
    """Write every contact sheet as a JPEG; returns their paths."""
    out.mkdir(parents=True, exist_ok=True)
    sheets = {
        "views": _views(seed),
        "implants": _implants(seed),
        "conditions": _conditions(seed),
        "bodies": _bodies(seed),
        "looks": _looks(seed),
        "copies": _copies(seed),
        "others": _others(seed),
        "truth": _truth(seed),
        "shifted": _shifted(seed),
    }
    written = []
    for name, tiles in sheets.items():
        path = out / f"{name}.jpg"
        if not cv2.imwrite(str(path), _sheet(tiles), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]):
            raise OSError(f"cannot write {path}: is the disk full?")
        written.append(path)
    return written


def _views(seed: int) -> Iterator[Tile]:
    """Each view of six people, everything as it comes."""
    for row, view in enumerate(HIP_VIEWS):
        for column in range(_COLUMNS):
            kind = ("none", "tha", "tha", "hemi", "none", "fixation")[column]
            yield _tile(_first(_spec(seed, 10 * row + column, view, HipState(kind), frozenset())), view)


def _implants(seed: int) -> Iterator[Tile]:
    """Each family of stems, cups and fixation, on the first person who has it."""
    for wanted in (*(f"stem:{name}" for name in STEMS), *(f"cup:{name}" for name in CUPS)):
        state = HipState("tha", operation=int(wanted in ("cup:caged", "cup:jumbo", "stem:fluted")))
        yield _tile(_crop(_first(_having(seed, wanted, state))), wanted)
    for name in FIXATIONS:
        wanted = f"fixation:{name}"
        yield _tile(_crop(_first(_having(seed, wanted, HipState("fixation")))), wanted)
    yield _tile(_crop(_first(_spec(seed, 3, "ap_hip", HipState("hemi")))), "partial replacement")
    yield _tile(_crop(_first(_spec(seed, 5, "ap_hip", HipState("resurfacing")))), "resurfacing")
    for name, state in (
        ("loose", HipState("tha", loosening=1.0)),
        ("sunk 12 mm", HipState("tha", subsidence_mm=12)),
        ("ossified, Brooker 4", HipState("tha", heterotopic=4)),
    ):
        yield _tile(_crop(_first(_spec(seed, 8, "ap_hip", state))), name)


def _conditions(seed: int) -> Iterator[Tile]:
    """One person's hip in health and with every disease, at grades 2 and 4."""
    for name in CONDITIONS:
        for grade in ("",) if name == "normal" else (":2", ":4"):
            state = HipState(condition=name + grade)
            yield _tile(_crop(_first(_spec(seed, 1, "ap_pelvis", state))), name + grade)


def _bodies(seed: int) -> Iterator[Tile]:
    """From the thinnest to the heaviest of some people."""
    numbers = sorted(range(60), key=lambda n: make_person(_FIRST_PERSON + n).habitus.fat_mm)
    for number in numbers[:: len(numbers) // 11][:12]:
        person = make_person(_FIRST_PERSON + number)
        spec = _spec(seed, number, "ap_pelvis", HipState("tha"), _QUIET - {"clutter"})
        label = f"{person.build.sex} {person.build.age_years:.0f} years, {person.habitus.fat_mm:.0f} mm fat"
        yield _tile(_first(spec), label)


def _looks(seed: int) -> Iterator[Tile]:
    """The same exposure through twelve departments."""
    base = _spec(seed, 2, "ap_pelvis", HipState("tha"), _QUIET - {"looks"})
    for k in range(12):
        yield _tile(_first(replace(base, seed=base.seed + 1000 * k)), f"look {k + 1}")


def _copies(seed: int) -> Iterator[Tile]:
    """A film after everything that may happen to it."""
    base = _spec(seed, 4, "ap_pelvis", HipState("tha"), _QUIET - {"markers", "reproduction"})
    wanted = {step.__name__.strip("_") for _, step in reproduction.STEPS}
    for k in range(4000):
        if not wanted:
            return
        spec = replace(base, seed=base.seed + k, size=320)
        done = reproduction.planned(spec)
        if len(done) == 1 and done[0] in wanted:
            wanted.discard(done[0])
            yield _tile(_first(replace(spec, size=base.size)), done[0])


def _others(seed: int) -> Iterator[Tile]:
    """Every kind of film that shows no hip."""
    for index, builder in enumerate(SHARES):
        spec = FilmSpec(seed + index, index, "other", _SIDE, size=2 * _CELL, without=frozenset({"reproduction"}))
        yield _tile(render_other(builder, np.random.default_rng([seed, index]), spec), builder.__name__)


def _truth(seed: int) -> Iterator[Tile]:
    """What is known of a film, drawn on it: boxes, rims with their long axes, ischia, teardrops, letters."""
    for index, view in enumerate((*HIP_VIEWS, "ap_pelvis")):
        spec = _spec(seed, 30 + index, view, HipState("tha"), frozenset({"looks"}))
        yield _tile(_drawn(_first(spec)), view)


def _shifted(seed: int) -> Iterator[Tile]:
    """What only the shifted mixture has: three films of each family, the truth drawn where the film changed shape."""
    for row, name in enumerate(SHIFTS):
        for column, view in enumerate(("ap_pelvis", "ap_hip", "cross_table_lateral")):
            state = HipState("none" if name == "bones" and column < 2 else "tha")
            spec = replace(_spec(seed, 60 + 10 * row + column, view, state, _QUIET - {"markers"}), shifts=(name,))
            film = _first(spec)
            parts = next((hip.parts for hip in film.truth.hips if hip.side == _SIDE), ())
            families = ", ".join(part.split(":")[1] for part in parts[:2]) if name == "implants" else view
            yield _tile(_drawn(film) if name in ("square_crop", "squeezed") else film, f"{name}: {families}")


def _drawn(film: Film) -> Film:
    pixels, truth = film.pixels.copy(), film.truth
    thick = max(1, round(max(pixels.shape) / 400))

    def line(first: object, last: object) -> None:
        ends = [tuple(int(v) for v in np.round(point)) for point in (first, last)]
        cv2.line(pixels, *ends, 4095, thick, cv2.LINE_AA)

    for box in [hip.box for hip in truth.hips] + [marker.box for marker in truth.markers]:
        low, high = (tuple(int(v) for v in box[k : k + 2]) for k in (0, 2))
        cv2.rectangle(pixels, low, high, 3500, thick)
    for cup in (hip.cup for hip in truth.hips if hip.cup is not None):
        line(cup.major_upper, cup.major_lower)
        line(cup.minor_opening, cup.minor_dome)
    if truth.ischium_right and truth.ischium_left:
        line(truth.ischium_right, truth.ischium_left)
    for point in (truth.teardrop_right, truth.teardrop_left):
        if point:
            cv2.circle(pixels, tuple(int(v) for v in point), 4 * thick, 4095, thick, cv2.LINE_AA)
    return Film(pixels, truth)


def _spec(seed: int, person: int, view: str, state: HipState, without: frozenset[str] = _QUIET) -> FilmSpec:
    return FilmSpec(
        seed * 10_000 + person, _FIRST_PERSON + person, view, _SIDE, {_SIDE: state}, 2 * _CELL, without=without
    )


def _having(seed: int, part: str, state: HipState) -> FilmSpec:
    """A film of the first person whose implant has a part of this family."""
    kind, name = part.split(":")
    for number in range(2000):
        choice = choose(_FIRST_PERSON + number, _SIDE, state)
        found = {"stem": choice.stem.family, "cup": choice.cup.family, "fixation": choice.fixation}[kind]
        if found == name:
            return _spec(seed, number, "ap_hip", state)
    raise ValueError(f"nobody of 2000 people has {part}")


def _first(spec: FilmSpec) -> Film:
    """The first draw on which a hip can be seen."""
    for attempt in range(40):
        try:
            return simulate(replace(spec, seed=spec.seed + 100_000 * attempt))
        except ValueError:
            continue
    raise ValueError(f"none of 40 draws from seed {spec.seed} shows a hip")


def _crop(film: Film) -> Film:
    """The film's part round the hip that it is about."""
    hip = next((hip for hip in film.truth.hips if hip.side == _SIDE), film.truth.hips[0])
    x0, y0, x1, y1 = hip.box
    side, middle = 1.25 * max(x1 - x0, y1 - y0), ((x0 + x1) / 2, (y0 + y1) / 2)
    low = [max(0, int(m - side / 2)) for m in middle]
    high = [int(m + side / 2) for m in middle]
    return Film(film.pixels[low[1] : high[1], low[0] : high[0]], film.truth)


def _tile(film: Film, caption: str) -> Tile:
    """A film in a square with its caption below."""
    pixels = (film.pixels >> 4).astype(np.uint8)
    scale = (_CELL - 22) / max(pixels.shape)
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    tile = np.full((_CELL, _CELL), 24, np.uint8)
    left = (_CELL - size[0]) // 2
    tile[2 : 2 + size[1], left : left + size[0]] = small
    cv2.putText(tile, caption, (6, _CELL - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.42, 215, 1, cv2.LINE_AA)
    return tile


def _sheet(tiles: Iterable[Tile]) -> NDArray[np.uint8]:
    cells = list(tiles)
    columns = min(_COLUMNS, len(cells))
    cells += [np.full((_CELL, _CELL), 24, np.uint8)] * (-len(cells) % columns)
    return np.vstack([np.hstack(cells[k : k + columns]) for k in range(0, len(cells), columns)])
