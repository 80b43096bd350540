"""The parts of the embedded Triton are found, or the error says which is missing and how to get it."""

import stat
import sys
from pathlib import Path

import pytest

from ingest.errors import ServerError
from ingest.installation import assemble_backends, find_installation, find_libpython, package_folder


def test_a_missing_libpython_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"libpython3\.11\.so\.1\.0 is missing.*apt install libpython3\.11"):
        find_libpython([tmp_path, tmp_path / "nowhere"], "libpython3.11.so.1.0")


def test_the_first_folder_with_libpython_wins(tmp_path: Path) -> None:
    own, system = tmp_path / "own", tmp_path / "system"
    for folder in (own, system):
        folder.mkdir()
        (folder / "libpython3.11.so.1.0").touch()

    assert find_libpython([tmp_path, own, system], "libpython3.11.so.1.0") == own


def test_a_missing_package_says_how_to_install_it() -> None:
    with pytest.raises(ServerError, match="pip install no-such-wheel"):
        package_folder("no_such_module", "no-such-wheel")


def test_the_server_gets_this_interpreter_and_no_other() -> None:
    environment = find_installation().environment()

    assert environment["PATH"].startswith(str(Path(sys.executable).parent))
    assert environment["PYTHONHOME"].startswith(sys.base_prefix)


def test_backends_are_assembled_once_and_can_run(tmp_path: Path) -> None:
    installation = find_installation()

    first = assemble_backends(installation, tmp_path)
    second = assemble_backends(installation, tmp_path)

    assert first == second
    assert list(tmp_path.iterdir()) == [first]
    assert (first / "onnxruntime" / "model.py").is_file()
    assert (first / "python" / "triton_python_backend_stub").stat().st_mode & stat.S_IXUSR
