"""Eligible patients of a cohort with their labels: the one way from a checked file to outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.cohort.cohort import Cohort
from features.dictionary.eligibility import Eligibility
from features.dictionary.outcome import Labels, make_labels
from features.dictionary.rule import Rule
from features.errors import InputError, Problem

__all__ = ["Labelled", "add_outcome_steps", "join_labels", "label_cohort"]

_WORDING = ("success_t1", "success_t2")


@dataclass(frozen=True, eq=False, kw_only=True)
class Labelled:
    """Eligible patients of a cohort and their labels.

    Attributes
    ----------
    cohort : Cohort
        The checked file.
    table : DataFrame
        Eligible patients, encoded.
    labels : Labels
        Of the eligible patients.
    scored : Labels or None
        The labels that scores alone would give, the record's wording left out; None where the
        cohort does not hold the pain scores of every horizon.
    flow : DataFrame
        Attrition: step, remaining, excluded, unknown_kept; one step for each horizon at its end.
    """

    cohort: Cohort
    table: pd.DataFrame
    labels: Labels
    scored: Labels | None
    flow: pd.DataFrame


def label_cohort(
    cohort: Cohort,
    eligibility: Eligibility,
    *,
    rule: Rule,
    horizons: Sequence[str],
    needed: Sequence[str],
    name: str,
) -> Labelled:
    """Select the eligible patients of a cohort, and label them.

    Parameters
    ----------
    cohort : Cohort
        A checked cohort.
    eligibility : Eligibility
        Whom the study is for.
    rule, horizons
        As :func:`features.dictionary.outcome.make_labels` takes them.
    needed : sequence of str
        Columns in which at least one eligible patient must have a value.
    name : str
        The file's, for messages.

    Raises
    ------
    InputError
        If nobody is eligible, a column that is needed holds nothing, or a horizon has no outcome.
    """
    rules = eligibility.settle(cohort.table)
    table, flow = rules.select(cohort.table, dictionary=cohort.dictionary)
    action = "run `ketresponse cohort check --study STUDY` to see who was left out and why"
    if eligibility.borrowed:
        action += "; whom a study is for that is not of CRPS, it says in [eligibility]"
    problems = [Problem("eligibility", "at least one eligible course", "none", action=action)]
    if len(table):
        problems = [_find_empty(column, table) for column in needed if not _holds(column, table)]
    if problems:
        raise InputError(f"cohort {name}", problems)
    return join_labels(cohort, table, flow, make_labels(table, rule=rule, horizons=horizons))


def join_labels(
    cohort: Cohort, table: pd.DataFrame, flow: pd.DataFrame, labels: Labels
) -> Labelled:
    """Return eligible patients with their labels, and with those that scores alone would give.

    Parameters
    ----------
    cohort : Cohort
        A checked cohort.
    table, flow : DataFrame
        From :meth:`Eligibility.select`.
    labels : Labels
        Of the rows of `table`.
    """
    without = table.drop(columns=[column for column in _WORDING if column in table])
    try:
        scored = make_labels(without, rule=labels.rule, horizons=labels.horizons)
    except InputError:
        scored = None
    flow = add_outcome_steps(flow, labels)
    return Labelled(cohort=cohort, table=table, labels=labels, scored=scored, flow=flow)


def _holds(column: str, table: pd.DataFrame) -> bool:
    return column in table and bool(table[column].notna().any())


def _find_empty(column: str, table: pd.DataFrame) -> Problem:
    action = "take it out of the predictors"
    if column in table:
        return Problem(column, "at least one value", "an empty column", action=action)
    action = f"add it to the cohort, or {action}"
    return Problem(column, "a column for this predictor", "no such column", action=action)


def add_outcome_steps(flow: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return the attrition flow with one step for each horizon.

    Parameters
    ----------
    flow : DataFrame
        From :meth:`Eligibility.select`.
    labels : Labels
        Of the eligible rows.

    Returns
    -------
    DataFrame
        Each added step counts from all eligible courses, not from the step before it: a T2 label
        may be known where T1 is not. `excluded` are the eligible courses without that label.
    """
    eligible = int(flow["remaining"].iloc[-1])
    steps = []
    for horizon in labels.horizons:
        known = int(np.isfinite(getattr(labels, horizon)).sum())
        steps.append((f"outcome known at {horizon.upper()}", known, eligible - known, 0))
    return pd.concat([flow, pd.DataFrame(steps, columns=flow.columns)], ignore_index=True)
