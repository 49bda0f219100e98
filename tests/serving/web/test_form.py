"""The form of the clinician's page."""

from __future__ import annotations

import pytest

from features.dictionary.contract import CONTRACT
from features.errors import Problem
from serving.estimate.predictor import Predictor
from serving.web.form import make_form_sections, make_panel_fields, short_unit, show_problem
from tests.serving.helpers.models import DEFAULT, ELIGIBLE, PATIENT, make_loaded
from tests.serving.helpers.panels import make_loaded_with_panel

FORM = {name: str(value) for name, value in PATIENT.items()}


def fields_of(predictor, fields=FORM, problems=()):
    groups = make_form_sections(predictor, fields, problems)
    return {field["name"]: field for group in groups for field in group["fields"]}


def test_scope_comes_first_then_predictors_then_what_is_optional(predictor):
    groups = make_form_sections(predictor, {}, [])
    names = [[field["name"] for field in group["fields"]] for group in groups]
    assert set(names[0]) == set(ELIGIBLE)
    assert names[1] == [name for name in DEFAULT if name not in ("opioid", "antidepressant")]
    assert names[2] == ["opioid", "antidepressant", "medication_atc"]
    assert names[3] == ["strong_opioid", "crps_type"]
    assert [group["folded"] for group in groups] == [False, False, False, True]
    flat = [name for group in names for name in group]
    assert len(flat) == len(set(flat))


def test_only_drug_classes_ask_for_drug_codes_and_only_crps_for_what_is_published():
    bare = Predictor(make_loaded(predictors=("nrs_t0", "sex"), facts={"condition": "another"}))
    assert len(make_form_sections(bare, {}, [])) == 2
    crps = Predictor(make_loaded(predictors=("nrs_t0", "sex")))
    assert "medication_atc" not in fields_of(crps)
    assert "crps_type" in fields_of(crps)


@pytest.mark.parametrize(
    ("fields", "wrong", "opened"),
    [({}, (), False), ({"crps_type": ""}, (), True), ({}, ("strong_opioid",), True)],
)
def test_a_folded_group_is_open_where_something_stands_in_it(predictor, fields, wrong, opened):
    problems = [Problem(name, "x", "y") for name in wrong]
    assert make_form_sections(predictor, fields, problems)[3]["open"] is opened


@pytest.mark.parametrize(
    ("name", "control", "options"),
    [
        ("opioid", "radios", ["yes", "no", ""]),
        ("sex", "radios", ["female", "male", ""]),
        ("route", "select", [*CONTRACT["route"].categories, ""]),
        ("nrs_t0", "text", []),
        ("medication_atc", "text", []),
    ],
)
def test_few_answers_are_radios_many_a_list_and_numbers_are_typed(
    predictor, name, control, options
):
    field = fields_of(predictor)[name]
    assert field["control"] == control
    assert [value for value, _ in field["options"]] == options
    assert field["numeric"] is (name == "nrs_t0")


def test_what_was_typed_stays_and_only_an_answer_that_exists_is_chosen(predictor):
    found = fields_of(predictor, {**FORM, "sex": "x", "nrs_t0": "8,5"})
    assert (found["sex"]["value"], found["sex"]["chosen"]) == ("x", "")
    assert found["nrs_t0"]["value"] == "8,5"
    assert fields_of(predictor)["sex"]["chosen"] == "female"


def test_a_field_tells_its_range_how_to_measure_and_whom_the_model_is_for(predictor):
    found = fields_of(predictor)
    assert found["nrs_t0"]["unit"] == "points"
    assert found["nrs_t0"]["hints"] == [
        "from 0 to 10 points, 0 no pain to 10 worst",
        "numeric rating scale before the infusion",
    ]
    assert found["age_years"]["hints"][-1] == "the model is for: at least 18 years"
    assert short_unit(CONTRACT["sex"]) == ""


def test_a_problem_stands_beside_its_field_with_what_to_do(predictor):
    problem = Problem("nrs_t0", "a number", "'8,5'", action="write decimals with a point")
    found = fields_of(predictor, problems=[problem])
    assert found["nrs_t0"]["problems"] == [
        "Expected a number; got '8,5'. Write decimals with a point."
    ]
    assert found["sex"]["problems"] == []
    shown = show_problem(predictor, problem)
    assert (shown["name"], shown["label"]) == ("nrs_t0", "Pain before treatment (NRS)")
    unknown = show_problem(predictor, Problem("pain", "a name", "another"))
    assert unknown == {"name": "", "label": "pain", "text": "Expected a name; got another."}


def test_a_model_without_a_panel_asks_for_none(predictor):
    assert make_panel_fields(predictor, {"panel_text": "x"}, []) == []
    shown = show_problem(predictor, Problem("panel_text", "a", "b"))
    assert shown["label"] == "panel_text"


def test_a_panel_is_folded_away_until_something_is_in_it():
    both = Predictor(make_loaded_with_panel())
    [group] = make_panel_fields(both, {}, [])
    assert [field["name"] for field in group["fields"]] == [
        "panel_text",
        "panel_file",
        "panel_sample",
        "panel_sample_date",
        "panel_infusion_start",
    ]
    assert (group["folded"], group["open"]) == (True, False)
    [group] = make_panel_fields(both, {"panel_sample": "S1"}, [])
    assert group["open"]
    problem = Problem("panel_text.hsa-miR-17-5p", "a Ct", "'high'")
    [group] = make_panel_fields(both, {}, [problem])
    assert group["open"]
    assert group["fields"][0]["problems"] == ["hsa-miR-17-5p: Expected a Ct; got 'high'."]
    assert [field["problems"] for field in group["fields"][1:]] == [[]] * 4
    shown = show_problem(both, problem)
    assert (shown["name"], shown["label"]) == ("panel_text", "The microRNA panel")
