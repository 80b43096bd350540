"""Shards of films on disk."""

import itertools
import json

import cv2
import pytest
from click.testing import CliRunner

from simulation.__main__ import main
from simulation.dataset import Request, make_films, specs
from simulation.truth import FilmTruth


def make_request(out, films=3, seed=5):
    return Request(out=out, films=films, seed=seed, workers=1, size=160)


def truths(folder):
    lines = (folder / "shard-00000" / "truth.jsonl").read_text().splitlines()
    return [(json.loads(line)["file"], json.loads(line)["truth"]) for line in lines]


def test_every_film_has_its_picture_and_its_truth(tmp_path):
    assert make_films(make_request(tmp_path)) == 1
    rows = truths(tmp_path)
    assert [name for name, _ in rows] == ["000000.png", "000001.png", "000002.png"]
    for name, raw in rows:
        truth = FilmTruth.from_json(json.dumps(raw))
        picture = cv2.imread(str(tmp_path / "shard-00000" / name), cv2.IMREAD_UNCHANGED)
        assert picture.shape == (truth.height, truth.width)
        assert picture.dtype == "uint8"


def test_a_shard_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "shard-00000").mkdir()
    assert make_films(make_request(tmp_path)) == 0
    assert not any((tmp_path / "shard-00000").iterdir())


def test_what_an_interrupted_run_left_is_made_again(tmp_path):
    (tmp_path / ".shard-00000.partial").mkdir()
    (tmp_path / ".shard-00000.partial" / "000009.png").touch()
    make_films(make_request(tmp_path, films=1))
    assert [path.name for path in tmp_path.iterdir()] == ["shard-00000"]
    assert len(list((tmp_path / "shard-00000").glob("*.png"))) == 1


@pytest.mark.parametrize(("first", "second"), [((1, 0), (2, 0)), ((1, 0), (1, 1))], ids=["seeds", "shards"])
def test_seeds_and_shards_share_no_person(tmp_path, first, second):
    people = []
    for seed, shard in (first, second):
        drawn = itertools.islice(specs(make_request(tmp_path, seed=seed), shard), 200)
        people.append({spec.person for spec in drawn})
    assert len(people[0]) < 100  # two or three films of each
    assert not people[0] & people[1]


def test_the_command_writes_what_it_says(tmp_path):
    result = CliRunner().invoke(main, ["films", "--out", str(tmp_path), "--films", "1", "--seed", "3", "--size", "128"])
    assert result.exit_code == 0, result.output
    assert "1 new shards" in result.output
    assert len(truths(tmp_path)) == 1
