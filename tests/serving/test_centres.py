"""A model of several centres, everywhere it answers: which centre it was, and the same number."""

from __future__ import annotations

import json
import re
from datetime import date
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pandas as pd
import pytest
from rich.console import Console

from features.errors import InputError
from serving.cds_hooks.cards import make_cds_card
from serving.commands.predict import predict
from serving.commands.serve import serve
from serving.estimate.about import describe_model
from serving.estimate.predictor import Predictor
from serving.estimate.several import predict_cohort, to_table
from serving.fhir.assessment import make_assessment
from serving.fhir.names import name_questionnaire
from serving.fhir.questionnaire import make_questionnaire
from serving.language.language import LANGUAGES
from serving.web.app import make_app
from serving.web.compare import list_known, read_comparison
from serving.web.form import COMPARED, make_form_sections
from serving.web.letter import write_letter
from serving.web.openapi import make_openapi
from serving.web.result import make_result
from serving.web.text import print_answer, print_cohort
from tests.serving.helpers.clients import Client
from tests.serving.helpers.command_line import CommandLine
from tests.serving.helpers.fhir import NOW, find_invalid, read, response
from tests.serving.helpers.models import DEFAULT, PATIENT, make_loaded, make_loaded_of_centres

FORM = {name: str(value) for name, value in PATIENT.items()}
NORTH = "Answered for North, one of the 2 centres"
OTHER = "no patient of the centre that is named"


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(make_loaded_of_centres(), centre="North")


@pytest.fixture(scope="module")
def client(predictor: Predictor) -> Client:
    return Client(make_app(lambda: predictor, get_folder=lambda: Path()))


def _text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html)).replace("&#39;", "'")


def _find_site(predictor: Predictor, fields: dict[str, str]) -> dict[str, object]:
    sections = make_form_sections(predictor, fields, [])
    assert [field["name"] for field in sections[0]["fields"]] == ["site"]
    return dict(sections[0]["fields"][0])


@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        ({}, "North"),
        ({"site": "South"}, "South"),
        ({"site": "none"}, "none"),
        ({"site": "x"}, "none"),
    ],
)
def test_the_form_asks_by_a_list_on_which_the_own_centre_is_chosen(
    predictor: Predictor, fields: dict[str, str], chosen: str
) -> None:
    field = _find_site(predictor, fields)
    assert field["chosen"] == chosen
    assert field["options"] == [("North", "North"), ("South", "South"), ("none", "another centre")]
    new = Predictor(make_loaded_of_centres())
    assert _find_site(new, {})["chosen"] == "none"


def test_a_model_of_one_cohort_does_not_ask() -> None:
    sections = make_form_sections(Predictor(make_loaded()), {}, [])
    assert "site" not in {field["name"] for group in sections for field in group["fields"]}


def test_the_page_and_the_patient_s_sheet_say_which_centre(client: Client) -> None:
    form = client.get("/clinic").text
    select = re.search(r'<select id="site".*?</select>', form, re.S)
    assert select is not None
    assert "not known" not in select[0]
    assert re.search(r'value="North" selected', select[0])
    page = _text_of(client.post("/clinic", data={**FORM, "site": "North"}).text)
    assert f"Which centre? {NORTH}" in page
    assert page.count("Knowing nothing, at North") == 2
    assert "It is the number for people who are treated at North." in page
    other = _text_of(client.post("/clinic", data={**FORM, "site": "none"}).text)
    assert "Which centre? Answered for a new centre" in other
    assert "Knowing nothing, at a new centre" in other
    assert "not made for your hospital" in other
    assert "Treatment centreanother centre" in other  # what was entered


def test_the_page_of_a_model_of_one_cohort_says_nothing_of_centres() -> None:
    alone = Predictor(make_loaded())
    page = Client(make_app(lambda: alone, get_folder=lambda: Path())).post("/clinic", data=FORM)
    assert "Which centre?" not in page.text
    assert "Knowing nothing</th>" in page.text


def test_two_who_are_compared_are_at_the_same_centre(predictor: Predictor) -> None:
    fields = {**FORM, "site": "South"}
    known = list_known(predictor, predictor.predict(fields, request_id="r"), fields)
    changed = {f"{COMPARED}{name}": known[name] for name in DEFAULT} | {f"{COMPARED}sex": "male"}
    both = read_comparison(predictor, {**known, **changed})
    assert [one["site"] for one in both] == ["South", "South"]


def test_the_letter_and_the_terminal_say_it_too(predictor: Predictor) -> None:
    found = predictor.predict(FORM, request_id="r" * 32)
    result = make_result(predictor, found, fields=FORM, today=date(2026, 3, 1))
    assert any(line.startswith(NORTH) for line in write_letter(predictor, result))
    console = Console(file=StringIO(), width=300, highlight=False)
    print_answer(found, predictor, console=console)
    assert isinstance(console.file, StringIO)
    text = " ".join(console.file.getvalue().split())
    assert NORTH in text
    assert "Knowing nothing, at North" in text


def test_a_batch_s_site_column_decides_row_by_row(predictor: Predictor) -> None:
    rows = [{**FORM, "patient_id": f"P-{site}", "site": site} for site in ("", "South", "West")]
    table = pd.DataFrame(rows).rename(columns=str)
    answers = predict_cohort(predictor, table, {})
    told = to_table(answers, predictor)
    assert told["centre"].tolist() == ["North", "South", "new"]
    for answer, site in zip(answers, ("North", "South", "West"), strict=True):
        alone = predictor.predict({**FORM, "site": site}, request_id="r")
        assert answer["estimates"] == alone["estimates"]
    console = Console(file=StringIO(), width=200, highlight=False)
    print_cohort(answers, predictor, console=console)
    assert isinstance(console.file, StringIO)
    assert re.search(r"P-South +clinical +South", console.file.getvalue())
    assert "centre" not in to_table([], Predictor(make_loaded()))


def test_a_record_system_is_told_in_fhir(predictor: Predictor) -> None:
    found = read(predictor)
    answer = predictor.predict(PATIENT, request_id="0" * 32)
    told = make_assessment(predictor, found, answer, now=NOW)
    assert find_invalid(told) == []
    notes = [note["text"] for note in told["note"]]
    assert any(text.startswith(NORTH) for text in notes)
    assert NORTH in told["text"]["div"]
    elsewhere = predictor.predict({**PATIENT, "site": "West"}, request_id="0" * 32)
    told = make_assessment(predictor, found, elsewhere, now=NOW)
    assert sum(OTHER in note["text"] for note in told["note"]) == 1


def test_a_questionnaire_asks_for_the_centre(predictor: Predictor) -> None:
    asked = make_questionnaire(predictor)
    assert find_invalid(asked) == []
    (item,) = [i for group in asked["item"] for i in group["item"] if i["linkId"] == "site"]
    assert [o["valueString"] for o in item["answerOption"]] == ["North", "South", "none"]
    url = name_questionnaire("demo-crps")
    answered = response(url, {"site": {"valueString": "South"}})
    assert read(predictor, answered).patient["site"] == "South"
    # A model of one cohort has no use for it, and does not read it.
    assert "site" not in read(Predictor(make_loaded()), answered).patient


@pytest.mark.parametrize(("site", "words"), [(None, NORTH), ("West", OTHER)])
def test_a_card_says_it_once(predictor: Predictor, site: str | None, words: str) -> None:
    patient = {**PATIENT, "site": site}
    answer = predictor.predict(patient, request_id=uuid4().hex)
    card = make_cds_card(predictor, answer, LANGUAGES["en"], patient=patient, links=[])
    assert card["detail"].count(words) == 1


def test_the_model_lists_its_centres_and_the_document_names_them(predictor: Predictor) -> None:
    told = describe_model(predictor)
    assert (told["centres"], told["centre"]) == (["North", "South"], "North")
    document = make_openapi(predictor, version="1")
    schemas = document["components"]["schemas"]
    assert "one of North, South" in schemas["Patient"]["properties"]["site"]["description"]
    assert set(schemas["AnsweringCentre"]["properties"]) == {"name", "known", "text"}
    assert describe_model(Predictor(make_loaded()))["centres"] == []


def test_commands_answer_at_the_centre_that_is_named(save, tmp_path, monkeypatch) -> None:
    folder = save(centres={"North": 0.8, "South": -0.3})
    line = CommandLine(predict=predict, serve=serve)
    record = tmp_path / "patient.json"
    record.write_text(json.dumps(PATIENT))

    def ask(*options: object) -> object:
        result = line.run("predict", folder, "--record", record, "--json", *options)
        return json.loads(result.stdout)["model"]["centre"]["name"]

    assert ask() is None
    assert ask("--centre", "north") == "North"
    monkeypatch.setenv("KETRESPONSE_CENTRE", "South")
    assert ask() == "South"
    assert ask("--centre", "none") is None
    assert ask("--set", "site=North") == "North"
    for command in ("predict", "serve"):
        error = line.fail(command, folder, "--centre", "West", *_NEEDED[command])
        assert isinstance(error, InputError)
        assert "its centres are North, South" in str(error)


_NEEDED = {"predict": ["--set", "nrs_t0=8"], "serve": ["--demonstration", "--port", "0"]}
