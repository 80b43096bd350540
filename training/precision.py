"""What the precision of the weights and the arithmetic costs and buys: size, time and accuracy of the whole chain.

    python -m training.precision --validation films/validation --limit 400

Weights stored as fp32, as fp16 (as deployed; the arithmetic is fp32 either way), and convolutions in int8 (QDQ,
per channel, calibrated on films that are not scored). One thread, one film at a time.
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from training.ensemble import OUTPUTS, answers
from training.evaluation import angles, hips
from training.evaluation.answers import judge
from training.evaluation.markdown import number, percent, table
from training.films import LabelledFilm, load_films
from training.onnx_files import Arrays, Graph
from training.thresholds import served

CALIBRATED_ON = 48  # films
TIMED_FILMS = 40
MODELS = tuple(OUTPUTS)


@dataclass(frozen=True, slots=True)
class Chain:
    """The three graphs in one precision."""

    name: str
    paths: tuple[Path, ...]

    @property
    def megabytes(self) -> float:
        """Of all files."""
        return sum(path.stat().st_size for path in self.paths) / 1e6


class _Films(CalibrationDataReader):
    """Inputs of one graph, film by film."""

    def __init__(self, inputs: list[str], known: list[Arrays]) -> None:
        self._rows = iter([{name: one[name] for name in inputs} for one in known])

    def get_next(self) -> Arrays | None:
        """The next film's inputs."""
        return next(self._rows, None)


def store_fp32(source: Path, target: Path) -> None:
    """The graph with its fp16 weights as fp32 and without the casts."""
    model = onnx.load(source)
    halves = {w.name: w for w in model.graph.initializer if w.data_type == TensorProto.FLOAT16}
    casts = [node for node in model.graph.node if node.op_type == "Cast" and node.input[0] in halves]
    for cast in casts:
        half = halves[cast.input[0]]
        model.graph.initializer.append(
            numpy_helper.from_array(numpy_helper.to_array(half).astype(np.float32), cast.output[0])
        )
        model.graph.initializer.remove(half)
        model.graph.node.remove(cast)
    target.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, target)


def store_int8(source: Path, target: Path, known: list[Arrays]) -> None:
    """The fp32 graph with its convolutions in int8."""
    quantize_static(
        source,
        target,
        _Films(Graph(source).inputs, known),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )


def chains(repository: Path, folder: Path, films: list[LabelledFilm]) -> list[Chain]:
    """The deployed chain, and it in fp32 and int8, in ``folder``."""
    fp16 = Chain("fp16 weights (deployed)", tuple(repository / name / "1" / "model.onnx" for name in MODELS))
    fp32 = Chain("fp32 weights", tuple(folder / f"{name}.fp32.onnx" for name in MODELS))
    int8 = Chain("int8 convolutions", tuple(folder / f"{name}.int8.onnx" for name in MODELS))
    known: list[Arrays] = [{"image": film.canvas[None]} for film in films]
    for half, whole, byte in zip(fp16.paths, fp32.paths, int8.paths, strict=True):
        store_fp32(half, whole)
        store_int8(whole, byte, known)
        graph = Graph(whole)
        known = [one | graph(one) for one in known]
    return [fp32, fp16, int8]


def time_ms(chain: Chain, films: list[LabelledFilm]) -> list[float]:
    """Median milliseconds a film of each graph, one thread."""
    known: list[Arrays] = [{"image": film.canvas[None]} for film in films]
    medians = []
    for path in chain.paths:
        graph, spent = Graph(path, threads=1), []
        for index, one in enumerate(known):
            start = time.perf_counter()
            told = graph(one)
            spent.append(1000 * (time.perf_counter() - start))
            known[index] = one | told
        medians.append(statistics.median(spent[2:]))
    return medians


def row(chain: Chain, films: list[LabelledFilm], repository: Path) -> tuple[str, ...]:
    """One line of the table."""
    rules = served(repository / "tha_radiograph" / "config.pbtxt")
    raws = answers([Graph(path) for path in chain.paths], [film.canvas for film in films])
    judged = [judge(film, raw, rules) for film, raw in zip(films, raws, strict=True)]
    view = statistics.mean(one.findings.view == one.truth.view for one in judged)
    told, read = hips.figures(judged), angles.figures(judged)["angles"]
    errors = [number(read[title]["mae"]) for title in read]
    timed = " + ".join(f"{ms:.0f}" for ms in time_ms(chain, films[:TIMED_FILMS]))
    shares = [percent(view, 1), percent(told["side"]["share"], 1), percent(told["implant"]["share"], 1)]
    return (chain.name, f"{chain.megabytes:.1f}", timed, *shares, *errors)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=400, help="films to score")
    parser.add_argument("--repository", type=Path, default=Path("model_repository"))
    args = parser.parse_args()
    films = load_films(args.validation)[: args.limit + CALIBRATED_ON]
    head = ["precision", "MB", "ms a film, classifier + detector + cup angle", "view", "side", "implant"]
    head += [f"MAE {angle.title}" for angle in angles.ANGLES]
    with tempfile.TemporaryDirectory() as folder:
        made = chains(args.repository, Path(folder), films[:CALIBRATED_ON])
        print("\n".join(table(head, [row(chain, films[CALIBRATED_ON:], args.repository) for chain in made])))


if __name__ == "__main__":
    main()
