"""The class paths that artifacts hold.

They are stable from format 4 on: an approved model is read for years. A class that is listed here
stays where it is; one that must move raises `training.store.artifact.FORMAT_VERSION`, and every
model is trained and reviewed again.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest

from tests.serving.helpers.panels import make_panel_case
from tests.training.helpers.examples import make_model, make_predictors
from training.store.skops_bytes import model_from_bytes, panel_from_bytes, to_bytes

MODEL_PATHS = {
    "features.dictionary.transformers.PredictorBasis",
    "training.model.response_model.OutcomeModel",
    "training.model.response_model.ResponseModel",
    "training.model.response_model.WorkingModel",
}
PANEL_PATHS = MODEL_PATHS | {
    "features.panel.normaliser.PanelNormaliser",
    "training.panel.model.PanelModel",
}


def _objects(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        if tree.get("__loader__") == "ObjectNode":
            yield f"{tree['__module__']}.{tree['__class__']}"
        tree = list(tree.values())
    if isinstance(tree, list):
        for branch in tree:
            yield from _objects(branch)


def _paths(data: bytes) -> set[str]:
    with ZipFile(io.BytesIO(data)) as archive:
        return set(_objects(json.loads(archive.read("schema.json"))))


@pytest.mark.parametrize("trees", [False, True])
def test_the_class_paths_in_a_model_are_stable(trees: bool) -> None:
    assert _paths(to_bytes(make_model(trees=trees))) == MODEL_PATHS


def test_the_class_paths_in_a_panel_are_stable() -> None:
    assert _paths(to_bytes(make_panel_case()[2])) == PANEL_PATHS


def test_a_model_comes_back_as_it_was_and_its_bytes_are_the_same_each_time() -> None:
    model = make_model()
    data = to_bytes(model)
    again = model_from_bytes(data)
    X = make_predictors(20, seed=3)
    np.testing.assert_array_equal(again.probability(X), model.probability(X))
    assert to_bytes(make_model()) == data


def test_a_model_is_no_panel_and_a_panel_no_model() -> None:
    with pytest.raises(TypeError, match="holds a ResponseModel"):
        panel_from_bytes(to_bytes(make_model()))
    with pytest.raises(ValueError, match="holds 2 type"):
        model_from_bytes(to_bytes(make_panel_case()[2]))
