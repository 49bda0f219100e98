from __future__ import annotations

import asyncio

import pytest

from serving.cds_hooks import gathering
from serving.cds_hooks.call import CdsCall
from serving.cds_hooks.gathering import DataNotHad, gather_record
from serving.cds_hooks.services import make_prefetch
from serving.fetching import Unreachable
from serving.fhir.servers import FhirServers
from tests.serving.helpers.record_systems import make_order
from tests.serving.helpers.record_systems import make_prefetch as make_sent

SERVER = "https://ehr.example/r4"
ALLOWED = FhirServers((SERVER,))


def gather(predictor, servers=ALLOWED, **changes):
    given = {"patient_id": "1", "prefetch": make_sent(), **changes}
    return asyncio.run(gather_record(CdsCall(**given), make_prefetch(predictor), servers))


def without(*keys):
    return {key: value for key, value in make_sent().items() if key not in keys}


@pytest.fixture
def asked(monkeypatch):
    """Stand in for a FHIR server that answers with one resource."""
    asked = {}

    def fetch(server, query, *, token):
        asked[query] = (server, token)
        if query.startswith(("QuestionnaireResponse", "Condition")) and token == "half":
            raise Unreachable("not that")
        return [{"resourceType": query.partition("?")[0].partition("/")[0], "id": "f"}]

    monkeypatch.setattr(gathering, "fetch_resources", fetch)
    return asked


def test_what_was_sent_is_all_that_is_read_and_nobody_is_asked(predictor, asked):
    found = gather(
        predictor,
        orders=[make_order()],
        server=SERVER,
        prefetch=make_sent() | {"administrations": None},
    )
    assert [one.kind for one in found] == [
        "Patient",
        "Condition",
        "Observation",
        "MedicationRequest",
    ]
    assert asked == {}


def test_what_is_not_sent_is_asked_for(predictor, asked):
    found = gather(predictor, prefetch=without("conditions"), server=SERVER, token="word")
    assert asked["Condition?patient=1"] == (SERVER, "word")
    assert [one.kind for one in found][:2] == ["Patient", "Observation"]
    assert "f" in [one.id for one in found if one.kind == "Condition"]


@pytest.mark.parametrize("server", ["", "https://evil.example/r4", f"{SERVER}/x"])
def test_no_server_is_asked_that_is_not_on_the_list(predictor, asked, server):
    with pytest.raises(DataNotHad) as caught:
        gather(predictor, prefetch=without("conditions", "observations"), server=server)
    assert asked == {}
    assert caught.value.status == 412
    assert [problem.column for problem in caught.value.problems] == [
        "prefetch.conditions",
        "prefetch.observations",
    ]


def test_what_is_not_needed_may_be_missing(predictor, asked):
    sent = without("statements", "requests", "answers", "administrations")
    assert len(gather(predictor, prefetch=sent)) == 3
    gather(predictor, prefetch=sent, server=SERVER, token="half")
    with pytest.raises(DataNotHad):
        gather(predictor, prefetch=without("conditions"), server=SERVER, token="half")


def test_without_the_patient_there_is_nobody_to_speak_of(predictor):
    with pytest.raises(DataNotHad) as caught:
        gather(predictor, prefetch={**make_sent(), "patient": None})
    assert [problem.column for problem in caught.value.problems] == ["prefetch.patient"]
