"""The standard corpus holds what it says, and the table says what was timed."""

import sys
from collections import Counter

import numpy as np
import pydicom
import pytest
from builders.findings import make_raw, make_thresholds

from benchmarks.throughput import __main__ as command
from benchmarks.throughput import accuracy, corpus, measure, page, picture, stages
from ingest.records import View
from simulation.truth import Film, FilmTruth
from training.evaluation.answers import judge
from training.films import LabelledFilm


def test_the_corpus_is_mixed_in_the_shares_that_it_names():
    plans = corpus.planned(1000, 11)
    assert Counter(plan.kind for plan in plans) == {"hip": 720, "no_hip": 150, "refused": 100, "broken": 30}
    assert Counter(plan.syntax for plan in plans) == {
        name: round(1000 * share) for name, share in corpus.SYNTAXES.items()
    }


def test_a_seed_makes_its_own_order():
    assert corpus.planned(50, 1) == corpus.planned(50, 1) != corpus.planned(50, 2)


def make_scene():
    pixels = np.tile(np.linspace(200, 3000, 512).astype(np.uint16), (400, 1))
    return Film(pixels, FilmTruth(1, 1, "ap_hip", "left", (), (), None, None, 0.4, 512, 400))


@pytest.mark.parametrize("syntax", sorted(corpus.SYNTAXES))
def test_a_film_of_the_corpus_is_a_detectors_matrix_of_noisy_12_bit_values(tmp_path, syntax):
    rng = np.random.default_rng(2)
    film = corpus.on_detector(make_scene(), rng, 7)
    assert film.pixels.shape in corpus.MATRICES
    assert film.pixels.max() < 4096
    assert 1 < np.diff(film.pixels[1000].astype(float))[500:600].std() < 40
    plan = corpus.Plan(7, "hip", syntax, 5)
    corpus._write((tmp_path, plan, [make_scene()]))
    dataset = pydicom.dcmread(tmp_path / "00" / "IM000007")
    assert dataset.BitsStored == 12
    assert dataset.pixel_array.shape in corpus.MATRICES


def test_a_command_is_timed_with_all_that_it_starts(tmp_path):
    code = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'x = bytes(1) * (96 << 20); sum(range(9**8))'])"
    )
    run = measure.timed(measure.Contender("one", [sys.executable, "-c", code], {}, tmp_path / "scratch"))
    assert run.clock_s > 0
    assert run.cpu_s > 0.02
    assert run.peak_mib > 96


def test_a_process_that_its_parent_left_behind_is_counted_too(tmp_path):
    spin = "import time\nwhile time.process_time() < 0.5: pass"
    code = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {spin!r}])\n"
        "os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)\n"
        "os._exit(0)"
    )
    run = measure.timed(measure.Contender("one", [sys.executable, "-c", code], {}, tmp_path / "scratch"))
    assert run.cpu_s > 0.5


def test_a_contender_that_fails_stops_the_benchmark(tmp_path):
    failing = measure.Contender(
        "bad", [sys.executable, "-c", "raise SystemExit('no models')"], {}, tmp_path / "scratch"
    )
    with pytest.raises(RuntimeError, match="no models"):
        measure.timed(failing)


def test_ratios_are_between_medians_of_one_run():
    def runs(*clock):
        return [measure.Timed(s, 2 * s, 100.0) for s in clock]

    table = "\n".join(command.lines(100, {"ingest run": runs(10, 9, 30), "script": runs(40, 40, 80)}))
    assert "| ingest run | 10.0 | 3.3 to 11.1 | 0.200 | 100 |  |" in table
    assert "| script | 2.5 | 1.2 to 2.5 | 0.800 | 100 | 4.00 x |" in table


@pytest.fixture(scope="module")
def costs(tmp_path_factory):
    """Of an archive of a film in each of two syntaxes, a file that its header refuses, and one that breaks off."""
    archive = tmp_path_factory.mktemp("archive")
    for number, (kind, syntax) in enumerate(
        [("hip", "jpeg_2000"), ("hip", "explicit"), ("refused", "explicit"), ("broken", "explicit")]
    ):
        corpus._write((archive, corpus.Plan(3 * number, kind, syntax, number), [make_scene()]))
    return stages.measured(archive, command.MODELS)


def test_each_stage_is_measured_on_the_files_that_reach_it(costs):
    assert costs.files == costs.films["read"] == 4
    assert costs.films["decode"] == costs.films["resize"] == costs.films["classifier"] == 2
    assert costs.films["detector, every film"] == 2 >= costs.films["detector"] >= costs.films["cup_angle"]
    assert costs.films["pydicom 1.2.840.10008.1.2.4.90"] == 1
    assert costs.seconds["pydicom 1.2.840.10008.1.2.4.90"] > 0
    assert 0 < costs.seconds["ours 1.2.840.10008.1.2.4.90"] < costs.seconds["decode"]


def test_the_bound_is_what_nothing_can_skip_and_the_rest_is_what_no_stage_explains(costs):
    measured_s = 2 * costs.bound_s
    table = "\n".join(stages.lines(costs, 2, measured_s))
    assert f"| sum | {1000 * measured_s:.1f} | {1000 * costs.bound_s:.1f} |" in table
    assert f"Bound: {2 / costs.bound_s:.1f} files/s on 2 cores; `ingest run` needs 2.00 x its work." in table
    assert costs.bound_s * 1000 == pytest.approx(sum(costs.a_file_ms(stage) for stage in stages.IN_THE_BOUND))
    assert not set(stages.IN_THE_BOUND) - {*stages.STAGES, *stages.MODELS}


def test_the_picture_is_drawn(costs, tmp_path):
    picture.draw(costs, 1.0, tmp_path / "stages.png")
    assert (tmp_path / "stages.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["throughput", "accuracy"])
def test_tables_replace_those_of_the_last_run_and_nothing_else(tmp_path, name):
    path = tmp_path / "page.md"
    path.write_text(f"before\n{page.begin(name)}\nold\n{page.end(name)}\nafter\n")
    for text in ("new", "newer"):
        page.write(text, path, name)
    assert path.read_text() == f"before\n{page.begin(name)}\nnewer\n{page.end(name)}\nafter\n"
    assert page.PAGE.read_text().count(page.begin(name)) == 1


def test_layouts_use_the_cores_that_they_name(tmp_path):
    for layout in command.layouts(tmp_path, tmp_path):
        cores, workers, asked = layout.name.split(" | ")
        assert layout.command[2] == f"0-{int(cores) - 1}"
        assert layout.command[-4:] == ["--workers", workers, "--in-flight", asked]


def make_labelled_film():
    """An upright film of 512 x 400 pixels on its canvas: dark, with a bright square."""
    canvas = np.zeros((768, 768), np.uint8)
    canvas[:, 84:684] = 60
    canvas[300:420, 250:400] = 200
    return LabelledFilm(canvas, FilmTruth(1, 1, "ap_hip", "left", (), (), None, None, 0.4, 400, 512))


def test_a_film_that_went_through_dicom_lies_where_it_lay():
    """So its truth is still true; and read whole or halved, it is the same but for the noise of a detector."""
    film = make_labelled_film()
    for canvas in accuracy.both_ways((film, 3)):
        difference = canvas.astype(int) - film.canvas
        assert np.abs(difference[310:410, 260:390]).mean() < 3
        assert np.abs(difference[310:410, 100:240]).mean() < 3
        assert (canvas[:, :84] == 0).all()
        assert (canvas[300:420, 245:405] > 130).sum() == pytest.approx(120 * 150, rel=0.03)


def test_the_table_sets_what_a_run_reads_beside_what_there_is():
    """Two sets of the same answers are the same, and no angle moved."""
    film = make_labelled_film()
    judged = [judge(film, make_raw(View.AP_HIP, left_hip_implant=0.9), make_thresholds())]
    told = accuracy.lines(dict.fromkeys(accuracy.HOW, judged))
    assert told[0].split(" | ")[1:] == ["as simulated", "read whole", "as a run reads it |"]
    assert "0.00 grey levels" in told[-1]
    assert "1 angles accepted of both, 0.00 degrees apart" in told[-1]
