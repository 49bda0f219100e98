from __future__ import annotations

import pytest

from serving.estimate.predictor import Predictor
from serving.fhir.elements import place
from serving.fhir.example import make_example_bundle
from serving.fhir.reading import read_bundle
from tests.serving.helpers.fhir import NOW, find_invalid
from tests.serving.helpers.models import make_loaded
from training.model.example import make_example


@pytest.mark.parametrize("condition", ["CRPS", "fibromyalgia"])
def test_the_example_is_valid_and_read_back_whole(condition):
    predictor = Predictor(make_loaded(facts={"condition": condition}))
    content = make_example_bundle(predictor, now=NOW)
    assert find_invalid(content) == []
    found = read_bundle(place(content), predictor, now=NOW)
    assert found.problems == ()
    expected = make_example(predictor.model, predictor.eligibility)
    for name, value in expected.items():
        got = found.patient[name]
        if name == "disease_duration_years":
            assert got == pytest.approx(value, abs=0.01)
        else:
            assert (
                {True: "yes", False: "no"}.get(got, got) == value
                if got in (True, False) and isinstance(got, bool)
                else got == value
            )


def test_the_model_has_an_estimate_for_it(predictor):
    found = read_bundle(place(make_example_bundle(predictor, now=NOW)), predictor, now=NOW)
    assert len(predictor.predict(found.patient, request_id="1")["estimates"]) == 2
