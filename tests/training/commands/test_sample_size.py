"""`ketresponse samplesize` as a user types it."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from features.errors import InputError
from training.commands.sample_size import app


@pytest.fixture(autouse=True)
def wide_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def _run(words: str) -> Result:
    return CliRunner().invoke(app, words.split())


def _json(words: str) -> dict[str, Any]:
    result = _run(f"{words} --json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def _problems(words: str) -> set[str]:
    error = _run(words).exception
    assert isinstance(error, InputError)
    return {problem.column for problem in error.problems}


@pytest.mark.parametrize(
    ("words", "criteria", "within"),
    [
        # Riley 2020, doi:10.1136/bmj.m441, and R package pmsampsize
        ("--parameters 24 --prevalence 0.174 --r2 0.288", (623, 662, 221, 662), 0),
        # pmsampsize simulates the conversion from a c-statistic
        ("--parameters 24 --prevalence 0.174 --c-statistic 0.89", (617, 661, 221, 661), 2),
        ("--parameters 5 --prevalence 0.48 --c-statistic 0.70", (348, 123, 384, 384), 1),
    ],
)
def test_development_gives_the_published_numbers(
    words: str, criteria: tuple[int, ...], within: int
) -> None:
    size = _json(f"develop {words}")
    found = [size[name] for name in ("n_shrinkage", "n_optimism", "n_risk", "n")]
    assert found == pytest.approx(criteria, abs=within)


def test_less_shrinkage_needs_more_patients() -> None:
    words = "develop --parameters 24 --prevalence 0.174 --r2 0.288"
    # 24 / ((0.95 - 1) ln(1 - 0.288 / 0.95)) = 1328.9
    assert _json(f"{words} --shrinkage 0.95")["n"] == 1329


@pytest.mark.parametrize(
    ("asked", "criterion", "n"),
    [
        # Pavlou 2021, doi:10.1177/09622802211007522; Riley 2021, doi:10.1002/sim.9025
        ("--c-se 0.05", "n_c_statistic", 107),
        ("--c-width 0.1", "n_c_statistic", 416),
        ("--o-e-width 0.4", "n_o_e", 98),
        # ln(O:E) has a standard error of 0.1: (1 - 0.5) / (0.5 0.1^2)
        ("--o-e-se 0.1", "n_o_e", 100),
    ],
)
def test_validation_gives_the_published_numbers(asked: str, criterion: str, n: int) -> None:
    size = _json(f"validate --prevalence 0.5 --c-statistic 0.70 {asked}")
    assert size[criterion] == n
    assert size["n"] == max(size["n_c_statistic"], size["n_o_e"], size["n_slope"])
    assert size["events"] == size["n"] / 2


def test_a_standard_error_of_the_slope_is_a_quarter_of_the_width() -> None:
    words = "validate --prevalence 0.3 --c-statistic 0.75"
    assert (
        _json(f"{words} --slope-se 0.1")["n_slope"]
        == _json(f"{words} --slope-width 0.392")["n_slope"]
    )


def test_the_tables_name_each_criterion_and_the_answer() -> None:
    text = " ".join(_run("develop --parameters 24 --prevalence 0.174 --r2 0.288").stdout.split())
    assert "Needed: 662 patients, 115 of them responders (4.8 per parameter)" in text
    assert "little optimism" in text and "Nagelkerke 0.477" in text
    text = " ".join(_run("validate --prevalence 0.5 --c-statistic 0.7 --c-se 0.05").stdout.split())
    assert "standard error of it 0.05" in text and "107" in text
    assert "Needed: 3576 patients" in text
    assert "normal within each outcome class; normal over all patients" in text
    assert "the slope needs 3584" in text and "calibration-in-the-large" not in text


def test_validation_by_the_other_normality_with_calibration_in_the_large() -> None:
    words = "validate --prevalence 0.057 --c-statistic 0.77 --c-se 0.025 --slope-se 0.15"
    words += " --citl-se 0.15 --normality marginal"
    # the R package sampsizeval's own test
    size = _json(words)
    found = [size[name] for name in ("n_c_statistic", "n_slope", "n_citl", "n", "n_o_e")]
    assert found == [1599, 934, 897, 1599, None] and size["normality"] == "marginal"
    text = " ".join(_run(words).stdout.split())
    assert "normal over all patients; normal within each outcome class (--normality class)" in text
    assert "the slope needs 903" in text and "observed over expected" not in text


@pytest.mark.parametrize(
    ("words", "columns"),
    [
        (
            "develop --parameters 0 --prevalence nan",
            {"r2, c_statistic", "parameters", "prevalence"},
        ),
        ("develop --parameters 3 --prevalence 0.5 --r2 0.2 --c-statistic 0.7", {"r2, c_statistic"}),
        ("develop --parameters 3 --prevalence 0.5 --r2 0.9", {"r2"}),
        ("develop --parameters 3 --prevalence 0.5 --r2 0.2 --shrinkage 1", {"shrinkage"}),
        ("validate --prevalence 1 --c-statistic 0.5", {"prevalence", "c_statistic"}),
        ("validate --prevalence 0.5 --c-statistic 0.7 --c-width 0", {"c_width"}),
        (
            "validate --prevalence 0.5 --c-statistic 0.7 --slope-se inf --o-e-se 0",
            {"--slope-se", "--o-e-se"},
        ),
        (
            "validate --prevalence 0.5 --c-statistic 0.7 --c-se 0.1 --c-width 0.1",
            {"--c-width, --c-se"},
        ),
        (
            "validate --prevalence 0.5 --c-statistic 0.7 --citl-se 0 --citl-width 0.1",
            {"--citl-width, --citl-se", "--citl-se"},
        ),
        ("validate --prevalence 0.5 --c-statistic 0.7 --citl-width -1", {"citl_width"}),
    ],
)
def test_impossible_values_are_named_at_once(words: str, columns: set[str]) -> None:
    assert _problems(words) == columns
