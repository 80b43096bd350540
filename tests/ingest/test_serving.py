from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from builders.findings import FakeServer, make_canvas, make_raw
from builders.triton import SmallTriton, serving

from ingest.errors import ServerError
from ingest.serving import OnDemand, model_server
from ingest.settings import Settings


def settings(tmp_path: Path, url: str | None) -> Settings:
    return Settings((tmp_path,), tmp_path, tmp_path / "w.duckdb", tmp_path / "models", triton_url=url)


def test_a_server_is_opened_by_the_first_film_and_closed_once() -> None:
    events = []

    @contextmanager
    def opened() -> Iterator[FakeServer]:
        events.append("open")
        yield FakeServer(make_raw())
        events.append("close")

    server = OnDemand(opened)
    assert (events, server.model_version) == ([], "")
    for _ in range(2):
        server.submit(make_canvas()).result()
    assert (events, server.model_version) == (["open"], FakeServer.model_version)
    server.close()
    server.close()
    assert events == ["open", "close"]


def test_the_thresholds_are_those_of_the_server_that_is_opened() -> None:
    @contextmanager
    def opened() -> Iterator[FakeServer]:
        yield FakeServer(make_raw())

    assert OnDemand(opened).thresholds == FakeServer.thresholds


def test_a_server_that_takes_time_begins_when_films_are_expected() -> None:
    events = []

    @contextmanager
    def opened() -> Iterator[FakeServer]:
        events.append("open")
        yield FakeServer(make_raw())

    server = OnDemand(opened, lambda: events.append("prepare"))
    server.expect_films()
    assert events == ["prepare"]
    server.submit(make_canvas())
    assert events == ["prepare", "open"]


def test_a_server_that_nobody_needed_is_never_opened() -> None:
    def fail() -> Iterator[FakeServer]:
        raise AssertionError("opened")

    OnDemand(contextmanager(fail)).close()


def test_a_named_server_is_used(tmp_path: Path) -> None:
    with serving(SmallTriton()) as url, model_server(settings(tmp_path, url), print) as server:
        assert server.submit(make_canvas()).result().view_scores.shape == (6,)


def test_a_missing_model_repository_is_told_before_the_archive_is_read(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="no models in"), model_server(settings(tmp_path, None), print):
        pass
