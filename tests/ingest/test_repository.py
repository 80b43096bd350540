"""What ``ingest models`` lists is what lies on the disk."""

import hashlib
from pathlib import Path

import pytest

from ingest.errors import ServerError
from ingest.repository import list_models, weights_sha256


def make_model(
    repository: Path, name: str, *, weights: bytes | None = b"graph", card: str = "", platform: str = "tensorrt_plan"
) -> None:
    folder = repository / name
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(f'name: "{name}"\nplatform: "{platform}"\n')
    if weights is not None:
        (folder / "1" / "model.onnx").write_bytes(weights)
    if card:
        (folder / "CARD.md").write_text(card)


def test_a_model_is_listed_with_its_versions_size_and_hash(tmp_path: Path) -> None:
    make_model(tmp_path, "classifier")
    (tmp_path / "classifier" / "2").mkdir()
    (tmp_path / "classifier" / "2" / "model.onnx").write_bytes(b"newer")

    (model,) = list_models(tmp_path)

    assert (model.name, model.platform, model.versions) == ("classifier", "tensorrt_plan", (1, 2))
    assert model.onnx is not None
    assert (model.onnx.size_bytes, model.onnx.sha256) == (5, hashlib.sha256(b"newer").hexdigest())
    assert model.plan is None
    assert model.ready_without_gpu


def test_a_model_without_weights_is_not_ready_but_an_ensemble_is(tmp_path: Path) -> None:
    make_model(tmp_path, "classifier", weights=None)
    make_model(tmp_path, "whole", weights=None, platform="ensemble")

    assert [model.ready_without_gpu for model in list_models(tmp_path)] == [False, True]


@pytest.mark.parametrize(
    ("card", "use"),
    [
        pytest.param(
            "---\nintended_use: research on hips\n---\n# Title\n\nText.", "research on hips", id="front-matter"
        ),
        pytest.param("# Title\n\nSorts films\nby view.\n\nMore.", "Sorts films by view.", id="first-paragraph"),
        pytest.param("", "no card", id="no-card"),
    ],
)
def test_the_intended_use_is_the_cards(tmp_path: Path, card: str, use: str) -> None:
    make_model(tmp_path, "classifier", card=card)

    assert list_models(tmp_path)[0].intended_use == use


def test_the_common_hash_changes_with_any_weights(tmp_path: Path) -> None:
    for name in ("classifier", "detector"):
        make_model(tmp_path, name)
    before = weights_sha256(list_models(tmp_path))
    (tmp_path / "detector" / "1" / "model.onnx").write_bytes(b"retrained")

    assert weights_sha256(list_models(tmp_path)) != before


def test_the_common_hash_changes_with_the_weights_of_an_older_version_too(tmp_path: Path) -> None:
    make_model(tmp_path, "classifier")
    (tmp_path / "classifier" / "2").mkdir()
    (tmp_path / "classifier" / "2" / "model.onnx").write_bytes(b"newer")
    before = weights_sha256(list_models(tmp_path))
    (tmp_path / "classifier" / "1" / "model.onnx").write_bytes(b"exchanged")

    assert weights_sha256(list_models(tmp_path)) != before


def test_a_folder_without_models_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=str(tmp_path)):
        list_models(tmp_path)
