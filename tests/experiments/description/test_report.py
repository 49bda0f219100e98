"""The report of a described cohort, its pictures and its command."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import typer
from matplotlib.figure import Figure
from typer.testing import CliRunner

from experiments.description.commands import describe_file
from experiments.description.description import CohortDescription, describe_cohort
from experiments.description.plots import plot_attrition, plot_missing, plot_pain, plot_rates
from experiments.description.report import make_description_report
from features.cohort.cohort import Cohort, parse_cohort
from features.dictionary.contract import CONTRACT
from features.errors import InputError
from tests.training.helpers.mangnus import make_mangnus_cohort
from training.document.document import Document
from training.document.files import to_values
from training.document.render import to_markdown

app = typer.Typer()
app.command()(describe_file)
runner = CliRunner()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cohort") / "mangnus.csv"
    make_mangnus_cohort().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def description() -> CohortDescription:
    raw = make_mangnus_cohort()
    table, _ = parse_cohort(raw.astype(object).where(raw.notna(), "").astype(str))
    return describe_cohort(Cohort(table, CONTRACT, synthetic=True, sha256=""))


@pytest.fixture(scope="module")
def report(description: CohortDescription) -> Document:
    return make_description_report(description, name="mangnus.csv")


def texts(figure: Figure) -> str:
    return " | ".join(text.get_text() for axes in figure.axes for text in axes.texts)


def test_report_prints_the_numbers_of_the_paper(report: Document) -> None:
    text = to_markdown(report)
    assert "29/47 (62%, 95%\u00a0interval" in text or "29/47 (62%, 95% interval" in text
    assert "19/40 (48%" in text
    assert "19 responded at both, 6 lost their response, 0 gained one and 15 responded" in text
    assert "exact McNemar test, p = 0.031" in text
    assert "11 of 47 labels at T1 rest on the record's wording alone" in text
    assert "22 of 40 labels at T2 rest on the record's wording alone" in text
    assert "| T1: responder | 19 | 6 | 25 |" in text
    assert "| T1: nonresponder | 0 | 15 | 15 |" in text
    assert "dizziness, n (%; % of those with any) |  | 14 (29.2; 46.7) |" in text
    assert "Nothing is a prediction." in text


def test_tables_are_numbered_as_in_the_paper(report: Document) -> None:
    text = to_markdown(report)
    for caption in ("**Table 1.** Patients", "**Table 2.** Treatment", "**Table 3.** Response at"):
        assert caption in text


def test_simulated_patients_are_stamped(report: Document) -> None:
    assert report.stamp == "Simulated patients: every number here was made up by a program."


def test_published_rates_stand_beside_only_where_they_may(description: CohortDescription) -> None:
    alone = make_description_report(description, name="x", beside_published=False)
    rows = to_values(alone)["tables"]["rates"]
    assert all(row["published"] is None for row in rows)
    assert "Mangnus" not in to_markdown(alone)


def test_values_hold_full_precision(report: Document) -> None:
    tables = to_values(report)["tables"]
    assert tables["response_t1_t2"] == [
        {"both": 19, "lost": 6, "gained": 0, "neither": 15, "n": 40, "mcnemar_exact_p": 0.03125}
    ]
    t1 = next(row for row in tables["rates"] if row["rate"] == "t1")
    assert t1["share"] == pytest.approx(29 / 47, abs=1e-12)


def test_attrition_diagram_tells_the_counts(description: CohortDescription) -> None:
    figure = plot_attrition(description.flow, description.rates, title="Attrition")
    words = texts(figure)
    for line in (
        "60 courses in the file",
        "12 excluded",
        "3  Admission: elective",
        "48 eligible",
        "47 with a known response at T1",
        "29 responders",
        "21 nonresponders",
        "(8 not known)",
    ):
        assert line in words
    (axes,) = figure.axes
    height = figure.get_size_inches()[1]
    # Every word is on the page.
    assert all(0 < text.get_position()[1] < height for text in axes.texts)


def test_attrition_diagram_tells_what_was_assumed() -> None:
    flow = pd.DataFrame(
        [
            ("identified", 10, 0, 0),
            ("Age: at least 18 years", 9, 1, 4),
            ("outcome known at T2", 5, 4, 0),
        ],
        columns=["step", "remaining", "excluded", "unknown_kept"],
    )
    rates = pd.DataFrame({"rate": ["t2"], "events": [2]})
    words = texts(plot_attrition(flow, rates, title="x"))
    assert "4 of them with this not known" in words
    assert "T1" not in words
    assert "3 nonresponders" in words
    open_to_all = texts(plot_attrition(flow.drop(index=1), rates, title="x"))
    assert "0 excluded, as there is no criterion" in open_to_all


def test_missingness_picture_draws_incomplete_variables_only(
    description: CohortDescription,
) -> None:
    figure = plot_missing(description.missing, groups="T1", title="Missing")
    (axes,) = figure.axes
    shares = sorted(round(bar.get_width()) for bar in axes.patches)  # type: ignore[attr-defined]
    incomplete = description.missing[description.missing["missing"] > 0]
    assert shares == sorted(round(100 * share) for share in incomplete["share"])
    assert "30/48" in texts(figure)


def test_pain_and_rates_are_drawn_where_they_are(description: CohortDescription) -> None:
    (axes,) = plot_pain(description.pain, title="Pain").axes
    medians = [list(line.get_ydata()) for line in axes.lines if line.get_marker() == "o"]
    assert medians == [[8, 6, 7], [8, 5, 6], [8, 8, 8]]
    rates = description.rates.assign(words=description.rates["rate"], published=0.5)
    (axes,) = plot_rates(rates, title="Rates").axes
    assert "29/47  62%" in " | ".join(text.get_text() for text in axes.texts)


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


def test_a_cohort_without_outcome_has_a_report(tmp_path: Path) -> None:
    path = tmp_path / "baseline.csv"
    make_mangnus_cohort()[["patient_id", "age_years", "sex", "nrs_t0"]].to_csv(path, index=False)
    result = runner.invoke(app, [str(path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "No outcome is known." in result.output
    assert "Response" not in result.output
    assert (tmp_path / "out" / "figure_2_missing.png").exists()


def test_command_passes_rule_and_horizons_on(file: Path) -> None:
    result = runner.invoke(app, [str(file), "--rule", "fall30", "--horizons", "t1", "--json"])
    rates = json.loads(result.output)["tables"]["rates"]
    assert [row["rate"] for row in rates] == ["t1"]
    assert rates[0]["published"] is None
    wrong = runner.invoke(app, [str(file), "--rule", "fall99"])
    assert isinstance(wrong.exception, InputError)
