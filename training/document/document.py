"""One report, many forms: a page for people, tables for Word and Markdown, CSV for machines.

A report is a :class:`Document` of sections with sentences, tables and pictures. It is laid out
once and rendered as a self-contained HTML page (pictures embedded, no network, prints on A4), as
Markdown, or as plain values for JSON. Nothing is computed here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.errors import InputError, Problem
from features.files.table import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "Bullets",
    "Document",
    "Picture",
    "Section",
    "Table",
    "each_row",
    "format_p",
    "format_percent",
    "tell_p",
    "to_html",
    "to_markdown",
    "to_values",
    "write_document",
]


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


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

    @property
    def data(self) -> pd.DataFrame:
        """What a machine reads."""
        return self.shown if self.values is None else self.values


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
        Returns the matplotlib figure; called once, and only where the picture is shown.
    """

    name: str
    caption: str
    alt: str
    draw: Callable[[], Figure]

    @cached_property
    def figure(self) -> Figure:
        """The picture itself."""
        return self.draw()

    @cached_property
    def png(self) -> bytes:
        """For a page."""
        from training.document.style import to_png

        return to_png(self.figure)

    @cached_property
    def svg(self) -> bytes:
        """For print, at any size."""
        from training.document.style import to_svg

        return to_svg(self.figure)


Block = str | Bullets | Table | Picture


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; a `str` block is a paragraph."""

    title: str
    blocks: tuple[Block, ...]


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
    """

    title: str
    lead: str
    stamp: str
    sections: tuple[Section, ...]


def each_row(frame: pd.DataFrame) -> Iterator[Any]:
    """Give the rows of a frame as named tuples whose values are typed by their use."""
    return iter(frame.itertuples(index=False))


def format_p(p_value: float) -> str:
    """Return a p value as papers print it: three decimals, "<0.001" below."""
    if np.isnan(p_value):
        return "–"
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"


def tell_p(p_value: float) -> str:
    """Return a p value for a sentence: "p = 0.031", "p < 0.001"."""
    text = format_p(p_value)
    return f"p {text[0]} {text[1:]}" if text.startswith("<") else f"p = {text}"


def format_percent(share: float, *, decimals: int = 0) -> str:
    """Return a share in [0, 1] as a percentage, halves rounded up as papers do."""
    if np.isnan(share):
        return "–"
    # 29/40 is 72.49999... in binary: the nearest float must not decide.
    scaled = round(100 * share * 10**decimals, 6)
    return f"{int(scaled + 0.5) / 10**decimals:.{decimals}f}%"


def _numbered(document: Document) -> Iterator[tuple[Section, list[tuple[Block, str]]]]:
    """Give each section with its blocks and what each is called ("Table 2")."""
    tables, pictures = count(1), count(1)
    for section in document.sections:
        named: list[tuple[Block, str]] = []
        for block in section.blocks:
            called = ""
            if isinstance(block, Table):
                called = f"Table {next(tables)}"
            elif isinstance(block, Picture):
                called = f"Figure {next(pictures)}"
            named.append((block, called))
        yield section, named


def _file_name(called: str, block: Table | Picture) -> str:
    ending = "csv" if isinstance(block, Table) else "png"
    return f"{called.lower().replace(' ', '_')}_{block.name}.{ending}"


def _cell(value: object) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value)


def to_markdown(document: Document, *, pictures: bool = True) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    document : Document
        The report.
    pictures : bool
        Whether pictures are linked, as files that lie beside this one.
    """
    parts = [f"# {document.title}"]
    parts += [f"**{document.stamp}**"] if document.stamp else []
    parts.append(document.lead)
    for section, blocks in _numbered(document):
        parts.append(f"## {section.title}")
        for block, called in blocks:
            if isinstance(block, str):
                parts.append(block)
            elif isinstance(block, Bullets):
                parts.append("\n".join(f"- {item}" for item in block.items))
            elif isinstance(block, Table):
                parts += [f"**{called}.** {block.caption}", _markdown_table(block.shown)]
                parts += [f"*{block.note}*"] if block.note else []
            elif pictures:
                parts += [
                    f"![{block.alt}]({_file_name(called, block)})",
                    f"**{called}.** {block.caption}",
                ]
    return "\n\n".join(parts) + "\n"


def _markdown_table(shown: pd.DataFrame) -> str:
    def line(cells: list[object]) -> str:
        return "| " + " | ".join(_cell(cell).replace("|", "\\|") for cell in cells) + " |"

    rows = [line(row) for row in shown.itertuples(index=False, name=None)]  # type: ignore[arg-type]
    return "\n".join([line(list(shown.columns)), "|" + "---|" * len(shown.columns), *rows])


_CSS = """
:root { color-scheme: light; }
body { font: 16px/1.5 "Segoe UI", "Helvetica Neue", Arial, "Liberation Sans", sans-serif;
  color: #1c2530; background: #fff; max-width: 60rem; margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .6rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-top: .6rem; border-top: 1px solid #c9d1da; }
p, ul { margin: .6rem 0; max-width: 48rem; }
li { margin: .25rem 0; }
.stamp { border: 2px solid #9c2f12; color: #9c2f12; font-weight: 600; padding: .4rem .7rem;
  display: inline-block; }
.table { overflow-x: auto; margin: 1.2rem 0; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .4rem; }
th { text-align: left; vertical-align: bottom; border-top: 2px solid #1c2530;
  border-bottom: 1px solid #1c2530; padding: .3rem .9rem .3rem 0; }
td { vertical-align: top; border-bottom: 1px solid #e3e8ee; padding: .25rem .9rem .25rem 0;
  white-space: pre-line; }
tbody tr:last-child td { border-bottom: 2px solid #1c2530; }
.note, figcaption { font-size: .85rem; color: #45505d; margin: .4rem 0; max-width: 48rem; }
figure { margin: 1.2rem 0; }
img { width: 100%; max-width: 46rem; height: auto; }
footer { margin-top: 2.5rem; font-size: .85rem; color: #45505d; }
@page { size: A4; margin: 16mm; }
@media print { body { font-size: 10.5pt; max-width: none; margin: 0; padding: 0; }
  h2 { break-after: avoid; } figure, tr, .stamp { break-inside: avoid; }
  .table { overflow: visible; } thead { display: table-header-group; } }
"""


def to_html(document: Document) -> str:
    """Return the report as one HTML page that needs nothing else, not even a network.

    Its tables use plain markup without merged cells, so that one that is copied keeps its shape
    in a word processor.
    """
    stamp = f'<p class="stamp">{escape(document.stamp)}</p>' if document.stamp else ""
    parts = [f"<h1>{escape(document.title)}</h1>", stamp, f"<p>{escape(document.lead)}</p>"]
    for section, blocks in _numbered(document):
        parts.append(f"<h2>{escape(section.title)}</h2>")
        parts += [_html_block(block, called) for block, called in blocks]
    body = "\n".join(part for part in parts if part)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n<style>{_CSS}</style>\n</head>\n"
        f"<body>\n{body}\n<footer>Counts and summaries only: no row and no identifier of a "
        "patient is on this page.</footer>\n</body>\n</html>\n"
    )


def _html_block(block: Block, called: str) -> str:
    if isinstance(block, str):
        return f"<p>{escape(block)}</p>"
    if isinstance(block, Bullets):
        return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in block.items) + "</ul>"
    if isinstance(block, Table):
        note = f'<p class="note">{escape(block.note)}</p>' if block.note else ""
        return f'<div class="table">{_html_table(block, called)}{note}</div>'
    data = base64.b64encode(block.png).decode("ascii")
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{escape(block.alt)}">'
        f"<figcaption><b>{called}.</b> {escape(block.caption)}</figcaption></figure>"
    )


def _html_table(table: Table, called: str) -> str:
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in table.shown.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(cell))}</td>" for cell in row) + "</tr>\n"
        for row in table.shown.itertuples(index=False, name=None)
    )
    return (
        f"<table>\n<caption><b>{called}.</b> {escape(table.caption)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>"
    )


def to_values(document: Document) -> dict[str, Any]:
    """Return the report's tables as plain values, for JSON.

    Returns
    -------
    dict
        `title`, `stamp`, and under `tables` the rows of each table by its name; a missing value
        is None.
    """
    tables = {
        block.name: json.loads(block.data.to_json(orient="records", double_precision=15))
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Table)
    }
    return {"title": document.title, "stamp": document.stamp, "tables": tables}


def write_document(
    document: Document,
    folder: Path,
    *,
    name: str,
    force: bool = False,
    extra: Mapping[str, pd.DataFrame] | None = None,
) -> list[Path]:
    """Write the report as `name`.html and `name`.md, each table as CSV and each picture as PNG.

    Parameters
    ----------
    document : Document
        The report.
    folder : Path
        Is made if it is not there; the folder above it must be.
    name : str
        Name of the page and the Markdown file.
    force : bool
        Whether files that are there may be replaced.
    extra : mapping of str to DataFrame or None
        Further tables, by file name without ending, that are written but not laid out.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    InputError
        If the folder cannot be made, or a file is there and `force` is False; nothing is written
        then.
    """
    files = {
        f"{name}.html": to_html(document).encode(),
        f"{name}.md": to_markdown(document).encode(),
    }
    for _, blocks in _numbered(document):
        for block, called in blocks:
            if isinstance(block, Table):
                files[_file_name(called, block)] = _csv(block.data)
            elif isinstance(block, Picture):
                png = _file_name(called, block)
                files[png] = block.png
                files[png.removesuffix("png") + "svg"] = block.svg
    files |= {f"{stem}.csv": _csv(frame) for stem, frame in (extra or {}).items()}
    if not folder.parent.is_dir():
        raise InputError(f"the folder {folder.parent} does not exist; make it first")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; a folder was expected")
    there = [file for file in files if (folder / file).exists()]
    if there and not force:
        problems = [Problem(file, "no such file yet", "a file") for file in there]
        raise InputError(f"{folder} holds these files; choose another, or add --force", problems)
    folder.mkdir(exist_ok=True)
    for file, data in files.items():
        write_bytes(data, folder / file, force=force)
    return [folder / file for file in files]


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, lineterminator="\n").encode(
        "utf-8-sig"
    )  # Excel needs the mark
