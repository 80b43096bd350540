"""Which models answer: a server that the caller named, or an embedded one, started when the first film needs it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

from ingest.flow import ModelServer
from ingest.records import Canvas, RawFindings
from ingest.repository import list_models, weights_sha256
from ingest.server import EmbeddedServer
from ingest.settings import Settings
from ingest.thresholds import Thresholds
from ingest.triton import TritonServer

if TYPE_CHECKING:
    from concurrent.futures import Future

EMBEDDED_LOST_S = 60.0  # an embedded server that ended is started again, which takes 2-8 s, more on a busy machine


class OnDemand:
    """A model server that is opened by the first film: a run that finds nothing new needs none.

    ``prepare`` is called when films are expected, and returns at once.
    """

    def __init__(
        self,
        open_server: Callable[[], AbstractContextManager[ModelServer]],
        prepare: Callable[[], object] = lambda: None,
    ) -> None:
        self._open_server = open_server
        self._prepare = prepare
        self._server: ModelServer | None = None
        self._stack = ExitStack()

    @property
    def model_version(self) -> str:
        """Empty as long as no film was asked."""
        return self._server.model_version if self._server else ""

    @property
    def thresholds(self) -> Thresholds:
        """As ``ModelServer``; opens the server where no film was asked."""
        return self._opened().thresholds

    def expect_films(self) -> None:
        """As ``ModelServer``."""
        self._prepare()

    def submit(self, canvas: Canvas) -> "Future[RawFindings]":
        """As ``ModelServer``; the first call waits until the server is ready."""
        return self._opened().submit(canvas)

    def close(self) -> None:
        """Stops the server where one was started."""
        self._stack.close()

    def _opened(self) -> ModelServer:
        if self._server is None:
            self._server = self._stack.enter_context(self._open_server())
        return self._server


@contextmanager
def model_server(settings: Settings, say: Callable[[str], None]) -> Iterator[ModelServer]:
    """The models of a run.

    Raises:
        ServerError: nobody answers at the named address, or the model repository is empty.
    """
    if settings.triton_url:
        with TritonServer(settings.triton_url, in_flight=settings.in_flight, tls=settings.triton_tls) as server:
            yield server
        return
    weights = weights_sha256(list_models(settings.models))
    embedded = EmbeddedServer(settings.models, settings.home)

    def launch() -> None:
        say("starting the embedded Triton server ...")
        embedded.launch()

    on_demand = OnDemand(lambda: _embedded(embedded, settings, weights), launch)
    try:
        yield on_demand
    finally:
        on_demand.close()
        embedded.stop()  # one that no film came to


@contextmanager
def _embedded(private: EmbeddedServer, settings: Settings, weights: str) -> Iterator[ModelServer]:
    with (
        private,
        TritonServer(
            private.url,
            in_flight=settings.in_flight,
            weights_sha256=weights,
            lost_timeout_s=EMBEDDED_LOST_S,
        ) as server,
    ):
        yield server
