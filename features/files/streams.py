"""Tables that are too long to be read at once, in pieces of whole rows.

One file or many: a folder, a pattern, or either of them in an object store, by its address
(`fsspec` knows how). A piece is cut by bytes, so that where one begins hangs on the file alone, and
read by :func:`features.files.table.parse_table` as the file itself would be.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from features.errors import InputError, Problem
from features.files.delimiter import find_delimiter
from features.files.records import to_text
from features.files.table import parse_table

__all__ = ["Piece", "Source", "find_sources", "is_stream"]

PIECE_BYTES = 1 << 20
"""Text in one piece: some 10,000 rows of a cohort."""
PIECE_ROWS = 10_000
"""Rows of a Parquet file in one piece."""
_ENDINGS = (".csv", ".parquet")
_MAGIC = "*?["
_PARQUET = b"PAR1"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BLANK = b' \t\r\n,;|"'
_READ = 1 << 20


@dataclass(frozen=True)
class Piece:
    """Some whole rows of a file, as they stand.

    Parameters
    ----------
    file : str
        Where they are from.
    data : bytes
        The heading and the rows' lines; of Parquet, an Arrow stream of the rows.
    heading : bytes
        The lines of the heading; empty for Parquet.
    above : int
        Lines of the file, or rows, above the first one here.
    """

    file: str
    data: bytes
    heading: bytes
    above: int

    def read(self) -> tuple[pd.DataFrame, list[Problem]]:
        """Return the rows as texts, and a problem for each line that does not fit its heading.

        Returns
        -------
        table : DataFrame of str
            As :func:`features.files.table.read_table` returns it, its index counted within the
            whole file. Empty where every row is blank.
        problems : list of Problem
            Of rows that are not in the table; each with its line of the file.

        Raises
        ------
        InputError
            If the piece is no part of a table.
        """
        if not self.heading:
            return _read_arrow(self.data, self.above), []
        moved = self.above - self.heading.count(b"\n")
        problems: list[Problem] = []
        if not self.data.strip(_BLANK):
            return pd.DataFrame(), []
        try:
            table = parse_table(self.heading + self.data, name=self.file)
        except InputError as error:
            if not all(p.column == "fields" and p.row for p in error.problems or [_NO_ROW]):
                raise
            table, problems = self._read_fitting()
        table.index = table.index + moved
        return table, [
            Problem(p.column, p.expected, p.got, (p.row or 0) + moved, p.action) for p in problems
        ]

    def _read_fitting(self) -> tuple[pd.DataFrame, list[Problem]]:
        """Read the rows that have as many fields as the heading, and tell the others."""
        text = (self.heading + self.data).decode("utf-8-sig")
        delimiter = find_delimiter(text)
        reader = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter)
        kept, lines, problems, before, width = io.StringIO(), [], [], 0, 0
        writer = csv.writer(kept, delimiter=delimiter, lineterminator="\n")
        for cells in reader:
            line, before = before + 1, reader.line_num
            width = width or len(cells)
            if len(cells) == width:
                writer.writerow([cell.replace("\n", " ") for cell in cells])
                lines.append(line)
            elif any(map(str.strip, cells)):
                expected, got = f"{width}, as in the header", str(len(cells))
                action = "put a text that holds the delimiter in quotes" * (len(cells) > width)
                problems.append(Problem("fields", expected, got, line, action))
        if len(lines) < 2:
            return pd.DataFrame(), problems
        table = parse_table(kept.getvalue().encode(), name=self.file)
        table.index = pd.Index([lines[at] - 1 for at in table.index])
        return table, problems


_NO_ROW = Problem("", "", "")


@dataclass(frozen=True)
class Source:
    """One file of a stream.

    Parameters
    ----------
    system : fsspec.AbstractFileSystem
        Where it lies.
    path : str
        Within it.
    name : str
        What messages call it.
    size : int
        In bytes.
    """

    system: Any
    path: str
    name: str
    size: int

    def fingerprint(self) -> str:
        """Return what tells this content from another.

        Of a file here its SHA-256; of an object what its store says of it (size, time or tag).
        """
        if "file" not in _list_protocols(self.system):
            return str(self.system.ukey(self.path))
        digest = hashlib.sha256()
        with self._open() as file:
            while data := file.read(_READ):
                digest.update(data)
        return digest.hexdigest()

    def count_pieces(self) -> int:
        """Return in how many pieces it comes."""
        with self._open() as file:
            if file.read(len(_PARQUET)) != _PARQUET:
                return max(-(-self.size // PIECE_BYTES), 1)
            return max(-(-int(_open_parquet(file, self.name).metadata.num_rows) // PIECE_ROWS), 1)

    def read_pieces(self) -> Iterator[Piece]:
        """Yield the file piece by piece, without holding more than one.

        Raises
        ------
        InputError
            If it is neither CSV in UTF-8 nor Parquet, or a quote is never closed.
        """
        with self._open() as file:
            begin = file.read(len(_PARQUET))
            file.seek(0)
            yield from self._cut_parquet(file) if begin == _PARQUET else self._cut_text(file, begin)

    def _cut_parquet(self, file: Any) -> Iterator[Piece]:
        above = 0
        for batch in _open_parquet(file, self.name).iter_batches(batch_size=PIECE_ROWS):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            yield Piece(self.name, sink.getvalue().to_pybytes(), b"", above)
            above += batch.num_rows

    def _cut_text(self, file: Any, begin: bytes) -> Iterator[Piece]:
        if begin[:2] in _UTF16 or begin == b"PK\x03\x04":
            raise InputError(f"{self.name} is neither Parquet nor CSV in UTF-8: save it as one")
        heading, rest, above = b"", b"", 0
        while True:
            data = file.read(PIECE_BYTES)
            rest += data
            end = _find_end(rest) if data else len(rest)
            if not end and len(rest) > 2 * PIECE_BYTES:
                expected, got = "a quote that is closed", "one that is not, from here on"
                raise InputError(self.name, [Problem("fields", expected, got, above + 1)])
            piece, rest = rest[:end], rest[end:]
            if piece and not heading:
                heading = _find_heading(piece)
                piece, above = piece[len(heading) :], heading.count(b"\n")
            if piece:
                yield Piece(self.name, piece, heading, above)
            above += piece.count(b"\n")
            if not data:
                return

    def _open(self) -> Any:
        try:
            return self.system.open(self.path, "rb")
        except OSError as error:
            raise InputError(f"{self.name} cannot be read: {error.strerror or error}") from error


def _list_protocols(system: Any) -> tuple[str, ...]:
    found = system.protocol
    return (found,) if isinstance(found, str) else tuple(found)


def _open_parquet(file: Any, name: str) -> Any:
    import pyarrow.parquet as pq

    try:
        file.seek(0)
        return pq.ParquetFile(file)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{name} is a damaged Parquet file") from error


def _find_end(data: bytes) -> int:
    """Return where the last row ends that is whole: a line end with every quote before it closed.

    A row that is cut within a quoted cell is left to the next piece.
    """
    end = data.rfind(b"\n") + 1
    open_ = data.count(b'"', 0, end) % 2
    while end and open_:
        before = data.rfind(b"\n", 0, end - 1) + 1
        open_ ^= data.count(b'"', before, end) % 2
        end = before
    return end


def _find_heading(data: bytes) -> bytes:
    """Return the first row, with what Excel writes above it."""
    end = 0
    while True:
        after = data.find(b"\n", end) + 1
        if not after:
            return data if data.endswith(b"\n") else data + b"\n"
        line, end = data[end:after], after
        if data.count(b'"', 0, end) % 2 == 0 and not line.lower().startswith(b"sep="):
            return data[:end]


def _read_arrow(data: bytes, above: int) -> pd.DataFrame:
    """Return the rows of an Arrow stream as texts, each distinct cell turned into one once."""
    with pa.ipc.open_stream(data) as reader:
        table = reader.read_all()
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        positions, cells = pd.factorize(column.to_pandas(), use_na_sentinel=True)
        texts = pd.Series([*map(_to_cell, cells.tolist()), ""], dtype="str")
        columns[str(name)] = texts.take(positions).array
    return pd.DataFrame(columns, index=range(above, above + table.num_rows))


def _to_cell(value: object) -> str:
    return "" if value is None or value is pd.NaT else to_text(value)


def is_stream(where: str) -> bool:
    """Return whether a place is an address, a pattern or a folder, not a file on this machine."""
    from pathlib import Path

    return "://" in where or any(sign in where for sign in _MAGIC) or Path(where).is_dir()


def find_sources(where: str) -> list[Source]:
    """Return the files at a place, in the order of their names.

    Parameters
    ----------
    where : str
        A path, a folder (its CSV and Parquet files), a pattern with `*`, or an address such as
        ``s3://bucket/cohorts/*.parquet``.

    Raises
    ------
    InputError
        If there is none, or what reads such an address is not installed.
    """
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(where)
        if any(sign in path for sign in _MAGIC):
            paths = [found for found in system.glob(path) if not system.isdir(found)]
        elif system.isdir(path):
            paths = [f for ending in _ENDINGS for f in system.glob(f"{path.rstrip('/')}/*{ending}")]
        else:
            paths = [path] if system.exists(path) else []
        sizes = [int(system.size(found) or 0) for found in paths]
    except ImportError as error:
        raise InputError(f"{where} cannot be read: {error}") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{where} cannot be read: {error}") from error
    if not paths:
        raise InputError(f"{where}: there is no such file, or no CSV or Parquet file in it")
    local = "file" in _list_protocols(system)
    names = {p: p if local else system.unstrip_protocol(p) for p in paths}
    found = zip(paths, sizes, strict=True)
    return sorted((Source(system, p, names[p], size) for p, size in found), key=lambda s: s.name)
