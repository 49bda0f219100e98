"""A panel on the page, as a browser without scripts sends it."""

from __future__ import annotations

import json

import pytest

from serving.estimate.predictor import Predictor
from serving.web.app import make_app
from tests.browsers import MARKS, list_violations, see
from tests.browsers import browser as browser
from tests.serving.estimate.test_panel import DATES, PANEL
from tests.serving.helpers.clients import running
from tests.serving.helpers.models import PATIENT
from tests.serving.helpers.panels import make_loaded_with_panel
from tests.serving.web.test_browser import fill
from tests.serving.web.test_panel_page import TEXT

pytestmark = MARKS


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    predictor, folder = Predictor(make_loaded_with_panel()), tmp_path_factory.mktemp("no_card")
    with running(make_app(lambda: predictor, get_folder=lambda: folder)) as url:
        yield url


def ask(page, address):
    page.goto(f"{address}/clinic")
    fill(page, PATIENT)
    page.get_by_text("A microRNA panel, if there is one").click()
    page.locator("#panel_sample_date").fill(DATES["sample_date"])
    page.locator("#panel_infusion_start").fill(DATES["infusion_start"])
    file = {"name": "plate.csv", "mimeType": "text/csv", "buffer": TEXT.encode()}
    page.locator("#panel_file").set_input_files(file)
    page.get_by_role("button", name="Estimate").click()
    page.wait_for_selector("#answer")


@pytest.mark.parametrize("width", [360, 1400])
def test_an_uploaded_panel_is_used_and_explained(browser, address, width):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": width, "height": 800})
    ask(page, address)
    found = Predictor(make_loaded_with_panel()).predict(
        PATIENT, request_id="x", panel={**PANEL, "plate": ""}
    )
    first = round(100 * found["estimates"][0]["probability"])
    told = page.locator("#answer").inner_text()
    assert told == f"Of 100 patients like this one, about {first} responded."
    page.get_by_text("Which part of the model answered").click()
    assert see(page.get_by_text("The microRNA panel was used"))
    page.get_by_text("What moved it, and how it compares: discharge (T1)").click()
    beneath = page.locator("details.parts").first
    assert not beneath.get_by_text("hsa-miR-155-5p").is_visible()
    beneath.locator("summary").click()
    assert see(beneath.get_by_text("hsa-miR-155-5p"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#panel_text").input_value().startswith("assay,Ct")
    assert all(url.startswith(address) for url in asked)
    page.close()


def test_the_apis_page_offers_the_example_with_a_panel(browser, address):
    page = browser.new_page()
    page.goto(f"{address}/docs")
    place = page.get_by_role("region", name="POST /predict", exact=True)
    place.get_by_role("button", name="Try it out").click()
    assert "panel" not in json.loads(place.get_by_label("Body").input_value())
    place.get_by_label("Example").select_option("With a made-up microRNA panel")
    assert json.loads(place.get_by_label("Body").input_value())["panel"]["ct"]
    assert list_violations(page) == []
    page.close()
