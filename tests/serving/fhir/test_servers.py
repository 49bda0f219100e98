from __future__ import annotations

import pytest

from features.errors import InputError
from serving.fetching import Unreachable
from serving.fhir import servers
from serving.fhir.servers import FhirServers, fetch_resources
from tests.serving.helpers.record_systems import bundle

SERVER = "https://ehr.example/r4"
ONE = {"resourceType": "Condition", "id": "1"}


@pytest.fixture
def answers(monkeypatch):
    """Stand in for the network: what each address answers, and what it was shown."""
    answers, shown = {}, {}

    def fetch(url, *, of, headers, most_bytes):
        shown[url] = headers
        return answers[url]

    monkeypatch.setattr(servers, "fetch_json", fetch)
    return answers, shown


def test_only_servers_on_the_list_may_be_asked():
    environ = {"KETRESPONSE_FHIR_SERVERS": f"{SERVER}/, http://127.0.0.1:8080/fhir"}
    allowed = FhirServers.from_environ(environ)
    assert allowed.allows(SERVER) and allowed.allows(f"{SERVER}/")
    assert not allowed.allows("https://ehr.example") and not allowed.allows("")
    assert FhirServers.from_environ({}) == FhirServers()
    with pytest.raises(InputError, match="2 problems"):
        FhirServers.from_environ({"KETRESPONSE_FHIR_SERVERS": "http://ehr.example/r4,x"})


def test_a_resource_and_the_pages_of_a_search_are_read(answers):
    told, shown = answers
    told[f"{SERVER}/Patient/1"] = {"resourceType": "Patient"}
    first = bundle(ONE) | {"link": [{"relation": "next", "url": "?page=2"}]}
    told[f"{SERVER}/Condition?patient=1"] = first
    told[f"{SERVER}/Condition?page=2"] = bundle({**ONE, "id": "2"})
    assert fetch_resources(SERVER, "Patient/1", token="word") == [{"resourceType": "Patient"}]
    assert shown[f"{SERVER}/Patient/1"]["Authorization"] == "Bearer word"
    found = fetch_resources(SERVER, "Condition?patient=1")
    assert [one["id"] for one in found] == ["1", "2"]
    assert "Authorization" not in shown[f"{SERVER}/Condition?page=2"]


@pytest.mark.parametrize("url", ["https://evil.example/r4", f"{SERVER}.evil.example/x", "//evil"])
def test_a_token_is_shown_to_no_other_server(answers, url):
    told, shown = answers
    told[f"{SERVER}/Condition"] = bundle() | {"link": [{"relation": "next", "url": url}]}
    with pytest.raises(Unreachable, match="sends to another"):
        fetch_resources(SERVER, "Condition", token="word")
    assert len(shown) == 1


def test_pages_end(answers):
    told, shown = answers
    told[f"{SERVER}/x"] = bundle() | {"link": [{"relation": "next", "url": f"{SERVER}/x"}]}
    with pytest.raises(Unreachable, match="more than 20 pages"):
        fetch_resources(SERVER, "x")
    assert len(shown) == 1


def test_a_failure_of_the_server_is_no_resource(answers):
    answers[0][f"{SERVER}/x"] = {"resourceType": "OperationOutcome"}
    with pytest.raises(Unreachable, match="a failure of its own"):
        fetch_resources(SERVER, "x")


@pytest.mark.parametrize("page", [None, [], {}, {"resourceType": "Bundle", "entry": [5]}])
def test_what_is_no_resource_is_told(answers, page):
    answers[0][f"{SERVER}/x"] = page
    with pytest.raises(Unreachable, match="the FHIR server cannot be asked"):
        fetch_resources(SERVER, "x")
