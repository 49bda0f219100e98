"""What is said before a training: roughly how long, and what a review will miss."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.simulation.cohort import make_cohort
from training.evaluation.null_test import ENOUGH
from training.running import beforehand
from training.running.beforehand import estimate_seconds, list_missed, tell_time, time_fit
from training.study.settings import read_study
from training.study.study import Description, read_description

STUDY = """
name = "asked"
population = { description = "adults", condition = "CRPS" }
treatment = { description = "a course" }
cohort = { file = "cohort.csv" }
resampling = { folds = 4, repeats = 3, bootstrap_reruns = 7, learning_curve = 2 }
"""
FITS = 4 * 3 + 7 + 3 * 2 * 4
"""Of the folds, the reruns, and three parts of the folds of two repeats."""


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Description:
    folder = tmp_path_factory.mktemp("beforehand")
    table = make_cohort(40, seed=2).table.drop(columns=["record_origin", "success_t1"])
    table = table.drop(columns="success_t2").assign(patient_id=[f"P{i}" for i in range(40)])
    return _describe(folder, table)


def _describe(folder: Path, table) -> Description:
    table.to_csv(folder / "cohort.csv", index=False)
    (folder / "study.toml").write_text(STUDY)
    return read_description(read_study(folder / "study.toml"))


def _ask(description: Description, **changed) -> Description:
    return replace(description, study=replace(description.study, **changed))


def test_what_a_review_will_miss_is_named(real):
    thresholds, null_test, declared = list_missed(real)
    assert "[decision] thresholds" in thresholds and "gates 1 and 7" in thresholds
    assert "--null-test 100; asked for: none" in null_test
    assert "study.declared_real_by" in declared


def test_reruns_that_are_left_out_are_missed(real):
    resampling = real.study.resampling.model_copy(update={"bootstrap_reruns": 0})
    [reruns] = [line for line in list_missed(_ask(real, resampling=resampling)) if "reruns" in line]
    assert "bootstrap_reruns: 20" in reruns and "gates 5 and 6 fail" in reruns


def test_what_was_asked_for_is_not_missed(real):
    whole = _ask(real, thresholds=(0.3, 0.7), null_permutations=ENOUGH)
    assert len(list_missed(whole)) == 1  # nobody can declare them real beforehand
    few = _ask(whole, null_permutations=ENOUGH - 1)
    assert "asked for: 99" in list_missed(few)[0]


def test_what_a_template_leaves_to_people_is_missed(real):
    missed = list_missed(_ask(real, population="not described yet: who, where"))
    assert [line for line in missed if "[population]" in line]


def test_simulated_patients_are_told(tmp_path):
    simulated = _describe(tmp_path, make_cohort(40, seed=2).table)
    assert "stays a demonstration" in list_missed(simulated)[-1]


def test_each_fit_counts(real):
    per_fit = estimate_seconds(real, fit_seconds=1, n_jobs=1) - estimate_seconds(
        real, fit_seconds=0, n_jobs=1
    )
    assert per_fit == FITS
    tested = _ask(real, null_permutations=10)
    assert estimate_seconds(tested, fit_seconds=1, n_jobs=1) == pytest.approx(
        estimate_seconds(real, fit_seconds=1, n_jobs=1) + 10 * 4
    )


@given(
    fit=st.floats(0.001, 100),
    jobs=st.integers(1, 64),
    permutations=st.integers(0, 200),
    kept=st.integers(0, 400),
)
def test_more_processes_and_kept_parts_never_take_longer(real, fit, jobs, permutations, kept):
    asked = _ask(real, null_permutations=permutations)
    alone = estimate_seconds(asked, fit_seconds=fit, n_jobs=1)
    shared = estimate_seconds(asked, fit_seconds=fit, n_jobs=jobs)
    going_on = estimate_seconds(asked, fit_seconds=fit, n_jobs=jobs, n_kept=kept)
    nothing = estimate_seconds(asked, fit_seconds=0, n_jobs=jobs)
    assert nothing <= going_on <= shared <= alone


@pytest.mark.parametrize(
    ("fit_seconds", "words"), [(0.01, "20 seconds"), (5, "4 minutes"), (400, "4.8 hours")]
)
def test_the_time_is_told_in_words(real, fit_seconds, words):
    told = tell_time(real, fit_seconds=fit_seconds, n_jobs=1)
    assert told == (
        f"This will take roughly {words}: {FITS} fits, one of which took {fit_seconds:.2g} s just "
        "now; longer where other work is done beside it."
    )


def test_processes_are_told(real):
    assert f"{FITS} fits in 4 processes" in tell_time(real, fit_seconds=1, n_jobs=4)


def test_one_fit_is_timed_without_what_the_first_one_loads(real, monkeypatch):
    clock = iter([0.0, 0.9, 1.0, 1.25])
    monkeypatch.setattr(beforehand.time, "perf_counter", lambda: next(clock))
    assert time_fit(real)[1] == 0.25


def test_a_long_fit_is_timed_once(real, monkeypatch):
    clock = iter([0.0, 30.0])
    monkeypatch.setattr(beforehand.time, "perf_counter", lambda: next(clock))
    assert time_fit(real)[1] == 30.0
