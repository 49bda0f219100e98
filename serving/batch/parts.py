"""The answers of a long run in parts, each whole or absent, beside the file that they will become.

A part is written under another name and then renamed, the rows that cannot be read first, so that
where a part stands, so do they. Its name tells its place and how many rows were answered and how
many could not be read; the journal says of what they are parts.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from features.errors import InputError, Problem
from features.files.table import write_bytes

__all__ = ["AnswerParts", "Part", "make_part", "name_refused"]

_JOURNAL = "journal.json"
_TEXTS = ("patient_id", "file", "model", "status", "answer", "submodel", "centre", "told")
_REFUSED = ("file", "row", "column", "expected", "got", "action")
_WORDS = {
    "input": "the same input",
    "model": "the same model",
    "options": "the same options",
    "version": "the same version of ketresponse",
}


def name_refused(out: Path) -> Path:
    """Return where the rows that cannot be read are listed: `answers.refused.csv`."""
    return out.with_name(f"{out.stem}.refused.csv")


@dataclass(frozen=True)
class Part:
    """Some of the answers, as they stand in files.

    Parameters
    ----------
    name : str
        Its place among all, and how many rows were answered and how many cannot be read.
    data : bytes
        The answers, in the format of the whole; nothing where no row could be one.
    refused : bytes
        The rows that cannot be read, as CSV without a heading.
    """

    name: str
    data: bytes
    refused: bytes


def make_part(
    number: int, table: pd.DataFrame, problems: Sequence[Problem], *, file: str, ending: str
) -> Part:
    """Return one part, still to be written.

    Parameters
    ----------
    number : int
        Its place among all.
    table : DataFrame
        Answers; none where no row could be one.
    problems : sequence of Problem
        Of the rows that cannot be read.
    file : str
        Which file the rows are from, for the list of those.
    ending : str
        Of the whole: ``.csv`` or ``.parquet``.
    """
    refused = len({problem.row for problem in problems})
    sink = io.BytesIO()
    if len(table):
        found = _to_arrow(table)
        if ending == ".csv":
            options = arrow_csv.WriteOptions(include_header=False, quoting_style="needed")
            arrow_csv.write_csv(_leave_empty(found), sink, options)
        else:
            pq.write_table(found, sink)
    name = f"{number:08d}-{len(table) - refused}-{refused}"
    return Part(name, sink.getvalue(), _list_refused(problems, file))


@dataclass(frozen=True)
class AnswerParts:
    """The parts of one file of answers.

    Parameters
    ----------
    out : Path
        What they become, .csv or .parquet.
    """

    out: Path

    @property
    def folder(self) -> Path:
        """Where they stand, beside the file."""
        return self.out.with_name(f"{self.out.name}.parts")

    def begin(self, run: Mapping[str, Any], *, resume: bool, force: bool) -> set[int]:
        """Make the place for the parts of a run, and return which of them are there.

        Parameters
        ----------
        run : mapping
            What tells this run from others: `input`, `model`, `options` and `version`.
        resume : bool
            Whether an earlier run is gone on with.
        force : bool
            Whether what an earlier run left is thrown away.

        Raises
        ------
        InputError
            If an earlier run left parts and nothing is said of them, or it was another run.
        """
        journal = self.folder / _JOURNAL
        if resume and journal.is_file():
            _check_same(json.loads(journal.read_text()), run, journal)
            return {int(part.stem.partition("-")[0]) for part in self._list()}
        if self.folder.exists():
            if not force:
                raise InputError(
                    f"{self.folder} holds what an earlier run has answered: go on with it by "
                    "--resume, or begin anew by --force"
                )
            shutil.rmtree(self.folder)
        try:
            self.folder.mkdir(mode=0o700)
        except OSError as error:
            raise InputError(f"{self.folder} cannot be made: {error.strerror}") from error
        write_bytes(json.dumps(run, indent=1).encode(), journal)
        return set()

    def keep(self, part: Part) -> None:
        """Write one part, whole or not at all; one that is there is replaced."""
        if part.refused:
            place = self.folder / f"{part.name}.refused"
            write_bytes(part.refused, place, force=True, private=True)
        write_bytes(part.data, self.folder / f"{part.name}{self.out.suffix}", force=True)

    def _list(self) -> list[Path]:
        return sorted(self.folder.glob(f"*-*-*{self.out.suffix}"))

    def join(self, columns: Sequence[str], *, force: bool) -> tuple[int, int]:
        """Make the file of its parts, and with it that of the rows that cannot be read.

        Parameters
        ----------
        columns : sequence of str
            Of the answers, in order.
        force : bool
            Whether files that are there may be replaced.

        Returns
        -------
        answered, refused : int
            Rows with an answer, and rows that cannot be read.

        Raises
        ------
        InputError
            If a file cannot be written.
        """
        parts = self._list()
        refused = sorted(self.folder.glob("*.refused"))
        listed = name_refused(self.out)
        try:
            if refused:
                heading = (",".join(_REFUSED) + "\n").encode()
                _replace(listed, lambda place: _join_bytes(place, heading, refused), private=True)
            elif force:
                listed.unlink(missing_ok=True)
            if self.out.suffix == ".csv":
                heading = (",".join(columns) + "\n").encode()
                _replace(self.out, lambda place: _join_bytes(place, heading, parts))
            else:
                _replace(self.out, lambda place: _join_parquet(place, _make_schema(columns), parts))
        except OSError as error:
            raise InputError(f"{self.out} cannot be written: {error.strerror}") from error
        shutil.rmtree(self.folder)
        counts = [tuple(map(int, part.stem.split("-")[1:])) for part in parts]
        return sum(n for n, _ in counts), sum(n for _, n in counts)


def _check_same(before: Mapping[str, Any], now: Mapping[str, Any], journal: Path) -> None:
    action = "ask as before, or begin anew by --force without --resume"
    problems = [
        Problem(name, words, "another", action=action)
        for name, words in _WORDS.items()
        if before.get(name) != now[name]
    ]
    if problems:
        raise InputError(f"{journal} is of another run", problems)


def _list_refused(problems: Iterable[Problem], file: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([file, p.row, p.column, p.expected, p.got, p.action] for p in problems)
    return text.getvalue().encode()


def _make_schema(columns: Sequence[str]) -> pa.Schema:
    kinds = dict.fromkeys(_TEXTS, pa.large_string()) | {"row": pa.int64()}
    return pa.schema([(name, kinds.get(name, pa.float64())) for name in columns])


def _to_arrow(table: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(
        table, schema=_make_schema([str(name) for name in table]), preserve_index=False
    )


def _leave_empty(table: pa.Table) -> pa.Table:
    """Return a table whose empty texts are missing, which CSV writes as nothing at all."""
    for at, field in enumerate(table.schema):
        if pa.types.is_large_string(field.type):
            column = table.column(at)
            kept = pc.if_else(pc.equal(column, ""), pa.scalar(None, field.type), column)
            table = table.set_column(at, field, kept)
    return table


def _replace(path: Path, write: Any, *, private: bool = False) -> None:
    """Write a file under another name, and give it its own when it is whole."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666))
        write(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _join_bytes(place: Path, heading: bytes, parts: Iterable[Path]) -> None:
    with place.open("wb") as file:
        file.write(heading)
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, file)


def _join_parquet(place: Path, schema: pa.Schema, parts: Iterable[Path]) -> None:
    with pq.ParquetWriter(place, schema) as writer:
        for part in parts:
            if part.stat().st_size:
                writer.write_table(pq.read_table(part, schema=schema))
