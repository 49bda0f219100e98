"""The OpenAPI document."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.dictionary.contract import CONTRACT
from serving.estimate.predictor import MAX_BATCH, Predictor
from serving.web.openapi import make_openapi
from tests.serving.helpers.models import make_loaded, make_loaded_of_centres
from tests.serving.helpers.panels import make_loaded_with_panel


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


@pytest.mark.parametrize("loaded", [make_loaded, make_loaded_with_panel, make_loaded_of_centres])
@pytest.mark.parametrize("horizons", [("t1",), ("t1", "t2")])
def test_every_example_is_answered_by_the_model_that_is_served(loaded, horizons):
    predictor = Predictor(loaded(horizons=horizons))
    paths = make_openapi(predictor, version="1.2.3")["paths"]
    content = paths["/predict"]["post"]["requestBody"]["content"]["application/json"]
    examples = {name: example["value"] for name, example in content["examples"].items()}
    # A panel is sent where the model can use one, and nowhere else.
    assert ("panel" in examples) == (predictor.panel is not None)
    for name, body in examples.items():
        answer = predictor.predict(body["patient"], request_id="x", panel=body.get("panel"))
        assert [estimate["horizon"] for estimate in answer["estimates"]] == list(horizons)
        assert answer["submodel"] == ("clinical+panel" if name == "panel" else "clinical")
    content = paths["/predict_batch"]["post"]["requestBody"]["content"]["application/json"]
    batch = content["examples"]["patients"]["value"]["patients"]
    answers = predictor.predict_batch(batch, request_id="x")
    assert len(answers) == 2 and all(answer["estimates"] for answer in answers)
    assert content["schema"]["properties"]["patients"]["maxItems"] == MAX_BATCH


@settings(max_examples=25, deadline=None)
@given(st.sets(st.sampled_from([v.name for v in CONTRACT if "predictor" in v.roles]), min_size=1))
def test_the_example_is_answered_whatever_the_predictors(names):
    chosen = tuple(n for n in sorted(names) if not CONTRACT[n].parent)
    predictor = Predictor(make_loaded(predictors=chosen or ("nrs_t0",)))
    content = make_openapi(predictor, version="1")["paths"]["/predict"]["post"]["requestBody"]
    (example,) = content["content"]["application/json"]["examples"].values()
    assert predictor.predict(example["value"]["patient"], request_id="x")["estimates"]
