"""The nurse's and the reviewers' page in a real browser."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from serving.records.recorder import Recorder
from serving.web.app import make_app
from tests.browsers import MARKS, list_violations, list_violations_in_files, see
from tests.browsers import browser as browser
from tests.serving.helpers.clients import running
from tests.serving.monitoring.recorded import make_store, record_patient

pytestmark = MARKS


@pytest.fixture
def store(tmp_path):
    store = make_store(tmp_path)
    yield store
    store.close()


def test_a_nurse_reports_and_a_reviewer_sees_it(browser, predictor, store, tmp_path):
    record_patient(store, predictor, 1, name="P-1")
    recorder = Recorder(predictor, store)
    app = make_app(lambda: predictor, get_folder=lambda: Path(), get_recorder=lambda: recorder)
    page = browser.new_page()
    with running(app) as url:
        page.goto(f"{url}/outcomes")
        assert list_violations(page) == []
        page.locator("[name=patient_id]").fill("P-2")
        page.get_by_role("button", name="Report").click()
        assert see(page.get_by_role("heading", name="Nothing was recorded yet"))
        assert list_violations(page) == []
        page.locator("[name=patient_id]").fill("P-1")
        page.locator("[name=nrs_t1]").fill("4,5")
        page.locator("[name=success_t1][value=yes]").check()
        page.get_by_role("button", name="Report").click()
        assert see(page.get_by_role("heading", name="Recorded"))
        assert list_violations(page) == []
        # No script runs on the reviewers' page, not even one that looks at it.
        copy = tmp_path / "monitor.html"
        copy.write_text(httpx.get(f"{url}/monitor", trust_env=False).text, encoding="utf-8")
        assert list_violations_in_files(browser, copy) == []
    page.close()
    recorder.close()
    (kept,) = store.read_outcomes()
    assert kept.values == {"nrs_t1": 4.5, "success_t1": 1.0}
