"""Files of every kind as text with lines."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputError
from features.files.options import TableOptions
from features.panel.layouts.long import holds_results
from features.panel.layouts.text import (
    choose_sheet,
    decode_text,
    find_encoding,
    is_workbook,
    read_text,
)
from tests.features.helpers.panels import make_workbook

RESULTS = [
    ["Block Type", "96-Well"],
    ["Experiment Name", "Plate 7"],
    [],
    ["Well", "Sample Name", "Target Name", "Task", "C\u0442", "Omit"],
    ["A1", "P1", "hsa-miR-16-5p", "UNKNOWN", 22.5, False],
    ["A2", "P2", "hsa-miR-16-5p", "UNKNOWN", "Undetermined", False],
    [],
    ["Analysis Type", "Singleplex"],
]


def _read(data: bytes, **options: Any) -> str:
    return read_text(
        data, name="f", options=TableOptions(**options), holds_results=holds_results
    ).text


def test_a_row_of_a_sheet_is_the_line_of_its_number() -> None:
    lines = _read(make_workbook(Results=RESULTS)).splitlines()
    assert [i for i, line in enumerate(lines, start=1) if line] == [1, 2, 4, 5, 6, 8]
    assert lines[4].split("\t") == ["A1", "P1", "hsa-miR-16-5p", "UNKNOWN", "22.5", "no"]


def test_of_several_sheets_the_one_with_results_is_read_and_the_others_are_told() -> None:
    setup = [["Well", "Sample Name", "Target Name"], ["A1", "P1", "hsa-miR-16-5p"]]
    data = make_workbook(Setup=setup, Results=RESULTS, Empty=[])
    found = read_text(data, name="f.xlsx", holds_results=holds_results)
    assert "Undetermined" in found.text
    assert found.notes == ("sheets of f.xlsx that were not read: Setup",)
    assert "Undetermined" not in _read(data, sheet="Setup")
    assert _read(data, sheet="2") == found.text


@pytest.mark.parametrize(
    ("sheets", "sheet", "got"),
    [
        ({"A": RESULTS, "B": RESULTS}, None, "several, and none stated"),
        ({"A": [["x", 1]], "B": [["y", 2]]}, None, "several, and none stated"),
        ({"A": RESULTS}, "B", "'B', which it does not have"),
        ({"A": RESULTS}, "3", "'3', which it does not have"),
    ],
)
def test_which_sheet_is_never_guessed(
    sheets: dict[str, list[list[object]]], sheet: str | None, got: str
) -> None:
    with pytest.raises(InputError) as caught:
        _read(make_workbook(**sheets), sheet=sheet)
    [problem] = caught.value.problems
    assert problem.got == got
    assert problem.action == "say which one, --sheet 'A'"


def test_a_sheet_may_be_called_by_a_number() -> None:
    assert choose_sheet(["1", "0"], "0", name="f") == "0"
    assert choose_sheet(["a", "b"], "2", name="f") == "b"
    with pytest.raises(InputError, match="empty"):
        choose_sheet([], None, name="f")


def test_an_old_workbook_gets_a_word() -> None:
    with pytest.raises(InputError, match=r"old Excel workbook \(\.xls\)"):
        _read(b"\xd0\xcf\x11\xe0 more")
    for begins in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        with pytest.raises(InputError, match="save the sheet"):
            decode_text(begins, name="f")
    assert is_workbook(make_workbook(A=RESULTS))
    assert not is_workbook(b"Sample,Target,Ct")


def test_a_file_of_spss_has_its_labels(tmp_path: Path) -> None:
    frame = pd.DataFrame({"Sample": ["P1", "P2"], "Target": [1.0, 1.0], "Ct": [22.5, 23.0]})
    labels = {"Target": {1.0: "hsa-miR-16-5p"}}
    pyreadstat.write_sav(frame, tmp_path / "p.sav", variable_value_labels=labels)
    text = _read((tmp_path / "p.sav").read_bytes())
    assert text == "Sample\tTarget\tCt\nP1\thsa-miR-16-5p\t22.5\nP2\thsa-miR-16-5p\t23\n"


def test_parquet_is_a_table_too() -> None:
    buffer = io.BytesIO()
    pd.DataFrame({"sample": ["P1"], "hsa-miR-16-5p": [22.5]}).to_parquet(buffer)
    assert _read(buffer.getvalue()) == "sample\thsa-miR-16-5p\nP1\t22.5\n"


TEXT = "Sample;Target;Ct\nM\u00fcller;hsa-miR-16-5p;22,5\n"


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "windows-1252"),
    ],
)
def test_an_encoding_is_found(encoding: str, found: str) -> None:
    data = TEXT.encode(encoding)
    assert find_encoding(data) == found
    assert decode_text(data, name="f") == TEXT


def test_another_encoding_has_to_be_stated() -> None:
    text = "Sample;Target;Ct\nDvo\u0159\u00e1k;hsa-miR-16-5p;22,5\n"
    data = text.encode("cp1250")
    assert _read(data, encoding="windows-1250") == text
    with pytest.raises(InputError, match="no text in ascii: say its encoding"):
        _read(data, encoding="ascii")
    with pytest.raises(InputError, match="there is no encoding 'windows-1259'"):
        _read(data, encoding="windows-1259")
    with pytest.raises(InputError, match="no text in UTF-8 and no Windows-1252"):
        _read(b"Sample\x81\xff")
    with pytest.raises(InputError, match="is not a text file"):
        _read(b"\xff\x00\x01")


@pytest.mark.parametrize(
    "text",
    [
        "CodeClass,Name,Accession,P1,P2\nEndogenous1,hsa-miR-16-5p,M1,12,22\n",
        "<Header>\nFileVersion,1.7\n</Header>\n<Code_Summary>\nCodeClass,Name,Accession,Count\n",
    ],
)
def test_counts_are_no_cts(text: str) -> None:
    with pytest.raises(InputError, match="counts of an nCounter, which are no Ct values"):
        _read(text.encode())
    rows = [line.split(",") for line in text.splitlines()]
    with pytest.raises(InputError, match="counts of an nCounter"):
        _read(make_workbook(S=rows))


# What begins with = or # is a formula, or the failure of one.
_CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=5).filter(
    lambda cell: not cell.startswith(("=", "#"))
)


@given(st.lists(st.lists(_CELLS, min_size=2, max_size=2), min_size=1, max_size=4))
def test_a_sheet_is_read_as_the_same_cells_as_a_text(rows: Sequence[Sequence[str]]) -> None:
    table = [["a", "b"], *rows]
    text = _read(make_workbook(S=table))
    frame = pd.read_csv(io.StringIO(text), sep="\t", dtype=str, keep_default_na=False, header=None)
    written = [list(row) for row in table if any(cell.strip() for cell in row)]
    assert frame.to_numpy().tolist() == written


def test_lines_within_a_cell_are_one_line() -> None:
    book = openpyxl.Workbook()
    book.active.append(["a\nb", "c"])
    book.active.append(["d\te", "f"])
    buffer = io.BytesIO()
    book.save(buffer)
    assert _read(buffer.getvalue()) == "a b\tc\nd e\tf\n"
