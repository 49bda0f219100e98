from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from features.panel.design import compare_times, parse_design, read_design
from tests.features.helpers.panels import make_workbook


def _table(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype="str")


@pytest.mark.parametrize(
    ("taken", "start", "timing"),
    [
        (date(2026, 1, 5), date(2026, 1, 8), "before"),
        (date(2026, 1, 8), date(2026, 1, 8), "same_day"),
        (date(2026, 1, 9), date(2026, 1, 8), "after"),
        (datetime(2026, 1, 8, 8, 0), datetime(2026, 1, 8, 10, 0), "before"),
        (datetime(2026, 1, 8, 11, 0), datetime(2026, 1, 8, 10, 0), "after"),
        (datetime(2026, 1, 8, 11, 0), date(2026, 1, 8), "same_day"),
        (None, date(2026, 1, 8), "unknown"),
        (date(2026, 1, 8), None, "unknown"),
    ],
)
def test_a_sample_is_placed_in_time(taken: date | None, start: date | None, timing: str) -> None:
    assert compare_times(taken, start) == timing


def test_a_design_tells_whose_each_sample_is(tmp_path: Path) -> None:
    path = tmp_path / "design.csv"
    path.write_text(
        "Sample,patient_id,plate,sample_date,infusion_start,Group\n"
        "S1,P1,card 1,2026-01-05,2026-01-08,a\nS2,,,,,b\n"
    )
    design = read_design(path)
    first, second = design.rows
    assert (first.name, first.plate, first.timing) == ("S1", "card 1", "before")
    assert (second.name, second.patient_id) == ("S2", "")
    assert design.names == {"S1", "S2"}
    assert design.unused_columns == ("Group",)


def test_every_problem_of_a_design_is_listed() -> None:
    table = _table(
        sample=["S1", "S1", "", "S4", "S5"],
        patient_id=["P1", "P1", "P3", "P4", "P4"],
        sample_date=["05.01.2026", "", "", "", ""],
        infusion_start=["", "", "", "2026-01-08", "2026-02-08"],
    )
    with pytest.raises(InputError) as caught:
        parse_design(table)
    assert [(p.column, p.row) for p in caught.value.problems] == [
        ("sample_date", 1),
        ("sample", 2),
        ("sample", 3),
        ("infusion_start", None),
    ]
    assert "P4" not in str(caught.value)


def test_a_design_without_its_two_columns_is_refused() -> None:
    with pytest.raises(InputError, match="patient_id: expected a column of that name"):
        parse_design(_table(sample=["S1"]))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_design_is_read_in_the_encodings_of_a_panels_files(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "design.csv"
    path.write_bytes("sample;patient_id\nM\u00fcller;P1\n".encode(encoding))
    assert read_design(path).rows[0].name == "M\u00fcller"


def test_of_a_workbook_the_sheet_with_its_columns_is_the_design(tmp_path: Path) -> None:
    path = tmp_path / "design.xlsx"
    rows = [["sample", "patient_id", "sample_date"], ["S1", "P1", date(2026, 1, 5)]]
    path.write_bytes(make_workbook(Notes=[["a"], ["b"]], Design=rows))
    [row] = read_design(path).rows
    assert (row.name, row.patient_id, row.sample_date) == ("S1", "P1", date(2026, 1, 5))
    path.write_bytes(make_workbook(A=rows, B=rows))
    with pytest.raises(InputError, match="one sheet with the columns"):
        read_design(path)
    path.write_bytes(make_workbook(A=[["sample"], ["S1"]]))
    with pytest.raises(InputError, match="patient_id: expected a column"):
        read_design(path)


def test_a_date_as_excel_shows_it_has_its_next_step() -> None:
    table = _table(sample=["S1"], patient_id=["P1"], sample_date=["05.03.2021"])
    with pytest.raises(InputError, match="in Excel format the column as yyyy-mm-dd"):
        parse_design(table)
