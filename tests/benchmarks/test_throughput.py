"""The standard corpus holds what it says, and the table says what was timed."""

import sys
from collections import Counter

import numpy as np
import pydicom
import pytest

from benchmarks.throughput import __main__ as command
from benchmarks.throughput import corpus, measure
from simulation.truth import Film, FilmTruth


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
