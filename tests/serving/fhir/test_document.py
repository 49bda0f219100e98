from __future__ import annotations

from jsonschema_rs import validator_for

from serving.fhir.document import describe_addresses
from serving.fhir.example import make_example_bundle


def test_the_document_describes_what_is_answered(predictor):
    told = describe_addresses(predictor)
    assert set(told) == {"/fhir/predict", "/fhir/metadata", "/fhir/Questionnaire/{id}"}
    body = told["/fhir/predict"]["post"]["requestBody"]["content"]["application/fhir+json"]
    check = validator_for(body["schema"])
    assert check.is_valid(body["examples"]["patient"]["value"])
    assert check.is_valid(make_example_bundle(predictor))
    assert not check.is_valid({"resourceType": "Patient"})


def test_only_what_the_service_can_do_is_open_to_everybody(predictor):
    told = describe_addresses(predictor)
    operations = {path: next(iter(methods.values())) for path, methods in told.items()}
    assert [path for path, one in operations.items() if one.get("security") == []] == [
        "/fhir/metadata"
    ]
