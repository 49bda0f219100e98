"""The Containerfile's steps, taken one by one where there is nothing that builds an image."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from serving.access.keys import KeyFile
from serving.records.record import RecordedEstimate
from serving.records.settings import RecordSettings
from serving.records.store import open_store
from serving.release import release_version
from tests.places import PROJECT
from tests.serving.helpers.models import PATIENT
from tests.serving.test_release import desk, places, with_approved  # noqa: F401
from tests.training.conftest import empty_store as empty_store
from tests.training.conftest import tracking_uri as tracking_uri

VOLUMES = ("KETRESPONSE_RECORDS", "KETRESPONSE_RECORDS_KEY_FILE", "KETRESPONSE_REVIEW_SEEN")
SYSTEM = ("apt-get update", "apt-get install", "rm -rf /var/lib/apt/lists/", "useradd ")
"""What only the image's own system can do."""


def read_steps() -> list[tuple[str, str]]:
    text = (PROJECT / "Containerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.M)).splitlines()
    return [
        (word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines) if word
    ]


def find(instruction: str) -> list[str]:
    return [rest for word, rest in read_steps() if word == instruction]


def test_it_stands_on_a_python_that_the_project_supports() -> None:
    (base,) = find("FROM")
    found = re.fullmatch(r"python:3\.(\d+)-slim", base)
    wanted = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert found is not None
    assert int(found[1]) >= int(wanted.removeprefix(">=3."))


def test_nobody_in_particular_runs_it_and_only_the_known_is_done_to_its_system() -> None:
    words = [word for word, _ in read_steps()]
    assert find("USER") == ["10001"]
    assert words.index("USER") < words.index("CMD")
    for step in find("RUN"):
        for command in step.split("&&"):
            known = command.strip().startswith(SYSTEM) or "pip install" in command
            assert known, command


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy and install as the file says, into an environment of its own; return its programs."""
    folder = tmp_path_factory.mktemp("image")
    for step in find("COPY"):
        *sources, target = step.split()
        for source in sources:
            path, to = PROJECT / source, folder / target
            if path.is_dir():
                shutil.copytree(path, to, ignore=shutil.ignore_patterns("__pycache__", "output"))
            else:
                shutil.copy(path, to)
    uv = Path(sys.executable).with_name("uv")
    bare = ["--without-pip"] if uv.exists() else []
    subprocess.run([sys.executable, "-m", "venv", *bare, folder / "venv"], check=True)
    programs = folder / "venv" / "bin"
    (step,) = (step for step in find("RUN") if "pip install" in step)
    words = shlex.split(step)
    if uv.exists():  # the same, and quicker: it has the packages already, and compiles none unused
        asked = [word for word in words[4:] if word != "--no-cache-dir"]
        words = [str(uv), "pip", "install", "--python", str(programs / "python"), *asked]
    else:
        words[0] = str(programs / "python")
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return programs


@pytest.fixture
def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def served(
    desk,  # noqa: F811
    places,  # noqa: F811
    installed: Path,
    port: int,
    tmp_path: Path,
) -> Iterator[dict[str, str]]:
    """Serve an approved model as the image would; yield what its programs are told."""
    model = release_version(desk, "pilot", **places).folder / "model"
    environ = {"PATH": f"{installed}:{os.environ['PATH']}", "HOME": str(tmp_path / "nobody")}
    (settings,) = find("ENV")
    environ |= dict(word.split("=", 1) for word in settings.split())
    environ["KETRESPONSE_REVIEW_PUBLIC_KEY"] = str(desk.log.public_key)
    keys = KeyFile(tmp_path / Path(environ["KETRESPONSE_ACCESS_FILE"]).name)
    environ["KETRESPONSE_ACCESS_FILE"] = str(keys.path)
    for name in VOLUMES:  # as they are mounted: apart from each other, and empty
        mounted = tmp_path / Path(environ[name]).parent.name
        mounted.mkdir(exist_ok=True)
        environ[name] = str(mounted / Path(environ[name]).name)
    _, key = keys.add("ward-7", ["estimate"], days=1)
    (command,) = (json.loads(step) for step in find("CMD"))
    words = [{"/model": str(model), "3000": str(port)}.get(word, word) for word in command]
    words[0] = str(installed / words[0])
    log = tmp_path / "log.txt"
    with log.open("w") as told:
        process = subprocess.Popen(words, cwd=tmp_path, env=environ, stdout=told, stderr=told)
        try:
            yield environ | {"LOG": str(log), "KEY": key}
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def ask_health(environ: dict[str, str], port: int) -> int:
    (step,) = find("HEALTHCHECK")
    command = step.partition("CMD ")[2].replace(":3000/", f":{port}/")
    return subprocess.run(["sh", "-c", command], env=environ, capture_output=True).returncode


@pytest.mark.service
def test_what_it_installs_serves_an_approved_model(served: dict[str, str], port: int) -> None:
    deadline = time.monotonic() + 120
    while ask_health(served, port) != 0:
        assert time.monotonic() < deadline, Path(served["LOG"]).read_text()
        time.sleep(0.5)
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/predict",
        data=json.dumps({"patient": PATIENT}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {served['KEY']}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        told = json.loads(answer.read())
    assert told["model"]["status"].startswith("approved")
    assert told["estimates"]
    found = read_recorded(served)
    assert [(one.request_id, one.caller) for one in found] == [(told["request_id"], "ward-7")]
    assert "pilot:1" in Path(served["KETRESPONSE_REVIEW_SEEN"]).read_text()


def read_recorded(environ: dict[str, str]) -> list[RecordedEstimate]:
    settings = RecordSettings.from_environ(environ)
    assert settings is not None
    with closing(open_store(settings)) as store:
        return store.read()


def test_the_store_and_the_key_that_opens_it_lie_in_volumes_of_their_own() -> None:
    (settings,) = find("ENV")
    told = dict(word.split("=", 1) for word in settings.split())
    folders = {Path(told[name]).parent for name in VOLUMES}
    store, key = (Path(told[name]).parent for name in VOLUMES[:2])
    text = (PROJECT / "Containerfile").read_text(encoding="utf-8")
    assert store != key and folders == {store, key}
    for folder in folders:
        assert re.search(rf"^#.* -v \S+:{folder}:U", text, re.M)
        # Not in the image: who forgets to mount one is told, and nothing is kept in the container.
        assert not [step for step in find("RUN") if f"{folder} " in f"{step} "]


def test_it_holds_none_of_what_training_needs(installed: Path) -> None:
    listed = subprocess.run(
        [
            installed / "python",
            "-c",
            "import importlib.metadata as m; print(*[d.name for d in m.distributions()])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    names = {name.lower() for name in listed.stdout.split()}
    assert {"bentoml", "ketresponse", "psycopg"} <= names
    assert not {"mlflow", "matplotlib", "shap", "statsmodels", "pytest"} & names
