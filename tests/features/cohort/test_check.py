"""A look through a cohort file, before anything is made of it."""

from pathlib import Path

import pytest

from features.cohort.check import check_cohort
from features.cohort.study_rules import StudyRules
from features.errors import InputError


def _write(folder: Path, text: str) -> Path:
    path = folder / "cohort.csv"
    path.write_text(text)
    return path


def test_a_check_flags_rows_and_counts_labels(tmp_path: Path) -> None:
    text = (
        "patient_id,setting,nrs_t0,success_t1,success_t2,medication_atc\n"
        "A,elective,8,no,yes,N02AX02;B05BC01\n"
        "B,elective,1,yes,no,C09AA02\n"
        "C,emergency,,yes,,C09AA02\n"
    )
    report = check_cohort(_write(tmp_path, text))
    assert report.problems == () and report.rows == 3
    assert [(row, name) for row, name, _ in report.flags] == [
        (2, "medication_atc"),
        (2, "nrs_t2"),
        (3, "nrs_t0"),
    ]
    assert "mannitol" in report.flags[0][2]
    assert report.unlisted_codes == {"C09AA02": 2, "B05BC01": 1}
    assert report.missing["nrs_t0"] == pytest.approx(1 / 3)
    assert report.labels is not None
    # The emergency is not eligible: of the other two, one responder at T1 and none at T2.
    assert report.labels["rows"] == 2
    assert [report.labels[h]["responders"] for h in ("t1", "t2", "kept")] == [1, 0, 0]


@pytest.mark.parametrize("rows", [1, 5])
def test_a_check_of_few_rows_of_one_class_is_no_error(tmp_path: Path, rows: int) -> None:
    text = "patient_id,success_t1\n" + "".join(f"P{i},no\n" for i in range(rows))
    report = check_cohort(_write(tmp_path, text))
    assert report.problems == () and report.labels is not None
    assert report.labels["t1"]["nonresponders"] == rows


def test_a_check_without_any_outcome_has_no_labels(tmp_path: Path) -> None:
    report = check_cohort(_write(tmp_path, "patient_id,nrs_t0\nA,8\n"))
    assert report.labels is None and report.flow is not None
    with pytest.raises(InputError, match="outcome at T1"):
        check_cohort(_write(tmp_path, "patient_id,nrs_t0\nA,8\n"), StudyRules(horizons=("t1",)))


def test_a_check_reports_problems_and_raises_for_what_is_no_table(tmp_path: Path) -> None:
    report = check_cohort(_write(tmp_path, "patient_id,nrs_t0\nA,11\n"))
    assert [p.column for p in report.problems] == ["nrs_t0"]
    assert report.flow is None
    with pytest.raises(InputError, match="is empty"):
        check_cohort(_write(tmp_path, ""))


def test_a_report_becomes_plain_values(tmp_path: Path) -> None:
    text = "patient_id,setting,nrs_t0,success_t1,medication_atc\nA,elective,8,no,C09AA02;N02AX02\n"
    plain = check_cohort(_write(tmp_path, text)).to_dict()
    assert (plain["ok"], plain["problems"], plain["rows"], plain["synthetic"]) == (
        True,
        [],
        1,
        False,
    )
    assert plain["unlisted_codes"] == {"C09AA02": 1}
    assert plain["flow"][0]["remaining"] == 1
    assert plain["labels"]["rows"] == 1
    wrong = check_cohort(_write(tmp_path, "patient_id,nrs_t0\nA,11\n")).to_dict()
    assert (wrong["ok"], wrong["rows"], wrong["flow"], wrong["labels"]) == (False, 0, [], None)
    assert wrong["problems"][0]["column"] == "nrs_t0" and wrong["synthetic"] is False
    simulated = check_cohort(_write(tmp_path, "patient_id,nrs_t0\nSYN-1,8\n"))
    assert simulated.synthetic


def test_no_medication_and_an_unknown_one_are_no_unlisted_code(tmp_path: Path) -> None:
    text = "patient_id,medication_atc\nA,none\nB,\nC,C09AA02\n"
    assert check_cohort(_write(tmp_path, text)).unlisted_codes == {"C09AA02": 1}


def test_missing_values_are_shares_of_the_rows(tmp_path: Path) -> None:
    report = check_cohort(_write(tmp_path, "patient_id,nrs_t0,sex\nA,8,\nB,,\nC,7,\nD,6,male\n"))
    assert report.missing["patient_id"] == 0
    assert (report.missing["nrs_t0"], report.missing["sex"]) == (0.25, 0.75)


def test_a_line_of_totals_is_a_problem_of_a_check(tmp_path: Path) -> None:
    report = check_cohort(_write(tmp_path, "patient_id,nrs_t0\nA,7\n\nB,8\nMean,7.5\n"))
    assert [(p.row, p.column, p.got) for p in report.problems] == [
        (5, "patient_id", "'Mean', a word for totals")
    ]


def test_initials_that_are_a_word_for_totals_are_flagged_and_kept(tmp_path: Path) -> None:
    report = check_cohort(_write(tmp_path, "patient_id,nrs_t0\nAK,7\nSD,8\nTR,8\n"))
    assert report.problems == () and report.rows == 3
    [(row, name, text)] = report.flags
    assert (row, name) == (3, "patient_id") and "taken for a patient's initials" in text


def test_a_row_with_nothing_but_its_patient_is_flagged(tmp_path: Path) -> None:
    text = "patient_id,nrs_t0,course_number\nA,7,1\nB,,1\n(2 rows affected),,\n"
    report = check_cohort(_write(tmp_path, text))
    assert [(row, name) for row, name, _ in report.flags] == [(3, "patient_id"), (4, "patient_id")]
    assert check_cohort(_write(tmp_path, "patient_id\nA\n")).flags == ()


def test_patients_who_are_written_alike_are_flagged_and_kept(tmp_path: Path) -> None:
    text = "patient_id,nrs_t0\na1,7\nB,8\nA1,7\n001,5\n1,6\n"
    report = check_cohort(_write(tmp_path, text))
    assert report.problems == () and report.rows == 5
    assert [(row, name) for row, name, _ in report.flags] == [
        (row, "patient_id") for row in (2, 4, 5, 6)
    ]
