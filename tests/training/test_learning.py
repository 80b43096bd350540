"""The training scripts at work, for a few steps: seeded, resumable, on another device than the processor."""

import contextlib
import csv
import sys
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from builders import elsewhere  # noqa: E402 - after the skip

from simulation.dataset import Request, make_films  # noqa: E402
from training import classifier, cup_angle, detector, letters, loop  # noqa: E402
from training.landmark_subjects import name_of  # noqa: E402

STEPS = 2
SETTINGS = {
    "classifier": classifier.Settings(size=96, batch=6),
    "detector": detector.Settings(batch=4),
    "letters": letters.Settings(batch=12),
    # Small steps: an untrained network's landmarks lie in one place, and where an axis of no length points is rounding.
    **dict.fromkeys(cup_angle.KINDS, cup_angle.Settings(batch=4, learning_rate=1e-4)),
}


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A shard of films on which cups are measured."""
    out = tmp_path_factory.mktemp("films")
    make_films(Request(out, films=16, seed=31, workers=1, size=768, mixture="cups"))
    return out


@pytest.fixture
def exact(monkeypatch):
    """Learning in full precision, which another device must do to the last digits."""
    for module in (classifier, cup_angle, detector, letters):
        monkeypatch.setattr(module, "mixed_precision", lambda _device: contextlib.nullcontext())


def learn(network, films, out, **changes):
    """A few steps of a network's training; what its log says of the loss of each."""
    settings = replace(SETTINGS[network], steps=STEPS, epoch=1, warmup=1, **changes)
    if network in cup_angle.KINDS:
        cup_angle.train(network, [films], films, out, settings, None)
    else:
        {"classifier": classifier, "detector": detector, "letters": letters}[network].train(
            [films], films, out, settings, None
        )
    return losses(out)


def losses(run):
    with (run / "log.csv").open(newline="") as file:
        return [float(line["loss"]) for line in csv.DictReader(file)]


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("network", SETTINGS)
def test_another_device_learns_the_same(network, films, tmp_path):
    here = learn(network, films, tmp_path / "here")
    there = learn(network, films, tmp_path / "there", device=elsewhere.ELSEWHERE)
    assert len(here) == STEPS
    assert there == pytest.approx(here, rel=1e-3)
    assert here[0] != here[1]
    loaded = loop.load_average(new_net(network), tmp_path / "there")  # what came from elsewhere is read here
    assert all(values.isfinite().all() for values in loaded.state_dict().values())


def new_net(network):
    if network in cup_angle.KINDS:
        return cup_angle.new_net(network)
    return {
        "classifier": classifier.new_net,
        "detector": lambda: detector.new_net(detector.Settings()),
        "letters": letters.new_net,
    }[network]()


def test_a_seed_says_what_is_learnt(films, tmp_path):
    once, again = (learn("classifier", films, tmp_path / name) for name in ("once", "again"))
    assert once == again
    assert learn("classifier", films, tmp_path / "other", seed=2) != once


def test_a_run_goes_on_from_its_checkpoint_on_another_device(films, tmp_path):
    learn("fine", films, tmp_path)
    further = replace(SETTINGS["fine"], steps=STEPS + 1, epoch=1, warmup=1, device=elsewhere.ELSEWHERE)
    cup_angle.train("fine", [films], films, tmp_path, further, None)
    assert len(losses(tmp_path)) == STEPS + 1
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == STEPS + 1


@pytest.mark.parametrize("network", cup_angle.KINDS)
def test_as_many_examples_as_asked_for_are_the_hardest(network, films, tmp_path, monkeypatch):
    hardest, shown, example_of = [], [], cup_angle.example_of

    def found(*args):
        hardest.append(real(*args))
        return hardest[-1]

    def noted(kind, film, hip, rng, **look):
        if rng is not None:
            shown.append(name_of(film, hip))
        return example_of(kind, film, hip, rng, **look)

    real = cup_angle.hardest_of
    monkeypatch.setattr(cup_angle, "hardest_of", found)
    monkeypatch.setattr(cup_angle, "example_of", noted)
    learn(network, films, tmp_path / "none")
    assert not hardest
    assert len(set(shown)) > 1
    shown.clear()
    learn(network, films, tmp_path / "all", hard=1.0)
    assert len(hardest) == 1
    assert shown
    assert set(shown) <= hardest[0]


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_device_that_is_not_there_is_said_so(monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "argv", ["classifier", "--films", "f", "--validation", "v", "--out", "o", "--device", "cuda"]
    )
    with pytest.raises(SystemExit):
        classifier.main()
    assert "argument --device: no cuda here: " in capsys.readouterr().err
