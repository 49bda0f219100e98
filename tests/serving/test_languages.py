"""What a service says in another language: the same, in other words."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from features.dictionary.outcome_words import describe_outcomes
from features.dictionary.rule import RULES
from serving.access.settings import AccessSettings
from serving.estimate.about import describe_model
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.language.catalogue import read_catalogue
from serving.language.language import LANGUAGES
from serving.records.recorder import make_recorder
from serving.records.settings import RecordSettings
from serving.web.answers import answer
from serving.web.app import make_app
from tests.serving.helpers.clients import Client
from tests.serving.helpers.guarded import Guarded
from tests.serving.helpers.models import DEFAULT, PATIENT, make_loaded, make_loaded_of_centres
from tests.serving.helpers.panels import make_loaded_with_panel
from training.approval.approval import describe_waivers
from training.store.artifact import LoadedModel

CODES = ("nl", "de")
TOLD = {"text", "outcome", "population", "treatment", "source"}
"""The fields of an answer that are texts for people."""
TEXTS = {
    "nl": {"adults of one centre": "volwassenen van één centrum", "a course": "een kuur"},
    "de": {"adults of one centre": "Erwachsene eines Zentrums", "a course": "eine Behandlung"},
}


def make_predictor(loaded: LoadedModel) -> Predictor:
    """Return a model whose study says what it says in three languages."""
    outcomes = describe_outcomes(RULES["fall2_or_success"], ("t1", "t2"), condition="CRPS")
    said = {"population": "adults of one centre", "treatment": "a course", "texts": TEXTS}
    return Predictor(replace(loaded, facts=replace(loaded.facts, outcomes=outcomes, **said)))


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return make_predictor(make_loaded())


@pytest.fixture(scope="module")
def client(predictor) -> Client:
    return Client(make_app(lambda: predictor, get_folder=lambda: Path()))


def ask(predictor: Predictor, patient: object, code: str) -> dict[str, Any]:
    async def asked() -> object:
        return predictor.predict(patient, request_id="r" * 32)

    told = asyncio.run(answer(asked(), LANGUAGES[code].with_texts(predictor.facts.texts)))
    assert told.headers["content-language"] == code and told.headers["vary"] == "Accept-Language"
    return dict(json.loads(told.body))


def list_differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Return the names of what differs between two answers."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        return [name for key in one for name in list_differences(one[key], other[key], key)]
    if isinstance(one, list):
        assert len(one) == len(other)
        return [w for a, b in zip(one, other, strict=True) for w in list_differences(a, b, where)]
    return [] if one == other else [where]


def find_english(text: str) -> list[str]:
    """Return the parts of our sentences, three words long at least, that stand in a text."""
    ids = [[m.id] if isinstance(m.id, str) else [*m.id] for m in read_catalogue("nl")]
    told = " / ".join(form for forms in ids for form in forms)
    parts = {part.strip() for part in re.split(r"\{[^}]*\}|%\(\w+\)s|<[^>]*>| / ", told)}
    foreign = {part for part in parts if len(re.findall(r"[a-z]{2,}", part)) >= 3}
    return sorted(part.replace("%%", "%") for part in foreign if part.replace("%%", "%") in text)


def find_english_words(html: str) -> list[str]:
    """Return words that are English and neither Dutch nor German, wherever they come from."""
    return re.findall(r"(?i)\b(?:the|and|this|with|which|from|patients|you)\b", text_of(html))


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", html)))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    "patient",
    [
        PATIENT,
        {**PATIENT, "nrs_t0": 3.5, "crps_type": "2", "strong_opioid": True, "weight_kg": 71.3},
        {**PATIENT, "nrs_t0": None, "disease_duration_years": 0.3},
        {**PATIENT, "drug": "racemic_ketamine", "age_years": 12},
        {**PATIENT, "nrs_t0": 1},
        {},
    ],
)
def test_an_answer_is_the_same_but_for_its_texts(predictor, patient, code):
    english, told = ask(predictor, patient, "en"), ask(predictor, patient, code)
    different = list_differences(english, told)
    assert {"text", "population", "treatment"} <= set(different) <= TOLD
    # All of them are told: none is left in English.
    texts = [notice["text"] for notice in told["applicability"]["notices"]]
    texts += [estimate["outcome"] for estimate in told["estimates"]]
    assert find_english(" / ".join(texts)) == []
    assert told["model"]["population"] == TEXTS[code]["adults of one centre"]


def test_a_gate_that_was_waived_is_told_with_the_reviewers_own_reason():
    entry = {"gate": 9, "name": "A", "at": "2026-11-04T10:00:00Z", "comment": "there is none yet"}
    predictor = Predictor(make_loaded(), waivers=describe_waivers({"waivers": [entry]}))
    told = {
        code: [n["text"] for n in ask(predictor, PATIENT, code)["applicability"]["notices"]]
        for code in LANGUAGES
    }
    assert "Gate 9 waived by A on 2026-11-04: there is none yet" in told["en"]
    assert "Toets 9 kwijtgescholden door A op 4 november 2026: there is none yet" in told["nl"]


@pytest.mark.parametrize("code", CODES)
def test_every_problem_of_a_request_is_told(predictor, code):
    wrong = {
        "nrs_t0": 11, "age_years": "x", "sex": "m", "opioid": "maybe", "nope": 1, "nrs_t1": 3,
        "disease_duration_years": "2001,5", "medication_atc": "N02AX02, Q99", "site": ["a"],
        "weight_kg": "71.300,5", "height_cm": float("nan"),
    }  # fmt: skip
    english, told = ask(predictor, wrong, "en"), ask(predictor, wrong, code)
    assert set(list_differences(english, told)) == {"error", "expected", "got", "action"}
    said = [told["error"], *(p[k] for p in told["problems"] for k in ("expected", "got", "action"))]
    assert find_english(" / ".join(said)) == []
    by_name = {p["variable"]: p for p in told["problems"]}
    assert by_name["sex"]["got"] == "'m'"  # what was sent is repeated, not translated


def test_numbers_in_sentences_have_their_commas(predictor):
    patient = {**PATIENT, "age_years": 95, "nrs_t0": 2.25, "disease_duration_years": 59.5}
    for code in CODES:
        notices = ask(predictor, patient, code)["applicability"]["notices"]
        ranges = " ".join(n["text"] for n in notices if n["code"] in ("rare", "outside_training"))
        assert re.search(r"\d,\d", ranges) and not re.search(r"\d\.\d", ranges)


@pytest.mark.parametrize("code", CODES)
def test_what_the_model_is_is_told(predictor, client, code):
    told = client.get(f"/model?lang={code}")
    assert told.headers["content-language"] == code
    english = describe_model(predictor)
    assert find_english(" / ".join(told.json()["statements"])) == []
    labels = {v["name"]: v["label"] for v in told.json()["variables"]}
    assert labels["nrs_t0"] == LANGUAGES[code].tell(predictor.dictionary["nrs_t0"].label)
    assert told.json()["population"] == english["population"]  # facts are as they were written


def test_what_a_study_does_not_say_is_in_english_and_marked_on_a_page():
    predictor = Predictor(make_loaded(facts={"population": "adults of one centre"}))
    language = LANGUAGES["de"].with_texts(predictor.facts.texts)
    population = predictor.facts.say("adults of one centre")
    assert language.tell(population) == "adults of one centre"
    assert language.mark(population) == '<span lang="en">adults of one centre</span>'


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("form", [None, {"nrs_t1": "12", "patient_id": "P-1"}])
def test_the_nurses_page_holds_no_english(predictor, code, form, tmp_path):
    environ = {
        "KETRESPONSE_RECORDS": str(tmp_path / "records.db"),
        "KETRESPONSE_RECORDS_KEY_FILE": str(tmp_path / "keys" / "k"),
    }
    recorder = make_recorder(predictor, RecordSettings.from_environ(environ))
    app = make_app(lambda: predictor, get_folder=lambda: Path(), get_recorder=lambda: recorder)
    client = Client(app)
    address = f"/outcomes?lang={code}"
    page = client.get(address) if form is None else client.post(address, data=form)
    assert f'<html lang="{code}">' in page.text and page.headers["content-language"] == code
    assert f'action="outcomes?lang={code}#result"' in page.text
    assert find_english(text_of(page.text)) == find_english_words(page.text) == []
    recorder.close()


FORM = {name: str(value) for name, value in PATIENT.items()}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    "form",
    [
        None,
        FORM,
        {**FORM, "drug": "racemic_ketamine"},
        {**FORM, "nrs_t0": "1"},
        {**FORM, "nrs_t0": "11", "sex": "m", "patient_id": "P-1"},
        {"sex": ""},
        {**FORM, "compare": "1", "compare-nrs_t0": "5"},
        {
            **FORM,
            **{f"compare-{n}": FORM[n] for n in DEFAULT},
            "compare": "1",
            "compare-nrs_t0": "5",
        },
    ],
    ids=[
        "empty",
        "estimate",
        "out_of_scope",
        "cannot_be",
        "wrong",
        "nothing_known",
        "compared_wrongly",
        "compared",
    ],
)
@pytest.mark.parametrize("loaded", [make_loaded, make_loaded_with_panel, make_loaded_of_centres])
def test_the_clinicians_page_holds_no_english(code, form, loaded):
    predictor = make_predictor(loaded())
    client = Client(make_app(lambda: predictor, get_folder=lambda: Path()))
    address = f"/clinic?lang={code}"
    page = client.get(address) if form is None else client.post(address, data=form)
    assert f'<html lang="{code}">' in page.text and page.headers["content-language"] == code
    assert find_english(text_of(page.text)) == find_english_words(page.text) == []
    attributes = re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', page.text)
    assert find_english(unescape(" / ".join(attributes))) == []
    # Nothing leads out of the language, but to what is in English only.
    for link in re.findall(r'(?:href|action)="((?:clinic|outcomes|model)\b[^"]*)"', page.text):
        assert f"lang={code}" in link or link.endswith(".css"), link
    assert not re.search(r"\d\.\d", re.sub(r"10\.\d{4}/\S+|\d\.\d\.\d", "", text_of(page.text)))


@pytest.mark.parametrize("code", CODES)
def test_whoever_is_not_let_in_reads_why(code, tmp_path):
    access = AccessSettings.from_environ({"KETRESPONSE_ACCESS_FILE": str(tmp_path / "keys.json")})
    guarded = Guarded(access)
    headers = {"accept-language": code}
    told = guarded.get("/predict", headers=headers)
    assert (told.status_code, told.headers["content-language"]) == (401, code)
    assert find_english(told.json()["error"]) == []
    as_page = {**headers, "accept": "text/html"}
    for page in (guarded.get("/login", headers=as_page), guarded.post("/predict", headers=as_page)):
        assert f'<html lang="{code}">' in page.text
        assert find_english(text_of(page.text)) == find_english_words(page.text) == []
    # Whoever asked for a language in the address is asked for the key in it.
    sent = guarded.get(f"/clinic?lang={code}", headers={"accept": "text/html"})
    assert sent.headers["location"] == f"/login?lang={code}"


def test_the_search_for_english_finds_it(client):
    assert find_english(text_of(client.get("/outcomes").text))
    with pytest.raises(RequestError) as found:
        Predictor(make_loaded()).predict([], request_id="r")
    assert find_english(str(found.value.body()))
