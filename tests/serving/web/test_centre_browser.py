"""The centre on the page, as a browser shows it."""

from __future__ import annotations

import pytest

from serving.estimate.predictor import Predictor
from serving.web.app import make_app
from tests.browsers import MARKS, list_violations
from tests.browsers import browser as browser
from tests.serving.helpers.clients import running
from tests.serving.helpers.models import PATIENT, make_loaded_of_centres
from tests.serving.web.test_browser import fill, find_bottom

pytestmark = MARKS


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    predictor = Predictor(make_loaded_of_centres(), centre="North")
    folder = tmp_path_factory.mktemp("no_card")
    with running(make_app(lambda: predictor, get_folder=lambda: folder)) as url:
        yield url


@pytest.mark.parametrize("site", ["South", "none"])
def test_the_centre_is_chosen_and_told_within_the_screen(browser, address, site):
    page = browser.new_page()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{address}/clinic")
    assert page.locator("#form [name=site]").input_value() == "North"
    fill(page, {**PATIENT, "site": site})
    page.get_by_role("button", name="Estimate").click()
    page.wait_for_selector("#answer")
    told = page.locator(".sure").inner_text()
    assert ("a new centre" if site == "none" else f"Answered for {site}") in told
    assert page.locator("#form [name=site]").input_value() == site
    assert find_bottom(page) <= 800
    page.set_viewport_size({"width": 360, "height": 800})
    assert find_bottom(page) <= 1600
    assert list_violations(page) == []
    page.close()
