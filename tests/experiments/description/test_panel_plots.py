"""Pictures of the quality of a panel."""

from pathlib import Path

import pandas as pd
from typer.testing import CliRunner, Result

from experiments.description.panel_report import make_quality_report
from features.panel.importing import read_panel
from features.panel.quality import compute_quality
from ketresponse import app
from tests.features.helpers.panels import write
from training.document.render import to_html, to_markdown


def _run(*words: object) -> Result:
    return CliRunner().invoke(app, ["panel", *map(str, words)])


def _many(n: int = 12) -> str:
    """Return a matrix of n samples with haemolysis assays, as text."""
    frame = pd.DataFrame(
        {
            "hsa-miR-23a-3p": [27.0] * n,
            "hsa-miR-451a": [18.0 + i / 2 for i in range(n)],
            "hsa-miR-17-5p": [24.0 + i / 4 for i in range(n)],
            "hsa-miR-21-5p": [35.0] * n,
        },
        index=[f"patient{i}" for i in range(n)],
    )
    return frame.to_csv(index_label="sample")


def test_plates_are_drawn_where_they_can_be_compared(tmp_path: Path) -> None:
    first = write(tmp_path, _many(6), "one.csv")
    second = write(tmp_path, _many(6).replace("patient", "other"), "two.csv")
    panel = read_panel([first, second])
    report = make_quality_report(panel, compute_quality(panel))
    assert to_html(report).count("<img ") == 4
    # Both plates hold the same values; by lot 1 / 11 would lie between them.
    text = to_markdown(report, pictures=False)
    assert "Ct: 0% of an assay's variance lies between plates" in text
    assert "9% would if plates did not matter" in text
