"""Everything that is watched, worked out at once: arrays in, typed results out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.arrays import FloatArray
from serving.monitoring.alarms import Alarm, find_alarms
from serving.monitoring.charts import Chart, compute_outcome_charts, compute_request_charts
from serving.monitoring.followed import Followed
from serving.monitoring.performance import (
    compute_blocks,
    compute_o_e_course,
    compute_performance_so_far,
    compute_subgroup_o_e,
)
from serving.monitoring.reporting import DUE_DAYS, compute_reporting
from serving.monitoring.typicality import compute_typicality
from training.measures.subgroups import Subgroup

__all__ = ["Before", "Monitoring", "compute_monitoring"]


@dataclass(frozen=True, eq=False)
class Before:
    """What is known of the training cohort, for the comparison with who is asked about now.

    Parameters
    ----------
    background : ndarray, shape (n_background, n_predictors)
        Of the model.
    ordered : tuple of bool
        Which predictors are numbers.
    n_training : int
        Patients of the training cohort.
    ends : ndarray, shape (n_predictors, 2)
        Of each number, between which values the training patients lay; NaN where that is not told.
    """

    background: FloatArray
    ordered: tuple[bool, ...]
    n_training: int
    ends: FloatArray


@dataclass(frozen=True, eq=False)
class Monitoring:
    """How a model does in use, as far as so many patients can tell.

    Parameters
    ----------
    now : datetime64
        Of the report.
    requests : int
        Patients asked about.
    charts : list of Chart
        Of outcomes, then of requests.
    alarms : list of Alarm
        Every crossing, in order of time.
    course, blocks, performance, subgroups : DataFrame
        Of :mod:`serving.monitoring.performance`.
    reporting : DataFrame
        Of :func:`serving.monitoring.reporting.compute_reporting`.
    """

    now: np.datetime64
    requests: int
    charts: list[Chart]
    alarms: list[Alarm]
    course: pd.DataFrame
    blocks: pd.DataFrame
    performance: pd.DataFrame
    subgroups: pd.DataFrame
    reporting: pd.DataFrame


def compute_monitoring(
    followed: Followed,
    before: Before,
    *,
    now: np.datetime64,
    subgroups: Sequence[Subgroup] = (),
    due_days: Mapping[str, int] = DUE_DAYS,
) -> Monitoring:
    """Work out everything that is watched.

    Parameters
    ----------
    followed : Followed
        What was asked and became of it.
    before : Before
        Of the model's training cohort.
    now : datetime64
        The moment of the report, which says what is overdue.
    subgroups : sequence of Subgroup
        Parts of the patients, set before their outcomes are seen.
    due_days : mapping of str to int
        As :func:`serving.monitoring.reporting.compute_reporting` takes it.
    """
    like = compute_typicality(
        followed.X,
        before.background,
        ordered=before.ordered,
        n_training=before.n_training,
        ends=before.ends,
    )
    charts = compute_outcome_charts(followed)
    charts += compute_request_charts(followed, unlike=like.unlike, reference=like.reference)
    alarms = [alarm for chart in charts for alarm in find_alarms(chart, followed)]
    return Monitoring(
        now=now,
        requests=len(followed),
        charts=charts,
        alarms=sorted(alarms, key=lambda alarm: alarm.at),
        course=compute_o_e_course(followed),
        blocks=compute_blocks(followed),
        performance=compute_performance_so_far(followed),
        subgroups=compute_subgroup_o_e(followed, list(subgroups)),
        reporting=compute_reporting(followed, now=now, due_days=due_days),
    )
