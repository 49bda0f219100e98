"""`ketresponse validate` and `leave-site-out` as a researcher types them."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner, Result

from features.errors import InputError, KetresponseError, NotEnoughData
from tests.training.helpers.centres import add_centres
from tests.training.helpers.cohorts import write_cohort
from tests.training.helpers.examples import make_facts, make_model
from training.commands.validate import leave_site_out, validate_model
from training.store.artifact import read_facts, save_model
from training.store.registry import register
from training.store.tracking import RunRecord, read_run, track_run

app = typer.Typer()
app.command("validate")(validate_model)
app.command("leave-site-out")(leave_site_out)

STUDY = """
name = "sites"
title = "Three places"
seed = 4
[population]
description = "simulated"
[treatment]
description = "simulated"
[cohort]
file = "{file}"
[procedure]
candidates = ["prevalence", "ridge"]
inner_repeats = 1
"""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a model's folder and the cohort of other patients."""
    folder = tmp_path_factory.mktemp("inputs")
    facts = make_facts(synthetic=False, status="research", version="3")
    save_model(folder / "model", make_model(), facts)
    write_cohort(folder / "other.csv", 160, seed=5)
    write_cohort(folder / "t1.csv", 90, seed=5, horizons=("t1",))  # half the work
    return folder


@pytest.fixture(autouse=True)
def store(tracking_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_uri)
    monkeypatch.setenv("COLUMNS", "200")


def _run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def _validate(*words: object) -> dict[str, Any]:
    result = _run("validate", *words, "--resamples", 100, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.usefixtures("undrawn")
def test_a_validation_is_tracked_beside_its_model(
    inputs: Path, tracking_uri: str, tmp_path: Path
) -> None:
    found = _validate(inputs / "model", inputs / "other.csv", "--thresholds", "0.3,0.7")
    facts, digest = read_facts(inputs / "model")
    assert found["model"] == "example:3" and found["model_digest"] == digest
    assert not found["synthetic"] and not found["is_training_cohort"] and found["warnings"] == []
    run = read_run(found["run_id"], tracking_uri=tracking_uri)
    assert run.name.startswith("example validation 20")
    assert run.tags["ketresponse.kind"] == "validation"
    assert run.tags["ketresponse.model_version"] == "3"
    assert run.tags["ketresponse.model_digest"] == digest
    assert run.tags["ketresponse.status"] == "research"
    assert run.tags["cohort_sha256"] == found["cohort_sha256"] != facts.cohort_sha256
    table = pd.DataFrame(found["tables"]["performance_t1"]).set_index("metric")
    assert run.metrics["t1_auc"] == pytest.approx(table.loc["auc", "estimate"])
    assert run.metrics["t2_ici"] > 0 and "t2_ici_high" not in run.metrics
    assert run.metrics["t1_n"] == 160 - found["tables"]["outcome_bounds"][0]["unknown"]
    assert "t1_sites_auc_low" in run.metrics
    assert {"validation.html", "draws_t1.csv", "draws_t2.csv"} <= set(run.files)


def test_the_page_is_written_and_nothing_of_a_patient_is_kept(inputs: Path, tmp_path: Path) -> None:
    words = (
        "validate",
        inputs / "model",
        inputs / "other.csv",
        "--resamples",
        100,
        "--out",
        tmp_path / "out",
    )
    result = _run(*words)
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    for words_shown in (
        "RESEARCH USE ONLY",
        "Calibration slope",
        "By site, T2",
        "a further site",
        "Predictive values",
        "Tracked as run",
    ):
        assert words_shown in text
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert "validation.html" in names
    assert sum(name.endswith(".png") for name in names) == 8
    assert isinstance(_run(*words).exception, InputError)  # nothing is replaced
    stored = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(stored) > 30
    for path in stored:
        assert b"PSEUDONYM" not in path.read_bytes(), path
    # A row for each of 160 patients would be a table of that length.
    lengths = {len(pd.read_csv(path)) for path in stored if path.suffix == ".csv"}
    assert 160 not in lengths and max(lengths) <= 101


@pytest.mark.usefixtures("undrawn")
def test_the_training_cohort_and_simulated_patients_are_told_first(
    inputs: Path, tmp_path: Path
) -> None:
    file = write_cohort(tmp_path / "c.csv", 60, seed=6, synthetic=True, horizons=("t1",))
    found = _validate(inputs / "model", file)
    assert found["synthetic"] and "DEMONSTRATION" in found["stamp"]
    save_model(tmp_path / "own", make_model(), make_facts(cohort_sha256=found["cohort_sha256"]))
    own = _validate(tmp_path / "own", file)
    assert own["is_training_cohort"] and "no validation" in own["warnings"][0]


@pytest.mark.usefixtures("undrawn")
def test_a_centre_is_named_in_any_spelling_or_refused(inputs: Path, tmp_path: Path) -> None:
    facts = make_facts(synthetic=False, status="research", version="3")
    save_model(tmp_path / "several", add_centres(make_model(), {"North": 0.8}), facts)
    found = _validate(tmp_path / "several", inputs / "t1.csv", "--centre", "north")
    assert found["centre"] == {"name": "North", "known": True}
    words = ("validate", tmp_path / "several", inputs / "t1.csv", "--centre")
    error = _run(*words, "Nort").exception
    assert isinstance(error, InputError)
    assert str(error).endswith("(did you mean North?); leave --centre out for a new one")
    alone = _run("validate", inputs / "model", inputs / "t1.csv", "--centre", "North").exception
    assert isinstance(alone, InputError) and "knows no centres" in str(alone)


@pytest.mark.usefixtures("undrawn")
def test_a_registered_model_is_found_by_name(inputs: Path, tracking_uri: str) -> None:
    run_id = track_run(RunRecord("example"), tracking_uri=tracking_uri)
    register(run_id, make_model(), make_facts(), name="example", tracking_uri=tracking_uri)
    found = _validate("example:1", inputs / "t1.csv")
    assert found["model"] == "example:1"
    tags = read_run(found["run_id"], tracking_uri=tracking_uri).tags
    assert tags["ketresponse.training_run"] == run_id
    assert tags["ketresponse.status"] == "demonstration"
    assert found["centre"] is None and "ketresponse.centre" not in tags
    for name in ("example:9", "nothing", "no/such/folder"):
        assert isinstance(_run("validate", name, inputs / "other.csv").exception, KetresponseError)


@pytest.mark.parametrize("thresholds", ["0.3", "0.7,0.3", "0,0.5", "a,b", "0.2,1", "nan,0.5"])
def test_a_range_that_is_none_is_refused(inputs: Path, thresholds: str) -> None:
    error = _run(
        "validate", inputs / "model", inputs / "other.csv", "--thresholds", thresholds
    ).exception
    assert isinstance(error, InputError) and error.problems[0].column == "--thresholds"


# ---------------------------------------------------------------- leaving sites out


@pytest.mark.usefixtures("undrawn")
def test_sites_are_left_out_one_by_one(tmp_path: Path, tracking_uri: str) -> None:
    write_cohort(tmp_path / "c.csv", 220, seed=7)
    study = tmp_path / "study.toml"
    study.write_text(STUDY.format(file="c.csv"))
    result = _run("leave-site-out", study, "--jobs", 1, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    sites = pd.DataFrame(found["tables"]["sites_t1"])
    assert sites["site"].tolist() == ["Aveleijn", "Bremberg", "Corswarem", "Dreiborn"]
    assert sites["note"].str.startswith("not estimable").tolist() == [False] * 3 + [True]
    run = read_run(found["run_id"], tracking_uri=tracking_uri)
    assert run.tags["ketresponse.kind"] == "leave-site-out"
    pooled = pd.DataFrame(found["tables"]["sites_pooled_t1"]).set_index("measure")
    assert run.metrics["t1_sites_auc"] == pytest.approx(pooled.loc["auc", "estimate"])
    assert run.metrics["t1_sites_auc_low"] == pytest.approx(pooled.loc["auc", "prediction_low"])
    shown = _run("leave-site-out", study, "--jobs", 1, "--out", tmp_path / "out")
    assert "each site left out" in shown.stdout
    assert (tmp_path / "out" / "leave_site_out.html").is_file()


def test_too_few_patients_or_sites_are_told(tmp_path: Path) -> None:
    study = tmp_path / "study.toml"
    study.write_text(STUDY.format(file="c.csv"))
    write_cohort(tmp_path / "c.csv", 12, seed=7)
    assert isinstance(_run("leave-site-out", study).exception, NotEnoughData)
    write_cohort(tmp_path / "c.csv", 60, seed=7)
    table = pd.read_csv(tmp_path / "c.csv").assign(site="one")
    table.to_csv(tmp_path / "c.csv", index=False)
    with pytest.raises(InputError, match="at least two sites"):
        raise _run("leave-site-out", study).exception or AssertionError
