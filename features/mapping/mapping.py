"""Import: a raw table becomes a cohort table, by a mapping, and says what was done.

Nothing is guessed. A raw value that the mapping does not cover, rows of a patient that disagree,
a name that the file does not have: each is a problem, and with any problem there is no table.
How a mapping is written stands in :mod:`features.mapping.mapping_file`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd

from features.cohort.cohort import is_synthetic_id, parse_cohort
from features.cohort.pseudonyms import find_alike, find_bare, tell_bare
from features.dictionary.variable import Variable
from features.errors import InputError, Problem, list_words
from features.files.table import CLEANED, NOTES
from features.mapping.absent import find_absent
from features.mapping.codes import normalise_code
from features.mapping.column_rule import ColumnRule
from features.mapping.conversion import (
    Reading,
    Texts,
    Unread,
    Value,
    choose_columns,
    convert,
    read_box,
)
from features.mapping.conversion_words import (
    describe_conversion,
    describe_refused,
    tell_unchosen,
    tell_unsure,
)
from features.mapping.filtering import filter_rows, find_near
from features.mapping.import_report import ColumnReport, ImportReport, JoinReport, Unused
from features.mapping.mapping_file import CohortMapping, JoinedFile
from features.mapping.raw_rows import JoinedRows, RawRows, join_rows, read_column
from features.mapping.second_headings import count_second_headings, describe_second_headings
from features.mapping.signs import Signs, find_signs, settle_sign

__all__ = ["apply_mapping"]

Rules = Mapping[str, ColumnRule]
Tables = Mapping[str, pd.DataFrame]

_ORIGIN = "record_origin"
_NO_TABLES: Tables = MappingProxyType({})


def apply_mapping(
    raw: pd.DataFrame, mapping: CohortMapping, joined: Tables = _NO_TABLES
) -> tuple[pd.DataFrame, ImportReport]:
    """Turn a raw table into a cohort table.

    Parameters
    ----------
    raw : DataFrame of str
        As :func:`features.files.table.read_table` returns it.
    mapping : CohortMapping
        What to make of it.
    joined : mapping of str to DataFrame of str
        The tables of the mapping's joined files, by name.

    Returns
    -------
    table : DataFrame
        One row per course in the dictionary's column order: numbers as float64 or Int64, all
        else as text, missing values NaN. Rows that a raw file marks as simulated
        (`record_origin`, or a patient_id that begins with SYN-) stay marked.
    report : ImportReport
        What was done, in counts.

    Raises
    ------
    InputError
        Listing every raw column that is not there; or the filter that leaves no row; or every
        value that nothing covers, by column with its count, patients whose rows disagree or repeat
        a time, and every problem of the table that would come out (see
        :func:`features.cohort.cohort.parse_cohort`).
    """
    rules = dict(mapping.columns)
    if _ORIGIN in raw and _ORIGIN not in rules:
        rules[_ORIGIN] = ColumnRule.model_construct(given=(_ORIGIN,))
    problems = find_absent(raw, joined, mapping, rules)
    if problems:
        raise InputError("mapping", problems)
    sources = dict.fromkeys(source for rule in rules.values() for source in rule.raw_columns)
    mapped = {*sources, *mapping.filters, mapping.time}
    cells = _read_cells(raw, {*mapped, _ORIGIN, "patient_id"})
    [patient] = rules["patient_id"].sources if mapping.totals == "leave_out" else [""]
    kept, filtered, problems = filter_rows(cells, mapping.filters, n_rows=len(raw), patient=patient)
    if problems:
        raise InputError("import", problems)
    data = _gather(kept, cells, rules, mapping.time)
    data, joins, problems = _join(data, joined, mapping, rules)
    signs = find_signs(raw, joined)
    values, reports, found = _fill_columns(data, rules, mapping, signs)
    problems += _check_times(data, rules, mapping) + _check_courses(data, rules) + found
    synthetic = _mark_synthetic(values, data, rules)
    first_rows = raw.index[[group[0] for group in data.groups]]
    table = pd.DataFrame(values, index=first_rows, dtype=object)
    problems += parse_cohort(table, mapping.dictionary)[1]
    if problems:
        above = count_second_headings(raw, mapping, rules) if 0 in kept else 0
        told = _list_problems_below(raw, mapping, joined, above) if above else problems
        raise InputError("import", told)
    ordered = [variable for variable in mapping.dictionary if variable.name in values]
    report = ImportReport(
        raw_rows=len(raw),
        raw_columns=raw.shape[1],
        cleaned=sum(table.attrs.get(CLEANED, 0) for table in (raw, *joined.values())),
        notes=(*_list_notes(raw, joined), *_tell_bare(table, rules)),
        filters=filtered,
        unused=_find_unused(data, rules, mapping.time),
        rows=len(table),
        columns=reports,
        missing_codes=_count_missing_codes(data, rules, mapping.missing),
        unmapped=tuple(name for name in _list_columns(raw, joined, mapping) if name not in mapped),
        synthetic_rows=synthetic,
        joined=joins,
        alike=tuple(
            tuple(int(first_rows[course]) + 1 for course in courses)
            for courses in find_alike(values["patient_id"])
        ),
    )
    return pd.DataFrame({v.name: _to_series(values[v.name], v) for v in ordered}), report


def _list_problems_below(
    raw: pd.DataFrame, mapping: CohortMapping, joined: Tables, above: int
) -> list[Problem]:
    """Return that the first rows are no patients, and the problems of the others."""
    problems = [describe_second_headings([int(row) + 1 for row in raw.index[: above + 1]])]
    try:
        apply_mapping(raw.iloc[above:], mapping, joined)
    except InputError as error:
        problems += error.problems
    return problems


def _read_cells(table: pd.DataFrame, names: set[str], prefix: str = "") -> dict[str, list[str]]:
    return {
        f"{prefix}{name}": table[name].str.strip().tolist()
        for name in table
        if f"{prefix}{name}" in names
    }


def _join(
    data: RawRows, joined: Tables, mapping: CohortMapping, rules: Rules
) -> tuple[RawRows, tuple[JoinReport, ...], list[Problem]]:
    [patient] = rules["patient_id"].sources
    patients = [data.cells[patient][group[0]] for group in data.groups]
    tables = {name: _read_joined(joined[name], name, mapping.joins[name]) for name in mapping.joins}
    return join_rows(data, patients, tables)


def _read_joined(table: pd.DataFrame, name: str, file: JoinedFile) -> JoinedRows:
    everything = {f"{name}.{column}" for column in table}
    cells = _read_cells(table, everything, prefix=f"{name}.")
    times = [normalise_code(cell) for cell in cells[f"{name}.{file.time}"]] if file.time else None
    return JoinedRows(cells, cells[f"{name}.{file.patient}"], times)


def _list_columns(raw: pd.DataFrame, joined: Tables, mapping: CohortMapping) -> list[str]:
    """Return all raw columns, those of joined files but for their patient and time."""
    names = [str(name) for name in raw]
    for name, file in mapping.joins.items():
        keys = (file.patient, file.time)
        names += [f"{name}.{column}" for column in joined[name] if column not in keys]
    return names


def _list_notes(raw: pd.DataFrame, joined: Tables) -> tuple[str, ...]:
    own: tuple[str, ...] = raw.attrs.get(NOTES, ())
    others = (f"{name}: {note}" for name in joined for note in joined[name].attrs.get(NOTES, ()))
    return (*own, *others)


def _tell_bare(table: pd.DataFrame, rules: Rules) -> list[str]:
    told = [name for name, rule in rules.items() if rule.constant is None and name in table]
    return tell_bare([int(table.index[row]) + 1 for row in find_bare(table[told])])


def _gather(
    kept: Sequence[int], cells: Mapping[str, Sequence[str]], rules: Rules, time: str
) -> RawRows:
    """Gather the rows of each patient, or of each course where courses are numbered."""
    if not time:
        return RawRows(cells, [[row] for row in kept])
    keyed = [rules[name] for name in ("patient_id", "course_number") if name in rules]
    keys = [source for rule in keyed for source in rule.sources]
    groups: dict[tuple[str, ...], list[int]] = {}
    for row in kept:
        groups.setdefault(tuple(cells[key][row] for key in keys), []).append(row)
    return RawRows(cells, list(groups.values()), [normalise_code(cell) for cell in cells[time]])


def _check_times(data: RawRows, rules: Rules, mapping: CohortMapping) -> list[Problem]:
    problems = []
    asked = {
        (data.get_file(column), rule.at): None
        for rule in rules.values()
        for column in rule.raw_columns
        if rule.at
    }
    for file, at in asked:
        column = f"{file}.{mapping.joins[file].time}" if file else mapping.time
        times, groups = data.get_times(file) or (), data.get_groups(file)
        counts = [sum(times[row] == at for row in group) for group in groups]
        repeated = sum(count > 1 for count in counts)
        if repeated:
            expected = f"one row at time {at} for each patient"
            got = f"{repeated} of {len(counts)} patients with more"
            action = "correct the file" if file else "filter the rows"
            problems.append(Problem(column, expected, got, action=action))
        if not any(counts):
            there = sorted({times[row] for group in groups for row in group})
            got = list_words([time or "an empty cell" for time in there]) or "none"
            problems.append(Problem(column, f"a row at time {at}", f"times {got}"))
    return problems


def _check_courses(data: RawRows, rules: Rules) -> list[Problem]:
    """Return that rows have no number of their course beside rows of the patient that have one."""
    if not data.times or "course_number" not in rules:
        return []
    [patient] = rules["patient_id"].sources
    [*courses] = rules["course_number"].sources
    numbered: dict[str, set[bool]] = {}
    for group in data.groups:
        known = all(data.cells[column][group[0]] for column in courses)
        numbered.setdefault(data.cells[patient][group[0]], set()).add(known)
    several = sum(len(known) > 1 for known in numbered.values())
    if not several:
        return []
    expected, got = "a number in each row", f"rows without one, of {several} who have others"
    return [Problem("course_number", expected, got, action="fill it in")]


def _find_unused(data: RawRows, rules: Rules, time: str) -> Unused:
    """Return the times that no variable comes from."""
    used = frozenset(rule.at for rule in rules.values() if rule.at)
    if not used:
        return Unused({}, {})  # all rows of a patient must agree
    rows = (row for group in data.groups for row in group if time)
    counts = Counter(data.times[row] for row in rows)
    unused = {code: count for code, count in counts.most_common() if code not in used}
    near = {code: found for code in unused if (found := find_near(code, used))}
    return Unused(unused, near)


def _count_missing_codes(data: RawRows, rules: Rules, missing: frozenset[str]) -> dict[str, int]:
    codes: dict[str, frozenset[str]] = {}
    for name, rule in rules.items():
        for source in rule.raw_columns if name != "patient_id" else ():
            codes[source] = codes.get(source, missing) | rule.missing
    counts = Counter[str]()
    for source, meant in codes.items():
        groups, cells = data.get_groups(data.get_file(source)), data.cells[source]
        for cell, count in Counter(cells[row] for group in groups for row in group).items():
            code = normalise_code(cell)
            if code and code in meant:
                counts[code] += count
    return dict(counts.most_common())


def _fill_columns(
    data: RawRows, rules: Rules, mapping: CohortMapping, signs: Signs
) -> tuple[dict[str, list[Value]], tuple[ColumnReport, ...], list[Problem]]:
    values: dict[str, list[Value]] = {}
    reports = []
    problems = []
    for name, rule in rules.items():
        values[name], how, found = _fill_column(
            data, rule, mapping.dictionary[name], mapping, signs
        )
        problems += found
        known = sum(value is not None for value in values[name])
        source = " + ".join(rule.sources) or "constant"
        reports.append(ColumnReport(name, source, how, known, len(data.groups) - known))
    return values, tuple(reports), problems


def _fill_column(
    data: RawRows, rule: ColumnRule, variable: Variable, mapping: CohortMapping, signs: Signs
) -> tuple[list[Value], str, list[Problem]]:
    """Return one value for each course, what was done in words, and what could not be."""
    if rule.constant is not None:
        value = convert(ColumnRule(), variable, (rule.constant,))
        return [_known(value)] * len(data.groups), rule.constant, []
    problems: list[Problem] = []
    columns: dict[str, list[str | None]] = {}
    for column in rule.raw_columns:
        columns[column], found = read_column(data, rule, variable, column, mapping.missing)
        problems += found
    inputs: list[Texts | Unread]
    if rule.by:
        inputs = choose_columns(rule, columns[rule.by], columns)
    else:
        inputs = list(zip(*columns.values(), strict=True))
    problems += _check_boxes(rule, variable, columns)
    unchosen = [given for given in inputs if isinstance(given, Unread)]
    if unchosen:
        problems.append(describe_refused(rule, variable, unchosen, chosen=True))
    reading = Reading(mapping.dates, settle_sign(rule, mapping, data, columns, signs))
    read = {
        given: convert(rule, variable, given, reading)
        for given in dict.fromkeys(inputs)
        if not isinstance(given, Unread)
    }
    outcomes = [given if isinstance(given, Unread) else read[given] for given in inputs]
    refused = [read[given] for given in inputs if not isinstance(given, Unread)]
    wrong = [value for value in refused if isinstance(value, Unread)]
    if wrong:
        problems.append(describe_refused(rule, variable, wrong, reading=reading))
    values = [_known(value) for value in outcomes]
    texts = [() if isinstance(given, Unread) else given for given in inputs]
    how = [describe_conversion(rule, variable, texts, values)]
    how += tell_unchosen(rule, columns) + tell_unsure(rule, variable, texts, reading)
    return values, ", ".join(how), problems


def _known(value: Value | Unread) -> Value:
    return None if isinstance(value, Unread) else value


def _check_boxes(
    rule: ColumnRule, variable: Variable, columns: Mapping[str, Sequence[str | None]]
) -> list[Problem]:
    """Return that it must be said what an empty box means, where no other box is not ticked."""
    if not rule.boxes or "" in rule.not_ticked:
        return []
    words = {text for texts in columns.values() for text in texts if text is not None}
    if "" not in words or any(_is_unticked(rule, word) for word in words):
        return []
    expected = "boxes that tell when they are not ticked"
    action = 'say not_ticked = [""] if an empty box is one that is not ticked'
    return [Problem(variable.name, expected, "only ticked and empty ones", action=action)]


def _is_unticked(rule: ColumnRule, word: str) -> bool:
    try:
        return read_box(rule, word) is False
    except ValueError:
        return True  # another word, told as refused


def _mark_synthetic(values: dict[str, list[Value]], data: RawRows, rules: Rules) -> int:
    """Mark the courses that a raw file calls simulated, whatever the mapping says.

    A model made from simulated patients is a demonstration for ever; an import must not be a way
    round it.
    """
    origins = [_ORIGIN, *(f"{name}.{_ORIGIN}" for name in data.joined)]
    ids = {"patient_id", *rules["patient_id"].sources}
    marked = [False] * len(data.groups)
    for column in (*origins, *ids):
        if column not in data.cells:
            continue
        for course, group in enumerate(data.get_groups(data.get_file(column))):
            texts = [data.cells[column][row] for row in group]
            if column in origins:
                marked[course] |= any(text.lower() == "synthetic" for text in texts)
            else:
                marked[course] |= any(is_synthetic_id(text) for text in texts)
    if any(marked):
        given = values.get(_ORIGIN, [None] * len(marked))
        values[_ORIGIN] = [
            "synthetic" if mark else origin for mark, origin in zip(marked, given, strict=True)
        ]
    return sum(marked)


def _to_series(values: Sequence[Value], variable: Variable) -> pd.Series[Any]:
    if variable.kind == "integer":
        return pd.Series(values, dtype="Int64")
    return pd.Series(values, dtype="float64" if variable.kind == "number" else "str")
