"""Exports the trained networks as ONNX graphs that go from canvas to answer, into the model repository.

    python -m training.export --runs runs --films films/train --validation films/validation films/thresholds

A network without a run stays as it is deployed. What turns scores into chances, the intervals around the angles and the
thresholds is fitted on the validation films each time, for all three models together.
Weights are stored as fp16 and cast to fp32 where they are used, which halves the files and leaves the arithmetic alone.
"""

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from training import classifier, cup_angle, detector, parity, thresholds
from training.deployed import load_deployed
from training.ensemble import Networks, fitted
from training.films import load_films
from training.loop import begun, load_average
from training.onnx_files import rounded

KNOWN_FILMS = 2000  # of the training films, that the outlier score knows


def networks(runs: Path, repository: Path, size: int) -> Networks:
    """Each as it will be stored, from its run in ``runs``, or, where there is none, from the deployed graph."""
    models = {name: repository / name / "1" / "model.onnx" for name in ("classifier", "detector", "cup_angle")}
    whole = torch.zeros(1, 1, detector.SIZE, detector.SIZE)

    def of(kind: str, net: nn.Module, deployed: Callable[[nn.Module], object]) -> nn.Module:
        if begun(runs / kind):
            return rounded(load_average(net, runs / kind))
        print(f"{kind}: as deployed")
        deployed(net)
        return rounded(net)

    def landmarks(kind: str) -> nn.Module:
        return of(kind, cup_angle.new_net(kind), lambda net: cup_angle.load(net, kind, models["cup_angle"]))

    small = whole[..., :size, :size]
    return Networks(
        view=of("classifier", classifier.new_net(), lambda net: load_deployed(net, small, models["classifier"])),
        yolo=of(
            "detector", detector.new_net(detector.Settings()), lambda net: load_deployed(net, whole, models["detector"])
        ),
        **{kind: landmarks(kind) for kind in cup_angle.KINDS},
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True, help="folder with classifier, detector, rim, fine, pelvis")
    parser.add_argument("--films", type=Path, required=True, help="training films: what the outlier score knows")
    parser.add_argument("--validation", type=Path, nargs="+", required=True, help="films on which all else is fitted")
    parser.add_argument("--limit", type=int, help="at most this many films of either, to try it")
    parser.add_argument("--repository", type=Path, default=Path("model_repository"))
    parser.add_argument("--size", type=int, default=classifier.Settings().size, help="the classifier's input pixels")
    parser.add_argument("--samples", type=Path, default=Path("samples"), help="DICOM films to answer for the tests")
    parser.add_argument(
        "--parity", type=Path, default=Path("tests/model_repository/parity.json"), help="where the answers go"
    )
    args = parser.parse_args()
    nets = networks(args.runs, args.repository, args.size)
    known = load_films(args.films)[:KNOWN_FILMS][: args.limit]
    held_out = [film for folder in args.validation for film in load_films(folder)][: args.limit]
    ensemble, raws = fitted(nets, args.size, known, held_out)
    chosen = thresholds.choose(held_out, raws)
    print(chosen)
    for path in ensemble.write(args.repository):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, sha256 {digest}")
    thresholds.write(chosen, args.repository / "tha_radiograph" / "config.pbtxt")
    parity.write(args.parity, parity.canvases(args.samples), ensemble.by_torch)


if __name__ == "__main__":
    main()
