"""The report of weekly pain in two arms, its pictures and its command."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from experiments.trajectory.commands import trajectory
from experiments.trajectory.plots import plot_differences, plot_regressions, plot_weekly_means
from experiments.trajectory.report import make_trajectory_report
from features.cohort.weekly import WeeklyScores, read_weekly
from features.errors import InputError
from features.simulation.trial import make_trial
from training.document.render import to_markdown

app = typer.Typer()
app.command()(trajectory)
runner = CliRunner()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trial") / "weekly.csv"
    make_trial(30, seed=7).table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def weekly(file: Path) -> WeeklyScores:
    return read_weekly(file)


def test_report_tells_the_course_in_words(weekly: WeeklyScores) -> None:
    report = make_trajectory_report(weekly, name="weekly.csv")
    text = to_markdown(report)
    assert report.stamp.startswith("Simulated patients")
    assert "30 patients in the arm ketamine, 30 in the arm placebo" in text
    assert "Over all weeks together the arms differ (p < 0.001)" in text
    assert "week 10 is the last that differs; the difference is lost at week 11" in text
    assert "a difference no longer seen is not shown to be gone" in text
    assert "this is about the level of pain, not about response" in text
    # Six coefficients of 60 patients are not few by the rule of 10.
    assert "6 coefficients in 60 patients." in text
    table = pd.DataFrame(make_trial(30, seed=7).table)
    mean = table.loc[(table["arm"] == "ketamine") & (table["week"] == 1), "nrs"].mean()
    assert f"| {mean:.2f} (" in text


def test_a_trial_without_scores_before_treatment_is_not_adjusted(weekly: WeeklyScores) -> None:
    without = WeeklyScores(
        weekly.scores[weekly.scores["week"] > 0],
        weekly.baseline.assign(nrs_t0=float("nan")),
        weekly.dictionary,
        weekly.arms,
        synthetic=False,
    )
    report = make_trajectory_report(without, name="x")
    assert report.stamp == ""
    assert "adjusted" not in to_markdown(report)
    assert all(
        block.png
        for section in report.sections
        for block in section.blocks
        if hasattr(block, "png")
    )


def test_pictures_draw_what_was_computed() -> None:
    means = pd.DataFrame(
        [
            ("a", 0, 5, 7.0, 1, 6, 8),
            ("a", 1, 5, 6.0, 1, 5, 7),
            ("b", 0, 5, 7.0, 1, 6, 8),
            ("b", 1, 2, float("nan"), 1, 2, 4),
        ],
        columns=["arm", "week", "n", "mean", "sd", "low", "high"],
    )
    (axes,) = plot_weekly_means(means, arms=("a", "b"), title="x").axes
    drawn = [list(line.get_ydata()) for line in axes.lines if line.get_marker() == "o"]
    assert drawn == [[7, 6], [7]]
    differences = pd.DataFrame(
        {
            "week": [1, 2],
            "difference": [-2.0, 0.1],
            "low": [-3.0, -1.0],
            "high": [-1.0, 1.0],
            "low_all": [-4.0, -2.0],
            "high_all": [0.5, 2.0],
        }
    )
    (axes,) = plot_differences(differences, differences, lost=2, title="x").axes
    assert [text.get_text() for text in axes.texts] == ["no week differs\nfrom week 2 on"]
    assert 0 < axes.get_ylim()[1]
    (axes,) = plot_differences(differences, None, lost=None, title="x").axes
    assert not axes.texts
    rows = pd.DataFrame(
        {
            "variable": ["age_years", "sex"],
            "label": ["Age, years", "Sex"],
            "level": ["", "male (against female)"],
            "b": [0.1, -1.0],
            "low": [0.0, -2.0],
            "high": [0.2, 0.0],
            "sd": [10.0, 1.0],
        }
    )
    (axes,) = plot_regressions(rows, rows[:1], title="x").axes
    points = {
        round(float(line.get_xdata()[0]), 6)
        for line in axes.lines
        if line.get_marker() == "o" and len(line.get_xdata()) == 1
    }
    assert points == {1.0, -1.0}  # per standard deviation: 10 x 0.1
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["Sex, male (against female)", "Age, years (per SD)"]


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


def test_command_takes_another_reference_and_refuses_a_wrong_week(file: Path) -> None:
    result = runner.invoke(app, [str(file), "--reference", "ketamine"])
    assert "30 patients in the arm placebo" in result.output
    wrong = runner.invoke(app, [str(file), "--week", "40"])
    assert isinstance(wrong.exception, InputError)
