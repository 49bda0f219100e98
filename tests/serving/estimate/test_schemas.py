from __future__ import annotations

from dataclasses import replace

import pytest

from features.dictionary.contract import CONTRACT
from features.dictionary.declarations import declare_variable
from serving.estimate.predictor import Predictor
from serving.estimate.schemas import make_patient_schema
from tests.serving.helpers.json_schema import check
from tests.serving.helpers.models import PATIENT, make_loaded
from training.model.example import make_example

BASELINE = [v for v in CONTRACT if v.known_at in ("always", "baseline")]


def test_the_request_is_the_dictionary_before_treatment(predictor):
    schema = make_patient_schema(predictor)
    assert list(schema["properties"]) == [v.name for v in BASELINE]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("variable", BASELINE, ids=lambda v: v.name)
def test_each_variable_has_its_range_unit_and_words(predictor, variable):
    schema = make_patient_schema(predictor)["properties"][variable.name]
    assert schema.get("minimum") == variable.low
    assert schema.get("maximum") == variable.high
    assert schema.get("x-unit", "") == variable.unit
    assert variable.label in schema["description"]
    if variable.kind == "category":
        assert set(variable.categories) <= set(schema["enum"])


def test_schema_and_parser_agree_on_each_border(predictor):
    properties = make_patient_schema(predictor)["properties"]
    for variable in BASELINE:
        schema = properties[variable.name]
        candidates = [None, "unknown", *variable.categories, *schema.get("enum", [])]
        if variable.is_numeric:
            candidates = [None, variable.low, variable.high, variable.low - 1, variable.high + 1]
        for value in (c for c in candidates if c is not None or "type" in schema):
            allowed = check(value, schema)
            answer = predictor.predict_batch([{variable.name: value}], request_id="x")[0]
            assert ("estimates" in answer) is allowed, (variable.name, value)


def test_a_studys_own_variable_is_in_the_request():
    own = declare_variable(
        "stiffness", {"kind": "number", "known_at": "baseline", "low": 0, "high": 4, "unit": "h"}
    )
    dictionary = CONTRACT.with_variables([own])
    predictor = Predictor(make_loaded(predictors=("stiffness",), dictionary=dictionary))
    schema = make_patient_schema(predictor)["properties"]["stiffness"]
    assert (schema["minimum"], schema["maximum"], schema["x-unit"]) == (0, 4, "h")


def test_the_test_patient_is_within_the_schema(predictor):
    assert check(PATIENT, make_patient_schema(predictor))


def test_the_example_can_be_read_though_durations_were_long_and_no_age_was_seen():
    # The middle of the durations seen, 30 years, is longer than the least age in scope, 18.
    loaded = make_loaded(predictors=("disease_duration_years", "opioid"))
    ranges = {**loaded.facts.training_ranges, "disease_duration_years": {"low": 0.0, "high": 60.0}}
    predictor = Predictor(replace(loaded, facts=replace(loaded.facts, training_ranges=ranges)))
    example = make_example(predictor.model, predictor.eligibility)
    assert example["age_years"] > example["disease_duration_years"]
    assert predictor.predict(example, request_id="x")["estimates"]
