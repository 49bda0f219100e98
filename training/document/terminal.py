"""A document in a terminal: what is said first, in a few lines; the tables belong to the page.

A table of eight columns in eighty characters is read by nobody.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from training.document.document import Bullets, Document, Table

__all__ = ["leave_out_wide", "tell_briefly"]

_MOST_LINES = 10
"""Of a report whose page is written, the line with the page's place among them."""

_NARROWEST = 40


def tell_briefly(document: Document, *, width: int, most: int = _MOST_LINES - 1) -> list[str]:
    """Return what a document says first: its title, its stamp, and its first list.

    Parameters
    ----------
    document : Document
        Whose first list of sentences sums it up.
    width : int
        Of the terminal, in characters.
    most : int
        Lines. A sentence is shown whole or not at all; how many are not is told.
    """
    width = max(width, _NARROWEST)
    blocks = [block for section in document.sections for block in section.blocks]
    sentences = next((block.items for block in blocks if isinstance(block, Bullets)), ())
    head = [document.title, *filter(None, [document.stamp])]
    lines = [line for text in head for line in textwrap.wrap(text, width)]
    for i, sentence in enumerate(sentences):
        wrapped = textwrap.wrap(f"- {sentence}", width, subsequent_indent="  ")
        is_last = i == len(sentences) - 1
        if len(lines) + len(wrapped) + (not is_last) > most:
            return [*lines[: most - 1], f"- {_count(len(sentences) - i)} on the page."]
        lines += wrapped
    return lines[:most]


def _count(left: int) -> str:
    return "1 further sentence is" if left == 1 else f"{left} further sentences are"


def leave_out_wide(document: Document, *, width: int, where: str) -> Document:
    """Return a document without the tables that a terminal can only squeeze.

    Parameters
    ----------
    document : Document
        Of any length.
    width : int
        Of the terminal, in characters.
    where : str
        Where such a table is to be seen, in words.
    """
    instead = pd.DataFrame({"": [f"Too wide for this terminal: {where}."]})
    sections = [
        replace(
            section,
            blocks=tuple(
                # A table still, so that those after it keep their numbers.
                replace(block, shown=instead, note="")
                if isinstance(block, Table) and _compute_least_width(block) > width
                else block
                for block in section.blocks
            ),
        )
        for section in document.sections
    ]
    return replace(document, sections=tuple(sections))


def _compute_least_width(table: Table) -> int:
    """Return the characters a table needs when no word is broken."""
    columns: list[Sequence[str]] = list(zip(table.head, *table.rows, strict=True))
    words = (
        max(len(word) for text in column for word in [*text.split(), ""]) for column in columns
    )
    return sum(word + 3 for word in words) + 1
