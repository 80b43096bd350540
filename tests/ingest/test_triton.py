"""The client against a small gRPC server that speaks Triton's protocol and can misbehave."""

import time
from typing import Any

import grpc
import numpy as np
import pytest
from builders.findings import make_canvas, make_thresholds
from builders.triton import TENSORS, SmallTriton, serving

from ingest.errors import FileError, ServerError
from ingest.triton import IMAGE, NEVER_NEGATIVE, OUTPUTS, TritonServer


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


@pytest.mark.parametrize("known", [None, "c" * 64], ids=["weights that the configs name", "weights of the caller"])
def test_the_model_version_changes_with_a_threshold_and_with_nothing_else(known: str | None) -> None:
    def version(sure_view: str) -> str:
        triton = SmallTriton()
        triton.parameters["threshold.sure_view"] = sure_view
        with serving(triton) as url, TritonServer(url, weights_sha256=known) as server:
            return server.model_version

    assert version("0.7") == version("0.7") != version("0.71")


def test_the_model_version_changes_with_the_weights_that_the_caller_knows() -> None:
    with (
        serving(SmallTriton()) as url,
        TritonServer(url, weights_sha256="c" * 64) as one,
        TritonServer(url, weights_sha256="d" * 64) as other,
    ):
        assert one.model_version != other.model_version


@pytest.mark.parametrize("known", [None, "c" * 64], ids=["weights that the configs name", "weights of the caller"])
def test_the_model_version_changes_where_the_ensemble_asks_another_version_of_a_model(known: str | None) -> None:
    def version(asked: int) -> str:
        triton = SmallTriton()
        triton.version = asked
        with serving(triton) as url, TritonServer(url, weights_sha256=known) as server:
            return server.model_version

    assert version(1) == version(1) != version(2)


def test_the_thresholds_are_those_of_the_server() -> None:
    triton = SmallTriton()
    triton.parameters |= {"threshold.sure_view": "0.77", "threshold.outlier_score": "3"}
    with serving(triton) as url, TritonServer(url) as server:
        assert server.thresholds == make_thresholds(sure_view=0.77, outlier_score=3.0)


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({}, r"it has no parameter threshold\.hip_score; correct its config\.pbtxt"),
        ({"threshold.hip_score": "high"}, r"threshold\.hip_score is 'high' and no number from 0 to 1; correct"),
    ],
    ids=["absent", "no number"],
)
def test_a_server_without_whole_thresholds_is_refused_in_one_line(parameters: Any, problem: str) -> None:
    triton = SmallTriton()
    triton.parameters = parameters
    with serving(triton) as url, pytest.raises(ServerError, match=problem) as error:
        TritonServer(url).__enter__()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", sorted(NEVER_NEGATIVE))
def test_an_answer_that_cannot_be_negative_is_an_error_of_the_film(name: str) -> None:
    triton = SmallTriton()
    triton.values[name] = -0.5
    with serving(triton) as url, TritonServer(url) as server, pytest.raises(FileError, match=f"{name} is negative"):
        server.submit(canvas_of(7)).result()


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


def test_a_server_that_hangs_ends_the_run() -> None:
    triton = SmallTriton()
    with serving(triton) as url, TritonServer(url, lost_timeout_s=0.3, request_timeout_s=0.2) as server:
        triton.seconds = 2.0
        with pytest.raises(ServerError, match="is lost: start it again"):
            server.submit(canvas_of(7)).result()


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
