from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from serving.cds_hooks.cards import LONGEST_SUMMARY, make_cds_card, make_unread_card
from serving.estimate.notices import NO_ESTIMATE
from serving.estimate.predictor import Predictor
from serving.estimate.silence import withhold
from serving.fhir.issues import Issue
from serving.language.language import LANGUAGES
from tests.serving.helpers.models import PATIENT, make_loaded
from training.store.statements import make_statements
from training.store.statuses import SILENT_APPROVAL

LINKS = ({"label": "Page", "url": "https://e.example/clinic", "type": "absolute"},)
STATUSES = ("demonstration", "research", "approved")


def make_predictor(status, **options):
    facts = {"status": status, "synthetic": status == "demonstration"}
    return Predictor(make_loaded(facts=facts), **options)


def ask(predictor, patient=PATIENT):
    return withhold(predictor, predictor.predict(patient, request_id=uuid4().hex))


def card(predictor, answer, code="en", **more):
    given = {"patient": PATIENT, "links": LINKS, **more}
    return make_cds_card(predictor, answer, LANGUAGES[code], **given)


def test_a_card_is_of_the_form_that_record_systems_read(predictor):
    answer = ask(predictor)
    made = card(predictor, answer)
    assert set(made) == {"uuid", "summary", "detail", "indicator", "source", "links"}
    assert UUID(made["uuid"]).hex == answer["request_id"]
    assert made["indicator"] == "info"
    assert made["source"] == {"label": "ketresponse, model demo-crps version 3"}
    assert made["links"] == list(LINKS)


def test_the_number_and_how_sure_stand_in_the_summary(predictor):
    answer = ask(predictor)
    first = answer["estimates"][0]
    told = card(predictor, answer)["summary"]
    assert f"about {100 * first['probability']:.0f} of 100" in told
    assert "{:.0f} to {:.0f}".format(*(100 * limit for limit in first["interval"])) in told
    assert "at discharge" in told and "invented" in told


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("code", LANGUAGES)
def test_no_summary_is_too_long_whatever_it_says(status, code):
    predictor = make_predictor(status)
    answer = ask(predictor)
    for horizon in ("t1", "t2"):
        for probability, interval in [
            (0.001, [0.0, 0.004]),
            (0.9996, [0.88, 1.0]),
            (0.58, [0.41, 0.73]),
            (1.0, [1.0, 1.0]),
        ]:
            changes = {"horizon": horizon, "probability": probability, "interval": interval}
            estimate = {**answer["estimates"][0], **changes}
            told = card(predictor, {**answer, "estimates": [estimate]}, code)["summary"]
            assert len(told) <= LONGEST_SUMMARY and "…" not in told
    for reason in NO_ESTIMATE:
        notices = [{"code": reason, "variable": None, "text": "because"}]
        told = card(
            predictor,
            {**answer, "estimates": [], "applicability": {"in_scope": True, "notices": notices}},
            code,
        )["summary"]
        assert len(told) <= LONGEST_SUMMARY and "…" not in told
    unread = make_unread_card(predictor, [], LANGUAGES[code], links=LINKS)["summary"]
    assert len(unread) <= LONGEST_SUMMARY and "…" not in unread


@pytest.mark.parametrize("status", STATUSES)
def test_the_words_that_must_stand_beside_a_number_stand_in_the_detail(status):
    predictor = make_predictor(status)
    detail = card(predictor, ask(predictor))["detail"]
    for sentence in make_statements(predictor.facts):
        assert sentence in detail
    for words in (
        "adults with therapy-resistant CRPS",
        "282 of 470",
        "at discharge (T1)",
        "about 4 weeks after discharge at uneven intervals",
        "not the benefit over placebo",
        "fallen by 1.4 points with placebo and by 4.5 points with ketamine",
        "is no clearance for treatment",
        "Liver enzymes",
        "a history of psychosis",
        "A low estimate alone is no ground to refuse treatment",
        "associations in past patients, not causes",
        "In the model's cohort 60 of 100",
    ):
        assert words in detail
    assert ("Research use only" in detail) is (status == "research")


def test_the_horizon_that_the_clinic_cares_about_comes_first(predictor):
    answer = ask(predictor)
    second = answer["estimates"][1]
    made = card(predictor, answer, first="t2")
    assert "at follow-up" in made["summary"]
    assert f"about {100 * second['probability']:.0f} of 100" in made["summary"]
    assert made["detail"].index(second["outcome"]) < made["detail"].index(
        answer["estimates"][0]["outcome"]
    )
    assert "at discharge" in card(predictor, answer, first="t3")["summary"]


def test_what_was_read_is_shown_and_what_has_no_use_is_not(predictor):
    patient = {**PATIENT, "weight_kg": 71.5}
    made = card(predictor, ask(predictor, patient), patient=patient)
    assert "- Pain before treatment (NRS): 8 points" in made["detail"]
    assert "71.5" not in made["detail"] and "does not enter" not in made["detail"]


def test_where_there_is_no_number_the_reason_stands_in_its_place(predictor):
    for patient, words in [
        ({**PATIENT, "age_years": 12}, "outside what this model knows"),
        ({**PATIENT, "nrs_t0": 0}, "leaves no room"),
        ({}, "too little is known"),
    ]:
        made = card(predictor, ask(predictor, patient), patient=patient)
        assert words in made["summary"] and "of 100" not in made["summary"]
        assert "**No estimate**" in made["detail"]
        assert "like this one" not in made["detail"]
        assert "is no clearance for treatment" in made["detail"]


def test_under_silent_evaluation_there_is_no_number():
    predictor = make_predictor(SILENT_APPROVAL)
    made = card(predictor, ask(predictor))
    assert made["summary"] == "No estimate is shown: silent evaluation."
    assert "like this one" not in made["detail"]
    assert "computed and recorded for evaluation" in made["detail"]


def test_a_gate_that_was_let_pass_stands_at_the_top():
    predictor = make_predictor("research", waivers=["Gate 6: a reason."])
    detail = card(predictor, ask(predictor))["detail"]
    assert detail.splitlines()[2] == "- Gate 6: a reason."
    assert detail.count("Gate 6") == 1


def test_what_stands_in_a_record_cannot_change_how_a_card_looks(predictor):
    issues = [Issue("warning", "value", "got <img src=x> [click](https://evil.example) *\n# x*")]
    issues += [Issue("warning", "value", f"number {number}") for number in range(30)]
    detail = card(predictor, ask(predictor), issues=issues)["detail"]
    assert r"- got \<img src=x\> \[click\](https://evil.example) \* # x\*" in detail
    assert "number 18" in detail and "number 19" not in detail and "and 11 more" in detail


def test_a_record_that_cannot_be_read_gives_a_card_without_a_number(predictor):
    issues = [Issue("error", "value", "nrs_t0: expected a number from 0 to 10; got 11")]
    made = make_unread_card(predictor, issues, LANGUAGES["en"], links=LINKS)
    assert "cannot be read" in made["summary"]
    assert r"nrs\_t0: expected a number from 0 to 10; got 11" in made["detail"]
    assert "is no clearance for treatment" in made["detail"]
    assert "uuid" not in made
