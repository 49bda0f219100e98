"""`ketresponse panel` as a user types it."""

import json
from pathlib import Path

import pytest

from features.errors import InputError
from features.panel.importing import read_panel
from tests.experiments.helpers.panels import make_matrix, run_panel
from tests.features.helpers.panels import SDS, WIDE, make_workbook, write


def test_files_become_one_tidy_file(tmp_path: Path) -> None:
    out = tmp_path / "panel.parquet"
    result = run_panel("import", write(tmp_path, SDS), "--out", out)
    assert result.exit_code == 0, result.output
    assert "2 samples of 2 patients" in result.output
    assert "Not certain" not in result.output
    assert "No microRNA: U6 snRNA-001973." in result.output
    assert read_panel(out).table["sample"].nunique() == 2


def test_a_design_a_names_file_and_a_ceiling_are_used(tmp_path: Path) -> None:
    design = write(
        tmp_path,
        "sample,patient_id,sample_date,infusion_start\n"
        "S1,P1,2026-01-05,2026-01-08\nS2,P2,2026-01-05,2026-01-08\n",
        "design.csv",
    )
    names = write(tmp_path, "raw,assay\nhsa-miR-17-4395419,hsa-miR-17-5p\n", "names.csv")
    out = tmp_path / "panel.csv"
    result = run_panel(
        "import",
        write(tmp_path, SDS),
        "--out",
        out,
        "--design",
        design,
        "--names",
        names,
        "--ceiling",
        35,
        "--json",
    )
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    assert report["timing"] == {"before": 2}
    assert report["files"][0]["ceiling_source"] == "given"
    assert report["names"]["given"] == 1
    assert "hsa-miR-17-5p" in set(read_panel(out).table["assay"])


def test_a_late_sample_stops_the_import_and_nothing_is_written(tmp_path: Path) -> None:
    design = write(
        tmp_path,
        "sample,patient_id,sample_date,infusion_start\n"
        "S1,P1,2026-01-09,2026-01-08\nS2,P2,2026-01-05,2026-01-08\n",
        "design.csv",
    )
    out = tmp_path / "panel.parquet"
    result = run_panel("import", write(tmp_path, SDS), "--out", out, "--design", design)
    assert result.exit_code == 2
    assert "no predictor" in result.output
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raw\nx\n", "assay: expected a column"),
        ("raw,assay\nx,hsa-miR-1-3p\nx,hsa-miR-2-3p\n", "row 3, raw"),
    ],
)
def test_a_names_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, message: str) -> None:
    result = run_panel(
        "import",
        write(tmp_path, WIDE),
        "--out",
        tmp_path / "p.parquet",
        "--names",
        write(tmp_path, text, "names.csv"),
    )
    assert result.exit_code == 2
    assert message in result.output


def test_a_panel_file_is_not_written_over_its_own_source(tmp_path: Path) -> None:
    path = write(tmp_path, WIDE, "panel.csv")
    result = run_panel("import", path, "--out", path, "--force")
    assert result.exit_code == 2
    assert "choose another name" in result.output
    assert path.read_text() == WIDE


def test_a_check_can_be_had_as_counts(tmp_path: Path) -> None:
    panel = tmp_path / "panel.parquet"
    run_panel("import", write(tmp_path, make_matrix()), "--out", panel)
    result = run_panel("check", panel, "--json", "--min-assay", 0)
    found = json.loads(result.output)
    assert found["haemolysis"] == {"suspicious": 5, "possible": 4, "no sign": 3}
    assert found["assays_dropped"] == {"detected in fewer than 0% of the samples": 1}


def test_a_limit_that_means_nothing_is_refused(tmp_path: Path) -> None:
    result = run_panel("check", tmp_path / "panel.parquet", "--min-sample", 7)
    assert result.exit_code == 2
    assert "a share from 0 to 1" in result.output


def test_a_damaged_panel_file_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "panel.parquet"
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match="damaged Parquet"):
        read_panel(path)


def test_columns_can_be_told_at_the_prompt(tmp_path: Path) -> None:
    table = write(tmp_path, "Id,miRNA,ct_mean\n1,hsa-miR-21-5p,20.1\n1,hsa-miR-16-5p,25.3\n")
    out = tmp_path / "panel.csv"
    result = run_panel("import", table, "--out", out)
    assert result.exit_code == 2
    assert not out.exists()
    assert "--columns sample=...,assay=...,ct=..." in " ".join(result.output.split())
    result = run_panel(
        "import", table, "--out", out, "--columns", "sample=Id,assay=miRNA,ct=ct_mean"
    )
    assert result.exit_code == 0, result.output
    cells = read_panel(out).table.set_index("assay")["ct"].to_dict()
    assert cells == {"hsa-miR-21-5p": 20.1, "hsa-miR-16-5p": 25.3}


def test_what_to_do_with_controls_is_told_at_the_prompt(tmp_path: Path) -> None:
    matrix = write(tmp_path, WIDE.replace("S3", "Water"))
    out = tmp_path / "panel.csv"
    result = run_panel("import", matrix, "--out", out)
    assert result.exit_code == 2
    assert "Water" in result.output
    result = run_panel("import", matrix, "--out", out, "--controls", "leave_out")
    assert result.exit_code == 0, result.output
    assert "1 samples left out: name looks like that of a control" in result.output
    assert set(read_panel(out).table["sample"]) == {"S1", "S2"}
    result = run_panel("import", matrix, "--out", out, "--force", "--controls", "drop")
    assert result.exit_code == 2
    assert "leave_out" in result.output


def test_sheet_and_encoding_are_told_at_the_prompt(tmp_path: Path) -> None:
    rows = [line.split(",") for line in WIDE.splitlines()]
    book = tmp_path / "plates.xlsx"
    book.write_bytes(make_workbook(Wide=rows, Notes=[["a"], ["b"]]))
    out = tmp_path / "panel.csv"
    result = run_panel("import", book, "--out", out)
    assert result.exit_code == 2
    assert "--sheet 'Wide'" in " ".join(result.output.split())
    result = run_panel("import", book, "--out", out, "--sheet", "Wide")
    assert result.exit_code == 0, result.output
    assert "sheets" not in result.output
    text = write(tmp_path, WIDE.replace("S1", "\u0158"), "wide.csv", encoding="cp1250")
    result = run_panel("import", text, "--out", out, "--force", "--encoding", "windows-1250")
    assert result.exit_code == 0, result.output
    assert "\u0158" in set(read_panel(out).table["sample"])
