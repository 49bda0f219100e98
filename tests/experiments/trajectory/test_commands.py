"""`ketresponse cohort trajectory` as a researcher types it."""

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from experiments.trajectory.commands import trajectory
from features.errors import InputError

app = typer.Typer()


app.command()(trajectory)


runner = CliRunner()


def test_command_writes_everything_and_no_patient(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = runner.invoke(app, [str(file), "--out", str(out), "--json", "--week", "6"])
    assert result.exit_code == 0, result.output
    tables = json.loads(result.output)["tables"]
    assert [row["week"] for row in tables["weeks"] if not row["adjusted"]] == list(range(1, 13))
    assert "at week 6" in (out / "trajectory.md").read_text()
    names = {path.name for path in out.iterdir()}
    assert {
        "trajectory.html",
        "figure_1_means.png",
        "figure_2_differences.png",
        "figure_3_regressions.png",
        "table_1_weeks.csv",
    } <= names
    written = b"".join(path.read_bytes() for path in out.iterdir()) + result.output.encode()
    assert b"SYN-" not in written
    assert re.findall(r'(?:src|href)="(?!data:)', (out / "trajectory.html").read_text()) == []


def test_command_takes_another_reference_and_refuses_a_wrong_week(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(app, [str(file), "--reference", "ketamine"])
    assert len(result.output.splitlines()) <= 10
    page = (tmp_path / "trajectory" / "trajectory.html").read_text()
    assert "30 patients in the arm placebo" in page
    wrong = runner.invoke(app, [str(file), "--week", "40"])
    assert isinstance(wrong.exception, InputError)
