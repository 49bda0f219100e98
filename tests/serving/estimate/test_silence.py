from __future__ import annotations

import json

import pytest

from serving.estimate.predictor import Predictor
from serving.estimate.silence import withhold
from tests.serving.helpers.models import PATIENT, make_loaded

SILENT = {"status": "approved for silent evaluation only", "synthetic": False}


@pytest.mark.parametrize("status", ["demonstration", "research", "approved"])
def test_an_answer_of_any_other_model_is_left_as_it_is(status: str) -> None:
    predictor = Predictor(
        make_loaded(facts={"status": status, "synthetic": status == "demonstration"})
    )
    answer = predictor.predict(PATIENT, request_id="r")
    assert withhold(predictor, answer) is answer


def test_under_silent_evaluation_no_probability_is_left() -> None:
    predictor = Predictor(make_loaded(facts=SILENT))
    answer = predictor.predict(PATIENT, request_id="r")
    left = withhold(predictor, answer)
    assert left["estimates"] == []
    text = json.dumps(left)
    for estimate in answer["estimates"]:
        assert str(estimate["probability"]) not in text
    codes = [notice["code"] for notice in left["applicability"]["notices"]]
    assert codes[-1] == "recorded"
    assert answer["estimates"]  # the record's is whole
    assert withhold(predictor, left) is left


def test_what_is_out_of_scope_or_cannot_be_read_says_so() -> None:
    predictor = Predictor(make_loaded(facts=SILENT))
    answer = predictor.predict({**PATIENT, "age_years": 3}, request_id="r")
    assert withhold(predictor, answer) is answer
    body = {"error": "x", "problems": []}
    assert withhold(predictor, body) is body
