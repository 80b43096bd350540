"""What the landmark networks learn from: crops whose points lie on what they name."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

import cv2  # noqa: E402 - after the skip

from ingest.records import CANVAS_SIZE  # noqa: E402
from simulation.truth import CupTruth, FilmTruth, HipTruth  # noqa: E402
from training import landmark_examples  # noqa: E402
from training.cup_angle import rim_net  # noqa: E402
from training.cup_graph import CLOSER_LOOKS, CupAngleGraph  # noqa: E402
from training.films import LabelledFilm  # noqa: E402
from training.graphs import ScoreCurve  # noqa: E402
from training.networks.landmarks import BLOB  # noqa: E402

RIGHT, LEFT = (310.0, 520.0), (455.0, 533.0)


def make_film(right=RIGHT, left=LEFT):
    """A black film with a bright spot on each ischium, the right one's larger."""
    canvas = np.zeros((CANVAS_SIZE, CANVAS_SIZE), np.uint8)
    for point, radius in ((right, 9), (left, 5)):
        if point is not None:
            cv2.circle(canvas, tuple(round(v) for v in point), radius, 255, -1)
    truth = FilmTruth(1, 1, "ap_pelvis", "both", (), (), right, left, 0.5, CANVAS_SIZE, CANVAS_SIZE)
    return LabelledFilm(canvas, truth)


def spots(image):
    """Centres (x, y) and areas of the bright spots of an image, the larger first."""
    _, _, stats, centres = cv2.connectedComponentsWithStats((image > 0.5).astype(np.uint8))
    order = np.argsort(-stats[1:, cv2.CC_STAT_AREA])
    return centres[1:][order]


@pytest.mark.parametrize("close", [False, True], ids=["whole film", "crop"])
def test_the_ischia_lie_where_they_are_said_to(close):
    example = landmark_examples.pelvis_example(make_film(), None, close=close)
    assert example.present.all()
    assert np.abs(spots(example.image) - example.points).max() < 0.5


@pytest.mark.parametrize("close", [False, True], ids=["whole film", "crop"])
def test_a_moved_or_mirrored_film_takes_its_ischia_along(close):
    rng, vary = np.random.default_rng(3), landmark_examples.as_it_is
    examples = [landmark_examples.pelvis_example(make_film(), rng, close=close, vary=vary) for _ in range(12)]
    whole = [(one, spots(one.image)) for one in examples if one.present.all()]
    assert len(whole) >= 6
    for example, seen in whole:
        apart = np.linalg.norm(seen[:, None] - example.points[None], axis=-1).min(1)
        assert apart.max() < 0.6
        assert example.points[0, 0] < example.points[1, 0]  # the patient's right is the film's left, mirrored too


def test_a_shield_lies_over_the_landmark_and_leaves_most_of_the_film():
    rng, covered = np.random.default_rng(4), []
    for _ in range(200):
        image, point = np.full((192, 192), 0.37, np.float32), rng.uniform(0, 191, 2)
        landmark_examples.hide(image, point, rng)
        x, y = np.round(point).astype(int)
        assert image[y, x] != np.float32(0.37)
        covered.append(float((image != np.float32(0.37)).mean()))
    assert min(covered) > 0
    assert max(covered) < 0.1
    assert len(np.unique(np.round(covered, 4))) > 100  # of many sizes and places


def test_a_line_runs_by_the_landmark_and_leaves_most_of_the_film():
    rng, nearest, drawn = np.random.default_rng(6), [], []
    for _ in range(200):
        image, point = np.full((192, 192), 0.37, np.float32), rng.uniform(30, 161, 2)
        landmark_examples.cross(image, point, rng)
        assert 0 <= image.min() <= image.max() <= 1
        y, x = np.nonzero(np.abs(image - 0.37) > 0.02)
        nearest.append(float(np.hypot(x - point[0], y - point[1]).min()))
        drawn.append(len(x) / image.size)
    assert max(nearest) < 192 / 15 * np.sqrt(2)
    assert np.median(nearest) < 6  # through what is looked at, on most
    assert 0 < min(drawn) < 0.002
    assert 0.02 < max(drawn) < 0.05


def test_some_landmarks_are_hidden_and_stay_asked_for(monkeypatch):
    monkeypatch.setattr(landmark_examples, "change_look", lambda image, _rng: image)
    monkeypatch.setattr(landmark_examples, "HIDDEN_SHARE", 1.0)
    rng = np.random.default_rng(5)
    for example in [landmark_examples.pelvis_example(make_film(), rng, close=True) for _ in range(12)]:
        hidden = [
            np.linalg.norm(spots(example.image) - point, axis=-1).min(initial=np.inf) > 0.6 for point in example.points
        ]
        assert any(hidden)
        assert example.present.all()


class BrightSpots(torch.nn.Module):
    """Stands in for the pelvis network: the bright spot of the left half, and that of the right; both are there."""

    def __init__(self, *, left_is_there=True):
        super().__init__()
        self.seen, self.there = [], torch.tensor([[9.0, 9.0 if left_is_there else -9.0, 0.0, 0.0]])

    def forward(self, image):
        """(B, 1, 192, 192) to heat maps of the right and the left spot, and logits."""
        self.seen.append(image)
        bright = torch.nn.functional.avg_pool2d(image, 2)
        half = bright.shape[-1] // 2
        right, left = bright.clone(), bright.clone()
        right[..., half:], left[..., :half] = 0, 0
        return torch.cat((right, left), 1).clamp(min=1e-9).log(), self.there.expand(
            len(image), 4
        )  # the softmax weighs by brightness


def looked_at(network):
    """Where the graph says that the ischia of a film are, (2, 2), and variances of x and y (2, 2), canvas pixels."""
    graph = CupAngleGraph(rim_net(), rim_net(), network, ScoreCurve())
    image = torch.tensor(make_film().canvas)[None]
    found, _, covariance = graph._ischia(image.float()[:, None] / 255, torch.tensor([[1.0, 0, 0, 0]]))
    return found[0].numpy(), covariance[0, :, :2].numpy()


def of_a_spot(pixel):
    """Variance of places on each ischium's spot, as wide as it was drawn, less a blob's; ``pixel`` of the input."""
    return np.array([[9.0**2 / 4] * 2, [5.0**2 / 4] * 2]) - 4 * BLOB * pixel**2


def test_the_graph_looks_again_at_the_very_crop_that_was_learnt_from():
    network = BrightSpots()
    found, variances = looked_at(network)
    learnt = landmark_examples.pelvis_example(make_film(), None, close=True).image
    assert len(network.seen) == 1 + CLOSER_LOOKS
    for crop in network.seen[1:]:
        assert np.abs(crop[0, 0].numpy() - learnt).mean() < 0.01
    assert np.abs(found - [RIGHT, LEFT]).max() < 0.7
    apart = np.linalg.norm(np.subtract(LEFT, RIGHT))
    pixel = landmark_examples.ISCHIA_MARGIN * apart / landmark_examples.PELVIS
    assert variances == pytest.approx(of_a_spot(pixel), abs=2.5)


def test_without_one_ischium_the_first_look_counts():
    found, variances = looked_at(BrightSpots(left_is_there=False))
    assert variances == pytest.approx(of_a_spot(CANVAS_SIZE / landmark_examples.PELVIS), abs=12)
    assert np.abs(found - [RIGHT, LEFT]).max() < 2.0


def test_a_film_with_one_ischium_says_which():
    example = landmark_examples.pelvis_example(make_film(left=None), None)
    assert example.present.tolist() == [True, False]


def make_cup(length):
    """A film and its hip, whose cup's long axis is ``length`` canvas pixels, and its short one half of that."""
    middle, half = np.array([384.0, 400.0]), length / 2
    ends = {"major_upper": (0, -half), "major_lower": (0, half), "minor_opening": (-half / 2, 0)}
    ends |= {"minor_dome": (half / 2, 0), "dome": (half, 0), "centre": (0, 0)}
    points = {name: tuple(float(v) for v in middle + end) for name, end in ends.items()}
    rest = dict.fromkeys(CupTruth.__dataclass_fields__.keys() - {*points, "visible", "edge"})
    hip = HipTruth("right", (200.0, 250.0, 560.0, 600.0), 1.0, "tha", CupTruth(**points, visible=True, **rest))
    return make_film(), hip


def test_the_fine_network_learns_from_crops_as_close_as_those_it_measures_in():
    film, hip = make_cup(100.0)
    rng, vary = np.random.default_rng(7), landmark_examples.as_it_is
    made = [landmark_examples.rim_example(film, hip, rng, fine=True, vary=vary) for _ in range(400)]
    whole = [one.points for one in made if one.present.all()]
    assert len(whole) > 390
    margins = np.array([landmark_examples.CROP / np.linalg.norm(rim[1] - rim[0]) for rim in whole])
    measured_in = landmark_examples.FINE_MARGIN, landmark_examples.CLOSEST_MARGIN
    assert np.exp(np.log(margins).mean()) == pytest.approx(np.sqrt(np.prod(measured_in)), rel=0.02)
    for margin in measured_in:
        assert 0.3 < (np.abs(margins / margin - 1) < 0.1).mean() < 0.7
        assert 0.2 < (margins < margin).mean() < 0.8


@pytest.mark.parametrize(("view", "axes"), [("ap_pelvis", (1, 1)), ("ap_hip", (1, 1)), ("cross_table_lateral", (1, 0))])
def test_of_a_lateral_only_the_direction_counts_from_which_its_version_is_read(view, axes):
    film, hip = make_cup(100.0)
    film = replace(film, truth=replace(film.truth, view=view))
    example = landmark_examples.rim_example(film, hip, None, fine=True)
    assert landmark_examples.stack([example] * 2)[3].tolist() == [list(axes)] * 2
