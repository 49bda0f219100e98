"""A second row of headings, or one of units, between the headings and the patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from features.errors import Problem
from features.mapping.column_rule import ColumnRule
from features.mapping.mapping_file import CohortMapping
from features.numerals import parse_number

__all__ = ["count_second_headings", "describe_second_headings"]

_MOST = 3


def count_second_headings(
    raw: pd.DataFrame, mapping: CohortMapping, rules: Mapping[str, ColumnRule]
) -> int:
    """Return how many of the first rows hold words where the rows below hold numbers.

    Parameters
    ----------
    raw : DataFrame of str
        The export.
    mapping : CohortMapping
        What is made of it.
    rules : mapping of str to ColumnRule
        Its columns.

    Returns
    -------
    int
        Rows without any number that have a word in a column of numbers; at most three, as a table
        has no more rows of headings.
    """
    columns = {
        source
        for name, rule in rules.items()
        if _is_number(rule, numeric=mapping.dictionary[name].is_numeric)
        for source in rule.sources
        if source in raw
    }
    rows = [row for _, row in raw.head(_MOST + 1).iterrows()]
    count = 0
    for row in rows[:-1]:
        words = [column for column in columns if row[column].strip()]
        if not words or any(map(_holds_number, row)):
            break
        count += 1
    below = raw.iloc[count:]
    numbers = any(_holds_number(cell) for column in columns for cell in below[column].unique())
    return count if numbers else 0


def describe_second_headings(lines: Sequence[int]) -> Problem:
    """Return the problem of such rows.

    Parameters
    ----------
    lines : sequence of int
        Their lines, and that of the first row below them.
    """
    *above, first = lines
    action = (
        f"say data_line = {first} in the mapping if this is a second row of headings or of units; "
        "if it is a patient, correct the words"
    )
    got = "words where the rows below have numbers"
    return Problem("headings", "patients below them", got, row=above[-1], action=action)


def _is_number(rule: ColumnRule, *, numeric: bool) -> bool:
    other = rule.recode is not None or rule.until or rule.part or rule.boxes
    return (numeric or bool(rule.yes_if)) and not other


def _holds_number(cell: str) -> bool:
    text = cell.strip()
    return any(parse_number(text, decimal=sign) is not None for sign in (".", ","))
