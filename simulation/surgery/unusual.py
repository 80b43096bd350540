"""Families of stems and cups that training never draws: for films that a model must meet for the first time."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from simulation.geometry.mesh import Mesh, Vector, arc, ball, basis, cylinder, lofted, placed, revolved, rotation, torus
from simulation.people.skeleton import FemurFrame
from simulation.surgery import solids
from simulation.surgery.canal import Canal
from simulation.surgery.choice import Choice, Cup, Rim, Solid, StemChoice
from simulation.surgery.cups import lining, placement, screws
from simulation.surgery.site import Site
from simulation.surgery.stems import Outline, Stem, row, stem

_STEM_LENGTHS_MM = {
    "neck_preserving": (58, 80),
    "fenestrated": (118, 150),
    "slotted": (140, 195),
    "lateral_flare": (85, 130),
}
_OUTLINES: Mapping[str, Outline] = {
    "neck_preserving": Outline(  # a banana: in the neck above, along the lateral cortex below
        row("25 26 25 23 20 17 14 12 10.5 9 7.5 6 3"),
        row("-9 -8 -6 -3 0 3 5 6.5 7.5 7.5 6.5 5 2"),
        row("6 6.6 7 7 6.8 6.4 6 5.6 5.2 4.6 3.8 3 1"),
        1.0,
    ),
    "fenestrated": Outline(
        row("9 15 17 17 16 14 11.5 9.2 7.6 6.2 4.8 3.4 1.4"),
        row("7 9.5 10.5 10.4 9.6 8.8 7.8 6.8 5.8 4.8 4 3.2 1.4"),
        row("3.6 4.2 4.6 4.8 4.8 4.6 4.4 4.2 4 3.6 3.2 2.6 1"),
        0.4,
    ),
    "slotted": Outline(
        row("5 11 15 17 16 13 10.5 9.4 8.8 8.2 7.6 6.8 4"),
        row("7 10 12 12.4 11.4 10.2 9.4 9 8.6 8.2 7.6 6.8 4"),
        row("6 8.5 10.5 11 10.6 9.8 9.2 8.8 8.4 8 7.4 6.6 4"),
        1.0,
    ),
    "lateral_flare": Outline(
        row("6 13 18 21 20 16 12 9 7 5.4 4.2 3 1"),
        row("10 17 21 22 19 14 10 7.6 6 4.8 3.8 2.8 1"),
        row("6 8.5 10 10.4 9.6 8.4 7.2 6.2 5.4 4.6 3.8 2.8 1"),
        0.9,
    ),
}
STEMS = tuple(_OUTLINES)


def unusual(choice: Choice) -> Choice:
    """The same operation with a cup and a stem of families that training does not know."""
    rng = choice.stream(21)
    family = str(rng.choice(STEMS))
    length = float(rng.uniform(*_STEM_LENGTHS_MM[family]))
    metal = str(rng.choice(["titanium", "cobalt_chrome"]))
    return replace(
        choice,
        cup=replace(choice.cup, family=str(rng.choice(list(CUPS))), augment=False),
        stem=replace(choice.stem, family=family, length_mm=length, material=metal, collar=family == "fenestrated"),
    )


def unusual_stem(choice: StemChoice, frame: FemurFrame, canal: Canal, head_centre: Vector) -> Stem:
    """A stem of ``STEMS`` with its neck to ``head_centre``."""
    built = stem(choice, frame, canal, head_centre, _OUTLINES[choice.family])
    top = built.shaft.vertices @ frame.axis
    start, length = float(top.min() - frame.origin @ frame.axis), float(top.max() - top.min())
    if choice.family == "fenestrated":
        seat, up = frame.at(33, 12), -(frame.axis * 0.75 - frame.medial * 0.66)
        plate = cylinder(seat, seat + up * 3.0, 16, 16)
        windows = [_window(built.shaft, frame, start + length * share) for share in (0.2, 0.33)]
        return replace(built, metal=(*built.metal, plate), holes=tuple(windows))
    if choice.family == "slotted":
        return replace(built, holes=(_slot(built.shaft, frame, start + 0.66 * length, start + 0.99 * length),))
    return built


def _ring(shaft: Mesh, frame: FemurFrame, along: float) -> tuple[float, float]:
    """Middle, towards the head, and half depth of a shaft at a station."""
    offset = shaft.vertices - frame.origin
    stations = offset @ frame.axis
    near = offset[np.abs(stations - stations[np.argmin(np.abs(stations - along))]) < 0.5]
    medial, deep = near @ frame.medial, near @ frame.posterior
    return float(medial.max() + medial.min()) / 2, float(np.abs(deep).max())


def _window(shaft: Mesh, frame: FemurFrame, along: float) -> Mesh:
    """A round window from front to back."""
    middle, deep = _ring(shaft, frame, along)
    return cylinder(frame.at(along, middle, -0.97 * deep), frame.at(along, middle, 0.97 * deep), 4.2, 4.2, 24)


def _slot(shaft: Mesh, frame: FemurFrame, first: float, last: float) -> Mesh:
    """A slit from front to back that leaves two prongs."""
    sections = []
    for along in np.linspace(first, last, 6):
        middle, deep = _ring(shaft, frame, along)
        corners = [(-1.3, -0.95), (1.3, -0.95), (1.3, 0.95), (-1.3, 0.95)]
        sections.append([frame.at(along, middle + across, deep * share) for across, share in corners])
    return lofted(sections)


def unusual_cup(choice: Choice, site: Site) -> Cup:
    """A cup of ``CUPS``."""
    return CUPS[choice.cup.family](choice, site)


def _flat_pole(choice: Choice, site: Site) -> Cup:
    """A shell whose dome is flattened: it stands on its rim."""
    centre, axis, radius = placement(choice, site)
    body = solids.shell(radius, choice.cup.wall_mm, math.radians(88), flare_mm=0.8)
    bore = radius - choice.cup.wall_mm
    head = min(choice.stem.head_radius_mm, 0.5 * radius)
    inlay = solids.liner(bore, math.radians(88), head, body.rim_height + 1.2)
    parts = [
        Solid(choice.cup.material, placed(_flattened(body.mesh, radius), axis, centre)),
        Solid("polyethylene", placed(_flattened(inlay, radius), axis, centre)),
    ]
    low = float(_flat(np.array([-radius]), radius)[0])
    rim = Rim(centre + axis * body.rim_height, axis, body.rim_radius, centre + axis * low)
    return Cup(tuple(parts), rim, centre, radius, head)


def _flattened(mesh: Mesh, radius: float) -> Mesh:
    return Mesh(np.c_[mesh.vertices[:, :2], _flat(mesh.vertices[:, 2], radius)], mesh.faces)


def _flat(z: np.ndarray, radius: float) -> np.ndarray:
    knee = -0.55 * radius
    return np.where(z < knee, knee + 0.5 * (z - knee), z)


def _threaded(choice: Choice, site: Site) -> Cup:
    """A truncated cone with a cutting thread, screwed in."""
    centre, axis, radius = placement(choice, site)
    rng, low = choice.stream(22), -0.8 * radius
    pitch, tooth = rng.uniform(2.6, 4.0), rng.uniform(1.4, 2.4)
    height = np.arange(low, -1.0, pitch / 2)
    cone = radius * (0.62 + 0.36 * (height - low) / -low) - tooth
    thread = np.where(np.arange(len(height)) % 2, cone + tooth, cone)
    bore = 0.75 * radius
    head = min(choice.stem.head_radius_mm, bore - 4)
    outer = np.vstack([[0, low], np.c_[thread, height], [radius, -0.8], [radius, 0]])
    shell = revolved(np.vstack([outer, arc(bore, math.pi / 2)[::-1]]))
    parts = [
        Solid(choice.cup.material, placed(shell, axis, centre)),
        *lining(choice, (centre, axis), bore, head, 0.0),
    ]
    return Cup(tuple(parts), Rim(centre, axis, radius, centre + axis * low), centre, radius, head)


def _pegged(choice: Choice, site: Site) -> Cup:
    """A thick shell with three long pegs over its dome."""
    centre, axis, radius = placement(choice, site)
    body = solids.shell(radius, 5.5, math.radians(85))
    bore = radius - 5.5
    head = min(choice.stem.head_radius_mm, bore - 4)
    parts = [
        Solid(choice.cup.material, placed(body.mesh, axis, centre)),
        *lining(choice, (centre, axis), bore, head, body.rim_height),
    ]
    frame, along = basis(axis), choice.stream(22).uniform(9, 15)
    for turn in 2 * math.pi * np.arange(3) / 3 + 0.4:
        foot = np.array([0.55 * math.cos(turn), 0.55 * math.sin(turn), -0.83]) @ frame * (radius - 1)
        parts.append(Solid(choice.cup.material, cylinder(centre + foot, centre + foot - axis * along, 3.2, 2.4, 20)))
        parts.append(Solid(choice.cup.material, ball(2.4, centre + foot - axis * along)))
    rim = Rim(centre + axis * body.rim_height, axis, body.rim_radius, centre - axis * radius)
    return Cup(tuple(parts), rim, centre, radius, head)


def _face_changing(choice: Choice, site: Site) -> Cup:
    """A shell with a liner that faces elsewhere, its wired edge tilted; a reader measures the shell."""
    centre, axis, radius = placement(choice, site)
    body = solids.shell(radius, choice.cup.wall_mm, math.radians(82))
    bore, rng = radius - choice.cup.wall_mm, choice.stream(22)
    head = min(choice.stem.head_radius_mm, bore - 5)
    across = basis(axis)[0]
    tilted = rotation(across, rng.uniform(10, 20) * rng.choice([-1, 1])) @ axis
    edge = 0.22 * radius
    collar = solids.shell(bore - 0.5, bore - 0.5 - head - 0.3, math.radians(90), collar_mm=edge)
    wire = torus(0.86 * bore, 0.6)
    parts = [
        Solid(choice.cup.material, placed(body.mesh, axis, centre)),
        Solid("polyethylene", placed(collar.mesh, tilted, centre)),
        Solid("titanium", placed(wire, tilted, centre + tilted * edge)),
        *screws(choice, site, centre, radius),
    ]
    rim = Rim(centre + axis * body.rim_height, axis, body.rim_radius, centre - axis * radius)
    return Cup(tuple(parts), rim, centre, radius, head)


CUPS: Mapping[str, Callable[[Choice, Site], Cup]] = {
    "flat_pole": _flat_pole,
    "threaded": _threaded,
    "pegged": _pegged,
    "face_changing": _face_changing,
}
