"""`ketresponse evidence` as a reader types it."""

import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from experiments.evidence.commands import evidence

app = typer.Typer()


app.command()(evidence)


runner = CliRunner()


def test_command_writes_page_tables_and_plots(tmp_path: Path) -> None:
    out = tmp_path / "evidence"
    result = runner.invoke(app, ["--out", str(out), "--quiet"])
    assert result.exit_code == 0, result.output
    assert result.output == ""
    names = {path.name for path in out.iterdir()}
    assert {
        "evidence.html",
        "evidence.md",
        "table_1_base_rates.csv",
        "table_2_pooled_rates.csv",
        "figure_1_forest_at_the_end_of_treatment.png",
        "figure_2_forest_at_1_to_3_months.png",
        "figure_3_funnel.png",
    } <= names
    page = (out / "evidence.html").read_text()
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []


def test_command_prints_ten_lines_or_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = runner.invoke(app, []).output.splitlines()
    assert len(lines) <= 10 and "29 of 47" in " ".join(lines)
    assert lines[-1] == "Page, tables and pictures: evidence/evidence.html"
    assert (tmp_path / "evidence" / "evidence.html").is_file()
    tables = json.loads(runner.invoke(app, ["--json"]).output)["tables"]
    assert tables["base_rates"][0]["events"] == 29
    reproduced = [row for row in tables["pooled_rates"] if row["way"] == "reproduced"]
    assert [round(100 * row["rate"]) for row in reproduced] == [69, 58]
