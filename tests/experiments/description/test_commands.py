"""`ketresponse cohort describe` as a researcher types it."""

import json
import re
from pathlib import Path

import typer
from typer.testing import CliRunner

from experiments.description.commands import describe_file
from features.errors import InputError
from tests.training.helpers.mangnus import make_mangnus_cohort

app = typer.Typer()


app.command()(describe_file)


runner = CliRunner()


def test_command_writes_everything_and_no_patient(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = runner.invoke(app, [str(file), "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    tables = json.loads(result.output)["tables"]
    assert tables["response_t1_t2"][0]["mcnemar_exact_p"] == 0.03125
    names = {path.name for path in out.iterdir()}
    assert {
        "description.html",
        "description.md",
        "figure_1_attrition.png",
        "table_1_patients.csv",
        "table_3_response_t1_t2.csv",
    } <= names
    written = b"".join(path.read_bytes() for path in out.iterdir()) + result.output.encode()
    assert b"SYN-" not in written
    page = (out / "description.html").read_text()
    assert re.findall(r'(?:src|href|action)="(?!data:)', page) == []
    assert page.count("<img ") == 4
    assert page.count("alt=") == 4


def test_command_prints_what_a_person_reads(file: Path) -> None:
    result = runner.invoke(app, [str(file)])
    assert result.exit_code == 0
    assert "29/47" in result.output


def test_command_passes_rule_and_horizons_on(file: Path) -> None:
    result = runner.invoke(app, [str(file), "--rule", "fall30", "--horizons", "t1", "--json"])
    rates = json.loads(result.output)["tables"]["rates"]
    assert [row["rate"] for row in rates] == ["t1"]
    assert rates[0]["published"] is None
    wrong = runner.invoke(app, [str(file), "--rule", "fall99"])
    assert isinstance(wrong.exception, InputError)


def test_a_cohort_without_outcome_has_a_report(tmp_path: Path) -> None:
    path = tmp_path / "baseline.csv"
    make_mangnus_cohort()[["patient_id", "age_years", "sex", "nrs_t0"]].to_csv(path, index=False)
    result = runner.invoke(app, [str(path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "No outcome is known." in result.output
    assert "Response" not in result.output
    assert (tmp_path / "out" / "figure_2_missing.png").exists()
