"""One report, many forms."""

import re
from base64 import b64encode
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import InputError
from training.document.document import Bullets, Document, Picture, Section, Table
from training.document.files import to_values, write_document
from training.document.render import to_html, to_markdown
from training.document.style import PaperFigure

SHOWN = pd.DataFrame({"name": ["a|b", "<i>"], "share": ["50%", None]})
VALUES = pd.DataFrame({"name": ["a", "b"], "share": [0.5, np.nan]})


def _draw_dot() -> PaperFigure:
    figure = PaperFigure(figsize=(1, 1))
    figure.add_subplot().plot([0.5], [0.5], marker="o")
    figure.text(0.1, 0.1, "a word")
    return figure


PNG = _draw_dot().to_png()

REPORT = Document(
    title="Title & more",
    lead="A lead.",
    stamp="Simulated",
    sections=(
        Section("One", ("A < B.", Table("first", "Caption", SHOWN, "Note", VALUES))),
        Section("Two", (Bullets(("x", "y")), Picture("dot", "A dot", "alt text", _draw_dot))),
        Section("Three", (Table("second", "Other", SHOWN),)),
    ),
)


def test_markdown_numbers_tables_and_pictures_and_keeps_cells_apart() -> None:
    text = to_markdown(REPORT)
    assert "**Simulated**" in text
    assert "**Table 1.** Caption" in text
    assert "**Table 2.** Other" in text
    assert "![alt text](figure_1_dot.png)" in text
    assert "| a\\|b | 50% |\n| &lt;i> |  |" in text
    assert "figure_1" not in to_markdown(REPORT, pictures=False)


def test_html_escapes_and_needs_nothing_from_elsewhere() -> None:
    page = to_html(REPORT)
    assert "<title>Title &amp; more</title>" in page
    assert "<p>A &lt; B.</p>" in page
    assert '<td class="short">&lt;i&gt;</td><td class="short"></td>' in page
    assert f'src="data:image/png;base64,{b64encode(PNG).decode()}"' in page
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    assert "<script" not in page
    assert "http" not in page


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
    assert svg == _draw_dot().to_svg()
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
