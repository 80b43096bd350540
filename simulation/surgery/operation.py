"""Operations: the chosen implant built into a person's hip."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from simulation.geometry.mesh import Matrix, Mesh, Vector, cylinder, placed, unit
from simulation.people.person import Person
from simulation.people.skeleton import FemurFrame
from simulation.surgery import solids
from simulation.surgery.choice import Choice, Implant, Plane, Solid
from simulation.surgery.cups import cup_parts
from simulation.surgery.fixation import fixation
from simulation.surgery.site import Site

_MODULAR_HEAD_MM = 14.0  # inside a bipolar shell


def implanted(choice: Choice, person: Person, side: str, leg: Matrix) -> Implant:
    """Build the chosen implant into a person's hip; ``leg`` turns left-leg coordinates into the patient frame."""
    site = Site(person, side, leg)
    if choice.kind == "fixation":
        return fixation(choice, site)
    if choice.kind == "resurfacing":
        return _resurfacing(choice, site)
    return _replacement(choice, site)


def _replacement(choice: Choice, site: Site) -> Implant:
    """Total replacement, or of the femoral half alone, with a stem."""
    cup = cup_parts(choice, site) if choice.kind == "tha" else None
    lean = math.tan(math.radians(choice.varus_deg))
    frame = replace(site.frame, axis=unit(site.frame.axis + site.frame.medial * lean))
    base = frame.at(27, 11)
    along_neck = unit(-base)
    head_centre = along_neck * choice.neck_mm
    shift = (site.centre if cup is None else cup.centre) - site.centre - site.leg @ head_centre
    fit = site.femoral(shift)
    cuts = _resection(frame, site, shift)
    heads = _heads(choice, site, _MODULAR_HEAD_MM if cup is None else cup.head_radius)
    parts = () if cup is None else cup.solids
    parts += _stem(choice, frame, fit, head_centre, cuts[0])
    parts += tuple(Solid(m, fit(placed(mesh, -along_neck, head_centre))) for m, mesh in heads)
    return Implant(choice, parts, shift, cuts, cup)


def _heads(choice: Choice, site: Site, radius: float) -> list[tuple[str, Mesh]]:
    """Materials and meshes, pole at -z: a ball, or for half a joint one as large as the native head or in a shell."""
    if choice.kind == "tha":
        return [("ceramic" if choice.ceramic_head else "cobalt_chrome", solids.head(radius))]
    native, cover = site.frame.head_radius, math.radians(100)
    if choice.unipolar:
        return [("cobalt_chrome", solids.head(native - 0.3))]
    bipolar = solids.shell(native, 2.2, cover)
    inlay = solids.liner(native - 2.2, cover, radius, bipolar.rim_height)
    return [("cobalt_chrome", solids.head(radius)), ("cobalt_chrome", bipolar.mesh), ("polyethylene", inlay)]


def _stem(
    choice: Choice, frame: FemurFrame, fit: Callable[[Mesh], Mesh], head_centre: Vector, cut: Plane
) -> tuple[Solid, ...]:
    """Stem with neck, collar, and cement below the neck cut."""
    material = choice.stem_material
    shaft = solids.stem(frame, choice.stem_size, choice.stem_length_mm, cemented=choice.cemented_stem)
    base = frame.at(27, 11)
    along_neck = unit(head_centre - base)
    neck = cylinder(base - along_neck * 4, head_centre, 7.2 * choice.stem_size, 5.4)
    parts = [Solid(material, fit(shaft)), Solid(material, fit(neck))]
    if choice.collar:
        seat = frame.at(34, 19)
        parts.append(Solid(material, fit(cylinder(seat, seat + along_neck * 2.2, 10, 10))))
    if choice.cemented_stem:
        parts.append(Solid("cement", fit(shaft.inflated(2.6)), above=cut))
        parts.append(Solid("cement", fit(shaft), weight=-1.0, above=cut))
    return tuple(parts)


def _resection(frame: FemurFrame, site: Site, shift: Vector) -> tuple[Plane, Plane]:
    """The neck cut, limited to what lies medial of the greater trochanter."""
    place = site.centre + shift
    beyond = unit(-frame.axis * 0.75 + frame.medial * 0.66)
    return (
        Plane(site.leg @ frame.at(36, 20) + place, site.leg @ beyond),
        Plane(site.leg @ frame.at(0, 2) + place, site.leg @ frame.medial),
    )


def _resurfacing(choice: Choice, site: Site) -> Implant:
    """A metal cap on the kept head in a metal cup."""
    cup = cup_parts(choice, site)
    shift = cup.centre - site.centre
    fit = site.femoral(shift)
    upwards = unit(-site.frame.at(48))
    radius = cup.head_radius
    crown = placed(solids.cap(radius, 3.2, math.radians(112)), -upwards, np.zeros(3))
    peg = cylinder(upwards * (radius - 3), -upwards * 45, 3.4, 1.6)
    caps = (Solid("cobalt_chrome", fit(crown)), Solid("cobalt_chrome", fit(peg)))
    return Implant(choice, cup.solids + caps, shift, None, cup)
