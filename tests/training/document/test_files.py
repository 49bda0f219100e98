"""A report as files and as plain values."""

from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from tests.training.helpers.documents import PNG, REPORT, VALUES, draw_dot
from training.document.files import to_values, write_document


def test_values_are_plain_and_missing_ones_are_none() -> None:
    values = to_values(REPORT)
    assert values["tables"]["first"] == [{"name": "a", "share": 0.5}, {"name": "b", "share": None}]
    assert values["stamp"] == "Simulated"


def test_a_folder_gets_every_form_once(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    written = write_document(REPORT, folder, name="report")
    names = [
        "figure_1_dot.png",
        "figure_1_dot.svg",
        "report.html",
        "report.md",
        "table_1_first.csv",
        "table_2_second.csv",
    ]
    assert (
        sorted(path.name for path in written) == sorted(p.name for p in folder.iterdir()) == names
    )
    assert (folder / "figure_1_dot.png").read_bytes() == PNG
    # Text stays text in what is printed, and the same data give the same bytes.
    svg = (folder / "figure_1_dot.svg").read_bytes()
    assert b">a word</text>" in svg
    assert svg == draw_dot().to_svg()
    pd.testing.assert_frame_equal(pd.read_csv(folder / "table_1_first.csv"), VALUES)
    with pytest.raises(InputError, match="add --force: 6 problems"):
        write_document(REPORT, folder, name="report")
    assert len(write_document(REPORT, folder, name="report", force=True)) == 6


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        write_document(REPORT, tmp_path / "file", name="report")
    with pytest.raises(InputError, match="does not exist"):
        write_document(REPORT, tmp_path / "no" / "out", name="report")


def test_a_folder_that_cannot_be_made_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(InputError, match="cannot be made: Permission denied"):
        write_document(REPORT, tmp_path / "out", name="report")


def test_nothing_is_written_where_one_of_the_files_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "report.md").write_text("my own")
    with pytest.raises(InputError, match="add --force: 1 problem"):
        write_document(REPORT, folder, name="report")
    assert [(p.name, p.read_text()) for p in folder.iterdir()] == [("report.md", "my own")]


def test_further_tables_are_written_beside_the_report_as_excel_reads_them(tmp_path: Path) -> None:
    extra = {"draws": pd.DataFrame({"a": ["ä"]})}
    written = write_document(REPORT, tmp_path / "out", name="report", extra=extra)
    assert tmp_path / "out" / "draws.csv" in written
    assert (tmp_path / "out" / "draws.csv").read_bytes() == "\ufeffa\nä\n".encode()
