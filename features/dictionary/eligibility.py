"""Whom a model is for: the rules a course must meet, for one patient and for a whole table.

The same rules drop courses from a training cohort and tell a clinician that a patient is out of
scope. A value that is not known breaks no rule: the course is kept, and counted as unknown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from features.arrays import BoolArray, FloatArray
from features.dictionary.contract import CONTRACT
from features.dictionary.schema import Dictionary
from features.dictionary.variable import parse_value, spell_choice
from features.texts import Text, say, say_list

__all__ = ["BORROWED_ELIGIBILITY", "CRPS_ELIGIBILITY", "Admission", "Eligibility"]


# The order in which courses are counted out; drug and route make one step. A study's further
# variables come after, each a step of its own.
_FLOW = (
    ("age_years",),
    ("setting",),
    ("drug", "route"),
    ("concurrent_infusion_drug",),
    ("course_number",),
)
_OF_TREATMENT = frozenset(("setting", "drug", "route", "concurrent_infusion_drug", "course_number"))
"""What tells of an infusion course, and of nothing else."""


@dataclass(frozen=True)
class Eligibility:
    """The values that eligibility variables may take.

    Parameters
    ----------
    minimum, maximum : mapping of str to float
        Inclusive bounds of numeric variables, in the dictionary's units.
    allowed : mapping of str to tuple of str
        The values that categories and yes/no variables may take.
    borrowed : bool
        Whether these are the rules for CRPS courses in a study of another condition, which said
        nothing of whom it is for. What they say of the treatment holds where its cohort tells,
        and nowhere else.
    """

    minimum: Mapping[str, float] = field(default_factory=dict)
    maximum: Mapping[str, float] = field(default_factory=dict)
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    borrowed: bool = False

    @property
    def steps(self) -> tuple[tuple[str, ...], ...]:
        """The variables with a rule, grouped and ordered as the attrition flow counts them."""
        named = tuple(dict.fromkeys([*self.minimum, *self.maximum, *self.allowed]))
        placed = [tuple(name for name in step if name in named) for step in _FLOW]
        ordered = {name for step in _FLOW for name in step}
        further = [(name,) for name in named if name not in ordered]
        return tuple(step for step in [*placed, *further] if step)

    def describe(self, name: str, *, dictionary: Dictionary = CONTRACT) -> Text:
        """Return one variable's rule in plain words, such as "at least 18 years"."""
        if name in self.allowed:
            return say_list([spell_choice(word) for word in self.allowed[name]], say(" or "))
        variable = dictionary[name]
        unit = say_list(["", variable.unit], " ") if variable.unit else ""
        low, high = self.minimum.get(name), self.maximum.get(name)
        least = say("at least {low:g}{unit}", low=low, unit=unit) if name in self.minimum else None
        most = say("at most {high:g}{unit}", high=high, unit=unit) if name in self.maximum else None
        if least and most:
            return say("{least} and {most}", least=least, most=most)
        return least or most or Text("")

    def _breaks(self, name: str, values: FloatArray, dictionary: Dictionary) -> BoolArray:
        """Return which encoded values break the rule; a missing one never does."""
        broken = np.zeros(values.shape, dtype=np.bool_)
        if name in self.minimum:
            broken |= values < self.minimum[name]
        if name in self.maximum:
            broken |= values > self.maximum[name]
        if name in self.allowed:
            in_rule = np.isin(values, self.list_allowed(name, dictionary))
            broken |= ~np.isnan(values) & ~in_rule
        return broken

    def list_allowed(self, name: str, dictionary: Dictionary) -> list[float]:
        """Return the encoded values that a variable with a list of them may take."""
        parsed = [parse_value(dictionary[name], word) for word in self.allowed[name]]
        return [value for value in parsed if isinstance(value, float)]

    def assess(
        self, record: Mapping[str, float | str | None], *, dictionary: Dictionary = CONTRACT
    ) -> tuple[list[tuple[str, Text]], list[str]]:
        """Return why one patient is out of scope, and what is not known.

        Parameters
        ----------
        record : mapping
            Parsed values, as :func:`features.cohort.cohort.parse_record` returns them.
        dictionary : Dictionary
            What the variables mean.

        Returns
        -------
        reasons : list of (str, Text)
            Variable and reason in plain words, without the patient's value; empty for a patient
            in scope.
        unknown : list of str
            Eligibility variables without a value: they neither admit nor exclude.
        """
        return Admission(self, dictionary).assess(record)

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

    def find_unknown(self, table: pd.DataFrame) -> tuple[str, ...]:
        """Return the variables with a rule of which a table tells nothing, in any row."""
        names = (name for step in self.steps for name in step)
        return tuple(name for name in names if name not in table or table[name].isna().all())

    def settle(self, table: pd.DataFrame) -> Eligibility:
        """Return the rules that hold for a cohort.

        All of them; of borrowed ones on the treatment those only that the table tells of. Age is
        none of these: a model of adults is for adults, whether or not their age was kept.
        """
        if not self.borrowed:
            return self
        unknown = set(self.find_unknown(table)) & _OF_TREATMENT
        known = {name: rule for name, rule in self.to_dict().items() if name not in unknown}
        return Eligibility.from_dict(known)

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
    def from_dict(cls, rules: Mapping[str, Mapping[str, Any]]) -> Eligibility:
        """Return the rules that :meth:`to_dict` wrote."""
        return cls(
            minimum={name: rule["min"] for name, rule in rules.items() if "min" in rule},
            maximum={name: rule["max"] for name, rule in rules.items() if "max" in rule},
            allowed={
                name: tuple(rule["allowed"]) for name, rule in rules.items() if "allowed" in rule
            },
        )


class Admission:
    """Entry rules, ready for one patient after another.

    Parameters
    ----------
    eligibility : Eligibility
        The rules.
    dictionary : Dictionary
        What the variables mean.
    """

    def __init__(self, eligibility: Eligibility, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._rules = [
            (
                name,
                eligibility.minimum.get(name, -math.inf),
                eligibility.maximum.get(name, math.inf),
                frozenset(eligibility.list_allowed(name, dictionary))
                if name in eligibility.allowed
                else None,
                eligibility.describe(name, dictionary=dictionary),
            )
            for step in eligibility.steps
            for name in step
        ]

    def assess(
        self, record: Mapping[str, float | str | None]
    ) -> tuple[list[tuple[str, Text]], list[str]]:
        """Return what :meth:`Eligibility.assess` does."""
        reasons, unknown = [], []
        for name, low, high, allowed, rule in self._rules:
            value = record.get(name)
            if value is None:
                unknown.append(name)
            elif not low <= float(value) <= high or not (allowed is None or value in allowed):
                label = self._dictionary[name].label
                reasons.append((name, say("{label} must be {rule}", label=label, rule=rule)))
        return reasons, unknown


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

BORROWED_ELIGIBILITY = replace(CRPS_ELIGIBILITY, borrowed=True)
"""What stands in for the rules of a study of another condition that has none of its own."""
