from __future__ import annotations

import csv
import json
import os
import re
import sys
from contextlib import closing
from datetime import UTC, datetime

import pytest

from features.errors import InputError, Refused
from serving.commands.predict import predict
from serving.estimate.request import RequestError
from serving.records.settings import RecordSettings
from serving.records.store import open_store
from serving.records.tasks import lift_suspension, suspend
from tests.serving.helpers.command_line import CommandLine
from tests.serving.helpers.models import CENTRES, PATIENT
from training.store.artifact import read_facts

line = CommandLine(predict=predict)
run, fail = line.run, line.fail


@pytest.fixture(scope="module")
def folder(save):
    return save()


@pytest.fixture
def record(tmp_path):
    path = tmp_path / "patient.json"
    path.write_text(json.dumps({"patient": PATIENT}))
    return path


def test_predict_gives_the_answer_of_the_service(folder, record, predictor):
    result = run("predict", folder, "--record", record, "--json")
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer == predictor.predict(PATIENT, request_id=answer["request_id"])


def test_single_values_replace_those_of_the_file(folder, record, predictor):
    result = run(
        "predict", folder, "--record", record, "--set", "nrs_t0=4", "--set", "sex=", "--json"
    )
    answer = json.loads(result.stdout)
    wanted = {**PATIENT, "nrs_t0": 4, "sex": None}
    assert answer == predictor.predict(wanted, request_id=answer["request_id"])


def test_predict_reads_well(folder, record):
    text = " ".join(run("predict", folder, "--record", record).stdout.split())
    assert "DEMONSTRATION" in text
    assert re.search(r"Of 100 patients like this one, about \d+ responded \(95% interval", text)
    assert "Pain before treatment (NRS) 8 points" in text
    assert "no clearance for treatment" in text


def test_predict_tells_why_a_patient_is_out_of_scope(folder):
    result = run("predict", folder, "--set", "age_years=12")
    assert result.exit_code == 0
    assert "No estimate: outside what this model knows." in result.stdout
    assert "Age must be at least 18 years." in result.stdout
    assert "Of 100 patients like this one" not in result.stdout


def test_predict_lists_every_problem(folder):
    error = fail("predict", folder, "--set", "nrs_t0=11", "--set", "nix=1", "--set", "nrs_t1=2")
    assert isinstance(error, RequestError)
    assert {problem.column for problem in error.problems} == {"nrs_t0", "nix", "nrs_t1"}
    assert "got 11" in error.report()


@pytest.mark.parametrize("values", [["nrs_t0"], ["=8"], ["nrs_t0=1", "nrs_t0=2"]])
def test_values_that_cannot_be_read_are_named(folder, values):
    error = fail("predict", folder, *[part for value in values for part in ("--set", value)])
    assert isinstance(error, InputError)
    assert "name=value, each name once" in str(error)


@pytest.mark.parametrize("text", ["", "{", "[]", "8", '{"nrs_t0": 8, "nrs_t0": 3}', "\udcff"])
def test_a_record_that_cannot_be_read_is_one_error(folder, tmp_path, text):
    path = tmp_path / "patient.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    fail("predict", folder, "--record", path)


def test_missing_files_and_models_are_named(folder, tmp_path):
    assert "does not exist" in str(fail("predict", folder, "--record", tmp_path / "no.json"))
    assert "there is no folder" in str(fail("predict", tmp_path / "no" / "model"))
    assert "digest.json" in str(fail("predict", tmp_path))


def test_a_registered_name_needs_the_training_tools(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "training.store.registered", None)
    message = str(fail("predict", "demo-crps:3"))
    assert "give the model's folder, or install ketresponse[train]" in message


@pytest.mark.parametrize("status", ["refused", "withdrawn"])
def test_a_refused_model_answers_nobody(save, status):
    folder = save(facts={"status": status, "synthetic": False})
    assert isinstance(fail("predict", folder), Refused)


@pytest.fixture
def approved(save, tmp_path, monkeypatch):
    """Return what makes a folder of a model that counts as approved, and where it records."""
    monkeypatch.setattr("training.review.seal.check_approval", lambda *_, **__: [])
    monkeypatch.setenv("KETRESPONSE_RECORDS", str(tmp_path / "records.db"))
    monkeypatch.setenv("KETRESPONSE_RECORDS_KEY_FILE", str(tmp_path / "records.key"))
    return lambda status: save(facts={"status": status, "synthetic": False})


def read_records():
    store = open_store(RecordSettings.from_environ(os.environ))
    try:
        return store.read()
    finally:
        store.close()


def test_an_approved_model_s_estimate_is_recorded_here_too(approved, record):
    folder = approved("approved")
    answer = json.loads(run("predict", folder, "--record", record, "--json").stdout)
    (kept,) = read_records()
    assert kept.answer == answer
    assert kept.caller.endswith("at this machine")


def test_under_silent_evaluation_no_number_leaves_and_all_are_recorded(approved, record, tmp_path):
    folder = approved("approved for silent evaluation only")
    answer = json.loads(run("predict", folder, "--record", record, "--json").stdout)
    assert answer["estimates"] == []
    assert "recorded" in [n["code"] for n in answer["applicability"]["notices"]]
    cohort, out = tmp_path / "cohort.csv", tmp_path / "out.csv"
    known = "patient_id,nrs_t0,opioid,sex"
    cohort.write_text(f"{known}\nA1,8,no,male\nA2,eleven,no,male\nA3,5,no,male\n")
    assert run("predict", folder, "--cohort", cohort, "--out", out).exit_code == 0
    assert not re.search(r"0\.\d\d", out.read_text())
    kinds = [row["answer"] for row in csv.DictReader(out.read_text().splitlines())]
    assert kinds == ["withheld", "cannot be read", "withheld"]
    first, *others = read_records()
    assert first.request_id == answer["request_id"]
    assert len(others) == 2
    assert all(set(one.probabilities) == {"t1", "t2"} for one in (first, *others))


def test_an_approved_model_gives_nothing_that_is_not_recorded(approved, record, monkeypatch):
    monkeypatch.setenv("KETRESPONSE_RECORDS", "off")
    error = fail("predict", approved("approved"), "--record", record)
    assert "KETRESPONSE_RECORDS=off" in str(error)


def test_a_researcher_s_own_model_is_not_recorded(folder, record, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("predict", folder, "--record", record).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["patient.json"]


def test_a_model_that_was_withdrawn_elsewhere_answers_nobody(approved, record, monkeypatch):
    class Watch:
        reason = "it was withdrawn on 2026-11-04: why"

        def __init__(self, folder, *, environ):
            assert environ["KETRESPONSE_REVIEW_STATUS"].endswith("/status/pilot/1")

        def look(self):
            pass

    monkeypatch.setattr("serving.status_watch.StatusWatch", Watch)
    folder = approved("approved")
    assert run("predict", folder, "--record", record).exit_code == 0
    monkeypatch.setenv("KETRESPONSE_REVIEW_STATUS", "https://review.example/status/pilot/1")
    error = fail("predict", folder, "--record", record)
    assert isinstance(error, Refused)
    assert "it was withdrawn" in str(error)
    assert len(read_records()) == 1


def test_a_model_that_is_suspended_here_is_refused_whatever_its_status(
    folder, record, tmp_path, monkeypatch
):
    monkeypatch.setenv("KETRESPONSE_RECORDS", str(tmp_path / "records.db"))
    monkeypatch.setenv("KETRESPONSE_RECORDS_KEY_FILE", str(tmp_path / "keys" / "records.key"))
    settings = RecordSettings.from_environ(os.environ)
    with closing(open_store(settings)) as store:
        digest, now = read_facts(folder)[1], datetime(2026, 3, 2, tzinfo=UTC)
        suspend(store.database, digest, by="berta", reason="we look into it", at=now)
        assert "suspended and gives no estimates: we look into it" in str(
            fail("predict", folder, "--record", record)
        )
        lift_suspension(store.database, digest, by="berta", at=now)
    assert run("predict", folder, "--record", record).exit_code == 0


def test_patients_of_a_site_that_the_model_does_not_know_are_counted(save, tmp_path):
    folder, cohort = save(centres=CENTRES), tmp_path / "cohort.csv"
    header = "patient_id,site,nrs_t0,opioid,sex"
    rows = ("A1,north", "A2,SIM", "A3,", "A4,none", "A5,Elsewhere")
    cohort.write_text("\n".join([header, *(f"{row},8,no,male" for row in rows)]))
    done = run("predict", folder, "--cohort", cohort, "--centre", "South", "--json")
    told = (
        "2 of 5 patients are of a site that the model does not know (its centres are North, South)"
    )
    assert told in done.stderr and "; --centre South holds where site is empty." in done.stderr
    where = [answer["model"]["centre"]["name"] for answer in json.loads(done.stdout)]
    assert where == ["North", None, "South", None, None]
    cohort.write_text("\n".join([header, f"{rows[0]},8,no,male"]))
    assert "does not know" not in run("predict", folder, "--cohort", cohort).stderr
