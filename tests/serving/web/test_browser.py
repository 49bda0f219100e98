"""The page as a browser shows it: with a network that leads nowhere but to the service."""

from __future__ import annotations

import pytest

from tests.browsers import MARKS, list_violations, see
from tests.browsers import browser as browser
from tests.serving.helpers.models import PATIENT

pytestmark = MARKS


@pytest.fixture
def page(browser, server):
    page = browser.new_page()
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.goto(f"{server[0]}/clinic")
    yield page
    assert all(url.startswith(server[0]) for url in page.asked)
    page.close()


def fill(page, patient):
    for name, value in patient.items():
        field = page.locator(f"[name={name}]")
        if field.count() > 1:
            page.locator(f"[name={name}][value={value}]").check()
        elif field.evaluate("element => element.tagName") == "SELECT":
            field.select_option(str(value))
        else:
            field.fill(str(value))


def test_a_clinician_gets_an_estimate(page, predictor):
    fill(page, PATIENT)
    page.get_by_role("button", name="Estimate").click()
    found = predictor.predict(PATIENT, request_id="x")
    answers = page.locator(".answer").all_inner_texts()
    assert answers == [
        f"Of 100 patients like this one, about {round(100 * e['probability'])} responded."
        for e in found["estimates"]
    ]
    assert page.locator("svg.dots").first.bounding_box()["width"] > 200
    assert page.locator("rect.up").first.bounding_box()["width"] > 10
    assert page.get_by_text("Research use only").or_(page.get_by_text("Demonstration:")).count()
    assert page.complaints == []


def test_the_form_can_be_filled_with_the_keyboard_alone(page):
    page.locator("#age_years").focus()
    page.keyboard.type("45")
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer")
    assert page.locator("#age_years").input_value() == "45"


def test_problems_stand_beside_the_fields(page):
    fill(page, {**PATIENT, "nrs_t0": "1,500"})
    page.get_by_role("button", name="Estimate").click()
    assert see(page.locator("#problem-nrs_t0"))
    assert page.locator("#nrs_t0").input_value() == "1,500"
    page.get_by_role("link", name="Pain before treatment (NRS)").click()
    assert page.url.endswith("#nrs_t0")


@pytest.mark.parametrize("width", [360, 768, 1400])
def test_nothing_runs_off_the_screen(page, server, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{server[0]}/clinic?example=1")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_print_holds_the_estimate_and_not_the_form(page, server):
    page.goto(f"{server[0]}/clinic?example=1")
    page.emulate_media(media="print")
    assert not page.locator("form").is_visible()
    assert see(page.locator(".answer").first)
    assert see(page.locator(".stamp"))


@pytest.mark.parametrize("width", [360, 1280])
def test_the_apis_own_examples_are_answered_when_they_are_executed(page, server, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{server[0]}/docs")
    assert list_violations(page) == []
    for address in ("POST /predict", "POST /predict_batch", "GET /model", "GET /livez"):
        place = page.get_by_role("region", name=address, exact=True)
        place.get_by_role("button", name="Try it out").click()
        place.get_by_role("button", name="Execute").click()
        assert see(place.get_by_role("status").get_by_text("200 OK"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for schema in page.locator("summary").all():
        schema.click()
    assert list_violations(page) == []
    assert page.complaints == []


def test_a_request_that_was_edited_is_sent_as_it_stands(page, server):
    page.goto(f"{server[0]}/docs")
    place = page.get_by_role("region", name="POST /predict", exact=True)
    place.get_by_role("button", name="Try it out").click()
    place.get_by_label("Body").fill('{"patient": {"nrs_t0": 11}}')
    place.get_by_role("button", name="Execute").click()
    assert see(place.get_by_role("status").get_by_text("400 Bad Request"))
    assert "nrs_t0" in place.get_by_role("status").inner_text()


@pytest.mark.parametrize("address", ["/clinic", "/clinic?example=1"])
def test_a_screen_reader_finds_its_way_about_the_form_and_the_estimate(page, server, address):
    page.goto(f"{server[0]}{address}")
    assert list_violations(page) == []


def test_a_screen_reader_finds_its_way_about_a_form_with_problems(page):
    fill(page, {**PATIENT, "nrs_t0": "1,500"})
    page.get_by_role("button", name="Estimate").click()
    assert see(page.locator("#problem-nrs_t0"))
    assert list_violations(page) == []
