"""What a mapping names and a file lacks is told with what the file has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import Problem
from features.files.table import parse_table
from features.mapping.absent import find_absent
from features.mapping.mapping_file import CohortMapping, read_mapping


def _read(folder: Path, text: str) -> CohortMapping:
    path = folder / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return read_mapping(path)


def _find(folder: Path, raw: str, mapping: str = "") -> list[Problem]:
    read = _read(folder, mapping or '[columns]\npatient_id = "id"\nnrs_t0 = "n"\nsex = "s"\n')
    return find_absent(parse_table(raw.encode(), name="t"), {}, read, read.columns)


def test_headings_that_differ_by_case_are_the_ones_that_are_meant(tmp_path: Path) -> None:
    listed, *others = _find(tmp_path, "Id,N,x y\nA,7,\n")
    assert listed.got == "the file has Id, N, x y"
    assert [(p.column, p.action) for p in others] == [
        ("columns.patient_id", "did you mean Id?"),
        ("columns.nrs_t0", "did you mean N?"),
        ("columns.sex", ""),
    ]


def test_a_file_has_at_most_twenty_headings_in_a_message(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(25)]
    listed, *_ = _find(tmp_path, ",".join(names) + "\n" + ",".join("1" * 25) + "\n")
    assert listed.got == f"the file has {', '.join(names[:20])} and 5 more"


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("Study X,,\nid,n,s\nA,7,male\n", 2),
        ("Study X;;\n\n;2021;\nid;n;s\nA;7;male\n", 4),
        ("Patient,Pain,Sex\nid,n,s\nA,7,male\n", 2),  # two rows of headings
    ],
)
def test_headings_in_a_lower_row_are_named_by_line(tmp_path: Path, raw: str, line: int) -> None:
    [problem] = _find(tmp_path, raw)
    assert problem.got == f"3 of those that are asked for in line {line}"
    assert f"header_line = {line}" in problem.action


@pytest.mark.parametrize("sign", [" ", "^", "~", ":"])
def test_a_file_in_which_no_delimiter_fits_is_told_as_such(tmp_path: Path, sign: str) -> None:
    [problem] = _find(tmp_path, f"id{sign}n{sign}s\nA{sign}7{sign}male\n")
    assert problem.expected == "fields with , ; | or tab between them"
    assert f"a single column, 'id{sign}n{sign}s'" in problem.got


def test_each_file_is_told_with_its_own_headings(tmp_path: Path) -> None:
    text = (
        '[join.lab]\nfile = "lab.csv"\npatient = "id"\n'
        '[columns]\npatient_id = "id"\nnrs_t0 = "lab.n"\n'
    )
    mapping = _read(tmp_path, text)
    raw = parse_table(b"id,n\nA,7\n", name="t")
    lab = parse_table(b"title,\nid,n\nA,7\n", name="t")
    [problem] = find_absent(raw, {"lab": lab}, mapping, mapping.columns)
    assert problem.column == "join.lab" and "header_line = 2" in problem.action
    lab = parse_table(b"id,N\nA,7\n", name="t")
    listed, other = find_absent(raw, {"lab": lab}, mapping, mapping.columns)
    assert (listed.column, listed.got) == ("join.lab", "the file has id, N")
    assert other.action == "did you mean lab.N?"


@given(
    case=st.sampled_from((str.upper, str.title, str.lower)),
    above=st.integers(0, 5),
    signs=st.sampled_from(["{}", "{} ", "{}."]),
)
def test_no_spelling_of_a_heading_goes_without_a_word(
    tmp_path_factory: pytest.TempPathFactory, case: Callable[[str], str], above: int, signs: str
) -> None:
    wanted = ["record id", "pain now", "sex"]
    headings = [signs.format(case(name)) for name in wanted]
    raw = "Title,,\n" * above + ",".join(headings) + "\nA,7,male\n"
    text = '[columns]\npatient_id = "record id"\nnrs_t0 = "pain now"\nsex = "sex"\n'
    found = _find(tmp_path_factory.mktemp("m"), raw, text)
    there = [heading.strip() for heading in headings]
    if above == 0:
        hints = [p.action for p in found[1:]]
        assert hints == [f"did you mean {h}?" for h, w in zip(there, wanted, strict=True) if h != w]
    elif there == wanted:
        assert [f"header_line = {above + 1}" in p.action for p in found] == [True]
    else:
        assert found[0].column == "headings"
