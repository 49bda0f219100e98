"""Files of SPSS and Stata: codes or labels, and what they declare missing."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputError
from features.files.options import TableOptions
from features.files.statistics import is_spss, is_stata
from features.files.table import NOTES, read_table

_FRAME = pd.DataFrame(
    {
        "id": ["P01", "P02", "P03"],
        "sex": [1.0, 2.0, 9.0],
        "pain": [7.5, None, 8.0],
        "day": pd.to_datetime(["2026-01-31", None, "2026-02-01"]).astype("datetime64[us]"),
    }
)
_SEX = {1.0: "male", 2.0: "female"}


def _write(folder: Path, ending: str) -> Path:
    path = folder / f"t{ending}"
    if ending == ".sav":
        frame = _FRAME.assign(day=[d.date() if d == d else None for d in _FRAME["day"]])
        pyreadstat.write_sav(
            frame, path, variable_value_labels={"sex": _SEX}, missing_ranges={"sex": [9.0]}
        )
    else:
        frame = _FRAME.assign(sex=[1.0, 2.0, float("nan")])
        labels = {"sex": _SEX}
        frame.to_stata(path, write_index=False, value_labels=labels, version=int(ending[4:] or 118))
    return path


@pytest.mark.parametrize("ending", [".sav", ".dta", ".dta114"])
def test_codes_are_read_and_labels_where_they_are_asked_for(tmp_path: Path, ending: str) -> None:
    path = _write(tmp_path, ending)
    table = read_table(path)
    assert table.columns.tolist() == ["id", "sex", "pain", "day"]
    assert table.drop(columns="day").to_numpy().tolist() == [
        ["P01", "1", "7.5"],
        ["P02", "2", ""],
        ["P03", "", "8"],
    ]
    assert table["day"].str[:10].tolist() == ["2026-01-31", "", "2026-02-01"]
    labelled = read_table(path, TableOptions(labels=True))
    assert labelled["sex"].tolist() == ["male", "female", ""]
    assert labelled["pain"].tolist() == ["7.5", "", "8"]


def test_a_scale_with_names_for_its_ends_stays_one_of_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"nrs": [0.0, 7.0, None], "sex": [1.0, 2.0, None]})
    labels = {"nrs": {0.0: "no pain", 10.0: "worst pain"}, "sex": _SEX}
    pyreadstat.write_sav(frame, tmp_path / "t.sav", variable_value_labels=labels)
    table = read_table(tmp_path / "t.sav", TableOptions(labels=True))
    assert table.to_numpy().tolist() == [["0", "male"], ["7", "female"]]
    assert table.attrs[NOTES] == ("Read as codes, since not every value has a label: nrs.",)


@pytest.mark.parametrize("ending", [".dta", ".parquet"])
@given(st.integers(-9999, 9999))
def test_short_numbers_have_the_digits_that_they_were_given(
    tmp_path_factory: pytest.TempPathFactory, ending: str, tenths: int
) -> None:
    path = tmp_path_factory.mktemp("f") / f"t{ending}"
    frame = pd.DataFrame({"x": [tenths / 10, float("nan")], "id": ["A", "B"]})
    frame = frame.astype({"x": "float32"})
    if ending == ".dta":
        frame.to_stata(path, write_index=False)
    else:
        frame.to_parquet(path)
    assert read_table(path)["x"].tolist() == [f"{tenths / 10:g}", ""]


def test_the_kind_is_told_by_how_a_file_begins() -> None:
    assert is_spss(b"$FL2...") and is_spss(b"$FL3") and not is_spss(b"$FL4")
    assert is_stata(b"<stata_dta>") and is_stata(b"\x72\x02\x01\x00")
    assert not is_stata(b"row,a\n1,2\n") and not is_stata(b"")


def test_a_damaged_file_and_a_missing_reader_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.sav"
    path.write_bytes(b"$FL2" + b"x" * 500)
    with pytest.raises(InputError, match="is a damaged SPSS file"):
        read_table(path)
    real = builtins.__import__

    def refuse(name: str, *args: Any) -> Any:
        if name == "pyreadstat":
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(InputError, match=r"pyreadstat is needed: pip install '\.\[files\]'"):
        read_table(path)
