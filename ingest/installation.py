"""What the embedded Triton is made of: the wheel's server, a Python stub, libpython, our backend.

The wheel's files are not ours to change, so the backends are assembled in a folder of our own.
"""

import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from ingest.errors import ServerError

WHEEL = "nvidia-pytriton"
OUR_BACKEND = Path(__file__).parent / "backends" / "onnxruntime" / "model.py"
STUB_NAME = "triton_python_backend_stub"


@dataclass(frozen=True, slots=True)
class Installation:
    """Where the parts are."""

    binary: Path  # tritonserver
    python_backend: Path  # the wheel's folder with libtriton_python.so
    stub: Path  # the program that runs a Python model, for the minor version that runs now
    libraries: tuple[Path, ...]  # for LD_LIBRARY_PATH: libpython's folder first
    packages: tuple[Path, ...]  # for PYTHONPATH: where numpy and onnxruntime are
    version: str  # of the wheel

    def environment(self) -> dict[str, str]:
        """Everything the server may see: no secret of the caller, this interpreter before any other."""
        return {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
            "PYTHONHOME": f"{sys.base_prefix}{os.pathsep}{sys.base_exec_prefix}",
            "PYTHONPATH": _joined(self.packages),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LD_LIBRARY_PATH": _joined(self.libraries),
            "CUDA_VISIBLE_DEVICES": "",  # the embedded server is the CPU one; NVIDIA's container uses GPUs
            "LC_ALL": "C.UTF-8",
        }


def find_installation() -> Installation:
    """Look for all parts; ``ServerError`` names the first that is missing and how to get it."""
    home = package_folder("pytriton", WHEEL)
    root = home / "pytriton" / "tritonserver"
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = root / "python_backend_stubs" / minor / STUB_NAME
    binary = root / "bin" / "tritonserver"
    for path in (binary, stub, root / "backends" / "python"):
        if not path.exists():
            raise ServerError(f"{path} is missing: {WHEEL} has no server for Python {minor} here; use 3.11 or 3.12")
    packages = [package_folder(name, name) for name in ("numpy", "onnxruntime")]
    return Installation(
        binary=binary,
        python_backend=root / "backends" / "python",
        stub=stub,
        libraries=(find_libpython(library_folders(), library_name()), home / "nvidia_pytriton.libs"),
        packages=tuple(dict.fromkeys(packages)),
        version=metadata.version(WHEEL),
    )


def package_folder(module: str, wheel: str) -> Path:
    """The folder on sys.path that holds ``module``, found without importing it."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ServerError(f"the package {wheel} is not installed: run 'make install', or 'pip install {wheel}'")
    return Path(spec.origin).parents[1]


def library_name() -> str:
    """File name of the shared libpython of the running minor version."""
    return f"libpython{sys.version_info.major}.{sys.version_info.minor}.so.1.0"


def library_folders() -> tuple[Path, ...]:
    """Where libpython may be, the running interpreter's own build first."""
    own = [sysconfig.get_config_var(name) for name in ("LIBDIR", "LIBPL")]
    multiarch = sysconfig.get_config_var("MULTIARCH") or "x86_64-linux-gnu"
    system = [f"/usr/lib/{multiarch}", "/usr/lib64", "/usr/lib", "/usr/local/lib"]
    prefix = str(Path(sys.base_exec_prefix) / "lib")
    return tuple(Path(folder) for folder in [prefix, *own, *system] if folder)


def find_libpython(folders: Iterable[Path], name: str) -> Path:
    """The first folder that holds ``name``, which the stub is linked against."""
    for folder in folders:
        if (folder / name).exists():
            return folder
    package = name.removesuffix(".so.1.0")
    raise ServerError(
        f"{name} is missing, which Triton needs: install it with 'apt install {package}' or "
        f"'dnf install python3-libs', or use a Python built with --enable-shared (uv's, conda's)"
    )


def assemble_backends(installation: Installation, folder: Path) -> Path:
    """The ``--backend-directory`` for this installation, below ``folder``; made once for all runs."""
    parts = {
        "python": [*installation.python_backend.glob("*.so"), *installation.python_backend.glob("*.py")],
        "onnxruntime": [OUR_BACKEND],
    }
    parts["python"].append(installation.stub)
    target = folder / f"backends-{_digest(path for files in parts.values() for path in files)}"
    if target.is_dir():
        return target
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="backends-new-", dir=folder))
    for name, files in parts.items():
        (draft / name).mkdir()
        for path in files:
            shutil.copy(path, draft / name / path.name)
    try:
        draft.rename(target)
    except OSError:  # another run was quicker, with the same parts
        shutil.rmtree(draft)
    return target


def _digest(paths: Iterable[Path]) -> str:
    sha256 = hashlib.sha256()
    for path in paths:
        sha256.update(path.name.encode() + b"\0" + path.read_bytes())
    return sha256.hexdigest()[:12]


def _joined(paths: Iterable[Path]) -> str:
    return os.pathsep.join(map(str, paths))
