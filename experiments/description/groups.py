"""The patients of each value of one column: how many responded, their means and their counts.

Nothing is tested between them. Groups that no lot has made differ in more than their name, and of
many columns that are tried one will always tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.description.pain import compute_pain
from experiments.description.rates import compute_rates
from features.arrays import FloatArray, ObjectArray
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable
from features.errors import InputError, Problem, did_you_mean, list_words
from features.shares import FEWEST, format_count
from training.measures.patients.table_one import can_summarise, compute_table_one

__all__ = ["GroupDescription", "Summarised", "declare_column", "describe_groups"]

_MOST = 10
_OTHERS = "values of fewer than 3 patients"
_UNKNOWN = "not known"
_NO_COLUMNS = ("identifier", "provenance")


@dataclass(frozen=True, eq=False)
class Summarised:
    """What is told of patients, of all of them as of each group.

    Attributes
    ----------
    baseline, course : sequence of Variable
        What is summarised of patients, and of their treatment.
    normality : DataFrame
        Of all patients, so that each table chooses mean or median alike.
    times : sequence of str
        Those whose scores are on one scale.
    """

    baseline: Sequence[Variable]
    course: Sequence[Variable]
    normality: pd.DataFrame
    times: Sequence[str]


@dataclass(frozen=True, eq=False)
class GroupDescription:
    """The eligible patients by the values of a column.

    Attributes
    ----------
    column, label : str
        Which, and in words.
    sizes : DataFrame
        Columns `group`, `patients` (fewer than 3 as that), and for each horizon the patients whose
        response is known.
    rates : DataFrame
        :func:`experiments.description.rates.compute_rates` of each `group`; `share`, `low`, `high`
        and the counts are NaN where fewer than 3 are known.
    baseline, treatment : DataFrame
        :func:`training.measures.patients.table_one.compute_table_one`, a column for each group.
    scores : DataFrame
        :func:`experiments.description.pain.compute_pain` of each `group`.
    left_out : tuple of str
        What the tables leave out, known of fewer than 3 patients of some group.
    """

    column: str
    label: str
    sizes: pd.DataFrame
    rates: pd.DataFrame
    baseline: pd.DataFrame
    treatment: pd.DataFrame
    scores: pd.DataFrame
    left_out: tuple[str, ...]


def declare_column(name: str, dictionary: Dictionary) -> Dictionary:
    """Return the dictionary with a column of plain words, where nothing says yet what it is."""
    if name in dictionary:
        return dictionary
    column = Variable(name, name, kind="text", known_at="always", roles=("provenance",))
    return dictionary.with_variables([column])


def describe_groups(
    table: pd.DataFrame,
    by: str,
    response: dict[str, FloatArray],
    summarised: Summarised,
    *,
    dictionary: Dictionary,
) -> GroupDescription:
    """Describe the patients of each value of a column.

    Parameters
    ----------
    table : DataFrame
        The eligible patients, encoded.
    by : str
        The column; of 10 different values at most.
    response : dict of str to ndarray
        By horizon, as :func:`experiments.description.rates.compute_rates` takes it.
    summarised : Summarised
        What is told of them.
    dictionary : Dictionary
        What the columns mean.

    Raises
    ------
    InputError
        If there is no such column, it has too many values, or none of them 3 patients.
    """
    groups, names = _find_groups(table, by, dictionary)
    told = [name for name in names if (groups == name).sum() >= FEWEST]
    place = np.array([told.index(name) if name in told else len(told) for name in groups])
    order = np.argsort(place, kind="stable")
    # With the column's name before it, no value is taken for a column of the table itself.
    columns = np.array([*(f"{by}: {name}" for name in told), None], dtype=object)[place]
    whole: dict[str, pd.DataFrame] = {}
    left_out: list[str] = []
    for key, variables in (("baseline", summarised.baseline), ("treatment", summarised.course)):
        others = [variable for variable in variables if variable.name != by]
        chosen = [v for v in others if can_summarise(table[v.name], groups=columns)]
        left_out += [variable.label for variable in others if variable not in chosen]
        whole[key] = compute_table_one(
            table.iloc[order],
            chosen,
            normality=summarised.normality,
            groups=columns[order],
            compared=False,
        )
    rates, scores = [], []
    for name in told:
        rows = groups == name
        seen = {horizon: values[rows] for horizon, values in response.items()}
        rates.append(_leave_out_few(compute_rates(seen, n=int(rows.sum()))).assign(group=name))
        found = compute_pain(table[rows], {}, times=summarised.times)
        scores.append(found.assign(group=name))
    return GroupDescription(
        column=by,
        label=dictionary[by].label,
        sizes=_count(groups, names, response),
        rates=pd.concat(rates, ignore_index=True),
        scores=pd.concat(scores, ignore_index=True),
        left_out=tuple(dict.fromkeys(left_out)),
        **whole,
    )


def _find_groups(
    table: pd.DataFrame, by: str, dictionary: Dictionary
) -> tuple[ObjectArray, list[str]]:
    """Return each patient's group and the groups in order, or say why the column makes none."""
    usable = [
        name
        for name in map(str, table)
        if dictionary[name].roles[0] not in _NO_COLUMNS and 0 < table[name].nunique() <= _MOST
    ]
    action = f"columns of few values are {list_words(usable)}"
    if by not in table:
        action = f"{did_you_mean(by, usable)} {action}".strip()
        raise _refuse(by, "a column of the file", "no such column", action)
    variable = dictionary[by]
    if variable.roles[0] == "identifier":
        raise _refuse(
            by, "a column that makes groups of patients", "one that tells who each is", action
        )
    words = _to_words(table[by], variable)
    counts = words.value_counts()
    if not 0 < len(counts) <= _MOST:
        got = f"{len(counts)} different values" if len(counts) else "no value"
        raise _refuse(by, f"a column of 1 to {_MOST} different values", got, action)
    if counts.max() < FEWEST:
        raise _refuse(by, f"a value that at least {FEWEST} patients have", "none", action)
    # A value that one or two patients have may tell who they are: they stand together, unnamed.
    rare = set(counts.index[counts < FEWEST])
    groups = words.where(~words.isin(rare), _OTHERS).where(words.notna(), _UNKNOWN)
    present = set(groups)
    ordered = [*_order(counts.index.tolist(), variable), _OTHERS, _UNKNOWN]
    names = [name for name in dict.fromkeys(ordered) if name in present]
    return groups.to_numpy(dtype=object), names


def _refuse(by: str, expected: str, got: str, action: str) -> InputError:
    return InputError("groups of a cohort", [Problem(f"--by {by}", expected, got, action=action)])


def _to_words(values: pd.Series, variable: Variable) -> pd.Series:
    """Return a column in words; case does not count in what people have written."""
    if not variable.is_encodable:
        lowered = values.str.casefold()
        return values.groupby(lowered).transform("first").astype(object)
    words = [variable.decode(value) for value in values.to_numpy(dtype=np.float64)]
    told = [
        None if word is None else f"{word:g}" if isinstance(word, float) else str(word)
        for word in words
    ]
    return pd.Series(told, index=values.index, dtype=object)


def _order(words: list[str], variable: Variable) -> list[str]:
    """Return the values as the dictionary orders them; numbers by size, words by the alphabet."""
    if variable.is_numeric:
        return sorted(words, key=float)
    known = ("yes", "no") if variable.kind == "yes_no" else variable.categories
    return [*known, *sorted(words)]


def _count(
    groups: ObjectArray, names: Sequence[str], response: dict[str, FloatArray]
) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for name in names:
        inside = groups == name
        seen = {
            f"known_{h}": int((~np.isnan(values[inside])).sum()) for h, values in response.items()
        }
        counts = {"patients": int(inside.sum()), **seen}
        rows.append({"group": name, **{key: format_count(n) for key, n in counts.items()}})
    return pd.DataFrame(rows)


def _leave_out_few(rates: pd.DataFrame) -> pd.DataFrame:
    """Leave out what would be the response of one or two patients."""
    few = rates["n"] < FEWEST
    if few[rates["rate"] == "kept"].any():  # what follows from it would tell it
        few |= rates["rate"] == "sustained"
    columns = ["events", "n", "share", "low", "high", "lowest", "highest"]
    return rates.assign(**{name: rates[name].astype(np.float64).mask(few) for name in columns})
