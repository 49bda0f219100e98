"""The cells of a table, column by column, each distinct one read once as a request's is.

Two ways lead through here. A file that is read as a whole tells more than its cells do
(:func:`features.cohort.cohort.parse_cohort`): what stands before decimals, whether durations are
months. Of a stream nobody sees the whole, so that its rows are read each as a request is
(:func:`parse_rows`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from features.arrays import IntArray
from features.cohort.distinct import Distinct, combine, find_distinct, find_rows
from features.dictionary.medication import CLASS_COLUMNS, fill_classes, parse_codes
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable, parse_value
from features.errors import Problem
from features.numerals import DecimalSign
from features.texts import clean, say

__all__ = [
    "Columns",
    "check_duration",
    "columns_to_table",
    "fill_columns",
    "find_older_diseases",
    "list_texts",
    "parse_cell",
    "parse_column",
    "parse_rows",
]

Columns = dict[str, Distinct]
"""Parsed columns by name."""


def parse_cell(
    variable: Variable, raw: object, *, decimal: DecimalSign | None = None
) -> float | str | Problem | None:
    """Read one value as `variable.parse_value` does, ATC codes checked as well."""
    value = parse_value(variable, raw, decimal=decimal)
    if variable.kind != "codes" or not isinstance(value, str):
        return value
    codes = parse_codes(value)
    return codes if isinstance(codes, Problem) else ";".join(codes) or "none"


def check_duration(age: object, duration: object) -> list[Problem]:
    """Check that the disease is no older than the patient."""
    # Ages are recorded in completed years: someone aged 40 may be nearly 41.
    if not (isinstance(age, float) and isinstance(duration, float) and duration >= age + 1):
        return []
    expected, action = say("no longer than the age"), say("if this is in months, divide by 12")
    got = say("{duration:g} years", duration=duration)
    return [Problem("disease_duration_years", expected, got, action=action)]


def parse_column(
    variable: Variable,
    cells: Sequence[object],
    positions: IntArray,
    numbers: IntArray,
    *,
    decimal: DecimalSign | None,
) -> tuple[Distinct, list[Problem]]:
    """Read each distinct cell of a column once.

    Parameters
    ----------
    variable : Variable
        What they should be; every row must have a `patient_id`.
    cells : sequence
        The distinct ones.
    positions : ndarray of int of shape (n,)
        Where among them that of each row stands.
    numbers : ndarray of int of shape (n,)
        What a problem calls each row.
    decimal : {".", ","} or None
        What is known to stand before decimals in this column.
    """
    read = [parse_cell(variable, cell, decimal=decimal) for cell in cells]
    if variable.name == "patient_id":
        read = [variable.problem("an empty cell") if value is None else value for value in read]
    values = [None if isinstance(value, Problem) else value for value in read]
    problems = []
    for row in find_rows(read, positions, lambda value: isinstance(value, Problem)):
        wrong = read[positions[row]]
        assert isinstance(wrong, Problem)
        problems.append(replace(wrong, row=int(numbers[row])))
    return Distinct(values, positions), problems


def fill_columns(columns: Columns, numbers: IntArray) -> tuple[Columns, list[Problem]]:
    """Return the columns with the drug classes that follow, each distinct medication told once.

    Also every contradiction within a row, which goes by its number (n,).
    """
    names = [name for name in CLASS_COLUMNS if name in columns]
    if not names:
        return columns, []
    rows, positions = combine([columns[name] for name in names])
    done = [fill_classes(dict(zip(names, row, strict=True))) for row in rows]
    filled = dict(columns)
    for name in dict.fromkeys(name for record, _ in done for name in record):
        filled[name] = Distinct([record.get(name) for record, _ in done], positions)
    found = [problems for _, problems in done]
    return filled, [
        replace(problem, row=int(numbers[row]))
        for row in find_rows(found, positions, bool)
        for problem in found[positions[row]]
    ]


def find_older_diseases(columns: Columns, numbers: IntArray) -> list[Problem]:
    """Return a problem for each disease that is older than its patient."""
    if not {"age_years", "disease_duration_years"} <= columns.keys():
        return []
    ages = columns["age_years"].to_floats()
    durations = columns["disease_duration_years"].to_floats()
    return [
        replace(problem, row=int(numbers[row]))
        for row in np.flatnonzero(durations > ages)
        for problem in check_duration(float(ages[row]), float(durations[row]))
    ]


def list_texts(cells: Iterable[object]) -> list[str]:
    """Return the texts among cells, without what nobody sees."""
    return [clean(cell) for cell in cells if isinstance(cell, str)]


def columns_to_table(columns: Columns, dictionary: Dictionary, *, n_rows: int) -> pd.DataFrame:
    """Return parsed columns as :attr:`features.cohort.cohort.Cohort.table` has them."""
    arrays = {
        name: columns[name].to_floats()
        if dictionary[name].is_encodable
        else columns[name].to_texts()
        for name in dictionary.names
        if name in columns
    }
    return pd.DataFrame(arrays, index=range(n_rows))


def parse_rows(raw: pd.DataFrame, dictionary: Dictionary) -> tuple[pd.DataFrame, list[Problem]]:
    """Return the rows of a table of texts, each read as `parse_record` reads it alone.

    No row's reading depends on another's: it is the same in whatever part of a file it stands.

    Parameters
    ----------
    raw : DataFrame of str
        In columns of the dictionary; the index tells the rows' positions, from 0.
    dictionary : Dictionary
        What the columns mean.

    Returns
    -------
    table : DataFrame
        As :func:`features.cohort.cohort.parse_cohort` returns it.
    problems : list of Problem
        By row, from 1, and within a row in the dictionary's order; a row without `patient_id` has
        one.
    """
    numbers = raw.index.to_numpy() + 1
    columns: Columns = {}
    problems: list[Problem] = []
    for name in dictionary.names:
        if name in raw:
            cells, positions = find_distinct(raw[name])
            columns[name], found = parse_column(
                dictionary[name], cells, positions, numbers, decimal=None
            )
            problems += found
    filled, contradictions = fill_columns(columns, numbers)
    problems += contradictions + find_older_diseases(columns, numbers)
    order = {name: position for position, name in enumerate(dictionary.names)}
    problems.sort(key=lambda problem: (problem.row or 0, order.get(problem.column, 0)))
    return columns_to_table(filled, dictionary, n_rows=len(numbers)), problems
