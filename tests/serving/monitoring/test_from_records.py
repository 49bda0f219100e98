from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from serving.estimate.predictor import Predictor
from serving.monitoring.from_records import follow_records, make_before, to_moment
from serving.monitoring.reporting import DUE_DAYS
from tests.serving.helpers.models import CENTRES, make_loaded
from tests.serving.monitoring.recorded import AFTER, BEGIN, make_store, record_patient, report


@pytest.fixture
def store(tmp_path):
    store = make_store(tmp_path)
    yield store
    store.close()


def follow(store, predictor, *, now=AFTER):
    return follow_records(
        store.read(), store.read_outcomes(), predictor, now=now, due_days=DUE_DAYS
    )


def test_outcomes_are_labelled_by_the_models_rule(store, predictor):
    first = record_patient(store, predictor, 1, week=1)
    report(store, first, week=5, nrs_t1=6.0)  # from 8: a fall of 2
    report(store, first, week=9, nrs_t2=7.0)
    second = record_patient(store, predictor, 2, week=2)
    report(store, second, week=6, nrs_t1=7.0, success_t1=1.0)
    third = record_patient(store, predictor, 3, week=3)
    report(store, third, week=7, nrs_t1=7.0)
    record_patient(store, predictor, 4, week=4)
    followed = follow(store, predictor).followed
    np.testing.assert_array_equal(followed.outcome["t1"], [1, 1, 0, np.nan])
    np.testing.assert_array_equal(followed.outcome["t2"], [0, np.nan, 0, np.nan])
    assert followed.reported["t1"][0] == to_moment(BEGIN + timedelta(weeks=5))
    expected = predictor.predict(dict(_patient()), request_id="x")["estimates"][0]["probability"]
    np.testing.assert_allclose(followed.risk["t1"], expected)


def _patient():
    from tests.serving.helpers.models import PATIENT

    return PATIENT


def test_no_response_counts_at_the_second_horizon_only_when_that_is_due(store, predictor):
    request = record_patient(store, predictor, 1)
    report(store, request, week=4, nrs_t1=8.0)
    early = follow(store, predictor, now=BEGIN + timedelta(weeks=10)).followed
    late = follow(store, predictor).followed
    assert early.outcome["t1"][0] == late.outcome["t1"][0] == 0
    assert np.isnan(early.outcome["t2"][0])
    assert late.outcome["t2"][0] == 0
    assert late.reported["t2"][0] == to_moment(BEGIN + timedelta(days=180))


def test_a_patient_counts_once_with_the_estimate_before_the_outcome(store, predictor):
    record_patient(store, predictor, 1, week=0, name="A", nrs_t0=5)
    request = record_patient(store, predictor, 2, week=1, name="A", nrs_t0=9)
    report(store, request, week=3, nrs_t1=6.5)
    record_patient(store, predictor, 3, week=4, name="A", nrs_t0=4)
    followed = follow(store, predictor).followed
    assert len(followed) == 1
    assert followed.at[0] == to_moment(BEGIN)
    assert followed.X[0, 0] == 9
    assert followed.outcome["t1"][0] == 1  # from 9, not from 5


def test_a_correction_stands_in_place_of_what_was_reported(store, predictor):
    request = record_patient(store, predictor, 1)
    report(store, request, week=4, nrs_t1=8.0)
    report(store, request, week=6, nrs_t1=3.0)
    followed = follow(store, predictor).followed
    assert followed.outcome["t1"][0] == 1
    assert followed.reported["t1"][0] == to_moment(BEGIN + timedelta(weeks=4))


def test_another_course_of_a_patient_leaves_the_first_as_it_was(store, predictor):
    first = record_patient(store, predictor, 1, name="A", nrs_t0=8)
    report(store, first, week=4, nrs_t1=2.0)
    second = record_patient(store, predictor, 2, week=30, name="A", nrs_t0=9, course_number=2)
    report(store, second, week=34, nrs_t1=9.0)
    followed = follow(store, predictor).followed
    assert followed.outcome["t1"].tolist() == [1, 0]
    assert followed.in_scope.tolist() == [True, False]  # the model is for first courses


def test_keeping_counts_when_both_outcomes_are_known(store, predictor):
    request = record_patient(store, predictor, 1)
    report(store, request, week=10, nrs_t2=2.0)
    early = follow(store, predictor).followed
    report(store, request, week=20, nrs_t1=2.0)
    late = follow(store, predictor).followed
    assert np.isnan(early.outcome["t2"][0])
    assert late.outcome["t2"][0] == 1
    assert (
        late.reported["t2"][0] == late.reported["t1"][0] == to_moment(BEGIN + timedelta(weeks=20))
    )


@pytest.mark.parametrize("nrs_t2", [2.0, 8.0])
def test_t2_without_t1_counts_neither_as_kept_nor_as_lost(store, predictor, nrs_t2):
    request = record_patient(store, predictor, 1)
    report(store, request, week=20, nrs_t2=nrs_t2)
    found = follow(store, predictor)
    assert np.isnan(found.followed.outcome["t2"][0])
    assert np.isnat(found.followed.reported["t2"][0])
    assert found.remarks == (
        "Outcomes were reported at T2 of patients whose outcome at T1 is not known: report that, "
        "too; until then they do not count.",
    )


def test_no_response_counts_at_the_same_time_whether_t2_is_reported_late_or_never(store, predictor):
    request = record_patient(store, predictor, 1)
    report(store, request, week=4, nrs_t1=8.0)
    before = follow(store, predictor).followed.reported["t2"][0]
    report(store, request, week=40, nrs_t2=8.0)  # due after 180 days
    assert follow(store, predictor).followed.reported["t2"][0] == before


@pytest.mark.parametrize(("rule", "week"), [("fall >= 2", 5), ("fall >= 2 or success", 3)])
def test_an_outcome_is_known_when_what_the_rule_reads_was_reported(store, predictor, rule, week):
    request = record_patient(store, predictor, 1)
    report(store, request, week=3, success_t1=0.0)
    report(store, request, week=5, nrs_t1=2.0)
    other = copy(predictor)
    other.facts = replace(predictor.facts, rule=rule)
    followed = follow(store, other).followed
    assert followed.outcome["t1"][0] == 1
    assert followed.reported["t1"][0] == to_moment(BEGIN + timedelta(weeks=week))


def test_patients_out_of_scope_have_no_risk(store, predictor):
    record_patient(store, predictor, 1, age_years=12)
    followed = follow(store, predictor).followed
    assert not followed.in_scope[0]
    assert np.isnan(followed.risk["t1"][0])


def test_without_contents_it_is_said_what_cannot_be_told(tmp_path, predictor):
    store = make_store(tmp_path, keeps_content=False)
    request = record_patient(store, predictor, 1)
    report(store, request, week=4, nrs_t1=3.0)
    found = follow(store, predictor)
    store.close()
    assert np.isnan(found.followed.outcome["t1"][0])
    assert np.isnat(found.followed.reported["t1"][0])
    assert [text.split(" of ")[0] for text in found.remarks] == [
        "The inputs",
        "Outcomes were reported at T1 from which the model's rule, which reads nrs_t1 and "
        "success_t1, cannot say who responded; these patients count as not reported.",
    ]


def test_no_record_is_a_normal_state(store, predictor):
    found = follow(store, predictor)
    assert len(found.followed) == 0
    assert found.followed.X.shape == (0, len(predictor.model.predictors))
    assert found.subgroups == []


def test_parts_of_the_patients_are_those_of_the_training(store, predictor):
    for number, sex in enumerate(("female", "male", "female")):
        record_patient(store, predictor, number, sex=sex)
    parts = {(one.variable, one.name): one.members for one in follow(store, predictor).subgroups}
    assert parts[("Sex", "female")].tolist() == [True, False, True]


def test_the_centres_of_a_model_are_parts_of_the_patients(store):
    at_north = Predictor(make_loaded(centres=CENTRES), centre="North")
    record_patient(store, at_north, 1)
    record_patient(store, at_north, 2, site="South")
    groups = follow(store, at_north).subgroups
    found = {g.name: g.members.tolist() for g in groups if g.variable == "Treatment centre"}
    assert found == {"North": [True, False], "South": [False, True]}


def test_the_training_cohort_is_told_by_the_model(predictor):
    before = make_before(predictor)
    assert before.n_training == 480
    assert before.ordered == (True, True, False, False, False)
    ranges = predictor.facts.training_ranges
    for name, ends in zip(predictor.model.predictors, before.ends, strict=True):
        told = ranges.get(name, {})
        np.testing.assert_array_equal(ends, [told.get("low", np.nan), told.get("high", np.nan)])


def test_no_response_at_t1_alone_is_no_outcome_that_cannot_be_labelled(store, predictor):
    request = record_patient(store, predictor, 1, week=1)
    report(store, request, week=5, nrs_t1=8.0)
    soon = BEGIN + timedelta(weeks=6)  # T2 is not due yet
    assert follow(store, predictor, now=soon).remarks == ()
    assert follow(store, predictor).remarks == ()
