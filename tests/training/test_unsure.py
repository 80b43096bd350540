"""Which films are picked for a further part of a network's training."""

import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from ingest.records import CANVAS_SIZE  # noqa: E402 - after the skip
from simulation.truth import FilmTruth  # noqa: E402
from training.films import CANVASES, LISTING, load_films  # noqa: E402
from training.unsure import deployed, main, pick, sure_of_hips, sure_of_views  # noqa: E402

REPOSITORY = Path(__file__).parents[2] / "model_repository"


@pytest.fixture
def shard(tmp_path):
    """Forty even films of forty greys, in no order."""
    folder = tmp_path / "films" / "shard-00000"
    folder.mkdir(parents=True)
    greys = np.random.default_rng(1).permutation(40) * 6
    np.save(folder / CANVASES, np.stack([np.full((CANVAS_SIZE, CANVAS_SIZE), grey, np.uint8) for grey in greys]))
    truths = [FilmTruth(int(grey), 1, "other", "unknown", (), (), None, None, 0.5, 768, 768) for grey in greys]
    rows = [json.dumps({"file": f"{t.seed}.png", "truth": json.loads(t.to_json())}) for t in truths]
    (folder / LISTING).write_text("".join(f"{row}\n" for row in rows))
    return folder


class SurerOfWhatIsBrighter(torch.nn.Module):
    """Stands for the network: logits of views and turns, the first view the likelier the brighter a film is."""

    def __init__(self):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.tensor(5.0))

    def forward(self, images):
        """Ten logits of each."""
        logits = torch.zeros(len(images), 10)
        logits[:, 0] = self.slope * images.mean((1, 2, 3))
        return logits


class HipsByGrey(torch.nn.Module):
    """Stands for the detector: a box of each class, of which that of left implants scores as a film is bright."""

    def __init__(self):
        super().__init__()
        self.sure = torch.nn.Parameter(torch.tensor([0.98, 0.04, 0.03, 0.0, 0.5, 0.5]))

    def forward(self, images):
        """Scores (B, 6)."""
        bright = (torch.arange(6) == 3) * images.mean((1, 2, 3))[:, None]
        return self.sure + bright

    def decode(self, scores):
        """Boxes (B, 6, 4) and the scores of each (B, 6, 6): box k is of class k."""
        return torch.zeros(len(scores), 6, 4), torch.diag_embed(scores)


def never(_films):
    """Stands for a network that nothing is to be asked."""
    raise AssertionError("the films were scored again")


def test_the_least_sure_films_are_picked_with_their_truth(tmp_path, shard):
    pick(partial(sure_of_views, SurerOfWhatIsBrighter()), shard, tmp_path / "unsure" / "shard-a")
    picked = load_films(tmp_path / "unsure")
    assert {film.truth.seed for film in picked} == {0, 6}  # one in twenty: the darkest
    assert all((film.canvas == film.truth.seed).all() for film in picked)
    order = [film.truth.seed for film in load_films(shard.parent)]
    assert [film.truth.seed for film in picked] == [seed for seed in order if seed in {0, 6}]


def test_a_film_is_as_sure_as_its_least_sure_hip_and_letters_do_not_count():
    films = [SimpleNamespace(canvas=np.full((CANVAS_SIZE, CANVAS_SIZE), grey, np.uint8)) for grey in (0, 102, 255)]
    assert sure_of_hips(HipsByGrey(), films).tolist() == pytest.approx([0.92, 0.2, 0.92], abs=0.01)


def test_each_network_says_how_sure_it_is_of_a_film():
    films = [SimpleNamespace(canvas=np.full((CANVAS_SIZE, CANVAS_SIZE), grey, np.uint8)) for grey in (0, 128)]
    views, hips = (
        deployed(network, REPOSITORY / network / "1" / "model.onnx")(films) for network in ("classifier", "detector")
    )
    assert views.shape == hips.shape == (2,)
    assert ((views >= 0) & (views <= 1) & (hips >= 0) & (hips <= 1)).all()
    assert hips.min() > 0.9  # even greys: it is sure that there is no hip
    assert views.tolist() != pytest.approx(hips.tolist(), abs=1e-3)


def test_what_was_picked_stays(tmp_path, shard):
    out = tmp_path / "unsure" / "shard-a"
    pick(partial(sure_of_views, SurerOfWhatIsBrighter()), shard, out)
    before = (out / LISTING).read_text()
    pick(never, shard, out)
    assert (out / LISTING).read_text() == before
    assert [path.name for path in sorted(out.iterdir())] == [CANVASES, LISTING]


def test_folders_of_one_name_are_refused_as_their_shards_would_be_one(tmp_path, monkeypatch, capsys):
    folders = [str(tmp_path / place / "train") for place in ("here", "there")]
    monkeypatch.setattr(
        "sys.argv", ["unsure", "--films", *folders, "--model", "m.onnx", "--out", str(tmp_path / "out")]
    )
    with pytest.raises(SystemExit):
        main()
    assert "the same name" in capsys.readouterr().err
