"""What an import of a cohort did, in counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from features.errors import list_words
from features.mapping.filtering import Filtered, count_rows, quote_value

__all__ = ["ColumnReport", "ImportReport", "JoinReport", "Unused"]

_SHOWN = 5


@dataclass(frozen=True)
class ColumnReport:
    """What became of one variable.

    Attributes
    ----------
    name, source : str
        The variable, and the raw columns it comes from.
    how : str
        What was done, with counts of rows for a recode or a comparison.
    known, missing : int
        Rows of the cohort with and without a value.
    """

    name: str
    source: str
    how: str
    known: int
    missing: int


@dataclass(frozen=True)
class JoinReport:
    """How a joined file fits the export.

    Attributes
    ----------
    name : str
        The file's name in the mapping.
    rows : int
        Its rows.
    matched : int
        Patients who are in both.
    without : int
        Patients of the export, after its filters, without a row in the file.
    strangers : int
        Patients of the file who are not among them.
    nobody : int
        Rows of the file without a patient.
    near : tuple of (str, str)
        Patients of the file and of the export who differ only by how they are written.
    """

    name: str
    rows: int
    matched: int
    without: int
    strangers: int
    nobody: int = 0
    near: tuple[tuple[str, str], ...] = ()

    def describe(self) -> str:
        """Return how the file fits, in sentences."""
        nobody = f"; {count_rows(self.nobody)} without a patient" if self.nobody else ""
        told = (
            f"Joined {self.name}: patients in both {self.matched}, without a row in it "
            f"{self.without}, only in it {self.strangers}{nobody}."
        )
        if not self.near:
            return told
        near = [f"{other!r} is nearly {patient!r}" for other, patient in self.near]
        return (
            f"{told} Look again: {list_words(near, most=_SHOWN)}. Write both alike if they are one."
        )


@dataclass(frozen=True)
class Unused:
    """The times of an export that no variable comes from.

    Attributes
    ----------
    times : dict of str to int
        Each with its rows; the most frequent first.
    near : dict of str to str
        Those that are nearly one that is asked for, and that one.
    """

    times: Mapping[str, int]
    near: Mapping[str, str]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return sum(self.times.values())

    def describe(self) -> list[str]:
        """Return the times with their rows, in sentences."""
        if not self.times:
            return []
        listed = list_words(
            [f"{quote_value(time)} in {count_rows(count)}" for time, count in self.times.items()]
        )
        told = [f"{count_rows(self.rows)} at times that no variable comes from: {listed}."]
        if self.near:
            near = [
                f"{quote_value(time)} is nearly {quote_value(at)}" for time, at in self.near.items()
            ]
            told.append(f"Look again: {list_words(near)}. Write both alike if they are one.")
        return told


@dataclass(frozen=True)
class ImportReport:
    """What an import did.

    Attributes
    ----------
    raw_rows, raw_columns : int
        Size of the raw table.
    cleaned : int
        Its cells and headings that held invisible characters, which were passed over.
    notes : tuple of str
        What else was passed over or made out in reading the files, in sentences.
    filters : tuple of Filtered
        What each filter dropped, in turn.
    unused : Unused
        Rows kept by the filters at a time that no variable comes from.
    rows : int
        Rows of the cohort.
    columns : tuple of ColumnReport
        Each variable.
    missing_codes : dict of str to int
        Cells of mapped columns that held each code for "not known".
    unmapped : tuple of str
        Raw columns that were dropped.
    synthetic_rows : int
        Rows marked as simulated.
    joined : tuple of JoinReport
        The files joined to the export.
    alike : tuple of tuple of int
        For each patient_id that is written in several ways, a line of each.
    """

    raw_rows: int
    raw_columns: int
    cleaned: int
    filters: tuple[Filtered, ...]
    unused: Unused
    rows: int
    columns: tuple[ColumnReport, ...]
    missing_codes: Mapping[str, int]
    unmapped: tuple[str, ...]
    synthetic_rows: int
    joined: tuple[JoinReport, ...] = ()
    notes: tuple[str, ...] = ()
    alike: tuple[tuple[int, ...], ...] = ()

    @property
    def dropped(self) -> dict[str, int]:
        """The number of rows that each filter dropped, by its column."""
        return {filtered.column: filtered.rows for filtered in self.filters}

    def tell_rows(self) -> list[str]:
        """Return how rows were read, and which were dropped or joined, in sentences."""
        told = list(self.notes)
        told += [line for filtered in self.filters for line in filtered.describe()]
        told += [joined.describe() for joined in self.joined]
        told += self.unused.describe()
        if self.alike:
            rows = [" and ".join(map(str, lines)) for lines in self.alike]
            told.append(
                f"Look again: {len(rows)} patient_id{'s'[: len(rows) > 1]} in several ways of "
                f"writing (case, spaces, signs, leading zeros, alphabet), as in the rows "
                f"{list_words(rows, most=_SHOWN)}. Each is another patient until all are written "
                "in one way."
            )
        return told

    def tell_rest(self) -> list[str]:
        """Return what was read as not known, left out or marked, in sentences."""
        told = []
        if self.missing_codes:
            codes = ", ".join(f"{code} ({count})" for code, count in self.missing_codes.items())
            told.append(f"Read as not known: {codes}.")
        if self.unmapped:
            told.append(f"Not used: {', '.join(self.unmapped)}.")
        if self.synthetic_rows:
            told.append(f"Simulated, and marked as such: {count_rows(self.synthetic_rows)}.")
        return told

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        return {**asdict(self), "dropped": self.dropped, "unused_rows": self.unused.rows}
