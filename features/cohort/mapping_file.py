"""The mapping file: how any export becomes a cohort file, in TOML.

A mapping has these parts, of which only `[columns]` is needed to import a file (and only
`[variables]` to declare a study's own variables):

``missing``
    Codes that mean "not known" anywhere in the file, beside the empty cell.
``[filter]``
    Raw columns, each with the value or list of values that a row must have to be kept.
``[rows]``
    For a file with several rows per patient: `time` names the raw column that tells them apart.
    They become one row per patient, or per course where `course_number` comes from a column.
``[columns]``
    One entry per contract or declared variable: the name of a raw column, or a table with

    =========== ==========================================================================
    `from`      the raw column; for ATC codes also a list of columns
    `at`        the time whose row gives the value (needs `[rows]`); without it, all rows of
                a patient must agree
    `missing`   further codes that mean "not known" in this column
    `recode`    every raw value with what it becomes ("" for not known); a value that is not
                listed is a problem
    `unit`      the raw unit, where it is not the dictionary's
    `yes_if`    a comparison such as ">= 6" that makes a yes/no variable
    `separator` what stands between ATC codes, where it is not ``;``
    `constant`  one value for every row, in place of `from`
    =========== ==========================================================================
``[variables.NAME]``
    A variable of the study's own; see :func:`features.dictionary.declarations.declare_variable`.

Raw columns that no entry uses are dropped, and listed. Numbers compare as numbers: 1, "1" and
"1.0" are the same code. ``docs/mapping.md`` has a complete example with comments. The mapping is
applied by :func:`features.cohort.mapping.apply_mapping`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, Strict, ValidationInfo

from features.cohort.codes import normalise_code
from features.dictionary.contract import CONTRACT
from features.dictionary.declarations import declare_variable
from features.dictionary.medication import parse_codes
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable, parse_value
from features.errors import InputError, Problem, did_you_mean
from features.files.settings import (
    SettingError,
    Settings,
    fits,
    read_settings,
    read_toml,
    show,
    worded,
)

__all__ = ["UNITS", "CohortMapping", "ColumnRule", "read_mapping"]

UNITS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "years": {"years": 1, "months": 1 / 12, "weeks": 7 / 365.25, "days": 1 / 365.25},
        "weeks": {"weeks": 1, "days": 1 / 7, "months": 365.25 / 12 / 7},
        "days": {"days": 1, "hours": 1 / 24, "weeks": 7},
        "kg": {"kg": 1, "pounds": 0.45359237, "g": 0.001},
        "cm": {"cm": 1, "m": 100, "inches": 2.54, "feet": 30.48},
    }
)
"""By the dictionary's unit: the raw units that a mapping may name, and what one of each is."""

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {">=": operator.ge, "<=": operator.le, "==": operator.eq, ">": operator.gt, "<": operator.lt}
)
_YES_IF = re.compile(r"\s*(>=|<=|==|>|<)\s*(-?\d+(?:\.\d+)?)\s*")
_CONVERSIONS = ("recode", "unit", "yes_if")


@dataclass(frozen=True)
class _Place:
    """What an entry of `[columns]` must fit: its variable, and whether there are `[rows]`."""

    variable: Variable
    has_times: bool


def _as_list(given: Any) -> Any:
    return given if isinstance(given, list) else [given]


def _check_code(given: Any) -> str:
    if not isinstance(given, (str, int, float)):
        raise SettingError(Problem("", "a value or a list of values", show(given)))
    return normalise_code(given)


_Code = Annotated[str, PlainValidator(_check_code)]
_Codes = Annotated[frozenset[_Code], Strict(False), BeforeValidator(_as_list)]


def _check_columns(given: Any, info: ValidationInfo[_Place]) -> Any:
    if isinstance(given, list) and info.context.variable.kind != "codes":
        action = "only ATC codes are gathered from several columns"
        raise SettingError(Problem("", "one raw column", "a list", action=action))
    return _as_list(given)


def _check_at(given: Any, info: ValidationInfo[_Place]) -> str:
    if not info.context.has_times:
        action = "name the raw column that tells a patient's rows apart"
        raise SettingError(Problem("", "[rows] with time = ...", "no [rows]", action=action))
    if not isinstance(given, (str, int, float)):
        raise SettingError(Problem("", "one value of the time", show(given)))
    return normalise_code(given)


def _check_word(given: Any, info: ValidationInfo[_Place]) -> str:
    """Return a value that a mapping writes itself as text, if the variable can take it."""
    variable = info.context.variable
    parsed = parse_value(variable, given)
    if isinstance(parsed, str) and variable.kind == "codes":
        codes = parse_codes(parsed)
        parsed = codes if isinstance(codes, Problem) else parsed
    if isinstance(parsed, Problem):
        raise SettingError(Problem("", variable.expected(), show(given)))
    return ("yes" if given else "no") if isinstance(given, bool) else str(given)


def _check_unit(unit: str, info: ValidationInfo[_Place]) -> str:
    units = UNITS.get(info.context.variable.unit, {})
    if unit not in units:
        expected = "one of " + ", ".join(units) if units else "no unit: there is nothing to convert"
        raise SettingError(Problem("", expected, show(unit)))
    return unit


def _check_kind(kind: str, words: str) -> AfterValidator:
    """Return the rule that the variable is of a kind."""

    def check(value: str, info: ValidationInfo[_Place]) -> str:
        if info.context.variable.kind != kind:
            raise SettingError(Problem("", words, info.context.variable.kind))
        return value

    return AfterValidator(check)


_RawColumn = Annotated[str, worded("the name of a raw column")]
_Word = Annotated[str, PlainValidator(_check_word)]


def _normalise_keys(recode: dict[str, str] | None) -> dict[str, str] | None:
    return recode and {normalise_code(raw): to for raw, to in recode.items()}


class ColumnRule(Settings):
    """How one variable comes from the raw file: an entry of `[columns]`, as a table.

    Parameters
    ----------
    sources : tuple of str
        The raw columns, more than one for ATC codes only; none where there is a constant.
    at : str
        The time whose row gives the value; empty where all rows of a patient must agree.
    missing : frozenset of str
        Further codes that mean "not known", normalised.
    recode : mapping of str to str, or None
        Normalised raw values and what they become.
    unit : str
        The raw unit, a key of :data:`UNITS`; empty where nothing is converted.
    yes_if : str
        A comparison; empty where there is none.
    separator : str
        What stands between ATC codes.
    constant : str or None
        The value of every row.
    """

    sources: Annotated[
        tuple[_RawColumn, ...],
        Strict(False),
        fits("the name of a raw column", bool),
        BeforeValidator(_check_columns),
    ] = Field(default=(), alias="from")
    at: Annotated[str, PlainValidator(_check_at)] = ""
    missing: _Codes = frozenset()
    recode: Annotated[dict[str, _Word] | None, AfterValidator(_normalise_keys)] = None
    unit: Annotated[str, AfterValidator(_check_unit)] = ""
    yes_if: Annotated[
        str,
        fits('a comparison such as ">= 6"', _YES_IF.fullmatch),
        _check_kind("yes_no", "a yes/no variable"),
    ] = ""
    separator: Annotated[str, _check_kind("codes", "ATC codes")] = ";"
    constant: _Word | None = None

    def holds(self, value: float) -> bool:
        """Return whether `value` meets `yes_if`."""
        match = _YES_IF.fullmatch(self.yes_if)
        return match is not None and _COMPARISONS[match[1]](value, float(match[2]))


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
    """

    columns: Mapping[str, ColumnRule] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    time: str = ""
    variables: tuple[Variable, ...] = ()

    @property
    def dictionary(self) -> Dictionary:
        """The contract with the study's own variables."""
        return CONTRACT.with_variables(self.variables)


class _Rows(Settings):
    """The table `[rows]`."""

    time: Annotated[
        str, worded("the name of a raw column"), fits("the name of a raw column", bool)
    ] = ""


class _MappingFile(Settings):
    """The parts; the entries of `columns` and `variables` are read one by one."""

    missing: _Codes = frozenset()
    filter: Mapping[str, _Codes] = Field(default_factory=dict)
    rows: _Rows = _Rows()
    columns: Mapping[str, Any] = Field(default_factory=dict)
    variables: Mapping[str, Any] = Field(default_factory=dict)


def read_mapping(path: Path) -> CohortMapping:
    """Read a mapping file.

    Parameters
    ----------
    path : Path
        A TOML file as the module describes it.

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
    variables = _read_variables(tables.get("variables", {}), problems)
    dictionary = CONTRACT.with_variables(variables)
    rules = _read_columns(
        tables.get("columns", {}), dictionary, problems, has_times=bool(given.get("rows"))
    )
    try:
        parts = read_settings(_MappingFile, given, what)
    except InputError as err:
        raise InputError(what, [*problems, *err.problems]) from err
    if problems:
        raise InputError(what, problems)
    return CohortMapping(rules, parts.missing, parts.filter, parts.rows.time, variables)


def _read_variables(given: Mapping[str, Any], problems: list[Problem]) -> tuple[Variable, ...]:
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
        found = _check_together(where, table, variable) if isinstance(table, dict) else []
        try:
            place = _Place(variable, has_times)
            rules[name] = read_settings(ColumnRule, table, where, at=where, context=place)
        except InputError as err:
            found += err.problems
        problems += found
    if rules and "patient_id" not in given:
        problems.append(Problem("columns.patient_id", "a raw column", "no entry"))
    return rules


def _check_together(where: str, entry: Mapping[str, Any], variable: Variable) -> list[Problem]:
    """Return which keys of an entry exclude one another."""
    problems = []
    if ("from" in entry) == ("constant" in entry):
        problems.append(Problem(where, "either from or constant", "both or neither"))
    if "constant" in entry:
        others = [key for key in entry if key not in ("constant", "from")]
        if others or variable.name == "patient_id":
            problems.append(Problem(where, "a constant alone", ", ".join(others) or "patient_id"))
    elif variable.name == "patient_id" and set(entry) != {"from"}:
        problems.append(Problem(where, "a raw column, taken as it is", "more than from"))
    if sum(key in entry for key in _CONVERSIONS) > 1:
        problems.append(Problem(where, "one of " + ", ".join(_CONVERSIONS), "more than one"))
    return problems
