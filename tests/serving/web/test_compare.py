"""Two patients who differ in one value."""

from __future__ import annotations

import pytest

from serving.estimate.request import RequestError
from serving.web.compare import describe_comparison, list_known, read_comparison
from serving.web.form import COMPARED
from tests.serving.helpers.models import DEFAULT, ELIGIBLE, PATIENT

FORM = {name: str(value) for name, value in PATIENT.items()}


def make_posted(predictor, fields=FORM, **changes):
    known = list_known(predictor, predictor.predict(fields, request_id="r"), fields)
    return {**known, **{f"{COMPARED}{name}": changes.get(name, known[name]) for name in DEFAULT}}


def test_one_value_is_changed_and_all_else_is_the_same(predictor):
    first, second = read_comparison(predictor, make_posted(predictor, sex="male"))
    assert second == {**first, "sex": "male"}
    same = predictor.predict(FORM, request_id="r")["estimates"]
    assert predictor.predict(first, request_id="r")["estimates"] == same
    assert {name: first[name] for name in ELIGIBLE} == {n: FORM[n] for n in ELIGIBLE}


@pytest.mark.parametrize(
    ("changes", "got"), [({}, "none"), ({"sex": "male", "nrs_t0": "5"}, "2 values")]
)
def test_none_or_several_changed_values_are_no_comparison(predictor, changes, got):
    with pytest.raises(RequestError) as caught:
        read_comparison(predictor, make_posted(predictor, **changes))
    (problem,) = caught.value.problems
    assert problem.got == got


def test_a_class_that_followed_from_a_drug_can_be_changed(predictor):
    listed = {**FORM, "opioid": "", "medication_atc": "N02AX02", "patient_id": "P-1"}
    posted = make_posted(predictor, listed, opioid="no")
    assert "medication_atc" not in posted
    assert "P-1" not in posted.values()
    first, second = read_comparison(predictor, posted)
    assert (first["opioid"], second["opioid"]) == ("yes", "no")
    assert predictor.predict(second, request_id="r")["estimates"]


def test_what_they_differ_in_and_both_numbers_are_told(predictor):
    both = read_comparison(predictor, make_posted(predictor, nrs_t0="2"))
    answers = [predictor.predict(fields, request_id="r") for fields in both]
    told = describe_comparison(predictor, *answers)
    assert told["changed"] == [("Pain before treatment (NRS)", "8 points", "2 points")]
    for (one, other), a, b in zip(
        told["rows"], answers[0]["estimates"], answers[1]["estimates"], strict=True
    ):
        assert one["about"] == f"about {round(100 * a['probability'])}"
        assert other["about"] == f"about {round(100 * b['probability'])}"
    assert told["reasons"] == []


@pytest.mark.parametrize(("move", "apart"), [(0.0, False), (0.5, True)])
def test_numbers_within_each_others_intervals_are_about_the_same(predictor, move, apart):
    answers = [predictor.predict(FORM, request_id="r") for _ in range(2)]
    for answer, extra in zip(answers, (0.0, move), strict=True):
        answer["estimates"][0] |= {"probability": 0.3 + extra, "interval": [0.1, 0.7]}
    assert describe_comparison(predictor, *answers)["apart"] is apart


def test_a_patient_for_whom_there_is_no_number_is_told_why(predictor):
    first = predictor.predict(FORM, request_id="r")
    second = predictor.predict({**FORM, "nrs_t0": "1"}, request_id="r")
    told = describe_comparison(predictor, first, second)
    assert (told["rows"], told["changed"]) == ([], [])
    assert "cannot be reached" in told["reasons"][0]
