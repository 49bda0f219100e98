"""Whom a model is for: the rules a course must meet, for one patient and for a whole table.

The same rules drop courses from a training cohort and tell a clinician that a patient is out of
scope. A value that is not known breaks no rule: the course is kept, and counted as unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import BoolArray, FloatArray
from features.dictionary.contract import CONTRACT
from features.dictionary.schema import Dictionary
from features.dictionary.variable import parse_value
from features.errors import InputError, Problem, did_you_mean

__all__ = ["CRPS_ELIGIBILITY", "Eligibility"]


# The order in which courses are counted out; drug and route make one step. A study's further
# variables come after, each a step of its own.
_FLOW = (
    ("age_years",),
    ("setting",),
    ("drug", "route"),
    ("concurrent_infusion_drug",),
    ("course_number",),
)
_KEYS = ("min", "max", "allowed")


@dataclass(frozen=True)
class Eligibility:
    """The values that eligibility variables may take.

    Parameters
    ----------
    minimum, maximum : mapping of str to float
        Inclusive bounds of numeric variables, in the dictionary's units.
    allowed : mapping of str to tuple of str
        The values that categories and yes/no variables may take.
    """

    minimum: Mapping[str, float] = field(default_factory=dict)
    maximum: Mapping[str, float] = field(default_factory=dict)
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[tuple[str, ...], ...]:
        """The variables with a rule, grouped and ordered as the attrition flow counts them."""
        named = tuple(dict.fromkeys([*self.minimum, *self.maximum, *self.allowed]))
        placed = [tuple(name for name in step if name in named) for step in _FLOW]
        ordered = {name for step in _FLOW for name in step}
        further = [(name,) for name in named if name not in ordered]
        return tuple(step for step in [*placed, *further] if step)

    def describe(self, name: str, *, dictionary: Dictionary = CONTRACT) -> str:
        """Return one variable's rule in plain words, such as "at least 18 years".

        Parameters
        ----------
        name : str
            A variable with a rule.
        dictionary : Dictionary
            What the variable means.
        """
        if name in self.allowed:
            return " or ".join(self.allowed[name])
        unit = f" {dictionary[name].unit}" if dictionary[name].unit else ""
        bounds = []
        if name in self.minimum:
            bounds.append(f"at least {self.minimum[name]:g}{unit}")
        if name in self.maximum:
            bounds.append(f"at most {self.maximum[name]:g}{unit}")
        return " and ".join(bounds)

    def _breaks(self, name: str, values: FloatArray, dictionary: Dictionary) -> BoolArray:
        """Return which encoded values break the rule; a missing one never does."""
        broken = np.zeros(values.shape, dtype=np.bool_)
        if name in self.minimum:
            broken |= values < self.minimum[name]
        if name in self.maximum:
            broken |= values > self.maximum[name]
        if name in self.allowed:
            in_rule = np.zeros(values.shape, dtype=np.bool_)
            for word in self.allowed[name]:
                in_rule |= values == parse_value(dictionary[name], word)
            broken |= ~np.isnan(values) & ~in_rule
        return broken

    def assess(
        self, record: Mapping[str, float | str | None], *, dictionary: Dictionary = CONTRACT
    ) -> tuple[list[tuple[str, str]], list[str]]:
        """Return why one patient is out of scope, and what is not known.

        Parameters
        ----------
        record : mapping
            Parsed values, as :func:`features.cohort.cohort.parse_record` returns them.
        dictionary : Dictionary
            What the variables mean.

        Returns
        -------
        reasons : list of (str, str)
            Variable and reason in plain words, without the patient's value; empty for a patient
            in scope.
        unknown : list of str
            Eligibility variables without a value: they neither admit nor exclude.
        """
        reasons, unknown = [], []
        for name in (name for step in self.steps for name in step):
            value = record.get(name)
            if value is None:
                unknown.append(name)
            elif self._breaks(name, np.array([value], dtype=np.float64), dictionary)[0]:
                rule = self.describe(name, dictionary=dictionary)
                reasons.append((name, f"{dictionary[name].label} must be {rule}"))
        return reasons, unknown

    def select(
        self, table: pd.DataFrame, *, dictionary: Dictionary = CONTRACT
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the eligible rows of an encoded table, and the attrition flow.

        Parameters
        ----------
        table : DataFrame
            Encoded values, one row per course, as a Cohort holds them.
        dictionary : Dictionary
            What the variables mean.

        Returns
        -------
        eligible : DataFrame
            The rows that break no rule, with their index.
        flow : DataFrame
            One row per step in order: `step` in plain words, `remaining` courses after it,
            `excluded` by it, and `unknown_kept`, those remaining whose value is not known. A
            large last column means that eligibility was assumed rather than seen.
        """
        kept = np.ones(len(table), dtype=np.bool_)
        rows: list[tuple[str, int, int, int]] = [("identified", len(table), 0, 0)]
        for step in self.steps:
            before = kept.copy()
            unknown = np.zeros(len(table), dtype=np.bool_)
            for name in step:
                values = (
                    table[name].to_numpy(dtype=np.float64)
                    if name in table
                    else np.full(len(table), np.nan)
                )
                kept &= ~self._breaks(name, values, dictionary)
                unknown |= np.isnan(values)
            words = ", ".join(
                f"{dictionary[name].label}: {self.describe(name, dictionary=dictionary)}"
                for name in step
            )
            excluded = int((before & ~kept).sum())
            rows.append((words, int(kept.sum()), excluded, int((kept & unknown).sum())))
        flow = pd.DataFrame(rows, columns=["step", "remaining", "excluded", "unknown_kept"])
        return table[kept], flow

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return the rules as plain mappings, for JSON; the form that :meth:`from_dict` reads."""
        rules: dict[str, dict[str, Any]] = {}
        for key, bounds in (("min", self.minimum), ("max", self.maximum)):
            for name, bound in bounds.items():
                rules.setdefault(name, {})[key] = bound
        for name, words in self.allowed.items():
            rules.setdefault(name, {})["allowed"] = list(words)
        return rules

    @classmethod
    def from_dict(
        cls, rules: Mapping[str, Any], *, dictionary: Dictionary = CONTRACT
    ) -> Eligibility:
        """Read the rules that :meth:`to_dict` wrote, or a study's `[eligibility]` table.

        Parameters
        ----------
        rules : mapping
            By variable: ``{min = 18}``, ``{max = 1}``, ``{min = 18, max = 80}``, one allowed
            value, a list of them, or ``{allowed = [...]}``. They take the place of
            :data:`CRPS_ELIGIBILITY`, they do not add to it.
        dictionary : Dictionary
            What the variables mean, a study's own among them.

        Raises
        ------
        InputError
            Listing every rule on a variable that is unknown, is not known at baseline or is
            text, and every bound or value that the variable cannot take.

        Examples
        --------
        >>> rules = Eligibility.from_dict({"age_years": {"min": 18}, "setting": "elective"})
        >>> rules.assess({"age_years": 15.0, "setting": 0.0})
        ([('age_years', 'Age must be at least 18 years')], [])
        """
        minimum: dict[str, float] = {}
        maximum: dict[str, float] = {}
        allowed: dict[str, tuple[str, ...]] = {}
        problems: list[Problem] = []
        for name, given in rules.items():
            reason = _not_for_eligibility(name, dictionary)
            if reason:
                problems.append(reason)
                continue
            rule = given if isinstance(given, Mapping) else {"allowed": given}
            found = _check_rule(name, rule, dictionary)
            problems += found
            if found:
                continue
            if "min" in rule:
                minimum[name] = float(rule["min"])
            if "max" in rule:
                maximum[name] = float(rule["max"])
            if "allowed" in rule:
                allowed[name] = tuple(_as_words(rule["allowed"]))
        if problems:
            raise InputError("eligibility", problems)
        return cls(minimum, maximum, allowed)


def _as_words(given: Any) -> Sequence[str]:
    return [str(word) for word in (given if isinstance(given, (list, tuple)) else [given])]


def _not_for_eligibility(name: str, dictionary: Dictionary) -> Problem | None:
    where = f"eligibility.{name}"
    if name not in dictionary:
        return Problem(
            where,
            "a variable of the contract or the study",
            "an unknown name",
            action=did_you_mean(name, dictionary.names),
        )
    variable = dictionary[name]
    if variable.known_at not in ("always", "baseline"):
        return Problem(where, "a variable known before admission", f"known at {variable.known_at}")
    if not variable.is_encodable:
        return Problem(where, "a number, a category or yes/no", variable.kind)
    return None


def _check_rule(name: str, rule: Mapping[str, Any], dictionary: Dictionary) -> list[Problem]:
    """Return what is wrong with one rule; a bound is read as a value of the variable is."""
    variable = dictionary[name]
    where = f"eligibility.{name}"
    keys = _KEYS[:2] if variable.is_numeric else _KEYS[2:]
    problems = [
        Problem(f"{where}.{key}", " or ".join(keys), "another key")
        for key in rule
        if key not in keys
    ]
    given = [word for key in keys if key in rule for word in _as_words(rule[key])]
    if not given and not problems:
        problems.append(Problem(where, " or ".join(keys), "no rule"))
    for word in given:
        parsed = parse_value(variable, word)
        if not isinstance(parsed, float):
            problems.append(Problem(where, variable.expected(), repr(word)))
    return problems


CRPS_ELIGIBILITY = Eligibility(
    minimum={"age_years": 18},
    maximum={"course_number": 1},
    allowed={
        "setting": ("elective",),
        "drug": ("s_ketamine",),
        "route": ("intravenous",),
        "concurrent_infusion_drug": ("none",),
    },
)
"""Adults, elective, intravenous S-ketamine alone, first course: whom Mangnus 2021 studied
(doi:10.1111/papr.13056)."""
