"""The model server: films go to the Triton ensemble ``tha_radiograph`` over gRPC, raw findings come back."""

import hashlib
import json
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from tritonclient import grpc
from tritonclient.utils import InferenceServerException

from ingest.errors import FileError, ServerError
from ingest.records import CANVAS_SIZE, Canvas, RawFindings, Reason
from ingest.thresholds import Thresholds
from ingest.tls import Tls, why_refused

ENSEMBLE = "tha_radiograph"
IMAGE = "image"
OUTPUTS: dict[str, tuple[int, ...]] = {  # tensor -> shape of one film; the fields of RawFindings
    "view_scores": (6,),
    "detections": (6, 5),
    "marker_mirrored": (2,),
    "cup_scores": (2,),
    "cup_landmarks": (2, 5, 3),
    "pelvis_landmarks": (2, 3),
    "cup_angles": (2, 3),
    "cup_angle_errors": (2, 3),
    "outlier_score": (1,),
}
NEVER_NEGATIVE = frozenset({"cup_angle_errors", "outlier_score"})
LOST = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED")  # gRPC: the server did not answer; the film is sent again
REQUEST_TIMEOUT_S = 120.0  # all films in flight take seconds on a laptop; asking twice would only slow a busy one
LOST_TIMEOUT_S = 120.0  # a container that restarts loads its plans within it
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
CHANNEL = [
    ("grpc.enable_http_proxy", 0),  # films leave for the named host only
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
]


class TritonServer:
    """A server that serves our ensemble; ``in_flight`` films at most wait for their answer.

    Use as a context manager. Entering waits for the server and checks what it serves.
    """

    def __init__(  # noqa: PLR0913 - by keyword, each with a default
        self,
        url: str,
        *,
        in_flight: int = 16,
        weights_sha256: str | None = None,  # known to whoever started the server on a local repository
        lost_timeout_s: float = LOST_TIMEOUT_S,
        request_timeout_s: float = REQUEST_TIMEOUT_S,
        tls: Tls | None = None,
    ) -> None:
        self.url = url.split("://", 1)[-1].rstrip("/")
        self.model_version = ""
        self.thresholds: Thresholds  # as served; known inside the context
        self._weights_sha256 = weights_sha256
        self._lost_timeout_s = lost_timeout_s
        self._request_timeout_s = request_timeout_s
        self._slots = threading.BoundedSemaphore(in_flight)
        self._threads = ThreadPoolExecutor(in_flight, thread_name_prefix="triton")
        self._client = self._connect(tls)

    def __enter__(self) -> Self:
        try:
            self.model_version, self.thresholds = self._check()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up the films still waiting and the connection."""
        self._lost_timeout_s = 0.0
        self._threads.shutdown(cancel_futures=True)
        self._client.close()

    def expect_films(self) -> None:
        """It is ready since it was entered."""

    def submit(self, canvas: Canvas) -> "Future[RawFindings]":
        """Ask for one film; blocks while ``in_flight`` films wait.

        The future raises FileError (inference_error) where the models fail on this film, and ServerError where the
        server stayed away.
        """
        self._slots.acquire()
        future = self._threads.submit(self._infer, canvas)
        future.add_done_callback(lambda _: self._slots.release())
        return future

    def _connect(self, tls: Tls | None) -> Any:
        try:
            return grpc.InferenceServerClient(self.url, channel_args=CHANNEL, **(tls.arguments() if tls else {}))
        except InferenceServerException as error:
            raise ServerError(f"{self.url} is no host:port: {error.message()}") from None

    def _check(self) -> tuple[str, Thresholds]:
        """The model version served and its thresholds; ServerError where nobody answers or it is another ensemble."""
        try:
            if not self._client.is_server_live(client_timeout=10):
                raise ServerError(f"the Triton server at {self.url} is not live: see its log")
            if not self._client.is_model_ready(ENSEMBLE, client_timeout=10):
                raise ServerError(f"{self.url} does not serve {ENSEMBLE}: start it on our model_repository")
            served = self._client.get_model_metadata(ENSEMBLE, as_json=True, client_timeout=10)
            configs = self._configs()
        except InferenceServerException as error:
            if why := why_refused(str(error.message())):
                raise ServerError(f"no secure connection to {self.url}: {why}") from None
            raise ServerError(
                f"no Triton server answers at {self.url}: start one with 'ingest serve', or leave --triton out"
            ) from None
        problem = _difference(served)
        if problem:
            raise ServerError(f"{ENSEMBLE} at {self.url} is not ours: {problem}; serve our model_repository")
        try:
            thresholds = Thresholds.parse(_parameters(configs[0]))
        except ValueError as error:
            raise ServerError(
                f"{ENSEMBLE} at {self.url} cannot be used: {error}; "
                "correct its config.pbtxt after ours in model_repository and start the server again"
            ) from None
        version = max((str(v) for v in served.get("versions", [])), key=_number, default="1")
        weights = [self._weights_sha256] if self._weights_sha256 else map(_weights_hash, configs)
        return (
            f"{ENSEMBLE}/{version}-{_hash(*weights, _asked(configs[0]), json.dumps(asdict(thresholds)))[:12]}",
            thresholds,
        )

    def _configs(self) -> list[dict[str, Any]]:
        """As served: the ensemble's, then those of its steps."""
        waiting, configs = [ENSEMBLE], []
        while waiting:
            config = self._client.get_model_config(waiting.pop(0), as_json=True, client_timeout=10)["config"]
            configs.append(config)
            steps = config.get("ensemble_scheduling", {}).get("step", [])
            waiting.extend(step["model_name"] for step in steps)
        return configs

    def _infer(self, canvas: Canvas) -> RawFindings:
        image = grpc.InferInput(IMAGE, [1, *canvas.pixels.shape], "UINT8")
        image.set_data_from_numpy(canvas.pixels[np.newaxis])
        wanted = [grpc.InferRequestedOutput(name) for name in OUTPUTS]
        lost_at: float | None = None
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                answer = self._client.infer(ENSEMBLE, [image], outputs=wanted, client_timeout=self._request_timeout_s)
                return RawFindings(**{name: _tensor(answer, name) for name in OUTPUTS})
            except InferenceServerException as error:
                if not any(status in str(error.status()) for status in LOST):
                    detail = (str(error.message() or "").splitlines() or ["no message"])[0]
                    raise FileError(Reason.INFERENCE_ERROR, detail[:200]) from None
            lost_at = lost_at or time.monotonic()
            if time.monotonic() - lost_at >= self._lost_timeout_s:
                raise ServerError(
                    f"the Triton server at {self.url} is lost: start it again and repeat the command; "
                    "what is finished is kept"
                )
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _tensor(answer: Any, name: str) -> NDArray[np.float32]:
    """One output without its batch dimension; FileError where it is absent, misshapen or no number."""
    tensor = answer.as_numpy(name)
    if tensor is None or tensor.shape != (1, *OUTPUTS[name]):
        raise FileError(Reason.INFERENCE_ERROR, f"the server answers without a whole {name}")
    if not np.isfinite(tensor).all():
        raise FileError(Reason.INFERENCE_ERROR, f"{name} is not finite")
    if name in NEVER_NEGATIVE and (tensor < 0).any():
        raise FileError(Reason.INFERENCE_ERROR, f"{name} is negative")
    film: NDArray[np.float32] = tensor[0]
    return film


def _difference(served: dict[str, Any]) -> str | None:
    """What the served tensors lack of ours, or None."""
    wanted = {IMAGE: ("UINT8", (CANVAS_SIZE, CANVAS_SIZE))} | {name: ("FP32", shape) for name, shape in OUTPUTS.items()}
    there = {
        tensor["name"]: (tensor["datatype"], tuple(int(n) for n in tensor["shape"][1:]))
        for tensor in [*served.get("inputs", []), *served.get("outputs", [])]
    }
    for name, tensor in wanted.items():
        if name not in there:
            return f"it has no tensor {name}"
        if there[name] != tensor:
            return f"{name} is {there[name][0]} {list(there[name][1])} instead of {tensor[0]} {list(tensor[1])}"
    return None


def _parameters(config: dict[str, Any]) -> dict[str, str]:
    return {name: value.get("string_value", "") for name, value in config.get("parameters", {}).items()}


def _asked(ensemble: dict[str, Any]) -> str:
    """Which version of which model the ensemble asks: of several side by side, the weights that answer."""
    steps = ensemble.get("ensemble_scheduling", {}).get("step", [])
    return json.dumps([[step["model_name"], str(step.get("model_version", ""))] for step in steps])


def _weights_hash(config: dict[str, Any]) -> str:
    """Of the weights where the config names them (parameter weights_sha256), else of the config itself."""
    return _parameters(config).get("weights_sha256") or _hash(json.dumps(config, sort_keys=True))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _number(version: str) -> int:
    return int(version) if version.isdigit() else 0
