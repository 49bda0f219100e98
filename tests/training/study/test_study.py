"""A study's cohort before anything is fitted: counted, labelled, and what it can bear."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.cohort.cohort import Cohort, read_cohort
from features.cohort.labelling import label_cohort
from features.dictionary.contract import CONTRACT
from features.dictionary.eligibility import BORROWED_ELIGIBILITY, CRPS_ELIGIBILITY
from features.errors import InputError
from features.simulation.cohort import make_cohort
from tests.training.helpers.panel_cohorts import write_files
from tests.training.helpers.studies import MINIMAL
from tests.training.helpers.training_data import make_training_data
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData
from training.study.settings import Study, read_study
from training.study.study import (
    MIN_PER_CLASS,
    Description,
    count_outcome,
    describe,
    find_follow_up,
    find_shortfall,
    read_description,
)

STUDY = f"""{MINIMAL}
[predictors]
names = ["nrs_t0", "disease_duration_years", "crps_type"]
"""


def _read(folder: Path, table: pd.DataFrame, more: str = "") -> Study:
    table.to_csv(folder / "cohort.csv", index=False)
    (folder / "study.toml").write_text(STUDY + more)
    return read_study(folder / "study.toml")


def _data(t1: list[float], kept: list[float]) -> TrainingData:
    y1, keeps = np.array(t1), np.array(kept)
    data = make_training_data(len(y1), 0)
    t2 = np.where(y1 == 0, 0.0, keeps)
    return replace(data, y={"t1": y1, "t2": t2}, kept=keeps)


NAN = np.nan


def test_the_share_at_t1_is_that_of_those_known() -> None:
    # 3 of 4 known. Wilson's interval of 3 of 4 is 30.06% to 95.44% (R: binom.confint, "wilson").
    counts = count_outcome(_data([1, 1, 1, 0, NAN], [1, 0, NAN, NAN, NAN]), "t1")
    assert (counts["n"], counts["events"], counts["base_rate"]) == (4, 3, 0.75)
    assert counts["low"] == pytest.approx(0.3006, abs=1e-4)
    assert counts["high"] == pytest.approx(0.9544, abs=1e-4)


def test_the_share_at_t2_takes_responders_not_seen_as_the_others() -> None:
    # 3 of 4 responded, 1 of the 2 seen at T2 kept it: 0.75 x 0.5; of those known it is 1 in 3.
    counts = count_outcome(_data([1, 1, 1, 0], [1, 0, NAN, NAN]), "t2")
    assert (counts["n"], counts["events"]) == (3, 1)
    assert counts["base_rate"] == pytest.approx(0.375)
    assert counts["low"] < 0.375 < counts["high"]


def test_where_nobody_kept_it_the_plain_share_is_told() -> None:
    counts = count_outcome(_data([1, 1, 0, 0], [0, 0, NAN, NAN]), "t2")
    assert counts["base_rate"] == 0
    assert counts["low"] == 0 and counts["high"] > 0


def test_an_outcome_that_nobody_is_known_of_has_no_share() -> None:
    assert count_outcome(_data([NAN, NAN], [NAN, NAN]), "t1") == {"n": 0, "events": 0}


@pytest.mark.parametrize(("events", "others"), [(7, 30), (30, 7)])
def test_fewer_than_eight_of_a_class_bear_no_model(events: int, others: int) -> None:
    def shortfall(events: int, others: int) -> str:
        t1 = [1.0] * events + [0.0] * others
        return find_shortfall(_data(t1, [1.0] * events + [NAN] * others))

    told = f"{events} responders and {others} nonresponders at T1"
    assert shortfall(events, others).startswith(told)
    assert shortfall(max(events, MIN_PER_CLASS), max(others, MIN_PER_CLASS)) == ""


def test_unknown_outcomes_are_no_nonresponders() -> None:
    t1 = [1.0] * 20 + [0.0] * 7 + [NAN] * 20
    assert "20 responders and 7 nonresponders" in find_shortfall(_data(t1, [1.0] * 20 + [NAN] * 27))


def test_two_horizons_need_somebody_seen_at_the_second() -> None:
    unseen = _data([1.0] * 10 + [0.0] * 10, [NAN] * 20)
    assert not unseen.has_kept or "use the horizon t1 alone" in find_shortfall(unseen)
    one_seen = _data([1.0] * 10 + [0.0] * 10, [1.0] + [NAN] * 19)
    assert find_shortfall(one_seen) == ""


def test_the_arrays_are_the_eligible_patients_in_the_studys_order(tmp_path: Path) -> None:
    table = make_cohort(60, seed=2).table
    study = _read(tmp_path, table, "[eligibility]\nage_years = {min = 50}\n")
    found = read_description(study)
    cohort = read_cohort(tmp_path / "cohort.csv")
    own = cohort.table["age_years"] >= 50
    expected = cohort.table.loc[own, ["nrs_t0", "disease_duration_years", "crps_type"]].to_numpy(
        float
    )
    np.testing.assert_array_equal(found.data.X, expected)
    assert len(found.table) == int(own.sum()) < 60
    known = found.flow.set_index("step")["remaining"]
    assert known.iloc[0] == 60 and int(own.sum()) in known.tolist()
    # Two coefficients of numbers and flags, and one less than the categories of the type.
    assert found.parameters == 2 + len(CONTRACT["crps_type"].categories) - 1
    assert set(found.verdicts) == {"t1", "t2"}
    assert found.verdicts["t1"].parameters == found.parameters
    assert found.panel is None
    assert found.shortfall == find_shortfall(found.data)


def test_bends_are_counted_where_a_candidate_bends(tmp_path: Path) -> None:
    table = make_cohort(60, seed=2).table
    bent = read_description(
        _read(tmp_path, table, '[procedure]\ncandidates = ["ridge", "splines"]\n')
    )
    straight = read_description(
        _read(tmp_path, table, '[procedure]\ncandidates = ["ridge", "firth"]\n')
    )
    # One more column for each of the two numbers, pain and duration.
    assert straight.verdicts["t1"].fitted == straight.parameters
    assert bent.verdicts["t1"].fitted == bent.parameters + 2
    needs = [found.verdicts["t1"].needed for found in (straight, bent)]
    assert needs[0] is not None and needs[1] is not None
    assert needs[0].n < needs[1].n


def test_what_is_shrunk_by_evidence_counts_as_it_acts(tmp_path: Path) -> None:
    found = read_description(_read(tmp_path, make_cohort(60, seed=2).table)).verdicts["t1"]
    assert found.fitted is not None and found.fitted > 5 * found.parameters
    assert found.effective is not None and 1.0 <= found.effective < 3 * found.parameters
    assert f"{found.effective:.1f} parameters in effect" in found.text


def test_what_a_study_of_one_class_would_need_is_not_told(tmp_path: Path) -> None:
    study = _read(tmp_path, make_cohort(30, seed=2).table.assign(success_t1="yes", nrs_t1=0))
    found = read_description(study)
    assert found.counts["t1"]["base_rate"] == 1
    assert set(found.verdicts) == {"t2"}
    assert "0 nonresponders at T1" in found.shortfall


def test_predictors_without_a_column_or_a_value_are_told_together(tmp_path: Path) -> None:
    table = make_cohort(40, seed=2).table.drop(columns="disease_duration_years")
    table = table.assign(crps_type=None)
    study = _read(tmp_path, table)
    with pytest.raises(InputError) as caught:
        read_description(study)
    assert {p.column: p.got for p in caught.value.problems} == {
        "disease_duration_years": "no such column",
        "crps_type": "an empty column",
    }


def test_a_cohort_without_an_eligible_course_is_refused(tmp_path: Path) -> None:
    study = _read(tmp_path, make_cohort(30, seed=2).table, "[eligibility]\nage_years={min=119}\n")
    with pytest.raises(InputError, match="eligible"):
        read_description(study)


def test_repeats_and_predictors_that_say_nothing_are_noticed(tmp_path: Path) -> None:
    table = make_cohort(60, seed=2).table.assign(crps_type="1")
    study = _read(tmp_path, table)
    cohort = read_cohort(study.cohort, dictionary=study.dictionary)
    twice = cohort.table.assign(patient_id=[f"P{i // 2}" for i in range(60)])

    def told_of(cohort: Cohort) -> tuple[Description, str]:
        labelled = label_cohort(
            cohort,
            study.eligibility,
            rule=study.rule,
            horizons=study.horizons,
            needed=study.predictors,
            name="cohort.csv",
        )
        found = describe(study, labelled, None)
        return found, " ".join(found.notices)

    found, told = told_of(replace(cohort, table=twice))
    assert f"{len(found.data) - len(set(found.table['patient_id']))} courses are repeats" in told
    assert CONTRACT["crps_type"].name in told
    assert "is the same for every patient" in told
    assert "repeats" not in told_of(cohort)[1]


def test_a_panel_is_fitted_beside_estimates_for_patients_not_seen(tmp_path: Path) -> None:
    write_files(tmp_path, 60, n_assays=30)
    study = read_study(tmp_path / "study.toml")
    found = read_description(study)
    assert found.panel is not None and found.panel.has.sum() == 60
    plain = replace(study, procedure=Procedure(("logistic",), inner_repeats=0))
    with pytest.raises(InputError) as caught:
        read_description(plain)
    assert [problem.column for problem in caught.value.problems] == ["procedure.inner_repeats"]


# 12 fell by 3 points and 12 by none, whatever is said of them; of the other six the record says
# success: three fell by 1 point (a responder by wording, none by score), three have no score.
CLEAR = [(5 + i % 4, 2 + i % 4, "") for i in range(12)] + [
    (5 + i % 4, 5 + i % 4, "no") for i in range(12)
]
SOFT = [(7, 6, "yes")] * 3 + [(7, "", "yes")] * 3


def _worded(folder: Path, outcomes: list[tuple[object, object, str]]) -> Description:
    """Describe a cohort of (score before, score after, the record's wording)."""
    names = ["patient_id", "nrs_t0", "nrs_t1", "success_t1"]
    table = pd.DataFrame([(f"P{i}", *row) for i, row in enumerate(outcomes)], columns=names)
    table = table.assign(
        course_number=1,
        age_years=40,
        crps_type=1,
        setting="elective",
        drug="s_ketamine",
        route="intravenous",
        concurrent_infusion_drug="none",
    )
    table.to_csv(folder / "cohort.csv", index=False)
    study = STUDY.replace(', "disease_duration_years", "crps_type"', "")
    (folder / "study.toml").write_text(study + '[outcome]\nhorizons = ["t1"]\n')
    return read_description(read_study(folder / "study.toml"))


def test_a_label_that_only_the_wording_makes_is_another_one_or_unknown(tmp_path: Path) -> None:
    found = _worded(tmp_path, CLEAR + SOFT)
    assert (found.counts["t1"]["n"], found.counts["t1"]["events"]) == (30, 18)
    scored = found.score_labels
    assert (scored.changed, scored.reason) == ({"t1": 6}, "")
    assert (scored.counts["t1"]["n"], scored.counts["t1"]["events"]) == (27, 12)
    assert scored.data is not None
    assert np.isnan(scored.data.y["t1"]).sum() == 3


def test_of_very_many_patients_some_are_judged_by_scores_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.study.by_size.MANY", 28)
    found = _worded(tmp_path, CLEAR + SOFT)
    scored = found.score_labels
    assert scored.data is not None and (len(found.data), len(scored.data)) == (30, 28)
    assert scored.counts["t1"]["n"] == 27  # of all
    assert any("is judged in 28 of them" in notice for notice in found.notices)


def test_where_no_label_changes_there_is_nothing_to_judge_again(tmp_path: Path) -> None:
    scored = _worded(tmp_path, CLEAR).score_labels
    assert (scored.changed, scored.data, scored.reason) == ({"t1": 0}, None, "")


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        ([(7, "", "yes")] * 9 + [(7, "", "no")] * 9, "does not hold the pain scores"),
        (CLEAR[5:] + SOFT * 2, "by scores alone: 7 responders and 18 nonresponders"),
    ],
)
def test_why_scores_alone_cannot_be_judged_is_told(
    tmp_path: Path, outcomes: list[tuple[object, object, str]], reason: str
) -> None:
    scored = _worded(tmp_path, outcomes).score_labels
    assert reason in scored.reason
    assert scored.data is None


def test_a_studys_words_tell_the_follow_up_that_its_cohort_tells(tmp_path: Path) -> None:
    table = make_cohort(60, seed=4).table
    weeks = pd.to_numeric(table["follow_up_weeks"])
    late = table.assign(follow_up_weeks=weeks.where(weeks.isna(), 52))
    described = read_description(_read(tmp_path, late))
    assert described.study.outcomes["t2"].endswith("T2 (after a median of 52 weeks)")
    bare = read_description(_read(tmp_path, table.drop(columns="follow_up_weeks")))
    assert bare.study.outcomes["t2"].endswith("still one at T2")


def test_a_follow_up_of_too_few_patients_is_not_told() -> None:
    assert find_follow_up(pd.DataFrame({"follow_up_weeks": [4.0, 5.0, NAN]})) is None
    assert find_follow_up(pd.DataFrame({"follow_up_weeks": [4.0, 5.0, 8.0, NAN]})) == 5
    assert find_follow_up(pd.DataFrame({"nrs_t0": [4.0]})) is None


def test_a_study_of_another_condition_need_not_tell_of_a_drug(tmp_path: Path) -> None:
    treatment = ["setting", "drug", "route", "concurrent_infusion_drug", "course_number"]
    table = make_cohort(60, seed=4).table
    asked = replace(
        _read(tmp_path, table.drop(columns=treatment)), eligibility=BORROWED_ELIGIBILITY
    )
    described = read_description(asked)
    assert set(described.study.eligibility.to_dict()) == {"age_years"}
    assert any("no [eligibility] of its own" in notice for notice in described.notices)
    # What its cohort does tell of is a rule as before.
    some = table.drop(columns=treatment[1:]).assign(setting=["elective"] * 50 + ["emergency"] * 10)
    asked = replace(_read(tmp_path, some), eligibility=BORROWED_ELIGIBILITY)
    described = read_description(asked)
    assert set(described.study.eligibility.to_dict()) == {"age_years", "setting"}
    assert len(described.table) == 50


def test_rules_that_a_crps_study_does_not_tell_of_stay_and_are_noticed(tmp_path: Path) -> None:
    table = make_cohort(60, seed=4).table.drop(columns=["drug", "route"])
    study = replace(_read(tmp_path, table), eligibility=CRPS_ELIGIBILITY)
    described = read_description(study)
    assert described.study.eligibility == CRPS_ELIGIBILITY
    assert described.notices[-1] == (
        "not known of any course, so that nobody is left out by it: Infusion drug, Route of "
        "administration"
    )
