"""The OpenAPI document."""

import json

from serving.estimate.openapi import make_openapi


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
