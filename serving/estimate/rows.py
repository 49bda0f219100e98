"""The rows of a cohort file or of a part of one, checked, before any of them is answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from features.cohort.cohort import check_headings, parse_cohort
from features.cohort.columns import parse_rows
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable
from features.errors import InputError, Problem

__all__ = ["CohortRows", "decode_value", "read_part", "read_whole"]

_MAP_OR_DROP = "map it with `ketresponse cohort import`, or drop it"
_KNOWN_BEFORE = ("always", "baseline")


@dataclass(frozen=True, eq=False)
class CohortRows:
    """Rows of a cohort.

    Parameters
    ----------
    table : DataFrame
        As :attr:`features.cohort.cohort.Cohort.table`, indexed by what each row is called, from 1.
    given : tuple of str
        Which of its columns came; the others follow from them.
    problems : list of Problem
        Each of one row, in the order of the rows. A row that is not in the table has one.
    """

    table: pd.DataFrame
    given: tuple[str, ...]
    problems: list[Problem]

    def cut(self, n_rows: int) -> Iterator[CohortRows]:
        """Yield the rows in parts of at most so many."""
        for start in range(0, len(self.table), n_rows):
            part = self.table.iloc[start : start + n_rows]
            named = set(part.index.tolist())
            yield CohortRows(part, self.given, [p for p in self.problems if p.row in named])


def read_whole(raw: pd.DataFrame, dictionary: Dictionary) -> CohortRows:
    """Read a whole cohort, whose columns tell more than their cells do.

    Parameters
    ----------
    raw : DataFrame of str
        In contract columns, "" where empty, as :func:`features.files.table.read_table` reads it.
        What is known only after the start of treatment is not looked at.
    dictionary : Dictionary
        What the columns mean.

    Raises
    ------
    InputError
        If the table has unknown columns, durations that look like months, or rows of which it is
        not sure whose they are.
    """
    used = _list_used(raw, dictionary)
    # As a table, since a column tells more than a cell: 1,500 beside 7,5 is one and a half.
    parsed, problems = parse_cohort(raw[used], dictionary, unknown=_MAP_OR_DROP)
    whole = [p for p in problems if p.row is None or p.column == "patient_id"]
    if whole:
        raise InputError("cohort", whole)
    parsed.index = raw.index + 1
    return CohortRows(parsed, tuple(name for name in used if name in parsed), problems)


def read_part(raw: pd.DataFrame, misfits: Sequence[Problem], dictionary: Dictionary) -> CohortRows:
    """Read a part of a cohort, each row as it is read alone.

    Parameters
    ----------
    raw : DataFrame of str
        As for :func:`read_whole`.
    misfits : sequence of Problem
        Of rows of the file that are not in the table.
    dictionary : Dictionary
        What the columns mean.

    Raises
    ------
    InputError
        If the table has unknown columns, or none of the name `patient_id`.
    """
    if raw.empty:
        return CohortRows(pd.DataFrame({"patient_id": []}, dtype="str"), (), list(misfits))
    _, wrong = check_headings(raw, dictionary, unknown=_MAP_OR_DROP)
    if wrong:
        raise InputError("cohort", wrong)
    used = _list_used(raw, dictionary)
    parsed, problems = parse_rows(raw[used], dictionary)
    parsed.index = raw.index + 1
    problems = sorted([*problems, *misfits], key=lambda problem: problem.row or 0)
    return CohortRows(parsed, tuple(name for name in used if name in parsed), problems)


def decode_value(variable: Variable, value: float | str) -> float | str | None:
    """Return a value of a checked table as a request has it."""
    if isinstance(value, str):
        return value
    return variable.decode(value) if variable.is_encodable else None


def _list_used(raw: pd.DataFrame, dictionary: Dictionary) -> list[str]:
    return [
        column
        for column in map(str, raw.columns)
        if column not in dictionary or dictionary[column].known_at in _KNOWN_BEFORE
    ]
