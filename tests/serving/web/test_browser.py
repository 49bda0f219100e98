"""The page as a browser shows it: with a network that leads nowhere but to the service."""

from __future__ import annotations

import re

import pytest

from serving.estimate.predictor import Predictor
from serving.web.page import PageContent, render_page
from tests.browsers import MARKS, list_violations, see
from tests.browsers import browser as browser
from tests.serving.helpers.models import PATIENT, make_loaded

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
        field = page.locator(f"#form [name={name}]")
        if field.count() > 1:
            page.locator(f"#form [name={name}][value='{value}']").check()
        elif field.evaluate("element => element.tagName") == "SELECT":
            field.select_option(str(value))
        else:
            field.fill(str(value))


def ask(page, **changes):
    fill(page, {**PATIENT, **changes})
    page.get_by_role("button", name="Estimate").click()


def open_all(page):
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")


def find_bottom(page):
    # In one step: the page may still be scrolling to its answer.
    return page.locator(".estimate").evaluate(
        "element => element.getBoundingClientRect().bottom + scrollY"
    )


def test_a_clinician_gets_an_estimate(page, predictor):
    ask(page)
    found = predictor.predict(PATIENT, request_id="x")
    first, second = (round(100 * e["probability"]) for e in found["estimates"])
    told = page.locator("#answer").inner_text()
    assert told == f"Of 100 patients like this one, about {first} responded."
    assert f"about {second} of 100" in page.locator(".other").inner_text()
    assert page.locator("svg.dots").first.bounding_box()["width"] > 200
    open_all(page)
    assert page.locator("rect.up").first.bounding_box()["width"] > 10
    assert page.get_by_text("Research use only").or_(page.get_by_text("Demonstration:")).count()
    assert page.complaints == []


def test_the_answer_is_one_screen_and_two_on_a_telephone(page, server):
    for change in ({}, {"sex": "", "setting": ""}):
        page.goto(f"{server[0]}/clinic")
        page.set_viewport_size({"width": 1280, "height": 800})
        ask(page, **change)
        assert see(page.locator("#answer"))
        assert page.locator(".noted").count() == bool(change)
        assert find_bottom(page) <= 800
        page.set_viewport_size({"width": 360, "height": 800})
        assert find_bottom(page) <= 1600


def test_the_page_is_filled_and_read_with_the_keyboard_alone(page):
    left = {name: str(value) for name, value in PATIENT.items()}
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    for _ in range(60):
        page.keyboard.press("Tab")
        name, kind = page.evaluate("[document.activeElement.name, document.activeElement.type]")
        value = left.pop(name, None)
        if kind == "submit":
            page.keyboard.press("Enter")
            break
        if value is not None and kind == "radio":
            while page.evaluate("document.activeElement.value") != value:
                page.keyboard.press("ArrowRight")
        elif value is not None:
            page.keyboard.type({"s_ketamine": "S"}.get(value, value))
    assert left == {}
    page.wait_for_selector("#answer")
    assert page.evaluate("document.activeElement.id") == "result"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert see(page.get_by_role("heading", name="How did people like you do?"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert see(page.locator("#answer"))


def test_problems_stand_beside_the_fields_and_in_a_summary_that_is_read_first(page):
    ask(page, nrs_t0="1,500")
    assert see(page.locator("#problem-nrs_t0"))
    assert page.locator("#nrs_t0").input_value() == "1,500"
    assert page.evaluate("document.activeElement.id") == "result"
    page.get_by_role("link", name="Pain before treatment (NRS)").click()
    assert page.url.endswith("#nrs_t0")
    assert page.evaluate("document.activeElement.id") == "nrs_t0"


def test_two_patients_are_compared_in_place(page, predictor):
    ask(page)
    page.get_by_text("Compare with a patient who differs in one value").click()
    page.locator("[name=compare-nrs_t0]").fill("5,5")
    page.keyboard.press("Tab")
    place = page.locator("[data-comparison]")
    assert see(place.get_by_role("heading", name="Two patients who differ in one value"))
    other = predictor.predict({**PATIENT, "nrs_t0": 5.5}, request_id="x")["estimates"][0]
    assert f"about {round(100 * other['probability'])} of 100" in place.inner_text()
    assert "compares patients, and is not an effect" in place.inner_text()
    assert see(page.locator("#answer"))
    page.locator("[name=compare-sex][value=male]").check()
    assert see(place.get_by_text("one value that was changed"))
    assert list_violations(page) == []
    assert [text for text in page.complaints if "400" not in text] == []


def test_a_drug_is_searched_by_its_name(page):
    search = page.get_by_label("Search a drug by its name")
    for name in ("tramadol", "Amitriptyline"):
        search.fill(name)
        search.press("Enter")
    assert page.locator("#medication_atc").input_value() == "N02AX02; N06AA09"
    assert search.input_value() == ""


def test_the_text_for_the_letter_is_copied(page, browser, predictor):
    browser.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page)
    page.get_by_role("button", name="Copy text for the letter").click()
    assert see(page.get_by_role("button", name="Copied"))
    found = predictor.predict(PATIENT, request_id="x")["estimates"][0]
    copied = page.evaluate("navigator.clipboard.readText()")
    assert f"about {round(100 * found['probability'])} responded" in copied


def test_without_its_script_the_page_estimates_and_compares(page, server, predictor):
    page.route("**/clinic.js", lambda route: route.fulfill(body=""))
    page.goto(f"{server[0]}/clinic")
    fill(page, {"medication_atc": "tramadol"})
    ask(page, opioid="")
    assert see(page.locator("#answer"))
    page.get_by_text("Compare with a patient who differs in one value").click()
    page.locator("[name=compare-opioid][value=no]").check()
    page.get_by_role("button", name="Compare").click()
    assert see(page.get_by_role("heading", name="Two patients who differ in one value"))
    for opioid in ("yes", "no"):
        found = predictor.predict({**PATIENT, "opioid": opioid}, request_id="x")["estimates"][0]
        assert f"about {round(100 * found['probability'])} of 100" in page.inner_text("#result")


def test_nothing_typed_is_kept_in_the_browser_or_stands_in_an_address(page, server):
    ask(page, nrs_t0="7.25")
    kept = "[localStorage.length, sessionStorage.length, document.cookie]"
    assert page.evaluate(kept) == [0, 0, ""]
    assert not any("7.25" in url or "female" in url for url in page.asked)
    logged = re.sub(r"[0-9.]+ms", "", server[1].read_text())  # how long each answer took
    assert "7.25" not in logged


@pytest.mark.parametrize("width", [320, 640, 1280])
def test_nothing_runs_off_the_screen(page, server, width):
    # 640 is what a screen of 1280 shows at 200%.
    page.set_viewport_size({"width": width, "height": 800})
    for address in ("/clinic", "/clinic?example=1", "/clinic?example=1#sheet"):
        page.goto(f"{server[0]}{address}")
        open_all(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_answer_and_the_patients_sheet_are_each_printed_on_one_page(page, server, tmp_path):
    for address in ("/clinic?example=1", "/clinic?example=1#sheet"):
        page.goto(f"{server[0]}{address}")
        printed = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    page.goto(f"{server[0]}/clinic?example=1#result")
    page.emulate_media(media="print")
    assert not page.locator("#form").is_visible()
    for shown in ("#answer", ".stamp", ".meaning", ".paper", ".asked"):
        assert see(page.locator(shown))
    assert "Pain before treatment" in page.locator(".paper").inner_text()


def make_states(predictor):
    """Return the pages that no form of the service at hand leads to, by name."""
    silent = Predictor(
        make_loaded(facts={"status": "approved for silent evaluation only", "synthetic": False})
    )
    form = {name: str(value) for name, value in PATIENT.items()}
    withheld = PageContent(fields=form, found=silent.predict(form, request_id="r"))
    return {
        "silent": render_page(silent, withheld, records=True, csrf="word"),
        "silent-empty": render_page(silent),
        "unavailable": render_page(predictor, PageContent(fields=form, unavailable="no estimate")),
    }


def serve(page, name, html):
    """Answer an address of the service with a page."""
    page.route(f"**/{name}", lambda route: route.fulfill(body=html, content_type="text/html"))


STATES = {
    "empty": None,
    "answered": {},
    "noted": {"sex": "", "setting": "", "opioid": ""},
    "problems": {"nrs_t0": "1,500", "age_years": "x"},
    "out of scope": {"age_years": "3"},
    "cannot be met": {"nrs_t0": "1"},
    "too little": {"nrs_t0": "", "sex": "", "opioid": ""},
}


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_a_screen_reader_finds_its_way_in_every_state(page, server, predictor, colours):
    page.emulate_media(color_scheme=colours)
    # Dark differs in its colours alone: every one of them is in these.
    few = ("noted", "problems", "cannot be met")
    states = STATES if colours == "light" else {name: STATES[name] for name in few}
    for change in states.values():
        page.goto(f"{server[0]}/clinic")
        if change is not None:
            ask(page, **change)
            page.wait_for_selector(".answered, #problems")
        open_all(page)
        assert list_violations(page) == [], change
    page.goto(f"{server[0]}/clinic?example=1#sheet")
    assert list_violations(page) == []
    for name, html in make_states(predictor).items():
        serve(page, f"state-{name}", html)
        page.goto(f"{server[0]}/state-{name}")
        assert list_violations(page) == [], name


def test_dots_can_be_told_apart_in_forced_colours(page, server):
    page.emulate_media(forced_colors="active")
    page.goto(f"{server[0]}/clinic?example=1")
    fills = [
        page.locator(f".dots .{kind}").first.evaluate("dot => getComputedStyle(dot).fill")
        for kind in ("yes", "no")
    ]
    assert fills[0] != fills[1]
    assert list_violations(page) == []


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
