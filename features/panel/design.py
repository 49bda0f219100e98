"""The design file of a panel: whose each sample is, on which plate it was, and when it was taken.

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
from features.files.table import parse_table, read_bytes

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

_COLUMNS = ("sample", "patient_id", "plate", "platform", "sample_date", "infusion_start")


@dataclass(frozen=True)
class Sample:
    """One sample of a design.

    Parameters
    ----------
    patient_id : str
        Pseudonym; empty where the sample is to be left out.
    plate, platform : str
        Empty where not told; they stand above what a file tells.
    sample_date, infusion_start : date, datetime or None
        When blood was drawn, and when the infusion began; None where not known.
    """

    patient_id: str
    plate: str = ""
    platform: str = ""
    sample_date: When | None = None
    infusion_start: When | None = None

    @property
    def timing(self) -> Timing:
        """When the sample was taken, seen from the start of the infusion."""
        return compare_times(self.sample_date, self.infusion_start)


@dataclass(frozen=True)
class PanelDesign:
    """A checked design.

    Parameters
    ----------
    samples : mapping of str to Sample
        By the sample's name in the panel's files.
    unused_columns : tuple of str
        Columns that mean nothing here.
    """

    samples: Mapping[str, Sample]
    unused_columns: tuple[str, ...]


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
        One row per sample. Columns `sample` and `patient_id`; optional `plate`, `platform`,
        `sample_date`, `infusion_start` (2026-01-31 or 2026-01-31T08:30). A row with an empty
        `patient_id` leaves its sample out.
    name : str
        What to call the file in an error.

    Raises
    ------
    InputError
        Listing every missing column, empty or repeated sample, date that cannot be read, and
        patient with several starts of the infusion.
    """
    columns = {str(column).strip().lower().replace(" ", "_"): str(column) for column in table}
    problems = [
        Problem(
            column, "a column of that name", "no such column", action=did_you_mean(column, columns)
        )
        for column in ("sample", "patient_id")
        if column not in columns
    ]
    if problems:
        raise InputError(name, problems)
    texts = {
        column: table[columns[column]].str.strip().tolist()
        if column in columns
        else [""] * len(table)
        for column in _COLUMNS
    }
    samples: dict[str, Sample] = {}
    for i, sample in enumerate(texts["sample"]):
        row = int(table.index[i]) + 1
        if not sample:
            problems.append(Problem("sample", "a name", "an empty cell", row=row))
        elif sample in samples:
            problems.append(Problem("sample", "each sample once", repr(sample), row=row))
        when: dict[str, When | None] = {}
        for column in ("sample_date", "infusion_start"):
            try:
                when[column] = parse_when(texts[column][i])
            except ValueError:
                expected = "a date as 2026-01-31, or with a time as 2026-01-31T08:30"
                problems.append(Problem(column, expected, repr(texts[column][i]), row=row))
        samples[sample] = Sample(
            texts["patient_id"][i],
            texts["plate"][i],
            texts["platform"][i],
            when.get("sample_date"),
            when.get("infusion_start"),
        )
    starts = {(s.patient_id, s.infusion_start) for s in samples.values() if s.infusion_start}
    several = [patient for patient, n in Counter(p for p, _ in starts if p).items() if n > 1]
    problems += [
        Problem("infusion_start", "one start for each patient", f"several for {patient!r}")
        for patient in several
    ]
    if problems:
        raise InputError(name, problems)
    unused = tuple(raw for column, raw in columns.items() if column not in _COLUMNS)
    return PanelDesign(samples, unused)


def read_design(path: Path) -> PanelDesign:
    """Read and check a design file (CSV or Parquet); see :func:`parse_design`."""
    return parse_design(parse_table(read_bytes(path), name=str(path)), name=str(path))
