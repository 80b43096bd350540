"""A graph with its convolutions in int8: their ranges are taken from films, and stand in the graph (QDQ)."""

import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from ingest.chain import Arrays

SYMMETRIC = {  # TensorRT knows no zero point, and adds biases in fp32
    "ActivationSymmetric": True,
    "WeightSymmetric": True,
    "QuantizeBias": False,
}


class _Films(CalibrationDataReader):  # type: ignore[misc] # onnxruntime has no types
    def __init__(self, inputs: Iterable[str], films: Iterable[Arrays]) -> None:
        wanted = tuple(inputs)
        self._films: Iterator[dict[str, NDArray[Any]]] = iter([{n: one[n] for n in wanted} for one in films])

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """The inputs of the next films."""
        return next(self._films, None)


def as_int8(content: bytes, convolutions: list[str], inputs: Iterable[str], films: Iterable[Arrays]) -> bytes:
    """An fp32 graph with the named ``convolutions`` in int8, weights by channel; ``films`` hold all its inputs."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        source.write_bytes(content)
        logging.getLogger().setLevel(logging.ERROR)  # it asks for a preparation that TensorRT does itself
        quantize_static(
            source,
            target,
            _Films(inputs, films),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_quantize=convolutions,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options=SYMMETRIC,
        )
        return target.read_bytes()
