"""What the detector learns from: a hip is there as long as enough of it is."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from ingest.records import CANVAS_SIZE, View  # noqa: E402 - after the skip
from simulation.truth import FilmTruth, HipTruth, MarkerTruth  # noqa: E402
from training.detector import LETTER_BOXES, Settings, example, found, more_of_rare, new_net  # noqa: E402
from training.films import LabelledFilm  # noqa: E402
from training.graphs import DetectorGraph, ScoreCurve  # noqa: E402
from training.letters import new_net as new_net_of_letters  # noqa: E402
from training.networks.yolo_loss import assign, loss  # noqa: E402

FILM = LabelledFilm(
    np.zeros((CANVAS_SIZE, CANVAS_SIZE), np.uint8),
    FilmTruth(
        seed=1,
        person=1,
        view="ap_pelvis",
        side="right",
        hips=(HipTruth("right", (0.0, 250.0, 150.0, 500.0), 1.0, "none", None),),
        markers=(),
        ischium_right=None,
        ischium_left=None,
        spacing_mm=0.5,
        width=CANVAS_SIZE,
        height=CANVAS_SIZE,
    ),
)


def drawn(visible_fraction=1.0, **changes):
    """Of 60 examples drawn from the same seeds: those that have the hip in them, and those that ask for it."""
    hip = replace(FILM.truth.hips[0], visible_fraction=visible_fraction)
    film = LabelledFilm(FILM.canvas, replace(FILM.truth, **({"hips": (hip,)} | changes)))
    examples = [example(film, np.random.default_rng(seed)) for seed in range(60)]
    there = {seed for seed, (_, boxes, _) in enumerate(examples) if (np.diff(boxes[:, [0, 2]]) > 50).any()}
    return there, {seed for seed, (_, _, classes) in enumerate(examples) if classes[:, :4].any()}


def test_a_hip_that_the_film_cuts_already_is_gone_sooner():
    """Of three quarters half are two fifths of a hip, which nobody is asked for; of a half half are nothing."""
    (there, asked), (cut_there, cut_asked), (halved_there, halved_asked) = drawn(), drawn(0.75), drawn(0.5)
    assert len(asked) > 20
    assert cut_asked < asked < there
    assert not halved_asked
    assert 20 < len(halved_there) < len(cut_there) <= len(there)


def test_a_hip_that_a_reader_may_leave_out_is_no_background_either():
    hip = FILM.truth.hips[0]
    for changes in ({"hips": (), "cut_hips": (hip,)}, {"hips": (replace(hip, contrast=0.01),)}):
        there, asked = drawn(**changes)
        assert not asked
        assert len(there) > 30


def test_a_plain_example_keeps_its_look_and_nearly_its_place():
    """No grey that the film has not, but where it was moved in from the outside; no letter laid on.

    A quarter is a part of the film, larger by as much as such a part is.
    """
    grey, whole = LabelledFilm(np.full_like(FILM.canvas, 120), FILM.truth), 0
    for seed in range(20):
        image, boxes, classes = example(grey, np.random.default_rng(seed), plain=True)
        inner = image[48:-48, 48:-48]
        assert np.abs(inner * 255 - 120).max() < 0.01
        assert (len(boxes), classes.sum()) == (1, 1)
        grown = (boxes[0, 3] - boxes[0, 1]) / 125
        assert 0.9 < grown < 2.1
        if grown < 1.1:
            whole += 1
            assert np.abs(boxes[0] - (0, 125, 75, 250)).max() < 40
    assert 10 < whole < 20


def test_a_film_of_a_resurfacing_is_met_three_times_and_any_other_once():
    resurfaced = replace(FILM.truth, hips=(*FILM.truth.hips, replace(FILM.truth.hips[0], implant="resurfacing")))
    films = [FILM, LabelledFilm(FILM.canvas, resurfaced)]
    assert sorted(map(id, more_of_rare(films))) == sorted(map(id, [FILM, *films[1:] * 3]))


def test_a_faint_letter_is_no_background_either():
    letter = MarkerTruth("left", (300.0, 300.0, 500.0, 500.0))
    there, asked = drawn(hips=(), faint_markers=(letter,))
    assert not asked
    assert len(there) > 50


def test_what_may_be_told_or_not_costs_nothing_where_it_is():
    """A network that sees an object is as right as one that sees none; beside another object that is not so."""
    torch.manual_seed(1)
    net = new_net(Settings()).eval()
    with torch.no_grad():
        levels = net(torch.rand(1, 1, 384, 384))
    here = torch.tensor([[0.0, 100, 100, 90, 110, 0, 0, 0, 0, 0, 0]])
    elsewhere = torch.tensor([[0.0, 300, 300, 90, 110, 1, 0, 0, 0, 0, 0]])
    cells = [assign(net, level, raw.shape, here)[:4] for level, raw in enumerate(levels)]
    seen = [raw.clone() for raw in levels]
    for raw, (film, anchor, row, column) in zip(seen, cells, strict=True):
        raw[film, anchor, row, column, 4] += 6
    doubtful, nothing = torch.cat([here, elsewhere]), elsewhere
    assert loss(net, seen, doubtful) == pytest.approx(float(loss(net, levels, doubtful)), abs=1e-6)
    assert loss(net, seen, nothing) > loss(net, levels, nothing) + 1e-3
    assert loss(net, levels, doubtful) == pytest.approx(float(loss(net, levels, nothing)), abs=1e-3)
    assert torch.isfinite(loss(net, levels, here))


class Told:
    """Answers with boxes and scores that a test gives."""

    def __init__(self, boxes, scores):
        self.told = torch.tensor([boxes], dtype=torch.float32), torch.tensor([scores], dtype=torch.float32)

    def __call__(self, images):
        """Raw levels; these are of no interest."""
        return images

    def decode(self, _levels):
        """The same, whatever is shown."""
        return self.told


def test_letters_are_looked_for_where_they_may_lie_whichever_side_they_say():
    """Two boxes of one letter, one of another side's, one that is hardly likely: three places, the likeliest first."""
    hip, letter, again = [100, 100, 200, 200], [10, 10, 20, 22], [12, 11, 22, 22]
    other, faint = [300, 10, 310, 22], [10, 300, 20, 312]
    none = [0.0] * 6
    scores = [
        [0.8, 0.1, 0, 0, 0.3, 0.2],
        [*none[:4], 0.9, 0.85],
        [*none[:4], 0.7, 0.88],
        [*none[:4], 0.1, 0.6],
        [*none[:4], 0.05, 0.01],
    ]
    best, letters = found(Told([hip, letter, again, other, faint], scores), torch.zeros(1, 1, 384, 384))
    assert letters.shape == (1, LETTER_BOXES, 5)
    assert letters[0, :, 4].tolist() == pytest.approx([0.9, 0.6, 0.3])
    # What a hip's box is taken for matters: a reader looks closer.
    assert letters[0, :, :4].tolist() == [letter, other, hip]
    assert best[0, 0].tolist() == pytest.approx([*hip, 0.8])
    assert best[0, 4:, :4].tolist() == [letter, again]


class Mirrored(Told):
    """Answers as given, and in a mirror with other boxes and scores; films are even, but for a bright left edge."""

    def __init__(self, boxes, scores, boxes_there, scores_there):
        super().__init__(boxes, scores)
        self.there = torch.tensor([boxes_there], dtype=torch.float32), torch.tensor([scores_there], dtype=torch.float32)
        self.looks = []

    def __call__(self, images):
        """Noted; what they show decides."""
        self.looks.append(images)
        return images

    def decode(self, images):
        """By which edge is bright, of each film."""
        is_mirror = (images[:, 0, 0, -1] > images[:, 0, 0, 0]).view(-1, 1, 1)
        return tuple(torch.where(is_mirror, there, here) for here, there in zip(self.told, self.there, strict=True))


def looked_at(net):
    """What the graph says of the hips of a film that is bright at its left."""
    image = torch.zeros(1, CANVAS_SIZE, CANVAS_SIZE, dtype=torch.uint8)
    image[..., :8] = 255
    graph = DetectorGraph(net, new_net_of_letters().eval(), ScoreCurve(), ScoreCurve(), ScoreCurve())
    with torch.no_grad():
        detections, _ = graph(image, torch.zeros(1, len(View)), torch.eye(4)[:1])
    return detections[0, :4]


def mean_chance(*scores):
    """Of the mean of their logits."""
    return 1 / (1 + np.exp(-np.mean([np.log(p / (1 - p)) for p in scores])))


def test_a_hip_that_the_network_is_not_sure_of_is_looked_at_in_a_mirror_too():
    """There it is a left hip at the right, much surer; the native right hip is there as well, and a worse one."""
    implant, native = [40, 100, 100, 200], [50, 110, 90, 190]
    net = Mirrored(
        [implant, native], [[0, 0.4, 0, 0, 0, 0], [0.3, 0, 0, 0, 0, 0]],
        [[280, 98, 340, 204], [300, 0, 384, 50]], [[0, 0, 0, 0.9, 0, 0], [0, 0, 0.1, 0, 0, 0]],
    )  # fmt: skip
    hips = looked_at(net)
    assert [len(films) for films in net.looks] == [1, 1]
    assert hips[1].tolist() == pytest.approx([*(2 * v - 0.5 for v in (44, 98, 104, 204)), mean_chance(0.4, 0.9)])
    assert hips[0].tolist() == pytest.approx([*(2 * v - 0.5 for v in native), mean_chance(0.3, 0.1)])


def test_the_second_look_counts_for_nothing_where_it_begins():
    """So that a score that differs by a hair, as in another precision, is no other answer."""

    def told(score):
        there = [[280, 98, 340, 204]], [[0, 0, 0, 0.9, 0, 0]]
        return float(looked_at(Mirrored([[40, 100, 100, 200]], [[0, score, 0, 0, 0, 0]], *there))[1, 4])

    assert told(0.7999) == pytest.approx(told(0.8001), abs=1e-3)
    assert told(0.1001) == pytest.approx(told(0.0999), abs=1e-2)
    assert told(0.5) == pytest.approx(mean_chance(0.5, 0.9))


def test_what_the_network_is_sure_of_is_not_looked_at_again():
    net = Mirrored(
        [[40, 100, 100, 200]], [[0.02, 0.97, 0, 0, 0, 0]], [[280, 98, 340, 204]], [[0, 0, 0.9, 0, 0, 0]]
    )  # fmt: skip
    hips = looked_at(net)
    assert [len(films) for films in net.looks] == [1, 0]
    assert hips[:2, 4].tolist() == pytest.approx([0.02, 0.97])
