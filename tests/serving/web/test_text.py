"""An answer as a person reads it in a terminal."""

from __future__ import annotations

import copy
from io import StringIO

import pytest
from rich.console import Console

from serving.estimate.predictor import Predictor
from serving.estimate.silence import withhold
from serving.web.text import print_answer, print_cohort
from tests.serving.helpers.models import PATIENT, make_loaded
from training.store.statements import make_statements


def show(printer, *arguments):
    console = Console(file=StringIO(), width=300, highlight=False)
    printer(*arguments, console=console)
    return console.file.getvalue()


def flat(text):
    return " ".join(text.split())


@pytest.fixture
def answer(predictor):
    return copy.deepcopy(predictor.predict(PATIENT, request_id="r"))


def test_an_estimate_stands_with_interval_rates_and_reasons(predictor, answer):
    first = answer["estimates"][0]
    first |= {"probability": 0.584, "interval": [0.402, 0.751], "base_rate": 0.6}
    first["explanation"]["base"] = 0.5555
    text = flat(show(print_answer, answer, predictor))
    assert "DEMONSTRATION" in text.split(":")[0]
    assert "Of 100 patients like this one, about 58 responded (95% interval 40 to 75)." in text
    assert "In the model's cohort 60 of 100; published 62 of 100 (29 of 47, Mangnus 2021" in text
    assert "Knowing nothing 55.5" in text.replace("55.6", "55.5")
    assert "This patient 58.4" in text
    for row in first["explanation"]["contributions"]:
        assert f"{100 * row['contribution']:+.1f}" in text


def test_a_horizon_without_a_published_rate_is_compared_with_the_cohort_alone(predictor, answer):
    answer["estimates"] = answer["estimates"][:1]
    answer["estimates"][0]["published_base_rate"] = None
    text = flat(show(print_answer, answer, predictor))
    assert "In the model's cohort 60 of 100." in text
    assert "Another outcome" not in text


def test_the_standing_words_come_last_and_the_stamp_once(predictor, answer):
    text = flat(show(print_answer, answer, predictor))
    words = make_statements(predictor.facts)
    assert all(flat(word) in text for word in words[1:])
    assert text.index("What such a number is") > text.index("This patient")
    assert text.count(flat(predictor.stamp)) == 1


def test_notices_are_listed_but_for_the_stamp_and_the_notes_shown_above(predictor, answer):
    answer["applicability"]["notices"] = [
        {"code": "demonstration", "text": "STAMP", "variable": None},
        {"code": "note", "text": "NOTE", "variable": None},
        {"code": "rare", "text": "Look [bold]again[/].", "variable": "nrs_t0"},
    ]
    text = show(print_answer, answer, predictor)
    assert "Please note, for this patient" in text
    assert "  - Look [bold]again[/].\n" in text  # as it was written: no markup
    assert "STAMP" not in text
    assert "NOTE" not in text
    answer["applicability"]["notices"] = []
    assert "Please note" not in show(print_answer, answer, predictor)


def test_out_of_scope_is_told_before_anything_else(predictor):
    answer = predictor.predict({**PATIENT, "age_years": 12}, request_id="r")
    text = show(print_answer, answer, predictor)
    assert "No estimate: outside what this model knows." in text
    assert "Age must be at least 18 years." in text
    assert "responded (95%" not in text


def test_no_number_is_told_with_its_reason(predictor):
    answer = predictor.predict({**PATIENT, "nrs_t0": 1}, request_id="r")
    text = show(print_answer, answer, predictor)
    assert "No estimate: the score before treatment leaves no room for this outcome." in text
    assert "has to be at least 2 points" in text
    assert "responded (95%" not in text
    lines = show(print_cohort, [{"patient_id": "A", "row": 2, **answer}], predictor)
    assert "A no estimate – –" in flat(lines)
    assert "- A: The outcome cannot be reached" in flat(lines)


def test_the_models_own_note_is_shown_above_the_estimates():
    predictor = Predictor(make_loaded(facts={"notes": ["Mind [this]."]}))
    text = show(print_answer, predictor.predict(PATIENT, request_id="r"), predictor)
    assert text.index("Mind [this].") < text.index("Of 100 patients")


def test_of_many_kinds_of_problems_twenty_are_shown(predictor):
    wrong = [{"variable": f"v{i}", "expected": "", "got": "", "action": ""} for i in range(23)]
    text = show(print_cohort, [{"patient_id": "A", "problems": wrong}], predictor)
    assert text.count("to put right") == 20
    assert "... and 3 more kinds" in text


def test_a_cohort_is_a_line_for_each_patient_with_why_there_is_none(predictor):
    wrong = {**PATIENT, "nrs_t0": 11}
    records = [PATIENT, {**PATIENT, "age_years": 12}, wrong, {**wrong, "sex": "[x]"}]
    answers = [
        {"patient_id": f"P{i}", "row": i + 1, **answer}
        for i, answer in enumerate(predictor.predict_batch(records, request_id="r"), start=1)
    ]
    answers[0]["estimates"][0] |= {"probability": 0.584, "interval": [0.402, 0.751]}
    lines = [flat(line) for line in show(print_cohort, answers, predictor).splitlines()]
    first = next(line for line in lines if line.startswith("P1 "))
    assert first.startswith("P1 clinical 58 (40 to 75) ")
    assert "P2 out of scope – –" in lines
    assert "P3 cannot be read – –" in lines
    assert "1 clinical, 1 out of scope, 2 cannot be read" in lines
    assert "- P2: Age must be at least 18 years." in lines
    expected = "a number from 0 to 10 points, 0 no pain to 10 worst"
    assert f"- to put right: nrs_t0 (2 rows: 4, 5): expected {expected}; got 11" in lines
    assert "- to put right: row 5, sex: expected one of female, male; got '[x]'" in lines
    assert not any(line.startswith("- P1:") for line in lines)


SILENT = {"status": "approved for silent evaluation only", "synthetic": False}


def test_under_silent_evaluation_no_number_is_printed():
    predictor = Predictor(make_loaded(facts=SILENT), waivers=["Gate 9 waived by Carl: why"])
    answer = predictor.predict(PATIENT, request_id="r")
    text = flat(show(print_answer, withhold(predictor, answer), predictor))
    assert text.startswith("APPROVED FOR SILENT EVALUATION ONLY")
    assert "The estimate was computed and recorded for evaluation" in text
    assert text.count("Of 100 patients like this one") == 0
    text = flat(show(print_answer, answer, predictor))  # whatever it is handed
    assert "Of 100 patients like this one" not in text
    assert text.count("Gate 9 waived by Carl: why") == 1
    for found in (answer, withhold(predictor, answer)):
        text = flat(show(print_cohort, [{"patient_id": "P1", "row": 2, **found}], predictor))
        assert "P1 clinical withheld withheld" in text
        assert "out of scope" not in text
    for estimate in answer["estimates"]:
        assert f"{100 * estimate['probability']:.0f} (" not in text
