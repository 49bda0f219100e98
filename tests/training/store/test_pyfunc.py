from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import InputError
from tests.training.helpers.centres import add_centres
from tests.training.helpers.examples import make_facts, make_model
from training.store.artifact import LoadedModel, save_model
from training.store.pyfunc import FrameModel, _load_pyfunc

TABLE = pd.DataFrame(
    {
        "crps_type": ["1", "unspecified", "1", "2"],
        "nrs_t0": [8, 5.5, np.nan, 7],
        "disease_duration_years": [2, 0, 60, 11],
        "opioid": ["yes", "No", "", True],
        "patient_id": ["a", "b", "c", "d"],
        "age_years": [40.0, 18.0, np.nan, 80.0],
    },
    index=[11, 7, 5, 3],
)


@pytest.fixture
def model() -> FrameModel:
    return FrameModel(LoadedModel(make_model(), make_facts(), "0" * 64))


def test_rows_are_read_as_the_dictionary_says(model: FrameModel) -> None:
    # In the model's order: pain, duration, opioid (yes = 1), type (position; empty is missing).
    X = np.array(
        [
            [8.0, 2.0, 1.0, 0.0],
            [5.5, 0.0, 0.0, 2.0],
            [np.nan, 60.0, np.nan, 0.0],
            [7.0, 11.0, 1.0, 1.0],
        ]
    )
    served = model.predict(TABLE)
    assert list(served.columns) == ["p_t1", "p_t2"]
    assert list(served.index) == [11, 7, 5, 3]
    assert np.array_equal(served.to_numpy(), make_model().probability(X))


def test_a_saved_folder_is_what_mlflow_is_given(tmp_path: Path, model: FrameModel) -> None:
    save_model(tmp_path / "artifact", make_model(), make_facts())
    loaded = _load_pyfunc(str(tmp_path / "artifact"))
    pd.testing.assert_frame_equal(loaded.predict(TABLE), model.predict(TABLE), check_exact=True)


def test_patients_of_a_centre_are_answered_by_its_own_model() -> None:
    model = add_centres(make_model(), {"North": 0.8, "South": -0.3})
    frame = FrameModel(LoadedModel(model, make_facts(), "0" * 64))
    alone = FrameModel(LoadedModel(model.at("North"), make_facts(), "0" * 64))
    named = frame.predict(TABLE, {"centre": "north"})
    pd.testing.assert_frame_equal(named, alone.predict(TABLE), check_exact=True)
    new = frame.predict(TABLE)
    assert (named["p_t1"] > new["p_t1"]).all()
    for nobody in ({}, {"centre": ""}, {"centre": "none"}, {"centre": None}):
        pd.testing.assert_frame_equal(frame.predict(TABLE, nobody), new, check_exact=True)
    told = r"North, South \(did you mean South\?\); leave the parameter centre out for a new one"
    with pytest.raises(InputError, match=told):
        frame.predict(TABLE, {"centre": "Sout"})


def test_a_row_gets_the_same_alone_and_in_a_table(model: FrameModel) -> None:
    together = model.predict(TABLE)
    alone = pd.concat([model.predict(TABLE.iloc[[i]]) for i in range(len(TABLE))])
    pd.testing.assert_frame_equal(alone, together, check_exact=True)


def test_every_problem_is_listed_and_no_value_is_told(model: FrameModel) -> None:
    table = TABLE.astype(object)
    table.loc[11, "nrs_t0"] = 987.25
    table.loc[7, "opioid"] = "Jane Doe"
    table.loc[7, "disease_duration_years"] = "1,750"
    table["age_yeers"] = 1
    with pytest.raises(InputError) as caught:
        model.predict(table.drop(columns="crps_type"))
    found = {(problem.column, problem.row) for problem in caught.value.problems}
    assert found == {
        ("age_yeers", None),
        ("crps_type", None),
        ("nrs_t0", 1),
        ("opioid", 2),
        ("disease_duration_years", 2),
    }
    for value in ("987", "Jane", "1,750"):
        assert value not in str(caught.value)
        assert value in caught.value.report()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("age_years", 17),
        ("setting", "emergency"),
        ("concurrent_infusion_drug", "mannitol"),
        ("course_number", 2),
    ],
)
def test_a_patient_out_of_scope_gets_no_number(
    model: FrameModel, column: str, value: object
) -> None:
    with pytest.raises(InputError, match="row 2, " + column):
        model.predict(TABLE.assign(**{column: [None, value, None, None]}))


@pytest.mark.parametrize(
    "change",
    [
        {"nrs_t0": [8, 1, 6, 7]},
        {"disease_duration_years": [2, None, 60, 11], "opioid": ["yes", "", "", True]}
        | {"nrs_t0": [8, None, 6, 7]},
    ],
    ids=["a fall of 2 from 1", "only the type known"],
)
def test_a_row_without_a_number_leaves_the_others_theirs(
    model: FrameModel, change: dict[str, list[object]]
) -> None:
    served = model.predict(TABLE.assign(**change))
    assert np.isnan(served.to_numpy()).all(axis=1).tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.iloc[:0],
        lambda table: table[[]],
        lambda table: table.rename(columns={"opioid": 3}),
    ],
    ids=["no rows", "no columns", "a column without a name"],
)
def test_a_table_without_what_is_needed(
    model: FrameModel, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    table = change(TABLE)
    if list(table.columns) == list(TABLE.columns):
        assert model.predict(table).shape == (0, 2)
    else:
        with pytest.raises(InputError, match="opioid: expected yes or no"):
            model.predict(table)
