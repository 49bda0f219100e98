"""What an answer is, and that every answer is so."""

import pytest
from pydantic import ValidationError

from serving.estimate.answer import Answer, Problems, make_answer_schemas
from serving.estimate.predictor import Predictor
from serving.estimate.schemas import make_patient_schema
from tests.serving.helpers.json_schema import check
from tests.serving.helpers.models import PATIENT, make_loaded
from training.model.example import make_example

SCHEMAS = make_answer_schemas()


@pytest.mark.parametrize(
    "options", [{}, {"constant": True}, {"horizons": ("t2",)}, {"predictors": ("age_years", "sex")}]
)
def test_the_example_is_answered_and_the_answer_is_as_described(options):
    predictor = Predictor(make_loaded(**options))
    example = make_example(predictor.model, predictor.eligibility)
    assert check(example, make_patient_schema(predictor))
    answer = predictor.predict(example, request_id="x")
    assert answer["applicability"]["in_scope"] is True
    Answer.model_validate(answer)
    assert check(answer, SCHEMAS["Answer"], SCHEMAS)
    assert not any(n["code"] == "missing" for n in answer["applicability"]["notices"])


def test_answers_without_a_number_are_as_described(predictor):
    out, bad = predictor.predict_batch([{"age_years": 3}, {"nrs_t0": 11}], request_id="x")
    Answer.model_validate(out)
    Problems.model_validate(bad)
    assert check(out, SCHEMAS["Answer"], SCHEMAS)
    assert check(bad, SCHEMAS["Problems"], SCHEMAS)


@pytest.mark.parametrize(
    ("name", "value"),
    [("request_id", 3), ("submodel", "panel"), ("estimates", None), ("further", "field")],
)
def test_another_answer_is_none(predictor, name, value):
    answer = {**predictor.predict(PATIENT, request_id="x"), name: value}
    with pytest.raises(ValidationError, match=name):
        Answer.model_validate(answer)
    assert not check(answer, SCHEMAS["Answer"], SCHEMAS)


def test_the_schema_says_what_each_number_is_and_has_no_titles():
    assert SCHEMAS["Explanation"] == {
        "type": "object",
        "description": (
            "Why the estimate is what it is: base plus the contributions is the probability, to "
            "1e-6."
        ),
        "properties": {
            "scale": {"const": "probability", "type": "string"},
            "method": {"type": "string"},
            "error": {"type": "number", "description": "Monte Carlo standard error; 0 when exact"},
            "base": {
                "type": "number",
                "minimum": 0,
                "maximum": 1,
                "description": "the estimate when nothing is known",
            },
            "contributions": {
                "type": "array",
                "items": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/Contribution"},
                        {"$ref": "#/components/schemas/PanelContribution"},
                    ]
                },
                "description": "the panel's is the last, if used",
            },
        },
        "required": ["scale", "method", "error", "base", "contributions"],
        "additionalProperties": False,
    }
    assert SCHEMAS["Estimate"]["properties"]["interval"] == {
        "type": "array",
        "items": {"type": "number", "minimum": 0, "maximum": 1},
        "minItems": 2,
        "maxItems": 2,
        "description": "95% interval",
    }
