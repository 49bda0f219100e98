"""The text for the letter: the number, and all that has to stand beside it."""

from __future__ import annotations

from datetime import date

from serving.estimate.predictor import Predictor
from serving.web.letter import write_letter
from serving.web.result import make_result
from tests.serving.helpers.models import PATIENT, make_loaded

FORM = {name: str(value) for name, value in PATIENT.items()}
TODAY = date(2026, 3, 1)


def write(predictor, request_id="r" * 32):
    found = predictor.predict(FORM, request_id=request_id)
    result = make_result(predictor, found, fields=FORM, today=TODAY)
    return found, write_letter(predictor, result)


def test_the_letter_holds_the_number_and_every_word_that_must_stand_beside_it(predictor):
    found, lines = write(predictor)
    text = "\n".join(lines)
    for estimate in found["estimates"]:
        low, high = (f"{100 * limit:.0f}" for limit in estimate["interval"])
        assert f"about {round(100 * estimate['probability'])} responded (95% interval {low}" in text
        assert f"to {high})" in text
    for words in (
        "60 of 100 (282 of 470)",
        "45 of 100 (180 of 400)",
        "therapy-resistant CRPS",
        "low-dose intravenous S-ketamine",
        "not the benefit over placebo",
        "1.4 points with placebo and by 4.5",
        "nothing about harm and is no clearance",
        "no ground to refuse",
        "about 4 weeks later",
        "Demonstration: this model was made from simulated patients",
        "Model demo-crps, version 3; 2026-03-01; number of the estimate rrrrrrrrrrrr.",
    ):
        assert words in text


def test_a_models_note_and_what_it_fails_stand_in_the_letter_too():
    noted = Predictor(make_loaded(facts={"notes": ["NOTE."]}), waivers=["Gate 9 waived."])
    _, lines = write(noted, request_id="")
    assert "NOTE." in lines
    assert "Gate 9 waived." in lines
    assert lines[-1].endswith("number of the estimate none: a made-up patient.")
