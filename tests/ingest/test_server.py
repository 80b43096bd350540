"""The embedded Triton, for real: what it answers, whom it talks to, and that nothing of it stays."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from ingest.errors import ServerError
from ingest.installation import find_installation
from ingest.records import CANVAS_SIZE
from ingest.server import SHARED_MEMORY, EmbeddedServer
from ingest.triton import TritonServer

pytestmark = pytest.mark.triton

REPOSITORY = Path(__file__).parents[2] / "model_repository"
LISTENING = "0A"  # in /proc/net/tcp
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}  # 127.0.0.1, and the same as an IPv6 socket has it

PARENT = """
import sys, time
from pathlib import Path
from ingest.server import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1]), Path(sys.argv[2])) as server:
    print(server.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(REPOSITORY, tmp_path_factory.mktemp("home")) as running:
        yield running


def make_films(count: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, CANVAS_SIZE, CANVAS_SIZE), dtype=np.uint8)


def make_request(films: np.ndarray) -> list[triton.InferInput]:
    image = triton.InferInput("image", films.shape, "UINT8")
    image.set_data_from_numpy(films)
    return [image]


def keep_answer(answers: dict[int, object], index: int, result: triton.InferResult | None, error: object) -> None:
    """Callback of async_infer: the view scores, or the error."""
    answers[index] = error if result is None else result.as_numpy("view_scores")[0]


def is_ready(url: str) -> bool:
    with triton.InferenceServerClient(url) as client:
        try:
            return client.is_server_ready(client_timeout=2)
        except InferenceServerException:
            return False


def processes(group: int) -> list[int]:
    """Living processes of a process group, by /proc/<pid>/stat."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = path.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(pgrp) == group and state != "Z":
            found.append(int(path.parent.name))
    return found


def sockets(pid: int) -> set[str]:
    """Inodes of the sockets a process holds."""
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    return {inode for link in links for inode in re.findall(r"socket:\[(\d+)\]", link)}


def listening_addresses(pids: list[int]) -> list[str]:
    """Local address (hex, as the kernel prints it) of every TCP socket on which one of the processes listens."""
    held = set().union(*map(sockets, pids))
    tables = [Path(f"/proc/net/{table}").read_text().splitlines()[1:] for table in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table]
    return [row[1].split(":")[0] for row in rows if row[3] == LISTENING and row[9] in held]


def eventually(condition: Callable[[], bool], timeout_s: float = 90.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def make_repository(folder: Path, **weights: bytes) -> Path:
    """A copy of the repository with some models' weights replaced."""
    repository = folder / "models"
    shutil.copytree(REPOSITORY, repository)
    for model, content in weights.items():
        (repository / model / "1" / "model.onnx").write_bytes(content)
    return repository


def test_the_ensemble_answers_every_film_of_a_crowd_with_its_own_scores(server: EmbeddedServer) -> None:
    films = make_films(12)
    graph = ort.InferenceSession(REPOSITORY / "classifier" / "1" / "model.onnx")
    expected = np.concatenate([graph.run(["view_scores"], {"image": film[None]})[0] for film in films])

    with triton.InferenceServerClient(server.url) as client:
        answers = {}
        for index, film in enumerate(films):
            keep = partial(keep_answer, answers, index)
            client.async_infer("tha_radiograph", make_request(film[None]), keep)
        assert eventually(lambda: len(answers) == len(films))
        together = client.infer("tha_radiograph", make_request(films[:8]))

    np.testing.assert_allclose([answers[i] for i in range(len(films))], expected, atol=1e-3)
    np.testing.assert_allclose(together.as_numpy("view_scores"), expected[:8], atol=1e-3)
    assert together.as_numpy("cup_landmarks").shape == (8, 2, 5, 3)


def test_the_client_judges_by_the_thresholds_that_the_repository_names(server: EmbeddedServer) -> None:
    config = (REPOSITORY / "tha_radiograph" / "config.pbtxt").read_text()
    named = re.findall(r'key: "threshold\.(\w+)" value: { string_value: "([\d.]+)" }', config)

    with TritonServer(server.url) as client:
        assert asdict(client.thresholds) == {name: float(text) for name, text in named}


def test_all_ports_are_on_loopback_only(server: EmbeddedServer) -> None:
    assert server.pid is not None
    addresses = listening_addresses(processes(server.pid))

    assert len(addresses) >= 3
    assert set(addresses) <= LOOPBACK


def test_nobody_else_can_read_its_log_or_the_films_in_its_memory(server: EmbeddedServer) -> None:
    memory = list(SHARED_MEMORY.glob(f"*_{os.getpid()}_*"))

    assert memory
    assert {path.stat().st_mode & 0o077 for path in memory} == {0}
    assert server.log_path.stat().st_mode & 0o777 == 0o640


def test_the_server_sees_no_secret_of_its_caller(server: EmbeddedServer) -> None:
    seen = Path(f"/proc/{server.pid}/environ").read_text().rstrip("\0").split("\0")

    assert {line.split("=")[0] for line in seen} == set(find_installation().environment())


def test_a_server_that_hangs_is_started_again(tmp_path: Path) -> None:
    with EmbeddedServer(REPOSITORY, tmp_path, hung_s=6) as server:
        url, group = server.url, server.pid
        assert group is not None
        os.kill(group, signal.SIGSTOP)
        assert eventually(lambda: server.pid != group and is_ready(url))
        assert processes(group) == []


def test_a_server_that_was_killed_starts_again_where_it_was(tmp_path: Path) -> None:
    before = set(SHARED_MEMORY.iterdir())
    with EmbeddedServer(REPOSITORY, tmp_path) as server:
        url, group = server.url, server.pid
        assert group is not None
        os.kill(group, signal.SIGKILL)
        assert eventually(lambda: server.pid != group and is_ready(url))

        assert server.url == url
        assert processes(group) == []
        with triton.InferenceServerClient(url) as client:
            assert client.infer("tha_radiograph", make_request(make_films(1))).as_numpy("cup_scores").shape == (1, 2)
        group = server.pid
        assert group is not None

    server.stop()
    assert processes(group) == []
    assert set(SHARED_MEMORY.glob(f"*_{os.getpid()}_*")) <= before


def test_a_killed_run_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(REPOSITORY), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        group = int(parent.stdout.readline())
        assert processes(group)
        parent.kill()

    assert eventually(lambda: not processes(group))


def test_processes_of_a_killed_server_end_by_themselves(tmp_path: Path) -> None:
    """Nobody is left who could end them: the run is killed first, and its server before it can obey the kernel."""
    command = [sys.executable, "-c", PARENT, str(REPOSITORY), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        group = int(parent.stdout.readline())
        assert len(processes(group)) > 1
        parent.kill()
        os.kill(group, signal.SIGKILL)

    assert eventually(lambda: not processes(group))


def test_broken_weights_are_named_in_the_error_and_nothing_stays(tmp_path: Path) -> None:
    server = EmbeddedServer(make_repository(tmp_path, detector=b"not a graph"), tmp_path / "home")

    with pytest.raises(ServerError, match=r"(?s)detector.*log: .*triton-\d+\.log"):
        server.start()

    assert server.pid is not None
    assert processes(server.pid) == []


def test_a_server_that_crashes_while_it_starts_is_started_again(tmp_path: Path) -> None:
    server = EmbeddedServer(REPOSITORY, tmp_path)

    def crash() -> None:
        assert eventually(lambda: server.pid is not None)
        os.kill(server.pid or 0, signal.SIGABRT)

    with ThreadPoolExecutor(1) as threads:
        crashed = threads.submit(crash)
        with server:
            crashed.result()
            assert is_ready(server.url)


def test_a_folder_without_models_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=re.escape(str(tmp_path))):
        EmbeddedServer(tmp_path, tmp_path / "home").start()


@pytest.mark.parametrize("taken", ["log", "triton"])
def test_a_home_that_cannot_be_written_is_an_error_that_names_what_is_in_the_way(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).touch()

    with pytest.raises(ServerError, match=re.escape(f"'{tmp_path / taken}'") + ".*INGEST_HOME"):
        EmbeddedServer(REPOSITORY, tmp_path).start()


def test_a_port_that_is_taken_is_named(tmp_path: Path, server: EmbeddedServer) -> None:
    second = EmbeddedServer(REPOSITORY, tmp_path, http_port=server.http_port)

    with pytest.raises(ServerError, match=str(server.http_port)):
        second.start()
