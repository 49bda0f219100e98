"""A document as a Word file, for co-authors who write in one: every table, every picture."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from training.document.document import Block, Bullets, Document, Drawings, Named, Picture, Table

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

__all__ = ["to_docx"]

_WIDTH = 16.5
"""Of text on A4, in cm."""


_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no XML may hold: one such sign in a category's name must not cost a whole training."""

_LONGEST_TITLE = 255


def to_docx(document: Document) -> bytes:
    """Return a document as a Word file (.docx).

    Headings are Word's own, so that its navigation and its table of contents work; tables are
    plain, and their heading rows repeat on every page. A table of many columns is set smaller.
    """
    import docx
    from docx.shared import Cm, Pt

    word = docx.Document()
    word.core_properties.title = _clean(document.title)[:_LONGEST_TITLE]
    word.core_properties.author = ""
    page = word.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm((21 - _WIDTH) / 2)
    page.top_margin = page.bottom_margin = Cm(1.8)
    word.styles["Normal"].font.size = Pt(10)
    word.styles["Normal"].paragraph_format.space_after = Pt(4)
    word.add_heading(_clean(document.title), 0)
    if document.stamp:
        word.add_paragraph().add_run(_clean(document.stamp)).bold = True
    word.add_paragraph(_clean(document.lead))
    for place, (section, blocks) in enumerate(document.name_blocks()):
        word.add_heading(_clean(section.title), 1)
        for named in blocks:
            _add(word, named)
        if document.summary and place == 0:
            contents = word.add_heading("Contents", 1)
            contents.paragraph_format.page_break_before = True
            for listed in document.sections[1:]:
                word.add_paragraph(_clean(listed.title), "List Number")
    buffer = io.BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("", text)


def _add(word: WordDocument, named: Named) -> None:
    block: Block = named.block
    match block:
        case str():
            word.add_paragraph(_clean(block))
        case Bullets():
            _add_bullets(word, block)
        case Table():
            _add_table(word, block, named.called)
        case Picture():
            _add_picture(word, block, named.called)
        case Drawings():  # Word takes no drawing as it stands on a page
            for drawing in block.items:
                word.add_paragraph(f"{_clean(drawing.caption)}: drawn on the page, not here.")
            if block.note:
                word.add_paragraph(_clean(block.note))


def _add_bullets(word: WordDocument, block: Bullets) -> None:
    from docx.shared import Pt

    for item in block.items:
        paragraph = word.add_paragraph(style=None if block.tone == "headline" else "List Bullet")
        run = paragraph.add_run(_clean(item))
        if block.tone:
            run.bold = True
        if block.tone == "headline":
            run.font.size = Pt(13)


def _add_table(word: WordDocument, block: Table, called: str) -> None:
    from docx.oxml import OxmlElement
    from docx.shared import Pt

    _add_caption(word, block.caption, called, above=True)
    rows = [block.head, *block.rows]
    table = word.add_table(len(rows), len(block.head), style="Light List Accent 1")
    heading = OxmlElement("w:tblHeader")  # python-docx has no word of its own for it
    table.rows[0]._tr.get_or_add_trPr().append(heading)
    size = Pt(9 if len(block.head) <= 5 else 7.5)
    # All at once: a table's cells are found anew, slowly, each time one is asked for.
    cells = iter(table._cells)
    for row in rows:
        for text in row:
            paragraph = next(cells).paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(0)
            paragraph.add_run(_clean(text)).font.size = size
    note = word.add_paragraph()
    note.add_run(_clean(block.note)).font.size = Pt(8.5)


def _add_picture(word: WordDocument, block: Picture, called: str) -> None:
    from docx.shared import Cm

    shape = word.add_picture(io.BytesIO(block.png))
    for side in (Cm(_WIDTH) / shape.width, Cm(17) / shape.height):
        if side < 1:
            shape.width, shape.height = int(shape.width * side), int(shape.height * side)
    shape._inline.docPr.set("descr", _clean(block.alt))
    _add_caption(word, block.caption, called)


def _add_caption(word: WordDocument, caption: str, called: str, *, above: bool = False) -> None:
    paragraph = word.add_paragraph()
    paragraph.paragraph_format.keep_with_next = above
    if called:
        paragraph.add_run(f"{called}. ").bold = True
    paragraph.add_run(_clean(caption))
