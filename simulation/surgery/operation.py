"""Operations: the chosen implant built into a person's hip."""

import math
from dataclasses import replace

import numpy as np

from simulation.geometry.mesh import Matrix, Mesh, Vector, cylinder, placed, unit
from simulation.people.person import Person
from simulation.people.skeleton import FemurFrame
from simulation.spec import HipState
from simulation.surgery import solids, stems, unusual
from simulation.surgery.canal import Canal
from simulation.surgery.choice import CEMENTED_STEMS, Choice, Implant, Plane, Solid
from simulation.surgery.cups import cup_parts
from simulation.surgery.fixation import fixation
from simulation.surgery.site import Site
from simulation.surgery.trochanter import cerclage, long_plate, wired_trochanter

_MODULAR_HEAD_MM = 14.0  # inside a bipolar shell
_NOTHING_SINCE = HipState()


def implanted(choice: Choice, person: Person, side: str, leg: Matrix, state: HipState = _NOTHING_SINCE) -> Implant:
    """Build the chosen implant into a person's hip; ``leg`` turns left-leg coordinates into the patient frame.

    ``state`` says what has happened to it since: subsidence and loosening.
    """
    site = Site(person, side, leg)
    if choice.kind == "fixation":
        return fixation(choice, site)
    if choice.kind == "resurfacing":
        return _resurfacing(choice, site)
    return _replacement(choice, site, state)


def _replacement(choice: Choice, site: Site, state: HipState) -> Implant:
    """Total replacement, or of the femoral half alone, with a stem."""
    build_cup = unusual.unusual_cup if choice.cup.family in unusual.CUPS else cup_parts
    cup = build_cup(choice, site) if choice.kind == "tha" else None
    lean = math.tan(math.radians(choice.stem.varus_deg))
    frame = replace(site.frame, axis=unit(site.frame.axis + site.frame.medial * lean))
    along_neck = unit(-frame.at(27, 11))
    head_centre = along_neck * choice.stem.neck_mm + frame.medial * choice.stem.offset_mm
    sunk = frame.axis * state.subsidence_mm  # the stem in the femur; the head stays in the cup
    shift = (site.centre if cup is None else cup.centre) - site.centre - site.leg @ (head_centre + sunk)
    fit = site.femoral(shift)
    cuts = _resection(frame, site, shift)
    canal = Canal.measured(site.frame, site.person.legs[site.side]["femur"].inner)
    build_stem = unusual.unusual_stem if choice.stem.family in unusual.STEMS else stems.stem
    stem = build_stem(choice.stem, frame, canal, head_centre)
    radius = _MODULAR_HEAD_MM if cup is None else cup.head_radius

    def in_place(mesh: Mesh) -> Mesh:
        return fit(mesh.moved(np.eye(3), sunk))

    parts = [] if cup is None else list(cup.solids)
    parts += [Solid(choice.stem.material, in_place(mesh)) for mesh in stem.metal]
    parts += [Solid(choice.stem.material, in_place(mesh), weight=-1.0) for mesh in stem.holes]
    parts += _cement(choice, frame, canal, stem, cuts[0], in_place) if choice.stem.family in CEMENTED_STEMS else []
    parts += [Solid(material, fit(mesh)) for material, mesh in _round_the_shaft(choice, frame)]
    pole = -along_neck
    parts += [Solid(m, in_place(placed(mesh, pole, head_centre))) for m, mesh in _heads(choice, site, radius)]
    lucent = (in_place(stem.shaft.inflated(0.8 + 2.2 * state.loosening)),) if state.loosening else ()
    if cup is not None and state.loosening:
        cup = replace(cup, reamed_radius=cup.reamed_radius + 0.5 + 2.5 * state.loosening)
    return Implant(choice, tuple(parts), shift, cuts, cup, lucent)


def _cement(choice: Choice, frame: FemurFrame, canal: Canal, stem: stems.Stem, cut: Plane, in_place) -> list[Solid]:  # noqa: ANN001, PLR0917 (a local function)
    """A mantle of uneven thickness below the neck cut, and what plugs the canal under it."""
    rng = choice.stream(7)
    mantle = stem.shaft.inflated(rng.uniform(1.6, 3.0))
    uneven = Mesh(mantle.vertices + rng.normal(0, 0.5, mantle.vertices.shape), mantle.faces)
    below = cylinder(stem.tip - frame.axis * 4, stem.tip + frame.axis * 11, 4.5, 4.0, 20)
    parts = [
        Solid("cement", in_place(uneven), above=cut),
        Solid("cement", in_place(stem.shaft), weight=-1.0, above=cut),
        Solid("cement", in_place(below)),
    ]
    plugs = stems.plug(choice.stem, stem.tip, frame, canal)
    return parts + [Solid(material, in_place(mesh), weight) for material, mesh, weight in plugs]


def _round_the_shaft(choice: Choice, frame: FemurFrame) -> list[tuple[str, Mesh]]:
    rng = choice.stream(8)
    parts = cerclage(choice.stem, frame, rng)
    if choice.stem.wired_trochanter:
        parts += wired_trochanter(frame, rng)
    if choice.stem.plated:
        parts += long_plate(choice.stem, frame, rng)
    return parts


def _heads(choice: Choice, site: Site, radius: float) -> list[tuple[str, Mesh]]:
    """Materials and meshes, pole at -z: a ball, or for half a joint one as large as the native head or in a shell."""
    if choice.kind == "tha":
        return [(choice.stem.head_material, solids.head(radius))]
    native, cover = site.frame.head_radius, math.radians(100)
    if choice.stem.unipolar:
        return [("cobalt_chrome", solids.head(native - 0.3))]
    bipolar = solids.shell(native, 2.2, cover)
    inlay = solids.liner(native - 2.2, cover, radius, bipolar.rim_height)
    return [("cobalt_chrome", solids.head(radius)), ("cobalt_chrome", bipolar.mesh), ("polyethylene", inlay)]


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
    rng = choice.stream(9)
    upwards = unit(-site.frame.at(48) + rng.normal(0, 2.5, 3))
    radius = cup.head_radius
    crown = placed(solids.cap(radius, 3.2, math.radians(rng.uniform(104, 118))), -upwards, np.zeros(3))
    peg = cylinder(upwards * (radius - 3), -upwards * rng.uniform(32, 50), 3.4, 1.6)
    caps = (Solid("cobalt_chrome", fit(crown)), Solid("cobalt_chrome", fit(peg)))
    return Implant(choice, cup.solids + caps, shift, None, cup)
