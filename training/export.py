"""Exports the trained networks as ONNX graphs that go from canvas to answer, into the model repository.

    python -m training.export --runs runs --films films/train --validation films/validation films/thresholds

A network without a run stays as it is deployed. With ``--deployed-share detector=0.5`` one whose run went on from the
deployed weights becomes the mean of both, which may err less than either and forget less of what the run saw little of
(Wortsman 2022, WiSE-FT); an export after that finds the mean deployed. By what features the fine network tells a cup
is fitted on the training films each time; what turns scores into chances, the intervals around the angles and the
thresholds on the validation films, for all three models together. With ``--keep classifier cup_angle`` these models
stay as they are, to the byte: nothing of theirs is fitted, the thresholds are.
Weights are stored as fp16 and cast to fp32 where they are used, which halves the files and leaves the arithmetic alone.
"""

import argparse
import copy
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from training import classifier, cup_angle, cup_presence, detector, fitting, letters, parity, thresholds
from training.deployed import OtherNetworkError, load_deployed
from training.ensemble import INPUTS, OUTPUTS, TENSORS, Kept, Networks
from training.films import VIEWS, LabelledFilm, load_films
from training.loop import begun, load_average
from training.networks.landmarks import LandmarkNet
from training.onnx_files import rounded

RUNS = ("classifier", "detector", "letters", *cup_angle.KINDS)
KNOWN_FILMS = 2000  # of the training films, that the outlier score knows


def networks(runs: Path, repository: Path, size: int, deployed_shares: Mapping[str, float]) -> Networks:
    """Each as it will be stored, from its run in ``runs``, or, where there is none, from the deployed graph.

    ``deployed_shares`` are those of the deployed weights in networks that have a run, none where it does not say. A
    network that is not deployed yet is the run's.
    """
    models = {name: repository / name / "1" / "model.onnx" for name in ("classifier", "detector", "cup_angle")}
    whole = torch.zeros(1, 1, detector.SIZE, detector.SIZE)

    def of(kind: str, net: nn.Module, deployed: Callable[[nn.Module], object]) -> nn.Module:
        if not begun(runs / kind):
            print(f"{kind}: as deployed")
            deployed(net)
            return rounded(net)
        before = copy.deepcopy(net)
        learnt = load_average(net, runs / kind)
        try:
            deployed(before)
        except OtherNetworkError:
            return rounded(learnt)
        return rounded(between(rounded(before), rounded(learnt), deployed_shares.get(kind, 0.0)))

    def landmarks(kind: str) -> nn.Module:
        return of(kind, cup_angle.new_net(kind), lambda net: cup_angle.load(net, kind, models["cup_angle"]))

    small = whole[..., :size, :size]
    return Networks(
        view=of("classifier", classifier.new_net(), lambda net: load_deployed(net, small, models["classifier"])),
        yolo=of(
            "detector", detector.new_net(detector.Settings()), lambda net: load_deployed(net, whole, models["detector"])
        ),
        letters=of("letters", letters.new_net(), lambda net: letters.load(net, models["detector"])),
        **{kind: landmarks(kind) for kind in cup_angle.KINDS},
    )


def between(one: nn.Module, other: nn.Module, share: float) -> nn.Module:
    """A network of the mean of two networks' weights, ``share`` of the first's; their normalisations are folded."""
    mean = copy.deepcopy(other)
    with torch.no_grad():
        for weight, first, second in zip(mean.parameters(), one.parameters(), other.parameters(), strict=True):
            weight.copy_(share * first + (1 - share) * second)
    return mean


def _share(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    if name not in RUNS or not 0 <= float(share) <= 1:
        raise ValueError(text)  # which argparse tells
    return name, float(share)


def _telling_cups(nets: Networks, films: list[LabelledFilm]) -> LandmarkNet:
    """The fine network with the line that tells a cup; says so where the films show too little to fit one."""
    fine = cup_presence.taught(nets.rim, nets.fine, films)
    if fine is nets.fine:
        print(f"fine: tells a cup as before; fewer than {cup_presence.LEAST_WITHOUT} hips with metal have none")
    return fine


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True, help="folder with the networks' runs")
    parser.add_argument(
        "--films",
        type=Path,
        nargs="+",
        default=[],
        help="training films: what the outlier score knows, and what tells of a cup; none where both are kept",
    )
    parser.add_argument("--validation", type=Path, nargs="+", required=True, help="films on which all else is fitted")
    parser.add_argument("--limit", type=int, help="at most this many films of either, to try it")
    parser.add_argument(
        "--deployed-share",
        type=_share,
        nargs="+",
        default=[],
        metavar="NETWORK=SHARE",
        help="of the deployed weights beside a run's",
    )
    parser.add_argument(
        "--keep", choices=tuple(INPUTS), nargs="+", default=[], help="models that stay as they are deployed"
    )
    parser.add_argument("--repository", type=Path, default=Path("model_repository"))
    parser.add_argument("--size", type=int, default=classifier.Settings().size, help="the classifier's input pixels")
    parser.add_argument("--samples", type=Path, default=Path("samples"), help="DICOM films to answer for the tests")
    parser.add_argument(
        "--parity", type=Path, default=Path("tests/model_repository/parity.json"), help="where the answers go"
    )
    args = parser.parse_args()
    nets = networks(args.runs, args.repository, args.size, dict(args.deployed_share))
    learnt_from = [film for folder in args.films for film in load_films(folder)][: args.limit]
    known = learnt_from[:KNOWN_FILMS]
    held_out = [film for folder in args.validation for film in load_films(folder)][: args.limit]
    try:
        fitting.check_shown(VIEWS if "classifier" in args.keep else {film.truth.view for film in known}, held_out)
    except fitting.LackingFilmsError as error:
        parser.error(str(error))
    if "cup_angle" not in args.keep:
        nets = replace(nets, fine=_telling_cups(nets, learnt_from))
    kept = {name: Kept(name, args.repository) for name in args.keep}
    ensemble, raws = fitting.fitted(nets, args.size, known, held_out, kept)
    config = args.repository / "tha_radiograph" / "config.pbtxt"
    chosen = thresholds.choose(held_out, raws, thresholds.served(config))
    print(chosen)
    for path in ensemble.write(args.repository):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, sha256 {digest}")
    thresholds.write(chosen, config)
    unchanged = [tensor for name in kept for tensor in OUTPUTS[name] if tensor in TENSORS]
    parity.write(args.parity, parity.canvases(args.samples), ensemble.by_torch, unchanged)


if __name__ == "__main__":
    main()
