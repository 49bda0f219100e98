"""A tidy panel is known by its first line, and checked column against column."""

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from features.files.table import write_table
from features.panel.tidy import is_tidy, parse_tidy
from tests.features.helpers.panels import QUANTSTUDIO, WIDE, make_panel


def _bytes(folder: Path, **columns: object) -> bytes:
    """Return a tidy CSV with some columns changed; None takes one away."""
    path = folder / "tidy.csv"
    write_table(make_panel(folder).table, path, force=True)
    table = pd.read_csv(path)
    for name, values in columns.items():
        table = table.drop(columns=name) if values is None else table.assign(**{name: values})
    return table.to_csv(index=False).encode()


def test_a_tidy_panel_is_known_by_its_columns(tmp_path: Path) -> None:
    assert is_tidy(_bytes(tmp_path))
    assert is_tidy(b"PAR1...")
    table = pd.read_csv(io.BytesIO(_bytes(tmp_path)))
    for delimiter in (";", "\t"):  # as a spreadsheet saves it
        saved = table.to_csv(
            index=False, sep=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n"
        )
        content = b"\xef\xbb\xbf\r\n" + saved.encode()
        assert is_tidy(content)
        read = parse_tidy(content, name="tidy.csv")
        pd.testing.assert_frame_equal(read, parse_tidy(_bytes(tmp_path), name="tidy.csv"))
    assert not is_tidy(WIDE.encode())
    assert not is_tidy(QUANTSTUDIO.encode())
    assert not is_tidy(_bytes(tmp_path, detected=None))


def test_values_come_back_with_their_types(tmp_path: Path) -> None:
    table = parse_tidy(_bytes(tmp_path), name="tidy.csv")
    pd.testing.assert_frame_equal(table, make_panel(tmp_path).table)
    assert table["detected"].dtype == bool


def test_every_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        parse_tidy(_bytes(tmp_path, ct=None, timing=None), name="tidy.csv")
    assert [problem.column for problem in caught.value.problems] == ["ct", "timing"]


def test_a_column_of_the_wrong_type_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a column is of the wrong type"):
        parse_tidy(_bytes(tmp_path, ct="low"), name="tidy.csv")


def test_a_damaged_parquet_file_is_told() -> None:
    with pytest.raises(InputError, match=re.escape("tidy.parquet is a damaged Parquet file")):
        parse_tidy(b"PAR1 and nothing else", name="tidy.parquet")


def test_everything_that_contradicts_is_listed_at_once_with_its_rows(tmp_path: Path) -> None:
    data = _bytes(tmp_path, timing="after", patient_id="", ceiling=1.0)
    with pytest.raises(InputError) as caught:
        parse_tidy(data, name="tidy.csv")
    found = {problem.column: problem.got for problem in caught.value.problems}
    assert set(found) >= {"ceiling", "timing", "patient_id"}
    assert found["timing"] == f"{len(make_panel(tmp_path).table)} rows"
