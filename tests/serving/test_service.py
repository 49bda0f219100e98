from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from serving.estimate.predictor import MAX_BATCH
from serving.estimate.request import MAX_BODY
from serving.process import start_server
from serving.records.settings import RecordSettings
from serving.records.store import open_store
from serving.service import service
from tests.places import PROJECT
from tests.serving.helpers.models import PATIENT

pytestmark = pytest.mark.service

ODD = {"number": 7.7318462, "word": "Zyxxwort", "name": "qvarnstroem_field"}


@pytest.fixture(scope="module")
def http(server):
    with httpx.Client(base_url=server[0], timeout=30, trust_env=False) as client:
        yield client


def post(http, content, path="/predict", **headers):
    return http.post(path, content=content, headers=headers)


@pytest.mark.parametrize(
    "patient",
    [PATIENT, {}, {"nrs_t0": 3.25, "opioid": True}, {**PATIENT, "sex": None, "weight_kg": 71.3}],
)
def test_the_number_over_http_is_the_number_in_process(http, predictor, patient):
    served = http.post("/predict", json={"patient": patient}).json()
    here = predictor.predict(patient, request_id=served["request_id"])
    for ours, theirs in zip(here["estimates"], served["estimates"], strict=True):
        assert theirs["probability"] == pytest.approx(ours["probability"], abs=1e-12)
    assert served == json.loads(json.dumps(here))


def test_requests_have_their_own_ids(http):
    ids = {http.post("/predict", json={"patient": {}}).json()["request_id"] for _ in range(5)}
    assert len(ids) == 5


def test_a_batch_gives_each_its_own_answer(http):
    patients = [PATIENT, {"nrs_t0": 11}, {"age_years": 4}]
    good, bad, out = http.post("/predict_batch", json={"patients": patients}).json()
    alone = http.post("/predict", json={"patient": PATIENT}).json()
    assert good["estimates"] == alone["estimates"]
    assert bad["problems"][0]["variable"] == "nrs_t0"
    assert out["estimates"] == []


def test_a_batch_too_long_is_refused(http):
    response = http.post("/predict_batch", json={"patients": [{}] * (MAX_BATCH + 1)})
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("content", "variable"),
    [
        (b'{"patient": {"nrs_t0": NaN}}', "nrs_t0"),
        (b'{"patient": {"nrs_t0": Infinity}}', "nrs_t0"),
        (b'{"patient": {"nrs_t0": -1e999}}', "nrs_t0"),
        (b'{"patient": {"nrs_t0": 11}}', "nrs_t0"),
        (b'{"patient": {"nrs_t0": 8, "nrs_t0": 3}}', "nrs_t0"),
        (b'{"patient": {"nrs_t1": 3}}', "nrs_t1"),
        (b'{"patient": [1, 2]}', "patient"),
        (b'{"patient": null}', "patient"),
        (b'{"patients": []}', "patients"),
        (b'{"patient": {}, "mode": "x"}', "mode"),
        (b'{"patient": {"nrs_t0": 8}', "body"),
        (b"", "body"),
        (b"null", "body"),
        (b"\x00\x01\x02", "body"),
        (b"[" * 50_000, "body"),
        (b'{"patient": {"\\ud800": "\\ud800", "sex": "\\udfff"}}', "sex"),
        (b'{"patient": {"site": "' + b"x" * 1_000_001 + b'"}}', "body"),
    ],
)
def test_every_bad_request_is_400_in_the_agreed_form(http, content, variable):
    response = post(http, content)
    assert response.status_code == (413 if len(content) > MAX_BODY else 400)
    answer = response.json()
    assert list(answer) == ["error", "problems"]
    assert variable in [problem["variable"] for problem in answer["problems"]]


def test_ten_megabytes_of_garbage_do_no_harm(http):
    assert post(http, b"\xde\xad\xbe\xef" * 2_500_000).status_code == 413
    assert http.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""]
)
def test_the_body_is_json_whatever_it_is_called(http, kind):
    response = post(http, b'{"patient": {"nrs_t0": 11}}', **{"content-type": kind})
    assert response.status_code == 400
    assert response.json()["problems"][0]["variable"] == "nrs_t0"


def test_a_pickle_is_never_opened(http):
    kind = "application/vnd.bentoml+pickle"
    refused = post(http, b"\x80\x05.", **{"content-type": kind})
    assert refused.status_code == 400
    assert refused.json()["problems"][0]["got"] == "another encoding"


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/metrics", "/schema.json"])
def test_bentomls_own_routes_answer(http, path):
    assert http.get(path).status_code == 200


def test_requests_are_counted(http):
    http.post("/predict", json={"patient": {}})
    assert 'endpoint="/predict"' in http.get("/metrics").text


def test_addresses_that_nobody_answers_are_one_in_counters_and_in_no_log(http, server):
    secret = "John-Doe-1970"
    for path in (f"/predict/{secret}", f"/{secret}", f"/clinic/{secret}?name={secret}"):
        answer = http.get(path)
        assert answer.status_code == 404
        assert secret not in answer.text
    post(http, b"{}", **{"content-type": f"text/{secret}"})
    counted = http.get("/metrics").text
    assert 'endpoint="/unknown"' in counted
    names = set(re.findall(r'endpoint="([^"]*)"', counted))
    routes = {"/", "/card", "/card.html", "/clinic", "/docs", "/docs.json", "/healthz", "/livez"}
    routes |= {"/fhir/metadata", "/fhir/predict", "/fhir/Questionnaire/{id}"}
    routes |= {"/model", "/model/card", "/predict", "/predict_batch", "/readyz", "/schema.json"}
    assert names <= {*routes, "/unknown"}
    log = server[1].read_text()
    assert "path=/unknown," in log and "type=other," in log
    assert secret not in counted + log


def test_a_kind_of_body_that_is_no_text_is_answered(http):
    response = http.post("/predict", content=b'{"patient": {}}', headers={b"content-type": b"\xff"})
    assert response.status_code == 200


def test_the_service_is_not_reached_by_another_name_or_from_another_site(http):
    asked = {"content": b'{"patient": {}}'}
    assert http.post("/predict", **asked, headers={"host": "rebound.example"}).status_code == 403
    crossed = {"sec-fetch-site": "cross-site", "content-type": "text/plain"}
    assert http.post("/predict", **asked, headers=crossed).status_code == 403


def test_the_api_document_is_that_of_the_loaded_model(http):
    schemas = http.get("/docs.json").json()["components"]["schemas"]
    assert schemas["Patient"]["properties"]["nrs_t0"]["maximum"] == 10
    assert "Problems" in schemas


def test_the_documents_own_examples_are_answered(http):
    for path, methods in http.get("/docs.json").json()["paths"].items():
        for method, operation in methods.items():
            contents = operation.get("requestBody", {}).get("content", {})
            content = next(iter(contents.values()), {})
            asked = operation.get("parameters", ())
            names = {
                one["name"]: one["schema"]["enum"][0] for one in asked if one.get("in") == "path"
            }
            for example in content.get("examples", {"none": {"value": None}}).values():
                answer = http.request(method, path.format(**names), json=example["value"])
                # This service keeps no records: there is nothing to report on or to watch.
                expected = 404 if path in ("/outcomes", "/monitor") else 200
                if path.startswith("/cds-services/"):
                    expected = 401  # a record system shows who it is, and this service knows none
                if path.startswith("/launch"):
                    expected = 403  # nor is there one from which the page could be opened
                if path == "/arrived":
                    expected = 303  # to the page that is still empty
                assert answer.status_code == expected, (path, answer.text)


def _read_blocks(language):
    text = (PROJECT / "docs" / "api.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_python_of_the_documentation_runs(server):
    blocks = _read_blocks("python")
    assert len(blocks) == 2
    told = []
    for block in blocks:
        code = block.replace("http://127.0.0.1:3000", server[0])
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        told.append(ran.stdout.splitlines())
    assert [line.split()[0] for line in told[0]] == ["t1", "t2"]
    # Of the batch's two patients the second has a score of 11.
    assert "0." in told[1][0] and "cannot be read" in told[1][1]


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_the_commands_of_the_documentation_run(server):
    (block,) = _read_blocks("sh")
    command = block.replace("http://127.0.0.1:3000", server[0])
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert {estimate["horizon"] for estimate in json.loads(ran.stdout)["estimates"]} == {"t1", "t2"}


def test_the_bodies_of_the_documentation_are_answered(http):
    for block in _read_blocks("json"):
        assert http.post("/predict", content=block).status_code == 200


def test_the_limits_of_the_documentation_are_those_of_the_code(http):
    text = (PROJECT / "docs" / "api.md").read_text()
    for words in (f"| patients of a batch | {MAX_BATCH} |", f"| body of a request | {MAX_BODY:,} "):
        assert words in text
    assert f"| time for an answer | {service.config['traffic']['timeout']} seconds |" in text
    refused = http.post("/predict_batch", json={"patients": [{}] * (MAX_BATCH + 1)})
    assert refused.status_code == 400 and str(MAX_BATCH) in refused.text


def test_the_model_is_told_with_its_digest(http, save):
    model = http.get("/model").json()
    assert len(model["digest"]) == 64
    assert model["status"] == "demonstration"


def test_the_page_works_beside_the_api(http):
    response = http.post("/clinic", data={name: str(value) for name, value in PATIENT.items()})
    assert response.status_code == 200
    assert "Of 100 patients like this one" in response.text
    assert http.get("/").headers["location"] == "clinic"
    assert "googletagmanager" not in http.get("/docs").text


def test_callers_at_the_same_time_get_their_own_numbers(http, predictor):
    scores = [2 + n / 5 for n in range(41)]

    def ask(score):
        answer = http.post("/predict", json={"patient": {**PATIENT, "nrs_t0": score}}).json()
        return answer["estimates"][0]["probability"]

    with ThreadPoolExecutor(6) as pool:
        served = list(pool.map(ask, scores))
    here = [
        predictor.predict({**PATIENT, "nrs_t0": s}, request_id="x")["estimates"][0]["probability"]
        for s in scores
    ]
    assert served == pytest.approx(here, abs=1e-12)


def test_no_log_line_holds_a_patients_value(http, server):
    odd = {"nrs_t0": ODD["number"], "site": ODD["word"], "patient_id": ODD["word"]}
    bad = {"nrs_t0": 10 * ODD["number"], "sex": ODD["word"], ODD["name"]: ODD["number"]}
    assert http.post("/predict", json={"patient": {**PATIENT, **odd}}).status_code == 200
    assert http.post("/predict", json={"patient": bad}).status_code == 400
    assert http.post("/predict_batch", json={"patients": [odd, bad]}).status_code == 200
    post(http, json.dumps({"patient": odd}).encode()[:-4])
    post(http, json.dumps(bad).encode(), **{"content-type": "multipart/form-data"})
    http.post("/clinic", data={name: str(value) for name, value in bad.items()})
    http.post("/clinic", data={name: str(value) for name, value in odd.items()})
    log = server[1].read_text()
    assert "path=/predict," in log  # it does log, the path and the length
    for secret in (str(ODD["number"])[:6], str(10 * ODD["number"])[:6], ODD["word"], ODD["name"]):
        assert secret not in log


@pytest.fixture(scope="module")
def recording(save, tmp_path_factory):
    """Serve with records; yield the address and the settings of the store."""
    home = tmp_path_factory.mktemp("recording")
    environ = {
        "KETRESPONSE_RECORDS": str(home / "records.db"),
        "KETRESPONSE_RECORDS_KEY_FILE": str(home / "keys" / "records.key"),
    }
    with start_server(save(), "demonstration", environ=environ) as url:
        yield url, RecordSettings.from_environ(environ)


def test_every_answer_over_http_is_recorded_before_it_is_there(recording):
    url, settings = recording
    store = open_store(settings)
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
        patient = {**PATIENT, "patient_id": "P-1"}
        first = http.post("/predict", json={"patient": patient}).json()
        (kept,) = store.read(pseudonym="P-1")
        assert kept.answer == first
        batch = http.post("/predict_batch", json={"patients": [PATIENT, {"nrs_t0": 99}]}).json()
        assert len(store.read(request_ids=[batch[0]["request_id"]])) == 1
        page = http.post("/clinic", data={**PATIENT, "patient_id": "P-2"}).text
        (kept,) = store.read(pseudonym="P-2")
        assert kept.request_id[:12] in page
        content = http.get("/docs.json").json()["paths"]["/outcomes"]["post"]["requestBody"]
        example = content["content"]["application/json"]["examples"]["outcomes"]["value"]
        example["outcomes"][0]["patient_id"] = "P-2"
        assert http.post("/outcomes", json=example).json() == {"recorded": [kept.request_id]}
        assert http.get("/monitor").status_code == 200
        before = store.count()["estimates"]
        http.get("/clinic?example=1")
        http.post("/predict", json={"patient": {"nrs_t0": 99}})
        assert store.count()["estimates"] == before == 3
    store.close()


def test_without_its_record_no_answer_leaves_and_it_comes_back_with_the_store(recording):
    url, settings = recording
    aside = settings.file.with_name("aside.db")
    settings.file.rename(aside)
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
        response = http.post("/predict", json={"patient": PATIENT})
        assert response.status_code == 503
        assert "cannot be recorded now" in response.json()["error"]
        assert "estimates" not in response.json()
        page = http.post("/clinic", data=PATIENT)
        assert page.status_code == 503
        assert "cannot be recorded now" in page.text
        assert 'class="answer"' not in page.text
        aside.rename(settings.file)
        assert http.post("/predict", json={"patient": PATIENT}).status_code == 200


def test_sixteen_callers_at_once_leave_sixteen_records_each(recording):
    url, settings = recording
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
        with ThreadPoolExecutor(16) as pool:
            answers = list(
                pool.map(
                    lambda _: http.post("/predict", json={"patient": PATIENT}).json(), range(160)
                )
            )
    store = open_store(settings)
    asked = [answer["request_id"] for answer in answers]
    assert len(set(asked)) == len(store.read(request_ids=asked)) == 160
    store.close()
