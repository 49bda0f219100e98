from __future__ import annotations

import json
from dataclasses import replace

import pytest

from serving.estimate.predictor import Predictor
from serving.web.app import make_app
from tests.serving.helpers.clients import Client
from tests.training.helpers.review_cards import change_card, put_card
from tests.training.helpers.reviews import FIRST, SECOND, failing, make_case
from training.approval.approval import make_annex
from training.card.card import read_card
from training.review.seal import write_annex
from training.store.artifact import load_model, read_facts, write_release


@pytest.fixture
def folder(save):
    folder = save()
    loaded = load_model(folder)
    put_card(folder, loaded.facts, loaded.digest)
    return folder


def make_client(folder, **options):
    predictor = Predictor(load_model(folder), **options)
    return Client(make_app(lambda: predictor, get_folder=lambda: folder))


def test_the_card_is_given_as_data(folder):
    found = make_client(folder).get("/model/card").json()
    assert list(found) == ["status", "stamp", "card_sha256", "body", "review"]
    assert found["status"] == "demonstration"
    assert found["stamp"].startswith("Demonstration:")
    assert found["body"] == json.loads((folder / "card.json").read_text())["body"]
    assert len(found["card_sha256"]) == 64
    assert found["review"] is None


def test_the_card_is_shown_stamped_with_who_reviewed_it(folder):
    case = make_case(("open", FIRST), ("waive", SECOND, 9), ("approve", SECOND), gates=failing(9))
    signed = replace(case.digests, model=load_model(folder).digest, card=read_card(folder).sha256)
    annex = {**make_annex(case), "digests": vars(signed)}
    write_annex(folder, annex, "")
    page = make_client(folder).get("/card").text
    assert "Demonstration: this model was made from simulated patients" in page
    assert "Approved for silent evaluation only by Carl Second on 2026-11-03: approve: why" in page
    assert "Gate 9 waived by Carl Second" in page
    assert '<iframe src="card.html"' in page
    assert (
        "approved for silent evaluation only by Carl Second"
        in make_client(folder).get("/card.html").text
    )
    write_annex(folder, {**annex, "digests": vars(replace(signed, card="0" * 64))}, "")
    for path in ("/card", "/card.html"):
        assert "only by Carl Second" not in make_client(folder).get(path).text


def test_what_is_shown_is_what_is_signed_not_a_file_beside_it(folder):
    (folder / "card.html").write_text("<p>A better card</p>")
    assert "A better card" not in make_client(folder).get("/card.html").text


def test_a_card_changed_after_the_start_is_not_shown_as_approved(save):
    folder = save(facts={"status": "approved", "synthetic": False})
    facts, digest = read_facts(folder)
    put_card(folder, facts, digest)
    write_release(folder, replace(facts, card_sha256=read_card(folder).sha256))
    client = make_client(folder)
    assert client.get("/card.html").status_code == 200
    change_card(folder)
    for path in ("/model/card", "/card.html"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "is not the one that was approved" in answer.text
    assert "is not the one that was approved" in client.get("/card").text


def test_the_document_is_shut_off(folder):
    answer = make_client(folder).get("/card.html")
    assert answer.text.startswith("<!DOCTYPE html>")
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy


def test_a_model_without_a_card_says_so(save):
    client = make_client(save())
    assert client.get("/model/card").status_code == 404
    assert client.get("/card.html").status_code == 404
    page = client.get("/card")
    assert page.status_code == 200
    assert "This model has no card." in page.text


def test_a_silent_approval_is_stamped_everywhere(save):
    status = "approved for silent evaluation only"
    folder = save(facts={"status": status, "synthetic": False})
    loaded = load_model(folder)
    put_card(folder, loaded.facts, loaded.digest)
    write_release(folder, replace(loaded.facts, card_sha256=read_card(folder).sha256))
    client = make_client(folder, waivers=["Gate 9 waived by Carl: why"])
    words = "Approved for silent evaluation only, by two people"
    assert words in client.get("/clinic").text
    assert words in client.get("/card").text
    assert words in client.get("/model/card").json()["stamp"]
    assert words in client.get("/model").json()["statements"][0]
    assert client.get("/model").json()["status"] == status
    for path in ("/clinic", "/clinic?example=1", "/card", "/card.html"):
        assert f"{status}, made" in client.get(path).text or "clinic" not in path
        assert "Reviewed by two people for the use" not in client.get(path).text
