"""A report as a Word file, read back by the library that reads them."""

import io
from typing import Any

import docx
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.training.helpers.documents import REPORT
from training.document.document import Bullets, Document, Drawing, Drawings, Picture, Section, Table
from training.document.word import to_docx


def _read(document: Document) -> Any:
    return docx.Document(io.BytesIO(to_docx(document)))


def _take_cells(table: Any) -> list[tuple[str, ...]]:
    return [tuple(cell.text for cell in row.cells) for row in table.rows]


def test_every_block_is_in_the_word_file() -> None:
    word = _read(REPORT)
    texts = [paragraph.text for paragraph in word.paragraphs]
    assert {"Title & more", "Simulated", "A lead.", "One", "A < B.", "x", "y", "Note"} <= set(texts)
    assert "Table 1. Caption" in texts and "Figure 1. A dot" in texts
    assert len(word.inline_shapes) == 1
    assert word.inline_shapes[0]._inline.docPr.get("descr") == "alt text"
    assert [_take_cells(table)[0] for table in word.tables] == [("name", "share")] * 2
    assert _take_cells(word.tables[0])[1:] == [("a|b", "50%"), ("<i>", "")]


def test_a_summary_is_followed_by_the_contents_on_a_page_of_their_own() -> None:
    headline = Section("Summary", (Bullets(("It is so.",), "headline"),))
    word = _read(Document("T", "l", "", (headline, *REPORT.sections), summary=True))
    (contents,) = [p for p in word.paragraphs if p.text == "Contents"]
    assert contents.paragraph_format.page_break_before
    listed = [p.text for p in word.paragraphs if p.style.name == "List Number"]
    assert listed == ["One", "Two", "Three"]
    assert "Contents" not in [p.text for p in _read(REPORT).paragraphs]


def test_a_drawing_of_the_page_is_named() -> None:
    drawings = Drawings((Drawing("<svg/>", "Curve"),), "How to read it.")
    texts = [p.text for p in _read(Document("T", "l", "", (Section("S", (drawings,)),))).paragraphs]
    assert "Curve: drawn on the page, not here." in texts and "How to read it." in texts


def test_a_picture_never_leaves_the_page() -> None:
    (picture,) = [b for s in REPORT.sections for b in s.blocks if isinstance(b, Picture)]
    shape = _read(REPORT).inline_shapes[0]
    assert shape.width <= 16.5 * 360_000 and shape.height <= 17 * 360_000
    assert picture.png


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_every_cell_of_every_table_is_kept(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 6))
    # What a file of Word cannot hold, XML's forbidden characters, is another test's.
    text = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn", "Cc"]))
    rows = data.draw(st.lists(st.lists(text, min_size=n, max_size=n), min_size=1, max_size=4))
    shown = pd.DataFrame(rows, columns=[f"c{i}" for i in range(n)])
    word = _read(Document("T", "l", "", (Section("S", (Table("t", "c", shown),)),)))
    assert _take_cells(word.tables[0])[1:] == [tuple(row) for row in rows]


@pytest.mark.parametrize("control", ["\x00", "\x0b", "\x1f"])
def test_what_no_word_file_can_hold_is_left_out(control: str) -> None:
    document = Document(f"T{control}" * 300, "l", "", (Section("S", (f"a{control}b",)),))
    assert "ab" in [paragraph.text for paragraph in _read(document).paragraphs]
