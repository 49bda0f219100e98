"""A cohort file becomes a checked table; every problem in it is found at once.

One record is read by :func:`parse_record`, a request to the service as much as a row of a table.
The table does it column by column, each distinct cell once, with the same two steps: the
dictionary's :func:`features.dictionary.variable.parse_value`, then drug classes and cross-checks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.arrays import IntArray
from features.cohort.columns import (
    Columns,
    check_duration,
    columns_to_table,
    fill_columns,
    find_older_diseases,
    list_texts,
    parse_cell,
    parse_column,
)
from features.cohort.distinct import combine, find_distinct
from features.cohort.fingerprints import is_known_simulation
from features.cohort.pseudonyms import check_pseudonyms
from features.dictionary.contract import CONTRACT
from features.dictionary.medication import fill_classes
from features.dictionary.schema import Dictionary
from features.dictionary.templates import is_redcap_own
from features.errors import InputError, Problem, did_you_mean
from features.files.headings import find_misplaced
from features.files.table import CLEANED, NOTES, give_back_memory, parse_table, read_bytes
from features.numerals import combine_signs, find_decimal, parse_number, settle_decimal
from features.texts import clean, say, say_words

__all__ = [
    "Cohort",
    "check_headings",
    "holds_simulated",
    "is_synthetic_id",
    "parse_cohort",
    "parse_record",
    "read_cohort",
]

Record = dict[str, float | str | None]

_SHOWN = 40
_MOST_UNKNOWN = 20
_DECLARE_OR_DROP = "declare it in a mapping, map it with `ketresponse cohort import`, or drop it"
_SYNTHETIC_ID = "SYN-"
_MOST_MEDIAN_YEARS = 20
_FEWEST_FOR_MEDIAN = 5


@dataclass(frozen=True, eq=False)
class Cohort:
    """A checked cohort.

    Attributes
    ----------
    table : DataFrame
        One row per course, index 0 .. n-1 in the order of the file. Columns are the
        dictionary's variables that are in the file or follow from it, in the dictionary's order:
        float64 as `parse_value` encodes, text as `str`, NaN where missing.
    dictionary : Dictionary
        What the columns mean.
    synthetic : bool
        Whether any row is simulated. A model made from such a cohort is a demonstration for ever.
    sha256 : str
        Digest of the file's bytes.
    rows : sequence of int
        What a message calls each row: its line in the file; empty without a file.
    cleaned : int
        Cells and headings of the file that held invisible characters.
    notes : tuple of str
        What else was passed over or made out in reading the file, in sentences.
    """

    table: pd.DataFrame
    dictionary: Dictionary
    synthetic: bool
    sha256: str
    rows: Sequence[int] = ()
    cleaned: int = 0
    notes: tuple[str, ...] = ()


def _find_unknown(
    names: Sequence[str], dictionary: Dictionary, *, action: str = ""
) -> list[Problem]:
    unknown = [name for name in names if name not in dictionary]
    problems = [
        Problem(
            name if len(name) <= _SHOWN else f"{name[:_SHOWN]}...",
            say("a name of the dictionary"),
            say("an unknown name"),
            action=say_words(did_you_mean(name, dictionary.names), action),
        )
        for name in unknown[:_MOST_UNKNOWN]
    ]
    if len(unknown) > _MOST_UNKNOWN:
        more = len(unknown) - _MOST_UNKNOWN
        got = say("{more} more unknown names", more=more)
        problems.append(Problem("names", say("names of the dictionary"), got))
    return problems


def parse_record(
    raw: Mapping[str, object], dictionary: Dictionary = CONTRACT
) -> tuple[Record, list[Problem]]:
    """Read one patient's record, as a row of a table is read.

    Parameters
    ----------
    raw : mapping
        Contract names and values as they came, from a JSON object or a table.
    dictionary : Dictionary
        What the names mean.

    Returns
    -------
    record : dict
        A value for each name that was read, as :func:`features.dictionary.variable.parse_value`
        returns them, and the drug classes that follow. Names with a problem are missing from it.
    problems : list of Problem
        Every unknown name, value that cannot be read, flag that contradicts the ATC codes, and
        disease duration longer than the age.
    """
    problems = _find_unknown(list(raw), dictionary)
    record: Record = {}
    for name, value in raw.items():
        if name not in dictionary:
            continue
        parsed = parse_cell(dictionary[name], value)
        if isinstance(parsed, Problem):
            problems.append(parsed)
        else:
            record[name] = parsed
    filled, further = fill_classes(record)
    further += check_duration(filled.get("age_years"), filled.get("disease_duration_years"))
    return filled, problems + further


def check_headings(
    raw: pd.DataFrame,
    dictionary: Dictionary,
    *,
    required: Sequence[str] = (),
    unknown: str = _DECLARE_OR_DROP,
) -> tuple[list[str], list[Problem]]:
    """Return the columns to read, and what is wrong with a table's headings.

    The parameters are those of :func:`parse_cohort`. There are no columns to read where the
    headings stand elsewhere.
    """
    names = [str(name) for name in raw.columns]
    names = [name for name in names if name in dictionary or not is_redcap_own(name)]
    misplaced = None if "patient_id" in names else find_misplaced(raw, dictionary.names)
    if misplaced:
        return [], [misplaced]
    problems = _find_unknown(names, dictionary, action=unknown)
    problems += [
        Problem(name, "a column of that name", "no such column", action="add it, or map it")
        for name in dict.fromkeys(["patient_id", *required])
        if name not in names
    ]
    return names, problems


def parse_cohort(
    raw: pd.DataFrame,
    dictionary: Dictionary = CONTRACT,
    *,
    required: Sequence[str] = (),
    unknown: str = _DECLARE_OR_DROP,
) -> tuple[pd.DataFrame, list[Problem]]:
    """Read a table of texts, row by row as :func:`parse_record` does.

    Parameters
    ----------
    raw : DataFrame
        Contract columns, cells as they stand; the index tells the rows' positions in the file,
        from 0. What REDCap adds to an export of the template's project is left aside.
    dictionary : Dictionary
        What the columns mean.
    required : sequence of str
        Columns that must be there with at least one value, beside `patient_id`, which every row
        must have.
    unknown : str
        What to do with a column that the dictionary does not have.

    Returns
    -------
    table : DataFrame
        As :attr:`Cohort.table`. With problems it holds what could be read.
    problems : list of Problem
        Columns first, then rows in order.
    """
    names, problems = check_headings(raw, dictionary, required=required, unknown=unknown)
    if not names:
        return columns_to_table({}, dictionary, n_rows=len(raw)), problems
    numbers = raw.index.to_numpy() + 1
    cells: list[Problem] = []
    columns: Columns = {}
    distinct = {name: find_distinct(raw[name]) for name in dictionary.names if name in names}
    file_sign = combine_signs(
        find_decimal(list_texts(found))
        for name, (found, _) in distinct.items()
        if dictionary[name].is_numeric
    )
    for name, (written, positions) in distinct.items():
        texts = list_texts(written) if dictionary[name].is_numeric else []
        columns[name], found = parse_column(
            dictionary[name],
            written,
            positions,
            numbers,
            decimal=settle_decimal(texts, file_sign) if texts else None,
        )
        cells += found
        empty = all(value is None for value in columns[name].values)
        if name in required and not found and empty:
            problems.append(Problem(name, "at least one value", "an empty column"))
    problems += _find_implausible(raw)
    filled, contradictions = fill_columns(columns, numbers)
    cells += contradictions + find_older_diseases(columns, numbers)
    cells += _find_repeated(columns, numbers)
    if "patient_id" in columns:
        cells += check_pseudonyms(columns["patient_id"].to_list(), numbers.tolist())
    order = {name: position for position, name in enumerate(dictionary.names)}
    cells.sort(key=lambda problem: (problem.row or 0, order.get(problem.column, 0)))
    return columns_to_table(filled, dictionary, n_rows=len(numbers)), problems + cells


def _find_implausible(raw: pd.DataFrame) -> list[Problem]:
    name = "disease_duration_years"
    if name not in raw:
        return []
    distinct, positions = find_distinct(raw[name])
    cells = [clean(str(cell)) for cell in distinct]
    decimal = find_decimal(cells)
    numbers = np.array([parse_number(cell, decimal=decimal) for cell in cells], dtype=np.float64)
    known = numbers[positions]
    known = known[~np.isnan(known)]
    if len(known) < _FEWEST_FOR_MEDIAN or np.median(known) <= _MOST_MEDIAN_YEARS:
        return []
    expected = f"years, with a median of at most {_MOST_MEDIAN_YEARS}"
    action = 'these are probably months: import the file with unit = "months"'
    return [Problem(name, expected, f"a median of {np.median(known):g}", action=action)]


def _find_repeated(columns: Columns, numbers: IntArray) -> list[Problem]:
    keys = [columns[name] for name in ("patient_id", "course_number") if name in columns]
    if "patient_id" not in columns:
        return []
    rows, positions = combine(keys)
    if len(set(rows)) == len(numbers):
        return []
    first: dict[tuple[object, ...], int] = {}
    problems = []
    for at, row in zip(positions.tolist(), numbers.tolist(), strict=True):
        earlier = first.setdefault(rows[at], row)
        if rows[at][0] is not None and earlier != row:
            expected = "each patient_id with each course_number once"
            got = f"the same as in row {earlier}"
            action = "drop one, number the courses, or join the rows by [rows] of a mapping"
            problems.append(Problem("patient_id", expected, got, row=row, action=action))
    return problems


def read_cohort(
    path: Path, *, dictionary: Dictionary = CONTRACT, required: Sequence[str] = ()
) -> Cohort:
    """Read and check a cohort file.

    Parameters
    ----------
    path : Path
        CSV or Parquet with contract names, one row per course.
    dictionary : Dictionary
        The contract, with what a study's mapping declares.
    required : sequence of str
        Columns that the study cannot do without; `patient_id` always is.

    Returns
    -------
    Cohort
        The table, what it means, whether it is simulated, and the file's digest.

    Raises
    ------
    InputError
        With every problem of the file: unknown and missing columns, cells out of range, repeated
        courses, contradictions, durations that look like months.
    """
    data = read_bytes(path)
    raw = parse_table(data, name=str(path))
    table, problems = parse_cohort(raw, dictionary, required=required)
    if problems:
        raise InputError(str(path), problems)
    cohort = Cohort(
        table,
        dictionary,
        holds_simulated(table),
        hashlib.sha256(data).hexdigest(),
        rows=tuple((raw.index + 1).tolist()),
        cleaned=raw.attrs[CLEANED],
        notes=raw.attrs[NOTES],
    )
    del raw, data
    give_back_memory()
    return cohort


def is_synthetic_id(patient_id: object) -> bool:
    """Return whether a pseudonym is one that the simulator gives."""
    return isinstance(patient_id, str) and patient_id.upper().startswith(_SYNTHETIC_ID)


def holds_simulated(table: pd.DataFrame) -> bool:
    """Return whether any row of a checked table is of a simulated patient."""
    origin = CONTRACT["record_origin"].categories.index("synthetic")
    marked = "record_origin" in table and bool((table["record_origin"] == origin).any())
    named = any(is_synthetic_id(patient) for patient in table["patient_id"].tolist())
    return marked or named or is_known_simulation(table)
