from __future__ import annotations

import re

import httpx
import pytest

from serving.access.guard import Guard
from serving.access.keys import KeyFile
from serving.access.sessions import COOKIE, Sessions
from serving.access.settings import AccessSettings
from serving.fhir.servers import FhirServers
from serving.smart.app import make_launch_addresses
from serving.smart.arrivals import Arrivals
from serving.smart.launches import Launches
from serving.smart.settings import SmartSettings
from serving.web.app import make_app
from tests.serving.helpers.clients import Client
from tests.serving.helpers.record_systems import PATIENT_ID, make_prefetch
from tests.serving.helpers.smart import CLIENT

HERE = "https://here"


class Page:
    """Our page with its guard in this process, and a browser that opens it.

    Parameters
    ----------
    system : RecordSystem
        From which it is opened.
    key_file : Path or None
        Of keys; None where access is not controlled.
    """

    def __init__(self, predictor, system, key_file=None):
        system.redirect = f"{HERE}/launch/back"
        self.system = system
        self.asked = []
        settings = SmartSettings(CLIENT, HERE, FhirServers((f"{system.url}/fhir",)))
        launches, arrivals = Launches(settings), Arrivals()
        sessions = Sessions(KeyFile(key_file) if key_file else None)
        more = make_launch_addresses(
            lambda: launches,
            lambda: predictor,
            lambda: None,
            arrivals=arrivals,
            get_sessions=lambda: sessions,
        )
        app = make_app(lambda: predictor, get_folder=lambda: None, more=[more])
        access = AccessSettings(key_file=key_file, hosts=("here",))
        guarded = Guard(app, lambda: access, get_sessions=lambda: sessions)
        self.browser = Client(guarded, follow_redirects=False)

    def launch(self, **params):
        """Open the page as the record system does, and go where one is sent; return the last."""
        given = {"iss": f"{self.system.url}/fhir", "launch": "xyz", **params}
        away = self.browser.get("/launch", params=given)
        if away.status_code != 303:
            return away
        assert away.headers["location"].startswith(f"{self.system.url}/authorize?")
        let_in = httpx.get(away.headers["location"], trust_env=False)
        return self.browser.get(let_in.headers["location"])


@pytest.fixture
def key_file(tmp_path):
    keys = KeyFile(tmp_path / "access.json")
    keys.add("ward-7", ["estimate"], days=1)
    return keys.path


def find_value(html, name):
    found = re.search(rf'<input[^>]*name="{name}"[^>]*>', html)
    return re.search(r'value="([^"]*)"', found.group(0)).group(1) if found else None


def test_the_page_opens_with_the_patient_filled_in(predictor, system):
    page = Page(predictor, system)
    back = page.launch()
    assert (back.status_code, back.headers["location"]) == (303, "/arrived")
    opened = page.browser.get("/arrived")
    assert find_value(opened.text, "nrs_t0") == "8"
    assert re.search(r'name="sex"[^>]*value="female"[^>]*checked', opened.text)
    assert "Filled in from the record" in opened.text
    assert "nothing has been computed yet" in opened.text


def test_what_is_filled_in_is_there_once_and_for_this_browser_only(predictor, system):
    page = Page(predictor, system)
    page.launch()
    assert find_value(page.browser.get("/arrived").text, "nrs_t0") == "8"
    again = page.browser.get("/arrived")
    assert (again.status_code, again.headers["location"]) == (303, "/clinic")
    empty = page.browser.get("/clinic")
    assert find_value(empty.text, "nrs_t0") == ""
    assert "Filled in from the record" not in empty.text


def test_nothing_of_the_patient_stands_in_an_address_or_a_cookie(predictor, system):
    page = Page(predictor, system)
    back = page.launch()
    shown = [str(value) for value in back.headers.multi_items()]
    assert not [value for value in shown if PATIENT_ID in value]
    assert back.headers["cache-control"] == "no-store"
    assert back.headers["referrer-policy"] == "no-referrer"
    for cookie in back.headers.get_list("set-cookie"):
        if "Max-Age=0" not in cookie:
            assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" in cookie
    assert not [token for token in system.tokens if token in "".join(shown)]


def test_the_record_is_read_and_never_written(predictor, system):
    Page(predictor, system).launch()
    assert {path.partition("/")[0] for path in system.asked} == {
        "Patient",
        "Condition",
        "Observation",
        "MedicationStatement",
        "MedicationRequest",
        "MedicationAdministration",
        "QuestionnaireResponse",
    }
    assert f"Patient/{PATIENT_ID}" in system.asked


def test_whoever_is_let_in_there_is_let_in_here_for_estimates_only(predictor, system, key_file):
    page = Page(predictor, system, key_file)
    assert page.browser.get("/clinic").status_code == 401
    assert page.launch().status_code == 303
    opened = page.browser.get("/arrived")
    assert find_value(opened.text, "nrs_t0") == "8"
    word = find_value(opened.text, "csrf")
    fields = {"nrs_t0": "8", "age_years": "45", "opioid": "no", "sex": "female"}
    assert page.browser.post("/clinic", data=fields).status_code == 403
    answer = page.browser.post("/clinic", data={**fields, "csrf": word})
    assert answer.status_code == 200 and "95% interval" in answer.text
    assert page.browser.get("/monitor").status_code == 403
    assert page.browser.get("/outcomes").status_code == 403


def test_what_could_not_be_read_is_told_on_the_page(predictor, system):
    system.records = make_prefetch(crps=False)
    page = Page(predictor, system)
    page.launch()
    assert "No Condition says that the patient has CRPS" in page.browser.get("/arrived").text


def test_whoever_may_not_is_told_why(predictor, system):
    page = Page(predictor, system)
    assert page.launch(iss="https://evil.example/fhir").status_code == 403
    assert page.browser.get("/launch/back", params={"code": "x", "state": "y"}).status_code == 403
    system.records = {**make_prefetch(), "patient": make_prefetch(patient_id="2")["patient"]}
    answer = page.launch()
    assert answer.status_code == 403 and "another patient" in answer.text
    assert COOKIE not in answer.headers.get("set-cookie", "")


def test_a_record_that_cannot_be_had_opens_nothing(predictor, system):
    system.records = {**make_prefetch(), "conditions": {"resourceType": "OperationOutcome"}}
    answer = Page(predictor, system).launch()
    assert answer.status_code == 503
    assert "did not send a record that can be read" in answer.text
    assert "Content-Security-Policy" in answer.headers


def test_without_settings_there_is_no_launch(predictor):
    more = make_launch_addresses(
        lambda: None,
        lambda: predictor,
        lambda: None,
        arrivals=Arrivals(),
        get_sessions=lambda: Sessions(None),
    )
    client = Client(make_app(lambda: predictor, get_folder=lambda: None, more=[more]))
    for path in ("/launch", "/launch/back"):
        answer = client.get(path)
        assert answer.status_code == 403 and "no record system is set up" in answer.text
