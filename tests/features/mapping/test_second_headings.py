"""Rows of words between the headings and the patients are told as such."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import InputError
from features.files.table import parse_table
from features.mapping.mapping import apply_mapping
from features.mapping.mapping_file import CohortMapping, read_mapping
from features.mapping.second_headings import count_second_headings, describe_second_headings

MAPPING = '[columns]\npatient_id = "id"\nnrs_t0 = "n"\nnrs_t1 = "m"\nsex = "s"\n'


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> CohortMapping:
    path = tmp_path_factory.mktemp("mapping") / "mapping.toml"
    path.write_text(MAPPING, encoding="utf-8")
    return read_mapping(path)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["ID,Schmerz,Schmerz,Geschlecht", "A,7,3,male"], 1),
        ([",0-10,,", "A,7,3,male"], 1),
        (["ID,Pain,Pain,Sex", ",points,points,", "A,7,3,male"], 2),
        (["A,7,3,male", "ID,Pain,Pain,Sex"], 0),
        (["A,soon,3,male", "B,7,3,male"], 0),
        (["001,soon,,male", "002,7,3,male"], 0),
        (["A,,,male", "B,7,3,male"], 0),
        (["ID,Pain,Pain,Sex", "A,high,low,male"], 0),
        (["a,b,c,d"] * 5 + ["A,7,3,male"], 3),
    ],
)
def test_rows_of_words_above_numbers_are_counted(
    mapping: CohortMapping, rows: list[str], expected: int
) -> None:
    raw = parse_table("\n".join(["id,n,m,s", *rows]).encode(), name="raw")
    assert count_second_headings(raw, mapping, mapping.columns) == expected


def test_the_line_to_say_is_the_first_below() -> None:
    problem = describe_second_headings([2, 3, 5])
    assert problem.row == 3 and "say data_line = 5 in" in problem.action


_WORDS = st.lists(st.sampled_from(["Pain", "NRS", "0-10", "points"]), min_size=2, max_size=2)


@settings(deadline=None)
@given(st.lists(_WORDS, min_size=1, max_size=3), st.sampled_from(",;\t"), st.booleans())
def test_what_is_said_reads_the_file(
    mapping: CohortMapping, above: list[list[str]], delimiter: str, wrong: bool
) -> None:
    rows = [["id", "n", "m", "s"], *(["ID", *words, "Sex"] for words in above)]
    rows += [["A", "7", "3", "male"], ["B", "8", "x" if wrong else "4", "female"]]
    text = "\n".join(map(delimiter.join, rows)).encode()
    with pytest.raises(InputError) as caught:
        apply_mapping(parse_table(text, name="raw"), mapping)
    first, *others = caught.value.problems
    line = len(above) + 2
    assert f"data_line = {line} in" in first.action
    assert [problem.column for problem in others] == ["nrs_t1"] * wrong
    assert all("Pain" not in problem.got for problem in others)


def test_advice_is_obeyed_through_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(f"data_line = 3\n{MAPPING}", encoding="utf-8")
    mapping = read_mapping(path)
    text = b"id,n,m,s\nID,Pain,Pain,Sex\nA,7,3,male\n"
    table, _ = apply_mapping(parse_table(text, name="raw", options=mapping.options), mapping)
    assert table["patient_id"].tolist() == ["A"] and table["nrs_t0"].tolist() == [7]
