"""The main job on real patients: import, train, and say truthfully what the data can bear."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ketresponse import app
from tests.places import PROJECT, SHARED
from training.document.render import to_markdown
from training.evaluation.evaluation import Evaluation, evaluate
from training.fitting.procedure import Procedure
from training.report.report import make_report
from training.study.settings import read_study
from training.study.study import Description, read_description
from training.study.tables import Resampling

RAW = SHARED / "data/ashar_prt_backpain/Ashar2022_outcomes_demographics.csv"

pytestmark = pytest.mark.skipif(
    not RAW.exists(), reason="the trial's public file is not beside the project (../shared/data)"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ashar")
    for name in ("mapping.toml", "baseline.toml", "with_arm.toml"):
        shutil.copy(PROJECT / "experiments" / "studies" / "ashar" / name, folder)
    result = CliRunner().invoke(
        app,
        [
            "cohort",
            "import",
            "--mapping",
            str(folder / "mapping.toml"),
            str(RAW),
            "--out",
            str(folder / "cohort.parquet"),
        ],
    )
    assert result.exit_code == 0, result.output
    return folder


def _run(folder: Path, name: str) -> tuple[Description, Evaluation]:
    study = replace(
        read_study(folder / name),
        procedure=Procedure(("prevalence", "ridge"), inner_repeats=1),
        resampling=Resampling(repeats=3, bootstrap=200, bootstrap_reruns=0),
    )
    description = read_description(study)
    return description, evaluate(description)


def test_the_published_number_of_responders_comes_back(folder: Path) -> None:
    counts = read_description(read_study(folder / "baseline.toml")).counts["t1"]
    assert (counts["events"], counts["n"]) == (64, 135)


def test_the_report_says_that_baseline_variables_cannot_bear_a_model(folder: Path) -> None:
    description, evaluation = _run(folder, "baseline.toml")
    report = to_markdown(make_report(description, evaluation), pictures=False)
    assert "RESEARCH USE ONLY" in report
    assert "Not enough data: do not deploy." in report
    assert "64" in report


def test_the_treatment_arm_is_found_as_the_positive_control(folder: Path) -> None:
    # 40/44, 14/44 and 10/47 responded in the three arms: the arm alone has an AUC of 0.8.
    _, without = _run(folder, "baseline.toml")
    _, with_arm = _run(folder, "with_arm.toml")
    plain = without.performance["t1"].loc["auc"]
    control = with_arm.performance["t1"].loc["auc"]
    assert control["estimate"] > plain["estimate"] + 0.1
    assert control["low"] > plain["estimate"]
