"""compose.yaml holds together: what it names is there, what it runs is understood, and nothing is open to the world."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from ingest.cli import main
from ingest.models_commands import models_command

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
# of the Compose specification, those that are used: a misspelt one would be ignored or refused by Docker
KNOWN = {
    "name": str,
    "services": dict,
    "networks": dict,
    "secrets": dict,
}
KNOWN_OF_SERVICE = {
    "build": dict,
    "cap_drop": list,
    "command": list,
    "depends_on": dict,
    "deploy": dict,
    "environment": dict,
    "healthcheck": dict,
    "image": str,
    "network_mode": str,
    "networks": list,
    "profiles": list,
    "read_only": bool,
    "restart": str,
    "secrets": list,
    "security_opt": list,
    "shm_size": str,
    "stop_grace_period": str,
    "tmpfs": list,
    "user": str,
    "volumes": list,
}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}


def with_defaults(text: str) -> str:
    """As Docker reads it where no variable is set; one without a default would be empty."""
    resolved = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
    assert "$" not in resolved, text
    return resolved


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    return [value] if isinstance(value, str) else []


def test_every_key_is_one_of_the_specification_and_of_its_type() -> None:
    for key, value in COMPOSE.items():
        assert key.startswith("x-") or isinstance(value, KNOWN[key]), key
    for name, service in SERVICES.items():
        for key, value in service.items():
            assert isinstance(value, KNOWN_OF_SERVICE[key]), f"{name}.{key}"


def test_every_variable_has_a_default() -> None:
    assert all(with_defaults(text) is not None for text in texts(COMPOSE))


def test_what_a_service_names_is_there() -> None:
    for service in SERVICES.values():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES
            assert how["condition"] in CONDITIONS
            assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[other]
        for volume in service.get("volumes", []):
            assert with_defaults(volume).startswith("./")


def test_plans_are_built_by_the_tensorrt_of_the_triton_that_loads_them() -> None:
    triton = with_defaults(SERVICES["triton"]["image"])
    tag = re.fullmatch(r"nvcr\.io/nvidia/tritonserver:(\d\d\.\d\d)-py3", triton)
    assert tag
    build = SERVICES["plans"]["build"]
    assert with_defaults(build["args"]["TRITON_TAG"]) == tag[1]
    lines = (ROOT / build["dockerfile"]).read_text().splitlines()
    assert f"ARG TRITON_TAG={tag[1]}" in lines
    assert "FROM nvcr.io/nvidia/tensorrt:${TRITON_TAG}-py3" in lines


def test_triton_starts_when_the_plans_are_there_and_can_write_none() -> None:
    assert SERVICES["triton"]["depends_on"]["plans"]["condition"] == "service_completed_successfully"
    served, built = SERVICES["triton"]["volumes"], SERVICES["plans"]["volumes"]
    assert served == [f"{built[0]}:ro"]
    assert f"--model-repository={built[0].rsplit(':', maxsplit=1)[-1]}" in SERVICES["triton"]["command"]


def test_nothing_is_reached_from_outside() -> None:
    assert COMPOSE["networks"]["models"] == {"internal": True}
    for name, service in SERVICES.items():
        assert "ports" not in service
        assert service.get("networks") == ["models"] or service.get("network_mode") == "none", name
        assert service["cap_drop"] == ["ALL"]
        assert service["user"] != "root"
    options = SERVICES["triton"]["command"]
    assert "--http-address=127.0.0.1" in options
    assert "--grpc-use-ssl-mutual=true" in options


def test_no_secret_stands_in_the_file() -> None:
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            secret = re.search("KEY|CERT|CA$|PASSWORD|TOKEN", name)
            assert not secret or value.removeprefix("/run/secrets/") in service["secrets"], name


@pytest.mark.parametrize("name", ["plans", "ingest"])
def test_the_command_and_the_environment_of_ours_are_understood(name: str) -> None:
    service = SERVICES[name]
    known = {
        variable
        for command in [*main.commands.values(), *models_command.commands.values()]
        for option in command.params
        if isinstance(option, click.Option) and option.envvar
        for variable in ([option.envvar] if isinstance(option.envvar, str) else option.envvar)
    }
    assert set(service["environment"]) <= known
    command: Any = main
    words = list(service["command"])
    context = click.Context(main, info_name="ingest")
    while isinstance(command, click.Group):
        command = command.get_command(context, words.pop(0))
        context = click.Context(command, parent=context)
    assert command.make_context(command.name, words, parent=context.parent, resilient_parsing=False)


@pytest.mark.parametrize("path", sorted((ROOT / "deploy").glob("*.Dockerfile")), ids=lambda path: path.stem)
def test_an_image_copies_what_is_there_and_what_its_context_holds(path: Path) -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [word for line in path.read_text().splitlines() if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert copied
    for name in copied:
        assert (ROOT / name).exists()
        assert name in kept


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the script for certificates runs openssl")
def test_certificates_are_made_for_the_names_given_and_never_twice(tmp_path: Path) -> None:
    script = [ROOT / "deploy" / "certificates", tmp_path / "tls", "gpu-server", "10.0.0.7"]
    subprocess.run(script, check=True, capture_output=True)
    wanted = {Path(with_defaults(secret["file"])).name for secret in COMPOSE["secrets"].values()}
    assert {path.name for path in (tmp_path / "tls").iterdir()} == wanted | {"ca.key"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "tls").iterdir())
    for part in ("server", "client"):
        verify = ["openssl", "verify", "-purpose", f"ssl{part}", "-CAfile", "ca.pem", f"{part}.pem"]
        subprocess.run(verify, cwd=tmp_path / "tls", check=True, capture_output=True)
    told = ["openssl", "x509", "-in", "server.pem", "-noout", "-ext", "subjectAltName"]
    names = subprocess.run(told, cwd=tmp_path / "tls", check=True, capture_output=True, text=True).stdout
    assert "DNS:triton, DNS:gpu-server, IP Address:10.0.0.7" in names
    again = subprocess.run(script, check=False, capture_output=True, text=True)
    assert (again.returncode, "holds certificates already" in again.stderr) == (1, True)
