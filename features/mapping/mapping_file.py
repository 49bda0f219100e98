"""The mapping file: how any export becomes a cohort file, in TOML.

A mapping has these parts, of which only `[columns]` is needed to import a file (and only
`[variables]` to declare a study's own variables):

``decimal``, ``encoding``, ``sheet``, ``labels``, ``header_line``, ``data_line``
    How the file is written; see :class:`features.files.options.TableOptions`.
``dates``
    Whether the day or the month comes first, "dmy" or "mdy", in dates such as 05.03.2021; "excel"
    where dates are Excel's numbers of days, such as 44260.
``missing``
    Codes that mean "not known" anywhere in the file, beside the empty cell.
``totals``
    "leave_out" for lines of totals below the patients (`Mean`, `N = 48`), else a problem.
``[filter]``
    Raw columns, each with the value or list of values that a row must have to be kept.
``[rows]``
    For a file with several rows per patient: `time` names the raw column that tells them apart.
    They become one row per patient, or per course where `course_number` comes from a column.
``[join.NAME]``
    A second file, joined on the patient: `file`, `patient` and `time`, and how it is written. Its
    columns are called ``NAME.column``.
``[columns]``
    One entry per contract or declared variable: the name of a raw column, or a table with

    ============= ========================================================================
    `from`        the raw column; a list of columns for ATC codes (gathered) and yes/no (yes
                  if any is); with `by` the column for each value
    `by`          the raw column whose value chooses among those of `from`
    `boxes`       in place of `from`: each column of a checkbox group, and what it means
                  when ticked; `ticked` and `not_ticked` are further words for it,
                  `none_ticked` what it means that no box is
    `constant`    in place of `from`: one value for every row
    `at`          the time whose row gives the value (needs the time of its file); without
                  it, all rows of a patient must agree
    `missing`     further codes that mean "not known" in this column
    `recode`      every raw value with what it becomes ("" for not known); a value that is
                  not listed is a problem
    `unit`        the raw unit, where it is not the dictionary's
    `yes_if`      a comparison such as ">= 6" that makes a yes/no variable
    `part`        "year": of a date
    `until`       a second date: the time between the two, in the variable's unit;
                  `completed` cuts it to whole units
    `dates`       the order of this column's dates
    `decimal`     what stands before this column's decimals, where its file does not tell
    `separator`   what stands between ATC codes, where it is not ``;``
    ============= ========================================================================
``[outcome]``
    `scale`: what the scores are measured on, where it is not the 0 to 10 of the contract; see
    :class:`features.dictionary.scale.OutcomeScale`.
``[variables.NAME]``
    A variable of the study's own; see :func:`features.dictionary.declarations.declare_variable`.

Raw columns that no entry uses are dropped, and listed. Numbers compare as numbers: 1, "1" and
"1.0" are the same code. ``docs/mapping.md`` has a complete example with comments. The mapping is
applied by :func:`features.mapping.mapping.apply_mapping`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from features.dictionary.contract import CONTRACT
from features.dictionary.declarations import declare_variable
from features.dictionary.scale import OutcomeScale, find_scale, with_scale
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable
from features.errors import InputError, Problem, did_you_mean
from features.files.options import TableOptions
from features.files.settings import Settings, between, fits, read_settings, read_toml, show, worded
from features.mapping.column_rule import Codes, ColumnRule, RawColumn, RulePlace, check_together
from features.mapping.dates import DateOrder
from features.numerals import DecimalSign

__all__ = ["CohortMapping", "JoinedFile", "read_mapping", "read_variables"]


Line = Annotated[int, worded("the number of a line"), between(1, 1_000_000)]
_NAMED = TableOptions(number_repeated=True)
Totals = Literal["leave_out"]
_JOIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class _Reading(Settings):
    """What a table file does not tell about itself: keys of the mapping, and of each `[join]`."""

    decimal: Annotated[DecimalSign | None, worded('"." or ","')] = None
    encoding: str | None = None
    sheet: Annotated[str | int, worded("the name of a sheet, or its number from 1")] | None = None
    labels: bool = False
    header_line: Line | None = None
    data_line: Line | None = None

    @property
    def options(self) -> TableOptions:
        """How the file is to be read: its columns are named by the mapping."""
        return TableOptions(
            self.decimal,
            self.encoding,
            self.sheet,
            self.labels,
            number_repeated=True,
            header_line=self.header_line,
            data_line=self.data_line,
        )


class JoinedFile(_Reading):
    """A second file, joined to the export on the patient: a table of `[join]`.

    Parameters
    ----------
    file : str
        Its path, from the export's folder.
    patient : str
        Its column with the pseudonyms of the export.
    time : str
        Its column that tells a patient's rows apart; empty where it has none.
    """

    file: Annotated[str, fits("the path of a file", bool)]
    patient: Annotated[RawColumn, fits("the name of a raw column", bool)]
    time: RawColumn = ""


@dataclass(frozen=True)
class CohortMapping:
    """How a raw file becomes a cohort, and what variables the study adds.

    Parameters
    ----------
    columns : mapping of str to ColumnRule
        One for each variable that the cohort file shall have.
    missing : frozenset of str
        Codes that mean "not known" in every column, normalised.
    filters : mapping of str to frozenset of str
        Raw columns and the normalised values that a row must have.
    time : str
        The raw column that tells a patient's rows apart; empty for one row each.
    variables : tuple of Variable
        The study's own.
    joins : mapping of str to JoinedFile
        Further files, by the name that their columns are called with.
    dates : {"dmy", "mdy", "excel"} or None
        The order of dates that do not tell it.
    options : TableOptions
        How the export is to be read.
    totals : {"leave_out"} or None
        What becomes of lines of totals; None: they are a problem.
    scale : OutcomeScale or None
        What the scores are measured on; None for the contract's own.
    """

    columns: Mapping[str, ColumnRule] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    time: str = ""
    variables: tuple[Variable, ...] = ()
    joins: Mapping[str, JoinedFile] = field(default_factory=dict)
    dates: DateOrder | None = None
    options: TableOptions = _NAMED
    totals: Totals | None = None
    scale: OutcomeScale | None = None

    @property
    def dictionary(self) -> Dictionary:
        """The contract on the study's scale, with the study's own variables."""
        return with_scale(CONTRACT, self.scale).with_variables(self.variables)


class _Rows(Settings):
    """The table `[rows]`."""

    time: Annotated[RawColumn, fits("the name of a raw column", bool)] = ""


class _Outcome(Settings):
    """The table `[outcome]`."""

    scale: OutcomeScale | None = None


class _MappingFile(_Reading):
    """The parts; the entries of `join`, `columns` and `variables` are read one by one."""

    missing: Codes = frozenset()
    dates: Annotated[DateOrder | None, worded('"dmy", "mdy" or "excel"')] = None
    totals: Annotated[Totals | None, worded('"leave_out"')] = None
    filter: Mapping[str, Codes] = Field(default_factory=dict)
    rows: _Rows = _Rows()
    outcome: _Outcome = _Outcome()
    join: Mapping[str, Any] = Field(default_factory=dict)
    columns: Mapping[str, Any] = Field(default_factory=dict)
    variables: Mapping[str, Any] = Field(default_factory=dict)


def read_mapping(path: Path, *, declared: Sequence[Variable] = ()) -> CohortMapping:
    """Read a mapping file.

    Parameters
    ----------
    path : Path
        A TOML file as the module describes it.
    declared : sequence of Variable
        What others have declared for it, such as the protocol of a network: it may map them, and
        declares them again only as they are there.

    Returns
    -------
    CohortMapping
        The mapping, checked against the dictionary of variables.

    Raises
    ------
    InputError
        If the file is not TOML, or listing every part, key, name, unit, comparison and value
        that cannot be.
    """
    _, given = read_toml(path, "mapping file")
    what = f"mapping file {path.name}"
    if not given:
        raise InputError(f"{what} is empty")
    problems: list[Problem] = []
    tables = {key: given[key] for key in given if isinstance(given[key], dict)}
    own = read_variables(tables.get("variables", {}), problems)
    problems += _find_redeclared(own, declared)
    variables = (*declared, *(v for v in own if v.name not in {d.name for d in declared}))
    dictionary = with_scale(CONTRACT, find_scale(given)).with_variables(variables)
    has_times = bool(given.get("rows")) or "join" in tables
    rules = _read_columns(tables.get("columns", {}), dictionary, problems, has_times=has_times)
    joins = _read_joins(tables.get("join", {}), problems)
    try:
        parts = read_settings(_MappingFile, given, what)
    except InputError as err:
        raise InputError(what, [*problems, *err.problems]) from err
    time = parts.rows.time
    problems = problems or _check_files(rules, joins, time)
    if problems:
        raise InputError(what, problems)
    return CohortMapping(
        columns=rules,
        missing=parts.missing,
        filters=parts.filter,
        time=time,
        variables=variables,
        joins=joins,
        dates=parts.dates,
        options=parts.options,
        totals=parts.totals,
        scale=parts.outcome.scale,
    )


def _read_joins(given: Mapping[str, Any], problems: list[Problem]) -> dict[str, JoinedFile]:
    joins = {}
    for name, entry in given.items():
        where = f"join.{name}"
        if not _JOIN_NAME.fullmatch(name):
            problems.append(Problem(where, "a name of letters, digits and _", show(name)))
        try:
            joins[name] = read_settings(JoinedFile, entry, where, at=where)
        except InputError as err:
            problems += err.problems
    return joins


def _check_files(
    rules: Mapping[str, ColumnRule], joins: Mapping[str, JoinedFile], time: str
) -> list[Problem]:
    """Return which entries ask for a time of a file that has none, or for another's patients."""
    problems = []
    for name, rule in rules.items():
        files = {column.partition(".")[0] for column in rule.raw_columns} & joins.keys()
        own = any(column.partition(".")[0] not in joins for column in rule.raw_columns)
        untimed = [f"[join.{file}]" for file in sorted(files) if not joins[file].time]
        untimed += ["[rows]"] if own and not time else []
        if rule.at and untimed:
            where, got = f"columns.{name}.at", f"no time in {', '.join(untimed)}"
            problems.append(Problem(where, "time = ... for the rows of its file", got))
        if name in ("patient_id", "course_number") and files:
            where = f"columns.{name}"
            problems.append(Problem(where, "a column of the export itself", "of a joined file"))
    return problems


def _find_redeclared(own: Sequence[Variable], declared: Sequence[Variable]) -> list[Problem]:
    there = {variable.name: variable for variable in declared}
    action = "leave it out: it is declared for all centres"
    return [
        Problem(
            f"variables.{v.name}", "the variable as it is declared already", "another", None, action
        )
        for v in own
        if v.name in there and v != there[v.name]
    ]


def read_variables(given: Mapping[str, Any], problems: list[Problem]) -> tuple[Variable, ...]:
    """Read the table `[variables]` of a mapping, or of what declares them for all.

    Parameters
    ----------
    given : mapping
        Each variable's table by its name.
    problems : list of Problem
        What is wrong is added to it; a variable that cannot be read is left out.
    """
    variables = []
    for name, entry in given.items():
        if name in CONTRACT:
            expected, got = "a name that is not in the contract", "a contract name"
            action = "map it under [columns], or rename yours"
            problems.append(Problem(f"variables.{name}", expected, got, action=action))
            continue
        try:
            variables.append(declare_variable(name, entry))
        except InputError as err:
            problems += err.problems
    return tuple(variables)


def _read_columns(
    given: Mapping[str, Any], dictionary: Dictionary, problems: list[Problem], *, has_times: bool
) -> dict[str, ColumnRule]:
    rules = {}
    for name, entry in given.items():
        where = f"columns.{name}"
        if name not in dictionary:
            expected = "a variable of the contract, or one declared under [variables]"
            action = did_you_mean(name, dictionary.names)
            problems.append(Problem(where, expected, "an unknown name", action=action))
            continue
        variable = dictionary[name]
        table = {"from": entry} if isinstance(entry, (str, list)) else entry
        found = check_together(where, table, variable) if isinstance(table, dict) else []
        try:
            place = RulePlace(variable, has_times)
            rules[name] = read_settings(ColumnRule, table, where, at=where, context=place)
        except InputError as err:
            found += err.problems
        problems += found
    if rules and "patient_id" not in given:
        problems.append(Problem("columns.patient_id", "a raw column", "no entry"))
    return rules
