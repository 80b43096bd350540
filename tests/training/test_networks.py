"""The networks against their papers' parameter counts, and their decoding against hand-made inputs."""

import math

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from training.detector import ANCHORS, new_net  # noqa: E402 - after the skip
from training.detector import Settings as DetectorSettings  # noqa: E402
from training.networks.efficientnet import EfficientNet  # noqa: E402
from training.networks.landmarks import BLOB, LandmarkNet, located, soft_argmax  # noqa: E402
from training.networks.layers import standardised  # noqa: E402
from training.networks.yolo import Yolo  # noqa: E402
from training.networks.yolo_loss import assign, ciou  # noqa: E402


def count(net):
    return sum(p.numel() for p in net.parameters())


def test_efficientnet_b3_has_the_published_number_of_parameters():
    """12,233,232 with three input channels and 1000 classes; one channel saves 2 x 9 x 40 weights of the stem."""
    assert count(EfficientNet(1000)) == 12_233_232 - 720


def test_yolov5s_has_the_published_number_of_parameters():
    """7,235,389 with three input channels and 80 classes; one channel saves 2 x 36 x 32 weights of the stem."""
    assert count(Yolo(80, ANCHORS, 0.5, 0.33)) == 7_235_389 - 2304


def test_soft_argmax_finds_the_centre_of_the_cell_that_stands_out():
    heat = torch.full((1, 1, 8, 8), -50.0)
    heat[0, 0, 5, 2] = 50.0
    assert soft_argmax(heat)[0, 0].tolist() == pytest.approx([2 * 2 + 0.5, 2 * 5 + 0.5])


def picture(mean, spread):
    """A crop whose greys spread about a mean."""
    torch.manual_seed(4)
    greys = torch.randn(1, 1, 32, 32)
    return mean + spread * (greys - greys.mean()) / greys.std(correction=0)


def test_a_washed_out_crop_is_given_contrast():
    shown = standardised(picture(0.97, 0.01))
    assert shown.mean().item() == pytest.approx(0.5, abs=1e-4)
    assert shown.std().item() == pytest.approx(0.25 / 3, rel=0.01)  # 0.01 of 0.01 + 0.02


def test_a_crop_of_usual_contrast_is_hardly_changed():
    usual = picture(0.5, 0.23)
    assert (standardised(usual) - usual).abs().max() < 0.01


def test_a_crop_that_shows_nothing_stays_so():
    assert standardised(torch.ones(2, 1, 8, 8)).tolist() == torch.full((2, 1, 8, 8), 0.5).tolist()


@pytest.mark.parametrize(
    "net",
    [
        pytest.param(lambda: EfficientNet(10), id="efficientnet"),
        pytest.param(lambda: new_net(DetectorSettings()), id="yolo"),
        pytest.param(lambda: LandmarkNet(5, 6), id="landmarks"),
    ],
)
def test_a_film_that_is_brighter_all_over_gets_the_same_answer(net):
    answers = net().eval()
    with torch.no_grad():
        dark, bright = answers(picture(0.3, 0.1)), answers(picture(0.6, 0.1))
    for one, other in zip(dark, bright, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_the_landmark_network_maps_at_half_resolution():
    heat, logits = LandmarkNet(5, 6)(torch.zeros(2, 1, 64, 64))
    assert heat.shape == (2, 5, 32, 32)
    assert logits.shape == (2, 6)


def test_every_object_is_answered_by_a_cell_that_can_reach_it():
    net = new_net(DetectorSettings())
    box = torch.tensor([[0, 200.0, 180.0, 140.0, 150.0, 1, 0, 0, 0, 0, 0]])
    *_, row, column, index = assign(net, 1, torch.Size([1, 3, 24, 24, 11]), box)
    assert len(index) >= 3
    reach_x, reach_y = 200.0 / 16 - column, 180.0 / 16 - row
    assert ((reach_x >= -0.5) & (reach_x <= 1.5) & (reach_y >= -0.5) & (reach_y <= 1.5)).all()


def test_a_box_agrees_wholly_with_itself_and_less_with_a_shifted_one():
    box = torch.tensor([[50.0, 60.0, 20.0, 10.0]])
    shifted = box + torch.tensor([[10.0, 0.0, 0.0, 0.0]])
    assert ciou(box, box).item() == pytest.approx(1, abs=1e-4)
    iou, apart = 100 / 300, 10**2 / (30**2 + 10**2)
    assert ciou(shifted, box).item() == pytest.approx(iou - apart, abs=1e-4)


def test_decoding_places_an_anchor_of_its_own_size_at_the_middle_of_its_cell():
    net = new_net(DetectorSettings())
    levels = [torch.zeros(1, 3, n, n, 11) for n in (48, 24, 12)]
    boxes, scores = net.decode(levels)
    first = boxes[0, 0].tolist()
    width, height = ANCHORS[0][0]
    middle = 0.5 * 8
    assert first == pytest.approx([middle - width / 2, middle - height / 2, middle + width / 2, middle + height / 2])
    assert scores[0, 0, 0].item() == pytest.approx(0.25)
    assert math.isclose(boxes.shape[1], 3 * (48**2 + 24**2 + 12**2))


def test_a_map_between_two_places_is_as_unsure_as_they_are_apart():
    """Two cells, 8 columns and 4 rows apart: the middle, and half the distance squared less the blob of a sharp map."""
    heat = torch.full((1, 1, 16, 16), -30.0)
    heat[0, 0, 2, 3] = heat[0, 0, 6, 11] = 30.0
    points, covariance = located(heat)
    assert points[0, 0].tolist() == pytest.approx([2 * 7 + 0.5, 2 * 4 + 0.5])
    assert covariance[0, 0].tolist() == pytest.approx([4 * (16 - BLOB), 4 * (4 - BLOB), 4 * 8])
