"""The files of a mapping are read as it says, from the export's folder."""

from pathlib import Path

import pytest

from features.errors import InputError
from features.files.options import TableOptions
from features.mapping.export import find_joined, read_export
from features.mapping.mapping_file import CohortMapping, JoinedFile

LAB = JoinedFile(file="lab.csv", patient="p", encoding="windows-1252")
MAPPING = CohortMapping(joins={"lab": LAB}, options=TableOptions(number_repeated=True))


def test_each_file_is_read_in_its_own_way(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text("Größe,x,x\n180,1,2\n", encoding="utf-8")
    (tmp_path / "lab.csv").write_text("p,Größe\nA,70\n", encoding="windows-1252")
    raw, joined = read_export(tmp_path / "raw.csv", MAPPING)
    assert raw.columns.tolist() == ["Größe", "x (1)", "x (2)"]
    assert joined["lab"].columns.tolist() == ["p", "Größe"]
    assert find_joined(tmp_path / "raw.csv", MAPPING) == {"lab": tmp_path / "lab.csv"}


def test_a_joined_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text("id\nA\n")
    with pytest.raises(InputError, match=r"lab\.csv does not exist"):
        read_export(tmp_path / "raw.csv", MAPPING)
