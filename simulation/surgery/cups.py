"""Cups with what belongs to them: liner, holes, screws, cement."""

import math

import numpy as np

from simulation.geometry.mesh import Vector, basis, cylinder, placed, screw, unit
from simulation.surgery import solids
from simulation.surgery.choice import Choice, Cup, Rim, Solid
from simulation.surgery.site import Site


def cup_parts(choice: Choice, site: Site) -> Cup:
    """The cup of a total or resurfacing replacement."""
    centre = site.pelvic(np.array([-choice.medialised_mm, 0, choice.raised_mm]))
    axis = site.mirror @ solids.cup_axis(choice.inclination_deg, choice.anteversion_deg)
    radius = float(np.clip(site.frame.head_radius + choice.cup_oversize_mm, 22, 33))
    if choice.kind == "tha" and choice.cemented_cup:
        return _cemented_cup(choice, centre, axis, radius)
    resurfacing = choice.kind == "resurfacing"
    wall = 3.6 if resurfacing else choice.cup_wall_mm
    head_radius = radius - 4.2 if resurfacing else min(choice.head_radius_mm, radius - wall - 4)
    cup = solids.shell(radius, wall, choice.cup_cover_rad)
    parts = [Solid("cobalt_chrome" if resurfacing else "titanium", placed(cup.mesh, axis, centre))]
    if not resurfacing:
        inside = solids.liner(radius - wall, choice.cup_cover_rad, head_radius, cup.rim_height + 1.2)
        parts.append(Solid("polyethylene", placed(inside, axis, centre)))
        parts += _holes(choice, axis, centre, radius, wall)
        parts += _cup_screws(choice, site, centre, radius)
    rim = Rim(centre + axis * cup.rim_height, axis, cup.rim_radius, centre - axis * radius)
    return Cup(tuple(parts), rim, centre, radius, head_radius)


def _cemented_cup(choice: Choice, centre: Vector, axis: Vector, radius: float) -> Cup:
    """An all-polyethylene cup in cement: only its wire shows, so the wire is what a reader measures."""
    head_radius = min(choice.head_radius_mm, radius - 9)
    outer = radius - 1
    cup = solids.shell(outer, outer - head_radius - 0.3, math.pi / 2)
    mantle = solids.shell(radius + 2.5, 3.4, math.pi / 2 * 0.97)
    parts = (
        Solid("polyethylene", placed(cup.mesh, axis, centre)),
        Solid("steel", placed(solids.marker_wire(radius - 3), axis, centre)),
        Solid("cement", placed(mantle.mesh, axis, centre)),
    )
    return Cup(parts, Rim(centre, axis, radius - 3, centre - axis * outer), centre, radius + 2.5, head_radius)


def _holes(choice: Choice, axis: Vector, centre: Vector, radius: float, wall: float) -> list[Solid]:
    """Holes for screws, in a ring round the pole."""
    holes = []
    for k in range(choice.cup_holes):
        turn, tip = 2 * math.pi * k / choice.cup_holes, math.radians(38)
        local = np.array([math.sin(tip) * math.cos(turn), math.sin(tip) * math.sin(turn), -math.cos(tip)])
        outwards = local @ basis(axis)
        start, end = centre + outwards * (radius - wall), centre + outwards * (radius - 0.3)
        holes.append(Solid("titanium", cylinder(start, end, 2.8, 2.8, 20), weight=-1.0))
    return holes


def _cup_screws(choice: Choice, site: Site, centre: Vector, radius: float) -> list[Solid]:
    """Screws through the dome into the ilium, fanned out."""
    parts = []
    for k in range(choice.cup_screws):
        direction = site.mirror @ unit([-(0.35 + 0.2 * k), 0.25 - 0.25 * k, 1.0])
        length = radius + 18 + 7 * ((k * 7 + 3) % 4)
        parts.append(Solid("titanium", screw(centre + direction * (radius - 2), centre + direction * length, 2.9)))
    return parts
