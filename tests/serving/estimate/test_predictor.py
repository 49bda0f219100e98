from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from features.dictionary.contract import CONTRACT
from features.dictionary.declarations import declare_variable
from features.dictionary.preprocessing import make_basis
from features.errors import Problem
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from tests.serving.helpers.models import (
    DEFAULT,
    ELIGIBLE,
    NOTHING,
    PATIENT,
    make_facts,
    make_loaded,
)
from training.model.response_model import OutcomeModel, ResponseModel, WorkingModel
from training.store.artifact import LoadedModel


def ask(predictor, patient):
    return predictor.predict(patient, request_id="r1")


def codes(answer):
    return {(n["code"], n["variable"]) for n in answer["applicability"]["notices"]}


def problems_of(predictor, patient):
    with pytest.raises(RequestError) as caught:
        ask(predictor, patient)
    return {p["variable"]: p for p in caught.value.body()["problems"]}


def opioid_model() -> LoadedModel:
    """One yes/no predictor, half the training rows yes: the basis is -1 for no and 1 for yes.

    With coefficient 1 and intercept 0 the probability is expit(1) for yes and expit(-1) for no.
    """
    column = np.repeat([0.0, 1.0], 50)[:, np.newaxis]
    variables = CONTRACT.check_predictors(["opioid"])
    basis = make_basis(variables).fit(column)
    outcome = OutcomeModel(basis, 0.0, np.array([1.0]), "", 0, 0.0, NOTHING, NOTHING)
    # Draws whose log-odds for yes are -1, 0, ..., 8: quantiles known by counting.
    draws = np.column_stack([np.arange(-2.0, 8.0), np.ones(10)])
    model = ResponseModel(
        ("t1",),
        ("opioid",),
        tuple(CONTRACT.to_list()),
        outcome,
        None,
        WorkingModel(basis, draws),
        None,
        column,
    )
    return LoadedModel(model, make_facts(model), "d" * 64)


def test_a_worked_example_comes_out_as_by_hand():
    answer = ask(Predictor(opioid_model()), {**ELIGIBLE, "opioid": "yes"})
    (estimate,) = answer["estimates"]
    yes, no = 0.7310585786300049, 0.2689414213699951  # expit(1), expit(-1)
    assert estimate["probability"] == pytest.approx(yes, abs=1e-12)
    # The mean over the background is 0.5; one predictor takes the whole difference.
    assert estimate["explanation"]["base"] == pytest.approx((yes + no) / 2, abs=1e-12)
    assert estimate["explanation"]["contributions"] == [
        {"variable": "opioid", "value": "yes", "contribution": pytest.approx(yes - 0.5, abs=1e-12)}
    ]
    # Quantiles 0.025 and 0.975 of ten draws lie at places 0.225 and 8.775 between the sorted.
    drawn = expit(np.arange(-1.0, 9.0))
    assert estimate["interval"] == pytest.approx(
        [drawn[0] + 0.225 * (drawn[1] - drawn[0]), drawn[8] + 0.775 * (drawn[9] - drawn[8])],
        abs=1e-12,
    )
    assert estimate["base_rate"] == 282 / 470
    assert estimate["published_base_rate"]["rate"] == 29 / 47  # Mangnus 2021, at discharge
    assert "doi:10.1111/papr.13056" in estimate["published_base_rate"]["source"]
    # Pooled over the studies that Zhao 2018 says it pooled: 62%, a new centre 21% to 91%.
    pooled = estimate["published_base_rate"]["pooled"]
    assert [pooled["rate"], *pooled["new_centre"]] == pytest.approx([0.616, 0.211, 0.906])
    assert "30%" in pooled["outcome"]


def test_a_missing_value_is_average_and_said(predictor, patient):
    found = ask(predictor, {**patient, "opioid": None})
    for estimate in found["estimates"]:
        assert estimate["explanation"]["contributions"][2]["value"] is None
    assert ("missing", "opioid") in codes(found)


NO_NUMBER = [
    ({"nrs_t0": 0}, "cannot_be_met"),
    ({"nrs_t0": "1,5"}, "cannot_be_met"),
    ({"opioid": None, "sex": "", "antidepressant": None}, "too_little_known"),
    (dict.fromkeys(DEFAULT), "too_little_known"),
]


@pytest.mark.parametrize(("change", "code"), NO_NUMBER)
def test_there_is_no_number_that_cannot_be(predictor, patient, change, code):
    asked = {**patient, **change}
    answer = ask(predictor, asked)
    assert answer["estimates"] == []
    assert answer["applicability"]["in_scope"] is True
    assert code in {name for name, _ in codes(answer)}
    assert {v for c, v in codes(answer) if c == "missing"} == {
        name for name, value in change.items() if value in (None, "")
    }
    assert "probability" not in json.dumps(answer)
    (again,) = predictor.predict_batch([asked], request_id="b")
    assert {**again, "request_id": answer["request_id"]} == answer


def test_classes_that_come_from_the_medication_list_are_known(predictor, patient):
    sent = {**patient, "opioid": None, "antidepressant": None, "sex": None}
    assert ask(predictor, sent)["estimates"] == []
    assert ask(predictor, {**sent, "medication_atc": "N02AX02"})["estimates"]


def test_a_rule_that_is_met_before_treatment_is_said_to_be(patient):
    mild = Predictor(make_loaded(facts={"rule": "score <= 4"}))
    assert ("met_already", "nrs_t0") in codes(ask(mild, {**patient, "nrs_t0": 3}))
    assert ("met_already", "nrs_t0") not in codes(ask(mild, patient))


def test_the_answer_has_exactly_the_agreed_names(predictor, patient):
    answer = ask(predictor, patient)
    assert list(answer) == ["request_id", "model", "submodel", "estimates", "applicability"]
    assert list(answer["model"]) == [
        "name",
        "version",
        "status",
        "card_sha256",
        "population",
        "treatment",
        "centre",
    ]
    assert [e["horizon"] for e in answer["estimates"]] == ["t1", "t2"]
    for estimate in answer["estimates"]:
        assert list(estimate) == [
            "horizon",
            "outcome",
            "probability",
            "interval",
            "base_rate",
            "published_base_rate",
            "explanation",
        ]
        explanation = estimate["explanation"]
        assert list(explanation) == ["scale", "method", "error", "base", "contributions"]
        assert explanation["scale"] == "probability"
        assert [c["variable"] for c in explanation["contributions"]] == list(DEFAULT)
        assert [c["value"] for c in explanation["contributions"]] == [8, 3.5, "yes", "no", "female"]
    assert list(answer["applicability"]) == ["in_scope", "notices"]
    assert all(set(n) == {"code", "variable", "text"} for n in answer["applicability"]["notices"])
    assert answer["request_id"] == "r1"
    json.dumps(answer, allow_nan=False)


def test_an_answer_says_nothing_needless_about_a_complete_patient(predictor, patient):
    assert codes(ask(predictor, patient)) == {("demonstration", None)}


@pytest.mark.parametrize("horizons", [("t1",), ("t2",), ("t1", "t2")])
@pytest.mark.parametrize("constant", [False, True])
@settings(max_examples=10)
@given(data=st.data())
def test_contributions_add_up_and_the_second_probability_is_not_above_the_first(
    horizons, constant, data
):
    predictor = Predictor(make_loaded(horizons=horizons, constant=constant))
    patient = {
        **ELIGIBLE,
        "nrs_t0": data.draw(st.none() | st.floats(2, 10)),
        "disease_duration_years": data.draw(st.floats(0, 30)),
        "antidepressant": "no",
        "opioid": data.draw(st.sampled_from(["yes", "no", "unknown", True, False, None])),
        "sex": data.draw(st.sampled_from(["female", "male"])),
    }
    estimates = ask(predictor, patient)["estimates"]
    assert tuple(e["horizon"] for e in estimates) == horizons
    for estimate in estimates:
        contributions = [c["contribution"] for c in estimate["explanation"]["contributions"]]
        total = estimate["explanation"]["base"] + sum(contributions)
        assert total == pytest.approx(estimate["probability"], abs=1e-6)
        low, high = estimate["interval"]
        assert 0 <= low <= estimate["probability"] <= high <= 1
        assert any(contributions) is not constant
    probabilities = [e["probability"] for e in estimates]
    assert probabilities == sorted(probabilities, reverse=True)


def test_a_model_whose_reasons_do_not_belong_to_its_number_gives_none(monkeypatch, patient):
    predictor = Predictor(make_loaded())
    explainer = predictor._clinical.new.explainer
    explain = explainer.explain_evaluated
    monkeypatch.setattr(
        explainer, "explain_evaluated", lambda x: replace(explain(x), base=explain(x).base + 1e-5)
    )
    with pytest.raises(RuntimeError, match="do not add up"):
        ask(predictor, patient)


def test_a_prevalence_only_model_says_so():
    predictor = Predictor(make_loaded(constant=True))
    answer = ask(predictor, PATIENT)
    assert ("prevalence_only", None) in codes(answer)
    assert answer["estimates"][0]["probability"] == pytest.approx(
        0.610639234, abs=1e-9
    )  # expit .45


def test_a_share_that_keeps_the_response_alike_for_all_is_told():
    loaded = make_loaded()
    kept = replace(loaded.model.kept, coef=np.zeros_like(loaded.model.kept.coef))
    predictor = Predictor(replace(loaded, model=replace(loaded.model, kept=kept)))
    assert ("kept_constant", None) in codes(ask(predictor, PATIENT))


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("age_years", 17.9, "Age must be at least 18 years."),
        ("setting", "emergency", "Admission must be elective."),
        ("concurrent_infusion_drug", "mannitol", r"must be none\."),
        ("course_number", 2, "Number of the ketamine course must be at most 1."),
        ("drug", "racemic_ketamine", "Infusion drug must be S-ketamine."),
        ("route", "oral", "Route of administration must be intravenous."),
    ],
)
def test_a_patient_out_of_scope_gets_the_reason_and_no_number(
    predictor, patient, variable, value, reason
):
    answer = ask(predictor, {**patient, variable: value})
    assert answer["estimates"] == []
    assert answer["applicability"]["in_scope"] is False
    (said,) = [n for n in answer["applicability"]["notices"] if n["code"] == "out_of_scope"]
    assert said["variable"] == variable
    assert re.search(reason, said["text"])
    assert "probability" not in json.dumps(answer)


def test_every_reason_is_given_at_once(predictor):
    answer = ask(predictor, {"age_years": 12, "setting": "emergency", "course_number": 3})
    out = {n["variable"] for n in answer["applicability"]["notices"] if n["code"] == "out_of_scope"}
    assert out == {"age_years", "setting", "course_number"}


def test_eligibility_that_is_not_known_is_told_for_each_variable(predictor, patient):
    del patient["setting"], patient["drug"]
    patient["route"] = "unknown"
    answer = ask(predictor, patient)
    assert answer["applicability"]["in_scope"] is True
    assert {v for c, v in codes(answer) if c == "eligibility_unknown"} == {
        "setting",
        "drug",
        "route",
    }


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("nrs_t0", 11, "from 0 to 10"),
        ("nrs_t0", -0.5, "from 0 to 10"),
        ("nrs_t0", "severe", "a number"),
        ("nrs_t0", "8_5", "a number"),
        ("nrs_t0", True, "a number"),
        ("nrs_t0", [8], "a number"),
        ("nrs_t0", {"value": 8}, "a number"),
        ("nrs_t0", float("nan"), "a number"),
        ("nrs_t0", float("inf"), "a number"),
        ("nrs_t0", 10**400, "a number"),
        ("opioid", float("nan"), "yes or no"),
        ("opioid", 2, "yes or no"),
        ("opioid", "maybe", "yes or no"),
        ("sex", "X", "one of female, male"),
        ("disease_duration_years", 400, "from 0 to 60 years"),
        ("disease_duration_years", -1, "from 0 to 60 years"),
        ("course_number", 1.5, "a whole number"),
        ("medication_atc", "tramadol", "ATC codes"),
        ("patient_id", float("nan"), "text"),
    ],
)
def test_a_value_that_cannot_be_read_is_named_with_its_range(
    predictor, patient, variable, value, expected
):
    problems = problems_of(predictor, {**patient, variable: value})
    assert list(problems) == [variable]
    assert expected in problems[variable]["expected"]
    assert problems[variable]["got"]


def test_months_given_as_years_bring_a_hint(predictor, patient):
    problems = problems_of(predictor, {**patient, "disease_duration_years": 400})
    assert "divide by 12" in problems["disease_duration_years"]["action"]


def test_all_problems_come_at_once(predictor):
    patient = {"nrs_t0": 11, "opioid": "maybe", "nrs_t1": 3, "pain": 4, "sex": float("nan")}
    assert set(problems_of(predictor, patient)) == {"nrs_t0", "opioid", "nrs_t1", "pain", "sex"}


@pytest.mark.parametrize(
    "variable", [v.name for v in CONTRACT if v.known_at not in ("always", "baseline")]
)
def test_nothing_known_only_later_may_be_asked_with(predictor, patient, variable):
    value = {"yes_no": "yes", "text": "none"}.get(CONTRACT[variable].kind, 5)
    problems = problems_of(predictor, {**patient, variable: value})
    assert problems[variable]["expected"] == "only what is known before treatment"
    assert ask(predictor, {**patient, variable: None})["estimates"]  # an empty cell tells nothing


@pytest.mark.parametrize("raw", [None, [], [PATIENT], "nrs_t0=8", 8, True])
def test_a_record_that_is_no_object_is_a_problem(predictor, raw):
    assert list(problems_of(predictor, raw)) == ["patient"]


def test_what_nobody_sees_in_a_name_does_not_count(predictor, patient):
    odd = {f"\ufeff{name}\u00a0": value for name, value in patient.items()}
    assert ask(predictor, odd) == ask(predictor, patient)
    assert list(problems_of(predictor, {**patient, "nrs_t0 ": 3})) == ["nrs_t0"]


def test_errors_can_be_logged_without_values(predictor, patient):
    with pytest.raises(RequestError) as caught:
        ask(predictor, {**patient, "nrs_t0": 7731, "sex": "Zyxxwort"})
    assert "7731" not in str(caught.value)
    assert "Zyxxwort" not in str(caught.value)


def test_a_value_beyond_training_is_told_and_taken_as_the_nearest_seen(predictor, patient):
    high = predictor.facts.training_ranges["disease_duration_years"]["high"]
    at, beyond = (
        ask(predictor, {**patient, "disease_duration_years": years}) for years in (high, 44)
    )
    assert ("outside_training", "disease_duration_years") in codes(beyond)
    assert ("outside_training", "disease_duration_years") not in codes(at)
    assert beyond["estimates"][0]["probability"] == at["estimates"][0]["probability"]


def test_an_answer_that_training_never_met_is_told(patient):
    loaded = make_loaded()
    ranges = {**loaded.facts.training_ranges, "opioid": {"seen": ["no"]}}
    predictor = Predictor(replace(loaded, facts=replace(loaded.facts, training_ranges=ranges)))
    assert ("outside_training", "opioid") in codes(ask(predictor, patient))


def test_a_known_variable_without_use_is_accepted_and_said(predictor, patient):
    with_more, without = ask(predictor, {**patient, "weight_kg": 80}), ask(predictor, patient)
    assert ("unused", "weight_kg") in codes(with_more)
    assert with_more["estimates"] == without["estimates"]


def test_drug_codes_and_classes_tell_the_same(predictor, patient):
    del patient["opioid"], patient["antidepressant"]
    by_code = ask(predictor, {**patient, "medication_atc": "N02AX02"})
    by_part = ask(predictor, {**patient, "weak_opioid": "yes", "antidepressant": "no"})
    by_class = ask(predictor, {**patient, "opioid": "yes", "antidepressant": "no"})
    assert by_code["estimates"] == by_part["estimates"] == by_class["estimates"]
    assert not any(code == "unused" for code, _ in codes(by_code) | codes(by_part))


@pytest.mark.parametrize(("predictors", "unused"), [(("nrs_t0",), True), (("opioid",), False)])
def test_drug_codes_have_no_use_where_no_predictor_is_a_drug(patient, predictors, unused):
    found = ask(
        Predictor(make_loaded(predictors=predictors)), {**patient, "medication_atc": "N02AX02"}
    )
    assert (("unused", "medication_atc") in codes(found)) is unused


def test_a_flag_against_the_drug_codes_is_refused(predictor, patient):
    problems = problems_of(predictor, {**patient, "opioid": "no", "medication_atc": "N02AA01"})
    assert "opioid" in problems


@pytest.mark.parametrize(
    ("variable", "inside", "outside"),
    [
        ("nrs_t0", 5, 4.9),
        ("strong_opioid", "no", "yes"),
        ("crps_type", "1", "2"),
        ("disease_duration_years", 0.5, 0.4),
    ],
)
def test_patients_unlike_those_of_the_published_studies_are_pointed_out(
    predictor, patient, variable, inside, outside
):
    assert ("outside_evidence", variable) in codes(ask(predictor, {**patient, variable: outside}))
    assert ("outside_evidence", variable) not in codes(
        ask(predictor, {**patient, variable: inside})
    )


def test_a_model_of_another_condition_has_no_crps_evidence():
    predictor = Predictor(make_loaded(facts={"condition": "chronic back pain", "eligibility": {}}))
    answer = ask(predictor, {"nrs_t0": 3, "opioid": "no", "sex": "female"})
    assert not any(code == "outside_evidence" for code, _ in codes(answer))
    assert [e["published_base_rate"] for e in answer["estimates"]] == [None, None]
    assert "Sigtermans" not in json.dumps(answer)


def test_a_study_may_bring_variables_of_its_own():
    own = declare_variable(
        "arm", {"kind": "category", "known_at": "baseline", "categories": ["prt", "placebo"]}
    )
    dictionary = CONTRACT.with_variables([own])
    predictor = Predictor(make_loaded(predictors=("nrs_t0", "arm"), dictionary=dictionary))
    answer = ask(predictor, {**ELIGIBLE, "nrs_t0": 6, "arm": "placebo"})
    assert answer["estimates"][0]["explanation"]["contributions"][1]["value"] == "placebo"
    assert ("study_variables", None) in codes(answer)
    assert list(problems_of(predictor, {"arm": "usual"})) == ["arm"]


def test_the_models_own_notes_stand_on_every_answer():
    predictor = Predictor(make_loaded(facts={"notes": ["No external validation."]}))
    for patient in (PATIENT, {"age_years": 3}):
        texts = [n["text"] for n in ask(predictor, patient)["applicability"]["notices"]]
        assert "No external validation." in texts


@pytest.mark.parametrize("status", ["research", "approved"])
def test_the_stamp_follows_the_status(status):
    predictor = Predictor(make_loaded(facts={"status": status, "synthetic": False}))
    answer = ask(predictor, PATIENT)
    assert answer["model"]["status"] == status
    assert (("research", None) in codes(answer)) is (status == "research")


def test_one_bad_record_does_not_spoil_a_batch(predictor, patient):
    answers = predictor.predict_batch(
        [patient, {"nrs_t0": 11}, "text", {"age_years": 4}], request_id="b"
    )
    assert answers[0] == predictor.predict(patient, request_id="b.1")
    assert answers[1]["problems"][0]["variable"] == "nrs_t0"
    assert answers[2]["problems"][0]["variable"] == "patient"
    assert answers[3]["applicability"]["in_scope"] is False
    assert predictor.predict_batch([], request_id="b") == []


@pytest.mark.parametrize(
    ("raws", "got"),
    [
        ({}, "something else"),
        (None, "something else"),
        ("abc", "something else"),
        (["no record"] * 101, "101 patients"),
    ],
)
def test_a_batch_is_a_list_of_bearable_length(predictor, raws, got):
    with pytest.raises(RequestError) as caught:
        predictor.predict_batch(raws, request_id="b")
    (problem,) = caught.value.problems
    assert problem.column == "patients" and problem.got == got
    assert problem.expected == "a list of at most 100 patients"


def test_a_panel_that_could_not_be_read_is_told_as_its_reader_found_it(predictor, patient):
    # A file's problems, with their lines, must not turn into "no panel".
    read = RequestError("the panel", [Problem("panel.ct.miR-16", "a Ct", "'x'")])
    for record, names in ((patient, []), ({**patient, "nrs_t0": 11}, ["nrs_t0"])):
        with pytest.raises(RequestError) as caught:
            predictor.predict(record, request_id="r", panel=read)
        told = [problem.column for problem in caught.value.problems]
        assert told == [*names, "panel.ct.miR-16"]


def test_a_hundred_patients_are_a_batch(predictor):
    assert len(predictor.predict_batch(["no record"] * 100, request_id="b")) == 100


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
_NAMES = st.sampled_from(CONTRACT.names) | st.text(max_size=12)


@settings(max_examples=300)
@given(raw=st.dictionaries(_NAMES, _VALUES, max_size=8) | _VALUES)
def test_any_record_is_answered_or_refused_with_its_problems(predictor, raw):
    try:
        answer = ask(predictor, raw)
    except RequestError as err:
        answer = err.body()
        assert answer["problems"]
    json.dumps(answer, allow_nan=False)


def test_a_rare_value_is_told_with_the_unit_it_is_in():
    # Of the background's 100 durations the middle 95 lie well below 20 years: 24 is in range, and
    # more likely months.
    loaded = make_loaded(predictors=("disease_duration_years", "opioid"))
    column = np.concatenate([np.linspace(0.5, 12, 99), [30.0]])
    background = np.column_stack([column, loaded.model.background[:, 1]])
    ranges = {**loaded.facts.training_ranges, "disease_duration_years": {"low": 0.5, "high": 30.0}}
    rare = Predictor(
        replace(
            loaded,
            model=replace(loaded.model, background=background),
            facts=replace(loaded.facts, training_ranges=ranges),
        )
    )
    answer = ask(rare, {**ELIGIBLE, "disease_duration_years": 24})
    (notice,) = [n for n in answer["applicability"]["notices"] if n["code"] == "rare"]
    assert notice["variable"] == "disease_duration_years"
    assert " years). Check the entry" in notice["text"]
    usual = ask(rare, {**ELIGIBLE, "disease_duration_years": 3})
    assert not [n for n in usual["applicability"]["notices"] if n["code"] == "rare"]


def test_the_usual_range_is_the_middle_95_of_100_rounded_outwards():
    # 41 durations from 1.03 in steps of 0.5: the 2.5% quantile is the second, 1.53, the 97.5% the
    # second last, 20.53; to a tenth of a year that is 1.5 to 20.6.
    loaded = make_loaded(predictors=("disease_duration_years", "opioid"))
    years = np.append(np.linspace(1.03, 21.03, 41), np.nan)
    background = np.column_stack([years, np.resize([0.0, 1.0], 42)])
    ranges = {**loaded.facts.training_ranges, "disease_duration_years": {"low": 1, "high": 22}}
    predictor = Predictor(
        replace(
            loaded,
            model=replace(loaded.model, background=background),
            facts=replace(loaded.facts, training_ranges=ranges),
        )
    )
    assert predictor.usual == {"disease_duration_years": pytest.approx((1.5, 20.6))}
    for value, rare in ((1.4, True), (1.51, False), (20.59, False), (20.7, True)):
        found = codes(ask(predictor, {**ELIGIBLE, "disease_duration_years": value}))
        assert (("rare", "disease_duration_years") in found) is rare


@pytest.mark.parametrize("status", ["approved", "approved for silent evaluation only"])
def test_an_approved_model_stamps_its_answers_where_it_is_for_silent_evaluation(status):
    predictor = Predictor(make_loaded(facts={"status": status, "synthetic": False}))
    answer = ask(predictor, PATIENT)
    notices = answer["applicability"]["notices"]
    stamps = [n["text"] for n in notices if n["code"] in ("approved", "silent_evaluation")]
    assert predictor.is_silent is (status != "approved")
    assert stamps == ([predictor.stamp] if predictor.is_silent else [])
    assert answer["model"]["status"] == status
    # For whoever runs the evaluation to record: a program gets the numbers either way.
    assert len(answer["estimates"]) == 2


def test_gates_that_a_model_was_let_pass_stand_on_every_answer():
    loaded = make_loaded(facts={"status": "approved", "synthetic": False})
    waivers = ("Gate 7, net benefit, waived by Carl: one", "Gate 9 waived by Dora: two")
    predictor = Predictor(loaded, waivers=waivers)
    for patient in (PATIENT, {**PATIENT, "age_years": 12}):
        notices = ask(predictor, patient)["applicability"]["notices"]
        assert tuple(n["text"] for n in notices if n["code"] == "waived_gate") == waivers
