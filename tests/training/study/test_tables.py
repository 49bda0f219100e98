"""The tables of a study file: what each may hold, and what is told of what it may not."""

from pathlib import Path

import pytest

from features.errors import InputError
from tests.training.helpers.studies import MINIMAL, find_problems, write_study
from training.study.settings import read_study


def test_no_inner_repeats_only_for_a_candidate_without_settings(tmp_path: Path) -> None:
    plain = MINIMAL + '[procedure]\ninner_repeats = 0\ncandidates = ["logistic"]\n'
    assert read_study(write_study(tmp_path, plain)).procedure.is_plain
    blend = '[procedure]\ninner_repeats = 0\ncandidates = ["prevalence", "ridge"]\n'
    problems = find_problems(tmp_path, MINIMAL + blend)
    assert "logistic" in problems["procedure.inner_repeats"]


def test_every_unknown_setting_is_listed_with_a_guess(tmp_path: Path) -> None:
    text = MINIMAL + "[resampling]\nrepeat = 3\n[procedur]\nx = 1\n"
    problems = find_problems(tmp_path, text.replace("name =", "sede = 1\nname ="))
    assert problems["resampling.repeat"] == "did you mean repeats?"
    assert problems["[procedur]"] == "did you mean [procedure]?"
    assert problems["sede"] == "did you mean seed?"


def test_every_wrong_value_is_listed(tmp_path: Path) -> None:
    text = MINIMAL.replace('"small"', '"Big Name"') + (
        '[outcome]\nrule = "better"\nhorizons = ["t2", "t1"]\n'
        '[procedure]\ncandidates = ["ridge", "forest"]\n'
        "[resampling]\nfolds = 1\n"
        "[decision]\nthresholds = [0.7, 0.2]\n"
        '[predictors]\nnames = ["nrs_t0", "nrs_t1", "opioid", "weak_opioid", "height"]\n'
    )
    assert set(find_problems(tmp_path, text)) == {
        "name",
        "outcome.rule",
        "outcome.horizons",
        "procedure.candidates",
        "resampling.folds",
        "decision.thresholds",
        "nrs_t1",
        "weak_opioid",
        "height",
    }


def test_what_is_known_later_is_no_predictor_and_the_reason_is_told(tmp_path: Path) -> None:
    names = ["max_dose_mg_h", "nrs_t1", "success_t2", "relief_weeks", "site", "medication_atc"]
    text = MINIMAL + f"[predictors]\nnames = {names}\n"
    with pytest.raises(InputError) as caught:
        read_study(write_study(tmp_path, text))
    told = caught.value.report()
    for words in (
        "during the infusion",
        "at discharge (T1)",
        "first follow-up (T2)",
        "after the first follow-up",
        "group",
        "name the classes",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (("seed", 'seed = "one"'), "seed"),
        (("seed", "seed = true"), "seed"),
        (("file", 'file = "nowhere.csv"'), "cohort.file"),
    ],
)
def test_types_and_files_are_checked(tmp_path: Path, change: tuple[str, str], column: str) -> None:
    key, line = change
    text = MINIMAL.replace('file = "cohort.csv"', line) if key == "file" else line + MINIMAL
    assert column in find_problems(tmp_path, text)


def test_missing_tables_are_all_named(tmp_path: Path) -> None:
    assert set(find_problems(tmp_path, "seed = 1")) == {
        "name",
        "population.description",
        "treatment.description",
        "cohort.file",
    }


def test_every_problem_of_a_study_is_told_in_these_words(tmp_path: Path) -> None:
    text = (
        'name = 3\nsede = 1\nseed = 1.5\n[population]\ncondition = "CRPS"\n'
        "[treatment]\ndescription = 2026-01-31\n[cohort]\nfile = true\n"
        "[procedure]\ncandidates = ['ridge', 'forest', 7]\npublished_patients = '20'\n"
        "[resampling]\nfolds = '5'\nrepeats = true\nbootstrap = 50\nlearning_curve = {a = 1}\n"
        "[decision]\nthresholds = [0.3, 0.7, 0.8]\n"
        "[subgroups]\nage_years = nan\n[panel]\nplates = 1\nreference = []\nmin_detected = inf\n"
        "[resamplng]\nfolds = 5\n"
    )
    with pytest.raises(InputError) as caught:
        read_study(write_study(tmp_path, text))
    assert caught.value.report().splitlines() == [
        "study file study.toml: 19 problems",
        "  name: expected text; got 3",
        "  seed: expected a whole number; got 1.5",
        "  population.description: expected a value; got nothing; add it",
        "  treatment.description: expected text; got 2026-01-31",
        "  decision.thresholds: expected two risks [low, high] between 0 and 1; "
        "got [0.3, 0.7, 0.8]",
        "  cohort.file: expected text; got true",
        "  procedure.candidates: expected any of prevalence, evidence, ridge, firth, elastic_net, "
        "splines, lightgbm, logistic; got 'forest'",
        "  procedure.candidates: expected text; got 7",
        "  procedure.published_patients: expected a number; got '20'",
        "  resampling.folds: expected a whole number; got '5'",
        "  resampling.repeats: expected a whole number; got true",
        "  resampling.bootstrap: expected from 100 to 100000; got 50",
        "  resampling.learning_curve: expected a whole number; got a table",
        "  subgroups.age_years: expected the number at which to cut, or false; got nan",
        "  panel.reference: expected names of assays; got []",
        "  panel.min_detected: expected a number; got inf",
        "  panel.plates: expected true or false; got 1",
        "  sede: expected one of name, title, seed, population, treatment, outcome, "
        "eligibility, predictors, decision, language, cohort, procedure, resampling, null_test, "
        "missing_outcome, subgroups, panel; got an unknown key; did you mean seed?",
        "  [resamplng]: expected one of name, title, seed, population, treatment, outcome, "
        "eligibility, predictors, decision, language, cohort, procedure, resampling, null_test, "
        "missing_outcome, subgroups, panel; got an unknown table; did you mean [resampling]?",
    ]


def test_a_table_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_study(write_study(tmp_path, 'panel = 3\neligibility = "all"\n' + MINIMAL))
    assert caught.value.report() == (
        "study file study.toml: 2 problems\n"
        "  eligibility: expected a table; got 'all'\n"
        "  panel: expected a table; got 3"
    )


def test_wrong_subgroups_and_weightings_are_told(tmp_path: Path) -> None:
    text = MINIMAL + (
        '[missing_outcome]\nweighting = "some"\n'
        "[subgroups]\nage_years = true\nsex = 3\nagee = 40\nnrs_t1 = 5\nmedication_atc = true\n"
    )
    problems = find_problems(tmp_path, text)
    assert set(problems) == {
        "missing_outcome.weighting",
        "subgroups.age_years",
        "subgroups.sex",
        "subgroups.agee",
        "subgroups.nrs_t1",
        "subgroups.medication_atc",
    }
    assert problems["subgroups.agee"] == "did you mean age_years?"


def test_misspelt_missing_and_wrong_settings_are_told_together(tmp_path: Path) -> None:
    text = MINIMAL.replace('description = "somebody"\n', "") + (
        "[resampling]\nrepeat = 3\nfolds = 1\n[predictors]\nnames = ['opiod']\n"
        "[outcome]\nrule = 'fall40'\n"
    )
    found = set(find_problems(tmp_path, text))
    assert found >= {
        "resampling.repeat",
        "resampling.folds",
        "opiod",
        "outcome.rule",
        "population.description",
    }
