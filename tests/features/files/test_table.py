"""Files in and out: read as they stand, written whole or not at all."""

import os
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputError, did_you_mean
from features.files.options import TableOptions
from features.files.table import (
    CLEANED,
    NOTES,
    check_output,
    make_folder,
    parse_table,
    read_table,
    write_bytes,
    write_table,
)


def _write(folder: Path, data: bytes, name: str = "cohort.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_csv_is_read_with_any_delimiter_and_line_end(
    tmp_path: Path, mark: str, newline: str
) -> None:
    lines = [mark.join(cells) for cells in (["a", "b "], ["1", "x y"], ["", "2"])]
    table = read_table(_write(tmp_path, newline.join(lines).encode()))
    assert table.columns.tolist() == ["a", "b"]
    assert table.to_numpy().tolist() == [["1", "x y"], ["", "2"]]


def test_byte_order_mark_blank_lines_and_empty_last_rows_are_left_out(tmp_path: Path) -> None:
    table = read_table(_write(tmp_path, "\ufeffa,b\n\n1,2\n,\n , \n".encode()))
    assert table.columns.tolist() == ["a", "b"]
    assert table.to_numpy().tolist() == [["1", "2"]]


def test_a_quoted_cell_may_hold_the_delimiter(tmp_path: Path) -> None:
    table = read_table(_write(tmp_path, b'a;b\n"N02AX02;N06AA09";2\n'))
    assert table["a"].tolist() == ["N02AX02;N06AA09"]


def test_parquet_gives_the_same_texts_as_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "id": ["A", "B", None],
            "whole": [1.0, 2.0, np.nan],
            "part": [0.1, 2.5, np.nan],
            "flag": pd.array([True, None, False], dtype="boolean"),
            "count": pd.array([1, None, 3], dtype="Int64"),
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    assert table.to_numpy().tolist() == [
        ["A", "1", "0.1", "yes", "1"],
        ["B", "2", "2.5", "", ""],
        ["", "", "", "no", "3"],
    ]


def test_a_named_parquet_index_is_a_column(tmp_path: Path) -> None:
    pd.DataFrame({"patient_id": ["A"], "x": [1]}).set_index("patient_id").to_parquet(
        tmp_path / "t.parquet"
    )
    assert read_table(tmp_path / "t.parquet").columns.tolist() == ["patient_id", "x"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"a,b\n", "has a header and no rows"),
        ("name,é\n1,2\n".encode("latin-1"), "is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16-le"), 'looks like UTF-16.*encoding = "utf-16-le"'),
        (b"a\0b", "not a text file"),
        (b"PK\x03\x04rest", "is no Excel workbook"),
        (b"PAR1rest", "damaged Parquet"),
        (b"\xd0\xcf\x11\xe0rest", "old Excel workbook"),
        (b'a,b\n"1,2\n3,4\n', "cannot be read as CSV"),
        (b"x" * 10_000_000, "cannot be read as CSV"),
        (b"a" + os.urandom(1000) * 10_000 + b"\xff", "is not UTF-8|not a text file"),
        (b"a,b\n" + b"1,2,3,4\n" * 1_200_000, "is not a table: 1000 problems"),
    ],
    ids=[
        "empty",
        "blank",
        "mark",
        "header",
        "latin",
        "utf16",
        "nul",
        "xlsx",
        "parquet",
        "xls",
        "quote",
        "10MB_line",
        "10MB_garbage",
        "10MB_misfit",
    ],
)
def test_what_is_no_table_gives_one_clear_error(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_table(_write(tmp_path, data))


def test_rows_between_headings_and_data_are_passed_over_when_it_is_said(tmp_path: Path) -> None:
    path = _write(tmp_path, b"Study X\nid,n\nPatient,Pain\n,0-10\nA,7\n,\nB,8\n")
    table = read_table(path, TableOptions(header_line=2, data_line=5))
    assert table.columns.tolist() == ["id", "n"]
    assert table.to_numpy().tolist() == [["A", "7"], ["B", "8"]]
    assert [position + 1 for position in table.index] == [5, 7]
    assert table.attrs[NOTES] == (
        "Passed over a blank row, line 6.",
        "Passed over 2 rows between the headings and line 5.",
    )
    with pytest.raises(InputError, match="no rows"):
        read_table(path, TableOptions(header_line=2, data_line=99))
    with pytest.raises(InputError, match="leave header_line and data_line out"):
        parse_table(b"PAR1", name="t", options=TableOptions(header_line=2))


def test_a_row_is_called_by_its_line_of_the_file(tmp_path: Path) -> None:
    text = 'id,note\r\n\r\nA,"two\r\nlines"\r\nB,x\r\n'
    table = read_table(_write(tmp_path, text.encode()))
    assert [position + 1 for position in table.index] == [3, 5]


def test_what_nobody_sees_is_passed_over_and_counted(tmp_path: Path) -> None:
    text = "\ufeffid\u200b;score\nP\u200d01\u00a0;\u202f7,5\nP02; 8 \n"
    table = read_table(_write(tmp_path, text.encode()))
    assert table.columns.tolist() == ["id", "score"]
    assert table.to_numpy().tolist() == [["P01", "7,5"], ["P02", " 8 "]]
    assert table.attrs[CLEANED] == 3
    assert read_table(_write(tmp_path, b"a\n1\n")).attrs[CLEANED] == 0


def test_headings_alike_but_for_what_nobody_sees_are_repeated(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="each column once"):
        read_table(_write(tmp_path, "id,id\u200b\n1,2\n".encode()))


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(InputError, match=r"nowhere.csv does not exist"):
        read_table(tmp_path / "nowhere.csv")


def test_every_line_with_too_many_or_too_few_fields_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_table(_write(tmp_path, b"a,b\n1,2,3\n4,5\n6\n"))
    assert [(p.row, p.column, p.got) for p in caught.value.problems] == [
        (2, "fields", "3"),
        (4, "fields", "1"),
    ]


def test_repeated_columns_are_each_named_and_unnamed_ones_numbered(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_table(_write(tmp_path, b"a,b,a,b\n1,2,3,4\n"))
    assert [p.column for p in caught.value.problems] == ["a", "b"]
    table = read_table(_write(tmp_path, b",b\n1,2\n"))
    assert table.columns.tolist() == ["(unnamed column 1)", "b"]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_written_table_is_read_back(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({"patient_id": ["A", "B"], "nrs_t0": [7.5, np.nan], "site": ["x", None]})
    write_table(frame, tmp_path / name)
    assert read_table(tmp_path / name).to_numpy().tolist() == [["A", "7.5", "x"], ["B", "", ""]]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_is_replaced_only_when_forced_and_never_left_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _write(tmp_path, b"old")
    with pytest.raises(InputError, match="add --force"):
        write_bytes(b"new", path)

    def fail(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(InputError, match="No space left"):
            write_bytes(b"new", path, force=True)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    write_bytes(b"new", path, force=True)
    assert path.read_bytes() == b"new"


def test_a_place_that_cannot_be_written_is_named_beforehand(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist; make it first"):
        check_output(tmp_path / "no" / "t.csv", force=False)
    with pytest.raises(InputError, match="is a folder"):
        check_output(tmp_path, force=True)
    with pytest.raises(InputError, match=r"must end in .csv or .parquet"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "t.xlsx")


def test_a_near_name_is_suggested_and_a_far_one_is_not() -> None:
    assert did_you_mean("Age_Year", ["age_years", "sex"]) == "did you mean age_years?"
    assert did_you_mean("nrs", ["sex", "nrs_t0", "nrs_t1"]) == "did you mean nrs_t0?"
    assert did_you_mean("zzz", ["age_years"]) == ""
    assert did_you_mean("age_years" * 100_000, ["age_years"]) == ""


def test_a_name_with_other_digits_is_never_suggested() -> None:
    assert did_you_mean("tsk_11", ["tsk"]) == ""
    assert did_you_mean("nrs_t3", ["nrs_t0", "nrs_t1", "nrs_t2"]) == ""
    assert did_you_mean("nrst0", ["nrs_t1", "nrs_t0"]) == "did you mean nrs_t0?"


@given(st.text(st.sampled_from("aÄöüñé"), min_size=1))
def test_a_letter_is_one_however_its_accent_is_written(text: str) -> None:
    apart = unicodedata.normalize("NFD", text)
    table = parse_table(f"{apart},n\n{apart},7\n".encode(), name="t")
    assert table.columns.tolist() == [text, "n"]
    assert table.iloc[0, 0] == text
    assert table.attrs[CLEANED] == 0


def test_a_folder_is_made_with_those_it_lies_in_or_one_line_says_why_not(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match=r"cannot be made: .*; choose another place"):
        make_folder(tmp_path / "file" / "b")
    assert (tmp_path / "file").read_text() == "kept"
