"""The page on the quality of a panel."""

from pathlib import Path

import pandas as pd

from experiments.description.panel_report import describe_import, make_quality_report
from features.panel.importing import import_panel, read_panel
from features.panel.quality import compute_quality
from tests.experiments.helpers.panels import make_matrix, run_panel
from tests.features.helpers.panels import WIDE, make_panel, write
from training.document.render import to_markdown


def test_a_check_writes_a_page_without_identifiers_and_tables(tmp_path: Path) -> None:
    panel, out = tmp_path / "panel.parquet", tmp_path / "quality"
    assert run_panel("import", write(tmp_path, make_matrix()), "--out", panel).exit_code == 0
    result = run_panel(
        "check", panel, "--out", out, "--clean", tmp_path / "clean.parquet", "--drop-haemolysed"
    )
    assert result.exit_code == 0, result.output
    pictures = {path.name for path in out.glob("*.png")}
    assert pictures == {"figure_1_detection.png", "figure_2_levels.png", "figure_3_haemolysis.png"}
    for name in ("panel.html", "panel.md"):
        text = (out / name).read_text(encoding="utf-8")
        assert "patient0" not in text
        assert "12 patients" in text
        assert "likely haemolysed" in text
    samples = pd.read_csv(out / "samples.csv")
    # 27 - (18 + i / 2) is at least 7 for i = 0 .. 4.
    assert samples.loc[samples["dropped"] != "", "dropped"].notna().sum() == 5
    clean = read_panel(tmp_path / "clean.parquet").table
    assert (clean["sample"].nunique(), clean["assay"].nunique()) == (7, 3)


def test_plates_with_a_single_sample_are_counted_and_not_named(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, f"sample,hsa-miR-1-3p,hsa-miR-2-3p\n{who},20.5,2{i}.5\n", f"{who}.csv")
        for i, who in enumerate(["anna", "bert", "carl"])
    ]
    panel = read_panel(paths)
    text = to_markdown(make_quality_report(panel, compute_quality(panel)), pictures=False)
    assert "3 with a single sample are not shown" in text
    assert "anna" not in text


def test_simulated_patients_are_stamped(tmp_path: Path) -> None:
    panel = make_panel(tmp_path, WIDE.replace("S2", "SYN-2"))
    assert "Simulated" in make_quality_report(panel, compute_quality(panel)).stamp


def test_the_lines_of_an_import_name_no_sample(tmp_path: Path) -> None:
    _, report = import_panel(write(tmp_path, make_matrix()))
    text = "\n".join(describe_import(report))
    assert "patient0" not in text
    assert "35 cycles (found)" in text
    assert "Wells not detected: by ceiling 12." in text
