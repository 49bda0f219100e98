"""The OpenAPI document."""

import json

import pytest

from serving.estimate.openapi import make_openapi
from serving.estimate.predictor import Predictor
from tests.serving.helpers.models import make_loaded


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


@pytest.mark.parametrize("horizons", [("t1",), ("t2",), ("t1", "t2")])
def test_a_model_of_one_horizon_speaks_of_no_other(horizons):
    document = make_openapi(Predictor(make_loaded(horizons=horizons)), version="1.2.3")
    horizon = document["components"]["schemas"]["Estimate"]["properties"]["horizon"]
    assert horizon["enum"] == list(horizons)
    for other in {"t1", "t2"} - set(horizons):
        assert f'"{other}"' not in json.dumps(document)
