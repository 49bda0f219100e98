from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.dictionary.contract import CONTRACT
from features.dictionary.declarations import declare_variable
from features.dictionary.outcome import make_labels
from features.dictionary.rule import RULES
from features.dictionary.scale import OutcomeScale, with_scale
from features.dictionary.variable import Variable
from features.errors import InputError
from tests.training.helpers.cohorts import write_cohort
from tests.training.helpers.examples import PREDICTORS, make_facts, make_model
from training.store.artifact import LoadedModel
from training.study.study import describe_patients
from training.validation.new_patients import read_new_patients


def _loaded(**facts: object) -> LoadedModel:
    values = {"synthetic": False, "status": "research", **facts}
    return LoadedModel(make_model(), make_facts(**values), "d" * 64)


def _columns(error: pytest.ExceptionInfo[InputError]) -> set[str]:
    return {problem.column for problem in error.value.problems}


def test_the_models_own_rules_select_and_label(tmp_path: Path) -> None:
    file = write_cohort(tmp_path / "c.csv", 150, seed=1)
    found = read_new_patients(_loaded(rule="fall50"), file)
    table = found.cohort.table
    labels = make_labels(table, rule=RULES["fall50"], horizons=("t1", "t2"))
    np.testing.assert_array_equal(found.data.y["t1"], labels.t1)
    np.testing.assert_array_equal(found.data.kept, labels.kept)
    np.testing.assert_array_equal(found.data.X, table[list(PREDICTORS)].to_numpy())
    assert found.sites.tolist() == table["site"].tolist()
    assert not found.synthetic and found.warnings == ()
    older = _loaded(eligibility={"age_years": {"min": 50}})
    assert len(read_new_patients(older, file).data) == int((table["age_years"] >= 50).sum())


def test_the_training_cohort_and_those_of_earlier_versions_are_noticed(tmp_path: Path) -> None:
    file = write_cohort(tmp_path / "c.csv", 60, seed=2)
    digest = read_new_patients(_loaded(), file).cohort.sha256
    for facts in ({"cohort_sha256": digest}, {"earlier_cohorts": ["e" * 64, digest]}):
        found = read_new_patients(_loaded(**facts), file)
        assert found.is_training_cohort
        assert "no validation" in found.warnings[0]


def test_the_training_cohort_is_noticed_however_its_file_was_saved_anew(tmp_path: Path) -> None:
    file = write_cohort(tmp_path / "c.csv", 60, seed=2)
    facts = {"patients_sha256": read_new_patients(_loaded(), file).data.sha256}
    assert read_new_patients(_loaded(**facts), file).is_training_cohort
    table = pd.read_csv(file).sample(frac=1, random_state=1)
    again = tmp_path / "again.csv"
    table[sorted(table.columns)].to_csv(again, sep=";", decimal=",", index=False, encoding="utf-16")
    assert read_new_patients(_loaded(**facts), again).is_training_cohort
    table.iloc[1:].to_csv(again, index=False)
    assert not read_new_patients(_loaded(**facts), again).is_training_cohort
    table.assign(nrs_t0=table["nrs_t0"].fillna(5).clip(0, 9) + 0.5).to_csv(again, index=False)
    assert not read_new_patients(_loaded(**facts), again).is_training_cohort


def test_simulated_patients_and_models_are_named(tmp_path: Path) -> None:
    real = write_cohort(tmp_path / "r.csv", 60, seed=2)
    simulated = write_cohort(tmp_path / "s.csv", 60, seed=2, synthetic=True)
    found = read_new_patients(_loaded(), simulated)
    assert found.synthetic and "say nothing about patients" in found.warnings[0]
    demonstration = _loaded(synthetic=True, status="demonstration")
    (warning,) = read_new_patients(demonstration, real).warnings
    assert "demonstration" in warning


def test_repeated_courses_are_noticed(tmp_path: Path) -> None:
    table = pd.read_csv(write_cohort(tmp_path / "c.csv", 60, seed=2))
    again = table.head(4).assign(course_number=2)
    pd.concat([table.assign(course_number=1), again]).to_csv(tmp_path / "c.csv", index=False)
    any_course = _loaded(eligibility={"age_years": {"min": 18}})
    found = read_new_patients(any_course, tmp_path / "c.csv")
    assert len(np.unique(found.data.groups)) == len(found.data) - 4
    (warning,) = found.warnings
    assert warning.startswith("4 courses are repeats of a patient")
    notice, *_ = describe_patients(found, found.data, parameters=1).notices
    assert notice.startswith("4 courses are repeats of a patient")


def test_without_t2_a_model_is_judged_at_t1_alone(tmp_path: Path) -> None:
    file = write_cohort(tmp_path / "c.csv", 60, seed=2, horizons=("t1",))
    found = read_new_patients(_loaded(), file)
    assert found.data.horizons == ("t1",) and not found.data.has_kept
    assert found.warnings == (
        "No responder has a known outcome at T2: the model is judged at T1 alone.",
    )
    table = pd.read_csv(write_cohort(tmp_path / "d.csv", 60, seed=2))
    # T2 known of nonresponders at T1 only: no event could ever be seen.
    responded = (table["nrs_t0"] - table["nrs_t1"] >= 2) | (table["success_t1"] == "yes")
    table.loc[responded | table["nrs_t1"].isna(), ["nrs_t2", "success_t2"]] = np.nan
    table.to_csv(tmp_path / "d.csv", index=False)
    assert read_new_patients(_loaded(), tmp_path / "d.csv").data.horizons == ("t1",)


def test_predictors_that_nobody_has_are_refused(tmp_path: Path) -> None:
    file = write_cohort(tmp_path / "c.csv", 60, seed=2)
    table = pd.read_csv(file)
    table.drop(columns="crps_type").assign(opioid="").to_csv(file, index=False)
    with pytest.raises(InputError) as caught:
        read_new_patients(_loaded(), file)
    assert _columns(caught) == {"crps_type", "opioid"}
    # A value in a course that the model is not for does not help.
    adult = table["age_years"] >= 40
    table["opioid"] = np.where(adult, "", "yes")
    table.to_csv(file, index=False)
    with pytest.raises(InputError, match="opioid") as caught:
        read_new_patients(_loaded(eligibility={"age_years": {"min": 40}}), file)


def test_nobody_to_judge_is_one_clear_error(tmp_path: Path) -> None:
    file = write_cohort(tmp_path / "c.csv", 60, seed=2)
    with pytest.raises(InputError, match="eligibility: expected at least one course"):
        read_new_patients(_loaded(eligibility={"age_years": {"min": 115}}), file)
    table = pd.read_csv(file)
    known = np.arange(60) % 2 == 0  # never before and after in one patient
    table["nrs_t0"] = table["nrs_t0"].where(known)
    table["nrs_t1"] = table["nrs_t1"].where(~known)
    table.drop(columns=["success_t1", "nrs_t2", "success_t2"]).to_csv(file, index=False)
    with pytest.raises(InputError, match="outcome at T1"):
        read_new_patients(_loaded(), file)
    table.drop(columns=["nrs_t1", "success_t1", "nrs_t2", "success_t2"]).to_csv(file, index=False)
    with pytest.raises(InputError) as caught:
        read_new_patients(_loaded(), file)
    assert [(p.column, p.action[:17]) for p in caught.value.problems] == [
        ("outcome at T1", "the model's rule:")  # the horizons are the model's: none can be left out
    ]


def test_variables_of_a_mapping_are_read_unless_they_mean_something_else(tmp_path: Path) -> None:
    file = write_cohort(tmp_path / "c.csv", 60, seed=2)
    pd.read_csv(file).assign(mood=2).to_csv(file, index=False)
    mood = declare_variable(
        "mood", {"kind": "integer", "known_at": "baseline", "low": 0, "high": 3}
    )
    with pytest.raises(InputError, match="mood"):
        read_new_patients(_loaded(), file)
    assert len(read_new_patients(_loaded(), file, further=[mood]).data) > 0
    other: Variable = replace(CONTRACT["opioid"], kind="integer")
    with pytest.raises(InputError) as caught:
        read_new_patients(_loaded(), file, further=[mood, other])
    assert _columns(caught) == {"variables.opioid"}


def test_scores_on_another_scale_than_the_models_are_refused(tmp_path: Path) -> None:
    file = write_cohort(tmp_path / "c.csv", 60, seed=2)
    scale = OutcomeScale(min=0, max=100, label="Pain (VAS)", unit="mm")
    scores = [v for v in with_scale(CONTRACT, scale) if v != CONTRACT[v.name]]
    with pytest.raises(InputError) as caught:
        read_new_patients(_loaded(), file, further=scores)
    assert "variables.nrs_t1" in _columns(caught)
