"""A review as reviewers go through it, in a real browser, up to the service."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from serving.estimate.predictor import Predictor
from serving.records.tasks import Task
from serving.release import release_version
from serving.review.app import make_review_app
from serving.review.in_use import InUse
from serving.web.app import make_app
from tests.browsers import MARKS, list_violations, see
from tests.browsers import browser as browser
from tests.serving.helpers.clients import running
from tests.serving.test_release import add_model, places  # noqa: F401
from tests.serving.test_release import empty_desk as desk  # noqa: F401
from tests.training.helpers.reviews import AUTHOR, FIRST, SECOND, make_reason
from training.card.card import read_card
from training.review import accounts
from training.store.artifact import load_model, read_facts

pytestmark = MARKS
PASSWORD = "correct horse battery"


class Reviewer:
    """Someone at the pages, in a window that shares nothing with the others'."""

    def __init__(self, browser, url, account):
        self.url = url
        self.context = browser.browser.new_context(viewport={"width": 1280, "height": 900})
        self.page = self.context.new_page()
        self.page.complaints, self.page.asked = [], []
        self.page.on("console", lambda message: self.page.complaints.append(message.text))
        self.page.on("request", lambda request: self.page.asked.append(request.url))
        self.page.goto(url)
        self.page.get_by_label("Account").fill(account.name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        self.page.get_by_role("heading", name="Models and their reviews").wait_for()

    def open(self, version):
        self.page.get_by_role("link", name="All models").click()
        self.page.get_by_role("link", name=f"pilot version {version}").click()

    def section(self, heading):
        found = self.page.locator("section")
        return found.filter(has=self.page.get_by_role("heading", name=heading, exact=True))

    def act(self, button, why):
        section = self.section(button)
        section.get_by_label("Why").fill(why)
        section.get_by_role("button").click()

    @property
    def heading(self):
        return self.page.locator("h1").inner_text()


@pytest.fixture
def reviewers(browser, desk, monkeypatch):  # noqa: F811
    monkeypatch.setattr(accounts, "_COST", {"n": 2, "r": 1, "p": 1})
    for account in (AUTHOR, FIRST, SECOND):
        desk.accounts.add(account.name, account.display, account.role, PASSWORD, by=None)
    with running(make_review_app(desk)) as url:
        found = [Reviewer(browser, url, account) for account in (AUTHOR, FIRST, SECOND)]
        yield found
        for reviewer in found:
            assert all(asked.startswith(url) for asked in reviewer.page.asked)
            reviewer.context.close()


def test_from_the_queue_to_the_service(desk, places, browser, reviewers):  # noqa: F811
    for _ in range(2):
        add_model(desk, approved=False)
    author, first, second = reviewers

    # The author hands both versions in, and is kept from approving either.
    for version in ("1", "2"):
        author.open(version)
        author.act("Hand it in for review", "ready")
        assert author.heading == f"pilot version {version}: in review"
        told = author.section("Approve").inner_text()
        assert "anna is an author of this model: nobody judges their own" in told
        assert author.section("Approve").get_by_role("button").count() == 0

    # A reviewer reads the card, which cannot run a script, and refuses the newer version.
    first.open("2")
    card = first.page.frame_locator("iframe")
    assert see(card.get_by_text("document.body.textContent = 'a script ran'").first)
    first.act("Refuse", "the outcome is not the patient's")
    assert first.heading == "pilot version 2: refused"
    second.open("2")
    told = second.section("What keeps it from being released").inner_text()
    assert "the outcome is not the patient's" in told
    assert second.page.get_by_role("button").all_inner_texts() == ["Log out"]

    # Two approve the other; one alone is not enough.
    first.open("1")
    first.act("Approve", "read it all")
    assert first.heading == "pilot version 1: in review"
    assert "berta has approved it already" in first.section("Approve").inner_text()
    second.open("1")
    second.act("Approve", "so did I")
    assert second.heading == "pilot version 1: approved"
    assert see(second.section("History").get_by_text("so did I"))

    # What is released is the one that was approved, not the newest, and shows who approved it.
    folder = release_version(desk, "pilot", **places).folder / "model"
    predictor = Predictor(load_model(folder))
    page = browser.new_page()
    with running(make_app(lambda: predictor, get_folder=lambda: folder)) as url:
        page.goto(f"{url}/clinic")
        page.get_by_role("link", name="The model's card").click()
        assert page.locator("h1").inner_text() == "Model card: pilot, version 1"
        assert see(page.get_by_text("Approved by Carl Second"))
        card = page.frame_locator("iframe")
        assert see(card.get_by_text("approved by Berta First and Carl Second"))
    page.close()


def test_nothing_runs_off_the_screen(desk, reviewers):  # noqa: F811
    add_model(desk, approved=False, slope=0.5, external=False)
    desk.act("open", AUTHOR, "pilot", comment="ready")
    first = reviewers[1]
    first.page.reload()
    first.open("1")
    first.section("Waive a gate").get_by_label("Gate").select_option("9")
    first.act("Waive a gate", make_reason(9))
    assert see(first.section("Gates").get_by_text("waived by"))
    for path in ("/", "/model/pilot/1", "/model/pilot/1/card.html"):
        first.page.goto(first.url + path)
        for width in (360, 800, 1280):
            first.page.set_viewport_size({"width": width, "height": 800})
            assert first.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_review_fits_two_screens_and_the_card_opens_beside_its_gate(desk, reviewers):  # noqa: F811
    folder = add_model(desk, approved=False)
    add_model(desk, approved=False, slope=0.5, external=False, before=read_card(folder))
    desk.act("open", AUTHOR, "pilot", "2", comment="ready")
    first = reviewers[1]
    page = first.page
    page.set_viewport_size({"width": 1280, "height": 800})
    first.open("2")
    assert page.locator("#annex").bounding_box()["y"] <= 1600
    assert page.locator(".gate svg").count() == 6
    assert (
        first.section("What differs from pilot:1").locator("strong").first.inner_text()[:4]
        == "fail"
    )
    page.locator("#gate-5").get_by_role("link", name="Calibration").click()
    page.wait_for_url("**/model/pilot/2?part=calibration#gates")
    card = page.frame_locator("iframe")
    assert see(card.get_by_role("heading", name="Calibration", exact=True))
    page.wait_for_timeout(500)  # the frame scrolls to its part once it is laid out
    shown = card.get_by_role("heading", name="Calibration", exact=True).bounding_box()
    assert 0 <= shown["y"] <= 300  # beside the gates, and not off the screen
    assert see(page.locator("#gate-5.current"))
    assert "You have opened 1 of" in page.locator(".decision").inner_text()


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_keeps_people_from_reading_it(desk, reviewers, width):  # noqa: F811
    folder = add_model(desk, approved=False)
    add_model(desk, approved=False, slope=0.5, external=False, before=read_card(folder))
    desk.act("open", AUTHOR, "pilot", "2", comment="ready")
    desk.act("waive", SECOND, "pilot", "2", gate=9, comment=make_reason(9))
    page = reviewers[1].page
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", "/model/pilot/1", "/model/pilot/2?part=top", "/model/pilot/9"):
        page.goto(reviewers[1].url + path)
        assert list_violations(page) == [], path
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    assert list_violations(page) == []


def test_the_keyboard_is_enough(desk, reviewers):  # noqa: F811
    add_model(desk, approved=False)
    page = reviewers[0].page
    reviewers[0].open("1")
    page.get_by_label("Why").first.focus()
    page.keyboard.type("ready")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="pilot version 1: in review").wait_for()


def test_what_is_asked_about_a_model_in_use_is_seen_by_everyone(desk, browser, monkeypatch):  # noqa: F811
    monkeypatch.setattr(accounts, "_COST", {"n": 2, "r": 1, "p": 1})
    desk.accounts.add(FIRST.name, FIRST.display, FIRST.role, PASSWORD, by=None)
    digest = read_facts(add_model(desk, approved=False))[1]
    text = "Fewer respond than estimated (T1): the last 31 outcomes held 11 responders."
    task = Task(4, digest, "monitor:first_fewer", datetime(2026, 3, 2, tzinfo=UTC), text)
    in_use = InUse({digest: [task]}, {digest: "Fewer respond than estimated (T1)"})
    with running(make_review_app(desk, find_in_use=lambda: in_use)) as url:
        reviewer = Reviewer(browser, url, FIRST)
        assert list_violations(reviewer.page) == []
        reviewer.page.get_by_role("link", name="1 open").click()
        assert see(reviewer.section("Asked of you about its use").get_by_text("31 outcomes"))
        assert list_violations(reviewer.page) == []
        reviewer.context.close()
