"""What a study declares of its own: further variables, and whom it is for.

Both are tables of settings files whose keys are names of variables. What they may say depends on
the variable, and the values among it are read by the dictionary, as every other value is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, Strict, ValidationInfo

from features.dictionary.contract import CONTRACT
from features.dictionary.eligibility import Eligibility
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable, parse_value
from features.errors import InputError, Problem, did_you_mean
from features.files.settings import (
    Number,
    SettingError,
    Settings,
    fits,
    read_settings,
    show,
    worded,
)

__all__ = ["declare_variable", "read_eligibility"]


def _as_word(value: Any) -> Any:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return str(value) if number else value


def _check_categories(categories: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    if info.data.get("kind") == "category" and len(categories) < 2:
        raise SettingError(Problem("", "at least two values", "fewer than two"))
    return categories


class _Declaration(Settings):
    """A table `[variables.NAME]` of a mapping."""

    kind: Literal["number", "integer", "yes_no", "category", "text"]
    known_at: Literal["baseline", "infusion", "t1", "t2", "later"]
    label: str | None = None
    unit: str = ""
    low: Number | None = None
    high: Number | None = None
    categories: Annotated[
        tuple[Annotated[str, BeforeValidator(_as_word)], ...],
        Strict(False),
        AfterValidator(_check_categories),
    ] = Field(default=(), validate_default=True)
    transform: Annotated[Literal["", "log1p"], worded("log1p, or nothing")] = ""
    precision: float = 1.0
    hint: str = ""


def declare_variable(name: str, entry: object) -> Variable:
    """Return a study's own variable from its TOML table.

    Parameters
    ----------
    name : str
        Column name.
    entry : mapping
        `kind` and `known_at` are required; `label`, `unit`, `low`, `high`, `categories`,
        `transform`, `precision` and `hint` may be given.

    Raises
    ------
    InputError
        Listing every key that is unknown, missing or wrong.
    """
    what = f"declared variable {name}"
    given = read_settings(_Declaration, entry, what, at=f"variables.{name}")
    role = "predictor" if given.known_at == "baseline" else "outcome"
    values: dict[str, Any] = {
        "label": name.replace("_", " "),
        "roles": ("group" if given.kind == "text" else role,),
        **given.model_dump(exclude_none=True),
    }
    return Variable(name, source="declared by the study", **values)


def _read_value(given: Any, info: ValidationInfo[Variable]) -> Any:
    """Return a bound or an allowed word as it was given, if the variable can take it."""
    variable = info.context
    numeric = isinstance(given, (int, float)) and not isinstance(given, bool)
    readable = isinstance(parse_value(variable, given), float)
    if not readable or (variable.is_numeric and not numeric):
        where = f"eligibility.{variable.name}"
        raise SettingError(Problem(where, variable.expected(), show(given)))
    return float(given) if variable.is_numeric else str(given)


_Bound = Annotated[float, PlainValidator(_read_value)]
_Word = Annotated[str, PlainValidator(_read_value)]


def _check_order(high: float | None, info: ValidationInfo[Variable]) -> float | None:
    low = info.data.get("min")
    if low is not None and high is not None and high < low:
        raise SettingError(Problem("", f"at least min, which is {low:g}", show(high)))
    return high


class _Bounds(Settings):
    """The rule on a numeric variable."""

    min: _Bound | None = None
    max: Annotated[_Bound | None, AfterValidator(_check_order)] = None


class _Allowed(Settings):
    """The rule on a category or a yes/no variable."""

    allowed: Annotated[
        tuple[_Word, ...],
        Strict(False),
        BeforeValidator(lambda given: given if isinstance(given, list) else [given]),
        fits("at least one value", bool),
    ]


def read_eligibility(rules: object, *, dictionary: Dictionary = CONTRACT) -> Eligibility:
    """Read a study's `[eligibility]` table.

    Parameters
    ----------
    rules : mapping
        By variable: ``{min = 18}``, ``{max = 1}``, ``{min = 18, max = 80}``, one allowed value, a
        list of them, or ``{allowed = [...]}``. They take the place of
        :data:`~features.dictionary.eligibility.CRPS_ELIGIBILITY`, they do not add to it.
    dictionary : Dictionary
        What the variables mean, a study's own among them.

    Raises
    ------
    InputError
        Listing every rule on a variable that is unknown, is not known at baseline or is text,
        and every bound or value that the variable cannot take.

    Examples
    --------
    >>> rules = read_eligibility({"age_years": {"min": 18}, "setting": "elective"})
    >>> rules.assess({"age_years": 15.0, "setting": 0.0})
    ([('age_years', 'Age must be at least 18 years')], [])
    """
    if not isinstance(rules, Mapping):
        raise InputError("eligibility", [Problem("eligibility", "a table", show(rules))])
    read: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, given in rules.items():
        try:
            read[name] = _read_rule(name, given, dictionary)
        except InputError as err:
            problems += err.problems
    if problems:
        raise InputError("eligibility", problems)
    return Eligibility.from_dict(read)


def _read_rule(name: str, given: object, dictionary: Dictionary) -> dict[str, Any]:
    where = f"eligibility.{name}"
    if name not in dictionary:
        action = did_you_mean(name, dictionary.names)
        expected = "a variable of the contract or the study"
        raise InputError(where, [Problem(where, expected, "an unknown name", action=action)])
    variable = dictionary[name]
    if variable.known_at not in ("always", "baseline"):
        expected, got = "a variable known before admission", f"known at {variable.known_at}"
        raise InputError(where, [Problem(where, expected, got)])
    if not variable.is_encodable:
        expected = "a number, a category or yes/no"
        raise InputError(where, [Problem(where, expected, variable.kind)])
    table = given if isinstance(given, Mapping) else {"allowed": given}
    if given in ({}, []) or (variable.is_numeric and table is not given):
        expected = "min or max" if variable.is_numeric else "allowed"
        raise InputError(where, [Problem(where, expected, show(given) if given else "no rule")])
    kind = _Bounds if variable.is_numeric else _Allowed
    rule: Settings = read_settings(kind, table, where, at=where, context=variable)
    return rule.model_dump(exclude_unset=True)
