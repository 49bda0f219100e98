"""What a report, a description or a model card is laid out of, whatever the form.

A :class:`Document` holds sections with sentences, lists, tables and pictures. It is laid out once;
:mod:`training.document.render` gives it as HTML and Markdown, :mod:`training.document.files` as
files and as plain values. Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, Literal, NamedTuple, Protocol

import pandas as pd

__all__ = [
    "COUNTS_ONLY",
    "Block",
    "Bullets",
    "Document",
    "Drawing",
    "Drawn",
    "Drawings",
    "Named",
    "Picture",
    "Section",
    "Table",
    "each_row",
    "make_table",
    "row_of",
]

COUNTS_ONLY = "Counts and summaries only: no row and no identifier of a patient is on this page."
"""Foot of a page on which nothing of a single patient stands."""


class Drawn(Protocol):
    """A figure that knows how it becomes a file.

    This module knows no plotting library: the service, which shows cards, has none to load.
    """

    def write_title(self, title: str) -> None:
        """Write what it shows above it."""

    def to_png(self) -> bytes:
        """Return it for a page."""

    def to_svg(self) -> bytes:
        """Return it for print."""


@dataclass(frozen=True)
class Bullets:
    """A list of sentences.

    `tone` is "warning" for those that must not be overlooked, "headline" for the result itself,
    which is set in large type.
    """

    items: tuple[str, ...]
    tone: Literal["", "warning", "headline"] = ""


@dataclass(frozen=True, eq=False)
class Table:
    """A table.

    Parameters
    ----------
    name : str
        Short name of its CSV file.
    caption : str
        What it shows.
    shown : DataFrame
        Cells as people read them; empty where there is nothing to say. The column headings are
        the names of its columns. The index is not shown.
    note : str
        How to read it; may be empty.
    values : DataFrame or None
        The same as plain values, for CSV and JSON; None where `shown` serves.
    """

    name: str
    caption: str
    shown: pd.DataFrame
    note: str = ""
    values: pd.DataFrame | None = None

    @classmethod
    def from_rows(
        cls,
        name: str,
        caption: str,
        rows: pd.DataFrame | Iterable[Any],
        columns: Mapping[str, str | Callable[[Any], object]],
        note: str = "",
        values: pd.DataFrame | None = None,
    ) -> Table:
        """Return a table whose cells are told from rows, one at a time.

        Parameters
        ----------
        name, caption, note, values
            Of the table; where `rows` is a frame and no `values` are given, it is them.
        rows : DataFrame or iterable
            A cell is told from a row of it, as a named tuple, or from an item.
        columns : mapping of str to (str or callable)
            Each heading, and what its cells are: an attribute of the row by its name, or what the
            callable returns for the row.
        """
        values = rows if values is None and isinstance(rows, pd.DataFrame) else values
        items = list(each_row(rows) if isinstance(rows, pd.DataFrame) else rows)
        shown = {
            head: [getattr(row, cell) if isinstance(cell, str) else cell(row) for row in items]
            for head, cell in columns.items()
        }
        return cls(name, caption, pd.DataFrame(shown), note, values)

    @property
    def data(self) -> pd.DataFrame:
        """What a machine reads."""
        return self.shown if self.values is None else self.values

    @property
    def head(self) -> tuple[str, ...]:
        """The column headings."""
        return tuple(str(name) for name in self.shown.columns)

    @cached_property
    def rows(self) -> list[tuple[str, ...]]:
        """The cells as texts, row by row."""
        return [
            tuple(_to_text(cell) for cell in row)
            for row in self.shown.itertuples(index=False, name=None)
        ]


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture.

    Parameters
    ----------
    name : str
        Short name of its file.
    caption : str
        What it shows and how to read it.
    alt : str
        What one who cannot see it is told.
    draw : callable
        Returns the figure; called once, and only where the picture is shown.
    title : str
        What stands above it; empty where the figure has one already.
    """

    name: str
    caption: str
    alt: str
    draw: Callable[[], Drawn]
    title: str = ""

    @cached_property
    def drawn(self) -> Drawn:
        """The picture itself."""
        figure = self.draw()
        if self.title:
            figure.write_title(self.title)
        return figure

    @cached_property
    def png(self) -> bytes:
        """For a page."""
        return self.drawn.to_png()

    @cached_property
    def svg(self) -> bytes:
        """For print, at any size."""
        return self.drawn.to_svg()


@dataclass(frozen=True)
class Drawing:
    """A small drawing that is itself part of the page, as SVG; it is not numbered."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Drawings:
    """Drawings side by side, and how to read them."""

    items: tuple[Drawing, ...]
    note: str = ""


Block = str | Bullets | Table | Picture | Drawings


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; a `str` block is a paragraph.

    `anchor` is what a link to it names; it may be empty.
    """

    title: str
    blocks: tuple[Block, ...]
    anchor: str = ""


class Named(NamedTuple):
    """A block, what it is called ("Table 2") and the file beside the report that holds it."""

    block: Block
    called: str = ""
    file: str = ""


@dataclass(frozen=True)
class Document:
    """A report.

    Parameters
    ----------
    title : str
        Heading of the page.
    lead : str
        One paragraph on what this is.
    stamp : str
        What must not be overlooked, such as that the patients are simulated; may be empty.
    sections : tuple of Section
        In order. Tables and pictures are numbered as they come.
    summary : bool
        Whether the first section is a summary that fills one page of its own. A list of what
        follows then stands after it.
    foot : str
        Last line of the page: what of single patients is on it.
    """

    title: str
    lead: str
    stamp: str
    sections: tuple[Section, ...]
    summary: bool = False
    foot: str = COUNTS_ONLY

    def name_blocks(self) -> list[tuple[Section, list[Named]]]:
        """Return each section with its blocks, tables and pictures numbered as they come."""
        kinds = {Table: (count(1), "Table", "csv"), Picture: (count(1), "Figure", "png")}
        laid_out = []
        for section in self.sections:
            named = []
            for block in section.blocks:
                if isinstance(block, Table | Picture):
                    number, kind, ending = kinds[type(block)]
                    called = f"{kind} {next(number)}"
                    file = f"{called.lower().replace(' ', '_')}_{block.name}.{ending}"
                    named.append(Named(block, called, file))
                else:
                    named.append(Named(block))
            laid_out.append((section, named))
        return laid_out


def make_table(
    caption: str, head: Sequence[str], rows: Sequence[Sequence[object]], note: str = ""
) -> Table:
    """Return a table of whatever has a text, which goes into no file of its own."""
    shown = pd.DataFrame([[str(cell) for cell in row] for row in rows], columns=list(head))
    return Table("", caption, shown, note)


def each_row(frame: pd.DataFrame) -> Iterator[Any]:
    """Give the rows of a frame as named tuples whose values are typed by their use."""
    return iter(frame.itertuples(index=False))


def row_of(frame: pd.DataFrame, name: str) -> Any:
    """Return the row of this index as a named tuple, as :func:`each_row` gives it."""
    return next(each_row(frame.loc[[name]]))


def _to_text(cell: Any) -> str:
    return "" if cell is None or cell is pd.NA or cell != cell else str(cell)
