"""The dictionary of variables: one place for what a patient's record may hold.

The check of a table, the request to the service, the form, an empty template, a REDCap data
dictionary and the variable table of a model are all derived from :class:`Dictionary`. The same
:meth:`Dictionary.encode` turns a row of a training table and a request into one float array, so
that training and serving cannot differ.

A study may declare further variables of its own; the dictionary with these additions is frozen
into the model that was trained on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from features.arrays import FloatArray
from features.dictionary.variable import Variable
from features.errors import InputError, Problem, did_you_mean

__all__ = ["Dictionary"]

_KNOWN_AT_WORDS = {
    "infusion": "during the infusion",
    "t1": "at discharge (T1)",
    "t2": "at the first follow-up (T2)",
    "later": "after the first follow-up",
}


class Dictionary:
    """An ordered set of variables.

    Parameters
    ----------
    variables : iterable of Variable
        In the order in which they stand in a file and on a form; names are unique.
    """

    def __init__(self, variables: Iterable[Variable]) -> None:
        self._by_name = {variable.name: variable for variable in variables}

    def __getitem__(self, name: str) -> Variable:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Any:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    @property
    def names(self) -> tuple[str, ...]:
        """The variables' names, in order."""
        return tuple(self._by_name)

    def with_variables(self, variables: Iterable[Variable]) -> Dictionary:
        """Return this dictionary with a study's own variables added at the end.

        Raises
        ------
        InputError
            If a name is taken: a contract variable's meaning cannot be changed.
        """
        variables = tuple(variables)
        if not variables:
            return self
        action = "choose another name for the study's own variable"
        problems = [
            Problem(v.name, "a name that is not in the contract", "a contract name", action=action)
            for v in variables
            if v.name in self
        ]
        if problems:
            raise InputError("variables declared by the study", problems)
        return Dictionary([*self, *variables])

    def check_predictors(self, names: Sequence[str]) -> tuple[Variable, ...]:
        """Return the predictors named, or say why each that is not one cannot be.

        Returns
        -------
        tuple of Variable
            In the order asked for.

        Raises
        ------
        InputError
            Listing every name that is unknown, repeated, not known at baseline, not a value
            that a model can take, or named together with the class it is part of.
        """
        problems = []
        for position, name in enumerate(names):
            if name in names[:position]:
                problems.append(Problem(name, "each predictor once", "named twice"))
                continue
            reason = self._not_a_predictor(name)
            if reason:
                expected = "a predictor known at baseline"
                near = did_you_mean(name, self.names) if name not in self else ""
                action = near or "take it out of the predictors"
                problems.append(Problem(name, expected, reason, action=action))
            elif self[name].parent and self[name].parent in names:
                expected = f"either {name} or {self[name].parent}"
                action = "a class and the class it is part of tell the same thing twice"
                problems.append(Problem(name, expected, "both", action=action))
        if not names:
            problems.append(Problem("predictors", "at least one predictor", "none"))
        if problems:
            raise InputError("predictors", problems)
        return tuple(self[name] for name in names)

    def _not_a_predictor(self, name: str) -> str:
        if name not in self:
            return "a name that neither the contract nor the study declares"
        variable = self[name]
        if variable.known_at in _KNOWN_AT_WORDS:
            return f"known only {_KNOWN_AT_WORDS[variable.known_at]}"
        if "predictor" in variable.roles or (
            "eligibility" in variable.roles and variable.is_encodable
        ):
            return ""
        if variable.kind == "codes":
            return "the source of the drug classes: name the classes"
        return f"{variable.roles[0]}: not a property of the patient that a model may learn from"

    def encode(
        self, records: Sequence[Mapping[str, float | str | None]], names: Sequence[str]
    ) -> FloatArray:
        """Write parsed records as one float array.

        Parameters
        ----------
        records : sequence of mapping
            Values as `parse_value` returns them; an absent name is a missing value.
        names : sequence of str
            Encodable variables, one column each.

        Returns
        -------
        ndarray of shape (n_records, n_names)
            Numbers in the dictionary's units, yes = 1 and no = 0, a category's position from 0,
            NaN where missing.
        """
        encoded = np.full((len(records), len(names)), np.nan)
        for i, record in enumerate(records):
            for j, name in enumerate(names):
                value = record.get(name)
                if value is not None:
                    encoded[i, j] = value
        return encoded

    def to_list(self) -> list[dict[str, Any]]:
        """Return the dictionary as plain lists and mappings, for JSON."""
        return [asdict(variable) for variable in self]

    @classmethod
    def from_list(cls, items: Iterable[Mapping[str, Any]]) -> Dictionary:
        """Return the dictionary that :meth:`to_list` wrote."""
        known = {field.name for field in fields(Variable)}
        variables = []
        for item in items:
            values = {key: value for key, value in item.items() if key in known}
            values["roles"] = tuple(values["roles"])
            values["categories"] = tuple(values["categories"])
            values["codes"] = tuple((system, code) for system, code in values["codes"])
            variables.append(Variable(**values))
        return cls(variables)
