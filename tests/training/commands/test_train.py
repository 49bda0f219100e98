"""The whole way of `ketresponse train`, as a researcher walks it."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from features.simulation.cohort import make_cohort
from ketresponse import app
from tests.training.helpers.examples import make_facts, make_model
from tests.training.helpers.runs import track
from training.store.artifact import load_model
from training.store.client import make_client
from training.store.registry import register
from training.study.settings import read_study
from training.study.study import read_description

STUDY = """
name = "quick"
seed = 11
[population]
description = "simulated"
condition = "CRPS"
[treatment]
description = "simulated"
[cohort]
file = "cohort.csv"
[outcome]
horizons = {horizons}
[procedure]
candidates = ["prevalence", "ridge"]
inner_repeats = 1
[resampling]
repeats = 2
bootstrap_reruns = 3
learning_curve = 1
bootstrap = 100
"""


def _write(folder: Path, table: pd.DataFrame, *, horizons: str = '["t1", "t2"]') -> Path:
    table.to_csv(folder / "cohort.csv", index=False)
    study = folder / "study.toml"
    study.write_text(STUDY.format(horizons=horizons))
    return study


def _real(n: int, seed: int) -> pd.DataFrame:
    """Rows that do not say they are simulated, with values that would stand out in a file."""
    table = make_cohort(n, seed=seed).table.drop(columns="record_origin")
    table["patient_id"] = [f"PSEUDONYM{i:05d}" for i in range(n)]
    table["disease_duration_years"] = np.round(
        table["disease_duration_years"].astype(float) + 0.0123, 4
    )
    return table


def _train(study: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["train", str(study), "--jobs", "1", *options])


@dataclass(frozen=True)
class Trained:
    folder: Path
    study: Path
    summary: dict[str, object]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("train")
    study = _write(folder, _real(90, 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        result = _train(study, "--json")
    assert result.exit_code == 0, result.output
    return Trained(folder, study, json.loads(result.stdout))


def test_the_summary_says_what_the_data_can_bear(trained: Trained) -> None:
    summary = trained.summary
    assert summary["status"] == "research"
    assert summary["model"] == "quick:1"
    assert summary["verdict"][0] == "Not enough data: do not deploy."  # type: ignore[index]
    assert set(summary["performance"]) == {"t1", "t2"}  # type: ignore[call-overload]


def test_no_artifact_holds_a_patient(trained: Trained) -> None:
    table = pd.read_csv(trained.folder / "cohort.csv")
    durations = {f"{value}" for value in table["disease_duration_years"].dropna()}
    searched = 0
    for path in trained.folder.rglob("*"):
        if path.is_dir() or path in (trained.folder / "cohort.csv", trained.study):
            continue
        data = path.read_bytes()
        searched += 1
        assert b"PSEUDONYM" not in data, path
        numbers = set(re.findall(rb"\d+\.\d{4}", data))
        assert not {n for n in numbers if n.decode() in durations}, path
    assert searched > 10


def test_no_background_row_is_a_training_row(trained: Trained) -> None:
    model = load_model(Path(str(trained.summary["folder"]))).model
    rows = read_description(read_study(trained.study)).data.X
    for row in model.background:
        assert not (rows == row).all(axis=1).any()


def test_the_artifact_gives_the_numbers_of_the_procedure(trained: Trained) -> None:
    loaded = load_model(Path(str(trained.summary["folder"])))
    data = read_description(read_study(trained.study)).data
    risks = loaded.model.probability(data.X)
    known = ~np.isnan(data.y["t1"])
    assert risks[known, 0].mean() == pytest.approx(data.y["t1"][known].mean(), abs=1e-9)
    low, high = np.moveaxis(loaded.model.interval(data.X), 2, 0)
    assert ((low <= risks) & (risks <= high)).all()


@pytest.mark.usefixtures("undrawn")
def test_same_seed_same_numbers_and_another_seed_others(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained.folder)
    again = json.loads(_train(trained.study, "--json").stdout)
    assert again["performance"] == trained.summary["performance"]
    assert again["model"] == "quick:2"
    other = json.loads(_train(trained.study, "--json", "--seed", "12").stdout)
    assert other["performance"] != trained.summary["performance"]


@pytest.mark.usefixtures("undrawn")
def test_simulated_rows_make_a_demonstration(
    tmp_path: Path, tracking_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_uri)
    facts = make_facts(synthetic=False, status="research")
    run = track(tracking_uri, tmp_path)
    register(run, make_model(), facts, name="quick", tracking_uri=tracking_uri)
    table = _real(60, 4)
    table.loc[17, "patient_id"] = "SYN-00001"  # one simulated row is enough
    study = _write(tmp_path, table)
    refused = _train(study, "--json")
    assert refused.exit_code == 4
    said = " ".join(refused.stderr.split())
    assert "of real patients, and this model is of a simulated cohort" in said
    assert "say so with --yes" in said
    # Before anything is fitted, and not after it.
    assert make_client(tracking_uri).get_experiment_by_name("quick") is None
    result = _train(study, "--json", "--yes")
    assert json.loads(result.stdout)["status"] == "demonstration"


def test_too_few_of_a_class_is_a_report_and_registers_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = _train(_write(tmp_path, _real(12, 5)))
    assert result.exit_code == 3
    assert "no model was fitted" in " ".join(result.stdout.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cohort.csv", "study.toml"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda t: t.drop(columns="nrs_t0"), "nrs_t0: expected a column for this predictor"),
        (lambda t: t.assign(nrs_t0=None), "nrs_t0"),
        (lambda t: t.assign(nrs_t0=11), "from 0 to 10"),
        (lambda t: t.assign(disease_duration_years=-1), "from 0 to 60"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "the same as in row 2"),
        (lambda t: t.iloc[:0], "has a header and no rows"),
        (lambda t: t.assign(setting="emergency"), "at least one eligible course"),
    ],
)
def test_a_spoilt_cohort_is_one_clear_error_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: object, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    study = _write(tmp_path, spoil(_real(40, 6)))  # type: ignore[operator]
    result = _train(study)
    assert result.exit_code == 2
    assert words in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cohort.csv", "study.toml"]


def test_one_class_only_is_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table = _real(40, 7).assign(nrs_t1=None, success_t1="yes")
    result = _train(_write(tmp_path, table, horizons='["t1"]'))
    assert result.exit_code == 3
    assert "40 responders and 0 nonresponders" in " ".join(result.stdout.split())


@pytest.mark.usefixtures("undrawn")
def test_an_interrupt_registers_nothing(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*args: object, **keywords: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(trained.folder)
    before = CliRunner().invoke(app, ["models", "--json"]).stdout
    for place in (
        "training.evaluation.evaluation.predict_folds",
        "training.running.training_run.register",
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, stop)
            result = _train(trained.study)
        assert result.exit_code == 130
        assert "nothing was registered" in result.stderr
    assert CliRunner().invoke(app, ["models", "--json"]).stdout == before


def test_an_unreachable_store_is_told_before_training(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{trained.study}/mlflow.db")
    result = _train(trained.study)
    assert result.exit_code == 2
    assert "MLFLOW_TRACKING_URI" in result.stderr


@pytest.mark.usefixtures("undrawn")
def test_the_complete_report_is_kept_with_the_run_and_written_where_asked(
    tmp_path: Path, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained.folder)
    mine = tmp_path / "mine.html"
    study = _write(tmp_path, _real(60, 6), horizons='["t1"]')
    result = _train(study, "--null-test", "2", "--report", str(mine), "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    kept = Path(summary["report"])
    assert kept.read_bytes() == mine.read_bytes()
    assert "Null test" in (kept.parent / "report.md").read_text()
    assert list(kept.parent.glob("table_*_performance_t1.csv"))
    assert {row["model"] for row in summary["null_test"]} == {"ridge", "whole procedure"}
    assert set(summary["optimism"]["t1"]["auc"]) >= {"apparent", "corrected", "low", "high"}
    run = make_client("sqlite:///mlflow.db").get_run(summary["run_id"])
    metrics = run.data.metrics
    assert metrics["null_permutations"] == 2
    assert {"t1_auc_corrected", "t1_ici", "t1_null_auc_ridge"} <= set(metrics)
    other = _train(study, "--report", str(tmp_path / "mine.odt"))
    assert other.exit_code == 2 and "must end in .html or .htm or .docx or .md" in other.stderr
    refused = _train(study, "--report", str(mine))
    assert refused.exit_code == 2
    assert "mine.html" in refused.stderr
