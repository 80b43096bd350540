r"""Picks the films that a deployed network is least sure of, for a further part of its training.

python -m training.unsure --films films/train --model model_repository/classifier/1/model.onnx --out films/unsure
python -m training.unsure --network detector --films films/train --model model_repository/detector/1/model.onnx \
    --out films/unsure_hips

One film in twenty holds nearly all views that are told wrongly, and half of what the classifier still has to learn.
They are picked by what a network believes and not by whether that is true (uncertainty sampling, Lewis and Gale 1994):
of the films that look so, as many are of each view as there really are. ``out`` is a folder of shards like any other.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training import classifier, detector
from training.deployed import load_deployed
from training.films import CANVASES, LISTING, LabelledFilm, finished_shards, load_shard
from training.networks.efficientnet import EfficientNet
from training.networks.yolo import Yolo

SHARE = 0.05  # of the films of each shard

Sureness = Callable[[Sequence[LabelledFilm]], Tensor]  # of each film (N,), from 0 to 1


def sure_of_views(net: EfficientNet, films: Sequence[LabelledFilm]) -> Tensor:
    """How likely the likeliest view of each film is: (N,)."""
    views, _ = classifier.logits_of(net, list(films), classifier.Settings())
    return views.softmax(1).amax(1)


def sure_of_hips(net: Yolo, films: Sequence[LabelledFilm]) -> Tensor:
    """How far from one half the score of each film's least sure hip is, of either side with metal and without: (N,)."""
    scores = np.stack([best[:4, 4] for best, _ in detector.seen(net, films)])
    return torch.from_numpy(np.abs(2 * scores - 1).min(1))


def deployed(network: str, model: Path) -> Sureness:
    """What ``network``, the classifier or the detector, thinks of films with the weights in ``model``."""
    if network == "detector":
        yolo = detector.new_net(detector.Settings())
        load_deployed(yolo, torch.zeros(1, 1, detector.SIZE, detector.SIZE), model)
        return partial(sure_of_hips, yolo.eval().to(memory_format=torch.channels_last))
    net, size = classifier.new_net(), classifier.Settings().size
    load_deployed(net, torch.zeros(1, 1, size, size), model)
    return partial(sure_of_views, net.eval().to(memory_format=torch.channels_last))


def pick(sureness: Sureness, shard: Path, out: Path) -> None:
    """Writes the least sure films of one shard as the shard ``out``, in their order; nothing where it is there."""
    if (out / LISTING).exists():
        return
    films, rows = load_shard(shard), (shard / LISTING).read_text().splitlines()
    sure = sureness(films).numpy()
    picked = np.sort(np.argsort(sure, kind="stable")[: max(1, round(SHARE * len(films)))])
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / CANVASES, np.stack([films[i].canvas for i in picked]))
    unfinished = out / f"{LISTING}.tmp"
    unfinished.write_text("".join(f"{rows[i]}\n" for i in picked))
    unfinished.rename(out / LISTING)  # last: by it a shard is finished
    print(f"{shard}: {len(picked)} of {len(films)} films, the surest of them {sure[picked].max():.3f}", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=("classifier", "detector"), default="classifier", help="that is asked")
    parser.add_argument("--films", type=Path, nargs="+", required=True, help="folders of shards to pick from")
    parser.add_argument("--model", type=Path, required=True, help="model.onnx of the deployed network")
    parser.add_argument("--out", type=Path, required=True, help="folder for the picked films; shards there are kept")
    args = parser.parse_args()
    if len({folder.resolve().name for folder in args.films}) < len(args.films):
        parser.error("two folders of --films have the same name, and so would their shards in --out")
    sureness = deployed(args.network, args.model)
    for folder in args.films:
        for shard in finished_shards(folder):
            pick(sureness, shard, args.out / f"shard-{folder.resolve().name}-{shard.name}")


if __name__ == "__main__":
    main()
