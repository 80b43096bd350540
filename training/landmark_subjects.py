"""Which hips and pelves the landmark networks learn from, and how often."""

import numpy as np

from ingest.cup import METHODS
from ingest.records import View
from simulation.truth import HipTruth
from training.films import LabelledFilm, stands_as_taken
from training.landmark_examples import (
    Example,
    Subject,
    as_it_is,
    pelvis_example,
    rim_example,
    shows_both_ischia,
    varied,
)

Name = tuple[int, str | None]  # of a subject: its film's seed and its side

RARE = {"rim": ("hemi", 2), "fine": ("resurfacing", 1)}  # what a network errs most on, and how often more it is shown
CLOSE_SHARE = 0.6  # of the pelvis network's examples that show both ischia: the closer crop


def name_of(film: LabelledFilm, hip: HipTruth | None) -> Name:
    """What tells one subject from all others."""
    return film.truth.seed, hip and hip.side


def subjects_of(kind: str, films: list[LabelledFilm]) -> list[Subject]:
    """What a network of ``KINDS`` learns from, as often as it does in a round."""
    if kind == "pelvis":
        upright = [(film, None) for film in films if stands_as_taken(film)]
        ischia = [one for one in upright if one[0].truth.ischium_right or one[0].truth.ischium_left]
        none = [one for one in upright if not (one[0].truth.ischium_right or one[0].truth.ischium_left)]
        return ischia + _a_third(none, len(ischia))
    films = [film for film in films if not film.truth.turned_deg]
    if kind == "fine":
        measured = [film for film in films if film.truth.view in METHODS]
        laterals = [film for film in measured if film.truth.view == View.CROSS_TABLE_LATERAL]
        shown = measured + laterals  # these twice: fewer are taken than of AP views
        return _more_of_rare(kind, [(f, hip) for f in shown for hip in f.truth.hips if hip.cup and hip.cup.visible])
    cups = [(film, hip) for film in films for hip in film.truth.hips if hip.implant != "none"]
    native = [(film, hip) for film in films for hip in film.truth.hips if hip.implant == "none"]
    return _more_of_rare(kind, cups) + _a_third(native, len(cups))


def _more_of_rare(kind: str, subjects: list[Subject]) -> list[Subject]:
    rare, times = RARE[kind]
    return subjects + times * [one for one in subjects if one[1].implant == rare]


def _a_third(others: list[Subject], of: int) -> list[Subject]:
    """Some of ``others``, evenly: about one to three of what is looked for."""
    return others[:: max(1, 3 * len(others) // max(1, of))]


def example_of(
    kind: str, film: LabelledFilm, hip: HipTruth | None, rng: np.random.Generator | None, *, plain: bool = False
) -> Example:
    """What a network of ``KINDS`` is given of a subject; with ``rng`` augmented, of another look unless ``plain``."""
    vary = as_it_is if plain else varied
    if hip is not None:
        return rim_example(film, hip, rng, fine=kind == "fine", vary=vary)
    close = rng is not None and shows_both_ischia(film) and rng.random() < CLOSE_SHARE
    return pelvis_example(film, rng, close=close, vary=vary)
