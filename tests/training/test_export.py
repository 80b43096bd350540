"""What the exported graphs compute around the networks: angles from landmarks, crops, fp16 storage."""

import math
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
onnx = pytest.importorskip("onnx", reason="the training extra is not installed")

from ingest.records import CANVAS_SIZE  # noqa: E402 - after the skip
from training import export as exporting  # noqa: E402
from training import letters  # noqa: E402
from training.cup_angle import pelvis_net, rim_net  # noqa: E402
from training.cup_geometry import angles  # noqa: E402
from training.cup_graph import CupAngleGraph  # noqa: E402
from training.export import between  # noqa: E402
from training.graphs import ClassifierGraph, Outliers, ScoreCurve  # noqa: E402
from training.landmark_examples import (  # noqa: E402
    CLOSEST_MARGIN,
    CROP,
    FINE_MARGIN,
    LEAST_RIM,
    MARGIN,
    PELVIS,
    crop_matrix,
)
from training.looks import ischia_from_both_faces, seen, seen_from_both_faces  # noqa: E402
from training.networks.landmarks import BLOB  # noqa: E402
from training.onnx_files import Graph, export, rounded, store_fp16  # noqa: E402
from training.turns import as_stored, seen_before, squares, turn_of, upright  # noqa: E402

UPRIGHT = torch.tensor([[1.0, 0.0, 0.0, 0.0]])


def rim(inclination, version, *, centre=(300.0, 250.0), half=47.0, side=1):
    """Landmarks of a rim ellipse by its definition; ``side`` is +1 where lateral is to the right."""
    a, b = math.radians(inclination), half * math.sin(math.radians(version))
    along = np.array([side * math.cos(a), -math.sin(a)])  # to the lateral, upper end
    opening = np.array([side * math.sin(a), math.cos(a)])  # down and lateral
    c = np.array(centre)
    return np.stack([c + half * along, c - half * along, c + b * opening, c - b * opening, c - half * opening])


@pytest.mark.parametrize(("inclination", "version"), [(40, 15), (25, 5), (60, 30), (45, 44)])
@pytest.mark.parametrize("side", [1, -1])
def test_ap_angles_follow_from_the_ellipse_and_the_trans_ischial_line(inclination, version, side):
    points = torch.tensor(rim(inclination, version, side=side)).float()[None, None].expand(1, 2, 5, 2)
    ischia = torch.tensor([[[200.0, 500.0], [480.0, 500.0]]])
    found = angles(points, ischia)[0, 0]
    assert found[0].item() == pytest.approx(inclination, abs=0.01)
    assert found[1].item() == pytest.approx(version, abs=0.01)


def test_inclination_follows_a_tilted_pelvis():
    points = torch.tensor(rim(40, 15)).float()[None, None].expand(1, 2, 5, 2)
    tilted = torch.tensor([[[200.0, 500.0], [480.0, 500.0 + 280 * math.tan(math.radians(5))]]])
    assert angles(points, tilted)[0, 0, 0].item() == pytest.approx(45, abs=0.01)


@pytest.mark.parametrize("version", [-12, 0.5, 20, 35])
@pytest.mark.parametrize("side", [1, -1])
def test_lateral_version_is_positive_where_the_cup_faces_up(version, side):
    v = math.radians(version)
    out = np.array([side * math.cos(v), -math.sin(v)])  # out of the cup; anterior is up
    along = np.array([-out[1], out[0]])
    c = np.array([300.0, 250.0])
    ends = sorted([c + 47 * along, c - 47 * along], key=lambda p: p[1])
    points = np.stack([*ends, c + 4 * out, c - 4 * out, c - 47 * out])
    found = angles(torch.tensor(points).float()[None, None].expand(1, 2, 5, 2), torch.rand(1, 2, 2))
    assert found[0, 0, 2].item() == pytest.approx(version, abs=0.01)


def test_a_crop_shows_what_the_training_crop_shows():
    """The graph's sampling and cv2's warp agree on a smooth film."""
    import cv2  # noqa: PLC0415 - only this test draws

    y, x = np.mgrid[:CANVAS_SIZE, :CANVAS_SIZE]
    film = (127 + 60 * np.sin(x / 23) + 60 * np.cos(y / 31)).astype(np.uint8)
    box = (200.0, 150.0, 420.0, 400.0)
    graph = CupAngleGraph(rim_net(), rim_net(), pelvis_net(), ScoreCurve())
    centre = torch.tensor([[[(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]] * 2])
    side = torch.full((1, 2, 1), MARGIN * 250)
    sampled = graph.crops(torch.tensor(film).float()[None, None], UPRIGHT, centre, side)[0, 0, 0].numpy()
    warped = cv2.warpAffine(film.astype(np.float32), crop_matrix(box), (2 * CROP, 2 * CROP))
    wanted = cv2.resize(warped, (CROP, CROP), interpolation=cv2.INTER_AREA)
    assert np.abs(sampled - wanted)[2:-2, 2:-2].max() < 1.0


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_film_stored_turned_is_looked_at_as_it_was_taken(quarters):
    rng = np.random.default_rng(quarters)
    taken = rng.random((CANVAS_SIZE, CANVAS_SIZE), dtype=np.float32)
    stored = torch.tensor(np.rot90(taken, -quarters).copy())[None, None]  # clockwise
    scores = torch.full((1, 4), 0.1)
    scores[0, quarters] = 0.7
    turn = turn_of(scores)
    assert (upright(stored, turn)[0, 0].numpy() == taken).all()
    x, y = 100, 300
    where = as_stored(torch.tensor([[[float(x), float(y)]]]), turn)
    column, row = where[0, 0].tolist()
    assert stored[0, 0, round(row), round(column)].item() == pytest.approx(taken[y, x])
    assert as_stored(where, turn, back=True)[0, 0].tolist() == pytest.approx([x, y], abs=1e-3)
    seen = squares(stored, turn, torch.tensor([[[383.5, 283.5]] * 2]), torch.full((1, 2, 1), 64.0), 64)[0, 0, 0]
    assert seen.numpy() == pytest.approx(taken[252:316, 352:416], abs=2e-3)


def some_films(shown):
    """As many films of noise, with an implant on the sides that are named: 0 right, 1 left."""
    rng = np.random.default_rng(5)
    detections = np.full((len(shown), 6, 5), [150, 200, 400, 420, 0.0], np.float32)
    for film, sides in enumerate(shown):
        detections[film, [1 + 2 * side for side in sides], 4] = 0.8
    known = {
        "image": rng.integers(0, 256, (len(shown), CANVAS_SIZE, CANVAS_SIZE), dtype=np.uint8),
        "view_scores": np.full((len(shown), 6), 1 / 6, np.float32),
        "turn_scores": np.eye(4, dtype=np.float32)[np.arange(len(shown)) % 4],
        "detections": detections,
    }
    return {name: torch.from_numpy(values) for name, values in known.items()}


@pytest.fixture(scope="module")
def cup_graph(tmp_path_factory):
    """The module with untrained networks, and the file that it is exported as."""
    torch.manual_seed(1)
    rim, fine, pelvis = (rounded(net) for net in (rim_net(), rim_net(), pelvis_net()))
    module = CupAngleGraph(rim, fine, pelvis, ScoreCurve()).eval()
    path = tmp_path_factory.mktemp("cup") / "model.onnx"
    names = ("cup_scores", "cup_landmarks", "pelvis_landmarks", "cup_angles", "cup_angle_errors")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's, as below
        export(module, path, some_films([[0], [1]]), names)
    return module, Graph(path)


@pytest.mark.parametrize("shown", [[[]], [[0]], [[1]], [[0, 1]], [[], [1], [0, 1], [0]]], ids=str)
def test_the_exported_graph_answers_as_the_module_however_many_sides_are_looked_at(cup_graph, shown):
    module, graph = cup_graph
    films = some_films(shown)
    with torch.no_grad():
        wanted = module(*films.values())
    told = graph({name: values.numpy() for name, values in films.items()})
    for values, name in list(zip(wanted, graph.outputs, strict=True))[:3]:  # all the rest follows from the landmarks
        assert told[name] == pytest.approx(values.numpy(), abs=0.02), name
    looked_at = [[side in sides for side in (0, 1)] for sides in shown]
    for name in ("cup_scores", "cup_landmarks", "cup_angles", "cup_angle_errors"):
        assert told[name].reshape(len(shown), 2, -1).any(2).tolist() == looked_at, name


@pytest.mark.parametrize("badly", [False, True])
def test_a_rim_is_measured_again_in_a_crop_around_what_was_measured(cup_graph, monkeypatch, badly):
    module, _ = cup_graph
    crops, rims = [], []

    def noted(film, turn, centre, side):
        crops.append((centre.flatten().tolist(), side.flatten().tolist()))
        return CupAngleGraph.crops(film, turn, centre, side)

    def measured(*look):
        rims.append(CupAngleGraph._landmarks(module, *look))
        return rims[-1]

    monkeypatch.setattr(module, "crops", noted)
    monkeypatch.setattr(module, "_landmarks", measured)
    monkeypatch.setattr("training.cup_graph.misplaced", lambda *_: torch.tensor([[badly, badly]]))
    with torch.no_grad():
        _, landmarks, *_ = module(*some_films([[0]]).values())
    coarse, first, again, last = rims
    closer = again if badly else first
    around = [(coarse, FINE_MARGIN), (first, FINE_MARGIN), (closer, CLOSEST_MARGIN)]
    for index, ((found, margin), (centres, sides)) in enumerate(zip(around, crops[1:4], strict=True)):
        if index == 1 and not badly:
            assert centres == sides == []  # not a crop is drawn
            continue
        upper, lower = found.points[0, 0, :2]
        assert centres == pytest.approx(((upper + lower) / 2).tolist())
        assert sides == pytest.approx([margin * max(LEAST_RIM, (upper - lower).norm().item())])
    middle = (closer.points + last.points) / 2
    assert landmarks[0, 0, :, :2].numpy() == pytest.approx(middle[0, 0].numpy(), abs=1e-3)


def test_both_faces_of_a_crop_give_the_same_rim_in_the_mirror():
    torch.manual_seed(2)
    net, crops = rim_net().eval(), torch.rand(2, 1, CROP, CROP)
    with torch.no_grad():
        points, covariance, logits = seen_from_both_faces(net, crops)
        mirrored, its_covariance, of_mirrored = seen_from_both_faces(net, crops.flip(3))
    assert mirrored[..., 1].numpy() == pytest.approx(points[..., 1].numpy(), abs=1e-3)
    assert mirrored[..., 0].numpy() == pytest.approx(CROP - 1 - points[..., 0].numpy(), abs=1e-3)
    assert (its_covariance * torch.tensor([1, 1, -1])).numpy() == pytest.approx(covariance.numpy(), rel=1e-3, abs=0.1)
    assert of_mirrored.numpy() == pytest.approx(logits.numpy(), abs=1e-4)


def test_both_faces_of_a_pelvis_give_the_same_ischia_in_the_mirror_with_the_sides_exchanged():
    torch.manual_seed(3)
    net, crops = pelvis_net().eval(), torch.rand(2, 1, PELVIS, PELVIS)
    with torch.no_grad():
        points, covariance = ischia_from_both_faces(net, crops)
        mirrored, its_covariance = ischia_from_both_faces(net, crops.flip(3))
    assert mirrored[..., 1].numpy() == pytest.approx(points.flip(1)[..., 1].numpy(), abs=1e-3)
    assert mirrored[..., 0].numpy() == pytest.approx(PELVIS - 1 - points.flip(1)[..., 0].numpy(), abs=1e-3)
    turned = its_covariance.flip(1) * torch.tensor([1, 1, -1])
    assert turned.numpy() == pytest.approx(covariance.numpy(), rel=1e-3, abs=0.1)


def test_a_rim_that_looks_otherwise_in_the_mirror_is_stated_as_less_certain():
    torch.manual_seed(2)
    net, crops = rim_net().eval(), torch.rand(2, 1, CROP, CROP)
    with torch.no_grad():
        points, covariance, logits = seen_from_both_faces(net, crops)
        one, _, stated = seen(net, crops)
    apart = 2 * (points - one).norm(dim=-1)  # of the two answers, whose middle was given
    assert (apart > 0).all()
    assert (covariance[..., :2].sum(-1) >= apart**2 - 4 * BLOB).all()  # whatever the maps say beside it
    assert (logits[:, 1:].exp() >= apart).all()
    assert (logits[:, 1:].exp() >= 0.5 * stated[:, 1:].exp()).all()


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"  # of the TorchScript exporter, as long as it is the one TensorRT reads best
)
def test_fp16_storage_keeps_what_the_graph_computes(tmp_path):
    ort = pytest.importorskip("onnxruntime")
    path = tmp_path / "net.onnx"
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 64, 3), torch.nn.SiLU(), torch.nn.Conv2d(64, 4, 3)).eval()
    image = torch.rand(1, 1, 16, 16)
    torch.onnx.export(net, (image,), str(path), input_names=["x"], opset_version=17, dynamo=False)
    whole = path.stat().st_size
    before = ort.InferenceSession(str(path)).run(None, {"x": image.numpy()})[0]
    store_fp16(path)
    after = ort.InferenceSession(str(path)).run(None, {"x": image.numpy()})[0]
    assert path.stat().st_size < 0.7 * whole
    assert after == pytest.approx(before, abs=2e-3)


@pytest.mark.parametrize("share", ["nothing=0.5", "fine", "fine=1.5", "fine=half"])
def test_a_share_of_no_network_or_beyond_a_whole_is_refused(share, monkeypatch, capsys):
    monkeypatch.setattr(
        "sys.argv", ["export", "--runs", "r", "--films", "f", "--validation", "v", "--deployed-share", share]
    )
    with pytest.raises(SystemExit):
        exporting.main()
    assert "--deployed-share" in capsys.readouterr().err


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_mean_of_two_networks_lies_between_them_and_leaves_both_alone(share):
    torch.manual_seed(3)
    one, other = rounded(letters.new_net()), rounded(letters.new_net())
    kept = [[weight.clone() for weight in net.parameters()] for net in (one, other)]
    mean = between(one, other, share)
    for weight, first, second in zip(mean.parameters(), *kept, strict=True):
        assert weight.detach().numpy() == pytest.approx(
            (share * first + (1 - share) * second).detach().numpy(), abs=1e-6
        )
    for net, before in zip((one, other), kept, strict=True):
        assert all((weight == same).all() for weight, same in zip(net.parameters(), before, strict=True))


class Quarters(torch.nn.Module):
    """Tells views by which quarter of a film is lit, and the turn by which side; the second look's twice as loud."""

    def __init__(self, *, shows_hip):
        super().__init__()
        self.other, self.looks = torch.full((1, 1), -1.0 if shows_hip else 9.0), 0

    def pooled(self, x):
        """(B, 1, 128, 128) to (B, 4): upper left, upper right, lower left, lower right."""
        return torch.nn.functional.avg_pool2d(x, 64).flatten(1)

    def classify(self, features):
        """The quarters as four of the six views; the sides, from the top on clockwise."""
        self.looks += 1
        sides = features[:, [0, 1, 2, 0]] + features[:, [1, 3, 3, 2]]
        return torch.cat((features, torch.zeros(1, 1), self.other, self.looks * sides), 1)


@pytest.mark.parametrize("shows_hip", [True, False])
@pytest.mark.parametrize("quarters", range(4))
def test_the_second_look_of_the_classifier_is_in_a_mirror_and_at_an_upright_hip(shows_hip, quarters):
    lit = np.array([[1.0, 0.4], [0.0, 0.0]])  # of the film as it was taken: most at the top
    stored = np.rot90(lit, -quarters)
    half = CANVAS_SIZE // 2
    film = torch.from_numpy(np.kron(255 * stored, np.ones((half, half))).astype(np.uint8))[None]
    graph = ClassifierGraph(Quarters(shows_hip=shows_hip), 128, Outliers(4, 6, 2))
    views, turns, features = graph.seen(film)
    again = np.fliplr(lit if shows_hip else stored)
    assert views[0, :4].tolist() == pytest.approx(((stored + again) / 2).ravel().tolist(), abs=1e-4)
    assert turns[0].tolist() == pytest.approx(np.roll([1.5 * 1.4, 1.5 * 0.4, 0, 1.5], quarters).tolist(), abs=1e-4)
    assert features[0].tolist() == pytest.approx(stored.ravel().tolist(), abs=1e-4)


def test_what_was_known_before_a_look_counts_for_a_film_that_is_not_turned():
    film = torch.full((1, CANVAS_SIZE, CANVAS_SIZE), 255, dtype=torch.uint8)  # both looks: no side rather than another
    graph = ClassifierGraph(Quarters(shows_hip=True), 128, Outliers(4, 6, 2), (1.0, 2.0), math.log(7))
    _, turns, _ = graph(film)
    assert turns[0].tolist() == pytest.approx([0.7, 0.1, 0.1, 0.1], abs=1e-4)


@pytest.mark.parametrize("back", range(4))
@pytest.mark.parametrize("stored", range(4))
def test_what_a_look_in_the_mirror_says_of_a_turn_is_said_of_the_film_as_it_is_stored(stored, back):
    taken = torch.tensor([[[[3.0, 3.0], [1.0, 1.0]]]])  # the same in a mirror
    film, turn = torch.rot90(taken, -stored, (2, 3)), torch.eye(4)[[back]]
    mirrored = upright(film, turn).flip(3)
    (says,) = [way for way in range(4) if torch.equal(torch.rot90(taken, -way, (2, 3)), mirrored)]
    assert seen_before(torch.eye(4)[[says]], turn).tolist() == torch.eye(4)[[stored]].tolist()
