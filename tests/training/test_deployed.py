"""Weights taken back out of a deployed model."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("onnx", reason="the training extra is not installed")
ort = pytest.importorskip("onnxruntime")

from ingest.records import CANVAS_SIZE, DETECTION_CLASSES  # noqa: E402 - after the skip
from training import cup_angle, detector  # noqa: E402
from training.deployed import OtherNetworkError, load_deployed  # noqa: E402
from training.export import CupAngleGraph, DetectorGraph  # noqa: E402
from training.networks import EfficientNet  # noqa: E402

REPOSITORY = Path(__file__).parents[2] / "model_repository"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def smooth_film():
    """A picture without noise, on which soft maxima are well conditioned."""
    coarse = torch.rand(1, 1, 24, 24, generator=torch.Generator().manual_seed(4))
    fine = torch.nn.functional.interpolate(coarse, size=(CANVAS_SIZE, CANVAS_SIZE), mode="bicubic")
    return (fine.clamp(0, 1) * 255).byte()[:, 0]


def deployed(name, **inputs):
    session = ort.InferenceSession(str(REPOSITORY / name / "1" / "model.onnx"), providers=["CPUExecutionProvider"])
    return session.run(None, {key: value.numpy() for key, value in inputs.items()})


def test_a_classifier_filled_from_the_deployed_one_ranks_views_as_it_does():
    net, image = EfficientNet(6), smooth_film()
    load_deployed(net, torch.zeros(1, 1, 128, 128), REPOSITORY / "classifier" / "1" / "model.onnx")
    small = torch.nn.functional.avg_pool2d(image.float()[:, None] / 255, CANVAS_SIZE // 128)
    with torch.no_grad():
        logits = net.eval()(small)[0].numpy()
    scores = np.log(deployed("classifier", image=image)[0][0])  # divided by a temperature, then shifted
    assert np.corrcoef(logits, scores)[0, 1] == pytest.approx(1, abs=1e-5)


def test_a_detector_filled_from_the_deployed_one_answers_as_it_does():
    net, image, scores = detector.new_net(detector.Settings()), smooth_film(), torch.full((1, 6), 1 / 6)
    load_deployed(net, torch.zeros(1, 1, detector.SIZE, detector.SIZE), REPOSITORY / "detector" / "1" / "model.onnx")
    with torch.no_grad():
        found = DetectorGraph(net.eval())(image, scores).numpy()
    assert found == pytest.approx(deployed("detector", image=image, view_scores=scores)[0], abs=0.02)


def test_landmark_networks_filled_from_the_deployed_graph_answer_as_it_does():
    model = REPOSITORY / "cup_angle" / "1" / "model.onnx"
    nets = {"rim": cup_angle.rim_net(), "fine": cup_angle.rim_net(), "pelvis": cup_angle.pelvis_net()}
    for kind, net in nets.items():
        cup_angle.load(net.eval(), kind, model)
    image, scores = smooth_film(), torch.full((1, 6), 1 / 6)
    boxes = torch.tensor([100.0, 100.0, 300.0, 320.0, 0.5]).expand(1, len(DETECTION_CLASSES), 5).contiguous()
    with torch.no_grad():
        mine = CupAngleGraph(*nets.values())(image, scores, boxes)
    theirs = deployed("cup_angle", image=image, view_scores=scores, detections=boxes)
    for output in (0, 2):  # whether there is a cup, and the ischia: what one pass through a network gives
        assert mine[output].numpy() == pytest.approx(theirs[output], abs=0.05)


def test_another_network_is_refused():
    with pytest.raises(OtherNetworkError, match="layers"):
        load_deployed(EfficientNet(6), torch.zeros(1, 1, 96, 96), REPOSITORY / "detector" / "1" / "model.onnx")
