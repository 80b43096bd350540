"""``ingest models`` as a person calls it."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from ingest.cli import main
from ingest.models_commands import models_command

WITHOUT_ONNX = "import sys; sys.modules['onnx'] = None; from ingest.cli import main; main()"


def invoke(*arguments, program=None):
    if program:
        return subprocess.run([sys.executable, "-c", program, *arguments], check=False, capture_output=True, text=True)
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.mark.parametrize("name", sorted(models_command.commands))
def test_every_command_has_help_with_an_example_and_its_environment_variables(name):
    output = invoke("models", name, "--help").output
    assert f"\n  Example:\n    ingest models {name}" in output
    for option in models_command.commands[name].params:
        if isinstance(option, click.Option):
            assert option.help in " ".join(output.split())


def test_a_machine_without_a_gpu_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr("ingest.gpu.LIBRARY", "libcuda-of-no-machine.so.1")
    for command in ("compile", "verify"):
        result = invoke("models", command)
        assert result.exit_code == 1
        assert "no NVIDIA driver answers on this machine" in result.output
        assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["compile", "--device", "cuda"], "--device is 'cuda'"),
        (["compile", "--precision", "fp8"], "'fp8' is not one of"),
        (["compile", "--max-batch", "0"], "0 is not in the range"),
        (["verify", "--device", "tpu"], "--device is 'tpu'"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, problem):
    result = invoke("models", *arguments)
    assert (result.exit_code, problem in result.output) == (2, True), result.output


@pytest.mark.parametrize("command", ["compile", "verify"])
def test_a_folder_without_models_is_one_line(command, tmp_path):
    device = ["--device", "cpu"] if command == "verify" else ["--device", "sm86", "--out", tmp_path / "out"]
    if command == "compile":
        pytest.importorskip("tensorrt_rtx", reason="'make check' installs TensorRT for RTX")
    result = invoke("models", command, "--models", tmp_path, *device)
    assert (result.exit_code, f"no models in {tmp_path}" in result.output) == (1, True)


def test_without_the_extra_reading_works_and_compiling_says_what_to_install():
    assert invoke("models", program=WITHOUT_ONNX).returncode == 0
    told = invoke("models", "compile", program=WITHOUT_ONNX)
    assert told.returncode == 1
    assert told.stderr == "Error: the Python package onnx is missing: pip install '.[plans]' in the checkout\n"
