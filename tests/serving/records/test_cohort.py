from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from features.cohort.cohort import parse_cohort
from features.dictionary.contract import CONTRACT
from features.dictionary.outcome import make_labels
from features.dictionary.rule import read_rule
from features.errors import InputError
from serving.records.cohort import make_cohort_table
from serving.records.record import Outcome, RecordedEstimate
from tests.serving.records.conftest import ESTIMATE, START


def make(number: str, day: int, pseudonym: str | None, **changes: Any) -> RecordedEstimate:
    patient = {"nrs_t0": 8.0, "opioid": "yes", "sex": None, **changes.pop("patient", {})}
    return replace(
        ESTIMATE,
        request_id=number * 32,
        at=START + timedelta(days=day),
        pseudonym=pseudonym,
        inputs={"patient": patient, "panel": None},
        **changes,
    )


def tell(number: str, day: int, **values: Any) -> Outcome:
    return Outcome(number * 32, START + timedelta(days=day), "nurse", values)


def test_a_row_is_the_estimate_that_was_acted_on_with_what_was_reported_last() -> None:
    asked = [
        make("a", 0, "h1" * 32, patient={"nrs_t0": 6.5}),
        make("b", 1, "h1" * 32, patient={"nrs_t0": 7}),
        make("c", 20, "h1" * 32, patient={"nrs_t0": 3}),
        make("d", 2, None, patient={"opioid": True}),
        make("e", 3, "h2" * 32),
        make("f", 4, "h1" * 32, patient={"nrs_t0": 9, "course_number": 2}),
    ]
    reported = [
        tell("b", 9, nrs_t1=5.0, success_t1=0.0),
        tell("d", 9, success_t1=1.0),
        tell("b", 12, nrs_t1=4.0),
        tell("c", 40, nrs_t2=6.0),
        tell("f", 41, nrs_t1=2.0),
    ]
    table = make_cohort_table(asked, reported)
    assert table["patient_id"].tolist() == ["h1" * 8, "d" * 32, "h1" * 8]
    assert table["course_number"].tolist() == ["1", "1", "2"]
    assert table["nrs_t0"].tolist() == ["7", "8", "9"]
    assert table["nrs_t1"].tolist() == ["4", "", "2"]
    assert table["success_t1"].tolist() == ["no", "yes", ""]
    assert table["nrs_t2"].tolist() == ["6", "", ""]
    assert table["opioid"].tolist() == ["yes"] * 3
    assert "sex" not in table or set(table["sex"]) == {""}


def test_a_patient_s_site_is_the_centre_that_was_answered_for_else_what_was_sent() -> None:
    asked = [
        make("a", 0, "h1" * 32, centre="North"),
        make("b", 0, "h2" * 32, centre="North", patient={"site": "north"}),
        make("c", 0, "h3" * 32, patient={"site": "West"}),
        make("d", 0, "h4" * 32, patient={"site": "none"}),
    ]
    table = make_cohort_table(asked, [tell(number, 9, nrs_t1=5.0) for number in "abcd"])
    assert table["site"].tolist() == ["North", "North", "West", ""]
    alone = make_cohort_table(asked[3:], [tell("d", 9, nrs_t1=5.0)])
    assert "site" not in alone


def test_it_is_a_cohort_that_can_be_labelled() -> None:
    asked = [make(name, day, name * 64) for day, name in enumerate("abcd")]
    reported = [
        tell("a", 9, nrs_t1=5.0),
        tell("b", 9, nrs_t1=8.0),
        tell("c", 9, success_t1=1.0, nrs_t2=4.0),
    ]
    table, problems = parse_cohort(make_cohort_table(asked, reported))
    assert problems == []
    labels = make_labels(table, rule=read_rule("fall2_or_success", CONTRACT), horizons=("t1", "t2"))
    np.testing.assert_array_equal(labels.t1, [1, 0, 1])
    np.testing.assert_array_equal(labels.t2, [np.nan, 0, 1])


def test_what_a_demonstration_has_left_is_simulated_for_ever() -> None:
    asked = [make("a", 0, None, status="demonstration"), make("b", 0, None)]
    reported = [tell("a", 9, nrs_t1=5.0), tell("b", 9, nrs_t1=5.0)]
    assert make_cohort_table(asked, reported)["record_origin"].tolist() == ["synthetic", ""]


def test_without_inputs_or_outcomes_there_is_no_cohort() -> None:
    assert make_cohort_table([make("a", 0, None)], []).empty
    assert make_cohort_table([], []).empty
    with pytest.raises(InputError, match="hold no inputs"):
        make_cohort_table([replace(ESTIMATE, inputs=None)], [])


def test_patients_of_one_batch_without_pseudonyms_stay_apart() -> None:
    asked = [replace(make("a", 0, None), request_id=f"{'a' * 32}.{place}") for place in (1, 2, 10)]
    reported = [replace(tell("a", 9, nrs_t1=1.0), request_id=one.request_id) for one in asked]
    table = make_cohort_table(asked, reported)
    assert table["patient_id"].tolist() == [one.request_id for one in asked]
