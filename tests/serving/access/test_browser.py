"""Logging in with a key, as a browser does it: cookie, forms and what other sites may not."""

from __future__ import annotations

import pytest

from serving.access.keys import KeyFile
from serving.process import start_server
from tests.browsers import MARKS, list_violations, see
from tests.browsers import browser as browser
from tests.serving.helpers.clients import running
from tests.serving.helpers.models import PATIENT
from tests.serving.web.test_browser import fill

pytestmark = MARKS


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return KeyFile(tmp_path_factory.mktemp("access") / "access.json")


@pytest.fixture(scope="module")
def ward(keys):
    return keys.add("ward-7", ["estimate"], days=1)[1]


@pytest.fixture(scope="module")
def url(save, keys, ward):
    environ = {"KETRESPONSE_ACCESS_FILE": str(keys.path), "KETRESPONSE_RECORDS": "off"}
    with start_server(save(), "demonstration", environ=environ) as url:
        yield url


@pytest.fixture
def page(browser, url, ward):
    browser.clear_cookies()
    page = browser.new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.goto(f"{url}/clinic")
    yield page
    page.close()


def log_in(page, key):
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Go on").click()


def test_a_clinician_shows_a_key_once_and_gets_estimates_until_they_leave(page, url, ward):
    assert page.url == f"{url}/login"
    assert list_violations(page) == []
    log_in(page, ward)
    page.wait_for_url(f"{url}/clinic")
    fill(page, PATIENT)
    page.get_by_role("button", name="Estimate").click()
    assert see(page.get_by_text("Of 100 patients like this one").first)
    assert list_violations(page) == []
    assert ward not in page.content()
    page.goto(f"{url}/docs")
    place = page.locator("#post-predict")
    place.get_by_role("button", name="Try it out").click()
    place.get_by_role("button", name="Execute").click()
    assert see(place.get_by_role("status").get_by_text("200 OK"))
    page.goto(f"{url}/clinic")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{url}/login")
    page.goto(f"{url}/clinic")
    assert page.url == f"{url}/login"
    assert page.complaints == []


def test_a_wrong_key_and_another_pages_are_told(page, url, ward):
    log_in(page, "ketr_00000000_wrong")
    assert see(page.get_by_role("alert").get_by_text("opens nothing"))
    assert list_violations(page) == []
    log_in(page, ward)
    page.wait_for_url(f"{url}/clinic")
    page.goto(f"{url}/metrics")
    assert see(page.get_by_text("it takes the scope admin"))
    assert list_violations(page) == []


def test_a_page_of_another_site_can_send_nothing(page, url, ward):
    log_in(page, ward)
    page.wait_for_url(f"{url}/clinic")
    form = f'<form method="post" action="{url}/clinic"><button>Win a prize</button></form>'

    async def lure(scope, receive, send):
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": form.encode()})

    with running(lure) as evil:
        page.goto(evil.replace("127.0.0.1", "localhost"))
        page.get_by_role("button", name="Win a prize").click()
        assert see(page.get_by_text("a page of another site may not ask this service"))
