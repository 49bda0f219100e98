"""What a mapping names and the files do not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from features.errors import Problem, did_you_mean, list_words
from features.files.headings import find_misplaced
from features.mapping.column_rule import ColumnRule
from features.mapping.mapping_file import CohortMapping

__all__ = ["find_absent"]

Rules = Mapping[str, ColumnRule]
Tables = Mapping[str, pd.DataFrame]

_SHOWN = 5
_LONGEST = 40


def find_absent(
    raw: pd.DataFrame, joined: Tables, mapping: CohortMapping, rules: Rules
) -> list[Problem]:
    """Return what the mapping names and the files, or the mapping itself, do not have.

    Parameters
    ----------
    raw, joined
        As in :func:`features.mapping.mapping.apply_mapping`.
    mapping : CohortMapping
        What names columns.
    rules : mapping of str to ColumnRule
        Its columns, with those that need no entry.

    Returns
    -------
    list of Problem
        For each file that does not have them all: where its headings seem to stand, or which it
        has and one problem for each name.
    """
    own = [str(name) for name in raw]
    names = own + [f"{name}.{column}" for name, table in joined.items() for column in table]
    problems: list[Problem] = []
    for file, table in {"": raw, **joined}.items():
        problems += _find_absent_of(file, table, _list_wanted(file, mapping, rules, own), names)
    problems += [
        Problem(f"join.{file}", "a name of its own", f"{column}, also a column of the export")
        for file in mapping.joins
        for column in own
        if column.startswith(f"{file}.") and column in names[len(own) :]
    ]
    problems += [
        Problem(f"variables.{variable.name}", "an entry under [columns]", "none")
        for variable in mapping.variables
        if variable.name not in rules
    ]
    if "patient_id" not in rules:
        problems.append(Problem("columns.patient_id", "a raw column", "no entry"))
    return problems


def _list_wanted(
    file: str, mapping: CohortMapping, rules: Rules, own: Sequence[str]
) -> list[tuple[str, str]]:
    """Return the place in the mapping and the name of each column that one file shall have."""
    wanted = []
    for name, rule in rules.items():
        for source in rule.raw_columns:
            prefix, _, column = source.partition(".")
            joined = prefix in mapping.joins and source not in own
            if file == (prefix if joined else ""):
                wanted.append((f"columns.{name}", column if joined else source))
    if file:
        join = mapping.joins[file]
        keys = [(f"join.{file}.patient", join.patient), (f"join.{file}.time", join.time)]
    else:
        keys = [(f"filter.{name}", name) for name in mapping.filters]
        keys.append(("rows.time", mapping.time))
    return wanted + [(where, column) for where, column in keys if column]


def _find_absent_of(
    file: str, table: pd.DataFrame, wanted: Sequence[tuple[str, str]], names: Sequence[str]
) -> list[Problem]:
    there = [str(name) for name in table]
    asked = [column for _, column in wanted]
    if set(asked) <= set(there):
        return []
    place = f"join.{file}" if file else "headings"
    misplaced = find_misplaced(table, asked)
    if misplaced:
        return [replace(misplaced, column=place)]
    listed = list_words([name[:_LONGEST] for name in there])
    problems = [Problem(place, "those that the mapping names", f"the file has {listed}")]
    for where, column in wanted:
        if column not in there:
            mapped = where.startswith("columns.")
            source = f"{file}.{column}" if file and mapped else column
            problems.append(_describe_absent(where, source, names if mapped else there))
    return problems


def _describe_absent(where: str, source: str, names: Sequence[str]) -> Problem:
    expected = "a column of the file"
    numbered = [f"{source} ({i})" for i in range(1, len(names) + 1)]
    there = [name for name in numbered if name in names]
    if there:
        action = f"write {' or '.join(there[:_SHOWN])}, counted from the left"
        return Problem(where, expected, f"{source}, which stands {len(there)} times", action=action)
    elsewhere = [name for name in names if name.partition(".")[2] == source]
    action = f"did you mean {elsewhere[0]}?" if elsewhere else did_you_mean(source, names)
    return Problem(where, expected, f"{source}, which it does not have", action=action)
