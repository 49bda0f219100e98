"""What the service tells of its model."""

import json

from serving.estimate.about import describe_model


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
