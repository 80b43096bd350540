"""What is true of films that no simulator made."""

from builders.findings import LEFT_BOX, RIGHT_BOX

from ingest.records import View
from simulation.truth import CupTruth, FilmTruth, HipTruth


def make_cup(**changes):
    values = dict.fromkeys(("centre", "major_upper", "major_lower", "minor_opening", "minor_dome", "dome"), (0.0, 0.0))
    values |= {"visible": True, "inclination_deg": 40.0, "version_ap_deg": 15.0, "version_lateral_deg": None}
    values |= dict.fromkeys((name for name in CupTruth.__slots__ if name not in values), 15.0) | {"edge": 1.0}
    return CupTruth(**values | changes)


def make_hip(side="right", implant="tha", cup=None, **changes):
    values = {"box": RIGHT_BOX if side == "right" else LEFT_BOX, "visible_fraction": 1.0}
    return HipTruth(side=side, implant=implant, cup=cup, **values | changes)


def make_truth(view=View.AP_HIP, side="right", hips=(), markers=(), **changes):
    values = {"seed": 1, "person": 1, "ischium_right": None, "ischium_left": None, "spacing_mm": 0.2}
    values |= {"width": 768, "height": 768, "signal_to_noise": 50.0}
    return FilmTruth(view=view.value, side=side, hips=tuple(hips), markers=tuple(markers), **values | changes)
