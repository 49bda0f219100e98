from __future__ import annotations

import pytest

from serving.estimate.panel import PanelSample
from serving.estimate.predictor import Predictor
from serving.records.record import make_estimate, read_pseudonym
from tests.serving.helpers.models import CENTRES, PATIENT, make_loaded
from tests.serving.records.conftest import START


def test_what_was_asked_and_answered_is_recorded(predictor: Predictor) -> None:
    patient = {**PATIENT, "patient_id": " P-1 ", "opioid": None}
    answer = predictor.predict(patient, request_id="r1")
    one = make_estimate(predictor, patient, answer, at=START, caller="ward 3")
    assert (one.request_id, one.at, one.caller, one.pseudonym) == ("r1", START, "ward 3", "P-1")
    assert one.model == "demo-crps:3"
    assert one.model_digest == predictor.digest
    assert one.status == "demonstration"
    assert one.in_scope
    assert one.probabilities == {e["horizon"]: e["probability"] for e in answer["estimates"]}
    assert one.missing == ("opioid",)
    assert "missing" in one.notices
    assert one.inputs is not None
    assert "patient_id" not in one.inputs["patient"]
    assert one.inputs["patient"]["nrs_t0"] == PATIENT["nrs_t0"]
    assert one.answer == answer


def test_the_centre_that_was_answered_for_is_recorded() -> None:
    predictor = Predictor(make_loaded(centres=CENTRES), centre="North")
    for site, centre, where in (
        (None, "North", "North"),
        ("south", "South", "South"),
        ("West", "", "West"),
        ("none", "", None),
    ):
        patient = {**PATIENT, "site": site}
        answer = predictor.predict(patient, request_id="r1")
        one = make_estimate(predictor, patient, answer, at=START, caller="x")
        assert (one.centre, one.site) == (centre, where)
        assert one.inputs is not None
        assert one.inputs["patient"]["site"] == site


def test_a_patient_out_of_scope_is_recorded_without_a_probability(predictor: Predictor) -> None:
    patient = {**PATIENT, "age_years": 12}
    answer = predictor.predict(patient, request_id="r1")
    one = make_estimate(predictor, patient, answer, at=START, caller="local")
    assert not one.in_scope
    assert one.probabilities == {}
    assert one.pseudonym is None
    assert "out_of_scope" in one.notices


def test_an_answer_without_a_number_is_recorded_with_its_reasons(predictor: Predictor) -> None:
    patient = {**PATIENT, "nrs_t0": 1, "sex": None}
    one = make_estimate(
        predictor, patient, predictor.predict(patient, request_id="r1"), at=START, caller="local"
    )
    assert (one.in_scope, one.probabilities, one.missing) == (True, {}, ("sex",))
    assert "cannot_be_met" in one.notices


def test_a_panel_is_recorded_as_it_was_sent_or_read(predictor: Predictor) -> None:
    answer = predictor.predict(PATIENT, request_id="r1")
    sent = {"ct": {"hsa-miR-1": 30.5}}
    read = PanelSample({"hsa-miR-1": 30.5}, plate="A")
    for panel, kept in ((sent, sent["ct"]), (read, read.values), (None, None), ("text", None)):
        one = make_estimate(predictor, PATIENT, answer, at=START, caller="x", panel=panel)
        assert one.inputs is not None
        found = one.inputs["panel"]
        assert (found and (found.get("ct") or found.get("values"))) == kept


def test_a_pseudonym_is_no_value_that_an_estimate_leaves_unused(predictor: Predictor) -> None:
    answer = predictor.predict({**PATIENT, "patient_id": "P-1"}, request_id="r1")
    assert answer == predictor.predict(PATIENT, request_id="r1")


def test_a_pseudonym_is_found_by_whatever_the_estimate_reads_it_by(predictor: Predictor) -> None:
    for name in ("patient_id ", "\u200bpatient_id"):
        patient = {**PATIENT, name: "P-1"}
        answer = predictor.predict(patient, request_id="r1")
        one = make_estimate(predictor, patient, answer, at=START, caller="x")
        assert one.pseudonym == "P-1"
        assert "P-1" not in str(one.inputs)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (" P-1\u00a0", "P-1"),
        (17, "17"),
        (0, "0"),
        (None, None),
        ("", None),
        ("\u200b", None),
        ("Unknown", None),
        (["P-1"], None),
    ],
)
def test_what_is_missing_is_nobody_s_pseudonym(raw: object, read: str | None) -> None:
    assert read_pseudonym(raw) == read
