from __future__ import annotations

import json

import pytest

from serving.cds_hooks.services import NEEDED, SERVICES, describe_services, make_prefetch
from serving.language.language import LANGUAGES


def test_there_is_a_service_for_each_moment(predictor):
    told = describe_services(predictor, LANGUAGES["en"])["services"]
    assert [one["hook"] for one in told] == [
        "patient-view",
        "order-select",
        "order-sign",
        "appointment-book",
    ]
    assert [one["id"] for one in told] == list(SERVICES)
    for one in told:
        assert set(one) == {"hook", "id", "title", "description", "prefetch"}
        assert "null" not in json.dumps(one) and '""' not in json.dumps(one)


def test_only_what_the_model_can_read_is_asked_for(predictor):
    prefetch = make_prefetch(predictor)
    assert set(NEEDED) <= set(prefetch)
    assert all(query.count("{{") == 1 for query in prefetch.values())
    assert "{{context.patientId}}" in prefetch["patient"]
    assert "http://loinc.org|72514-3" in prefetch["observations"]
    assert "http://www.whocc.no/atc|N01AX14" in prefetch["administrations"]


@pytest.mark.parametrize("code", LANGUAGES)
def test_services_are_told_in_the_language_of_whoever_asks(predictor, code):
    told = describe_services(predictor, LANGUAGES[code])["services"]
    english = describe_services(predictor, LANGUAGES["en"])["services"]
    assert (told == english) is (code == "en")
