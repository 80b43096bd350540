"""Weights taken back out of a deployed model."""

import copy
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("onnx", reason="the training extra is not installed")
ort = pytest.importorskip("onnxruntime")

from ingest.records import CANVAS_SIZE, DETECTION_CLASSES  # noqa: E402 - after the skip
from training import classifier, cup_angle, detector, letters  # noqa: E402
from training.cup_graph import CupAngleGraph  # noqa: E402
from training.deployed import OtherNetworkError, load_deployed, renormalise  # noqa: E402
from training.graphs import ClassifierGraph, DetectorGraph, Outliers, ScoreCurve  # noqa: E402
from training.networks.efficientnet import EfficientNet  # noqa: E402
from training.networks.layers import ConvUnit  # noqa: E402

REPOSITORY = Path(__file__).parents[2] / "model_repository"
SIZE = classifier.Settings().size
NO_VIEW = torch.full((1, 6), 1 / 6)
UPRIGHT = torch.tensor([[0.97, 0.01, 0.01, 0.01]])
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
    net, image = classifier.new_net(), smooth_film()
    load_deployed(net, torch.zeros(1, 1, SIZE, SIZE), REPOSITORY / "classifier" / "1" / "model.onnx")
    with torch.no_grad():
        logits, turned, _ = ClassifierGraph(net.eval(), SIZE, Outliers(1, 1, 1)).seen(image)
    views, turns, _ = deployed("classifier", image=image)
    # Divided by a temperature, then shifted; the turn of a film that is not turned by something of its own.
    for said, scores in ((logits, views), (turned[:, 1:], turns[:, 1:])):
        assert np.corrcoef(said[0].numpy(), np.log(scores[0]))[0, 1] == pytest.approx(1, abs=1e-5)


def test_statistics_of_its_own_leave_a_networks_answer_alone_and_make_learning_start_from_it():
    torch.manual_seed(6)
    net, images = torch.nn.Sequential(ConvUnit(1, 8, 3), ConvUnit(8, 4, 3)), torch.rand(6, 1, 40, 40)
    for unit in net:  # as the exporter leaves them: all in the convolution, nothing to normalise
        unit[0].weight.data *= 3
        unit[1].running_var.fill_(1 - unit[1].eps)
        torch.nn.init.normal_(unit[1].bias)
    with torch.no_grad():
        answer = net.eval()(images)
        scrambled = copy.deepcopy(net).train()(images)
        renormalise(net, images)
        assert net.eval()(images).numpy() == pytest.approx(answer.numpy(), abs=1e-5)
        assert net.train()(images).numpy() == pytest.approx(answer.numpy(), abs=1e-2)
    assert (scrambled - answer).abs().mean() > 0.1


def test_a_detector_filled_from_the_deployed_one_answers_as_it_does():
    net, reader, image = detector.new_net(detector.Settings()), letters.new_net(), smooth_film()
    model = REPOSITORY / "detector" / "1" / "model.onnx"
    load_deployed(net, torch.zeros(1, 1, detector.SIZE, detector.SIZE), model)
    letters.load(reader, model)
    theirs = deployed("detector", image=image, view_scores=NO_VIEW, turn_scores=UPRIGHT)
    curves = (ScoreCurve(), ScoreCurve(), ScoreCurve())
    with torch.no_grad():
        mine = DetectorGraph(net.eval(), reader.eval(), *curves)(image, NO_VIEW, UPRIGHT)
    assert mine[0][..., :4].numpy() == pytest.approx(theirs[0][..., :4], abs=0.3)
    # the deployed scores went through curves, which keep the order
    for told, wanted in ((mine[0][0, :4, 4], theirs[0][0, :4, 4]), (mine[0][0, 4:, 4], theirs[0][0, 4:, 4])):
        assert (np.diff(wanted[told.argsort()]) >= 0).all()
    assert (np.diff(theirs[1][0, mine[1][0].argsort()]) >= 0).all()


def test_landmark_networks_filled_from_the_deployed_graph_answer_as_it_does():
    model = REPOSITORY / "cup_angle" / "1" / "model.onnx"
    nets = {"rim": cup_angle.rim_net(), "fine": cup_angle.rim_net(), "pelvis": cup_angle.pelvis_net()}
    for kind, net in nets.items():
        cup_angle.load(net.eval(), kind, model)
    image = smooth_film()
    boxes = torch.tensor([100.0, 100.0, 300.0, 320.0, 0.5]).expand(1, len(DETECTION_CLASSES), 5).contiguous()
    with torch.no_grad():
        mine = CupAngleGraph(*nets.values(), ScoreCurve())(image, NO_VIEW, UPRIGHT, boxes)
    theirs = deployed("cup_angle", image=image, view_scores=NO_VIEW, turn_scores=UPRIGHT, detections=boxes)
    # the ischia, what one or two passes through a network gives; a rim in nothing is ill-conditioned
    assert mine[2].numpy() == pytest.approx(theirs[2], abs=0.05)


def test_another_network_is_refused():
    with pytest.raises(OtherNetworkError, match="layers"):
        load_deployed(EfficientNet(6), torch.zeros(1, 1, 96, 96), REPOSITORY / "detector" / "1" / "model.onnx")
