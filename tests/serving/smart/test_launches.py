from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from features.errors import Refused
from serving.fetching import Unreachable
from serving.fhir.servers import FhirServers
from serving.smart.launches import Launches
from serving.smart.settings import SmartSettings
from tests.serving.helpers.record_systems import PATIENT_ID
from tests.serving.helpers.smart import CLIENT, SECRET
from tests.serving.smart.conftest import PAGE


def make_launches(system, **changes):
    servers = FhirServers((f"{system.url}/fhir",))
    given = {"client": CLIENT, "url": PAGE, "servers": servers, **changes}
    return Launches(SmartSettings(**given))


def go(launches, system, launch="xyz"):
    """Go to the record system as a browser would; return what comes back, and the state."""
    url, state = launches.begin(f"{system.url}/fhir", launch)
    answer = httpx.get(url, trust_env=False)
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"{PAGE}/launch/back"
    return {name: values[0] for name, values in parse_qs(back.query).items()}, state


def test_whoever_is_let_in_comes_back_with_a_patient(system):
    launches = make_launches(system)
    asked, state = go(launches, system)
    launched = launches.finish(asked, state)
    assert (launched.server, launched.patient_id) == (f"{system.url}/fhir", PATIENT_ID)
    assert launched.token in system.tokens and launched.token not in repr(launched)


def test_what_is_asked_for_is_to_read_and_for_this_server(system):
    launches = make_launches(system)
    go(launches, system)
    (asked,) = system.authorizations
    scopes = asked["scope"].split()
    assert scopes[0] == "launch"
    assert all(one.startswith("patient/") and one.endswith(".rs") for one in scopes[1:])
    assert asked["aud"] == f"{system.url}/fhir"
    assert asked["launch"] == "xyz"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert len(asked["state"]) >= 32 and len(asked["code_challenge"]) == 43


def test_without_a_launch_the_patient_is_chosen_on_the_way(system):
    system.capabilities = ("permission-v1",)
    launches = make_launches(system)
    url, _ = launches.begin("", "")  # the only one that there is
    scopes = parse_qs(urlsplit(url).query)["scope"][0].split()
    assert scopes[0] == "launch/patient" and "launch" not in parse_qs(urlsplit(url).query)
    assert all(one.endswith(".read") for one in scopes[1:])


@pytest.mark.parametrize("server", ["https://evil.example/fhir", "http://169.254.169.254", ""])
def test_it_is_not_opened_from_elsewhere(system, server):
    two = FhirServers((f"{system.url}/fhir", "https://ehr.example/r4"))
    with pytest.raises(Refused, match="not opened from there"):
        make_launches(system, servers=two).begin(server, "xyz")
    assert system.asked == system.authorizations == []


def test_a_code_without_its_browser_or_its_secret_is_worth_nothing(system):
    launches = make_launches(system)
    asked, state = go(launches, system)
    with pytest.raises(Refused, match="begun elsewhere"):
        launches.finish(asked, "another browser's")
    with pytest.raises(Refused, match="begun elsewhere"):  # nobody comes back twice
        launches.finish(asked, state)
    other, _ = go(launches, system)
    mine, state = go(launches, system)
    with pytest.raises(Unreachable, match="HTTPError 400"):  # PKCE: it is not this one's
        launches.finish({**mine, "code": other["code"]}, state)
    assert system.tokens == set()


def test_a_page_with_a_secret_shows_it(system):
    system.secret = SECRET
    launches = make_launches(system, secret=SECRET)
    assert launches.finish(*go(launches, system)).patient_id == PATIENT_ID
    wrong = make_launches(system, secret="another")
    with pytest.raises(Unreachable, match="HTTPError 401"):
        wrong.finish(*go(wrong, system))


@pytest.mark.parametrize("patient", [None, "", "../Patient/1"])
def test_without_a_patient_nothing_is_read(system, patient):
    system.patient = patient
    launches = make_launches(system)
    with pytest.raises(Refused, match="which patient"):
        launches.finish(*go(launches, system))


def test_whoever_is_not_let_in_is_told(system):
    launches = make_launches(system)
    asked, state = go(launches, system)
    with pytest.raises(Refused, match="did not let this page"):
        launches.finish({"error": "access_denied", "state": asked["state"]}, state)


@pytest.mark.parametrize(
    "changes",
    [
        {"token_endpoint": "http://evil.example/token"},
        {"authorization_endpoint": None},
        {"code_challenge_methods_supported": ["plain"]},
    ],
)
def test_a_record_system_that_cannot_be_trusted_with_it_is_told(system, monkeypatch, changes):
    told = {
        "authorization_endpoint": "https://ehr.example/authorize",
        "token_endpoint": "https://ehr.example/token",
        **changes,
    }
    monkeypatch.setattr("serving.smart.launches.fetch_json", lambda *_, **__: told)
    with pytest.raises(Unreachable):
        make_launches(system).begin("", "xyz")
