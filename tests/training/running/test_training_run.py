"""A study with a panel, from files to registry; of a patient's panel nothing is kept."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from features.cohort.cohort import read_cohort
from features.panel.panel import to_matrix
from ketresponse import app
from tests.training.helpers.documents import leaving_pictures_empty
from tests.training.helpers.evaluated import describe_small
from tests.training.helpers.panel_cohorts import write_files
from training.running.training_run import Training, tell_beforehand, write_report
from training.store.artifact import load_model
from training.study.settings import read_study
from training.study.study import read_description


@pytest.fixture(scope="module")
def trained(tmp_path_factory, empty_store):
    folder = tmp_path_factory.mktemp("with_panel")
    simulated = write_files(folder, 170, shift=1.2, horizons='["t1", "t2"]', skip=20, n_assays=40)
    shutil.copy(empty_store, folder / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch, leaving_pictures_empty():
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        result = CliRunner().invoke(
            app, ["train", "study.toml", "--json", "--jobs", "1", "--report", "report.html"]
        )
    assert result.exit_code == 0, result.output
    return folder, simulated, json.loads(result.stdout)


def test_panels_of_another_spelling_are_told_before_anything_is_fitted(tmp_path):
    simulated = write_files(tmp_path, 60)
    first = simulated.panel.table["patient_id"].iloc[0]
    other = first.lower().replace("-", " ")
    table = simulated.panel.table.replace({"patient_id": {first: other}})
    table.to_parquet(tmp_path / "panel.parquet")
    lines = tell_beforehand(read_description(read_study(tmp_path / "study.toml")))
    assert lines[0].startswith("Sample size: ")
    assert lines[-1].endswith(f": {other} (in the cohort: {first})")


def _files(folder: Path) -> list[Path]:
    return [path for path in (folder / "mlartifacts").rglob("*") if path.is_file()]


def test_the_artifact_holds_both_sub_models(trained):
    _, _, summary = trained
    assert summary["panel"]["found"] == "found"
    loaded = load_model(Path(summary["folder"]))
    assert loaded.facts.submodel == "clinical+panel"
    assert set(loaded.panel.selected) >= {f"hsa-miR-{9000 + j}-5p" for j in range(4)}
    assert loaded.facts.panel["n_patients"] == 150
    first = loaded.facts.panel["horizons"]["t1"]
    low, high = first["difference"]["brier"][1:]
    assert low < first["difference"]["brier"][0] < high < 0
    assert loaded.panel.clinical_predictors == loaded.model.predictors


def test_both_horizons_keep_their_order(trained):
    folder, simulated, summary = trained
    panel = load_model(Path(summary["folder"])).panel
    matrix = to_matrix(simulated.panel, assays=panel.assays, ceiling=panel.ceiling)
    X = read_cohort(folder / "cohort.csv").table[list(panel.clinical_predictors)].to_numpy(float)
    risks = panel.response.probability(panel.encode(X[20:], matrix.ct))
    assert np.all(risks[:, 1] <= risks[:, 0])
    assert risks.std(axis=0).min() > 0.05


def test_report_run_and_results_tell_of_the_panel(trained):
    folder, _, summary = trained
    page = (folder / "report.html").read_text()
    assert "MicroRNA panel: added value found" in page
    assert "Stability of the selection" not in page  # that stands in the picture
    assert "150 panels of 40 assays" in page
    names = {path.name for path in _files(folder)}
    assert any(name.endswith("panel_assays.csv") for name in names)
    assert any(name.endswith("panel_added_value.csv") for name in names)
    assert any(name.endswith("panel_selection.png") for name in names)
    (results,) = [path for path in _files(folder) if path.name == "results.json"]
    told = json.loads(results.read_text())["panel"]
    assert told["found"] == "found"
    assert len(told["assays"]) == 40
    from training.store.client import make_client

    run = make_client(f"sqlite:///{folder / 'mlflow.db'}").get_run(summary["run_id"])
    assert run.data.metrics["panel_t1_auc_difference"] > 0.05
    assert run.data.tags["panel_sha256"]


def test_answer_results_and_report_word_the_outcome_alike(trained):
    folder, _, summary = trained
    (results,) = [path for path in _files(folder) if path.name == "results.json"]
    outcomes = load_model(Path(summary["folder"])).facts.outcomes
    assert "a median of" in outcomes["t2"]  # the simulated cohort tells its follow-up
    assert json.loads(results.read_text())["study"]["outcomes"] == outcomes
    page = (folder / "report.html").read_text()
    assert outcomes["t2"] in page
    assert "discharge" not in outcomes["t1"]


def test_no_identifier_and_no_value_of_a_panel_is_kept(trained):
    folder, simulated, _ = trained
    table = simulated.panel.table
    ids = set(table["patient_id"])
    number = re.compile(r"\d+\.\d{5}")
    values = {number.match(f"{ct:.9f}")[0] for ct in table["ct"].dropna()}
    files = _files(folder)
    assert len(files) > 10
    for path in files:
        if path.suffix in (".png", ".skops"):
            continue
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        assert not ids & set(re.findall(r"PSEUDONYM\d+", text)), path
        assert not values & set(number.findall(text)), path
        if path.suffix == ".csv":
            assert len(pd.read_csv(path)) != len(ids), path


@pytest.mark.usefixtures("undrawn")
def test_a_study_without_a_panel_takes_one_from_the_command(tmp_path, tracking_uri, monkeypatch):
    write_files(tmp_path, 60, more="", n_assays=30)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_uri)
    command = ["train", str(tmp_path / "study.toml"), "--jobs", "1"]
    result = CliRunner().invoke(app, [*command, "--panel", str(tmp_path / "panel.parquet")])
    assert result.exit_code == 0, result.output
    assert "nothing was found" in " ".join(result.output.split())
    result = CliRunner().invoke(app, [*command, "--panel", str(tmp_path / "none.parquet")])
    assert result.exit_code != 0


@pytest.mark.parametrize("ending", ["docx", "md", "html"])
def test_a_descriptive_report_is_written_in_every_form(tmp_path: Path, ending: str) -> None:
    described = replace(describe_small(n=40), shortfall="3 responders and 37 nonresponders")
    path = tmp_path / f"report.{ending}"
    write_report(Training(described), path, tracking_uri="")
    assert path.read_bytes()[:2] == {"docx": b"PK", "md": b"# ", "html": b"<!"}[ending]
