"""The class paths that artifacts hold.

They are stable from format 4 on: an approved model is read for years. A class that is listed here
stays where it is; one that must move raises `training.store.artifact.FORMAT_VERSION`, and every
model is trained and reviewed again.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
import skops.io
from hypothesis import given
from hypothesis import strategies as st

from tests.places import PROJECT
from tests.serving.helpers.panels import make_panel_case
from tests.training.helpers.centres import add_centres
from tests.training.helpers.examples import make_model, make_predictors
from training.panel.model import PanelModel
from training.store import skops_bytes
from training.store.skops_bytes import model_from_bytes, panel_from_bytes, to_bytes

MODEL_PATHS = {
    "features.dictionary.transformers.PredictorBasis",
    "training.model.response_model.OutcomeModel",
    "training.model.response_model.ResponseModel",
    "training.model.response_model.WorkingModel",
}
CENTRE_PATHS = {"training.model.centres.Centre", "training.model.centres.CentreOutcome"}
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


def test_a_model_of_several_centres_comes_back_with_each_of_them() -> None:
    model = add_centres(make_model(), {"North": 0.8, "South": -0.3})
    data = to_bytes(model)
    assert _paths(data) == MODEL_PATHS | CENTRE_PATHS
    again = model_from_bytes(data)
    X = make_predictors(20, seed=3)
    assert [centre.name for centre in again.centres] == ["North", "South"]
    for name in ("North", "South"):
        np.testing.assert_array_equal(again.at(name).probability(X), model.at(name).probability(X))
        np.testing.assert_array_equal(again.at(name).interval(X), model.at(name).interval(X))
    assert to_bytes(model) == data


def test_a_model_written_before_there_were_centres_has_none() -> None:
    older = io.BytesIO()
    with ZipFile(io.BytesIO(to_bytes(make_model()))) as now, ZipFile(older, "w") as then:
        schema = json.loads(now.read("schema.json"))
        fields = schema["content"]
        del fields["content"]["centres"]
        fields["key_types"]["content"].pop()  # all of them are text
        then.writestr("schema.json", json.dumps(schema))
        for name in set(now.namelist()) - {"schema.json"}:
            then.writestr(name, now.read(name))
    model = model_from_bytes(older.getvalue())
    assert "centres" not in vars(model)
    assert model.centres == ()


def test_centres_that_give_no_answer_are_no_models() -> None:
    model = add_centres(make_model(), {"North": 0.8, "South": -0.3})
    north = model.centres[0]
    with pytest.raises(ValueError, match="two centres of one name"):
        model_from_bytes(to_bytes(replace(model, centres=(north, north))))
    assert north.first is not None
    lost = replace(north, first=replace(north.first, intercept=float("nan")))
    with pytest.raises(ValueError, match="no probabilities"):
        model_from_bytes(to_bytes(replace(model, centres=(lost,))))
    for draws in (np.full_like(north.first.draws, np.nan), north.first.draws[:, 1:]):
        lost = replace(north, first=replace(north.first, draws=draws))
        with pytest.raises(ValueError, match="no intervals"):
            model_from_bytes(to_bytes(replace(model, centres=(lost,))))


def test_a_model_is_no_panel_and_a_panel_no_model() -> None:
    with pytest.raises(TypeError, match="holds a ResponseModel"):
        panel_from_bytes(to_bytes(make_model()))
    with pytest.raises(ValueError, match="holds 2 type"):
        model_from_bytes(to_bytes(make_panel_case()[2]))


def _assert_alike(ours: Any, theirs: Any) -> None:
    assert type(ours) is type(theirs)
    if isinstance(ours, np.ndarray):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
    elif isinstance(ours, dict):
        assert list(ours) == list(theirs)
        for key, value in ours.items():
            _assert_alike(value, theirs[key])
    elif isinstance(ours, (list, tuple)):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            _assert_alike(one, other)
    elif hasattr(ours, "__dict__"):
        _assert_alike(vars(ours), vars(theirs))
    else:
        assert ours == theirs


@pytest.mark.parametrize("trees", [False, True])
def test_a_model_is_read_as_skops_reads_it(trees: bool) -> None:
    data = to_bytes(make_model(trees=trees))
    theirs = skops.io.loads(data, trusted=list(skops_bytes._MODEL_TYPES))
    _assert_alike(model_from_bytes(data), theirs)


def test_a_panel_is_read_as_skops_reads_it() -> None:
    data = to_bytes(make_panel_case()[2])
    theirs = skops.io.loads(data, trusted=list(skops_bytes._PANEL_TYPES))
    assert isinstance(theirs, PanelModel)
    _assert_alike(panel_from_bytes(data), theirs)


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_PLAIN)
def test_any_plain_value_comes_back_as_it_was(value: Any) -> None:
    if isinstance(value, dict) and len({str(key) for key in value}) < len(value):
        return  # 1 and "1": JSON cannot tell them apart, nor can skops
    data = skops.io.dumps([value])
    try:
        theirs = skops.io.loads(data)
    except Exception:  # such keys further inside
        return
    _assert_alike(skops_bytes._load(data, {}), theirs)


def test_what_scikit_learn_added_to_earlier_models_is_left_out() -> None:
    basis = make_model().first.basis
    vars(basis)["_sklearn_version"] = "1.7.0"
    data = skops.io.dumps(basis)
    again = skops_bytes._load(data, skops_bytes._MODEL_TYPES)
    assert "_sklearn_version" not in vars(again)
    _assert_alike(again.groups_, basis.groups_)


def test_reading_needs_neither_skops_nor_scikit_learn() -> None:
    code = (
        "import sys\nfrom training.store.skops_bytes import model_from_bytes\n"
        "model_from_bytes(sys.stdin.buffer.read())\n"
        "print(sorted({'skops', 'sklearn', 'scipy.stats', 'scipy.optimize'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        input=to_bytes(make_model()),
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().strip() == "[]"
