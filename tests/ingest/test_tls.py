"""An encrypted connection is what the options say, and a wrong one is told with the option to correct."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from builders.dicom import make_ramp, write_dicom
from builders.findings import make_canvas
from builders.production import make_tls
from builders.triton import SmallTriton
from click.testing import CliRunner
from tritonclient.grpc import service_pb2_grpc as services

from ingest.cli import main
from ingest.errors import ServerError, UsageError
from ingest.tls import Tls, why_refused
from ingest.triton import TritonServer


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    make_tls(folder)
    return folder


@pytest.fixture
def url(files: Path) -> Iterator[str]:
    """A small Triton that asks everybody for a certificate."""
    server = grpc.server(ThreadPoolExecutor(4))
    services.add_GRPCInferenceServiceServicer_to_server(SmallTriton(value=0.5), server)
    pair = ((files / "server.key").read_bytes(), (files / "server.pem").read_bytes())
    credentials = grpc.ssl_server_credentials([pair], (files / "ca.pem").read_bytes(), require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()


def test_films_are_answered_over_an_encrypted_connection(files: Path, url: str) -> None:
    tls = Tls.of(url, files / "ca.pem", files / "client.pem", files / "client.key")
    with TritonServer(url, tls=tls) as server:
        assert float(server.submit(make_canvas()).result().view_scores[0]) == 0.5


def test_a_run_takes_the_files_as_options_and_from_the_environment(files: Path, url: str, tmp_path: Path) -> None:
    write_dicom(tmp_path / "dicoms" / "film.dcm", make_ramp(600, 500), SOPInstanceUID="1.2.3")
    named = [
        "--triton-ca",
        files / "ca.pem",
        "--triton-cert",
        files / "client.pem",
        "--triton-key",
        files / "client.key",
    ]
    command = ["run", tmp_path / "dicoms", "--triton", url, "--workers", 1]
    result = CliRunner().invoke(main, list(map(str, [*command, "--home", tmp_path / "one", *named])))
    assert result.exit_code == 0, result.output
    variables = {
        "INGEST_TRITON_CA": str(files / "ca.pem"),
        "INGEST_TRITON_CERT": str(files / "client.pem"),
        "INGEST_TRITON_KEY": str(files / "client.key"),
    }
    result = CliRunner().invoke(main, list(map(str, [*command, "--home", tmp_path / "two"])), env=variables)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("names", "problem"),  # names of authority, certificate, key
    [
        (("other.pem", "client.pem", "client.key"), "its certificate is not signed by --triton-ca"),
        (("ca.pem", None, None), "it may want --triton-cert and --triton-key"),
        (("ca.pem", "client.pem", "junk.pem"), "holds no certificate or key of that kind"),
        (("junk.pem", None, None), "holds no certificate or key of that kind"),
    ],
    ids=["another authority", "no certificate of ours", "a key that is none", "an authority that is none"],
)
def test_a_connection_that_is_refused_tells_why(
    files: Path, url: str, tmp_path: Path, names: tuple[str | None, ...], problem: str
) -> None:
    (tmp_path / "junk.pem").write_text("junk")
    make_tls(tmp_path / "other")
    (tmp_path / "other.pem").write_bytes((tmp_path / "other" / "ca.pem").read_bytes())

    def path(name: str | None) -> Path | None:
        return name and next(folder / name for folder in (files, tmp_path) if (folder / name).exists())

    tls = Tls.of(url, *map(path, names))
    with pytest.raises(ServerError, match=f"no secure connection to {url}: .*{problem}") as error:
        TritonServer(url, tls=tls).__enter__()
    assert "\n" not in str(error.value)


def test_a_server_of_another_name_is_refused(tmp_path: Path) -> None:
    make_tls(tmp_path, host="elsewhere.hospital")
    server = grpc.server(ThreadPoolExecutor(1))
    pair = ((tmp_path / "server.key").read_bytes(), (tmp_path / "server.pem").read_bytes())
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    with pytest.raises(ServerError, match="not signed by --triton-ca, or not for that name"):
        TritonServer(f"127.0.0.1:{port}", tls=Tls(tmp_path / "ca.pem")).__enter__()
    server.stop(0).wait()


def test_the_words_of_grpc_become_what_to_correct() -> None:
    words = "Tls handshake failed (TSI_PROTOCOL_FAILURE): Peer name 127.0.0.1 is not in peer certificate"
    assert why_refused(words) == "its certificate is not signed by --triton-ca, or not for that name"
    assert why_refused("failed to connect: Connection refused") is None


@pytest.mark.parametrize(
    ("url", "names", "problem"),
    [
        (None, ("ca.pem", None, None), "are for a server named with --triton"),
        ("host:8001", (None, "client.pem", "client.key"), "needs --triton-ca"),
        ("grpcs://host:8001", (None, None, None), "needs --triton-ca"),
        ("host:8001", ("ca.pem", "client.pem", None), "belong together"),
        ("host:8001", ("ca.pem", None, "client.key"), "belong together"),
        ("host:8001", ("missing.pem", None, None), "missing.pem cannot be read .*name a PEM file"),
    ],
)
def test_options_that_do_not_fit_together_are_wrong_usage(
    files: Path, url: str | None, names: tuple[str | None, ...], problem: str
) -> None:
    named = [files / name if name else None for name in names]
    with pytest.raises(UsageError, match=problem):
        Tls.of(url, *named)


def test_without_options_nothing_is_encrypted() -> None:
    assert Tls.of("host:8001", None, None, None) is None
    assert Tls.of(None, None, None, None) is None
