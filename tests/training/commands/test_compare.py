"""`ketresponse compare`, for runs and for study files."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner, Result

from features.errors import InputError, KetresponseError
from tests.training.validation.test_comparison import folder as folder
from training.commands.compare import compare
from training.store.tracking import RunRecord, track_run
from training.validation.comparison import EVALUATION_TAG

app = typer.Typer()
app.command()(compare)


def _draws(seed: int, n: int = 101) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(n, 2)), columns=["auc", "brier"])


def _track(folder: Path, tracking_uri: str, draws: pd.DataFrame | None, **tags: str) -> str:
    files = folder / "files"
    files.mkdir(exist_ok=True)
    for file in files.iterdir():
        file.unlink()
    if draws is not None:
        draws.to_csv(files / "draws_t1.csv", index=False)
    return track_run(RunRecord("plain", tags=tags, files=files), tracking_uri=tracking_uri)


def _run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_runs_are_compared_by_what_they_keep(
    folder: Path, tracking_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_uri)
    monkeypatch.setenv("COLUMNS", "200")
    draws = _draws(1).round(6).assign(**{"net_benefit_0.4": 0.125})
    here = {EVALUATION_TAG: "k", "cohort_sha256": "c"}
    first = _track(folder, tracking_uri, draws, **here)
    second = _track(folder, tracking_uri, draws + 0.25, **here)
    result = _run(first, second, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["paired"]
    assert found["differences"]["t1"]["auc"]["low"] == pytest.approx(0.25)
    assert found["net_benefit"]["t1"]["0.4"]["difference"] == pytest.approx(0.25)
    assert found["differs"] == [] and "cohort file" in found["same"]
    assert "predictors" in found["untold"]
    assert found["differences"]["t1"].keys() == {"auc", "brier"} and found["delong"] == {}
    text = _run(first, second).stdout
    assert "Paired: both judged the same patients" in text
    assert "T1, net benefit by threshold" in text and "+0.250 to +0.250" in text
    assert "DeLong's test needs each patient's risk, which a run does not keep" in text

    constant = draws.assign(auc=0.5, calibration_slope=np.nan)
    flat = _track(folder, tracking_uri, constant, **here)
    text = _run(_track(folder, tracking_uri, constant, **here), flat).stdout
    slope = next(line for line in text.splitlines() if "Calibration slope" in line)
    assert slope.count("–") == 4 and "nan" not in text

    monkeypatch.setenv("COLUMNS", "80")
    narrow = _run(first, second).stdout
    lines = narrow.splitlines()
    assert max(map(len, lines)) <= 80 and "\u2026" not in narrow
    # How a measure is read stands below the table then, and not in a column of three words.
    assert "Brier score: 0 is best; lower is better." in lines
    monkeypatch.setenv("COLUMNS", "200")

    other = _track(folder, tracking_uri, draws, **{EVALUATION_TAG: "l", "cohort_sha256": "c"})
    assert (
        "same cohort file, but other" in json.loads(_run(first, other, "--json").stdout)["reason"]
    )
    away = _track(folder, tracking_uri, draws, **{EVALUATION_TAG: "m", "cohort_sha256": "d"})
    text = _run(first, away).stdout
    assert "NOT paired: the runs judge different cohorts" in text
    # What differs is read before the first number is.
    places = [text.index(words) for words in ("What differs", "- Other cohort files", "NOT", "AUC")]
    assert places == sorted(places)
    file, patients = json.loads(_run(first, away, "--json").stdout)["differs"]
    assert file["what"] == "cohort file" and "A a file (SHA-256 c...)" in file["text"]
    assert "cannot be told from runs" in patients["text"]
    bare = _track(folder, tracking_uri, draws)  # no key: nothing is known to be the same
    assert not json.loads(_run(bare, bare, "--json").stdout)["paired"]
    with pytest.raises(KetresponseError, match="keeps no resamples"):
        raise _run(first, _track(folder, tracking_uri, None)).exception or AssertionError
    with pytest.raises(KetresponseError, match="cannot read the run nothing"):
        raise _run(first, "nothing").exception or AssertionError


def test_study_files_are_compared_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result = _run(folder / "one.toml", folder / "two.toml", "--jobs", 1)
    assert result.exit_code == 0, result.output
    assert f"B: {folder / 'two.toml'}" in result.stdout.replace("\n", "")
    assert "Brier skill" in result.stdout
    assert "- Predictors: opioid in B alone." in result.stdout
    assert "DeLong's paired test of the AUC: p = " in result.stdout
    same = _run(folder / "one.toml", folder / "one.toml", "--jobs", 1)
    assert "p = 1.000; the two rank all patients alike" in same.stdout
    found = json.loads(_run(folder / "one.toml", folder / "two.toml", "--json").stdout)
    assert 0 <= found["delong"]["t1"]["p_value"] <= 1 and found["net_benefit"] == {}
    with pytest.raises(InputError, match="two runs, or two study files"):
        raise _run(folder / "one.toml", "run").exception or AssertionError


def test_a_networks_run_tells_what_to_compare_instead(
    tmp_path: Path, tracking_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_uri)
    network = track_run(RunRecord("net", kind="network"), tracking_uri=tracking_uri)
    error = _run(network, network).exception
    assert isinstance(error, KetresponseError)
    assert "never in one place" in str(error) and "`ketresponse validate` of both" in str(error)
