"""What the page of one model is filled with."""

from __future__ import annotations

import pytest

from serving.review.page import describe_review, list_changes
from tests.training.helpers.reviews import AUTHOR, FIRST, SECOND, make_reason
from tests.training.review.test_desk import add_model
from training.card.card import read_card
from training.card.schema import Change
from training.review.desk import Desk
from training.review.review_log import ReviewLog


@pytest.fixture
def desk(tracking_uri, tmp_path):
    log = ReviewLog(tmp_path / "home" / "review.db", key_file=tmp_path / "out" / "review.key")
    return Desk(log, tracking_uri=tracking_uri)


def make_page(file, account=FIRST, opened=(), part=""):
    return describe_review(file, account, opened, part)


def test_each_gate_is_shown_once_with_its_evidence(desk):
    add_model(desk, slope=0.5, external=False)
    page = make_page(desk.act("open", AUTHOR, "pilot", comment="ready"), opened=("calibration",))
    assert [row.gate.number for row in page["rows"]] == list(range(1, 13))
    slope = page["rows"][4]
    assert (slope.title, slope.opened) == ("Calibration", True)
    assert "T1 0.50" in slope.picture
    assert not page["rows"][3].opened
    assert [row.gate.number for row in page["rows"] if row.picture] == [2, 3, 4, 5, 6, 7]
    assert page["keeps"][0] == "gates 5 and 9 are open"
    assert not any("asked" in line for line in page["keeps"])
    approve = next(action for action in page["actions"] if action["name"] == "approve")
    assert approve["against"] == ["gates 5 and 9 are open"]


def test_a_gate_that_was_waived_is_open_no_more(desk):
    add_model(desk, slope=0.5, external=False)
    desk.act("open", AUTHOR, "pilot", comment="ready")
    page = make_page(desk.act("waive", FIRST, "pilot", gate=9, comment=make_reason(9)))
    assert page["keeps"][0] == "gate 5 is open"
    assert make_reason(9) in page["rows"][8].gate.waiver
    waive = next(action for action in page["actions"] if action["name"] == "waive")
    assert [gate.number for gate in waive["gates"]] == [5]


def test_an_author_is_told_why_and_of_no_gate(desk):
    add_model(desk)
    page = make_page(desk.act("open", AUTHOR, "pilot", comment="ready"), AUTHOR)
    told = {action["name"]: action["against"] for action in page["actions"]}
    assert told["approve"][-1] == "anna is an author of this model: nobody judges their own"
    assert told["withdraw"] == []


def test_what_differs_from_the_version_before_comes_telling_first(desk):
    first = add_model(desk)
    add_model(desk, slope=0.5, before=read_card(first))
    page = make_page(desk.read("pilot", "2"))
    assert page["parent"].model == "pilot:1"
    assert page["changes"][0].what == "5. calibration"
    assert page["changes"][0].after.startswith("fail")
    alone = make_page(desk.read("pilot", "1"))
    assert (alone["parent"], alone["changes"]) == (None, [])


def test_changes_keep_their_order_within_a_part():
    changes = [
        Change(part=part, what=what, before="–", after="1")
        for part, what in (("data", "a"), ("gates", "b"), ("data", "c"), ("gates", "d"))
    ]
    assert [change.what for change in list_changes(changes)] == ["b", "d", "a", "c"]


def test_the_card_opens_at_a_part_and_nowhere_else(desk):
    add_model(desk)
    file = desk.read("pilot")
    assert make_page(file, SECOND, part="decision")["part"] == "decision"
    assert make_page(file, SECOND, part='"><b>')["part"] == ""
    assert dict((a, o) for a, _, o in make_page(file, opened=("top",))["parts"])["top"]
