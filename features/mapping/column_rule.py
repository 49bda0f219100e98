"""One entry of a mapping's `[columns]`: which raw columns a variable comes from, and how.

The keys are few and go together: where a value comes from (`from`, `by`, `boxes`, `until`), when
(`at`), and what is done with it (`recode`, `unit`, `yes_if`, `part`). The table of
:mod:`features.mapping.mapping_file` says what each means.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, Strict, ValidationInfo

from features.dictionary.medication import parse_codes
from features.dictionary.variable import Variable, parse_value
from features.errors import Problem
from features.files.settings import SettingError, Settings, fits, one_of, show, worded
from features.mapping.codes import normalise_code
from features.mapping.dates import DAY_UNITS, DateOrder
from features.numerals import DecimalSign

__all__ = ["UNITS", "Codes", "ColumnRule", "RawColumn", "RulePlace", "check_together"]

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
_CONVERSIONS = ("recode", "unit", "yes_if", "part", "until", "boxes")
_NEEDED = {
    "until": "from",
    "part": "from",
    "by": "from",
    "completed": "until",
    "ticked": "boxes",
    "not_ticked": "boxes",
    "none_ticked": "boxes",
}
_NO_NUMBERS = ("recode", "part", "until", "boxes")
_GATHERED = ("codes", "yes_no")
_BOXED = ("codes", "category", "text")
_PARTS = ("year",)
_COLUMN = "the name of a raw column"


@dataclass(frozen=True)
class RulePlace:
    """What an entry of `[columns]` must fit: its variable, and whether rows have a time."""

    variable: Variable
    has_times: bool


def _as_list(given: Any) -> Any:
    return given if isinstance(given, list) else [given]


def _check_code(given: Any) -> str:
    if not isinstance(given, (str, int, float)):
        raise SettingError(Problem("", "a value or a list of values", show(given)))
    return normalise_code(given)


_Code = Annotated[str, PlainValidator(_check_code)]
Codes = Annotated[frozenset[_Code], Strict(False), BeforeValidator(_as_list)]
"""A value or a list of values of a raw file, normalised."""

RawColumn = Annotated[str, worded(_COLUMN)]
"""The name of a raw column."""


def _check_columns(given: Any, info: ValidationInfo[RulePlace]) -> Any:
    if isinstance(given, dict):
        wrong = [column for column in given.values() if not isinstance(column, str)]
        if wrong or not given:
            got = show(wrong[0]) if wrong else "none"
            raise SettingError(Problem("", "a raw column for each value", got))
        return _join_codes(given)
    if isinstance(given, list) and info.context.variable.kind not in _GATHERED:
        action = "only ATC codes and yes/no are gathered from several columns"
        raise SettingError(Problem("", "one raw column", "a list", action=action))
    columns = _as_list(given)
    wrong = [column for column in columns if not isinstance(column, str) or not column]
    if wrong or not columns:
        raise SettingError(Problem("", _COLUMN, show(wrong[0] if wrong else given)))
    return tuple(columns)


def _check_at(given: Any, info: ValidationInfo[RulePlace]) -> str:
    if not info.context.has_times:
        action = "name the raw column that tells a patient's rows apart"
        raise SettingError(Problem("", "[rows] with time = ...", "no [rows]", action=action))
    if not isinstance(given, (str, int, float)):
        raise SettingError(Problem("", "one value of the time", show(given)))
    return normalise_code(given)


def _check_word(given: Any, info: ValidationInfo[RulePlace]) -> str:
    """Return a value that a mapping writes itself as text, if the variable can take it."""
    variable = info.context.variable
    parsed = parse_value(variable, given)
    if isinstance(parsed, str) and variable.kind == "codes":
        codes = parse_codes(parsed)
        parsed = codes if isinstance(codes, Problem) else parsed
    if isinstance(parsed, Problem):
        raise SettingError(Problem("", variable.expected(), show(given)))
    return ("yes" if given else "no") if isinstance(given, bool) else str(given)


def _check_unit(unit: str, info: ValidationInfo[RulePlace]) -> str:
    own = info.context.variable.unit
    units = UNITS.get(own, {})
    if unit == own and unit not in units:  # of a declared scale: there is nothing to convert
        return ""
    if unit not in units:
        expected = "one of " + ", ".join(units) if units else "no unit: there is nothing to convert"
        raise SettingError(Problem("", expected, show(unit)))
    return unit


def _check_until(column: str, info: ValidationInfo[RulePlace]) -> str:
    variable = info.context.variable
    if not variable.is_numeric or variable.unit not in DAY_UNITS:
        expected = "a number of " + ", ".join(DAY_UNITS[:-1]) + f" or {DAY_UNITS[-1]}"
        raise SettingError(Problem("", expected, variable.unit or variable.kind))
    return column


def _check_part(part: str, info: ValidationInfo[RulePlace]) -> str:
    variable = info.context.variable
    if not variable.is_numeric or variable.unit:
        raise SettingError(Problem("", "a number without a unit", variable.unit or variable.kind))
    return part


def _check_kind(kinds: tuple[str, ...], words: str) -> AfterValidator:
    """Return the rule that the variable is of a kind."""

    def check(value: Any, info: ValidationInfo[RulePlace]) -> Any:
        if info.context.variable.kind not in kinds:
            raise SettingError(Problem("", words, info.context.variable.kind))
        return value

    return AfterValidator(check)


_Word = Annotated[str, PlainValidator(_check_word)]


def _normalise_keys(recode: dict[str, str] | None) -> dict[str, str] | None:
    if recode is None:
        return None
    codes = _join_codes(recode)
    if codes.get(""):
        action = "leave it out: an empty cell is not known, and neither is a row that is not there"
        raise SettingError(Problem("", "words for values", 'one for ""', action=action))
    return codes


def _join_codes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of each code; 1, 01 and 1.0 are one, and mean one thing."""
    codes: dict[str, Any] = {}
    for raw, meaning in given.items():
        code = normalise_code(raw)
        if codes.setdefault(code, meaning) != meaning:
            got = f"{code} twice, with two meanings (1, 01 and 1.0 are one code)"
            raise SettingError(Problem("", "each code once", got, action="leave one out"))
    return codes


class ColumnRule(Settings):
    """How one variable comes from the raw file: an entry of `[columns]`, as a table.

    Parameters
    ----------
    given : tuple of str, or mapping of str to str
        `from`: raw columns, more than one for ATC codes and yes/no only; or, with `by`, the raw
        column ("" for not known) for each normalised value. None where there is a constant.
    by : str
        The raw column whose value chooses; empty where nothing is chosen.
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
    part : str
        The part of a date that is taken, "year"; empty where none is.
    until : str
        The raw column with the second of two dates; empty where there is none.
    completed : bool
        Whether the time between two dates is cut to whole units.
    decimal : {".", ","} or None
        What stands before decimals in this column; None for the file's.
    dates : {"dmy", "mdy", "excel"} or None
        The order of this column's dates; None for the mapping's.
    boxes : mapping of str to str
        Raw columns of one checkbox group, and what each means when ticked.
    ticked, not_ticked : frozenset of str
        Further words for a box that is ticked, or not, normalised.
    none_ticked : str
        What it means that no box is ticked; empty for not known.
    separator : str
        What stands between ATC codes.
    constant : str or None
        The value of every row.
    """

    given: Annotated[tuple[str, ...] | dict[str, str], PlainValidator(_check_columns)] = Field(
        default=(), alias="from"
    )
    by: Annotated[RawColumn, fits(_COLUMN, bool)] = ""
    at: Annotated[str, PlainValidator(_check_at)] = ""
    missing: Codes = frozenset()
    recode: Annotated[dict[str, _Word] | None, AfterValidator(_normalise_keys)] = None
    unit: Annotated[str, AfterValidator(_check_unit)] = ""
    yes_if: Annotated[
        str,
        fits('a comparison such as ">= 6"', _YES_IF.fullmatch),
        _check_kind(("yes_no",), "a yes/no variable"),
    ] = ""
    part: Annotated[str, one_of(_PARTS), AfterValidator(_check_part)] = ""
    until: Annotated[RawColumn, fits(_COLUMN, bool), AfterValidator(_check_until)] = ""
    completed: bool = False
    decimal: Annotated[DecimalSign | None, worded('"." or ","')] = None
    dates: Annotated[DateOrder | None, worded('"dmy", "mdy" or "excel"')] = None
    boxes: Annotated[
        dict[str, _Word],
        fits("a raw column for each box", bool),
        _check_kind(_BOXED, "ATC codes, a category or a text"),
    ] = Field(default_factory=dict)
    ticked: Codes = frozenset()
    not_ticked: Codes = frozenset()
    none_ticked: _Word = ""
    separator: Annotated[
        str, fits("what stands between codes", bool), _check_kind(("codes",), "ATC codes")
    ] = ";"
    constant: _Word | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The raw columns that values are taken from."""
        given = self.given.values() if isinstance(self.given, dict) else self.given
        named = (*given, *self.boxes, *([self.until] if self.until else []))
        return tuple(dict.fromkeys(filter(None, named)))

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """All raw columns that must be there."""
        return (*([self.by] if self.by else []), *self.sources)

    def holds(self, value: float) -> bool:
        """Return whether `value` meets `yes_if`."""
        match = _YES_IF.fullmatch(self.yes_if)
        return match is not None and _COMPARISONS[match[1]](value, float(match[2]))


def check_together(where: str, entry: Mapping[str, Any], variable: Variable) -> list[Problem]:
    """Return which keys of an entry exclude or need one another.

    Parameters
    ----------
    where : str
        The entry's place, for the problems.
    entry : mapping
        The entry as it is written, `from` where it is only a name.
    variable : Variable
        What it fills.
    """
    problems = []
    if sum(key in entry for key in ("from", "boxes", "constant")) != 1:
        got = "none" if entry.keys().isdisjoint(("from", "boxes", "constant")) else "more than one"
        problems.append(Problem(where, "either from, boxes or constant", got))
    if "constant" in entry:
        others = [key for key in entry if key not in ("constant", "from", "boxes")]
        if others or variable.name == "patient_id":
            problems.append(Problem(where, "a constant alone", ", ".join(others) or "patient_id"))
        return problems
    if variable.name == "patient_id" and (set(entry) != {"from"} or entry["from"] in ([], {})):
        problems.append(Problem(where, "a raw column, taken as it is", "more than from"))
    if sum(key in entry for key in _CONVERSIONS) > 1:
        problems.append(Problem(where, "one of " + ", ".join(_CONVERSIONS), "more than one"))
    problems += [
        Problem(f"{where}.{key}", f"{needed} beside it", f"no {needed}")
        for key, needed in _NEEDED.items()
        if key in entry and needed not in entry
    ]
    chosen = isinstance(entry.get("from"), dict)
    if chosen != ("by" in entry) and "from" in entry:
        expected = "by = the column that chooses, and from = a table of its values"
        problems.append(Problem(where, expected, "only one of the two"))
    if ("until" in entry or "part" in entry) and not isinstance(entry.get("from", ""), str):
        problems.append(Problem(f"{where}.from", "one raw column with a date", "more than one"))
    if "until" in entry and entry["until"] == entry.get("from"):
        problems.append(Problem(f"{where}.until", "another column than from", "the same"))
    unread = not (variable.is_numeric or "yes_if" in entry)
    if "decimal" in entry and (unread or not entry.keys().isdisjoint(_NO_NUMBERS)):
        problems.append(Problem(f"{where}.decimal", "a column of numbers", "another"))
    if "dates" in entry and "until" not in entry and "part" not in entry:
        problems.append(Problem(f"{where}.dates", "until or part beside it", "neither"))
    return problems
