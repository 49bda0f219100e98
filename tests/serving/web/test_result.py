"""An answer in a person's words."""

from __future__ import annotations

from datetime import date

import pytest

from serving.estimate.predictor import Predictor
from serving.language.language import LANGUAGES
from serving.web.result import describe_contributions, make_estimates, make_result, show_value
from tests.serving.helpers.models import PATIENT, make_loaded

FORM = {name: str(value) for name, value in PATIENT.items()}
TODAY = date(2026, 3, 1)


def make(predictor, fields=FORM, **options):
    found = predictor.predict(fields, request_id="r")
    return make_result(predictor, found, fields=fields, today=TODAY, **options)


def test_everything_is_told_in_hundreds(predictor):
    found = predictor.predict(FORM, request_id="r")
    for told, given in zip(make_estimates(predictor, found), found["estimates"], strict=True):
        assert told["probability"] == pytest.approx(100 * given["probability"])
        assert [told["low"], told["high"]] == pytest.approx([100 * x for x in given["interval"]])
        assert told["dots"] == round(100 * given["probability"])
        assert (told["n"], told["events"]) == {"t1": (470, 282), "t2": (400, 180)}[given["horizon"]]
        assert told["counted"] == f"{told['events']} of {told['n']}"
        moved = sum(row["points"] for row in told["rows"])
        assert told["base"] + moved == pytest.approx(told["probability"], abs=1e-4)


def test_the_clinics_horizon_is_the_first(predictor):
    assert [e["horizon"] for e in make(predictor)["estimates"]] == ["t1", "t2"]
    assert [e["horizon"] for e in make(predictor, first="t2")["estimates"]] == ["t2", "t1"]
    alone = Predictor(make_loaded(horizons=("t1",)))
    assert [e["at"] for e in make(alone, first="t2")["estimates"]] == ["discharge (T1)"]


def test_another_condition_has_no_discharge():
    other = Predictor(make_loaded(facts={"condition": "sciatica", "eligibility": {}}))
    assert [e["at"] for e in make(other)["estimates"]] == ["T1", "T2"]


def test_what_was_entered_is_told_as_it_was_read(predictor):
    fields = {**FORM, "nrs_t0": "8,5", "medication_atc": "n02ax02", "patient_id": "P-1"}
    found = predictor.predict(FORM, request_id="r")
    entered = {**fields, "panel_text": "assay,Ct"}
    told = dict(make_result(predictor, found, fields=entered, today=TODAY)["inputs"])
    assert told["Pain before treatment (NRS)"] == "8.5 points"
    assert told["Pain co-medication (ATC codes)"] == "N02AX02 tramadol"
    assert told["Infusion drug"] == "S-ketamine"
    assert told["microRNA panel"] == "given"
    assert "P-1" not in told.values()


def test_reasons_stand_apart_from_notices(predictor):
    told = make(predictor, {**FORM, "nrs_t0": "1", "sex": ""})
    assert (
        told["absence"] == "No estimate: the score before treatment leaves no room for this outcome"
    )
    assert (told["estimates"], len(told["reasons"])) == ([], 1)
    assert told["notices"] == ["Sex is not known."]


def test_words_and_numbers_are_said_in_the_readers_language(predictor):
    german = LANGUAGES["de"]
    variable = predictor.dictionary["disease_duration_years"]
    assert show_value(variable, 3.5) == "3.5 years"
    assert german.tell(show_value(variable, 3.5)) == "3,5 Jahre"
    assert german.tell(show_value(predictor.dictionary["sex"], "female")) == "weiblich"
    assert show_value(variable, None) == "not known"


def test_a_row_tells_what_was_not_measured(predictor):
    rows = describe_contributions(
        predictor,
        [
            {"variable": "miR-1", "value": None, "contribution": 0.01},
            {"variable": "miR-2", "value": -1.25, "contribution": -0.2},
        ],
    )
    assert [row["value"] for row in rows] == ["ΔCt −1.2", "not measured"]
