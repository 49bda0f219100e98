"""Import: a raw table becomes a cohort table, by a mapping, and says what was done.

Nothing is guessed. A raw value that the mapping does not cover, rows of a patient that disagree,
a name that the file does not have: each is a problem, and with any problem there is no table.
How a mapping is written stands in :mod:`features.cohort.mapping_file`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from features.cohort.codes import normalise_code
from features.cohort.cohort import is_synthetic_id, parse_cell, parse_cohort
from features.cohort.filtering import filter_rows
from features.cohort.import_report import ColumnReport, ImportReport
from features.cohort.mapping_file import UNITS, CohortMapping, ColumnRule
from features.dictionary.variable import Variable, parse_value
from features.errors import InputError, Problem, did_you_mean
from features.files.table import CLEANED

__all__ = ["apply_mapping"]

Value = float | str | None
Rules = Mapping[str, ColumnRule]

_ORIGIN = "record_origin"
_SHOWN = 5
_ANY_NUMBER = Variable("raw", "raw value", "number", "always", ())


@dataclass(frozen=True)
class _Raw:
    """The rows that the filters keep, gathered by course."""

    cells: Mapping[str, Sequence[str]]
    groups: Sequence[Sequence[int]]
    times: Sequence[str]


def apply_mapping(raw: pd.DataFrame, mapping: CohortMapping) -> tuple[pd.DataFrame, ImportReport]:
    """Turn a raw table into a cohort table.

    Parameters
    ----------
    raw : DataFrame of str
        As :func:`features.files.table.read_table` returns it.
    mapping : CohortMapping
        What to make of it.

    Returns
    -------
    table : DataFrame
        One row per course in the dictionary's column order: numbers as float64 or Int64, all
        else as text, missing values NaN. Rows that the raw file marks as simulated
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
        rules[_ORIGIN] = ColumnRule.model_construct(sources=(_ORIGIN,))
    problems = _find_absent(raw, mapping, rules)
    if problems:
        raise InputError("mapping", problems)
    sources = dict.fromkeys(source for rule in rules.values() for source in rule.sources)
    mapped = {*sources, *mapping.filters, mapping.time}
    looked_at = {*mapped, _ORIGIN, "patient_id"}
    cells = {str(name): raw[name].str.strip().tolist() for name in raw if name in looked_at}
    kept, filtered, problems = filter_rows(cells, mapping.filters, n_rows=len(raw))
    if problems:
        raise InputError("import", problems)
    data = _gather(kept, cells, rules, mapping.time)
    problems += _check_times(data, rules, mapping.time)
    values: dict[str, list[Value]] = {}
    reports = []
    for name, rule in rules.items():
        variable = mapping.dictionary[name]
        values[name], how, found = _fill_column(data, rule, variable, mapping.missing)
        problems += found
        known = sum(value is not None for value in values[name])
        source = " + ".join(rule.sources) or "constant"
        reports.append(ColumnReport(name, source, how, known, len(data.groups) - known))
    synthetic = _mark_synthetic(values, data, rules)
    first_rows = raw.index[[group[0] for group in data.groups]]
    table = pd.DataFrame(values, index=first_rows, dtype=object)
    problems += parse_cohort(table, mapping.dictionary)[1]
    if problems:
        raise InputError("import", problems)
    ordered = [variable for variable in mapping.dictionary if variable.name in values]
    report = ImportReport(
        raw_rows=len(raw),
        raw_columns=raw.shape[1],
        cleaned=raw.attrs.get(CLEANED, 0),
        filters=filtered,
        unused_rows=_count_unused(data, rules, mapping.time),
        rows=len(table),
        columns=tuple(reports),
        missing_codes=_count_missing_codes(cells, kept, rules, mapping.missing),
        unmapped=tuple(str(name) for name in raw if name not in mapped),
        synthetic_rows=synthetic,
    )
    return pd.DataFrame({v.name: _to_series(values[v.name], v) for v in ordered}), report


def _find_absent(raw: pd.DataFrame, mapping: CohortMapping, rules: Rules) -> list[Problem]:
    """Return what the mapping names and the file, or the mapping itself, does not have."""
    names = [str(name) for name in raw]
    wanted = [(f"columns.{name}", source) for name in rules for source in rules[name].sources]
    wanted += [(f"filter.{name}", name) for name in mapping.filters]
    wanted += [("rows.time", mapping.time)] if mapping.time else []
    problems = [
        _describe_absent(where, source, names) for where, source in wanted if source not in names
    ]
    problems += [
        Problem(f"variables.{variable.name}", "an entry under [columns]", "none")
        for variable in mapping.variables
        if variable.name not in rules
    ]
    if "patient_id" not in rules:
        problems.append(Problem("columns.patient_id", "a raw column", "no entry"))
    return problems


def _describe_absent(where: str, source: str, names: Sequence[str]) -> Problem:
    expected = "a column of the file"
    numbered = [f"{source} ({i})" for i in range(1, len(names) + 1)]
    there = [name for name in numbered if name in names]
    if there:
        action = f"write {' or '.join(there[:_SHOWN])}, counted from the left"
        return Problem(where, expected, f"{source}, which stands {len(there)} times", action=action)
    action = did_you_mean(source, names)
    return Problem(where, expected, f"{source}, which it does not have", action=action)


def _gather(
    kept: Sequence[int], cells: Mapping[str, Sequence[str]], rules: Rules, time: str
) -> _Raw:
    """Gather the rows of each patient, or of each course where courses are numbered."""
    if not time:
        return _Raw(cells, [[row] for row in kept], [])
    keyed = [rules[name] for name in ("patient_id", "course_number") if name in rules]
    keys = [source for rule in keyed for source in rule.sources]
    groups: dict[tuple[str, ...], list[int]] = {}
    for row in kept:
        groups.setdefault(tuple(cells[key][row] for key in keys), []).append(row)
    return _Raw(cells, list(groups.values()), [normalise_code(cell) for cell in cells[time]])


def _check_times(data: _Raw, rules: Rules, time: str) -> list[Problem]:
    problems = []
    for at in dict.fromkeys(rule.at for rule in rules.values() if rule.at):
        counts = [sum(data.times[row] == at for row in group) for group in data.groups]
        repeated = sum(count > 1 for count in counts)
        if repeated:
            expected = f"one row at time {at} for each patient"
            got = f"{repeated} of {len(counts)} patients with more"
            problems.append(Problem(time, expected, got, action="filter the rows"))
        if not any(counts):
            there = ", ".join(sorted({data.times[row] for group in data.groups for row in group}))
            problems.append(Problem(time, f"a row at time {at}", f"times {there}"))
    return problems


def _count_unused(data: _Raw, rules: Rules, time: str) -> int:
    used = {rule.at for rule in rules.values()}
    return sum(data.times[row] not in used for group in data.groups for row in group if time)


def _count_missing_codes(
    cells: Mapping[str, Sequence[str]], kept: Sequence[int], rules: Rules, missing: frozenset[str]
) -> dict[str, int]:
    codes: dict[str, frozenset[str]] = {}
    for rule in rules.values():
        for source in rule.sources:
            codes[source] = codes.get(source, missing) | rule.missing
    counts = Counter(
        code
        for source, meant in codes.items()
        for code in (normalise_code(cells[source][row]) for row in kept)
        if code and code in meant
    )
    return dict(counts.most_common())


def _read_source(
    data: _Raw, rule: ColumnRule, name: str, source: str, missing: frozenset[str]
) -> tuple[list[str], list[Problem]]:
    """Return one text for each course, "" where not known, and the courses that disagree."""
    codes = missing | rule.missing
    texts = []
    disagreeing = 0
    for group in data.groups:
        known: dict[str, str] = {}
        for row in group:
            text = data.cells[source][row]
            if (not rule.at or data.times[row] == rule.at) and normalise_code(text) not in codes:
                known.setdefault(normalise_code(text), text)
        known.pop("", None)
        disagreeing += len(known) > 1
        texts.append(next(iter(known.values()), ""))
    if not disagreeing:
        return texts, []
    expected = "the same value in all rows of a patient"
    got = f"different values of {source} in {disagreeing} of {len(texts)} patients"
    action = "say which row with at = ..., or correct the file"
    return texts, [Problem(name, expected, got, action=action)]


def _fill_column(
    data: _Raw, rule: ColumnRule, variable: Variable, missing: frozenset[str]
) -> tuple[list[Value], str, list[Problem]]:
    """Return one value for each course, what was done in words, and what could not be."""
    if rule.constant is not None:
        value = _convert(rule, variable, rule.constant)
        return [_known(value)] * len(data.groups), rule.constant, []
    problems: list[Problem] = []
    columns = []
    for source in rule.sources:
        texts, found = _read_source(data, rule, variable.name, source, missing)
        columns.append(texts)
        problems += found
    joined = [rule.separator.join(filter(None, texts)) for texts in zip(*columns, strict=True)]
    counts = Counter(text for text in joined if text)
    values = {text: _convert(rule, variable, text) for text in counts}
    refused = {text: value for text, value in values.items() if isinstance(value, Problem)}
    if refused:
        problems.append(_describe_refused(rule, variable, refused, counts))
    filled = [_known(values[text]) if text else None for text in joined]
    return filled, _describe(rule, variable, counts, values), problems


def _known(value: Value | Problem) -> Value:
    return None if isinstance(value, Problem) else value


def _describe_refused(
    rule: ColumnRule, variable: Variable, refused: Mapping[str, Problem], counts: Mapping[str, int]
) -> Problem:
    shown = [
        f"{text[:20]!r} in {counts[text]} row{'s'[: counts[text] != 1]}"
        for text in list(refused)[:_SHOWN]
    ]
    more = f" and {len(refused) - _SHOWN} more values" if len(refused) > _SHOWN else ""
    expected = variable.expected()
    if rule.recode is not None:
        expected = "a value that recode lists: " + ", ".join(rule.recode)
    hint = next((problem.action for problem in refused.values() if problem.action), "")
    action = hint or "cover them with recode or unit, or list them as missing"
    return Problem(variable.name, expected, ", ".join(shown) + more, action=action)


def _describe(
    rule: ColumnRule,
    variable: Variable,
    counts: Mapping[str, int],
    values: Mapping[str, Value | Problem],
) -> str:
    how = [f"at time {rule.at}"] if rule.at else []
    if rule.unit:
        how.append(f"{rule.unit} to {variable.unit}")
    if rule.yes_if:
        yes = sum(counts[text] for text, value in values.items() if value == "yes")
        how.append(f"yes if {rule.yes_if} ({yes} of {sum(counts.values())})")
    if rule.recode is not None:
        became = Counter[tuple[str, str]]()
        for text, value in values.items():
            became[normalise_code(text), str(value)] += counts[text]
        how += [f"{raw} to {word} ({count})" for (raw, word), count in sorted(became.items())]
    return ", ".join(how) or "as it is"


def _convert(rule: ColumnRule, variable: Variable, text: str) -> Value | Problem:
    """Return one raw value as the contract writes it."""
    recode = rule.recode
    parts = text.split(rule.separator) if variable.kind == "codes" else [text]
    words = [part.strip() for part in parts]
    if recode is not None:
        if any(normalise_code(word) not in recode for word in words if word):
            return variable.problem(text)
        words = [recode[normalise_code(word)] for word in words if word]
    word: object = ";".join(filter(None, words))
    if rule.unit or rule.yes_if:
        number = parse_value(_ANY_NUMBER, word)
        if not isinstance(number, float):
            return variable.problem(text)
        word = rule.holds(number) if rule.yes_if else number * UNITS[variable.unit][rule.unit]
    parsed = parse_cell(variable, word)
    return variable.decode(parsed) if isinstance(parsed, float) else parsed


def _mark_synthetic(values: dict[str, list[Value]], data: _Raw, rules: Rules) -> int:
    """Mark the courses that the raw file calls simulated, whatever the mapping says.

    A model made from simulated patients is a demonstration for ever; an import must not be a way
    round it.
    """
    ids = {"patient_id", *rules["patient_id"].sources}

    def is_synthetic(row: int) -> bool:
        origin = data.cells[_ORIGIN][row] if _ORIGIN in data.cells else ""
        named = (data.cells[name][row] for name in ids if name in data.cells)
        return origin.lower() == "synthetic" or any(is_synthetic_id(text) for text in named)

    marked = [any(is_synthetic(row) for row in group) for group in data.groups]
    if any(marked):
        origins = values.get(_ORIGIN, [None] * len(marked))
        values[_ORIGIN] = [
            "synthetic" if mark else origin for mark, origin in zip(marked, origins, strict=True)
        ]
    return sum(marked)


def _to_series(values: Sequence[Value], variable: Variable) -> pd.Series[Any]:
    if variable.kind == "integer":
        return pd.Series(values, dtype="Int64")
    return pd.Series(values, dtype="float64" if variable.kind == "number" else "str")
