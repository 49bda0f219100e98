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
    A variable of the study's own; see :func:`features.dictionary.variable.declare_variable`.

Raw columns that no entry uses are dropped, and listed. Numbers compare as numbers: 1, "1" and
"1.0" are the same code. ``docs/mapping.md`` has a complete example with comments. The mapping is
applied by :func:`features.cohort.mapping.apply_mapping`.
"""

from __future__ import annotations

import operator
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from features.dictionary.contract import CONTRACT
from features.dictionary.medication import parse_codes
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable, declare_variable, parse_value
from features.errors import InputError, Problem, did_you_mean
from features.files.table import read_bytes

__all__ = ["UNITS", "CohortMapping", "ColumnRule", "normalise_code", "read_mapping"]

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
_PARTS = ("missing", "filter", "rows", "columns", "variables")
_ENTRY = ("from", "at", "missing", "recode", "unit", "yes_if", "separator", "constant")
_CONVERSIONS = ("recode", "unit", "yes_if")
_NUMBER = re.compile(r"[+-]?\d+(\.0+)?")


def normalise_code(value: object) -> str:
    """Return a code as text, whole numbers without decimals: 1, "1" and "1.0" are one code."""
    text = str(value).strip()
    return str(int(float(text))) if _NUMBER.fullmatch(text) else text


@dataclass(frozen=True)
class ColumnRule:
    """How one variable comes from the raw file.

    Parameters
    ----------
    name : str
        The variable.
    sources : tuple of str
        The raw columns, more than one for ATC codes only; none where there is a constant.
    at : str
        The time whose row gives the value; empty where all rows of a patient must agree.
    missing : frozenset of str
        Further codes that mean "not known", normalised.
    recode : mapping of str to str, or None
        Normalised raw values and what they become.
    factor : float
        What one raw unit is in the dictionary's.
    unit : str
        The raw unit; empty where nothing is converted.
    yes_if : str
        A comparison; empty where there is none.
    separator : str
        What stands between ATC codes.
    constant : str or None
        The value of every row.
    """

    name: str
    sources: tuple[str, ...] = ()
    at: str = ""
    missing: frozenset[str] = frozenset()
    recode: Mapping[str, str] | None = None
    factor: float = 1.0
    unit: str = ""
    yes_if: str = ""
    separator: str = ";"
    constant: str | None = None

    def holds(self, value: float) -> bool:
        """Return whether `value` meets `yes_if`."""
        match = _YES_IF.fullmatch(self.yes_if)
        return match is not None and _COMPARISONS[match[1]](value, float(match[2]))


@dataclass(frozen=True)
class CohortMapping:
    """How a raw file becomes a cohort, and what variables the study adds.

    Parameters
    ----------
    columns : tuple of ColumnRule
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

    columns: tuple[ColumnRule, ...] = ()
    missing: frozenset[str] = frozenset()
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    time: str = ""
    variables: tuple[Variable, ...] = ()

    @property
    def dictionary(self) -> Dictionary:
        """The contract with the study's own variables."""
        return CONTRACT.with_variables(self.variables)


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
    try:
        text = read_bytes(path).decode("utf-8")
        given = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} is not a TOML file in UTF-8: {error}") from error
    problems = _check_keys(given, _PARTS, "")
    for part in ("filter", "rows", "columns", "variables"):
        if not isinstance(given.get(part, {}), dict):
            problems.append(Problem(part, f"a table [{part}]", "something else"))
    if problems:
        raise InputError(str(path), problems)
    variables = _read_variables(given.get("variables", {}), problems)
    time = _read_time(given.get("rows", {}), problems)
    dictionary = CONTRACT.with_variables(variables)
    rules = []
    for name, entry in given.get("columns", {}).items():
        rule = _read_rule(name, entry, dictionary, problems, has_times=bool(time))
        rules += [rule] if rule else []
    if rules and not any(rule.name == "patient_id" for rule in rules):
        problems.append(Problem("columns.patient_id", "a raw column", "no entry"))
    missing = _read_codes("missing", given.get("missing", []), problems)
    filters = {
        column: _read_codes(f"filter.{column}", values, problems)
        for column, values in given.get("filter", {}).items()
    }
    if problems:
        raise InputError(str(path), problems)
    return CohortMapping(tuple(rules), missing, filters, time, variables)


def _check_keys(given: Iterable[str], allowed: Sequence[str], where: str) -> list[Problem]:
    return [
        Problem(
            f"{where}{key}",
            "one of " + ", ".join(allowed),
            "an unknown key",
            action=did_you_mean(key, allowed),
        )
        for key in given
        if key not in allowed
    ]


def _read_codes(where: str, given: Any, problems: list[Problem]) -> frozenset[str]:
    codes = given if isinstance(given, list) else [given]
    if not all(isinstance(code, (str, int, float)) for code in codes):
        problems.append(Problem(where, "a value or a list of values", "something else"))
    return frozenset(normalise_code(code) for code in codes)


def _read_variables(given: Mapping[str, Any], problems: list[Problem]) -> tuple[Variable, ...]:
    variables = []
    for name, entry in given.items():
        if not isinstance(entry, dict):
            problems.append(Problem(f"variables.{name}", "a table", "something else"))
            continue
        if name in CONTRACT:
            problems.append(
                Problem(
                    f"variables.{name}",
                    "a name that is not in the contract",
                    "a contract name",
                    action="map it under [columns], or rename yours",
                )
            )
            continue
        try:
            variables.append(declare_variable(name, entry))
        except InputError as error:
            problems += error.problems
    return tuple(variables)


def _read_time(given: Mapping[str, Any], problems: list[Problem]) -> str:
    problems += _check_keys(given, ("time",), "rows.")
    time = given.get("time", "")
    if given and not (isinstance(time, str) and time):
        problems.append(Problem("rows.time", "the name of a raw column", "something else"))
    return str(time)


def _read_rule(
    name: str, given: Any, dictionary: Dictionary, problems: list[Problem], *, has_times: bool
) -> ColumnRule | None:
    """Return one rule of `[columns]`; None, with problems added, where it cannot be."""
    where = f"columns.{name}"
    if name not in dictionary:
        problems.append(
            Problem(
                where,
                "a variable of the contract, or one declared under [variables]",
                "an unknown name",
                action=did_you_mean(name, dictionary.names),
            )
        )
        return None
    entry = {"from": given} if isinstance(given, (str, list)) else given
    if not isinstance(entry, dict):
        problems.append(Problem(where, "the name of a raw column, or a table", "something else"))
        return None
    variable = dictionary[name]
    found = _check_keys(entry, _ENTRY, f"{where}.")
    found += _check_source(where, entry, variable, has_times=has_times)
    found += _check_conversion(where, entry, variable)
    missing = _read_codes(f"{where}.missing", entry.get("missing", []), found)
    problems += found
    if found:
        return None
    sources = entry.get("from", [])
    recode = entry.get("recode")
    return ColumnRule(
        name=name,
        sources=tuple(sources) if isinstance(sources, list) else (sources,),
        at=normalise_code(entry.get("at", "")),
        missing=missing,
        recode=recode and {normalise_code(raw): _as_text(word) for raw, word in recode.items()},
        factor=UNITS[variable.unit][entry["unit"]] if "unit" in entry else 1.0,
        unit=entry.get("unit", ""),
        yes_if=entry.get("yes_if", ""),
        separator=entry.get("separator", ";"),
        constant=_as_text(entry["constant"]) if "constant" in entry else None,
    )


def _as_text(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _check_source(
    where: str, entry: Mapping[str, Any], variable: Variable, *, has_times: bool
) -> list[Problem]:
    problems = []
    if ("from" in entry) == ("constant" in entry):
        problems.append(Problem(where, "either from or constant", "both or neither"))
    sources = entry.get("from", "")
    if isinstance(sources, list) and variable.kind != "codes":
        problems.append(
            Problem(
                f"{where}.from",
                "one raw column",
                "a list",
                action="only ATC codes are gathered from several columns",
            )
        )
    listed = sources if isinstance(sources, list) else [sources]
    if not all(isinstance(source, str) for source in listed) or not listed:
        problems.append(Problem(f"{where}.from", "the name of a raw column", "something else"))
    if "at" in entry and not has_times:
        problems.append(
            Problem(
                f"{where}.at",
                "[rows] with time = ...",
                "no [rows]",
                action="name the raw column that tells a patient's rows apart",
            )
        )
    if "constant" in entry:
        others = [key for key in entry if key not in ("constant", "from")]
        if others or variable.name == "patient_id":
            problems.append(Problem(where, "a constant alone", ", ".join(others) or "patient_id"))
        problems += _check_word(f"{where}.constant", entry["constant"], variable)
    elif variable.name == "patient_id" and set(entry) != {"from"}:
        problems.append(Problem(where, "a raw column, taken as it is", "more than from"))
    if "separator" in entry and variable.kind != "codes":
        problems.append(Problem(f"{where}.separator", "ATC codes", variable.kind))
    return problems


def _check_conversion(where: str, entry: Mapping[str, Any], variable: Variable) -> list[Problem]:
    problems = []
    if sum(key in entry for key in _CONVERSIONS) > 1:
        problems.append(Problem(where, "one of " + ", ".join(_CONVERSIONS), "more than one"))
    units = UNITS.get(variable.unit, {})
    if "unit" in entry and entry["unit"] not in units:
        expected = "one of " + ", ".join(units) if units else "no unit: there is nothing to convert"
        problems.append(Problem(f"{where}.unit", expected, repr(entry["unit"])))
    if "yes_if" in entry:
        if variable.kind != "yes_no":
            problems.append(Problem(f"{where}.yes_if", "a yes/no variable", variable.kind))
        if not _YES_IF.fullmatch(str(entry["yes_if"])):
            problems.append(
                Problem(f"{where}.yes_if", 'a comparison such as ">= 6"', repr(entry["yes_if"]))
            )
    recode = entry.get("recode", {})
    if not isinstance(recode, dict):
        problems.append(Problem(f"{where}.recode", "a table of raw values", "something else"))
    else:
        for raw, word in recode.items():
            problems += _check_word(f"{where}.recode.{raw}", word, variable)
    return problems


def _check_word(where: str, word: object, variable: Variable) -> list[Problem]:
    """Return what is wrong with a value that a mapping writes itself."""
    parsed = parse_value(variable, word)
    if isinstance(parsed, str) and variable.kind == "codes":
        codes = parse_codes(parsed)
        parsed = codes if isinstance(codes, Problem) else parsed
    if isinstance(parsed, Problem):
        return [Problem(where, variable.expected(), repr(word))]
    return []
