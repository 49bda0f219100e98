"""What a card is laid out of: sentences, lists, tables and pictures, whatever the form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Block", "Bullets", "Grid", "Picture", "Pictures", "Section", "make_grid"]


@dataclass(frozen=True)
class Bullets:
    """A list of sentences; `tone` "warning" for those that must not be overlooked."""

    items: tuple[str, ...]
    tone: Literal["", "warning"] = ""


@dataclass(frozen=True)
class Grid:
    """A table: caption, column heads, rows of texts, and a note on how to read it."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """An SVG drawing, and what it shows."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Pictures:
    """Pictures side by side, and how to read them."""

    items: tuple[Picture, ...]
    note: str = ""


Block = str | Bullets | Grid | Pictures


@dataclass(frozen=True)
class Section:
    """A place of the card: anchor, title and what stands there."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


def make_grid(
    caption: str, head: Sequence[str], rows: Sequence[Sequence[object]], note: str = ""
) -> Grid:
    """Return a table of whatever has a text."""
    return Grid(caption, tuple(head), tuple(tuple(str(c) for c in row) for row in rows), note)
