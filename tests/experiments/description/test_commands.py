"""`ketresponse cohort describe` as a researcher types it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from experiments.description.commands import describe_file
from features.commands import app as cohort
from features.errors import InputError
from features.simulation.cohort import make_cohort
from tests.training.helpers.mangnus import make_mangnus_cohort
from tests.training.helpers.studies import MINIMAL
from training.study.settings import read_study
from training.study.study import read_description

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


def test_command_prints_ten_lines_and_where_the_page_is(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for width in ("40", "80", "200"):
        monkeypatch.setenv("COLUMNS", width)
        result = runner.invoke(app, [str(file)])
        assert result.exit_code == 0
        assert "29/47" in result.output
        lines = result.output.splitlines()
        assert len(lines) <= 10
        assert Path(lines[-1].removeprefix("Page, tables and pictures: ")).is_file()
    # What an earlier call has written is never replaced.
    made = {path.name for path in tmp_path.glob("description*")}
    assert made == {"description", "description-2", "description-3"}


def test_scripts_get_no_page_that_they_did_not_ask_for(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for option in ("--json", "--quiet"):
        assert runner.invoke(app, [str(file), option]).exit_code == 0
    assert list(tmp_path.glob("description*")) == []


def test_groups_need_no_mapping(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    raw = make_mangnus_cohort()
    raw.assign(arm=np.where(np.arange(len(raw)) % 2, "a", "b")).to_csv("arms.csv", index=False)
    words = ["arms.csv", "--by", "arm"]
    tables = json.loads(runner.invoke(app, [*words, "--json"]).output)["tables"]
    assert {row["group"] for row in tables["by_rates"]} == {"a", "b"}
    lines = runner.invoke(app, words).output.splitlines()
    assert len(lines) <= 10 and "by arm: a: " in " ".join(lines)
    assert "By arm" in (tmp_path / "description" / "description.html").read_text()
    refused = runner.invoke(app, [str(file), "--by", "age_years"])
    assert isinstance(refused.exception, InputError)


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


@pytest.mark.parametrize(
    ("rule", "horizons"),
    [("fall30", ("t1",)), ("fall50", ("t1", "t2")), ("fall2_or_success", ("t2",))],
)
def test_check_describe_and_train_count_the_same_responders(
    tmp_path: Path, rule: str, horizons: tuple[str, ...]
) -> None:
    table = make_cohort(150, seed=8).table
    table["arm"] = np.where(np.arange(150) % 3 == 0, "a", "b")
    table.to_csv(tmp_path / "cohort.csv", index=False)
    (tmp_path / "m.toml").write_text(
        '[variables.arm]\nkind = "category"\ncategories = ["a", "b"]\nknown_at = "baseline"\n'
    )
    study = tmp_path / "study.toml"
    study.write_text(
        f'{MINIMAL}mapping = "m.toml"\n'
        f'[outcome]\nrule = "{rule}"\nhorizons = {json.dumps(horizons)}\n'
        '[eligibility]\narm = "b"\n'
    )
    trained = read_description(read_study(study)).labels.counts()
    words = [str(tmp_path / "cohort.csv"), "--study", str(study), "--json"]
    checked = json.loads(runner.invoke(cohort, ["check", *words]).output)["labels"]
    described = json.loads(runner.invoke(app, words).output)["tables"]
    assert checked == trained
    rates = {row["rate"]: row for row in described["rates"]}
    # A description takes T2 as it was seen, and sustained response stands beside it.
    assert rates[horizons[0]]["events"] == trained[horizons[0]]["responders"]  # type: ignore[index]
    assert set(horizons) <= set(rates)
    if "kept" in trained:
        assert rates["kept"]["events"] == trained["kept"]["responders"]  # type: ignore[index]
