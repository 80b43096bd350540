"""Mixtures: how often each kind of film is drawn."""

import hashlib
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ingest.cup import METHODS
from simulation.__main__ import main
from simulation.dataset import Request, make_films, specs
from simulation.film import simulate
from simulation.mixtures import MIXTURES, paper_spec
from simulation.people.person import make_person
from simulation.spec import MIXTURE_NAMES, SHIFTS, VIEW_SHARES, FilmSpec, random_spec

# Wyles et al. 2022, of 846,988 files; laterals are one category there
PAPER = {"ap_pelvis": 168_551, "ap_hip": 176_890, "lateral": 174_637, "oblique_hip": 117_578, "other": 209_332}
LATERALS = ("cross_table_lateral", "frog_leg_lateral")


def drawn(mixture, count, seed=0):
    rng = np.random.default_rng(seed)
    return [MIXTURES[mixture](rng, number, number, 160) for number in range(count)]


def within(found, count, share):
    """Four standard deviations of a binomial draw."""
    return abs(found / count - share) < 4 * math.sqrt(share * (1 - share) / count)


@pytest.mark.parametrize("category", PAPER)
def test_the_archive_of_the_paper_is_drawn_in_its_shares(category):
    views = [spec.view for spec in drawn("paper", 6000)]
    found = sum(views.count(view) for view in (LATERALS if category == "lateral" else (category,)))
    assert within(found, 6000, PAPER[category] / 846_988)


def test_laterals_of_the_paper_are_split_sixty_to_forty():
    views = [spec.view for spec in drawn("paper", 6000)]
    laterals = sum(views.count(view) for view in LATERALS)
    assert within(views.count("cross_table_lateral"), laterals, 0.6)


def test_one_in_eight_of_the_papers_others_shows_nothing():
    others = [spec for spec in drawn("paper", 6000) if spec.view == "other"]
    assert within(sum(spec.broken for spec in others), len(others), 1 / 8)
    assert not any(spec.broken for spec in drawn("paper", 2000, seed=1) if spec.view != "other")


def test_shifted_films_are_drawn_in_the_shares_of_the_paper():
    views = [spec.view for spec in drawn("shifted", 6000)]
    for category, files in PAPER.items():
        found = sum(views.count(view) for view in (LATERALS if category == "lateral" else (category,)))
        assert within(found, 6000, files / 846_988)


def test_every_shifted_film_has_a_shift_and_a_third_have_two_or_three():
    counts = [len(spec.shifts) for spec in drawn("shifted", 3000)]
    assert set(counts) == {1, 2, 3}
    assert within(sum(count > 1 for count in counts), 3000, 0.33)


def test_every_shift_comes_about_as_often_as_any_other():
    hips = [spec for spec in drawn("shifted", 6000) if spec.view != "other"]
    shown = [sum(name in spec.shifts for spec in hips) for name in SHIFTS]
    assert min(shown) > 0.75 * max(shown)


def test_shifts_of_bones_and_implants_are_of_hips_that_have_them():
    for spec in drawn("shifted", 3000):
        if {"bones", "implants"} & set(spec.shifts):
            assert spec.view != "other"
        if "implants" in spec.shifts:
            assert spec.hips[spec.side].implant in {"tha", "hemi"}
    assert not any(spec.shifts for name in ("training", "paper") for spec in drawn(name, 500))


@pytest.mark.parametrize("view", VIEW_SHARES)
def test_training_is_drawn_in_its_own_shares(view):
    assert within([spec.view for spec in drawn("training", 6000)].count(view), 6000, VIEW_SHARES[view])


def test_the_draw_of_training_is_what_it_always_was():
    """The digest was taken before there were other mixtures, so that a set of films can be made again."""
    request = Request(Path("nowhere"), 400, 41, 1, 256)
    digest = hashlib.sha256()
    for spec in itertools.islice(specs(request, 2), 50):
        hips = [(side, repr(state)) for side, state in spec.hips.items()]
        digest.update(repr((spec.seed, spec.person, spec.view, spec.side, hips, spec.size)).encode())
    assert digest.hexdigest() == "d19b898e91786d6bb840cc658f017a9f7fe7e6bc637107a11b4bfc0c536b79a7"


def test_mixtures_of_one_seed_share_no_person_and_no_seed_of_a_film():
    people, seeds = [], []
    for name in MIXTURE_NAMES:
        films = list(itertools.islice(specs(Request(Path("nowhere"), 1, 3, 1, 160, mixture=name), 0), 200))
        people.append({spec.person for spec in films})
        seeds.append({spec.seed for spec in films})
    for first, second in itertools.combinations(range(len(MIXTURE_NAMES)), 2):
        assert not people[first] & people[second]
        assert not seeds[first] & seeds[second]


def test_an_unknown_mixture_is_refused():
    with pytest.raises(ValueError, match="'holiday' is no mixture: take one of training, paper"):
        Request(Path("nowhere"), 1, 1, 1, 160, mixture="holiday")


def test_sets_of_neighbouring_seeds_share_no_person_however_large_they_may_be():
    """The first and the last person of the largest set of each mixture span whole numbers that no other set has."""
    spans = []
    for seed, name in itertools.product((3, 4, 5), MIXTURE_NAMES):
        request = Request(Path("nowhere"), 50_000, seed, 1, 160, mixture=name)
        first, last = (next(specs(request, shard)).person for shard in (0, request.shards))
        spans.append((first, last))
    spans.sort()
    assert all(last <= first for (_, last), (first, _) in itertools.pairwise(spans))
    with pytest.raises(ValueError, match="50001 films are more than a set has"):
        Request(Path("nowhere"), 50_001, 3, 1, 160)


def test_broken_films_show_no_hip_and_come_in_many_kinds():
    films = [simulate(FilmSpec(seed, 1, "other", "left", size=160, broken=True)) for seed in range(40)]
    kinds = {film.truth.shows[-1] for film in films} & {"cut_off", "scrambled", "black", "white"}
    assert len(kinds) == 4
    for film in films:
        assert (film.truth.view, film.truth.hips, film.truth.side) == ("other", (), "unknown")
        assert film.pixels.shape == (film.truth.height, film.truth.width)
        assert film.pixels.max() <= 4095


def test_a_draw_is_the_same_again():
    one, two = (paper_spec(np.random.default_rng(8), 1, 1) for _ in range(2))
    assert one == two
    assert random_spec(np.random.default_rng(8), 1, 1) == random_spec(np.random.default_rng(8), 1, 1)


@pytest.mark.parametrize("mixture", ["paper", "shifted"])
def test_the_same_request_writes_the_same_bytes_and_every_shifted_film_names_its_shifts(tmp_path, mixture):
    for folder in ("first", "second"):
        make_person.cache_clear()
        make_films(Request(tmp_path / folder, 12, 5, 1, 128, mixture=mixture))
    first, second = (sorted((tmp_path / folder / "shard-00000").iterdir()) for folder in ("first", "second"))
    assert [path.name for path in first] == [path.name for path in second]
    assert all(one.read_bytes() == two.read_bytes() for one, two in zip(first, second, strict=True))
    rows = [json.loads(line)["truth"] for line in first[-1].read_text().splitlines()]
    named = [[name.removeprefix("shift:") for name in row["shows"] if name.startswith("shift:")] for row in rows]
    assert len(named) == 12
    assert all(1 <= len(names) <= 3 and set(names) <= set(SHIFTS) for names in named) == (mixture == "shifted")
    assert any(named) == (mixture == "shifted")


def test_the_command_takes_a_mixture(tmp_path):
    arguments = ["films", "--out", str(tmp_path), "--films", "2", "--size", "128", "--mixture", "shifted"]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert "shift:" in (tmp_path / "shard-00000" / "truth.jsonl").read_text()
    assert CliRunner().invoke(main, [*arguments[:-1], "other"]).exit_code == 2


def test_films_without_a_hip_are_all_others_and_some_show_nothing_at_all():
    specs_drawn = drawn("no_hip", 400)
    assert {spec.view for spec in specs_drawn} == {"other"}
    assert 0.08 < np.mean([spec.broken for spec in specs_drawn]) < 0.18


def test_films_of_cups_are_of_views_that_are_measured_and_show_what_is_hard_to_measure():
    specs_drawn = drawn("cups", 400)
    assert {spec.view for spec in specs_drawn} == set(METHODS)
    states = [state for spec in specs_drawn for state in spec.hips.values()]
    resurfaced = np.array([state.implant == "resurfacing" for state in states])
    revised = np.array([state.operation > 0 for state in states])
    assert {state.implant for state in states} == {"tha", "resurfacing"}
    assert np.mean(resurfaced) == pytest.approx(0.25, abs=0.05)
    assert np.mean(revised[~resurfaced]) == pytest.approx(0.7, abs=0.06)
    assert not (revised & resurfaced).any()


def test_films_of_sides_are_of_views_whose_side_is_easily_told_wrongly():
    views = [spec.view for spec in drawn("sides", 2000)]
    for view, share in (("oblique_hip", 0.45), ("ap_hip", 0.3), ("cross_table_lateral", 0.25)):
        assert within(views.count(view), 2000, share)


def test_films_of_turned_pelves_lie_between_ap_and_oblique():
    specs_drawn = drawn("turned", 400)
    turns = {view: [spec.pelvis_turn_deg for spec in specs_drawn if spec.view == view] for view in VIEW_SHARES}
    assert {view for view, found in turns.items() if found} == {"ap_pelvis", "ap_hip", "oblique_hip"}
    assert 8 <= min(turns["ap_hip"] + turns["ap_pelvis"]) < 10
    assert 19 < max(turns["ap_hip"] + turns["ap_pelvis"]) < min(turns["oblique_hip"]) < 26
    assert 34 < max(turns["oblique_hip"]) <= 36
    assert not any(spec.pelvis_turn_deg for name in ("training", "paper", "shifted") for spec in drawn(name, 200))


def test_films_of_steep_obliques_are_turned_further_than_most():
    steep = drawn("steep", 300)
    turns = [spec.pelvis_turn_deg for spec in steep]
    assert {spec.view for spec in steep} == {"oblique_hip"}
    assert 50 <= min(turns) < 51.5
    assert 75.5 < max(turns) <= 77


def test_films_of_anteverted_cups_have_two_that_look_far_forwards():
    specs_drawn = drawn("anteverted", 200)
    cups = [state.cup for spec in specs_drawn for state in spec.hips.values()]
    assert len(cups) == 2 * len(specs_drawn)
    assert all(state.implant in {"tha", "resurfacing"} for spec in specs_drawn for state in spec.hips.values())
    inclinations, anteversions = np.array(cups).T
    assert 22 <= anteversions.min() < 23
    assert 51 < anteversions.max() <= 52
    assert 15 <= inclinations.min() < 30
    assert 55 < inclinations.max() <= 70
    assert {spec.view for spec in specs_drawn} == {"ap_pelvis", "ap_hip", "cross_table_lateral"}
