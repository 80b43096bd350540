"""Cups with what belongs to them: liner, holes, screws, cement, cages and augments."""

import math

import numpy as np

from simulation.geometry.mesh import Mesh, Vector, ball, basis, cylinder, lofted, placed, screw, torus, unit
from simulation.surgery import solids
from simulation.surgery.choice import Choice, Cup, CupChoice, Rim, Solid
from simulation.surgery.site import Site

_LARGEST_MM = 38.0  # radius of a jumbo cup


def cup_parts(choice: Choice, site: Site) -> Cup:
    """The cup of a total or resurfacing replacement."""
    cup, (centre, axis, radius) = choice.cup, placement(choice, site)
    if choice.kind == "resurfacing":
        return _resurfacing_cup(choice, centre, axis, radius)
    if cup.family == "cemented":
        return _cemented_cup(choice, centre, axis, radius)
    if cup.family == "dual_mobility":
        return _dual_mobility_cup(choice, site, centre, axis, radius)
    if cup.family == "caged":
        return _caged_cup(choice, site, centre, axis, radius)
    return _cementless_cup(choice, site, centre, axis, radius)


def placement(choice: Choice, site: Site) -> tuple[Vector, Vector, float]:
    """Centre of a cup, the direction in which it opens and its radius."""
    cup = choice.cup
    centre = site.pelvic(np.array([-cup.medialised_mm, 0, cup.raised_mm]))
    axis = site.mirror @ solids.cup_axis(cup.inclination_deg, cup.anteversion_deg)
    return centre, axis, float(np.clip(site.frame.head_radius + cup.oversize_mm, 21, _LARGEST_MM))


def _cementless_cup(choice: Choice, site: Site, centre: Vector, axis: Vector, radius: float) -> Cup:
    """A metal shell pressed into the bone, with its liner, holes and screws."""
    cup = choice.cup
    flare = 1.3 if cup.family == "flared" else 0.0
    body = solids.shell(radius, cup.wall_mm, cup.cover_rad, flare_mm=flare)
    bore = radius - cup.wall_mm
    head_radius = min(choice.stem.head_radius_mm, bore - 4)
    back = solids.roughened(body.mesh, choice.stream(1), cup.rough_mm, bore)
    parts = [Solid(cup.material, placed(back, axis, centre))]
    parts += lining(choice, (centre, axis), bore, head_radius, body.rim_height)
    if cup.family != "monoblock":
        parts += _holes(cup, axis, centre, radius)
    parts += screws(choice, site, centre, radius)
    if cup.family == "finned":
        parts += _fins(choice, axis, centre, radius)
    if cup.augment:
        parts += _augment(choice, site, centre, radius)
    rim = Rim(centre + axis * body.rim_height, axis, body.rim_radius, centre - axis * radius)
    return Cup(tuple(parts), rim, centre, radius, head_radius)


def lining(
    choice: Choice, place: tuple[Vector, Vector], bore: float, head_radius: float, rim_height: float
) -> list[Solid]:
    """Polyethylene, level or with an elevated lip, perhaps with a locking ring."""
    cup, (centre, axis) = choice.cup, place
    inside = placed(solids.liner(bore, cup.cover_rad, head_radius, rim_height + 1.2), axis, centre)
    parts = [Solid("polyethylene", inside)]
    if cup.lip_deg:
        lip = ball(bore * 0.5, centre + axis * (rim_height + 1) + basis(axis)[0] * bore * 0.55, (1.0, 1.0, 0.35))
        parts.append(Solid("polyethylene", lip))
    if cup.locked:
        ring = torus(min(head_radius + 1.2, bore - 1.5), 1.1)
        parts.append(Solid("titanium", placed(ring, axis, centre + axis * (rim_height + 0.5))))
    return parts


def _resurfacing_cup(choice: Choice, centre: Vector, axis: Vector, radius: float) -> Cup:
    """A thin shell of cobalt chrome that is its own bearing."""
    body = solids.shell(radius, 3.6, choice.cup.cover_rad)
    rim = Rim(centre + axis * body.rim_height, axis, body.rim_radius, centre - axis * radius)
    return Cup((Solid("cobalt_chrome", placed(body.mesh, axis, centre)),), rim, centre, radius, radius - 4.2)


def _dual_mobility_cup(choice: Choice, site: Site, centre: Vector, axis: Vector, radius: float) -> Cup:
    """A polished shell with a short cylinder at its rim; a large polyethylene ball turns in it round a small head."""
    wall = min(choice.cup.wall_mm, 3.6)
    body = solids.shell(radius, wall, math.pi / 2, collar_mm=3.0)
    mobile = radius - wall - 0.3
    head_radius = 14.0 if mobile > 20 else 11.0
    parts = [
        Solid(choice.cup.material, placed(body.mesh, axis, centre)),
        Solid("polyethylene", placed(solids.hollow_ball(mobile, head_radius), axis, centre)),
        *screws(choice, site, centre, radius),
    ]
    rim = Rim(centre + axis * body.rim_height, axis, body.rim_radius, centre - axis * radius)
    return Cup(tuple(parts), rim, centre, radius, head_radius)


def _cemented_cup(choice: Choice, centre: Vector, axis: Vector, radius: float) -> Cup:
    """An all-polyethylene cup in cement: only its wire shows, so the wire is what a reader measures."""
    head_radius = min(choice.stem.head_radius_mm, radius - 9)
    outer, rng = radius - 1, choice.stream(2)
    body = solids.shell(outer, outer - head_radius - 0.3, math.pi / 2)
    mantle = solids.shell(radius + 2.5, 3.4, math.pi / 2 * 0.97)
    uneven = solids.roughened(mantle.mesh, rng, rng.uniform(0.5, 2.5), radius)
    parts = [
        Solid("polyethylene", placed(body.mesh, axis, centre)),
        Solid("steel", placed(solids.marker_wire(radius - 3, rng.uniform(0.45, 0.9)), axis, centre)),
        Solid("cement", placed(uneven, axis, centre)),
    ]
    across = basis(axis)
    for k in range(choice.cup.wires - 1):  # over the dome, square to the rim's wire
        ring = placed(solids.marker_wire(radius - 3, 0.5), across[k], centre)
        parts.append(Solid("steel", ring, above=None))
    for _ in range(int(rng.integers(0, 4))):  # keyholes
        start = centre + unit(rng.normal(size=3) * 0.6 - axis) * (radius + 1)
        parts.append(Solid("cement", ball(rng.uniform(3, 6), start)))
    return Cup(tuple(parts), Rim(centre, axis, radius - 3, centre - axis * outer), centre, radius + 2.5, head_radius)


def _caged_cup(choice: Choice, site: Site, centre: Vector, axis: Vector, radius: float) -> Cup:
    """A reinforcement ring with a flange on the ilium and one towards the ischium, screws, a cemented cup inside."""
    inner = _cemented_cup(choice, centre, axis, radius - 3.5)
    ring = solids.shell(radius, 1.8, 1.45)
    parts = [*inner.solids, Solid("titanium", placed(ring.mesh, axis, centre))]
    rng = choice.stream(3)
    for towards, length in ((np.array([0.10, 0.12, 1.0]), rng.uniform(32, 52)), (np.array([-0.05, 0.5, -1.0]), 22.0)):
        along = site.mirror @ unit(towards)
        wide = unit(np.cross(along, [0, 1.0, 0])) * rng.uniform(7, 11)
        thick = np.array([0, 1.2, 0])
        corners = np.stack([-wide - thick, wide - thick, wide + thick, -wide + thick])
        start = centre + along * (radius - 3)
        parts.append(Solid("titanium", lofted([start + corners, start + along * length + corners * 0.85])))
        for _ in range(int(rng.integers(1, 4))):
            place = start + along * rng.uniform(4, length - 2) + wide * rng.uniform(-0.5, 0.5)
            tip = place + site.mirror @ unit([-0.5, 0.8, 0.3]) * rng.uniform(18, 40)
            parts.append(Solid("titanium", screw(place, tip, 2.6)))
    parts += screws(choice, site, centre, radius)
    return Cup(tuple(parts), inner.rim, centre, radius, inner.head_radius)


def _holes(cup: CupChoice, axis: Vector, centre: Vector, radius: float) -> list[Solid]:
    """Holes for screws, in a ring round the pole, or one at the pole."""
    holes = []
    for k in range(cup.holes):
        turn = 2 * math.pi * k / cup.holes
        tip = 0.0 if cup.holes == 1 else math.radians(38 if k % 2 or cup.holes < 8 else 60)
        local = np.array([math.sin(tip) * math.cos(turn), math.sin(tip) * math.sin(turn), -math.cos(tip)])
        outwards = local @ basis(axis)
        start, end = centre + outwards * (radius - cup.wall_mm), centre + outwards * (radius - 0.3)
        holes.append(Solid(cup.material, cylinder(start, end, 2.9, 2.9, 20), weight=-1.0))
    return holes


def screws(choice: Choice, site: Site, centre: Vector, radius: float) -> list[Solid]:
    """Screws through the dome into the ilium, fanned out; the last of many goes into the ischium."""
    parts, rng = [], choice.stream(4)
    for k, length in enumerate(choice.cup.screws):
        heading = np.array([-(0.35 + 0.2 * k), 0.25 - 0.25 * k, 1.0]) + rng.normal(0, 0.12, 3)
        if k >= 3:
            heading = np.array([-0.45, 0.5, -1.0]) + rng.normal(0, 0.1, 3)
        direction = site.mirror @ unit(heading)
        start = centre + direction * (radius - 2)
        parts.append(Solid("titanium", screw(start, start + direction * (length + 2), rng.uniform(2.5, 3.2))))
    return parts


def _fins(choice: Choice, axis: Vector, centre: Vector, radius: float) -> list[Solid]:
    """Spikes or fins on the back, near the rim."""
    parts, count = [], int(choice.stream(5).integers(3, 7))
    for k in range(count):
        turn = 2 * math.pi * k / count
        outwards = np.array([math.cos(turn) * 0.8, math.sin(turn) * 0.8, -0.6]) @ basis(axis)
        start = centre + outwards * (radius - 1)
        parts.append(Solid(choice.cup.material, cylinder(start, start + outwards * 6, 2.2, 0.6, 16)))
    return parts


def _augment(choice: Choice, site: Site, centre: Vector, radius: float) -> list[Solid]:
    """A porous wedge that fills a defect above the cup."""
    towards = site.mirror @ unit(np.array([0.55, 0.0, 1.0]) + choice.stream(6).normal(0, 0.15, 3))
    body: Mesh = ball(radius * 0.62, centre + towards * radius * 0.82, (1.0, 0.7, 0.75))
    tip = centre + towards * (radius * 1.2 + 25)
    return [Solid("tantalum", body, 0.8), Solid("titanium", screw(centre + towards * radius, tip, 2.7))]
