"""Picks the films that the deployed classifier is least sure of, for a further part of its training.

python -m training.unsure --films films/train --model model_repository/classifier/1/model.onnx --out films/unsure

One film in twenty holds nearly all views that are told wrongly, and half of what the classifier still has to learn.
They are picked by what it believes and not by whether that is true (uncertainty sampling, Lewis and Gale 1994): of
the films that look so, as many are of each view as there really are. ``out`` is a folder of shards like any other.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from training.classifier import Settings, logits_of, new_net
from training.deployed import load_deployed
from training.films import CANVASES, LISTING, finished_shards, load_shard
from training.networks.efficientnet import EfficientNet

SHARE = 0.05  # of the films of each shard


def pick(net: EfficientNet, shard: Path, out: Path, settings: Settings) -> None:
    """Writes the least sure films of one shard as the shard ``out``, in their order; nothing where it is there."""
    if (out / LISTING).exists():
        return
    films, rows = load_shard(shard), (shard / LISTING).read_text().splitlines()
    views, _ = logits_of(net, films, settings)
    sure = views.softmax(1).amax(1).numpy()
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
    parser.add_argument("--films", type=Path, nargs="+", required=True, help="folders of shards to pick from")
    parser.add_argument("--model", type=Path, required=True, help="model.onnx of the deployed classifier")
    parser.add_argument("--out", type=Path, required=True, help="folder for the picked films; shards there are kept")
    args = parser.parse_args()
    if len({folder.resolve().name for folder in args.films}) < len(args.films):
        parser.error("two folders of --films have the same name, and so would their shards in --out")
    settings = Settings()
    net = new_net()
    load_deployed(net, torch.zeros(1, 1, settings.size, settings.size), args.model)
    net = net.eval().to(memory_format=torch.channels_last)
    for folder in args.films:
        for shard in finished_shards(folder):
            pick(net, shard, args.out / f"shard-{folder.resolve().name}-{shard.name}", settings)


if __name__ == "__main__":
    main()
