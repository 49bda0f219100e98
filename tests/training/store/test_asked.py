"""What a run was asked."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.training.helpers.cards import small_results
from training.store.asked import LabelFacts, PredictorFacts, StudyFacts


@pytest.mark.parametrize(
    ("horizon", "outcome", "name"),
    [
        ("t1", "response at discharge (T1): pain is lower", "discharge (T1)"),
        ("t1", "response after a week", "T1"),
        ("t2", "response at the first follow-up (T2)", "first follow-up (T2)"),
        ("t2", "response at discharge (T1) that lasts", "T2"),
    ],
)
def test_a_horizon_is_called_what_the_study_calls_it(horizon: Any, outcome: str, name: str) -> None:
    study = small_results()["study"]
    study["outcomes"][horizon] = outcome
    assert StudyFacts.model_validate(study).name_horizon(horizon) == name


def test_labels_are_those_of_the_horizon() -> None:
    labels = LabelFacts.model_validate(small_results()["labels"])
    assert labels.at("t1") is labels.t1
    assert labels.at("t2") is labels.t2
    assert (labels.at("t1").responders, labels.at("t2").responders) == (51, 30)
    with pytest.raises(AssertionError, match="labels of each horizon"):
        labels.model_copy(update={"t2": None}).at("t2")


def test_numbers_of_a_study_file_stay_as_they_were_written() -> None:
    study = small_results()["study"]
    study["eligibility"]["age_years"] = {"min": 18, "max": 70.5}
    written = StudyFacts.model_validate(study).to_json()["eligibility"]["age_years"]
    assert [type(value) for value in written.values()] == [int, float]


def test_a_predictor_has_quartiles_or_shares_but_may_have_neither() -> None:
    first = small_results()["predictors"][0]
    assert PredictorFacts.model_validate(first).shares == {}
    with pytest.raises(ValidationError, match="quartiles"):
        PredictorFacts.model_validate(first | {"quartiles": [7.0, 8.0]})
    with pytest.raises(ValidationError, match="missing"):
        PredictorFacts.model_validate({k: v for k, v in first.items() if k != "missing"})
