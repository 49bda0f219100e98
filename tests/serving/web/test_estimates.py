from __future__ import annotations

import json

import pytest
from starlette.applications import Starlette

from serving.web.estimates import make_estimate_routes
from tests.serving.helpers.clients import Client
from tests.serving.helpers.models import PATIENT


@pytest.fixture(scope="module")
def client(predictor):
    return Client(Starlette(routes=make_estimate_routes(lambda: predictor, lambda: None)))


def test_a_patient_is_answered_as_the_predictor_does(client, predictor):
    served = client.post("/predict", json={"patient": PATIENT}).json()
    here = predictor.predict(PATIENT, request_id=served["request_id"])
    assert served == json.loads(json.dumps(here))


def test_a_batch_answers_each_on_its_own(client):
    asked = {"patients": [PATIENT, {"nrs_t0": 11}]}
    good, bad = client.post("/predict_batch", json=asked).json()
    assert [one["horizon"] for one in good["estimates"]] == ["t1", "t2"]
    assert bad["problems"][0]["variable"] == "nrs_t0"


@pytest.mark.parametrize("path", ["/predict", "/predict_batch"])
def test_what_cannot_be_read_is_told_in_the_language_of_whoever_asks(client, path):
    refused = client.post(f"{path}?lang=de", content=b"[]")
    assert refused.status_code == 400
    assert refused.headers["content-language"] == "de"
    assert refused.json()["problems"][0]["variable"] == "body"
    assert client.get(path).status_code == 405
