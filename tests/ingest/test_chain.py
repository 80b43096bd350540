"""Models answer in the order that their inputs ask for, some films at a time."""

from types import SimpleNamespace

import numpy as np
import pytest
from builders.graphs import make_network

from ingest.chain import OnnxModel, answers
from ingest.errors import PlanError


class Adds:
    """Adds one to its only input."""

    def __init__(self, source: str, target: str) -> None:
        self.inputs, self.outputs = [source], [target]

    def __call__(self, known):
        """As ``Model``."""
        return {self.outputs[0]: known[self.inputs[0]] + 1}


FILMS = [np.full((2, 2), value, np.uint8) for value in (10, 20, 30)]


@pytest.mark.parametrize(("batch", "sizes"), [(1, [1, 1, 1]), (2, [2, 1]), (8, [3])])
def test_films_are_answered_in_batches_and_in_their_order(batch, sizes):
    told = list(answers([Adds("a", "b"), Adds("image", "a")], FILMS, batch))
    assert [len(one["image"]) for one in told] == sizes
    assert np.concatenate([one["b"] for one in told])[:, 0, 0].tolist() == [12, 22, 32]


def test_a_model_whose_input_nobody_tells_is_an_error_that_names_it():
    with pytest.raises(ValueError, match="nothing tells"):
        list(answers([SimpleNamespace(inputs=["view_scores"], outputs=[])], FILMS))


@pytest.mark.parametrize("content", [b"", b"no graph", make_network()[:-40]], ids=["empty", "a letter", "cut short"])
def test_a_file_that_is_no_graph_is_one_line_with_its_name(content):
    with pytest.raises(PlanError, match=r"detector/1/model\.onnx cannot be run by ONNX Runtime") as error:
        OnnxModel(content, "detector/1/model.onnx")
    assert "\n" not in str(error.value)
