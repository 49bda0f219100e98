"""The clinician's page over HTTP."""

from __future__ import annotations

import pytest

from serving.records.recorder import Recorder
from serving.web.app import make_app
from serving.web.form import COMPARED
from tests.serving.helpers.models import DEFAULT, PATIENT
from tests.serving.records.conftest import environ as environ
from tests.serving.records.conftest import settings as settings
from tests.serving.records.conftest import store as store
from tests.serving.web.test_app import call
from tests.serving.web.test_page import text_of

FORM = {name: str(value) for name, value in PATIENT.items()}


@pytest.fixture(scope="module")
def app(predictor, tmp_path_factory):
    folder = tmp_path_factory.mktemp("no_card")
    return make_app(lambda: predictor, get_folder=lambda: folder)


def make_comparison(**changes):
    return {
        **FORM,
        "compare": "1",
        **{f"{COMPARED}{name}": changes.get(name, FORM[name]) for name in DEFAULT},
    }


def test_a_drug_is_read_by_its_name(app, predictor):
    fields = {**FORM, "opioid": ""}
    found = predictor.predict({**PATIENT, "opioid": "yes"}, request_id="r")
    percent = round(100 * found["estimates"][0]["probability"])
    named = call(app, "POST", "/clinic", data={**fields, "medication_atc": "Tramadol"}).text
    assert f"about {percent}" in text_of(named).partition("Of 100 patients")[2][:60]
    assert "N02AX02 tramadol" in named
    wrong = call(app, "POST", "/clinic", data={**fields, "medication_atc": "tramadool"})
    assert wrong.status_code == 400
    assert "unknown code TRAMADOOL" in wrong.text


def test_the_clinic_says_which_horizon_comes_first(predictor, tmp_path):
    late = make_app(lambda: predictor, get_folder=lambda: tmp_path, get_first=lambda: "t2")
    percent = round(100 * predictor.predict(PATIENT, request_id="r")["estimates"][1]["probability"])
    text = text_of(call(late, "POST", "/clinic", data=FORM).text)
    assert f"Of 100 patients like this one, about {percent} responded" in text


def test_the_page_is_in_the_language_asked_for(app):
    response = call(app, "GET", "/clinic", headers={"accept-language": "de-CH, en;q=0.5"})
    assert response.headers["content-language"] == "de"
    assert response.headers["vary"] == "Accept-Language"
    assert '<html lang="de">' in response.text


def test_two_patients_are_compared_and_it_is_no_effect(app, predictor):
    response = call(app, "POST", "/clinic", data=make_comparison(sex="male"))
    assert response.status_code == 200
    text = text_of(response.text)
    for sex in ("female", "male"):
        found = predictor.predict({**PATIENT, "sex": sex}, request_id="r")
        assert f"about {round(100 * found['estimates'][0]['probability'])} of 100" in text
    assert "This compares patients, and is not an effect" in text
    assert "like this one, about" not in text
    assert call(app, "POST", "/clinic", data=make_comparison()).status_code == 400


def test_a_comparison_is_recorded_and_is_nobodys_estimate(predictor, store, tmp_path):
    recorder = Recorder(predictor, store, look_seconds=60)
    app = make_app(lambda: predictor, get_folder=lambda: tmp_path, get_recorder=lambda: recorder)
    text = call(app, "POST", "/clinic", data=make_comparison(sex="male")).text
    assert "recorded as a comparison" in text
    kept = list(store.read())
    assert {one.inputs["patient"]["sex"] for one in kept} == {"female", "male"}
    assert all(one.comparison and one.pseudonym is None for one in kept)
    recorder.close()


def test_a_page_that_was_asked_for_in_a_language_stays_in_it(app):
    text = call(app, "POST", "/clinic?lang=nl", data=FORM).text
    assert text.count('action="clinic?lang=nl#result"') == 2
    assert "Van 100 patiënten zoals deze" in text
    assert '<span lang="en">adults with therapy-resistant CRPS' in text
    for words in ("How sure?", "What the number does not mean", "How did people"):
        assert words not in text
    empty = call(app, "GET", "/clinic?lang=de").text
    assert 'href="clinic?lang=de&amp;example=1#result"' in empty or (
        'href="clinic?lang=de&example=1#result"' in empty
    )
