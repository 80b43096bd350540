"""Production without a GPU: Triton from the wheel, with the command of compose.yaml and the settings of config.pbtxt.

Another program (2.51 for the container's), but the same parser of options and of configurations, and the same code for
ensembles, versions, batching, warm-up and TLS. Only what needs a GPU or the container's paths is exchanged.
"""

import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import trustme
import yaml

from ingest.installation import assemble_backends, find_installation
from ingest.process import BoundProcess
from ingest.tls import Tls

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
HERE = "here"  # the variant of each configuration that the server is told to read
READY_S = 120


@dataclass(frozen=True)
class Production:
    """A server that runs."""

    url: str
    tls: Tls
    http_port: int
    metrics_port: int
    log: Path


def make_tls(folder: Path, host: str = "127.0.0.1") -> Tls:
    """The files that compose.yaml takes secrets from, and the client's part of them."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for name, identity in (("server", host), ("client", "ingest.hospital")):
        issued = authority.issue_cert(identity)
        issued.private_key_pem.write_to_path(folder / f"{name}.key")
        issued.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
    return Tls(folder / "ca.pem", folder / "client.pem", folder / "client.key")


def on_a_processor(config: str) -> str:
    """A production configuration whose model runs in ONNX Runtime; everything else as it is."""
    exchanged = {
        'platform: "tensorrt_plan"': 'backend: "onnxruntime"',
        'default_model_filename: "model.plan"': 'default_model_filename: "model.onnx"',
        'kind: KIND_GPU, count: 2, profile: [ "0", "1" ]': "kind: KIND_CPU, count: 1",  # profiles are a plan's
    }
    for production, here in exchanged.items():
        assert config.count(production) == 1, production
        config = config.replace(production, here)
    return config


def make_repository(folder: Path) -> Path:
    """The committed models, each with its production configuration fit for a processor."""
    shutil.copytree(ROOT / "model_repository", folder)
    for path in folder.glob("*/config.pbtxt"):
        if "tensorrt_plan" in path.read_text():
            (path.parent / "configs" / f"{HERE}.pbtxt").write_text(on_a_processor(path.read_text()))
    return folder


def command(repository: Path, tls: Path) -> list[str]:
    """The options of compose.yaml's Triton, with the paths of this machine."""
    files = {name: tls / Path(told["file"]).name for name, told in COMPOSE["secrets"].items()}
    program, *options = COMPOSE["services"]["triton"]["command"]
    assert program == "tritonserver"
    here = [re.sub(r"/run/secrets/(\w+)", lambda match: str(files[match[1]]), option) for option in options]
    here = [option.replace("=/models", f"={repository}").replace("0.0.0.0", "127.0.0.1") for option in here]  # noqa: S104
    return [re.sub(r"(poll-secs)=\d+", r"\1=1", option) for option in here]


@contextmanager
def production(repository: Path, home: Path) -> Iterator[Production]:
    """Serve ``repository`` as compose.yaml would."""
    tls = make_tls(home / "tls")
    grpc_port, http_port, metrics_port = _free_ports(3)
    installation = find_installation()
    ours = [
        f"--grpc-port={grpc_port}",
        f"--http-port={http_port}",
        f"--metrics-port={metrics_port}",
        f"--backend-directory={assemble_backends(installation, home / 'triton')}",
        f"--model-config-name={HERE}",
        "--allow-gpu-metrics=false",
    ]
    process = BoundProcess(
        [str(installation.binary), *command(repository, home / "tls"), *ours],
        installation.environment(),
        home / "triton.log",
    )
    try:
        _wait(process, http_port)
        yield Production(f"127.0.0.1:{grpc_port}", tls, http_port, metrics_port, home / "triton.log")
    finally:
        process.end()


def get(port: int, path: str) -> tuple[int, str]:
    """Status and body of an HTTP request."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def _wait(process: BoundProcess, http_port: int) -> None:
    deadline = time.monotonic() + READY_S
    while True:
        try:
            if get(http_port, "/v2/health/ready")[0] == 200:
                return
        except OSError:
            pass
        assert process.exit_status() is None, process.complaint()
        assert time.monotonic() < deadline, process.complaint()
        time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
