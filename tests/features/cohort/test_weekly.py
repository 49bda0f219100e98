"""A long file of weekly scores becomes checked tables, with every problem at once."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from features.cohort.weekly import parse_weekly, read_weekly
from features.dictionary.contract import CONTRACT
from features.dictionary.scale import OutcomeScale, with_scale
from features.errors import InputError, Problem


def make_rows(**changes: object) -> pd.DataFrame:
    """Three patients an arm, weeks 0 to 2, with sex and age; cells as texts."""
    rows = [
        {
            "patient_id": f"P{i}",
            "arm": "ketamine" if i % 2 else "placebo",
            "week": str(week),
            "nrs": str(8 - i - week),
            "sex": "female" if i < 3 else "male",
            "age_years": str(40 + i),
        }
        for i in range(6)
        for week in range(3)
    ]
    return pd.DataFrame(rows, dtype="str").assign(**changes)


def problems_of(raw: pd.DataFrame, **options: str) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        parse_weekly(raw, **options)  # type: ignore[arg-type]  # only the reference is given
    return caught.value.problems


def test_a_good_table_is_read() -> None:
    weekly = parse_weekly(make_rows())
    assert weekly.arms == ("placebo", "ketamine")
    assert not weekly.synthetic
    assert weekly.weeks == [1, 2]
    assert weekly.baseline.columns.tolist() == ["treated", "nrs_t0", "age_years", "sex"]
    np.testing.assert_array_equal(weekly.baseline["treated"], [0, 1, 0, 1, 0, 1])
    np.testing.assert_array_equal(weekly.baseline["nrs_t0"], [8, 7, 6, 5, 4, 3])
    np.testing.assert_array_equal(weekly.baseline["sex"], [0, 0, 0, 1, 1, 1])
    assert weekly.scores.head(3).to_numpy().tolist() == [[0, 0, 8], [0, 1, 7], [0, 2, 6]]


def test_order_of_rows_does_not_matter_but_for_the_numbering() -> None:
    rows = make_rows()
    within = rows.sort_values(["week"], kind="stable", ascending=False)
    one, other = parse_weekly(rows), parse_weekly(within.sort_values("patient_id", kind="stable"))
    assert_frame_equal(one.scores, other.scores)
    assert_frame_equal(one.baseline, other.baseline)


def test_missing_scores_and_weeks_are_left_out() -> None:
    rows = make_rows()
    rows.loc[0, "nrs"] = ""
    weekly = parse_weekly(rows.drop(index=5))
    assert np.isnan(weekly.baseline.loc[0, "nrs_t0"])
    assert len(weekly.scores) == 16


def test_a_baseline_cell_may_be_filled_in_one_row_only() -> None:
    rows = make_rows()
    rows.loc[[0, 2], "age_years"] = ""
    assert parse_weekly(rows).baseline.loc[0, "age_years"] == 40


def test_another_reference_can_be_named_and_must_be_where_none_is_known() -> None:
    renamed = make_rows()
    renamed["arm"] = renamed["arm"].replace({"placebo": "midazolam"})
    (problem,) = problems_of(renamed)
    assert problem.column == "arm"
    assert "--reference" in problem.action
    weekly = parse_weekly(renamed, reference="midazolam")
    assert weekly.arms == ("midazolam", "ketamine")
    assert parse_weekly(make_rows(), reference="ketamine").arms == ("ketamine", "placebo")
    (problem,) = problems_of(make_rows(), reference="sham")
    assert problem.got == "'sham'"


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_arms_are_read_in_any_case(data: st.DataObject) -> None:
    rows = make_rows()
    spell = st.sampled_from([str.upper, str.title, str.lower])
    changes = data.draw(st.lists(spell, min_size=len(rows), max_size=len(rows)))
    rows["arm"] = [change(arm) for change, arm in zip(changes, rows["arm"], strict=True)]
    reference = data.draw(st.sampled_from([None, "PLACEBO", "Ketamine"]))
    first = (reference or "placebo").lower()
    weekly, expected = (
        parse_weekly(rows, reference=reference),
        parse_weekly(make_rows(), reference=first),
    )
    assert weekly.arms[0].lower() == first
    assert_frame_equal(weekly.baseline, expected.baseline)
    assert_frame_equal(weekly.scores, expected.scores)


def test_classes_follow_from_codes() -> None:
    weekly = parse_weekly(make_rows(medication_atc="N02AX02"))
    assert (weekly.baseline["weak_opioid"] == 1).all()
    assert (weekly.baseline["strong_opioid"] == 0).all()


def test_classes_that_only_follow_from_a_part_are_not_made_up() -> None:
    # Tramadol yes makes an opioid user, tramadol no tells nothing of other opioids.
    weekly = parse_weekly(make_rows(weak_opioid="yes"))
    assert "opioid" not in weekly.baseline


def test_every_problem_is_listed_at_once() -> None:
    rows = make_rows(nrs_t1="3", colour="red")
    rows.loc[1, "week"] = "1.5"
    rows.loc[2, "nrs"] = "11"
    rows.loc[4, "age_years"] = "99"
    rows.loc[7, "arm"] = "ketamine"
    rows.loc[9, "week"] = ""
    rows.loc[13, "week"] = "0"
    rows.loc[14, "patient_id"] = ""
    found = [(problem.row, problem.column) for problem in problems_of(rows)]
    assert found == [
        (None, "nrs_t1"),
        (None, "colour"),
        (2, "week"),
        (3, "nrs"),
        (5, "age_years"),
        (8, "arm"),
        (10, "week"),
        (14, "week"),
        (15, "patient_id"),
    ]


@pytest.mark.parametrize(
    ("changes", "column", "expected"),
    [
        ({"nrs_t0": "7"}, "nrs_t0", "the rows of week 0"),
        ({"success_t1": "yes"}, "success_t1", "known before treatment"),
        ({"arm": "placebo"}, "arm", "two arms"),
        ({"colour": "red"}, "colour", "a name of the dictionary"),
    ],
)
def test_columns_that_cannot_be_used(changes: dict[str, str], column: str, expected: str) -> None:
    (problem,) = problems_of(make_rows(**changes))
    assert problem.column == column
    assert expected in problem.expected


def test_missing_columns_are_named() -> None:
    problems = problems_of(make_rows().drop(columns=["arm", "nrs"]))
    assert [problem.column for problem in problems] == ["arm", "nrs"]


def test_too_few_patients_in_an_arm_are_refused() -> None:
    rows = make_rows()
    (problem,) = problems_of(rows[rows["patient_id"] != "P5"])
    assert problem.got == "2 in the arm ketamine"


def test_errors_hold_no_value_but_in_the_report() -> None:
    rows = make_rows()
    rows.loc[2, "nrs"] = "11"
    with pytest.raises(InputError) as caught:
        parse_weekly(rows)
    assert "got" not in str(caught.value)
    assert "got 11" in caught.value.report()


def test_a_file_is_read_with_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "weekly.csv"
    make_rows().to_csv(path, index=False)
    weekly = read_weekly(path)
    assert weekly.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(weekly.scores) == 18


def test_headings_that_are_not_there_are_told_with_the_nearest_and_those_that_are() -> None:
    arm, nrs = problems_of(make_rows().rename(columns={"arm": "Group", "nrs": "NRS"}))
    assert (arm.column, arm.action) == ("arm", "docs/describe.md tells the format")
    assert arm.got == "the file has patient_id, Group, week, NRS, sex, age_years"
    assert (nrs.column, nrs.action) == ("nrs", "did you mean NRS?")


def test_scores_before_treatment_are_asked_for() -> None:
    rows = make_rows()
    rows["week"] = (rows["week"].astype(int) + 1).astype(str)
    [problem] = problems_of(rows)
    assert problem.expected == "scores of week 0, the week before treatment"
    assert problem.got == "weeks 1 to 3"


def test_patients_who_are_written_alike_and_what_was_passed_over_are_told(tmp_path: Path) -> None:
    rows = make_rows()
    assert parse_weekly(rows).remarks == ()
    rows.loc[1, "patient_id"] = "p0"
    path = tmp_path / "w.csv"
    path.write_text(rows.to_csv(index=False).replace("\nP3,", "\n,,,,,\nP3,", 1), encoding="utf-8")
    blank, alike = read_weekly(path).remarks
    assert blank == "Passed over a blank row, line 11."
    assert alike.endswith("are kept apart: P0 / p0.")


def test_scores_are_read_on_the_scale_of_the_mapping() -> None:
    scale = OutcomeScale(min=0, max=100, label="Pain (VAS)", unit="mm")
    rows = make_rows()
    rows["nrs"] = (10 * rows["nrs"].astype(float)).astype(str)
    weekly = parse_weekly(rows, dictionary=with_scale(CONTRACT, scale))
    np.testing.assert_array_equal(weekly.baseline["nrs_t0"], [80, 70, 60, 50, 40, 30])
    assert {problem.column for problem in problems_of(rows)} == {"nrs"}


def test_weeks_with_scores_in_one_arm_only_are_told() -> None:
    rows = make_rows()
    assert parse_weekly(rows).remarks == ()
    rows.loc[(rows["week"] == "2") & (rows["arm"] == "placebo"), "nrs"] = ""
    assert parse_weekly(rows).remarks == ("Week 2 has scores in one arm only.",)
    more = rows.assign(week=rows["week"].replace({"2": "3"}))
    both = parse_weekly(pd.concat([rows, more[more["week"] == "3"]]))
    assert both.remarks == ("Weeks 2, 3 have scores in one arm only.",)
