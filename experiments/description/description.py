"""What a cohort looks like: the tables of a descriptive paper, from any cohort in the contract.

Nothing is modelled here. T1 and T2 are taken as they were seen, as a paper reports them: the
share of responders at T2 is of the patients whose T2 is known. (The outcome that a model learns
is sustained response, which counts a nonresponder at T1 as a nonresponder at T2 also where T2
was not seen; it stands beside it.)

References
----------
Mangnus 2021, doi:10.1111/papr.13056, whose tables these are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.description.groups import GroupDescription, Summarised, describe_groups
from experiments.description.pain import compute_pain, compute_pain_tests
from experiments.description.rates import compute_rates
from experiments.description.side_effects import compute_side_effects
from features.arrays import FloatArray
from features.cohort.assumed import drop_assumed
from features.cohort.cohort import Cohort
from features.cohort.doubts import describe_cautions
from features.cohort.labelling import add_outcome_steps
from features.cohort.study_rules import CRPS_RULES, StudyRules
from features.dictionary.outcome import Labels, make_labels
from features.dictionary.rule import is_compared
from features.dictionary.schema import Dictionary
from features.dictionary.variable import Variable
from features.errors import InputError, Problem
from features.shares import FEWEST
from training.document.words import capital
from training.measures.patients.paired import PairedTable, compute_paired_table
from training.measures.patients.table_one import can_summarise, compute_normality, compute_table_one

__all__ = ["CohortDescription", "describe_cohort"]


_MOST_SITES = 20


@dataclass(frozen=True, eq=False)
class CohortDescription:
    """A cohort in tables. No table holds a row of a patient.

    Attributes
    ----------
    rows, eligible : int
        Courses in the file, and those the study is for. All that follows is on the latter.
    synthetic : bool
        Whether any row is simulated.
    condition : str
        The study's; the times of a CRPS course have names of their own.
    rule : str
        The responder rule in plain words.
    score : Variable
        What the outcome is read from.
    horizons : tuple of str
        "t1", "t2", both, or none where no outcome is known.
    flow : DataFrame
        Attrition: `step`, `remaining`, `excluded`, `unknown_kept`.
    baseline, treatment : DataFrame
        From :func:`training.measures.patients.table_one.compute_table_one`.
    side_effects : DataFrame
        From :func:`experiments.description.side_effects.compute_side_effects`; empty where none are
        recorded.
    normality : DataFrame
        From :func:`training.measures.patients.table_one.compute_normality`.
    rates : DataFrame
        From :func:`experiments.description.rates.compute_rates`.
    paired : PairedTable or None
        None without both horizons.
    pain : DataFrame
        Columns `group`, `time`, `n` (scores), `of` (patients), `median`, `q1`, `q3`, `mean`,
        `sd`; NaN with fewer than 3 scores.
    pain_tests : DataFrame
        Columns `comparison`, `group`, `test`, `n` (complete sets), `statistic`, `p_value` (NaN
        where there are too few).
    comparison : DataFrame or None
        Baseline of nonresponders and responders at the first horizon side by side; None where
        either group has fewer than 3 patients, or no variable is known in 3 of both.
    provenance : DataFrame
        Columns `horizon`, `source` ("score", "wording", "both"), `responders`, `nonresponders`.
    missing : DataFrame
        Columns `variable`, `label`, `known_at`, `missing`, `of`, `share`, and the shares among
        `responders` and `nonresponders` at the first horizon.
    left_out : tuple of str
        Variables that no table summarises: fewer than 3 known values, or a drug class that is
        known only of those who take it, or only of those who do not.
    notices : tuple of str
        What to look at, in sentences.
    groups : GroupDescription or None
        The same by the values of one column; None where none was asked for.
    """

    rows: int
    eligible: int
    synthetic: bool
    condition: str
    rule: str
    score: Variable
    horizons: tuple[str, ...]
    flow: pd.DataFrame
    baseline: pd.DataFrame
    treatment: pd.DataFrame
    side_effects: pd.DataFrame
    normality: pd.DataFrame
    rates: pd.DataFrame
    paired: PairedTable | None
    pain: pd.DataFrame
    pain_tests: pd.DataFrame
    comparison: pd.DataFrame | None
    provenance: pd.DataFrame
    missing: pd.DataFrame
    left_out: tuple[str, ...]
    notices: tuple[str, ...]
    groups: GroupDescription | None = None


def describe_cohort(
    cohort: Cohort, rules: StudyRules = CRPS_RULES, *, by: str | None = None
) -> CohortDescription:
    """Describe the eligible courses of a cohort.

    Parameters
    ----------
    cohort : Cohort
        A checked cohort.
    rules : StudyRules
        What is asked of it. Without horizons of their own they take those that the cohort has any
        outcome for, which may be none while it is still being collected.
    by : str or None
        A column of few values: rates, means and counts are told for each of them too.

    Raises
    ------
    InputError
        If no course is eligible, or the rule, the horizons or the column cannot be.
    """
    rule = rules.rule
    settled = rules.eligibility.settle(cohort.table)
    table, flow = settled.select(cohort.table, dictionary=cohort.dictionary)
    flow = drop_assumed(flow, settled, cohort.table)
    assumed = describe_cautions(rules.eligibility, cohort.table, cohort.dictionary)
    if table.empty:
        expected = "at least one eligible course"
        action = "--study FILE gives another study's [eligibility]"
        raise InputError("cohort", [Problem("eligibility", expected, "none", action=action)])
    asked = rules.find_horizons(table)
    unasked = not asked and rules.horizons is None
    labels = None if unasked else make_labels(table, rule=rule, horizons=asked)
    seen = {h: make_labels(table, rule=rule, horizons=(h,)) for h in asked}
    response: dict[str, FloatArray] = {h: getattr(seen[h], h) for h in asked}
    flow = _add_outcomes(flow, seen, start=len(rules.eligibility.steps) + 1)
    baseline, course, left_out = _find_variables(table, cohort.dictionary)
    normality = compute_normality(table, [*baseline, *course])
    times = ("t0", "t1", "t2") if is_compared(cohort.dictionary) else ("t1", "t2")
    first = response[asked[0]] if asked else np.full(len(table), np.nan)
    groups = None
    if by is not None:
        summarised = Summarised(baseline, course, normality, times)
        groups = describe_groups(table, by, response, summarised, dictionary=cohort.dictionary)
    return CohortDescription(
        rows=len(cohort.table),
        eligible=len(table),
        synthetic=cohort.synthetic,
        condition=rules.condition,
        rule=rule.past,
        score=cohort.dictionary["nrs_t1"],
        horizons=asked,
        flow=flow,
        baseline=compute_table_one(table, baseline, normality=normality),
        treatment=compute_table_one(table, course, normality=normality),
        side_effects=compute_side_effects(table),
        normality=normality,
        rates=compute_rates(response, n=len(table)),
        paired=compute_paired_table(response["t1"], response["t2"]) if len(asked) == 2 else None,
        pain=compute_pain(table, response, times=times),
        pain_tests=compute_pain_tests(table, response, times=times),
        comparison=_compare(table, baseline, first, normality=normality),
        provenance=_count_provenance(seen, response),
        missing=_count_missing(table, first, cohort.dictionary),
        left_out=tuple(variable.label for variable in left_out),
        notices=(*_find_notices(labels, table), *(capital(f"{text}.") for text in assumed)),
        groups=groups,
    )


def _add_outcomes(flow: pd.DataFrame, seen: dict[str, Labels], *, start: int) -> pd.DataFrame:
    """Return the flow with a step for each horizon: those whose response is known at it."""
    steps = [add_outcome_steps(flow.iloc[:start], labels).iloc[-1:] for labels in seen.values()]
    return pd.concat([flow, *steps], ignore_index=True)


def _find_variables(
    table: pd.DataFrame, dictionary: Dictionary
) -> tuple[list[Variable], list[Variable], list[Variable]]:
    """Return what Table 1 and Table 2 hold, and what has too few values for either.

    What is the same for everyone because it made them eligible is told by the flow already.
    """
    baseline: list[Variable] = []
    course: list[Variable] = []
    left_out: list[Variable] = []
    for variable in (variable for variable in dictionary if variable.name in table):
        values = table[variable.name]
        if variable.name in ("follow_up_weeks", "relief_weeks") or variable.known_at == "infusion":
            chosen = course
        elif {"predictor", "group"} & set(variable.roles) or variable.name == "crps_type":
            chosen = baseline
        else:
            continue
        if variable.kind == "text":
            if variable.name == "side_effects" or not 1 < values.nunique() <= _MOST_SITES:
                continue
        elif not variable.is_encodable:
            continue
        whole = can_summarise(values) and _is_evenly_known(table, variable, dictionary)
        (chosen if whole else left_out).append(variable)
    return baseline, course, left_out


def _is_evenly_known(table: pd.DataFrame, variable: Variable, dictionary: Dictionary) -> bool:
    """Return whether a drug class is known of those who take it as well as of those who do not.

    A class and its parts are filled in from each other one way only: no part where the class is
    not taken, the class where a part is. Where the rest is unknown, a share of the known is
    wrong: too low for the part, too high for the class.
    """
    values = table[variable.name]
    if variable.parent in table and values[table[variable.parent] == 1].isna().any():
        return False
    parts = [part.name for part in dictionary if part.parent == variable.name]
    without_part = [table[name] == 0 for name in parts if name in table]
    return not any(values[without].isna().any() for without in without_part)


def _compare(
    table: pd.DataFrame,
    variables: Sequence[Variable],
    response: FloatArray,
    *,
    normality: pd.DataFrame,
) -> pd.DataFrame | None:
    if min((response == 0).sum(), (response == 1).sum()) < FEWEST:
        return None
    # Nonresponders first, so that a positive difference is more of it in responders.
    order = np.argsort(np.where(np.isnan(response), 2, response), kind="stable")
    names = np.array([{0.0: "nonresponders", 1.0: "responders"}.get(value) for value in response])
    names = names[order]
    sorted_table = table.iloc[order]
    chosen = [
        variable
        for variable in variables
        if sorted_table[variable.name].nunique() > 1
        and can_summarise(sorted_table[variable.name], groups=names)
    ]
    if not chosen:
        return None
    return compute_table_one(sorted_table, chosen, normality=normality, groups=names)


def _count_provenance(seen: dict[str, Labels], response: dict[str, FloatArray]) -> pd.DataFrame:
    rows = []
    for horizon, labels in seen.items():
        provenance = getattr(labels, f"provenance_{horizon}")
        for source in ("score", "both", "wording"):
            rests = provenance == source
            counts = [int((rests & (response[horizon] == value)).sum()) for value in (1, 0)]
            rows.append((horizon, source, *counts))
    return pd.DataFrame(rows, columns=["horizon", "source", "responders", "nonresponders"])


def _count_missing(
    table: pd.DataFrame, response: FloatArray, dictionary: Dictionary
) -> pd.DataFrame:
    rows = []
    for variable in dictionary:
        if variable.name not in table or variable.roles[0] in ("identifier", "provenance"):
            continue
        missing = table[variable.name].isna().to_numpy()
        shares = [
            float(missing[response == value].mean()) if (response == value).any() else np.nan
            for value in (1, 0)
        ]
        told = (variable.name, variable.label, variable.known_at)
        rows.append((*told, int(missing.sum()), len(missing), float(missing.mean()), *shares))
    counts, groups = ["missing", "of", "share"], ["responders", "nonresponders"]
    return pd.DataFrame(rows, columns=["variable", "label", "known_at", *counts, *groups])


def _find_notices(labels: Labels | None, table: pd.DataFrame) -> tuple[str, ...]:
    low = late = 0
    if labels is not None:
        low, late = int(labels.cannot_meet.sum()), int(labels.t2_after_t1_no.sum())
    repeated = len(table) - table["patient_id"].nunique()
    notices = []
    if low:
        notices.append(
            f"{low} patients' score before treatment was too near the best one to meet the rule by "
            "score."
        )
    if late:
        notices.append(
            f"{late} patients responded at T2 after no response at T1: check their records."
        )
    if repeated:
        notices.append(
            f"{repeated} courses are repeats of a patient: every test here takes courses as "
            "independent, and is too sure of itself by that."
        )
    return tuple(notices)
