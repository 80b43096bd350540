"""Exports the trained networks as ONNX graphs that go from canvas to answer, into the model repository.

    python -m training.export --runs runs --validation films/validation

Weights are stored as fp16 and cast to fp32 where they are used, which halves the files and leaves the arithmetic alone.
"""

import argparse
import hashlib
import math
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from ingest.records import CANVAS_SIZE, CUP_LANDMARKS, DETECTION_CLASSES
from training import classifier, cup_angle, detector
from training.films import VIEWS, load_films
from training.loop import load_average
from training.networks import EfficientNet, LandmarkNet, Yolo, soft_argmax

OPSET = 17
# A landmark is trusted by the chance that it lies within this share of the rim's long axis, under the Laplace scale
# that the network states. An end of the axis that is off by 0.07 of it turns the axis by 4 degrees.
TRUSTED_SHARE = 0.07


class ClassifierGraph(nn.Module):
    """Image (B, 768, 768) uint8 to calibrated view scores (B, 6)."""

    def __init__(self, net: EfficientNet, size: int, temperature: float) -> None:
        super().__init__()
        self.net, self.block, self.temperature = net, CANVAS_SIZE // size, temperature

    def forward(self, image: Tensor) -> Tensor:
        """Block average, network, temperature, softmax."""
        x = F.avg_pool2d(image.float().unsqueeze(1) / 255, self.block)
        return (self.net(x) / self.temperature).softmax(1)


class DetectorGraph(nn.Module):
    """Image and view scores to the best box per class (B, 6, 5) in canvas pixels."""

    def __init__(self, net: Yolo) -> None:
        super().__init__()
        self.net = net
        hips = [1.0 if "hip" in name else 0.0 for name in DETECTION_CLASSES]
        self.register_buffer("is_hip", torch.tensor(hips)[None])
        self.other = VIEWS.index("other")

    def forward(self, image: Tensor, view_scores: Tensor) -> Tensor:
        """Hips are believed as far as the film is believed to show one; markers always."""
        x = F.avg_pool2d(image.float().unsqueeze(1) / 255, CANVAS_SIZE // detector.SIZE)
        best = detector.best_boxes(self.net, x)
        shows_hip = 1 - view_scores[:, self.other : self.other + 1]
        score = best[..., 4] * (self.is_hip * shows_hip + 1 - self.is_hip)
        boxes = best[..., :4] * (CANVAS_SIZE / detector.SIZE) - 0.5
        return torch.cat((boxes.clamp(0, CANVAS_SIZE - 1), score[..., None]), 2)


class CupAngleGraph(nn.Module):
    """Image, view scores and detections to cup scores, landmarks and angles; right then left."""

    def __init__(self, rim: LandmarkNet, fine: LandmarkNet, pelvis: LandmarkNet) -> None:
        super().__init__()
        self.rim, self.fine, self.pelvis = rim, fine, pelvis
        step = torch.arange(2 * cup_angle.CROP, dtype=torch.float32) - (2 * cup_angle.CROP - 1) / 2
        self.register_buffer("step", step / (2 * cup_angle.CROP))
        self.other = VIEWS.index("other")

    def forward(self, image: Tensor, view_scores: Tensor, detections: Tensor) -> tuple[Tensor, ...]:
        """Finds the rim in each side's better hip box, measures it in a closer crop, and takes the angles."""
        film = image.float().unsqueeze(1) / 255
        boxes = self._better(detections)  # (B, 2, 4)
        centre = (boxes[..., :2] + boxes[..., 2:]) / 2
        side = (boxes[..., 2:] - boxes[..., :2]).amax(-1, keepdim=True).clamp(min=32) * cup_angle.MARGIN  # (B, 2, 1)
        rim, logits = self._landmarks(self.rim, film, centre, side)
        cup_scores = logits[..., 0].sigmoid() * (1 - view_scores[:, self.other, None])
        length = (rim[:, :, 0] - rim[:, :, 1]).norm(dim=-1, keepdim=True).clamp(min=24)
        side = length * cup_angle.FINE_MARGIN
        points, logits = self._landmarks(self.fine, film, (rim[:, :, 0] + rim[:, :, 1]) / 2, side)
        reach = TRUSTED_SHARE * (points[:, :, 0] - points[:, :, 1]).norm(dim=-1, keepdim=True)  # (B, 2, 1)
        trust = 1 - torch.exp(-reach / (logits[..., 1:].exp() * side / cup_angle.CROP))
        cup_landmarks = torch.cat((points, trust[..., None]), 3)
        ischia = self._ischia(film)
        return cup_scores, cup_landmarks, ischia, angles(points, ischia[..., :2])

    def _landmarks(self, net: LandmarkNet, film: Tensor, centre: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
        """Rim landmarks (B, 2, 5, 2) in canvas pixels and the network's logits (B, 2, 6), from squares of ``side``."""
        heat, logits = net(self.crops(film, centre, side).flatten(0, 1))
        local = soft_argmax(heat).view(-1, 2, len(CUP_LANDMARKS), 2) - (cup_angle.CROP - 1) / 2
        points = centre[:, :, None] + local * (side / cup_angle.CROP)[..., None]
        return points, logits.view(-1, 2, 1 + len(CUP_LANDMARKS))

    @staticmethod
    def _better(detections: Tensor) -> Tensor:
        pairs = detections[:, :4].reshape(-1, 2, 2, 5)  # side, native or implant
        implant = (pairs[:, :, 1, 4:] > pairs[:, :, 0, 4:]).float()
        return pairs[:, :, 1, :4] * implant + pairs[:, :, 0, :4] * (1 - implant)

    def crops(self, film: Tensor, centre: Tensor, side: Tensor) -> Tensor:
        """Squares (B, 2, 1, 192, 192) of ``side`` around ``centre`` (B, 2, 2), both in canvas pixels."""
        size = 2 * cup_angle.CROP
        x = centre[..., :1] + side * self.step  # (B, 2, size)
        y = centre[..., 1:] + side * self.step
        unit = lambda v: (v + 0.5) * (2 / CANVAS_SIZE) - 1  # noqa: E731 - canvas pixel centres to grid_sample's -1..1
        grid = torch.stack(
            (
                unit(x)[:, :, None, :].expand(-1, -1, size, -1),
                unit(y)[:, :, :, None].expand(-1, -1, -1, size),
            ),
            -1,
        )  # (B, 2, size, size, 2)
        crops = F.grid_sample(film, grid.flatten(1, 2), align_corners=False)  # (B, 1, 2 * size, size)
        return F.avg_pool2d(crops.reshape(-1, 1, size, size), 2).reshape(-1, 2, 1, cup_angle.CROP, cup_angle.CROP)

    def _ischia(self, film: Tensor) -> Tensor:
        block = CANVAS_SIZE // cup_angle.PELVIS
        heat, logits = self.pelvis(F.avg_pool2d(film, block))
        points = (soft_argmax(heat) + 0.5) * block - 0.5
        return torch.cat((points, logits[:, :2].sigmoid()[..., None]), 2)


def angles(points: Tensor, ischia: Tensor) -> Tensor:
    """Rim landmarks (B, 2, 5, 2) and ischia (B, 2, 2) to degrees (B, 2, 3): inclination, AP and lateral version."""
    upper, lower, opening, dome_end, dome = points.unbind(2)
    major = lower - upper
    baseline = (ischia[:, 1] - ischia[:, 0])[:, None]
    cross = major[..., 0] * baseline[..., 1] - major[..., 1] * baseline[..., 0]
    inclination = torch.atan2(cross.abs(), (major * baseline).sum(-1).abs() + 1e-6)
    length = (major**2).sum(-1).clamp(min=1e-6).sqrt()
    ratio = (((opening - dome_end) ** 2).sum(-1).clamp(min=1e-6).sqrt() / length).clamp(max=1.0)
    version_ap = torch.atan2(ratio, (1 - ratio**2).clamp(min=1e-9).sqrt())
    across = torch.stack((-major[..., 1], major[..., 0]), -1)
    faces = ((upper + lower) / 2 - dome) * across
    across = across * torch.where(faces.sum(-1, keepdim=True) >= 0, 1.0, -1.0)  # now it points out of the cup
    version_lateral = torch.atan2(-across[..., 1], across[..., 0].abs() + 1e-6)  # upwards is anterior
    return torch.stack((inclination, version_ap, version_lateral), -1) * (180 / math.pi)


def store_fp16(path: Path) -> None:
    """Rewrites the graph with every large fp32 weight stored as fp16 behind a cast; removes names of local files."""
    model = onnx.load(path)
    kept, casts = [], []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < 256 or np.abs(values).max() > 6e4:
            kept.append(weight)
            continue
        half = f"{weight.name}.fp16"
        kept.append(numpy_helper.from_array(values.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [weight.name], f"{weight.name}.cast", to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(casts + nodes)
    for node in model.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(model)
    temporary = path.with_suffix(".tmp")
    onnx.save(model, temporary)
    temporary.rename(path)


def export(graph: nn.Module, name: str, inputs: dict[str, Tensor], outputs: list[str], repository: Path) -> Path:
    """Writes ``repository/name/1/model.onnx`` with a dynamic batch and prints its size and hash."""
    path = repository / name / "1" / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        graph.eval(),
        tuple(inputs.values()),
        str(path),
        input_names=list(inputs),
        output_names=outputs,
        dynamic_axes={key: {0: "batch"} for key in [*inputs, *outputs]},
        opset_version=OPSET,
        dynamo=False,
    )
    store_fp16(path)
    print(f"{name}: {path.stat().st_size / 1e6:.1f} MB, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}")
    return path


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--runs", type=Path, required=True, help="folder with classifier, detector, rim, fine and pelvis"
    )
    parser.add_argument("--validation", type=Path, required=True, help="films on which the temperature is chosen")
    parser.add_argument("--repository", type=Path, default=Path("model_repository"))
    parser.add_argument("--size", type=int, default=classifier.Settings().size, help="the classifier's input pixels")
    args = parser.parse_args()
    settings = classifier.Settings(size=args.size)
    view_net = load_average(EfficientNet(len(VIEWS)), args.runs / "classifier")
    temperature = classifier.temperature(view_net, load_films(args.validation), settings)
    print(f"temperature {temperature:.2f}")
    image = torch.randint(0, 255, (2, CANVAS_SIZE, CANVAS_SIZE), dtype=torch.uint8)
    scores = torch.full((2, len(VIEWS)), 1 / len(VIEWS))
    found = torch.tensor([100.0, 100.0, 300.0, 320.0, 0.5]).expand(2, len(DETECTION_CLASSES), 5).contiguous()
    graph = ClassifierGraph(view_net, args.size, temperature)
    export(graph, "classifier", {"image": image}, ["view_scores"], args.repository)
    yolo = load_average(detector.new_net(detector.Settings()), args.runs / "detector")
    export(
        DetectorGraph(yolo),
        "detector",
        {"image": image, "view_scores": scores},
        ["detections"],
        args.repository,
    )
    rim = load_average(cup_angle.rim_net(), args.runs / "rim")
    fine = load_average(cup_angle.rim_net(), args.runs / "fine")
    pelvis = load_average(cup_angle.pelvis_net(), args.runs / "pelvis")
    export(
        CupAngleGraph(rim, fine, pelvis),
        "cup_angle",
        {"image": image, "view_scores": scores, "detections": found},
        ["cup_scores", "cup_landmarks", "pelvis_landmarks", "cup_angles"],
        args.repository,
    )


if __name__ == "__main__":
    main()
