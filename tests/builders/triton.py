"""A small gRPC server that speaks Triton's protocol and can misbehave."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import grpc
import numpy as np
from builders.findings import make_thresholds
from google.protobuf import json_format
from tritonclient.grpc import service_pb2 as messages
from tritonclient.grpc import service_pb2_grpc as services

from ingest.thresholds import PREFIX
from ingest.triton import IMAGE, OUTPUTS

TENSORS: dict[str, tuple[str, tuple[int, ...]]] = {name: ("FP32", shape) for name, shape in OUTPUTS.items()}


class SmallTriton(services.GRPCInferenceServiceServicer):
    """Serves an ensemble whose every output is ``value``, else the image's mean.

    ``failures`` are raised first, one a request; ``asked`` counts the requests.
    """

    def __init__(
        self,
        *failures: grpc.StatusCode,
        tensors: Any = None,
        ready: bool = True,
        value: Any = None,
        seconds: float = 0.0,
    ) -> None:
        self.failures = list(failures)
        self.tensors = {IMAGE: ("UINT8", (768, 768))} | TENSORS if tensors is None else tensors
        self.ready = ready
        self.value = value
        self.values: dict[str, float] = {}  # of single outputs
        self.seconds = seconds  # one answer takes
        self.asked = 0
        self.weights = "a" * 64
        self.version = 1  # of the model that the ensemble asks
        self.parameters = {PREFIX + name: str(value) for name, value in asdict(make_thresholds()).items()}

    def ServerLive(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - the protocol's
        """Live."""
        return messages.ServerLiveResponse(live=True)

    def ModelReady(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """As made."""
        return messages.ModelReadyResponse(ready=self.ready)

    def ModelMetadata(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """All tensors, with a batch dimension."""
        tensors = [
            {"name": name, "datatype": kind, "shape": [-1, *shape]} for name, (kind, shape) in self.tensors.items()
        ]
        described = {"name": request.name, "versions": ["1"], "inputs": tensors[:1], "outputs": tensors[1:]}
        return json_format.Parse(json.dumps(described), messages.ModelMetadataResponse())

    def ModelConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """One step that names its weights, and the thresholds."""
        config: dict[str, Any] = {"name": request.name}
        if request.name == "tha_radiograph":
            config["ensembleScheduling"] = {"step": [{"modelName": "classifier", "modelVersion": str(self.version)}]}
            config["parameters"] = {name: {"stringValue": text} for name, text in self.parameters.items()}
        else:
            config["parameters"] = {"weights_sha256": {"stringValue": self.weights}}
        return json_format.Parse(json.dumps({"config": config}), messages.ModelConfigResponse())

    def ModelInfer(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The mean of the image in every place."""
        self.asked += 1
        time.sleep(self.seconds)
        if self.failures:
            context.abort(self.failures.pop(0), "a failure\nwith a second line")
        mean = np.frombuffer(request.raw_input_contents[0], np.uint8).mean() if self.value is None else self.value
        answer = messages.ModelInferResponse(model_name=request.model_name)
        for name, shape in OUTPUTS.items():
            answer.outputs.add(name=name, datatype="FP32", shape=[1, *shape])
            answer.raw_output_contents.append(np.full(shape, self.values.get(name, mean), np.float32).tobytes())
        return answer


@contextmanager
def serving(triton: SmallTriton) -> Iterator[str]:
    """The address it answers at."""
    server = grpc.server(ThreadPoolExecutor(4))
    services.add_GRPCInferenceServiceServicer_to_server(triton, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()
