"""Production's own command and configurations in a real Triton, without a GPU: see builders/production.py."""

import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders.findings import make_canvas
from builders.production import Production, get, make_repository, make_tls, production
from tritonclient import grpc

from ingest.errors import ServerError
from ingest.triton import TritonServer

pytestmark = pytest.mark.triton


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("served") / "models")


@pytest.fixture(scope="module")
def server(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    with production(repository, tmp_path_factory.mktemp("home")) as running:
        yield running


def asked(server: Production, model: str, version: str) -> int:
    """How many films a version of a model has answered."""
    with grpc.InferenceServerClient(server.url, **server.tls.arguments()) as client:
        told = client.get_inference_statistics(model, version, as_json=True)["model_stats"][0]
    return int(told["inference_stats"]["success"].get("count", 0))


def switch(repository: Path, model: str, version: int) -> None:
    """The ensemble asks another version: a whole new configuration takes the place of the old one."""
    config = repository / "tha_radiograph" / "config.pbtxt"
    before, _, after = config.read_text().partition(f'model_name: "{model}"\n      model_version: ')
    draft = config.with_name("config.pbtxt.new")
    draft.write_text(f'{before}model_name: "{model}"\n      model_version: {version}{after[1:]}')
    draft.rename(config)


def test_it_answers_who_shows_a_certificate_and_nobody_else(server: Production, tmp_path: Path) -> None:
    with TritonServer(server.url, tls=server.tls) as triton:
        assert triton.submit(make_canvas()).result().view_scores.shape == (6,)
    with pytest.raises(ServerError, match=r"no secure connection .* it may want --triton-cert"):
        TritonServer(server.url, tls=replace(server.tls, certificate=None, key=None)).__enter__()
    with pytest.raises(ServerError, match="no secure connection"):
        TritonServer(server.url, tls=make_tls(tmp_path)).__enter__()
    with pytest.raises(ServerError, match="no secure connection"):
        TritonServer(server.url).__enter__()


def test_it_tells_its_health_and_what_it_has_done(server: Production) -> None:
    assert get(server.http_port, "/v2/health/ready")[0] == 200
    assert "nv_inference_request_success" in get(server.metrics_port, "/metrics")[1]


def test_every_model_was_warmed_up_before_it_was_ready(server: Production) -> None:
    log = server.log.read_text()
    for model in ("classifier", "detector", "cup_angle"):
        assert f"successfully loaded '{model}'" in log
    assert "warmup" not in "\n".join(line for line in log.splitlines() if line.startswith("E"))


def test_nobody_loads_a_model_over_the_network(server: Production) -> None:
    with (
        grpc.InferenceServerClient(server.url, **server.tls.arguments()) as client,
        pytest.raises(grpc.InferenceServerException, match="not allowed"),
    ):
        client.load_model("classifier")


def test_a_new_version_is_switched_to_and_back_while_films_are_asked(server: Production, repository: Path) -> None:
    newer = repository / "classifier" / "2"
    shutil.copytree(repository / "classifier" / "1", newer.with_name("new"))
    newer.with_name("new").rename(newer)
    answered, failures, stop = [0], [], threading.Event()

    def ask() -> None:
        with TritonServer(server.url, tls=server.tls, lost_timeout_s=0.0) as triton:
            while not stop.is_set():
                try:
                    triton.submit(make_canvas()).result()
                    answered[0] += 1
                except Exception as error:  # noqa: BLE001 - whatever goes wrong is the test's result
                    failures.append(error)

    client = threading.Thread(target=ask)
    client.start()
    try:
        for version in (2, 1):
            wait_until_loaded(server, "classifier", str(version))
            before = asked(server, "classifier", str(version))
            switch(repository, "classifier", version)
            deadline = time.monotonic() + 60
            while asked(server, "classifier", str(version)) <= before + 3:
                assert time.monotonic() < deadline, f"version {version} is never asked"
                time.sleep(0.2)
    finally:
        stop.set()
        client.join()
    assert failures == []
    assert answered[0] > 6


def wait_until_loaded(server: Production, model: str, version: str) -> None:
    deadline = time.monotonic() + 60
    with grpc.InferenceServerClient(server.url, **server.tls.arguments()) as client:
        while not client.is_model_ready(model, version):
            assert time.monotonic() < deadline, f"{model} {version} is never loaded"
            time.sleep(0.2)


def test_the_canvas_of_the_tests_is_a_film(server: Production) -> None:
    with TritonServer(server.url, tls=server.tls) as triton:
        film = triton.submit(make_canvas(pixels=np.zeros((768, 768), np.uint8))).result()
    assert np.isfinite(film.cup_angles).all()
