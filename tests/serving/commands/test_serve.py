from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest
import typer
from typer.testing import CliRunner

from features.errors import EXIT_REFUSED, InputError, KetresponseError, Refused
from serving.commands.serve import predict, serve
from serving.estimate.predictor import Predictor
from serving.estimate.request import RequestError
from serving.process import _ROOT, bind
from tests.serving.helpers.models import PATIENT, make_loaded

app = typer.Typer()
app.command()(predict)
app.command()(serve)


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def fail(*arguments):
    """Return the error that the command ends with."""
    result = run(*arguments)
    assert isinstance(result.exception, KetresponseError), result.output
    return result.exception


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
    message = str(fail("serve", "demo-crps:3"))
    assert "give the model's folder, or install ketresponse[train]" in message


@pytest.mark.parametrize("status", ["refused", "withdrawn"])
@pytest.mark.parametrize("option", [[], ["--research"], ["--demonstration"]])
def test_a_refused_model_answers_nobody(save, status, option):
    folder = save(facts={"status": status, "synthetic": False})
    assert isinstance(fail("predict", folder), Refused)
    error = fail("serve", folder, *option)
    assert error.exit_code == EXIT_REFUSED
    assert status in str(error)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "use --demonstration"),
        (["--research"], "use --demonstration"),
        (["--demonstration", "--host", "0.0.0.0"], "on this machine only"),
    ],
)
def test_serve_refuses_what_the_status_does_not_allow(folder, options, words):
    error = fail("serve", folder, *options)
    assert error.exit_code == EXIT_REFUSED
    assert words in str(error)
    assert "\n" not in str(error)


def test_serve_takes_one_mode(folder):
    assert "exclude each other" in str(fail("serve", folder, "--research", "--demonstration"))


def test_serve_tells_a_taken_port_before_it_loads(folder):
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        error = fail("serve", folder, "--demonstration", "--port", port)
    assert f"port {port}" in str(error)


@pytest.mark.service
def test_serve_answers_until_it_is_interrupted(save, tmp_path):
    folder = save(facts={"status": "research", "synthetic": False})
    # A process that is started in the background may have been told to ignore interrupts.
    script = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "import typer; from serving.commands.serve import serve; typer.run(serve)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder), "--research", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(_ROOT), "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    lines = []
    while "Ctrl-C" not in "".join(lines):
        lines.append(process.stdout.readline())
        assert lines[-1], "".join(lines)
    url = re.search(r"(http://127\.0\.0\.1:\d+)/clinic", "".join(lines))
    assert url is not None
    request = urllib.request.Request(
        f"{url[1]}/predict", data=json.dumps({"patient": PATIENT}).encode()
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        served = json.load(response)
    here = Predictor(make_loaded(facts={"status": "research", "synthetic": False}))
    assert served == here.predict(PATIENT, request_id=served["request_id"])
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert rest.rstrip().endswith("Ended.")
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []
