from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request

import pytest

from features.errors import EXIT_INPUT, KetresponseError
from serving.process import _ROOT, bind, start_server
from tests.serving.helpers.models import PATIENT


def answers(url):
    try:
        with urllib.request.urlopen(f"{url}/livez", timeout=5):
            return True
    except OSError:
        return False


def test_a_taken_port_is_one_clear_line():
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(KetresponseError, match=f"port {port}: .*choose another") as caught:
            bind("127.0.0.1", port)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == EXIT_INPUT
    bind("127.0.0.1", port).close()  # free again at once


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.1", "not an address"])
def test_a_host_that_is_not_this_machine_is_one_clear_line(host):
    with pytest.raises(KetresponseError, match="cannot listen on"):
        bind(host, 0)


def ask(url, patient):
    body = json.dumps({"patient": patient}).encode()
    with urllib.request.urlopen(f"{url}/predict", body, timeout=30) as answer:
        return [estimate["probability"] for estimate in json.load(answer)["estimates"]]


@pytest.mark.service
def test_a_model_that_may_not_be_served_is_told_with_its_reason(save):
    with (
        pytest.raises(KetresponseError, match=r"did not start: .*use --demonstration"),
        start_server(save(), "research"),
    ):
        pytest.fail("it started")


@pytest.mark.service
def test_the_process_ends_with_its_context_and_leaves_nothing(save, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    options = {"horizons": ("t2",), "constant": True}
    with start_server(save(**options), "demonstration") as url:
        assert ask(url, PATIENT) == pytest.approx([0.610639234], abs=1e-9)  # expit(0.45)
        port = int(url.rsplit(":", 1)[1])
    assert not answers(url)
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.service
def test_no_orphan_is_left_when_the_parent_is_killed(save):
    parent = textwrap.dedent(f"""
        import time
        from pathlib import Path
        from serving.process import start_server
        with start_server(Path({str(save())!r}), "demonstration") as url:
            print(url, flush=True)
            time.sleep(600)
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, cwd=_ROOT
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert answers(url)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    end = time.monotonic() + 20
    while answers(url) and time.monotonic() < end:
        time.sleep(0.1)
    assert not answers(url)
