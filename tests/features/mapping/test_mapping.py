"""Any export becomes a cohort file, and nothing is guessed."""

import re
from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError, Problem
from features.files.table import parse_table, write_table
from features.mapping.export import read_export
from features.mapping.import_report import ImportReport
from features.mapping.mapping import apply_mapping
from features.mapping.mapping_file import CohortMapping, read_mapping
from tests.places import PROJECT

BLOCKS = re.compile(r"```(csv|toml)[^\n]*\n(.*?)```", re.DOTALL)
DOCS = PROJECT / "docs" / "mapping.md"


def _mapping(folder: Path, text: str) -> CohortMapping:
    path = folder / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return read_mapping(path)


def _import(folder: Path, raw: str, mapping: str) -> tuple[pd.DataFrame, ImportReport]:
    return apply_mapping(parse_table(raw.encode(), name="raw.csv"), _mapping(folder, mapping))


def _problems(folder: Path, raw: str, mapping: str) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        _import(folder, raw, mapping)
    return list(caught.value.problems)


def _rows(table: pd.DataFrame) -> list[list[object]]:
    return [[None if pd.isna(v) else v for v in row] for row in table.astype(object).to_numpy()]


def test_the_example_of_the_documentation_does_what_it_says(tmp_path: Path) -> None:
    text = DOCS.read_text(encoding="utf-8")
    blocks = [body for _, body in BLOCKS.findall(text.partition("## How the file")[0])]
    table, report = _import(tmp_path, *blocks)
    assert table.columns.tolist() == [
        "patient_id",
        "site",
        "setting",
        "age_years",
        "sex",
        "nrs_t0",
        "disease_duration_years",
        "medication_atc",
        "weight_kg",
        "nrs_t1",
        "success_t1",
        "tsk_11",
    ]
    # 54 / 12 = 4.5 years; 150 * 0.45359237 = 68.0388555 kg; PGIC 6 is yes.
    assert _rows(table) == [
        [
            "A1",
            "north",
            "elective",
            41,
            "female",
            8,
            4.5,
            "N02AX02;N06AA09",
            pytest.approx(68.0388555),
            5,
            "yes",
            24,
        ],
        ["B2", "south", "elective", None, "male", 7, 1.5, "none", None, None, "no", 33],
    ]
    assert report.raw_rows == 5 and report.rows == 2
    assert report.dropped == {"group": 1}
    assert report.missing_codes == {"-99": 6}
    assert report.unmapped == ()


def _examples() -> list[tuple[str, list[str]]]:
    _, *sections = re.split(r"^##+ ", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = [(part.splitlines()[0], [b for _, b in BLOCKS.findall(part)]) for part in sections]
    return [(title, blocks) for title, blocks in found if len(blocks) > 2]


@pytest.mark.parametrize(("title", "blocks"), _examples())
def test_each_example_of_the_documentation_gives_the_cohort_beside_it(
    tmp_path: Path, title: str, blocks: list[str]
) -> None:
    raw, *joined, entries, cohort = blocks
    (tmp_path / "raw.csv").write_text(raw)
    for text in joined:
        (tmp_path / "lab.csv").write_text(text)
    before, has_columns, after = entries.partition("[columns]")
    head = f"{before}[columns]" if has_columns else "[columns]"
    own = after if has_columns else f"\n{entries}"
    mapping = _mapping(tmp_path, f'{head}\npatient_id = "id"{own}')
    raw_table, tables = read_export(tmp_path / "raw.csv", mapping)
    table, _ = apply_mapping(raw_table, mapping, tables)
    write_table(table, tmp_path / "cohort.csv")
    assert (tmp_path / "cohort.csv").read_text() == cohort


def test_the_examples_of_the_documentation_are_found() -> None:
    assert [title for title, _ in _examples()] == [
        "One checkbox for each drug",
        "Yes if any of several columns says yes",
        "A column chosen by the value of another",
        "Dates",
        "A second file about the same patients",
    ]


def test_each_part_reports_what_it_did_in_counts(tmp_path: Path) -> None:
    raw = "id,s,w,p,junk\nA,1,150,6,x\nB,2,200,3,x\nC,1.0,,NA,x\n"
    mapping = """
        [columns]
        patient_id = "id"
        sex = { from = "s", recode = { 1 = "female", 2 = "male" } }
        weight_kg = { from = "w", unit = "pounds" }
        success_t1 = { from = "p", yes_if = ">= 6", missing = ["NA"] }
        setting = { constant = "elective" }
        """
    table, report = _import(tmp_path, raw, mapping)
    assert table["sex"].tolist() == ["female", "male", "female"]
    assert [(c.name, c.how, c.known, c.missing) for c in report.columns] == [
        ("patient_id", "as it is", 3, 0),
        ("sex", "1 to female (2), 2 to male (1)", 3, 0),
        ("weight_kg", "pounds to kg", 2, 1),
        ("success_t1", "yes if >= 6 (1 of 2)", 2, 1),
        ("setting", "elective", 3, 0),
    ]
    assert report.unmapped == ("junk",)
    assert report.missing_codes == {"NA": 1}
    assert report.to_dict()["rows"] == 3


@pytest.mark.parametrize(
    ("name", "unit", "raw", "expected"),
    [
        ("disease_duration_years", "months", "9", 0.75),
        ("disease_duration_years", "days", "365.25", 1),
        ("disease_duration_years", "years", "5", 5),
        ("weight_kg", "pounds", "220", 99.7903214),
        ("weight_kg", "g", "70000", 70),
        ("height_cm", "inches", "70", 177.8),
        ("height_cm", "m", "1.78", 178),
        ("follow_up_weeks", "days", "28", 4),
        ("infusion_days", "hours", "36", 1.5),
    ],
)
def test_units_are_converted(
    tmp_path: Path, name: str, unit: str, raw: str, expected: float
) -> None:
    mapping = f'[columns]\npatient_id = "id"\n{name} = {{ from = "x", unit = "{unit}" }}\n'
    table, _ = _import(tmp_path, f"id,x\nA,{raw}\n", mapping)
    assert table[name].tolist() == pytest.approx([expected])


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        (">= 6", ["yes", "yes", "no"]),
        ("> 6", ["yes", "no", "no"]),
        ("< 6", ["no", "no", "yes"]),
        ("<=6", ["no", "yes", "yes"]),
        ("== 6.0", ["no", "yes", "no"]),
    ],
)
def test_a_comparison_makes_yes_or_no(tmp_path: Path, comparison: str, expected: list[str]) -> None:
    mapping = f"""
        [columns]
        patient_id = "id"
        success_t1 = {{ from = "x", yes_if = "{comparison}" }}
        """
    table, _ = _import(tmp_path, "id,x\nA,7\nB,6.0\nC,5\nD,\n", mapping)
    assert table["success_t1"].tolist()[:3] == expected
    assert pd.isna(table["success_t1"][3])


def test_values_that_nothing_covers_are_listed_by_column_with_counts(tmp_path: Path) -> None:
    raw = "id,s,w,o,p\n" + "A,1,x,1,a\nB,3,70,1,6\nC,3,80,2,6\n"
    mapping = """
        [columns]
        patient_id = "id"
        sex = { from = "s", recode = { 1 = "female", 2 = "male" } }
        weight_kg = { from = "w", unit = "pounds" }
        opioid = "o"
        success_t1 = { from = "p", yes_if = ">= 6" }
        """
    problems = _problems(tmp_path, raw, mapping)
    assert [(p.column, p.got) for p in problems] == [
        ("sex", "'3' in 2 rows"),
        ("weight_kg", "'x' in 1 row"),
        ("opioid", "'1' in 2 rows, '2' in 1 row"),
        ("success_t1", "'a' in 1 row"),
    ]
    assert problems[0].expected == "a value that recode lists: 1, 2"
    assert "recode" in problems[2].action


def test_a_value_out_of_range_after_conversion_is_a_problem(tmp_path: Path) -> None:
    mapping = """
        [columns]
        patient_id = "id"
        nrs_t0 = "n"
        weight_kg = { from = "w", unit = "pounds" }
        """
    problems = _problems(tmp_path, "id,n,w\nA,65,150\nB,5,15\n", mapping)
    assert [(p.column, p.got) for p in problems] == [
        ("nrs_t0", "'65' in 1 row"),
        ("weight_kg", "'15' in 1 row"),
    ]


LONG = """
    [rows]
    time = "t"
    [columns]
    patient_id = "id"
    nrs_t0 = { from = "n", at = 0 }
    nrs_t1 = { from = "n", at = 1 }
    """


def test_rows_of_a_patient_become_one_in_any_order(tmp_path: Path) -> None:
    raw = "id,t,n\nB,1,3\nA,0,8\nB,0,7\nA,2,9\nC,0,6\n"
    table, report = _import(tmp_path, raw, LONG)
    assert _rows(table) == [["B", 7, 3], ["A", 8, None], ["C", 6, None]]
    assert report.unused.times == {"2": 1}


def test_numbered_courses_stay_apart(tmp_path: Path) -> None:
    raw = "id,k,t,n\nA,1,0,8\nA,1,1,5\nA,2,0,7\n"
    table, _ = _import(tmp_path, raw, LONG + 'course_number = "k"\n')
    assert _rows(table) == [["A", 1, 8, 5], ["A", 2, 7, None]]


def test_rows_of_a_patient_that_disagree_are_a_problem(tmp_path: Path) -> None:
    raw = "id,t,n,a\nA,0,8,40\nA,1,5,41\nB,0,8,50\nB,1,7,\nC,0,5,60.0\nC,1,5,60\n"
    [problem] = _problems(tmp_path, raw, LONG + 'age_years = "a"\n')
    assert problem.column == "age_years"
    assert problem.got == "different values of a in 1 of 3 patients"
    assert "at = " in problem.action


def test_a_time_that_is_repeated_or_absent_is_a_problem(tmp_path: Path) -> None:
    problems = _problems(tmp_path, "id,t,n\nA,0,8\nA,0,7\n", LONG)
    assert [(p.column, p.got) for p in problems[:2]] == [
        ("t", "1 of 1 patients with more"),
        ("t", "times 0"),
    ]


def test_repeated_patients_without_rows_are_a_problem_at_their_raw_row(tmp_path: Path) -> None:
    mapping = '[filter]\nk = 1\n[columns]\npatient_id = "id"\n'
    [problem] = _problems(tmp_path, "id,k\nA,1\nB,0\nA,1\n", mapping)
    assert (problem.row, problem.got) == (4, "the same as in row 2")


def test_filters_keep_listed_values_and_count_what_they_drop(tmp_path: Path) -> None:
    mapping = """
        [filter]
        arm = ["a", "b"]
        ok = 1
        [columns]
        patient_id = "id"
        """
    table, report = _import(tmp_path, "id,arm,ok\nA,a,1\nB,b,1.0\nC,c,1\nD,a,0\nE,a,\n", mapping)
    assert table["patient_id"].tolist() == ["A", "B"]
    assert report.dropped == {"arm": 1, "ok": 2}


def test_months_that_were_not_converted_are_refused(tmp_path: Path) -> None:
    raw = "id,d\n" + "".join(f"P{i},{m}\n" for i, m in enumerate([24, 36, 40, 48, 55]))
    mapping = '[columns]\npatient_id = "id"\ndisease_duration_years = "d"\n'
    [problem] = _problems(tmp_path, raw, mapping)
    assert "probably months" in problem.action
    fixed = mapping.replace('"d"', '{ from = "d", unit = "months" }')
    assert _import(tmp_path, raw, fixed)[0]["disease_duration_years"].max() < 5


def test_codes_come_from_several_columns_and_keep_unknown_apart_from_none(tmp_path: Path) -> None:
    raw = "id,d1,d2\nA,tramadol,gabapentin\nB,nothing,\nC,,\n"
    mapping = """
        [columns]
        patient_id = "id"
        [columns.medication_atc]
        from = ["d1", "d2"]
        recode = { tramadol = "N02AX02", gabapentin = "N02BF01", nothing = "none" }
        """
    table, _ = _import(tmp_path, raw, mapping)
    assert _rows(table) == [["A", "N02AX02;N02BF01"], ["B", "none"], ["C", None]]


def test_malformed_codes_and_contradicting_flags_stop_the_import(tmp_path: Path) -> None:
    mapping = '[columns]\npatient_id = "id"\nmedication_atc = "d"\nopioid = "o"\n'
    problems = _problems(tmp_path, "id,d,o\nA,tramadol,yes\nB,N02AX02,no\n", mapping)
    assert [(p.row, p.column) for p in problems] == [(None, "medication_atc"), (3, "opioid")]


@pytest.mark.parametrize(
    ("raw", "origin"),
    [
        ("pid,record_origin\nSYN-1,\nB,\n", ["synthetic", None]),
        ("pid,record_origin\nA,synthetic\nB,patient\n", ["synthetic", "patient"]),
        ("pid,patient_id\nA,SYN-1\nB,SYN-2\n", ["synthetic", "synthetic"]),
    ],
)
@pytest.mark.parametrize("claim", ["", 'record_origin = { constant = "patient" }\n'])
def test_simulated_rows_stay_simulated_whatever_the_mapping_says(
    tmp_path: Path, raw: str, origin: list[str | None], claim: str
) -> None:
    table, report = _import(tmp_path, raw, '[columns]\npatient_id = "pid"\n' + claim)
    expected = ["patient" if claim and o is None else o for o in origin]
    assert [None if pd.isna(v) else v for v in table["record_origin"]] == expected
    assert report.synthetic_rows == origin.count("synthetic")


@pytest.mark.parametrize("claim", ["", 'record_origin = { constant = "patient" }\n'])
@pytest.mark.parametrize(("first", "second"), [("synthetic", ""), ("", "synthetic")])
def test_one_simulated_row_makes_the_whole_patient_simulated(
    tmp_path: Path, first: str, second: str, claim: str
) -> None:
    raw = f"id,t,n,record_origin\nA,0,8,{first}\nB,0,7,\nA,1,5,{second}\nB,1,6,\n"
    table, report = _import(tmp_path, raw, LONG + claim)
    assert table["patient_id"].tolist() == ["A", "B"]
    other = "patient" if claim else None
    assert [None if pd.isna(v) else v for v in table["record_origin"]] == ["synthetic", other]
    assert report.synthetic_rows == 1


def test_columns_that_the_file_lacks_are_all_named(tmp_path: Path) -> None:
    mapping = """
        [filter]
        okk = 1
        [rows]
        time = "visit"
        [columns]
        patient_id = "idd"
        sex = "sex"
        [variables.mood]
        kind = "number"
        known_at = "baseline"
        """
    problems = _problems(tmp_path, "id,ok,sex\nA,1,male\n", mapping)
    assert [p.column for p in problems] == [
        "headings",
        "columns.patient_id",
        "filter.okk",
        "rows.time",
        "variables.mood",
    ]
    assert problems[1].action == "did you mean id?"


def test_a_mapping_may_only_declare_variables(tmp_path: Path) -> None:
    mapping = _mapping(
        tmp_path, '[variables.mood]\nkind = "integer"\nknown_at = "baseline"\nlow = 0\nhigh = 3\n'
    )
    assert mapping.dictionary["mood"].expected() == "a whole number from 0 to 3"
    with pytest.raises(InputError, match=r"columns.patient_id"):
        apply_mapping(parse_table(b"id\nA\n", name="raw"), mapping)


def _join(folder: Path, raw: str, lab: str, mapping: str) -> tuple[pd.DataFrame, ImportReport]:
    tables = {"lab": parse_table(lab.encode(), name="lab.csv")}
    return apply_mapping(
        parse_table(raw.encode(), name="raw.csv"), _mapping(folder, mapping), tables
    )


JOIN = """
    [columns]
    patient_id = "id"
    weight_kg = "lab.w"
    [join.lab]
    file = "lab.csv"
    patient = "p"
    """


def test_a_joined_file_is_reported_with_what_it_leaves_out(tmp_path: Path) -> None:
    lab = "p,w,note\nA,70,x\nC,80,y\nD,-9,z\n"
    table, report = _join(tmp_path, "id\nA\nB\nD\n", lab, "missing = -9\n" + JOIN)
    assert _rows(table) == [["A", 70], ["B", None], ["D", None]]
    assert [(j.name, j.matched, j.without, j.strangers) for j in report.joined] == [
        ("lab", 2, 1, 1)
    ]
    assert report.unmapped == ("lab.note",)
    assert report.missing_codes == {"-9": 1}
    assert report.raw_rows == 3


def test_what_a_joined_file_lacks_is_named(tmp_path: Path) -> None:
    mapping = _mapping(tmp_path, JOIN.replace("lab.w", "lab.weigt") + 'time = "visit"\n')
    raw = parse_table(b"id,lab.weight\nA,1\n", name="raw")
    lab = parse_table(b"pp,weight\nA,70\n", name="lab")
    with pytest.raises(InputError) as caught:
        apply_mapping(raw, mapping, {"lab": lab})
    assert [p.column for p in caught.value.problems] == [
        "join.lab",
        "columns.weight_kg",
        "join.lab.patient",
        "join.lab.time",
        "join.lab",
    ]
    assert caught.value.problems[1].action == "did you mean lab.weight?"


def test_a_simulated_row_of_a_joined_file_makes_its_patient_simulated(tmp_path: Path) -> None:
    lab = "p,w,record_origin\nA,70,synthetic\nB,80,\n"
    table, report = _join(tmp_path, "id\nA\nB\n", lab, JOIN)
    assert [None if pd.isna(v) else v for v in table["record_origin"]] == ["synthetic", None]
    assert report.synthetic_rows == 1


def test_a_joined_time_is_checked_like_the_exports_own(tmp_path: Path) -> None:
    mapping = JOIN.replace('"lab.w"', '{ from = "lab.w", at = 0 }') + 'time = "t"\n'
    with pytest.raises(InputError) as caught:
        _join(tmp_path, "id\nA\nB\n", "p,t,w\nA,0,70\nA,0.0,70\nB,1,80\n", mapping)
    assert [(p.column, p.got) for p in caught.value.problems] == [
        ("lab.t", "1 of 2 patients with more")
    ]
    with pytest.raises(InputError) as caught:
        _join(tmp_path, "id\nA\nB\n", "p,t,w\nA,2,70\nB,1,80\n", mapping)
    assert [(p.expected, p.got) for p in caught.value.problems] == [
        ("a row at time 0", "times 1, 2")
    ]


def test_boxes_that_are_only_ticked_or_empty_need_a_word(tmp_path: Path) -> None:
    mapping = """
        [columns]
        patient_id = "id"
        [columns.medication_atc]
        boxes = { a = "N02AX02", b = "N03AX16" }
        none_ticked = "none"
        """
    raw = "id,a,b\nA,x,\nB,,\nC,x,x\n"
    [problem] = _problems(tmp_path, raw, mapping)
    assert problem.got == "only ticked and empty ones"
    assert problem.action.startswith('say not_ticked = [""]')
    table, report = _import(tmp_path, raw, mapping + '    not_ticked = [""]\n')
    assert table["medication_atc"].tolist() == ["N02AX02", "none", "N02AX02;N03AX16"]
    assert report.columns[1].source == "a + b"


def test_a_value_that_chooses_no_column_is_a_problem(tmp_path: Path) -> None:
    mapping = """
        [columns]
        patient_id = "id"
        nrs_t0 = { by = "s", from = { L = "l", R = "r" } }
        """
    [problem] = _problems(tmp_path, "id,s,l,r\nA,L,8,1\nB,B,7,2\n", mapping)
    assert (problem.column, problem.got) == ("nrs_t0", "'B' in 1 row")


def test_a_column_that_chooses_and_is_empty_at_its_time_is_told(tmp_path: Path) -> None:
    mapping = """
        [rows]
        time = "v"
        [columns]
        patient_id = "id"
        nrs_t0 = { by = "s", from = { L = "l", R = "r" }, at = 0 }
        nrs_t1 = { by = "s", from = { L = "l", R = "r" }, at = 1 }
        """
    raw = "id,v,s,l,r\nA,0,L,8,1\nA,1,,3,2\nB,0,R,8,7\nB,1,,,\n"
    table, report = _import(tmp_path, raw, mapping)
    assert _rows(table) == [["A", 8, None], ["B", 7, None]]
    assert [column.how for column in report.columns[1:]] == [
        "at time 0, chosen by s",
        "at time 1, chosen by s, s is empty beside values: not known (1)",
    ]


def test_dates_that_may_be_two_are_a_problem_with_the_line_to_add(tmp_path: Path) -> None:
    mapping = """
        [columns]
        patient_id = "id"
        follow_up_weeks = { from = "d", until = "e" }
        """
    raw = "id,d,e\nA,05.03.2021,2021-03-12\nB,13.03.2021,2021-03-20\nC,2021-03-05,2021-03-12\n"
    [problem] = _problems(tmp_path, raw, mapping)
    assert problem.action == 'say dates = "dmy"'
    table, _ = _import(tmp_path, raw, 'dates = "dmy"\n' + mapping)
    assert table["follow_up_weeks"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("head", "cells", "expected"),
    [
        ("", ["7,5", "8"], [7.5, 8]),
        ('decimal = ","\n', ["1,500", "2"], [1.5, 2]),
        ("", ["1,500", "2,5"], [1.5, 2.5]),
    ],
)
def test_decimal_commas_are_read_where_the_column_or_the_mapping_tells(
    tmp_path: Path, head: str, cells: list[str], expected: list[float]
) -> None:
    raw = "id;n\n" + "".join(f"P{i};{cell}\n" for i, cell in enumerate(cells))
    table, _ = _import(tmp_path, raw, head + '[columns]\npatient_id = "id"\nnrs_t0 = "n"\n')
    assert table["nrs_t0"].tolist() == expected


def test_a_line_of_totals_does_not_become_a_patient(tmp_path: Path) -> None:
    raw = "id,nrs0\nA,7\nB,8\nTotal,7.5\n"
    mapping = '[columns]\npatient_id = "id"\nnrs_t0 = "nrs0"\n'
    [problem] = _problems(tmp_path, raw, mapping)
    assert (problem.row, problem.column) == (4, "patient_id")
    # A line that a filter drops is no problem.
    raw = "id,nrs0,kind\nA,7,p\nTotal,7.5,\n"
    table, _ = _import(tmp_path, raw, '[filter]\nkind = "p"\n' + mapping)
    assert table["patient_id"].tolist() == ["A"]


def test_one_word_leaves_lines_of_totals_out_and_they_are_told(tmp_path: Path) -> None:
    raw = "id,nrs0\nA,7\nB,8\nMean,7.5\nSD,0.7\nN = 2,\n"
    mapping = 'totals = "leave_out"\n[columns]\npatient_id = "id"\nnrs_t0 = "nrs0"\n'
    table, report = _import(tmp_path, raw, mapping)
    assert table["patient_id"].tolist() == ["A", "B"]
    assert report.tell_rows() == [
        "Dropped 3 rows by id: 'Mean' in 1 row, 'SD' in 1 row, 'N = 2' in 1 row."
    ]
    table, report = _import(tmp_path, "id,nrs0\nA,7\n", mapping)
    assert table["patient_id"].tolist() == ["A"]


def test_patients_who_are_written_alike_are_told_by_line(tmp_path: Path) -> None:
    raw = "id,time,nrs\nB,0,5\na1,0,7\nA1,1,3\nB,1,4\nP 01,0,6\nP01,0,6\n"
    mapping = (
        '[rows]\ntime = "time"\n[columns]\npatient_id = "id"\nnrs_t0 = { from = "nrs", at = 0 }\n'
        'nrs_t1 = { from = "nrs", at = 1 }\n'
    )
    table, report = _import(tmp_path, raw, mapping)
    assert table["patient_id"].tolist() == ["B", "a1", "A1", "P 01", "P01"]
    assert report.alike == ((3, 4), (6, 7))
    assert report.tell_rows() == [
        "Look again: 2 patient_ids in several ways of writing (case, spaces, signs, leading "
        "zeros, alphabet), as in the rows 3 and 4, 6 and 7. Each is another patient until all are "
        "written in one way."
    ]


TIMES = """
    [rows]
    time = "t"
    [columns]
    patient_id = "id"
    nrs_t0 = { from = "n", at = "V1" }
    nrs_t1 = { from = "n", at = "V2" }
    """


def test_times_that_nothing_comes_from_are_listed_with_what_is_nearly_asked_for(
    tmp_path: Path,
) -> None:
    raw = "id,t,n\nA,V1,7\nA,v2,3\nB,V1,8\nB,V2,4\nB,V3,4\nB,,4\n"
    table, report = _import(tmp_path, raw, TIMES)
    assert table["nrs_t1"].isna().tolist() == [True, False]
    assert report.tell_rows() == [
        "3 rows at times that no variable comes from: 'v2' in 1 row, 'V3' in 1 row, an empty cell "
        "in 1 row.",
        "Look again: 'v2' is nearly 'V2'. Write both alike if they are one.",
    ]
    untimed = '[rows]\ntime = "t"\n[columns]\npatient_id = "id"\nsex = "s"\n'
    _, report = _import(tmp_path, "id,t,s\nA,1,male\nA,2,male\n", untimed)
    assert report.tell_rows() == []


def test_an_empty_time_is_named(tmp_path: Path) -> None:
    problem, *_ = _problems(tmp_path, "id,t,n\nA,,7\nA,1,3\n", TIMES)
    assert problem.got == "times an empty cell, 1"


def test_a_point_is_not_sure_in_a_file_with_decimal_commas(tmp_path: Path) -> None:
    mapping = (
        '[columns]\npatient_id = "id"\nnrs_t0 = "n"\n'
        'disease_duration_years = { from = "d", unit = "days" }\n'
    )
    [problem] = _problems(tmp_path, "id;n;d\nA;7,5;1.200\nB;8;2.400\n", mapping)
    assert problem.column == "disease_duration_years" and "'1.200' in 1 row" in problem.got
    unused = mapping.replace('nrs_t0 = "n"\n', "")
    assert len(_problems(tmp_path, "id;n;d\nA;7,5;1.200\nB;8;2.400\n", unused)) == 1
    table, _ = _import(tmp_path, "id;n;d\nA;7.5;1.200\nB;8;2\n", mapping)
    assert table["disease_duration_years"][0] == pytest.approx(1.2 / 365.25, rel=1e-3)
    table, _ = _import(tmp_path, "id;n;d\nA;7,5;1.25\nB;8;2\n", mapping)
    assert table["disease_duration_years"][0] == pytest.approx(1.25 / 365.25, rel=1e-3)


def test_an_entry_has_a_sign_of_its_own(tmp_path: Path) -> None:
    mapping = '[columns]\npatient_id = "id"\nnrs_t0 = "n"\nweight_kg = { from = "w"%s }\n'
    raw = "id;n;w\nA;7,5;70.500\nB;8;65.250\n"
    [problem] = _problems(tmp_path, raw, mapping % "")
    assert problem.column == "weight_kg" and 'say decimal = "." in its entry' in problem.action
    table, report = _import(tmp_path, raw, mapping % ', decimal = "."')
    assert _rows(table) == [["A", 7.5, 70.5], ["B", 8, 65.25]]
    assert report.columns[2].how == "as it is"
    _, report = _import(tmp_path, raw.replace("7,5", "7"), mapping % "")
    assert report.columns[2].how.startswith("as it is, 2 such as 1.500 read as 1.5")


def test_a_column_of_a_joined_file_is_named_where_its_file_is_forgotten(tmp_path: Path) -> None:
    mapping = _mapping(tmp_path, JOIN.replace('"lab.w"', '"w"'))
    raw, lab = parse_table(b"id\nA\n", name="raw"), parse_table(b"p,w\nA,70\n", name="lab")
    with pytest.raises(InputError) as caught:
        apply_mapping(raw, mapping, {"lab": lab})
    assert "did you mean lab.w?" in [problem.action for problem in caught.value.problems]


def test_a_note_below_the_table_is_told(tmp_path: Path) -> None:
    mapping = '[columns]\npatient_id = "id"\nnrs_t0 = "n"\nsetting = { constant = "elective" }\n'
    table, report = _import(tmp_path, "id,n\nA,7\nB,8\n(2 rows affected),\n", mapping)
    assert len(table) == 3
    assert report.notes == (
        "Look again: a row has nothing but a patient_id (4): a note below the table?",
    )


def test_a_patient_may_be_called_as_a_code_for_not_known(tmp_path: Path) -> None:
    mapping = 'missing = [99]\n[columns]\npatient_id = "id"\nnrs_t0 = "n"\n'
    table, report = _import(tmp_path, "id,n\n98,7\n99,99\n", mapping)
    assert _rows(table) == [["98", 7], ["99", None]]
    assert report.missing_codes == {"99": 1}


def test_a_row_without_its_course_is_a_problem_beside_rows_with_one(tmp_path: Path) -> None:
    mapping = """
        [rows]
        time = "t"
        [columns]
        patient_id = "id"
        course_number = "c"
        nrs_t0 = { from = "n", at = 0 }
        """
    raw = "id,t,n,c\nA,0,8,1\nA,1,3,\nA,0,7,2\nB,0,5,\n"
    problem, *_ = _problems(tmp_path, raw, mapping)
    assert (problem.column, problem.action) == ("course_number", "fill it in")
    assert problem.got == "rows without one, of 1 who have others"
    table, _ = _import(tmp_path, "id,t,n,c\nA,0,8,1\nA,1,3,1\nB,0,5,\n", mapping)
    assert len(table) == 2


def test_several_rows_of_a_patient_name_the_part_that_joins_them(tmp_path: Path) -> None:
    mapping = '[columns]\npatient_id = "id"\nnrs_t0 = "n"\n'
    [problem] = _problems(tmp_path, "id,n,t\nA,7,0\nA,3,1\n", mapping)
    assert "[rows] of a mapping" in problem.action
