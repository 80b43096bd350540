"""The embedded Triton: a private server on loopback that lives exactly as long as the run that started it."""

import json
import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from http.client import OK, HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

from ingest.errors import ServerError
from ingest.installation import assemble_backends, find_installation
from ingest.process import BoundProcess

HOST = "127.0.0.1"
START_TIMEOUT_S = 120.0  # measured: 1-8 s; far more for a machine that is busy with something else
DRAIN_S = 5  # for films of others, still being read when the server is told to stop
STARTS = 3  # a free port can be taken before Triton binds it; 2.51 crashed while loading at a load of 13 on two cores
REVIVALS = 5  # a server that dies more often has a reason that starting it again does not cure
WATCH_S = 0.5
PULSE_S = 5.0  # between two questions whether it still answers
HUNG_S = 60.0  # without an answer: its HTTP threads are idle even where its models are busy
LOGS_KEPT = 10
PREFIX = "tha_registry_"  # of servers and their shared memory, followed by the run's process id
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Triton exchanges tensors with its Python processes


class EmbeddedServer:
    """``with EmbeddedServer(model_repository, home) as server: ... server.url``.

    A server that dies or hangs is started again on the same ports. Enter on a thread that outlives the run (the main
    thread).
    """

    def __init__(  # noqa: PLR0913 - ports are chosen by 'ingest serve' only
        self,
        model_repository: Path,
        home: Path,
        *,
        grpc_port: int = 0,
        http_port: int = 0,
        metrics_port: int = 0,
        timeout_s: float = START_TIMEOUT_S,
        hung_s: float = HUNG_S,
        drains: bool = False,
    ) -> None:
        """``drains``: others may ask too, and ``stop`` lets their films be answered."""
        self.model_repository = model_repository.absolute()
        self.home = home.absolute()
        self.timeout_s = timeout_s
        self.hung_s = hung_s
        self.drains = drains
        self.log_path = self.home / "log" / f"triton-{os.getpid()}.log"
        self.name = f"{PREFIX}{os.getpid()}_{secrets.token_hex(4)}"
        self._wanted = (grpc_port, http_port, metrics_port)
        self.grpc_port, self.http_port, self.metrics_port = self._wanted
        self._process: BoundProcess | None = None
        self._stopping = threading.Event()
        self._given_up = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="triton-keeper", daemon=True)

    @property
    def url(self) -> str:
        """Where gRPC answers, as ``--triton`` takes it."""
        return f"{HOST}:{self.grpc_port}"

    @property
    def pid(self) -> int | None:
        """Of the server that runs now."""
        return self._process.pid if self._process else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def launch(self) -> BoundProcess:
        """Let it begin to load its models, without waiting as ``start`` does; a second call does nothing."""
        if self._process is None:
            if not any(self.model_repository.glob("*/config.pbtxt")):
                raise ServerError(f"no models in {self.model_repository}: give their folder with --models")
            self.grpc_port, self.http_port, self.metrics_port = _ports(self._wanted)
            self._process = self._new_process()
        return self._process

    def start(self) -> None:
        """Start and wait until every model is ready; ``ServerError`` with the log's last errors otherwise."""
        try:
            for attempt in range(1, STARTS + 1):
                try:
                    self._wait_until_ready(self.launch())
                    break
                except ServerError as error:
                    if attempt == STARTS or not self._was_bad_luck(error):
                        raise
                    self._end()
                    self._process = None
        except BaseException:  # Ctrl-C while it loads, too
            self.stop()
            raise
        self._keeper.start()

    def _was_bad_luck(self, error: ServerError) -> bool:
        """Whether starting again can help: a port taken in the meantime, or a server that crashed (by a signal)."""
        status = self._process.exit_status() if self._process else None
        return (status is not None and status < 0) or ("in use" in str(error) and not all(self._wanted))

    def stop(self) -> None:
        """End the server and all its processes; a second call does nothing."""
        self._stopping.set()
        if self._keeper.is_alive():
            self._keeper.join()
        self._end()

    def wait(self) -> int | None:
        """Block until the server has died too often to be started again; its exit status."""
        self._given_up.wait()
        return self._process.exit_status() if self._process else None

    def _keep(self) -> None:
        """Start a dead server again; runs on a thread of its own until ``stop``."""
        with suppress(ServerError):  # the client reports a server that stays away, and the log says why
            for _ in range(REVIVALS):
                self._watch()
                if self._stopping.is_set():
                    return
                self._end()
                self._process = self._new_process()
                self._wait_until_ready(self._process)
        self._given_up.set()
        self._stopping.wait()  # the kernel ends a server together with the thread that started it

    def _watch(self) -> None:
        """Until the server has ended, has not answered for HUNG_S, or is to stop."""
        asked = answered = time.monotonic()
        while self._process is None or self._process.exit_status() is None:
            if self._stopping.wait(WATCH_S):
                return
            if time.monotonic() - asked < PULSE_S:
                continue
            asked = time.monotonic()
            if self._answers():
                answered = time.monotonic()
            elif asked - answered > self.hung_s:
                return

    def _new_process(self) -> BoundProcess:
        installation = find_installation()
        try:
            backends = assemble_backends(installation, self.home / "triton")
            for old in sorted((self.home / "log").glob("triton-*.log"), key=os.path.getmtime)[:-LOGS_KEPT]:
                old.unlink(missing_ok=True)
            command = [str(installation.binary), *self._options(backends)]
            return BoundProcess(command, installation.environment(), self.log_path)
        except OSError as error:
            raise ServerError(
                f"Triton cannot be started from {self.home} ({error}): free some space or correct its permissions, or "
                "name another folder with INGEST_HOME"
            ) from error

    def _end(self) -> None:
        if self._process is not None:
            self._process.end(at_once=not self.drains)
        _free_shared_memory(self.name)

    def _options(self, backends: Path) -> list[str]:
        ports = {"grpc": self.grpc_port, "http": self.http_port, "metrics": self.metrics_port}
        return [
            f"--id={self.name}",
            f"--model-repository={self.model_repository}",
            f"--backend-directory={backends}",
            "--model-config-name=cpu",
            "--disable-auto-complete-config",
            f"--backend-config=python,shm-region-prefix-name={self.name}_",
            "--model-load-thread-count=1",  # as quick, and no crowd of processes that load at once
            "--allow-gpu-metrics=false",
            f"--exit-timeout-secs={DRAIN_S}",
            *(f"--{name}-address={HOST}" for name in ports),
            *(f"--{name}-port={port}" for name, port in ports.items()),
        ]

    def _wait_until_ready(self, process: BoundProcess) -> None:
        deadline = time.monotonic() + self.timeout_s
        while not self._answers():
            if process.exit_status() is not None:
                raise ServerError(f"Triton ended while starting: {process.complaint()} (log: {self.log_path})")
            if time.monotonic() > deadline:
                waited = f"after {self.timeout_s:.0f} s"
                raise ServerError(f"Triton is not ready {waited}: {process.complaint()} (log: {self.log_path})")
            if self._stopping.wait(0.1):
                raise ServerError("Triton was stopped while it started")
        for path in SHARED_MEMORY.glob(f"{self.name}_*"):
            path.chmod(0o600)  # films pass through it; Triton makes it readable for everybody

    def _answers(self) -> bool:
        """Whether it is ready; the name tells it from a stranger who was quicker on the port."""
        connection = HTTPConnection(HOST, self.http_port, timeout=2)  # unlike urllib, asks no proxy
        try:
            connection.request("GET", "/v2")
            if json.load(connection.getresponse())["name"] != self.name:
                return False
            connection.request("GET", "/v2/health/ready")
            return connection.getresponse().status == OK
        except (OSError, HTTPException, ValueError, KeyError):
            return False
        finally:
            connection.close()


def _ports(wanted: tuple[int, int, int]) -> list[int]:
    """The ports asked for, and a free one wherever 0 was."""
    sockets = [socket.socket() for _ in wanted]
    try:
        for free in sockets:
            free.bind((HOST, 0))
        return [port or free.getsockname()[1] for port, free in zip(wanted, sockets, strict=True)]
    finally:
        for free in sockets:
            free.close()


def _free_shared_memory(name: str) -> None:
    """Take away what this server, and those of runs that were killed, left behind."""
    for path in SHARED_MEMORY.glob(f"{PREFIX}*"):
        owner = path.name.removeprefix(PREFIX).split("_")[0]
        if path.name.startswith(name) or not Path("/proc", owner).exists():
            with suppress(PermissionError):  # another user's
                path.unlink(missing_ok=True)
