"""A mapping file: what is read, and what is told of one that cannot be."""

from pathlib import Path

import pytest

from features.errors import InputError
from features.files.options import TableOptions
from features.mapping.mapping_file import CohortMapping, read_mapping


def _mapping(folder: Path, text: str) -> CohortMapping:
    path = folder / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return read_mapping(path)


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("colums = 1", "colums", "did you mean columns?"),
        ("columns = 1", "columns", "a table"),
        ('[columns]\nnrs_t00 = "x"', "columns.nrs_t00", "declared under"),
        ('[columns]\nsex = { form = "x" }', "columns.sex.form", "did you mean from?"),
        ('[columns]\nsex = { from = "x", constant = "male" }', "columns.sex", "either from"),
        ("[columns]\nsex = {}", "columns.sex", "either from"),
        ("[columns]\nsex = 1", "columns.sex", "a table"),
        ("[columns]\nsex = { from = 1 }", "columns.sex.from", "name of a raw column"),
        ('[columns]\nsex = ["a", "b"]', "columns.sex.from", "one raw column"),
        ('[columns]\nsex = { constant = "f" }', "columns.sex.constant", "female, male"),
        ('[columns]\nnrs_t0 = { from = "x", at = 1 }', "columns.nrs_t0.at", "[rows]"),
        ('[columns]\nsex = { from = "x", recode = { 1 = "m" } }', "columns.sex.recode.1", "male"),
        ('[columns]\nsex = { from = "x", recode = 1 }', "columns.sex.recode", "a table"),
        ('[columns]\nsex = { from = "x", recode = {}, unit = "kg" }', "columns.sex", "one of"),
        ('[columns]\nweight_kg = { from = "x", unit = "stone" }', "columns.weight_kg.unit", "g"),
        ('[columns]\nnrs_t0 = { from = "x", unit = "mm" }', "columns.nrs_t0.unit", "no unit"),
        ('[columns]\nnrs_t0 = { from = "x", yes_if = "> 1" }', "columns.nrs_t0.yes_if", "yes/no"),
        ('[columns]\nopioid = { from = "x", yes_if = "1" }', "columns.opioid.yes_if", ">= 6"),
        ('[columns]\nsex = { from = "x", separator = "," }', "columns.sex.separator", "ATC"),
        ('[columns]\nsex = { from = "x", missing = [[1]] }', "columns.sex.missing", "list"),
        ('[columns]\npatient_id = { constant = "A" }', "columns.patient_id", "alone"),
        ('[columns]\npatient_id = { from = "x", recode = {} }', "columns.patient_id", "as it is"),
        ('[columns]\nsex = "x"', "columns.patient_id", "a raw column"),
        ("[rows]\nkey = 1", "rows.key", "one of time"),
        ("[rows]\ntime = 1", "rows.time", "raw column"),
        ("[filter]\nx = { a = 1 }", "filter.x", "list of values"),
        ("missing = { a = 1 }", "missing", "list of values"),
        ('decimal = ";"', "decimal", '"." or ","'),
        ("encoding = 1", "encoding", "text"),
        ("sheet = 1.5", "sheet", "number from 1"),
        ("labels = 1", "labels", "true or false"),
        ('dates = "ymd"', "dates", '"dmy", "mdy" or "excel"'),
        ("[join]\nlab = 1", "join.lab", "a table"),
        ('[join."a.b"]\nfile = "x"\npatient = "p"', "join.a.b", "letters, digits and _"),
        ('[join.lab]\nfile = ""\npatient = "p"', "join.lab.file", "path of a file"),
        ('[join.lab]\nfile = "x"', "join.lab.patient", "a value"),
        (
            '[columns]\npatient_id = "lab.x"\n[join.lab]\nfile = "x"\npatient = "p"',
            "columns.patient_id",
            "of the export itself",
        ),
        (
            '[columns]\npatient_id = "id"\nnrs_t0 = { from = "lab.x", at = 0 }\n'
            '[rows]\ntime = "t"\n'
            '[join.lab]\nfile = "x"\npatient = "p"',
            "columns.nrs_t0.at",
            "no time in [join.lab]",
        ),
        (
            '[columns]\npatient_id = "id"\nnrs_t0 = { from = "x", at = 0 }\n'
            '[join.lab]\nfile = "x"\npatient = "p"\ntime = "t"',
            "columns.nrs_t0.at",
            "no time in [rows]",
        ),
        ('[variables.sex]\nkind = "text"', "variables.sex", "not in the contract"),
        ('[variables.x]\nkind = "txt"\nknown_at = "baseline"', "variables.x.kind", "number"),
        ("[variables]\nx = 1", "variables.x", "a table"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_with_the_place(
    tmp_path: Path, text: str, column: str, expected: str
) -> None:
    with pytest.raises(InputError) as caught:
        _mapping(tmp_path, text)
    found = [p for p in caught.value.problems if p.column == column]
    assert found, caught.value.problems
    assert any(expected in p.text(values=True) for p in found)


def test_all_that_is_wrong_with_a_mapping_is_listed_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        _mapping(
            tmp_path,
            '[columns]\npatient_id = "x"\nage = "a"\nsex = { constant = "f" }\n'
            '[variables.y]\nkind = "number"\n[filter]\nx = [[1]]\n',
        )
    assert [p.column for p in caught.value.problems] == [
        "variables.y.known_at",
        "columns.age",
        "columns.sex.constant",
        "filter.x",
    ]


def test_every_problem_of_a_mapping_is_told_in_these_words(tmp_path: Path) -> None:
    text = """
        missing = [-99, [1]]
        colums = {}
        [rows]
        tme = "t"
        [filter]
        group = { a = 1 }
        [columns]
        patient_id = "id"
        age = "a"
        sex = { from = "s", recode = { 1 = "female", 2 = "mann" }, form = 1 }
        nrs_t0 = { from = 3, unit = "mm", missing = [true, {}] }
        weight_kg = { from = "w", unit = "stone", yes_if = "6" }
        setting = { constant = "elective", at = 1 }
        [variables.mood]
        kind = "number"
        known_at = "befor"
        low = "0"
        [variables.sex]
        kind = "text"
        """
    with pytest.raises(InputError) as caught:
        _mapping(tmp_path, text)
    assert caught.value.report().splitlines() == [
        "mapping file mapping.toml: 17 problems",
        "  variables.mood.known_at: expected one of baseline, infusion, t1, t2, later; got 'befor'",
        "  variables.mood.low: expected a number; got '0'",
        "  variables.sex: expected a name that is not in the contract; got a contract name; "
        "map it under [columns], or rename yours",
        "  columns.age: expected a variable of the contract, or one declared under "
        "[variables]; got an unknown name; did you mean age_years?",
        "  columns.sex.recode.2: expected one of female, male; got 'mann'",
        "  columns.sex.form: expected one of from, by, at, missing, recode, unit, yes_if, part, "
        "until, completed, decimal, dates, boxes, ticked, not_ticked, none_ticked, separator, "
        "constant; got an unknown key; did you mean from?",
        "  columns.nrs_t0.from: expected the name of a raw column; got 3",
        "  columns.nrs_t0.missing: expected a value or a list of values; got a table",
        "  columns.nrs_t0.unit: expected no unit: there is nothing to convert; got 'mm'",
        "  columns.weight_kg: expected one of recode, unit, yes_if, part, until, boxes; "
        "got more than one",
        "  columns.weight_kg.unit: expected one of kg, pounds, g; got 'stone'",
        "  columns.weight_kg.yes_if: expected a comparison such as \">= 6\"; got '6'",
        "  columns.setting: expected a constant alone; got at",
        "  missing: expected a value or a list of values; got [1]",
        "  filter.group: expected a value or a list of values; got a table",
        "  rows.tme: expected one of time; got an unknown key; did you mean time?",
        "  [colums]: expected one of decimal, encoding, sheet, labels, header_line, "
        "data_line, missing, dates, totals, filter, rows, outcome, join, columns, variables; "
        "got an unknown table; did you mean [columns]?",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_mapping_is_read_with_a_byte_order_mark_or_without(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text('[columns]\npatient_id = "Größe"', encoding=encoding)
    assert read_mapping(path).columns["patient_id"].sources == ("Größe",)


@pytest.mark.parametrize("data", [b"columns = [", b"\xff", b"", b"a\n" * 100])
def test_a_mapping_that_is_no_toml_is_one_clear_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"is not TOML|as UTF-8 text|is empty"):
        read_mapping(path)


def test_how_each_file_is_written_is_handed_on(tmp_path: Path) -> None:
    mapping = _mapping(
        tmp_path,
        'decimal = ","\nencoding = "windows-1252"\nsheet = 2\nlabels = true\ndates = "mdy"\n'
        '[join.lab]\nfile = "lab.csv"\npatient = "p"\nsheet = "Lab"\n'
        '[columns]\npatient_id = "id"\n',
    )
    assert mapping.options == TableOptions(",", "windows-1252", 2, True, number_repeated=True)
    assert mapping.joins["lab"].options == TableOptions(sheet="Lab", number_repeated=True)
    assert mapping.dates == "mdy"
