"""What PyTorch answered is written down; of a model that stays, what it answered before."""

import json
from dataclasses import fields

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("onnx", reason="the training extra is not installed")

from builders.findings import make_raw  # noqa: E402 - after the skip

from ingest.records import RawFindings, View  # noqa: E402
from training import parity  # noqa: E402

FILMS = {"a": np.zeros((2, 2), np.uint8), "b": np.ones((2, 2), np.uint8)}


def test_the_tensors_of_a_kept_model_stay_and_all_others_are_told_anew(tmp_path):
    path = tmp_path / "parity.json"
    before, after = make_raw(View.AP_HIP, right_hip_implant=0.9), make_raw(View.AP_PELVIS, left_hip_implant=0.8)
    parity.write(path, FILMS, lambda films: [before for _ in films])
    parity.write(path, FILMS, lambda films: [after for _ in films], kept=["view_scores"])
    for told in json.loads(path.read_text()).values():
        for field in fields(RawFindings):
            wanted = getattr(before if field.name == "view_scores" else after, field.name)
            assert np.allclose(told[field.name], wanted, atol=1e-5), field.name
    assert not np.allclose(before.view_scores, after.view_scores)
