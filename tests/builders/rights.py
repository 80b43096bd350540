"""A user whom permissions hold back: also where the tests run as root, whom they do not."""

import os
import subprocess
import sys

# Root that has given up CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH and CAP_FOWNER is asked for permission like anybody.
# In a program of its own: between fork and exec, beside the threads of gRPC, nothing may be done.
HELD_BACK = """
import ctypes, os, sys
PR_CAPBSET_DROP, OVERRIDES = 24, (1, 2, 3)
if os.geteuid() == 0 and any(ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, one, 0, 0, 0) for one in OVERRIDES):
    sys.exit("root may not give anything up here")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
INGEST = "from ingest.cli import main; main()"


def as_a_user(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """``ingest`` with these arguments, held back by permissions."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run(
        [sys.executable, "-c", HELD_BACK, "-c", INGEST, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def held_back() -> bool:
    """Whether that works here: a container may forbid root to give anything up."""
    return subprocess.run([sys.executable, "-c", HELD_BACK, "-c", ""], capture_output=True, check=False).returncode == 0
