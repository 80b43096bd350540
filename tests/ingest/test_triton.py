"""The client against a small gRPC server that speaks Triton's protocol and can misbehave."""

import time
from typing import Any

import grpc
import numpy as np
import pytest
from builders.findings import make_canvas
from builders.triton import TENSORS, SmallTriton, serving

from ingest.errors import FileError, ServerError
from ingest.triton import IMAGE, OUTPUTS, TritonServer


def canvas_of(value: int) -> Any:
    return make_canvas(pixels=np.full((768, 768), value, np.uint8))


def test_answers_belong_to_their_films() -> None:
    with serving(SmallTriton()) as url, TritonServer(url, in_flight=4) as server:
        futures = [server.submit(canvas_of(value)) for value in range(20)]
        answers = [future.result() for future in futures]
    assert [float(answer.view_scores[0]) for answer in answers] == list(range(20))
    assert {name: getattr(answers[0], name).shape for name in OUTPUTS} == OUTPUTS


def test_the_model_version_changes_with_the_weights() -> None:
    versions = []
    for weights in ("a" * 64, "b" * 64):
        triton = SmallTriton()
        triton.weights = weights
        with serving(triton) as url, TritonServer(url) as server:
            versions.append(server.model_version)
    assert versions[0] != versions[1]
    assert all(version.startswith("tha_radiograph/1-") for version in versions)


def test_weights_that_the_caller_knows_are_named() -> None:
    with serving(SmallTriton()) as url, TritonServer(url, weights_sha256="0123456789abcdef" * 4) as server:
        assert server.model_version == "tha_radiograph/1-0123456789ab"


@pytest.mark.parametrize("status", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED])
def test_a_film_that_a_server_lost_is_sent_again(status: grpc.StatusCode) -> None:
    with serving(SmallTriton(status, status)) as url, TritonServer(url) as server:
        assert float(server.submit(canvas_of(7)).result().view_scores[0]) == 7


def test_a_server_that_stays_away_ends_the_run() -> None:
    with serving(SmallTriton()) as url:
        server = TritonServer(url, lost_timeout_s=0.3).__enter__()
    with pytest.raises(ServerError, match="is lost: start it again"):
        server.submit(canvas_of(7)).result()
    server.close()


def test_a_film_that_the_models_fail_on_costs_that_film() -> None:
    with serving(SmallTriton(grpc.StatusCode.INTERNAL)) as url, TritonServer(url) as server:
        with pytest.raises(FileError) as error:
            server.submit(canvas_of(7)).result()
        assert server.submit(canvas_of(7)).result()
    assert (error.value.reason, "\n" in error.value.detail) == ("inference_error", False)


def test_an_answer_that_is_no_number_is_an_error_of_the_film() -> None:
    with serving(SmallTriton(value=np.nan)) as url, TritonServer(url) as server, pytest.raises(FileError):
        server.submit(canvas_of(7)).result()


def test_nobody_at_the_address_is_told_at_once() -> None:
    started = time.monotonic()
    with pytest.raises(ServerError, match=r"no Triton server answers at 127\.0\.0\.1:1: start one with"):
        TritonServer("grpc://127.0.0.1:1/").__enter__()
    assert time.monotonic() - started < 12


@pytest.mark.parametrize(
    ("tensors", "problem"),
    [
        ({}, "it has no tensor image"),
        ({IMAGE: ("FP32", (768, 768))} | TENSORS, "image is FP32"),
        ({IMAGE: ("UINT8", (1024, 1024))} | TENSORS, r"\[1024, 1024\] instead of UINT8 \[768, 768\]"),
        ({IMAGE: ("UINT8", (768, 768))}, "it has no tensor view_scores"),
    ],
    ids=["nothing", "type", "shape", "outputs"],
)
def test_another_ensemble_is_refused_with_the_difference(tensors: Any, problem: str) -> None:
    with serving(SmallTriton(tensors=tensors)) as url, pytest.raises(ServerError, match=problem):
        TritonServer(url).__enter__()


def test_a_server_without_our_ensemble_is_refused() -> None:
    with serving(SmallTriton(ready=False)) as url, pytest.raises(ServerError, match="does not serve tha_radiograph"):
        TritonServer(url).__enter__()
