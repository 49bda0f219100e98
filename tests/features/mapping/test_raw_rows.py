"""Rows gathered by course, and joined to those of other files on the patient."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary.contract import CONTRACT
from features.mapping.column_rule import ColumnRule
from features.mapping.raw_rows import JoinedRows, RawRows, join_rows, read_column

WEIGHT, CODES = CONTRACT["weight_kg"], CONTRACT["medication_atc"]
NOTHING: frozenset[str] = frozenset()


def _export(patients: list[str]) -> RawRows:
    return RawRows({"id": patients}, [[i] for i in range(len(patients))])


def _lab(patients: list[str], weights: list[str], times: list[str] | None = None) -> JoinedRows:
    return JoinedRows({"lab.w": weights}, patients, times)


def test_each_course_gets_its_patients_rows_and_both_sides_are_counted() -> None:
    patients = ["1", "2", "3"]
    lab = _lab(["02", "9", "1.0", ""], ["70", "80", "90", "60"])
    data, [report], problems = join_rows(_export(patients), patients, {"lab": lab})
    assert problems == []
    assert data.matched == {"lab": [[2], [0], []]}
    assert (report.rows, report.matched, report.without, report.strangers) == (4, 2, 1, 1)
    assert read_column(data, ColumnRule(), WEIGHT, "lab.w", NOTHING) == (["90", "70", ""], [])
    assert read_column(data, ColumnRule(), WEIGHT, "id", NOTHING)[0] == patients


def test_a_file_without_any_patient_of_the_export_is_a_problem() -> None:
    lab = _lab(["P-1", "P-2"], ["70", "80"])
    _, _, [problem] = join_rows(_export(["p1", "p2"]), ["p1", "p2"], {"lab": lab})
    assert problem.column == "join.lab.patient"
    assert problem.got == "none of its 2 patients is in the export; 'P-1' is nearly 'p1'"
    assert problem.action == "write both alike"
    _, _, [other] = join_rows(_export(["x"]), ["x"], {"lab": lab})
    assert "nearly" not in other.got and other.action.startswith("name the column")


def test_patients_that_are_one_only_as_numbers_are_a_problem() -> None:
    lab = _lab(["1", "01"], ["70", "80"])
    _, _, problems = join_rows(_export(["1", "1.0"]), ["1", "1.0"], {"lab": lab})
    assert [p.column for p in problems] == ["columns.patient_id", "join.lab.patient"]


def test_pseudonyms_of_an_export_alone_are_taken_as_they_are() -> None:
    assert join_rows(_export(["1", "01"]), ["1", "01"], {})[2] == []


def test_rows_of_a_joined_file_must_agree_or_have_a_time() -> None:
    lab = _lab(["1", "1", "1"], ["70", "71", ""])
    data, _, _ = join_rows(_export(["1"]), ["1"], {"lab": lab})
    _, [problem] = read_column(data, ColumnRule(), WEIGHT, "lab.w", NOTHING)
    assert problem.got == "different values of lab.w in 1 of 1 patients"
    assert problem.action == "correct the file"
    timed = _lab(["1", "1"], ["70", "71"], ["0", "1"])
    data, _, _ = join_rows(_export(["1"]), ["1"], {"lab": timed})
    at = ColumnRule.model_construct(at="1")
    assert read_column(data, at, WEIGHT, "lab.w", NOTHING) == (["71"], [])


def test_codes_of_a_joined_file_without_times_are_one_list() -> None:
    lab = _lab(["1", "1", "2", "1"], ["N02AX02", "N03AX16", "-9", "N02AX02"])
    data, _, _ = join_rows(_export(["1", "2"]), ["1", "2"], {"lab": lab})
    texts, problems = read_column(data, ColumnRule(), CODES, "lab.w", frozenset({"-9"}))
    assert (texts, problems) == (["N02AX02;N03AX16", None], [])


def test_an_empty_cell_and_a_code_for_not_known_are_told_apart() -> None:
    data = RawRows({"x": ["", "-9", "5"]}, [[0], [1], [2, 1]])
    assert read_column(data, ColumnRule(), WEIGHT, "x", frozenset({"-9"}))[0] == ["", None, "5"]


@given(
    st.lists(st.integers(1, 6), unique=True, min_size=1),
    st.lists(st.integers(1, 9), unique=True, min_size=1),
    st.sampled_from(["{}", "0{}", "{}.0", " {} "]),
)
def test_a_join_finds_each_patient_in_any_order_and_spelling(
    ours: list[int], theirs: list[int], spelling: str
) -> None:
    patients = [str(number) for number in ours]
    lab = _lab([spelling.format(n) for n in theirs], [str(50 + n) for n in theirs])
    data, [report], problems = join_rows(_export(patients), patients, {"lab": lab})
    texts, _ = read_column(data, ColumnRule(), WEIGHT, "lab.w", NOTHING)
    assert texts == [str(50 + number) if number in theirs else "" for number in ours]
    both = set(ours) & set(theirs)
    assert (report.matched, report.without) == (len(both), len(ours) - len(both))
    assert bool(problems) == (not both)


@pytest.mark.parametrize(
    ("name", "entry", "cells"),
    [
        ("sex", {}, ["female", "Female"]),
        ("opioid", {}, ["yes", "YES"]),
        ("sex", {"recode": {"f": "female", "F": "female"}}, ["f", "F"]),
        ("weight_kg", {}, ["70,5", "70.50"]),
        ("medication_atc", {}, ["N02AX02;N03AX16", "N03AX16; N02AX02"]),
    ],
)
def test_rows_agree_that_mean_the_same(
    name: str, entry: dict[str, object], cells: list[str]
) -> None:
    data = RawRows({"x": cells}, [[0, 1]])
    rule = ColumnRule.model_construct(**entry)
    assert read_column(data, rule, CONTRACT[name], "x", NOTHING) == ([cells[0]], [])
    other = RawRows({"x": [*cells, "other"]}, [[0, 1, 2]])
    assert len(read_column(other, rule, CONTRACT[name], "x", NOTHING)[1]) == 1


def test_texts_agree_only_as_they_are_written() -> None:
    data = RawRows({"x": ["North", "north"]}, [[0, 1]])
    assert len(read_column(data, ColumnRule(), CONTRACT["site"], "x", NOTHING)[1]) == 1


def test_rows_without_a_patient_and_patients_written_otherwise_are_counted() -> None:
    lab = _lab(["a", "B", "", ""], ["70", "71", "72", "73"])
    _, [report], problems = join_rows(_export(["A", "B", "C"]), ["A", "B", "C"], {"lab": lab})
    assert problems == []
    assert (report.matched, report.nobody, report.near) == (1, 2, (("a", "A"),))
