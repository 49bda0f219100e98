from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from features.errors import EXIT_REFUSED
from serving.commands.serve import serve
from serving.estimate.predictor import Predictor
from serving.process import _ROOT, bind
from tests.serving.conftest import RECORDS_OFF
from tests.serving.helpers.command_line import CommandLine
from tests.serving.helpers.models import PATIENT, make_loaded

line = CommandLine(serve=serve)
run, fail = line.run, line.fail


@pytest.fixture(scope="module")
def folder(save):
    return save()


@pytest.mark.parametrize("status", ["refused", "withdrawn"])
@pytest.mark.parametrize("option", [[], ["--research"], ["--demonstration"]])
def test_a_refused_model_answers_nobody(save, status, option):
    folder = save(facts={"status": status, "synthetic": False})
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


def test_an_approved_model_is_not_served_unrecorded(save, monkeypatch):
    monkeypatch.setattr("training.review.seal.check_approval", lambda *_, **__: [])
    monkeypatch.setenv("KETRESPONSE_RECORDS", "off")
    error = fail("serve", save(facts={"status": "approved", "synthetic": False}))
    assert error.exit_code == EXIT_REFUSED
    assert "are recorded" in str(error)


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
        env={**os.environ, **RECORDS_OFF, "PYTHONPATH": str(_ROOT), "TMPDIR": str(tmp_path)},
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
