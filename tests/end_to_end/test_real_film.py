"""The one published film of a grown person's hip that we know of: a left hip, held in the frog-leg position."""

from pathlib import Path

import pytest
from builders.commands import rows, run
from builders.real import FOLDERS

FILM = FOLDERS["shared"] / "pylibjpeg-data/ljdata/ds/JPEGExtended/RG2_JPLY_fixed.dcm"
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(not FILM.is_file(), reason="the larger set of real files is not beside us, nor in $REAL_DICOM"),
]


def test_a_real_film_of_a_hip_is_read_as_it_is(tmp_path: Path) -> None:
    run(FILM, tmp_path)
    [film] = rows(tmp_path, "SELECT view, side, review FROM landing.inference")
    [hip] = rows(tmp_path, "SELECT side, implant, has_cup FROM landing.hip")
    assert film == {"view": "frog_leg_lateral", "side": "left", "review": []}
    assert hip == {"side": "left", "implant": False, "has_cup": False}
