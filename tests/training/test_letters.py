"""Crops of letters show what the graph looks at, and are called what the truth says."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from ingest.records import CANVAS_SIZE  # noqa: E402 - after the skip
from simulation.look.letters import letter  # noqa: E402
from simulation.truth import FilmTruth, MarkerTruth  # noqa: E402
from training.films import LabelledFilm  # noqa: E402
from training.letter_examples import CROP, NONE, READINGS, crop, crop_side, example, reading  # noqa: E402
from training.letter_graph import CLOSE, WIDE, read_letters  # noqa: E402
from training.letters import figures, new_net  # noqa: E402
from training.turns import box_as_stored, turn_of  # noqa: E402

UPRIGHT = torch.tensor([[1.0, 0.0, 0.0, 0.0]])
BOX = (100.0, 200.0, 140.0, 260.0)
AWAY = (500.0, 500.0, 560.0, 560.0)
FURTHER = (20.0, 600.0, 50.0, 640.0)


def truth(*markers):
    return FilmTruth(1, 1, "other", "unknown", (), markers, None, None, 0.2, CANVAS_SIZE, CANVAS_SIZE)


def film_of_letter(side="right", *, mirrored=False):
    """A black film with one letter, as tall as 60 pixels, and its box."""
    letters = (letter(np.random.default_rng(seed), side, 50.0) for seed in range(99))
    stamp = next(drawn.stamp for drawn in letters if not drawn.face_down)
    stamp = stamp[:, ::-1] if mirrored else stamp
    canvas = np.zeros((CANVAS_SIZE, CANVAS_SIZE), np.uint8)
    height, width = stamp.shape
    canvas[200 : 200 + height, 100 : 100 + width] = stamp * 255
    box = (100.0, 200.0, 99.0 + width, 199.0 + height)
    return LabelledFilm(canvas, truth(MarkerTruth(side, box, mirrored))), box


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_box_on_a_letter_reads_as_the_letter_stands(side, mirrored):
    wanted = READINGS.index(side + "_mirrored" * mirrored)
    told = truth(MarkerTruth(side, BOX, mirrored))
    assert reading(told, BOX) == wanted
    assert reading(told, (95.0, 210.0, 150.0, 255.0)) == wanted
    assert reading(told, AWAY) == NONE


@pytest.mark.parametrize(
    "box", [(100.0, 200.0, 110.0, 215.0), (130.0, 240.0, 200.0, 300.0), (0.0, 100.0, 240.0, 360.0)]
)
def test_a_box_with_a_part_of_a_letter_or_much_beside_it_is_not_learnt_from(box):
    assert reading(truth(MarkerTruth("left", BOX)), box) is None


def test_a_letter_that_may_be_read_or_not_is_not_learnt_from():
    faint = replace(truth(), faint_markers=(MarkerTruth("left", BOX),))
    assert reading(faint, BOX) is None
    assert reading(faint, AWAY) == NONE


def test_a_crop_is_centred_on_its_box_and_wider_than_it():
    film, box = film_of_letter()
    seen = crop(film.canvas, box)
    rows, columns = np.nonzero(seen > 0.3)
    assert (rows.min() + rows.max()) / 2 == pytest.approx((CROP - 1) / 2, abs=1)
    assert (columns.min() + columns.max()) / 2 == pytest.approx((CROP - 1) / 2, abs=1)
    drawn = max(np.ptp(rows), np.ptp(columns)) + 1
    assert drawn == pytest.approx(CROP * max(box[2] - box[0], box[3] - box[1]) / crop_side(box), abs=2)


def test_a_mirrored_example_is_called_mirrored():
    """What an example shows is the letter or its mirror image, whatever else is changed; its name says which."""
    film, box = film_of_letter("left")
    kept, names = [], set()
    for seed in range(500):
        image, label = example(film, [box, box], np.random.default_rng(seed))
        assert image.shape == (CROP, CROP)
        names.add(READINGS[label])
        if READINGS[label].startswith("left"):
            kept.append((image, label == READINGS.index("left_mirrored")))
    assert names >= {"left", "left_mirrored", "none"}
    plain = crop(film.canvas, box)
    alike = [
        (np.corrcoef(image.ravel(), plain.ravel())[0, 1], np.corrcoef(image.ravel(), plain[:, ::-1].ravel())[0, 1], way)
        for image, way in kept
    ]
    sure = [(across > straight) == way for straight, across, way in alike if max(straight, across) > 0.65]
    assert len(sure) > 15  # the others are other letters, laid onto the film besides
    assert all(sure)


def test_a_plain_example_keeps_its_look():
    grey = LabelledFilm(np.full((CANVAS_SIZE, CANVAS_SIZE), 120, np.uint8), truth())
    inside = (250.0, 250.0, 280.0, 280.0)
    kept = {}  # share of examples most of which is as grey as the film: some have a letter laid on
    for plain in (True, False):
        made = [example(grey, [inside] * 2, np.random.default_rng(seed), plain=plain)[0] for seed in range(40)]
        kept[plain] = np.mean([abs(np.median(image) * 255 - 120) < 0.01 for image in made])
    assert kept[True] > 0.5 > kept[False]


class Told(torch.nn.Module):
    """Answers crops one after the other with chances that a test gives, first as they are, then in a mirror.

    Keeps what it was asked. ``wide``: chances of the second look, where they are not those of the first.
    """

    def __init__(self, *chances, wide=None):
        super().__init__()
        self.logits = torch.tensor([*chances, *(mirrored(one) for one in wide or chances)]).log()
        self.crops = None

    def forward(self, crops):
        """The same, whatever is shown."""
        self.crops = crops
        return self.logits


def mirrored(chances):
    """What the same crop reads in a mirror."""
    return [*chances[2:4], *chances[:2], chances[4]]


R, L, R_MIRRORED, NOTHING = (
    [0.9, 0.02, 0.06, 0.01, 0.01],
    [0.01, 0.95, 0.01, 0.02, 0.01],
    [0.2, 0.01, 0.7, 0.05, 0.04],
    [0.01, 0.01, 0.01, 0.01, 0.96],
)


@pytest.mark.parametrize(
    ("chances", "boxes", "read", "ways"),
    [
        ((R, L), [0, 1], [0.96, 0.97], [0.06 / 0.96, 0.02 / 0.97]),
        ((L, R), [1, 0], [0.96, 0.97], [0.06 / 0.96, 0.02 / 0.97]),
        ((R_MIRRORED, NOTHING), [0, 0], [0.9, 0.06], [0.7 / 0.9, 0.05 / 0.06]),
        ((NOTHING, L), [None, 1], [0.02, 0.97], [0.5, 0.02 / 0.97]),
        ((NOTHING, L, R), [2, 1], [0.96, 0.97], [0.06 / 0.96, 0.02 / 0.97]),
    ],
    ids=["each in its own", "each in the other's", "one mirrored", "left alone", "not in the likeliest"],
)
def test_each_side_gets_the_box_that_reads_most_like_it(chances, boxes, read, ways):
    film, places = torch.zeros(1, 1, CANVAS_SIZE, CANVAS_SIZE), (BOX, AWAY, FURTHER)[: len(chances)]
    even = torch.full((1, len(places)), 0.5)
    picked, score, way = read_letters(Told(*chances), film, UPRIGHT, torch.tensor([places]), even)
    assert score[0].tolist() == pytest.approx(read, abs=1e-5)
    assert way[0].tolist() == pytest.approx(ways, abs=1e-4)
    for found, index in zip(picked[0].tolist(), boxes, strict=True):
        if index is not None:
            assert found == list(places[index])


def test_what_the_detector_takes_for_a_letter_is_sooner_believed_to_be_one():
    film, places = torch.zeros(1, 1, CANVAS_SIZE, CANVAS_SIZE), torch.tensor([[BOX, AWAY]])
    picked, score, _ = read_letters(Told(R, R), film, UPRIGHT, places, torch.tensor([[0.1, 0.9]]))
    assert picked[0, 0].tolist() == list(AWAY)
    read, likely = 0.96 / 0.04, 0.9 / 0.1  # as odds
    assert score[0, 0].item() == pytest.approx(1 - 1 / (1 + read * likely ** (1 / 3)), abs=1e-4)


def test_a_letter_is_read_by_both_looks():
    """The mean of their logits: two that contradict each other are worth no more than what both leave possible."""
    film, place = torch.zeros(1, 1, CANVAS_SIZE, CANVAS_SIZE), torch.tensor([[BOX]])
    _, score, _ = read_letters(Told(R, wide=[NOTHING]), film, UPRIGHT, place, torch.tensor([[0.5]]))
    both = np.sqrt(np.array(R) * NOTHING)
    assert score[0].tolist() == pytest.approx((both[[0, 1]] + both[[2, 3]]) / both.sum(), abs=1e-5)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_the_graph_looks_at_the_crop_that_was_learnt_from_however_the_film_is_stored(quarters):
    film, box = film_of_letter()
    stored = torch.from_numpy(np.rot90(film.canvas, -quarters).copy()).float()[None, None] / 255
    scores = torch.full((1, 4), 0.1)
    scores[0, quarters] = 0.7
    turn = turn_of(scores)
    reader, boxes = Told(R, L), torch.tensor([[box, AWAY]])
    read_letters(reader, stored, turn, boxes, torch.full((1, 2), 0.5))
    close, none_close, wide, none_wide = reader.crops[:, 0].numpy()
    assert np.abs(close - crop(film.canvas, box, margin=CLOSE)).max() < 0.02
    assert np.abs(wide[:, ::-1] - crop(film.canvas, box, margin=WIDE)).max() < 0.02
    assert not none_close.any()
    assert not none_wide.any()
    assert box_as_stored(boxes, turn).shape == boxes.shape


def test_figures_count_letters_by_side_and_way_and_what_is_none():
    films = [film_of_letter("right")[0], film_of_letter("left", mirrored=True)[0]]
    boxes = [[film.truth.markers[0].box, AWAY] for film in films]
    net = new_net()
    with torch.no_grad():
        net.classify.weight.zero_()
        net.classify.bias.copy_(torch.eye(len(READINGS))[0])  # "right", whatever is shown
    found = figures(net.eval(), films, boxes)
    assert found == {"letters": 2, "sides_right": 0.5, "ways_right": 0.5, "none_right": 0.0}
