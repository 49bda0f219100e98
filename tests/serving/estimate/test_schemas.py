from __future__ import annotations

import json
from dataclasses import replace

import pytest

from features.dictionary.contract import CONTRACT
from features.dictionary.declarations import declare_variable
from serving.estimate.predictor import Predictor
from serving.estimate.schemas import (
    describe_model,
    make_answer_schema,
    make_error_schema,
    make_openapi,
    make_patient_schema,
)
from tests.serving.helpers.models import PATIENT, make_loaded
from training.model.example import make_example

BASELINE = [v for v in CONTRACT if v.known_at in ("always", "baseline")]


def check(value, schema, schemas=()):
    """Check the few JSON Schema words that our schemas use."""
    if "$ref" in schema:
        return check(value, schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    if "anyOf" in schema:
        return any(check(value, option, schemas) for option in schema["anyOf"])
    kinds = {
        "string": isinstance(value, str),
        "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "null": value is None,
        "object": isinstance(value, dict),
        "array": isinstance(value, list),
    }
    wanted = schema.get("type", list(kinds))
    if not any(kinds[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted)):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "const" in schema and value != schema["const"]:
        return False
    if kinds["number"]:
        return schema.get("minimum", value) <= value <= schema.get("maximum", value)
    if kinds["array"]:
        return all(check(item, schema["items"], schemas) for item in value)
    if kinds["object"] and "properties" in schema:
        names = set(value)
        if not set(schema.get("required", ())) <= names <= set(schema["properties"]):
            return False
        return all(check(value[n], schema["properties"][n], schemas) for n in names)
    return True


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


@pytest.mark.parametrize(
    "options", [{}, {"constant": True}, {"horizons": ("t2",)}, {"predictors": ("age_years", "sex")}]
)
def test_the_example_is_answered_and_the_answer_is_as_described(options):
    predictor = Predictor(make_loaded(**options))
    example = make_example(predictor.model, predictor.eligibility)
    assert check(example, make_patient_schema(predictor))
    answer = predictor.predict(example, request_id="x")
    assert answer["applicability"]["in_scope"] is True
    assert check(answer, make_answer_schema())
    assert not any(n["code"] == "missing" for n in answer["applicability"]["notices"])


def test_answers_without_a_number_are_as_described(predictor):
    out, bad = predictor.predict_batch([{"age_years": 3}, {"nrs_t0": 11}], request_id="x")
    assert check(out, make_answer_schema())
    assert check(bad, make_error_schema())


def test_the_document_describes_every_route_and_points_nowhere_else(predictor):
    document = make_openapi(predictor, version="1.2.3")
    assert {"/predict", "/predict_batch", "/model", "/clinic", "/livez", "/readyz"} <= set(
        document["paths"]
    )
    text = json.dumps(document)
    schemas = document["components"]["schemas"]
    for part in text.split('"$ref": "#/components/schemas/')[1:]:
        assert part.split('"')[0] in schemas
    assert document["info"]["version"] == "1.2.3"
    assert "points, 0 no pain to 10 worst" in text


def test_the_model_tells_its_variables_and_facts(predictor):
    facts = describe_model(predictor)
    assert facts["digest"] == "d" * 64
    assert facts["predictors"] == list(predictor.model.predictors)
    assert facts["performance"]["t1"]["auc"] == [0.66, 0.61, 0.71]
    by_name = {v["name"]: v for v in facts["variables"]}
    assert by_name["age_years"]["eligibility"] == "at least 18 years"
    assert by_name["nrs_t0"]["predictor"] is True
    assert by_name["nrs_t0"]["high"] == 10
    assert by_name["weight_kg"]["predictor"] is False
    assert any("no clearance" in sentence for sentence in facts["statements"])
    json.dumps(facts, allow_nan=False)


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
