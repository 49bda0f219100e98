"""`ketresponse study template`, as a researcher begins with a cohort file."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from features.simulation.cohort import make_cohort
from ketresponse import app


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    file = tmp_path / "Our cohort (2024).csv"
    make_cohort(12, seed=4).table.to_csv(file, index=False)
    return file


def test_the_study_stands_beside_the_cohort_and_trains_as_it_stands(cohort, tmp_path, monkeypatch):
    result = _run("study", "template", cohort)
    assert result.exit_code == 0, result.output
    assert f"ketresponse train {tmp_path / 'study.toml'}" in result.output
    assert 'name = "our-cohort-2024"' in (tmp_path / "study.toml").read_text()
    monkeypatch.chdir(tmp_path)
    trained = _run("train", tmp_path / "study.toml")
    assert trained.exit_code == 3  # read, labelled and described: too few for a model
    assert "a model needs at least 8 of each" in " ".join(trained.output.split())


def test_a_study_that_is_there_is_not_written_over(cohort, tmp_path):
    study = tmp_path / "study.toml"
    study.write_text("mine")
    refused = _run("study", "template", cohort)
    assert refused.exit_code == 2
    assert "is there already" in refused.output
    assert study.read_text() == "mine"
    assert _run("study", "template", cohort, "--force", "--quiet").output == ""
    assert study.read_text() != "mine"


def test_elsewhere_the_study_still_finds_its_cohort(cohort, tmp_path):
    (tmp_path / "studies").mkdir()
    out = tmp_path / "studies" / "first.toml"
    assert _run("study", "template", cohort, "--out", out).exit_code == 0
    assert 'file = "../Our cohort (2024).csv"' in out.read_text()
    assert _run("cohort", "check", cohort, "--study", out).exit_code == 0


def test_no_cohort_is_written_over(cohort, tmp_path):
    before = cohort.read_bytes()
    result = _run("study", "template", cohort, "--out", cohort, "--force")
    assert result.exit_code == 2
    assert "must end in .toml" in result.output
    assert cohort.read_bytes() == before


def test_another_scale_needs_a_rule_and_that_is_said(cohort, tmp_path):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        '[columns]\npatient_id = "id"\n[outcome.scale]\nmin = 0\nmax = 100\n'
        'higher_is_worse = true\nlabel = "VAS"\nunit = "mm"\n'
    )
    refused = _run("study", "template", cohort, "--mapping", mapping)
    assert refused.exit_code == 2
    assert "--rule" in refused.output
    written = _run("study", "template", cohort, "--mapping", mapping, "--rule", "fall >= 20")
    assert written.exit_code == 0, written.output
    assert 'mapping = "mapping.toml"' in (tmp_path / "study.toml").read_text()


def test_a_mapping_is_not_written_over(cohort, tmp_path):
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[columns]\npatient_id = "id"\n')
    result = _run("study", "template", cohort, "--mapping", mapping, "--out", mapping, "--force")
    assert result.exit_code == 2
    assert mapping.read_text().startswith("[columns]")
