from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.dictionary.contract import CONTRACT
from serving.estimate.request import MAX_BODY
from serving.settings import ServiceSettings
from serving.web.app import LocalOnly, make_app
from tests.serving.helpers.models import PATIENT

FORM = {name: str(value) for name, value in PATIENT.items()}


def call(app, method, path, *, client=("127.0.0.1", 1), **options):
    async def ask():
        transport = httpx.ASGITransport(app, client=client)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
            return await http.request(method, path, **options)

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def app(predictor, tmp_path_factory):
    folder = tmp_path_factory.mktemp("no_card")
    return make_app(lambda: predictor, get_folder=lambda: folder)


def test_the_front_page_leads_to_the_clinician(app):
    assert call(app, "GET", "/", follow_redirects=True).url.path == "/clinic"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/clinic", "text/html"),
        ("/clinic?example=1", "text/html"),
        ("/docs", "text/html"),
        ("/docs.json", "application/json"),
        ("/model", "application/json"),
        ("/clinic.css", "text/css"),
        ("/clinic.js", "text/javascript"),
        ("/docs.css", "text/css"),
        ("/docs.js", "text/javascript"),
        ("/icon.svg", "image/svg+xml"),
    ],
)
def test_each_route_answers(app, path, kind):
    response = call(app, "GET", path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(kind)


def test_the_page_takes_nothing_from_outside_and_runs_its_own_script_only(app):
    for response in (call(app, "GET", "/clinic"), call(app, "POST", "/clinic", data=FORM)):
        policy = response.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "script-src 'self'" in policy.split("; ")
        assert "connect-src 'self'" in policy.split("; ")
        assert "unsafe" not in policy
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "no-referrer"


def test_a_posted_form_is_answered_with_the_estimate(app):
    response = call(app, "POST", "/clinic", data=FORM)
    assert response.status_code == 200
    assert "Of 100 patients like this one" in response.text


def in_session(app):
    """Return the application as somebody sees it who has logged in."""

    async def inside(scope, receive, send):
        await app({**scope, "state": {"caller": "ward-7", "csrf": "the<word"}}, receive, send)

    return inside


def test_each_form_of_a_session_carries_its_word_and_is_answered_with_it(app):
    hidden = '<input type="hidden" name="csrf" value="the&lt;word">'
    for data in (None, {**FORM, "csrf": "the<word"}, {**FORM, "csrf": "x", "nrs_t0": "11"}):
        method = "GET" if data is None else "POST"
        text = call(in_session(app), method, "/clinic", data=data).text
        forms = text.split("<form ")[1:]
        # The patient's, logging out, and beside an estimate the comparison's.
        answered = bool(data and data["nrs_t0"] == "8")
        assert len(forms) == 2 + answered and all(hidden in form for form in forms)
        assert ("Of 100 patients like this one" in text) == answered
        assert "csrf" not in text.replace(hidden, "")
    assert 'data-csrf="the&lt;word"' in call(in_session(app), "GET", "/docs").text
    for path in ("/clinic", "/docs"):
        assert "csrf" not in call(app, "GET", path).text


def test_an_empty_form_is_no_patient(app):
    response = call(app, "POST", "/clinic", data={"sex": "", "nrs_t0": " "})
    assert response.status_code == 200
    assert "No estimate: too little is known" in response.text
    assert "Of 100 patients" not in response.text


def test_a_wrong_form_is_400_with_the_problems(app):
    response = call(app, "POST", "/clinic", data={**FORM, "nrs_t0": "11"})
    assert response.status_code == 400
    assert "got 11" in response.text


@pytest.mark.parametrize(
    "content",
    [b"\xff\xff=1", b"sex=female&sex=male", b"a=1&" * 600, b"x" * (MAX_BODY + 1), b"nrs_t0=%00"],
)
def test_what_is_no_form_of_this_page_is_400(app, content):
    response = call(app, "POST", "/clinic", content=content)
    assert response.status_code == 400
    assert "No estimate yet" in response.text


_NAMES = st.sampled_from(CONTRACT.names) | st.text(max_size=10)


@settings(max_examples=50)
@given(fields=st.dictionaries(_NAMES, st.text(max_size=10), max_size=6))
def test_no_form_brings_the_page_down(app, fields):
    content = urlencode(fields, errors="replace").encode()
    assert call(app, "POST", "/clinic", content=content).status_code in (200, 400)


@pytest.mark.parametrize("mode", ["research", "demonstration", "approved"])
@pytest.mark.parametrize(
    ("caller", "near"),
    [("127.0.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("10.0.0.7", False)],
)
def test_an_unapproved_model_answers_its_own_machine_only(app, tmp_path, mode, caller, near):
    guarded = LocalOnly(app, lambda: ServiceSettings(tmp_path, mode))
    response = call(guarded, "GET", "/clinic", client=(caller, 1))
    assert response.status_code == (200 if near or mode == "approved" else 403)


def test_a_made_up_patient_has_no_number_to_report_under(app):
    assert "number of this estimate" not in " ".join(
        call(app, "GET", "/clinic?example=1").text.split()
    )
