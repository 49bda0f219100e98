"""From recorded estimates and reported outcomes to the arrays that monitoring works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from features.cohort.cohort import parse_record
from features.dictionary.outcome import make_labels
from features.dictionary.rule import Rule, read_rule
from serving.estimate.centre import SITE
from serving.estimate.predictor import Predictor
from serving.monitoring.followed import Followed, Moments
from serving.monitoring.monitoring import Before
from serving.monitoring.reporting import find_due_days
from serving.records.courses import AskedCourse, join_courses
from serving.records.record import Outcome, RecordedEstimate
from training.measures.subgroups import Subgroup, make_subgroups

__all__ = ["follow_records", "make_before", "to_moment"]

Record = Mapping[str, float | str | None]
_NEVER = np.datetime64("NaT", "s")


@dataclass(frozen=True, eq=False)
class Recorded:
    """What the records hold of one model.

    Parameters
    ----------
    followed : Followed
        A row for each patient.
    subgroups : list of Subgroup
        Parts of them, by what was known before treatment.
    remarks : tuple of str
        What could not be read, in plain words.
    """

    followed: Followed
    subgroups: list[Subgroup]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class _Patient:
    """One patient: the estimate that counts, when one was first asked for, and the outcomes.

    `reported` tells when each variable was first reported.
    """

    at: datetime
    estimate: RecordedEstimate
    record: Record
    values: Record
    reported: Mapping[str, datetime]


def to_moment(at: datetime) -> np.datetime64:
    """Return a time in UTC as arrays hold it, to the second."""
    return np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "s")


def make_before(predictor: Predictor) -> Before:
    """Return what a model tells of its training cohort."""
    model, facts = predictor.model, predictor.facts
    ordered = tuple(variable.is_numeric for variable in model.predictor_variables)
    ranges = [facts.training_ranges.get(name, {}) for name in model.predictors]
    ends = np.array([[one.get("low", np.nan), one.get("high", np.nan)] for one in ranges])
    return Before(model.background, ordered, int(facts.counts["n_patients"]), ends)


def follow_records(
    estimates: Sequence[RecordedEstimate],
    outcomes: Sequence[Outcome],
    predictor: Predictor,
    *,
    now: datetime,
    due_days: Mapping[str, int],
) -> Recorded:
    """Join what was asked with what became of it, one row for each patient.

    Several requests for one course of one pseudonym are one row: when the first came, with the
    estimate of the last before an outcome was reported, which is the one that was acted on.
    Outcomes are labelled by the model's own rule.

    Sustained response of one who did not respond at the first horizon is known at once, and that
    of a responder only later: to take both as they come would make every model look too hopeful.
    Such a patient counts from the day on which the second horizon's outcome is due. Where the
    first is not known, no response at the second would be known and a response not: neither counts.

    Parameters
    ----------
    estimates : sequence of RecordedEstimate
        Of this model, in order of time.
    outcomes : sequence of Outcome
        Of these estimates, in the order in which they were reported.
    predictor : Predictor
        That gave the estimates.
    now : datetime
        Of the report.
    due_days : mapping of str to int
        After how many days an outcome is due, by horizon.
    """
    courses = join_courses(estimates, outcomes)
    patients = sorted((_settle(one, predictor) for one in courses), key=lambda one: one.at)
    horizons = predictor.model.horizons
    rule = read_rule(predictor.facts.rule, predictor.dictionary)
    labels = _label(patients, rule, horizons)
    at = _to_moments([patient.at for patient in patients])
    reported = {
        h: _to_moments([_find_report(patient, rule, h) for patient in patients]) for h in horizons
    }
    remarks = _remark_outcomes(labels, reported, rule, horizons)
    if len(horizons) == 2:
        _count_when_due(labels, reported, at, horizons, now=to_moment(now), due_days=due_days)
    for h in horizons:
        reported[h][np.isnan(labels[h])] = _NEVER
    used = [patient.estimate for patient in patients]
    followed = Followed(
        at=at,
        in_scope=np.array([one.in_scope for one in used], dtype=np.bool_),
        missing=np.array([len(one.missing) for one in used], dtype=np.int64),
        X=_encode(patients, predictor),
        risk={h: np.array([one.probabilities.get(h, np.nan) for one in used]) for h in horizons},
        outcome=labels,
        reported=reported,
    )
    table = pd.DataFrame([dict(patient.record) for patient in patients])
    subgroups = make_subgroups(table, predictor.dictionary) if len(table) else []
    return Recorded(followed, subgroups, (*_remark_inputs(used), *remarks))


def _settle(course: AskedCourse, predictor: Predictor) -> _Patient:
    values: dict[str, float | str | None] = {}
    reported: dict[str, datetime] = {}
    for outcome in course.reports:
        values |= dict(outcome.values)
        for name in outcome.values:
            reported.setdefault(name, outcome.reported_at)
    estimate = course.acted_on
    sent = (estimate.inputs or {}).get("patient") or {}
    record, _ = parse_record(sent, predictor.dictionary)
    site = estimate.site
    if isinstance(site, str):
        record = {**record, SITE: site}
    return _Patient(course.asked[0].at, estimate, record, values, reported)


def _find_report(patient: _Patient, rule: Rule, horizon: str) -> datetime | None:
    """Return when what the rule reads was first reported; else anything of that horizon."""
    score, wording = (patient.reported.get(f"{kind}_{horizon}") for kind in ("nrs", "success"))
    read = [at for at in (score, wording if rule.or_success else None) if at is not None]
    return min(read) if read else wording


def _label(
    patients: Sequence[_Patient], rule: Rule, horizons: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return each patient's labels; NaN where nothing is known."""
    names = ["nrs_t0", *(f"{kind}_{h}" for h in horizons for kind in ("nrs", "success"))]
    rows = [
        {name: {**patient.record, **patient.values}.get(name) for name in names}
        for patient in patients
    ]
    # A last row in which all is known: a table without any outcome, the normal state here in the
    # first months, would be refused.
    table = pd.DataFrame([*rows, dict.fromkeys(names, 0.0)], columns=names).astype(np.float64)
    labels = make_labels(table, rule=rule, horizons=horizons)
    return {h: np.array(getattr(labels, h)[:-1]) for h in horizons}


def _count_when_due(
    labels: Mapping[str, np.ndarray],
    reported: Mapping[str, Moments],
    at: Moments,
    horizons: Sequence[str],
    *,
    now: np.datetime64,
    due_days: Mapping[str, int],
) -> None:
    """Let the second horizon count among those of whom the first is known, when both are.

    What is known of it from the first alone is held back until it is due.
    """
    first, second = horizons
    labels[second][np.isnan(labels[first])] = np.nan
    due = at + np.timedelta64(find_due_days(due_days, second), "D")
    seen = reported[second]
    seen = np.where(labels[first] == 0, np.fmin(seen, due), seen)
    reported[second][:] = np.maximum(seen, reported[first])
    labels[second][reported[second] > now] = np.nan


def _encode(patients: Sequence[_Patient], predictor: Predictor) -> np.ndarray:
    names = predictor.model.predictors
    if not patients:
        return np.empty((0, len(names)))
    rows = [dict(patient.record) for patient in patients]
    return predictor.dictionary.encode(rows, names)


def _to_moments(times: Sequence[datetime | None]) -> Moments:
    return np.array(
        [_NEVER if time is None else to_moment(time) for time in times], dtype="datetime64[s]"
    )


def _remark_inputs(used: Sequence[RecordedEstimate]) -> list[str]:
    """Return what is to be known where inputs are not kept."""
    without = sum(one.inputs is None for one in used)
    if not without:
        return []
    return [
        f"The inputs of {without} of {len(used)} patients are not kept: they are in no "
        "subgroup and are not compared with the training cohort, and a fall of pain from "
        "before treatment cannot be told for them."
    ]


def _remark_outcomes(
    labels: Mapping[str, np.ndarray],
    reported: Mapping[str, Moments],
    rule: Rule,
    horizons: Sequence[str],
) -> list[str]:
    """Return which reported outcomes do not count, and what would let them."""
    first, remarks = horizons[0], []
    for h in horizons:
        told = ~np.isnat(reported[h])
        waits = told & np.isnan(labels[first]) & (h != first)
        if (told & np.isnan(labels[h]) & ~waits).any():
            reads = f"nrs_{h} and success_{h}" if rule.or_success else f"nrs_{h}"
            remarks.append(
                f"Outcomes were reported at {h.upper()} from which the model's rule, which reads "
                f"{reads}, cannot say who responded; these patients count as not reported."
            )
        if waits.any():
            remarks.append(
                f"Outcomes were reported at {h.upper()} of patients whose outcome at "
                f"{first.upper()} is not known: report that, too; until then they do not count."
            )
    return remarks
