"""A cohort file becomes a checked table, with every problem at once."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.cohort.cohort import parse_cohort, parse_record, read_cohort
from features.dictionary.contract import CONTRACT
from features.errors import InputError, Problem
from features.files.table import write_table
from features.simulation.cohort import make_cohort

GOOD = "patient_id,course_number,age_years,nrs_t0,nrs_t1\nA,1,40,8,5\nB,1,50,7,6\n"


def _write(folder: Path, text: str | bytes, name: str = "cohort.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _problems(folder: Path, text: str | bytes, **options: tuple[str, ...]) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        read_cohort(_write(folder, text), **options)  # type: ignore[arg-type]  # required only
    return list(caught.value.problems)


def test_a_good_file_is_read_as_the_dictionary_encodes_it(tmp_path: Path) -> None:
    text = (
        "setting;patient_id;crps_type;sex;opioid;site;nrs_t0;medication_atc\n"
        "Elective;A;1;male;yes;north;7.5;n02ax02\n"
        "emergency;B;2;;unknown;;;none\n"
    )
    cohort = read_cohort(_write(tmp_path, text))
    table = cohort.table
    order = [name for name in CONTRACT.names if name in table]
    assert table.columns.tolist() == order
    assert table["patient_id"].tolist() == ["A", "B"]
    np.testing.assert_array_equal(table["setting"], [0, 1])
    np.testing.assert_array_equal(table["crps_type"], [0, 1])
    np.testing.assert_array_equal(table["sex"], [1, np.nan])
    np.testing.assert_array_equal(table["nrs_t0"], [7.5, np.nan])
    np.testing.assert_array_equal(table["opioid"], [1, 0])  # the second follows from `none`
    np.testing.assert_array_equal(table["weak_opioid"], [1, 0])
    assert table["medication_atc"].tolist() == ["N02AX02", "none"]
    assert table["site"].isna().tolist() == [False, True]
    assert cohort.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert not cohort.synthetic


def test_csv_and_parquet_give_the_same_table(tmp_path: Path) -> None:
    frame = make_cohort(60, seed=5).table
    tables = []
    for name in ("c.csv", "c.parquet"):
        write_table(frame, tmp_path / name)
        tables.append(read_cohort(tmp_path / name).table)
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize(
    ("text", "synthetic"),
    [
        (GOOD, False),
        ("patient_id\nSYN-1\nB\n", True),
        ("patient_id\nsyn-1\n", True),
        ("patient_id,record_origin\nA,patient\nB,synthetic\n", True),
        ("patient_id,record_origin\nA,patient\nB,\n", False),
    ],
)
def test_one_simulated_row_makes_a_cohort_synthetic(
    tmp_path: Path, text: str, synthetic: bool
) -> None:
    assert read_cohort(_write(tmp_path, text)).synthetic is synthetic


@pytest.mark.parametrize(
    ("column", "value", "got"),
    [
        ("nrs_t0", "11", "11"),
        ("nrs_t0", "-1", "-1"),
        ("nrs_t0", "high", "'high'"),
        ("nrs_t0", "1,500", "'1,500'"),
        ("nrs_t0", "1_0", "'1_0'"),
        ("nrs_t0", "inf", "'inf'"),
        ("disease_duration_years", "-0.5", "-0.5"),
        ("disease_duration_years", "84", "84"),
        ("course_number", "1.5", "'1.5'"),
        ("opioid", "1", "'1'"),
        ("sex", "m", "'m'"),
        ("setting", "planned", "'planned'"),
        ("medication_atc", "tramadol", "unknown code TRAMADOL"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_row_and_column(
    tmp_path: Path, column: str, value: str, got: str
) -> None:
    [problem] = _problems(tmp_path, f'patient_id,{column}\nA,\nB,"{value}"\n')
    assert (problem.row, problem.column, problem.got) == (3, column, got)


@given(
    scores=st.lists(st.integers(0, 1000), min_size=1, max_size=8),
    places=st.sampled_from([2, 3]),
    sign=st.sampled_from(",."),
)
def test_decimals_are_read_with_either_sign_and_never_as_thousands(
    scores: list[int], places: int, sign: str
) -> None:
    texts = [f"{score / 100:.{places}f}".replace(".", sign) for score in scores]
    raw = pd.DataFrame({"patient_id": [f"P{i}" for i in range(len(scores))], "nrs_t0": texts})
    table, problems = parse_cohort(raw)
    read = table["nrs_t0"].tolist() if "nrs_t0" in table else []
    refused = {problem.row for problem in problems}
    for row, score in enumerate(scores, start=1):
        assert row in refused or read[row - 1] == score / 100
    # A column of which no number but zero is sure is refused, where its sign is a comma.
    sure = sign == "." or places == 2
    assert not (sure and refused)


def test_one_sure_decimal_comma_settles_its_column(tmp_path: Path) -> None:
    text = 'patient_id;nrs_t0;weight_kg\nA;"7,5";70,250\nB;1,500;80,5\n'
    cohort = read_cohort(_write(tmp_path, text))
    assert cohort.table["nrs_t0"].tolist() == [7.5, 1.5]
    assert cohort.table["weight_kg"].tolist() == [70.25, 80.5]


def test_every_problem_is_listed_at_once_columns_first_then_rows(tmp_path: Path) -> None:
    text = "patient_id,course_number,nrs_t0,age,sex\nA,1,11,40,male\n,1,5,40,x\nA,1,12,40,female\n"
    problems = _problems(tmp_path, text, required=("nrs_t1",))
    assert [(p.row, p.column) for p in problems] == [
        (None, "age"),
        (None, "nrs_t1"),
        (2, "nrs_t0"),
        (3, "patient_id"),
        (3, "sex"),
        (4, "patient_id"),
        (4, "nrs_t0"),
    ]
    assert problems[0].action.startswith("did you mean age_years?")
    assert "ketresponse cohort import" in problems[0].action
    assert problems[5].got == "the same as in row 2"


def test_a_file_without_patient_id_or_a_required_column_says_so(tmp_path: Path) -> None:
    problems = _problems(tmp_path, "nrs_t0\n8\n", required=("success_t1",))
    assert [p.column for p in problems] == ["patient_id", "success_t1"]


def test_an_empty_required_column_says_so(tmp_path: Path) -> None:
    [problem] = _problems(tmp_path, "patient_id,nrs_t0\nA,\nB,unknown\n", required=("nrs_t0",))
    assert (problem.column, problem.got) == ("nrs_t0", "an empty column")


def test_a_second_course_is_no_repetition_but_an_unnumbered_one_is(tmp_path: Path) -> None:
    assert len(read_cohort(_write(tmp_path, "patient_id,course_number\nA,1\nA,2\n")).table) == 2
    assert [p.row for p in _problems(tmp_path, "patient_id,nrs_t0\nA,1\nB,2\nA,3\n")] == [4]
    assert [p.row for p in _problems(tmp_path, "patient_id,course_number\nA,\nA,\n")] == [3]


def test_durations_that_look_like_months_are_refused(tmp_path: Path) -> None:
    rows = "".join(f"P{i},{months}\n" for i, months in enumerate([12, 24, 30, 48, 55]))
    [problem] = _problems(tmp_path, "patient_id,disease_duration_years\n" + rows)
    assert problem.got == "a median of 30"
    assert "probably months" in problem.action


def test_months_above_the_range_count_towards_the_median(tmp_path: Path) -> None:
    rows = "".join(f"P{i},{months}\n" for i, months in enumerate([12, 61, 72, 84, 300]))
    problems = _problems(tmp_path, "patient_id,disease_duration_years\n" + rows)
    assert [p.row for p in problems] == [None, 3, 4, 5, 6]
    assert "divide by 12" in problems[1].action


def test_four_long_durations_are_too_few_to_call_months(tmp_path: Path) -> None:
    rows = "".join(f"P{i},30\n" for i in range(4))
    cohort = read_cohort(_write(tmp_path, "patient_id,disease_duration_years\n" + rows))
    assert cohort.table["disease_duration_years"].median() == 30


def test_a_disease_cannot_be_older_than_the_patient(tmp_path: Path) -> None:
    text = "patient_id,age_years,disease_duration_years\nA,30,30.9\nB,30,31\n"
    [problem] = _problems(tmp_path, text)
    assert (problem.row, problem.expected) == (3, "no longer than the age")


def test_a_flag_that_contradicts_the_codes_is_named_with_its_row(tmp_path: Path) -> None:
    text = "patient_id,medication_atc,opioid\nA,N02AX02,yes\nB,N02AX02,no\n"
    [problem] = _problems(tmp_path, text)
    assert (problem.row, problem.column) == (3, "opioid")


def test_many_unknown_columns_are_summed_up(tmp_path: Path) -> None:
    names = ",".join(f"miR_{i}" for i in range(300))
    problems = _problems(tmp_path, f"patient_id,{names}\nA{',' * 300}\n")
    assert len(problems) == 21
    assert problems[-1].got == "280 more unknown names"


@pytest.mark.parametrize(
    "data", [b"", os.urandom(10_000) * 1000 + b"\xff", b"\xff\xfe" * 10, b"x" * 10_000_000]
)
def test_a_file_that_is_no_table_is_one_error(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read_cohort(_write(tmp_path, data))
    assert caught.value.problems == ()
    assert len(str(caught.value)) < 500


def test_the_loggable_text_of_an_error_holds_no_value(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_cohort(_write(tmp_path, "patient_id,nrs_t0,site\nSecretName,98765,x\n"))
    assert "98765" not in str(caught.value) and "SecretName" not in str(caught.value)
    assert "98765" in caught.value.report()


def test_a_record_is_read_as_a_request_sends_it() -> None:
    record, problems = parse_record(
        {"nrs_t0": 8, "sex": "female", "strong_opioid": True, "age_years": "40", "site": None}
    )
    assert problems == []
    assert record == {
        "nrs_t0": 8.0,
        "sex": 0.0,
        "strong_opioid": 1.0,
        "opioid": 1.0,
        "age_years": 40.0,
        "site": None,
    }


def test_every_problem_of_a_record_is_named() -> None:
    record, problems = parse_record(
        {
            "nrs_t0": 11,
            "nrs": 5,
            "medication_atc": ["N02AX02"],
            "age_years": 20,
            "disease_duration_years": 30,
            "opioid": "no",
            "weak_opioid": "yes",
        }
    )
    assert [p.column for p in problems] == [
        "nrs",
        "nrs_t0",
        "medication_atc",
        "weak_opioid",
        "disease_duration_years",
    ]
    assert problems[0].action == "did you mean nrs_t0?"
    assert "nrs_t0" not in record


@given(
    st.fixed_dictionaries(
        {
            "patient_id": st.just("A"),
            "nrs_t0": st.sampled_from(["", "7", "7.5", "11", "x"]),
            "age_years": st.sampled_from(["", "40", "200"]),
            "disease_duration_years": st.sampled_from(["", "3", "41.5", "-1"]),
            "opioid": st.sampled_from(["", "yes", "no"]),
            "medication_atc": st.sampled_from(["", "none", "N02AX02", "N02", "??"]),
        }
    )
)
def test_a_row_of_a_table_and_a_request_are_read_alike(raw: dict[str, str]) -> None:
    record, problems = parse_record(raw)
    table, found = parse_cohort(pd.DataFrame([raw]))
    known = {name: value for name, value in record.items() if value is not None}
    row = {str(name): value for name, value in table.iloc[0].items() if not pd.isna(value)}
    assert row == known
    assert {(p.column, p.expected, p.got) for p in found} == {
        (p.column, p.expected, p.got) for p in problems
    }


def test_every_row_of_a_large_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    write_table(make_cohort(5000, seed=1).table, path)
    assert len(read_cohort(path).table) == 5000


def test_a_point_is_not_sure_beside_columns_with_decimal_commas() -> None:
    raw = pd.DataFrame({"patient_id": ["A"], "nrs_t0": ["7,5"], "weight_kg": ["70.500"]})
    _, [problem] = parse_cohort(raw)
    assert (problem.column, problem.got) == ("weight_kg", "'70.500'")
    table, problems = parse_cohort(raw.assign(nrs_t0=["7.5"]))
    assert problems == [] and table["weight_kg"].tolist() == [70.5]
