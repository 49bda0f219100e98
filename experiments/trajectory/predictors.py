"""Which baseline variables go with pain at a later week: the regressions of Sigtermans 2009.

They are about the *level* of pain, in both arms together: prognosis, not response, and not who
gains from the treatment. For that the third table is needed, in which the difference between the
arms is let vary with each variable. In a trial of 60 patients none of the three can do more than
raise a question.

References
----------
Sigtermans 2009, doi:10.1016/j.pain.2009.06.023.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import OLS

from features.arrays import FloatArray
from features.cohort.weekly import WeeklyScores
from features.dictionary.variable import Variable
from features.errors import InputError, Problem
from features.shares import FEWEST
from training.measures.patients.table_one import name_in_full

__all__ = ["Regressions", "compute_regressions"]


ALWAYS_IN = ("disease_duration_years", "nrs_t0", "sex", "age_years")
"""What the multivariable model holds whatever its p value, beside the arm."""

_ENTRY = 0.10
_COLUMNS = ["variable", "label", "level", "n", "b", "low", "high", "p_value", "sd"]


@dataclass(frozen=True, eq=False)
class Regressions:
    """Linear regressions of the score at one week.

    Attributes
    ----------
    week : int
        Which week.
    univariable, multivariable, interactions : DataFrame
        Columns `variable`, `label`, `level` (of a category, against its first; empty otherwise),
        `n` (complete patients), `b`, `low`, `high` (NRS points per unit, 95%), `p_value` (of the
        variable as a whole), `sd` (standard deviation of a number; 1 otherwise: `b` times it
        compares variables of different units). In `interactions` `b` is how much the difference
        between the arms changes, each in a model of its own.
    parameters : int
        Coefficients of the multivariable model, without its intercept.
    left_out : tuple of str
        Variables that are the same for everyone, or that others in the model already tell.
    """

    week: int
    univariable: pd.DataFrame
    multivariable: pd.DataFrame
    interactions: pd.DataFrame
    parameters: int
    left_out: tuple[str, ...]


def compute_regressions(weekly: WeeklyScores, *, week: int | None = None) -> Regressions:
    """Regress the score at one week on the baseline variables; None for the last week.

    In the multivariable model are the arm, :data:`ALWAYS_IN` where the file has them, and every
    variable whose own p value is below 0.10, which makes the printed intervals too narrow. Each
    model uses the patients that are complete for it.

    Raises
    ------
    InputError
        If there is no such week, or too few patients have a score there.
    """
    week = weekly.weeks[-1] if week is None else week
    rows = weekly.scores[weekly.scores["week"] == week]
    if week not in weekly.weeks or len(rows) < 2 * FEWEST:
        weeks = ", ".join(str(w) for w in weekly.weeks)
        expected = f"a week with at least {2 * FEWEST} scores, of {weeks}"
        raise InputError("week", [Problem("week", expected, f"{week}, with {len(rows)} scores")])
    y = rows.set_index("patient")["nrs"]
    terms, constant = _make_terms(weekly, weekly.baseline.loc[y.index])
    score = y.to_numpy(dtype=np.float64)
    arm, *others = terms
    univariable = _gather(_fit(score, [term], told=[term]) for term in terms)
    p_values = univariable.drop_duplicates("variable").set_index("variable")["p_value"]
    wanted = [
        term
        for term in others
        if term.variable.name in ALWAYS_IN or p_values[term.variable.name] < _ENTRY
    ]
    together, redundant = _keep_independent([arm, *wanted])
    return Regressions(
        week=week,
        univariable=univariable,
        multivariable=_fit(score, together, told=together),
        interactions=_gather(
            _fit(score, [arm, term, both], told=[both])
            for term in others
            for both in [replace(term, columns=term.columns * arm.columns)]
        ),
        parameters=sum(len(term.levels) for term in together),
        left_out=tuple(variable.label for variable in [*constant, *redundant]),
    )


@dataclass(frozen=True, eq=False)
class _Term:
    """A variable as columns of a design: one, or one for each further level of a category."""

    variable: Variable
    levels: tuple[str, ...]
    columns: FloatArray
    sd: float = 1.0


def _make_terms(weekly: WeeklyScores, table: pd.DataFrame) -> tuple[list[_Term], list[Variable]]:
    """Return the arm and every variable that differs between patients; and those that do not."""
    reference, other = weekly.arms
    words = f"{other} (against {reference})"
    arm = Variable("treated", words, "yes_no", "baseline", ("predictor",))
    terms, constant = [_make_term(arm, table["treated"])], []
    for name in table.columns.drop("treated"):
        variable = weekly.dictionary[name]
        if "predictor" not in variable.roles or not variable.is_encodable:
            continue
        known = table[name].dropna()
        if known.nunique() > 1 and len(known) >= 2 * FEWEST:
            terms.append(_make_term(variable, table[name]))
        else:
            constant.append(variable)
    return terms, constant


def _make_term(variable: Variable, column: pd.Series) -> _Term:
    values = column.to_numpy(dtype=np.float64)
    if variable.kind != "category":
        sd = float(np.nanstd(values, ddof=1)) if variable.is_numeric else 1.0
        return _Term(variable, ("",), values[:, None], sd)
    first, *further = np.unique(values[~np.isnan(values)])
    columns = (values[:, None] == further).astype(np.float64)
    columns[np.isnan(values)] = np.nan
    against = variable.decode(first)
    levels = tuple(f"{variable.decode(level)} (against {against})" for level in further)
    return _Term(variable, levels, columns)


def _keep_independent(terms: Sequence[_Term]) -> tuple[list[_Term], list[Variable]]:
    """Take terms in order, as long as each adds something that those before it do not tell."""
    kept: list[_Term] = []
    redundant = []
    for term in terms:
        design = _make_design([*kept, term])
        complete = design[~np.isnan(design).any(axis=1)]
        rank = np.linalg.matrix_rank(complete) if len(complete) else 0
        if rank == design.shape[1] and len(complete) > rank + 1:
            kept.append(term)
        else:
            redundant.append(term.variable)
    return kept, redundant


def _make_design(terms: Sequence[_Term]) -> FloatArray:
    n = len(terms[0].columns)
    return np.column_stack([np.ones(n), *(term.columns for term in terms)])


def _fit(score: FloatArray, terms: Sequence[_Term], *, told: Sequence[_Term]) -> pd.DataFrame:
    """Fit one model by least squares, and return the rows of the terms that are to be told."""
    design = _make_design(terms)
    complete = ~np.isnan(design).any(axis=1)
    rows = []
    independent = complete.any() and (
        np.linalg.matrix_rank(design[complete]) == design.shape[1] < complete.sum()
    )
    fit = OLS(score[complete], design[complete]).fit() if independent else None
    place = 1
    for term in terms:
        inside = slice(place, place + len(term.levels))
        place += len(term.levels)
        if term not in told:
            continue
        if fit is None:
            estimates = [(np.nan,) * 3] * len(term.levels)
            p_value = np.nan
        else:
            ends = fit.conf_int()[inside]
            estimates = [(b, *end) for b, end in zip(fit.params[inside], ends, strict=True)]
            p_value = float(fit.f_test(np.eye(design.shape[1])[inside]).pvalue)
        variable, n = term.variable, int(complete.sum())
        rows += [
            (variable.name, name_in_full(variable), level, n, *estimate, p_value, term.sd)
            for level, estimate in zip(term.levels, estimates, strict=True)
        ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _gather(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True)
