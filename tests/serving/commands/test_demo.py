"""The demonstration's made-up patient, asked about over HTTP."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.cohort.cohort import parse_record
from features.dictionary.contract import CONTRACT
from ketresponse import app
from serving.commands.demo import EXAMPLE, ask
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.runs import track
from training.store.registered import list_models
from training.store.registry import register


def test_the_example_is_a_patient_that_the_contract_knows() -> None:
    record, problems = parse_record(EXAMPLE, CONTRACT)
    assert problems == []
    assert record["nrs_t0"] == 8


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
    answer = ask(url, EXAMPLE)
    assert answer["model"]["status"] == "demonstration"
    for estimate in answer["estimates"]:
        parts = [part["contribution"] for part in estimate["explanation"]["contributions"]]
        total = estimate["explanation"]["base"] + sum(parts)
        assert total == pytest.approx(estimate["probability"], abs=1e-6)
