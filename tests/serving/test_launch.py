"""A launch over HTTP: a record system, our service in its own process, and a browser between."""

from __future__ import annotations

import socket

import httpx
import pytest

from serving.access.keys import KeyFile
from serving.process import start_server
from tests.serving.helpers.record_systems import PATIENT_ID
from tests.serving.helpers.smart import CLIENT, running_record_system

pytestmark = pytest.mark.service


def find_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_from_the_record_to_an_estimate_and_nothing_of_it_in_the_log(save, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    port, log = find_port(), tmp_path / "log.txt"
    page = f"http://127.0.0.1:{port}"
    keys = KeyFile(tmp_path / "access.json")
    keys.add("ward-7", ["estimate"], days=1)
    with running_record_system(redirect=f"{page}/launch/back") as system:
        environ = {
            "KETRESPONSE_RECORDS": "off",
            "KETRESPONSE_ACCESS_FILE": str(keys.path),
            "KETRESPONSE_URL": page,
            "KETRESPONSE_FHIR_SERVERS": f"{system.url}/fhir",
            "KETRESPONSE_SMART_CLIENT": CLIENT,
        }
        with (
            start_server(save(), "demonstration", port=port, log=log, environ=environ),
            httpx.Client(trust_env=False, follow_redirects=True) as browser,
        ):
            opened = browser.get(f"{page}/launch", params={"iss": f"{system.url}/fhir"})
            assert str(opened.url) == f"{page}/arrived"
            assert "Filled in from the record" in opened.text
            went = [str(one.url) for one in (*opened.history, opened)]
            assert len(system.tokens) == 1
            assert browser.get(f"{page}/monitor").status_code == 403
    told = log.read_text() + "".join(went)
    for secret in (PATIENT_ID, *system.tokens):
        assert secret not in told
    code = opened.history[-1].url.params["code"]
    assert code not in log.read_text()
