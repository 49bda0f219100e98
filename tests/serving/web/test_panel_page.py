"""The clinician's page and the server, for a model with a sub-model for patients with a panel."""

from __future__ import annotations

import re
import tempfile

import httpx
import numpy as np
import pytest

from serving.estimate.predictor import Predictor
from serving.estimate.request import MAX_BODY
from serving.estimate.schemas import make_panel_example
from serving.process import start_server
from serving.web.app import make_app
from tests.serving.estimate.test_panel import CT, DATES, PANEL, notices
from tests.serving.helpers.models import PATIENT
from tests.serving.helpers.panels import make_loaded_with_panel, make_panel_case
from tests.serving.web.test_app import call
from tests.serving.web.test_page import Elements, show, text_of
from training.model.example import make_example
from training.store.artifact import save_model

FORM = {name: str(value) for name, value in PATIENT.items()}
TEXT = "assay,Ct\n" + "\n".join(f"{assay},{ct}" for assay, ct in CT.items())
WITH = {
    **FORM,
    "panel_text": TEXT,
    "panel_sample_date": DATES["sample_date"],
    "panel_infusion_start": DATES["infusion_start"],
}
ODD = {"ct": 27.318462, "word": "Zyxxpanel"}


@pytest.fixture(scope="module")
def both():
    return Predictor(make_loaded_with_panel())


@pytest.fixture(scope="module")
def app(both, tmp_path_factory):
    folder = tmp_path_factory.mktemp("no_card")
    return make_app(lambda: both, get_folder=lambda: folder)


def send(app, fields, content=None, name="panel.csv"):
    """Post the form as a browser does: with a file field, which may be empty."""
    file = (name if content else "", content or b"", "application/octet-stream")
    return call(app, "POST", "/clinic", data=fields, files={"panel_file": file})


def test_the_form_asks_for_a_panel_only_where_the_model_has_a_use_for_one(app, predictor):
    html = call(app, "GET", "/clinic").text
    asked = {a["name"] for a in Elements(html).all("input", "textarea") if "name" in a}
    assert {"panel_text", "panel_file", "panel_sample_date", "panel_infusion_start"} <= asked
    assert Elements(html).all("form")[0]["enctype"] == "multipart/form-data"
    assert "panel" not in show(predictor, FORM)


def test_a_pasted_panel_is_answered_by_its_sub_model(app, both):
    response = send(app, WITH)
    assert response.status_code == 200
    found = both.predict(PATIENT, request_id="x", panel={**PANEL, "plate": ""})
    text = text_of(response.text)
    assert found["submodel"] == "clinical+panel"
    for estimate in found["estimates"]:
        assert f"about {round(100 * estimate['probability'])} responded" in text
    assert "The microRNA panel was used: 60 patients with a panel" in text
    assert "cannot be told from so few patients" in text
    assert "Learnt from 470 patients, 282 of whom responded, 60 of them with a panel" in text
    assert "microRNA panel 3 assays" in text
    assert "hsa-miR-155-5p ΔCt " in text


def test_a_file_is_read_and_stands_above_what_is_pasted(app):
    pasted = send(app, WITH)
    fields = {**WITH, "panel_text": "hsa-miR-16-5p,20"}
    uploaded = send(app, fields, content=TEXT.encode())
    # But for the request's number.
    answers = [
        re.sub(r"\b[0-9a-f]{12}\b", "", text_of(r.text).split("Of 100 patients", 1)[1])
        for r in (pasted, uploaded)
    ]
    assert answers[0] == answers[1]
    # It is shown as if pasted: the next estimate needs no second upload.
    assert (
        "hsa-miR-155-5p,30.2"
        in uploaded.text.split('<textarea id="panel_text"')[1].split("</textarea>")[0]
    )


def test_without_a_panel_the_page_says_that_the_clinical_sub_model_answered(app):
    text = text_of(send(app, FORM).text)
    assert "No microRNA panel was given: the estimate is the clinical sub-model's." in text
    assert "Learnt from 470 patients, 282 of whom responded: the true number" in text


def test_a_partial_panel_is_told_in_plain_words_once(app):
    text = text_of(send(app, {**WITH, "panel_text": "hsa-miR-16-5p,22\nhsa-miR-17-5p,24"}).text)
    assert text.count("The microRNA panel was not used: the panel holds 1 of the 3 assays") == 1


@pytest.mark.parametrize(
    ("change", "words", "field"),
    [
        ({"panel_text": "hsa-miR-16-5p,99"}, "hsa-miR-16-5p: Expected a Ct from 3", "panel_text"),
        ({"panel_text": "no panel"}, "Expected an instrument", "panel_text"),
        ({"panel_sample_date": "2026-03-05"}, "got one taken after it", "panel_sample_date"),
        ({"panel_infusion_start": "soon"}, "Expected a date as", "panel_infusion_start"),
        ({"panel_sample": "S9"}, "the name of one sample", "panel_sample"),
    ],
)
def test_a_problem_of_the_panel_stands_beside_its_field(app, change, words, field):
    response = send(app, {**WITH, **change, "nrs_t0": "11"})
    assert response.status_code == 400
    text = text_of(response.text)
    assert words in text
    assert "got 11" in text
    assert f'id="problem-{field}"' in response.text
    assert f'href="#{field}"' in response.text
    elements = Elements(response.text)
    ids = [attrs["id"] for _, attrs in elements.found if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert elements.open == []


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 workbook", b"\x00\x01\x02", b"PAR1" + bytes(9), b"\xff" * 50]
)
def test_a_file_that_is_no_text_is_told(app, content):
    response = send(app, WITH, content=content)
    assert response.status_code == 400
    assert "Expected an instrument" in text_of(response.text)
    assert 'value="8"' in response.text  # what was filled in stays


def test_a_file_too_large_is_refused(app):
    assert send(app, FORM, content=b"x" * MAX_BODY).status_code == 400


def test_an_upload_never_touches_a_disk(app, monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("a file was opened")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", fail)
    padding = "\n" * 900_000
    assert send(app, WITH, content=(TEXT + padding).encode()).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"--x",
        b"garbage",
        b"--x\r\n\r\n\r\n--x--",
        b"--x\r\nContent-Disposition: form-data\r\n",
    ],
)
def test_a_broken_upload_is_400(app, content):
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert call(app, "POST", "/clinic", content=content, headers=kind).status_code in (200, 400)
    kind = {"content-type": "multipart/form-data"}
    assert call(app, "POST", "/clinic", content=content, headers=kind).status_code == 400


def test_the_made_up_panel_is_used_on_the_page_as_over_the_api(app, both):
    text = text_of(call(app, "GET", "/clinic?example=panel").text)
    assert "The microRNA panel was used" in text
    found = both.predict(
        make_example(both.model, both.eligibility),
        request_id="x",
        panel=make_panel_example(both.panel),
    )
    assert found["submodel"] == "clinical+panel"
    for estimate in found["estimates"]:
        assert f"about {round(100 * estimate['probability'])} responded" in text
    assert "No microRNA panel was given" in text_of(call(app, "GET", "/clinic?example=1").text)


def test_bars_of_the_assays_are_thinner_and_to_the_same_scale(both):
    found = both.predict(FORM, request_id="r", panel={**PANEL, "plate": ""})
    rows = [c for e in found["estimates"] for c in e["explanation"]["contributions"]]
    drawn = rows + [part for row in rows for part in row.get("parts", ())]
    largest = max(abs(row["contribution"]) for row in drawn)
    from serving.web.page import PageContent, render_page

    html = render_page(both, PageContent(fields=FORM, found=found))
    elements = Elements(html)
    widths = [float(a["width"]) for a in elements.all("rect") if a["class"] in ("up", "down")]
    expected = [50 * abs(row["contribution"]) / largest for row in drawn]
    np.testing.assert_allclose(sorted(widths), sorted(expected), atol=0.006)
    assert elements.open == []
    assert len(elements.all("details")) >= 2


# -- over HTTP ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("panel") / "model"
    save_model(folder, *make_panel_case())
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with (
        start_server(folder, "demonstration", log=log) as url,
        httpx.Client(base_url=url, timeout=30, trust_env=False) as http,
    ):
        yield http, log


@pytest.mark.service
def test_training_and_serving_give_the_same_number_over_http(served, both):
    http, _ = served
    panel = make_panel_case()[2]
    values = {assay: None if ct == "Undetermined" else ct for assay, ct in CT.items()}
    row = panel.to_row(values)[np.newaxis]
    x = both.dictionary.encode([both._read_record(PATIENT)[0]], both.model.predictors)
    expected = panel.response.probability(panel.encode(x, row))[0]
    answer = http.post("/predict", json={"patient": PATIENT, "panel": PANEL}).json()
    assert answer["submodel"] == "clinical+panel"
    assert [e["probability"] for e in answer["estimates"]] == pytest.approx(expected, abs=1e-12)


@pytest.mark.service
def test_the_api_documents_example_with_a_panel_is_answered_by_the_panel(served):
    http, _ = served
    post = http.get("/docs.json").json()["paths"]["/predict"]["post"]
    example = post["requestBody"]["content"]["application/json"]["examples"]["panel"]["value"]
    answer = http.post("/predict", json=example)
    assert answer.status_code == 200
    assert answer.json()["submodel"] == "clinical+panel"


@pytest.mark.service
def test_a_batch_over_http_is_as_each_alone(served):
    http, _ = served
    other = {**PANEL, "ct": {**CT, "hsa-miR-17-5p": 27.5}}
    entries = [{"patient": PATIENT, "panel": PANEL}, PATIENT, {"patient": PATIENT, "panel": other}]
    answers = http.post("/predict_batch", json={"patients": entries}).json()
    bodies = [entries[0], {"patient": PATIENT}, entries[2]]
    alone = [http.post("/predict", json=body).json() for body in bodies]
    assert [a["estimates"] for a in answers] == [a["estimates"] for a in alone]
    spoke = ["clinical+panel", "clinical", "clinical+panel"]
    assert [a["submodel"] for a in answers] == spoke
    assert notices(answers[1]) == {}


@pytest.mark.service
def test_a_bad_panel_over_http_is_one_400_with_every_problem(served):
    http, _ = served
    bad = {
        "ct": {"hsa-miR-16-5p": 2, "x": "high"},
        "sample_date": "2026-03-05",
        "infusion_start": "2026-03-04",
    }
    response = http.post("/predict", json={"patient": {**PATIENT, "nrs_t0": 11}, "panel": bad})
    assert response.status_code == 400
    assert [p["variable"] for p in response.json()["problems"]] == [
        "nrs_t0",
        "panel.ct.hsa-miR-16-5p",
        "panel.ct.x",
        "panel.sample_date",
    ]


@pytest.mark.service
def test_the_model_tells_its_assays_and_both_sub_models_performance(served):
    model = served[0].get("/model").json()
    assert model["submodel"] == "clinical+panel"
    assert model["panel_assays"]["selected"] == model["panel"]["assays"]
    assert model["panel_assays"]["references"]
    told = model["panel"]["horizons"]["t1"]
    assert told["clinical"]["auc"] == [0.62, 0.47, 0.76]
    assert told["clinical+panel"]["auc"] == [0.71, 0.58, 0.84]


@pytest.mark.service
def test_no_log_line_holds_a_value_of_a_panel(served):
    http, log = served
    odd = {**CT, "hsa-miR-17-5p": ODD["ct"], ODD["word"]: 30.0}
    bad = {"ct": {ODD["word"]: 10 * ODD["ct"]}, "plate": ODD["word"], "sample_date": ODD["word"]}
    assert http.post("/predict", json={"patient": PATIENT, "panel": {"ct": odd}}).is_success
    assert http.post("/predict", json={"patient": PATIENT, "panel": bad}).status_code == 400
    text = "\n".join(f"{assay},{ct}" for assay, ct in odd.items())
    files = {"panel_file": (f"{ODD['word']}.csv", text.encode(), "text/csv")}
    assert http.post("/clinic", data=FORM, files=files).status_code == 200
    http.post("/clinic", data={**FORM, "panel_text": f"{ODD['word']},{10 * ODD['ct']}"})
    told = log.read_text()
    assert "path=/predict," in told
    for secret in (str(ODD["ct"])[:6], str(10 * ODD["ct"])[:6], ODD["word"]):
        assert secret not in told
