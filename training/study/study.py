"""A study's cohort before anything is fitted: counted, labelled, and what it can bear.

Computation only, but for :func:`read_description`; nothing is written. If the data can bear a
model at all, it is then fitted and judged (:mod:`training.evaluation.evaluation`), and frozen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.cohort.cohort import Cohort, add_outcome_steps, read_cohort, select_eligible
from features.dictionary.outcome import Labels, make_labels
from features.dictionary.variable import Variable
from features.errors import InputError, Problem
from features.panel.importing import read_panel
from features.panel.panel import Panel
from features.shares import compute_product_of_shares, compute_wilson_interval
from training.fitting.response import TrainingData
from training.measures.sample_size.verdict import SizeVerdict, compute_size_verdict
from training.panel.data import PanelData, join_panel
from training.study.settings import Study

__all__ = [
    "MIN_PER_CLASS",
    "Description",
    "count_outcome",
    "Patients",
    "describe",
    "describe_patients",
    "find_shortfall",
    "make_training_data",
    "read_description",
]


MIN_PER_CLASS = 8
"""Patients of either class below which nothing is fitted."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Patients:
    """Eligible patients of a cohort before anything is fitted.

    Attributes
    ----------
    cohort : Cohort
        The checked file.
    table : DataFrame
        Eligible patients, encoded, in the order of `data`.
    data : TrainingData
        Eligible patients as arrays.
    labels : Labels
        Of the eligible patients.
    flow : DataFrame
        Attrition: step, remaining, excluded, unknown_kept.
    parameters : int
        Coefficients that are to be estimated, such as those of a linear model of the predictors.
    counts : dict
        Per horizon: n (outcome known), events, base_rate (share of responders; at T2 the share
        at T1 times the share kept), low and high (its Wilson 95% interval).
    verdicts : dict of str to SizeVerdict
        What a development study of that prevalence would need.
    notices : tuple of str
        What a reader of any number from these patients should know.
    """

    cohort: Cohort
    table: pd.DataFrame
    data: TrainingData
    labels: Labels
    flow: pd.DataFrame
    parameters: int
    counts: dict[str, dict[str, float]]
    verdicts: dict[str, SizeVerdict]
    notices: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Description(Patients):
    """A study's patients before anything is fitted, and what was asked of them.

    Attributes
    ----------
    study : Study
        What was asked.
    shortfall : str
        Why no model can be fitted; empty when one can.
    panel : PanelData or None
        The patients of `data` with their microRNA panels; None for a study without.
    """

    study: Study
    shortfall: str
    panel: PanelData | None = None


def _count_parameters(predictors: tuple[Variable, ...]) -> int:
    return sum(len(v.categories) - 1 if v.kind == "category" else 1 for v in predictors)


def _check_predictor_columns(study: Study, eligible: pd.DataFrame, path: str) -> None:
    problems = []
    for name in study.predictors:
        if name not in eligible:
            problems.append(
                Problem(
                    name,
                    "a column for this predictor",
                    "no such column",
                    action="add it to the cohort, or take it out of the predictors",
                )
            )
        elif eligible[name].isna().all():
            problems.append(
                Problem(
                    name,
                    "at least one value",
                    "an empty column",
                    action="take it out of the predictors",
                )
            )
    if problems:
        raise InputError(f"cohort {path}", problems)


def _find_notices(data: TrainingData, labels: Labels) -> tuple[str, ...]:
    notices = []
    repeated = len(data) - len(np.unique(data.groups))
    if repeated:
        notices.append(
            f"{repeated} courses are repeats of a patient: folds and reruns keep a patient "
            "together, but the sample size and the patient bootstrap count courses, and are too "
            "sure of themselves by that"
        )
    for variable, column in zip(data.predictors, data.X.T, strict=True):
        known = column[~np.isnan(column)]
        if np.ptp(known) == 0:
            notices.append(f"{variable.name} is the same for every patient: it adds nothing")
    low = int(labels.cannot_meet.sum())
    if low:
        notices.append(
            f"{low} patients' pain before treatment was too low to meet the score part of the rule"
        )
    flagged = int(labels.t2_after_t1_no.sum())
    if flagged:
        notices.append(
            f"{flagged} patients responded at T2 after no response at T1: counted as no sustained "
            "response; check their records"
        )
    return tuple(notices)


def make_training_data(
    table: pd.DataFrame, predictors: tuple[Variable, ...], labels: Labels
) -> TrainingData:
    """Return eligible patients, encoded, and their labels as the arrays that everything fits."""
    groups = np.unique(table["patient_id"].to_numpy(dtype=str), return_inverse=True)[1]
    return TrainingData(
        X=table[[variable.name for variable in predictors]].to_numpy(dtype=np.float64),
        predictors=predictors,
        horizons=labels.horizons,
        y={horizon: getattr(labels, horizon) for horizon in labels.horizons},
        kept=labels.kept,
        groups=np.asarray(groups, dtype=np.intp),
    )


def describe_patients(
    cohort: Cohort,
    table: pd.DataFrame,
    data: TrainingData,
    labels: Labels,
    flow: pd.DataFrame,
    *,
    parameters: int,
) -> Patients:
    """Count eligible patients, and say what they can bear; see :class:`Patients`."""
    counts = {h: count_outcome(data, h) for h in data.horizons}
    return Patients(
        cohort=cohort,
        table=table,
        data=data,
        labels=labels,
        flow=flow,
        parameters=parameters,
        counts=counts,
        verdicts={
            h: compute_size_verdict(int(c["n"]), int(c["events"]), parameters, horizon=h.upper())
            for h, c in counts.items()
            if 0 < c["events"] < c["n"]
        },
        notices=_find_notices(data, labels),
    )


def describe(study: Study, cohort: Cohort, panel: Panel | None) -> Description:
    """Count the flow, label, and say what the data can bear.

    Parameters
    ----------
    study : Study
        From :func:`training.study.settings.read_study`.
    cohort : Cohort
        Its cohort.
    panel : Panel or None
        Its microRNA panel, for those of the patients who have one.

    Raises
    ------
    InputError
        If the cohort cannot be used; every problem is listed.
    """
    eligible, flow = select_eligible(cohort, study.eligibility)
    if eligible.empty:
        raise InputError(
            f"cohort {study.cohort.name}",
            [
                Problem(
                    "eligibility",
                    "at least one eligible course",
                    "none",
                    action="run `ketresponse cohort check` to see who was left out and why",
                )
            ],
        )
    _check_predictor_columns(study, eligible, study.cohort.name)
    labels = make_labels(eligible, rule=study.rule, horizons=study.horizons)
    predictors = tuple(study.dictionary[name] for name in study.predictors)
    data = make_training_data(eligible, predictors, labels)
    patients = describe_patients(
        cohort,
        eligible,
        data,
        labels,
        add_outcome_steps(flow, labels),
        parameters=_count_parameters(predictors),
    )
    return Description(
        **vars(patients),
        study=study,
        shortfall=find_shortfall(data),
        panel=None
        if panel is None
        else _join_panel(study, data, panel, eligible["patient_id"].astype(str).tolist()),
    )


def read_description(study: Study) -> Description:
    """Read a study's cohort and panel, and describe them; see :func:`describe`."""
    cohort = read_cohort(study.cohort, dictionary=study.dictionary)
    file = study.panel_file
    return describe(study, cohort, None if file is None else read_panel(file, format="tidy"))


def _join_panel(study: Study, data: TrainingData, panel: Panel, patients: list[str]) -> PanelData:
    """Join the study's panel, and see that it can be normalised before anything is trained."""
    if study.procedure.inner_repeats == 0:
        raise InputError(
            "a study with a panel",
            [
                Problem(
                    "procedure.inner_repeats",
                    "at least 1: the panel is fitted beside estimates for patients not seen",
                    "0",
                )
            ],
        )
    joined = join_panel(panel, data, patients, study.panel)
    try:
        joined.make_normaliser(study.panel).fit(joined.rows[joined.has])
    except ValueError as err:
        name = "" if study.panel_file is None else study.panel_file.name
        raise InputError(
            f"panel {name}",
            [Problem("[panel]", "assays by which samples can be normalised", str(err))],
        ) from err
    return joined


def count_outcome(data: TrainingData, horizon: str) -> dict[str, float]:
    """Return n, events, base_rate, low and high of a horizon; see :attr:`Description.counts`."""
    y = data.y[horizon]
    known = y[~np.isnan(y)]
    n, events = len(known), int(known.sum())
    counts: dict[str, float] = {"n": n, "events": events}
    if n == 0:
        return counts
    if horizon == "t2" and data.has_kept and 0 < np.nansum(data.kept):
        # Nonresponders at T1 count without being seen at T2, responders only if seen: the plain
        # share among the known is too low. The product takes the unseen as missing at random.
        rate, low, high = compute_product_of_shares(data.y["t1"], data.kept)
    else:
        rate = events / n
        low, high = map(float, compute_wilson_interval(events, n))
    return {**counts, "base_rate": rate, "low": low, "high": high}


def find_shortfall(data: TrainingData) -> str:
    """Return why no model can be fitted to these patients; empty where one can."""
    y = data.y[data.horizons[0]]
    events, others = int(np.nansum(y)), int(np.sum(y == 0))
    if min(events, others) < MIN_PER_CLASS:
        return (
            f"{events} responders and {others} nonresponders at {data.horizons[0].upper()}: a "
            f"model needs at least {MIN_PER_CLASS} of each"
        )
    if data.has_kept and np.isnan(data.kept).all():
        return "no responder at T1 has a known outcome at T2: use the horizon t1 alone"
    return ""
