"""What an import of a cohort did, in counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from features.errors import list_words
from features.mapping.filtering import Filtered, count_rows

__all__ = ["ColumnReport", "ImportReport", "JoinReport"]

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
    """

    name: str
    rows: int
    matched: int
    without: int
    strangers: int

    def describe(self) -> str:
        """Return how the file fits, in a sentence."""
        return (
            f"Joined {self.name}: patients in both {self.matched}, without a row in it "
            f"{self.without}, only in it {self.strangers}."
        )


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
    unused_rows : int
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
    unused_rows: int
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
        if self.unused_rows:
            told.append(f"{count_rows(self.unused_rows)} at times that no variable comes from.")
        if self.alike:
            rows = [" and ".join(map(str, lines)) for lines in self.alike]
            told.append(
                f"Look again: {len(rows)} patient_id{'s'[: len(rows) > 1]} in several ways of "
                f"writing (case, spaces, signs, leading zeros), as in the rows "
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
        return {**asdict(self), "dropped": self.dropped}
