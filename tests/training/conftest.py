"""What has to be there before the first test of a training."""

import pytest

try:
    from builders import elsewhere
except ImportError:  # the training extra is not installed
    elsewhere = None


@pytest.fixture(scope="session", autouse=True)
def _second_device():
    """PyTorch counts its devices at the first backward pass, whichever test makes it."""
    kept = elsewhere and elsewhere.set_up()
    yield
    del kept
