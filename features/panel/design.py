"""The design file of a panel: whose each sample is, where it was run, and when it was taken.

A row is about a sample by its name, or by its name on one plate, in one file or in one well: an
instrument gives the same names on every plate.

What is measured after the infusion has begun may be its effect, and is no predictor of it. The
dates that decide this are those of blood sampling and of the infusion, never the date of the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import pandas as pd

from features.errors import InputError, Problem, did_you_mean
from features.files.options import TableOptions
from features.files.table import parse_table, read_bytes
from features.files.workbook import list_sheets
from features.panel.layouts.text import find_encoding, is_workbook
from features.panel.words import spell_well

__all__ = [
    "PanelDesign",
    "Sample",
    "Timing",
    "When",
    "compare_times",
    "parse_design",
    "parse_when",
    "read_design",
]

Timing = Literal["before", "same_day", "unknown", "after"]
When = date | datetime

_COLUMNS = (
    "sample",
    "patient_id",
    "file",
    "plate",
    "well",
    "platform",
    "sample_date",
    "infusion_start",
)


@dataclass(frozen=True)
class Sample:
    """One row of a design.

    Parameters
    ----------
    patient_id : str
        Pseudonym; empty where the sample is to be left out.
    plate, platform : str
        Empty where not told; they stand above what a file tells.
    sample_date, infusion_start : date, datetime or None
        When blood was drawn, and when the infusion began; None where not known.
    name, file, well : str
        The sample's name in the panel's files, the file's name, and the well as A1; empty where
        the row is about a sample whatever these are.
    """

    patient_id: str
    plate: str = ""
    platform: str = ""
    sample_date: When | None = None
    infusion_start: When | None = None
    name: str = ""
    file: str = ""
    well: str = ""

    @property
    def timing(self) -> Timing:
        """When the sample was taken, seen from the start of the infusion."""
        return compare_times(self.sample_date, self.infusion_start)


@dataclass(frozen=True)
class PanelDesign:
    """A checked design.

    Parameters
    ----------
    rows : tuple of Sample
        In order.
    unused_columns : tuple of str
        Columns that mean nothing here.
    """

    rows: tuple[Sample, ...]
    unused_columns: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """Names of samples in the panel's files."""
        return frozenset(row.name for row in self.rows if row.name)


def compare_times(taken: When | None, start: When | None) -> Timing:
    """Return when a sample was taken, seen from the start of the infusion.

    Parameters
    ----------
    taken, start : date, datetime or None
        With a time of day in both they are compared to the minute; else by the day.

    Returns
    -------
    {"before", "same_day", "unknown", "after"}
        `same_day`: the same day, and not both with a time.
    """
    if taken is None or start is None:
        return "unknown"
    if isinstance(taken, datetime) and isinstance(start, datetime):
        return "before" if taken <= start else "after"
    day, first_day = _to_day(taken), _to_day(start)
    if day == first_day:
        return "same_day"
    return "before" if day < first_day else "after"


def _to_day(when: When) -> date:
    return when.date() if isinstance(when, datetime) else when


def parse_when(text: str) -> When | None:
    """Return a date or a time as ISO 8601 writes it, None for an empty text.

    Raises
    ------
    ValueError
        For anything else.
    """
    if not text:
        return None
    if len(text) == len("2026-01-31"):
        return date.fromisoformat(text)
    when = datetime.fromisoformat(text)
    return when.replace(tzinfo=None)


def parse_design(table: pd.DataFrame, *, name: str = "design") -> PanelDesign:
    """Check a design.

    Parameters
    ----------
    table : DataFrame of str
        One row per sample. Columns `patient_id`, and `sample` or `well`; optional `file`,
        `plate`, `platform`, `sample_date`, `infusion_start` (2026-01-31 or 2026-01-31T08:30).
        A sample's name may come again with another file, plate or well. A row with an empty
        `patient_id` leaves its sample out.
    name : str
        What to call the file in an error.

    Raises
    ------
    InputError
        Listing every missing column, empty or repeated key, date that cannot be read, and
        patient with several starts of the infusion.
    """
    columns = _find_columns(table)
    problems = [
        Problem(
            column, "a column of that name", "no such column", action=did_you_mean(column, columns)
        )
        for column in _find_lacking(table)
    ]
    if problems:
        raise InputError(name, problems)
    texts = {
        column: table[columns[column]].str.strip().tolist()
        if column in columns
        else [""] * len(table)
        for column in _COLUMNS
    }
    rows: list[Sample] = []
    keys: set[tuple[str, ...]] = set()
    for i in range(len(table)):
        number = int(table.index[i]) + 1
        cells = {column: held[i] for column, held in texts.items()}
        row, found = _read_row(cells, number)
        key = (row.name, row.file, row.plate, row.well)
        if not row.name and not row.well:
            found.append(Problem("sample", "a name", "an empty cell", row=number))
        elif key in keys:
            told = " and ".join(filter(None, key))
            expected = "each sample once, or with another file, plate or well"
            found.append(Problem("sample", expected, repr(told), row=number))
        problems += found
        keys.add(key)
        rows.append(row)
    starts = {(s.patient_id, s.infusion_start) for s in rows if s.infusion_start}
    several = [patient for patient, n in Counter(p for p, _ in starts if p).items() if n > 1]
    problems += [
        Problem("infusion_start", "one start for each patient", f"several for {patient!r}")
        for patient in several
    ]
    if problems:
        raise InputError(name, problems)
    unused = tuple(raw for column, raw in columns.items() if column not in _COLUMNS)
    return PanelDesign(tuple(rows), unused)


def _find_columns(table: pd.DataFrame) -> dict[str, str]:
    return {str(column).strip().lower().replace(" ", "_"): str(column) for column in table}


def _find_lacking(table: pd.DataFrame) -> list[str]:
    columns = _find_columns(table)
    needed = ["patient_id", *(["sample"] if "well" not in columns else [])]
    return [column for column in needed if column not in columns]


def _read_row(cells: Mapping[str, str], number: int) -> tuple[Sample, list[Problem]]:
    """Return a row, and the dates in it that cannot be read."""
    when: dict[str, When | None] = {}
    problems = []
    for column in ("sample_date", "infusion_start"):
        try:
            when[column] = parse_when(cells[column])
        except ValueError:
            expected = "a date as 2026-01-31, or with a time as 2026-01-31T08:30"
            action = "in Excel format the column as yyyy-mm-dd, or save the design as .xlsx"
            got = repr(cells[column])
            problems.append(Problem(column, expected, got, row=number, action=action))
    row = Sample(
        cells["patient_id"],
        cells["plate"],
        cells["platform"],
        when.get("sample_date"),
        when.get("infusion_start"),
        name=cells["sample"],
        file=cells["file"],
        well=spell_well(cells["well"]),
    )
    return row, problems


def read_design(path: Path) -> PanelDesign:
    """Read and check a design file, any kind of table; see :func:`parse_design`.

    A text is read in the encodings of panel files; of a workbook the only sheet with its columns.
    """
    data, name = read_bytes(path), str(path)
    if not is_workbook(data):
        options = TableOptions(encoding=find_encoding(data))
        return parse_design(parse_table(data, name=name, options=options), name=name)
    sheets = list_sheets(data, name=name)
    read = (parse_table(data, name=name, options=TableOptions(sheet=one)) for one in sheets)
    tables = [table for table in read if len(sheets) == 1 or not _find_lacking(table)]
    if len(tables) != 1:
        expected = "one sheet with the columns patient_id and sample (or well)"
        raise InputError(name, [Problem("sheet", expected, f"{len(tables)} of {len(sheets)}")])
    return parse_design(tables[0], name=name)
