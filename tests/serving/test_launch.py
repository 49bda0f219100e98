"""A launch over HTTP: a record system, our service in its own process, and a browser between.

The record system is called localhost and our page 127.0.0.1: to a browser these are two sites.
"""

from __future__ import annotations

import socket

import httpx
import pytest

from serving.access.keys import KeyFile
from serving.process import start_server
from tests.browsers import MARKS, list_violations
from tests.browsers import browser as browser
from tests.serving.helpers.clients import PATIENCE
from tests.serving.helpers.record_systems import PATIENT_ID
from tests.serving.helpers.smart import CLIENT, running_record_system

pytestmark = MARKS


def find_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def system():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
        with running_record_system() as system:
            system.url = system.url.replace("127.0.0.1", "localhost")
            yield system


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("launch") / "log.txt"


@pytest.fixture(scope="module")
def page(save, system, log):
    """Serve our page, with keys of which nobody here has one; return its address."""
    port, keys = find_port(), KeyFile(log.with_name("access.json"))
    keys.add("ward-7", ["estimate"], days=1)
    address = f"http://127.0.0.1:{port}"
    system.redirect = f"{address}/launch/back"
    environ = {
        "KETRESPONSE_RECORDS": "off",
        "KETRESPONSE_ACCESS_FILE": str(keys.path),
        "KETRESPONSE_URL": address,
        "KETRESPONSE_FHIR_SERVERS": f"{system.url}/fhir",
        "KETRESPONSE_SMART_CLIENT": CLIENT,
    }
    with start_server(save(), "demonstration", port=port, log=log, environ=environ):
        yield address


def test_nothing_of_a_launch_is_in_an_address_or_the_log(page, system, log):
    with httpx.Client(timeout=PATIENCE, trust_env=False, follow_redirects=True) as http:
        opened = http.get(f"{page}/launch", params={"iss": f"{system.url}/fhir"})
        assert str(opened.url) == f"{page}/arrived"
        assert "Filled in from the record" in opened.text
        assert http.get(f"{page}/monitor").status_code == 403
    went = "".join(str(one.url) for one in (*opened.history, opened))
    code = opened.history[-1].url.params["code"]
    assert len(system.tokens) == 1
    for secret in (PATIENT_ID, *system.tokens):
        assert secret not in went
    for secret in (PATIENT_ID, code, *system.tokens):
        assert secret not in log.read_text()


def test_a_clinician_goes_from_the_record_to_an_estimate(browser, page, system):
    shown = browser.new_page()
    shown.goto(f"{system.url}/fhir/.well-known/smart-configuration")
    address = f"{page}/launch?iss={system.url}/fhir&launch=xyz"
    shown.evaluate("address => { location.href = address }", address)
    shown.wait_for_url(f"{page}/arrived")
    assert shown.locator("#nrs_t0").input_value() == "8"
    assert list_violations(shown) == []
    shown.get_by_role("button", name="Estimate").click()
    shown.wait_for_url(f"{page}/clinic*")
    assert "of 100" in shown.locator("#result").inner_text()
    shown.goto(f"{page}/arrived")  # what was filled in is there once
    assert shown.url == f"{page}/clinic"
    assert shown.locator("#nrs_t0").input_value() == ""
    shown.close()
