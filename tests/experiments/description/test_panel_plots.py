"""Pictures of the quality of a panel."""

from pathlib import Path

from experiments.description.panel_report import make_quality_report
from features.panel.importing import read_panel
from features.panel.quality import compute_quality
from tests.experiments.helpers.panels import make_matrix
from tests.features.helpers.panels import write
from training.document.render import to_html, to_markdown


def test_plates_are_drawn_where_they_can_be_compared(tmp_path: Path) -> None:
    first = write(tmp_path, make_matrix(6), "one.csv")
    second = write(tmp_path, make_matrix(6).replace("patient", "other"), "two.csv")
    panel = read_panel([first, second])
    report = make_quality_report(panel, compute_quality(panel))
    assert to_html(report).count("<img ") == 4
    # Both plates hold the same values; by lot 1 / 11 would lie between them.
    text = to_markdown(report, pictures=False)
    assert "Ct: 0% of an assay's variance lies between plates" in text
    assert "9% would if plates did not matter" in text
