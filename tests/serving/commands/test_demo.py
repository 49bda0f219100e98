"""The demonstration's made-up patient, asked about over HTTP."""

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ketresponse import app
from serving.commands.demo import _name_places, ask
from serving.records.settings import RecordSettings
from serving.records.store import open_store
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.runs import track
from training.store.registered import list_models
from training.store.registry import register


def test_a_folder_that_holds_a_real_model_of_that_name_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    facts = make_facts(synthetic=False, status="research")
    run = track(uri, tmp_path)
    register(run, make_model(), facts, name="demonstration", tracking_uri=uri)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["demo", "--folder", str(folder), "--once"])
    assert result.exit_code == 4
    assert "Give the demonstration another --folder" in " ".join(result.stderr.split())
    assert len(list_models(tracking_uri=uri)) == 1


@pytest.mark.service
def test_the_answer_is_got_over_http_and_adds_up(server: tuple[str, Path]) -> None:
    url, _ = server
    answer = ask(url, {"course_number": 1, "setting": "elective", "nrs_t0": 8})
    assert answer["model"]["status"] == "demonstration"
    for estimate in answer["estimates"]:
        parts = [part["contribution"] for part in estimate["explanation"]["contributions"]]
        total = estimate["explanation"]["base"] + sum(parts)
        assert total == pytest.approx(estimate["probability"], abs=1e-6)


def test_the_lines_for_another_terminal_let_its_commands_find_model_and_records(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    register(track(uri, tmp_path), make_model(), make_facts(), name="demo", tracking_uri=uri)
    records = {
        "KETRESPONSE_RECORDS": str(folder / "records.db"),
        "KETRESPONSE_RECORDS_KEY_FILE": str(folder / "records.key"),
    }
    settings = RecordSettings.from_environ(records)
    assert settings is not None
    open_store(settings).close()
    told = (line.split() for line in _name_places(uri, records).splitlines())
    typed = shlex.split(" ".join(word for _, *words in told for word in words))
    environ = dict(line.split("=", 1) for line in typed)
    result = CliRunner().invoke(app, ["monitor", "demo"], env=environ)
    assert result.exit_code == 0, result.output
    assert "no outcome that counts has been reported yet" in " ".join(result.output.split())
