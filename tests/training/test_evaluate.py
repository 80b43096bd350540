"""Films and answers are kept, so that a rerun asks and makes nothing twice."""

import argparse
import json
import subprocess
import sys

import numpy as np
import pytest
from builders.findings import FakeServer, make_raw

from ingest.records import View
from simulation.dataset import Request
from simulation.truth import FilmTruth
from training import evaluate
from training.evaluation.answers import TENSORS, Answers
from training.evaluation.films import FRESH_SEED, SEEDS, SHARD, drop_short
from training.films import LabelledFilm


def make_films(count, start=0):
    truth = FilmTruth(1, 1, "other", "unknown", (), (), None, None, 0.2, 768, 768)
    return [LabelledFilm(np.full((768, 768), start + n, np.uint8), truth) for n in range(count)]


def make_shard(folder, number, films):
    shard = folder / f"shard-{number:05d}"
    shard.mkdir(parents=True)
    (shard / "truth.jsonl").write_text("".join(json.dumps({"file": str(n)}) + "\n" for n in range(films)))
    return shard


def test_films_are_asked_once_and_remembered(tmp_path):
    server = FakeServer(make_raw(View.OTHER))
    first = list(Answers.read(tmp_path / "answers.npz").ask(make_films(3), server))
    again = Answers.read(tmp_path / "answers.npz")
    second = list(again.ask(make_films(4), server))
    assert server.asked == 4
    assert [one.findings for one in second[:3]] == [one.findings for one in first]
    assert again.pace()["films"] == 4
    assert all(np.array_equal(getattr(first[0].raw, name), getattr(second[0].raw, name)) for name in TENSORS)


def test_films_come_back_in_order_whether_known_or_not(tmp_path):
    answers = Answers.read(tmp_path / "answers.npz")
    server = FakeServer(make_raw(View.OTHER))
    list(answers.ask(make_films(2, start=5), server))
    films = make_films(20)
    assert [int(one.canvas[0, 0]) for one in answers.ask(films, server)] == list(range(20))
    assert server.asked == 20


def test_a_damaged_file_of_answers_is_asked_again(tmp_path):
    path = tmp_path / "answers.npz"
    path.write_bytes(b"PK\x03\x04 cut off")
    assert not Answers.read(path).known


def test_a_failing_film_loses_no_earlier_answer(tmp_path):
    answers = Answers.read(tmp_path / "answers.npz")
    list(answers.ask(make_films(1), FakeServer(make_raw(View.OTHER))))
    with pytest.raises(ZeroDivisionError):
        list(answers.ask(make_films(2), FakeServer(ZeroDivisionError())))
    assert len(Answers.read(tmp_path / "answers.npz").known) == 1


def test_a_shard_holds_as_many_films_as_the_simulator_writes(tmp_path):
    shards = [Request(tmp_path, films, 1, 1, 768).shards for films in (SHARD, SHARD + 1)]
    assert shards == [1, 2]


@pytest.mark.parametrize(
    ("there", "wanted", "kept"),
    [([30], 30, [0]), ([30], 10, [0]), ([30], 40, []), ([SHARD, 30], SHARD + 60, [0]), ([SHARD], 3 * SHARD, [0])],
    ids=["as many", "fewer wanted", "more wanted", "more of the second", "whole"],
)
def test_a_last_shard_that_is_too_short_is_made_again(tmp_path, there, wanted, kept):
    for number, films in enumerate(there):
        make_shard(tmp_path, number, films)
    drop_short(tmp_path, wanted)
    assert [int(shard.name[-5:]) for shard in sorted(tmp_path.iterdir())] == kept


def test_each_set_has_people_of_its_own():
    assert len({*SEEDS.values(), FRESH_SEED}) == len(SEEDS) + 1


def test_fresh_films_are_of_the_usual_mixture_and_of_other_people(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "made", lambda wanted: [wanted])
    asked = {"folder": None, "films": 8, "fresh": 5, "shifted": None, "limit": 6, "data": tmp_path, "workers": 1}
    sets = evaluate.gather(argparse.Namespace(**asked))
    wanted = {name: [(one.mixture, one.films, one.seed) for one in films] for name, films in sets.items()}
    assert wanted == {
        "usual": [("paper", 6, SEEDS["paper"])],
        "fresh": [("paper", 5, FRESH_SEED)],
        "shifted": [("shifted", 2, SEEDS["shifted"])],
    }
    assert len({one.folder for films in sets.values() for one in films}) == 3
    assert evaluate.gather(argparse.Namespace(**asked | {"fresh": 0}))["fresh"] == []


def test_figures_need_neither_torch_nor_matplotlib():
    program = """
import sys
from training.evaluation import page
heavy = {"torch", "matplotlib"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True)
