"""What the evaluation makes of a few films whose truth and answers were set by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest
from builders.findings import LEFT_BOX, MARKER_BOXES, RIGHT_BOX, make_raw, make_thresholds
from builders.truths import make_cup, make_hip, make_truth

from ingest.records import Side, View
from simulation.archive.findings import read_errors
from simulation.truth import MarkerTruth
from training.evaluation import (
    angles,
    calibration,
    detection,
    failures,
    hips,
    measures,
    outliers,
    review,
    strata,
    surroundings,
    views,
)
from training.evaluation.answers import judge
from training.evaluation.bars import bars, bars_table, read, verdict
from training.evaluation.judged import keeps_silent, match, true_sides
from training.evaluation.page import About, page, write
from training.films import LabelledFilm

ABOUT = About(
    "python -m training.evaluate --films 9", "tha_radiograph/1-abc", "Made here.", "Made later.", "Made there.", 2
)
CANVAS = np.zeros((768, 768), np.uint8)


def make_judged(truth, raw, **thresholds):
    return judge(LabelledFilm(CANVAS, truth), raw, make_thresholds(**thresholds))


def make_pelvis(inclination=40.0, version=15.0, errors=2.0, cup=None, **changes):
    """A pelvis with a cup on its right, read as it is but for the angles."""
    truth = make_truth(View.AP_PELVIS, "both", [make_hip(cup=cup or make_cup()), make_hip("left", "none")], **changes)
    raw = make_raw(
        View.AP_PELVIS,
        right_hip_implant=0.9,
        left_hip_native=0.9,
        cup_angles=[[inclination, version, 0.0]] * 2,
        cup_angle_errors=[[errors] * 3] * 2,
    )
    return make_judged(truth, raw)


def make_other(kind="chest", *, refused=True, score=0.95, outlier=0.4):
    truth = make_truth(View.OTHER, "unknown", shows=(kind,), signal_to_noise=0.0, person=2)
    view = View.OTHER if refused else View.AP_HIP
    return make_judged(truth, make_raw(view, score, right_hip_native=0.01 if refused else 0.9, outlier_score=[outlier]))


def make_hip_film(*, said=View.AP_HIP, implant=True, marker=None, **changes):
    """A right hip with an implant but no cup."""
    marks = [MarkerTruth(marker, MARKER_BOXES[f"{marker}_marker"])] if marker else []
    truth = make_truth(hips=[make_hip(implant="fixation")], markers=marks, person=3, **changes)
    raw = make_raw(said, right_hip_implant=0.9 if implant else 0.01, right_hip_native=0.05, cup_scores=[0.1, 0.1])
    return make_judged(truth, raw)


FEW = [make_pelvis(), make_pelvis(46.0, 14.0), make_hip_film(), make_other(), make_other("hand", refused=False)]
STRANGE = [
    make_hip_film(said=View.OBLIQUE_HIP, shows=("shift:look", "text")),
    make_pelvis(43.0, shows=("shift:look", "shift:jpeg")),
]


def test_the_views_are_counted_film_by_film():
    found = views.figures(FEW)["six"]
    assert (found["accuracy"]["right"], found["accuracy"]["of"]) == (4, 5)
    assert found["views"]["other"]["recall"]["share"] == 0.5
    assert found["views"]["ap_hip"]["precision"]["share"] == 0.5
    assert found["macro_f1"]["value"] == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)


def test_the_two_laterals_are_one_in_the_papers_categories():
    truth = make_truth(View.CROSS_TABLE_LATERAL, "unknown", [make_hip()])
    mixed_up = make_judged(truth, make_raw(View.FROG_LEG_LATERAL, right_hip_implant=0.9))
    found = views.figures([mixed_up])
    assert (found["six"]["accuracy"]["share"], found["paper"]["accuracy"]["share"]) == (0.0, 1.0)


def test_errors_are_signed_and_only_of_what_is_accepted():
    found = angles.figures([*FEW, make_pelvis(60.0, errors=11.0)])
    inclination = found["angles"]["inclination, AP pelvis"]
    assert (inclination["n"], inclination["measured"]["of"]) == (2, 3)
    assert (inclination["mae"], inclination["bias"], inclination["far_off"]["right"]) == (3.0, 3.0, 1)
    assert found["angles"]["version, AP pelvis"]["bias"] == pytest.approx(-0.5)
    assert found["declined"]["inclination, AP pelvis"] == {"low_confidence": 1}


def test_every_error_is_written_with_what_was_stated_of_it(tmp_path):
    path = tmp_path / "errors.csv"
    angles.write_errors(path, {"usual": [make_pelvis(43.0, errors=1.5), make_pelvis(60.0, errors=11.0)]})
    errors = {angle: found.tolist() for angle, found in read_errors(path).items()}
    assert errors == {("inclination", "ap_pelvis"): [[3.0, 1.5]], ("version", "ap_pelvis"): [[0.0, 1.5]]}


def test_a_rim_that_nobody_sees_is_not_missed_and_its_wrong_angle_counts():
    lost = make_cup(edge=0.0)
    found = angles.figures([make_pelvis(), make_pelvis(60.0, cup=lost), make_pelvis(60.0, errors=11.0, cup=lost)])
    inclination = found["angles"]["inclination, AP pelvis"]
    assert (inclination["measured"]["right"], inclination["measured"]["of"]) == (1, 1)
    assert (inclination["measured_of_all"]["right"], inclination["measured_of_all"]["of"]) == (2, 3)
    assert (inclination["n"], inclination["far_off"]["right"]) == (2, 1)
    assert found["declined"]["inclination, AP pelvis"] == {}


def test_what_is_declined_as_uncertain_still_tests_the_stated_uncertainty():
    declined = make_pelvis(60.0, errors=11.0)
    assert [(case.error_deg, case.half_width_deg) for case in calibration.stated_cases([declined])] == [
        (20.0, 11.0),
        (0.0, 11.0),
    ]
    assert calibration.figures([declined])["covered"]["inclination, AP pelvis"]["right"] == 0


def test_why_an_angle_is_missing_is_told_from_the_film_on():
    hip = make_hip(cup=make_cup())
    truth = make_truth(View.AP_PELVIS, "right", [hip])
    answers = {
        "hip_not_found": make_raw(View.AP_PELVIS),
        "called_native": make_raw(View.AP_PELVIS, right_hip_native=0.9),
        "no_cup": make_raw(View.AP_PELVIS, right_hip_implant=0.9, cup_scores=[0.1, 0.1]),
        "view_not_measured": make_raw(View.OBLIQUE_HIP, right_hip_implant=0.9),
    }
    for reason, raw in answers.items():
        found = angles.figures([make_judged(truth, raw)])["declined"]["inclination, AP pelvis"]
        assert found == {reason: 1}


def test_an_angle_of_a_hip_without_a_cup_is_counted_as_invented():
    truth = make_truth(hips=[make_hip(implant="hemi")])
    invented = make_judged(truth, make_raw(View.AP_HIP, right_hip_implant=0.9))
    assert angles.figures([invented, make_hip_film()])["unmeasurable"]["right"] == 1


def test_a_hip_is_matched_by_side_and_by_place_where_the_side_cannot_be_told():
    swapped = make_raw(View.AP_PELVIS, right_hip_implant=0.9, left_hip_native=0.9)
    both = (make_hip("right", "none"), make_hip("left"))
    mirrored = tuple(replace(hip, box=LEFT_BOX if hip.side == "right" else RIGHT_BOX) for hip in both)
    told = make_judged(make_truth(View.AP_PELVIS, "both", both), swapped)
    untold = make_judged(make_truth(View.AP_PELVIS, "unknown", mirrored, mirrored=True), swapped)
    assert [hips.implant_right(told, hip) for hip in both] == [False, False]
    assert [hips.implant_right(untold, hip) for hip in mirrored] == [True, True]


@pytest.mark.parametrize(
    ("right", "left", "wanted"),
    [
        (1.0, 1.0, {"both"}),
        (1.0, 0.6, {"both", "right"}),
        (1.0, 0.4, {"both", "right"}),
        (0.6, 0.4, {"both", "right", "left"}),
        (1.0, None, {"right"}),
        (0.6, None, {"right"}),
    ],
)
def test_the_side_of_a_film_whose_edge_halves_a_hip_may_be_told_either_way(right, left, wanted):
    visible = {"right": right, "left": left}
    told = [replace(make_hip(side), visible_fraction=seen) for side, seen in visible.items() if seen is not None]
    shown = [hip for hip in told if hip.visible_fraction >= 0.5]
    cut = tuple(hip for hip in told if hip.visible_fraction < 0.5)
    side = "both" if len(shown) == 2 else "right"
    assert true_sides(make_judged(make_truth(side=side, hips=shown, cut_hips=cut), make_raw())) == wanted
    unknown = make_truth(View.CROSS_TABLE_LATERAL, "unknown", shown, cut_hips=cut)
    assert true_sides(make_judged(unknown, make_raw())) == {"unknown"}


@pytest.mark.parametrize(
    ("view", "changes", "letter", "wanted"),
    [
        (View.CROSS_TABLE_LATERAL, {}, "right", {"right", "unknown"}),
        (View.CROSS_TABLE_LATERAL, {}, "left", {"unknown"}),
        (View.CROSS_TABLE_LATERAL, {}, None, {"unknown"}),
        (View.AP_HIP, {"mirrored": True}, "left", {"right", "unknown"}),
        (View.AP_HIP, {"mirrored": True}, None, {"unknown"}),
    ],
)
def test_a_side_that_only_a_faint_letter_tells_may_be_said_or_not(view, changes, letter, wanted):
    faint = () if letter is None else (MarkerTruth(letter, (0.0, 0.0, 20.0, 20.0)),)
    one = make_judged(make_truth(view, "unknown", [make_hip()], faint_markers=faint, **changes), make_raw(view))
    assert true_sides(one) == wanted
    assert keeps_silent(one) == (wanted == {"unknown"})
    found = hips.figures([one])
    assert (found["side"]["of"], found["side_unknown"]["of"], found["side_may_be_read"]) == (
        (0, 1, 0) if wanted == {"unknown"} else (0, 0, 1)
    )


def test_a_hip_that_the_edge_halves_is_left_out_unless_counted_strictly():
    pelvis = make_truth(View.AP_PELVIS, "both", [make_hip(), replace(make_hip("left"), visible_fraction=0.6)])
    found = hips.figures([make_judged(pelvis, make_raw(View.AP_PELVIS, right_hip_implant=0.9))])
    assert (found["side"]["right"], found["implant"]["of"], found["implant"]["right"]) == (1, 1, 1)
    assert (found["strictly"]["side"]["right"], found["strictly"]["implant"]["of"]) == (0, 2)
    assert (found["strictly"]["implant"]["right"], found["doubtful"]) == (1, 1)
    cut = replace(make_hip("left"), visible_fraction=0.4)
    one = make_truth(View.AP_PELVIS, "right", [make_hip()], cut_hips=(cut,))
    found = hips.figures([make_judged(one, make_raw(View.AP_PELVIS, right_hip_implant=0.9, left_hip_implant=0.9))])
    assert (found["hips_too_many"]["right"], found["side"]["right"], found["strictly"]["side"]["right"]) == (0, 1, 0)


def test_a_film_of_one_hip_has_the_one_that_was_found():
    truth = make_truth(side="left", hips=[make_hip("left")])
    one = make_judged(truth, make_raw(View.AP_HIP, right_hip_implant=0.9))
    assert match(one, truth.hips[0]).side == Side.RIGHT
    assert hips.figures([one])["side"]["right"] == 0


def test_the_side_is_told_apart_by_evidence_and_letter():
    found = hips.figures([make_hip_film(), make_hip_film(marker="right")])
    assert found["side_by_letter"]["ap_hip, a letter"]["of"] == 1
    assert found["side_by_letter"]["ap_hip, no letter"]["right"] == 1
    assert set(found["side_by_evidence"]) == {"anatomy"}  # the detector saw no letter


def test_a_perfect_detector_has_a_precision_of_one():
    raw = make_raw(View.AP_PELVIS, right_hip_implant=0.9, left_hip_native=0.9, right_marker=0.9)
    marks = [MarkerTruth("right", MARKER_BOXES["right_marker"])]
    truth = make_truth(View.AP_PELVIS, "both", [make_hip(), make_hip("left", "none")], marks)
    found = detection.figures([make_judged(truth, raw)])
    assert (found["map50"], found["map"]) == (1.0, 1.0)
    assert found["classes"]["left_marker"]["ap50"] is None
    assert found["hip_boxes"]["centre_p95"] == pytest.approx(0.0, abs=1e-6)


def test_a_cross_table_hip_may_be_found_as_either_side():
    truth = make_truth(View.CROSS_TABLE_LATERAL, "unknown", [make_hip("left")])
    one = make_judged(truth, make_raw(View.CROSS_TABLE_LATERAL))
    assert detection.true_boxes(one, "right_hip_implant") == [LEFT_BOX]
    assert detection.true_boxes(one, "right_hip_native") == []


def test_hips_of_a_mirrored_film_are_not_asked_for():
    one = make_judged(make_truth(hips=[make_hip()], mirrored=True), make_raw())
    assert detection.true_boxes(one, "right_hip_implant") is None


def test_faults_are_named():
    assert review.faults(make_pelvis()) == ()
    assert review.faults(make_pelvis(46.0)) == ("angle",)
    assert review.faults(make_hip_film(implant=False)) == ("side", "implant", "cup")
    assert review.faults(make_hip_film(said=View.OBLIQUE_HIP)) == ("view",)
    assert review.faults(make_other(refused=False)) == ("view",)


def test_a_fault_without_a_flag_is_silent():
    sure, unsure = make_other(refused=False), make_other(refused=False, score=0.5)
    found = review.figures([sure, unsure, make_pelvis()])
    assert (found["faulty"]["right"], found["silent"]["right"], found["flagged"]["right"]) == (2, 1, 1)
    assert found["flags"]["low_view_score"] == {**found["flags"]["low_view_score"], "right": 1, "of": 1}


@pytest.mark.parametrize(
    ("side", "taken", "guessed"),
    [("unknown", "left", True), ("unknown", "right", False), ("left", "left", False)],
)
def test_a_side_that_nothing_tells_and_that_was_another_is_told_apart(side, taken, guessed):
    raw = make_raw(View.AP_HIP, right_hip_implant=0.9)
    one = make_judged(make_truth(View.AP_HIP, side, [make_hip(taken)], mirrored=True), raw)
    assert review.side_guessed(one) == guessed
    assert ("side" in review.faults(one)) == (side == "left")
    found = review.figures([one])["sides_guessed"]
    assert (found["right"], found["of"]) == ((1, 1) if guessed else (0, 0))


def test_what_is_no_hip_is_refused_by_kind():
    found = review.figures(FEW)
    assert (found["refused"]["right"], found["refused"]["of"]) == (1, 2)
    assert found["refused_by_kind"]["hand"]["right"] == 0
    assert "| hand | 1 | 1 | 0.00 % |" in "\n".join(review.refusal_section(found))


def test_strata_hold_every_angle_once_in_each_band():
    found = strata.figures([make_pelvis(fat_mm=10.0), make_pelvis(44.0, fat_mm=40.0)])
    rows = {row["group"]: row for row in found["fat over the trunk, mm"]}
    assert list(rows) == ["under 15", "30 to 50"]
    assert (rows["under 15"]["inclination"]["mae"], rows["30 to 50"]["inclination"]["mae"]) == (0.0, 4.0)
    assert rows["30 to 50"]["all"]["measured"]["of"] == 2


def test_strata_know_the_parts_of_an_implant():
    film = make_pelvis()
    hip = replace(film.truth.hips[0], parts=("cup:cemented", "stem:wedge"))
    film = replace(film, truth=replace(film.truth, hips=(hip, film.truth.hips[1])))
    found = strata.figures([film])
    assert [row["group"] for row in found["cup"] + found["stem"] + found["head"]] == ["cemented", "wedge", "none"]


def test_films_are_told_apart_by_what_lies_on_them():
    found = surroundings.figures([make_hip_film(shows=("text",)), make_hip_film(said=View.OBLIQUE_HIP), make_other()])
    assert found["also on the film"]["text"]["faulty"]["right"] == 0
    assert found["also on the film"]["nothing"]["faulty"]["right"] == 1


def test_films_are_told_apart_by_how_far_the_pelvis_is_turned():
    films = [make_hip_film(pelvis_turn_deg=turn) for turn in (-9.0, 3.0, 29.5, None)]
    films.append(make_hip_film(said=View.OBLIQUE_HIP, pelvis_turn_deg=14.0))
    found = surroundings.figures(films)["turn of the pelvis under the beam, deg"]
    assert {name: f["view"]["of"] for name, f in found.items()} == {"under 8": 1, "8 to 15": 2, "28 to 32": 1}
    assert list(found) == ["under 8", "8 to 15", "28 to 32"]
    assert found["8 to 15"]["view"]["right"] == 1


def test_the_outlier_score_tells_strange_films():
    usual = [make_other(outlier=0.1), make_other(outlier=0.3)]
    strange = [make_other(outlier=2.0), make_other(outlier=0.2)]
    found = outliers.figures(usual, strange)
    assert found["shifted"] == 0.75
    assert found["above_one"]["shifted"]["right"] == 1
    assert [row["shifted"]["share"] for row in found["tenths"]] == [0.0, 1.0, 0.0, 1.0]


def test_a_bar_is_met_or_missed_by_what_was_measured():
    found = {bar.what: bar for bar in bars(measures.measure(FEW))}
    assert not found["view"].met
    assert found["view"].measured.startswith("80.00 %")
    assert found["side, where the film shows it"].met
    assert not found["inclination, AP pelvis: mean absolute error"].met
    assert found["version, AP pelvis: mean absolute error"].met
    assert found["version, cross-table: 95th percentile"].met is None


def test_the_bars_can_be_read_from_the_figures(tmp_path):
    figures = measures.measure(FEW)
    (tmp_path / "figures.json").write_text(json.dumps({"usual": figures}))
    assert bars_table(read(tmp_path / "figures.json")) == bars_table(bars(figures))


def test_versions_are_held_against_the_bars_of_each_view_and_of_all_together():
    raw = make_raw(View.AP_HIP, right_hip_implant=0.9, cup_angles=[[0, 18.0, 0]] * 2, cup_angle_errors=[[2.0] * 3] * 2)
    hip = make_judged(make_truth(View.AP_HIP, hips=[make_hip(cup=make_cup())]), raw)
    found = measures.measure([hip, make_pelvis(version=15.5), make_pelvis(errors=90.0)])
    told = {bar.what.removeprefix("version, "): bar.measured for bar in bars(found)}
    errors = [told[f"{of}: mean absolute error"] for of in ("AP hip", "AP pelvis", "all views together")]
    assert errors == ["3.00 deg", "0.50 deg", "1.75 deg"]
    assert told["all views together: measured, of measurable cups"].startswith("66.67 %")


def test_what_other_films_measured_stands_beside_the_bars():
    perfect, few = (bars(measures.measure(films)) for films in ([make_pelvis()], FEW))
    lines = bars_table(few, {"fresh": perfect, "strange": few})
    assert lines[0] == "| what | bar | measured | met? | on fresh films | on strange films |"
    assert lines[2].startswith("| view | at least 99.5 % | 80.00 %")
    assert lines[2].endswith(f"| **no** | {perfect[0].measured} | {few[0].measured}, **missed** |")


def test_it_is_told_how_many_bars_are_met():
    perfect = bars(measures.measure([make_pelvis()]))
    met = sum(bar.met is True for bar in perfect)
    told = verdict({"usual": perfect, "fresh": [replace(perfect[0], met=False), *perfect[1:]]})
    assert 0 < met < len(perfect)  # of some angles there is nothing
    assert told == f"Of {len(perfect)} bars {met} are met on the usual films, {met - 1} on the fresh ones"


def all_figures(usual, strange, fresh=()):
    return {
        "usual": measures.measure(usual),
        "fresh": measures.measure(list(fresh)) if fresh else None,
        "shifted": measures.measure(strange) if strange else None,
        "families": measures.by_family(strange),
        "outliers": outliers.figures(usual, strange),
        "pace": {"films": 5, "in_flight": 8, "films_per_second": 2.5, "median_s": 1.0, "p95_s": 2.0},
    }


def test_a_film_of_two_families_counts_in_both():
    found = measures.by_family(STRANGE)
    assert {name: family["films"] for name, family in found.items()} == {"jpeg": 1, "look": 2}


def test_the_page_tells_what_was_measured(tmp_path):
    text = write(tmp_path, all_figures(FEW, STRANGE), ABOUT).read_text()
    assert "| view | at least 99.5 % | 80.00 %" in text
    assert "| **no** |" in text
    assert "| view | 80.00 % | 50.00 % | -30.00 points |" in text
    assert "nan" not in text.lower().split()
    assert "Most often mistaken: `other` for `ap_hip` (1 films)." in text


def test_the_page_of_usual_films_alone_speaks_of_no_others():
    text = page(all_figures(FEW, []), ABOUT)
    assert "What another kind of film costs" not in text
    assert "fresh" not in text
    assert "worst_shifted" not in text


def test_the_page_tells_of_films_by_which_nothing_was_chosen():
    text = page(all_figures(FEW, [], [make_pelvis()]), ABOUT)
    assert "Then 1 fresh films of 1 further people. Made later." in text
    assert "| what | bar | measured | met? | on fresh films |" in text


def test_every_figure_is_a_number_or_none():
    json.dumps(all_figures(FEW, STRANGE), allow_nan=False)


def test_a_perfect_set_has_few_weaknesses_to_tell():
    lines = failures.sentences(measures.measure([make_pelvis()] * 3), None, {})
    assert lines == ["- View: `ap_pelvis` has the lowest F1, 100.00 %."]


def test_pictures_are_drawn_of_any_films(tmp_path):
    pytest.importorskip("matplotlib", reason="the training extra is not installed")
    from training.evaluation import plots, worst  # noqa: PLC0415 - after the skip

    plots.draw(tmp_path, FEW, STRANGE, measures.by_family(STRANGE))
    plots.draw(tmp_path / "alone", FEW, [], {})
    worst.draw(tmp_path / "worst.jpg", FEW)
    names = {path.name for path in tmp_path.iterdir() if path.is_file()}
    wanted = {"bland_altman", "reliability", "risk_coverage", "uncertainty", "outliers", "families"}
    assert names == {f"{name}.png" for name in wanted} | {"worst.jpg"}
    assert all((tmp_path / name).stat().st_size > 2000 for name in names)


def test_the_surest_fault_is_shown_first_and_then_the_largest_error():
    pytest.importorskip("matplotlib", reason="the training extra is not installed")
    from training.evaluation import worst  # noqa: PLC0415 - after the skip

    unsure, sure = make_other(refused=False, score=0.6), make_other(refused=False, score=0.9)
    near, far = make_pelvis(41.0), make_pelvis(48.0)
    chosen = worst.worst([near, unsure, far, make_hip_film(), sure])
    assert [id(one) for one in chosen] == [id(one) for one in (sure, unsure, far, near)]
    assert "inclination off by +8.0 deg" in worst.caption(far)
