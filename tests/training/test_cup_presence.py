"""A line through the fine network's features tells whether there is a cup."""

import copy
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from builders.truths import make_cup, make_hip, make_truth  # noqa: E402 - after the skip

from ingest.records import CANVAS_SIZE  # noqa: E402
from training import cup_presence  # noqa: E402
from training.cup_angle import load, pelvis_net, rim_net  # noqa: E402
from training.cup_graph import CupAngleGraph  # noqa: E402
from training.cup_presence import features_of, shown_hips, taught  # noqa: E402
from training.films import LabelledFilm  # noqa: E402
from training.graphs import ScoreCurve  # noqa: E402
from training.onnx_files import rounded  # noqa: E402
from training.turns import TURNS, turn_of  # noqa: E402

MODEL = Path(__file__).parents[2] / "model_repository" / "cup_angle" / "1" / "model.onnx"
CUP, STEM, NATIVE = make_hip(cup=make_cup()), make_hip(implant="hemi"), make_hip(implant="none")
RESURFACING = make_hip(implant="resurfacing", cup=make_cup())


def film(seed, hip, **changes):
    """Noise; in the box of a hip with a cup it is fine, elsewhere coarse."""
    rng = np.random.default_rng(seed)
    canvas = np.kron(rng.integers(0, 256, (CANVAS_SIZE // 24, CANVAS_SIZE // 24)), np.ones((24, 24))).astype(np.uint8)
    if hip.cup is not None:
        canvas = rng.integers(0, 256, canvas.shape, np.uint8)
    return LabelledFilm(canvas, make_truth(hips=[hip], seed=seed, **changes))


def empty(hip, **changes):
    return LabelledFilm(np.zeros((1, 1), np.uint8), make_truth(hips=[hip], **changes))


@pytest.fixture(scope="module")
def deployed():
    rim, fine = rim_net(), rim_net()
    load(rim, "rim", MODEL)
    load(fine, "fine", MODEL)
    return rounded(rim), rounded(fine)


@pytest.fixture
def nets(deployed):
    return copy.deepcopy(deployed)


def test_cups_are_shown_as_often_as_hips_without_one_need():
    films = [empty(hip) for hip in (STEM, NATIVE) for _ in range(4)] + [empty(CUP)] * 50 + [empty(RESURFACING)] * 3
    shown = [hip for _, hip in shown_hips(films)]
    assert [shown.count(hip) for hip in (STEM, NATIVE, CUP, RESURFACING)] == [4, 0, 12, 3]


def test_films_stored_turned_are_not_shown():
    assert shown_hips([empty(STEM, turned_deg=90), empty(CUP)]) == []


def test_features_are_what_the_graph_makes_its_logit_of(nets, monkeypatch):
    monkeypatch.setattr(cup_presence, "mixed_precision", lambda _device: nullcontext())
    monkeypatch.setattr(cup_presence, "BOX_NOISE", 0)
    rim, fine = nets
    hips = [(film(1, CUP), CUP), (film(2, STEM), STEM)]
    features = features_of(rim, fine, hips, np.random.default_rng(6), 0)
    with torch.no_grad():
        fine.presence.weight[0] = torch.randn(features.shape[1], generator=torch.Generator().manual_seed(1))
        fine.presence.bias[0] = 0.5
        told = []
        for one, hip in hips:
            boxes = torch.tensor(hip.box).expand(1, 2, 4)
            image = torch.from_numpy(one.canvas).float()[None, None] / 255
            upright = turn_of(torch.eye(len(TURNS))[:1])
            _, measured = CupAngleGraph(rim, fine, pelvis_net(), ScoreCurve()).rims(
                image, upright, boxes, torch.tensor([[True, False]])
            )
            told.append(measured.presence[0, 0, 0].item())
    wanted = features @ fine.presence.weight[0] + 0.5
    assert np.ptp(told) > 1
    assert told == pytest.approx(wanted.tolist(), rel=0.01, abs=0.05)


def test_another_look_is_another_picture_of_the_same_hip(nets):
    hips = [(film(seed, CUP), CUP) for seed in range(3)]
    seen = [features_of(*nets, hips, np.random.default_rng(6), looks) for looks in (0, 1)]
    assert (seen[0] - seen[1]).abs().amax(1).min() > 0.05


def test_what_films_show_is_learnt_and_nothing_else_is_changed(nets, monkeypatch):
    monkeypatch.setattr(cup_presence, "LEAST_WITHOUT", 5)
    films = [film(seed, STEM if seed % 2 else CUP) for seed in range(10)]
    learnt = taught(*nets, films)
    others = [film(seed, STEM if seed % 2 else CUP) for seed in range(100, 104)]
    hips = [(one, one.truth.hips[0]) for one in others]
    features = features_of(*nets, hips, np.random.default_rng(1), 0)
    told = (features @ learnt.presence.weight[0] + learnt.presence.bias[0]) > 0
    assert told.tolist() == [hip.cup is not None for _, hip in hips]
    for (name, before), after in zip(nets[1].state_dict().items(), learnt.state_dict().values(), strict=True):
        same = slice(1, None) if name.startswith("presence") else slice(None)
        assert torch.equal(before[same], after[same]), name


def test_few_hips_without_a_cup_teach_nothing(nets):
    films = [film(1, STEM), film(2, CUP)]
    assert taught(*nets, films) is nets[1]


def test_both_networks_say_whether_there_is_a_cup(nets):
    rim, fine = nets
    with torch.no_grad():
        for net, bias in ((rim, 0.75), (fine, -2.0)):
            net.presence.weight[0] = 0
            net.presence.bias[0] = bias
        graph = CupAngleGraph(rim, fine, rounded(pelvis_net()), ScoreCurve(2.0, 0.5))
        found = torch.zeros(1, 6, 5)
        found[..., :4] = torch.tensor([150.0, 200, 400, 420])
        found[0, 1, 4] = 0.9  # an implant on the right
        image = torch.from_numpy(film(3, CUP).canvas)[None]
        scores = graph(image, torch.tensor([[1.0, 0, 0, 0, 0, 0]]), torch.eye(len(TURNS))[:1], found)[0]
    wanted = 1 / (1 + np.exp(-(2 * (0.75 - 2.0) + 0.5)))
    assert scores[0].tolist() == pytest.approx([wanted, 0], abs=1e-3)
