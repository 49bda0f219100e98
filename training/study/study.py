"""A study's cohort before anything is fitted: counted, labelled, and what it can bear.

Computation only, but for :func:`read_description`; nothing is written. If the data can bear a
model at all, it is then fitted and judged (:mod:`training.evaluation.evaluation`), and frozen.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from features.cohort.cohort import read_cohort
from features.cohort.doubts import describe_cautions
from features.cohort.labelling import Labelled, label_cohort
from features.dictionary.outcome import Labels
from features.dictionary.variable import Variable
from features.errors import InputError, Problem
from features.panel.importing import read_panel
from features.panel.panel import Panel
from features.shares import FEWEST, compute_product_of_shares, compute_wilson_interval
from training.fitting.parameters import count_parameters
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData
from training.measures.sample_size.verdict import SizeVerdict, compute_size_verdict
from training.panel.data import PanelData, join_panel
from training.study.by_size import draw_by_size, settle_resampling, tell_size
from training.study.settings import Study

__all__ = [
    "MIN_PER_CLASS",
    "Description",
    "count_outcome",
    "count_straight_parameters",
    "Patients",
    "describe",
    "describe_patients",
    "find_follow_up",
    "find_shortfall",
    "make_training_data",
    "read_description",
]


MIN_PER_CLASS = 8
"""Patients of either class below which nothing is fitted."""


@dataclass(frozen=True, eq=False)
class ScoreLabels:
    """What labels from scores alone make of a study: how much rests on the record's wording.

    The rule "fall2_or_success" calls a patient a responder who fell by 2 points or whom the record
    calls a success. A record's wording is softer than a score. Here it is left out: a label that
    has no score is then unknown, one that wording alone had made a responder is none.

    Parameters
    ----------
    changed : dict of str to int
        Horizon to the patients whose label differs: it is another one, or is unknown now.
    counts : dict
        Horizon to :func:`count_outcome` of the score labels.
    reason : str
        Why no procedure can be judged on them; empty where one can, or nothing changed.
    data : TrainingData or None
        The patients with these labels, on which the whole procedure is to be judged again, of very
        many some drawn at random; None where no label changed, or they cannot bear it.
    """

    changed: dict[str, int]
    counts: dict[str, dict[str, float]] = field(default_factory=dict)
    reason: str = ""
    data: TrainingData | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Patients(Labelled):
    """Eligible patients of a cohort before anything is fitted.

    Attributes
    ----------
    data : TrainingData
        Eligible patients as arrays, in the order of `table`.
    score_labels : ScoreLabels
        What the labels would be without the record's wording.
    parameters : int
        Coefficients that are to be estimated, such as those of a linear model of the predictors.
    counts : dict
        Per horizon: n (outcome known), events, base_rate (share of responders; at T2 the share
        at T1 times the share kept), low and high (its Wilson 95% interval).
    verdicts : dict of str to SizeVerdict
        What a development study of that prevalence would need for all that may be fitted.
    notices : tuple of str
        What a reader of any number from these patients should know.
    """

    data: TrainingData
    score_labels: ScoreLabels
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
        What was asked, its outcomes worded by what the cohort tells of its follow-up, and its
        rules of eligibility settled for it.
    shortfall : str
        Why no model can be fitted; empty when one can.
    panel : PanelData or None
        The patients of `data` with their microRNA panels; None for a study without.
    """

    study: Study
    shortfall: str
    panel: PanelData | None = None


def count_straight_parameters(predictors: tuple[Variable, ...]) -> int:
    """Return how many coefficients a model has in which each predictor counts straight."""
    return sum(len(v.categories) - 1 if v.kind == "category" else 1 for v in predictors)


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
            f"{low} patients' score before treatment was too near the best one to meet the rule by "
            "score"
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


def _compare_scored(labelled: Labelled, data: TrainingData) -> ScoreLabels:
    labels = labelled.scored
    if labels is None:
        return ScoreLabels({}, reason="the cohort does not hold the pain scores of every horizon")
    y = {h: getattr(labels, h) for h in data.horizons}
    scored = replace(data, y=y, kept=labels.kept)
    changed = {h: int((~np.isclose(y[h], data.y[h], equal_nan=True)).sum()) for h in y}
    some = draw_by_size(len(scored))
    judged = scored if some is None else scored.take(some)
    shortfall = find_shortfall(judged) if any(changed.values()) else ""
    return ScoreLabels(
        changed,
        {h: count_outcome(scored, h) for h in y},
        f"by scores alone: {shortfall}" if shortfall else "",
        judged if any(changed.values()) and not shortfall else None,
    )


def describe_patients(
    labelled: Labelled, data: TrainingData, *, parameters: int, procedure: Procedure | None = None
) -> Patients:
    """Count labelled patients, and say what they can bear; see :class:`Patients`.

    With a `procedure`, whatever it may fit is counted, and not the predictors' `parameters` alone.
    """
    notices = _find_notices(data, labelled.labels)
    score_labels = _compare_scored(labelled, data)
    counts = {h: count_outcome(data, h) for h in data.horizons}
    verdicts = {}
    for horizon, count in counts.items():
        if not 0 < count["events"] < count["n"]:
            continue
        fitted, effective = None, None
        if procedure is not None:
            fitted, effective = count_parameters(
                data.X, data.y[horizon], data.predictors, procedure
            )
        verdicts[horizon] = compute_size_verdict(
            int(count["n"]),
            int(count["events"]),
            parameters,
            horizon=horizon.upper(),
            fitted=fitted,
            effective=effective,
        )
    return Patients(
        cohort=labelled.cohort,
        table=labelled.table,
        labels=labelled.labels,
        scored=labelled.scored,
        flow=labelled.flow,
        data=data,
        score_labels=score_labels,
        parameters=parameters,
        counts=counts,
        verdicts=verdicts,
        notices=notices,
    )


def describe(study: Study, labelled: Labelled, panel: Panel | None) -> Description:
    """Count a study's patients, and say what the data can bear.

    Parameters
    ----------
    study : Study
        From :func:`training.study.settings.read_study`.
    labelled : Labelled
        The eligible patients of its cohort.
    panel : Panel or None
        Its microRNA panel, for those of the patients who have one.

    Raises
    ------
    InputError
        If the panel cannot be used; every problem is listed.
    """
    predictors = tuple(study.dictionary[name] for name in study.predictors)
    data = make_training_data(labelled.table, predictors, labelled.labels)
    shortfall = find_shortfall(data)
    joined = None
    if panel is not None:
        patients = labelled.table["patient_id"].astype(str).tolist()
        joined = _join_panel(study, data, panel, patients)
    described = describe_patients(
        labelled, data, parameters=count_straight_parameters(predictors), procedure=study.procedure
    )
    cohort = labelled.cohort
    assumed = describe_cautions(study.eligibility, cohort.table, cohort.dictionary)
    settled = settle_resampling(study.resampling, len(data))
    rescored = described.score_labels.data
    sized = tell_size(study.resampling, settled, data, study.procedure, rescored=rescored)
    told = vars(described) | {"notices": (*described.notices, *assumed, *sized)}
    study = replace(study, resampling=settled, eligibility=study.eligibility.settle(cohort.table))
    study = study.with_follow_up(find_follow_up(labelled.table))
    return Description(**told, study=study, shortfall=shortfall, panel=joined)


def find_follow_up(table: pd.DataFrame) -> float | None:
    """Return the median weeks until T2 in a table of patients; None where too few tell."""
    if "follow_up_weeks" not in table:
        return None
    known = table["follow_up_weeks"].dropna()
    return float(known.median()) if len(known) >= FEWEST else None


def read_description(study: Study) -> Description:
    """Read a study's cohort and panel, label the patients, and describe them."""
    file = study.panel_file
    panel = None if file is None else read_panel(file, format="tidy")
    labelled = label_cohort(
        read_cohort(study.cohort, dictionary=study.dictionary),
        study.eligibility,
        rule=study.rule,
        horizons=study.horizons,
        needed=study.predictors,
        name=study.cohort.name,
    )
    return describe(study, labelled, panel)


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
